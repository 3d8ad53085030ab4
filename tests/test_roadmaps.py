"""The register of roadmaps, judged on a day that is written down."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from helpers import tables
from helpers.support import roadmap_status
from helpers.support.roadmaps import RoadmapRules

DUE = date(2021, 10, 10)
LINK = "https://example.org/roadmaps/1"
PLACES = pl.DataFrame({"year": [2021] * 9, "school_id": list("abcdefghi"), "group_id": ["north"] * 5 + ["south"] * 4})
TAKING_PART = pl.DataFrame(
    {"school_id": list("abcdefgh"), "programme": ["regional"] * 8, "from_year": [2021] * 8, "to_year": [None] * 8},
    schema_overrides={"to_year": pl.Int64},
)


def rules(as_of=date(2021, 11, 1), deadline="10-10"):
    return RoadmapRules(deadline=deadline, as_of={2021: as_of} if as_of else {}, source="протокол")


def register(*rows):
    """Rows school, deadline, published, link."""
    schema = {"school_id": pl.String, "deadline_date": pl.Date, "published_date": pl.Date, "link": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(year=pl.lit(2021, pl.Int64))


def judged(*rows, **more):
    made = roadmap_status(register(*rows), TAKING_PART, PLACES, rules(**more), "regional", [2021])
    return {row["school_id"]: row for row in made.iter_rows(named=True)}


def test_states_by_hand():
    made = judged(
        ("a", DUE, date(2021, 10, 1), LINK),
        ("b", DUE, DUE, LINK),
        ("c", DUE, date(2021, 10, 14), LINK),
        ("d", DUE, None, None),
        ("e", date(2021, 11, 15), None, None),
        ("f", date(2021, 9, 1), date(2021, 9, 5), LINK),
        ("g", None, date(2021, 10, 11), LINK),
    )
    told = {school: (row["status"], row["days_late"]) for school, row in made.items()}
    assert told == {
        "a": ("in_time", None), "b": ("in_time", None), "c": ("late", 4), "d": ("missing", 22), "e": ("not_due", None),
        "f": ("late", 4), "g": ("late", 1), "h": ("missing", 22),
    }  # fmt: skip
    assert made["g"]["deadline_date"] == DUE
    assert made["h"]["note"] == "в реестре школы нет"
    assert made["a"]["note"] is None
    assert (made["a"]["group_id"], made["h"]["group_id"]) == ("north", "south")


def test_before_the_deadline_nothing_is_missing():
    made = judged(("d", DUE, None, None), as_of=DUE)
    assert {row["status"] for row in made.values()} == {"not_due"}
    made = judged(("d", DUE, None, None), as_of=date(2021, 10, 11))
    assert {(row["status"], row["days_late"]) for row in made.values()} == {("missing", 1)}


def test_without_a_day_in_the_params_the_last_publication_is_the_day():
    made = judged(("a", DUE, date(2021, 10, 20), LINK), ("d", DUE, None, None), as_of=None)
    assert made["d"]["as_of_date"] == date(2021, 10, 20)
    assert (made["d"]["status"], made["d"]["days_late"]) == ("missing", 10)
    # nothing published at all: the deadline itself, and nobody is late
    assert judged(as_of=None)["d"]["status"] == "not_due"


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "ftp://example.org/x", "example.org/x", "https://", "https:// example.org", "http://a@b.org",
     'https://example.org/"onclick', "data:text/html,x", "//example.org", "HTTPS", "https://example.org/a b"],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_not_shown_as_one(link):
    row = judged(("a", DUE, DUE, link))["a"]
    assert row["link"] is None
    assert row["status"] == "in_time"
    assert row["note"] == f"адрес не начинается с http:// или https:// и не показан: «{link}»"


@pytest.mark.parametrize("link", [LINK, "http://example.org", " https://пример.рф/карта?школа=1#a "])
def test_an_address_of_a_page_is_kept(link):
    row = judged(("a", DUE, DUE, link))["a"]
    assert row["link"] == link.strip()
    assert row["note"] is None


def test_what_is_odd_in_the_register_is_told():
    made = judged(
        ("a", DUE, DUE, None),
        ("b", DUE, None, LINK),
        ("c", DUE, date(2021, 11, 2), LINK),
        ("i", DUE, DUE, LINK),
    )
    assert made["a"]["note"] == "адреса нет"
    assert (made["b"]["status"], made["b"]["note"]) == ("missing", "адрес есть, даты размещения нет")
    assert made["c"]["note"] == "размещена позже дня учёта"
    # a roadmap of a school that owes none is not dropped
    assert made["i"]["note"] == "школа не участвует в проекте"
    assert len(made) == 9


def test_years_are_judged_apart_and_others_owe_nothing():
    made = roadmap_status(register(("a", DUE, DUE, LINK)), TAKING_PART, PLACES, rules(), "regional", [2020, 2021])
    assert made["year"].unique().to_list() == [2021]
    assert roadmap_status(register(), TAKING_PART, PLACES, rules(), "project_500", [2021]).is_empty()


def test_the_deadline_of_a_leap_day():
    assert rules(deadline="02-29").due(2024) == date(2024, 2, 29)
    assert rules(deadline="02-29").due(2023) == date(2023, 2, 28)


def test_a_report_without_roadmaps_has_an_empty_table(tmp_path):
    made = roadmap_status(tables.empty("roadmaps"), tables.empty("programme"), PLACES, rules(), "regional", [2021])
    assert made.is_empty()
    tables.write(tmp_path, "roadmap_status", made)
