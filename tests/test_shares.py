"""Errors of shares: expected shares against statsmodels' GLM, errors by hand, weights that do not follow the results."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers.measure import PupilSpread, outcome
from helpers.measure.shares import expected_share
from helpers.params import OutcomeRules, Result

RULES = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="test"
)
PASSED = Result(procedure="exam", title="exam", measure="share", value="v", n="n")
SPREAD = PupilSpread("exam", PASSED.subject, "shares", None)


def region(schools=60, seed=2):
    random = np.random.default_rng(seed)
    index, n = random.normal(50, 10, schools), random.integers(4, 90, schools).astype(float)
    share = random.binomial(n.astype(int), 1 / (1 + np.exp(-2.2 - 0.06 * (index - 50)))) / n
    return share, n, index, np.arange(schools) % 5 > 0


def test_expected_shares_are_those_of_logistic_regression():
    share, n, index, fitted = region()
    counts = np.column_stack([share * n, n - share * n])
    fit = sm.GLM(counts[fitted], sm.add_constant(index[fitted]), family=sm.families.Binomial()).fit(tol=1e-14)
    assert_allclose(expected_share(share, n, index, fitted), fit.predict(sm.add_constant(index)), rtol=1e-9)


def test_without_context_the_share_of_all_is_expected():
    share, n, index, fitted = region()
    of_all = (share @ n + 0.5) / (n.sum() + 1)
    nowhere = np.full(len(n), np.nan)
    assert_allclose(expected_share(share, n, nowhere, np.zeros(len(n), bool)), of_all)
    some = np.where(np.arange(len(n)) == 7, np.nan, index)
    known = expected_share(share, n, some, fitted & np.isfinite(some))
    assert known[7] == pytest.approx(of_all) and np.ptp(known) > 0.1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40), st.floats(0, 100)), min_size=1, max_size=12))
def test_no_expected_share_is_0_or_1(schools):
    n, passed, index = (np.array(one, float) for one in zip(*schools, strict=True))
    made = expected_share(np.minimum(passed, n) / n, n, index, np.ones(len(n), bool))
    assert np.isfinite(made).all() and (made > 0).all() and (made < 1).all()


def table(share, n, index, fitted):
    ids = [f"{place:03}" for place in range(len(n))]
    rows = pl.DataFrame({"year": 2022, "school_id": ids, "procedure": "exam", "subject": PASSED.subject, "grade": "11",
                         "n_participants": n, "mean": share, "sd": np.nan})  # fmt: skip
    context = pl.DataFrame({"year": 2022, "school_id": ids, "index": index, "in_model": fitted})
    return outcome(rows, [PASSED], [SPREAD], RULES, context)


def test_the_error_of_a_share_by_hand():
    share, n, index, fitted = region()
    made = table(share, n, index, fitted)
    expected = expected_share(share, n, index, fitted)
    mu = share @ n / n.sum()
    assert_allclose(made["outcome_se"], np.sqrt(expected * (1 - expected) / n / (mu * (1 - mu))), rtol=1e-12)


def test_luck_makes_no_school_better_known():
    share, n, index, fitted = region()
    lucky = share.copy()
    lucky[3] = 1.0
    one, other = table(share, n, index, fitted), table(lucky, n, index, fitted)
    assert other["outcome_se"][3] == pytest.approx(one["outcome_se"][3], rel=0.1)


def test_how_the_error_grows_is_the_slope_of_the_variance():
    """Two subjects of the same pupils: the variance at p̂ and a little below it, put together by hand."""
    share, n, index, fitted = region()
    other = np.clip(share - 0.2, 0.1, 1)
    ids = [f"{place:03}" for place in range(len(n))]
    rows = pl.concat(
        pl.DataFrame({"year": 2022, "school_id": ids, "procedure": "exam", "subject": subject, "grade": "11",
                      "n_participants": n, "mean": mean, "sd": np.nan})
        for subject, mean in (("one", share), ("two", other))
    )  # fmt: skip
    described = [PASSED.model_copy(update={"subject": "one"}), PASSED.model_copy(update={"subject": "two"})]
    spreads = [PupilSpread("exam", subject, "shares", None) for subject in ("one", "two")]
    context = pl.DataFrame({"year": 2022, "school_id": ids, "index": index, "in_model": fitted})
    made = outcome(rows, described, spreads, RULES, context)

    def variance(effect):
        errors = []
        for mean in (share, other):
            sigma = np.sqrt((mean @ n / n.sum()) * (1 - mean @ n / n.sum()))
            p = expected_share(mean, n, index, fitted) + effect * sigma
            errors.append(np.sqrt(p * (1 - p) / n) / sigma / 2)
        return errors[0] ** 2 + errors[1] ** 2 + 2 * 0.6 * errors[0] * errors[1]

    assert_allclose(made["outcome_se"], np.sqrt(variance(0)), rtol=1e-12)
    assert_allclose(made["error_growth"], (variance(1e-5) - variance(-1e-5)) / 2e-5, rtol=1e-5)
