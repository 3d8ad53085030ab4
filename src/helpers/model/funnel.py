"""Funnel plot with over-dispersion (Spiegelhalter, 2005): what chance, and ordinary differences, explain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtri

WINSORISED = 0.1
"""Share of schools at each end whose z is pulled in (Spiegelhalter, 2005; FunnelPlotR)."""
INNER, OUTER = 0.95, 0.998
"""Shares of schools within the two limits of a funnel, two-sided (Spiegelhalter, 2005)."""


def overdispersion(residual: np.ndarray, se: np.ndarray) -> tuple[float, float]:
    """By how much residuals differ more than chance lets them.

    z = residual / se is winsorised, φ̂ = Σz²/J. Where φ̂ > 1 + 2√(2/J), two standard errors above what chance gives,
    τ̂² = (Jφ̂ − (J − 1)) / (Σw − Σw²/Σw), w = 1/se² (DerSimonian, Laird, 1986).

    Parameters
    ----------
    residual, se : array (J,)
        Residuals and their sampling standard errors (> 0), in the same unit.

    Returns
    -------
    phi : float
        About 1 where chance is all there is; nan without schools.
    tau2 : float
        Variance between schools, that unit squared; 0 where there is no over-dispersion.

    Notes
    -----
    Winsorising keeps the exceptional schools from widening the limits that are to show them, but it also takes 32 % off
    the squares of schools that differ normally: φ̂ is then 0.68 on average where chance is all there is, and τ̂² is
    about 0.68 τ² − 0.32 se². Limits come out too narrow rather than too wide.
    """
    schools = len(residual)
    if schools == 0:
        return float("nan"), 0.0
    z = residual / se
    phi = float(np.mean(np.clip(z, *np.quantile(z, [WINSORISED, 1 - WINSORISED])) ** 2))
    if schools == 1 or phi <= 1 + 2 * np.sqrt(2 / schools):
        return phi, 0.0
    weight = 1 / se**2
    return phi, float((schools * phi - (schools - 1)) / (weight.sum() - (weight**2).sum() / weight.sum()))


def reach(level: float) -> float:
    """How many standard deviations the middle `level` (0–1) of a normal distribution reaches on either side.

    >>> round(reach(OUTER), 4)
    3.0902
    """
    return float(ndtri((1 + level) / 2))


def limits(se_grid: ArrayLike, tau2: float, levels: Sequence[float] = (INNER, OUTER)) -> pl.DataFrame:
    """Control limits of residuals around 0.

    Parameters
    ----------
    se_grid : array
        Sampling standard errors at which the limits are wanted.
    tau2 : float
        Variance between schools that is taken to be ordinary.
    levels : sequence of float
        Shares of schools within the limits, two-sided.

    Returns
    -------
    DataFrame
        se, level, lower, upper: ±z √(se² + τ²), in the unit of se; level by level.
    """
    level, se = (grid.ravel() for grid in np.meshgrid(levels, np.asarray(se_grid, float), indexing="ij"))
    half = ndtri((1 + level) / 2) * np.sqrt(se**2 + tau2)
    return pl.DataFrame({"se": se, "level": level, "lower": -half, "upper": half})


def share_limits(p: float, n: ArrayLike, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Binomial control limits of a share.

    Exact, and interpolated between counts as in Spiegelhalter (2005, A.1.1) so that they do not jump with n; but each
    count k stands for k ± ½, so that both tails are treated alike. A school is then outside exactly where the mid-P
    value of its count, P(beyond) + ½ P(equal), is less than that of the tail.

    Parameters
    ----------
    p : float
        The share that is expected, 0–1.
    n : array of int
        Numbers of participants (> 0).
    level : float
        Share of schools within the limits, two-sided.

    Returns
    -------
    lower, upper : arrays like `n`
        Shares 0–1.
    """
    from scipy.stats import binom  # late: it costs half a second

    n = np.asarray(n)

    def limit(tail: float) -> np.ndarray:
        count = binom.ppf(tail, n, p)
        beyond = (binom.cdf(count, n, p) - tail) / binom.pmf(count, n, p)
        return np.clip((count + 0.5 - beyond) / n, 0, 1)

    return limit((1 - level) / 2), limit((1 + level) / 2)
