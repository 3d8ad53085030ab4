"""Social passports: a workbook a municipality, counts of pupils, the day they were counted."""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from helpers.intake.fields import NotADay, parse_day
from helpers.intake.layouts import Table
from helpers.intake.records import SOURCE, Intake, records
from helpers.problems import Problem, quoted

LAYOUTS = ["passport"]
_AS_OF = re.compile(r"по состоянию на\s+([\d./-]+)", re.IGNORECASE)


def read(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `passports`: counts as they were given, `as_of_date`."""
    rows = records(table, year, date(year - 1, 10, 1), intake)
    counts = [column for column in rows.columns if column.startswith("n_")]
    return {"passports": rows.select("year", "school_id", *counts, *SOURCE, as_of_date=_as_of(table, year, intake))}


def _as_of(table: Table, year: int, intake: Intake) -> pl.Expr:
    """The day above the table; advice where it is missing or not the first of September."""
    stated = next((match[1] for line in table.preamble if (match := _AS_OF.search(line))), "")
    try:
        day = parse_day(stated)
    except NotADay:
        day = None
    wanted = date(year - 1, 9, 1)
    if day != wanted:
        intake.findings.advise(
            "passport_date",
            Problem(table.file, f"дата {quoted(stated)}" if stated else "дата не названа", f"{wanted:%d.%m.%Y}",
                    "данные на другой день сравнимы хуже; попросите паспорт на начало учебного года"),
            municipality=next(filter(None, (intake.registry.municipality(line.partition(":")[2]) for line in table.preamble)), None),
        )  # fmt: skip
    return pl.lit(day, pl.Date)


def shares(passports: pl.DataFrame, indicators: dict) -> pl.DataFrame:
    """Table `context`: the indicators' shares of pupils, from the counts.

    Parameters
    ----------
    passports : DataFrame
        Table `passports`.
    indicators : dict of helpers.params.Indicator
        `columns` and `of` name the counts.
    """
    whole = {name: pl.sum_horizontal(item.of) for name, item in indicators.items()}
    part = {name: pl.sum_horizontal(item.columns, ignore_nulls=False) for name, item in indicators.items()}
    return passports.select(
        "year",
        "school_id",
        "n_pupils",
        *(pl.when(whole[name] > 0).then(part[name] / whole[name]).alias(name) for name in indicators),
        "as_of_date",
        *SOURCE,
    )
