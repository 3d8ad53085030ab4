"""Rows of a form that hold no data are told from rows that do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.intake.set_aside import is_header_again, is_numbering, is_signature

HEADER = [["ИНН", "Наименование ОО", "Обучающихся", "", ""], ["", "", "всего", "неполные", "многодетные"]]


@pytest.mark.parametrize(
    "row",
    [
        "1 2 3 4",
        "1 2 3 4 5=3+4",
        "(1) (2) (3)",
        "1.0 2.0 3.0",
        "А Б 1 2",
        "А Б 3 4",
        "а 1 2 3",
        "№ 2 3 4",
        "гр.1 гр.2 гр.3",
        "Графа1 Графа2 Графа3",
        "I II III IV V",
        "A B C D",
        "А Б В Г Д",
    ],
)
def test_numbers_of_columns(row):
    assert is_numbering(row.split())


@pytest.mark.parametrize(
    "row",
    [
        "1 2",
        "1 2 4",
        "2 3 4",
        "4100000001 1 2",
        "А Б В",
        "A B D E",
        "I II IV V",
        "А Б 4 5",
        "3 2 1",
        "1 1 2",
        "СОШ 1 2 3",
    ],
)
def test_rows_of_data_are_no_numbering(row):
    assert not is_numbering(row.split())


@pytest.mark.parametrize(
    "row",
    [*HEADER, ["ИНН", " Наименование  ОО", "обучающихся"], ["ИНН", "«Наименование ОО»", "ОБУЧАЮЩИХСЯ", "", ""]],
)
def test_a_header_again(row):
    assert is_header_again(row, HEADER)


@pytest.mark.parametrize(
    "row",
    [["ИНН"], ["4100000001", "СОШ № 3", "300", "60", "30"], ["", "", "60", "30"], ["ИНН", "СОШ № 3", "Обучающихся"]],
)
def test_rows_of_data_are_no_header(row):
    assert not is_header_again(row, HEADER)


@given(st.lists(st.lists(st.text("абв12 ", max_size=3), min_size=3, max_size=3), min_size=1, max_size=3))
def test_what_differs_from_every_header_is_none(rows):
    assert not is_header_again(["другое", *rows[0][1:]], rows)


@pytest.mark.parametrize(
    "row",
    [
        ["Начальник отдела образования", "_________", "И.И. Иванова", "20.09.2020"], ["Директор", None, "Петров"],
        ["И.о. начальника управления"], ["И. о. директора", "____"], ["", "М.П."], ["Исп. Сидорова", "8 (415) 22-33-44"],
        ["Зам. директора по УВР", "(подпись)"], ["Руководитель:"], [None, "_____________ (Ф.И.О.)"], ["«__» _______ 2020 г."],
        ["Главный бухгалтер", "Иванова"],
    ],
)  # fmt: skip
def test_signatures(row):
    assert is_signature(row)


@pytest.mark.parametrize(
    "row",
    [["МБОУ «Начальная школа № 8»", "120"], ["4100000001", "СОШ № 3", "300"], [None, ""], ["Итого", "900"], ["—", "-"]],
)
def test_schools_have_not_signed(row):
    assert not is_signature(row)
