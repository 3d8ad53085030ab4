"""How closely a reader can work out what is hidden, from everything that is shown.

Sums, and shares of people, are linear in numbers of people `n` and counts `k`: parts add up to their total in both,
and a share between `low` and `high` says `low · n ≤ k ≤ high · n`. What such inequalities allow is found by
propagating bounds (quick; allows too much) and by linear programmes, whose ends are rounded inwards as people are whole
(exact, but for sums of whole numbers, which may allow somewhat less: `helpers.attack` looks at these).

Sources: Hundepool et al. (2012, «Statistical Disclosure Control», 4.2: feasibility intervals); Fischetti, Salazar
(2000, «Models and algorithms for the disclosure problem»); HiGHS by scipy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from helpers.disclosure.suppression import is_hidden, membership, places

_ANY = 1e6
"""No cell has more people; stands for «no bound»."""
_CLOSE = 1e-6
"""To within this, HiGHS solves."""
_ROUNDS = 100
"""Propagation may creep; what it has not found by then the linear programmes find."""

_MIXED = 10
"""For so many hidden cells one direction of all of them at once is looked into first: that settles most, far sooner."""


@dataclass(frozen=True)
class System:
    """What is known of a table: numbers of people of all cells, then counts of all cells.

    `equal` x = 0, `at_most` x ≤ 0, `lower` ≤ x ≤ `upper`.
    """

    equal: csr_array
    at_most: csr_array
    lower: np.ndarray
    upper: np.ndarray

    @cached_property
    def constraints(self) -> LinearConstraint:
        """The equalities and the inequalities as the solver takes them."""
        equal = np.zeros(self.equal.shape[0])
        least = np.concatenate([equal, np.full(self.at_most.shape[0], -np.inf)])
        return LinearConstraint(vstack([self.equal, self.at_most], format="csr"), least, np.zeros(len(least)))


def audit(cells: pl.DataFrame, groups: pl.DataFrame, width: float) -> pl.DataFrame:
    """How closely each hidden cell is known.

    Parameters
    ----------
    cells : DataFrame
        `cell`, `code` and what the reader sees: `n_low`, `n_high`, `share_low`, `share_high`, null where nothing;
        of a hidden cell, what is known of it besides.
    groups : DataFrame
        From `suppression.margins`.
    width : float
        People; a hidden cell known closer in its participants, in those with the result, or in those without it is
        `narrow`; where its participants are known besides, closer than they alone allow.

    Returns
    -------
    DataFrame
        cell; n_low, n_high, count_low, count_high, others_low, others_high; narrow; by cell. Between the ends every
        value may be the true one, so the reader knows no more than that; of a narrow cell nothing beyond them may be.
        Upper ends are null where there is no bound.

    Notes
    -----
    Contradicting bounds (two editions that differ by a correction) allow nothing: their cells are narrow, since
    nothing can be vouched for.
    """
    ordered = cells.sort("cell")
    hidden = ordered.select(is_hidden()).to_series().to_numpy()
    parts = _parts(membership(ordered, groups))
    found = [_audited(ordered.filter(parts == part), groups, width) for part in np.unique(parts[hidden])]
    return pl.concat([_nothing(), *found]).sort("cell")


def system(cells: pl.DataFrame, groups: pl.DataFrame) -> System:
    """Write down what is known of some cells and the sums between them."""
    group, cell, sign = places(cells, groups)
    size = cells.height
    sums = csr_array((sign, (group, cell)), shape=(group.max(initial=-1) + 1, size))
    nothing = csr_array(sums.shape)
    share_low, share_high = (
        cells[f"share_{end}"].fill_null(free).to_numpy().astype(float) for end, free in (("low", 0.0), ("high", 1.0))
    )
    one = eye_array(size, format="csr")
    low, high = one * share_low[None, :], one * share_high[None, :]
    bounds = [
        cells[f"n_{end}"].fill_null(free).to_numpy().astype(float) for end, free in (("low", 0.0), ("high", _ANY))
    ]
    return System(
        equal=csr_array(vstack([hstack([sums, nothing]), hstack([nothing, sums])])),
        at_most=csr_array(vstack([hstack([low, -one]), hstack([-high, one])])),
        lower=np.concatenate([bounds[0], np.zeros(size)]),
        upper=np.concatenate([bounds[1], bounds[1]]),
    )


def propagated(known: System) -> tuple[np.ndarray, np.ndarray]:
    """Bounds that each inequality alone sets on each variable in it, again and again until none moves.

    Returns
    -------
    lower, upper : ndarray
        No tighter than the exact ones, so what is narrow here is narrow.
    """
    rows = coo_array(vstack([known.equal, -known.equal, known.at_most]))
    (row, column), value = rows.coords, rows.data
    used = value != 0
    row, column, value = row[used], column[used], value[used]
    up, down = value > 0, value < 0
    lower, upper = known.lower.copy(), known.upper.copy()
    for _ in range(_ROUNDS):
        least = value * np.where(up, lower[column], upper[column])
        others = np.bincount(row, least, rows.shape[0])[row] - least
        bound = -others / value
        new_lower, new_upper = lower.copy(), upper.copy()
        np.minimum.at(new_upper, column[up], bound[up])
        np.maximum.at(new_lower, column[down], bound[down])
        moved = max(np.max(new_lower - lower, initial=0), np.max(upper - new_upper, initial=0))
        lower, upper = new_lower, new_upper
        if moved < _CLOSE:
            break
    return lower, upper


def _audited(cells: pl.DataFrame, groups: pl.DataFrame, width: float) -> pl.DataFrame:
    """`audit` of cells that sums join."""
    known = system(cells, groups)
    size = cells.height
    hidden = np.flatnonzero(cells.select(is_hidden()).to_series().to_numpy())
    # of each hidden cell: people, count, people less count
    unit = eye_array(2 * size, format="csr")
    asked = csr_array(vstack([unit[hidden], unit[hidden + size], unit[hidden] - unit[hidden + size]]))
    own = known.upper[hidden] - known.lower[hidden], known.upper[hidden], known.upper[hidden]
    enough = np.minimum(width, np.concatenate(own)) - _CLOSE
    outer = _range(asked, *propagated(known))
    sure = _span(*outer) < enough
    low, high = np.where(sure, outer[0], np.inf), np.where(sure, outer[1], -np.inf)

    def look(toward: np.ndarray) -> None:
        """A possible table, far out in some direction, widens what is possible of every cell."""
        nonlocal low, high
        values = asked @ _solved(known, toward)
        low, high = np.fmin(low, values), np.fmax(high, values)

    for mixed in np.random.default_rng(0).choice([-1.0, 1.0], (len(hidden) // _MIXED, asked.shape[0])):
        look(asked.T @ mixed)
    for number in np.flatnonzero(~sure):
        for sign in (1, -1):
            if not _span(low[number], high[number]) >= enough[number]:
                look(sign * asked[[number]].toarray()[0])
    narrow = (~(_span(low, high) >= enough)).reshape(3, -1).any(axis=0)
    low, high = (np.where(np.isfinite(ends), ends, np.nan).reshape(3, -1) for ends in (low, high))
    columns = {
        f"{name}_{end}": pl.Series(values[row], dtype=pl.Float64, nan_to_null=True).round(3) + 0.0
        for row, name in enumerate(("n", "count", "others"))
        for end, values in (("low", low), ("high", np.where(high > _ANY / 2, np.nan, high)))
    }
    return pl.DataFrame({"cell": cells["cell"].gather(hidden), **columns, "narrow": narrow})


def _span(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far apart whole numbers between two ends may be: people and schools are whole."""
    return np.floor(high + _CLOSE) - np.ceil(low - _CLOSE)


def _solved(known: System, toward: np.ndarray) -> np.ndarray:
    """The point where `toward` is least; not a number where nothing is possible."""
    found = milp(toward, constraints=known.constraints, bounds=Bounds(known.lower, known.upper))
    return np.full(len(toward), np.nan) if found.x is None else found.x


def _range(rows: csr_array, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What linear forms may be where each variable has its bounds."""
    positive, negative = rows.maximum(0), (-rows).maximum(0)
    return positive @ lower - negative @ upper, positive @ upper - negative @ lower


def _parts(member: csr_array) -> np.ndarray:
    """Number of the part of the table that each cell belongs to: no sum joins two parts."""
    return connected_components(member.T @ member, directed=False)[1]


def _nothing() -> pl.DataFrame:
    ends = [f"{name}_{end}" for name in ("n", "count", "others") for end in ("low", "high")]
    return pl.DataFrame(schema={"cell": pl.String, **dict.fromkeys(ends, pl.Float64), "narrow": pl.Boolean})
