"""Checks of a fitted link against R (tests/golden, made by tests/golden/diagnostics.R) and brute force."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from helpers.model import meta_regression
from helpers.model.diagnostics import diagnose, lowess_curve

GOLDEN = Path(__file__).parent / "golden"
SCHOOLS = pl.read_csv(GOLDEN / "left_out.csv", schema_overrides={"school_id": pl.String}, infer_schema_length=None)
CHECKS = pl.read_csv(GOLDEN / "diagnostics.csv")
DIGITS = {"california": 2, "french": 3}
"""Of a school's id, that tell its county or department."""


def linked(y, x, variance=0.02):
    """The fit of outcomes on the index."""
    return meta_regression(y, np.broadcast_to(variance, len(y)), np.column_stack([np.ones(len(x)), x]))


@pytest.mark.parametrize("subset", DIGITS)
def test_every_check_is_that_of_r(subset):
    schools = SCHOOLS.filter(subset=subset)
    told = diagnose(
        linked(schools["y"].to_numpy(), schools["x"].to_numpy(), schools["v"].to_numpy()),
        remote=np.arange(1, schools.height + 1) % 3 == 0,
        municipality=schools["school_id"].str.head(DIGITS[subset]).to_numpy(),
    )
    assert told.pop("municipal_reason") is None
    golden = dict(CHECKS.filter(subset=subset).select("check", "value").iter_rows())
    assert told.keys() == golden.keys()
    for check, value in golden.items():
        assert told[check] == pytest.approx(value, rel=1e-4 if check.startswith("municipal") else 1e-6), check


def test_the_curve_is_that_of_r():
    golden = pl.read_csv(GOLDEN / "lowess.csv")
    curve = lowess_curve(golden["x"].to_numpy(), golden["y"].to_numpy())
    assert_allclose(curve["index"], golden["x"])
    assert_allclose(curve["smoothed"], golden["smoothed"], atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_left_out_r2_is_that_of_refits_at_the_same_weights(seed):
    random = np.random.default_rng([80, seed])
    x, variance = random.normal(50, 10, 25), 0.02 * random.uniform(0.1, 10, 25)
    y = 0.03 * x + random.normal(0, 0.3, 25)
    fit = linked(y, x, variance)
    line, level = np.empty(25), np.empty(25)
    for school in range(25):
        rest = np.arange(25) != school
        root = np.sqrt(fit.weights[rest])
        line[school] = np.polyval(np.polyfit(x[rest], y[rest], 1, w=root), x[school])
        level[school] = np.average(y[rest], weights=fit.weights[rest])
    left_out = 1 - (fit.weights @ (y - line) ** 2) / (fit.weights @ (y - level) ** 2)
    assert diagnose(fit)["r2_left_out"] == pytest.approx(left_out, rel=1e-9)


def test_checks_find_what_is_planted_and_no_more():
    random = np.random.default_rng(81)
    schools = 2000
    x, municipality = random.normal(50, 10, schools), np.arange(schools) % 40
    noise, remote = random.normal(0, 0.3, schools), np.arange(schools) % 7 == 0
    straight = diagnose(linked(0.03 * x + noise, x), remote, municipality)
    assert min(straight[name] for name in ("breusch_pagan_p", "reset_p", "quadratic_p", "remote_p")) > 1e-3
    assert straight["municipal_reason"] == "boundary" or straight["municipal_icc"] < 0.02
    assert straight["r2_left_out"] == pytest.approx(0.5, abs=0.04)
    bent = 0.03 * x - 5e-4 * (x - 50) ** 2 + noise * np.exp((x - 50) / 40) - 0.2 * remote
    told = diagnose(linked(bent + random.normal(0, 0.15, 40)[municipality], x), remote, municipality)
    assert max(told[name] for name in ("breusch_pagan_p", "reset_p", "quadratic_p", "remote_p")) < 1e-4
    assert told["quadratic"] == pytest.approx(-5e-4, rel=0.35)
    assert told["remote_coefficient"] == pytest.approx(-0.2, abs=0.06)
    assert 0.05 < told["municipal_icc"] < 0.35
    # A twentieth of the schools with a wrong entry: the robust slope hardly notices.
    wrong = np.where((x > 55) & (np.arange(schools) % 8 == 0), 5.0, 0.0)
    fit = linked(0.03 * x + noise + wrong, x)
    assert diagnose(fit)["huber_slope"] == pytest.approx(0.03, abs=0.004)
    assert fit.beta[1] > 0.045


RANDOM = np.random.default_rng(82)
INDEX, OUTCOME = RANDOM.normal(50, 10, 12), RANDOM.normal(0, 0.3, 12)
PAIRS = np.repeat(list("abcdef"), 2)


@pytest.mark.parametrize(
    ("y", "x", "municipality", "reason", "missing"),
    [
        (OUTCOME[:4], INDEX[:4], PAIRS[:4], "too_little_data", {"slope_hc3_se", "reset_p", "r2_left_out"}),
        (np.full(12, 0.3), INDEX, PAIRS, "too_little_data", {"breusch_pagan_p", "quadratic_p", "huber_slope"}),
        (0.03 * INDEX, INDEX, PAIRS, "too_little_data", {"breusch_pagan_p", "quadratic_p", "huber_slope"}),
        (OUTCOME, INDEX, None, "no_groups", {"municipal_icc"}),
        (OUTCOME, INDEX, np.full(12, "a"), "one_group", {"municipal_icc"}),
        (OUTCOME, INDEX, np.arange(12), "one_school_each", {"municipal_icc"}),
        (np.tile([0.1, -0.1], 6), INDEX, PAIRS, "boundary", {"municipal_slope"}),
        (OUTCOME, np.tile([40.0, 60.0], 6), PAIRS, None, {"reset_p", "quadratic", "quadratic_p"}),
        (OUTCOME, np.where(np.arange(12) == 7, 60.0, 48.37), PAIRS, None, {"slope_hc3_se", "r2_left_out"}),
    ],
    ids=[
        *("four schools", "equal outcomes", "all on the line", "no groups", "one group", "a group each"),
        *("nothing between groups", "two contexts", "a line hung on one school"),
    ],
)
def test_what_cannot_be_told_is_none_and_the_rest_is_numbers(y, x, municipality, reason, missing):
    fit = linked(y, x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = diagnose(fit, remote=np.zeros(len(y)), municipality=municipality)
    json.dumps(told, allow_nan=False)
    assert reason is None or told["municipal_reason"] == reason
    assert {name for name in missing if told[name] is not None} == set()
    # No school is remote.
    assert told["remote_coefficient"] is told["remote_p"] is None


def test_a_curve_of_equal_outcomes_is_level_and_without_contexts_there_is_none():
    assert_allclose(lowess_curve(INDEX, np.full(12, 0.3))["smoothed"], 0.3)
    for x in (np.full(12, 50.0), INDEX[:4]):
        with pytest.raises(ValueError, match="curve"):
            lowess_curve(x, OUTCOME[: len(x)])
    with pytest.raises(ValueError, match="collinear"):
        linked(OUTCOME, np.full(12, 50.0))
