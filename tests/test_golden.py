"""The model against R's metafor: the numbers in tests/golden, made by tests/golden/metafor.R."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from golden.inputs import DATA_SETS, model_inputs
from numpy.testing import assert_allclose

from helpers.model import expectation, influence, meta_regression, shrink
from helpers.report import open_report

GOLDEN = Path(__file__).parent / "golden"
FITS, SCHOOLS, LEFT_OUT = (
    pl.read_csv(GOLDEN / name, schema_overrides={"school_id": pl.String}, infer_schema_length=None)
    for name in ("fits.csv", "schools.csv", "left_out.csv")
)
WHOLE = FITS.filter(pl.col("year").is_not_null()).select("data_set", "year").rows()
SUBSETS = LEFT_OUT["subset"].unique(maintain_order=True).to_list()


def agree(ours, theirs):
    """Agree to a millionth. The floor is for differences of numbers of order 1 that come out near 0, as residuals do."""
    assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=1e-6, atol=1e-10)


@cache
def expectation_of(data_set):
    report = open_report(DATA_SETS[data_set])
    return *expectation(*model_inputs(report), report.params.model), report


def fitted(data_set, year):
    """The year's rows of table `expectation` and its model, from the raw file."""
    if data_set == "french-lycees" and not open_report(DATA_SETS[data_set]).raw_files[0].is_file():
        pytest.skip("the raw file of the French lycées is not part of the project and is not here")
    table, models, _ = expectation_of(data_set)
    (model,) = (model for model in models if model["year"] == year)
    return table.filter(pl.col("year") == year, "in_model"), model


@pytest.mark.parametrize(("data_set", "year"), WHOLE)
def test_coefficients_and_tau2_of_all_schools(data_set, year):
    _, model = fitted(data_set, year)
    golden = FITS.row(by_predicate=(pl.col("data_set") == data_set) & (pl.col("year") == year), named=True)
    assert model["n_schools"] == golden["n"]
    for name in ("intercept", "slope", "bend", "intercept_se", "slope_se", "bend_se", "covariance", "tau2"):
        assert model[name] == pytest.approx(golden[name], rel=1e-6), name
    assert model["r2"] == pytest.approx(1 - golden["tau2"] / golden["tau2_null"], rel=1e-6)


@pytest.mark.parametrize(("data_set", "year"), WHOLE)
def test_expected_residual_leverage_and_shrunken_of_every_25th_school(data_set, year):
    table, _ = fitted(data_set, year)
    golden = SCHOOLS.filter(pl.col("data_set") == data_set, pl.col("year") == year)
    both = golden.join(table.with_columns(pl.col("year").cast(pl.Int64)), on=["year", "school_id"])
    assert both.height == golden.height == -(-table.height // 25)
    for ours, theirs in [
        ("outcome", "y"), ("index", "x"), ("expected", "fitted"), ("expected_se", "fitted_se"),
        ("residual", "residual"), ("leverage", "hat"), ("shrunken", "ranef"), ("shrunken_se", "ranef_se"),
    ]:  # fmt: skip
        agree(both[ours], both[theirs])
    agree(both["outcome_se"] ** 2, both["v"])
    # The best prediction of a school's true result: what is expected of it and its own part.
    agree(both["expected"] + both["shrunken"], both["blup"])
    of_result, of_expected = both["reliability"], 1 - both["reliability"]
    agree((of_result * both["v"] + of_expected**2 * both["expected_se"] ** 2).sqrt(), both["blup_se"])
    refitted = both.drop_nulls("rstudent")
    agree(refitted["studentized"], refitted["rstudent"])


@pytest.mark.parametrize("data_set", DATA_SETS)
def test_refits_without_a_school_are_there_for_the_last_year(data_set):
    refitted = SCHOOLS.filter(pl.col("data_set") == data_set).drop_nulls("rstudent")
    assert refitted.height >= 3
    assert refitted["year"].unique().to_list() == [max(year for name, year in WHOLE if name == data_set)]


def arrays_of(rows):
    return rows["y"].to_numpy(), rows["v"].to_numpy(), np.column_stack([np.ones(rows.height), rows["x"]])


@pytest.mark.parametrize("subset", SUBSETS)
def test_influence_and_shrinkage_of_every_school(subset):
    rows = LEFT_OUT.filter(pl.col("subset") == subset)
    y, variance, X = arrays_of(rows)
    fit = meta_regression(y, variance, X)
    golden = FITS.row(by_predicate=pl.col("data_set") == subset, named=True)
    assert fit.tau2 == pytest.approx(golden["tau2"], rel=1e-6)
    agree(fit.beta, [golden["intercept"], golden["slope"]])
    agree(fit.residual, rows["residual"])

    pull = influence(fit)
    agree(pull.leverage, rows["hat"])
    agree(pull.studentized, rows["rstudent"])
    agree(pull.cooks_distance, rows["cooks_distance"])
    # metafor's own error of a residual of the fit: the hat matrix gives the same.
    agree(np.sqrt(fit.variance + fit.tau2 - fit.expected_variance(X)), rows["residual_se"])

    shrunken, shrunken_se, _ = shrink(fit.residual, fit.variance, fit.expected_variance(X), fit.tau2)
    agree(shrunken, rows["ranef"])
    agree(shrunken_se, rows["ranef_se"])


@pytest.mark.parametrize("subset", SUBSETS)
def test_refits_without_each_school(subset):
    rows = LEFT_OUT.filter(pl.col("subset") == subset)
    y, variance, X = arrays_of(rows)
    refits = []
    for school in range(len(y)):
        rest = np.arange(len(y)) != school
        fit = meta_regression(y[rest], variance[rest], X[rest])
        residual = y[school] - X[school] @ fit.beta
        (error2,) = variance[school] + fit.tau2 + fit.expected_variance(X[[school]])
        refits.append((fit.tau2, residual, np.sqrt(error2)))
    agree(refits, rows.select("tau2_without", "deleted_residual", "deleted_residual_se"))


def test_subsets_hold_the_cases_where_tau2_is_0_or_hangs_on_one_school():
    tau2 = dict(FITS.filter(pl.col("year").is_null()).select("data_set", "tau2").iter_rows())
    without = {subset: LEFT_OUT.filter(pl.col("subset") == subset)["tau2_without"] for subset in SUBSETS}
    assert tau2["no_spread"] == tau2["edge"] == without["no_spread"].max() == 0
    assert without["edge"].min() == 0 < without["edge"].max()
    assert without["wrong_entry"].min() < 0.02 < 50 < tau2["wrong_entry"]
