"""What pages say of the same pupils' progress, on tables of a few rows."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from cells import defined

from helpers.params import FlagRules, ProgressRules
from helpers.show import cohorts

FLAG = FlagRules(delta=0.1, persistent=0.9, watch=0.85, min_years=2, min_spec_share=0, source="test")
PAGE = defined("cohorts")


def report(monkeypatch, **tables):
    """A report of these tables, in which `views.schools` has three schools."""
    schools = pl.DataFrame({"school_id": ["a", "b", "c"], "direction": ["below", "within", None]})
    monkeypatch.setattr(cohorts.views, "schools", lambda *_: schools)
    return SimpleNamespace(read=lambda name, _: tables[name], params=SimpleNamespace(pooled_years=[2020, 2021]))


def progress(*rows):
    names = ["school_id", "effect", "effect_se", "prob_below", "prob_above", "years", "tier", "direction", "reason"]
    return pl.DataFrame(rows, schema=names, orient="row")


ROWS = progress(
    ("a", -0.3, 0.05, 0.99, 0.0, 2, "persistent", "below", "probability"),
    ("b", 0.2, 0.05, 0.0, 0.97, 2, "watch", "above", "probability"),
    ("c", 0.1, 0.10, 0.1, 0.40, 1, "preliminary", None, "few_years"),
)


def test_two_conclusions_stand_beside_each_other_and_say_what_they_mean(monkeypatch):
    rows = cohorts.schools(report(monkeypatch, progress=ROWS), "internal")
    assert rows["progress_words"].to_list() == [
        "▼ прибавляют меньше ожидаемого, устойчиво",
        "▲ прибавляют больше ожидаемого, зона внимания",
        "пока рано: мало участников или лет",
    ]
    counted = cohorts.both(rows)
    assert counted.select("level", "progress", "schools").rows() == [
        ("ниже ожидаемого", "прибавляют меньше ожидаемого", 1),
        ("без явного отклонения", "прибавляют больше ожидаемого", 1),
    ]
    assert counted["why"][0].startswith("Оба взгляда согласны")
    assert len(cohorts.WHY) == 9


def test_a_card_says_by_how_much_and_with_what_error(monkeypatch):
    made = report(monkeypatch, progress=ROWS)
    told = cohorts.of_school(made, "internal", "a")
    assert "прибавляют меньше ожидаемого: −0,30" in told
    assert "(от −0,40 до −0,20)" in told
    assert "сказать нельзя: пока рано" in cohorts.of_school(made, "internal", "c")
    assert cohorts.of_school(made, "internal", "nobody") == ""


def test_who_left_and_who_came_is_counted_by_classes(monkeypatch):
    names = [
        "year", "school_id", "procedure", "subject", "grade", "earlier_year", "earlier_procedure", "earlier_grade", "n_earlier",
        "n_later", "set_aside",
    ]  # fmt: skip
    pairs = pl.DataFrame(
        [
            (2021, "a", "OGE", "rus", "9", 2020, "VPR", "8", 20.0, 18.0, None),
            (2021, "b", "OGE", "rus", "9", 2020, "VPR", "8", 30.0, 31.0, None),
            (2021, "c", "OGE", "rus", "9", 2020, "VPR", "8", 30.0, 12.0, "coverage"),
            (2021, "a", "VPR", "rus", "5", 2020, "VPR", "4", 30.0, 30.0, "biased"),
            (2018, "a", "OGE", "rus", "9", 2017, "VPR", "8", 30.0, 30.0, None),
        ],
        schema=names, orient="row",
    )  # fmt: skip
    made = report(monkeypatch, cohort_pairs=pairs)
    rows = cohorts.links(made, "internal")
    assert rows.select("year", "now", "before", "judged", "apart", "n_earlier", "n_later", "share").rows() == [
        (2021, "ОГЭ, 9 класс", "ВПР, 8 класс", 2, 1, 50.0, 49.0, 0.98)
    ]
    assert sorted(cohorts.apart(made, "internal").select("set_aside", "results").rows()) == [
        ("biased", 1),
        ("coverage", 1),
    ]
    rules = ProgressRules(least_coverage=0.75, most_years=2, source="test")
    assert "другие ученики — 1" in PAGE.set_aside(cohorts.apart(made, "internal"), rules)


def test_the_page_says_what_is_left_of_context():
    line = {"year": 2021, "n_schools": 40, "reliability": 0.95, "slope": 0.9, "slope_se": 0.05}
    for slope, said in (
        (0.001, "почти не виден"),
        (0.02, "благополучных условиях прибавляют больше"),
        (-0.02, "где условия хуже"),
    ):
        assert said in PAGE.on_line(pl.DataFrame([line | {"index_slope": slope, "index_slope_se": 0.002}]))
    assert "индекс:" not in PAGE.on_line(pl.DataFrame([line | {"index_slope": None, "index_slope_se": None}]))


def test_the_page_counts_its_schools(monkeypatch):
    rows = cohorts.schools(report(monkeypatch, progress=ROWS), "internal")
    told = PAGE.lead(rows, pl.DataFrame({"year": [2020, 2021]}), FLAG)
    assert "Сравнить можно 3\xa0школы, новые результаты за 2020, 2021" in told
    assert "прибавляют в 1\u00a0школе; явно больше ожидаемого — в 1\u00a0школе" in told
    assert "Явной разницы" not in told and "в 1\u00a0школе участников или лет мало" in told


def test_the_first_sentence_counts_no_schools_where_there_are_none():
    assert PAGE.found(0, 0, 3, 0) == "Явной разницы нет в 3\u00a0школах"
    assert PAGE.found(0, 1, 0, 2) == (
        "Явно больше ожидаемого — в 1\u00a0школе; в 2\u00a0школах участников или лет мало, чтобы судить"
    )
    assert PAGE.found(5, 2, 1, 0).startswith("Явно меньше ожидаемого ученики прибавляют в 5\u00a0школах; явно больше")
