"""Staffing, questionnaires, teachers' diagnostics, knowledge monitoring: a row is a record as it stands."""

from __future__ import annotations

from datetime import date

import polars as pl

from helpers.intake.marks import with_mean
from helpers.intake.raw_table import Table
from helpers.intake.records import SOURCE, Intake, not_more, records
from helpers.intake.words import filled, from_list, with_subject

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
    not_more(table, rows, "vacancies", "posts", "а ставок по штату", "ставок", intake)
    for part in [name for name in rows.columns if name.startswith("n_") and name != "n_teachers"]:
        not_more(table, rows, part, "n_teachers", "а педагогов", "педагогов", intake)
    return {"staff": rows.drop("inn", "kpp", "name", strict=False)}


def read_questionnaire(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `questionnaires`: answers 1–5 by role and statement, counted."""
    rows = records(table, year, date(year, 5, 15), intake)
    rows = filled(table, from_list(table, rows, "role", ROLES, intake), "item", intake)
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
    rows = with_subject(table, from_list(table, rows, "competence", COMPETENCES, intake), intake)
    not_more(table, rows, "n_finished", "n_started", "а начали", "начавших", intake)
    not_more(table, rows, "n_trained", "n_enrolled", "а зачислены", "зачисленных", intake)
    return {"diagnostics": rows.drop("municipality", "name")}


def read_knowledge(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `knowledge`: the region's own monitoring of grades 8–11."""
    rows = with_subject(table, records(table, year, date(year, 5, 15), intake), intake)
    return {"knowledge": with_mean(filled(table, rows, "grade", intake)).drop("rcoi_code", "name")}
