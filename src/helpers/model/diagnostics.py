"""Does the line of one year describe its schools: checks of a fitted link.

Everything but the remote and the municipal check is least squares on the whitened data √w·y, √w·X with
the fit's own weights w = 1/(v + τ²), τ² held fixed: in these units a residual's standard deviation is 1.
statsmodels' `linear_reset` on a weighted fit forgets the weights, and its influence measures are wrong
there, so that both are done here.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import chdtrc, ndtr

from helpers.model.expectation import MetaRegression, meta_regression

if TYPE_CHECKING:
    from statsmodels.regression.linear_model import RegressionResults

MIN_SCHOOLS = 5
"""Fewer tell nothing about the form of a line."""

CURVE_POINTS = 41
"""Of the smoothed curve, evenly spaced from the lowest index to the highest."""

_NO_NOISE = 1e-9
"""Whitened residuals, whose standard deviation should be 1, that are rounding errors only."""

_BOUNDARY = 1e-6
"""Share of variance between municipalities that stands for none: there the optimiser stops short of 0."""


def diagnose(fit: MetaRegression, remote: np.ndarray | None = None, municipality: np.ndarray | None = None) -> dict:
    """Check one year's link.

    Parameters
    ----------
    fit : MetaRegression
        Outcome on an intercept and the index, and its square where the line is a parabola.
    remote : array (schools,) of 0 and 1, optional
    municipality : array (schools,) of ids, optional

    Returns
    -------
    dict
        Floats, or None where a check cannot be made, ready for JSON:

        ``slope_hc3_se``
            Standard error of the slope whatever the residuals' variances (MacKinnon, White, 1985).
        ``breusch_pagan_p``
            Do whitened residuals spread alike over the index (Breusch, Pagan, 1979; Koenker, 1981)?
        ``reset_p``
            Do the next two powers of the index add to the line (Ramsey, 1969)?
        ``quadratic``, ``quadratic_p``
            Coefficient of the squared index (pupil SDs per squared point), its t test.
        ``r2_left_out``
            Share of the outcomes' weighted variance that is foretold by a line that has not seen the school.
        ``huber_slope``
            Slope that outlying schools pull less on (Huber, 1964), pupil SDs per point.
        ``remote_coefficient``, ``remote_se``, ``remote_p``
            What remote schools have beside the line (pupil SDs), in a meta-regression of its own.
        ``municipal_slope``, ``municipal_icc``, ``municipal_reason``
            Slope within a random intercept per municipality, unweighted, by REML, and the share of the residual
            variance that lies between municipalities; the reason where there is none: `no_groups`,
            `one_group`, `one_school_each`, `too_little_data`, `boundary` (no variance found between
            municipalities), `not_converged`.

        All are None with fewer than five schools or where all schools lie on the line.
    """
    told: dict[str, float | str | None] = dict.fromkeys(_KEYS)
    if len(fit.y) < MIN_SCHOOLS or np.sqrt(np.mean(fit.weights * fit.residual**2)) < _NO_NOISE:
        return told | {"municipal_reason": "too_little_data"}
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        told |= {
            "slope_hc3_se": hc3_slope_se(fit),
            "breusch_pagan_p": breusch_pagan_p(fit),
            "reset_p": reset_p(fit),
            **quadratic_term(fit),
            "r2_left_out": r2_left_out(fit),
            "huber_slope": huber_slope(fit),
        }
    if remote is not None:
        told |= remote_schools(fit, remote)
    told |= municipal_intercept(fit, municipality)
    return {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in told.items()}


_KEYS = (
    *("slope_hc3_se", "breusch_pagan_p", "reset_p", "quadratic", "quadratic_p", "r2_left_out", "huber_slope"),
    *("remote_coefficient", "remote_se", "remote_p", "municipal_slope", "municipal_icc", "municipal_reason"),
)


def hc3_slope_se(fit: MetaRegression) -> float | None:
    """HC3 standard error, Σ over schools of (e/(1 − h))²; None where the line hangs on a single school."""
    if _hangs_on_one(fit):
        return None
    return float(_least_squares(fit, fit.X).get_robustcov_results("HC3").bse[1])


def breusch_pagan_p(fit: MetaRegression) -> float:
    """Koenker's version: J·R² of the squared whitened residuals on the index is χ² with 1 degree of freedom."""
    from statsmodels.regression.linear_model import OLS  # late, as below: statsmodels costs seconds

    squared = fit.weights * fit.residual**2
    return float(chdtrc(1, len(squared) * OLS(squared, fit.X).fit().rsquared))


def reset_p(fit: MetaRegression) -> float | None:
    """F test of the next two powers of the index added to the line; None if they are not determined.

    What is expected by a straight line is a line of the index, so that the powers of the one span those of the other;
    those of the index are there even where the line is level.
    """
    next_powers = range(fit.X.shape[1], fit.X.shape[1] + 2)
    bent = _with_added(fit, *(_standardised(fit.X[:, 1]) ** power for power in next_powers))
    return None if bent is None else float(bent.compare_f_test(_least_squares(fit, fit.X))[1])


def quadratic_term(fit: MetaRegression) -> dict[str, float]:
    """Coefficient of the squared index, beside the line or in it, and its p-value; nothing if they are not determined."""
    bent = _with_added(fit, *([] if fit.X.shape[1] > 2 else [_standardised(fit.X[:, 1]) ** 2]))
    if bent is None:
        return {}
    return {"quadratic": float(bent.params[2] / fit.X[:, 1].var()), "quadratic_p": float(bent.pvalues[2])}


def r2_left_out(fit: MetaRegression) -> float | None:
    """Leave-one-out R² at the fit's τ²: 1 − Σ w (e/(1 − h))² / Σ w ((y − ȳ)/(1 − w/Σw))².

    Above, the prediction errors of lines fitted without the school (PRESS, Allen, 1974), below those of
    weighted means taken without it; both follow from the whole fit. Below 0: worse than the mean.
    None where the line hangs on a single school.
    """
    if _hangs_on_one(fit):
        return None
    deleted = fit.residual / (1 - _leverage(fit))
    share = fit.weights / fit.weights.sum()
    deleted_from_mean = (fit.y - share @ fit.y) / (1 - share)
    return float(1 - (fit.weights @ deleted**2) / (fit.weights @ deleted_from_mean**2))


def huber_slope(fit: MetaRegression) -> float:
    """Huber's M-estimate on the whitened data, scale by the median absolute residual."""
    from statsmodels.robust.norms import HuberT
    from statsmodels.robust.robust_linear_model import RLM

    root = np.sqrt(fit.weights)
    robust = RLM(root * fit.y, root[:, None] * fit.X, M=HuberT())
    return float(robust.fit(maxiter=500, tol=1e-10, conv="coefs").params[1])


def remote_schools(fit: MetaRegression, remote: np.ndarray) -> dict[str, float]:
    """What being remote adds to the line: a meta-regression with its own τ²; nothing if it is not determined."""
    if np.all(remote == remote[0]):
        return {}
    try:
        beside = meta_regression(fit.y, fit.variance, np.column_stack([fit.X, remote.astype(float)]))
    except ValueError:
        return {}
    coefficient, se = float(beside.beta[-1]), float(np.sqrt(beside.cov_beta[-1, -1]))
    return {"remote_coefficient": coefficient, "remote_se": se, "remote_p": float(2 * ndtr(-abs(coefficient) / se))}


def municipal_intercept(fit: MetaRegression, municipality: np.ndarray | None) -> dict[str, float | str]:
    """Slope and intraclass correlation with a random intercept per municipality, or the reason why not.

    Unweighted, for statsmodels' mixed model knows no weights: a check of the slope, not a second model.
    There is one variance to search for, and Powell's search finds it; the default optimisers stop at
    0 or not at all on such data. The library's own word of a boundary is of no use: it is said of
    every variance below 0.01, which in pupil SDs squared is a large one.
    """
    if municipality is None:
        return {"municipal_reason": "no_groups"}
    groups = len(np.unique(municipality))
    if groups == 1 or groups == len(municipality):
        return {"municipal_reason": "one_group" if groups == 1 else "one_school_each"}
    from statsmodels.regression.mixed_linear_model import MixedLM

    index = fit.X[:, 1]
    design = _standard_design(fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            mixed = MixedLM(fit.y, design, groups=municipality).fit(reml=True, method="powell", ftol=1e-12)
        except np.linalg.LinAlgError:
            return {"municipal_reason": "not_converged"}
    between, within = float(mixed.cov_re[0, 0]), float(mixed.scale)
    if not mixed.converged:
        return {"municipal_reason": "not_converged"}
    if not between > _BOUNDARY * (between + within):
        return {"municipal_reason": "boundary"}
    return {"municipal_slope": float(mixed.fe_params[1] / index.std()), "municipal_icc": between / (between + within)}


def lowess_curve(x: np.ndarray, y: np.ndarray) -> pl.DataFrame:
    """Smooth outcomes over the index by local lines (Cleveland, 1979): two thirds of the schools, three repetitions.

    Parameters
    ----------
    x, y : array (schools,)
        Index and outcome.

    Returns
    -------
    DataFrame
        index (`CURVE_POINTS` evenly spaced values), smoothed (pupil SDs). Points that too few schools surround have no row.

    Raises
    ------
    ValueError
        Fewer than five schools, or all of the same index.
    """
    if len(x) < MIN_SCHOOLS or np.ptp(x) == 0:
        raise ValueError("a curve needs five schools that differ in their index")
    from statsmodels.nonparametric.smoothers_lowess import lowess

    grid = np.linspace(x.min(), x.max(), CURVE_POINTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothed = lowess(y, x, xvals=grid)
    return pl.DataFrame({"index": grid, "smoothed": smoothed}).filter(pl.col("smoothed").is_finite())


def _leverage(fit: MetaRegression) -> np.ndarray:
    return fit.weights * fit.expected_variance(fit.X)


def _hangs_on_one(fit: MetaRegression) -> bool:
    """Whether there is a school without which there is no line, as in `influence`."""
    return bool(_leverage(fit).max() > 1 - 1e-9)


def _least_squares(fit: MetaRegression, design: np.ndarray) -> RegressionResults:
    from statsmodels.regression.linear_model import WLS

    return WLS(fit.y, design, weights=fit.weights).fit()


def _with_added(fit: MetaRegression, *columns: np.ndarray) -> RegressionResults | None:
    """Weighted least squares on the line and more columns; None if the columns are collinear or too many."""
    design = np.column_stack([_standard_design(fit), *columns])
    schools, k = design.shape
    if schools <= k or not np.isfinite(design).all() or np.linalg.matrix_rank(design) < k:
        return None
    return _least_squares(fit, design)


def _standard_design(fit: MetaRegression) -> np.ndarray:
    """The fit's design on the standardised index: 1, z, of a parabola z² too."""
    z = _standardised(fit.X[:, 1])
    return np.column_stack([z**power for power in range(fit.X.shape[1])])


def _standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()
