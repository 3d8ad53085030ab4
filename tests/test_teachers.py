"""Teachers from diagnostics to courses: the totals of the protocol, by hand on small tables, and what does not add up."""

from __future__ import annotations

import polars as pl
import pytest

from helpers import tables
from helpers.support import funnel, funnel_schools, load_programme, tracks
from helpers.support.programme import ProgrammeRules
from helpers.support.teachers import MODULES, Course

COUNTS = ["n_started", "n_finished", "n_low", "n_middle", "n_high", "n_advised", "n_enrolled", "n_trained"]
SCHOOLS = pl.DataFrame(
    {
        "year": [2020, 2021, 2021, 2021],
        "school_id": ["a", "a", "b", "c"],
        "group_id": ["north", "north", "north", "south"],
    }
)


def diagnostics(*rows):
    """Rows school, subject, competence, then the eight counts."""
    keys = ["school_id", "subject", "competence"]
    schema = dict.fromkeys(keys, pl.String) | dict.fromkeys(COUNTS, pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(year=pl.lit(2021, pl.Int64))


def stages(table, **where):
    """Counts by stage of one year's group or school."""
    return dict(table.filter(**where).select("stage", "n").iter_rows())


@pytest.fixture(scope="module")
def region(from_clean):
    """Tables of the demonstration region."""
    return from_clean.tables


@pytest.fixture(scope="module")
def rules() -> ProgrammeRules:
    return load_programme()


def test_the_regions_totals_are_those_of_the_protocol(region):
    told = stages(funnel(region["diagnostics"], region["schools"]), year=2021, group_id="")
    assert told == {"started": 277, "finished": 277, "high": 1, "advised": 276, "enrolled": 264, "trained": 256}


def test_municipalities_and_schools_add_up_to_the_region(region):
    groups = funnel(region["diagnostics"], region["schools"])
    whole, parts = groups.filter(group_id=""), groups.filter(pl.col("group_id") != "")
    for part in (parts, funnel_schools(region["diagnostics"])):
        sums = part.group_by("stage").agg(pl.col("n").sum()).sort("stage")
        assert sums.equals(whole.select("stage", "n").sort("stage"))
    assert parts["group_id"].n_unique() > 5
    assert groups["note"].null_count() == groups.height


def test_tracks_of_the_region_are_counted_by_module(region, rules):
    made = tracks(region["diagnostics"], rules.courses)
    assert set(made["module"]) == set(MODULES)
    of_module = made.filter(module="subject")
    literal = region["diagnostics"].filter(competence="subject")
    assert of_module["n_advised"].sum() == literal["n_advised"].sum()
    # nobody with a high level of a competence is advised its module
    assert (made["n_advised"] + made["n_high"] == made["n_finished"]).all()
    assert made["course"].null_count() == 0
    named = dict(of_module.select("subject", "course").iter_rows())
    assert named["rus"] == "«Школа современного учителя»"
    assert named["primary"] == "Предметный модуль курсов ЦНППМ"
    assert len(rules.courses[0].subjects) == 9


def test_the_funnel_by_hand():
    counted = diagnostics(
        ("a", "rus", "all", 10, 8, 4, 2, 2, 6, 5, 4),
        ("a", "rus", "subject", 10, 8, 6, 1, 1, 7, 6, 5),
        ("a", "math", "all", 5, 5, 5, 0, 0, 5, 3, 3),
        ("b", "rus", "all", 1, 1, 1, 0, 0, 1, 1, 0),
        ("c", "rus", "all", 4, 0, 0, 0, 0, 0, 0, 0),
    )
    made = funnel(counted, SCHOOLS)
    assert stages(made, group_id="north") == {
        "started": 16,
        "finished": 14,
        "high": 2,
        "advised": 12,
        "enrolled": 9,
        "trained": 7,
    }
    shares = dict(made.filter(group_id="north").select("stage", "share_of_previous").iter_rows())
    assert shares == pytest.approx(
        {"started": None, "finished": 14 / 16, "high": 2 / 14, "advised": 12 / 14, "enrolled": 9 / 12, "trained": 7 / 9}
    )
    # where nobody finished, there is no share of those who did
    south = made.filter(group_id="south").sort("place")
    assert south["share_of_previous"].to_list() == [None, 0, None, None, None, None]
    assert south["of_stage"].to_list() == ["", "started", "finished", "finished", "advised", "enrolled"]
    assert stages(made, group_id="")["started"] == 20


def test_a_stage_with_more_than_the_one_before_is_told():
    counted = diagnostics(
        ("a", "rus", "all", 5, 5, 5, 0, 0, 4, 6, 3),
        ("b", "rus", "all", 5, 4, 2, 0, 2, 3, 3, 3),
        ("b", "rus", "method", 5, 6, 6, 0, 0, 6, 6, 7),
    )
    made = funnel_schools(counted)
    noted = made.filter(pl.col("note").is_not_null())
    assert noted.select("school_id", "stage").rows() == [("a", "enrolled"), ("b", "advised")]
    assert noted["note"][0] == "больше, чем «рекомендованы курсы»"
    assert noted["note"][1] == "вместе с высоким уровнем больше, чем «завершили диагностику»"
    note = tracks(counted, [Course(title="Курс", module="method")])["note"].item()
    assert "завершили диагностику: больше, чем «начали диагностику»" in note
    assert "завершили курсы: больше, чем «зачислены на курсы»" in note


def test_without_the_row_of_all_the_largest_competence_counts_people():
    counted = diagnostics(
        ("a", "rus", "subject", 5, 5, 2, 2, 1, 4, 3, 3),
        ("a", "rus", "method", 6, 5, 3, 2, 0, 5, 4, 2),
    )
    made = funnel_schools(counted)
    assert stages(made) == {"started": 6, "finished": 5, "high": 1, "advised": 5, "enrolled": 4, "trained": 3}
    assert made["note"].str.contains("нет строки «все»").all()


def test_an_unknown_number_is_not_nought():
    counted = diagnostics(
        ("a", "rus", "all", 5, 5, 5, 0, 0, 5, 5, None),
        ("a", "math", "all", 5, 5, 5, 0, 0, 5, 5, 4),
        ("b", "rus", "all", 1, 1, 1, 0, 0, 1, 1, None),
    )
    made = funnel_schools(counted).filter(stage="trained")
    assert made["n"].to_list() == [4, None]
    assert made["note"].to_list() == ["числа нет, строк школ и предметов: 1"] * 2


def test_a_course_for_the_subject_goes_before_one_for_all():
    courses = [
        Course(title="Для всех", module="subject"),
        Course(title="Для русского", module="subject", subjects=["rus"]),
    ]
    counted = diagnostics(*(("a", s, "subject", 1, 1, 1, 0, 0, 1, 1, 1) for s in ("rus", "math")))
    assert dict(tracks(counted, courses).select("subject", "course").iter_rows()) == {
        "rus": "Для русского",
        "math": "Для всех",
    }


def test_a_report_without_diagnostics_has_empty_tables(rules, tmp_path):
    nothing = tables.empty("diagnostics")
    made = {
        "tracks": tracks(nothing, rules.courses),
        "funnel": funnel(nothing, SCHOOLS),
        "funnel_schools": funnel_schools(nothing),
    }
    for name, frame in made.items():
        assert frame.is_empty()
        tables.write(tmp_path, name, frame)
