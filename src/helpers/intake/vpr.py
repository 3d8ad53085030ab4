"""ВПР from ФИС ОКО: shares of marks, comparison with the journal, distribution of primary scores, points by task.

A file is one subject, grade and year; these stand in the text above the table. Rows go from the whole sample
down: region, municipality, its schools by login.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
import polars.selectors as cs

from helpers.intake import tasks
from helpers.intake.marks import with_mean
from helpers.intake.names import fold
from helpers.intake.numbers import NotANumber, parse_number
from helpers.intake.raw_table import LABEL, SHEET, Table, filled_down
from helpers.intake.records import SOURCE, Intake, records
from helpers.intake.sheets import ROW
from helpers.intake.subjects import subject_of
from helpers.problems import Problem, quoted

LAYOUTS = ["vpr_marks", "vpr_journal", "vpr_scores", "vpr_tasks"]
_LOGIN = re.compile(r"\s*([sѕ][cс][hһ]\d{4,7})\W*(.*)", re.IGNORECASE)  # Cyrillic look-alikes among the letters
_CONTENT = {"vpr_marks": "results", "vpr_journal": "journal", "vpr_scores": "primary_scores", "vpr_tasks": "tasks"}
KEY = ["year", "school_id", "subject", "grade"]


@dataclass(frozen=True)
class _Work:
    """What the text above the table says: which work this is. `grade` is that of the programme."""

    year: int
    grade: str
    subject: str
    season: str


def read(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make records of one file: rows of table `results`, `journal`, `primary_scores` or `tasks`."""
    work = _work(table, year, intake)
    if work is None:
        return {}
    day = date(year, 10, 15) if work.season == "осень" else date(year, 5, 15)
    name, maxima = _CONTENT[table.layout.name], pl.DataFrame()
    if name == "tasks":
        table, maxima = tasks.set_apart(table, intake.findings)
    whole = replace(table, frame=_with_keys(table.frame, intake))
    rows = records(whole, year, day, intake).with_columns(subject=pl.lit(work.subject), grade=pl.lit(work.grade))
    _totals_agree(whole, rows, intake)
    if name == "results":
        rows = with_mean(rows).select(
            *KEY, "n_participants", "mean", "sd", "share_low", "share_2", "share_3", "share_4", "share_5", *SOURCE,
            procedure=pl.lit("VPR"), period=pl.lit(work.season),
        )  # fmt: skip
    elif name == "journal":
        rows = rows.select(*KEY, "n_participants", "share_lowered", "share_confirmed", "share_raised", *SOURCE)
    elif name == "tasks":
        rows = tasks.by_task(rows.select(*KEY, "n_participants", *SOURCE, cs.starts_with("share_done_")), maxima)
    else:
        scores = [column for column in rows.columns if column.startswith("share_score_")]
        rows = rows.unpivot(scores, index=[*KEY, "n_participants", *SOURCE], variable_name="score", value_name="share")
        rows = rows.with_columns(pl.col("score").str.extract(r"(\d+)$").cast(pl.Int64)).drop_nulls("share")
    return {name: rows}


def _work(table: Table, year: int, intake: Intake) -> _Work | None:
    lines = [line for of_sheet in table.preamble.values() for line in of_sheet]
    text = fold(" \n ".join(lines))

    def said(pattern: str) -> str:
        match = re.search(pattern, text)
        return match[1] if match else ""

    grade = said(r"по программе (\d{1,2})") or said(r"(\d{1,2}) ?(?:-?й )?класс")
    named = next((line for line in lines if fold(line).startswith("предмет")), "")
    subject = subject_of(named.partition(":")[2] or named.partition(" ")[2])
    stated = said(r"впр\D{0,3}(20\d\d)") or said(r"\b(20\d\d)\b")
    problems = []
    session = intake.calendar.session("VPR", year)
    if not grade:
        problems.append(("класс не назван", "строка вида «ВПР 2019. 5 класс»"))
    elif session and session.held and int(grade) not in session.grades:
        problems.append((f"класс {grade}", f"класс из календаря процедур: {', '.join(map(str, session.grades))}"))
    if not subject:
        problems.append(
            (f"предмет {quoted(named)}" if named else "предмет не назван", "строка вида «Предмет: Математика»")
        )
    if stated and int(stated) != year:
        problems.append((f"год {stated}", f"год {year}, как в имени папки"))
    for found, expected in problems:
        intake.findings.fail("work", Problem(table.file, f"над таблицей: {found}", expected,
                                             "проверьте, тот ли это файл и в той ли он папке"))  # fmt: skip
    season = "осень" if "осень" in text else "весна"
    return None if problems else _Work(year, grade, subject, season)


def _with_keys(frame: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    """Take the group's cell apart: a school's login and name, or a municipality for the rows below it."""
    login, name, municipality = [], [], []
    for cell in frame["group"]:
        match = _LOGIN.fullmatch(cell or "")
        login.append(match[1] if match else None)
        name.append(_unbracketed(match[2]) if match else None if intake.is_territory(cell or "") else cell)
        municipality.append(None if match else intake.registry.municipality(cell or "") or None)
    keyed = frame.with_columns(
        pl.Series("login", login, pl.String),
        pl.Series("name", name, pl.String),
        pl.Series("municipality", municipality, pl.String),
        pl.col("group").fill_null("").alias(LABEL),
    )
    return filled_down(keyed)


def _unbracketed(name: str) -> str | None:
    """A name without the closing bracket of «логин (название)»; None if nothing is left."""
    return (name.removesuffix(")") if name.count(")") > name.count("(") else name) or None


def _totals_agree(table: Table, rows: pl.DataFrame, intake: Intake) -> None:
    """Compare a territory's number of participants with the sum over its schools: a school may be missing."""
    once = rows.unique("school_id", keep="first", maintain_order=True)
    of_schools = dict(once.group_by("municipality").agg(pl.col("n_participants").sum()).iter_rows())
    hidden = set(rows.filter(pl.col("n_participants").is_null())["municipality"])
    for group, cell, sheet, row in table.frame.select("group", "n_participants", SHEET, ROW).iter_rows():
        name = intake.registry.municipality(group or "")
        if not name or name in hidden:
            continue
        try:
            stated = parse_number(cell)
        except NotANumber:
            continue
        summed = of_schools.get(name, 0)
        if stated is not None and stated != summed:
            intake.findings.advise(
                "totals_agree",
                Problem(table.file, f"участников {stated:.0f}, а у школ вместе {summed:.0f}", "одно и то же число",
                        "проверьте, все ли школы есть в файле", sheet, row, table.title("n_participants")),
                municipality=name,
            )  # fmt: skip
