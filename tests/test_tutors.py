"""Tutor schools: the optimum against trying everything, costs by hand, limits and manual decisions, the demonstration region."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from copies import check_table
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import measure, tables
from helpers.params import TutorRules, TutorWeights
from helpers.problems import BadInput
from helpers.report import open_report
from helpers.support.supported import supported_schools
from helpers.support.tutors import assignment, standing, tutors

YEAR = 2021
WEIGHTS = {"context": 1.0, "school_type": 0.5, "locality": 0.25, "reachable": 0.25, "remote": 0.75, "subjects": 0.5}


def rules(**changes) -> TutorRules:
    weights = TutorWeights(**WEIGHTS | changes.pop("weights", {}))
    usual = {
        "cap": 2, "alternatives": 2, "max_cost": 9.0, "unknown_distance": 1.0, "unknown_share": 0.5, "subject_z": 0.5,
        "min_participants": 10, "reachable": [], "innovation_sites": [], "pins": {}, "bans": {},
    }  # fmt: skip
    return TutorRules(weights=weights, **usual | changes)


def region(*schools):
    """Tables from tuples (id, role, z, group, type, locality); role: s — supported, above, none or insufficient."""
    ids, roles, z, groups, types, localities = map(list, zip(*schools, strict=True))
    keys = pl.DataFrame({"school_id": ids}).with_columns(year=pl.lit(YEAR, pl.Int64))
    tier = {"above": "persistent", "insufficient": "insufficient_data"}
    return {
        "supported": pl.DataFrame({"school_id": [i for i, r in zip(ids, roles, strict=True) if r == "s"]}, schema={"school_id": pl.String}),
        "flags": pl.DataFrame(
            {
                "school_id": ids,
                "tier": [tier.get(role, "none") for role in roles],
                "direction": ["above" if role == "above" else "within" for role in roles],
            }
        ),
        "index": keys.with_columns(z_one=pl.Series(z, dtype=pl.Float64), z_two=pl.Series(z, dtype=pl.Float64)),
        "schools": keys.with_columns(
            school_type=pl.Series(types), locality=pl.Series(localities, dtype=pl.String), group_name=pl.Series(groups)
        ),
        "results": tables.empty("results"),
    }  # fmt: skip


def plain(school, role, z=0.0, group="север", kind="СОШ", locality="село"):
    return school, role, z, group, kind, locality


def matched(sources, of_rules):
    return tutors(**sources, rules=of_rules, year=YEAR)


def first(table):
    return {row["school_id"]: row for row in table.filter(place=1).iter_rows(named=True)}


def results(*rows):
    """Rows school, procedure, subject, participants, share of low results; grade 9."""
    names = ["school_id", "procedure", "subject", "n_participants", "share_low"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("n_participants").cast(pl.Float64), year=pl.lit(YEAR, pl.Int64), grade=pl.lit("9")
    )
    return tables.conformed("results", frame)


def cheapest(costs, cap, unmatched):
    """The least total over every way to give rows a column or none."""
    rows, columns = costs.shape
    totals = [
        sum(costs[row, column] if column >= 0 else unmatched[row] for row, column in enumerate(way))
        for way in product(range(-1, columns), repeat=rows)
        if all(way.count(column) <= cap for column in range(columns))
    ]
    return min(totals)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_optimum_is_that_of_trying_everything(data):
    rows, columns, cap = (data.draw(st.integers(low, high)) for low, high in ((1, 5), (0, 3), (1, 3)))
    price = st.one_of(st.integers(0, 40).map(lambda n: n / 8), st.just(np.inf))
    costs = np.array(data.draw(st.lists(price, min_size=rows * columns, max_size=rows * columns))).reshape(
        rows, columns
    )
    unmatched = np.array(data.draw(st.lists(st.integers(0, 40).map(lambda n: n / 8), min_size=rows, max_size=rows)))
    taken = assignment(costs, cap, unmatched)
    assert np.bincount(taken[taken >= 0], minlength=1).max() <= cap
    total = sum(costs[row, column] if column >= 0 else unmatched[row] for row, column in enumerate(taken))
    assert total == cheapest(costs, cap, unmatched)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_table_is_the_cheapest_that_pins_bans_and_caps_allow(seed):
    rng = np.random.default_rng(seed)
    helped, helping, cap = [f"s{i}" for i in range(4)], [f"t{i}" for i in range(3)], int(rng.integers(1, 3))
    kinds = [(school, "s") for school in helped] + [(tutor, "above") for tutor in helping]
    sources = region(*(plain(*kind, z=round(rng.normal(), 2), group=rng.choice(["север", "юг"])) for kind in kinds))
    bans = {
        school: list(rng.choice(helping, rng.integers(1, 3), replace=False))
        for school in helped[1:]
        if rng.random() < 0.5
    }
    decided = rules(cap=cap, max_cost=2.0, alternatives=3, pins={"s0": str(rng.choice(helping))}, bans=bans)
    table = matched(sources, decided)
    # every price is in the table of a run without limits
    free = matched(sources, rules(cap=4, alternatives=3, max_cost=99.0))
    price = {(s, t): c for s, t, c in free.select("school_id", "tutor_id", "cost").iter_rows()}
    allowed = [
        [np.inf if t in bans.get(s, []) else price[s, t] for t in helping] for s in helped
    ]  # fmt: skip
    pinned = helping.index(decided.pins["s0"])
    allowed[0] = [0.0 if column == pinned else np.inf for column in range(3)]
    found = first(table)
    paid = [0.0, *(found[s]["cost"] if found[s]["tutor_id"] else 2.0 for s in helped[1:])]
    assert sum(paid) == pytest.approx(cheapest(np.array(allowed), cap, np.array([np.inf, 2.0, 2.0, 2.0])))
    assert found["s0"]["tutor_id"] == decided.pins["s0"] and found["s0"]["reason"] == "pinned"
    assert table.filter(status="assigned")["tutor_id"].value_counts()["count"].max() <= cap
    assert not [row for row in table.iter_rows(named=True) if row["tutor_id"] in bans.get(row["school_id"], [])]


def test_a_cost_by_hand():
    sources = region(
        plain("a", "s", z=0.0),
        plain("b", "above", z=0.8, group="юг", kind="ООШ", locality="город"),
        plain("c", "none", z=1.0),
    )
    # Region's share of low results: Russian (10·0,6 + 10·0 + 10·0)/30 = 0,2; mathematics (5 + 1 + 0)/30 = 0,2.
    # a: +0,4 and +0,3; b: −0,2 and −0,1; c: −0,2 and −0,2. SDs 0,3464 and 0,2646:
    # a is weak in both; b is strong in Russian (−0,58), not in mathematics (−0,38).
    sources["results"] = results(
        ("a", "OGE", "rus", 10, 0.6), ("b", "OGE", "rus", 10, 0.0), ("c", "OGE", "rus", 10, 0.0),
        ("a", "OGE", "math", 10, 0.5), ("b", "OGE", "math", 10, 0.1), ("c", "OGE", "math", 10, 0.0),
    )  # fmt: skip
    row = first(matched(sources, rules()))["a"]
    assert row["cost"] == pytest.approx(0.8 + 0.5 + 0.25 + 0.75 + 0.5 / 2)
    assert (row["distance"], row["reach"], row["missing"]) == (pytest.approx(0.8), "remote", None)
    assert (row["weak_subjects"], row["subjects"]) == ("math,rus", "rus")
    assert (row["same_group"], row["same_type"], row["same_locality"]) == (False, False, False)
    near = first(matched(sources, rules(reachable=[["север", "юг"]])))["a"]
    assert near["reach"] == "reachable" and near["cost"] == pytest.approx(row["cost"] - 0.75 + 0.25)


def test_streams_of_an_exam_are_compared_apart_and_told_together():
    rows = [("a", "math_basic", 0.4), ("b", "math_basic", 0.0), ("a", "math_profile", 0.4), ("b", "math_profile", 0.4)]
    table = standing(results(*((s, "EGE", subject, 10, share) for s, subject, share in rows)), YEAR, 10)
    # a: 0,2 above the region in the basic stream, with it in the other: +0,1 in all; b as far below; SD 0,1·√2
    assert dict(table.select("school_id", "z").iter_rows()) == {
        "a": pytest.approx(0.5**0.5),
        "b": pytest.approx(-(0.5**0.5)),
    }
    assert table["subject"].unique().to_list() == ["math"]


def test_biased_and_small_results_say_nothing_of_a_subject():
    rows = results(("a", "VPR", "rus", 50, 0.5), ("b", "VPR", "rus", 50, 0.1), ("c", "VPR", "rus", 9, 0.1))
    assert standing(rows, YEAR, 10)["school_id"].sort().to_list() == ["a", "b"]
    assert standing(rows.with_columns(set_aside=pl.lit("biased")), YEAR, 10).is_empty()


def test_what_is_not_known_costs_the_neutral_and_is_named():
    sources = region(plain("a", "s", z=None, locality=None), plain("b", "above", z=5.0))
    row = first(matched(sources, rules()))["a"]
    assert row["missing"] == "school_context,school_results,tutor_results,locality"
    assert row["distance"] is None and row["cost"] == pytest.approx(1.0 + 0.5 * 0.25 + 0.5 * 0.5)
    sources = region(plain("a", "s"), plain("b", "above", z=None))
    assert first(matched(sources, rules()))["a"]["missing"] == "tutor_context,school_results,tutor_results"


@pytest.mark.parametrize(
    ("schools", "changes", "reason"),
    [
        ([plain("b", "none")], {}, "no_candidates"),
        ([plain("b", "above")], {"bans": {"a": ["b"]}}, "banned"),
        ([plain("b", "above", z=8.0)], {"max_cost": 2.0}, "too_far"),
        ([plain("b", "above", z=1.0), plain("c", "s", z=1.0)], {"cap": 1, "max_cost": 2.0}, "no_capacity"),
    ],
)
def test_a_school_without_a_tutor_has_a_reason(schools, changes, reason):
    row = first(matched(region(plain("a", "s"), *schools), rules(**changes)))["a"]
    assert (row["status"], row["tutor_id"], row["reason"], row["cost"]) == ("none", None, reason, None)


def test_candidates_are_above_or_sites_with_enough_data_and_not_helped_themselves():
    sources = region(
        plain("a", "s"),
        plain("b", "above"),
        plain("c", "none"),
        plain("d", "insufficient"),
        plain("e", "none"),
        plain("f", "s"),
    )
    table = matched(sources, rules(alternatives=9, innovation_sites=["b", "c", "d", "f"]))
    assert dict(table.filter(school_id="a").select("tutor_id", "tutor_why").iter_rows()) == {
        "b": "above,innovation_site", "c": "innovation_site",
    }  # fmt: skip


def test_alternatives_are_the_next_by_cost_taken_or_not():
    sources = region(plain("a", "s"), *(plain(f"t{i}", "above", z=0.1 * i) for i in range(5)))
    table = matched(sources, rules(alternatives=3))
    assert table["tutor_id"].to_list() == ["t0", "t1", "t2", "t3"]
    assert table["status"].to_list() == ["assigned"] + ["alternative"] * 3
    assert table["place"].to_list() == [1, 2, 3, 4] and table["reason"].to_list() == ["nearest", None, None, None]


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(5)
    kinds = [(f"s{i}", "s") for i in range(8)] + [(f"t{i}", "above") for i in range(4)]
    sources = region(*(plain(*kind, z=rng.integers(0, 3)) for kind in kinds))  # many ties
    table = matched(sources, rules())
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7) for name, frame in sources.items()}
    shuffled["supported"] = sources["supported"]  # sorted by its maker
    assert matched(shuffled, rules()).equals(table)


HELPED = [
    plain("a", "s"),
    plain("b", "s"),
    plain("c", "s"),
    plain("t", "above"),
    plain("u", "above"),
    plain("n", "none"),
]


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"pins": {"a": "x"}}, "pins.a", ["«x»", "исправьте код"]),
        ({"pins": {"x": "t"}}, "pins.x", ["«x»"]),
        ({"pins": {"n": "t"}}, "pins.n", ["«n»", "школа, которой помогают"]),
        ({"pins": {"a": "b"}}, "pins.a", ["тьютор «b», которому самому помогают"]),
        ({"pins": {"a": "n"}}, "pins.a", ["«n» — не кандидат", "innovation_sites"]),
        ({"pins": {"a": "t"}, "bans": {"a": ["t"]}}, "pins.a", ["и закреплена, и запрещена"]),
        ({"pins": {"a": "t", "b": "t", "c": "t"}}, "pins", ["закреплено школ: 3", "не больше cap: 2"]),
        ({"bans": {"a": ["x"]}}, "bans.a", ["«x»"]),
        ({"innovation_sites": ["x"]}, "innovation_sites", ["«x»"]),
        ({"reachable": [["север", "запад"]]}, "reachable", ["«запад»", "название муниципалитета"]),
    ],
)
def test_decisions_that_contradict_are_refused(changes, key, words):
    with pytest.raises(BadInput) as refused:
        matched(region(*HELPED), rules(**changes))
    (sentence,) = [str(problem) for problem in refused.value.problems]
    assert f"ключ «support.tutors.{key}»" in sentence
    assert all(word in sentence for word in words)


def test_all_contradictions_are_told_at_once():
    wrong = {"pins": {"a": "b", "b": "x"}, "bans": {"c": ["y"]}, "reachable": [["запад", "север"]]}
    with pytest.raises(BadInput) as refused:
        matched(region(*HELPED), rules(**wrong))
    assert len(refused.value.problems) == 4


def test_without_a_programme_nobody_is_supported():
    sources = region(plain("a", "none"), plain("b", "above"))
    flags = sources["flags"].with_columns(direction=pl.lit("below"), tier=pl.lit("persistent"))
    supported = supported_schools(tables.empty("programme"), flags, sources["schools"], YEAR)
    assert supported.is_empty()
    table = tutors(supported, flags, sources["index"], sources["schools"], sources["results"], rules(), YEAR)
    assert table.is_empty() and table.schema == tables.empty("tutors").schema


def test_supported_are_members_of_the_year_and_named_below():
    ids = ["a", "b", "c", "d", "e"]
    schools = pl.DataFrame({"school_id": ids, "year": [YEAR] * 4 + [YEAR - 1]})
    programme = pl.DataFrame(
        [("a", "regional", 2021, None), ("a", "project_500", 2020, 2021), ("b", "regional", 2019, 2020),
         ("c", "regional", 2022, None), ("e", "regional", 2020, None)],
        schema=["school_id", "programme", "from_year", "to_year"], orient="row",
    )  # fmt: skip
    tiers, directions = ["watch", "dependent", "none", "watch", "none"], ["below", "below", "within", "below", "within"]
    flags = pl.DataFrame({"school_id": ids, "tier": tiers, "direction": directions})
    assert supported_schools(programme, flags, schools, YEAR).rows() == [
        ("a", "below,project_500,regional"),
        ("d", "below"),
    ]


@pytest.fixture(scope="module")
def demo(clean, from_clean):
    """The demonstration region, its schools named by the truth planted in them."""
    report, read = open_report(str(clean)), from_clean.tables
    params, described = report.params, report.params.described
    fitted = read["schools"].filter("in_model").select("year", "school_id")
    scale = measure.index_scale(
        read["context"], fitted, described.indicators, params.index, params.context_class, params.base_year
    )
    truth = pl.read_csv(clean.parent / "_truth" / "effects.csv").filter(year=YEAR)
    direction = (
        pl.when(pl.col("persistent") > 0.25)
        .then(pl.lit("above"))
        .when(pl.col("persistent") < -0.25)
        .then(pl.lit("below"))
    )
    flags = truth.select("school_id", direction=direction).with_columns(
        tier=pl.when(pl.col("direction").is_null()).then(pl.lit("none")).otherwise(pl.lit("persistent"))
    )
    return {
        "supported": supported_schools(read["programme"], flags, read["schools"], YEAR),
        "flags": flags,
        "index": measure.wellbeing_index(read["context"], described.indicators, scale, params.index),
        "schools": read["schools"],
        "results": read["results"],
    }, params.support.tutors  # fmt: skip


def test_every_supported_school_of_the_region_has_a_tutor_or_a_reason(demo):
    sources, decided = demo
    table = matched(sources, decided)
    check_table("tutors", table)
    found = first(table)
    assert set(found) == set(sources["supported"]["school_id"]) and len(found) >= 26
    for row in found.values():
        assert (row["tutor_id"] is None) == (row["status"] == "none")
        assert row["reason"] in ({"no_capacity", "too_far"} if row["tutor_id"] is None else {"nearest"})
    assigned = table.filter(status="assigned")
    assert assigned["tutor_id"].value_counts()["count"].max() <= decided.cap
    assert assigned["cost"].max() <= decided.max_cost
    assert not set(table["tutor_id"].drop_nulls()) & set(sources["supported"]["school_id"])


def test_the_regions_pins_and_bans_hold(demo):
    sources, decided = demo
    table = matched(sources, decided)
    moved = table.filter(place=2, status="alternative").join(
        table.filter(status="assigned").select("school_id", before="tutor_id"), on="school_id"
    )  # fmt: skip
    school, pinned, banned = moved.row(0, named=True)["school_id"], moved["tutor_id"][0], moved["before"][0]
    again = first(matched(sources, decided.model_copy(update={"pins": {school: pinned}})))
    assert (again[school]["tutor_id"], again[school]["reason"]) == (pinned, "pinned")
    without = matched(sources, decided.model_copy(update={"bans": {school: [banned]}})).filter(school_id=school)
    assert banned not in without["tutor_id"].to_list()
