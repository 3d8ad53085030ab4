"""Which hidden numbers the facts narrow, by what path, and which numbers two editions tell differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from helpers.attack import knowledge as k
from helpers.attack import prose
from helpers.attack.reading import Besides, Tables
from helpers.attack.unknowns import Ends, Form, Unknowns

SCHEMA = {
    "table": pl.String, "cell": pl.String, "low": pl.Float64, "high": pl.Float64, "path": pl.String, "judged": pl.Boolean,
}  # fmt: skip
_WAYS = (k.SUM, k.SIZE, k.MEAN, k.ELSEWHERE, k.BLANK, k.RULE, k.INDICATOR, k.CLASS, prose.PROSE, prose.LISTS)
"""Ways of knowing that may be left out one by one, to tell which a finding needs."""
_LAST_YEAR = {"published_flags": ["group_id", "context_class", "direction"], "groups": ["group_id"],
              "specifications": ["number"], "agreement": ["direction", "tier"], "backtest": ["direction", "tier"]}  # fmt: skip
_BY_YEAR = {
    "published_results": ["year", "procedure", "subject", "grade", "group_id"],
    "published_context": ["year", "indicator", "group_id"],
    "published_funnel": ["year", "stage", "group_id"],
    "support_counts": ["topic", "year", "item", "level"],
    "distributions": ["measure", "year", "bin"],
    "link_bins": ["year", "bin"],
    "excluded": ["year", "why_excluded"],
    "monitoring": ["indicator", "year"],
}
_FACTS = {"group_name", "members", "place"}
_TOLD = 3
"""Contradicting facts that are named."""


def narrowed(
    site: Tables,
    besides: Besides,
    people: int,
    schools: int,
    told: Callable[[int, int], object] = lambda done, total: None,
) -> pl.DataFrame:
    """The hidden numbers that are known too closely.

    Parameters
    ----------
    people, schools : int
        A number of people may not be known closer than so many; one of schools than between so many values. What is known
        closer without the site is no finding.
    told
        Called after each hidden number with how many are judged, and how many there are.

    Returns
    -------
    DataFrame
        table, cell, low, high, path (which ways of knowing it needs), judged: false where the facts contradict one another
        or are too many to be sure, which `path` then says. `low` and `high` are the least and greatest possible.
    """
    known = k.write_down(site, besides, schools)
    rows = []
    hidden = [*_hidden(site, known, besides, people, schools), *_crossed(site, schools), *_lists(site, schools)]
    for number, (table, cell, form, least, most) in enumerate(hidden, start=1):
        width = min(least, most)
        ends = known.between(form)
        safe = ends.apart(width) if ends else None
        if safe is None:
            rows.append(_not_judged(table, cell, known, form, ends))
        elif ends and not safe:
            rows.append((table, cell, ends.least, ends.most, _path(known, form, width), True))
        told(number, len(hidden))
    return pl.DataFrame([*rows, *_verdicts(site, known, besides)], schema=SCHEMA, orient="row")


def _path(known: Unknowns, form: Form, least: float) -> str:
    needed = []
    pages = sorted({fact.how for fact in known.facts if fact.how.startswith(prose.PAGE)})
    for way in (*_WAYS, *pages):
        ends = known.between(form, (way,))
        if ends and ends.apart(least):
            needed.append(way)
    return "; ".join(needed or [k.TOLD])


def _not_judged(table: str, cell: str, known: Unknowns, form: Form, ends: Ends | None) -> tuple:
    """A number of which nothing can be vouched for, and why."""
    if ends:
        return table, cell, None, None, "не проверено: условий слишком много, ответ не найден", False
    broken = known.contradicting(form)
    said = "; ".join(f"{fact.how}: {_said(next(iter(fact.form)))}" for fact in broken[:_TOLD])
    return table, cell, None, None, f"не проверено: числа противоречат друг другу ({said or 'где — не найдено'})", False


def _said(name: tuple) -> str:
    return " · ".join(str(part) for part in name)


def _hidden(
    site: Tables, known: Unknowns, besides: Besides, people: int, schools: int
) -> Iterator[tuple[str, str, Form, float, float]]:
    """Hidden numbers: what they are called, the least range allowed, the range known without the site."""
    for table, name in (("published_results", "results"), ("published_context", "context")):
        keys = _BY_YEAR[table]
        for row in site[table].filter(pl.col("share_text") == k.HIDDEN).iter_rows(named=True):
            at = (name, *(str(row[key]) for key in keys))
            there = known.between({("n", *at): 1.0})  # of two people no one can be unsure of three
            most = there.most if there else float("inf")
            yield table, _cell(row, keys), {("k", *at): 1.0}, people, most
            yield table, f"{_cell(row, keys)} · остальные", {("n", *at): 1.0, ("k", *at): -1.0}, people, most
    if "published_funnel" in site:
        for row in site["published_funnel"].filter(n_text=k.HIDDEN).iter_rows(named=True):
            form = {("funnel", str(row["year"]), row["stage"], row["group_id"]): 1.0}
            yield "published_funnel", _cell(row, _BY_YEAR["published_funnel"]), form, people, float("inf")
    region = dict(_of_region(site).select("direction", "schools").iter_rows())
    sizes = k.candidates(site, besides)
    for row in _hidden_flags(site).iter_rows(named=True):
        form = {("flags", row["group_id"], row["direction"]): 1.0}
        most = min(region[row["direction"]], sizes.get(row["group_id"], 0))
        yield "published_flags", _cell(row, ["group_id", "direction"]), form, schools - 1, most
    if "support_counts" in site:
        for row in site["support_counts"].filter(schools_text=k.HIDDEN).iter_rows(named=True):
            form = {("help", row["topic"], str(row["year"]), row["item"], row["level"]): 1.0}
            total = known.between(dict.fromkeys([(*next(iter(form))[:-1], k.ALL)], 1.0))
            most = total.most if total else float("inf")
            if (row["topic"], row["item"]) == ("measure", "below"):  # to no more schools than the region has below
                most = min(most, region["below"])
            yield "support_counts", _cell(row, _BY_YEAR["support_counts"]), form, schools - 1, most


def _lists(site: Tables, schools: int) -> Iterator[tuple[str, str, Form, float, float]]:
    """Schools by conclusion that are on the federal list and are not, where the table is silent."""
    if "agreement" not in site:
        return
    region = dict(_of_region(site).select("direction", "schools").iter_rows())
    every = dict(site["summary"].iter_rows()).get("federal_low", float("inf")) if "summary" in site else float("inf")
    for direction in site["agreement"].filter(pl.col("on_list").is_null())["direction"]:
        for side, most in (("listed", min(region[direction], every)), ("unlisted", region[direction])):
            yield "agreement", f"direction={direction} · {side}", {(side, direction): 1.0}, schools - 1, most


def _of_region(site: Tables) -> pl.DataFrame:
    return site["published_flags"].filter(pl.col("group_id") == k.REGION, pl.col("context_class") == k.ALL)


def _hidden_flags(site: Tables) -> pl.DataFrame:
    return site["published_flags"].filter(pl.col("context_class") == k.ALL, pl.col("schools_text") == k.HIDDEN)


def _crossed(site: Tables, schools: int) -> Iterator[tuple[str, str, Form, float, float]]:
    """Numbers that no table has, but two tables together may tell."""
    below = _of_region(site).filter(direction="below")["schools"].sum()
    if "support_counts" in site:
        for who in ("members", "others"):
            said = "школы проекта" if who == "members" else "школы вне проекта"
            yield "published_flags", f"{said}, ниже ожидаемого", {(who, "below"): 1.0}, schools - 1, below


def _verdicts(site: Tables, known: Unknowns, besides: Besides) -> Iterator[tuple]:
    """Groups all of whose schools, those aside that anyone knows, have one and the same conclusion for certain."""
    named, candidates = k.named(site), k.candidates(site, besides)
    for row in _hidden_flags(site).filter(pl.col("direction") != "unknown").iter_rows(named=True):
        group = row["group_id"]
        form, cell = (
            {("flags", group, row["direction"]): 1.0},
            f"вывод каждой школы: {_cell(row, ['group_id', 'direction'])}",
        )
        every = candidates.get(group, 0) + (named.get(group, 0) if row["direction"] == "above" else 0)
        if not candidates.get(group, 0):
            continue
        ends = known.between(form)
        if ends is None or ends.least < every <= ends.low:
            yield _not_judged("published_flags", cell, known, form, ends)
        elif ends.least >= every:
            yield "published_flags", cell, ends.least, ends.most, _path(known, form, 1), True


def differences(site: Tables, years: list[int], editions: dict[str, tuple[list[int], Tables]]) -> pl.DataFrame:
    """Numbers of one year that this edition and an earlier one tell differently: behind a difference may stand one school."""
    rows = []
    for edition, (then, tables) in editions.items():
        same_year = then[-1] == years[-1]
        for name, keys in {**_BY_YEAR, **(_LAST_YEAR if same_year else {})}.items():
            if name not in site or name not in tables:
                continue
            mine, theirs = site[name], tables[name]
            texts = [pl.col(key).cast(pl.String) for key in keys]
            told = [c for c in mine.columns if c in theirs.columns and c not in keys and c not in _FACTS]
            if name == "groups":
                told = ["mean_index", "mean_effect"]
            both = mine.with_columns(texts).join(theirs.with_columns(texts), on=keys, suffix="_then")
            for row in both.iter_rows(named=True):
                other = [c for c in told if not _same(row[c], row[f"{c}_then"])]
                if other:
                    said = ", ".join(f"{c}: {row[f'{c}_then']} → {row[c]}" for c in other[:2])
                    rows.append((name, _cell(row, keys), None, None, f"разность с выпуском {edition}: {said}", True))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _same(now: object, then: object) -> bool:
    if isinstance(now, int | float) and isinstance(then, int | float) and not isinstance(now, bool):
        return abs(now - then) < 1e-9
    return now == then or str(now) == str(then)


def _cell(row: dict, keys: list[str]) -> str:
    return " · ".join(f"{key}={row[key]}" for key in keys)
