"""What pages tell of many schools, against numbers worked out by hand and by numpy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from helpers import measure, model

INDEX = pl.DataFrame(
    {
        "year": [2020] * 4 + [2021] * 5,
        "school_id": [*"abcd", *"abcde"],
        "index": [40.0, 50.0, 50.0, 61.0, 39.0, 45.0, 52.0, 60.5, None],
        "context_class": ["disadvantaged", "middle", "middle", "advantaged", "disadvantaged", "middle", "middle", "advantaged", None],
        "carried_from": [None, None, None, None, 2020, None, None, 2020, None],
        "z_poor": [-1.0, 0.0, 0.0, 1.1, -1.1, -0.5, 0.2, 1.0, None],
    },
    schema_overrides={"carried_from": pl.Int64},
)  # fmt: skip
OUTCOME = pl.DataFrame(
    {
        "year": [2020] * 4 + [2021] * 4,
        "school_id": [*"abcd", *"abcd"],
        "outcome": [-0.31, 0.0, 0.12, 0.44, -0.2, 0.1, 0.3, 0.05],
        "outcome_se": [0.3, 0.2, 0.1, 0.05, 0.3, 0.2, 0.1, 0.05],
        "n_participants": [10.0, 25.0, 100.0, 1200.0, 11.0, 26.0, 101.0, 1001.0],
    }
)


def test_quartiles_are_numpys_and_classes_are_counted():
    row = measure.index_years(INDEX, [2021]).row(0, named=True)
    values = [39.0, 45.0, 52.0, 60.5]
    assert row["schools"] == 4 and row["median"] == np.median(values)
    nearest = np.percentile(values, [25, 75], method="nearest")
    assert (row["lower"], row["upper"]) == tuple(nearest)
    assert (row["disadvantaged"], row["middle"], row["advantaged"], row["carried"]) == (1, 2, 1, 2)
    assert measure.outcome_years(OUTCOME, [2020, 2021])["schools"].to_list() == [4, 4]


def test_an_indicator_is_summed_up_with_its_link_to_the_index():
    context = INDEX.select("year", "school_id", poor=pl.Series([0.9, 0.5, 0.4, 0.1, 0.9, 0.6, 0.5, 0.2, 0.3]))
    row = measure.indicator_summary(context, INDEX, ["poor"], [2021]).row(0, named=True)
    known = INDEX.filter(year=2021).drop_nulls("index")
    assert row["correlation"] == pytest.approx(np.corrcoef(known["z_poor"], known["index"])[0, 1])
    assert (row["schools"], row["median"]) == (5, 0.5), "a school without an index has its indicator all the same"
    alike = INDEX.with_columns(z_poor=pl.lit(0.0))
    assert measure.indicator_summary(context, alike, ["poor"], [2021])["correlation"].to_list() == [None]


def test_every_school_stands_in_one_bar_and_bars_are_the_same_in_all_years():
    bars = measure.histograms(INDEX, OUTCOME, [2020, 2021])
    assert bars["schools"].sum() == 4 + 4 + 8
    of_index = bars.filter(measure="index")
    assert of_index.filter(year=2020)["lower"].to_list() == of_index.filter(year=2021)["lower"].to_list()
    there = of_index.filter(pl.col("schools") > 0, year=2020).sort("bin").select("lower", "upper", "schools")
    assert there.rows() == [(40.0, 42.0, 1), (50.0, 52.0, 2), (60.0, 62.0, 1)]
    assert measure.histograms(INDEX.clear(), OUTCOME.clear(), [2021]).is_empty()


def test_a_class_of_size_ends_with_its_number():
    told = measure.precision(OUTCOME).sort("more_than")
    assert told.select("more_than", "up_to", "school_years", "outcome_se").rows() == [
        (0, 10, 1, 0.3), (10, 25, 2, 0.25), (25, 50, 1, 0.2), (50, 100, 1, 0.1), (100, 250, 1, 0.1), (1000, None, 2, 0.05),
    ]  # fmt: skip


def test_schools_beyond_the_band_and_beyond_the_limit_are_counted():
    """τ 0.1: the band is ± 0.196; errors 0.1, so the outer limit is 3.09 · √0.02 = 0.437 (R: qnorm(0.999) = 3.090232)."""
    expectation = pl.DataFrame(
        {
            "year": 2021,
            "school_id": [*"abcd"],
            "residual": [0.19, -0.2, 0.43, -0.44],
            "outcome_se": [0.1, 0.1, 0.1, 0.1],
        }
    )
    outcome = expectation.select("year", "school_id", n_participants=pl.Series([100.0, 100.0, 50.0, 400.0]))
    fit = {"year": 2021, "n_schools": 4, "intercept": -1.0, "slope": 0.02, "slope_se": 0.001, "tau2": 0.01, "r2": 0.5}
    row = model.lines([fit], expectation, outcome).row(0, named=True)
    assert (row["placed"], row["beyond_band"], row["beyond_limit"]) == (4, 0.75, 1)
    assert row["expected_beyond"] == pytest.approx(0.008) and row["unit_variance"] == pytest.approx(1.0)
    alike = model.lines([fit | {"tau2": 0.0}], expectation, outcome).row(0, named=True)
    assert alike["band"] is None and alike["beyond_band"] is None and alike["beyond_limit"] == 2


def test_each_choice_is_averaged_over_what_it_is_combined_with():
    made = pl.DataFrame(
        {"index": ["equal", "equal", "pca"], "outcome": ["all"] * 3, "weights": ["equal"] * 3, "form": ["linear"] * 3,
         "reliability": [1.0, 0.8, 1.0], "sample": ["all"] * 3, "slope": [0.02, 0.04, 0.03], "n_below": [3, 6, 5], "n_above": [1, 2, 0]}
    )  # fmt: skip
    told = model.choices(made).filter(choice="index").sort("variant")
    assert told.select("variant", "specifications", "ten", "n_below", "n_above").rows() == [
        ("equal", 2, pytest.approx(0.3), 4.5, 1.5), ("pca", 1, pytest.approx(0.3), 5.0, 0.0),
    ]  # fmt: skip


def test_a_school_that_moved_counts_in_its_last_group_and_all_in_one_row():
    schools = pl.DataFrame(
        {"year": [2020, 2021, 2021, 2021], "school_id": ["a", "a", "b", "c"], "group_id": ["1", "2", "2", "1"]}
    )
    flags = pl.DataFrame({"school_id": [*"abc"], "direction": ["below", None, "above"], "index": [40.0, None, 60.0]})
    effect = pl.DataFrame({"school_id": [*"abc"], "effect": [-0.3, None, 0.5]})
    told = model.group_summary(flags, effect, schools, [2020, 2021]).sort("group_id")
    assert told.rows() == [("1", 1, 0, 0, 1, 0, 60.0, 0.5), ("2", 2, 1, 0, 0, 1, 40.0, -0.3),
                           ("all", 3, 1, 0, 1, 1, 50.0, pytest.approx(0.1))]  # fmt: skip
