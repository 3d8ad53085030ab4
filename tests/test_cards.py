"""The first screen of a school's card, on tables that were counted by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from helpers import measure
from helpers.params import Assessment
from helpers.show import cards

CELL = {"year": 2021, "procedure": "OGE", "subject": "rus", "grade": "9"}


def results(*rows: tuple) -> pl.DataFrame:
    """Results of one paper: year, school, grade, participants, mean, share of «2»."""
    table = pl.DataFrame(
        rows, schema=["year", "school_id", "grade", "n_participants", "mean", "share_low"], orient="row"
    )
    return table.with_columns(
        pl.col("n_participants", "mean", "share_low").cast(pl.Float64),
        procedure=pl.lit("VPR"),
        subject=pl.lit("rus"),
        set_aside=pl.lit(None, pl.String),
    )


def test_others_are_weighed_by_the_grades_of_the_school():
    table = results(
        (2021, "a", "5", 30, 4.0, 0.1), (2021, "a", "6", 10, 3.0, 0.3),
        (2021, "b", "5", 10, 3.6, 0.2), (2021, "b", "6", 50, 3.2, 0.0),
        (2021, "c", "5", 40, 3.0, 0.2), (2021, "c", "6", 40, 3.6, 0.2),
        (2019, "a", "5", 20, 3.8, 0.1), (2019, "a", "6", 20, 3.4, 0.1),
    )  # fmt: skip
    row = cards.compared_papers(table, cards.region_means(table, 2021), "a", ["b"], 2021, 2019).row(0, named=True)
    assert (row["n_participants"], row["mean"], row["low"]) == (40, pytest.approx(3.75), pytest.approx(0.15))
    region5, region6 = (30 * 4.0 + 10 * 3.6 + 40 * 3.0) / 80, (10 * 3.0 + 50 * 3.2 + 40 * 3.6) / 100
    assert row["region"] == pytest.approx((30 * region5 + 10 * region6) / 40)
    assert row["similar"] == pytest.approx((30 * 3.6 + 10 * 3.2) / 40)
    assert row["before"] == pytest.approx((30 * 3.8 + 10 * 3.4) / 40)
    assert row["region_low"] == pytest.approx((30 * 13 / 80 + 10 * 11 / 100) / 40)


def test_what_others_have_not_written_is_not_compared():
    table = results((2021, "a", "5", 30, 4.0, 0.1), (2021, "a", "6", 10, 3.0, None), (2021, "b", "5", 10, 3.6, 0.2))
    row = cards.compared_papers(table, cards.region_means(table, 2021), "a", ["b"], 2021, None).row(0, named=True)
    assert (row["similar"], row["before"], row["low"]) == (None, None, None)
    aside = table.with_columns(set_aside=pl.lit("biased"))
    assert cards.compared_papers(aside, cards.region_means(aside, 2021), "a", ["b"], 2021, None).is_empty()


def test_so_many_marks_one_lower_move_the_mean_by_the_deviation():
    """Sixty pupils' marks are drawn up one by one; nine of them lowered by one move the school by d standard deviations."""
    region = np.repeat([2, 3, 4, 5], [30, 120, 100, 50])
    sd = region.std()
    deviation = -9 / 60 / sd
    rows = pl.DataFrame([CELL | {"n_participants": 60.0, "mean": 3.4, "sd": 0.7}])
    scales = pl.DataFrame([CELL | {"mean": region.mean(), "sd": sd}])
    told = cards.translated(rows, scales, deviation, 0.05 / sd, "ОГЭ", True)
    assert told is not None
    assert told.marks == pytest.approx((-9, -9 - 1.96 * 3, -9 + 1.96 * 3))
    assert told.points[0] == pytest.approx(-0.15)
    assert "у 9\xa0учеников из 60 отметка была на балл ниже" in (text := cards.as_if(told))
    assert "от 3 до 15" in text


def test_the_scale_is_the_spread_over_all_pupils():
    """Marks of three schools, pupil by pupil: the scale is their standard deviation, whichever school they sit in."""
    marks = {"a": [2, 3, 3, 4], "b": [4, 4, 5], "c": [3, 3, 3, 5, 5]}
    table = pl.DataFrame(
        [
            CELL | {"school_id": name, "n_participants": float(len(m)), "mean": np.mean(m), "sd": np.std(m)}
            for name, m in marks.items()
        ]
    )
    described = [Assessment(procedure="OGE", subject="rus", title="ОГЭ")]
    scales = measure.pupil_scales(table, described, [measure.PupilSpread("OGE", "rus", "marks", None)])
    everyone = np.concatenate(list(marks.values()))
    assert scales.row(0, named=True) == CELL | {
        "mean": pytest.approx(everyone.mean()),
        "sd": pytest.approx(everyone.std()),
    }


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ((9, 4, 14), "у 9\xa0учеников из 60 отметка была на балл выше (ОГЭ; с учётом случайности — от 4 до 14)"),
        (
            (-1.2, -2.2, -0.2),
            "у 1\xa0ученика из 60 отметка была на балл ниже (ОГЭ; с учётом случайности — не больше чем у 2)",
        ),
        ((-0.3, -0.5, -0.1), "у меньше чем одного ученика из 60"),
        (
            (-2, -9, 5),
            "Разница — где-то между «у 9\xa0учеников из 60 отметка на балл ниже» и «у 5\xa0учеников — на балл выше» (ОГЭ).",
        ),
        ((-50, -70, -30), "средняя отметка была ниже на 0,83 (ОГЭ; с учётом случайности — на 0,50–1,17)"),
    ],
)
def test_a_deviation_is_told_in_pupils(marks, told):
    points = tuple(value / 60 for value in marks)
    assert told in cards.as_if(cards.InOwnTerms("ОГЭ", 60, True, marks, points))


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ((-5.0, -8.3, -2.1), "средний балл был ниже на 5,0 (ЕГЭ; с учётом случайности — на 2,1–8,3)"),
        ((1.0, -2.0, 4.0), "Разница — где-то между «средний балл на 2,0 ниже» и «на 4,0 выше» (ЕГЭ)."),
    ],
)
def test_a_deviation_without_marks_is_told_in_points(points, told):
    marks = tuple(60 * value for value in points)
    assert told in cards.as_if(cards.InOwnTerms("ЕГЭ", 60, False, marks, points))
    assert cards.as_if(None) == ""


@pytest.mark.parametrize(
    ("residuals", "covariance", "transient", "told"),
    [
        ([-0.30, -0.20], 0.0, 0.0, "не больше, чем обычно меняется"),  # 1.96 · √(2 · 0.05²) = 0.139
        ([-0.30, -0.10], 0.0, 0.0, "заметно выросло"),
        ([0.10, -0.10], 0.0, 0.0, "заметно снизилось"),
        ([-0.30, -0.20], 0.0015, 0.0, "заметно выросло"),  # 1.96 · √(0.005 − 0.003) = 0.088
        ([-0.30, -0.10], 0.0, 0.005, "не больше, чем обычно меняется"),  # 1.96 · √(0.005 + 0.01) = 0.240
    ],
)
def test_a_change_is_told_where_it_is_beyond_what_years_do(residuals, covariance, transient, told):
    years = pl.DataFrame({"year": [2019, 2021], "residual": residuals, "outcome_se": [0.05, 0.05]})
    shared = pl.DataFrame({"year": [2019], "later_year": [2021], "covariance": [covariance]})
    assert told in cards.change(years, shared, 2021, transient)
    assert cards.change(years, shared, 2021, transient).startswith("С 2019 года")
    assert "не сравнить" in cards.change(years.head(1), shared, 2021, transient)
    assert "не сравнить" in cards.change(years, shared, 2022, transient)


@pytest.mark.parametrize(
    ("direction", "tier", "told"),
    [
        ("below", "persistent", "▼ Ниже, чем обычно у школ с такими же условиями, и так из года в год"),
        ("above", "observation", "▲ Выше, чем обычно у школ с такими же условиями — по одному году"),
        ("within", "none", "● Явной разницы"),
        (None, "dependent", "сказать нельзя"),
    ],
)
def test_a_conclusion_is_told_aloud(direction, tier, told):
    school = {
        "direction": direction,
        "tier": tier,
        "reason": "few_years",
        "prob_below": 0.5,
        "prob_above": 0.5,
        "spec_share": 1,
    }
    assert told in cards.conclusion(school)
    assert bool(cards.sure(school)) == (direction in ("below", "above"))


def test_three_steps_at_most_by_their_days():
    class OfRegion:
        class params:
            class questions:
                contact = "центр, отдел мониторинга"

        @staticmethod
        def tells_of_help(edition):
            return edition == "internal"

    days = [date(2021, 12, 25), date(2021, 10, 10), date(2022, 1, 15), date(2021, 11, 1)]
    measures = pl.DataFrame(
        {
            "number": [1, 2, 3, 4],
            "rule_id": ["x"] * 4,
            "deadline_date": days,
            "measure": ["Б: да", "А", "Г", "В; и так"],
            "owner": ["завуч"] * 4,
        }
    )

    class Helped:
        pass

    helped = Helped()
    helped.measures = measures
    told = cards.steps(helped, OfRegion, "internal")
    assert [line for line in told.splitlines() if line[:2] in ("1.", "2.", "3.", "4.")] == [
        "1. До 10.10.2021 — а. *завуч*", "2. До 01.11.2021 — в. *завуч*", "3. До 25.12.2021 — б. *завуч*",
    ]  # fmt: skip
    assert "ещё 1\xa0мера" in told
    assert (
        cards.ask(OfRegion, "internal") == "**Вопросы** — центр, отдел мониторинга."
        and cards.ask(OfRegion, "public") == ""
    )
    helped.measures = measures.with_columns(rule_id=pl.lit(None, pl.String))
    assert "мер для школы отчёт не предлагает" in cards.steps(helped, OfRegion, "internal")
    assert cards.steps(None, OfRegion, "public") == ""


def test_a_school_speaks_for_itself_in_the_internal_edition_alone():
    class OfRegion:
        class params:
            years = (2019, 2021)

        @staticmethod
        def sight(edition):
            return "internal" if edition == "internal" else "open"

        @staticmethod
        def read(name):
            rows = [(2019, "a", date(2019, 11, 1), "Раньше"), (2021, "a", date(2021, 11, 12), "Не было *учителя*")]
            return pl.DataFrame(rows, schema=["year", "school_id", "answer_date", "answer"], orient="row")

    told = cards.own_words(OfRegion, "internal", "a")
    assert told == r"**Пояснение школы**, 12.11.2021. Не было \*учителя\*"
    assert cards.own_words(OfRegion, "internal", "b") == cards.own_words(OfRegion, "public", "a") == ""
