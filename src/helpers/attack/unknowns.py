"""Whole numbers that are not known, and what is known of sums of them; how far apart the ends of a sum may be.

Source: Fischetti, Salazar (2000, «Models and algorithms for the disclosure problem in linear programming statistical
disclosure control»): an attacker solves two integer programmes a cell. HiGHS by scipy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack
from scipy.sparse.csgraph import connected_components

Form = Mapping[tuple, float]
"""A sum of unknowns: their factors by name."""
_NODES = 10_000
"""For one end of one sum: nodes, not seconds, so that a slow machine judges as a quick one does."""
_WHOLE = 1e-6


@dataclass(frozen=True)
class Fact:
    """`low` ≤ form ≤ `high`, and how a reader knows it."""

    form: Form
    low: float
    high: float
    how: str


@dataclass(frozen=True)
class Ends:
    """What is known of a sum.

    Attributes
    ----------
    low, high : float
        The least and the greatest value found possible; +∞ and −∞ where none was found.
    least, most : float
        No value beyond them is possible. Where nothing was too hard these are `low` and `high`.
    """

    low: float
    high: float
    least: float
    most: float

    def apart(self, width: float) -> bool | None:
        """Whether values so far apart are possible; None where that was too hard to tell."""
        if self.high - self.low >= width:
            return True
        return None if self.most - self.least >= width else False


@dataclass(frozen=True)
class _Part:
    """The unknowns that facts join, and these facts as a matrix, a row a fact."""

    place: Mapping[tuple, int]
    facts: list[Fact]
    matrix: csr_array
    low: np.ndarray
    high: np.ndarray
    how: np.ndarray


class Unknowns:
    """Non-negative whole numbers by name and facts on them."""

    def __init__(self) -> None:
        self.places: dict[tuple, int] = {}
        self.facts: list[Fact] = []
        self._labels: list[int] | None = None
        self._parts: dict[frozenset[int], _Part] = {}

    def know(self, form: Form, low: float | None, high: float | None, how: str) -> None:
        """Add a fact; an end that is None is no end."""
        for name in form:
            self.places.setdefault(name, len(self.places))
        self.facts.append(Fact(form, -inf if low is None else low, inf if high is None else high, how))
        self._labels, self._parts = None, {}

    def between(self, form: Form, without: Collection[str] = ()) -> Ends | None:
        """The least and the greatest value that a sum may have; None where the facts contradict one another.

        Parameters
        ----------
        without : collection of str
            Ways of knowing that this reader does not have.
        """
        part = self._part(form)
        toward = np.zeros(len(part.place))
        for name, value in form.items():
            toward[part.place[name]] = value
        used = ~np.isin(part.how, list(without))
        least = _least(part, used, toward)
        most = least and _least(part, used, -toward)
        return Ends(*(0.0 + end for end in (least[0], -most[0], least[1], -most[1]))) if least and most else None

    def contradicting(self, form: Form) -> list[Fact]:
        """Facts on which the others cannot all stand: those broken where as little is broken as can be."""
        part = self._part(form)
        rows, columns = part.matrix.shape
        one = eye_array(rows, format="csr")
        found = milp(
            np.concatenate([np.zeros(columns), np.ones(2 * rows)]),
            constraints=[LinearConstraint(hstack([part.matrix, one, -one]), part.low, part.high)],
            integrality=np.concatenate([np.ones(columns), np.zeros(2 * rows)]),
            bounds=Bounds(0, np.inf), options={"node_limit": _NODES},
        )  # fmt: skip
        if found.x is None:
            return []
        broken = found.x[columns : columns + rows] + found.x[columns + rows :]
        return [fact for fact, by in zip(part.facts, broken, strict=True) if by > _WHOLE]

    def _part(self, form: Form) -> _Part:
        """The unknowns that facts join to a sum, and these facts."""
        if self._labels is None:
            pairs = [(self.places[next(iter(f.form))], self.places[name]) for f in self.facts for name in f.form]
            rows, cols = zip(*pairs, strict=True)
            graph = csr_array((np.ones(len(pairs)), (rows, cols)), shape=(len(self.places), len(self.places)))
            self._labels = connected_components(graph, directed=False)[1].tolist()
        wanted = frozenset(self._labels[self.places[name]] for name in form)
        if wanted not in self._parts:
            self._parts[wanted] = self._written(wanted)
        return self._parts[wanted]

    def _written(self, wanted: frozenset[int]) -> _Part:
        labels = self._labels or []
        place = {name: n for n, name in enumerate(name for name in self.places if labels[self.places[name]] in wanted)}
        facts = [fact for fact in self.facts if next(iter(fact.form)) in place]
        cells = [(row, place[name], value) for row, fact in enumerate(facts) for name, value in fact.form.items()]
        rows, cols, values = zip(*cells, strict=True) if cells else ((), (), ())
        return _Part(
            place, facts, csr_array((values, (rows, cols)), shape=(len(facts), len(place))),
            np.array([fact.low - _WHOLE for fact in facts]), np.array([fact.high + _WHOLE for fact in facts]),
            np.array([fact.how for fact in facts]),
        )  # fmt: skip


def _least(part: _Part, used: np.ndarray, toward: np.ndarray) -> tuple[float, float] | None:
    """The least value of a sum that was found, and the one below which there is none; None where nothing is possible."""
    known = [LinearConstraint(part.matrix[used], part.low[used], part.high[used])] if used.any() else []
    found = milp(
        toward, constraints=known, integrality=np.ones(len(toward)), bounds=Bounds(0, np.inf),
        options={"node_limit": _NODES, "mip_rel_gap": 0.0},
    )  # fmt: skip
    if found.status == 2:
        return None
    if found.status in (3, 4):  # no end, or nothing possible at all: which of the two is asked of any direction
        return (-inf, -inf) if not toward.any() or _least(part, used, np.zeros(len(toward))) else None
    bound = -inf if found.mip_dual_bound is None else float(np.ceil(found.mip_dual_bound - _WHOLE))
    return (inf if found.x is None else float(np.round(toward @ found.x))), bound
