"""Staffing, questionnaires, teachers' diagnostics, knowledge monitoring: a row is a record as it stands."""

from __future__ import annotations

from datetime import date

import polars as pl

from helpers.intake.layouts import Table
from helpers.intake.marks import with_mean
from helpers.intake.names import fold
from helpers.intake.records import SOURCE, Intake, records
from helpers.intake.subjects import subject_of
from helpers.problems import Problem, quoted

ROLES = {"ученики": "pupils", "родители": "parents", "педагоги": "teachers", "администрация": "heads"}
COMPETENCES = {
    "предметная": "subject",
    "методическая": "method",
    "психолого-педагогическая": "psychology",
    "коммуникативная": "communication",
    "все": "all",
}


def read_staff(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `staff`: posts and teachers on 20 September."""
    rows = records(table, year, date(year - 1, 9, 20), intake)
    return {"staff": rows.drop("inn", "kpp", "name", strict=False)}


def read_questionnaire(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `questionnaires`: answers 1–5 by role and statement, counted."""
    rows = records(table, year, date(year, 5, 15), intake)
    rows = _coded(table, rows, "role", ROLES, intake)
    answers = [f"n_answers_{mark}" for mark in range(1, 6)]
    total = pl.sum_horizontal(answers)
    mean = pl.sum_horizontal(mark * pl.col(name) for mark, name in enumerate(answers, start=1)) / total
    return {
        "questionnaires": rows.select(
            "year", "school_id", "role", "item", *answers, *SOURCE, n_answers=total, mean=pl.when(total > 0).then(mean)
        )
    }


def read_diagnostics(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `diagnostics`: teachers by subject, competence and level, counted."""
    rows = records(table, year, date(year, 5, 15), intake)
    rows = _coded(table, rows, "competence", COMPETENCES, intake)
    return {"diagnostics": _with_subject(table, rows, intake).drop("municipality", "name")}


def read_knowledge(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `knowledge`: the region's own monitoring of grades 8–11."""
    rows = with_mean(_with_subject(table, records(table, year, date(year, 5, 15), intake), intake))
    return {"knowledge": rows.drop("rcoi_code", "name")}


def _coded(table: Table, rows: pl.DataFrame, field: str, codes: dict[str, str], intake: Intake) -> pl.DataFrame:
    """Words of a closed list into their ids; another word is a finding."""
    found = [codes.get(fold(word or "")) for word in rows[field]]
    _unknown_words(table, rows, field, found, f"одно из: {', '.join(codes)}", intake)
    return rows.with_columns(pl.Series(field, found, pl.String)).drop_nulls(field)


def _with_subject(table: Table, rows: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    found = [subject_of(name or "") for name in rows["subject"]]
    _unknown_words(table, rows, "subject", found, "предмет из файла layouts/subjects.csv", intake)
    return rows.with_columns(pl.Series("subject", found, pl.String)).drop_nulls("subject")


def _unknown_words(
    table: Table, rows: pl.DataFrame, field: str, found: list[str | None], expected: str, intake: Intake
) -> None:
    for code, word, sheet, row in zip(found, rows[field], rows["source_sheet"], rows["source_row"], strict=True):
        if code is None:
            intake.findings.fail(
                "subject" if field == "subject" else "words",
                Problem(table.file, quoted(word or ""), expected, "исправьте ячейку", sheet, row, table.columns[field]),
            )
