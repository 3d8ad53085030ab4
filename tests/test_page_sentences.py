"""What pages say where it branches on the data: each branch on a table of a few rows, counted by hand."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import nbformat
import polars as pl
import pytest
from cells import defined

from helpers.publish.pages import PAGES
from helpers.show import certainty

NB = "\u00a0"


def agreement(on_list: list[int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"direction": ["below", "below", "within"], "on_list": on_list, "not_on_list": [3, 4, 20]},
        schema_overrides={"on_list": pl.Int64},
    )


def test_two_lists_meet_as_counted_by_hand():
    agreed = defined("federal").agreed
    told = agreed(agreement([1, 1, 5]), 9, 2021)
    # on the list 7 of 9; both judge 7 + 27; below and listed 2, below only 7, listed only 5
    assert f"2021 года — 9{NB}школ; о 2 из них нашего вывода нет" in told and f"судят о 34{NB}школах" in told
    assert f"в федеральном списке — 2{NB}школы; ниже ожидаемого, но не в списке — 7{NB}школ" in told
    assert f"в списке, но не ниже ожидаемого — 5{NB}школ." in told


def test_of_two_lists_nothing_is_counted_where_a_number_is_hidden_or_there_is_no_list():
    agreed = defined("federal").agreed
    hidden = agreed(agreement([1, None, 5]), 9, 2021)
    assert "не публикуется" in hidden and "судят" not in hidden
    assert "применить не к чему" in agreed(agreement([1, 1, 5]).clear(), 0, 2021)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["done", "overdue", "planned"], "сделано 1 из 3{NB}решений; просрочено 1: № 2. Ближайший срок — 3 мая 2021 года, решение № 3."),
        (["done", "done", "done"], "сделано 3 из 3{NB}решений."),
        (["overdue", "overdue", "in_progress"], "просрочено 2: № 1, 2. Ближайший срок — 3 мая 2021 года, решение № 3."),
    ],
)  # fmt: skip
def test_decisions_are_counted_by_their_states(states: list[str], told: str):
    decisions = pl.DataFrame(
        {"number": [1, 2, 3], "state": states, "deadline": [date(2021, 5, day) for day in (1, 2, 3)]}
    ).with_columns(as_of_date=pl.lit(date(2021, 4, 1)))
    progress = defined("decisions").progress
    assert progress(decisions).endswith(told.format(NB=NB)) and "На 1 апреля 2021 года" in progress(decisions)
    assert progress(decisions.clear()) == "Решений этого года в параметрах отчёта нет."


def findings(statuses: list[str], municipalities: list[str | None]) -> pl.DataFrame:
    school = [None if name is None else f"s{number}" for number, name in enumerate(municipalities)]
    asked = ["yes" if status == "ADVICE" else None for status in statuses]
    texts = {"municipality": municipalities, "school_id": school, "asked": asked}
    return pl.DataFrame({"status": statuses, **texts}, schema_overrides=dict.fromkeys(texts, pl.String))


def test_remarks_are_counted_and_sent_to_those_who_can_mend_them():
    protocol = defined("protocol")
    rows = findings(["FAIL", "ADVICE", "ADVICE", "ADVICE"], [None, "Юг", "Юг", "Север <1>"])
    assert protocol.summary(rows) == (
        f"4{NB}замечания к исходным файлам, к данным 3{NB}школ: исправить 1, посмотреть 3."
    )
    lines = [line for line in protocol.books(rows).splitlines() if line.startswith("- ")]
    assert lines == [
        rf"- [Север \<1\>](site:/protocol/municipality/sever-1.xlsx) — 1{NB}вопрос",
        f"- [Юг](site:/protocol/municipality/yug.xlsx) — 2{NB}вопроса",
    ]


def test_nothing_is_sent_where_there_is_nothing_to_ask():
    protocol = defined("protocol")
    own = findings(["FAIL"], [None])
    assert protocol.summary(own) == f"1{NB}замечание к исходным файлам: исправить 1, посмотреть 0."
    assert protocol.books(own).endswith("Спросить у муниципалитетов нечего.")
    assert protocol.summary(own.clear()) == "Замечаний к исходным файлам нет."
    assert protocol.books(own.clear()) == "Отправлять нечего."


def test_hidden_cells_are_counted_and_a_refusal_names_its_reasons():
    hidden = defined("hidden")
    assert f"скрыта 21{NB}ячейка." in hidden.summary(pl.DataFrame({"cell": ["x"] * 21}))
    assert hidden.summary(pl.DataFrame({"cell": []})) == "В открытой редакции ничего не скрыто: данные открыты."
    refusals = pl.DataFrame(
        {"number": [1], "file": ["a_b.csv"], "found": ["1 <школа>"], "expected": ["две"], "advice": ["исправьте"]}
    )
    told = hidden.refused(refusals)
    assert (
        told.startswith("Открытую редакцию построить нельзя") and r"* Файл a\_b\.csv" in told and r"1 \<школа\>" in told
    )


def side(named: int, false: float) -> dict:
    return {"named": named, "false": false}


def test_mistakes_are_told_of_the_sides_on_which_schools_are_named():
    both = {"below": side(1, 0.3), "above": side(4, 0.5), "reliability": 0.9}
    assert certainty.mistaken(both) == (
        f"- ниже ожидаемого: из 1{NB}выделенной школы ожидаемое число выделенных ошибочно — 0,3 (30,0{NB}%).\n"
        f"- выше ожидаемого: из 4{NB}выделенных школ ожидаемое число выделенных ошибочно — 0,5 (12,5{NB}%)."
    )
    assert "надёжность индекса — 0,90" in certainty.false_flags(both)
    above = both | {"below": side(0, 0.0)}
    assert "ниже ожидаемого" not in certainty.mistaken(above) and certainty.mistaken(above).count("\n") == 0
    assert certainty.false_flags(above | {"above": side(0, 0.0)}) == "Ни одна школа не выделена."


@pytest.mark.parametrize(
    ("schools", "years", "told"),
    [
        (0, None, f"вывод не меняется ни у одной из 3{NB}выделенных школ."),
        (2, None, f"вывод меняется у 2 из 3{NB}выделенных школ."),
        (0, 1, f"Если убрать любой один год, вывод меняется у 1 из 3{NB}выделенных школ."),
    ],
)
def test_what_leaving_out_changes(schools: int, years: int | None, told: str):
    summary = {"below": side(1, 0.0), "above": side(2, 0.0), "without_school": schools, "without_year": years}
    assert certainty.left_out(summary).endswith(told)
    assert ("любой один год" in certainty.left_out(summary)) == (years is not None)
    assert certainty.left_out(summary | {"below": side(0, 0), "above": side(0, 0)}) == "Выделенных школ нет."


def test_a_rule_is_shown_as_precisely_as_it_is_written():
    shown = defined("method").shown
    assert (shown(0.1), shown(0.0025), shown(10), shown(None), shown({})) == ("0,10", "0,0025", "10", "—", "—")
    assert shown({"OGE": 0.5, "VPR": 1}) == "ОГЭ 0,50; ВПР 1" and shown([0.8, 0.9]) == "0,80, 0,90"


def test_a_slide_names_the_surest_schools_and_says_how_many_it_leaves_out():
    schools = pl.DataFrame(
        {"school_id": [f"s{n}" for n in range(10)], "school_name": [f"Школа {n}" for n in range(10)], "group_name": ["Юг"] * 10,
         "verdict": ["▼"] * 10, "effect": [-0.1] * 10, "clarity": [float(n) for n in range(10)], "flagged": [n > 0 for n in range(10)]}
    )  # fmt: skip
    named = defined("webinar").named
    shown = named(schools).markdown
    assert "остальные, 1, — на странице" in shown and "Школа 9" in shown and "Школа 1<" not in shown
    assert "остальные" not in named(schools.head(5)).markdown and "Школа 0" not in named(schools.head(5)).markdown


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_page_sends_a_reader_to_a_file_of_the_program(path: Path):
    """Tables to download have names of their own; where rules are kept is the analysts' business."""
    for cell in nbformat.read(path, as_version=4).cells:
        code = ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else []
        written = [node.value for node in code if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        for text in [cell.source] if cell.cell_type == "markdown" else written:
            assert not re.search(r"params/|\.ya?ml\b|\.parquet\b|\.ipynb\b", text), text
