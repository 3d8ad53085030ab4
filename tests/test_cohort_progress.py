"""Progress of the same pupils: against R, pupils written out one by one, arithmetic by hand, and planted truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from helpers.measure import (
    PupilSpread,
    cohort_covariances,
    cohort_means,
    cohort_pairs,
    entering,
    standardised,
)
from helpers.model import cohort_progress, progress, progress_line
from helpers.model.progress import noise_covariances
from helpers.params import FlagRules, ModelRules, OutcomeRules, ProgressRules, Result, SmallNRules

GOLDEN = Path(__file__).parent / "golden"
OUTCOME = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="test"
)
PROGRESS = ProgressRules(least_coverage=0.75, most_years=2, source="test")
MODEL = ModelRules(years_pooled=3, min_schools=10, source="test")
FLAG = FlagRules(delta=0.1, persistent=0.9, watch=0.85, min_years=2, min_spec_share=0, source="test")
SMALL_N = SmallNRules(model_fit=10, flag_each_year=10, pooled=20, source="test")
DESCRIBED = [
    Result(procedure=procedure, subject=subject, title="t", measure="mean", value="v", n="n")
    for procedure in ("VPR", "OGE")
    for subject in ("rus", "math")
]
VARIANCE = 0.7
SPREADS = [PupilSpread(one.procedure, one.subject, "pupil_sd", VARIANCE) for one in DESCRIBED]
NO_INDEX = pl.DataFrame(
    schema={
        "year": pl.Int64,
        "school_id": pl.String,
        "index": pl.Float64,
        "context_class": pl.String,
        "class_prob": pl.Float64,
    }
)


@pytest.mark.parametrize(("name", "close"), [("equal", 1e-4), ("unequal", 1e-6)])
def test_the_line_is_that_of_metafor(
    name, close
):  # whose search for the bivariate likelihood ends near, not at, its peak
    rows = pl.read_csv(GOLDEN / "cohorts.csv").filter(set=name)
    line = progress_line(*(rows[column].to_numpy() for column in ("x", "vx", "y", "vy", "cxy")))
    golden = pl.read_csv(GOLDEN / "progress.csv", null_values="NA").row(by_predicate=pl.col("set") == name, named=True)
    found = {
        "mean": line.mean, "spread": line.spread, "intercept": line.fit.beta[0], "slope": line.slope, "tau2": line.fit.tau2,
        "slope_se": np.sqrt(line.fit.cov_beta[1, 1]),
    }  # fmt: skip
    assert {key: found[key] for key in found if golden[key] is not None} == pytest.approx(
        {key: value for key, value in golden.items() if key in found and value is not None}, rel=close
    )


def test_with_equal_errors_the_slope_is_fullers_moment_estimator():
    x, y = np.array([0.0, 0.4, 0.9, 1.1, -0.6]), np.array([0.1, 0.2, 1.0, 0.8, -0.5])
    variance, shared = np.full(5, 0.04), np.full(5, 0.02)
    line = progress_line(x, variance, y, variance, shared)
    covariance = np.cov(x, y)
    assert line.slope == pytest.approx((covariance[0, 1] - 0.02) / (covariance[0, 0] - 0.04), rel=1e-9)
    assert line.spread == pytest.approx(covariance[0, 0] - 0.04)
    # one school by hand: the expected later result goes back to the mean by the earlier one's reliability
    reliability = line.spread / (line.spread + 0.04)
    expected, _, noise = line.expected(x, variance, variance, shared)
    gain = line.slope * reliability + 0.02 / (line.spread + 0.04)
    assert expected[2] == pytest.approx(y.mean() + gain * (0.9 - x.mean()), rel=1e-9)
    whole = line.slope**2 * line.spread + 0.04
    assert noise[2] == pytest.approx(whole - gain**2 * (line.spread + 0.04), rel=1e-9)


def test_results_that_do_not_differ_beyond_their_errors_tell_nothing():
    with pytest.raises(ValueError, match="do not differ"):
        progress_line(np.array([0.0, 0.1, -0.1, 0.05]), np.full(4, 1.0), np.arange(4.0), np.full(4, 0.1), np.zeros(4))


def results(*rows):
    """Table `results`: rows of year, school, procedure, subject, grade, n, mean, why it is set aside."""
    names = ["year", "school_id", "procedure", "subject", "grade", "n_participants", "mean", "set_aside"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("n_participants", "mean").cast(pl.Float64),
        pl.col("set_aside").cast(pl.String),
        sd=pl.lit(None, pl.Float64),
    )


def paired(table, schools=None):
    schools = (
        pl.DataFrame(schema={"year": pl.Int64, "school_id": pl.String, "why_excluded": pl.String})
        if schools is None
        else schools
    )
    return cohort_pairs(standardised(entering(table), DESCRIBED, SPREADS, OUTCOME), table, schools, PROGRESS)


def others(*rows):
    """The same results in another school, so that each cell has a spread."""
    return [
        (year, "other", procedure, subject, grade, n, mean + 0.4, aside)
        for year, _, procedure, subject, grade, n, mean, aside in rows
    ]


def test_every_result_is_beside_the_nearest_one_of_its_pupils_that_may_be_compared():
    rows = [
        (2018, "s", "VPR", "rus", "7", 20, 3.4, None), (2019, "s", "VPR", "rus", "8", 21, 3.4, None),
        (2020, "s", "OGE", "rus", "9", 20, 3.5, None),  # the nearest: ВПР-8
        (2018, "s", "VPR", "math", "4", 20, 3.4, None), (2019, "s", "VPR", "math", "5", 20, 3.4, "not_compared"),
        (2020, "s", "VPR", "math", "6", 22, 3.4, None),  # over the year that is not compared
        (2019, "s", "VPR", "rus", "4", 30, 3.6, "biased"), (2020, "s", "VPR", "rus", "5", 30, 3.6, None),
        (2019, "s", "OGE", "math", "9", 30, 3.6, None), (2020, "s", "VPR", "math", "10", 14, 3.9, None),
        (2017, "s", "VPR", "math", "5", 20, 3.4, None), (2020, "s", "VPR", "math", "8", 20, 3.4, None),  # too long ago
        (2020, "s", "VPR", "rus", "6", 20, 3.4, None),  # no earlier one
        (2019, "s", "VPR", "physics", "8", 20, 3.4, "not_chosen"), (2020, "s", "VPR", "physics", "9", 20, 3.4, "not_chosen"),
    ]  # fmt: skip
    pairs = paired(results(*rows, *others(*rows))).filter(school_id="s", year=2020).sort("grade", "subject")
    told = pairs.select("procedure", "subject", "grade", "earlier_year", "earlier_grade", "set_aside").rows()
    assert told == [
        ("VPR", "math", "10", 2019, "9", "coverage"),
        ("VPR", "rus", "5", 2019, "4", "biased"),
        ("VPR", "math", "6", 2018, "4", None),
        ("OGE", "rus", "9", 2019, "8", None),
    ]
    assert pairs["coverage"].to_list() == pytest.approx([14 / 30, 1.0, 20 / 22, 20 / 21])
    merged = pl.DataFrame({"year": [2019], "school_id": ["s"], "why_excluded": ["before_merger"]})
    apart = paired(results(*rows, *others(*rows)), merged).filter(school_id="s", year=2020, grade="9")
    assert apart["set_aside"].to_list() == ["before_merger"]


def test_a_stage_of_school_has_no_cohort():
    rows = [(year, "s", "VPR", "rus", "E", 20, 3.5, None) for year in (2019, 2020)]
    assert paired(results(*rows, *others(*rows))).is_empty()


CHAIN = [
    (2018, "s", "VPR", "rus", "4", 20, 3.4, None), (2018, "s", "VPR", "math", "4", 20, 3.3, None),
    (2018, "s", "VPR", "rus", "8", 16, 3.1, None),
    (2019, "s", "VPR", "rus", "5", 18, 3.6, None), (2019, "s", "VPR", "math", "5", 18, 3.2, None),
    (2019, "s", "OGE", "rus", "9", 16, 3.3, None),
    (2020, "s", "VPR", "rus", "6", 18, 3.5, None), (2020, "s", "VPR", "math", "6", 17, 3.5, None),
]  # fmt: skip


def by_pupils(pairs):
    """Covariance matrix of a school's earlier and later means of each year, from single pupils' results."""
    rows = pairs.filter(school_id="s").with_columns(weight=pl.col("weight") / pl.col("weight").sum().over("year"))
    entries = []  # which result, of which pupils, with what weight in which mean
    for row in rows.iter_rows(named=True):
        cohort = row["year"] - int(row["grade"])
        for side, sat in (("earlier", row["earlier_year"]), ("later", row["year"])):
            n, sd = round(row[f"n_{side}"]), row[f"{side}_se"] * np.sqrt(row[f"n_{side}"])
            entries += [
                (cohort, sat, row["subject"], pupil, sd, row["weight"] / n, (row["year"], side)) for pupil in range(n)
            ]
    means = sorted({entry[-1] for entry in entries})
    made = np.zeros((len(means), len(means)))
    for cohort, sat, subject, pupil, sd, weight, mean in entries:
        for other_cohort, other_sat, other_subject, other_pupil, other_sd, other_weight, other_mean in entries:
            if (cohort, pupil) == (other_cohort, other_pupil):
                same = 1.0 if subject == other_subject else 0.6
                alike = same if sat == other_sat else 0.5
                made[means.index(mean), means.index(other_mean)] += alike * sd * other_sd * weight * other_weight
    return means, made


def test_errors_of_the_means_are_those_of_the_pupils():
    pairs = paired(results(*CHAIN, *others(*CHAIN)))
    means, whole = by_pupils(pairs)
    assert means == [(2019, "earlier"), (2019, "later"), (2020, "earlier"), (2020, "later")]
    of_year = cohort_means(pairs, OUTCOME).filter(school_id="s").sort("year")
    # within a year all of a grade are taken to be the same pupils, be they 18 or 17
    close = {"rtol": 0.02}
    assert_allclose(of_year["earlier_se"] ** 2, whole[[0, 2], [0, 2]], **close)
    assert_allclose(of_year["later_se"] ** 2, whole[[1, 3], [1, 3]], **close)
    assert_allclose(of_year["covariance"], whole[[0, 2], [1, 3]], **close)
    across = cohort_covariances(pairs, OUTCOME).row(by_predicate=pl.col("school_id") == "s", named=True)
    assert [
        across[name] for name in ("earlier_earlier", "earlier_later", "later_earlier", "later_later")
    ] == pytest.approx([whole[0, 2], whole[0, 3], whole[1, 2], whole[1, 3]], rel=0.02)
    assert of_year["cohorts"].to_list() == [2, 1]


def test_the_same_luck_counts_once_for_and_once_against():
    means = pl.DataFrame(
        {"year": [2019, 2020], "school_id": ["s", "s"], "gain": [0.8, 0.7], "earlier_year": [2018, 2019]}
    )
    lines = pl.DataFrame({"year": [2019, 2020], "slope": [0.9, 0.9], "spread": [0.09, 0.16]})
    met = {"earlier_earlier": 0.01, "earlier_later": 0.008, "later_earlier": 0.03, "later_later": 0.012}
    covariances = pl.DataFrame([{"year": 2019, "later_year": 2020, "school_id": "s"} | met])
    made = noise_covariances(means, covariances, lines, pl.Series(["s"]), 0.02)
    of_errors = 0.012 - 0.8 * 0.008 - 0.7 * 0.03 + 0.8 * 0.7 * 0.01
    assert made[:, :, 0] == pytest.approx(np.array([[0, 1], [1, 0]]) * (of_errors - 0.9 * 0.02 + 0.1 * 0.3 * 0.2 * 0.4))


YEARS = [2018, 2019, 2020, 2021]


def region(added, random, of_year=0.0):
    """ВПР-4 of a spring and ВПР-5 of the next, pupil by pupil: every cohort of a school has a level of its own and `added` to it."""
    schools = len(added)
    n = random.integers(14, 60, schools).astype(float)
    shock = random.normal(0, 1, (len(YEARS), schools)) * np.sqrt(of_year)  # what a year does to all grades
    rows = []
    for place, year in enumerate(YEARS[:-1]):
        level = random.normal(0, 0.35, schools)
        luck = random.normal(size=schools)
        again = 0.5 * luck + np.sqrt(0.75) * random.normal(size=schools)
        later = 0.85 * level + added + random.normal(0, 0.08, schools)
        for sat, grade, seen in (
            (year, "4", level + shock[place] + luck * np.sqrt(VARIANCE / n)),
            (year + 1, "5", later + shock[place + 1] + again * np.sqrt(VARIANCE / n)),
        ):  # fmt: skip
            rows += [(sat, f"s{j:03}", "VPR", "rus", grade, n[j], 3.5 + seen[j], None) for j in range(schools)]
    return results(*rows)


def judged(table, schools, of_year=0.0):
    everyone = pl.DataFrame(
        [(year, f"s{j:03}", None) for year in YEARS for j in range(schools)],
        schema={"year": pl.Int64, "school_id": pl.String, "why_excluded": pl.String}, orient="row",
    )  # fmt: skip
    pairs = paired(table, everyone)
    placed, lines = cohort_progress(cohort_means(pairs, OUTCOME), everyone, NO_INDEX, YEARS, 10, MODEL)
    made = progress(placed, cohort_covariances(pairs, OUTCOME), lines, everyone, of_year, FLAG, SMALL_N)
    return made.sort("school_id"), lines


def counted(added, made):
    """Named, promised false, false, far from zero, found of them, covered."""
    made = made.with_columns(truth=pl.Series(added))
    claims = made.filter(pl.col("direction").is_in(["below", "above"]))
    side = pl.when(pl.col("direction") == "above").then(1).otherwise(-1)
    return np.array([
        claims.height, claims.select((1 - pl.max_horizontal("prob_below", "prob_above")).sum()).item(),
        claims.filter(side * pl.col("truth") <= FLAG.delta).height, (np.abs(added) > 0.25).sum(),
        claims.filter(side * pl.col("truth") > 0.25).height,
        made.filter((pl.col("truth") - pl.col("effect")).abs() <= 1.96 * pl.col("effect_se")).height,
    ])  # fmt: skip


@pytest.mark.parametrize("of_year", [0.0, 0.012])
def test_planted_progress_is_found_at_its_promised_error(of_year):
    random, regions = np.random.default_rng(5), 8
    total = np.zeros(6)
    for _ in range(regions):
        added = random.normal(0, 0.17, 100)
        made, lines = judged(region(added, random, of_year), 100, of_year)
        assert lines["slope"].to_list() == pytest.approx([0.8] * 3, abs=0.3)
        total += counted(added, made)
    _, promised, false, far, found, covered = total
    assert found / far > 0.45
    assert false <= promised + 2.6 * np.sqrt(promised)
    assert covered / (100 * regions) == pytest.approx(0.95, abs=0.025)


def test_schools_that_add_much_are_found_among_those_that_add_nothing():
    random = np.random.default_rng(7)
    added = np.zeros(100)
    added[:4], added[4:8] = 0.5, -0.5
    _, _, false, far, found, _ = counted(added, judged(region(added, random), 100)[0])
    assert (far, false) == (8, 0)
    assert found >= 6


@pytest.mark.parametrize("of_year", [0.0, 0.012])
def test_none_planted_none_claimed(of_year):
    random = np.random.default_rng(6)
    made = [judged(region(np.zeros(100), random, of_year), 100, of_year)[0] for _ in range(4)]
    assert set(pl.concat(made)["direction"]) == {"within"}


def test_too_few_schools_have_no_line():
    made, lines = judged(region(np.zeros(8), np.random.default_rng(1)), 8)
    assert made.is_empty()
    assert lines.is_empty()
