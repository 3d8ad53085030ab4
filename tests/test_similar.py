"""Similar schools against comparing every school with every other."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from helpers.model.similar import similar
from helpers.params import SimilarRules

RULES = SimilarRules(k=7, source="test")


def tables(z, why_excluded=None):
    """Tables `wellbeing_index` and `schools` of 2021 from z-scores, array schools × indicators."""
    keys = pl.DataFrame({"school_id": [f"{i:04}" for i in range(len(z))]}, schema={"school_id": pl.String})
    keys = keys.with_columns(year=pl.lit(2021, pl.Int64))
    schools = keys.with_columns(
        school_type=pl.concat_str(pl.lit("type of "), "school_id"),
        locality=pl.concat_str(pl.lit("place of "), "school_id"),
        why_excluded=pl.Series(why_excluded or [None] * len(z), dtype=pl.String),
    )
    return keys.with_columns(pl.Series(f"z_{i}", z[:, i], pl.Float64) for i in range(z.shape[1])), schools


def compared_with_all(z, school, k):
    """(neighbour, distance) of the k nearest, equal distances by place in `z`."""
    distance = np.sqrt(((z - z[school]) ** 2).mean(axis=1))
    others = [other for other in range(len(z)) if other != school]
    return [(o, distance[o]) for o in sorted(others, key=lambda o: (round(distance[o], 9), o))[:k]]


@pytest.mark.parametrize(
    "z",
    [
        np.random.default_rng(70).normal(0, 1, (200, 3)),
        # many schools alike, many equally far
        np.random.default_rng(71).integers(0, 3, (200, 3)).astype(float),
        np.zeros((30, 2)),
        np.arange(5.0)[:, None],
    ],
    ids=["all different", "many ties", "all equal", "fewer than k"],
)
def test_neighbours_are_the_nearest_of_all(z):
    table = similar(*tables(z), RULES, 2021)
    assert table.height == len(z) * min(7, len(z) - 1)
    for school in range(len(z)):
        rows = table.filter(school_id=f"{school:04}")
        expected = compared_with_all(z, school, 7)
        assert rows["place"].to_list() == list(range(1, len(expected) + 1))
        assert rows["neighbour_id"].to_list() == [f"{other:04}" for other, _ in expected]
        assert rows["distance"].to_list() == pytest.approx([distance for _, distance in expected], abs=1e-9)


def test_schools_left_out_by_type_neither_ask_nor_are_offered_and_others_do():
    z = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    table = similar(*tables(z, [None, "type", "small_n", None]), SimilarRules(k=1, source="test"), 2021)
    # 0000 and 0003 are each √((3² + 4²)/2) from 0002.
    assert table.rows() == [
        ("0000", "0002", 1, pytest.approx(12.5**0.5), *described("0000"), *described("0002")),
        ("0002", "0000", 1, pytest.approx(12.5**0.5), *described("0002"), *described("0000")),
        ("0003", "0002", 1, pytest.approx(12.5**0.5), *described("0003"), *described("0002")),
    ]


def described(school):
    return f"type of {school}", f"place of {school}"


def test_other_years_do_not_count():
    index, schools = tables(np.random.default_rng(72).normal(0, 1, (20, 3)))
    before = index.with_columns(pl.lit(2020, pl.Int64).alias("year"), z_0=pl.lit(0.0))
    table = similar(index, schools, RULES, 2021)
    assert similar(pl.concat([before, index]), schools, RULES, 2021).equals(table)


@pytest.mark.parametrize("schools", [0, 1])
def test_nobody_is_similar_to_one_school_or_none(schools):
    table = similar(*tables(np.zeros((schools, 2))), RULES, 2021)
    assert table.is_empty()
    assert table.schema == similar(*tables(np.zeros((3, 2))), RULES, 2021).schema
