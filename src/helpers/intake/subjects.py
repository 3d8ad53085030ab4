"""Subjects by the names and codes that the sources give them (`layouts/subjects.csv`, the report's own or the project's)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import polars as pl

from helpers.intake.layouts import layout_file
from helpers.intake.names import fold
from helpers.intake.sheets import read_sheet
from helpers.problems import BadInput, Problem

FILE = "layouts/subjects.csv"
_STREAMS = ("math_profile", "math_basic")
"""The two mathematics of ЕГЭ, whose means are never mixed; the other procedures have `math`."""


_BASIC = re.compile(r"[ .(]*(?:на )?базов\w+(?: уров\w+)?\)?$")
"""How a work at the basic level is called, where the subject has one at an advanced level too."""
_AROUND_SIGN = re.compile(r" ?([().,]) ?")


@cache
def _subjects(own: Path | None) -> pl.DataFrame:
    path = layout_file("subjects", own)
    frame = read_sheet(path, delimiter=";", encoding=None).frame
    for column in ("subject", "title", "names", "rcoi_code"):
        if column not in frame.columns:
            raise BadInput(
                Problem(FILE, "такого столбца нет", "столбец с таким названием", "исправьте заголовок", column=column)
            )
    return frame


def _plain(name: str) -> str:
    """A subject's name in which neither spaces around brackets and full stops matter nor one at its end."""
    return _AROUND_SIGN.sub(r"\1", fold(name)).strip(" .,:;")


@cache
def _by_name(own: Path | None) -> dict[str, str]:
    rows = _subjects(own).select("subject", "names").drop_nulls().iter_rows()
    return {_plain(name): subject for subject, names in rows for name in names.split("|")}


@cache
def _by_code(exam: str, own: Path | None) -> dict[str, str]:
    rows = _subjects(own).select("rcoi_code", "subject").drop_nulls().iter_rows()
    foreign = ("math",) if exam == "ege" else _STREAMS
    return {code: subject for code, subject in rows if subject not in foreign}


def subject_titles(own: Path | None = None) -> dict[str, str]:
    """What subjects are called in the report, by id."""
    return dict(_subjects(own).select("subject", "title").iter_rows())


def subject_of_code(code: str, exam: str, own: Path | None = None) -> str | None:
    """A subject's id by its code in РИС ГИА; None where the code is not known."""
    return _by_code(exam, own).get(code.strip().removesuffix(".0").lstrip("0"))


def subject_of(name: str, code: str = "", exam: str = "", own: Path | None = None) -> str | None:
    """A subject's id by its name, by its code in РИС ГИА where there is no name.

    «Математика» of ЕГЭ is one of two subjects: there the code decides. Elsewhere the basic level is the subject itself.

    Returns
    -------
    str or None
        None where neither tells the subject.
    """
    plain = _plain(name)
    found = _by_name(own).get(plain if exam == "ege" else _BASIC.sub("", plain)) or _by_name(own).get(plain)
    if name and not (exam == "ege" and found == "math"):
        return found
    by_code = subject_of_code(code, exam, own)
    return by_code if not name or by_code in _STREAMS else None
