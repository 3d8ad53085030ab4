"""Variants of index and outcome against other libraries, hand calculation and planted truth; context carried forward."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy.stats import percentileofscore

from helpers.measure import index_scale, outcome, pupil_spread, wellbeing_index
from helpers.measure.carry import carried_forward
from helpers.measure.variants import index_variants, outcome_variants, variant_weights
from helpers.params import Assessment, ContextClassRules, IndexReliabilityRules, IndexRules, Indicator, OutcomeRules
from helpers.problems import BadInput

BASE = 2020
KEY = ["year", "school_id"]
NAMES = ["equal", "pca", "cross_fitted", "rank", "expert"]
INDICATORS = {
    "degree": Indicator(title="degree", columns=["degree"], unit="share", higher_is="better"),
    "single": Indicator(title="single", columns=["single"], unit="share", higher_is="worse"),
    "wealth": Indicator(title="wealth", columns=["wealth"], unit="score", higher_is="better"),
}
RULES = IndexRules(
    scale_mean=50.0,
    scale_sd=10.0,
    base_year=None,
    carry_forward_years=2,
    reliability=IndexReliabilityRules(value=0.9, origin="assumption", source="test"),
    expert_weights={"degree": 3.0, "wealth": 1.0},
    source="test",
)
CLASSES = ContextClassRules(lower=1 / 3, upper=2 / 3, source="test")
OUTCOME = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="test"
)


def region(seed=0, schools=80, weights=(0.0, 0.0, 0.0)):
    """`context`, `fitted`, main index, its scale and `outcome` of two years; the outcome is z @ weights and noise of 0.3."""
    random = np.random.default_rng([60, seed])
    rows = 2 * schools
    common = np.tile(random.normal(0, 1, schools), 2)
    context = pl.DataFrame(
        {
            "year": np.repeat([BASE, BASE + 1], schools),
            "school_id": [f"{school:04}" for school in range(schools)] * 2,
            "n_pupils": random.integers(20, 900, rows).astype(float),
            "degree": 1 / (1 + np.exp(1.5 - common - random.normal(0, 1, rows))),
            "single": np.round(1 / (1 + np.exp(1 + common + random.normal(0, 1, rows))), 1),
            "wealth": 0.5 * common + random.normal(0, 1, rows),
        }
    ).with_columns(carried_from=pl.lit(None, pl.Int64))
    fitted = context.select("year", "school_id").filter(pl.Series(np.arange(rows) % 7 != 0))
    scale = index_scale(context, fitted, INDICATORS, RULES, CLASSES, BASE)
    index = wellbeing_index(context, INDICATORS, scale, RULES)
    z = index.select("z_degree", "z_single", "z_wealth").to_numpy()
    results = index.select(
        "year",
        "school_id",
        outcome=pl.Series(z @ np.array(weights) + random.normal(0, 0.3, rows)),
        n_participants=pl.Series(random.integers(10, 120, rows).astype(float)),
    )
    # Some schools have no result: they have an index all the same.
    return context, fitted, index, scale, results.filter(pl.Series(np.arange(rows) % 11 != 5))


def variants(context, fitted, scale, results, names=NAMES):
    """Each variant's index in the order of `wellbeing_index`, and the weights."""
    given = (context, fitted, results, INDICATORS, scale, RULES, names)
    table = index_variants(*given)
    return {name: table.filter(variant=name) for name in names}, variant_weights(*given)


# Index


def test_every_variant_stands_on_the_frozen_scale_of_the_base_year():
    context, fitted, index, scale, results = region()
    made, weights = variants(context, fitted, scale, results)
    assert_allclose(made["equal"]["index"], index["index"], rtol=1e-12)
    for name, table in made.items():
        assert table.select("year", "school_id").equals(index.select("year", "school_id"))
        base = table.join(fitted, on=KEY, how="semi").filter(year=BASE)["index"]
        assert (base.mean(), base.std()) == pytest.approx((50, 10))
        assert weights.filter(variant=name)["weight"].abs().sum() == pytest.approx(1)
    # What happens to other years moves their index and nothing else.
    later = context.with_columns(pl.when(pl.col("year") > BASE).then(0.9).otherwise("degree").alias("degree"))
    moved, _ = variants(later, fitted, scale, results, ["pca", "rank"])
    for name, table in moved.items():
        before = made[name].filter(year=BASE)
        assert_allclose(table.filter(year=BASE)["index"], before["index"], rtol=1e-12)
        assert table.filter(year=BASE + 1)["index"].mean() > before["index"].mean()


def test_pca_weights_are_the_leading_eigenvector_of_the_correlations():
    context, fitted, index, scale, results = region()
    base = index.join(fitted, on=KEY, how="semi").filter(year=BASE)
    vector = np.linalg.eigh(np.corrcoef(base.select("^z_.*$").to_numpy().T))[1][:, -1]
    vector *= np.sign(vector[0]) / np.abs(vector).sum()
    made, weights = variants(context, fitted, scale, results, ["pca"])
    assert_allclose(weights["weight"], vector, rtol=1e-10)
    composite = index.select("^z_.*$").to_numpy() @ vector
    assert np.corrcoef(made["pca"]["index"], composite)[0, 1] == pytest.approx(1)


def test_rank_is_the_mean_percentile_among_the_base_years_schools():
    context, fitted, index, scale, results = region()
    base = index.join(fitted, on=KEY, how="semi").filter(year=BASE)
    z = [f"z_{name}" for name in INDICATORS]
    ranks = np.mean([percentileofscore(base[name], index[name], kind="mean") for name in z], axis=0)
    of_base = np.mean([percentileofscore(base[name], base[name], kind="mean") for name in z], axis=0)
    made, _ = variants(context, fitted, scale, results, ["rank"])
    expected = 50 + 10 * (ranks - of_base.mean()) / of_base.std(ddof=1)
    assert_allclose(made["rank"]["index"], expected, rtol=1e-12)


def test_cross_fitted_is_a_regression_on_the_schools_of_other_folds():
    context, fitted, index, scale, results = region(weights=(0.2, 0.1, 0.3))
    z = [f"z_{name}" for name in INDICATORS]
    fold = pl.Series([int.from_bytes(sha256(school.encode()).digest(), "big") % 5 for school in index["school_id"]])
    known = index.with_columns(fold=fold).join(fitted, on=KEY, how="semi")
    known = known.join(results, on=KEY)
    composite = np.empty(index.height)
    for number in range(5):
        others = known.filter(pl.col("fold") != number)
        design = np.column_stack([others.select(z), others["year"] == BASE, others["year"] > BASE]).astype(float)
        weights = sm.WLS(others["outcome"].to_numpy(), design, weights=others["n_participants"].to_numpy()).fit().params
        here = (fold == number).to_numpy()
        composite[here] = index.select(z).to_numpy()[here] @ weights[:3]
    made, _ = variants(context, fitted, scale, results, ["cross_fitted"])
    of_base = index.with_columns(composite=composite).join(fitted, on=KEY, how="semi")
    base = of_base.filter(year=BASE)["composite"].to_numpy()
    expected = 50 + 10 * (composite - base.mean()) / base.std(ddof=1)
    assert_allclose(made["cross_fitted"]["index"], expected, rtol=1e-9)


def test_cross_fitted_recovers_planted_weights_with_their_signs():
    context, fitted, _, scale, results = region(schools=3000, weights=(0.3, -0.1, 0.0))
    _, weights = variants(context, fitted, scale, results, ["cross_fitted"])
    assert_allclose(weights["weight"], [0.75, -0.25, 0], atol=0.03)


def test_cross_fitted_does_not_know_the_outcomes_that_it_is_to_explain():
    def correlation(seed):
        context, fitted, index, scale, results = region(seed, schools=30)
        made, _ = variants(context, fitted, scale, results, ["cross_fitted"])
        both = index.rename({"index": "main"}).join(fitted, on=KEY, how="semi")
        both = both.join(made["cross_fitted"], on=KEY).join(results, on=KEY)
        peeking = sm.OLS(both["outcome"].to_numpy(), sm.add_constant(both.select("^z_.*$").to_numpy())).fit()
        return np.corrcoef(both["index"], both["outcome"])[0, 1], np.sqrt(peeking.rsquared)

    # Outcomes are noise: a regression that has seen them finds a link all the same.
    crossed, peeking = np.mean([correlation(seed) for seed in range(60)], axis=0)
    assert crossed < 0.02
    assert peeking > 0.2


def test_expert_weights_are_those_of_the_params_and_0_where_none_is_named():
    context, fitted, index, scale, results = region()
    made, weights = variants(context, fitted, scale, results, ["expert"])
    assert weights["weight"].to_list() == [0.75, 0, 0.25]
    composite = 3 * index["z_degree"] + index["z_wealth"]
    assert np.corrcoef(made["expert"]["index"], composite)[0, 1] == pytest.approx(1)


def test_the_order_of_rows_does_not_matter():
    context, fitted, _, scale, results = region()
    shuffled = [table.sample(fraction=1, shuffle=True, seed=1) for table in (context, fitted, results)]
    one, _ = variants(context, fitted, scale, results)
    other, _ = variants(shuffled[0], shuffled[1], scale, shuffled[2])
    for name in NAMES:
        assert_allclose(other[name].sort("year", "school_id")["index"], one[name]["index"], rtol=1e-9)


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (lambda results: results.with_columns(outcome=0.3), "cross_fitted одинаков у всех школ"),
        (lambda results: results.head(5), "без каждой пятой школы"),
    ],
    ids=["equal outcomes", "too few"],
)
def test_a_variant_that_cannot_be_made_is_refused(kept, reason):
    context, fitted, _, scale, results = region()
    with pytest.raises(BadInput, match=reason):
        variants(context, fitted, scale, kept(results))


def test_one_indicator_leaves_nothing_to_weigh():
    """Equal weights, the first component and cross-fitted weights are then the indicator itself; its rank is another index."""
    context, fitted, _, _, results = region()
    alone = {"wealth": INDICATORS["wealth"]}
    scale = index_scale(context, fitted, alone, RULES, CLASSES, BASE)
    table = index_variants(context, fitted, results, alone, scale, RULES, ["equal", "pca", "cross_fitted", "rank"])
    assert names_of(table) == ["equal", "rank"]
    main = wellbeing_index(context, alone, scale, RULES)
    assert_allclose(table.filter(variant="equal")["index"], main["index"])


# Outcome


MARKS = {"a": [2, 3, 3, 4, 5], "b": [3, 3, 4, 4, 4, 5, 5, 2], "c": [2, 2, 3], "d": [4, 4, 5, 5]}


def result_rows(procedure, marks=MARKS, set_aside=None):
    """Table `results` of a year from pupils' marks."""
    return pl.DataFrame(
        [
            {
                "year": BASE,
                "school_id": school,
                "procedure": procedure,
                "subject": "rus",
                "grade": "9",
                "n_participants": float(len(of_school)),
                "mean": float(np.mean(of_school)),
                "sd": float(np.std(of_school)),
                "share_low": float(np.mean(np.array(of_school) == 2)),
                "set_aside": set_aside,
            }
            for school, of_school in marks.items()
        ],
        schema_overrides={"set_aside": pl.String},
    )


def outcomes(results, procedures):
    described = [Assessment(procedure=procedure, title=procedure, subject="rus") for procedure in procedures]
    spreads = pupil_spread(results, described)
    made = outcome_variants(results, described, spreads, OUTCOME, ["all", "gia9", "no_vpr", "low"])
    return made, outcome(results, described, spreads, OUTCOME)


def names_of(made):
    return made["variant"].unique(maintain_order=True).to_list()


def test_variants_are_outcomes_of_their_own_procedures():
    parts = {procedure: result_rows(procedure) for procedure in ("OGE", "VPR", "EGE")}
    parts["VPR"] = parts["VPR"].with_columns(pl.col("mean").reverse(), pl.col("sd").reverse(), n_participants=6.0)
    aside = result_rows("OGE", {"e": [2, 2, 2, 5]}, set_aside="biased")
    made, every = outcomes(pl.concat([*parts.values(), aside]), list(parts))
    assert names_of(made) == ["all", "gia9", "no_vpr", "low"]
    assert "e" not in made["school_id"].to_list()
    _, everything = outcomes(pl.concat(parts.values()), list(parts))
    columns = ["school_id", "outcome", "outcome_se", "n_participants"]
    for name, procedures in {"all": list(parts), "gia9": ["OGE"], "no_vpr": ["OGE", "EGE"]}.items():
        _, alone = outcomes(pl.concat(parts[procedure] for procedure in procedures), procedures)
        assert made.filter(variant=name).select(columns).equals(alone.select(columns))
    assert not every.equals(everything)


@pytest.mark.parametrize(
    ("results", "procedures", "expected"),
    [
        ([result_rows("OGE")], ["OGE"], ["all", "low"]),
        ([result_rows("VPR")], ["VPR"], ["all", "low"]),
        ([result_rows("OGE"), result_rows("VPR")], ["OGE", "VPR"], ["all", "gia9", "low"]),
        # What params do not describe is no result of the report.
        ([result_rows("OGE"), result_rows("VPR")], ["OGE"], ["all", "low"]),
        ([result_rows("OGE").with_columns(share_low=pl.lit(None, pl.Float64))], ["OGE"], ["all"]),
        ([result_rows("OGE", set_aside="biased"), result_rows("VPR")], ["OGE", "VPR"], ["all", "low"]),
    ],
    ids=["only OGE", "only VPR", "no EGE", "not described", "no low marks", "set aside"],
)
def test_a_variant_without_data_or_the_same_as_another_is_left_out(results, procedures, expected):
    made, _ = outcomes(pl.concat(results), procedures)
    assert names_of(made) == expected


def test_low_is_minus_the_mean_z_score_of_a_low_mark():
    made, _ = outcomes(result_rows("OGE"), ["OGE"])
    low = made.filter(variant="low")
    of_pupils = {school: np.array(marks) == 2 for school, marks in MARKS.items()}
    everyone = np.concatenate(list(of_pupils.values()))
    assert_allclose(low["outcome"], [-(x.mean() - everyone.mean()) / everyone.std() for x in of_pupils.values()])
    n = [len(x) for x in of_pupils.values()]
    p = (everyone.sum() + 0.5) / (len(everyone) + 1)  # no context is told: that of all is expected of everyone
    se = [np.sqrt(p * (1 - p) / size) / everyone.std() for size in n]
    assert_allclose(low["outcome_se"], se)
    assert low["n_participants"].to_list() == n


# Context carried forward


def carried(contexts, schools, limit=2, indicators=INDICATORS):
    """{(year, school): carried_from} from (year, school, n_pupils, degree) rows, and the table."""
    context = pl.DataFrame(
        contexts,
        schema={"year": pl.Int64, "school_id": pl.String, "n_pupils": pl.Float64, "degree": pl.Float64},
        orient="row",
    ).with_columns(single=0.2, wealth=1.0)
    keys = pl.DataFrame(schools, schema={"year": pl.Int64, "school_id": pl.String}, orient="row")
    table = carried_forward(context, keys, indicators, limit)
    return {(year, school): source for year, school, source in table.select("year", "school_id", "carried_from").rows()}


def test_the_latest_whole_context_within_the_limit_serves():
    contexts = [
        (2018, "a", 100.0, 0.1),
        (2019, "a", 110.0, 0.2),
        (2020, "a", 120.0, None),
        (2020, "b", 50.0, 0.5),
        (2019, "c", 0.0, 0.3),
        (2018, "c", 60.0, 0.3),
    ]
    schools = [(year, school) for school in "abc" for year in range(2018, 2023)]
    assert carried(contexts, schools) == {
        (2018, "a"): None,
        (2019, "a"): None,
        (2020, "a"): 2019,  # a partial row does not serve, be it the school's own
        (2021, "a"): 2019,  # nor is 2020, of which a part was carried, younger than its data
        (2020, "b"): None,  # nothing serves backwards
        (2021, "b"): 2020,
        (2022, "b"): 2020,
        (2018, "c"): None,
        (2019, "c"): 2018,  # a school without pupils has no shares
        (2020, "c"): 2018,
    }


def test_what_is_carried_is_the_row_of_one_year_and_where_nothing_serves_the_own_stays():
    contexts = [(2018, "a", 100.0, 0.1), (2021, "a", 130.0, None), (2022, "a", None, 0.4)]
    schools = [(year, "a") for year in range(2018, 2023)]
    assert carried(contexts, schools, limit=2) == {
        (2018, "a"): None,
        (2019, "a"): 2018,
        (2020, "a"): 2018,
        (2021, "a"): None,
        (2022, "a"): None,
    }
    table = carried_forward(
        pl.DataFrame({"year": [2018], "school_id": ["a"], "n_pupils": [100.0], "degree": [0.1]}),
        pl.DataFrame({"year": [2019], "school_id": ["a"]}),
        {"degree": INDICATORS["degree"]},
        1,
    )
    # 2018 is not among the schools: before a merger, say. It stays, and gives nothing.
    assert table.rows() == [(2018, "a", 100.0, 0.1, None)]


def test_a_limit_of_0_carries_nothing_and_scores_need_no_pupils():
    contexts = [(2018, "a", 100.0, 0.1), (2019, "a", None, 0.2)]
    schools = [(2018, "a"), (2019, "a")]
    assert carried(contexts, schools, limit=0) == {(2018, "a"): None, (2019, "a"): None}
    assert carried(contexts, schools)[2019, "a"] == 2018
    scores = {"degree": INDICATORS["wealth"]}
    assert carried(contexts, schools, indicators=scores)[2019, "a"] is None
