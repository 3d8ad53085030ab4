"""Rank intervals against what can be said of ranks without drawing, and against a literal ranking of the same draws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, rankdata

from helpers.model.ranks import rank_intervals
from helpers.params import RankRules
from helpers.tables import empty

RULES = RankRules(draws=4000, level=0.90, seed=2021, source="test")


def effects(effect, se):
    ids = [f"{number:03}" for number in range(len(effect))]
    return pl.DataFrame({"school_id": ids, "effect": effect, "effect_se": se}, schema_overrides={"effect": pl.Float64})


def ranks(effect, se, rules=RULES):
    return rank_intervals(effects(effect, se), rules).select("rank", "lower", "upper").rows()


@pytest.fixture(scope="module")
def many():
    random = np.random.default_rng(60)
    return effects(random.normal(0, 0.2, 300), random.uniform(0.03, 0.15, 300))


def test_the_highest_effect_is_first_and_known_effects_have_known_ranks():
    assert ranks([0.1, 0.3, -0.2], [0.0, 0.0, 0.0]) == [(2, 2, 2), (1, 1, 1), (3, 3, 3)]


@pytest.mark.parametrize(("gap", "surely"), [(0.20, False), (0.25, True)])
def test_of_two_schools_the_better_is_surely_first_where_the_normal_says_so(gap, surely):
    # P(second above first) = Φ(−gap / √(0.1² + 0.1²)); the interval lets 5 % go at its upper end.
    assert (norm.cdf(-gap / np.sqrt(0.02)) < 0.05) == surely
    first, second = ranks([gap, 0.0], [0.1, 0.1])
    assert first == (1, 1, 1 if surely else 2)
    assert second == (2, 2 if surely else 1, 2)


def test_intervals_are_those_of_ranking_every_draw(many):
    table = rank_intervals(many, RULES)
    drawn = np.random.default_rng(RULES.seed).standard_normal((RULES.draws, many.height))
    drawn = many["effect"].to_numpy() + many["effect_se"].to_numpy() * drawn
    sorted_ranks = np.sort([rankdata(-draw) for draw in drawn], axis=0)
    # Equal-tailed: 5 % of 4000 draws are 200.
    assert table["lower"].to_list() == sorted_ranks[199].tolist()
    assert table["rank"].to_list() == sorted_ranks[1999].tolist()
    assert table["upper"].to_list() == sorted_ranks[3799].tolist()


def test_intervals_hold_the_true_ranks(many):
    random = np.random.default_rng(61)
    truth = many["effect"].to_numpy() + random.normal(0, many["effect_se"].to_numpy(), (50, many.height))
    true_ranks = np.stack([rankdata(-one) for one in truth])
    table = rank_intervals(many, RULES)
    held = (true_ranks >= table["lower"].to_numpy()) & (true_ranks <= table["upper"].to_numpy())
    assert held.mean() == pytest.approx(0.90, abs=0.015)


def test_the_order_of_rows_and_the_run_change_nothing(many):
    table = rank_intervals(many, RULES)
    assert table.equals(rank_intervals(many.sample(fraction=1, shuffle=True, seed=1), RULES))
    assert not table.equals(rank_intervals(many, RULES.model_copy(update={"seed": 1})))


@pytest.mark.parametrize("se", [0.0, 0.1], ids=["known", "unknown"])
def test_schools_that_are_all_alike_may_have_any_rank(se):
    for rank, lower, upper in ranks([0.0] * 100, [se] * 100):
        # 1/100 of all draws for each rank: the 5 % quantile of 4000 draws errs by 100 √(0.05 · 0.95 / 4000) = 0.34.
        assert (rank, lower, upper) == (pytest.approx(50, abs=4), pytest.approx(5, abs=2), pytest.approx(95, abs=2))


def test_one_school_and_none():
    assert ranks([0.3], [0.1]) == [(1, 1, 1)]
    nobody = rank_intervals(empty("effect"), RULES)
    assert nobody.schema == {"school_id": pl.String, "rank": pl.Int64, "lower": pl.Int64, "upper": pl.Int64}
    assert nobody.is_empty()
