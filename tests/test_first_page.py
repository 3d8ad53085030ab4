"""What the first page says: no sentence that the data of a report contradict, tried on reports that are poor."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from cells import defined

from helpers.show import cards, sentences

NB = "\u00a0"
PAGE = defined("index")


@pytest.mark.parametrize(
    ("below", "above", "within", "unknown", "told"),
    [
        (6, 8, 60, 40, f"**Из 74{NB}школ с выводом — если сравнивать со школами в таких же условиях — у 6 результаты ниже, у 8 — выше, "
                       f"у 60 явной разницы не видно.** О 40{NB}школах судить нельзя."),
        (0, 1, 0, 1, f"у 1 результаты выше.** О 1{NB}школе судить нельзя."),
        (1, 0, 3, 0, "у 1 результаты ниже, у 3 явной разницы не видно.**"),
        (0, 0, 5, 7, f"**Ни одна из 5{NB}школ с выводом явно не отличается от школ с такими же условиями.** О 7{NB}школах"),
        (0, 0, 0, 12, "**Ни об одной школе вывода нет**"),
    ],
)  # fmt: skip
def test_the_finding_is_one_sentence(below, above, within, unknown, told):
    text = sentences.finding(
        {"below": {"named": below}, "above": {"named": above}, "within": within, "unknown": unknown}
    )
    assert told in text
    assert ("судить нельзя" in text) == bool(unknown and below + above + within)
    assert ("результаты ниже" in text) == bool(below) and " 0" not in text


def decisions(*states: str) -> pl.DataFrame:
    rows = [
        {"number": n, "decision": f"Дело {n}", "owner": f"Кто {n}", "state": state, "deadline": date(2021, 12, 10 - n)}
        for n, state in enumerate(states, 1)
    ]
    table = pl.DataFrame(rows, schema_overrides={"deadline": pl.Date}) if rows else pl.DataFrame({"number": []})
    return table.with_columns(as_of_date=pl.lit(date(2021, 11, 1)))


def test_what_awaits_a_decision_stands_by_its_day_the_overdue_first():
    told = PAGE.awaited(decisions("planned", "done", "in_progress", "overdue"))
    assert "на 1 ноября 2021 года — 3 (" in told
    assert [line for line in told.splitlines() if line.startswith("-")] == [
        "- до 06.12.2021, просрочено: Дело 4 — *Кто 4*",
        "- до 07.12.2021: Дело 3 — *Кто 3*",
        "- до 09.12.2021: Дело 1 — *Кто 1*",
    ]
    assert "сделаны все" in PAGE.awaited(decisions("done", "done"))
    assert len([line for line in PAGE.awaited(decisions(*["planned"] * 9)).splitlines() if line.startswith("-")]) == 4


def test_nothing_is_said_of_decisions_where_there_are_none():
    assert PAGE.awaited(decisions("done").clear()) == ""


def residuals(**schools: tuple[float | None, float | None]) -> pl.DataFrame:
    rows = [(year, name, two[place], 0.05) for name, two in schools.items() for place, year in enumerate((2019, 2021))]
    return pl.DataFrame(rows, schema=["year", "school_id", "residual", "outcome_se"], orient="row")


NONE_SHARED = pl.DataFrame(
    schema={"school_id": pl.String, "year": pl.Int64, "later_year": pl.Int64, "covariance": pl.Float64}
)


def test_schools_move_where_the_change_is_beyond_what_years_do():
    table = residuals(a=(0.0, 0.2), b=(0.0, -0.2), c=(0.0, 0.1), d=(None, 0.5))  # 1.96 · 0.05 · √2 = 0.139
    assert cards.moved_schools(table, NONE_SHARED, 2019, 2021, 0.0).rows() == [("a", 1), ("b", -1), ("c", 0)]
    shared = pl.DataFrame({"school_id": ["c"], "year": [2019], "later_year": [2021], "covariance": [0.0015]})  # 0.088
    assert cards.moved_schools(table, shared, 2019, 2021, 0.0).rows()[2] == ("c", 1)
    assert cards.moved_schools(table, NONE_SHARED, 0, 2021, 0.0).is_empty()
    years = cards.moved_schools(table, NONE_SHARED, 2019, 2021, 0.005)  # 1.96 · √(0.005 + 0.01) = 0.240
    assert years["moved"].to_list() == [0, 0, 0]


def test_what_has_changed_is_counted_and_the_named_are_told():
    schools = pl.DataFrame(
        {
            "school_id": ["a", "b", "c"], "school_name": ["СШ *1*", "СШ 2", "СШ 3"], "group_name": ["Юг"] * 3,
            "direction": ["below", "within", "above"], "verdict": ["▼ ниже", "●", "▲ выше"],
            "card": ["site:/school/a.html", None, None], "group_page": ["site:/municipality/yug.html"] * 3,
        }
    )  # fmt: skip
    moves = pl.DataFrame({"school_id": ["a", "b", "c"], "moved": [1, -1, 0]})
    told = PAGE.changed(moves, schools, [2018, 2019, 2021])
    assert "с 2019 года" in told and f"из 3{NB}школ больше, чем обычно" in told
    assert "поднялись 1, опустились 1; от одних обычных колебаний вышло бы в среднем по 0,1." in " ".join(told.split())
    assert told.endswith(r"Из выделенных: ▼ [СШ \*1\*](site:/school/a.html) — поднялась.")
    still = PAGE.changed(moves.with_columns(moved=0), schools, [2019, 2021])
    assert f"Ни одна из 3{NB}школ не сместилась" in still and "Из выделенных" not in still


def test_nothing_is_said_of_a_change_where_there_is_one_year():
    schools = pl.DataFrame(
        {"school_id": ["a"], "school_name": [""], "group_name": [""], "direction": [None], "verdict": [""]}
    )
    moves = pl.DataFrame({"school_id": ["a"], "moved": [1]})
    assert PAGE.changed(moves, schools, [2021]) == PAGE.changed(moves.clear(), schools, [2019, 2021]) == ""


def test_every_territory_is_linked_by_name():
    groups = pl.DataFrame(
        {"group_name": ["Юг", "Ва*лки"], "group_page": ["site:/municipality/yug.html", "site:/municipality/v.html"]}
    )
    links = r"[Ва\*лки](site:/municipality/v.html) · [Юг](site:/municipality/yug.html)"
    assert PAGE.places(groups, pl.DataFrame()).endswith(f"по территориям:\n\n{links}")
    supported = pl.DataFrame({"group_page": ["site:/municipality/yug.html"] * 2})
    told = PAGE.places(groups, supported)
    assert "в скобках" in told and told.endswith(
        "(site:/municipality/v.html) · [Юг](site:/municipality/yug.html#support) (2)"
    )
