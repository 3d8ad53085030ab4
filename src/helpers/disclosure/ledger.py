"""The editions that readers have already seen, and what a new one shows for what these have shown.

Two editions that tell the same number differently tell their difference too, and behind a difference may stand one
school: a passport that came late, a corrected file. So what was published of a year stays as it was published.

Source: Hundepool et al. (2012, «Statistical Disclosure Control», ch. 4); GSS (2014, differencing between releases).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from helpers import files, tables
from helpers.disclosure.groups import REGION
from helpers.disclosure.rounding import HIDDEN_WORD
from helpers.problems import BadInput, Problem

Tables = dict[str, pl.DataFrame]
Numbers = dict[str, dict[str, Any]]

BLOCKS: dict[str, list[str]] = {
    "published_results": ["year", "procedure", "subject", "grade"],
    "published_context": ["year", "indicator"],
    "published_funnel": ["year"],
    "support_counts": ["year"],
    "distributions": ["measure", "year"],
    "link_bins": ["year"],
    "excluded": ["year"],
    "monitoring": ["indicator", "year"],
    "context_panel": ["year"],
    "groups": [],
    "published_flags": [],
    "specifications": [],
    "simulation": [],
    "fairness": [],
    "agreement": [],
    "backtest": [],
}
"""What stays as it is together, by its key; without one the whole table, as it speaks of the report's last year.

Tables that are not here hold no numbers of the year: the list of schools, the calendar, plans.
"""
_FACTS = {"groups": ["group_id", "group_name", "members", "schools"]}
"""Columns that say what anyone knows and are always those of the new edition."""
_EDITION = "edition.json"


@dataclass(frozen=True)
class Published:
    """An edition that was published: its name in the ledger, its report and years, its public tables and numbers."""

    name: str
    report: str
    years: list[int]
    tables: Tables
    numbers: Numbers


def read_ledger(folder: Path) -> list[Published]:
    """Read the published editions, the first one first; none where there is no folder.

    Raises
    ------
    BadInput
        An edition is not whole.
    """
    return [_read(path) for path in sorted(folder.glob("*")) if path.is_dir() and not path.name.endswith(".new")]


def _read(path: Path) -> Published:
    try:
        told = json.loads((path / _EDITION).read_text(encoding="utf-8"))
        return Published(
            path.name, told["report"], told["years"],
            {name: tables.read(path, name) for name in tables.seen("protected")},
            {name: tables.read_numbers(path, name) for name in tables.NUMBERS},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        raise BadInput(
            Problem(
                file=f"папка {path.parent.name}/{path.name}",
                found="выпуск, который не читается целиком",
                expected="таблицы открытой редакции, записанные командой report publish --production",
                advice="верните папку из резервной копии; вручную её не правят",
            )
        ) from None


def add(folder: Path, report: str, years: Sequence[int], shown: Tables, numbers: Numbers) -> str | None:
    """Write an edition into the ledger; its name there, or None if just this one of the report stands there already.

    Parameters
    ----------
    folder : Path
        `Report.ledger`.
    shown, numbers : dict
        The public tables and named numbers as readers see them.
    """
    earlier = read_ledger(folder)
    if any(_same(one, report, shown, numbers) for one in earlier):
        return None
    name = f"{len(earlier) + 1:03}-{report}"
    beside = folder / f"{name}.new"
    for table, frame in shown.items():
        tables.write(beside, table, frame)
    for table, values in numbers.items():
        tables.write_numbers(beside, table, values)
    told = {"report": report, "years": list(years)}
    files.write(beside / _EDITION, json.dumps(told, ensure_ascii=False, indent=1))
    files.rename(beside, folder / name)
    return name


def _same(one: Published, report: str, shown: Tables, numbers: Numbers) -> bool:
    return one.report == report and one.numbers == numbers and all(
        frame.equals(one.tables[name]) for name, frame in shown.items()
    )  # fmt: skip


def frozen(fresh: Tables, earlier: Sequence[Published], year: int) -> tuple[Tables, pl.DataFrame]:
    """Show of each year what was published of it first.

    Parameters
    ----------
    fresh : dict of DataFrame
        The public tables as they would be if nothing had been published.
    earlier : sequence of Published
    year : int
        The report's last year.

    Returns
    -------
    tables : dict of DataFrame
        Of a block (`BLOCKS`) that was published the rows as published, of groups that are published still; a group that
        was not published then is hidden. Other rows as they are.
    kept : DataFrame
        Table `kept_blocks`: every block that was published before, in which edition, and how many of its rows would be
        others now.
    """
    shown, kept = dict(fresh), [tables.empty("kept_blocks")]
    for name, keys in BLOCKS.items():
        before = _first(name, keys, earlier, year)
        rows = _in_blocks(fresh[name], keys, year)
        old = before.join(rows.select("block").unique(), on="block", how="semi")
        if old.is_empty():
            continue
        mine = rows.join(old, on="block", how="semi")
        shown_then = _of_groups(name, old, mine)
        new = rows.join(old, on="block", how="anti").select(fresh[name].columns)
        shown[name] = pl.concat([new, shown_then.select(fresh[name].columns)]).sort(tables.CONTRACT[name].key)
        kept.append(_told(name, mine, shown_then))
    return shown, pl.concat(kept)


def _in_blocks(table: pl.DataFrame, keys: list[str], year: int) -> pl.DataFrame:
    values = [pl.format("{}={}", pl.lit(key), pl.col(key).cast(pl.String)) for key in keys]
    return table.with_columns(block=pl.concat_str(values, separator=" · ") if keys else pl.lit(f"year={year}"))


def _first(name: str, keys: list[str], earlier: Sequence[Published], year: int) -> pl.DataFrame:
    """All rows published of a table, each block as it was published first."""
    found = _in_blocks(tables.empty(name), keys, year).with_columns(edition=pl.lit(None, pl.String))
    for one in earlier:
        if keys or one.years[-1] == year:
            rows = _in_blocks(tables.conformed(name, one.tables[name]), keys, year).with_columns(
                edition=pl.lit(one.name)
            )
            found = pl.concat([found, rows.join(found, on="block", how="anti").select(found.columns)])
    return found


def _of_groups(name: str, old: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    """The published rows of groups that there are still, and of new groups rows that hide everything."""
    if "group_id" not in old.columns:
        return old
    new = mine.join(old, on="group_id", how="anti").join(old.select("block", "edition").unique(), on="block")
    key, facts = tables.CONTRACT[name].key, _FACTS.get(name, [])
    numbers = [column for column in tables.CONTRACT[name].types if column not in (*key, *facts, "place")]
    nothing = [pl.lit(HIDDEN_WORD if c.endswith("_text") else None, new.schema[c]).alias(c) for c in numbers]
    still = old.filter(pl.col("group_id").is_in([REGION, *mine["group_id"]]))
    if facts:
        now = mine.select("group_id", *(fact for fact in facts if fact != "group_id"))
        still = still.drop(now.columns[1:]).join(now, on="group_id").select(old.columns)
    return pl.concat([still, new.with_columns(nothing).select(old.columns)])


def _told(name: str, mine: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    columns = list(tables.CONTRACT[name].types)
    other = mine.join(shown, on=columns, how="anti", nulls_equal=True).group_by("block").agg(changed=pl.len())
    return (
        shown.select("block", "edition").unique().join(other, on="block", how="left")
        .select(
            pl.lit(name).alias("table"), "block", "edition",
            changed=pl.col("changed").fill_null(0).cast(pl.Int64),
        )
    )  # fmt: skip


def frozen_numbers(fresh: Numbers, earlier: Sequence[Published], year: int) -> Numbers:
    """`frozen` of `measures`, `model` and `summary`: of the last year as a whole, of the fits year by year."""
    same = next((one.numbers for one in earlier if one.years[-1] == year), None)
    shown = dict(same) if same else dict(fresh)
    model = dict(shown["model"])
    for part, key in (("years", lambda fit: fit["year"]), ("year_to_year", lambda pair: pair["next_year"])):
        model[part] = _first_of(fresh["model"][part], [one.numbers["model"][part] for one in earlier], key)
    return shown | {"model": model}


def _first_of(
    fresh: Sequence[Mapping[str, Any]],
    earlier: Sequence[Sequence[Mapping[str, Any]]],
    key: Callable[[Mapping[str, Any]], Any],
) -> list[Mapping[str, Any]]:
    first = {key(item): item for items in reversed(earlier) for item in items}
    return [first.get(key(item), item) for item in fresh]
