"""What a reader can work out: no hidden cell closer than stated, by sums, bands, years, pages or editions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from test_suppression import INTERNAL, PUBLIC, cube, cubes, hidden, table

from helpers.disclosure.audit import audit, propagated, system
from helpers.disclosure.protection import hidden_cells, protect, with_participants
from helpers.disclosure.rounding import banded, exact
from helpers.disclosure.suppression import (
    Code,
    Rules,
    Why,
    complementary,
    is_hidden,
    margins,
    primary,
)

EXACTLY_PUBLIC = Rules(10, 3, 20, 3)
"""The public thresholds where numbers are not rounded: all depends on what is hidden."""


def widths(seen: pl.DataFrame, names: list[str]) -> dict[str, list[float]]:
    """Feasible widths, in whole people, of each hidden cell (people, count, the others), from what is shown and the sums alone.

    Written apart from the audit: a dense linear programme, the sums found by adding up the leaves of the cube.
    """
    rows = list(seen.iter_rows(named=True))
    size = len(rows)
    equal, at_most = [], []
    for total in rows:
        for name in names:
            if total[name] is not None:
                continue
            parts = [
                row[name] is not None and all(row[other] == total[other] for other in names if other != name)
                for row in rows
            ]
            sums = np.array(parts, float) - np.array([row is total for row in rows], float)
            equal += [np.concatenate([sums, 0 * sums]), np.concatenate([0 * sums, sums])]
    bounds = []
    for place, row in enumerate(rows):
        low, high = (row["share_low"] or 0.0), (1.0 if row["share_high"] is None else row["share_high"])
        for share, sign in ((low, 1), (high, -1)):
            line = np.zeros(2 * size)
            line[place], line[size + place] = sign * share, -sign
            at_most.append(line)
        bounds.append((row["n_low"] or 0.0, row["n_high"]))
    bounds += [(0, high) for _, high in bounds]

    def end(toward: np.ndarray) -> float:
        found = linprog(toward, at_most, np.zeros(len(at_most)), equal, np.zeros(len(equal)), bounds)
        return found.fun if found.status == 0 else -np.inf

    known = {}
    for place, row in enumerate(rows):
        if row["code"] in (Code.FEW, Code.DERIVABLE):
            known[row["cell"]] = []
            for people, count in ((1, 0), (0, 1), (1, -1)):
                toward = np.zeros(2 * size)
                toward[place], toward[size + place] = people, count
                high, low = -end(-toward), end(toward)
                known[row["cell"]].append(np.floor(high + 1e-6) - np.ceil(low - 1e-6))
    return known


@pytest.mark.parametrize(
    ("rules", "shown"),
    [(PUBLIC, banded), (EXACTLY_PUBLIC, exact), (INTERNAL, exact)],
    ids=["bands", "exact", "internal"],
)
@given(drawn=cubes(dimensions=3, size=3))
@settings(max_examples=12, deadline=None)
def test_no_hidden_cell_is_known_closer_than_stated(rules, shown, drawn):
    cells, names = drawn
    seen = protect(cells, names, rules, shown)
    for cell, known in widths(seen, names).items():
        assert min(known) >= rules.width - 1e-5, cell
    few = dict(seen.filter(code=Code.FEW).select("cell", "n").iter_rows())
    for cell, (_, *known) in widths(with_participants(seen), names).items():
        assert min(known) >= min(rules.width, few.get(cell, 0)) - 1e-5, cell


@given(drawn=cubes(dimensions=4, size=2, most=25))
@settings(max_examples=5, deadline=None)
def test_no_hidden_cell_of_four_dimensions_is_known_closer(drawn):
    cells, names = drawn
    for cell, known in widths(protect(cells, names, EXACTLY_PUBLIC, exact), names).items():
        assert min(known) >= 3 - 1e-5, cell


@given(cubes(dimensions=3, size=3, most=60, least=10))
@settings(max_examples=12, deadline=None)
def test_nothing_is_hidden_without_small_cells(drawn):
    cells, names = drawn
    for shown in (banded, exact):
        assert not hidden(protect(cells, names, PUBLIC, shown))


@given(cubes(dimensions=3, size=3), st.randoms(use_true_random=False))
@settings(max_examples=12, deadline=None)
def test_the_order_of_rows_is_nothing(drawn, random):
    cells, names = drawn
    order = list(range(cells.height))
    random.shuffle(order)
    assert protect(cells, names, PUBLIC, banded).equals(protect(cells[order], names, PUBLIC, banded))


@given(cubes(dimensions=3, size=3))
@settings(max_examples=12, deadline=None)
def test_the_audit_agrees_with_a_second_one(drawn):
    """Before tightening, where some cells are narrow; and propagation never excludes what is possible."""
    cells, names = drawn
    groups = margins(cells, names)
    seen = exact(complementary(primary(cells, EXACTLY_PUBLIC), groups)).sort("cell")
    found, known = audit(seen, groups, 3), widths(seen, names)
    assert set(found["cell"]) == set(known)
    for cell, narrow in found.select("cell", "narrow").iter_rows():
        assert narrow == (min(known[cell]) < 3 - 1e-5)
    lower, upper = propagated(system(seen, groups))
    truth = np.concatenate([seen["n"].to_numpy(), seen["count"].to_numpy()])
    assert (lower <= truth + 1e-6).all()
    assert (truth <= upper + 1e-6).all()


def test_two_small_hidden_cells_need_a_third():
    """One and two people hidden side by side: their sum of three, less what others say, is known; two and none not."""
    cells = table({"a": (1, 0), "b": (1, 0), "c": (20, 8), "d": (30, 12)})
    groups = margins(cells, ["kind"])
    before = audit(exact(complementary(primary(cells, INTERNAL), groups)), groups, 3)
    assert before.select("n_low", "n_high").rows() == [(0.0, 2.0)] * 2
    assert before["narrow"].all()
    after = protect(cells, ["kind"], INTERNAL, exact)
    assert hidden(after) == {"kind=a", "kind=b", "kind=c"}
    assert after.filter(cell="kind=c")["why"].item() == Why.NARROW


def test_bands_protect_from_the_table_but_not_from_who_knows_the_participants():
    """38 % of 52 is 20 people; the two large parts alone have as many: in the small ones there is nobody."""
    cells = table({"a": (1, 0), "b": (1, 0), "c": (20, 8), "d": (30, 12)})
    groups = margins(cells, ["kind"])
    seen = banded(complementary(primary(cells, PUBLIC), groups))
    assert hidden(seen) == {"kind=a", "kind=b"}
    assert not audit(seen, groups, 3)["narrow"].any()
    insider = audit(with_participants(seen), groups, 3)
    assert insider["narrow"].all()
    assert insider["count_high"].max() < 0.1
    assert hidden(protect(cells, ["kind"], PUBLIC, banded)) == {"kind=a", "kind=b", "kind=c"}


def test_the_reason_of_hiding_tells():
    """Two of «мало участников» that add up to 17 are an eight and a nine: so the public reads one word."""
    cells = table({"a": (8, 4), "b": (9, 4), "c": (40, 15)})
    seen = protect(cells, ["kind"], PUBLIC, exact)
    groups = margins(seen, ["kind"])
    told = seen.with_columns(n_high=pl.when(pl.col("why") == Why.N).then(9.0).otherwise("n_high"))
    assert not audit(seen, groups, 3)["narrow"].any()
    assert audit(told, groups, 3).select("n_low", "n_high").rows() == [(8.0, 9.0)] * 2
    assert banded(seen.select("n", "count", "code")).filter(is_hidden())["n_text"].unique().to_list() == ["скрыто"]


def test_a_pooled_value_less_its_years_is_the_hidden_year():
    years = pl.DataFrame({"year": [2019, 2020, 2021], "n": [8, 30, 40], "count": [3, 9, 12]})
    seen = protect(cube(years, ["year"]), ["year"], PUBLIC, exact)
    assert hidden(seen) == {"year=2019", "year=2020"}


def test_cells_without_sums_and_tables_without_hidden_cells():
    cells = table({"a": (5, 2), "b": (50, 20)}).filter(pl.col("kind").is_not_null())
    assert hidden(protect(cells, ["kind"], PUBLIC, banded)) == {"kind=a"}
    assert audit(
        exact(primary(table({"a": (50, 20)}), PUBLIC)), margins(table({"a": (50, 20)}), ["kind"]), 3
    ).is_empty()


def test_nothing_is_vouched_for_where_bounds_contradict_each_other():
    cells = table({"a": (5, 2), "b": (50, 20), "c": (60, 30)})
    seen = exact(complementary(primary(cells, PUBLIC), margins(cells, ["kind"])))
    less = seen.with_columns(
        pl.when(cell="kind=*").then(40.0).otherwise(name).alias(name) for name in ("n_low", "n_high")
    )
    assert audit(less, margins(cells, ["kind"]), 3)["narrow"].all()


def test_participants_without_shares():
    cells = table({"a": (5, 2), "b": (50, 20), "c": (60, 30)}).drop("count")
    seen = protect(cells, ["kind"], PUBLIC, exact)
    assert hidden(seen) == {"kind=a", "kind=b"}


def test_sums_that_are_none_are_refused():
    cells = table({"a": (15, 5), "b": (50, 20)}).with_columns(n=pl.when(kind="a").then(16).otherwise("n"))
    with pytest.raises(ValueError, match="do not add up"):
        protect(cells, ["kind"], PUBLIC, banded)


def test_the_internal_list_says_what_why_and_how_closely():
    listed = hidden_cells(protect(table({"a": (5, 2), "b": (50, 20)}), ["kind"], PUBLIC, banded))
    assert listed["why"].to_list() == [Why.N, Why.SUM]
    assert not listed["known_narrow"].any()
    assert "n_text" not in listed.columns


def test_a_region_is_done_in_seconds():
    random = np.random.default_rng(7)
    leaves = pl.DataFrame(
        [
            (year, school // 7, school, n, int(random.binomial(n, 0.18)))
            for school, size in enumerate(random.lognormal(3.3, 0.9, 42))
            for year in (2019, 2020, 2021)
            for n in [int(random.poisson(size))]
        ],
        schema=["year", "group_id", "school_id", "n", "count"],
        orient="row",
    )
    names = ["year", "group_id", "school_id"]
    cells = cube(leaves, names).filter(pl.col("group_id").is_not_null() | pl.col("school_id").is_null())
    seen = protect(cells, names, PUBLIC, banded)
    assert hidden(seen)
    assert not seen["known_narrow"].any()
