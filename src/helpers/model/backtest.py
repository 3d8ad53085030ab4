"""Last year's conclusions against this year's results.

A school that was named for a low residual will on average stand less low the next year, whatever is done: part of the
residual was luck and the year's own (regression to the mean). What comes back without any help is the benchmark that a
programme's effect must be measured from.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from helpers.model.effect import (
    VarianceComponents,
    coefficients_of,
    foretold,
    school_effects,
    variance_components,
)
from helpers.model.expectation import design
from helpers.model.flags import flags
from helpers.params import Params

_SCHEMA = {
    "direction": pl.String,
    "tier": pl.String,
    "n": pl.Int64,
    "flagged_residual": pl.Float64,
    "predicted": pl.Float64,
    "predicted_se": pl.Float64,
    "actual": pl.Float64,
    "z": pl.Float64,
}


def backtest(
    expectation: pl.DataFrame,
    fits: list[dict],
    schools: pl.DataFrame,
    outcome: pl.DataFrame,
    index: pl.DataFrame,
    params: Params,
    shared: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Judge schools as a report of the years before the last would have, and see where they stood in that year.

    Given its earlier residuals, a school's next one is λē on average, with variance τ_a²(1 − λ) (what is not known of
    the lasting part) + τ_d² (the year's own) + the sampling variance of that year; where the same pupils sit again, their
    luck comes with them (`foretold`). This holds whatever rule picked the
    schools from the earlier residuals, so over those picked (actual − predicted) / standard error is about standard
    normal if nothing has changed for them.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, all years.
    fits : list of dict
        Each year's fit, `years` of `model.json`.
    schools, outcome, index : DataFrame
        Tables `schools`, `outcome`, `wellbeing_index`.
    params : Params
        Its `model`, `flag` and `small_n`.
    shared : DataFrame, optional
        Of table `shared_errors`, that of the outcome.

    Returns
    -------
    DataFrame
        By direction (`below`, `within`, `above`) and tier of the earlier report: n schools that have a result in the
        last year too; means over them of the pooled residual of the flagging years (`flagged_residual`), of the
        residual `predicted` for the last year, of the `actual` one; `predicted_se`, the standard error of
        actual − predicted; `z`, their difference over it. Residuals in pupil SDs. No rows where there is one year;
        no prediction where there was one flagging year, in which the lasting part cannot be told from the year's own.

    Notes
    -----
    The variances τ_a² and τ_d² are taken as known. In simulated regions of 100 to 300 schools z has a standard
    deviation of 0.97 to 1.13.
    """
    *earlier, last = sorted(fit["year"] for fit in fits) or [None]
    earlier = earlier[-params.model.years_pooled :]
    if not earlier:
        return pl.DataFrame(schema=_SCHEMA)
    tau2 = {fit["year"]: fit["tau2"] for fit in fits}
    history = expectation.filter(pl.col("year").is_in(earlier))
    tau2_earlier = {year: tau2[year] for year in earlier}
    components = variance_components(history, tau2_earlier, coefficients_of(fits), shared)
    effect = school_effects(history, components, params.flag.delta, shared)
    # The comparison holds for any rule on earlier residuals: other specifications of those years are not fitted for it.
    stable = effect.select("school_id", share_below=1.0, share_above=1.0)
    no_list = pl.DataFrame(schema={"school_id": pl.String, "federal_low": pl.Boolean})
    flagged = flags(effect, schools, outcome, index, stable, no_list, earlier, params.flag, params.small_n)
    seen = (
        expectation.filter(pl.col("year") == last)
        .drop("reliability")  # the last year's own; what was known before it is the pooled one
        .join(foretold(history, components, last, shared), on="school_id", how="left")
        .join(flagged.select("school_id", "direction", "tier"), on="school_id", how="left")
        .sort("school_id")
    )
    groups = [
        _compared(seen, direction, tier, components, tau2[last], coefficients_of(fits) == 3)
        for direction in ("below", "within", "above")
        for tier in sorted(seen.filter(pl.col("direction") == direction)["tier"].unique())
    ]
    return pl.DataFrame(groups, schema=_SCHEMA)


def _compared(
    seen: pl.DataFrame, direction: str, tier: str, components: VarianceComponents, tau2: float, bent: bool
) -> dict[str, str | int | float | None]:
    """One row: the schools of `seen` with this direction and tier; `tau2`, `bent` are of the last year's line."""
    chosen = ((pl.col("direction") == direction) & (pl.col("tier") == tier)).fill_null(False)
    group = seen.filter(chosen)
    flagged, actual, predicted = group.select(pl.mean("pooled_residual", "residual", "effect")).row(0)
    row = {"direction": direction, "tier": tier, "n": group.height, "flagged_residual": flagged, "actual": actual}
    if components.n_years == 1:
        return row
    se = standard_error(seen, seen.select(chosen).to_series(), components, tau2, bent)
    return row | {"predicted": predicted, "predicted_se": se, "z": (actual - predicted) / se}


def standard_error(
    seen: pl.DataFrame, chosen: pl.Series, components: VarianceComponents, tau2: float, bent: bool = False
) -> float:
    """Standard error of the mean last residual over the chosen schools around its prediction.

    Residuals are what the fitted line leaves of the schools' own parts, e = (I − H)u, so those of all schools together
    are 0 whatever happens: the more of the schools are chosen, the less their mean can stray.
    """
    sampling = seen["outcome_se"].to_numpy() ** 2
    # nothing is known of the lasting part of a school without earlier results
    unknown = seen["unknown"].fill_null(components.persistent).to_numpy()
    fitted = seen["in_model"].to_numpy()
    X = design(seen["index"].to_numpy(), fitted, bent)
    weight = np.where(fitted, 1 / (sampling + tau2), 0)
    mean = chosen.to_numpy() / chosen.sum()
    through_line = weight * (X @ np.linalg.solve(X.T @ (X * weight[:, None]), X.T @ mean))
    return float(np.sqrt((mean - through_line) ** 2 @ (unknown + components.transient + sampling)))
