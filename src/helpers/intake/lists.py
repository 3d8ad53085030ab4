"""Lists of schools: signs of biased ВПР, participants of programmes, published roadmaps, what schools answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from functools import partial

import polars as pl

from helpers.intake.names import fold
from helpers.intake.numbers import NO_DATA
from helpers.intake.raw_table import Table
from helpers.intake.records import SOURCE, Intake, records
from helpers.intake.subjects import subject_of
from helpers.intake.wide import by_work
from helpers.intake.words import OF_SUBJECTS, coded, from_list
from helpers.problems import Problem, quoted

PROGRAMMES = {"региональный проект": "regional", "проект 500+": "project_500"}
_EVERY = {"", "все", "все классы", "все предметы"}
_GRADE = re.compile(r"(\d{1,2})(?:[.,]0)?(?: ?-?й)?(?: ?класс)?")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def read_biased(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `biased`: school, subject and grade whose ВПР are not to be trusted; empty means every one."""
    made = [_biased(one, year, intake) for one in by_work(table, intake.findings, intake.layouts)]
    return {"biased": pl.concat(made)} if made else {}


def _biased(table: Table, year: int, intake: Intake) -> pl.DataFrame:
    rows = records(table, year, date(year, 5, 15), intake)
    if "of_year" in rows.columns:
        rows = coded(table, rows, "of_year", _year, "год вида 2019", intake, "numbers")
        rows = rows.with_columns(year=pl.col("of_year").cast(pl.Int32))
    subject = _or_nothing(_EVERY, partial(subject_of, own=intake.layouts))
    rows = coded(table, rows, "subject", subject, f"{OF_SUBJECTS} или «все»", intake, "subject")
    rows = coded(table, rows, "grade", _or_nothing(_EVERY, _grade), "номер класса или «все»", intake)
    return rows.select("year", "school_id", _null_if_empty("subject", "grade"), "sign", *SOURCE)


def _or_nothing(words: Collection[str], code: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """The same code, and an empty one for these words."""
    return lambda word: "" if fold(word) in words else code(word)


def _null_if_empty(*columns: str) -> pl.Expr:
    return pl.when(pl.col(*columns) != "").then(pl.col(*columns))


def _grade(word: str) -> str | None:
    found = _GRADE.fullmatch(fold(word))
    return found[1] if found else None


def read_programme(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `programme`: which school takes part in which programme, from when to when."""
    rows = from_list(table, records(table, year, None, intake), "programme", PROGRAMMES, intake)
    rows = coded(table, rows, "from_year", _year, "год вида 2019", intake, "numbers")
    if "to_year" not in rows.columns:
        rows = rows.with_columns(to_year=pl.lit(None, pl.String))
    rows = coded(table, rows, "to_year", _or_nothing(NO_DATA, _year), "год вида 2019", intake, "numbers")
    years = rows.with_columns(_null_if_empty("from_year", "to_year").cast(pl.Int64))
    for row in years.filter(pl.col("to_year") < pl.col("from_year")).iter_rows(named=True):
        intake.findings.fail(
            "numbers",
            Problem(table.file, quoted(row["to_year"]), f"год не раньше года включения {row['from_year']}", "исправьте ячейку",
                    row["source_sheet"], row["source_row"], table.title("to_year")),
        )  # fmt: skip
    return {"programme": years.select("year", "school_id", "programme", "from_year", "to_year", *SOURCE)}


def _year(word: str) -> str | None:
    found = _YEAR.search(word)
    return found[0] if found else None


def read_roadmaps(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `roadmaps`: when each school's roadmap was due, when and where it was published."""
    rows = records(table, year, date(year, 5, 15), intake)
    kept = [name for name in ("deadline_date", "published_date", "link") if name in rows.columns]
    return {"roadmaps": rows.select("year", "school_id", *kept, *SOURCE)}


def read_explanations(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `explanations`: what a school itself says of its card, and when; an empty cell is a fault."""
    rows = records(table, year, None, intake).with_columns(
        pl.col("answer").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    for name, expected in (("answer_date", "день, когда школа ответила"), ("answer", "пояснение школы")):
        empty = rows.filter(pl.col(name).is_null() | (pl.col(name).cast(pl.String) == ""))
        found = ["пустая ячейка"] * empty.height
        intake.tell("explanations", empty, found, expected, "заполните ячейку или удалите строку", name, fail=True)
    return {"explanations": rows.select("year", "school_id", "answer_date", "answer", *SOURCE)}
