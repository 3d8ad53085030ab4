"""Whole numbers that are not known, and what is known of sums of them; how far apart the ends of a sum may be.

Source: Fischetti, Salazar (2000, «Models and algorithms for the disclosure problem in linear programming statistical
disclosure control»): an attacker solves two integer programmes a cell. HiGHS by scipy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Form = Mapping[tuple, float]
"""A sum of unknowns: their factors by name."""
_SECONDS = 2.0
"""For one end of one sum; what is not found by then the attacker does not know."""
_WHOLE = 1e-6


@dataclass(frozen=True)
class Fact:
    """`low` ≤ form ≤ `high`, and how a reader knows it."""

    form: Form
    low: float
    high: float
    how: str


class Unknowns:
    """Non-negative whole numbers by name and facts on them."""

    def __init__(self) -> None:
        self.places: dict[tuple, int] = {}
        self.facts: list[Fact] = []
        self._parts: list[int] | None = None

    def know(self, form: Form, low: float | None, high: float | None, how: str) -> None:
        """Add a fact; an end that is None is no end."""
        for name in form:
            self.places.setdefault(name, len(self.places))
        self.facts.append(Fact(form, -np.inf if low is None else low, np.inf if high is None else high, how))
        self._parts = None

    def between(self, form: Form, without: Collection[str] = ()) -> tuple[float, float] | None:
        """The least and the greatest value that a sum may have; None where the facts contradict one another.

        Parameters
        ----------
        without : collection of str
            Ways of knowing that this reader does not have.
        """
        columns, facts = self._part(form)
        facts = [fact for fact in facts if fact.how not in without]
        place = {name: number for number, name in enumerate(columns)}
        cells = [(row, place[name], value) for row, fact in enumerate(facts) for name, value in fact.form.items()]
        rows, cols, values = zip(*cells, strict=True) if cells else ((), (), ())
        matrix = csr_array((values, (rows, cols)), shape=(len(facts), len(columns)))
        known = LinearConstraint(matrix, [f.low - _WHOLE for f in facts], [f.high + _WHOLE for f in facts])
        toward = np.zeros(len(columns))
        for name, value in form.items():
            toward[place[name]] = value
        ends = []
        for sign in (1, -1):
            found = milp(
                sign * toward, constraints=[known] if facts else [], integrality=np.ones(len(columns)),
                bounds=Bounds(0, np.inf), options={"time_limit": _SECONDS},
            )  # fmt: skip
            if found.status == 2:
                return None
            ends.append(sign * np.inf * -1 if found.x is None else float(np.round(toward @ found.x)))
        return ends[0], ends[1]

    def _part(self, form: Form) -> tuple[list[tuple], list[Fact]]:
        """The unknowns that facts join to a sum, and these facts."""
        names = list(self.places)
        if self._parts is None:
            pairs = [(self.places[next(iter(f.form))], self.places[name]) for f in self.facts for name in f.form]
            rows, cols = zip(*pairs, strict=True)
            graph = csr_array((np.ones(len(pairs)), (rows, cols)), shape=(len(names), len(names)))
            self._parts = connected_components(graph, directed=False)[1].tolist()
        wanted = {self._parts[self.places[name]] for name in form}
        columns = [name for name in names if self._parts[self.places[name]] in wanted]
        facts = [fact for fact in self.facts if self._parts[self.places[next(iter(fact.form))]] in wanted]
        return columns, facts
