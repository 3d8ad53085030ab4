"""Why the link is not estimated on a school in a year: one order of reasons, whatever the data came from."""

from __future__ import annotations

import polars as pl

from helpers.params import Params


def with_exclusion(rows: pl.DataFrame, results: pl.DataFrame, params: Params) -> pl.DataFrame:
    """Add `why_excluded`, the first reason or null, and `in_model`.

    Reasons: `year_not_compared`, `type` (left out by params), `before_merger` (the school was not yet what it is, or has
    since become another), `no_context`, `no_result`, `coverage` (fewer results than `outcome.min_results`), `small_n`
    (fewer participants than `small_n.model_fit`).

    Parameters
    ----------
    rows : DataFrame
        A row a school and year: year, school_id, school_type as `left_out` names it, n_pupils, the indicators; `merged_on`
        where schools merge.
    results : DataFrame
        Table `results`; what is set aside does not count.
    """
    described = params.described
    entering = results.filter(pl.col("set_aside").is_null())
    counted = entering.group_by("year", "school_id").agg(n=pl.col("n_participants").max(), n_results=pl.len())
    needed = [*described.indicators]
    if any(item.unit != "score" for item in described.indicators.values()):
        needed.append("n_pupils")
    no_context = pl.any_horizontal(pl.col(name).is_null() for name in needed)
    if "n_pupils" in needed:
        no_context |= pl.col("n_pupils") == 0
    merged = pl.col("merged_on") if "merged_on" in rows.columns else pl.lit(None, pl.Date)
    reason = (
        pl.when(~pl.col("year").is_in(params.years)).then(pl.lit("year_not_compared"))
        .when(pl.col("school_type").is_in(described.left_out)).then(pl.lit("type"))
        .when(merged >= pl.date(pl.col("year"), 5, 15)).then(pl.lit("before_merger"))
        .when(no_context).then(pl.lit("no_context"))
        .when(pl.col("n").is_null()).then(pl.lit("no_result"))
        .when(pl.col("n_results") < params.outcome.min_results).then(pl.lit("coverage"))
        .when(pl.col("n") < params.small_n.model_fit).then(pl.lit("small_n"))
    )  # fmt: skip
    return (
        rows.join(counted, on=["year", "school_id"], how="left", maintain_order="left")
        .with_columns(why_excluded=reason)
        .with_columns(in_model=pl.col("why_excluded").is_null())
        .drop("n", "n_results")
    )
