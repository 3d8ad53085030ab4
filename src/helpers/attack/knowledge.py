"""What the tables of an edition say, as facts on whole numbers.

Unknown are, by name: `n` people and `k` of them with the result, `s` the sum of their marks (`results`, `context`); teachers
at a stage (`funnel`); schools by conclusion (`flags`); schools by topic of help (`help`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from helpers.attack import prose
from helpers.attack.reading import Besides, Tables
from helpers.attack.unknowns import Unknowns

REGION, ALL, HIDDEN = "all", "all", "скрыто"
_DIRECTIONS = ("above", "below", "within", "unknown")
SUM, TOLD, MEAN, ELSEWHERE, SIZE, BLANK, RULE, INDICATOR, CLASS = (
    "сумма территорий — регион",
    "число или полоса в таблице",
    "средняя отметка",
    "число участников известно и без сайта",
    "виды школ и их число известны всем",
    "где среднее территории пусто, а где нет",
    "правило рекомендаций опубликовано",
    "показатель проекта",
    "классы контекста складываются в регион",
)
"""Ways of knowing."""
_BEST_MARK = 5


def write_down(site: Tables, besides: Besides, schools: int) -> Unknowns:
    """All facts of one edition, all tables and sentences at once; `schools` as `prose.write_down` has it."""
    known = Unknowns()
    for name, keys, elsewhere in (
        ("results", ["year", "procedure", "subject", "grade"], besides.participants),
        ("context", ["year", "indicator"], besides.pupils),
    ):
        _people(known, name, site[f"published_{name}"], keys, besides, elsewhere)
    if "published_funnel" in site:
        _funnel(known, site["published_funnel"])
    _conclusions(known, site, besides)
    if "support_counts" in site:
        _help(known, site, besides)
    prose.write_down(known, site, besides, schools)
    return known


def _people(
    known: Unknowns, name: str, table: pl.DataFrame, keys: list[str], besides: Besides, elsewhere: Mapping[tuple, float]
) -> None:
    """People, those with the result, their marks: what each row says, and that groups add up to the region.

    How many took part by today's data is no number of a block that stands from other data.
    """
    marked = _of_marks(table, keys)
    for row in table.iter_rows(named=True):
        at = tuple(str(row[key]) for key in keys)
        n, k, s = ((what, name, *at, row["group_id"]) for what in "nks")
        known.know({n: 1}, row["n_low"], row["n_high"], TOLD)
        places = {key[-1]: value for key, value in elsewhere.items() if tuple(map(str, key[:-1])) == at}
        if places and "" in besides.editions(f"published_{name}", **{key: row[key] for key in keys}):
            mine = places if row["group_id"] == REGION else {p: places.get(p, 0) for p in row["group_id"].split("+")}
            known.know({n: 1}, sum(mine.values()), sum(mine.values()), ELSEWHERE)
        known.know({k: 1, n: -1}, None, 0, SIZE)
        if row["share_low"] is not None:
            known.know({k: 1, n: -row["share_low"]}, 0, None, TOLD)
            known.know({k: 1, n: -row["share_high"]}, None, 0, TOLD)
        if at in marked:  # those who are low have a two, the others three to five
            known.know({s: 1, k: 1, n: -3}, 0, None, MEAN)
            known.know({s: 1, k: 3, n: -5}, None, 0, MEAN)
            if row["mean"] is not None:
                known.know({s: 1, n: -(row["mean"] - 0.05)}, 0, None, MEAN)
                known.know({s: 1, n: -(row["mean"] + 0.05)}, None, 0, MEAN)
    for (*at, _), _ in _sums(table, keys):
        parts = table.filter(*(pl.col(key).cast(pl.String) == value for key, value in zip(keys, at, strict=True)))
        groups = [group for group in parts["group_id"] if group != REGION]
        for what, way in (("n", SUM), ("k", SUM), ("s", MEAN)):
            if what != "s" or tuple(at) in marked:
                total = {(what, name, *at, group): 1 for group in groups} | {(what, name, *at, REGION): -1}
                known.know(total, 0, 0, way)


def _of_marks(table: pl.DataFrame, keys: list[str]) -> set[tuple]:
    """What is judged by marks from two to five, where a mean of them is told."""
    if "mean" not in table.columns:
        return set()
    told = table.filter(pl.col("mean").cast(pl.Float64).max().over(keys) <= _BEST_MARK)
    return set(told.select(pl.col(key).cast(pl.String) for key in keys).iter_rows())


def _sums(table: pl.DataFrame, keys: list[str]) -> list[tuple[tuple, None]]:
    """Keys under which both the region and groups stand."""
    region = pl.col("group_id") == REGION
    both = table.group_by(pl.col(keys).cast(pl.String)).agg(whole=region.any(), parts=(~region).any())
    return [((*row, None), None) for row in both.filter("whole", "parts").select(keys).sort(keys).iter_rows()]


def _funnel(known: Unknowns, table: pl.DataFrame) -> None:
    for row in table.iter_rows(named=True):
        known.know({("funnel", str(row["year"]), row["stage"], row["group_id"]): 1}, row["n_low"], row["n_high"], TOLD)
    for (year, stage, _), _ in _sums(table, ["year", "stage"]):
        parts = table.filter(pl.col("year").cast(pl.String) == year, pl.col("stage") == stage)["group_id"]
        total = {("funnel", year, stage, group): 1.0 for group in parts if group != REGION}
        known.know(total | {("funnel", year, stage, REGION): -1.0}, 0, 0, SUM)


def _conclusions(known: Unknowns, site: Tables, besides: Besides) -> None:
    flags = site["published_flags"].filter(pl.col("context_class") == ALL)
    groups = [group for group in flags["group_id"].unique().sort() if group != REGION]
    sizes, alike = _sizes(site), without_conclusion(site, besides)
    for row in flags.filter(pl.col("direction") != ALL).iter_rows(named=True):
        known.know({("flags", row["group_id"], row["direction"]): 1}, row["schools"], row["schools"], TOLD)
    with_consent = named(site)
    for group in groups:
        known.know({("flags", group, d): 1.0 for d in _DIRECTIONS}, sizes.get(group), sizes.get(group), SIZE)
        known.know({("flags", group, "above"): 1}, with_consent.get(group, 0), None, SIZE)
        known.know({("flags", group, "unknown"): 1}, alike.get(group, 0), None, SIZE)
    for direction in _DIRECTIONS:
        parts = {("flags", group, direction): 1.0 for group in groups}
        known.know(parts | {("flags", REGION, direction): -1.0}, 0, 0, SUM)
    by_class = site["published_flags"].filter(pl.col("group_id") == REGION, pl.col("context_class") != ALL)
    for (direction,), rows in by_class.filter(pl.col("direction") != ALL).group_by("direction"):
        if not rows["schools"].null_count():
            known.know({("flags", REGION, direction): 1}, rows["schools"].sum(), rows["schools"].sum(), CLASS)
    _blanks(known, site["groups"], with_consent)


def named(site: Tables) -> dict[str, int]:
    """Schools of each group that are named with their conclusion."""
    return dict(site["directory"].filter(pl.col("named").is_not_null()).group_by("group_id").len().iter_rows())


def without_conclusion(site: Tables, besides: Besides) -> dict[str, int]:
    """Schools of each group that are of a kind on which nothing is concluded."""
    of_kind = site["directory"].filter(pl.col("school_type").is_in(list(besides.kinds)))
    return dict(of_kind.group_by("group_id").len().iter_rows())


def candidates(site: Tables, besides: Besides) -> dict[str, int]:
    """Schools of each group whose conclusion is not known to everyone."""
    known, alike = named(site), without_conclusion(site, besides)
    return {group: size - known.get(group, 0) - alike.get(group, 0) for group, size in _sizes(site).items()}


def _sizes(site: Tables) -> dict[str, int]:
    """Schools of each group: of the edition that counted them by conclusion."""
    told = site["published_flags"].filter(pl.col("context_class") == ALL, pl.col("direction") == ALL)
    return dict(told.drop_nulls("schools").select("group_id", "schools").iter_rows())


def _blanks(known: Unknowns, groups: pl.DataFrame, with_consent: Mapping[str, int]) -> None:
    """Were a mean blank for some groups only, then where few schools have one, or where all but one are below."""
    blank = groups["mean_effect"].is_null()
    if not blank.any() or blank.all():
        return
    for row in groups.iter_rows(named=True):
        group, size = row["group_id"], row["schools"]
        unknown, above, within = (("flags", group, d) for d in ("unknown", "above", "within"))
        better = {above: 1.0, within: 1.0}
        if row["mean_effect"] is not None:
            known.know({unknown: 1}, None, size - 3, BLANK)
            known.know(better, 2 + with_consent.get(group, 0), None, BLANK)
        else:
            few, alike = ("few", group), ("alike", group)
            known.know({few: 1.0, alike: 1.0}, 1, 2, BLANK)
            known.know({few: 1}, 0, 1, BLANK)
            known.know({alike: 1}, 0, 1, BLANK)
            known.know({unknown: 1.0, few: -(size - 2.0)}, 0, None, BLANK)
            known.know(better | {alike: float(size)}, None, 1 + with_consent.get(group, 0) + size, BLANK)


def _help(known: Unknowns, site: Tables, besides: Besides) -> None:
    table = site["support_counts"]
    names = ["topic", "year", "item"]
    for row in table.iter_rows(named=True):
        known.know({("help", *(str(row[n]) for n in names), row["level"]): 1}, row["schools"], row["schools"], TOLD)
    for at in table.select(pl.col(names).cast(pl.String)).unique().sort(names).iter_rows():
        levels = table.filter(*(pl.col(n).cast(pl.String) == v for n, v in zip(names, at, strict=True)))["level"]
        if ALL in levels:
            parts = {("help", *at, level): 1.0 for level in levels if level != ALL}
            known.know(parts | {("help", *at, ALL): -1.0}, 0, 0, SUM)
    have = set(table.select(pl.format("{} {}", "topic", "item")).to_series())
    for year in table["year"].unique().cast(pl.String).sort():
        for rule, (factor, levels) in besides.rules.items():
            if {f"measure {rule}", f"risk {factor}"} <= have:
                parts = {("help", "risk", year, factor, level): 1.0 for level in levels}
                known.know(parts | {("help", "measure", year, rule, "advised"): -1.0}, 0, 0, RULE)
    _helped_and_below(known, site, besides)


def _helped_and_below(known: Unknowns, site: Tables, besides: Besides) -> None:
    """Helped are the programme's schools and those below: how many there are of both is told by other tables."""
    table = site["support_counts"]
    year = str(table["year"].max())
    if not besides.editions("published_flags", year=year) & besides.editions("support_counts", year=year):
        return
    inside, outside = ("members", "below"), ("others", "below")
    known.know({inside: 1.0, outside: 1.0, ("flags", REGION, "below"): -1.0}, 0, 0, SUM)
    last = pl.col("year").cast(pl.String) == year
    totals = table.filter(last, pl.col("topic") == "risk", pl.col("level") == ALL)["schools"].drop_nulls()
    members, helped = _members(site, last), totals.max() if len(totals) else 0
    more = helped - members if helped and members else 0
    if more > 0:
        known.know({outside: 1.0}, more, more, INDICATOR)
    if not table.filter(last, topic="measure", item="below").is_empty():
        counted = {inside: 1.0, outside: 1.0} if more > 0 else {inside: 1.0}
        known.know(counted | {("help", "measure", year, "below", "advised"): -1.0}, 0, 0, RULE)


def _members(site: Tables, last: pl.Expr) -> int:
    """How many schools the programmes have, as far as anything tells: no school outside them is counted in so many."""
    table = site["support_counts"].filter(last, pl.col("level") == ALL)
    programmes = table.filter(topic="membership")["schools"].sum()
    roadmaps = table.filter(topic="roadmap")["schools"].max()
    measured = site["monitoring"].filter(last, indicator="roadmaps_in_time")["n"].max() if "monitoring" in site else 0
    return max(programmes or 0, roadmaps or 0, measured or 0)
