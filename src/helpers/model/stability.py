"""How far a conclusion hangs on choices that could as well have been made otherwise.

Every combination of index, outcome, weights, functional form, assumed reliability of the index and sample is a
specification; each is carried through to the probabilities of every school (Steegen et al., 2016). Besides, every
school and every year is left out once. Arrays are (years, schools), nan where a school has no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
import polars as pl

from helpers.model.effect import Pooled, by_year, pool_by, shared_by_year, split_variance
from helpers.model.errors import Errors
from helpers.model.expectation import BEND_UNIT, MetaRegression, meta_regression, placeable
from helpers.model.posterior import index_error_variance
from helpers.params import FlagRules, SmallNRules, SpecificationRules

_INFLUENTIAL = 3
"""How many schools with the largest Cook's distance of each year the reduced sample leaves out."""
_LEFT_OUT = 300
"""At most so many schools are left out one by one, those with the most leverage: the others move nothing."""


@dataclass(frozen=True)
class Cells:
    """One index and one outcome over the years; arrays (years, schools).

    `y`, `v`, `n`, `x`: outcome, its sampling variance, participants, index. `remote`: 1 for a remote place.
    `fitted`: whether the school is in the year's fit. `shared`: covariances of the errors of two years' outcomes,
    array (years, years, schools), or None.
    """

    y: np.ndarray
    v: np.ndarray
    n: np.ndarray
    x: np.ndarray
    remote: np.ndarray
    fitted: np.ndarray
    shared: np.ndarray | None = None

    @property
    def placed(self) -> np.ndarray:
        """Where a residual can be computed."""
        return np.isfinite(self.y) & np.isfinite(self.v) & np.isfinite(self.x) & np.isfinite(self.remote)

    @cached_property
    def errors(self) -> Errors:
        """Of the outcomes, where a residual can be computed."""
        return Errors.of(self.placed, self.v, self.shared)

    def without(self, school: int) -> Cells:
        """The same with one school left out of every fit."""
        fitted = self.fitted.copy()
        fitted[:, school] = False
        return replace(self, fitted=fitted)

    def years(self, kept: Sequence[int]) -> Cells:
        """The same in some of the years."""
        own = {name: getattr(self, name)[list(kept)] for name in ("y", "v", "n", "x", "remote", "fitted")}
        return Cells(**own, shared=None if self.shared is None else self.shared[np.ix_(kept, kept)])


@dataclass(frozen=True)
class Line:
    """One year's fitted line: arrays (schools,) of residuals and standard errors of the expected outcome; τ², slope at the
    index `centre`, bend (pupil-SD per squared index point).
    """

    residual: np.ndarray
    expected_se: np.ndarray
    tau2: float
    slope: float
    bend: float = 0.0
    centre: float = 0.0


def cells(
    outcome: pl.DataFrame, index: pl.DataFrame, schools: pl.DataFrame, years: Sequence[int], ids: pl.Series,
    shared: pl.DataFrame | None = None,
) -> Cells:  # fmt: skip
    """Lay tables out as arrays.

    Parameters
    ----------
    outcome, index : DataFrame
        Tables `outcome` and `wellbeing_index`, or one variant of each.
    schools : DataFrame
        Table `schools`; `remote` where it has that column, else nobody is remote.
    years, ids
        The pooled years and the schools, in the order of the arrays.
    shared : DataFrame, optional
        Of table `shared_errors`, that of the outcome.
    """
    placed = placeable(schools).with_columns(
        remote=pl.col("remote").cast(pl.Float64) if "remote" in schools.columns else 0.0
    )
    of_placed = outcome.join(placed.select("year", "school_id"), on=["year", "school_id"])
    y, se, n = (by_year(of_placed, name, years, ids) for name in ("outcome", "outcome_se", "n_participants"))
    x, remote, fitted = by_year(index, "index", years, ids), by_year(placed, "remote", years, ids), by_year(
        placed, "in_model", years, ids
    )  # fmt: skip
    together = None if shared is None else shared_by_year(shared, years, ids)
    whole = Cells(y, se**2, n, x, remote, fitted, together)
    return replace(whole, fitted=fitted & whole.placed)


def fit_line(
    y: np.ndarray, v: np.ndarray, n: np.ndarray, x: np.ndarray, remote: np.ndarray, fitted: np.ndarray,
    weights: str, form: str, reliability: float,
) -> Line:  # fmt: skip
    """Fit one year's line and correct its slope for the index's reliability.

    `weights`: `paule_mandel` for 1/(v + τ²), `participants` for n, `equal`. `form`: `linear`, `quadratic`, or
    `remote` for a constant of its own of remote schools. With reliability λ < 1 the slope on the index is
    divided by λ around the weighted mean of the index (Fuller, 1987), and τ² found anew from these residuals.
    """
    centre = np.average(x[fitted], weights=None if weights == "equal" else n[fitted])
    held = np.clip(x, x[fitted].min(), x[fitted].max()) if form == "quadratic" else x  # as in `expectation.design`
    columns = [np.ones_like(x), held - centre]
    if form == "quadratic":
        columns.append(((held - centre) / BEND_UNIT) ** 2)
    if form == "remote" and 0 < remote[fitted].sum() < fitted.sum():
        columns.append(remote)
    X = np.column_stack(columns)
    if weights == "paule_mandel":
        fit = meta_regression(y[fitted], v[fitted], X[fitted])
        w, tau2 = fit.weights, fit.tau2
    else:
        w, tau2 = (n[fitted] if weights == "participants" else np.ones(int(fitted.sum()))), None
    bread = np.linalg.inv(X[fitted].T @ (X[fitted] * w[:, None]))
    beta = bread @ (X[fitted].T @ (w * y[fitted]))
    mean_x = float(np.average(x[fitted], weights=w))
    residual = y - X @ beta - beta[1] * (1 / reliability - 1) * (x - mean_x)
    if tau2 is None or reliability < 1:
        tau2 = _tau2(residual[fitted], v[fitted], int(fitted.sum()) - X.shape[1])
    meat = X[fitted].T @ (X[fitted] * (w**2 * (v[fitted] + tau2))[:, None])
    # the corrected line is the fitted one with x stretched about its mean
    X[:, 1] += (1 / reliability - 1) * (x - mean_x)
    expected_variance = np.einsum("ij,jk,ik->i", X, bread @ meat @ bread, X)
    bend = float(beta[2]) / BEND_UNIT**2 if form == "quadratic" else 0.0
    return Line(residual, np.sqrt(expected_variance), tau2, float(beta[1]) / reliability, bend, float(centre))


def _tau2(residual: np.ndarray, variance: np.ndarray, dof: int) -> float:
    """τ² at which Σ e²/(v + τ²) equals the degrees of freedom, for residuals of any line; 0 if it is below at 0."""

    def excess(tau2: float) -> float:
        return float((residual**2 / (variance + tau2)).sum()) - dof

    if dof <= 0 or excess(0.0) <= 0:
        return 0.0
    from scipy.optimize import brentq  # late: a fifth of a second for those who only check files

    return float(brentq(excess, 0.0, residual @ residual / dof, xtol=1e-12))


def carried_through(
    data: Cells, weights: str, form: str, reliability: float, believed: float = 1.0
) -> tuple[Pooled, list[Line]]:
    """One specification from the years' lines to the schools' pooled effects.

    `reliability` is what the slope is divided by; at `believed` the index's error leaves the lasting part.
    """
    lines = []
    for year in range(len(data.y)):
        placed = data.placed[year]
        y, v, n, x, remote, fitted = (
            array[year, placed] for array in (data.y, data.v, data.n, data.x, data.remote, data.fitted)
        )
        line = fit_line(y, v, n, x, remote, fitted, weights, form, reliability)
        whole = np.full((2, data.y.shape[1]), np.nan)
        whole[:, placed] = line.residual, line.expected_se
        lines.append(replace(line, residual=whole[0], expected_se=whole[1]))
    residual, expected_se = (np.stack([getattr(line, name) for line in lines]) for name in ("residual", "expected_se"))
    components = split_variance(
        residual, data.v, [line.tau2 for line in lines], data.fitted, 3 if form == "quadratic" else 2, data.shared
    )
    spread = float(np.var(data.x[data.fitted], ddof=1))
    error = index_error(data, lines, spread, believed)
    return pool_by(data.errors, residual, expected_se, replace(components, index_error=error)), lines


def index_error(data: Cells, lines: Sequence[Line], spread: float, reliability: float) -> float | np.ndarray:
    """`index_error_variance` of every school, or of all where the lines are straight."""
    slopes, bends = [line.slope for line in lines], [line.bend for line in lines]
    if reliability == 1 or not any(bends):
        return index_error_variance(slopes, spread, reliability)
    held = [
        np.clip(x, x[fitted].min(), x[fitted].max()) - line.centre
        for x, fitted, line in zip(data.x, data.fitted, lines, strict=True)
    ]
    count = np.isfinite(held).sum(axis=0)
    return index_error_variance(slopes, spread, reliability, bends, np.nansum(held, axis=0) / np.maximum(count, 1))


def without_influential(data: Cells) -> Cells:
    """Leave out of each year's fit the schools with the largest Cook's distances of the linear Paule–Mandel line."""
    fitted = data.fitted.copy()
    for year in range(len(fitted)):
        there = np.flatnonzero(fitted[year])
        x = data.x[year, there]
        fit = meta_regression(data.y[year, there], data.v[year, there], np.column_stack([np.ones_like(x), x]))
        fitted[year, there[np.argsort(-_cooks_distance(fit), kind="stable")[:_INFLUENTIAL]]] = False
    return replace(data, fitted=fitted)


def _cooks_distance(fit: MetaRegression) -> np.ndarray:
    """Cook (1977) on whitened data, up to a constant; a school alone in determining the line comes first."""
    leverage = fit.weights * fit.expected_variance(fit.X)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = fit.weights * fit.residual**2 * leverage / (1 - leverage) ** 2
    return np.where(leverage > 1 - 1e-9, np.inf, distance)


def specifications(
    outcomes: pl.DataFrame,
    indices: pl.DataFrame,
    schools: pl.DataFrame,
    years: Sequence[int],
    rules: SpecificationRules,
    assumed: Sequence[float],
    flag: FlagRules,
    small_n: SmallNRules,
    shared: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Carry every specification through.

    Parameters
    ----------
    outcomes, indices : DataFrame
        Variants of the outcome and of the index: columns of the tables, and `variant`.
    assumed : sequence of float
        Reliabilities of the index, from `reliabilities`.
    shared : DataFrame, optional
        Table `shared_errors`.

    Returns
    -------
    specified : DataFrame
        Table `specifications`: number, the six choices, mean slope (pupil-SD per index point), n_below, n_above
        (of the schools with enough participants to be named).
    shares : DataFrame
        school_id, share_below, share_above: in what share of the specifications that have the school (a primary
        school sits no examination) P beyond ∓delta reaches `flag.watch`. Shares of low results are in other
        units: there delta is as many lasting standard deviations of schools as it is in the report's outcome.
    """
    ids = school_ids(outcomes, years)
    rows: list[dict[str, object]] = []
    counts = np.zeros((3, len(ids)))
    spread = _lasting_spread(outcomes, indices, schools, years, ids, shared)
    for choice, data in _chosen(outcomes, indices, schools, years, ids, rules, shared):
        for weights, form, reliability in product(rules.weights, _forms(rules, data), assumed):
            pooled, lines = carried_through(data, weights, form, reliability)
            delta = flag.delta * spread.get(choice["outcome"], 1.0)
            below, above = pooled.prob_below(-delta) >= flag.watch, 1 - pooled.prob_below(delta) >= flag.watch
            counts += below, above, np.isfinite(pooled.effect)
            large = large_enough(data, small_n)
            rows.append(
                {
                    "number": len(rows) + 1, **choice, "weights": weights, "form": form, "reliability": reliability,
                    "slope": float(np.mean([line.slope for line in lines])),
                    "n_below": int((below & large).sum()), "n_above": int((above & large).sum()),
                }
            )  # fmt: skip
    with np.errstate(invalid="ignore"):
        below, above = np.nan_to_num(counts[:2] / counts[2])
    return pl.DataFrame(rows), pl.DataFrame({"school_id": ids, "share_below": below, "share_above": above})


def _lasting_spread(
    outcomes: pl.DataFrame, indices: pl.DataFrame, schools: pl.DataFrame, years: Sequence[int], ids: pl.Series,
    shared: pl.DataFrame | None = None,
) -> dict[str, float]:  # fmt: skip
    """How much schools lastingly differ in the share of low results, in units of how much they do in the outcome."""
    lasting = {}
    for name in ("all", "low"):
        of_outcome = outcomes.filter(variant=name)
        if of_outcome.is_empty():
            return {}
        data = cells(of_outcome, indices.filter(variant="equal"), schools, years, ids, _of_variant(shared, name))
        _, lines = carried_through(data, "paule_mandel", "linear", 1.0)
        residual = np.stack([line.residual for line in lines])
        parts = split_variance(residual, data.v, [line.tau2 for line in lines], data.fitted, shared=data.shared)
        lasting[name] = parts.persistent
    return {"low": float(np.sqrt(lasting["low"] / lasting["all"]))} if lasting["low"] > 0 < lasting["all"] else {}


def _chosen(
    outcomes: pl.DataFrame, indices: pl.DataFrame, schools: pl.DataFrame, years: Sequence[int], ids: pl.Series,
    rules: SpecificationRules, shared: pl.DataFrame | None,
) -> Iterator[tuple[dict[str, str], Cells]]:  # fmt: skip
    """Every pair of index and outcome that the report has, whole and without the influential schools."""
    for index, outcome in product(rules.index, rules.outcome):
        of_index, of_outcome = indices.filter(variant=index), outcomes.filter(variant=outcome)
        if of_index.is_empty() or of_outcome.is_empty():
            continue
        data = cells(of_outcome, of_index, schools, years, ids, _of_variant(shared, outcome))
        for sample in rules.sample:
            chosen = data if sample == "all" else without_influential(data)
            yield {"index": index, "outcome": outcome, "sample": sample}, chosen


def _of_variant(shared: pl.DataFrame | None, outcome: str) -> pl.DataFrame | None:
    return None if shared is None else shared.filter(variant=outcome)


def _forms(rules: SpecificationRules, data: Cells) -> list[str]:
    """A constant for remote schools only where there are some and others."""
    some = 0 < data.remote[data.fitted].sum() < data.fitted.sum()
    return [form for form in rules.form if form != "remote" or some]


def reliabilities(rules: SpecificationRules, alpha: float | None, explained: float) -> list[float]:
    """The assumed reliabilities of the index, each once; `alpha` stands for the estimated one, where there is one.

    A measured index cannot explain more of the schools' differences than its reliability: assumptions below
    `explained`, the largest r² of the pooled years, contradict the data and are left out.
    """
    assumed = (alpha if value == "alpha" else float(value) for value in rules.reliability)
    return list(dict.fromkeys(value for value in assumed if value is not None and value >= explained))


def large_enough(data: Cells, small_n: SmallNRules) -> np.ndarray:
    """Schools with enough participants in every year that they have, and in all of them together."""
    there = np.isfinite(data.y) & np.isfinite(data.x)
    least = np.where(there, data.n, np.inf).min(axis=0)
    return (least >= small_n.flag_each_year) & (np.where(there, data.n, 0).sum(axis=0) >= small_n.pooled)


def left_out(data: Cells, flag: FlagRules, form: str = "linear") -> pl.DataFrame:
    """Leave every school and every year out of the report's own specification once; `form` is that of its line.

    Returns
    -------
    DataFrame
        A row for each school of `data`, in its order: `school_below`, `school_above` (share of the fits without
        one other school in which P reaches `flag.watch`), `year_below`, `year_above` (the same without one year;
        null with a single year).
    """

    def named(chosen: Cells) -> np.ndarray:
        pooled, _ = carried_through(chosen, "paule_mandel", form, 1.0)
        return np.stack([pooled.prob_below(-flag.delta) >= flag.watch, 1 - pooled.prob_below(flag.delta) >= flag.watch])

    pull = np.nanmax(np.where(data.fitted, np.abs(data.x - np.nanmean(data.x)), 0), axis=0)
    schools = [place for place in np.argsort(-pull, kind="stable")[:_LEFT_OUT] if data.fitted[:, place].any()]
    others = np.stack([named(data.without(place)) for place in schools]).astype(float)
    others[np.arange(len(schools)), :, schools] = np.nan  # of a school, only what leaving out the others does
    by_school = np.nanmean(others, axis=0)
    count = len(data.y)
    apart = [named(data.years([t for t in range(count) if t != out])) for out in range(count)] if count > 1 else []
    by_years = np.mean(apart, axis=0) if apart else np.full((2, data.y.shape[1]), np.nan)
    return pl.DataFrame(
        {
            "school_below": by_school[0], "school_above": by_school[1],
            "year_below": pl.Series(by_years[0]).fill_nan(None), "year_above": pl.Series(by_years[1]).fill_nan(None),
        }
    )  # fmt: skip


def stability(
    outcomes: pl.DataFrame,
    indices: pl.DataFrame,
    schools: pl.DataFrame,
    years: Sequence[int],
    rules: SpecificationRules,
    assumed: Sequence[float],
    flag: FlagRules,
    small_n: SmallNRules,
    form: str = "linear",
    shared: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `specifications` and `stability`; parameters as in `specifications`, `form` of the report's own line."""
    specified, shares = specifications(outcomes, indices, schools, years, rules, assumed, flag, small_n, shared)
    own = report_cells(outcomes, indices, schools, years, shared)
    alone = standing_check(outcomes, indices, schools, years, flag, form, shared)
    return specified, pl.concat([shares, left_out(own, flag, form), alone], how="horizontal")


def standing_check(
    outcomes: pl.DataFrame, indices: pl.DataFrame, schools: pl.DataFrame, years: Sequence[int], flag: FlagRules,
    form: str = "linear", shared: pl.DataFrame | None = None,
) -> pl.DataFrame:  # fmt: skip
    """P beyond ∓delta by other choices, the rest as in the report: null where there is nothing else to choose.

    Returns
    -------
    DataFrame
        `gia9_below`, `gia9_above`: by the examinations of grade 9 alone, which every school sits. `weights_below`,
        `weights_above`: by an index whose indicators weigh as much as they tell of results (`cross_fitted`).
    """
    tried = {"gia9": ("gia9", "equal"), "weights": ("all", "cross_fitted")}
    ids = school_ids(outcomes, years)
    made: dict[str, np.ndarray] = {}
    for name, (outcome, index) in tried.items():
        chosen = outcomes.filter(variant=outcome), indices.filter(variant=index)
        below = above = np.full(len(ids), np.nan)
        if not any(table.is_empty() for table in chosen):
            data = cells(*chosen, schools, years, ids, _of_variant(shared, outcome))
            pooled, _ = carried_through(data, "paule_mandel", form, 1.0)
            below, above = pooled.prob_below(-flag.delta), 1 - pooled.prob_below(flag.delta)
        made |= {f"{name}_below": below, f"{name}_above": above}
    return pl.DataFrame(made).fill_nan(None)


def form_of(fits: Sequence[dict]) -> str:
    """The form of the report's own line, from `model.json`."""
    return "quadratic" if any(fit.get("bend") for fit in fits) else "linear"


def assumed_reliabilities(numbers: dict, years: Sequence[int], rules: SpecificationRules) -> list[float]:
    """`reliabilities` of a report by its `model.json`."""
    explained = max(fit["r2"] or 0.0 for fit in numbers["years"] if fit["year"] in years)
    return reliabilities(rules, numbers["index_reliability"]["assumed"], explained)


def report_cells(
    outcomes: pl.DataFrame, indices: pl.DataFrame, schools: pl.DataFrame, years: Sequence[int],
    shared: pl.DataFrame | None = None,
) -> Cells:  # fmt: skip
    """The report's own index and outcome as arrays, schools sorted by id."""
    ids = school_ids(outcomes, years)
    own = (outcomes.filter(variant="all"), indices.filter(variant="equal"))
    return cells(*own, schools, years, ids, _of_variant(shared, "all"))


def school_ids(outcomes: pl.DataFrame, years: Sequence[int]) -> pl.Series:
    """Schools with any outcome in the years, in the order of the arrays."""
    return outcomes.filter(pl.col("year").is_in(list(years)))["school_id"].unique().sort()
