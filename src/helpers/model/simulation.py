"""How good the rule is where the truth is known: regions redrawn on the report's own schools.

Places, sizes, contexts, sampling errors, lines and variance components are the report's; persistent and
transient effects and sampling errors are drawn anew. The rule of the report and the usual one (residual of the
last year below −1 SD) judge each region, and the judgements are counted against the planted effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from helpers.model.effect import Pooled, VarianceComponents, split_variance
from helpers.model.stability import Cells, Line, carried_through, index_error, large_enough
from helpers.params import FlagRules, SimulationRules, SmallNRules


@dataclass(frozen=True)
class Drawn:
    """One redrawn region: outcomes (years, schools) in `data`; planted persistent effects and true contexts (schools,)."""

    data: Cells
    persistent: np.ndarray
    context: np.ndarray


def redrawn(
    data: Cells, lines: Sequence[Line], components: VarianceComponents, reliability: float, random: np.random.Generator
) -> Drawn:
    """Draw a region on the places, sizes and indices of `data`.

    With `reliability` λ < 1 the index is a measurement: the true context given the index is drawn from
    x̄ + λ(x − x̄) + N(0, λ(1 − λ)σ²), the same in all years, and the true line is 1/λ as steep as the fitted one, a parabola
    bent 1/λ² as much. A parabola is not drawn on beyond the schools of the fit.
    """
    years, schools = data.y.shape
    mean, variance = np.nanmean(data.x, axis=1, keepdims=True), np.nanvar(data.x, axis=1, keepdims=True)
    error = random.normal(size=schools) * np.sqrt(reliability * (1 - reliability) * variance)
    context = reliability * (data.x - mean) + error
    known = np.maximum(np.isfinite(context).sum(axis=0), 1)
    slope, bend, centre = (np.array([[getattr(line, name)] for line in lines]) for name in ("slope", "bend", "centre"))
    held = context
    if bend.any():
        slope = slope + 2 * bend * (mean - centre)
        of_fit = np.where(data.fitted, data.x, np.nan)
        ends = (np.nanmin(of_fit, axis=1, keepdims=True), np.nanmax(of_fit, axis=1, keepdims=True))
        held = np.clip(context, *(end - mean for end in ends))
    expected = slope / reliability * held + bend / reliability**2 * held**2
    persistent = random.normal(0, np.sqrt(components.persistent), (schools,))
    transient = random.normal(0, np.sqrt(components.transient), (years, schools))
    noise = np.where(np.isfinite(data.v), data.errors.drawn(random), np.nan)
    return Drawn(
        replace(data, y=expected + persistent + transient + noise),
        persistent,
        np.nansum(context, axis=0) / known,
    )


def simulate(
    data: Cells,
    lines: Sequence[Line],
    components: Mapping[float, VarianceComponents],
    flag: FlagRules,
    small_n: SmallNRules,
    rules: SimulationRules,
    believed: float,
    form: str = "linear",
    told: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Redraw `rules.runs` regions for each reliability of the index and count what each rule names.

    Parameters
    ----------
    data : Cells
        The report's own specification.
    lines
        Its fit by year.
    components : mapping
        The planted variance components for each reliability of the index.
    believed : float
        Reliability of the index at which the report judges; its variances are taken as known here.
    form : str
        Of its line.
    told
        Called after each region with how many are done, and how many there are.

    Returns
    -------
    simulation : DataFrame
        Table `simulation`: reliability, rule (`report`: watch and persistent tiers; `persistent`: the upper tier
        alone; `one_year`: ordinary least squares, residual of the last year beyond ∓1 SD), flags (a year), ppv (of
        the named, how many are beyond ∓truth in that direction), sensitivity (of those beyond, how many are
        named), small (share of the named with fewer than `small_n` participants), wrong_sign (share of the named
        whose effect has the other sign), coverage (of 95 % intervals of the effect; of the report's rule only).
    fairness : DataFrame
        Table `fairness`: reliability, quartile of the true context (1 the poorest), below, above: shares of its
        schools that the report's rule names. An index measured with error gives a line that is too flat, and
        schools of poor context are named too often (Woodhouse, Yang, Goldstein, Rasbash, 1996).
    """
    rows, fairness = [], []
    total = len(components) * rules.runs
    for place, (reliability, planted) in enumerate(components.items()):
        random = np.random.default_rng([rules.seed, round(1000 * reliability)])
        counts: dict[str, np.ndarray] = {}
        of_quartiles = np.zeros((3, 4))
        covered = judged = 0
        for run in range(rules.runs):
            region = redrawn(data, lines, planted, reliability, random)
            pooled, fitted = carried_through(region.data, "paule_mandel", form, 1.0, believed)
            residual = np.stack([line.residual for line in fitted])
            inside = np.abs(region.persistent - pooled.effect) <= 1.959964 * pooled.effect_se
            there = np.isfinite(pooled.effect)
            covered, judged = covered + int(inside[there].sum()), judged + int(there.sum())
            all_named = _named(region.data, residual, pooled, flag, small_n)
            of_quartiles += _by_quartile(all_named["report"], region.context, there)
            for rule, named in all_named.items():
                counts[rule] = counts.get(rule, 0) + _counted(named, region.persistent, data.n, rules)
            told(place * rules.runs + run + 1, total)
        for rule, (flags, right, beyond, small, wrong) in counts.items():
            rows.append(
                {
                    "reliability": reliability, "rule": rule, "flags": flags / rules.runs, "ppv": _ratio(right, flags),
                    "sensitivity": _ratio(right, beyond), "small": _ratio(small, flags),
                    "wrong_sign": _ratio(wrong, flags), "coverage": covered / judged if rule == "report" else None,
                    "runs": rules.runs,
                }
            )  # fmt: skip
        below, above = of_quartiles[:2] / of_quartiles[2]
        fairness += [
            {"reliability": reliability, "quartile": number + 1, "below": below[number], "above": above[number]}
            for number in range(4)
        ]
    return pl.DataFrame(rows), pl.DataFrame(fairness)


def _by_quartile(named: np.ndarray, context: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Schools named below, named above and there are, by quartile of the true context: array (3, 4)."""
    cuts = np.quantile(context[there], [0.25, 0.5, 0.75])
    quartile = np.searchsorted(cuts, context[there], side="right")
    counted = [np.bincount(quartile, weights=what[there], minlength=4) for what in (*named, np.ones_like(context))]
    return np.stack(counted)


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _named(
    data: Cells, residual: np.ndarray, pooled: Pooled, flag: FlagRules, small_n: SmallNRules
) -> dict[str, np.ndarray]:
    """What each rule names: arrays (2, schools), below and above."""
    lasting = np.stack([(residual < 0).sum(axis=0), (residual > 0).sum(axis=0)]) >= min(flag.min_years, len(data.y))
    large = large_enough(data, small_n)
    sure = np.stack([pooled.prob_below(-flag.delta), 1 - pooled.prob_below(flag.delta)])
    last = _one_year(data)
    return {
        "report": (sure >= flag.watch) & lasting & large,
        "persistent": (sure >= flag.persistent) & lasting & large,
        "one_year": np.stack([last < -1, last > 1]),
    }


def _one_year(data: Cells) -> np.ndarray:
    """Residuals of the last year by ordinary least squares over all schools, in their own standard deviations."""
    y, x = data.y[-1], data.x[-1]
    there = np.isfinite(y) & np.isfinite(x)
    slope, intercept = np.polyfit(x[there], y[there], 1)
    residual = np.where(there, y - intercept - slope * x, np.nan)
    return residual / np.nanstd(residual, ddof=2)


def _counted(named: np.ndarray, persistent: np.ndarray, n: np.ndarray, rules: SimulationRules) -> np.ndarray:
    """Flags, right ones, deviant schools, small ones among the flags, flags of the wrong sign; both directions."""
    signed = np.stack([-persistent, persistent])
    beyond = signed > rules.truth
    years = np.maximum(np.isfinite(n).sum(axis=0), 1)
    small = np.nansum(n, axis=0) / years < rules.small_n
    return np.array(
        [named.sum(), (named & beyond).sum(), beyond.sum(), (named & small).sum(), (named & (signed < 0)).sum()], float
    )


def simulate_report(
    data: Cells,
    assumed: Sequence[float],
    flag: FlagRules,
    small_n: SmallNRules,
    rules: SimulationRules,
    believed: float,
    form: str = "linear",
    told: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `simulation` and `fairness` on the report's own specification, for every assumed reliability.

    The line is the report's own, of `form`. What the index's error adds to lasting residuals is in the fitted persistent
    variance already; it is taken out of the planted one. `told` as in `simulate`.
    """
    _, lines = carried_through(data, "paule_mandel", form, 1.0)
    residual = np.stack([line.residual for line in lines])
    fitted = split_variance(
        residual, data.v, [line.tau2 for line in lines], data.fitted, 3 if form == "quadratic" else 2, data.shared
    )
    spread = float(np.nanvar(np.where(data.fitted, data.x, np.nan)))

    def planted(reliability: float) -> VarianceComponents:
        error = float(np.mean(index_error(data, lines, spread, reliability)))
        return replace(fitted, persistent=max(fitted.persistent - error, 0.0))

    return simulate(
        data, lines, {value: planted(value) for value in assumed}, flag, small_n, rules, believed, form, told
    )
