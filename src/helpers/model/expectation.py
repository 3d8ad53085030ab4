"""What result to expect of a school in its context, and how far the school is from it.

Random-effects meta-regression y_j = x_jᵀβ + u_j + e_j with u ~ N(0, τ²) and known
sampling variances v_j of e (Thompson, Sharp, 1999); τ² by Paule and Mandel (1982);
β by weighted least squares with weights 1/(v_j + τ²). Works on vectors: no
schools × schools matrix is ever made. The line is straight, or a parabola where the years together ask for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.polynomial import chebyshev

from helpers.params import ModelRules
from helpers.problems import BadInput, Problem

BEND_UNIT = 10.0
"""Index points in whose square a parabola's third coefficient counts."""
_WORTH = 2.0
"""A bend is taken in where its square exceeds so many of its variances: there it foretells better (Akaike, 1974)."""
_NEWTON = 200
"""Steps that no search needs: each at least doubles τ² while it is far below the root, squares the error near it."""
_NOT_PLACED = ["type", "before_merger", "year_not_compared"]


@dataclass(frozen=True)
class MetaRegression:
    """A fitted meta-regression.

    Attributes
    ----------
    y, variance : array (schools,)
        Outcomes and their sampling variances, pupil-SD units (squared).
    X : array (schools, k)
        Design matrix, intercept column included.
    tau2 : float
        Variance between schools of equal context.
    """

    y: np.ndarray
    variance: np.ndarray
    X: np.ndarray
    tau2: float

    @cached_property
    def weights(self) -> np.ndarray:
        return 1 / (self.variance + self.tau2)

    @cached_property
    def cov_beta(self) -> np.ndarray:
        """(XᵀWX)⁻¹: covariance of `beta`."""
        return np.linalg.inv(self.X.T @ (self.X * self.weights[:, None]))

    @cached_property
    def beta(self) -> np.ndarray:
        root = np.sqrt(self.weights)
        return np.linalg.lstsq(self.X * root[:, None], self.y * root, rcond=None)[0]

    @cached_property
    def residual(self) -> np.ndarray:
        return self.y - self.X @ self.beta

    def expected_variance(self, X: np.ndarray) -> np.ndarray:
        """Variance xᵀ(XᵀWX)⁻¹x of the expected outcome at each row of `X`."""
        return np.einsum("ij,jk,ik->i", X, self.cov_beta, X)


def meta_regression(y: np.ndarray, variance: np.ndarray, X: np.ndarray) -> MetaRegression:
    """Fit by Paule–Mandel: τ² solves Σ w_j(τ²) e_j(τ²)² = J − k, or is 0.

    Parameters
    ----------
    y, variance : array (J,)
        Outcomes and sampling variances (> 0).
    X : array (J, k)
        Design matrix of full rank, J > k.

    Raises
    ------
    ValueError
        Too few schools, a variance that is not positive, or collinear columns.
    """
    schools, k = X.shape
    if schools <= k:
        raise ValueError(f"{schools} schools cannot determine {k} coefficients and a variance")
    if not (np.all(variance > 0) and np.all(np.isfinite(y)) and np.all(np.isfinite(X))):
        raise ValueError("outcomes and covariates must be finite, sampling variances positive")
    if np.linalg.matrix_rank(X / np.maximum(np.abs(X).max(axis=0), np.finfo(float).tiny)) < k:
        raise ValueError("covariates are collinear")
    return MetaRegression(y, variance, X, _paule_mandel(y, variance, X, target=schools - k))


def _paule_mandel(y: np.ndarray, variance: np.ndarray, X: np.ndarray, target: float) -> float:
    """The τ² at which the weighted residual sum of squares equals `target`; 0 if it is below that at 0."""
    tau2 = 0.0
    for _ in range(_NEWTON if target > 0 else 0):
        fit = MetaRegression(y, variance, X, tau2)
        pull = fit.weights * fit.residual**2
        excess = float(pull.sum()) - target
        # The sum of squares is convex, its slope −Σ w²e² (β stands at its minimum): from the left Newton never overshoots.
        moved = tau2 + excess / float(fit.weights @ pull) if excess > 0 else tau2
        if moved <= tau2 * (1 + 1e-15):
            break
        tau2 = moved
    return tau2


@dataclass(frozen=True)
class Influence:
    """Each school's pull on the fit; arrays (schools,).

    `leverage`: diagonal of the hat matrix. `studentized`: the residual from a
    model fitted without the school, τ² included, over its standard error
    (Viechtbauer, Cheung, 2010). `cooks_distance`: Cook (1977) on the whitened
    data at the fitted τ², r²h / (k (1 − h)²). Both are nan for a school without
    which the coefficients are not determined (leverage 1).
    """

    leverage: np.ndarray
    studentized: np.ndarray
    cooks_distance: np.ndarray


def influence(fit: MetaRegression) -> Influence:
    """Leave every school out once, without refitting anything that grows with J².

    At a given τ² the model without school j follows from the whole one by
    subtracting j's term of ZᵀWZ, Z = [X, residual]. Those sums are smooth functions
    of ln(v_min + τ²), so Chebyshev interpolation gives them at all J leave-one-out roots, which
    Newton's method finds together.
    """
    k = fit.X.shape[1]
    leverage = fit.weights * fit.expected_variance(fit.X)
    whitened2 = fit.weights * fit.residual**2
    alone = _alone(leverage)
    free = np.where(alone, np.nan, 1 - leverage)
    cooks_distance = whitened2 * leverage / (k * free**2)
    tau2 = _tau2_left_out(fit)
    moments = _left_out_moments(fit, _interpolated(fit, tau2.min(), tau2.max()), tau2)
    XX, Xe = moments[:, :k, :k], moments[:, :k, k]
    shift = np.linalg.solve(XX, Xe[..., None])[..., 0]
    deleted = fit.residual - np.einsum("ij,ij->i", fit.X, shift)
    prediction = np.einsum("ij,ijk,ik->i", fit.X, np.linalg.inv(XX), fit.X)
    studentized = np.where(alone, np.nan, deleted / np.sqrt(fit.variance + tau2 + prediction))
    return Influence(leverage, studentized, cooks_distance)


def _alone(leverage: np.ndarray) -> np.ndarray:
    """Schools without which the columns of the design are collinear."""
    return leverage > 1 - 1e-9


def _moments(fit: MetaRegression, tau2: float) -> np.ndarray:
    """ZᵀWZ at `tau2`, Z = [X, residual]."""
    Z = np.column_stack([fit.X, fit.residual])
    return Z.T @ (Z / (fit.variance + tau2)[:, None])


@dataclass(frozen=True)
class _Interpolated:
    """ZᵀWZ of all schools as a function of τ² on [low, high], to rounding error.

    Chebyshev polynomials in s = ln(v_min + τ²), not in τ²: there the poles τ² = −v_j keep
    a distance of π, however unequal the variances and however wide the interval.
    """

    coefficients: np.ndarray
    low: float
    high: float
    offset: float

    def _unit(self, tau2: np.ndarray) -> np.ndarray:
        low, high = np.log(self.offset + self.low), np.log(self.offset + self.high)
        return (np.log(self.offset + tau2) - low) / (high - low) * 2 - 1

    def at(self, tau2: np.ndarray) -> np.ndarray:
        return self._sum(tau2, self.coefficients)

    def slope_at(self, tau2: np.ndarray) -> np.ndarray:
        low, high = np.log(self.offset + self.low), np.log(self.offset + self.high)
        inner = 2 / (high - low) / (self.offset + tau2)
        return self._sum(tau2, chebyshev.chebder(self.coefficients)) * inner[:, None]

    def _sum(self, tau2: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        return chebyshev.chebvander(self._unit(tau2), len(coefficients) - 1) @ coefficients


def _interpolated(fit: MetaRegression, low: float, high: float) -> _Interpolated:
    offset = float(fit.variance.min())
    high = max(high, low + 1e-9 * (low + offset))
    s_low, s_high = np.log(offset + low), np.log(offset + high)
    # What the sums are made of, not what they come to: XᵀWe is next to nothing, with the rounding error of its terms.
    Z = np.abs(np.column_stack([fit.X, fit.residual]))
    rounding = 1e-14 * max(1.0, np.sqrt(len(Z) / 1000)) * (Z.T @ (Z / (fit.variance + low)[:, None])).ravel()
    for nodes in (9, 17, 33, 65, 129, 257):
        unit = chebyshev.chebpts1(nodes)
        tau2 = np.exp(s_low + (unit + 1) / 2 * (s_high - s_low)) - offset
        values = np.stack([_moments(fit, t) for t in tau2])
        coefficients = chebyshev.chebfit(unit, values.reshape(nodes, -1), nodes - 1)
        if np.all(np.abs(coefficients[-3:]) <= rounding):
            break
    return _Interpolated(coefficients, low, high, offset)


def _left_out_moments(fit: MetaRegression, whole: _Interpolated, tau2: np.ndarray) -> np.ndarray:
    """ZᵀWZ without school j at τ²_j, for all j: array (J, k + 1, k + 1)."""
    size = fit.X.shape[1] + 1
    Z = np.column_stack([fit.X, fit.residual])
    leverage = fit.weights * fit.expected_variance(fit.X)
    weight = np.where(_alone(leverage), 0.0, 1 / (fit.variance + tau2))
    return whole.at(tau2).reshape(-1, size, size) - np.einsum("i,ij,ik->ijk", weight, Z, Z)


def _tau2_left_out(fit: MetaRegression) -> np.ndarray:
    """Paule–Mandel's τ² without each school in turn."""
    schools, k = fit.X.shape
    target = schools - 1 - k
    if target <= 0:
        return np.zeros(schools)

    def left_out_excess(tau2: float) -> np.ndarray:
        at = MetaRegression(fit.y, fit.variance, fit.X, tau2)
        pull = at.weights * at.residual**2
        leverage = at.weights * at.expected_variance(at.X)
        return pull.sum() - np.where(_alone(leverage), 0.0, pull / (1 - leverage)) - target

    # Leaving a school out lowers the sum of squares, so every root lies below `high`.
    high = _paule_mandel(fit.y, fit.variance, fit.X, target)
    low = high
    step = max(high, fit.variance.min()) / schools
    while low > 0 and left_out_excess(low).min() < 0:
        low = max(low - step, 0.0)
        step *= 2
    if high == 0:
        return np.zeros(schools)
    whole = _interpolated(fit, low, high)
    low, high = whole.low, whole.high
    size = k + 1
    Z = np.column_stack([fit.X, fit.residual])
    ZZ = np.einsum("ij,ik->ijk", Z, Z)
    tau2 = np.full(schools, low)
    for _ in range(60):
        moments = _left_out_moments(fit, whole, tau2)
        slope_part = whole.slope_at(tau2).reshape(-1, size, size)
        slope_part = slope_part + ZZ / ((fit.variance + tau2) ** 2)[:, None, None]
        beta = np.linalg.solve(moments[:, :k, :k], moments[:, :k, k, None])[..., 0]
        contrast = np.column_stack([-beta, np.ones(schools)])
        excess = np.einsum("ij,ijk,ik->i", contrast, moments, contrast) - target
        slope = np.einsum("ij,ijk,ik->i", contrast, slope_part, contrast)
        # The sum of squares is convex and falls: from the left Newton never overshoots.
        moved = np.clip(tau2 - excess / slope, low, high)
        done = np.max(np.abs(moved - tau2)) <= 1e-15 + 1e-13 * high
        tau2 = moved
        if done:
            break
    return tau2


def shrink(
    residual: np.ndarray, variance: np.ndarray, expected_variance: np.ndarray, tau2: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Empirical-Bayes estimate of the school's own part u_j of its residual.

    û = λe, λ = τ²/(τ² + v); its prediction variance τ²(1 − λ) + λ² xᵀVx takes in
    the uncertainty of β (Raudenbush, Bryk, 1985).

    Returns
    -------
    shrunken, shrunken_se, reliability : arrays (schools,)
        `reliability` is λ.
    """
    reliability = tau2 / (tau2 + variance)
    error = tau2 * (1 - reliability) + reliability**2 * expected_variance
    return reliability * residual, np.sqrt(error), reliability


def expectation(
    outcome: pl.DataFrame, index: pl.DataFrame, schools: pl.DataFrame, rules: ModelRules
) -> tuple[pl.DataFrame, list[dict]]:
    """Fit each year and place every school that has an outcome and an index.

    Parameters
    ----------
    outcome, index, schools : DataFrame
        Tables `outcome`, `wellbeing_index`, `schools`.

    Returns
    -------
    table : DataFrame
        Table `expectation`. Schools left out of the fit have an expectation and a
        residual but no influence on it (leverage 0, the rest null).
    models : list of dict
        Per year: intercept, slope (pupil-SD per index point; of a parabola at `centre`), their standard
        errors and covariance, bend (pupil-SD per squared ten points of the index from `centre`; 0 where the line is
        straight), bend_se, centre, low, high (mean, least and greatest index of the fit), tau2, r2, n_schools.

    Raises
    ------
    BadInput
        A year has too few schools, or the link cannot be estimated.
    """
    tables, models = [], []
    by_years = placed(outcome, index, schools)
    bent = bends(fitted_years(by_years))
    for (year,), rows in by_years.group_by("year", maintain_order=True):
        fitted = rows.filter("in_model")
        if fitted.height < rules.min_schools:
            raise _cannot_fit(year, f"годных школ: {fitted.height}", f"не меньше {rules.min_schools}")
        if fitted["outcome"].n_unique() == 1:
            raise _cannot_fit(year, "у всех школ один и тот же результат", "различающиеся школы")
        try:
            fit = meta_regression(*arrays(fitted, bent))
        except ValueError as error:
            raise _cannot_fit(year, f"данные, по которым связь не оценить ({error})", "различающиеся школы") from None
        null = meta_regression(fit.y, fit.variance, fit.X[:, :1])
        pull = influence(fit)
        tables.append(_placed(rows, fit, pull, bent))
        x = fitted["index"]
        models.append(
            {
                "year": year,
                "intercept": float(fit.beta[0]),
                "slope": float(fit.beta[1]),
                "intercept_se": float(np.sqrt(fit.cov_beta[0, 0])),
                "slope_se": float(np.sqrt(fit.cov_beta[1, 1])),
                "covariance": float(fit.cov_beta[0, 1]),
                "bend": float(fit.beta[2]) if bent else 0.0,
                "bend_se": float(np.sqrt(fit.cov_beta[2, 2])) if bent else None,
                "centre": x.mean(),
                "low": x.min(),
                "high": x.max(),
                "tau2": fit.tau2,
                "r2": max(0.0, 1 - fit.tau2 / null.tau2) if null.tau2 > 0 else None,
                "n_schools": fitted.height,
            }
        )
    years = set(placeable(schools)["year"].unique().to_list()) - {model["year"] for model in models}
    if years:
        raise _cannot_fit(min(years), "годных школ: 0", f"не меньше {rules.min_schools}")
    return pl.concat(tables), models


def placeable(schools: pl.DataFrame) -> pl.DataFrame:
    """Schools that can have an expectation: not those of another kind or another school then, nor years not compared."""
    return schools.filter(~pl.col("why_excluded").is_in(_NOT_PLACED).fill_null(False))


def placed(outcome: pl.DataFrame, index: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """School-years that have an outcome and an index and may have an expectation: their rows of the three tables."""
    return (
        outcome.join(index.select("year", "school_id", "index"), on=["year", "school_id"])
        .join(placeable(schools), on=["year", "school_id"])
        .sort("year", "school_id")
    )


def design(x: np.ndarray, fitted: np.ndarray, bent: bool) -> np.ndarray:
    """[1, x], or of a parabola [1, x, ((x − x̄)/10)²], x̄ of the fitted schools.

    A parabola is not drawn on beyond them: schools further out are expected to do as the nearest end.
    """
    if not bent:
        return np.column_stack([np.ones_like(x), x])
    held = np.clip(x, x[fitted].min(), x[fitted].max())
    return np.column_stack([np.ones_like(x), held, ((held - x[fitted].mean()) / BEND_UNIT) ** 2])


def arrays(rows: pl.DataFrame, bent: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, their sampling variances and the `design` of `placed` rows."""
    x, in_model = rows["index"].to_numpy(), rows["in_model"].to_numpy()
    return rows["outcome"].to_numpy(), rows["outcome_se"].to_numpy() ** 2, design(x, in_model, bent)


def bends(years: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> bool:
    """Whether the line is a parabola: one form for all years, by what all years tell.

    The mean bend is worth its variance (`_WORTH`); the years are of the same schools, so that their mean is taken to err
    as a single year does. Where some year cannot have a parabola, the line is straight.

    Parameters
    ----------
    years : iterable of three arrays (schools,)
        Outcomes, sampling variances and indices of each year's fitted schools.
    """
    found = []
    for y, variance, x in years:
        try:
            fit = meta_regression(y, variance, design(x, np.ones(len(x), bool), bent=True))
        except ValueError:
            return False
        found.append((fit.beta[2], fit.cov_beta[2, 2]))
    bend, of_bend = np.mean(found, axis=0) if found else (0.0, 1.0)
    return bool(bend**2 > _WORTH * of_bend)


def fitted_years(rows: pl.DataFrame) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What `bends` asks for, of `placed` rows."""
    fitted = rows.filter("in_model").partition_by("year", maintain_order=True)
    return [(*arrays(of_year)[:2], of_year["index"].to_numpy()) for of_year in fitted]


def expected_at(fit: Mapping[str, Any], x: np.ndarray) -> np.ndarray:
    """What is expected at indices `x` by a year's fit of `model.json`, or by a published one: without `low` and `high`."""
    if not fit.get("bend"):
        return fit["intercept"] + fit["slope"] * x
    held = np.clip(x, fit.get("low", -np.inf), fit.get("high", np.inf))
    return fit["intercept"] + fit["slope"] * held + fit["bend"] * ((held - fit["centre"]) / BEND_UNIT) ** 2


def _placed(rows: pl.DataFrame, fit: MetaRegression, pull: Influence, bent: bool) -> pl.DataFrame:
    y, variance, X = arrays(rows, bent)
    expected_variance = fit.expected_variance(X)
    residual = y - X @ fit.beta
    in_model = rows["in_model"].to_numpy()
    shrunken, shrunken_se, reliability = shrink(residual, variance, expected_variance, fit.tau2)

    def of_fitted(values: np.ndarray, elsewhere: float) -> pl.Series:
        column = np.full(len(y), elsewhere)
        column[in_model] = values
        return pl.Series(column).fill_nan(None)

    # Var(y_j − ŷ_j): the fit has seen y_j of the schools in it, not of the others.
    seen = np.where(in_model, -expected_variance, expected_variance)
    return rows.select(
        "year",
        "school_id",
        "outcome",
        "outcome_se",
        "index",
        expected=pl.Series(X @ fit.beta),
        expected_se=pl.Series(np.sqrt(expected_variance)),
        residual=pl.Series(residual),
        residual_se=pl.Series(np.sqrt(np.maximum(variance + fit.tau2 + seen, 0))),
        leverage=of_fitted(pull.leverage, 0.0),
        studentized=of_fitted(pull.studentized, np.nan),
        cooks_distance=of_fitted(pull.cooks_distance, np.nan),
        shrunken=pl.Series(shrunken),
        shrunken_se=pl.Series(shrunken_se),
        reliability=pl.Series(reliability),
        in_model=pl.col("in_model"),
    )


def _cannot_fit(year: int, found: str, expected: str) -> BadInput:
    return BadInput(
        Problem(
            file=f"данные за {year} год",
            found=found,
            expected=expected,
            advice="проверьте исключённые школы (таблица schools, столбец why_excluded) или уберите год",
        )
    )
