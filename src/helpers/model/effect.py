"""A school's lasting effect: what its residuals of several years have in common.

The school's part of a residual is persistent a_j plus transient d_jt (Kane, Staiger,
2001). The estimate is the best linear prediction of a_j from all the years there are.
Arrays of several years are (years, schools), nan where a school has no residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from helpers.model.posterior import Posterior, index_error_variance, lasting_effects
from helpers.params import FlagRules

ROW = (1.0, 0.95, 0.9, 0.85, 0.8)
"""Reliabilities of the index at which the promise is printed."""
_TRIED = (*ROW, 0.7, 0.6, 0.5)
"""Those at which every school is judged, to find the least that its conclusion bears."""


@dataclass(frozen=True)
class VarianceComponents:
    """Variances between schools of equal context, in pupil SDs squared.

    `persistent` lasts over the years, `transient` is a year's own. With one year
    they cannot be told apart: all of τ² stands in `persistent`, `n_years` is 1.
    `index_error` is the part κ² of `persistent` that the index's error makes and no school.
    """

    persistent: float
    transient: float
    n_years: int
    index_error: float = 0.0

    @classmethod
    def of(cls, numbers: dict) -> VarianceComponents:
        """Take the components back from `model.json`."""
        return cls(numbers["persistent"], numbers["transient"], numbers["n_years"])

    def as_dict(self) -> dict:
        return asdict(self)

    @property
    def own(self) -> float:
        """τ_a²: what lasts and is the schools' own."""
        return max(self.persistent - self.index_error, 0.0)


@dataclass(frozen=True)
class Pooled:
    """Arrays (schools,): the shrunken persistent effect, its standard error, and what it was made from.

    `reliability` is λ, `residual` the weighted mean residual, `residual_se` its standard error (sampling,
    transient and expectation, not the persistent part); nan for a school without any year.
    """

    effect: np.ndarray
    effect_se: np.ndarray
    reliability: np.ndarray
    residual: np.ndarray
    residual_se: np.ndarray

    def prob_below(self, threshold: float) -> np.ndarray:
        """P(a < threshold) of a normal; a point mass where the standard error is 0, nan without an effect."""
        with np.errstate(divide="ignore", invalid="ignore"):
            probability = ndtr((threshold - self.effect) / self.effect_se)
        point = np.where(np.isnan(self.effect), np.nan, (self.effect < threshold).astype(float))
        return np.where(self.effect_se > 0, probability, point)


def split_variance(
    residual: np.ndarray, variance: np.ndarray, tau2: Sequence[float], fitted: np.ndarray, coefficients: int = 2
) -> VarianceComponents:
    """Part τ² by the covariance of the same schools' residuals in two years.

    Parameters
    ----------
    residual, variance : array (years, schools)
        Residuals and their sampling variances.
    tau2 : sequence of float
        Each year's τ².
    fitted : array (years, schools) of bool
        Schools in each year's fit.
    coefficients : int
        Of each year's line.

    Notes
    -----
    The covariance of each pair of years is a weighted mean of products with weights
    1/√(Var e₁ · Var e₂), corrected for the fitted coefficients, and the mean over
    pairs is held within [0, mean τ²].
    """
    total = float(np.mean(tau2))
    if len(tau2) == 1:
        return VarianceComponents(total, 0.0, 1)
    covariances = []
    for first, second in combinations(range(len(tau2)), 2):
        both = fitted[first] & fitted[second]
        count = int(both.sum())
        if count <= coefficients:
            continue
        weight = 1 / np.sqrt((variance[first, both] + tau2[first]) * (variance[second, both] + tau2[second]))
        product = residual[first, both] * residual[second, both]
        covariances.append(count / (count - coefficients) * float(weight @ product / weight.sum()))
    persistent = float(np.clip(np.mean(covariances), 0.0, total)) if covariances else 0.0
    return VarianceComponents(persistent, total - persistent, len(tau2))


def pool(residual: np.ndarray, variance: np.ndarray, expected_se: np.ndarray, components: VarianceComponents) -> Pooled:
    """Pool each school's years and shrink.

    With weights w_t = 1/(τ_d² + v_t), W = Σw_t: pooled residual ē = Σw_t e_t / W,
    reliability λ = τ_a²/(τ_a² + κ² + 1/W), effect λē, prediction variance τ_a²(1 − λ) plus
    λ² times the variance that the expectation brings. The fitted lines of different
    years err together, by how much is not known: they are taken to err as one, which
    is the cautious bound.
    """
    weight = np.where(np.isnan(residual), 0.0, 1 / (components.transient + variance))
    with np.errstate(divide="ignore", invalid="ignore"):
        total = weight.sum(axis=0)
        noise = 1 / total
        mean = np.nansum(weight * residual, axis=0) / total
        line = np.nansum(weight * expected_se, axis=0) / total
        own = components.own
        unlike = components.index_error + noise
        reliability = own / (own + unlike) if own > 0 else np.where(total > 0, 0.0, np.nan)
        error = own * (1 - reliability) + reliability**2 * line**2
        return Pooled(reliability * mean, np.sqrt(error), reliability, mean, np.sqrt(noise + line**2))


def by_year(table: pl.DataFrame, column: str, years: Sequence[int], schools: pl.Series) -> np.ndarray:
    """A column of a long table as an array (years, schools); nan (False for a flag) where there is no row."""
    flag = table.schema[column] == pl.Boolean
    made = np.zeros((len(years), len(schools)), bool) if flag else np.full((len(years), len(schools)), np.nan)
    place = pl.DataFrame({"school_id": schools}).with_row_index("place")
    for number, year in enumerate(years):
        of_year = table.filter(pl.col("year") == year).select("school_id", column)
        rows = of_year.drop_nulls(column).join(place, on="school_id")
        made[number, rows["place"].to_numpy()] = rows[column].to_numpy()
    return made


def coefficients_of(fits: Sequence[dict]) -> int:
    """How many coefficients each year's line of `model.json` has: two, of a parabola three."""
    return 3 if any(fit.get("bend") for fit in fits) else 2


def variance_components(expectation: pl.DataFrame, tau2: dict[int, float], coefficients: int = 2) -> VarianceComponents:
    """`split_variance` of the table `expectation`, pooled years; `tau2` by year."""
    years, schools = sorted(tau2), expectation["school_id"].unique().sort()
    residual, error, fitted = (
        by_year(expectation, name, years, schools) for name in ("residual", "outcome_se", "in_model")
    )
    return split_variance(residual, error**2, [tau2[year] for year in years], fitted, coefficients)


def year_to_year(expectation: pl.DataFrame) -> list[dict]:
    """How alike the same schools' effects are in years that follow one another.

    Returns
    -------
    list of dict
        year, next_year, n_schools, correlation of `shrunken` (each year's own empirical-Bayes estimate) over the
        schools in both fits; None with fewer than three schools or without any spread.
    """
    fitted = expectation.filter("in_model").select("year", "school_id", "shrunken")
    years = fitted["year"].unique().sort().to_list()
    pairs = []
    for year, following in pairwise(years):
        both = fitted.filter(year=year).join(fitted.filter(year=following), on="school_id", suffix="_next")
        told = both.height > 2 and both["shrunken"].std() > 0 and both["shrunken_next"].std() > 0
        correlation = both.select(pl.corr("shrunken", "shrunken_next")).item() if told else None
        pairs.append({"year": year, "next_year": following, "n_schools": both.height, "correlation": correlation})
    return pairs


def school_effects(expectation: pl.DataFrame, components: VarianceComponents, delta: float) -> pl.DataFrame:
    """`pool` of the table `expectation`.

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
        `pooled_residual`, `pooled_residual_se` (`Pooled`), `years` with data.
    """
    years, schools = expectation["year"].unique().sort().to_list(), expectation["school_id"].unique().sort()
    residual, error, expected_se = (
        by_year(expectation, name, years, schools) for name in ("residual", "outcome_se", "expected_se")
    )
    pooled = pool(residual, error**2, expected_se, components)
    return pl.DataFrame(
        {
            "school_id": schools,
            "effect": pooled.effect,
            "effect_se": pooled.effect_se,
            "reliability": pooled.reliability,
            "prob_below": pooled.prob_below(-delta),
            "prob_above": 1 - pooled.prob_below(delta),
            "years_below": (residual < 0).sum(axis=0),
            "years_above": (residual > 0).sum(axis=0),
            "years": (~np.isnan(residual)).sum(axis=0),
            "pooled_residual": pooled.residual,
            "pooled_residual_se": pooled.residual_se,
        }
    )


def judged_effects(
    expectation: pl.DataFrame, fits: Sequence[dict], components: VarianceComponents, reliability: float, flag: FlagRules
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every school's own lasting effect, at the reliability of the index that the report believes and at others.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, the pooled years.
    fits : sequence of dict
        The fits of these years, from `model.json`.
    components : VarianceComponents
        Of these residuals.
    reliability : float
        λ of the index.
    flag : FlagRules

    Returns
    -------
    effect : DataFrame
        Table `effect`: `school_effects` with `effect`, `effect_se`, `prob_below`, `prob_above` of `lasting_effects` at λ;
        `next_residual` (what the next year's residual will be on average: the index's error lasts as the effect does);
        `least_reliability`, the least λ at which P on the school's side still reaches `flag.watch` (0.5 where it does so at
        0.5 and below; null where it does not at 1).
    at : DataFrame
        school_id, reliability (`ROW`), prob_below, prob_above.
    """
    years, schools = expectation["year"].unique().sort().to_list(), expectation["school_id"].unique().sort()
    residual, error, line_se, fitted = (
        by_year(expectation, name, years, schools) for name in ("residual", "outcome_se", "expected_se", "in_model")
    )
    spread = float(expectation.filter("in_model")["index"].var())

    def judged(value: float) -> Posterior:
        index_error = index_error_variance([fit["slope"] for fit in fits], spread, value)
        return lasting_effects(residual, error**2, line_se, fitted, index_error, coefficients=coefficients_of(fits))

    def beyond(made: Posterior) -> tuple[np.ndarray, np.ndarray]:
        return made.prob_below(-flag.delta), 1 - made.prob_below(flag.delta)

    own = judged(reliability)
    below, above = beyond(own)
    tried = {value: beyond(judged(value)) for value in _TRIED}
    side = (own.effect >= 0).astype(int)
    on_side = np.stack([np.stack(tried[value])[side, np.arange(len(side))] for value in _TRIED])
    effect = school_effects(expectation, components, flag.delta).with_columns(
        next_residual=pl.col("effect"),
        effect=pl.Series(own.effect),
        effect_se=pl.Series(own.effect_se),
        prob_below=pl.Series(below),
        prob_above=pl.Series(above),
        least_reliability=pl.Series(_least(on_side, flag.watch)).fill_nan(None),
    )
    at = [
        pl.DataFrame(
            {"school_id": schools, "reliability": value, "prob_below": tried[value][0], "prob_above": tried[value][1]}
        )
        for value in ROW
    ]
    return effect, pl.concat(at)


def _least(probability: np.ndarray, watch: float) -> np.ndarray:
    """Where a school's probabilities at `_TRIED`, (reliabilities, schools), fall below `watch`; probits are interpolated."""
    least = np.full(probability.shape[1], np.nan)
    probit = ndtri(np.clip(probability, 1e-12, 1 - 1e-12)) - ndtri(watch)
    reached = np.cumprod(probit >= 0, axis=0).sum(axis=0)
    for school in np.flatnonzero(reached):
        last = reached[school] - 1
        if last == len(_TRIED) - 1:
            least[school] = _TRIED[-1]
            continue
        high, low = probit[last, school], probit[last + 1, school]
        least[school] = _TRIED[last] + (_TRIED[last + 1] - _TRIED[last]) * high / (high - low)
    return least
