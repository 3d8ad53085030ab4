"""The back-test on regions where nothing has changed, where something has, and by a literal covariance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from helpers.model import expectation, school_effects, variance_components
from helpers.model.backtest import backtest, standard_error
from helpers.model.effect import VarianceComponents
from helpers.params import FlagRules, ModelRules, Params, SmallNRules

PARAMS = Params.model_construct(
    model=ModelRules(years_pooled=3, min_schools=4, source="test"),
    flag=FlagRules(delta=0.1, persistent=0.9, watch=0.8, min_years=2, min_spec_share=0.8, source="test"),
    small_n=SmallNRules(model_fit=10, flag_each_year=10, pooled=20, source="test"),
)
PERSISTENT, TRANSIENT, WITHIN = 0.028, 0.012, 0.9
REGIONS, YEARS = 300, [1, 2, 3, 4]


def region(seed, years=YEARS, schools=200, helped=0.0):
    """What `backtest` reads, of a region with planted effects; in the last year schools with a < −0.2 gain `helped`."""
    random = np.random.default_rng([90, seed])
    ids = [f"{number:03}" for number in range(schools)]
    context = random.normal(50, 10, schools)
    lasting = random.normal(0, np.sqrt(PERSISTENT), schools)
    size = np.exp(random.uniform(np.log(10), np.log(150), schools))
    outcomes, indices, places = [], [], []
    for year in years:
        n = np.maximum(random.poisson(size), 1).astype(float)
        se = np.sqrt(WITHIN / n)
        y = 0.03 * context + lasting + random.normal(0, np.sqrt(TRANSIENT), schools) + random.normal(0, se)
        if year == years[-1]:
            y += np.where(lasting < -0.2, helped, 0)
        keys = {"year": [year] * schools, "school_id": ids}
        outcomes.append(pl.DataFrame({**keys, "outcome": y, "outcome_se": se, "n_participants": n}))
        indices.append(
            pl.DataFrame({**keys, "index": context, "context_class": ["middle"] * schools, "class_prob": 0.8})
        )
        reason = [None if large else "small_n" for large in n >= 10]
        places.append(pl.DataFrame({**keys, "in_model": n >= 10, "why_excluded": pl.Series(reason, dtype=pl.String)}))
    outcome, index, places = pl.concat(outcomes), pl.concat(indices), pl.concat(places)
    table, fits = expectation(outcome, index, places, PARAMS.model)
    return table, fits, places, outcome, index, PARAMS


@pytest.fixture(scope="module")
def unchanged():
    """The back-tests of regions where nothing has changed."""
    return pl.concat(backtest(*region(seed)) for seed in range(REGIONS))


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["persistent", "watch", "none"])
def test_where_nothing_has_changed_z_is_standard_normal(unchanged, tier):
    rows = unchanged.filter(tier=tier)
    assert rows.height > (1 if tier == "none" else 2) * 0.9 * REGIONS
    # Both directions together, positive where schools came nearer to what is expected than predicted.
    z = rows.select(pl.when(pl.col("direction") == "above").then(-pl.col("z")).otherwise("z")).to_series()
    assert z.mean() == pytest.approx(0, abs=0.15)
    assert 0.85 < z.std() < 1.15


@pytest.mark.slow
@pytest.mark.parametrize(("direction", "sign"), [("below", 1), ("above", -1)])
def test_without_the_benchmark_the_same_schools_seem_to_change(unchanged, direction, sign):
    # The usual comparison: next year's residual against that of the flagging years.
    rows = unchanged.filter(direction=direction, tier="persistent")
    change = sign * (rows["actual"] - rows["flagged_residual"])
    assert change.mean() > 0.08
    assert (change > 0).mean() > 0.9
    regression = sign * (rows["predicted"] - rows["flagged_residual"])
    assert change.mean() == pytest.approx(regression.mean(), abs=0.01)
    assert (change > regression).mean() == pytest.approx(0.5, abs=0.07)


def test_help_shows_beyond_the_benchmark():
    helped = pl.concat(backtest(*region(seed, helped=0.2)) for seed in range(60))
    rows = helped.filter(direction="below", tier="persistent")
    # Of the schools named some have a ≥ −0.2; the line itself rises a little with those helped.
    assert 0.08 < (rows["actual"] - rows["predicted"]).mean() < 0.2
    assert rows["z"].mean() > 1.5


def test_means_and_error_are_those_of_the_whole_covariance():
    table, fits, schools, outcome, index, params = region(1)
    # One school has no earlier year, another no last one.
    table = table.filter(~((pl.col("school_id") == "000") & (pl.col("year") < 4)))
    table = table.filter(~((pl.col("school_id") == "001") & (pl.col("year") == 4)))
    row = backtest(table, fits, schools, outcome, index, params).filter(direction="within").row(0, named=True)

    history, last = table.filter(pl.col("year") < 4), table.filter(year=4).sort("school_id")
    components = variance_components(history, {fit["year"]: fit["tau2"] for fit in fits[:3]})
    effect = school_effects(history, components, 0.1)
    known = last.drop("reliability", strict=False).join(effect, on="school_id", how="left")
    beyond = known.select(pl.max_horizontal("prob_below", "prob_above")).to_series()
    enough = outcome.filter(pl.col("year") < 4).group_by("school_id").agg(pl.col("n_participants").min() >= 10)
    large = known.join(enough, on="school_id", how="left")["n_participants"]
    repeated = pl.when(pl.col("prob_below") >= 0.8).then("years_below").otherwise("years_above") >= 2
    within = (large & ((beyond < 0.8) | ~known.select(repeated).to_series())).fill_null(False).to_numpy()
    assert row["n"] == within.sum() > 50
    assert row["predicted"] == pytest.approx(known["effect"].to_numpy()[within].mean())
    assert row["flagged_residual"] == pytest.approx(known["pooled_residual"].to_numpy()[within].mean())
    assert row["actual"] == pytest.approx(known["residual"].to_numpy()[within].mean())

    sampling = last["outcome_se"].to_numpy() ** 2
    lasting = components.persistent * (1 - known["reliability"].fill_null(0).to_numpy())
    W = np.diag(np.where(last["in_model"], 1 / (sampling + fits[3]["tau2"]), 0))
    X = np.column_stack([np.ones(last.height), last["index"]])
    leaves = np.eye(last.height) - X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
    covariance = leaves @ np.diag(lasting + components.transient + sampling) @ leaves.T
    variance = covariance[np.ix_(within, within)].mean()
    assert row["predicted_se"] == pytest.approx(np.sqrt(variance))
    assert row["z"] == pytest.approx((row["actual"] - row["predicted"]) / np.sqrt(variance))


def test_the_error_goes_through_the_line_that_was_fitted():
    random = np.random.default_rng(5)
    x, fitted = random.normal(50, 10, 40), np.arange(40) % 6 > 0
    sampling, chosen = random.uniform(0.01, 0.05, 40), pl.Series(np.arange(40) < 9)
    seen = pl.DataFrame({"index": x, "in_model": fitted, "outcome_se": np.sqrt(sampling), "unknown": 0.004})
    W = np.diag(np.where(fitted, 1 / (sampling + 0.03), 0))
    held = np.clip(x, x[fitted].min(), x[fitted].max())
    for bent, X in ((False, np.vander(x, 2)), (True, np.vander(held - 50, 3))):
        leaves = np.eye(40) - X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
        covariance = leaves @ np.diag(0.004 + 0.01 + sampling) @ leaves.T
        found = standard_error(seen, chosen, VarianceComponents(0.02, 0.01, 3), 0.03, bent)
        assert found == pytest.approx(np.sqrt(covariance[:9, :9].mean()), rel=1e-9)


def test_years_before_the_pooled_ones_do_not_count():
    table, fits, *others, params = region(2, [1, 2, 3, 4])
    two = params.model_copy(update={"model": params.model.model_copy(update={"years_pooled": 2})})
    without_first = backtest(table.filter(pl.col("year") > 1), fits[1:], *others, params)
    assert backtest(table, fits, *others, two).equals(without_first)


def test_one_flagging_year_has_no_benchmark_and_one_year_no_test():
    once = backtest(*region(3, [1, 2]))
    assert set(once["tier"]) == {"observation", "none"}
    assert once["actual"].null_count() == once["flagged_residual"].null_count() == 0
    assert once.select("predicted", "predicted_se", "z").null_count().row(0) == (once.height,) * 3
    never = backtest(*region(3, [1]))
    assert never.is_empty()
    assert never.schema == once.schema
