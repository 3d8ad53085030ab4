"""A reader who wants to know what is hidden: works from the public site, earlier editions and what anyone knows.

It shares no code with what decides what to hide (`helpers.disclosure`), so that one cannot be wrong where the other is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from helpers.attack.findings import differences, narrowed
from helpers.attack.pages import read_pages
from helpers.attack.reading import as_published, besides, read_editions, read_prose, read_site
from helpers.problems import BadInput, Problem
from helpers.report import Report

__all__ = ["attack", "refuse_broken"]

_SECRET = "скрыто: мало участников"
"""`code` in table `hidden_cells` of what may not be shown in itself."""
_TOLD = 10


def attack(report: Report, data: Path, told: Callable[[int, int], object] = lambda done, total: None) -> pl.DataFrame:
    """Everything hidden that a reader can narrow.

    Parameters
    ----------
    data : Path
        The public tables as csv, as the site offers them, in the folder of its pages or of their sources.
    told
        As in `findings.narrowed`.

    Returns
    -------
    DataFrame
        table, cell, low, high, path, judged (false: nothing can be said of it); `secret`: it may not be known. What was
        hidden for the sake of another number may.
    """
    site, rules, editions = read_site(data) | read_prose(report), report.params.disclosure, read_editions(report.ledger)
    site["pages"] = read_pages(data.parent, site["groups"])
    known = besides(report)
    found = pl.concat(
        [
            narrowed(as_published(site, known, editions), known, rules.width, rules.least_schools, told),
            differences(site, report.params.years, editions),
        ]
    )
    harmless = report.read("hidden_cells").filter(pl.col("code") != _SECRET)
    shown = pl.col("cell").str.replace(" · остальные", "", literal=True)
    same = harmless.select("table", key=pl.struct("table", pl.col("cell").map_elements(_key, return_dtype=pl.String)))
    return (
        found.with_columns(key=pl.struct("table", shown.map_elements(_key, return_dtype=pl.String)))
        .with_columns(secret=~pl.col("key").is_in(same["key"].implode()))
        .drop("key")
    )


def _key(cell: str) -> str:
    """One name of a cell for both sides: the region is `*` in one and `all` in the other; the year of the conclusions."""
    parts = [part.replace("=all", "=*") for part in cell.split(" · ")]
    return " · ".join(sorted(part for part in parts if not part.startswith("context_class")))


def refuse_broken(report: Report, data: Path) -> None:
    """Refuse to publish what a reader can work out, or of what that cannot be told.

    Raises
    ------
    BadInput
        A secret is narrowed, or could not be judged.
    """
    broken = attack(report, data).filter("secret")
    if broken.height:
        rest = broken.height - _TOLD
        raise BadInput(
            *(_problem(row) for row in broken.head(_TOLD).iter_rows(named=True)),
            *([_more(rest)] if rest > 0 else []),
        )


def _more(rest: int) -> Problem:
    return Problem(
        "открытая редакция", f"вычисляется или не проверено ещё ячеек: {rest}", "ни одной", "см. report attack"
    )


def _problem(row: dict) -> Problem:
    if not row["judged"]:
        return Problem(
            file=f"открытая редакция, таблица {row['table']}",
            found=f"{row['cell']} {row['path']}",
            expected="о каждом скрытом числе известно, что оно не вычисляется",
            advice="сверьте названные числа с прежними выпусками; если они верны, напишите разработчикам",
        )
    known = "" if row["low"] is None else f" от {row['low']:.0f} до {row['high']:.0f}"
    return Problem(
        file=f"открытая редакция, таблица {row['table']}",
        found=f"{row['cell']} вычисляется{known} ({row['path']})",
        expected="скрытое не вычисляется из сайта и прежних выпусков",
        advice="поднимите пороги disclosure или объедините муниципалитеты (disclosure.districts); всё — report attack",
    )
