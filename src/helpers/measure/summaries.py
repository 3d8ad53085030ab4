"""The two measures, and what they are made from, over all schools: what a page tells of a year without naming a school.

Every table here is counted from tables of schools and stands beside them, so that a number of a page can be looked up and
followed to the rows it sums up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

_CLASSES = ("disadvantaged", "middle", "advantaged")
_SIZES = (0, 10, 25, 50, 100, 250, 500, 1000)
"""A class of size holds more participants than its number, up to the next one."""
_WIDTHS = {"index": 2.0, "outcome": 0.1}
"""Width of a bar of the histogram: points of the index, pupil SDs."""


def indicator_summary(
    context: pl.DataFrame, index: pl.DataFrame, indicators: Iterable[str], years: Sequence[int]
) -> pl.DataFrame:
    """Quartiles of each indicator over schools, and how closely it goes with the index.

    Parameters
    ----------
    context, index : DataFrame
        Tables `context` (indicators as received) and `wellbeing_index`.

    Returns
    -------
    DataFrame
        Table `indicator_summary`: year, indicator, schools, lower, median, upper (unit of the indicator), correlation
        (Pearson's, of the z-score with the index).
    """
    rows = []
    for year in years:
        values, scores = context.filter(year=year), index.filter(year=year)
        for name in indicators:
            correlation = scores.select(pl.corr(f"z_{name}", "index")).item()
            rows.append({"year": year, "indicator": name, **_quartiles(values[name]), "correlation": correlation})
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("correlation").fill_nan(None))


def procedure_summary(results: pl.DataFrame) -> pl.DataFrame:
    """Every procedure, subject and grade that enters the outcome, year by year; `results` from `entering`.

    Returns
    -------
    DataFrame
        Table `procedure_summary`: year, procedure, subject, grade, schools, n_participants, mean (over participants), spread
        (standard deviation of the schools' means), share_low (over participants of whom it is known).
    """
    return results.group_by("year", "procedure", "subject", "grade").agg(
        schools=pl.len().cast(pl.Int64), **_over_participants(), spread=pl.col("mean").std()
    )


def procedure_trends(results: pl.DataFrame) -> pl.DataFrame:
    """Each assessment of the outcome by year, years that are not compared too.

    Only grades that took it in every year count, so that a year's share is not that of other grades.

    Returns
    -------
    DataFrame
        Table `procedure_trends`: year, procedure, subject, schools, n_participants, mean, share_low.
    """
    used = results.filter(
        pl.col("set_aside").is_null() | (pl.col("set_aside") == "not_compared"), pl.col("n_participants") > 0
    )
    years = pl.col("year").n_unique()
    always = years.over("procedure", "subject", "grade") == years.over("procedure", "subject")
    return (
        used.filter(always)
        .group_by("year", "procedure", "subject")
        .agg(schools=pl.col("school_id").n_unique().cast(pl.Int64), **_over_participants())
    )


def _over_participants() -> dict[str, pl.Expr]:
    """Participants, and the mean and the share of low results over them."""
    n, low = pl.col("n_participants"), pl.col("share_low")
    known = n.filter(low.is_not_null())
    return {
        "mean": (pl.col("mean") * n).sum() / n.sum(),
        "share_low": pl.when(known.sum() > 0).then((low * n).sum() / known.sum()),
        "n_participants": n.sum(),
    }


def index_years(index: pl.DataFrame, years: Sequence[int]) -> pl.DataFrame:
    """The index over schools, year by year.

    Returns
    -------
    DataFrame
        Table `index_years`: year, schools (with an index), lower, median, upper (quartiles, points), numbers of schools by
        class of context, carried (schools whose indicators are of an earlier year).
    """
    known = index.filter(pl.col("year").is_in(years))
    counts = known.group_by("year").agg(
        *((pl.col("context_class") == name).sum().cast(pl.Int64).alias(name) for name in _CLASSES),
        carried=pl.col("carried_from").count().cast(pl.Int64),
    )
    return _by_year(known, "index").join(counts, on="year")


def outcome_years(outcome: pl.DataFrame, years: Sequence[int]) -> pl.DataFrame:
    """The outcome over schools, year by year: table `outcome_years`: year, schools, lower, median, upper (pupil SDs)."""
    return _by_year(outcome.filter(pl.col("year").is_in(years)), "outcome")


def _by_year(table: pl.DataFrame, column: str) -> pl.DataFrame:
    return pl.DataFrame(
        [{"year": year, **_quartiles(rows[column])} for (year,), rows in table.group_by("year")],
        schema={"year": pl.Int64, "schools": pl.Int64, "lower": pl.Float64, "median": pl.Float64, "upper": pl.Float64},
    )


def _quartiles(values: pl.Series) -> dict[str, Any]:
    return {
        "schools": values.count(), "lower": values.quantile(0.25), "median": values.median(), "upper": values.quantile(0.75),
    }  # fmt: skip


def histograms(index: pl.DataFrame, outcome: pl.DataFrame, years: Sequence[int]) -> pl.DataFrame:
    """How many schools have which index and which outcome, in bars of equal width.

    Returns
    -------
    DataFrame
        Table `histograms`: measure (index, outcome), year, bin (from the lowest on, the same in all years), lower, upper,
        schools.
    """
    parts = []
    for measure, table in (("index", index), ("outcome", outcome)):
        width = _WIDTHS[measure]
        known = table.filter(pl.col("year").is_in(years)).drop_nulls(measure)
        if known.is_empty():
            continue
        values = known[measure].to_numpy()
        first = np.floor(values.min() / width)
        edges = np.arange(first, max(np.ceil(values.max() / width), first + 1) + 1) * width
        for (year,), rows in known.group_by("year"):
            schools, _ = np.histogram(rows[measure].to_numpy(), edges)
            bars = {"bin": range(len(schools)), "lower": edges[:-1], "upper": edges[1:], "schools": schools}
            parts.append(pl.DataFrame(bars).select(pl.lit(measure).alias("measure"), pl.lit(year).alias("year"), "*"))
    schema = pl.Schema({"measure": pl.String, "year": pl.Int64, "bin": pl.Int64, "lower": pl.Float64, "upper": pl.Float64,
                        "schools": pl.Int64})  # fmt: skip
    return pl.concat([part.cast(schema) for part in parts]) if parts else pl.DataFrame(schema=schema)


def precision(outcome: pl.DataFrame) -> pl.DataFrame:
    """The usual error of the outcome of a school by its size.

    Returns
    -------
    DataFrame
        Table `precision`: more_than, up_to (participants; null: no limit), school_years, outcome_se (median, pupil SDs).
    """
    upper = dict(zip(_SIZES, [*_SIZES[1:], None], strict=True))
    n = pl.col("n_participants")
    return (
        outcome.group_by(more_than=pl.max_horizontal(pl.when(n > size).then(size) for size in _SIZES).cast(pl.Int64))
        .agg(school_years=pl.len().cast(pl.Int64), outcome_se=pl.col("outcome_se").median())
        .with_columns(up_to=pl.col("more_than").replace_strict(upper, return_dtype=pl.Int64))
    )
