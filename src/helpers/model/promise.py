"""What the report promises of the schools it names, and how much of it hangs on the index.

The probabilities of `effect` hold for the context as the indicators measure it. If the index has reliability λ, a part
β²s²(1 − λ)/λ of the persistent variance is the index's own lasting error: β is the fitted slope, which is the true one
times λ, s² the index's variance (Fuller, 1987, ch. 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from helpers.model.effect import VarianceComponents, by_year, pool
from helpers.model.flags import FLAGGED
from helpers.params import FlagRules

_GRID = np.round(np.arange(1, 0.495, -0.01), 2).tolist()
"""Reliabilities that `least_reliability` tries: with less than half of it true no index is worth a report."""


def context_error(expectation: pl.DataFrame, slopes: Mapping[int, float], reliability: float) -> float:
    """Variance that an index of this reliability adds to lasting effects by its own error, pupil SDs squared.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, the pooled years; the variance of the index is that of the schools in the fits.
    slopes : mapping of int to float
        Fitted slope by year, pupil SDs a point of the index.
    reliability : float
        λ of the index, above 0, at most 1.
    """
    spread = expectation.filter("in_model").sort("year", "school_id").group_by("year", maintain_order=True)
    variance = spread.agg(pl.col("index").var())["index"].mean() or 0.0
    return float(np.mean(list(slopes.values()))) ** 2 * variance * (1 - reliability) / reliability


def probabilities(
    expectation: pl.DataFrame,
    slopes: Mapping[int, float],
    components: VarianceComponents,
    delta: float,
    reliabilities: Sequence[float],
) -> pl.DataFrame:
    """What would be concluded of each school, were the index this reliable.

    Parameters
    ----------
    expectation, slopes
        As `context_error`.
    components : VarianceComponents
    delta : float
        Practically relevant deviation, pupil SDs.
    reliabilities : sequence of float

    Returns
    -------
    DataFrame
        school_id, reliability, prob_below P(a < −delta), prob_above P(a > delta).
    """
    years, schools = expectation["year"].unique().sort().to_list(), expectation["school_id"].unique().sort()
    residual, error, expected_se = (
        by_year(expectation, name, years, schools) for name in ("residual", "outcome_se", "expected_se")
    )
    made = []
    for reliability in reliabilities:
        nuisance = context_error(expectation, slopes, reliability)
        pooled = pool(residual, error**2, expected_se, components, nuisance)
        below, above = pooled.prob_below(-delta), 1 - pooled.prob_below(delta)
        made.append(pl.DataFrame({"school_id": schools, "prob_below": below, "prob_above": above}))
    return pl.concat(
        frame.with_columns(reliability=pl.lit(reliability))
        for frame, reliability in zip(made, reliabilities, strict=True)
    )


def promise(flags: pl.DataFrame, probable: pl.DataFrame) -> list[dict[str, Any]]:
    """How many of the named schools are expected to be named by mistake, were the index this reliable.

    Parameters
    ----------
    flags : DataFrame
        Table `flags`.
    probable : DataFrame
        From `probabilities`.

    Returns
    -------
    list of dict
        By reliability, falling: reliability; below, above: sum of 1 − P over the schools named on that side.
    """
    named = _named(flags, probable)
    return [
        {"reliability": reliability}
        | {
            side: float((1 - named.filter(direction=side, reliability=reliability)["prob"]).sum())
            for side in ("below", "above")
        }
        for reliability in sorted(probable["reliability"].unique(), reverse=True)
    ]


def with_least_reliability(
    flags: pl.DataFrame,
    expectation: pl.DataFrame,
    slopes: Mapping[int, float],
    components: VarianceComponents,
    rules: FlagRules,
) -> pl.DataFrame:
    """Table `flags` with `least_reliability`: down to which reliability of the index P still reaches `watch`.

    To a hundredth and not below 0.5; null of schools that are not named.
    """
    probable = probabilities(expectation, slopes, components, rules.delta, _GRID)
    least = (
        _named(flags, probable)
        .sort("school_id", "reliability", descending=[False, True])
        .filter((pl.col("prob") >= rules.watch).cast(pl.Int8).cum_min().over("school_id") == 1)
        .group_by("school_id")
        .agg(least_reliability=pl.col("reliability").min())
    )
    return flags.join(least, on="school_id", how="left", maintain_order="left")


def _named(flags: pl.DataFrame, probable: pl.DataFrame) -> pl.DataFrame:
    """The named schools at each reliability with the probability of what they are named for, sorted by school."""
    prob = pl.when(pl.col("direction") == "below").then("prob_below").otherwise("prob_above")
    named = flags.filter(pl.col("tier").is_in(FLAGGED)).select("school_id", "direction")
    return named.join(probable, on="school_id").with_columns(prob=prob).sort("school_id", "reliability")
