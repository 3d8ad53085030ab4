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

from helpers.model.errors import Errors
from helpers.model.expectation import BEND_UNIT
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
    `index_error` is the part κ² of `persistent` that the index's error makes and no school; an array (schools,) where it
    depends on their places on a parabola.
    """

    persistent: float
    transient: float
    n_years: int
    index_error: float | np.ndarray = 0.0

    @classmethod
    def of(cls, numbers: dict) -> VarianceComponents:
        """Take the components back from `model.json`."""
        return cls(numbers["persistent"], numbers["transient"], numbers["n_years"])

    def as_dict(self) -> dict:
        return asdict(self)

    @property
    def own(self) -> float:
        """τ_a²: what lasts and is the schools' own."""
        return max(self.persistent - float(np.mean(self.index_error)), 0.0)


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
    residual: np.ndarray, variance: np.ndarray, tau2: Sequence[float], fitted: np.ndarray, coefficients: int = 2,
    shared: np.ndarray | None = None,
) -> VarianceComponents:  # fmt: skip
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
    shared : array (years, years, schools), optional
        Covariances of the errors of two years' results. None: independent.

    Notes
    -----
    The covariance of each pair of years is a weighted mean of products with weights
    1/√(Var e₁ · Var e₂), corrected for the fitted coefficients and less what the errors share, and the mean over
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
        of_errors = 0.0 if shared is None else weight @ shared[first, second, both]
        covariances.append(float((count / (count - coefficients) * (weight @ product) - of_errors) / weight.sum()))
    persistent = float(np.clip(np.mean(covariances), 0.0, total)) if covariances else 0.0
    return VarianceComponents(persistent, total - persistent, len(tau2))


def pool(
    residual: np.ndarray, variance: np.ndarray, expected_se: np.ndarray, components: VarianceComponents,
    shared: np.ndarray | None = None,
) -> Pooled:  # fmt: skip
    """Pool each school's years and shrink.

    With M the precision matrix of the years' errors and transient parts (1/(τ_d² + v_t) of independent ones), W = 1ᵀM1:
    pooled residual ē = 1ᵀMe / W, reliability λ = τ_a²/(τ_a² + κ² + 1/W), effect λē, prediction variance τ_a²(1 − λ) plus
    λ² times the variance that the expectation brings. The fitted lines of different
    years err together, by how much is not known: they are taken to err as one, which
    is the cautious bound. `shared` as in `split_variance`.
    """
    return pool_by(Errors.of(~np.isnan(residual), variance, shared), residual, expected_se, components)


def pool_by(errors: Errors, residual: np.ndarray, expected_se: np.ndarray, components: VarianceComponents) -> Pooled:
    """`pool` where the errors are at hand."""
    weight = errors.weights(components.transient) * errors.ones
    with np.errstate(divide="ignore", invalid="ignore"):
        total = (weight * errors.ones).sum(axis=0)
        noise = 1 / total
        mean = (weight * errors.turned(residual)).sum(axis=0) / total
        line = (weight * errors.turned(expected_se)).sum(axis=0) / total
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


def shared_by_year(shared: pl.DataFrame, years: Sequence[int], schools: pl.Series) -> np.ndarray | None:
    """The table `shared_errors` as an array (years, years, schools), 0 on its diagonal; None where no errors are shared."""
    placed = shared.join(pl.DataFrame({"school_id": schools}).with_row_index("place"), on="school_id").filter(
        pl.col("year").is_in(list(years)), pl.col("later_year").is_in(list(years))
    )
    if placed.is_empty():
        return None
    of_year = {year: number for number, year in enumerate(years)}
    first, second = (placed[name].replace_strict(of_year).to_numpy() for name in ("year", "later_year"))
    made = np.zeros((len(years), len(years), len(schools)))
    made[first, second, placed["place"]] = made[second, first, placed["place"]] = placed["covariance"]
    return made


def coefficients_of(fits: Sequence[dict]) -> int:
    """How many coefficients each year's line of `model.json` has: two, of a parabola three."""
    return 3 if any(fit.get("bend") for fit in fits) else 2


def variance_components(
    expectation: pl.DataFrame, tau2: dict[int, float], coefficients: int = 2, shared: pl.DataFrame | None = None
) -> VarianceComponents:
    """`split_variance` of the table `expectation`, pooled years; `tau2` by year, `shared` of `shared_errors`."""
    years, schools = sorted(tau2), expectation["school_id"].unique().sort()
    residual, error, fitted = (
        by_year(expectation, name, years, schools) for name in ("residual", "outcome_se", "in_model")
    )
    together = None if shared is None else shared_by_year(shared, years, schools)
    return split_variance(residual, error**2, [tau2[year] for year in years], fitted, coefficients, together)


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
        told = both.height > 2 and both["shrunken"].n_unique() > 1 and both["shrunken_next"].n_unique() > 1
        correlation = both.select(pl.corr("shrunken", "shrunken_next")).item() if told else None
        pairs.append({"year": year, "next_year": following, "n_schools": both.height, "correlation": correlation})
    return pairs


def school_effects(
    expectation: pl.DataFrame, components: VarianceComponents, delta: float, shared: pl.DataFrame | None = None
) -> pl.DataFrame:
    """`pool` of the table `expectation`.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, the pooled years.
    components : VarianceComponents
    delta : float
        Practically relevant deviation, pupil SDs.
    shared : DataFrame, optional
        Of table `shared_errors`, one variant of the outcome.

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
    together = None if shared is None else shared_by_year(shared, years, schools)
    pooled = pool(residual, error**2, expected_se, components, together)
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


def foretold(
    history: pl.DataFrame, components: VarianceComponents, year: int, shared: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What the residuals of some years let expect of a later one: what lasts, and the luck of pupils who sit again.

    Parameters
    ----------
    history : DataFrame
        Table `expectation`, the earlier years.
    components : VarianceComponents
    year : int
        The later year.
    shared : DataFrame, optional
        As in `school_effects`.

    Returns
    -------
    DataFrame
        school_id, pooled_residual (ē), reliability (λ), effect (the residual to be expected: λē and s'M(e − λē), s the
        covariances of the later year's error with the earlier ones, M their precision matrix), unknown (variance of the
        later residual around it, without the later year's own part and sampling error: τ_a²(1 − λ)(1 − s'M1)² − s'Ms).
    """
    years, schools = history["year"].unique().sort().to_list(), history["school_id"].unique().sort()
    residual, error, expected_se = (
        by_year(history, name, years, schools) for name in ("residual", "outcome_se", "expected_se")
    )
    whole = None if shared is None else shared_by_year(shared, [*years, year], schools)
    together, later = (None, np.zeros_like(residual)) if whole is None else (whole[:-1, :-1], whole[:-1, -1])
    errors = Errors.of(~np.isnan(residual), error**2, together)
    known = pool_by(errors, residual, expected_se, components)
    weight, carried = errors.weights(components.transient), errors.turned(later)
    luck = (weight * carried * (errors.turned(residual) - errors.ones * known.effect)).sum(axis=0)
    lasting = components.own * (1 - known.reliability)
    unknown = lasting * (1 - (weight * carried * errors.ones).sum(axis=0)) ** 2 - (weight * carried**2).sum(axis=0)
    return pl.DataFrame(
        {
            "school_id": schools,
            "pooled_residual": known.residual,
            "reliability": known.reliability,
            "effect": known.effect + luck,
            "unknown": unknown,
        }
    )


def judged_effects(
    expectation: pl.DataFrame, fits: Sequence[dict], components: VarianceComponents, reliability: float, flag: FlagRules,
    shared: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Every school's own lasting effect, at the reliability of the index that the report believes and at others.

    Parameters
    ----------
    expectation : DataFrame
        Table `expectation`, the pooled years; `error_growth` of table `outcome` beside it, if errors grow with the effect.
    fits : sequence of dict
        The fits of these years, from `model.json`.
    components : VarianceComponents
        Of these residuals.
    reliability : float
        λ of the index.
    flag : FlagRules
    shared : DataFrame, optional
        As in `school_effects`.

    Returns
    -------
    effect : DataFrame
        Table `effect`: `school_effects` with `effect`, `effect_se`, `prob_below`, `prob_above` of `lasting_effects` at λ;
        `next_residual` (what the next year's residual will be on average: the index's error lasts as the effect does);
        `least_reliability`, the least λ at which P on the school's side still reaches `flag.watch` (0.5 where it does so at
        0.5 and below; null where it does not at 1).
    at : DataFrame
        school_id, reliability (`ROW`), prob_below, prob_above; of the schools that reach `flag.watch` on any side.
    """
    years, schools = expectation["year"].unique().sort().to_list(), expectation["school_id"].unique().sort()
    residual, error, line_se, fitted = (
        by_year(expectation, name, years, schools) for name in ("residual", "outcome_se", "expected_se", "in_model")
    )
    together = None if shared is None else shared_by_year(shared, years, schools)
    growth = by_year(expectation, "error_growth", years, schools) if "error_growth" in expectation.columns else None
    spread = float(expectation.filter("in_model").select(pl.var("index")).item())
    bends = [(fit.get("bend") or 0.0) / BEND_UNIT**2 for fit in fits]
    away = _away(expectation, fits, years, schools) if any(bends) else 0.0

    def judged(value: float, chosen: np.ndarray | None = None) -> Posterior:
        index_error = index_error_variance([fit["slope"] for fit in fits], spread, value, bends, away)
        of_years = (residual, error**2, line_se, fitted, index_error, together, coefficients_of(fits))
        return lasting_effects(*of_years, chosen, growth)

    def beyond(made: Posterior) -> np.ndarray:
        return np.stack([made.prob_below(-flag.delta), 1 - made.prob_below(flag.delta)])

    own = judged(reliability)
    below, above = beyond(own)
    side = (own.effect >= 0).astype(int)
    # the less reliable the index, the less is known: only of a school that can be named at its best is the rest asked
    best = beyond(judged(_TRIED[0]))
    asked = np.flatnonzero(np.maximum(best, [below, above]).max(axis=0) >= flag.watch)
    tried = np.stack([best[:, asked], *(beyond(judged(value, asked)) for value in _TRIED[1:])])
    least = np.full(len(schools), np.nan)
    least[asked] = _least(tried[:, side[asked], np.arange(len(asked))], flag.watch)
    effect = school_effects(expectation, components, flag.delta, shared).with_columns(
        next_residual=pl.col("effect"),
        effect=pl.Series(own.effect),
        effect_se=pl.Series(own.effect_se),
        prob_below=pl.Series(below),
        prob_above=pl.Series(above),
        least_reliability=pl.Series(least).fill_nan(None),
    )
    at = [
        pl.DataFrame(
            {
                "school_id": schools.gather(asked),
                "reliability": np.full(len(asked), value),
                "prob_below": low,
                "prob_above": high,
            }
        )
        for value, (low, high) in zip(ROW, tried, strict=False)
    ]
    return effect, pl.concat(at)


def _away(expectation: pl.DataFrame, fits: Sequence[dict], years: Sequence[int], schools: pl.Series) -> np.ndarray:
    """Each school's index less the one at which the slopes are, mean over its years; a parabola ends with its schools."""
    x = by_year(expectation, "index", years, schools)
    of_year = {fit["year"]: fit for fit in fits}
    low, high, centre = (np.array([[of_year[year][name]] for year in years]) for name in ("low", "high", "centre"))
    return np.nanmean(np.clip(x, low, high) - centre, axis=0)


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
