"""Social passports: a workbook a municipality, counts of pupils, the day they were counted."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl

from helpers.intake.fields import NotADay, parse_day
from helpers.intake.layouts import fields
from helpers.intake.raw_table import Table
from helpers.intake.records import SOURCE, Intake, records
from helpers.problems import Problem, quoted

_AS_OF = re.compile(r"по состоянию на\s+(\d{1,2} [а-я]+ \d{4}|[\d./-]+)", re.IGNORECASE)
_MONTHS = ("январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр")


def read(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `passports`: counts as they were given, `as_of_date`."""
    rows = records(table, year, date(year - 1, 10, 1), intake)
    days = {sheet: _as_of(table.file, sheet, lines, year, intake) for sheet, lines in table.preamble.items()}
    counts = [column for column in rows.columns if column.startswith("n_")]
    as_of = pl.col("source_sheet").replace_strict(days, return_dtype=pl.Date)
    return {"passports": rows.select("year", "school_id", *counts, *SOURCE, as_of_date=as_of)}


def _as_of(file: str, sheet: str, lines: list[str], year: int, intake: Intake) -> date | None:
    """The day above a sheet's table; advice where it is missing or not the first of September."""
    stated = next((match[1] for line in lines if (match := _AS_OF.search(" ".join(line.split())))), "")
    try:
        day = parse_day(_in_digits(stated))
    except NotADay:
        day = None
    wanted = date(year - 1, 9, 1)
    if day != wanted:
        intake.findings.advise(
            "passport_date",
            Problem(file, f"дата {quoted(stated)}" if stated else "дата не названа", f"{wanted:%d.%m.%Y}",
                    "данные на другой день сравнимы хуже; попросите паспорт на начало учебного года", sheet),
            municipality=next(filter(None, (intake.registry.municipality(line.partition(":")[2]) for line in lines)), None),
        )  # fmt: skip
    return day


def _in_digits(day: str) -> str:
    """«1 сентября 2018» as 1.9.2018; anything else as it is."""
    words = day.lower().split()
    months = [number for number, stem in enumerate(_MONTHS, start=1) if words[1:] and words[1].startswith(stem)]
    return f"{words[0]}.{months[0]}.{words[2]}" if months else day


def whole(passports: pl.DataFrame, own: Path | None = None) -> pl.DataFrame:
    """Table `passports` with every count that a passport may have, be it in none of the files."""
    counts = [field for field in fields("passport", own) if field.startswith("n_") and field not in passports.columns]
    return passports.with_columns(pl.lit(None, pl.Float64).alias(field) for field in counts)


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
