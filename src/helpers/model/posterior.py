"""What is known of a school's own lasting effect: the index's error, the unknown variances and far-out schools counted in.

A school's residuals are lasting effect a_j, what the error of its index adds to every year c_j, the year's own
d_jt, and the error of the result. The two variances of a and d are not known but have a posterior; integrating over it
keeps the probabilities honest where data tell little of them (Gelman, 2006). Effects are normal, but some schools may
lie further out (Tukey's contaminated normal, 1960), so that these do not widen the distribution of all.
Arrays of several years are (years, schools), nan where a school has no residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, ndtr

from helpers.model.errors import Errors

WIDER = 3.0
"""How many times the standard deviation of the far-out schools is that of the others."""
FAR_OUT = np.array([0.0, 0.05, 0.1, 0.2])
"""Shares of far-out schools, equally probable beforehand."""
_NODES = 13
_REACH = 10.0
"""Log posterior below the best at which a value of the variances no longer matters."""
_NEGLIGIBLE = 1e-2
"""Share of the greatest weight below which a pair of variances is left out."""
_BY_TURNS = 4
"""How many times effects and the errors that grow with them are found by turns."""
_JUDGED_ON = 3000
"""At most so many schools, evenly taken, judge the variances: more would move no probability."""


@dataclass(frozen=True)
class Posterior:
    """Every school's effect as a mixture of normals: arrays (components, schools).

    `persistent`, `transient`: posterior means of the two variances; `persistent_interval`: 95 % of the first.
    Columns are nan for a school without any residual.
    """

    weight: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    persistent: float
    transient: float
    persistent_interval: tuple[float, float]

    @property
    def effect(self) -> np.ndarray:
        """Posterior mean, (schools,)."""
        return (self.weight * self.mean).sum(axis=0)

    @property
    def effect_se(self) -> np.ndarray:
        """Posterior standard deviation, (schools,)."""
        return np.sqrt((self.weight * (self.variance + (self.mean - self.effect) ** 2)).sum(axis=0))

    def prob_below(self, threshold: float) -> np.ndarray:
        """P(a < threshold), (schools,); a component without variance is a point."""
        with np.errstate(divide="ignore", invalid="ignore"):
            below = ndtr((threshold - self.mean) / np.sqrt(self.variance))
        below = np.where(self.variance > 0, below, (self.mean < threshold).astype(float))
        told = (self.weight * below).sum(axis=0)
        return np.where(np.isnan(self.effect), np.nan, told)


@dataclass(frozen=True)
class _Sums:
    """1ᵀM1, 1ᵀMe, eᵀMe, −log|M|, M the precision of a school's residuals around its lasting part; arrays (schools,)."""

    precision: np.ndarray
    pull: np.ndarray
    square: np.ndarray
    log_det: np.ndarray

    def log_density(self, lasting: np.ndarray) -> np.ndarray:
        """Log density of the residuals, up to a constant, at variances `lasting` (values, schools or 1): (values, schools)."""
        total = 1 + lasting * self.precision
        return -0.5 * (self.log_det + np.log(total) + self.square - lasting * self.pull**2 / total)


@dataclass(frozen=True)
class _Judged:
    """Residuals by which the variances are judged: turned as their errors, those, and κ² (schools or 1,)."""

    residual: np.ndarray
    errors: Errors
    index_error: np.ndarray

    def sums(self, transient: float) -> _Sums:
        weight, ones = self.errors.weights(transient), self.errors.ones
        pulled = weight * self.residual
        return _Sums(
            (weight * ones**2).sum(axis=0),
            (pulled * ones).sum(axis=0),
            (pulled * self.residual).sum(axis=0),
            self.errors.log_det(transient),
        )

    def log_likelihood(self, own: np.ndarray, transient_sd: float) -> np.ndarray:
        """Log likelihood of all residuals at standard deviations `own`: array (own, far-out shares)."""
        sums = self.sums(transient_sd**2)
        near = sums.log_density(own[:, None] ** 2 + self.index_error)
        far = sums.log_density((WIDER * own[:, None]) ** 2 + self.index_error)
        ratio = np.exp(np.clip(far - near, -700, 700))
        total = near.sum(axis=1)
        return np.stack([total + (np.log(1 - s + s * ratio).sum(axis=1) if s else 0.0) for s in FAR_OUT], axis=1)


def lasting_effects(
    residual: np.ndarray,
    variance: np.ndarray,
    expected_se: np.ndarray,
    fitted: np.ndarray,
    index_error: float | np.ndarray = 0.0,
    shared: np.ndarray | None = None,
    coefficients: int = 2,
    chosen: np.ndarray | None = None,
    growth: np.ndarray | None = None,
) -> Posterior:
    """Posterior of every school's lasting effect.

    Parameters
    ----------
    residual, variance, expected_se : array (years, schools)
        Residuals, sampling variances of the results, standard errors of the expected result.
    fitted : array (years, schools) of bool
        Schools in each year's fit: the variances are judged by them.
    index_error : float or array (schools,)
        κ², the variance that the index's error adds to the lasting part of a residual (`index_error_variance`).
    shared : array (years, years, schools), optional
        Covariances of the errors of two years' results; the diagonal is not read. None: independent.
    coefficients : int
        Of each year's line; residuals of the fit are that much too small.
    chosen : array of int, optional
        Places of the schools whose effects are asked for; None: of all. The variances are judged by the others too.
    growth : array (years, schools), optional
        How much `variance` grows with what lasts of the residual, as of shares it does: p(1 − p) is greater nearer to one half. None: not.

    Notes
    -----
    Beforehand the variance of a is uniform, which keeps the coverage of intervals where schools are few (Morris, 1983),
    and the standard deviation of d is. The posterior is summed over a grid that is narrowed to where it stands. Lines of
    different years are taken to err as one. With one year, a and d cannot be told apart: d is 0.

    Where errors grow with the effect, a school is judged at the greater of its variance without an effect and at the one
    that is found, by turns. The variances of a and d are judged without: by errors that follow a school's luck they would
    come out too small.
    """
    there = np.isfinite(residual)
    fitted = fitted & there
    count = np.maximum(fitted.sum(axis=1, keepdims=True), coefficients + 1)
    scaled = residual * np.sqrt(count / (count - coefficients))
    index_error = np.atleast_1d(index_error)
    own, year, log_posterior = _located(_judging(scaled, variance, fitted, index_error, shared))

    weight = np.exp(log_posterior - logsumexp(log_posterior))  # (own, year, far-out shares)
    pairs = weight.sum(axis=2)
    kept = pairs > _NEGLIGIBLE * pairs.max()
    if chosen is not None:
        there, residual, variance, expected_se = (part[:, chosen] for part in (there, residual, variance, expected_se))
        shared = None if shared is None else shared[..., chosen]
        index_error = index_error[chosen] if len(index_error) > 1 else index_error
        growth = None if growth is None else growth[:, chosen]

    def judged(variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        errors = Errors.of(there, variance, shared)
        asked = _Judged(errors.turned(residual), errors, index_error)
        line_se = errors.turned(expected_se)
        weights, means, variances, lasts = [], [], [], []
        for t in np.flatnonzero(kept.any(axis=0)):
            sums = asked.sums(year[t] ** 2)
            with np.errstate(divide="ignore", invalid="ignore"):
                noise = 1 / sums.precision
                mean = sums.pull * noise
                # the line's error weighs as the years do
                line2 = ((errors.weights(year[t] ** 2) * errors.ones * line_se).sum(axis=0) * noise) ** 2
            for a in np.flatnonzero(kept[:, t]):
                scales = own[a] ** 2 * np.array([1.0, WIDER**2])
                near, far = sums.log_density(scales[:, None] + index_error)
                ratio = np.exp(np.clip(far - near, -700, 700))
                wide = sum(w * s * ratio / (1 - s + s * ratio) for w, s in zip(weight[a, t], FAR_OUT, strict=True))
                for share, scale in ((pairs[a, t] - wide, scales[0]), (wide, scales[1])):
                    shrinkage = scale / (scale + index_error + noise) if scale > 0 else np.zeros_like(noise)
                    weights.append(share)
                    means.append(shrinkage * mean)
                    lasts.append((scale + index_error) / (scale + index_error + noise) * mean)
                    variances.append(scale * (1 - shrinkage) + shrinkage**2 * line2)
        stacked = np.stack(weights)
        stacked = np.where(there.any(axis=0), stacked / stacked.sum(axis=0), np.nan)
        return stacked, np.stack(means), np.stack(variances), (stacked * np.stack(lasts)).sum(axis=0)

    shares, means, variances, lasts = judged(variance)
    for _ in range(_BY_TURNS if growth is not None and np.nan_to_num(growth).any() else 0):
        grown = np.maximum(
            np.nan_to_num(growth * lasts), 0
        )  # the index's error moves the true result as the effect does
        shares, means, variances, lasts = judged(variance + grown)
    effective = 1 + (WIDER**2 - 1) * FAR_OUT
    of_own = weight.sum(axis=1)  # (own, far-out shares)
    lasting = (own[:, None] ** 2 * effective).ravel()
    order = np.argsort(lasting)
    ordered = lasting[order]
    reached = np.cumsum(of_own.ravel()[order])
    lower, upper = (float(ordered[min(int(np.searchsorted(reached, p)), len(order) - 1)]) for p in (0.025, 0.975))
    return Posterior(
        shares, means, variances, float(of_own.ravel() @ lasting),
        float(pairs.sum(axis=0) @ year**2), (lower, upper),
    )  # fmt: skip


def _judging(
    residual: np.ndarray, variance: np.ndarray, fitted: np.ndarray, index_error: np.ndarray, shared: np.ndarray | None
) -> _Judged:
    """The schools of the fit, or some of them where they are many."""
    chosen = np.flatnonzero(fitted.any(axis=0))
    chosen = chosen[:: -(-len(chosen) // _JUDGED_ON)]
    errors = Errors.of(fitted[:, chosen], variance[:, chosen], None if shared is None else shared[..., chosen])
    of_fit = np.where(fitted, residual, np.nan)[:, chosen]
    return _Judged(errors.turned(of_fit), errors, index_error[chosen] if len(index_error) > 1 else index_error)


def _located(judged: _Judged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Narrow the box of the two standard deviations; its nodes and the log posterior (own, year, far-out shares) there."""
    square = float((judged.residual**2).sum() / judged.errors.there.sum())
    widest = 2.5 * np.sqrt(square) or 1e-9
    box = [(0.0, widest), (0.0, widest if len(judged.residual) > 1 else 0.0)]
    for _ in range(12):
        own, year = (np.linspace(*side, _NODES if side[1] > side[0] else 1) for side in box)
        log_posterior = np.stack([judged.log_likelihood(own, value) for value in year], axis=1)
        # uniform in the variance is uniform in its root times the root
        log_posterior = log_posterior + np.log(np.maximum(own, 1e-12 * own[-1]))[:, None, None]
        for axis, side in enumerate((own, year)):
            ends = np.ones(len(side))
            ends[[0, -1]] = 0.5 if len(side) > 1 else 1.0
            shape = [1, 1, 1]
            shape[axis] = len(side)
            log_posterior = log_posterior + np.log(ends).reshape(shape)
        narrower, enough = [], True
        for axis, side in enumerate((own, year)):
            along = log_posterior.max(axis=tuple(other for other in range(3) if other != axis))
            near = np.flatnonzero(along > along.max() - _REACH)
            low, high = max(near[0] - 1, 0), min(near[-1] + 1, len(side) - 1)
            narrower.append((float(side[low]), float(side[high])))
            enough &= len(side) == 1 or high - low >= (_NODES - 1) // 2
        if enough:
            break
        box = narrower
    return own, year, log_posterior


def index_error_variance(
    slopes: Sequence[float],
    spread: float,
    reliability: float,
    bends: Sequence[float] = (0.0,),
    away: float | np.ndarray = 0.0,
) -> float | np.ndarray:
    """κ² = β̄² s_I² (1 − λ)/λ, what the index's error adds to the variance of schools of equal index.

    The expected result given the index holds λ already: E[context | index] is a line, the slope is not divided
    (Fuller, 1987). On a parabola the slope is that where the school stands, and the bend adds 2 γ̄² s_I⁴ ((1 − λ)/λ)²: the
    variance of a quadratic of the context, normal given the index.

    Parameters
    ----------
    slopes : sequence of float
        Of the pooled years, pupil-SD per index point.
    spread : float
        Variance of the index between the fitted schools.
    reliability : float
        λ of the index, in (0, 1].
    bends : sequence of float
        Of the pooled years, pupil-SD per squared index point; 0 of straight lines.
    away : float or array (schools,)
        Index less the one at which `slopes` are.
    """
    unreliable, bend = spread * (1 - reliability) / reliability, float(np.mean(bends))
    return (float(np.mean(slopes)) + 2 * bend * away) ** 2 * unreliable + 2 * (bend * unreliable) ** 2
