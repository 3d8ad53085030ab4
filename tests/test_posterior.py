"""The posterior of schools' effects against quadrature done by hand, and against what can be reckoned without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal, norm

from helpers.model import index_error_variance, lasting_effects
from helpers.model.effect import VarianceComponents, pool
from helpers.model.posterior import FAR_OUT, WIDER

DELTA = 0.1


def region(schools: int, years: int = 3, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Residuals and sampling variances with a lasting SD of .17 and a year's own of .11."""
    random = np.random.default_rng(seed)
    variance = 0.75 / random.integers(12, 110, (years, schools))
    own = random.normal(0, 0.17, schools)
    residual = own + random.normal(0, 0.11, (years, schools)) + random.normal(size=(years, schools)) * np.sqrt(variance)
    return residual, variance


def judged(residual, variance, **given):
    """Posterior where the lines are known."""
    return lasting_effects(residual, variance, 0 * variance, np.isfinite(residual), coefficients=0, **given)


def by_hand(residual, variance, index_error, shared):
    """P(a < −δ) and E a of every school: sums over a fixed fine grid, densities by scipy, no algebra of ours."""
    schools = residual.shape[1]
    own, year = np.linspace(0.02, 0.8, 40), np.linspace(0, 0.4, 21)
    log_all, means, belows = [], [], []
    for d in year:
        for a in own:
            densities, effects, probabilities = [], [], []
            for scale in (a, WIDER * a):
                density, effect, probability = np.empty(schools), np.empty(schools), np.empty(schools)
                for j in range(schools):
                    there = np.isfinite(residual[:, j])
                    noise = (
                        np.diag(variance[there, j]) + shared[np.ix_(there, there)][..., j] + d**2 * np.eye(there.sum())
                    )
                    whole = noise + scale**2 + index_error
                    e = residual[there, j]
                    density[j] = multivariate_normal.pdf(e, cov=whole)
                    gain = scale**2 * np.linalg.solve(whole, np.ones(there.sum()))
                    effect[j], spread = gain @ e, scale**2 * (1 - gain.sum())
                    probability[j] = norm.cdf((-DELTA - effect[j]) / np.sqrt(spread))
                densities.append(density), effects.append(effect), probabilities.append(probability)
            for share in FAR_OUT:
                near, far = (1 - share) * densities[0], share * densities[1]
                log_all.append(np.log(near + far).sum() + np.log(a) + (np.log(0.5) if d in (0, year[-1]) else 0))
                means.append((near * effects[0] + far * effects[1]) / (near + far))
                belows.append((near * probabilities[0] + far * probabilities[1]) / (near + far))
    weight = np.exp(np.array(log_all) - max(log_all))
    return weight @ np.stack(means) / weight.sum(), weight @ np.stack(belows) / weight.sum()


@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_the_posterior_is_the_one_summed_by_hand(overlap):
    residual, variance = region(10, years=2)
    residual[1, 3] = np.nan
    shared = np.zeros((2, 2, 10))
    shared[0, 1] = shared[1, 0] = overlap * np.sqrt(variance[0] * variance[1])
    mean, below = by_hand(residual, variance, 0.01, shared)
    made = judged(residual, variance, index_error=0.01, shared=shared if overlap else None)
    assert made.effect == pytest.approx(mean, abs=0.002)
    assert made.prob_below(-DELTA) == pytest.approx(below, abs=0.005)


def test_independent_errors_are_a_case_of_shared_ones():
    residual, variance = region(40)
    apart, together = judged(residual, variance), judged(residual, variance, shared=np.zeros((3, 3, 40)))
    assert together.prob_below(-DELTA) == pytest.approx(apart.prob_below(-DELTA), abs=1e-9)


def test_with_many_schools_the_variances_are_as_good_as_known():
    residual, variance = region(3000)
    known = pool(residual, variance, 0 * variance, VarianceComponents(0.17**2, 0.11**2, 3))
    made = judged(residual, variance)
    assert made.persistent == pytest.approx(0.17**2, rel=0.1)
    assert made.transient == pytest.approx(0.11**2, rel=0.1)
    assert np.abs(made.effect - known.effect).max() < 0.05
    assert np.abs(made.prob_below(-DELTA) - known.prob_below(-DELTA)).mean() < 0.01


def test_one_school_far_out_does_not_widen_the_others():
    residual, variance = region(80)
    others = judged(residual, variance).effect_se[1:]
    residual[:, 0] = 3.0
    made = judged(residual, variance)
    assert np.median(made.effect_se[1:] / others) < 1.1
    assert made.effect[0] > 2.5


def test_intervals_cover_where_schools_hardly_differ():
    random = np.random.default_rng(8)
    covered = []
    for _ in range(25):
        variance = 0.75 / random.integers(12, 110, (3, 60))
        own = random.normal(0, 0.03, 60)
        residual = own + random.normal(0, 0.11, (3, 60)) + random.normal(size=(3, 60)) * np.sqrt(variance)
        made = judged(residual, variance)
        covered.append(np.abs(own - made.effect) <= 1.96 * made.effect_se)
    assert np.mean(covered) >= 0.93


def test_with_one_year_all_that_differs_is_taken_to_last():
    residual, variance = region(60, years=1)
    assert judged(residual, variance).transient == 0


def test_a_school_without_any_residual_has_no_effect():
    residual, variance = region(30)
    residual[:, 5] = np.nan
    made = judged(residual, variance)
    assert np.isnan(made.effect[5]) and np.isnan(made.prob_below(0)[5])
    assert np.isfinite(np.delete(made.effect, 5)).all()


def test_what_the_index_adds_is_what_its_unreliable_part_explains():
    """Index x = c + m, Var c = λ Var x: given x, the expected result β_c c varies by β_c² λ(1 − λ) Var x, β_c = β/λ."""
    random = np.random.default_rng(2)
    context = random.normal(0, np.sqrt(0.8), 400_000)
    x = context + random.normal(0, np.sqrt(0.2), 400_000)
    y = 0.3 * context
    slope = np.cov(x, y)[0, 1] / x.var()
    left = np.var(y - slope * x)
    assert index_error_variance([slope], x.var(), 0.8) == pytest.approx(left, rel=0.02)
    assert index_error_variance([slope], x.var(), 1.0) == 0


def test_on_a_parabola_the_index_adds_what_it_does_at_its_place():
    random = np.random.default_rng(3)
    context = random.normal(0, np.sqrt(0.8), 400_000)
    x = context + random.normal(0, np.sqrt(0.2), 400_000)
    y = 0.3 * context + 0.1 * context**2
    bend, slope, level = np.polyfit(x, y, 2)
    places = np.array([-1.5, -0.5, 0.5, 1.5])
    near = np.abs(x - places[:, None]) < 0.02
    left = [np.var(y[here] - np.polyval([bend, slope, level], x[here])) for here in near]
    assert index_error_variance([slope], x.var(), 0.8, [bend], places) == pytest.approx(left, rel=0.06)


def test_schools_may_differ_in_what_their_index_adds():
    residual, variance = region(60)
    different = np.where(np.arange(60) < 30, 0.0, 0.02)
    mixed, low, high = (judged(residual, variance, index_error=one) for one in (different, 0.0, 0.02))
    doubt = [np.median(one.effect_se[half]) for one, half in ((mixed, slice(30)), (mixed, slice(30, None)))]
    assert np.median(low.effect_se) < doubt[1] and doubt[0] < np.median(high.effect_se)
    alike = judged(residual, variance, index_error=np.full(60, 0.02))
    assert alike.effect == pytest.approx(high.effect, abs=1e-12)


@settings(max_examples=5, deadline=None)
@given(st.floats(0.0, 0.02), st.floats(0.0, 0.02))
def test_the_less_reliable_the_index_the_nearer_effects_are_to_zero(one, other):
    low, high = sorted((one, other))
    residual, variance = region(40)
    assert (
        np.abs(judged(residual, variance, index_error=high).effect).sum()
        <= np.abs(judged(residual, variance, index_error=low).effect).sum() + 1e-3
    )


def test_errors_that_grow_with_the_effect_are_those_of_the_schools_found():
    """Near 100 %: schools below are judged at their own, greater variance, those above as before."""
    random = np.random.default_rng(4)
    variance, effect = np.full((3, 200), 0.02), random.normal(0, 0.2, 200)
    residual = effect + random.normal(0, np.sqrt(variance))
    fitted, line = np.ones((3, 200), bool), np.zeros((3, 200))
    growth = np.full((3, 200), -0.05)
    plain = lasting_effects(residual, variance, line, fitted)
    grown = lasting_effects(residual, variance, line, fitted, growth=growth)
    above = grown.effect > 0
    assert_allclose(grown.effect[above], plain.effect[above], rtol=1e-12)
    assert (grown.effect_se[~above] > plain.effect_se[~above]).all()
    # the same schools again, out of the fit, with the variance told
    told = variance + np.maximum(growth * grown.effect, 0)
    twice = [
        np.concatenate(pair, axis=1) for pair in ((residual,) * 2, (variance, told), (line,) * 2, (fitted, ~fitted))
    ]
    again = lasting_effects(*twice)
    assert_allclose(grown.effect, again.effect[200:], rtol=2e-4)  # four turns
    assert_allclose(grown.effect_se, again.effect_se[200:], rtol=2e-4)
    assert grown.persistent == plain.persistent
