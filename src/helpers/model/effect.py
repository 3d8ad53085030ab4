"""A school's lasting effect: what its residuals of several years have in common.

The school's part of a residual is persistent a_j plus transient d_jt (Kane, Staiger,
2001). The estimate is the best linear prediction of a_j from all the years there are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import polars as pl
from scipy.stats import norm


@dataclass(frozen=True)
class VarianceComponents:
    """Variances between schools of equal context, in pupil SDs squared.

    `persistent` lasts over the years, `transient` is a year's own. With one year
    they cannot be told apart: all of τ² stands in `persistent`, `n_years` is 1.
    """

    persistent: float
    transient: float
    n_years: int

    @classmethod
    def of(cls, numbers: dict) -> VarianceComponents:
        """Take the components back from `model.json`."""
        return cls(numbers["persistent"], numbers["transient"], numbers["n_years"])

    def as_dict(self) -> dict:
        return asdict(self)


def variance_components(expectation: pl.DataFrame, tau2: dict[int, float]) -> VarianceComponents:
    """Part τ² by the covariance of the same schools' residuals in two years.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, the pooled years.
    tau2 : dict
        Each pooled year's τ².

    Notes
    -----
    The covariance of each pair of years is a weighted mean of products with weights
    1/√(Var e₁ · Var e₂), corrected for the two fitted coefficients, and the mean over
    pairs is held within [0, mean τ²].
    """
    years = sorted(tau2)
    total = float(np.mean(list(tau2.values())))
    if len(years) == 1:
        return VarianceComponents(total, 0.0, 1)
    fitted = expectation.filter("in_model")
    covariances = []
    for first, second in combinations(years, 2):
        both = fitted.filter(pl.col("year") == first).join(
            fitted.filter(pl.col("year") == second), on="school_id", suffix="_2"
        )
        if both.height <= 2:
            continue
        variance_1 = both["outcome_se"].to_numpy() ** 2 + tau2[first]
        variance_2 = both["outcome_se_2"].to_numpy() ** 2 + tau2[second]
        weight = 1 / np.sqrt(variance_1 * variance_2)
        product = both["residual"].to_numpy() * both["residual_2"].to_numpy()
        correction = both.height / (both.height - 2)
        covariances.append(correction * float(weight @ product / weight.sum()))
    persistent = float(np.clip(np.mean(covariances), 0.0, total)) if covariances else 0.0
    return VarianceComponents(persistent, total - persistent, len(years))


def school_effects(expectation: pl.DataFrame, components: VarianceComponents, delta: float) -> pl.DataFrame:
    """Pool each school's years and shrink.

    With weights w_t = 1/(τ_d² + v_t), W = Σw_t: pooled residual ē = Σw_t e_t / W,
    reliability λ = τ_a²/(τ_a² + 1/W), effect λē, prediction variance τ_a²(1 − λ) plus
    λ² times the variance that the expectation brings. The fitted lines of different
    years err together, by how much is not known: they are taken to err as one, which
    is the cautious bound.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, the pooled years.
    components : VarianceComponents
    delta : float
        Practically relevant deviation, pupil SDs.

    Returns
    -------
    DataFrame
        Table `effect`; `prob_below` is P(a < −delta), `prob_above` P(a > delta);
        `pooled_residual`, `pooled_residual_se` (sampling, transient and expectation,
        not the persistent part), `years` with data.
    """
    transient = components.transient
    terms = expectation.with_columns(weight=1 / (transient + pl.col("outcome_se") ** 2))
    weight = pl.col("weight")
    pooled = (
        terms.group_by("school_id", maintain_order=True)
        .agg(
            total_weight=weight.sum(),
            pooled_residual=(weight * pl.col("residual")).sum() / weight.sum(),
            expected_se=(weight * pl.col("expected_se")).sum() / weight.sum(),
            years=pl.len().cast(pl.Int64),
            years_below=(pl.col("residual") < 0).sum().cast(pl.Int64),
            years_above=(pl.col("residual") > 0).sum().cast(pl.Int64),
        )
        .sort("school_id")
    )
    noise = 1 / pooled["total_weight"].to_numpy()
    expected_variance = pooled["expected_se"].to_numpy() ** 2
    persistent = components.persistent
    reliability = persistent / (persistent + noise) if persistent > 0 else np.zeros_like(noise)
    effect = reliability * pooled["pooled_residual"].to_numpy()
    effect_se = np.sqrt(persistent * (1 - reliability) + reliability**2 * expected_variance)
    return pooled.select(
        "school_id",
        effect=pl.Series(effect),
        effect_se=pl.Series(effect_se),
        reliability=pl.Series(reliability),
        prob_below=pl.Series(_below(-delta, effect, effect_se)),
        prob_above=pl.Series(1 - _below(delta, effect, effect_se)),
        years_below="years_below",
        years_above="years_above",
        years="years",
        pooled_residual="pooled_residual",
        pooled_residual_se=pl.Series(np.sqrt(noise + expected_variance)),
    )


def _below(threshold: float, effect: np.ndarray, effect_se: np.ndarray) -> np.ndarray:
    """P(a < threshold) of a normal with the given mean and standard deviation; a point mass where the latter is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        probability = norm.cdf((threshold - effect) / effect_se)
    return np.where(effect_se > 0, probability, (effect < threshold).astype(float))
