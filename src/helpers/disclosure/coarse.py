"""What the public reads of distributions, links and fits: bins of at least so many schools, numbers rounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

_FIT = ["year", "intercept", "slope", "slope_se", "intercept_se", "bend", "centre", "tau2", "r2", "n_schools"]
_DIGITS = {"intercept": 2, "slope": 3, "slope_se": 3, "intercept_se": 2, "bend": 3, "centre": 1, "tau2": 3, "r2": 2}


def rounded(value: pl.Expr, digits: int) -> pl.Expr:
    """Round; a zero has no sign, which would tell the side."""
    near = value.round(digits)
    return pl.when(near == 0).then(0.0).otherwise(near)


def bins(values: pl.DataFrame, column: str, width: float, least: int) -> pl.DataFrame:
    """Neighbouring values in bins `width` wide, widened until each has `least` schools.

    Parameters
    ----------
    values : DataFrame
        year, school_id and `column`; no null.

    Returns
    -------
    DataFrame
        The rows with `bin` (1, 2, … of a year) and its ends `lower`, `upper`; the first bin has no lower end and the
        last no upper one, so that no end tells how far the outermost school stands. Years with fewer than `least`
        schools are left out.
    """
    made = [
        _bins_of_year(of_year, column, width, least)
        for of_year in values.sort("year", column, "school_id").partition_by("year", maintain_order=True)
        if of_year.height >= least
    ]
    shape = {"bin": pl.Int64, "lower": pl.Float64, "upper": pl.Float64}
    return pl.concat(
        [values.clear().with_columns(pl.lit(None, kind).alias(name) for name, kind in shape.items()), *made]
    )


def _bins_of_year(rows: pl.DataFrame, column: str, width: float, least: int) -> pl.DataFrame:
    places = np.floor(np.round(rows[column].to_numpy() / width, 9)).astype(int)
    ends, have = [], 0
    for place, count in zip(*np.unique(places, return_counts=True), strict=True):
        have += count
        if have >= least:
            ends.append(int(place) + 1)
            have = 0
    inner = ends[:-1]  # what is left over at the end, and the last full bin, are one
    number = np.searchsorted(inner, places, side="right")
    edges = [None, *(round(end * width, 6) for end in inner), None]
    return rows.with_columns(
        bin=pl.Series(number + 1, dtype=pl.Int64),
        lower=pl.Series([edges[n] for n in number], dtype=pl.Float64),
        upper=pl.Series([edges[n + 1] for n in number], dtype=pl.Float64),
    )


def distributions(index: pl.DataFrame, outcome: pl.DataFrame, years: list[int], least: int) -> pl.DataFrame:
    """How many schools have which index and which outcome.

    Returns
    -------
    DataFrame
        Table `distributions`.
    """
    parts = []
    for measure, table, width in (("index", index, 4.0), ("outcome", outcome, 0.2)):
        known = table.filter(pl.col("year").is_in(years)).drop_nulls(measure).select("year", "school_id", measure)
        counted = bins(known, measure, width, least).group_by("year", "bin", "lower", "upper")
        parts.append(counted.agg(schools=pl.len().cast(pl.Int64)).with_columns(measure=pl.lit(measure)))
    return pl.concat(parts).sort("measure", "year", "bin")


def link_bins(expectation: pl.DataFrame, least: int) -> pl.DataFrame:
    """The link of result and context: mean outcome and expectation of schools of like context, to a tenth.

    Returns
    -------
    DataFrame
        Table `link_bins`: bins of the index four points wide or wider, schools that the line was fitted on.
    """
    fitted = expectation.filter("in_model").select("year", "school_id", "index", "outcome", "expected")
    tenth = [rounded(pl.col(name).mean(), 1).alias(name) for name in ("outcome", "expected")]
    return (
        bins(fitted, "index", 4.0, least)
        .group_by("year", "bin", "lower", "upper")
        .agg(pl.len().cast(pl.Int64).alias("schools"), *tenth)
        .sort("year", "bin")
    )


def without_few(table: pl.DataFrame, counts: list[str], least: int) -> pl.DataFrame:
    """Empty all counts of a row where one of them is of fewer than `least` schools, of none as well: were «none» told, what
    is empty would be of one or two for certain.
    """
    few = pl.any_horizontal(pl.col(counts) < least)
    return table.with_columns(pl.when(~few).then(name).alias(name) for name in counts)


def coarse_model(model: Mapping[str, Any]) -> dict[str, Any]:
    """`model.json` for the public: the fits rounded; of checks and links what no single school moves visibly."""

    def of_year(fit: Mapping[str, Any]) -> dict[str, Any]:
        told = [name for name in _FIT if name != "centre" or fit["bend"]]  # a straight line needs no mean index
        return {name: _rounded(fit[name], _DIGITS[name]) if name in _DIGITS else fit[name] for name in told}

    return {
        "years": [of_year(fit) for fit in model["years"]],
        "pooled": {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in model["pooled"].items()
            if name in ("years", "n_years", "persistent", "transient", "persistent_variance")
        },
        "year_to_year": [pair | {"correlation": _rounded(pair["correlation"], 2)} for pair in model["year_to_year"]],
        "specification": model["specification"],
    }


def coarse_measures(measures: Mapping[str, Any]) -> dict[str, Any]:
    """`measures.json` for the public: the scale of the index, its reliability, weights and spreads, rounded."""
    return _rounded({name: measures[name] for name in ("index_scale", "reliability", "weights", "spreads")}, 3)


def coarse_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """`summary.json` for the public: the expected false flags to a hundredth.

    How many conclusions stand at each reliability of the index is not told: from one to the next it is often one school.
    """

    def without_kept(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{name: row[name] for name in row if name != "kept"} for row in rows]

    return _rounded({name: without_kept(item) if name == "promise" else item for name, item in summary.items()}, 2)


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item, digits) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item, digits) for item in value]
    return round(value, digits) if isinstance(value, float) else value
