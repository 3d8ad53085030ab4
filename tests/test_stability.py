"""Every specification says what statsmodels and brute force say; the report's own is one of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
import yaml
from numpy.testing import assert_allclose

from helpers.model import expectation, school_effects, variance_components
from helpers.model.expectation import meta_regression
from helpers.model.stability import (
    _lasting_spread,
    carried_through,
    cells,
    fit_line,
    left_out,
    reliabilities,
    specifications,
    standing_check,
    without_influential,
)
from helpers.params import FlagRules, ModelRules, SmallNRules, SpecificationRules
from helpers.report import METHOD

METHODS = yaml.safe_load(METHOD.read_text(encoding="utf-8"))
SMALL_N = SmallNRules(**METHODS["small_n"])
FLAG, SPECIFIED = FlagRules(**METHODS["flag"]), SpecificationRules(**METHODS["specifications"])
YEARS = [2020, 2021, 2022]
SCHOOLS = 40


@pytest.fixture(scope="module")
def region():
    """Tables `outcome`, `wellbeing_index`, `schools` of 40 schools, some small, some remote, one absent a year."""
    random = np.random.default_rng(11)
    ids = [f"{place:03}" for place in range(SCHOOLS)]
    index, lasting = random.normal(50, 10, SCHOOLS), random.normal(0, 0.3, SCHOOLS)
    n = random.integers(5, 90, SCHOOLS).astype(float)
    rows = []
    for year in YEARS:
        y = 0.02 * (index - 50) + lasting + random.normal(0, 0.1, SCHOOLS) + random.normal(0, 0.9 / np.sqrt(n))
        rows.append(pl.DataFrame({"year": year, "school_id": ids, "outcome": y, "outcome_se": 0.9 / np.sqrt(n),
                                  "n_participants": n, "index": index, "remote": np.arange(SCHOOLS) % 4 == 0,
                                  "in_model": n >= 10, "why_excluded": pl.Series([None] * SCHOOLS, dtype=pl.String)}))  # fmt: skip
    whole = pl.concat(rows).filter(~((pl.col("school_id") == "007") & (pl.col("year") == 2021)))
    return (
        whole.select("year", "school_id", "outcome", "outcome_se", "n_participants"),
        whole.select("year", "school_id", "index"),
        whole.select("year", "school_id", "remote", "in_model", "why_excluded"),
    )


@pytest.fixture(scope="module")
def data(region):
    outcome, index, schools = region
    return cells(outcome, index, schools, YEARS, outcome["school_id"].unique().sort())


def test_the_report_s_own_specification_is_the_report(region, data):
    _outcome, _index, _schools = region
    table, fits = expectation(*region, ModelRules(years_pooled=3, min_schools=4, source="test"))
    components = variance_components(table, {fit["year"]: fit["tau2"] for fit in fits})
    effect = school_effects(table, components, FLAG.delta)
    pooled, lines = carried_through(data, "paule_mandel", "linear", 1.0)
    assert_allclose(pooled.effect, effect["effect"], rtol=1e-9)
    assert_allclose(pooled.effect_se, effect["effect_se"], rtol=1e-9)
    assert_allclose([line.slope for line in lines], [fit["slope"] for fit in fits], rtol=1e-9)


def year(data, number=0):
    return tuple(getattr(data, name)[number] for name in ("y", "v", "n", "x", "remote", "fitted"))


@pytest.mark.parametrize(("weights", "form"), list(product(SPECIFIED.weights, SPECIFIED.form)))
def test_a_line_is_what_statsmodels_fits(data, weights, form):
    y, v, n, x, remote, fitted = year(data)
    columns = {"linear": [x], "quadratic": [x, x**2], "remote": [x, remote]}[form]
    X = sm.add_constant(np.column_stack(columns))
    w = {"participants": n, "equal": np.ones_like(n)}.get(weights)
    if w is None:
        centred = np.column_stack([np.ones_like(x), *(c - c[fitted].mean() for c in columns)])
        w = 1 / (v + meta_regression(y[fitted], v[fitted], centred[fitted]).tau2)
    fit = sm.WLS(y[fitted], X[fitted], weights=w[fitted]).fit()
    line = fit_line(y, v, n, x, remote, fitted, weights, form, 1.0)
    assert_allclose(line.residual, y - X @ fit.params, rtol=1e-7, atol=1e-9)
    if form != "quadratic":
        assert line.slope == pytest.approx(fit.params[1], rel=1e-7)


@pytest.mark.parametrize("weights", SPECIFIED.weights)
def test_tau2_makes_the_weighted_squares_equal_their_degrees_of_freedom(data, weights):
    y, v, n, x, remote, fitted = year(data)
    for reliability in (1.0, 0.7):
        line = fit_line(y, v, n, x, remote, fitted, weights, "linear", reliability)
        squares = (line.residual[fitted] ** 2 / (v[fitted] + line.tau2)).sum()
        assert squares == pytest.approx(fitted.sum() - 2)


def test_a_corrected_slope_is_the_fitted_one_over_the_reliability(data):
    y, v, n, x, remote, fitted = year(data)
    plain = fit_line(y, v, n, x, remote, fitted, "equal", "linear", 1.0)
    corrected = fit_line(y, v, n, x, remote, fitted, "equal", "linear", 0.8)
    assert corrected.slope == pytest.approx(plain.slope / 0.8)
    y_mean, x_mean = y[fitted].mean(), x[fitted].mean()
    assert_allclose(corrected.residual, y - y_mean - corrected.slope * (x - x_mean), atol=1e-12)


def test_every_combination_is_carried_through(region):
    outcome, index, schools = region
    outcomes = pl.concat(outcome.with_columns(variant=pl.lit(name)) for name in ("all", "low"))
    indices = pl.concat(index.with_columns(variant=pl.lit(name)) for name in ("equal", "rank"))
    specified, shares = specifications(outcomes, indices, schools, YEARS, SPECIFIED, [1.0, 0.8, 0.65], FLAG, SMALL_N)
    assert specified.height == 2 * 2 * 2 * 3 * 3 * 3  # outcome, index, sample, weights, form, reliability
    choices = ["index", "outcome", "sample", "weights", "form", "reliability"]
    assert specified.select(choices).is_unique().all()
    assert set(specified["reliability"]) == {1.0, 0.8, 0.65}
    # a school's share is the mean over the specifications of what each says of it
    n = outcome.filter(pl.col("n_participants") >= SMALL_N.flag_each_year)["school_id"].unique()
    large = shares.filter(pl.col("school_id").is_in(n.to_list()))
    assert large["share_below"].sum() == pytest.approx(specified["n_below"].sum() / specified.height)
    assert large["share_above"].sum() == pytest.approx(specified["n_above"].sum() / specified.height)


def test_an_impossible_reliability_is_left_out():
    assert reliabilities(SPECIFIED, 0.65, 0.5) == [1.0, 0.8, 0.65]
    assert reliabilities(SPECIFIED, 0.65, 0.7) == [1.0, 0.8]
    assert reliabilities(SPECIFIED, None, 0.0) == [1.0, 0.8]


def test_a_school_beyond_all_doubt_is_so_in_every_specification(region):
    outcome, index, schools = region
    sunk = outcome.with_columns(outcome=pl.when(school_id="030").then(pl.lit(-3.0)).otherwise("outcome"))
    outcomes = sunk.with_columns(variant=pl.lit("all"))
    _, shares = specifications(
        outcomes,
        index.with_columns(variant=pl.lit("equal")),
        schools,
        YEARS,
        SPECIFIED,
        [1.0, 0.8, 0.65],
        FLAG,
        SMALL_N,
    )
    assert shares.filter(school_id="030").row(0) == ("030", 1.0, 0.0)


def test_without_influential_leaves_out_three_of_each_year_by_cook(data):
    less = without_influential(data)
    assert (data.fitted.sum(axis=1) - less.fitted.sum(axis=1)).tolist() == [3, 3, 3]
    y, v, _, x, _, fitted = year(data)
    root = np.sqrt(meta_regression(y[fitted], v[fitted], sm.add_constant(x[fitted])).weights)
    fit = sm.OLS(root * y[fitted], root[:, None] * sm.add_constant(x[fitted])).fit()
    worst = np.flatnonzero(fitted)[np.argsort(-fit.get_influence().cooks_distance[0])[:3]]
    assert set(np.flatnonzero(fitted & ~less.fitted[0])) == set(worst)


def test_leaving_out_is_refitting_by_hand(region, data):
    outcome, index, schools = region
    ids = outcome["school_id"].unique().sort().to_list()
    table = left_out(data, FLAG)
    named = []
    for school in ids:
        apart = schools.with_columns(in_model=pl.col("in_model") & (pl.col("school_id") != school))
        if not schools.filter(school_id=school)["in_model"].any():
            continue
        pooled, _ = carried_through(cells(outcome, index, apart, YEARS, pl.Series(ids)), "paule_mandel", "linear", 1.0)
        named.append(pooled.prob_below(-FLAG.delta) >= FLAG.watch)
    assert_allclose(table["school_below"], np.mean(named, axis=0))
    assert set(np.round(table["year_below"] * 3, 6)) <= {0, 1, 2, 3}


def test_one_year_cannot_be_left_out(region):
    outcome, index, schools = region
    ids = outcome["school_id"].unique().sort()
    table = left_out(cells(outcome, index, schools, [2022], ids), FLAG)
    assert table["year_below"].null_count() == SCHOOLS


def test_a_school_is_judged_by_the_specifications_that_have_it(region):
    """A primary school sits no examination: its conclusion must not fail where it cannot stand."""
    outcome, index, schools = region
    sunk = outcome.with_columns(outcome=pl.when(school_id="030").then(pl.lit(-3.0)).otherwise("outcome"))
    outcomes = pl.concat(
        [
            sunk.with_columns(variant=pl.lit("all")),
            sunk.filter(pl.col("school_id") != "030").with_columns(variant=pl.lit("gia9")),
        ]
    )
    indices = index.with_columns(variant=pl.lit("equal"))
    _, shares = specifications(outcomes, indices, schools, YEARS, SPECIFIED, [1.0], FLAG, SMALL_N)
    assert shares.filter(school_id="030").row(0) == ("030", 1.0, 0.0)


def test_delta_is_as_strict_in_the_units_of_the_share_of_low_results(region):
    outcome, index, schools = region
    half = outcome.with_columns(pl.col("outcome", "outcome_se") / 2)
    outcomes = pl.concat([outcome.with_columns(variant=pl.lit("all")), half.with_columns(variant=pl.lit("low"))])
    ids = outcome["school_id"].unique().sort()
    spread = _lasting_spread(outcomes, index.with_columns(variant=pl.lit("equal")), schools, YEARS, ids)
    assert spread == {"low": pytest.approx(0.5)}


def test_other_weights_are_tried_where_there_are_any(region):
    """Judged by another index with all else the same; nothing is said where the index has no other weights."""
    outcome, index, schools = region
    outcomes = outcome.with_columns(variant=pl.lit("all"))
    other = index.with_columns(index=pl.col("index").reverse())
    both = pl.concat([index.with_columns(variant=pl.lit("equal")), other.with_columns(variant=pl.lit("cross_fitted"))])
    ids = outcome["school_id"].unique().sort()
    pooled, _ = carried_through(cells(outcome, other, schools, YEARS, ids), "paule_mandel", "linear", 1.0)
    made = standing_check(outcomes, both, schools, YEARS, FLAG)
    assert_allclose(made["weights_below"], pooled.prob_below(-FLAG.delta))
    assert_allclose(made["weights_above"], 1 - pooled.prob_below(FLAG.delta))
    alone = standing_check(outcomes, both.filter(variant="equal"), schools, YEARS, FLAG)
    assert alone.null_count().row(0) == (SCHOOLS,) * 4
