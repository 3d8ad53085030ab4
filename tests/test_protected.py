"""The public tables of data that are not open: cells by hand, what an attacker can work out of them, editions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from helpers import tables
from helpers.disclosure import cells, coarse, disclose, groups, helped
from helpers.disclosure.protected import check_rules, protected_numbers, protected_tables, with_numbers
from helpers.disclosure.protection import protect
from helpers.disclosure.rounding import HIDDEN_WORD, banded, exact
from helpers.disclosure.suppression import REST, Code, Rules, Why, cell_ids, is_hidden
from helpers.params import Assessment, DisclosureRules
from helpers.problems import BadInput
from helpers.report import PROJECT, Report, open_report

RULES = DisclosureRules(least_n=10, least_count=3, extreme_n=20, width=3, least_schools=3, source="тест")
PEOPLE, COUNTED = Rules.of(RULES), Rules(1, 1, 1, 2)
PARAMS = open_report("kamchatka-2021").params
MEASURES = ("index_scale", "reliability", "weights", "spreads")
NAMES = {"a": "Алый", "b": "Белый", "c": "Вишнёвый", "d": "Голубой", "e": "Дымчатый"}


def rules(**changed) -> DisclosureRules:
    return RULES.model_copy(update=changed)


def registry(*rows: tuple[int, str, str]) -> pl.DataFrame:
    """Table `schools` of (year, school, municipality)."""
    return pl.DataFrame(rows, schema=["year", "school_id", "group_id"], orient="row").with_columns(
        school_name=pl.format("Школа {}", "school_id"),
        group_name=pl.col("group_id").replace_strict(NAMES),
        school_type=pl.lit("СОШ"),
        locality=pl.lit("село"),
        in_model=pl.lit(True),
        why_excluded=pl.lit(None, pl.String),
    )


def of_sizes(year: int = 2021, **sizes: int) -> pl.DataFrame:
    """A registry with so many schools in each municipality, `a1`, `a2`, …"""
    return registry(*((year, f"{place}{n}", place) for place, size in sizes.items() for n in range(1, size + 1)))


# municipalities under their published names


def ids(published: pl.DataFrame) -> dict[str, str]:
    return dict(published.select("municipality", "group_id").iter_rows())


def test_small_municipalities_are_published_together_and_the_id_says_which():
    published = groups.published_groups(of_sizes(a=3, b=2, c=1, d=4), [2021], RULES)
    assert ids(published) == {"a": "a", "b": "b+c", "c": "b+c", "d": "d"}
    assert published.filter(municipality="b").select("group_name", "members").row(0) == (REST, "Белый; Вишнёвый")
    assert published.filter(municipality="a").select("group_name", "members").row(0) == ("Алый", "Алый")


def test_a_small_municipality_takes_its_district_along_and_the_rest_the_next_smallest():
    districts = {"Белый": "Север", "Голубой": "Север"}
    published = groups.published_groups(of_sizes(a=3, b=2, c=1, d=4), [2021], rules(districts=districts))
    assert ids(published) == {"a": "a+c", "b": "b+d", "c": "a+c", "d": "b+d"}
    assert published.filter(municipality="d")["group_name"].item() == "Север"


def test_the_year_with_the_fewest_schools_counts_of_the_reports_years_only():
    schools = pl.concat([of_sizes(2019, a=3, b=3, c=1), of_sizes(2020, a=1, b=3, c=3), of_sizes(2021, a=3, b=3, c=3)])
    assert ids(groups.published_groups(schools, [2021], RULES)) == {"a": "a", "b": "b", "c": "c"}
    assert ids(groups.published_groups(schools, [2020, 2021], RULES)) == {"a": "a+b", "b": "a+b", "c": "c"}


def test_a_school_that_moved_counts_where_it_was_each_year_and_no_row_is_lost():
    schools = registry((2020, "x", "a"), (2021, "x", "b"), (2020, "y", "a"), (2021, "y", "a"))
    published = pl.DataFrame({"municipality": ["a", "b"], "group_id": ["a", "b"]})
    by_year = pl.DataFrame({"year": [2020, 2021, 2020, 2021], "school_id": ["x", "x", "y", "y"], "value": [1, 2, 3, 4]})
    assert groups.regrouped(by_year, schools, published).sort("value")["group_id"].to_list() == ["a", "b", "a", "a"]
    of_school = groups.regrouped(pl.DataFrame({"school_id": ["x", "y"]}), schools, published)
    assert dict(of_school.iter_rows()) == {"x": "b", "y": "a"}


def test_means_of_a_group_are_of_three_schools_and_of_none_that_all_but_name_their_schools():
    schools = of_sizes(a=3, b=3, c=3)
    published = groups.published_groups(schools, [2021], RULES)
    flags = pl.DataFrame({"school_id": ["a1"], "direction": ["above"]})
    listed = groups.directory(schools, published, flags, 2021, rules(named=["a1"]))
    assert listed.filter(pl.col("named").is_not_null())["school_id"].to_list() == ["a1"]
    index = pl.DataFrame({"school_id": ["a1", "a2", "a3", "b1"], "index": [40.0, 50.0, 51.2, 60.0]})
    effect = pl.DataFrame({"school_id": [*listed["school_id"]], "effect": [0.1, -0.1, 0.04, -0.3, -0.4, -0.5, 1, 1, 1]})
    made = groups.group_table(listed, published, index, effect.filter(pl.col("school_id") != "a2"), 3, 0.1)
    assert made.select("group_id", "schools", "mean_index", "mean_effect").rows() == [
        ("a", 3, 47.0, 0.0), ("b", 3, None, -0.1), ("c", 3, None, 0.1),
    ]  # fmt: skip
    assert str(made["mean_effect"][0]) == "0.0", "a zero with a sign tells the side"


def test_a_mean_effect_does_not_tell_how_many_schools_have_a_conclusion():
    """All below, none judged, one named: whatever the conclusions, a number stands there."""
    schools = of_sizes(a=3, b=3, c=3)
    published = groups.published_groups(schools, [2021], RULES)
    listed = groups.directory(schools, published, pl.DataFrame({"school_id": [""], "direction": [""]}), 2021, RULES)
    index = pl.DataFrame({"school_id": listed["school_id"], "index": [50.0] * 9})
    effect = pl.DataFrame({"school_id": ["a1", "a2", "a3", "c1"], "effect": [-0.5, -0.6, -0.4, -0.09]})
    made = groups.group_table(listed, published, index, effect, 3, 0.1)
    assert made["mean_effect"].to_list() == [-0.1, 0.0, 0.0]


def test_help_is_counted_of_the_programmes_schools_and_no_measure_is_the_number_below():
    """Of four helped schools s4 is in no programme: the total would say so; so would a measure of just those below."""
    programme = pl.DataFrame({"school_id": ["s1", "s2", "s3"], "from_year": [2020] * 3, "to_year": [None, 2021, 2020]})
    advised = pl.DataFrame({"school_id": ["s1", "s2", "s4", "s1"], "rule_id": ["below", "below", "below", "other"]})
    internal = {"programme": programme, "recommendations": advised, "risk_profile": advised, "tutors": advised}
    made = helped.of_programme(internal, 2021)
    assert set(made["recommendations"]["school_id"]) == set(made["risk_profile"]["school_id"]) == {"s1", "s2"}
    told = pl.DataFrame({"school_id": ["s1", "s2", "s4"], "direction": ["below"] * 3})
    assert helped.of_conclusion(made, told) == {"below"}


def test_what_the_region_has_none_of_is_no_secret_of_a_group():
    table = flags(x="wwwwbbbuuu", y="wwwwwwuuu")
    assert why(table)[("x", "above")] is None
    assert why(table)[("y", "below")] == Why.SCHOOLS
    rows = [("a", f"a{n}", 0.0) for n in range(3)] + [("b", f"b{n}", 0.0) for n in range(3)]
    nobody = pl.DataFrame(rows, schema=["group_id", "school_id", "n"], orient="row").with_columns(
        year=2021, stage=pl.lit("x"), place=1
    )
    assert helped.funnel_cells(nobody, RULES)["why"].to_list() == [None] * 3


# cells of results and of context


def results(*rows: tuple) -> pl.DataFrame:
    """Rows of (group, school, n, mean, share of low results), and whatever else differs."""
    common = {"year": 2021, "procedure": "OGE", "subject": "rus", "grade": "9", "set_aside": None}
    named = [
        {**common, "group_id": place, "school_id": school, "n_participants": n, "mean": mean, "share_low": low, **more}
        for place, school, n, mean, low, more in (row if len(row) == 6 else (*row, {}) for row in rows)
    ]
    return pl.DataFrame(named, schema_overrides={"set_aside": pl.String, "share_low": pl.Float64})


WANTED = [Assessment(procedure=name, subject=subject, title="t") for name in ("OGE", "VPR") for subject in ("rus",)]


def test_results_of_a_group_are_added_up_by_hand():
    made = cells.result_cells(
        results(
            ("a", "a1", 20, 3.5, 0.1), ("a", "a2", 30, 4.0, 0.2), ("a", "a3", 10, 3.0, 0.0),
            ("a", "a4", 50, 5.0, 0.5, {"set_aside": "biased"}), ("a", "a1", 9, 3.0, 0.5, {"subject": "bio"}),
            ("a", "a1", 99, 3.0, 0.5, {"year": 2020}), ("b", "b1", 40, 4.5, 0.05),
            ("b", "b2", 3, 2.0, 1.0), ("b", "b3", 2, 3.0, 0.0), ("c", "c1", 40, 3.0, 0.1), ("c", "c2", 60, 3.0, 0.1),
        ),
        WANTED, [2021], RULES,
    )  # fmt: skip
    told = made.select("group_id", "n", "count", "schools", pl.col("mean").round(4), "why").sort("group_id")
    assert told.rows() == [
        (None, 205, 2 + 6 + 0 + 2 + 3 + 0 + 4 + 6, 8, round((70 + 120 + 30 + 180 + 6 + 6 + 300) / 205, 4), None),
        ("a", 60, 8, 3, round(220 / 60, 4), None),
        ("b", 45, 5, 3, round(192 / 45, 4), Why.OTHERS),  # five without the school of forty
        ("c", 100, 10, 2, 3.0, Why.SCHOOLS),
    ]


def test_a_procedure_of_the_region_only_has_its_row_alone_and_an_unknown_share_makes_the_count_unknown():
    rows = results(*(("a", f"a{n}", 20, 3.5, None if n == 3 else 0.1, {"procedure": "VPR"}) for n in (1, 2, 3)))
    made = cells.result_cells(rows, WANTED, [2021], rules(region_only=["VPR"]))
    assert made.select("group_id", "n", "count").rows() == [(None, 60, None)]


def test_context_counts_the_pupils_of_schools_whose_share_is_known():
    table = pl.DataFrame(
        {
            "year": [2021] * 4, "school_id": ["a1", "a2", "a3", "a4"], "group_id": ["a"] * 4,
            "n_pupils": [100.0, 50.0, 30.0, 0.0], "poor": [0.11, None, 0.2, 0.5], "rich": [0.5, 0.5, 0.5, 0.5],
        }
    )  # fmt: skip
    made = cells.context_cells(table, ["poor", "rich"], [2021], RULES).filter(group_id="a")
    assert made.select("indicator", "n", "count", "schools", "why").sort("indicator").rows() == [
        ("poor", 130.0, 17.0, 2, Why.SCHOOLS), ("rich", 180.0, 90.0, 3, None),
    ]  # fmt: skip


def shown_numbers(made: pl.DataFrame) -> pl.DataFrame:
    return with_numbers(protect(made, cells.RESULTS, PEOPLE, banded), cells.RESULTS, PEOPLE)


def test_numbers_are_shown_where_only_the_share_is_hidden_and_hidden_in_pairs():
    """a has one low result: a share hidden, and b's with it. c has few people: its number is hidden, and b's with it."""
    one_low = [("a", f"a{n}", 20, 4.0, 0.05 if n == 1 else 0.0) for n in (1, 2, 3)]
    many = [(place, f"{place}{n}", size, 4.0, 0.2) for place, size in (("b", 25), ("d", 60)) for n in (1, 2, 3)]
    seen = shown_numbers(cells.result_cells(results(*one_low, *many), WANTED, [2021], RULES))
    assert set(seen.filter(is_hidden())["group_id"]) == {"a", "b"}
    assert seen["told"].all()
    assert dict(seen.select("group_id", "n_text").iter_rows()) == {
        None: "300–999", "a": "50–99", "b": "50–99", "d": "100–299"
    }  # fmt: skip
    few = [("c", f"c{n}", 2, 4.0, 0.5) for n in (1, 2, 3)]
    seen = shown_numbers(cells.result_cells(results(*few, *many), WANTED, [2021], RULES))
    assert dict(seen.select("group_id", "n_text").iter_rows()) == {
        None: "100–299", "b": HIDDEN_WORD, "c": HIDDEN_WORD, "d": "100–299"
    }  # fmt: skip
    assert dict(seen.select("group_id", "told").iter_rows()) == {None: True, "b": False, "c": False, "d": True}


# schools by conclusion


def flags(**groups_: str) -> pl.DataFrame:
    """Schools of each group by letter: b(elow), w(ithin), a(bove), u(nknown); capitals: anyone knows."""
    words = {"b": "below", "w": "within", "a": "above", "u": None}
    rows = [
        (place, f"{place}{n}", words[letter.lower()], letter.isupper(), "middle")
        for place, letters in groups_.items()
        for n, letter in enumerate(letters)
    ]
    return pl.DataFrame(rows, schema=["group_id", "school_id", "direction", "known", "context_class"], orient="row")


def why(table: pl.DataFrame) -> dict[tuple, str | None]:
    return {(group, direction): reason for group, direction, reason in
            cells.flag_cells(table, 2021, RULES).select("group_id", "direction", "why").iter_rows()}  # fmt: skip


def test_counts_of_schools_hide_none_one_and_two_and_never_what_is_published_anyway():
    table = flags(x="wwwwbbauuu", y="wwwwwwuuu")
    made = cells.flag_cells(table, 2021, RULES)
    assert made.filter(group_id="y", direction="below").select("n", "why").row(0) == (0.0, Why.SCHOOLS)
    assert why(table) == {
        (None, None): None, ("x", None): None, ("y", None): None,
        (None, "above"): None, (None, "below"): None, (None, "within"): None, (None, "unknown"): None,
        ("x", "unknown"): None, ("y", "unknown"): None,
        ("x", "above"): Why.SCHOOLS, ("x", "below"): Why.SCHOOLS, ("x", "within"): None,
        ("y", "above"): Why.SCHOOLS, ("y", "below"): Why.SCHOOLS, ("y", "within"): None,
    }  # fmt: skip
    assert (
        made.filter("fixed").select("group_id", "direction").rows()
        == made.filter(pl.any_horizontal(pl.col("group_id", "direction").is_null()))
        .select("group_id", "direction")
        .rows()
    )


@pytest.mark.parametrize(
    ("letters", "hidden"),
    [
        ("bbb", True),  # all of them
        ("bbbuuu", True),  # all that were judged: evening schools are known to have no conclusion
        ("bbbw", True),  # the head of the one school knows the rest
        ("bbbww", False),
        ("bbbAA", True),  # two are named as above: the rest are below
        ("bbbAAww", False),
    ],
)
def test_a_group_whose_schools_are_all_below_does_not_say_so(letters, hidden):
    assert why(flags(x=letters, y="bbbwww"))[("x", "below")] == (Why.EXTREME if hidden else None)


def test_of_hidden_conclusions_is_counted_in_what_anyone_knows():
    """x: one of four is named above, one is an evening school; the region has one below."""
    seen = protect(cells.flag_cells(flags(x="AUwb", y="wwwwaaa"), 2021, RULES), cells.FLAGS, COUNTED, cells.shown_flags)
    of_x = seen.filter(pl.col("group_id") == "x", is_hidden())
    known = {row[0]: row[1:] for row in of_x.select("direction", "n_low", "n_high").iter_rows()}
    assert known == {"above": (1, 3), "unknown": (1, 1), "below": (0, 1), "within": (0, 2)}
    assert seen.filter("fixed").select(is_hidden()).to_series().sum() == 0


def test_a_region_without_a_school_below_need_not_hide_the_rest():
    made = cells.flag_cells(flags(x="wwwaaa", y="wwwwaaa"), 2021, RULES)
    seen = protect(made, cells.FLAGS, COUNTED, cells.shown_flags)
    shown = seen.filter(~is_hidden(), pl.col("group_id") == "x", pl.col("direction").is_not_null())
    assert shown.select("direction", "n").rows() == [("above", 3), ("below", 0), ("unknown", 0), ("within", 3)]
    assert seen.filter(pl.col("group_id").is_null(), direction="below")["n"].item() == 0


def test_types_count_every_pair():
    table = flags(x="bw").with_columns(context_class=pl.Series(["middle", None]))
    assert cells.type_counts(table).sort("context_class", "direction").rows() == [
        ("middle", "above", 0), ("middle", "below", 1), ("middle", "unknown", 0), ("middle", "within", 0),
        ("none", "above", 0), ("none", "below", 0), ("none", "unknown", 0), ("none", "within", 1),
    ]  # fmt: skip


# bins, fits, help


@given(
    st.lists(st.floats(-50, 150).map(lambda value: round(value, 2)), max_size=60),
    st.sampled_from([0.2, 4.0]),
    st.integers(1, 6),
)
@settings(max_examples=60, deadline=None)
def test_every_bin_has_enough_schools_its_ends_hold_and_the_outer_ones_are_open(values, width, least):
    table = pl.DataFrame(
        {"year": 2021, "school_id": [str(n) for n in range(len(values))], "v": values},
        schema_overrides={"v": pl.Float64},
    )
    made = coarse.bins(table, "v", width, least)
    assert made.height == (len(values) if len(values) >= least else 0)
    if made.is_empty():
        return
    of_bin = made.group_by("bin").agg(pl.len(), pl.col("lower", "upper").first()).sort("bin")
    assert (of_bin["len"] >= least).all()
    assert of_bin["lower"][0] is None
    assert of_bin["upper"][-1] is None
    ends = list(of_bin.select("lower", "upper").iter_rows())
    assert all(upper == lower and upper is not None for (_, upper), (lower, _) in pairwise(ends))
    outside = (pl.col("v") < pl.col("lower") - 1e-6) | (pl.col("v") > pl.col("upper") + 1e-6)
    assert made.filter(outside).is_empty()


def test_link_is_of_fitted_schools_in_tenths():
    rows = [(2021, f"s{n}", 40.0 + n / 10, 0.13 + n / 100, 0.2, n < 3) for n in range(5)]
    table = pl.DataFrame(rows, schema=["year", "school_id", "index", "outcome", "expected", "in_model"], orient="row")
    assert coarse.link_bins(table, 3).rows() == [(2021, 1, None, None, 3, 0.1, 0.2)]
    assert coarse.link_bins(table, 4).is_empty()


def test_a_row_with_none_one_or_two_schools_loses_all_its_counts():
    table = pl.DataFrame({"x": [0, 1, 3], "y": [8, 9, 40]})
    assert coarse.without_few(table, ["x", "y"], 3).rows() == [(None, None), (None, None), (3, 40)]


def test_the_mean_index_of_the_fit_is_told_only_where_the_line_is_bent():
    fit = dict.fromkeys(("intercept", "slope", "slope_se", "intercept_se", "tau2", "r2"), 0.1) | {
        "n_schools": 80,
        "centre": 49.7,
    }
    years = [{"year": 2020, "bend": 0.0, **fit}, {"year": 2021, "bend": 0.02, **fit}]
    told = coarse.coarse_model({"years": years, "pooled": {}, "year_to_year": [], "specification": ""})["years"]
    assert [year.get("centre") for year in told] == [None, 49.7]


def test_a_year_in_which_context_explains_nothing_is_published_so():
    fit = dict.fromkeys(("intercept", "slope", "slope_se", "intercept_se", "tau2"), 0.1) | {"n_schools": 80, "r2": None}
    years = [{"year": 2021, "bend": 0.0, **fit}]
    (told,) = coarse.coarse_model({"years": years, "pooled": {}, "year_to_year": [], "specification": ""})["years"]
    assert told["r2"] is None


def test_numbers_of_the_models_are_a_list_of_what_is_told():
    fit = dict.fromkeys(("intercept", "slope", "slope_se", "intercept_se", "bend", "centre", "tau2", "r2"), 0.123456)
    model = {
        "years": [{"year": 2021, "n_schools": 80, **fit, "influential": ["k001"], "lowess": [1.0]}],
        "pooled": {"years": [2021], "n_years": 1, "persistent": 0.0479, "transient": None, "leverage": {"k001": 1}},
        "year_to_year": [{"year": 2019, "next_year": 2021, "n_schools": 3, "correlation": None}],
        "specification": "текст", "worst": "k001",
    }  # fmt: skip
    measures = {name: {"x": [1.23456]} for name in MEASURES} | {"best": "k002"}
    summary = {"schools": 114, "below": {"false": 0.03456}}
    made = protected_numbers({"model": model, "measures": measures, "summary": summary})
    assert made["model"] == {
        "years": [{"year": 2021, "intercept": 0.12, "slope": 0.123, "slope_se": 0.123, "intercept_se": 0.12,
                   "bend": 0.123, "centre": 0.1, "tau2": 0.123, "r2": 0.12, "n_schools": 80}],
        "pooled": {"years": [2021], "n_years": 1, "persistent": 0.048, "transient": None},
        "year_to_year": [{"year": 2019, "next_year": 2021, "n_schools": 3, "correlation": None}],
        "specification": "текст",
    }  # fmt: skip
    assert made["measures"] == {name: {"x": [1.235]} for name in MEASURES}
    assert made["summary"] == {"schools": 114, "below": {"false": 0.03}}


def test_the_help_is_counted_with_all_pairs_and_fixed_totals():
    empty = {name: tables.empty(name) for name in ("risk_profile", "recommendations", "tutors", "roadmap_status")}
    risk = pl.DataFrame({"factor": ["staff"] * 5 + ["parents"], "level": ["high"] * 3 + ["low", None, "low"]})
    internal = empty | {
        "risk_profile": risk,
        "recommendations": pl.DataFrame(
            {"school_id": ["a", "a", "b", "c", "d"], "rule_id": ["r", "q", "r", "r", None]}
        ),
        "rule_coverage": pl.DataFrame({"rule_id": ["q", "r", "s"]}),
        "membership": pl.DataFrame({"year": [2021, 2021], "programme": ["p", "p"], "state": ["stays", "left"]}),
    }
    made = helped.support_cells(internal, 2021, RULES)
    told = {row[:3]: row[3:] for row in made.select("topic", "item", "level", "n", "why", "fixed").iter_rows()}
    assert told[("risk", "staff", "high")] == (3, None, False)
    assert told[("risk", "staff", "low")] == (1, Why.SCHOOLS, False)
    assert told[("risk", "parents", "high")] == (0, Why.SCHOOLS, False)
    assert told[("risk", "staff", "unknown")] == (1, Why.SCHOOLS, False)
    assert told[("risk", "staff", None)] == (5, None, True)
    assert told[("measure", "r", "advised")] == (3, None, False)
    assert told[("measure", "r", "not_advised")] == (1, Why.SCHOOLS, False)
    assert told[("measure", "q", None)] == (4, None, True)
    assert told[("measure", "s", "advised")] == (0, Why.SCHOOLS, False)
    assert told[("membership", "p", "left")] == (1, Why.SCHOOLS, False)


def test_a_measure_does_not_tell_what_the_profile_hides():
    """Three schools of ten are high, none is medium: to hide the zeros three is hidden too, and a measure must not say it."""
    schools = [f"s{number}" for number in range(10)]
    risk = pl.DataFrame(
        {"school_id": schools * 2, "factor": ["disabilities"] * 10 + ["staff"] * 10,
         "level": ["high"] * 3 + ["low"] * 7 + ["high"] * 4 + ["low"] * 3 + ["medium"] * 3}
    )  # fmt: skip
    rules = ["asks_high"] * 3 + ["staff_high"] * 4 + ["staff_medium"] * 7 + ["other"] * 5
    advised = [*schools[:3], *schools[:4], *schools[:4], *schools[7:], *schools[5:]]
    rest = pl.DataFrame({"school_id": schools, "rule_id": [None] * 10}, schema_overrides={"rule_id": pl.String})
    internal = {name: tables.empty(name) for name in ("tutors", "roadmap_status", "membership")} | {
        "risk_profile": risk,
        "recommendations": pl.concat([pl.DataFrame({"school_id": advised, "rule_id": rules}), rest]),
        "rule_coverage": pl.DataFrame({"rule_id": ["asks_high", "staff_high", "staff_medium", "other"]}),
    }
    told = helped.twins(internal)
    assert told == {
        "asks_high": {("disabilities", "high"), ("disabilities", "medium")},
        "staff_high": {("staff", "high")},
        "staff_medium": {("staff", "high"), ("staff", "medium")},
    }
    cells_of_help = helped.support_cells(internal, 2021, RULES)
    alone = protect(cells_of_help, helped.SUPPORT, COUNTED, exact)
    seen = protect(helped.veiled(cells_of_help, alone, told), helped.SUPPORT, COUNTED, exact)
    hidden = set(seen.filter(is_hidden()).select("topic", "item", "level").iter_rows())
    assert ("risk", "disabilities", "high") in hidden
    assert {("measure", "asks_high", "advised"), ("measure", "asks_high", "not_advised")} <= hidden
    assert ("measure", "other", "advised") not in hidden
    # three and more of each level of staff: every number stands, and the measures may say them
    assert not hidden & {("risk", "staff", "high"), ("measure", "staff_high", "advised")}
    assert ("measure", "staff_medium", "advised") not in hidden
    assert ("measure", "asks_high", "advised") not in set(
        alone.filter(is_hidden()).select("topic", "item", "level").iter_rows()
    )


def test_the_demonstration_regions_measures_tell_no_hidden_level():
    """Every pair of a measure and a level with the same schools, found here from the raw tables: both are shown or neither."""
    report = open_report("kamchatka-2021")
    if not (report.tables("internal") / "risk_profile.parquet").exists():
        pytest.skip("the report has not been built here")
    risk, advised = report.read("risk_profile"), report.read("recommendations").drop_nulls("rule_id")
    public = report.read("support_counts", "public")
    hidden = set(public.filter(pl.col("schools").is_null()).select("topic", "item", "level").iter_rows())
    checked = 0
    for (rule,), rows in advised.group_by("rule_id"):
        for (factor,), of_factor in risk.group_by("factor"):
            if set(rows["school_id"]) == set(of_factor.filter(level="high")["school_id"]):
                checked += 1
                assert ("risk", factor, "high") not in hidden or ("measure", rule, "advised") in hidden, rule
    assert checked >= 5


def test_teachers_are_counted_where_they_are_of_several_schools():
    rows = [("a", "a1", 9.0), ("a", "a2", 8.0), ("a", "a3", 7.0), ("b", "b1", 30.0), ("c", "c1", 30.0), ("c", "c2", 5.0),
            ("c", "c3", 4.0), ("d", "d1", 0.0), ("d", "d2", 3.0), ("d", "d3", 4.0), ("e", "e1", None)]  # fmt: skip
    table = pl.DataFrame(rows, schema=["group_id", "school_id", "n"], orient="row")
    made = helped.funnel_cells(table.with_columns(year=2021, stage=pl.lit("started"), place=1), RULES)
    assert {row[0]: row[1:] for row in made.select("group_id", "n", "why").iter_rows()} == {
        None: (100.0, None), "a": (24.0, None), "b": (30.0, Why.SCHOOLS), "c": (39.0, Why.OTHERS), "d": (7.0, Why.N),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "n", "actual", "told"),
    [
        ("share", 26, 10 / 26, (0.38, 26)),
        ("share", 26, 1 / 26, (None, None)),  # one school of a list that is public
        ("share", 26, 24 / 26, (None, None)),
        ("share", 12, 0.0, (None, None)),  # none of twelve: that is each of them
        ("share", 26, 0.0, (0.0, 26)),
        ("share", 2, 0.5, (None, None)),
        ("share", 277, 256 / 277, (0.92, 280)),  # 277 who began less 276 advised is the one who was not
        ("share", 26, 0.0801, (0.08, 26)),  # vacant posts in posts: no count of schools
        ("sd", 20, -0.1444, (-0.14, 20)),
        ("points", 0, None, (None, None)),
    ],
)
def test_indicators_of_the_project_tell_no_ones_and_twos(unit, n, actual, told):
    row = (
        tables.empty("monitoring")
        .clear(1)
        .with_columns(
            n=pl.lit(n), unit=pl.lit(unit), actual=pl.lit(actual, pl.Float64), signal=pl.lit("red"), lower=pl.lit(0.0)
        )
    )
    made = helped.coarse_monitoring(row, RULES)
    assert made.select("actual", "n").row(0) == told
    assert made.select("lower", "signal").row(0) == ((None, None) if told[1] is None else (0.0, "red"))
    assert made.columns == row.columns or set(row.columns) <= set(made.columns)


def test_the_panel_shows_sides_of_three_schools():
    panel = pl.DataFrame({"members": [0.123, 0.5], "n_members": [2, 3], "others": [0.456, None], "n_others": [90, 0]})
    assert helped.coarse_panel(panel, 3).rows() == [(None, None, 0.46, 90), (0.5, 3, None, None)]


# rules and ledger


def test_rules_that_speak_of_nothing_are_refused_all_at_once():
    wrong = rules(named=["a2"], region_only=["PISA"], districts={"Небывалый": "Север"})
    table = pl.DataFrame({"school_id": ["a1", "a2"], "direction": ["above", "below"]})
    with pytest.raises(BadInput) as caught:
        check_rules(wrong, of_sizes(a=3), table, pl.DataFrame({"procedure": ["OGE"]}), "пример")
    said = str(caught.value)
    assert [word in said for word in ("«a2»", "«PISA»", "«Небывалый»", "пример.yml", "disclosure.named")] == [True] * 5
    check_rules(rules(named=["a1"], region_only=["OGE"], districts={"Алый": "Север"}), of_sizes(a=3), table,
                pl.DataFrame({"procedure": ["OGE"]}), "пример")  # fmt: skip


# the whole of it on a region by hand


def region(low_in_a: int = 6) -> dict[str, pl.DataFrame]:
    """Internal tables of five municipalities with four schools each, three years; those that are not needed are empty."""
    years, places = PARAMS.years, "abcde"
    schools = pl.concat([of_sizes(year, **dict.fromkeys(places, 4)) for year in years])
    key = schools.select("year", "school_id")
    number = pl.col("school_id").str.slice(1).cast(pl.Int64)
    rows = [
        {"year": year, "procedure": procedure, "subject": subject, "grade": grade, "school_id": school,
         "n_participants": 20.0, "mean": 3.6 if procedure == "OGE" else 55.0, "sd": 1.0, "set_aside": None,
         "share_low": (low_in_a if school == "a1" else 0 if school[0] == "a" else 4) / 20}
        for procedure, subject, grade in (("OGE", "rus", "9"), ("EGE", "rus", "11"), ("VPR", "math", "5"))
        for year, school in key.iter_rows()
    ]  # fmt: skip
    directions = {"1": "below", "2": "within", "3": "within", "4": "above"}
    last = key.filter(year=years[-1]).select("school_id")
    made = {
        "schools": schools,
        "results": pl.DataFrame(rows),
        "context": key.with_columns(n_pupils=200.0, **{name: pl.lit(0.2) for name in PARAMS.described.indicators}),
        "wellbeing_index": key.with_columns(index=40.0 + number, context_class=pl.lit("middle")),
        "outcome": key.with_columns(outcome=number / 10.0),
        "expectation": key.with_columns(
            index=40.0 + number, outcome=number / 10.0, expected=number / 20.0, in_model=pl.lit(True)
        ),
        "effect": last.with_columns(effect=number / 10.0 - 0.25),
        "flags": last.with_columns(
            direction=pl.col("school_id").str.slice(1).replace_strict(directions),
            tier=pl.lit("persistent"), context_class=pl.lit("middle"),
        ),
    }  # fmt: skip
    return {name: tables.conformed(name, made.get(name, tables.empty(name))) for name in tables.seen("internal")}


def with_rules(**changed):
    """The demonstration's params with rules changed, and without its own names of municipalities."""
    changed = {"districts": {}, **changed}
    return PARAMS.model_copy(update={"disclosure": PARAMS.disclosure.model_copy(update=changed)})


@pytest.fixture(scope="module")
def first() -> dict[str, pl.DataFrame]:
    return protected_tables(region(), with_rules(), "край-2021")


def test_the_public_has_these_tables_and_these_columns_and_nothing_else(first):
    assert set(first) == {*tables.PROTECTED, *tables.ANONYMOUS, "hidden_cells", "kept_blocks"}
    for name in (*tables.PROTECTED, *tables.ANONYMOUS):
        assert first[name].columns == list(tables.CONTRACT[name].types), name
    assert first["published_results"].filter(procedure="VPR")["group_id"].unique().to_list() == [groups.REGION]
    assert first["published_results"].filter(group_id="a", procedure="OGE")["n_text"].unique().to_list() == ["50–99"]


def test_extra_columns_of_internal_tables_do_not_go_out():
    internal = region()
    internal["specifications"] = internal["specifications"].with_columns(worst_school=pl.lit("a1"))
    made = protected_tables(internal, with_rules(), "край-2021")
    assert "worst_school" not in made["specifications"].columns


def test_means_of_marks_are_hidden_with_their_share_and_those_of_scores_are_not():
    """One low result in a: 3.6 of five marks bounds the number of twos, 55 of a hundred scores does not."""
    made = protected_tables(region(low_in_a=1), with_rules(), "край-2021")["published_results"]
    hidden = made.filter(pl.col("share_text") == HIDDEN_WORD, group_id="a")
    assert hidden.filter(procedure="OGE")["mean"].unique().to_list() == [None]
    assert hidden.filter(procedure="EGE")["mean"].unique().to_list() == [55.0]
    assert set(hidden["n_text"]) == {"50–99"}
    assert made.filter(group_id="a")["share_text"].unique().to_list() == [HIDDEN_WORD]


@pytest.fixture
def report(tmp_path) -> Report:
    """A region's tables on disk, its data closed."""
    made = Report(PROJECT / "params" / "kamchatka-2021.yml", with_rules(), tmp_path)
    for name, table in region().items():
        if name not in tables.HIDDEN:
            made.write(**{name: table})
    fits = dict.fromkeys(("intercept", "slope", "slope_se", "intercept_se", "bend", "centre", "tau2", "r2"), 0.1)
    model = {"years": [{"year": 2021, "n_schools": 20, **fits}], "pooled": {}, "year_to_year": [], "specification": ""}
    made.write_numbers("model", model)
    made.write_numbers("measures", {name: {} for name in MEASURES})
    made.write_numbers("summary", {"schools": 20})
    return made


def files(report: Report) -> set[str]:
    return {path.name for path in report.tables("public").iterdir()}


def test_open_data_are_copied_and_when_closed_again_nothing_of_them_is_left(report):
    opened = Report(report.params_file, with_rules().model_copy(update={"open_data": "данные открыты"}), report.out)
    assert disclose(opened).is_empty()
    assert files(opened) == {
        *(f"{name}.parquet" for name in tables.seen("open")),
        *(f"{n}.json" for n in tables.NUMBERS),
    }
    for name in ("schools.parquet", "flags.parquet", "model.json"):
        assert (report.tables("public") / name).read_bytes() == (report.tables("internal") / name).read_bytes()
    assert not disclose(report).is_empty()
    assert files(report) == {
        *(f"{name}.parquet" for name in (*tables.PROTECTED, *tables.ANONYMOUS)), *(f"{n}.json" for n in tables.NUMBERS)
    }  # fmt: skip
    for path in report.tables("public").glob("*.parquet"):
        if path.stem != "directory":
            assert "school_id" not in pl.read_parquet_schema(path), path.stem


# an attacker, with nothing but the public tables


class Attack:
    """Linear inequalities between what is not known; how far apart the ends of a sum of unknowns may be."""

    def __init__(self) -> None:
        self.names: dict[tuple, int] = {}
        self.known: list[tuple[dict[tuple, float], float]] = []

    def at_most(self, form: dict[tuple, float], most: float | None) -> None:
        for name in form:
            self.names.setdefault(name, len(self.names))
        if most is not None:
            self.known.append((form, most))

    def between(self, form: dict[tuple, float], low: float | None, high: float | None) -> None:
        self.at_most(form, high)
        self.at_most({name: -value for name, value in form.items()}, None if low is None else -low)

    def width(self, form: dict[tuple, float]) -> float:
        matrix = np.zeros((len(self.known), len(self.names)))
        for row, (line, _) in enumerate(self.known):
            for name, value in line.items():
                matrix[row, self.names[name]] = value
        toward = np.zeros(len(self.names))
        for name, value in form.items():
            toward[self.names[name]] = value
        ends = [linprog(sign * toward, matrix, [most for _, most in self.known], bounds=(0, None)) for sign in (1, -1)]
        assert all(end.status in (0, 3) for end in ends), "the truth itself is possible"
        return np.inf if any(end.status == 3 for end in ends) else -ends[0].fun - ends[1].fun


def attack_people(public: pl.DataFrame, alike: list[str], insider: dict[tuple, float] | None = None) -> Attack:
    """Write down what a table of people tells: bands, shares, means of marks, sums; `insider` knows all numbers."""
    attack, slices = Attack(), [name for name in public.columns if name in alike]
    for row in public.iter_rows(named=True):
        at = (*(row[name] for name in slices), row["group_id"])
        n, k, s = (
            ("n", row.get("year"), row["group_id"]) if "indicator" in alike else ("n", *at),
            ("k", *at),
            ("s", *at),
        )
        attack.between({n: 1}, row["n_low"], row["n_high"])
        attack.at_most({k: 1, n: -1}, 0)
        if row["share_low"] is not None:
            attack.at_most({n: row["share_low"], k: -1}, 0)
            attack.at_most({n: -row["share_high"], k: 1}, 0)
        if "mean" in row:  # marks: the others have three to five
            attack.at_most({n: 3, k: -1, s: -1}, 0)
            attack.at_most({n: -5, k: 3, s: 1}, 0)
            if row["mean"] is not None:
                attack.at_most({n: row["mean"] - 0.05, s: -1}, 0)
                attack.at_most({n: -row["mean"] - 0.05, s: 1}, 0)
        if insider:
            attack.between({n: 1}, insider[at], insider[at])
    for at in {name[1:-1] for name in attack.names if name[-1] == groups.REGION}:
        for what in {name[0] for name in attack.names if name[1:-1] == at}:
            parts = [
                name for name in attack.names if name[0] == what and name[1:-1] == at and name[-1] != groups.REGION
            ]
            attack.between({(what, *at, groups.REGION): -1, **dict.fromkeys(parts, 1)}, 0, 0)
    return attack


@st.composite
def small_regions(draw):
    """Results of a few groups of schools in one procedure: participants, low ones, sums of marks."""
    rows = []
    for place in "abcde"[: draw(st.integers(2, 5))]:
        for number in range(draw(st.integers(2, 4))):
            n = draw(st.integers(1, 25))
            low = draw(st.integers(0, n // 2))
            total = draw(st.integers(3 * n - low, 5 * n - 3 * low))
            rows.append((place, f"{place}{number}", n, min(max(total / n, 2.8), 4.2), low / n))
    return results(*rows)


@given(drawn=small_regions(), hundred=st.booleans())
@settings(max_examples=20, deadline=None)
def test_no_hidden_result_is_known_closer_by_shares_numbers_and_means_together(drawn, hundred):
    drawn = drawn.with_columns(mean=pl.col("mean") * (15 if hundred else 1))
    internal = region() | {"results": tables.conformed("results", drawn.drop("group_id"))}
    internal["schools"] = registry(*drawn.select("year", "school_id", "group_id").iter_rows())
    made = cells.result_cells(drawn, WANTED, [2021], RULES)
    seen = shown_numbers(made)
    from helpers.disclosure.protected import _as_read  # the last step alone: no other table is needed here

    public = _as_read(seen, "published_results")
    if hundred:
        public = public.drop("mean")
    keys = ["year", "procedure", "subject", "grade"]
    truth = {
        (2021, "OGE", "rus", "9", place or groups.REGION): n for place, n in seen.select("group_id", "n").iter_rows()
    }
    small = seen.filter(code=Code.FEW).select(pl.col("group_id").fill_null(groups.REGION), "n", "why")
    for insider in (None, truth):
        attack = attack_people(public, keys, insider)
        for place, n, reason in small.iter_rows():
            at = (2021, "OGE", "rus", "9", place)
            for form in ({("k", *at): 1}, {("n", *at): 1, ("k", *at): -1}):
                assert attack.width(form) >= min(RULES.width, n) - 1e-5, (place, form)
            if not insider and reason != Why.COUNT and public.filter(group_id=place)["n_low"].item() is None:
                assert attack.width({("n", *at): 1}) >= RULES.width - 1e-5


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=4),
             min_size=2, max_size=4)
)  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_no_hidden_context_is_known_closer_by_all_indicators_together(drawn):
    rows = [
        (2021, f"{place}{number}", place, float(n), min(poor, n) / n, min(rich, n) / n)
        for place, schools in zip("abcd", drawn, strict=False)
        for number, (n, poor, rich) in enumerate(schools)
    ]
    table = pl.DataFrame(rows, schema=["year", "school_id", "group_id", "n_pupils", "poor", "rich"], orient="row")
    made = cells.context_cells(table, ["poor", "rich"], [2021], RULES)
    seen = with_numbers(protect(made, cells.CONTEXT, PEOPLE, banded), cells.CONTEXT, PEOPLE)
    public = cells.named_total(seen, cells.CONTEXT)
    attack = attack_people(public, ["year", "indicator"])
    for indicator, place, n in public.filter(code=Code.FEW).select("indicator", "group_id", "n").iter_rows():
        count, whole = ("k", 2021, indicator, place), ("n", 2021, place)
        for form in ({count: 1}, {whole: 1, count: -1}):
            assert attack.width(form) >= min(RULES.width, n) - 1e-5, (indicator, place)


@given(st.lists(st.text("bwauAU", min_size=3, max_size=9), min_size=2, max_size=5))
@settings(max_examples=10, deadline=None)
def test_no_hidden_number_of_schools_is_known_closer_than_anyone_knows(drawn):
    table = flags(**dict(zip("vwxyz", drawn, strict=False)))
    seen = protect(cells.flag_cells(table, 2021, RULES), cells.FLAGS, COUNTED, cells.shown_flags)
    assert not seen.filter("fixed").select(is_hidden()).to_series().any()
    public = cells.named_total(seen, cells.FLAGS).sort("cell")
    attack = Attack()
    for row in public.iter_rows(named=True):
        if row["direction"] != groups.REGION:
            low = row["known"] if row["code"] else row["n"]
            attack.between({(row["group_id"], row["direction"]): 1}, low, None if row["code"] else row["n"])
    places, directions = public["group_id"].unique(), [d for d in public["direction"].unique() if d != groups.REGION]
    sizes = {row["group_id"]: row["n"] for row in public.filter(direction=groups.REGION).iter_rows(named=True)}
    for place in places:
        attack.between({(place, direction): 1 for direction in directions}, sizes[place], sizes[place])
    for direction in directions:
        parts = {(place, direction): 1 for place in places if place != groups.REGION}
        attack.between({(groups.REGION, direction): -1, **parts}, 0, 0)
    if seen.filter(~is_hidden(), ~pl.col("fixed"), pl.col("n") > 0).is_empty():
        return  # only the region and the sizes of groups are shown
    for row in public.filter(is_hidden()).iter_rows(named=True):
        width = attack.width({(row["group_id"], row["direction"]): 1})
        assert width >= min(2, row["n_high"] - row["n_low"]) - 1e-5, row["cell"]


def test_attackers_do_succeed_where_nothing_protects():
    """The same attack on cells that were hidden alone finds them out: so it is worth something."""
    rows = [(place, f"{place}{n}", 20, 3.5, 0.05 * low) for place, low in (("a", 2), ("b", 4)) for n in (1, 2, 3)]
    made = cells.result_cells(results(*rows), WANTED, [2021], RULES).with_columns(cell=cell_ids(cells.RESULTS))
    alone = made.with_columns(code=pl.when(group_id="a").then(pl.lit(Code.FEW.value)), told=pl.lit(True))
    public = cells.named_total(banded(alone), cells.RESULTS).with_columns(mean=pl.lit(None, pl.Float64))
    truth = {(2021, "OGE", "rus", "9", place): n for place, n in public.select("group_id", "n").iter_rows()}
    attack = attack_people(public, ["year", "procedure", "subject", "grade"], truth)
    assert attack.width({("k", 2021, "OGE", "rus", "9", "a"): 1}) < 3
