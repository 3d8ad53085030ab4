"""The regional project, planned against actual; and its results against what would be without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from helpers import tables
from helpers.model.effect import VarianceComponents, coefficients_of
from helpers.params import Params
from helpers.support.measures import MEASURES, Basis, Estimate
from helpers.support.membership import observed
from helpers.support.programme import Plan, ProgrammeRules
from helpers.support.regression import BENCHMARKS, Beyond, forecast


def monitoring(
    found: Mapping[str, pl.DataFrame], model: Mapping[str, Any], rules: ProgrammeRules, params: Params
) -> pl.DataFrame:
    """Measure every indicator of the project in every year of the report.

    Parameters
    ----------
    found : mapping of DataFrame
        Tables by name: `MONITORED` and `programme`; any may be empty. `shared_errors` of the outcome, where there is one.
    model : mapping
        `model.json`: fitted years, variances.
    rules : ProgrammeRules
    params : Params

    Returns
    -------
    DataFrame
        Table `monitoring`. `planned`: on the line from baseline to target. `lower`, `upper`: 95 % interval
        (`support.measures`; of what the project has done itself, the value). `signal`: green, the whole interval at the plan
        or better; red, the whole of it worse; yellow, cannot be told; none, no data or no plan. For measures of results
        `before`, `expected_without_programme`, `beyond_rtm` (actual change since `before` less the change to be expected
        without the programme), `beyond_rtm_se`, `n_compared`, `beyond_signal` (better, worse, unclear), by
        `support.regression`. Empty where the project is not the region's, or no school was ever in it.
    """
    if not rules.serves(params) or found["programme"].is_empty():
        return tables.empty("monitoring")
    bent = coefficients_of(model["years"]) == 3
    basis = Basis(params.flag.delta, VarianceComponents.of(model["pooled"]), found.get("shared_errors"), bent)
    rows = [
        _row(key, plan, year, seen, benchmark)
        for year, seen, benchmark in _years(found, model, rules, params, basis)
        for key, plan in rules.indicators.items()
    ]
    return pl.DataFrame(rows, schema=tables.CONTRACT["monitoring"].types).sort("indicator", "year")


def _years(
    found: Mapping[str, pl.DataFrame], model: Mapping[str, Any], rules: ProgrammeRules, params: Params, basis: Basis
) -> Iterator[tuple[int, dict[str, Estimate], dict[str, Beyond | None]]]:
    """Each year with every measure of it, and what would be without the programme."""
    tau2 = {fit["year"]: fit["tau2"] for fit in model["years"]}
    for year in params.years:
        taking_part = observed(found["programme"], rules.programme, year)
        last = year == params.years[-1]
        estimates = {
            name: MEASURES[name].of(_of(found[MEASURES[name].table], taking_part, year, last), basis)
            for name in {plan.measure for plan in rules.indicators.values()}
        }
        benchmarks = {}
        if year in tau2 and basis.components.n_years > 1 and not taking_part.is_empty():
            entries = taking_part.select("school_id", "from_year")
            seen = forecast(found["expectation"], entries, year, list(tau2), params.model.years_pooled, basis)
            benchmarks = {name: against(seen, tau2[year], basis) for name, against in BENCHMARKS.items()}
        yield year, estimates, benchmarks


def _of(table: pl.DataFrame, taking_part: pl.DataFrame, year: int, last: bool) -> pl.DataFrame:
    """Rows of the participants in a year, in the table's order: the same numbers are added up in the same order."""
    of_year = table.filter(pl.col("year") == year) if "year" in table.columns else table.filter(pl.lit(last))
    return of_year.filter(pl.col("school_id").is_in(taking_part["school_id"].to_list()))


def _row(
    key: str, plan: Plan, year: int, estimates: Mapping[str, Estimate], benchmarks: Mapping[str, Beyond | None]
) -> dict[str, Any]:
    seen, planned = estimates[plan.measure], plan.planned(year)
    beyond = benchmarks.get(plan.measure)
    return {
        "indicator": key, "year": year, "title": plan.title, "unit": plan.unit, "better": plan.better,
        "n": seen.n, "planned": planned, "actual": seen.actual, "lower": seen.lower, "upper": seen.upper,
        "signal": signal(seen, planned, plan.better),
        "before": beyond and beyond.before, "expected_without_programme": beyond and beyond.expected,
        "beyond_rtm": beyond and beyond.beyond, "beyond_rtm_se": beyond and beyond.se,
        "n_compared": beyond and beyond.n, "beyond_signal": beyond and beyond.signal(plan.better),
        "baseline": plan.baseline, "baseline_year": plan.baseline_year, "target": plan.target,
        "target_year": plan.target_year, "note": _note(plan, year, seen), "source": plan.source,
    }  # fmt: skip


def signal(seen: Estimate, planned: float | None, better: str) -> str:
    """The traffic sign: green and red only where the whole interval says so."""
    if seen.actual is None or planned is None:
        return "none"
    if seen.lower is None or seen.upper is None:
        return "yellow"
    worst, best = (seen.lower, seen.upper) if better == "higher" else (-seen.upper, -seen.lower)
    plan = planned if better == "higher" else -planned
    if worst >= plan:
        return "green"
    return "red" if best < plan else "yellow"


def _note(plan: Plan, year: int, seen: Estimate) -> str | None:
    """What is to be known before the row is read."""
    notes = []
    if seen.actual is None:
        notes.append("нет данных")
    elif MEASURES[plan.measure].results and plan.measure not in BENCHMARKS:
        notes.append("возврат к среднему не вычтен: рост с базового года нельзя приписать программе целиком")
    if year == plan.baseline_year and seen.lower is not None and not seen.lower <= plan.baseline <= seen.upper:
        notes.append("базовое значение в параметрах не согласуется с данными этого года")
    return "; ".join(notes) or None
