"""What the rule is worth where the truth is known, against the targets it was chosen for."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from helpers.model.effect import VarianceComponents, pool
from helpers.model.simulation import redrawn, simulate
from helpers.model.stability import Cells, Line
from helpers.params import FlagRules, SimulationRules, SmallNRules
from helpers.report import METHOD

METHODS = yaml.safe_load(METHOD.read_text(encoding="utf-8"))
FLAG, SMALL_N = FlagRules(**METHODS["flag"]), SmallNRules(**METHODS["small_n"])
COMPONENTS = VarianceComponents(0.7 * 0.2**2, 0.3 * 0.2**2, 3)  # τ = 0.20, of which 0.7 persists
SLOPE = 0.03
RUNS = SimulationRules(runs=600, seed=1, truth=0.25, small_n=15, source="test")


@pytest.fixture(scope="module")
def region() -> Cells:
    """100 schools of three years, half of them rural, 45 % of these with 3–11 pupils a year."""
    random = np.random.default_rng(5)
    schools = np.arange(100)
    n = np.where(schools < 23, random.integers(3, 12, 100),
                 np.where(schools < 50, random.integers(14, 40, 100), random.integers(40, 110, 100)))  # fmt: skip
    by_year = np.tile(n.astype(float), (3, 1))
    index = np.tile(random.normal(50, 10, 100), (3, 1))
    return Cells(np.zeros((3, 100)), 0.75 / by_year, by_year, index, np.zeros((3, 100)), by_year >= 10)


@pytest.fixture(scope="module")
def table(region):
    lines = [Line(np.empty(0), np.empty(0), 0.04, SLOPE)] * 3
    return simulate(region, lines, {1.0: COMPONENTS}, FLAG, SMALL_N, RUNS, 1.0)[0]


def test_the_region_is_as_hard_as_the_targets_suppose(region):
    """With every parameter known, half of the deviant schools can be had at a precision of .585."""
    random = np.random.default_rng(3)
    doubt, deviant = [], []
    for _ in range(600):
        drawn = redrawn(region, [Line(np.empty(0), np.empty(0), 0.04, SLOPE)] * 3, COMPONENTS, 1.0, random)
        residual = drawn.data.y - SLOPE * (region.x - region.x.mean(axis=1, keepdims=True))
        known = pool(residual, region.v, np.zeros_like(residual), COMPONENTS)
        doubt.append(-known.prob_below(-RUNS.truth))
        deviant.append(drawn.persistent < -RUNS.truth)
    order = np.argsort(np.concatenate(doubt))
    found = np.cumsum(np.concatenate(deviant)[order])
    half = np.searchsorted(found, found[-1] / 2)
    assert found[half] / (half + 1) == pytest.approx(0.585, abs=0.01)


def test_the_rule_meets_its_targets(table):
    rule = table.row(0, named=True)
    assert rule["rule"] == "report"
    assert rule["ppv"] >= 0.50
    assert rule["sensitivity"] >= 0.50
    assert rule["small"] <= 0.05
    assert rule["wrong_sign"] <= 0.01
    assert 0.93 <= rule["coverage"] <= 0.97


def test_the_usual_rule_does_not(table):
    usual = table.row(2, named=True)
    assert usual["rule"] == "one_year"
    assert usual["ppv"] < 0.35 and usual["small"] > 0.25 and usual["wrong_sign"] > 0.05


@pytest.mark.parametrize("reliability", [1.0, 0.8])
def test_a_redrawn_parabola_is_the_fitted_one(reliability):
    """Regressed on the measured index, the redrawn outcomes give back slope and bend; errors and effects are none."""
    random = np.random.default_rng(9)
    x = random.normal(50, 10, (1, 200_000))
    data = Cells(0 * x, 0 * x + 1e-12, 0 * x + 20, x, 0 * x, x > 0)
    line = Line(np.empty(0), np.empty(0), 0.0, 0.03, 0.0005, 45.0)
    drawn = redrawn(data, [line], VarianceComponents(0.0, 0.0, 1), reliability, random)
    bend, slope, _ = np.polyfit(x[0] - 45, drawn.data.y[0], 2)
    assert bend == pytest.approx(0.0005, rel=0.03)
    assert slope == pytest.approx(0.03, rel=0.01)


def test_an_index_measured_with_error_makes_more_false_flags(region):
    lines = [Line(np.empty(0), np.empty(0), 0.04, SLOPE)] * 3
    rules = RUNS.model_copy(update={"runs": 100})
    judged, fairness = simulate(region, lines, {1.0: COMPONENTS, 0.65: COMPONENTS}, FLAG, SMALL_N, rules, 1.0)
    table = judged.filter(rule="report")
    exact, noisy = table["ppv"]
    assert noisy < exact - 0.05
    assert table["coverage"][1] < 0.9
    # schools of the poorest true context are named below far more often than those of the best
    below = {(row["reliability"], row["quartile"]): row["below"] for row in fairness.iter_rows(named=True)}
    assert below[1.0, 1] == pytest.approx(below[1.0, 4], abs=0.02)
    assert below[0.65, 1] > 2 * below[0.65, 4]


def test_an_error_of_the_index_that_is_believed_leaves_fewer_false_flags(region):
    """κ² = β²σ²(1 − λ)/λ leaves the lasting part: the rule names fewer schools, and more of them rightly."""
    lines = [Line(np.empty(0), np.empty(0), 0.04, SLOPE)] * 3
    rules = RUNS.model_copy(update={"runs": 100})
    trusting, doubting = (
        simulate(region, lines, {0.8: COMPONENTS}, FLAG, SMALL_N, rules, believed)[0].row(0, named=True)
        for believed in (1.0, 0.8)
    )
    assert doubting["ppv"] > trusting["ppv"] + 0.15
    assert doubting["coverage"] > trusting["coverage"] + 0.05
    assert doubting["wrong_sign"] < trusting["wrong_sign"] / 2


def test_the_same_seed_gives_the_same_table(region):
    lines = [Line(np.empty(0), np.empty(0), 0.04, SLOPE)] * 3
    rules = RUNS.model_copy(update={"runs": 10})
    counted = []
    one = simulate(region, lines, {1.0: COMPONENTS}, FLAG, SMALL_N, rules, 1.0, told=lambda *turn: counted.append(turn))
    other = simulate(region, lines, {1.0: COMPONENTS}, FLAG, SMALL_N, rules, 1.0)
    assert counted == [(run + 1, rules.runs) for run in range(rules.runs)]
    assert all(table.equals(again) for table, again in zip(one, other, strict=True))


def test_a_drawn_region_has_the_planted_variances(region):
    random = np.random.default_rng(7)
    lines = [Line(np.empty(0), np.empty(0), 0.04, SLOPE)] * 3
    drawn = [redrawn(region, lines, COMPONENTS, 1.0, random) for _ in range(400)]
    assert np.var([one.persistent for one in drawn]) == pytest.approx(COMPONENTS.persistent, rel=0.03)
    line = SLOPE * (region.x - region.x.mean(axis=1, keepdims=True))
    noise = np.stack([one.data.y - line - one.persistent for one in drawn])
    expected = COMPONENTS.transient + region.v
    assert np.mean(noise.var(axis=0) / expected) == pytest.approx(1, abs=0.02)
