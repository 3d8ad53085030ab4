"""The promise over the reliability of the index: by hand, and against regions whose index errs by a known amount."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from helpers.model import VarianceComponents, probabilities, promise, with_least_reliability
from helpers.model.promise import context_error
from helpers.params import FlagRules

RULES = FlagRules(delta=0.1, persistent=0.9, watch=0.85, min_years=1, min_spec_share=0.8, source="test")
ROW = [1.0, 0.95, 0.9, 0.85, 0.8]


def table(index: np.ndarray, residual: np.ndarray, error: float) -> pl.DataFrame:
    """Table `expectation` of years × schools, of a line known exactly."""
    years, schools = residual.shape
    return pl.DataFrame(
        {
            "year": np.repeat(np.arange(2019, 2019 + years), schools),
            "school_id": np.tile([f"s{number:04d}" for number in range(schools)], years),
            "index": np.tile(index, years),
            "residual": residual.ravel(),
            "outcome_se": np.full(years * schools, error),
            "expected_se": np.zeros(years * schools),
            "in_model": np.full(years * schools, True),
        }
    )


def named(schools: list[str], direction: str = "below") -> pl.DataFrame:
    return pl.DataFrame({"school_id": schools, "tier": "watch", "direction": direction})


def test_the_error_of_the_index_takes_its_part_of_the_persistent_variance():
    # two schools, index 40 and 60: variance 200; slope .02, λ .8: κ² = .0004 · 200 · .25 = .02
    expected = table(np.array([40.0, 60.0]), np.array([[-0.4, 0.4]]), 0.1)
    assert context_error(expected, {2019: 0.02}, 0.8) == pytest.approx(0.02)
    assert context_error(expected, {2019: 0.02}, 1.0) == 0
    # τ_a² = .05: at λ .8 .03 is left; Λ = .03 / (.05 + .01) = .5; â = −.2; SE² = .03 · .5
    probable = probabilities(expected, {2019: 0.02}, VarianceComponents(0.05, 0.0, 1), 0.1, [1.0, 0.8])
    at = probable.filter(school_id="s0000").sort("reliability")
    assert at["prob_below"][0] == pytest.approx(norm.cdf((-0.1 + 0.2) / np.sqrt(0.015)))
    assert at["prob_below"][1] == pytest.approx(norm.cdf((-0.1 + 0.4 * 5 / 6) / np.sqrt(0.05 / 6)))


def test_where_the_index_explains_all_that_lasts_nobody_can_be_named():
    expected = table(np.array([40.0, 60.0]), np.array([[-0.4, 0.4]]), 0.1)
    probable = probabilities(expected, {2019: 0.1}, VarianceComponents(0.05, 0.0, 1), 0.1, [0.8])
    assert probable["prob_below"].to_list() == [0, 0] and probable["prob_above"].to_list() == [0, 0]
    assert promise(named(["s0000"]), probable) == [{"reliability": 0.8, "below": 1.0, "above": 0.0}]


def test_a_conclusion_is_told_down_to_the_reliability_at_which_it_stands():
    random = np.random.default_rng(1)
    expected = table(random.normal(50, 10, 40), random.normal(0, 0.3, (3, 40)), 0.08)
    slopes, components = dict.fromkeys((2019, 2020, 2021), 0.015), VarianceComponents(0.06, 0.01, 3)
    grid = probabilities(expected, slopes, components, 0.1, np.round(np.arange(0.5, 1.001, 0.01), 2).tolist())
    sure = grid.filter(pl.col("reliability") == 1, pl.col("prob_below") >= RULES.watch)["school_id"].to_list()
    made = with_least_reliability(named([*sure, "s9999"]), expected, slopes, components, RULES)
    assert made["school_id"].to_list() == [*sure, "s9999"] and made["least_reliability"][-1] is None
    for school, least in made.drop_nulls().select("school_id", "least_reliability").iter_rows():
        at = dict(grid.filter(school_id=school).select("reliability", "prob_below").iter_rows())
        assert at[least] >= RULES.watch
        assert least == 0.5 or at[round(least - 0.01, 2)] < RULES.watch


@pytest.mark.parametrize("reliability", [0.9, 0.8])
def test_the_row_foretells_how_many_are_named_by_mistake(reliability: float):
    """Regions with a lasting error of the index, all variances known: what the row says at the true λ is what is found."""
    random = np.random.default_rng(round(100 * reliability))
    schools, slope, lasting, own, error = 4000, 0.03, 0.028, 0.012, 0.1
    true = random.normal(50, 10 * np.sqrt(reliability), schools)
    index = true + random.normal(0, 10 * np.sqrt(1 - reliability), schools)
    effect = random.normal(0, np.sqrt(lasting), schools)
    outcome = slope * true + effect + random.normal(0, np.sqrt(own + error**2), (3, schools))
    fitted = slope * reliability  # what a regression on the erring index tends to
    residual = outcome - (slope * 50 + fitted * (index - 50))
    slopes = dict.fromkeys((2019, 2020, 2021), fitted)
    expected = table(index, residual, error)
    seen = VarianceComponents(lasting + context_error(expected, slopes, reliability), own, 3)
    probable = probabilities(expected, slopes, seen, RULES.delta, ROW)
    chosen = probable.filter(pl.col("reliability") == 1, pl.col("prob_below") >= RULES.watch)["school_id"]
    wrong = (effect[[int(name[1:]) for name in chosen]] >= -RULES.delta).mean()
    told = {row["reliability"]: row["below"] / len(chosen) for row in promise(named(chosen.to_list()), probable)}
    assert told[reliability] == pytest.approx(wrong, abs=0.03)
    assert told[1.0] < wrong / 2
