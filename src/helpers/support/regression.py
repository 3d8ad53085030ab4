"""What participants' results would be without the programme.

Schools enter a programme because their results are low. Part of what was low was luck and the year's own, and comes back
whatever is done: regression to the mean. A programme can be credited only with what goes beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from helpers.measure.intervals import Z95
from helpers.model.backtest import standard_error
from helpers.model.effect import foretold
from helpers.support.measures import Basis


@dataclass(frozen=True)
class Beyond:
    """The participants' results against what was to be expected without the programme.

    `before`: of the years before they entered, as it looked; `expected`: of this year without the programme; `beyond`:
    how much more this year brought, which is the change since `before` less the change that was to be expected; `se`: its
    standard error; `n` schools compared.
    """

    before: float
    expected: float
    beyond: float
    se: float
    n: int

    def signal(self, better: str) -> str:
        """`better`, `worse` or, where chance could have made it, `unclear`."""
        if abs(self.beyond) <= Z95 * self.se:
            return "unclear"
        return "better" if (self.beyond > 0) == (better == "higher") else "worse"


def forecast(
    expectation: pl.DataFrame, taking_part: pl.DataFrame, year: int, fitted: list[int], pooled: int, basis: Basis
) -> pl.DataFrame:
    """Predict the schools' residuals of a year from those before the programme.

    Given the residuals of the years before it entered, a school's later one is λē on average, whatever rule picked the school
    by these years; pupils who sit again bring their luck with them (`model.effect.foretold`).

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`.
    taking_part : DataFrame
        school_id, from_year of the participants.
    year : int
        The year to predict.
    fitted : list of int
        Years in which the expectation was fitted.
    pooled : int
        How many of the last years before the entry are taken.

    Returns
    -------
    DataFrame
        The rows of `expectation` of `year`, with `effect`, `unknown`, `reliability`, `pooled_residual` of the earlier years (`foretold`)
        and `compared`: a participant since this year or earlier, of which both are known.
    """
    now = expectation.filter(pl.col("year") == year).drop("reliability").join(taking_part, on="school_id", how="left")
    first = taking_part["from_year"].min()
    now = now.with_columns(entered=pl.col("from_year").fill_null(first))
    known = [
        _known_before(expectation, entry, year, fitted, pooled, basis)
        for entry in now["entered"].unique().drop_nulls().sort()
    ]
    both = pl.col("residual").is_not_null() & pl.col("effect").is_not_null()
    entered = pl.col("from_year") <= year
    return (
        now.join(pl.concat(known), on=["school_id", "entered"], how="left")
        .with_columns(compared=(entered & both).fill_null(False))
        .sort("school_id")
    )


def _known_before(
    expectation: pl.DataFrame, entry: int, year: int, fitted: list[int], pooled: int, basis: Basis
) -> pl.DataFrame:
    """What the years before `entry` tell of each school's residual of `year`."""
    years = [year for year in sorted(fitted) if year < entry][-pooled:]
    history = expectation.filter(pl.col("year").is_in(years))
    known = foretold(history, basis.components, year, basis.shared) if years else pl.DataFrame(
        schema={"school_id": pl.String} | dict.fromkeys(["pooled_residual", "reliability", "effect", "unknown"], pl.Float64)
    )  # fmt: skip
    return known.with_columns(entered=pl.lit(entry, pl.Int64))


def mean_beyond(seen: pl.DataFrame, tau2: float, basis: Basis) -> Beyond | None:
    """The mean residual of the compared schools of a `forecast` against the predicted; `tau2` is the year's."""
    rows = seen.filter("compared")
    if rows.is_empty():
        return None
    expected = rows["effect"].mean()
    se = standard_error(seen, seen["compared"], basis.components, tau2, basis.bent)
    return Beyond(rows["pooled_residual"].mean(), expected, rows["residual"].mean() - expected, se, rows.height)


def not_below_beyond(seen: pl.DataFrame, tau2: float, basis: Basis) -> Beyond | None:
    """The share of compared schools that are not below −δ against the predicted.

    Each school's chance is Φ((λē + δ)/s) with s² = τ_a²(1 − λ) + τ_d² + sampling variance (`foretold`); the number of schools is then
    Poisson–binomial. `tau2` is not needed: the line's own error, which is common to all, is left out.
    """
    rows = seen.filter("compared")
    if rows.is_empty():
        return None
    delta, components = basis.delta, basis.components
    spread = np.sqrt(rows["unknown"].to_numpy() + components.transient + rows["outcome_se"].to_numpy() ** 2)
    chance = ndtr((rows["effect"].to_numpy() + delta) / spread)
    expected, se = float(chance.mean()), float(np.sqrt((chance * (1 - chance)).sum()) / rows.height)
    before, actual = ((rows[name] >= -delta).mean() for name in ("pooled_residual", "residual"))
    return Beyond(before, expected, actual - expected, se, rows.height)


BENCHMARKS = {"mean_residual": mean_beyond, "share_not_below": not_below_beyond}
"""Measures of results for which the model says what would be without the programme."""
