"""Register of the schools' roadmaps: published in time, late, missing or not yet due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import polars as pl
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from helpers.params import Closed, Text
from helpers.support.membership import members

_LINK = r"^https?://[^\s/?#<>\"'@]+([/?#][^\s<>\"']*)?$"
_LEAP_YEAR = 2000
"""29 February is a day of some years."""


def _month_day(text: str) -> str:
    try:
        datetime.strptime(f"{_LEAP_YEAR}-{text}", "%Y-%m-%d")
    except ValueError:
        raise PydanticCustomError("month_day", "a month and a day") from None
    return text


class RoadmapRules(Closed):
    """When roadmaps are due, and on which day the register of a year was taken.

    `deadline` is a month and a day; a row of the register may have its own. Of a year without `as_of` the day is that of the
    last publication.
    """

    deadline: Annotated[str, AfterValidator(_month_day)]
    as_of: dict[int, date] = Field(default={})
    source: Text

    def due(self, year: int) -> date:
        """The deadline in a year; 28 February for the 29th of a common year."""
        month, day = map(int, self.deadline.split("-"))
        try:
            return date(year, month, day)
        except ValueError:
            return date(year, month, day - 1)


def roadmap_status(
    roadmaps: pl.DataFrame,
    programme: pl.DataFrame,
    schools: pl.DataFrame,
    rules: RoadmapRules,
    code: str,
    years: list[int],
) -> pl.DataFrame:
    """Judge every participant's roadmap on the day of the register.

    Parameters
    ----------
    roadmaps, programme, schools : DataFrame
        Tables of these names.
    rules : RoadmapRules
    code : str
        The programme whose participants owe a roadmap.
    years : list of int
        The report's years.

    Returns
    -------
    DataFrame
        Table `roadmap_status`: a row for each participant, and for each roadmap of a school that is none (said in `note`).
        `status`: in_time, late, missing, not_due. `days_late`: from the deadline to the publication or, if missing, to
        `as_of_date`. `link` is the address if it is one of http or https, else null and shown in `note`.
    """
    of_one = programme.filter(pl.col("programme") == code)
    owed = pl.concat(
        [members(of_one, year).select(pl.lit(year, pl.Int64).alias("year"), "school_id", owes=True) for year in years]
    )
    here = roadmaps.filter(pl.col("year").is_in(years)).select(
        "year", "school_id", "deadline_date", "published_date", "link", listed=True
    )
    places = schools.sort("year").unique("school_id", keep="last").select("school_id", "group_id")
    rows = (
        owed.join(here, on=["year", "school_id"], how="full", coalesce=True)
        .join(places, on="school_id", how="left")
        .with_columns(
            pl.col("deadline_date").fill_null(_by_year({year: rules.due(year) for year in years})),
            as_of_date=_by_year(_days_of_register(here, rules, years)),
        )
    )
    return _judged(rows).sort("year", "school_id")


def _days_of_register(roadmaps: pl.DataFrame, rules: RoadmapRules, years: list[int]) -> dict[int, date]:
    """The day on which each year's register is judged: never today's."""
    last = dict(roadmaps.group_by("year").agg(pl.col("published_date").max()).iter_rows())
    return {year: rules.as_of.get(year) or last.get(year) or rules.due(year) for year in years}


def _by_year(days: dict[int, date]) -> pl.Expr:
    return pl.col("year").replace_strict(days, return_dtype=pl.Date)


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    published, deadline, as_of = pl.col("published_date"), pl.col("deadline_date"), pl.col("as_of_date")
    status = (
        pl.when(published <= deadline).then(pl.lit("in_time"))
        .when(published > deadline).then(pl.lit("late"))
        .when(as_of <= deadline).then(pl.lit("not_due"))
        .otherwise(pl.lit("missing"))
    )  # fmt: skip
    days = (pl.coalesce(published, as_of) - deadline).dt.total_days()
    address = pl.col("link").str.strip_chars()
    is_link = address.str.contains(_LINK)
    notes = [
        (pl.col("owes").is_null(), pl.lit("школа не участвует в проекте")),
        (pl.col("listed").is_null(), pl.lit("в реестре школы нет")),
        (published > as_of, pl.lit("размещена позже дня учёта")),
        (
            ~is_link & (address != ""),
            pl.format("адрес не начинается с http:// или https:// и не показан: «{}»", _cut(address)),
        ),
        (published.is_not_null() & (address.fill_null("") == ""), pl.lit("адреса нет")),
        (published.is_null() & (address.fill_null("") != ""), pl.lit("адрес есть, даты размещения нет")),
    ]
    note = pl.concat_str([pl.when(when).then(text) for when, text in notes], separator="; ", ignore_nulls=True)
    return rows.select(
        "year", "school_id", "group_id", "deadline_date", "published_date", "as_of_date",
        link=pl.when(is_link).then(address),
        status=status,
        days_late=pl.when(status.is_in(["late", "missing"])).then(days),
        note=pl.when(note != "").then(note),
    )  # fmt: skip


def _cut(text: pl.Expr, most: int = 60) -> pl.Expr:
    return pl.when(text.str.len_chars() > most).then(pl.concat_str(text.str.head(most), pl.lit("…"))).otherwise(text)
