"""Subjects by the names and codes that the sources give them (`layouts/subjects.csv`)."""

from __future__ import annotations

from functools import cache

import polars as pl

from helpers.intake.layouts import FOLDER
from helpers.intake.names import fold
from helpers.intake.sheets import read_sheet

_STREAMS = ("math_profile", "math_basic")
"""The two mathematics of ЕГЭ, whose means are never mixed; the other procedures have `math`."""


@cache
def _subjects() -> pl.DataFrame:
    return read_sheet(FOLDER / "subjects.csv", delimiter=";").frame


@cache
def _by_name() -> dict[str, str]:
    rows = _subjects().select("subject", "names").iter_rows()
    return {fold(name): subject for subject, names in rows for name in names.split("|")}


@cache
def _by_code(exam: str) -> dict[str, str]:
    rows = _subjects().select("rcoi_code", "subject").drop_nulls().iter_rows()
    foreign = ("math",) if exam == "ege" else _STREAMS
    return {code: subject for code, subject in rows if subject not in foreign}


def subject_titles() -> dict[str, str]:
    """What subjects are called in the report, by id."""
    return dict(_subjects().select("subject", "title").iter_rows())


def subject_of_code(code: str, exam: str) -> str | None:
    """A subject's id by its code in РИС ГИА; None where the code is not known."""
    return _by_code(exam).get(code.strip().removesuffix(".0").lstrip("0"))


def subject_of(name: str, code: str = "", exam: str = "") -> str | None:
    """A subject's id by its name, by its code in РИС ГИА where there is no name.

    «Математика» of ЕГЭ is one of two subjects: there the code decides.

    Returns
    -------
    str or None
        None where neither tells the subject.
    """
    found = _by_name().get(fold(name))
    if name and not (exam == "ege" and found == "math"):
        return found
    by_code = subject_of_code(code, exam)
    return by_code if not name or by_code in _STREAMS else None
