"""Reliability of the index against planted truth and hand calculation."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from helpers.measure import cronbach_alpha
from helpers.measure.reliability import cronbach_alpha_interval, index_reliability, retest


def items_of(random, schools, indicators, correlation):
    """Normal indicators, each pair with the same correlation."""
    common, own = random.normal(size=(schools, 1)), random.normal(size=(schools, indicators))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own


@pytest.mark.parametrize(("schools", "indicators", "correlation"), [(20, 3, 0.4), (100, 6, 0.2)])
def test_the_interval_of_alpha_misses_a_planted_one_as_often_as_it_should_on_either_side(
    schools, indicators, correlation
):
    random = np.random.default_rng(70)
    planted = indicators * correlation / (1 + (indicators - 1) * correlation)
    intervals = np.array(
        [
            cronbach_alpha_interval(
                cronbach_alpha(items_of(random, schools, indicators, correlation)), schools, indicators
            )
            for _ in range(6000)
        ]
    )
    # The error of a share of 2.5 % in 6000 is 0.2 %.
    assert np.mean(planted < intervals[:, 0]) == pytest.approx(0.025, abs=0.007)
    assert np.mean(planted > intervals[:, 1]) == pytest.approx(0.025, abs=0.007)


def index_of(years):
    return pl.concat(
        pl.DataFrame({"year": year, "school_id": list(values), "index": [float(v) for v in values.values()]})
        for year, values in years.items()
    )


def test_retest_correlates_the_schools_that_both_years_have():
    first, second = {"a": 40, "b": 50, "c": 60, "d": 90}, {"c": 63, "a": 41, "b": 46, "e": 10}
    third = {"a": 1, "e": 2}
    (near, far) = retest(index_of({2018: first, 2021: second, 2019: third}))
    assert (near.year, near.next_year, near.n_schools, near.correlation) == (2018, 2019, 1, None)
    assert (far.year, far.next_year, far.n_schools, far.correlation) == (2019, 2021, 2, None)
    (pair,) = retest(index_of({2018: first, 2021: second}))
    # Deviations (−10, 0, 10) and (−9, −4, 13): 220 / √(200 · 266).
    assert (pair.n_schools, pair.correlation) == (3, pytest.approx(220 / np.sqrt(200 * 266)))


@pytest.mark.parametrize("second", [{"a": 40, "b": 50, "c": 60}, {"a": 50, "b": 50, "c": 50}], ids=["same", "level"])
def test_a_context_measured_once_or_without_differences_is_no_retest(second):
    (pair,) = retest(index_of({2018: {"a": 40, "b": 50, "c": 60}, 2019: second}))
    assert pair.correlation is None


def test_retest_recovers_a_planted_reliability():
    random = np.random.default_rng(71)
    lasting = random.normal(0, 1, 5000)
    lasting = 50 + 8 * lasting / lasting.std()
    years = {year: dict(enumerate(lasting + random.normal(0, 6, 5000))) for year in (2018, 2019, 2020)}
    index = pl.concat(
        pl.DataFrame({"year": year, "school_id": [str(s) for s in values], "index": list(values.values())})
        for year, values in years.items()
    )
    told = index_reliability(items_of(random, 5000, 3, 0.4), index)
    assert told.retest_mean == pytest.approx(0.64, abs=0.02)
    assert told.alpha == pytest.approx(2 / 3, abs=0.02)
    assert told.alpha_lower < told.alpha == told.assumed < told.alpha_upper


ONE_YEAR = index_of({2018: {"a": 40, "b": 50, "c": 60}})


@pytest.mark.parametrize(
    ("items", "alpha"),
    [
        (np.array([[1.0], [2.0], [4.0]]), None),
        (np.array([[1.0, 2.0]]), None),
        (np.array([[1.0, -1.0], [2.0, -2.0], [4.0, -4.0]]), None),
        (np.array([[1.0, -1.0], [2.0, -2.0], [4.0, -3.0]]), -24.75),
    ],
    ids=["one indicator", "one school", "sum does not vary", "indicators against each other"],
)
def test_what_alpha_does_not_tell_is_not_assumed(items, alpha):
    told = index_reliability(items, ONE_YEAR)
    assert told.alpha == (None if alpha is None else pytest.approx(cronbach_alpha(items)))
    assert (told.assumed, told.retest, told.retest_mean) == (None, (), None)
    json.dumps(told.as_dict(), allow_nan=False)
