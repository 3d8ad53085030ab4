"""What all tables together tell of a hidden number, as one integer programme; which further number to hide.

A table is protected on its own first (`protection`). What no table tells alone several may tell together: the project's
indicator times the number of its schools is a hidden state of the roadmaps. Here every number of every table is an unknown
whole number in its bounds, sums and links between tables join them, and of each secret the least and the greatest value are
sought, for a reader who knows how many took part everywhere.

Sources: Fischetti, Salazar (2000); Hundepool et al. (2012, «Statistical Disclosure Control», ch. 4: linked tables). HiGHS
by scipy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from helpers.disclosure.suppression import Code, is_hidden, margins
from helpers.params import DisclosureRules

Cell = tuple[str, str]
"""A number that readers see: its table, its cell."""
_NODES = 5000
"""Of the search for one end: what is not found by then is taken for told, and more is hidden."""
_CLOSE = 1e-6
_BEST_MARK = 5
_MARKS = "marks"


@dataclass(frozen=True)
class Line:
    """`low` ≤ sum of unknowns by their factors ≤ `high`; `by`: the number that tells it, where one does."""

    factors: Mapping[Cell, float]
    low: float
    high: float
    by: Cell | None = None


@dataclass
class Programme:
    """Whole numbers by name.

    Attributes
    ----------
    bounds : dict
        Least and greatest value by name.
    free : dict
        The same while the number is hidden.
    lines : list of Line
    secrets : list
        Sums that may not be known, the least distance of their ends, the table of each.
    weight : dict
        Numbers that could be hidden yet, by the people or schools behind them.
    """

    bounds: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    free: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    secrets: list[tuple[Mapping[Cell, float], float]] = field(default_factory=list)
    weight: dict[Cell, float] = field(default_factory=dict)

    def number(self, name: Cell, low: float, high: float, free: tuple[float, float] | None = None) -> None:
        """Add an unknown."""
        self.bounds[name], self.free[name] = (low, high), free or (low, high)

    def line(self, factors: Mapping[Cell, float], low: float, high: float, by: Cell | None = None) -> None:
        """Add what is known of a sum; names that are not there count nothing."""
        known = {name: value for name, value in factors.items() if name in self.bounds}
        if known:
            self.lines.append(Line(known, low, high, by))


@dataclass(frozen=True)
class Links:
    """What joins the tables, besides their own sums.

    Attributes
    ----------
    year : int
        The last year.
    asked : dict
        `helped.rules_of_one_factor`.
    of_conclusion : set of str
        `helped.of_conclusion`.
    measures : dict
        What each indicator of the project measures.
    federal_low : int
        Schools on the federal list, as the pages say.
    """

    year: int
    asked: Mapping[str, set[tuple[str, str]]]
    of_conclusion: set[str]
    measures: Mapping[str, str]
    federal_low: int


_STATES = {
    "roadmaps_in_time": ("roadmap", "status", ["in_time"], ["late", "missing"]),
    "with_tutor": ("tutor", "reach", ["same_group", "reachable", "remote"], ["none"]),
}
"""Measures of schools: topic and item of help that they count, which levels, and which are the others."""
_STAGES = {"diagnostics_finished": ("finished", "started"), "teachers_trained": ("trained", "advised")}
"""Measures of teachers: a stage, and the stage of which it is a part."""
_IN_TENS = 50


def of_tables(
    judged: Mapping[str, pl.DataFrame], dimensions: Mapping[str, Sequence[str]], monitoring: pl.DataFrame,
    agreement: pl.DataFrame, links: Links, rules: DisclosureRules,
) -> Programme:  # fmt: skip
    """Write down everything that the public reads.

    Parameters
    ----------
    judged : dict of DataFrame
        The tables of cells as `protect` gives them.
    dimensions : dict
        Their dimensions.
    monitoring, agreement : DataFrame
        As the public reads them.
    """
    made = Programme()
    for name, seen in judged.items():
        _cells(made, name, seen, rules)
        signed = margins(seen, dimensions[name]).group_by("group", maintain_order=True).agg("cell", "sign")
        for cells, signs in signed.select("cell", "sign").iter_rows():
            sums = [name] if (_MARKS, cells[0]) not in made.bounds else [name, _MARKS]
            for what in sums:
                made.line({(what, cell): sign for cell, sign in zip(cells, signs, strict=True)}, 0, 0)
    region = _found(judged["published_flags"], "direction")
    help_ = _found(judged["support_counts"], "topic", "year", "item", "level")
    funnel = _found(judged["published_funnel"], "year", "stage", region=True)
    _of_conclusions(made, region, help_, links, rules.least_schools - 1)
    _of_factors(made, help_, links)
    _of_indicators(made, monitoring, help_, funnel, links.measures)
    _of_lists(made, agreement, region, links.federal_low, rules.least_schools)
    return made


def _found(seen: pl.DataFrame, *keys: str, region: bool = True) -> dict[tuple, Cell]:
    """Cells of a table by its keys, those of the region where it has groups."""
    name = {"direction": "published_flags", "topic": "support_counts"}.get(keys[0], "published_funnel")
    rows = seen.filter(pl.col("group_id").is_null()) if region and "group_id" in seen.columns else seen
    return {row[:-1]: (name, row[-1]) for row in rows.select(*keys, "cell").iter_rows()}


def _cells(made: Programme, name: str, seen: pl.DataFrame, rules: DisclosureRules) -> None:
    """The numbers of a table: those with a result where a share is shown, else how many there are."""
    shares = name in ("published_results", "published_context")
    people = shares or name == "published_funnel"
    hidden = seen.select(is_hidden()).to_series()
    for row, veiled in zip(seen.iter_rows(named=True), hidden, strict=True):
        cell, n = (name, row["cell"]), row["n"] or 0
        if shares:
            free = (0, n)
            low, high = free if veiled or row["share_low"] is None else _share(row, n)
            _marks(made, cell, row, n, veiled)
        else:
            least = row.get("known") or 0
            free = (least, np.inf)
            low, high = (
                end if told is None else told for end, told in zip(free, (row["n_low"], row["n_high"]), strict=True)
            )
        made.number(cell, low, high, free)
        if not veiled and n > 0 and not row.get("fixed"):
            made.weight[cell] = n
        elif row["code"] == Code.FEW and not (shares and row["count"] is None):
            made.secrets.append(({cell: 1.0}, min(rules.width if people else rules.least_schools - 1, high - low)))


def _share(row: Mapping, n: float) -> tuple[float, float]:
    """Those with the result, of so many, by the band of the share."""
    return float(np.ceil(row["share_low"] * n - _CLOSE)), float(np.floor(row["share_high"] * n + _CLOSE))


def _marks(made: Programme, cell: Cell, row: Mapping, n: float, veiled: bool) -> None:
    """The sum of the marks: a two of each who is low, three to five of the others; told by a mean beside a share."""
    if row.get("mean") is None or row["mean"] > _BEST_MARK:
        return
    marks = (_MARKS, cell[1])
    made.number(marks, 0, np.inf)
    made.line({marks: 1.0, cell: 1.0}, 3 * n, np.inf)
    made.line({marks: 1.0, cell: 3.0}, -np.inf, 5 * n)
    if row["told"] and not veiled:
        mean = round(row["mean"], 1)
        made.line({marks: 1.0}, (mean - 0.05) * n, (mean + 0.05) * n, cell)


def _of_conclusions(made: Programme, region: Mapping, help_: Mapping, links: Links, width: float) -> None:
    """Schools below expectation in the programme and outside it: the region's number of them is told."""
    if not help_ or ("below",) not in region:
        return
    below, inside, outside = region[("below",)], ("programme", "below"), ("outside", "below")
    for name in (inside, outside):
        made.number(name, 0, np.inf)
        made.secrets.append(({name: 1.0}, min(width, made.bounds[below][1])))
    made.line({inside: 1.0, outside: 1.0, below: -1.0}, 0, 0)
    for rule in links.of_conclusion & {item for _, _, item, _ in help_}:
        made.line({help_["measure", links.year, rule, "advised"]: 1.0, inside: -1.0}, 0, 0)


def _of_factors(made: Programme, help_: Mapping, links: Links) -> None:
    """A measure that is advised for certain levels of one factor and for nothing else, as its published rule says."""
    for rule, levels in links.asked.items():
        advised = help_.get(("measure", links.year, rule, "advised"))
        counted = [help_.get(("risk", links.year, factor, level)) for factor, level in sorted(levels)]
        if advised and any(counted):
            made.line({advised: 1.0} | {cell: -1.0 for cell in counted if cell}, 0, 0)


def _of_indicators(
    made: Programme, monitoring: pl.DataFrame, help_: Mapping, funnel: Mapping, measures: Mapping[str, str]
) -> None:
    """A share of the programme's schools or teachers, times their number, is part of what other tables count."""
    for row in monitoring.drop_nulls(["n", "actual"]).iter_rows(named=True):
        measure, year = measures.get(row["indicator"]), row["year"]
        if measure not in (*_STATES, *_STAGES):
            continue
        by = ("monitoring", f"indicator={row['indicator']} · year={year}")
        done, whole = ((what, f"{measure} · {year}") for what in ("done", "of"))
        spread = 5 if row["n"] >= _IN_TENS else 0
        made.number(done, 0, np.inf)
        made.number(whole, 0, np.inf)
        made.weight[by] = row["n"]
        made.line({whole: 1.0}, row["n"] - spread, row["n"] + spread, by)
        made.line({done: 1.0, whole: 0.005 - row["actual"]}, 0, np.inf, by)
        made.line({done: 1.0, whole: -0.005 - row["actual"]}, -np.inf, 0, by)
        if measure in _STAGES:
            parts = [funnel.get((year, stage)) for stage in _STAGES[measure]]
            pairs = list(zip(({done: 1.0}, {whole: 1.0}), ([part] for part in parts), strict=True))
        else:
            topic, item, has, lacks = _STATES[measure]
            counted = [[help_.get((topic, year, item, level)) for level in levels] for levels in (has, lacks)]
            pairs = list(zip(({done: 1.0}, {whole: 1.0, done: -1.0}), counted, strict=True))
        for form, cells in pairs:
            if any(cells):
                made.line(form | {cell: -1.0 for cell in cells if cell}, -np.inf, 0)


def _of_lists(made: Programme, agreement: pl.DataFrame, region: Mapping, federal_low: int, least: int) -> None:
    """Schools by conclusion and federal list; a row is empty where a number of it is small."""
    listed = {("listed", direction): 1.0 for direction in (*agreement["direction"], "unknown")}
    for name in (*listed, *(("unlisted", direction) for direction in agreement["direction"])):
        made.number(name, 0, np.inf)
    empty = agreement.filter(pl.col("on_list").is_null())["direction"].to_list()
    made.line(listed, federal_low if not empty else -np.inf, federal_low)
    made.line({("listed", "unknown"): 1.0, region.get(("unknown",), ("", "")): -1.0}, -np.inf, 0)
    few = [("few", f"{direction} · {side}") for direction in empty for side in ("listed", "unlisted")]
    for row in agreement.iter_rows(named=True):
        direction = row["direction"]
        whole = region.get((direction,), ("", ""))
        made.line({("listed", direction): 1.0, ("unlisted", direction): 1.0, whole: -1.0}, -np.inf, 0)
        by = ("agreement", f"direction={direction}")
        most = made.bounds[whole][1] if whole in made.bounds else np.inf
        for side, told in (("listed", row["on_list"]), ("unlisted", row["not_on_list"])):
            if told is not None:
                made.line({(side, direction): 1.0}, told, told, by)
                made.weight[by] = most
            else:
                told_of_all = federal_low if side == "listed" else most
                made.secrets.append(({(side, direction): 1.0}, min(least - 1, most, told_of_all)))
                name = ("few", f"{direction} · {side}")
                made.number(name, 0, 1)
                made.line({(side, direction): 1.0, name: most}, -np.inf, most + least - 1)
    if few:
        made.line(dict.fromkeys(few, 1.0), 1, np.inf)


def next_hidden(programme: Programme) -> list[Cell]:
    """For each secret that is told, a number whose hiding keeps it; none where every secret is kept.

    Of the shown numbers nearest to it (first those in its own sums, then those in the sums of these, and so on) the one of the
    fewest people or schools that alone, with what stands in its own sums, keeps the secret; where none does, the nearest.
    """
    made = _Matrix.of(programme)
    chosen: set[Cell] = set()
    for factors, width in programme.secrets:
        if not made.wide(factors, width, frozenset()) and (more := _keeps(programme, made, factors, width)):
            chosen.add(more)
    return sorted(chosen)


def _keeps(programme: Programme, made: _Matrix, factors: Mapping[Cell, float], width: float) -> Cell | None:
    near = [
        cell for ring in made.rings(factors) for cell in sorted(ring, key=lambda cell: (programme.weight[cell], cell))
    ]
    keep = (cell for cell in near if made.wide(factors, width, made.beside(cell)))
    return next(keep, near[0] if near else None)


@dataclass(frozen=True)
class _Matrix:
    """A programme as arrays."""

    programme: Programme
    place: Mapping[Cell, int]
    matrix: csr_array
    part: np.ndarray

    @classmethod
    def of(cls, programme: Programme) -> _Matrix:
        place = {name: number for number, name in enumerate(programme.bounds)}
        cells = [
            (row, place[name], value)
            for row, line in enumerate(programme.lines)
            for name, value in line.factors.items()
        ]
        rows, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
        matrix = csr_array(coo_array((values, (rows, columns)), shape=(len(programme.lines), len(place))))
        joined = abs(matrix.T) @ abs(matrix)
        return cls(programme, place, matrix, connected_components(joined, directed=False)[1])

    def wide(self, factors: Mapping[Cell, float], width: float, freed: frozenset[Cell]) -> bool:
        """Whether values so far apart are found possible while the numbers `freed` are hidden."""
        columns = np.flatnonzero(np.isin(self.part, [self.part[self.place[name]] for name in factors]))
        names = list(self.place)
        bounds = [
            self.programme.free[names[c]] if names[c] in freed else self.programme.bounds[names[c]] for c in columns
        ]
        part = self.matrix[:, columns]
        said = [row for row in np.flatnonzero(np.diff(part.indptr)) if self.programme.lines[row].by not in freed]
        lines = [self.programme.lines[row] for row in said]
        toward = np.zeros(len(self.place))
        for name, value in factors.items():
            toward[self.place[name]] = value
        known = LinearConstraint(
            part[said], [line.low - _CLOSE for line in lines], [line.high + _CLOSE for line in lines]
        )
        ends = []
        for sign in (1, -1):
            found = milp(
                sign * toward[columns], constraints=[known] if said else [], integrality=np.ones(len(columns)),
                bounds=Bounds(*np.array(bounds).T), options={"node_limit": _NODES, "mip_rel_gap": 0.0},
            )  # fmt: skip
            without_end = found.status in (3, 4)  # 4: or impossible, which what is true cannot be
            if found.x is None and not without_end:
                return False
            ends.append(-sign * np.inf if found.x is None else float(np.round(toward[columns] @ found.x)))
        return ends[1] - ends[0] >= width

    def rings(self, factors: Mapping[Cell, float]) -> Iterator[list[Cell]]:
        """Numbers that could be hidden, the nearest to a secret first; as far as what is known joins them."""
        names, rows = list(self.place), len(self.programme.lines)
        graph = csr_array(coo_array((np.ones(self.matrix.nnz), self.matrix.nonzero()), shape=(rows, len(names))))
        start = np.zeros(len(names), bool)
        start[[self.place[name] for name in factors]] = True
        seen_rows, seen = np.zeros(rows, bool), start.copy()
        told: set[Cell] = set()
        while True:
            new_rows = (graph @ seen.astype(float) > 0) & ~seen_rows
            seen_rows |= new_rows
            before = seen.copy()
            seen = seen | (graph.T @ seen_rows.astype(float) > 0)
            ring = {names[c] for c in np.flatnonzero(seen & ~before)} | {
                by for r in np.flatnonzero(new_rows) if (by := self.programme.lines[r].by)
            }
            if ring := {cell for cell in ring if cell in self.programme.weight} - told:
                told |= ring
                yield sorted(ring)
            if not new_rows.any():
                return

    def beside(self, cell: Cell) -> frozenset[Cell]:
        """A number and those of its table that stand in one sum with it: some of these are hidden with it."""
        if cell not in self.place:
            return frozenset([cell])
        mine = self.matrix[:, [self.place[cell]]].nonzero()[0]
        names = list(self.place)
        around = {names[c] for c in self.matrix[mine].nonzero()[1]}
        return frozenset(name for name in around if name[0] == cell[0] and name in self.programme.weight) | {cell}
