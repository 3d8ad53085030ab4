"""The fitted lines, and what the conclusions come to over all schools, as tables of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from helpers.measure.intervals import Z95
from helpers.model.funnel import OUTER, reach

TEN = 10
"""Slopes are told per so many points of the index: one standard deviation of schools in the base year."""
CHOICES = ("index", "outcome", "weights", "form", "reliability", "sample")
"""Columns of `specifications` that hold what was chosen."""
EVERYWHERE = "all"
"""`group_id` of the row of all groups together."""


def per_ten_points(fits: pl.DataFrame) -> pl.DataFrame:
    """Add to slopes (`slope`, `slope_se`, pupil SDs a point) what ten points make: `ten`, its 95 % interval `lower`, `upper`."""
    ten, half = TEN * pl.col("slope"), TEN * Z95 * pl.col("slope_se")
    return fits.with_columns(ten=ten, lower=ten - half, upper=ten + half)


def line_numbers(fits: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The lines themselves, from `years` of `model.json`: what `lines` tells without the schools."""
    tau = pl.col("tau2").sqrt()
    return per_ten_points(pl.DataFrame([{"bend": 0.0} | dict(fit) for fit in fits], infer_schema_length=None)).select(
        "year", "n_schools", "intercept", "slope", "slope_se", "bend", "r2", "ten", "lower", "upper", tau=tau,
        band=pl.when(tau > 0).then(Z95 * tau),
    )  # fmt: skip


def lines(fits: Sequence[Mapping[str, Any]], expectation: pl.DataFrame, outcome: pl.DataFrame) -> pl.DataFrame:
    """Each year's line, and how the schools lie around it.

    Parameters
    ----------
    fits : sequence of dict
        `years` of `model.json`.
    expectation, outcome : DataFrame
        Tables of these names.

    Returns
    -------
    DataFrame
        Table `lines`: year, n_schools, intercept, slope, slope_se, bend, tau, r2 of the fit; ten, lower, upper
        (`per_ten_points`); band (half the band that holds 95 % of schools of equal context, null where these do not differ); of
        all schools with an expectation, `placed`: beyond_band (share of them), beyond_limit (schools beyond the outer limit of
        the funnel), expected_beyond (as many as chance puts there), unit_variance (median of outcome_se² · participants: the
        squared error of one participant).
    """
    told = line_numbers(fits)
    placed = expectation.join(told.select("year", "tau", "band"), on="year").join(
        outcome.select("year", "school_id", "n_participants"), on=["year", "school_id"], how="left"
    )
    away, spread = pl.col("residual").abs(), (pl.col("outcome_se") ** 2 + pl.col("tau") ** 2).sqrt()
    around = placed.group_by("year").agg(
        placed=pl.len().cast(pl.Int64),
        beyond_band=(away > pl.col("band")).mean(),
        beyond_limit=(away > reach(OUTER) * spread).sum().cast(pl.Int64),
        expected_beyond=(1 - OUTER) * pl.len(),
        unit_variance=(pl.col("outcome_se") ** 2 * pl.col("n_participants")).median(),
    )
    return told.join(around, on="year", how="left")


def procedure_lines(slopes: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Each procedure's own slope: table `procedure_lines`, from `procedure_slopes`, with `per_ten_points`."""
    schema = {"year": pl.Int64, "procedure": pl.String, "subject": pl.String, "n_schools": pl.Int64,
              "slope": pl.Float64, "slope_se": pl.Float64}  # fmt: skip
    return per_ten_points(pl.DataFrame(slopes, schema=schema))


def choices(specifications: pl.DataFrame) -> pl.DataFrame:
    """What each choice changes, over the specifications that make it.

    Returns
    -------
    DataFrame
        Table `choices`: choice (a column of `specifications`), variant (what was chosen), specifications (how many), ten (mean
        slope per ten points), n_below, n_above (mean numbers of schools named).
    """
    return pl.concat(
        specifications.group_by(variant=pl.col(choice).cast(pl.String)).agg(
            choice=pl.lit(choice), specifications=pl.len().cast(pl.Int64), ten=TEN * pl.col("slope").mean(),
            n_below=pl.col("n_below").mean(), n_above=pl.col("n_above").mean(),
        )
        for choice in CHOICES
    )  # fmt: skip


def group_summary(
    flags: pl.DataFrame, effect: pl.DataFrame, schools: pl.DataFrame, years: Sequence[int]
) -> pl.DataFrame:
    """How the schools of each group stand, by the group they were in last, and those of all groups.

    Returns
    -------
    DataFrame
        Table `group_summary`: group_id (`all`: every group), schools, n_below, n_within, n_above, n_unknown (without a conclusion),
        mean_index (points), mean_effect (pupil SDs).
    """
    last = (
        schools.filter(pl.col("year").is_in(years))
        .sort("year")
        .unique("school_id", keep="last", maintain_order=True)
        .select("school_id", "group_id")
    )
    judged = last.join(flags, on="school_id").join(effect.select("school_id", "effect"), on="school_id", how="left")
    everywhere = judged.with_columns(group_id=pl.lit(EVERYWHERE))
    direction = pl.col("direction")
    return (
        pl.concat([judged, everywhere])
        .sort("school_id")
        .group_by("group_id", maintain_order=True)
        .agg(
            schools=pl.len().cast(pl.Int64),
            **{f"n_{side}": (direction == side).sum().cast(pl.Int64) for side in ("below", "within", "above")},
            n_unknown=direction.is_null().sum().cast(pl.Int64),
            mean_index=pl.col("index").mean(),
            mean_effect=pl.col("effect").mean(),
        )
    )
