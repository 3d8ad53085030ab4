"""The same pupils in two years: what their results share, against pupils written out one by one and dense algebra."""

from __future__ import annotations

from math import sqrt

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose
from pydantic import ValidationError

from helpers.measure import PupilSpread, outcome, shared_errors, standardised
from helpers.model.effect import VarianceComponents, foretold, pool, split_variance
from helpers.model.errors import Errors
from helpers.params import OutcomeRules, Result

RULES = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={"OGE": 2.0}, min_results=1, source="test"
)
DESCRIBED = [
    Result(procedure=procedure, subject=subject, title="t", measure="mean", value="v", n="n")
    for procedure in ("VPR", "OGE")
    for subject in ("rus", "math")
]
SPREADS = [PupilSpread(one.procedure, one.subject, "pupil_sd", 0.7) for one in DESCRIBED]


def table(*rows):
    """Table `results`: rows of year, school, procedure, subject, grade, n, mean."""
    names = ["year", "school_id", "procedure", "subject", "grade", "n_participants", "mean"]
    made = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("n_participants", "mean").cast(pl.Float64), sd=pl.lit(None, pl.Float64)
    )
    return pl.concat([made, made.with_columns(school_id=pl.lit("other"), mean=pl.col("mean") + 0.5)])


def of(results, school="s"):
    rows = standardised(results, DESCRIBED, SPREADS, RULES)
    return rows.filter(school_id=school), shared_errors(rows, RULES).filter(school_id=school)


def by_pupils(rows):
    """Covariance matrix of a school's outcomes in its years, from those of single pupils' results.

    Pupils of a cohort bear numbers; those of the smaller result are among those of the larger. Two results of one pupil
    correlate by .6 in a year, by .5 in two.
    """
    years = sorted(set(rows["year"]))
    results, weights = [], []
    for row in rows.iter_rows(named=True):
        n, sd = round(row["n_participants"]), row["se"] * sqrt(row["n_participants"])
        for pupil in range(n):
            results.append((row["year"], row["year"] - int(row["grade"]), pupil, row["subject"], sd))
            weights.append([(row["year"] == year) * row["weight"] / n for year in years])
    covariance = np.zeros((len(results), len(results)))
    for i, (year, cohort, pupil, subject, sd) in enumerate(results):
        for k, (other_year, other_cohort, other_pupil, other_subject, other_sd) in enumerate(results):
            if (cohort, pupil) == (other_cohort, other_pupil):
                same = (year, subject) == (other_year, other_subject)
                alike = 1.0 if same else 0.6 if year == other_year else 0.5
                covariance[i, k] = alike * sd * other_sd
    weights = np.array(weights)
    return weights.T @ covariance @ weights


def test_covariances_are_those_of_the_pupils_who_sat_twice():
    results = table(
        (2023, "s", "VPR", "rus", "4", 9, 3.5), (2023, "s", "VPR", "math", "4", 9, 3.4),
        (2023, "s", "VPR", "math", "8", 6, 3.1), (2023, "s", "VPR", "rus", "7", 4, 3.1),
        (2024, "s", "VPR", "rus", "5", 7, 3.9), (2024, "s", "VPR", "rus", "4", 8, 3.6),
        (2024, "s", "OGE", "math", "9", 5, 3.0), (2024, "s", "OGE", "rus", "9", 5, 3.3),
        (2025, "s", "OGE", "math", "9", 4, 3.0), (2025, "s", "VPR", "rus", "6", 9, 3.3),
    )  # fmt: skip
    rows, shared = of(results)
    whole = by_pupils(rows)
    found = {(row["year"], row["later_year"]): row["covariance"] for row in shared.iter_rows(named=True)}
    assert found == pytest.approx(
        {(2023, 2024): whole[0, 1], (2023, 2025): whole[0, 2], (2024, 2025): whole[1, 2]}, rel=1e-12
    )
    own = outcome(results, DESCRIBED, SPREADS, RULES).filter(school_id="s").sort("year")["outcome_se"]
    # within a year all of a grade are taken to be the same pupils, be they 9 or 6: that is the larger
    assert (own.to_numpy() ** 2 >= np.diag(whole) - 1e-12).all()
    assert np.linalg.eigvalsh(whole).min() > 0


def test_the_ninth_grades_of_two_years_are_different_pupils_and_a_stage_is_no_grade():
    ninth = table(*((year, "s", "OGE", "rus", "9", 20, 3.5 + year % 2) for year in (2023, 2024, 2025)))
    assert of(ninth)[1].is_empty()
    stages = table(*((year, "s", "VPR", "rus", "E", 20, 3.5 + year % 2) for year in (2023, 2024)))
    assert of(stages)[1].is_empty()
    moved_up = table((2023, "s", "VPR", "rus", "8", 20, 3.5), (2024, "s", "OGE", "rus", "9", 20, 3.5))
    rows, shared = of(moved_up)
    assert shared["covariance"].to_list() == pytest.approx([0.5 * rows["se"][0] * rows["se"][1]])


def test_two_years_are_not_nearer_than_one():
    with pytest.raises(ValidationError, match="next_year_correlation"):
        OutcomeRules(**RULES.model_dump() | {"next_year_correlation": 0.7})


@pytest.fixture(scope="module")
def errors():
    """Sampling variances of 30 schools in four years, some missing, and what the years share."""
    random = np.random.default_rng(6)
    variance = 0.75 / random.integers(5, 90, (4, 30))
    there = random.random((4, 30)) < 0.8
    there[0] = True
    apart = 0.6 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    shared = apart[:, :, None] * np.sqrt(variance[:, None] * variance[None, :]) * random.random(30)
    return there, variance, shared


def dense(errors, school, transient):
    there, variance, shared = errors
    known = there[:, school]
    matrix = shared[..., school].copy()
    matrix[np.arange(4), np.arange(4)] = variance[:, school] + transient
    return matrix[np.ix_(known, known)], known


def test_turned_errors_are_the_dense_ones(errors):
    residual = np.where(errors[0], np.random.default_rng(1).normal(0, 0.3, (4, 30)), np.nan)
    made = Errors.of(*errors)
    assert Errors.of(*errors[:2]).turn is None
    made_of = made.weights(0.02)
    for school in range(30):
        matrix, known = dense(errors, school, 0.02)
        e, ones = residual[known, school], np.ones(known.sum())
        solved = np.linalg.solve(matrix, np.column_stack([ones, e]))
        turned = [(made_of * made.ones * one)[:, school].sum() for one in (made.ones, made.turned(residual))]
        assert turned == pytest.approx([ones @ solved[:, 0], ones @ solved[:, 1]], rel=1e-9)
        assert made.log_det(0.02)[school] == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-9)


def test_drawn_errors_have_their_covariance(errors):
    there, variance, shared = errors
    random = np.random.default_rng(2)
    made = Errors.of(there, variance, shared)
    drawn = np.stack([made.drawn(random) for _ in range(20_000)])
    school = int(np.argmax(there.sum(axis=0)))
    matrix, known = dense(errors, school, 0.0)
    assert_allclose(np.cov(drawn[:, known, school].T), matrix, atol=0.03 * matrix.max())


def test_effects_and_forecasts_are_the_conditional_normal_ones(errors):
    """E and Var of the lasting part and of the last year's residual given the others, by whole matrices."""
    there, variance, shared = errors
    random = np.random.default_rng(3)
    parts = VarianceComponents(0.03, 0.012, 3)
    residual = np.where(there, random.normal(0, 0.25, (4, 30)), np.nan)
    pooled = pool(residual[:3], variance[:3], 0 * variance[:3], parts, shared[:3, :3])
    ids = [f"{place:02}" for place in range(30)]
    history = pl.DataFrame(
        [
            {"year": year, "school_id": ids[school], "residual": residual[year, school],
             "outcome_se": sqrt(variance[year, school]), "expected_se": 0.0}
            for year in range(3) for school in range(30) if there[year, school]
        ]
    )  # fmt: skip
    pairs = pl.DataFrame(
        [
            {"year": first, "later_year": later, "school_id": ids[school], "covariance": shared[first, later, school]}
            for later in range(4) for first in range(later) for school in range(30)
        ]
    )  # fmt: skip
    told = foretold(history, parts, 3, pairs)
    for school in range(30):
        known = there[:3, school]
        whole = shared[..., school].copy() + parts.persistent
        whole[np.arange(4), np.arange(4)] = parts.persistent + parts.transient + variance[:, school]
        seen, later = whole[:3, :3][np.ix_(known, known)], whole[:3, 3][known]
        e = residual[:3, school][known]
        gain = parts.persistent * np.linalg.solve(seen, np.ones(known.sum()))
        assert pooled.effect[school] == pytest.approx(gain @ e, rel=1e-9)
        assert pooled.effect_se[school] ** 2 == pytest.approx(parts.persistent * (1 - gain.sum()), rel=1e-9)
        row = told.row(school, named=True)
        assert row["effect"] == pytest.approx(later @ np.linalg.solve(seen, e), rel=1e-9)
        left = parts.persistent - later @ np.linalg.solve(seen, later)
        assert row["unknown"] == pytest.approx(left, rel=1e-8)


def test_what_pupils_share_is_not_taken_for_what_lasts():
    random = np.random.default_rng(4)
    found = {True: [], False: []}
    for _ in range(60):
        variance = 0.75 / random.integers(10, 60, (3, 150))
        apart = 0.5 ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
        shared = apart[:, :, None] * np.sqrt(variance[:, None] * variance[None, :])
        noise = Errors.of(np.ones((3, 150), bool), variance, shared).drawn(random)
        residual = random.normal(0, 0.15, 150) + random.normal(0, 0.1, (3, 150)) + noise
        for told in found:
            parts = split_variance(
                residual, variance, [0.0325] * 3, np.ones((3, 150), bool), 0, shared if told else None
            )
            found[told].append(parts.persistent)
    assert np.mean(found[True]) == pytest.approx(0.0225, abs=0.001)
    assert np.mean(found[False]) > 0.028
