"""The measures and the model against literal refits, other libraries, hand calculation and planted truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import f, norm
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

from helpers.measure import cronbach_alpha, entering, index_scale, outcome, pupil_spread, wellbeing_index
from helpers.measure.index import empirical_logit
from helpers.model import (
    VarianceComponents,
    expectation,
    expected_at,
    flags,
    influence,
    meta_regression,
    school_effects,
    shrink,
    variance_components,
)
from helpers.model.diagnostics import reset_p
from helpers.model.effect import judged_effects
from helpers.model.expectation import bends, design
from helpers.params import (
    ContextClassRules,
    FlagRules,
    IndexReliabilityRules,
    IndexRules,
    Indicator,
    ModelRules,
    OutcomeRules,
    Result,
    SmallNRules,
)
from helpers.problems import BadInput

MODEL = ModelRules(years_pooled=3, min_schools=4, source="test")
INDEX = IndexRules(
    scale_mean=50.0,
    scale_sd=10.0,
    base_year=None,
    carry_forward_years=2,
    expert_weights={},
    source="test",
    reliability=IndexReliabilityRules(value=0.9, origin="assumption", source="test"),
)
CLASSES = ContextClassRules(lower=1 / 3, upper=2 / 3, source="test")
OUTCOME = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="test"
)


def simulated(seed, schools, columns=2, spread=0.2, ratio=100.0, outlier=0.0):
    """y, v, X of schools: sampling variances around 0.02 of which the largest is `ratio` times the smallest."""
    random = np.random.default_rng(seed)
    X = np.column_stack([np.ones(schools), random.normal(50, 10, (schools, columns - 1))])
    variance = 0.02 * ratio ** random.uniform(-0.5, 0.5, schools)
    y = X @ random.normal(0, 0.05, columns) + random.normal(0, spread, schools)
    y += random.normal(0, np.sqrt(variance))
    y[random.integers(schools)] += outlier
    return y, variance, X


def refitted_without(y, variance, X, school):
    """Studentized deleted residual and τ² of a fit that has never seen the school."""
    rest = np.arange(len(y)) != school
    fit = meta_regression(y[rest], variance[rest], X[rest])
    error2 = variance[school] + fit.tau2 + X[school] @ fit.cov_beta @ X[school]
    return (y[school] - X[school] @ fit.beta) / np.sqrt(error2), fit.tau2


# Influence


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    schools=st.integers(5, 60),
    columns=st.sampled_from([2, 3]),
    spread=st.sampled_from([0.0, 0.05, 0.3]),
    ratio=st.sampled_from([1.0, 30.0, 1e3]),
    outlier=st.sampled_from([0.0, 1.0, 10.0]),
)
@example(seed=1, schools=60, columns=2, spread=0.05, ratio=1e3, outlier=10.0)
@example(seed=2, schools=5, columns=3, spread=0.0, ratio=1e3, outlier=0.0)
def test_leaving_out_without_refitting_equals_refitting(seed, schools, columns, spread, ratio, outlier):
    y, variance, X = simulated(seed, schools, columns, spread, ratio, outlier)
    expected = [refitted_without(y, variance, X, school)[0] for school in range(schools)]
    # Absolute below 1: a school on the line has a residual near 0.
    assert_allclose(influence(meta_regression(y, variance, X)).studentized, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("outlier", [5.0, 30.0, 300.0])
def test_one_wrong_entry_does_not_spoil_the_others_influence(outlier):
    y, variance, X = simulated(3, 40)
    y[7] += outlier
    expected = [refitted_without(y, variance, X, school)[0] for school in range(40)]
    assert_allclose(influence(meta_regression(y, variance, X)).studentized, expected, rtol=1e-6)


def test_leaving_out_is_exact_where_tau2_is_0_with_everybody_but_not_without_some():
    y, variance, X = simulated(4, 30, spread=0.1)
    at_zero = meta_regression(y, variance * 1e3, X)
    variance = variance * 1e3 * (at_zero.weights @ at_zero.residual**2) / (0.98 * 28)
    fit = meta_regression(y, variance, X)
    expected, tau2 = np.transpose([refitted_without(y, variance, X, school) for school in range(30)])
    assert fit.tau2 == 0
    assert 0 < np.count_nonzero(tau2) < 30
    assert_allclose(influence(fit).studentized, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_a_school_without_which_there_is_no_link_has_no_studentized_residual(seed):
    random = np.random.default_rng([50, seed])
    index = np.where(np.arange(20) == 7, 60.0, 48.37)
    variance = 0.02 * random.uniform(0.5, 2, 20)
    y, X = random.normal(0, 0.3, 20), np.column_stack([np.ones(20), index])
    pull = influence(meta_regression(y, variance, X))
    assert pull.leverage[7] == pytest.approx(1)
    assert np.isnan([pull.studentized[7], pull.cooks_distance[7]]).all()
    for school in (0, 19):
        assert pull.studentized[school] == pytest.approx(refitted_without(y, variance, X, school)[0], rel=1e-8)


def test_leaving_out_of_2000_schools_equals_refitting():
    y, variance, X = simulated(5, 2000, columns=3)
    y[17] += 5
    studentized = influence(meta_regression(y, variance, X)).studentized
    for school in [17, *range(0, 2000, 105)]:
        assert studentized[school] == pytest.approx(refitted_without(y, variance, X, school)[0], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("columns", [2, 3])
def test_leverage_and_cooks_distance_are_those_of_least_squares_on_whitened_data(columns):
    y, variance, X = simulated(6, 50, columns)
    fit = meta_regression(y, variance, X)
    root = np.sqrt(fit.weights)
    whitened = sm.OLS(root * y, root[:, None] * X).fit()
    least_squares, ours = whitened.get_influence(), influence(fit)
    assert_allclose(ours.leverage, least_squares.hat_matrix_diag, rtol=1e-10)
    assert ours.leverage.sum() == pytest.approx(columns)
    # statsmodels divides by an estimated error variance, which is known to be 1 here.
    assert_allclose(ours.cooks_distance, least_squares.cooks_distance[0] * whitened.mse_resid, rtol=1e-9)


# Fit


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("schools", [5, 40, 400])
def test_tau2_without_covariates_is_that_of_statsmodels(schools, spread):
    y, variance, X = simulated([schools, int(100 * spread)], schools, columns=1, spread=spread)
    theirs = combine_effects(y, variance, method_re="iterated", atol=1e-9)
    assert meta_regression(y, variance, X).tau2 == pytest.approx(theirs.tau2, rel=1e-8)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(4, 200), st.sampled_from([0.0, 0.02, 0.3, 5.0]))
def test_tau2_solves_the_paule_mandel_equation_or_is_0(seed, schools, spread):
    y, variance, X = simulated(seed, schools, columns=2, spread=spread)
    fit = meta_regression(y, variance, X)
    weighted_squares = fit.weights @ fit.residual**2
    if fit.tau2 > 0:
        assert weighted_squares == pytest.approx(schools - 2, rel=1e-9)
    else:
        assert weighted_squares <= schools - 2


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-3, 3))
def test_fit_follows_a_change_of_units(seed, unit, shift):
    y, variance, X = simulated(seed, 30)
    fit, moved = meta_regression(y, variance, X), meta_regression(unit * y + shift, unit**2 * variance, X)
    assume(fit.tau2 > 1e-6)
    assert moved.tau2 == pytest.approx(unit**2 * fit.tau2, rel=1e-6)
    assert_allclose(influence(moved).studentized, influence(fit).studentized, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("slope", [0.03, 0.0], ids=["perfect fit", "all outcomes equal"])
def test_schools_on_the_line_leave_no_spread_and_no_residuals(slope):
    index = np.linspace(30, 70, 12)
    fit = meta_regression(0.5 + slope * index, np.full(12, 0.01), np.column_stack([np.ones(12), index]))
    pull = influence(fit)
    assert fit.tau2 == 0
    assert_allclose(fit.beta, [0.5, slope], atol=1e-12)
    assert_allclose(fit.residual, 0, atol=1e-12)
    assert_allclose(pull.studentized, 0, atol=1e-10)
    assert_allclose(pull.cooks_distance, 0, atol=1e-12)
    for values in shrink(fit.residual, fit.variance, fit.expected_variance(fit.X), fit.tau2):
        assert_allclose(values, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y, v, X: (y, v, np.column_stack([X, X[:, 1]])), "collinear"),
        (lambda y, v, X: (y, v, np.column_stack([X, np.full(10, 50.0)])), "collinear"),
        (lambda y, v, X: (y, v, np.column_stack([X, 3 * X[:, 1] - 2 * X[:, 2] + 1])), "collinear"),
        (lambda y, v, X: (y[:3], v[:3], X[:3]), "cannot determine"),
        (lambda y, v, X: (y, np.where(np.arange(10) == 4, 0.0, v), X), "positive"),
        (lambda y, v, X: (y, np.where(np.arange(10) == 4, np.nan, v), X), "positive"),
        (lambda y, v, X: (np.where(np.arange(10) == 4, np.nan, y), v, X), "finite"),
    ],
    ids=["same column twice", "constant", "linear combination", "too few schools", "no variance", "nan", "nan y"],
)
def test_what_cannot_be_fitted_is_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        meta_regression(*change(*simulated(7, 10, columns=3)))


# Table of expectations


def tables(year, ids, y, se, x, in_model=True):
    """Tables `outcome`, `wellbeing_index`, `schools` of one year."""
    keys = pl.DataFrame({"year": [year] * len(ids), "school_id": ids})
    return (
        keys.with_columns(outcome=pl.Series(y), outcome_se=pl.Series(se)),
        keys.with_columns(index=pl.Series(x)),
        keys.with_columns(
            in_model=pl.Series(in_model) if np.ndim(in_model) else pl.lit(in_model),
            why_excluded=pl.lit(None, pl.String),
        ),
    )


def names(schools):
    return [f"{number:05}" for number in range(schools)]


@pytest.mark.parametrize("reason", ["before_merger", "year_not_compared"])
def test_a_school_that_was_another_then_has_no_expectation(reason):
    y, variance, X = simulated(3, 30)
    outcome, index, schools = tables(2020, names(30), y, np.sqrt(variance), X[:, 1])
    gone = pl.col("school_id") == "00004"
    schools = schools.with_columns(
        in_model=~gone, why_excluded=pl.when(gone).then(pl.lit(reason)).otherwise(pl.lit(None, pl.String))
    )
    table, (model,) = expectation(outcome, index, schools, MODEL)
    assert "00004" not in table["school_id"].to_list()
    assert (table.height, model["n_schools"]) == (29, 29)


def test_schools_left_out_of_the_fit_are_placed_but_have_no_pull_on_it():
    y, variance, X = simulated(8, 30)
    in_model = np.arange(30) % 5 != 0
    table, (model,) = expectation(*tables(2020, names(30), y, np.sqrt(variance), X[:, 1], in_model), MODEL)
    fit = meta_regression(y[in_model], variance[in_model], X[in_model])
    assert model["n_schools"] == 24
    assert_allclose([model["tau2"], model["slope"]], [fit.tau2, fit.beta[1]], rtol=1e-12)
    assert_allclose(table["expected"], X @ fit.beta, rtol=1e-12)
    root = np.sqrt(fit.weights)
    whitened = sm.OLS(root * fit.y, root[:, None] * fit.X).fit()
    inside = table.filter("in_model")
    assert_allclose(
        inside["residual"] / inside["residual_se"],
        whitened.resid / np.sqrt(1 - whitened.get_influence().hat_matrix_diag),
        rtol=1e-9,
    )
    outside = table.filter(~pl.col("in_model"))
    assert outside["leverage"].to_list() == [0] * 6
    assert outside["studentized"].null_count() == outside["cooks_distance"].null_count() == 6
    # Their residual is that of a prediction: the same as for a school left out of the fit to all the others.
    school = 5
    rest = in_model | (np.arange(30) == school)
    place = np.flatnonzero(rest).tolist().index(school)
    row = table.row(school, named=True)
    assert row["residual"] / row["residual_se"] == pytest.approx(
        influence(meta_regression(y[rest], variance[rest], X[rest])).studentized[place], rel=1e-8
    )


@pytest.mark.parametrize(
    ("schools", "index", "found"),
    [(3, [40.0, 50.0, 60.0], "годных школ: 3"), (5, [50.0] * 5, "связь не оценить")],
    ids=["too few schools", "same context everywhere"],
)
def test_a_year_that_cannot_be_fitted_is_named(schools, index, found):
    inputs = tables(2020, names(schools), np.arange(schools) / 10, np.full(schools, 0.1), index)
    with pytest.raises(BadInput, match=f"2020 год.*{found}"):
        expectation(*inputs, MODEL)


def test_a_year_of_one_result_is_named():
    inputs = tables(2020, names(12), np.full(12, 0.3), np.full(12, 0.1), np.linspace(30, 70, 12))
    with pytest.raises(BadInput, match=r"2020 год.*один и тот же результат"):
        expectation(*inputs, MODEL)


def test_where_nobody_stands_out_the_table_of_reliabilities_is_empty_and_of_its_types():
    y = np.resize([0.01, -0.01], 30)
    table, fits = expectation(*tables(2020, names(30), y, np.full(30, 0.3), np.linspace(30, 70, 30)), MODEL)
    components = variance_components(table, {2020: fits[0]["tau2"]})
    effect, at = judged_effects(table, fits, components, 0.9, FLAG)
    assert effect.height == 30
    assert (at.height, at.schema["school_id"], at.schema["prob_below"]) == (0, pl.String, pl.Float64)


# Effects over the years


PERSISTENT, TRANSIENT, DELTA = 0.03, 0.012, 0.10


@pytest.fixture(scope="module")
def planted():
    """3000 schools × 3 years, a sixth of the years missing: true lasting effects, their table `expectation`, τ²."""
    random = np.random.default_rng(20)
    ids = np.array(names(3000))
    context = random.normal(50, 10, 3000)
    # What is expected of a context is what its schools have on average: the lasting parts are planted around that.
    lasting = random.normal(0, 1, 3000)
    lasting -= np.polyval(np.polyfit(context, lasting, 1), context)
    lasting *= np.sqrt(PERSISTENT) / lasting.std()
    years = []
    for year in (2020, 2021, 2022):
        here = random.random(3000) > 1 / 6
        se = np.sqrt(random.uniform(0.002, 0.03, 3000))
        x = context + random.normal(0, 1, 3000)
        y = -1.5 + 0.03 * x + lasting + random.normal(0, np.sqrt(TRANSIENT), 3000) + random.normal(0, se)
        years.append(tables(year, ids[here], y[here], se[here], x[here]))
    table, models = expectation(*(pl.concat(parts) for parts in zip(*years, strict=True)), MODEL)
    return dict(zip(ids, lasting, strict=True)), table, {model["year"]: model["tau2"] for model in models}


def test_variance_components_recover_planted_ones(planted):
    _, table, tau2 = planted
    components = variance_components(table, tau2)
    assert components.n_years == 3
    assert components.persistent == pytest.approx(PERSISTENT, rel=0.05)
    assert components.transient == pytest.approx(TRANSIENT, rel=0.10)
    assert components.persistent + components.transient == pytest.approx(np.mean(list(tau2.values())))


def residuals_of_years(years, se=0.1):
    """What `variance_components` needs of table `expectation`: {year: residuals}, nan where a school is missing."""
    return pl.concat(
        pl.DataFrame({"school_id": names(len(e)), "residual": e, "outcome_se": np.full(len(e), se)}).with_columns(
            year=pl.lit(year), in_model=pl.col("school_id") != "00006"
        )
        for year, e in years.items()
    ).filter(pl.col("residual").is_not_nan())


def test_persistent_variance_by_hand():
    # The seventh school is not in the model; one school is missing in the second year, one in the third.
    first, second, third = (
        np.array([0.3, -0.2, 0.1, 0.0, -0.4, 0.2, 9.0]),
        np.array([0.2, -0.3, 0.2, 0.1, np.nan, 0.1, 9.0]),
        np.array([np.nan, -0.1, 0.1, 0.1, -0.2, 0.2, 9.0]),
    )
    se = np.sqrt([0.01, 0.02, 0.02, 0.04, 0.06, 0.06, 0.01])
    tau2 = {2020: 0.06, 2021: 0.08, 2022: 0.10}
    table = residuals_of_years({2020: first, 2021: second, 2022: third}, se)

    def covariance(one, other, tau2_one, tau2_other, schools):
        here = np.array(schools)
        weights = 1 / np.sqrt((se[here] ** 2 + tau2_one) * (se[here] ** 2 + tau2_other))
        return len(here) / (len(here) - 2) * np.average(one[here] * other[here], weights=weights)

    pairs = [
        covariance(first, second, 0.06, 0.08, [0, 1, 2, 3, 5]),
        covariance(first, third, 0.06, 0.10, [1, 2, 3, 4, 5]),
        covariance(second, third, 0.08, 0.10, [1, 2, 3, 5]),
    ]
    components = variance_components(table, tau2)
    assert components.persistent == pytest.approx(np.mean(pairs))
    assert components.transient == pytest.approx(0.08 - np.mean(pairs))


@pytest.mark.parametrize(("sign", "persistent"), [(1, 0.02), (-1, 0.0)], ids=["more than tau2", "less than 0"])
def test_persistent_variance_stays_between_0_and_tau2(sign, persistent):
    e = np.array([0.5, -0.5, 0.4, -0.4, 0.3, -0.3])
    components = variance_components(residuals_of_years({2021: e, 2022: sign * e}), {2021: 0.01, 2022: 0.03})
    assert (components.persistent, components.transient) == pytest.approx((persistent, 0.02 - persistent))


def test_intervals_of_effects_cover_the_true_ones(planted):
    lasting, table, tau2 = planted
    effects = school_effects(table, variance_components(table, tau2), DELTA)
    true = np.array([lasting[school] for school in effects["school_id"]])
    error = (true - effects["effect"].to_numpy()) / effects["effect_se"].to_numpy()
    for level in (0.5, 0.8, 0.95):
        covered = np.mean(np.abs(error) < norm.ppf((1 + level) / 2))
        assert covered == pytest.approx(level, abs=0.01 if level == 0.95 else 0.025)
    assert np.corrcoef(true, effects["effect"])[0, 1] ** 2 == pytest.approx(effects["reliability"].mean(), abs=0.02)


@pytest.mark.parametrize("side", ["below", "above"])
def test_probabilities_come_true_as_often_as_they_say(planted, side):
    lasting, table, tau2 = planted
    effects = school_effects(table, variance_components(table, tau2), DELTA)
    true = np.array([lasting[school] for school in effects["school_id"]])
    happened = true < -DELTA if side == "below" else true > DELTA
    said = effects[f"prob_{side}"].to_numpy()
    assert said.mean() == pytest.approx(happened.mean(), abs=0.01)
    for low, high in [(0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 1)]:
        inside = (said >= low) & (said <= high)
        allowed = 3 * np.sqrt(np.sum(said[inside] * (1 - said[inside]))) / inside.sum()
        assert said[inside].mean() == pytest.approx(happened[inside].mean(), abs=allowed)


def test_effect_is_the_best_linear_prediction_from_all_years(planted):
    _, table, _ = planted
    effects = school_effects(table, VarianceComponents(PERSISTENT, TRANSIENT, 3), DELTA)
    for school in ["00000", "00001", "00002"]:
        years = table.filter(pl.col("school_id") == school)
        e, v = years["residual"].to_numpy(), years["outcome_se"].to_numpy() ** 2
        ones = np.ones(len(e))
        inverse = np.linalg.inv(PERSISTENT * np.outer(ones, ones) + np.diag(TRANSIENT + v))
        row = effects.row(by_predicate=pl.col("school_id") == school, named=True)
        assert row["effect"] == pytest.approx(PERSISTENT * ones @ inverse @ e, rel=1e-12)
        assert row["reliability"] == pytest.approx(PERSISTENT * ones @ inverse @ ones, rel=1e-12)
        # Beyond the prediction error of known expectations stands what the expectations bring.
        known = PERSISTENT - PERSISTENT**2 * ones @ inverse @ ones
        brought = row["reliability"] * years["expected_se"].to_numpy()
        assert known + brought.min() ** 2 <= row["effect_se"] ** 2 + 1e-15 <= known + brought.max() ** 2 + 2e-15
        assert (row["years"], row["years_below"], row["years_above"]) == (len(e), (e < 0).sum(), (e > 0).sum())
        assert row["prob_below"] == pytest.approx(norm.cdf(-DELTA, row["effect"], row["effect_se"]), rel=1e-12)
        assert row["prob_above"] == pytest.approx(norm.sf(DELTA, row["effect"], row["effect_se"]), rel=1e-9)


def test_effect_of_one_year_is_the_shrunken_residual(planted):
    _, table, tau2 = planted
    year = table.filter(pl.col("year") == 2021)
    components = variance_components(year, {2021: tau2[2021]})
    effects = school_effects(year, components, DELTA)
    assert components == VarianceComponents(tau2[2021], 0.0, 1)
    assert effects["school_id"].to_list() == year["school_id"].to_list()
    assert_allclose(effects["effect"], year["shrunken"], rtol=1e-12)
    assert_allclose(effects["effect_se"], year["shrunken_se"], rtol=1e-12)
    assert_allclose(effects["reliability"], year["reliability"], rtol=1e-12)


def test_without_a_persistent_part_there_are_no_effects(planted):
    _, table, _ = planted
    effects = school_effects(table, VarianceComponents(0.0, 0.04, 3), DELTA)
    for column in ("effect", "effect_se", "reliability", "prob_below", "prob_above"):
        assert effects[column].unique().to_list() == [0]


# Flags


FLAG = FlagRules(delta=0.1, persistent=0.9, watch=0.8, min_years=2, min_spec_share=0.8, source="test")
SMALL_N = SmallNRules(model_fit=10, flag_each_year=10, pooled=20, source="test")

# school: (prob_below, prob_above, years_below, years_above, participants of each year, why_excluded, tier, direction,
# reason)
FLAGGED = {
    "sure below": (0.95, 0.00, 3, 0, [30, 30, 30], None, "persistent", "below", "probability"),
    "sure above": (0.00, 0.90, 0, 3, [30, 30, 30], None, "persistent", "above", "probability"),
    "likely below": (0.80, 0.00, 2, 1, [30, 30, 30], None, "watch", "below", "probability"),
    "likely above": (0.00, 0.89, 1, 2, [30, 30, 30], None, "watch", "above", "probability"),
    "not likely": (0.79, 0.00, 3, 0, [30, 30, 30], None, "none", "within", "within"),
    "below in one year": (0.95, 0.00, 1, 2, [30, 30, 30], None, "none", "within", "not_persistent"),
    "above in one year": (0.00, 0.95, 2, 1, [30, 30, 30], None, "none", "within", "not_persistent"),
    "large enough": (0.95, 0.00, 2, 0, [10, 10], None, "persistent", "below", "probability"),
    "a small year": (0.95, 0.00, 3, 0, [30, 9, 30], None, "preliminary", None, "small_n"),
    "a small last year": (0.95, 0.00, 2, 1, [30, 30, 9], "small_n", "preliminary", None, "small_n"),
    "small and ordinary": (0.10, 0.10, 2, 1, [9, 9, 9], None, "preliminary", None, "small_n"),
    "tiny": (0.95, 0.00, 3, 0, [6, 6, 7], None, "insufficient_data", None, "small_n"),
    "no result": (None, None, None, None, [], "no_result", "insufficient_data", None, "no_result"),
    "no context": (None, None, None, None, [30, 30, 30], "no_context", "insufficient_data", None, "no_context"),
    "evening": (0.95, 0.00, 3, 0, [30, 30, 30], "type", "outside", None, "type"),
    "of one year": (0.95, 0.00, 1, 0, [30], None, "preliminary", None, "few_years"),
    "only this way": (0.95, 0.00, 3, 0, [30, 30, 30], None, "dependent", None, "specification"),
    "only so weighed": (0.00, 0.95, 0, 3, [30, 30, 30], None, "dependent", None, "specification"),
    "one indicator": (0.00, 0.95, 0, 3, [30, 30, 30], None, "persistent", "above", "probability"),
}
SPEC_SHARE = {"only this way": 0.79}
"""In what share of the specifications the conclusion is the same; in all of them for the others."""
BY_WEIGHTS = {"only so weighed": 0.79, "one indicator": None}
"""How probable it is by the index with other weights; surely for the others."""


def flag_inputs(years):
    """Tables `effect`, `schools`, `outcome`, `wellbeing_index`, `stability`, `federal` for the schools of `FLAGGED`."""
    rows = {school: row for school, row in FLAGGED.items() if row[0] is not None}
    effect = pl.DataFrame(
        {
            "school_id": list(rows),
            "effect": [row[1] - row[0] for row in rows.values()],
            "prob_below": [row[0] for row in rows.values()],
            "prob_above": [row[1] for row in rows.values()],
            "years_below": [row[2] for row in rows.values()],
            "years_above": [row[3] for row in rows.values()],
            "pooled_residual": np.linspace(-0.4, 0.4, len(rows)),
            "pooled_residual_se": [0.1] * len(rows),
        }
    )
    keys = [(year, school) for school in FLAGGED for year in years]
    schools = pl.DataFrame(keys, schema=["year", "school_id"], orient="row").with_columns(
        why_excluded=pl.Series(
            [FLAGGED[school][5] if year == years[-1] else None for year, school in keys], dtype=pl.String
        )
    )
    participants = pl.DataFrame(
        [(year, school, float(n)) for school, row in FLAGGED.items() for year, n in zip(years, row[4], strict=False)],
        schema=["year", "school_id", "n_participants"],
        orient="row",
    )
    index = schools.select(
        "year",
        "school_id",
        index=pl.lit(50.0),
        context_class=pl.when(pl.col("year") == years[-1]).then(pl.lit("advantaged")).otherwise(pl.lit("middle")),
        class_prob=pl.when(pl.col("year") == years[-1]).then(0.9).otherwise(0.8),
    )
    sure = [BY_WEIGHTS.get(school, 1.0) for school in rows]
    shares = [SPEC_SHARE.get(school, 1.0) for school in rows]
    below = effect["effect"] < 0
    stability = pl.DataFrame({"school_id": list(rows), "share_below": shares, "share_above": shares}).with_columns(
        share_below=pl.when(below).then("share_below").otherwise(0.0),
        share_above=pl.when(below).then(0.0).otherwise("share_above"),
        weights_below=pl.when(below).then(pl.Series(sure, dtype=pl.Float64)).otherwise(0.0),
        weights_above=pl.when(below).then(0.0).otherwise(pl.Series(sure, dtype=pl.Float64)),
    )
    federal = pl.DataFrame({"school_id": ["sure below", "not likely"], "federal_low": [True, False]})
    return effect, schools, participants, index, stability, federal


@pytest.mark.parametrize("school", FLAGGED)
def test_each_school_gets_its_tier_and_reason(school):
    table = flags(*flag_inputs([2020, 2021, 2022]), [2020, 2021, 2022], FLAG, SMALL_N)
    row = table.row(by_predicate=pl.col("school_id") == school, named=True)
    assert (row["tier"], row["direction"], row["reason"]) == FLAGGED[school][6:]
    assert row["type"] == (f"advantaged_{row['direction']}" if row["direction"] else row["tier"])
    assert (row["context_class"], row["class_prob"]) == ("advantaged", 0.9)  # of the last year
    assert row["n_total"] == (sum(FLAGGED[school][4]) or None)
    assert row["spec_share"] == (SPEC_SHARE.get(school, 1.0) if FLAGGED[school][0] is not None else None)
    assert row["federal_low"] == {"sure below": True, "not likely": False}.get(school)


def test_participants_before_a_merger_do_not_count():
    effect, schools, *others = flag_inputs([2020, 2021, 2022])
    merged = (pl.col("school_id") == "sure below") & (pl.col("year") == 2020)
    schools = schools.with_columns(why_excluded=pl.when(merged).then(pl.lit("before_merger")).otherwise("why_excluded"))
    table = flags(effect, schools, *others, [2020, 2021, 2022], FLAG, SMALL_N)
    assert table.row(by_predicate=pl.col("school_id") == "sure below", named=True)["n_total"] == 60


def test_one_year_gives_observations_only():
    effect, *others = flag_inputs([2022])
    once = effect.with_columns(pl.col("years_below", "years_above").clip(0, 1))
    table = flags(once, *others, [2022], FLAG, SMALL_N)
    tiers = dict(table.select("school_id", "tier").iter_rows())
    assert {tiers[school] for school in ("sure below", "sure above", "likely below", "likely above")} == {"observation"}
    assert not {"persistent", "watch"} & set(tiers.values())


def test_years_that_are_not_pooled_do_not_count():
    table = flags(*flag_inputs([2020, 2021, 2022]), [2022], FLAG, SMALL_N)
    assert table.row(by_predicate=pl.col("school_id") == "sure below", named=True)["n_total"] == 30


def test_q_values_are_benjamini_hochberg_over_all_schools_with_an_effect():
    effect, *others = flag_inputs([2020, 2021, 2022])
    table = flags(effect, *others, [2020, 2021, 2022], FLAG, SMALL_N)
    tested = effect.filter(pl.col("school_id") != "evening")
    p = 2 * norm.sf(np.abs(tested["pooled_residual"] / tested["pooled_residual_se"]))
    expected = dict(zip(tested["school_id"], multipletests(p, method="fdr_bh")[1], strict=True))
    for school, q in table.select("school_id", "q_value").iter_rows():
        assert q == (pytest.approx(expected[school]) if school in expected else None)


# Index

ITEMS = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 4.0], [3.0, 4.0, 4.0], [4.0, 5.0, 7.0]])


def test_cronbach_alpha_by_hand():
    # Item variances 5/3, 10/3, 3; totals 6, 7, 11, 16 with variance 62/3.
    assert cronbach_alpha(ITEMS) == pytest.approx(3 / 2 * (1 - (5 / 3 + 10 / 3 + 3) / (62 / 3)))
    assert cronbach_alpha(ITEMS[:, :1]) is None
    assert cronbach_alpha(np.repeat(ITEMS[:, :1], 3, axis=1)) == pytest.approx(1)


def test_empirical_logit_by_hand_and_finite_at_both_ends():
    share, n = np.array([0.0, 0.25, 0.5, 1.0]), np.array([10.0, 20.0, 8.0, 10.0])
    assert_allclose(empirical_logit(share, n), np.log([0.5 / 10.5, 5.5 / 15.5, 1.0, 10.5 / 0.5]))


def made_context(schools=99):
    random = np.random.default_rng(30)
    n = random.integers(20, 500, 2 * schools).astype(float)
    context = pl.DataFrame(
        {
            "year": np.repeat([2020, 2021], schools),
            "school_id": names(schools) * 2,
            "n_pupils": n,
            "higher_education": random.binomial(n.astype(int), 0.4) / n,
            "risk": random.binomial(n.astype(int), 0.1) / n,
            "position": np.repeat([0.0, 5.0], schools) + random.normal(100, 15, 2 * schools),
        }
    )
    indicators = {
        "higher_education": Indicator(title="test", columns=["a"], unit="percent", higher_is="better"),
        "risk": Indicator(title="test", columns=["b"], unit="percent", higher_is="worse"),
        "position": Indicator(title="test", columns=["c"], unit="score", higher_is="better"),
    }
    return context, indicators


def test_index_has_mean_50_and_sd_10_and_equal_classes_in_the_base_year():
    context, indicators = made_context()
    fitted = context.select("year", "school_id")
    scale = index_scale(context, fitted, indicators, INDEX, CLASSES, 2020)
    index = wellbeing_index(context, indicators, scale, INDEX)
    base = index.filter(pl.col("year") == 2020)
    assert (base["index"].mean(), base["index"].std()) == (pytest.approx(50), pytest.approx(10))
    assert base["context_class"].value_counts().sort("context_class").rows() == [
        ("advantaged", 33),
        ("disadvantaged", 33),
        ("middle", 33),
    ]
    assert base.group_by("context_class").agg(pl.col("index").mean()).sort("index")["context_class"].to_list() == [
        "disadvantaged",
        "middle",
        "advantaged",
    ]
    # The frozen scale lets a year that is better off stand higher.
    assert index.filter(pl.col("year") == 2021)["index"].mean() > 51


def test_index_of_one_school_by_hand():
    context, indicators = made_context()
    base = context.filter(pl.col("year") == 2020)
    n = base["n_pupils"].to_numpy()
    oriented = np.column_stack(
        [
            empirical_logit(base["higher_education"].to_numpy(), n),
            -empirical_logit(base["risk"].to_numpy(), n),
            base["position"].to_numpy(),
        ]
    )
    z = (oriented - oriented.mean(axis=0)) / oriented.std(axis=0, ddof=1)
    composite = z.mean(axis=1)
    expected = 50 + 10 * (composite - composite.mean()) / composite.std(ddof=1)
    scale = index_scale(context, context.select("year", "school_id"), indicators, INDEX, CLASSES, 2020)
    index = wellbeing_index(context, indicators, scale, INDEX).filter(pl.col("year") == 2020)
    assert_allclose(index["index"], expected, rtol=1e-12)
    assert_allclose(index.select("z_higher_education", "z_risk", "z_position"), z, atol=1e-12)


def test_schools_outside_the_fit_have_an_index_but_no_say_in_its_scale():
    context, indicators = made_context()
    fitted = context.select("year", "school_id").filter(pl.col("school_id") >= "00033")
    scale = index_scale(context, fitted, indicators, INDEX, CLASSES, 2020)
    index = wellbeing_index(context, indicators, scale, INDEX).filter(pl.col("year") == 2020)
    assert index.height == 99
    inside = index.filter(pl.col("school_id") >= "00033")["index"]
    assert (inside.mean(), inside.std()) == (pytest.approx(50), pytest.approx(10))


def test_a_school_without_an_indicator_has_no_index():
    context, indicators = made_context()
    scale = index_scale(context, context.select("year", "school_id"), indicators, INDEX, CLASSES, 2020)
    gap = context.with_columns(risk=pl.when(pl.col("school_id") != "00007").then("risk"))
    assert wellbeing_index(gap, indicators, scale, INDEX).height == 2 * 98


def test_an_indicator_that_does_not_vary_is_refused():
    context, indicators = made_context()
    with pytest.raises(BadInput, match="position"):
        index_scale(
            context.with_columns(position=pl.lit(100.0)),
            context.select("year", "school_id"),
            indicators,
            INDEX,
            CLASSES,
            2020,
        )


# Outcome


def described(procedure="test", measure="mean", **rest):
    return Result(procedure=procedure, title="test", measure=measure, value="v", n="n", **rest)


def result_rows(pupils, procedure="test", subject="all", grade="all", year=2020):
    """Table `results` of one test from the results of pupils: {school: array}."""
    return pl.DataFrame(
        [
            {
                "year": year,
                "school_id": school,
                "procedure": procedure,
                "subject": subject,
                "grade": grade,
                "n_participants": float(len(marks)),
                "mean": float(np.mean(marks)),
                "sd": float(np.std(marks)),
            }
            for school, marks in pupils.items()
        ]
    )


def test_marks_alone_tell_the_spread_of_pupils():
    rows = result_rows(MARKS)
    (spread,) = spreads = pupil_spread(rows, [described()])
    assert (spread.origin, spread.variance) == ("marks", None)
    made = outcome(rows, [described()], spreads, OUTCOME)
    every = np.concatenate(list(MARKS.values()))
    within = sum(((marks - marks.mean()) ** 2).sum() for marks in MARKS.values()) / (len(every) - len(MARKS))
    assert_allclose(
        made["outcome"], [(marks.mean() - every.mean()) / every.std() for marks in MARKS.values()], rtol=1e-12
    )
    assert_allclose(
        made["outcome_se"], [np.sqrt(within / len(marks)) / every.std() for marks in MARKS.values()], rtol=1e-12
    )


def test_results_set_aside_do_not_enter():
    rows = result_rows(MARKS).with_columns(set_aside=pl.Series([None, "biased", "not_compared"]))
    assert entering(rows)["school_id"].to_list() == ["a"]


MARKS = {
    "a": np.array([2.0, 3, 3, 4, 5]),
    "b": np.array([3.0, 3, 4, 4, 4, 5, 5, 2]),
    "c": np.array([2.0, 2, 3]),
}


@pytest.mark.parametrize("kind", ["mean", "share", "share of failures"])
def test_outcome_is_the_mean_of_pupils_z_scores(kind):
    if kind == "mean":
        pupils, result = MARKS, described(pupil_sd=float(np.std(np.concatenate(list(MARKS.values())))))
    else:
        pupils = {school: (marks > 3).astype(float) for school, marks in MARKS.items()}
        result = described(measure="share", higher_is="better" if kind == "share" else "worse")
    everyone = np.concatenate(list(pupils.values()))
    rows = result_rows(pupils)
    table = outcome(rows, [result], pupil_spread(rows, [result]), OUTCOME)
    sign = -1 if kind == "share of failures" else 1
    expected = [sign * ((marks - everyone.mean()) / everyone.std()).mean() for marks in pupils.values()]
    assert_allclose(table["outcome"], expected, rtol=1e-12)
    if kind == "mean":
        within = sum(((marks - marks.mean()) ** 2).sum() for marks in pupils.values()) / len(everyone)
        se = [np.sqrt(within / len(marks)) / everyone.std() for marks in pupils.values()]
        assert_allclose(table["outcome_se"], se, rtol=1e-12)


def test_each_grade_is_compared_with_itself():
    harder = {school: marks - 1 for school, marks in MARKS.items()}
    rows = pl.concat([result_rows(MARKS, grade="5"), result_rows({f"{s}2": m for s, m in harder.items()}, grade="6")])
    result = described(pupil_sd=1.0)
    table = outcome(rows, [result], pupil_spread(rows, [result]), OUTCOME)
    z = dict(table.select("school_id", "outcome").iter_rows())
    assert all(z[school] == pytest.approx(z[f"{school}2"]) for school in MARKS)


@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("same_grade", [True, False])
def test_errors_of_one_cohorts_results_correlate(rho, same_grade):
    more = {school: np.tile(marks, 3) for school, marks in MARKS.items()}
    rows = pl.concat([result_rows(MARKS, "first"), result_rows(more, "second", grade="all" if same_grade else "9")])
    results = [described("first", pupil_sd=1.2), described("second", pupil_sd=1.1)]
    spreads = pupil_spread(rows, results)
    rules = OutcomeRules(
        same_cohort_correlation=rho,
        next_year_correlation=0.0,
        procedure_weights={"second": 0.5},
        min_results=1,
        source="test",
    )
    together = outcome(rows, results, spreads, rules)
    parts = [
        outcome(rows.filter(pl.col("procedure") == r.procedure), [r], [s], rules)
        for r, s in zip(results, spreads, strict=True)
    ]
    # Weights: participants, times 1 and 0.5.
    weight = np.array([1 / 2.5, 1.5 / 2.5])
    se = np.column_stack([part["outcome_se"] for part in parts]) * weight
    shared = rho if same_grade else 0.0
    expected = np.sqrt(se[:, 0] ** 2 + se[:, 1] ** 2 + 2 * shared * se[:, 0] * se[:, 1])
    assert_allclose(together["outcome_se"], expected, rtol=1e-12)
    assert_allclose(together["outcome"], np.column_stack([p["outcome"] for p in parts]) @ weight, rtol=1e-12)
    assert together["n_participants"].to_list() == [15, 24, 9]
    assert together["procedures"].unique().to_list() == ["first, second"]


def test_two_subjects_of_one_procedure_keep_their_own_spread():
    tenfold = {school: 10 * marks for school, marks in MARKS.items()}
    rows = pl.concat([result_rows(MARKS, subject="rus"), result_rows(tenfold, subject="mat")])
    results = [described(subject="rus", pupil_sd=1.0), described(subject="mat", pupil_sd=10.0)]
    both = outcome(rows, results, pupil_spread(rows, results), OUTCOME)
    rus = rows.filter(pl.col("subject") == "rus")
    one = outcome(rus, results[:1], pupil_spread(rus, results[:1]), OUTCOME)
    # The same marks, only written in tenths: the mean of both is that of either.
    assert_allclose(both["outcome"], one["outcome"], rtol=1e-12)


def test_a_spread_of_pupils_below_that_of_schools_is_refused():
    with pytest.raises(BadInput, match="pupil_sd"):
        pupil_spread(result_rows(MARKS), [described(pupil_sd=0.1)])


WITHIN = 300.0


def api_like(years, schools=3000, noise_falls=True):
    """Table `results` like California's: points around 650, pupils' spread `WITHIN`."""
    random = np.random.default_rng([40, len(years)])
    index = random.normal(50, 10, schools)
    n = np.round(np.exp(random.normal(5.8, 0.7, schools))).clip(11, 3000)
    lasting = 5 * index + random.normal(0, 20, schools)
    rows = []
    for year in years:
        noise = WITHIN / np.sqrt(n if noise_falls else np.full(schools, 300.0))
        mean = 400 + lasting + random.normal(0, 12, schools) + random.normal(0, noise)
        keys = pl.DataFrame({"year": [year] * schools, "school_id": names(schools)})
        rows.append(
            keys.with_columns(
                procedure=pl.lit("test"),
                subject=pl.lit("all"),
                grade=pl.Series(np.where(np.arange(schools) % 3, "E", "H")),
                n_participants=pl.Series(n),
                mean=pl.Series(mean),
                sd=pl.lit(None, pl.Float64),
            )
        )
    return pl.concat(rows)


@pytest.mark.parametrize("years", [[2021, 2022], [2020, 2021, 2022]], ids=["two", "three"])
def test_pupil_spread_recovers_a_planted_one_within_its_error(years):
    (spread,) = pupil_spread(api_like(years), [described()])
    assert spread.origin == "estimated"
    assert spread.variance == pytest.approx(WITHIN**2, abs=3 * spread.standard_error)
    assert spread.standard_error < 0.3 * WITHIN**2


def test_pupil_spread_is_asked_for_where_noise_does_not_fall_with_n():
    with pytest.raises(BadInput, match="оценить нельзя"):
        pupil_spread(api_like([2021, 2022], noise_falls=False), [described()])


def test_one_school_that_leaps_changes_little():
    calm = api_like([2021, 2022], schools=400)
    leapt = calm.with_columns(
        mean=pl.col("mean") + 2500.0 * ((pl.col("year") == 2022) & (pl.col("school_id") == names(400)[7]))
    )
    (before,), (after,) = (pupil_spread(rows, [described()]) for rows in (calm, leapt))
    assert abs(after.variance - before.variance) < before.standard_error
    assert after.variance == pytest.approx(WITHIN**2, abs=3 * after.standard_error)


def test_one_year_never_tells_the_pupils_spread():
    # noise falls with n, but so might true differences: small schools differ more everywhere
    with pytest.raises(BadInput, match="по одному году шум не отличить"):
        pupil_spread(api_like([2022]), [described()])


def test_no_spread_is_wider_than_its_scale():
    # all pupils at one end or the other, half and half: 0 and 90 around 45 have the widest spread there is, 45
    rows = result_rows({"a": np.array([0.0, 90.0] * 20), "b": np.array([0.0, 90.0] * 30)})
    ends = {"minimum": 0, "maximum": 90}
    (spread,) = pupil_spread(rows, [described(pupil_sd=45.0, **ends)])
    assert spread.variance == 45.0**2
    with pytest.raises(BadInput, match="не больше 45"):
        pupil_spread(rows, [described(pupil_sd=80.0, **ends)])
    with pytest.raises(BadInput, match=r"оценка по данным.*шире при таких средних на шкале 600–700"):
        pupil_spread(api_like([2021, 2022]), [described(minimum=600, maximum=700)])


def of_curve(bend, seed=5, schools=200):
    """Three years of schools along a line or a parabola: outcomes, sampling variances, indices by year."""
    random = np.random.default_rng(seed)
    x = random.normal(50, 10, schools)
    lasting, variance = random.normal(0, 0.15, schools), random.uniform(0.005, 0.05, schools)
    z = (x - 50) / 10
    return [
        (0.3 * z + bend * z**2 + lasting + random.normal(0, np.sqrt(variance + 0.01)), variance, x) for _ in range(3)
    ]


def test_a_parabola_is_taken_where_the_link_bends_and_seldom_elsewhere():
    assert all(bends(of_curve(0.1, seed)) for seed in range(20))
    # Of straight links a normal deviate passes √2 in one case of six.
    assert 0.02 < np.mean([bends(of_curve(0, seed, 60)) for seed in range(150)]) < 0.25


def test_the_parabola_is_weighted_least_squares_and_is_not_drawn_on_beyond_its_schools():
    years = of_curve(0.1)
    x = years[0][2]
    in_model = (x > x.min()) & (x < x.max())
    (y, variance, _), *_ = years
    table, (model,) = expectation(*tables(2020, names(200), y, np.sqrt(variance), x, in_model), MODEL)
    weights = 1 / (variance[in_model] + model["tau2"])
    theirs = np.polynomial.Polynomial.fit(x[in_model], y[in_model], 2, w=np.sqrt(weights))
    held = np.clip(x, x[in_model].min(), x[in_model].max())
    assert_allclose(table["expected"], theirs(held), rtol=1e-9, atol=1e-12)
    assert_allclose(expected_at(model, x), theirs(held), rtol=1e-9, atol=1e-12)
    assert weights @ (y[in_model] - theirs(x[in_model])) ** 2 == pytest.approx(in_model.sum() - 3)


def test_checks_of_a_parabola_look_for_what_is_left():
    (y, variance, x), *_ = of_curve(0.1)
    straight, bent = (meta_regression(y, variance, design(x, np.ones(200, bool), form)) for form in (False, True))
    ripple = meta_regression(y + 0.05 * ((x - 50) / 10) ** 3, variance, bent.X)
    assert reset_p(straight) < 1e-6 < 0.01 < reset_p(bent)
    assert reset_p(ripple) < 1e-4
    root = np.sqrt(bent.weights)
    squares = [
        np.linalg.lstsq(np.vander((x - 50) / 10, powers) * root[:, None], y * root, rcond=None)[1][0]
        for powers in (3, 5)
    ]
    ratio = (squares[0] - squares[1]) / 2 / (squares[1] / 195)
    assert reset_p(bent) == pytest.approx(f.sf(ratio, 2, 195), rel=1e-6)
