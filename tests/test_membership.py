"""Schools in and out of programmes, what the data say of it, and the participants beside the others."""

from __future__ import annotations

import polars as pl
import pytest

from helpers import tables
from helpers.support import context_panel, membership
from helpers.support.membership import members, observed


def programme(*rows):
    schema = {"school_id": pl.String, "programme": pl.String, "from_year": pl.Int64, "to_year": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


FEDERAL = pl.DataFrame(
    {"year": [2018, 2019, 2020, 2021], "school_id": ["a"] * 4, "federal_low": [False, True, False, None]},
    schema_overrides={"federal_low": pl.Boolean},
)
EXPECTATION = pl.DataFrame({"year": [2019, 2021, 2021], "school_id": ["a", "a", "b"], "residual": [-0.3, 0.05, 0.2]})
FLAGS = pl.DataFrame(
    {"school_id": ["a", "b", "e"], "direction": ["within", "above", None], "tier": ["none", "persistent", "outside"]}
)


def moves(*given, years=(2018, 2021)):
    made = membership(programme(*given), EXPECTATION, FEDERAL, FLAGS, list(years), 0.1)
    return {(year, school): state for year, school, state in made.select("year", "school_id", "state").iter_rows()}


def test_a_school_enters_stays_and_leaves():
    assert moves(("a", "regional", 2019, 2020)) == {(2019, "a"): "entered", (2020, "a"): "stays", (2021, "a"): "left"}


def test_a_school_that_came_before_the_report_or_is_still_there():
    assert moves(("a", "regional", 2015, None)) == {(year, "a"): "stays" for year in range(2018, 2022)}
    assert moves(("a", "regional", 2015, 2017)) == {(2018, "a"): "left"}
    assert moves(("a", "regional", 2015, 2016)) == {}
    assert moves(("a", "regional", 2022, None)) == {}


def test_two_spells_that_follow_one_another_are_one():
    told = moves(("a", "regional", 2018, 2019), ("a", "regional", 2020, None))
    assert told == {(2018, "a"): "entered", (2019, "a"): "stays", (2020, "a"): "stays", (2021, "a"): "stays"}
    told = moves(("a", "regional", 2018, 2018), ("a", "regional", 2020, None))
    assert told == {(2018, "a"): "entered", (2019, "a"): "left", (2020, "a"): "entered", (2021, "a"): "stays"}


def test_programmes_are_followed_apart():
    given = programme(("a", "regional", 2021, None), ("a", "project_500", 2020, 2020))
    made = membership(given, EXPECTATION, FEDERAL, FLAGS, [2019, 2021], 0.1)
    assert made.select("year", "programme", "state").rows() == [
        (2020, "project_500", "entered"), (2021, "project_500", "left"), (2021, "regional", "entered"),
    ]  # fmt: skip


def test_the_data_of_the_years_before_say_why_a_school_entered():
    given = programme(("a", "regional", 2021, None), ("b", "regional", 2021, None), ("e", "regional", 2021, None))
    made = membership(given, EXPECTATION, FEDERAL, FLAGS, [2018, 2019, 2021], 0.1)
    assert dict(made.select("school_id", "why").iter_rows()) == {
        # 2020 is no year of the report
        "a": "по федеральному правилу результаты 2019 года низкие; результат 2019 года ниже ожидаемого; "
        "вывод отчёта: без явного отклонения",
        "b": "вывод отчёта: выше ожидаемого",
        "e": "вид школы описывается отдельно",
    }


def test_the_data_of_the_year_itself_say_where_a_school_that_stays_is():
    made = membership(
        programme(("a", "regional", 2018, None)), EXPECTATION, FEDERAL, FLAGS.clear(), [2018, 2019, 2021], 0.1
    )
    why = dict(made.select("year", "why").iter_rows())
    assert why[2018] == "данных нет"
    assert why[2019] == "по федеральному правилу результаты 2019 года низкие; результат 2019 года ниже ожидаемого"
    assert why[2021] == "по федеральному правилу результаты 2019 года низкие; результат 2021 года около ожидаемого"


def test_before_the_programme_those_who_came_first_stand_for_it():
    given = programme(("a", "regional", 2020, 2020), ("b", "regional", 2021, None), ("c", "project_500", 2019, None))
    assert members(given, 2021)["school_id"].to_list() == ["c", "b"]
    assert observed(given, "regional", 2018)["school_id"].to_list() == ["a"]
    assert observed(given, "regional", 2021)["school_id"].to_list() == ["b"]
    assert observed(given, "none_such", 2021).is_empty()


def test_the_panel_by_hand():
    staff = pl.DataFrame(
        {
            "year": [2021] * 4, "school_id": ["a", "b", "c", "d"], "posts": [10.0, 20.0, 10.0, 0.0],
            "vacancies": [1.0, 6.0, 0.0, 0.0], "n_teachers": [10.0, 10.0, None, 5.0],
            "n_higher_category": [1.0, 3.0, 2.0, 1.0], "n_experience_under_3": [None, 5.0, 1.0, 0.0],
        }
    )  # fmt: skip
    answers = pl.DataFrame(
        {
            "year": [2021] * 4, "school_id": ["a", "a", "a", "c"], "role": ["pupils"] * 3 + ["heads"],
            "item": ["x", "y", "z", "x"], "n_answers": [10.0, 30.0, 0.0, 2.0], "mean": [2.0, 4.0, None, 5.0],
        }
    )  # fmt: skip
    passports = pl.DataFrame(
        {"year": [2021, 2021], "school_id": ["a", "d"], "n_pupils": [50.0, 10.0], "n_at_risk": [5.0, 4.0]}
    )
    given = programme(("a", "regional", 2021, None), ("b", "regional", 2021, None))
    made = context_panel(given, "regional", staff, passports, answers)
    told = {(panel, item): (m, n, o, k) for panel, item, m, n, o, k in
            made.select("panel", "item", "members", "n_members", "others", "n_others").iter_rows()}  # fmt: skip
    # 1/10 and 6/20; of the others c only: d has no posts
    assert told["staff", "vacancies"] == pytest.approx((0.2, 2, 0.0, 1))
    assert told["staff", "n_higher_category"] == pytest.approx((0.2, 2, 0.2, 1))
    assert told["staff", "n_experience_under_3"] == pytest.approx((0.5, 1, 0.0, 1))
    assert told["social", "n_at_risk"] == pytest.approx((0.1, 1, 0.4, 1))
    # (10·2 + 30·4) / 40; nobody else's pupils were asked
    assert told["questionnaires", "pupils"] == (3.5, 1, None, 0)
    assert told["questionnaires", "heads"] == (None, 0, 5.0, 1)


def test_without_a_programme_there_is_nobody_to_compare(tmp_path):
    staff = pl.DataFrame({"year": [2021], "school_id": ["a"], "posts": [10.0], "vacancies": [1.0]})
    made = context_panel(
        programme(),
        "regional",
        tables.conformed("staff", staff),
        tables.empty("passports"),
        tables.empty("questionnaires"),
    )
    assert made.is_empty()
    tables.write(tmp_path, "context_panel", made)
    made = membership(programme(), EXPECTATION, FEDERAL, FLAGS, [2018, 2021], 0.1)
    assert made.is_empty()
    tables.write(tmp_path, "membership", made)
