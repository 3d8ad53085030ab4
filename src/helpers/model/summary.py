"""The report's conclusions as a few numbers in which no school can be seen."""

from __future__ import annotations

from typing import Any

import polars as pl

from helpers.model.flags import FLAGGED
from helpers.params import Params

_SIDES = ("below", "above")
_FEWEST = 3
"""Schools whose mean may be told where no single one is."""


def summary(
    flags: pl.DataFrame, effect: pl.DataFrame, at: pl.DataFrame, stability: pl.DataFrame, federal: pl.DataFrame,
    params: Params, reliability: float,
) -> dict[str, Any]:  # fmt: skip
    """Count the conclusions.

    Parameters
    ----------
    flags, effect, stability, federal : DataFrame
        Tables of these names.
    at : DataFrame
        Probabilities at other reliabilities of the index, from `judged_effects`.
    reliability : float
        The one at which schools were judged.

    Returns
    -------
    dict
        schools, within, unknown (no conclusion): numbers of schools; below, above: `named`, `persistent` and, of the
        named, `false` (expected number of those whose true effect is not beyond delta: sum of 1 − P), `returning` (by how much
        their mean residual is expected to be nearer to zero next year without anything being done: mean effect less mean
        pooled residual, null of fewer than three); reliability; promise: for each reliability of the index, how many of the
        named schools keep their conclusion (`kept`) and how many of them all are expected to be `false`; federal_low:
        schools on the federal list of the last year; `judged` by everything but other weights of the indicators and the
        specifications, `firm` by these too, `half` not by these, but in at least half of the specifications; of the named:
        `without_school`, `without_year` (the conclusion changes when one other school, one year is left out; null where it
        cannot be tried), `gia9_told`,
        `gia9_same` (the examinations of grade 9 alone tell, and tell the same).
    """
    told = flags.join(
        effect.select("school_id", "prob_below", "prob_above", "effect", "next_residual", "pooled_residual"),
        on="school_id",
        how="left",
    ).join(stability, on="school_id", how="left")
    named = told.filter(pl.col("tier").is_in(FLAGGED))
    side = {what: _of_side(named, f"{what}_below", f"{what}_above").drop_nulls() for what in ("school", "year", "gia9")}
    judged = told.filter(pl.col("tier").is_in([*FLAGGED, "dependent"]))
    return {
        "schools": told.height,
        "within": told.filter(direction="within").height,
        "unknown": told["direction"].null_count(),
        **{direction: _named(named, direction) for direction in _SIDES},
        "reliability": reliability,
        "promise": _promise(named, at, params.flag.watch),
        "federal_low": federal.filter(pl.col("federal_low"), year=params.years[-1]).height,
        "judged": judged.height,
        "firm": named.height,
        "half": judged.filter(~pl.col("tier").is_in(FLAGGED), pl.col("spec_share") >= 0.5).height,
        "without_school": int((side["school"] < 1).sum()),
        "without_year": int((side["year"] < 1).sum()) if len(side["year"]) == named.height else None,
        "gia9_told": len(side["gia9"]),
        "gia9_same": int((side["gia9"] >= params.flag.watch).sum()),
    }


def _named(named: pl.DataFrame, direction: str) -> dict[str, Any]:
    of_side = named.filter(direction=direction)
    return {
        "named": of_side.height,
        "persistent": of_side.filter(tier="persistent").height,
        "false": float((1 - of_side[f"prob_{direction}"]).sum()),
        "returning": (of_side["next_residual"] - of_side["pooled_residual"]).mean()
        if of_side.height >= _FEWEST
        else None,
    }


def _promise(named: pl.DataFrame, at: pl.DataFrame, watch: float) -> list[dict[str, Any]]:
    """The promise of the schools named, by the reliability of the index."""
    sure = pl.when(pl.col("direction") == "below").then("prob_below").otherwise("prob_above")
    return (
        at.join(named.select("school_id", "direction"), on="school_id")
        .group_by("reliability")
        .agg(kept=(sure >= watch).sum(), false=(1 - sure).sum())
        .sort("reliability", descending=True)
        .to_dicts()
    )


def _of_side(named: pl.DataFrame, below: str, above: str) -> pl.Series:
    """Of each named school the column of the side on which it is named."""
    chosen = pl.when(pl.col("direction") == "below").then(below).otherwise(above)
    return named.select(chosen.alias("share"))["share"]
