"""Other defensible indices and outcomes: what a conclusion must survive.

Every index stands on the scale of the main one: the same z-scores, put together by other
weights, then a T-score with the mean and spread of the base year's fitted schools.
Steegen et al. (2016) for judging a conclusion by the variants that it holds in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl

from helpers.measure.index import IndexScale, wellbeing_index
from helpers.measure.outcome import PupilSpread, averaged, entering, shared_errors, standardised
from helpers.params import Assessment, IndexRules, Indicator, OutcomeRules
from helpers.problems import BadInput, Problem

FOLDS = 5
"""Into how many parts `cross_fitted` divides the schools."""

_NO_SPREAD = 1e-9
"""A composite of z-scores that spreads less than this is constant but for rounding errors."""


@dataclass(frozen=True)
class _Placed:
    """Schools and years with a whole context, rows in one order.

    `z`: oriented z-scores, array (rows, indicators); `fitted`: whether the link is estimated on the row;
    `base`: those of them in the base year; `keys`: year and school_id.
    """

    keys: pl.DataFrame
    indicators: list[str]
    z: np.ndarray
    fitted: np.ndarray
    base: np.ndarray


def index_variants(
    context: pl.DataFrame,
    fitted: pl.DataFrame,
    outcome: pl.DataFrame,
    indicators: dict[str, Indicator],
    scale: IndexScale,
    rules: IndexRules,
    names: Iterable[str],
) -> pl.DataFrame:
    """Compute variants of the index for every school and year with a whole context.

    Parameters
    ----------
    context : DataFrame
        From `carried_forward`.
    outcome : DataFrame
        Table `outcome`; it serves `cross_fitted` alone.
    fitted : DataFrame
        Keys (year, school_id) of the schools on which the link is estimated.
    indicators : dict
        Params of the indicators by column name.
    scale : IndexScale
        The main index's; its year is the base year.
    names : iterable of str
        `equal`: the main index. `pca`: first principal component of the base year's fitted
        schools, turned so that the first indicator counts positively. `cross_fitted`:
        regression of the outcome on the z-scores of the schools of other folds. `rank`: mean
        of the indicators' percentile ranks among the base year's fitted schools. `expert`: weights
        of the params, 0 where none is named.

    Returns
    -------
    DataFrame
        year, school_id, variant, index (T-score, higher = better off). A variant that is the same as one before it is left out.

    Raises
    ------
    BadInput
        A variant's weights cannot be found, or the variant does not tell the schools apart.
    """
    placed = _placed(context, fitted, indicators, scale, rules)
    made: dict[str, np.ndarray] = {}
    for name in names:
        index = _index(name, placed, outcome, rules)
        if not any(np.allclose(index, earlier, rtol=0, atol=_NO_SPREAD * rules.scale_sd) for earlier in made.values()):
            made[name] = index
    return pl.concat(
        placed.keys.with_columns(variant=pl.lit(name), index=pl.Series(index)) for name, index in made.items()
    )


def variant_weights(
    context: pl.DataFrame,
    fitted: pl.DataFrame,
    outcome: pl.DataFrame,
    indicators: dict[str, Indicator],
    scale: IndexScale,
    rules: IndexRules,
    names: Iterable[str],
) -> pl.DataFrame:
    """Tell the indicators' weights in each variant, for printing; parameters as in `index_variants`.

    Returns
    -------
    DataFrame
        variant, indicator, weight: of the oriented z-scores (`rank`: of the percentile
        ranks), absolute values adding up to 1; `cross_fitted`: mean over the base year's schools.
    """
    placed = _placed(context, fitted, indicators, scale, rules)
    tables = []
    for name in names:
        weights = np.broadcast_to(_weights(name, placed, outcome, rules), placed.z.shape)[placed.base].mean(axis=0)
        weights /= np.abs(weights).sum()
        tables.append(pl.DataFrame({"variant": name, "indicator": placed.indicators, "weight": weights}))
    return pl.concat(tables)


def _placed(
    context: pl.DataFrame,
    fitted: pl.DataFrame,
    indicators: dict[str, Indicator],
    scale: IndexScale,
    rules: IndexRules,
) -> _Placed:
    keys = ["year", "school_id"]
    table = wellbeing_index(context, indicators, scale, rules)
    in_model = table.join(
        fitted.select(keys).with_columns(fitted=True), on=keys, how="left", maintain_order="left"
    ).select(pl.col("fitted").fill_null(False))
    of_link = in_model["fitted"].to_numpy()
    return _Placed(
        table.select(keys),
        list(indicators),
        table.select(f"z_{name}" for name in indicators).to_numpy(),
        of_link,
        of_link & (table["year"] == scale.base_year).to_numpy(),
    )


def _index(name: str, placed: _Placed, outcome: pl.DataFrame, rules: IndexRules) -> np.ndarray:
    """T-score of a variant's composite, frozen at the base year's fitted schools: array (rows,)."""
    values = _percentile_ranks(placed) if name == "rank" else placed.z
    composite = (values * _weights(name, placed, outcome, rules)).sum(axis=1)
    base = composite[placed.base]
    spread = base.std(ddof=1)
    if not spread > _NO_SPREAD:
        raise BadInput(
            Problem(
                "данные",
                f"вариант индекса {name} одинаков у всех школ опорного года",
                "различия между школами",
                "проверьте столбцы результатов: возможно, у всех школ в них одно число",
            )
        )
    return rules.scale_mean + rules.scale_sd * (composite - base.mean()) / spread


def _weights(name: str, placed: _Placed, outcome: pl.DataFrame, rules: IndexRules) -> np.ndarray:
    """Weights of the indicators: array (indicators,), or (rows, indicators) where schools have their own."""
    if len(placed.indicators) == 1:
        return np.ones(1)  # nothing to weigh
    if name == "pca":
        return _first_component(placed.z[placed.base])
    if name == "cross_fitted":
        return _cross_fitted(placed, outcome)
    if name == "expert":
        weights = np.array([rules.expert_weights.get(indicator, 0.0) for indicator in placed.indicators])
        return weights / weights.sum()
    return np.full(len(placed.indicators), 1 / len(placed.indicators))


def _first_component(z: np.ndarray) -> np.ndarray:
    component = np.linalg.svd(z, full_matrices=False).Vh[0]
    return -component if component[0] < 0 else component


def _percentile_ranks(placed: _Placed) -> np.ndarray:
    """Share of the base year's fitted schools below, those level with it counted half: array (rows, indicators)."""
    ranks = np.empty_like(placed.z)
    for column, values in enumerate(placed.z.T):
        base = np.sort(values[placed.base])
        ranks[:, column] = (np.searchsorted(base, values, "left") + np.searchsorted(base, values, "right")) / 2
    return ranks / placed.base.sum()


def _cross_fitted(placed: _Placed, outcome: pl.DataFrame) -> np.ndarray:
    """Coefficients of the outcome on the z-scores, found without the school's own fold: array (rows, indicators).

    Weighted by participants, all years together, each with its own mean: outcomes are centred within the
    year. The mean itself never enters the index, for it would give away what was left out.
    """
    joined = placed.keys.join(outcome, on=["year", "school_id"], how="left", maintain_order="left")
    known = placed.fitted & joined["outcome"].is_not_null().to_numpy()
    years = placed.keys["year"].to_numpy()
    design = np.column_stack([placed.z, *(years == year for year in np.unique(years[known]))])
    y, root = joined["outcome"].to_numpy(), np.sqrt(joined["n_participants"].to_numpy())
    fold = np.array([_fold(school_id) for school_id in placed.keys["school_id"]])
    weights = np.empty_like(placed.z)
    for number in range(FOLDS):
        others = known & (fold != number)
        if others.sum() <= design.shape[1]:
            raise BadInput(
                Problem(
                    "данные",
                    f"школо-лет с результатом без каждой пятой школы: {others.sum()}",
                    f"больше {design.shape[1]} — показателей и лет",
                    "добавьте школы и годы или уберите часть показателей",
                )
            )
        whitened = design[others] * root[others, None]
        coefficients = np.linalg.lstsq(whitened, y[others] * root[others], rcond=None)[0]
        weights[fold == number] = coefficients[: placed.z.shape[1]]
    return weights


def _fold(school_id: str) -> int:
    """A school's fold: the same in every year, on every machine and in every order of rows."""
    return int(sha256(school_id.encode()).hexdigest(), 16) % FOLDS


def outcome_variants(
    results: pl.DataFrame,
    described: Iterable[Assessment],
    spreads: Iterable[PupilSpread],
    rules: OutcomeRules,
    names: Iterable[str],
    context: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Compute variants of the outcome.

    Parameters
    ----------
    results : DataFrame
        Table `results`; what is set aside does not enter.
    described, spreads, rules
        As for `outcome`: a procedure's spread of pupils is the same whatever stands beside it.
    names : iterable of str
        `all`: the main outcome. `gia9`: ОГЭ alone. `no_vpr`: all but ВПР. `low`: the share of low
        results instead of the mean, sign turned.
    context : DataFrame, optional
        As for `outcome`.

    Returns
    -------
    DataFrame
        year, school_id, variant, outcome, outcome_se (pupil-SD units), n_participants.
        A variant without data, or of the same results as one before it, is left out.
    """
    variants = _standardised(results, described, spreads, rules, names, context)
    tables = [averaged(rows, rules).with_columns(variant=pl.lit(name)) for name, rows in variants]
    return pl.concat(tables).select("year", "school_id", "variant", "outcome", "outcome_se", "n_participants")


def shared_error_variants(
    results: pl.DataFrame,
    described: Iterable[Assessment],
    spreads: Iterable[PupilSpread],
    rules: OutcomeRules,
    names: Iterable[str],
    context: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """`shared_errors` of every variant of the outcome, beside `variant`; parameters as in `outcome_variants`."""
    variants = _standardised(results, described, spreads, rules, names, context)
    return pl.concat(shared_errors(rows, rules).with_columns(variant=pl.lit(name)) for name, rows in variants)


def _standardised(
    results: pl.DataFrame,
    described: Iterable[Assessment],
    spreads: Iterable[PupilSpread],
    rules: OutcomeRules,
    names: Iterable[str],
    context: pl.DataFrame | None = None,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The results of every variant that has some of its own."""
    described, spreads = list(described), list(spreads)
    chosen = [(assessment.procedure, assessment.subject) for assessment in described]
    entered = entering(results).join(
        pl.DataFrame(chosen, schema=["procedure", "subject"], orient="row").unique(),
        on=["procedure", "subject"],
        how="semi",
        maintain_order="left",
    )
    of_shares = [assessment.model_copy(update={"higher_is": "worse"}) for assessment in described]
    made: list[pl.DataFrame] = []
    for name in names:
        rows = _RESULTS[name](entered)
        if any(rows.equals(earlier) for earlier in made):
            continue
        made.append(rows)
        told = (
            (of_shares, [PupilSpread(*pair, "shares", None) for pair in chosen])
            if name == "low"
            else (described, spreads)
        )
        yield name, standardised(rows, *told, rules, context)


def _low_as_mean(results: pl.DataFrame) -> pl.DataFrame:
    """Shares of low results in the place of means."""
    return results.drop_nulls("share_low").with_columns(mean="share_low")


_RESULTS = {
    "all": lambda results: results,
    "gia9": lambda results: results.filter(pl.col("procedure") == "OGE"),
    "no_vpr": lambda results: results.filter(pl.col("procedure") != "VPR"),
    "low": _low_as_mean,
}
"""Which results a variant is made of."""
