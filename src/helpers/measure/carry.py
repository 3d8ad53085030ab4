"""A school whose context is missing this year keeps its latest one, for a few years and openly."""

from __future__ import annotations

import polars as pl

from helpers.params import Indicator

_KEY = ["year", "school_id"]


def carried_forward(
    context: pl.DataFrame, schools: pl.DataFrame, indicators: dict[str, Indicator], limit: int
) -> pl.DataFrame:
    """Let an earlier year's context serve where this year's is not whole.

    A context is whole when it has all that the index needs: every indicator and, unless all of them are
    ready scores, the number of pupils. It is carried whole: years are not mixed within a row.

    Parameters
    ----------
    context : DataFrame
        Table `context`.
    schools : DataFrame
        Keys (year, school_id) that may take and give. Leave out the years in which a school was
        another one, before a merger: their context is not its own.
    indicators : dict
        Params of the indicators by column name.
    limit : int
        For how many years a context serves; 0: for its own only.

    Returns
    -------
    DataFrame
        Table `context` with `carried_from`: the year that the row's data are of, null for the row's own.
        Where no earlier context serves either, what there was stays.
    """
    needs_n = any(item.unit != "score" for item in indicators.values())
    whole = context.drop_nulls([*indicators, *(["n_pupils"] if needs_n else [])])
    if needs_n:
        whole = whole.filter(pl.col("n_pupils") > 0)
    earlier = pl.col("carried_from").is_between(pl.col("year") - limit, pl.col("year") - 1)
    latest = (
        schools.select(_KEY)
        .join(whole, on=_KEY, how="anti")
        .join(whole.join(schools, on=_KEY, how="semi").select("school_id", carried_from="year"), on="school_id")
        .filter(earlier)
        .group_by(_KEY)
        .agg(pl.col("carried_from").max())
    )
    carried = latest.join(whole.rename({"year": "carried_from"}), on=["school_id", "carried_from"])
    own = context.join(latest, on=_KEY, how="anti").with_columns(carried_from=pl.lit(None, context.schema["year"]))
    return pl.concat([own, carried.select(own.columns)]).sort(_KEY)
