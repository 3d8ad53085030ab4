"""Which schools get help, and why."""

from __future__ import annotations

import polars as pl

from helpers.model.flags import FLAGGED


def supported_schools(programme: pl.DataFrame, flags: pl.DataFrame, schools: pl.DataFrame, year: int) -> pl.DataFrame:
    """Find the schools that get help in a year.

    Parameters
    ----------
    programme, flags, schools : DataFrame
        Tables `programme`, `flags`, `schools`. Schools that are not there in `year` (closed, merged) get no help.
    year : int

    Returns
    -------
    DataFrame
        school_id, why (codes of programmes, `below` where named below expectation, joined by commas); by school_id.
        Empty where no programme runs in `year`: a region without a project has nobody to support.
    """
    running = programme.filter(pl.col("from_year") <= year, pl.col("to_year").is_null() | (pl.col("to_year") >= year))
    members = running.select("school_id", why="programme")
    below = flags.filter(pl.col("direction") == "below", pl.col("tier").is_in(FLAGGED))
    named = below.select("school_id", why=pl.lit("below")).filter(pl.lit(not running.is_empty()))
    return (
        pl.concat([members, named])
        .join(schools.filter(pl.col("year") == year), on="school_id", how="semi")
        .group_by("school_id")
        .agg(pl.col("why").unique().sort().str.join(","))
        .sort("school_id")
    )
