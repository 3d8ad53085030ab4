"""The funnel against FunnelPlotR, hand computation, planted over-dispersion and the binomial's own tails."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import binom, norm

from helpers.model.funnel import limits, overdispersion, share_limits

RESIDUAL = np.array([-0.62, 0.31, 0.05, -0.24, 0.48, -0.11, 0.90, -0.35, 0.17, 0.02, -0.41, 0.26])
SE = np.array([0.10, 0.12, 0.08, 0.15, 0.20, 0.09, 0.30, 0.11, 0.14, 0.25, 0.13, 0.10])


def test_overdispersion_is_that_of_funnelplotr():
    # winsorisation, phi_func and tau_func of FunnelPlotR 0.3.9999 (commit 12ad19a) under R on the same numbers
    assert overdispersion(RESIDUAL, SE) == pytest.approx((5.16839330183223, 0.0686988686728414), rel=1e-12)


def test_overdispersion_by_hand():
    # z = −3, 0, 0, 0, 3: the 10 % and 90 % quantiles are ∓1.8, φ = 2 · 1.8² / 5 = 1.296, below 1 + 2√(2/5).
    assert overdispersion(np.array([-3.0, 0, 0, 0, 3]), np.ones(5)) == (pytest.approx(1.296), 0)
    # z = ∓10: quantiles ∓6, φ = 14.4; τ² = (5 · 14.4 − 4) / (5 − 5/5).
    assert overdispersion(np.array([-10.0, 0, 0, 0, 10]), np.ones(5)) == pytest.approx((14.4, 17.0))


def test_planted_overdispersion_comes_back_less_what_winsorising_takes():
    random = np.random.default_rng(80)
    cut = norm.ppf(0.9)
    kept = quad(lambda z: z**2 * norm.pdf(z), -cut, cut)[0] + 0.2 * cut**2  # of the mean square of a normal
    tau2, se = 0.04, 0.1
    residual = random.normal(0, np.sqrt(tau2 + se**2), 20_000)
    phi, found = overdispersion(residual, np.full(20_000, se))
    assert phi == pytest.approx(kept * (1 + tau2 / se**2), rel=0.03)
    assert found == pytest.approx(kept * (tau2 + se**2) - se**2, rel=0.05)
    # A tenth of the schools far off leaves it where it is.
    residual[:1000] += 50
    assert overdispersion(residual, np.full(20_000, se))[1] < 1.5 * found


def test_chance_alone_is_not_overdispersed():
    random = np.random.default_rng(81)
    se = np.tile(SE, 8)
    assert [overdispersion(random.normal(0, se), se)[1] for _ in range(200)] == [0] * 200


def test_one_school_all_equal_and_none():
    assert overdispersion(np.array([0.9]), np.array([0.1])) == (pytest.approx(81), 0)
    assert overdispersion(np.zeros(7), np.full(7, 0.1)) == (0, 0)
    phi, tau2 = overdispersion(np.array([]), np.array([]))
    assert np.isnan(phi)
    assert tau2 == 0
    assert limits([], 0.01).is_empty()


def test_limits_by_hand():
    table = limits([0.0, 0.3, 0.4], 0.09)
    assert table["level"].to_list() == [0.95] * 3 + [0.998] * 3
    half = np.sqrt(np.array([0.09, 0.18, 0.25]))
    assert_allclose(table["upper"], np.concatenate([1.959964 * half, 3.090232 * half]), rtol=1e-6)
    assert_allclose(table["lower"], -table["upper"])


@pytest.mark.parametrize("p", [0.02, 0.15, 0.5, 0.9])
@pytest.mark.parametrize("level", [0.95, 0.998])
@pytest.mark.parametrize("n", [1, 5, 10, 50, 400])
def test_a_share_is_outside_where_its_mid_p_value_is_less_than_the_tail(p, n, level):
    lower, upper = share_limits(p, n, level)
    count = np.arange(n + 1)
    equal, tail = binom.pmf(count, n, p), (1 - level) / 2
    assert_allclose(count / n < lower, binom.cdf(count, n, p) - equal / 2 < tail)
    assert_allclose(count / n > upper, binom.sf(count, n, p) + equal / 2 < tail)


def test_share_limits_by_hand_and_mirrored():
    # n = 10, p = ½: P(≤ 1) = 11/1024, P(≤ 2) = 56/1024; between 1½ and 2½ where the sum passes .025.
    lower, upper = share_limits(0.5, np.array([10]), 0.95)
    assert lower == pytest.approx((1.5 + (0.025 - 11 / 1024) / (45 / 1024)) / 10)
    assert upper == pytest.approx(1 - lower)
    sizes = np.arange(1, 60)
    below, above = share_limits(0.15, sizes, 0.95)
    mirrored_below, mirrored_above = share_limits(0.85, sizes, 0.95)
    assert_allclose(below, 1 - mirrored_above, atol=1e-12)
    assert_allclose(above, 1 - mirrored_below, atol=1e-12)


def test_share_limits_of_many_are_those_of_the_normal():
    lower, upper = share_limits(0.15, 10**6, 0.95)
    half = 1.959964 * np.sqrt(0.15 * 0.85 / 10**6)
    assert (lower, upper) == (pytest.approx(0.15 - half, abs=1e-6), pytest.approx(0.15 + half, abs=1e-6))
