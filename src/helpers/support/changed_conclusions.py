"""Which schools are named otherwise than in the report before, and why: against what that report said, never computed anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from scipy.special import ndtr

from helpers import files, tables
from helpers.model.flags import FLAGGED
from helpers.params import Params
from helpers.problems import BadInput, Problem

_KEPT = ("flags", "effect", "schools")
_TOLD = "report.json"
_DECIDING = ("index", "outcome", "model", "flag", "small_n")
"""Sections of the params that decide who is named."""


@dataclass(frozen=True)
class Conclusions:
    """What a report has concluded on its schools: its name, its last year, its rules, its tables `flags`, `effect`, `schools`."""

    report: str
    year: int
    rules: dict[str, Any]
    flags: pl.DataFrame
    effect: pl.DataFrame
    schools: pl.DataFrame


def rules_of(params: Params) -> dict[str, Any]:
    """The numbers by which a report names schools, by `section.key`; sources of the thresholds are no numbers."""
    sections = {name: getattr(params, name).model_dump(mode="json") for name in _DECIDING}
    return {
        f"{section}.{key}": value
        for section, values in sections.items()
        for key, value in values.items()
        if key != "source"
    }


def keep(folder: Path, said: Conclusions) -> None:
    """Write a report's conclusions to where the next reports find them, in place of those of its last publication."""
    place = folder / said.report
    beside = place.with_name(place.name + files.NEW)
    files.remove_folder(beside)
    for name in _KEPT:
        tables.write(beside, name, getattr(said, name))
    told = {"report": said.report, "year": said.year, "rules": said.rules}
    files.write(beside / _TOLD, json.dumps(told, ensure_ascii=False, indent=1))
    files.remove_folder(place)
    files.rename(beside, place)


def last_before(folder: Path, year: int) -> Conclusions | None:
    """The conclusions of the last report before a year; None where none is kept.

    Raises
    ------
    BadInput
        What is kept is not whole.
    """
    kept = [_read(path) for path in sorted(folder.glob("*")) if path.is_dir() and path.suffix != files.NEW]
    return max((said for said in kept if said.year < year), key=lambda said: (said.year, said.report), default=None)


def _read(path: Path) -> Conclusions:
    try:
        told = json.loads((path / _TOLD).read_text(encoding="utf-8"))
        return Conclusions(**told, **{name: tables.read(path, name) for name in _KEPT})
    except (OSError, ValueError, TypeError, pl.exceptions.PolarsError):
        raise BadInput(
            Problem(
                file=f"папка {path.parent.name}/{path.name}",
                found="выводы прежнего отчёта, которые не читаются целиком",
                expected="таблицы, записанные командой report publish или report new",
                advice="верните папку из резервной копии; вручную её не правят",
            )
        ) from None


def changed_conclusions(before: Conclusions | None, now: Conclusions) -> pl.DataFrame:
    """Every school that either report names, and what has made the difference.

    A school is named where P(effect beyond delta) reaches `watch`. Of effect, its error and the rules each is put in place of
    its other value alone: what alone makes the school cross the threshold is a reason (`effect`, `precision`, `rules`); where
    nothing alone does, all `together`. P is taken as Normal(effect, error) here, as the tables keep no more of it.

    Returns
    -------
    DataFrame
        Table `changed_conclusions`. `change`: `new`, `gone`, `turned` (below in one, above in the other), `stays`. `why`: codes
        with commas: the above; `first` (the earlier report had no effect of the school), `closed` (it is not among the
        schools of the last year), `unknown` (there is no effect now), `condition` (P is beyond the threshold in both, and
        the school fails or failed another condition). Empty for `stays`.
    """
    if before is None:
        return tables.empty("changed_conclusions")
    rows = _side(now, "").join(_side(before, "earlier_"), on="school_id", how="full", coalesce=True)
    named, was = _is_named("tier"), _is_named("earlier_tier")
    change = (
        pl.when(named & ~was).then(pl.lit("new")).when(was & ~named).then(pl.lit("gone"))
        .when(pl.col("direction") != pl.col("earlier_direction")).then(pl.lit("turned")).otherwise(pl.lit("stays"))
    )  # fmt: skip
    rows = rows.filter(named | was).with_columns(change=change)
    there = set(now.schools.filter(year=now.year)["school_id"])
    why = [_why(row, row["school_id"] in there, before.rules, now.rules) for row in rows.iter_rows(named=True)]
    names = pl.concat([now.schools, before.schools], how="diagonal_relaxed").sort("year", maintain_order=True)
    names = names.unique("school_id", keep="last").select("school_id", "school_name", "group_name")
    other = sorted(key for key in before.rules.keys() | now.rules.keys() if before.rules.get(key) != now.rules.get(key))
    return (
        rows.with_columns(
            pl.Series("why", why, dtype=pl.String), earlier_report=pl.lit(before.report),
            earlier_year=pl.lit(before.year, pl.Int64), other_rules=pl.lit(", ".join(other)),
        )
        .join(names, on="school_id", how="left")
        .select(tables.CONTRACT["changed_conclusions"].types.keys())
        .sort("school_id")
    )  # fmt: skip


def _side(said: Conclusions, prefix: str) -> pl.DataFrame:
    table = said.flags.select("school_id", "tier", "direction").join(
        said.effect.select("school_id", "effect", "effect_se"), on="school_id", how="left"
    )
    return table.rename({name: f"{prefix}{name}" for name in table.columns if name != "school_id"})


def _is_named(tier: str) -> pl.Expr:
    return pl.col(tier).is_in(FLAGGED).fill_null(value=False)


def _why(row: Mapping[str, Any], is_there: bool, rules_before: Mapping[str, Any], rules: Mapping[str, Any]) -> str:
    """Codes of what has made a school new among the named, or no longer one of them."""
    if row["change"] == "stays":
        return ""
    if row["change"] == "turned":
        return "effect"
    is_new = row["change"] == "new"
    if row["effect"] is None:
        return "unknown" if is_there else "closed"
    if row["earlier_effect"] is None:
        return "first"
    if not is_there:
        return "closed"
    now = {"effect": row["effect"], "precision": row["effect_se"], "rules": rules}
    then = {"effect": row["earlier_effect"], "precision": row["earlier_effect_se"], "rules": rules_before}
    side = row["direction"] if is_new else row["earlier_direction"]
    inside, outside = (now, then) if is_new else (then, now)
    if _reaches(**outside, side=side):
        return "condition"
    alone = [part for part in inside if not _reaches(**{**inside, part: outside[part]}, side=side)]
    return ",".join(alone) or "together"


def _reaches(effect: float, precision: float, rules: Mapping[str, Any], side: str) -> bool:
    """Whether P(effect beyond delta on this side) reaches `watch`."""
    sign = -1 if side == "below" else 1
    return float(ndtr((sign * effect - rules["flag.delta"]) / precision)) >= rules["flag.watch"]
