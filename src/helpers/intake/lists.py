"""Lists of schools: signs of biased ВПР, participants of programmes, published roadmaps."""

from __future__ import annotations

from datetime import date

import polars as pl

from helpers.intake.layouts import Table
from helpers.intake.names import fold
from helpers.intake.records import SOURCE, Intake, records
from helpers.intake.subjects import subject_of

PROGRAMMES = {"региональный проект": "regional", "проект 500+": "project_500"}
_EVERY = {"", "все", "все классы", "все предметы"}


def read_biased(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `biased`: school, subject and grade whose ВПР are not to be trusted; empty means every one."""
    rows = records(table, year, date(year, 5, 15), intake)
    subject = [None if fold(name or "") in _EVERY else subject_of(name) for name in rows["subject"]]
    return {
        "biased": rows.select(
            "year", "school_id", pl.Series("subject", subject, pl.String), pl.col("grade").str.extract(r"(\d+)"), "sign",
            *SOURCE,
        )
    }  # fmt: skip


def read_programme(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `programme`: which school takes part in which programme, from when to when."""
    rows = records(table, year, None, intake)
    code = [PROGRAMMES.get(fold(name or ""), name) for name in rows["programme"]]
    whole = [
        pl.col(name).str.extract(r"(20\d\d)").cast(pl.Int64)
        for name in ("from_year", "to_year")
        if name in rows.columns
    ]
    return {"programme": rows.select("year", "school_id", pl.Series("programme", code, pl.String), *whole, *SOURCE)}


def read_roadmaps(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `roadmaps`: when each school's roadmap was due, when and where it was published."""
    rows = records(table, year, date(year, 5, 15), intake)
    kept = [name for name in ("deadline_date", "published_date", "link") if name in rows.columns]
    return {"roadmaps": rows.select("year", "school_id", *kept, *SOURCE)}
