"""What is hidden, in which form the rest is shown, under which name a municipality stands."""

from __future__ import annotations

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.disclosure.rounding import BANDS, HIDDEN_WORD, banded, exact
from helpers.disclosure.suppression import (
    REST,
    Code,
    Rules,
    Why,
    cell_ids,
    complementary,
    is_hidden,
    margins,
    membership,
    merge_small,
    primary,
    unbalanced,
)

PUBLIC = Rules(least_n=10, least_count=3, extreme_n=20, width=3)
INTERNAL = Rules(least_n=5, least_count=1, extreme_n=1, width=3)
LARGEST = 400
"""Participants up to which every cell there can be is looked at; the widths of bands do not change beyond."""


def table(parts: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """One factor: categories with participants and counts, and their total."""
    n, count = ([people[place] for people in parts.values()] for place in (0, 1))
    return pl.DataFrame(
        {"kind": [*parts, None], "n": [*n, sum(n)], "count": [*count, sum(count)]}, schema_overrides={"kind": pl.String}
    ).with_columns(cell=cell_ids(["kind"]))


def cube(leaves: pl.DataFrame, dimensions: list[str]) -> pl.DataFrame:
    """Cells with every total there is."""
    every = [leaves]
    for size in range(1, len(dimensions) + 1):
        for summed in combinations(dimensions, size):
            kept = [name for name in dimensions if name not in summed]
            total = leaves.group_by(kept or pl.lit(0).alias("_")).agg(pl.col("n", "count").sum())
            every.append(
                total.with_columns(pl.lit(None, pl.Int64).alias(name) for name in summed).select(leaves.columns)
            )
    return pl.concat(every).with_columns(cell=cell_ids(dimensions))


@st.composite
def cubes(draw, dimensions: int, size: int, most: int = 45, least: int = 0):
    """Additive tables with all their totals, and the names of their dimensions."""
    names = [f"d{number}" for number in range(draw(st.integers(2, dimensions)))]
    sizes = [draw(st.integers(1, size)) for _ in names]
    leaves = pl.DataFrame({names[0]: range(sizes[0])})
    for name, categories in zip(names[1:], sizes[1:], strict=True):
        leaves = leaves.join(pl.DataFrame({name: range(categories)}), how="cross")
    n = draw(st.lists(st.integers(2 * least, most), min_size=leaves.height, max_size=leaves.height))
    count = [draw(st.integers(least, people - least)) for people in n]
    return cube(leaves.with_columns(n=pl.Series(n), count=pl.Series(count)), names), names


def hidden(cells: pl.DataFrame) -> set[str]:
    return set(cells.filter(is_hidden())["cell"])


@pytest.mark.parametrize(
    ("n", "count", "why"),
    [
        (9, 4, Why.N),
        (10, 4, None),
        (30, 1, Why.COUNT),
        (30, 2, Why.COUNT),
        (30, 3, None),
        (30, 28, Why.COUNT),
        (30, 27, None),
        (19, 0, Why.EXTREME),
        (20, 0, None),
        (19, 19, Why.EXTREME),
        (20, 20, None),
        (10, None, None),
    ],
)
def test_each_primary_rule_begins_and_ends_where_it_says(n, count, why):
    cell = primary(pl.DataFrame({"n": [n], "count": [count]}, schema={"n": pl.Int64, "count": pl.Int64}), PUBLIC)
    assert cell["why"].item() == why
    assert cell["code"].item() == (Code.FEW if why else None)


def test_a_share_stands_for_its_count():
    assert primary(pl.DataFrame({"n": [30], "share": [0.0667]}), PUBLIC)["why"].item() == Why.COUNT


def test_nobody_is_no_disclosure_and_unknown_is_no_zero():
    cells = banded(primary(pl.DataFrame({"n": [0, None], "count": [0, None]}), PUBLIC))
    assert cells["code"].to_list() == [Code.NOT_APPLICABLE, Code.NO_DATA]
    assert not cells.select(is_hidden()).to_series().any()
    assert cells["n_text"].to_list() == [Code.NOT_APPLICABLE, Code.NO_DATA]


def test_official_use_hides_fewer_than_five_and_no_counts():
    cells = primary(pl.DataFrame({"n": [4, 5, 12], "count": [2, 1, 0]}), INTERNAL)
    assert cells["why"].to_list() == [Why.N, None, None]


@given(cubes(dimensions=2, size=4), st.tuples(*[st.integers(1, 25)] * 3), st.tuples(*[st.integers(0, 10)] * 3))
@settings(max_examples=40, deadline=None)
def test_a_higher_threshold_hides_no_less(drawn, thresholds, more):
    low = Rules(*thresholds, width=3)
    high = Rules(*(one + another for one, another in zip(thresholds, more, strict=True)), width=3)
    assert hidden(primary(drawn[0], low)) <= hidden(primary(drawn[0], high))


def test_what_is_hidden_for_others_sake_need_not_grow_with_the_threshold():
    """With more cells small in themselves, others are chosen to protect them: only the primary rule is monotone."""
    n = [[34, 9, 6], [34, 3, 23], [5, 14, 20]]
    leaves = [(row, column, people, 0) for row, line in enumerate(n) for column, people in enumerate(line)]
    cells = cube(pl.DataFrame(leaves, schema=["d0", "d1", "n", "count"], orient="row"), ["d0", "d1"])
    groups = margins(cells, ["d0", "d1"])
    low, high = (hidden(complementary(primary(cells, Rules(least, 1, 1, 3)), groups)) for least in (10, 15))
    assert low - high == {"d0=1 · d1=0", "d0=2 · d1=2"}


def test_next_smallest_group_goes_along():
    """NYSED: fewer than five are suppressed plus the next smallest group."""
    cells = table({"asian": (4, 2), "black": (41, 20), "hispanic": (17, 8), "white": (90, 40)})
    done = complementary(primary(cells, INTERNAL), margins(cells, ["kind"]))
    assert hidden(done) == {"kind=asian", "kind=hispanic"}
    assert done.filter(kind="hispanic").select("code", "why").row(0) == (Code.DERIVABLE, Why.SUM)


def test_of_two_categories_both_are_hidden():
    """Wisconsin: a factor of two categories with a small one hides both; the total stays."""
    cells = table({"disabled": (6, 3), "other": (80, 20)})
    assert hidden(complementary(primary(cells, PUBLIC), margins(cells, ["kind"]))) == {"kind=disabled", "kind=other"}


def test_a_total_of_one_part_is_hidden_with_it():
    cells = table({"only": (30, 1), "nobody": (0, 0)})
    assert hidden(complementary(primary(cells, PUBLIC), margins(cells, ["kind"]))) == {"kind=only", "kind=*"}


def test_sums_of_a_table_are_found_over_each_dimension():
    leaves = pl.DataFrame({"year": [1, 1, 2, 2], "kind": [1, 2, 1, 2], "n": [1, 2, 3, 4], "count": [0, 0, 0, 0]})
    cells = cube(leaves, ["year", "kind"])
    groups = margins(cells, ["year", "kind"])
    assert groups["group"].n_unique() == 6
    assert groups.filter(group="year=+ · kind=*").select("cell", "sign").rows() == [
        ("year=* · kind=*", -1),
        ("year=1 · kind=*", 1),
        ("year=2 · kind=*", 1),
    ]
    assert unbalanced(cells, groups) == []
    assert len(unbalanced(cells.with_columns(n=pl.when(cell="year=1 · kind=1").then(9).otherwise("n")), groups)) == 2


def test_schools_within_municipalities_add_up_twice():
    cells = pl.DataFrame({"group_id": ["a", "a", "a", None], "school_id": ["1", "2", None, None], "n": [5, 6, 11, 11]})
    groups = margins(cells.with_columns(cell=cell_ids(["group_id", "school_id"])), ["group_id", "school_id"])
    assert groups["group"].unique().sort().to_list() == ["group_id=+ · school_id=*", "group_id=a · school_id=+"]


@given(cubes(dimensions=3, size=3))
@settings(max_examples=40, deadline=None)
def test_no_hidden_cell_is_alone_in_a_sum(drawn):
    cells, names = drawn
    groups = margins(cells, names)
    ordered = complementary(primary(cells, PUBLIC), groups).sort("cell")
    alone = membership(ordered, groups) @ ordered.select(is_hidden()).to_series().to_numpy().astype(float)
    assert not (alone == 1).any()


def reader_sees(cells: pl.DataFrame) -> pl.DataFrame:
    return banded(primary(cells, PUBLIC)).filter(pl.col("code").is_null())


EVERY = (
    pl.DataFrame({"n": range(10, LARGEST + 1)})
    .with_columns(count=pl.int_ranges(0, pl.col("n") + 1))
    .explode("count")
    .pipe(reader_sees)
)
"""Every cell that may be shown."""


@pytest.mark.parametrize("told", [["n_text", "share_text"], ["n", "share_text"]], ids=["band of n", "n known besides"])
def test_no_band_says_that_none_one_or_two_are_meant(told):
    """Of whoever knows the rules of hiding, and even the number of participants."""
    few = pl.min_horizontal("count", pl.col("n") - pl.col("count"))
    for side in (pl.col("count"), pl.col("n") - pl.col("count")):
        pinned = EVERY.group_by(told).agg(values=side.n_unique(), least=few.min()).filter(values=1, least=0)
        assert pinned.is_empty()
    assert EVERY.select(few.is_between(1, 2).any()).item() is False


def test_narrower_end_bands_would_say_it():
    """«≤5 %» of 20–49, with ones and twos hidden, is «no one»: why the end reaches three people far."""
    low = EVERY.filter(pl.col("n") < 50, pl.col("count") / pl.col("n") <= 0.05)
    assert low["count"].unique().to_list() == [0]


def test_bands_hold_what_they_show():
    share = pl.col("count") / pl.col("n")
    inside = [
        pl.col("n") >= pl.col("n_low"),
        (pl.col("n") <= pl.col("n_high")) | pl.col("n_high").is_null(),
        share >= pl.col("share_low") - 1e-12,
        share <= pl.col("share_high") + 1e-12,
    ]
    assert EVERY.select(pl.all_horizontal(inside).all()).item() is True


def test_ends_are_three_of_the_fewest_people():
    counted = BANDS.filter(pl.col("n_from") >= PUBLIC.extreme_n)
    assert (counted["end"] * counted["n_from"] >= 100 * PUBLIC.least_count).all()


@pytest.mark.parametrize(
    ("n", "count", "n_text", "share_text"),
    [
        (12, 4, "10–19", "30–35\u00a0%"),
        (40, 3, "20–49", "≤15\u00a0%"),
        (40, 40, "20–49", "≥85\u00a0%"),
        (64, 16, "50–99", "25\u00a0%"),
        (90, 0, "50–99", "≤6\u00a0%"),
        (4000, 3980, "3000 и больше", "≥99\u00a0%"),
        (30, 1, HIDDEN_WORD, HIDDEN_WORD),
    ],
)
def test_texts(n, count, n_text, share_text):
    seen = banded(primary(pl.DataFrame({"n": [n], "count": [count]}), PUBLIC))
    assert seen.select("n_text", "share_text").row(0) == (n_text, share_text)


def test_rows_keep_their_order_and_official_use_is_exact():
    cells = primary(pl.DataFrame({"n": [60, 3, 25], "count": [10, 1, 5]}), INTERNAL)
    assert banded(primary(cells, PUBLIC))["n"].to_list() == [60, 3, 25]
    assert exact(cells)["n_text"].to_list() == ["60", Code.FEW, "25"]
    assert exact(cells)["share_text"].to_list() == ["16,7\u00a0%", Code.FEW, "20,0\u00a0%"]


def municipalities(sizes: dict[str, int], districts: dict[str, str] | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    named = pl.DataFrame({"group_id": list(sizes), "group_name": [name.upper() for name in sizes]}).with_columns(
        district=pl.col("group_id").replace_strict(districts or {}, default=None, return_dtype=pl.String)
    )
    schools = [(f"{name}{number}", name) for name, size in sizes.items() for number in range(size)]
    return named, pl.DataFrame(schools, schema={"school_id": pl.String, "group_id": pl.String}, orient="row")


def published(*of) -> dict[str, str]:
    return dict(merge_small(*of).select("group_id", "published").iter_rows())


def test_small_municipalities_stand_together():
    assert published(*municipalities({"a": 5, "b": 1, "c": 2, "d": 4})) == {"a": "A", "b": REST, "c": REST, "d": "D"}


def test_a_single_small_one_takes_the_next_smallest_in():
    """Alone in the rest it would be the region less all others."""
    assert published(*municipalities({"a": 5, "b": 2, "d": 4})) == {"a": "A", "b": REST, "d": REST}


def test_a_district_comes_whole():
    sizes = {"a": 5, "b": 2, "c": 4, "d": 1, "e": 2}
    north = "Север"
    done = published(*municipalities(sizes, {"b": north, "c": north}))
    assert done == {"a": "A", "b": north, "c": north, "d": REST, "e": REST}


def test_the_year_with_the_fewest_schools_counts():
    named, schools = municipalities({"a": 3, "b": 4, "c": 6})
    by_year = schools.join(pl.DataFrame({"year": [1, 2]}), how="cross").filter(
        (pl.col("year") == 1) | (pl.col("school_id") != "a0")
    )
    assert published(named, by_year) == {"a": REST, "b": REST, "c": "C"}


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 6), min_size=1),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["Север", "Юг"])),
)
@settings(max_examples=60, deadline=None)
def test_published_groups_are_large_enough_and_the_rest_is_no_single_one(sizes, districts):
    named, schools = municipalities(sizes, districts)
    done = merge_small(named, schools)
    assert done["group_id"].to_list() == sorted(sizes)
    groups = done.group_by("published").agg(pl.col("schools").first(), members=pl.len())
    assert groups.height == 1 or (groups["schools"] >= 3).all()
    assert groups.height == 1 or (groups.filter(published=REST)["members"] >= 2).all()
    assert groups["schools"].sum() == sum(sizes.values())
    shuffled = merge_small(named.reverse(), schools.reverse())
    assert shuffled.equals(done)
