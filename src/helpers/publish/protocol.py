"""The acceptance protocol as workbooks: the analyst's, and the questions to each municipality and each school."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from helpers.intake.answers import (
    ANSWER,
    COVER,
    DROP,
    KEY_COLUMNS,
    KEYS,
    NO_DATA,
    NUMBER,
    QUESTIONS,
    REMARK,
    RESENT,
    RIGHT,
    WHO,
)
from helpers.params import Params
from helpers.show import received, words

FOLDER = "protocol"
_NO_TIME = datetime(2000, 1, 1)  # a workbook's date of creation would make other bytes on every run
_OWN = {
    "state": ("Состояние", 11), "title": ("Проверка", 22), "whose": ("Чьи данные", 22), "where": ("Где", 30),
    "fault": ("Что не так", 32), "advice": ("Что сделать", 32),
}  # fmt: skip
"""Columns of the analyst's sheets."""
_ASKED = {
    "number": (NUMBER, 4), "school_name": ("Школа", 19), "where": ("Где", 25), "fault": ("Что не так", 28),
    "asked": ("О чём просим", 26), "now": ("Сейчас", 10), "answer": (ANSWER, 17), "remark": (REMARK, 20),
}  # fmt: skip
"""Columns of the questions."""
_LINE = 15
"""Height of a line of a cell, in points."""
_BLUE, _YELLOW = "#e8eef4", "#fff7cc"


def books(findings: pl.DataFrame, params: Params) -> dict[str, bytes]:
    """All workbooks by their path below the site or any other folder.

    Parameters
    ----------
    findings : DataFrame
        `helpers.show.received.protocol`: the table `protocol` with names of checks and schools.
    params : Params
        The report's title, and whom to answer until when.
    """
    questions = received.asked(findings)
    files = {f"{FOLDER}/protocol.xlsx": _own_book(findings, questions)}
    for name in questions["municipality"].unique().sort():
        files[municipality_book(name)] = _questions_book(questions.filter(municipality=name), name, params)
    for school_id in questions["school_id"].drop_nulls().unique().sort():
        of_school = questions.filter(school_id=school_id)
        files[school_book(school_id)] = _questions_book(of_school, of_school["school_name"][0] or school_id, params)
    return files


def for_machines(findings: pl.DataFrame, params: Params) -> list[dict[str, Any]]:
    """Findings as a program takes them: what the analyst's sheets tell, and the place that each is about."""
    shown = findings.select("status", "state", "title", "whose", where="place", fault="fault", advice="advice")
    return [
        row | {"place": place_of(finding, params)}
        for row, finding in zip(shown.iter_rows(named=True), findings.iter_rows(named=True), strict=True)
    ]


def municipality_book(name: str) -> str:
    """Path of the workbook for a municipality."""
    return f"{FOLDER}/municipality/{words.slug(name)}.xlsx"


def school_book(school_id: str) -> str:
    """Path of the workbook for a school."""
    return f"{FOLDER}/school/{words.slug(school_id)}.xlsx"


def names_to_confirm(unknown: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, bytes]:
    """Names that no school has, as lines for `confirmed_names.csv`: the analyst fills in the code of the school."""
    if not unknown:
        return {}
    rows = [(name, municipality, "", ", ".join(like)) for (name, municipality), like in sorted(unknown.items())]
    frame = pl.DataFrame(rows, schema=["Название", "Муниципалитет", "Код школы", "Похожие школы"], orient="row")
    return {f"{FOLDER}/names_to_confirm.csv": frame.write_csv(separator=";", include_bom=True).encode()}


class _Book(xlsxwriter.Workbook):
    """A workbook in memory whose text stays text, whatever it begins with, and whose sheets print on A4 across."""

    def __init__(self, title: str) -> None:
        self.content = io.BytesIO()
        super().__init__(self.content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        self.set_properties({"title": title, "created": _NO_TIME})
        cell = {"text_wrap": True, "align": "left", "valign": "top", "border": 1, "border_color": "#8a97a3"}
        self.head = self.add_format({**cell, "bold": True, "bg_color": _BLUE})
        self.plain = self.add_format(cell)
        # text, so that Excel makes no date of 28.6
        self.answer = self.add_format({**cell, "bg_color": _YELLOW, "num_format": "@"})

    def sheet(self, name: str) -> Worksheet:
        sheet = self.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R&P из &N")
        return sheet

    def table(
        self, name: str, rows: pl.DataFrame, columns: Mapping[str, tuple[str, int]], formats: Mapping[str, Format]
    ) -> Worksheet:
        """A sheet with a row a finding under a header that stays in sight and on every printed page."""
        sheet = self.sheet(name)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        for place, (key, (title, width)) in enumerate(columns.items()):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, self.head)
            for row, value in enumerate(rows[key], start=1):
                sheet.write(row, place, "" if value is None else value, formats.get(key, self.plain))
        for row, texts in enumerate(rows.select(columns.keys()).iter_rows(), start=1):
            pairs = zip(texts, columns.values(), strict=True)
            sheet.set_row(row, _LINE * max(_lines(text, width) for text, (_, width) in pairs) + 3)
        sheet.autofilter(0, 0, max(rows.height, 1), len(columns) - 1)
        return sheet

    def bytes(self) -> bytes:
        self.close()
        return self.content.getvalue()


def _lines(text: object, width: int) -> int:
    """How many lines a text takes in a column: not every program that prints a workbook finds it out."""
    return sum(max(len(wrap(line, width)), 1) for line in str(text).split("\n"))


def _own_book(findings: pl.DataFrame, questions: pl.DataFrame) -> bytes:
    """What only the analyst can mend, and what is asked of others."""
    book = _Book("Протокол приёмки данных")
    shown = _in_words(findings).with_columns(pl.col("status").replace(words.STATUS).alias("state"))
    sent = pl.col("number").is_in(questions["number"].implode())
    book.table("Исправляет аналитик", shown.filter(~sent), _OWN, {})
    book.table("Спросить у отправителей", shown.filter(sent), _OWN, {})
    return book.bytes()


def _questions_book(questions: pl.DataFrame, name: str, params: Params) -> bytes:
    """What is asked, by whom, until when; the questions; the places they are about, out of sight."""
    book = _Book(f"Вопросы к данным: {name}")
    rows = _in_words(questions).with_columns(
        number=pl.int_range(1, pl.len() + 1), now=pl.col("cells").str.replace_all("\n", "; "), answer=pl.lit(""),
        remark=pl.lit(""),
    )  # fmt: skip
    rows = rows.with_columns(
        fault=pl.when(status="FAIL").then(pl.concat_str(pl.lit("Обязательно. "), "fault")).otherwise("fault"),
        now=pl.when(pl.col("fields") != "").then("now").otherwise(pl.lit("")),
    )
    _cover(book, rows, name, params)
    sheet = book.table(QUESTIONS, rows, _ASKED, {"answer": book.answer, "remark": book.answer})
    place = list(_ASKED).index("answer")
    for row, (fields, number) in enumerate(rows.select("fields", "row").iter_rows(), start=1):
        of_row = [DROP] if number is not None else []
        answers = [RIGHT, *([NO_DATA] if fields else []), *of_row, RESENT]
        sheet.data_validation(row, place, row, place, {
            "validate": "list", "source": answers, "error_type": "information", "show_error": False,
            "input_title": ANSWER, "input_message": "Впишите верное значение или выберите из списка" if fields
            else "Выберите из списка",
        })  # fmt: skip
    _keys(book, rows, params)
    return book.bytes()


def _cover(book: _Book, rows: pl.DataFrame, name: str, params: Params) -> None:
    sheet = book.sheet(COVER)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    title = book.add_format({"bold": True, "font_size": 16, "text_wrap": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top", "font_size": 12})
    label = book.add_format({"bold": True, "valign": "top", "font_size": 12, "border": 1, "bg_color": _BLUE})
    value = book.add_format({"text_wrap": True, "valign": "top", "font_size": 12, "border": 1})
    blank = book.add_format({"text_wrap": True, "valign": "top", "font_size": 12, "border": 1, "bg_color": _YELLOW,
                             "num_format": "@"})  # fmt: skip
    must = rows.filter(status="FAIL").height
    number_of = words.count(rows.height, words.QUESTION)
    lines = [
        f"Мы готовим отчёт «{params.title}» и проверили присланные данные. На листе «{QUESTIONS}» — {number_of} к ним: "
        "то, что знаете и можете поправить только вы."
        + (f" Помеченных «Обязательно» — {must}: без ответа на них отчёт не строится." if must else ""),
        f"1. Откройте лист «{QUESTIONS}». Одна строка — одно место в файле: где оно, что не так, что стоит там сейчас.",
        f"2. В жёлтый столбец «{ANSWER}» впишите верное значение. Если ошибки нет, выберите «{RIGHT}», если значения нет — "
        f"«{NO_DATA}», если строка лишняя — «{DROP}». Если проще прислать новый файл, выберите «{RESENT}» и приложите его.",
        f"3. В столбце «{REMARK}» одной фразой скажите, почему. Фамилий учеников и родителей не пишите.",
        "4. Сохраните книгу и отправьте её обратно. Номера, названия столбцов и листов не меняйте: по ним ответ находит "
        "своё место.",
    ]  # fmt: skip
    sheet.merge_range(0, 0, 0, 1, f"Вопросы к данным: {name}", title)
    sheet.set_row(0, 26 if len(name) < 60 else 48)
    for place, line in enumerate(lines, start=2):
        sheet.merge_range(place, 0, place, 1, line, text)
        sheet.set_row(place, 17 * _lines(line, 105) + 5)
    deadline = params.questions.deadline
    facts = [
        ("Кому ответить", params.questions.contact or "тому, кто прислал вам эту книгу", value),
        (
            "До какого дня",
            f"{deadline:%d.%m.%Y}" if deadline else "срок назван в письме, с которым пришла книга",
            value,
        ),
        ("Чьи данные", name, value),
        (WHO, "", blank),
        ("Дата ответа", "", blank),
    ]
    for place, (said, shown, form) in enumerate(facts, start=len(lines) + 3):
        sheet.set_row(place, 20)
        sheet.write_string(place, 0, said, label)
        sheet.write_string(place, 1, shown, form) if shown else sheet.write_blank(place, 1, None, form)


def _keys(book: _Book, rows: pl.DataFrame, params: Params) -> None:
    """The places that the answers are about, by the question's number, as text: nobody is to change them."""
    sheet = book.add_worksheet(KEYS)
    sheet.very_hidden()
    for place, title in enumerate(KEY_COLUMNS):
        sheet.write_string(0, place, title)
    for number, row in enumerate(rows.iter_rows(named=True), start=1):
        for place, text in enumerate(place_of(row, params).values()):
            sheet.write_string(number, place, text)


def place_of(finding: Mapping[str, Any], params: Params) -> dict[str, str]:
    """The place that a finding is about, as text under `KEY_COLUMNS`: an answer finds its way back by it."""
    parts = (finding[name].split("\n") for name in ("columns", "fields", "cells"))
    cells = json.dumps(list(zip(*parts, strict=True)), ensure_ascii=False)
    known = finding | {"year": _year(finding["file"], params), "cells": cells}
    return {name: "" if known[name] is None else str(known[name]) for name in KEY_COLUMNS}


def _year(file: str, params: Params) -> int:
    """The year of a raw file: that of its folder; of lists that outlive a year the report's last."""
    stated = re.match(r"\d{4}(?=/)", file)
    return int(stated[0]) if stated else params.years[-1]


def _in_words(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings with their place line by line, as it fits a narrow column."""
    return findings.with_columns(
        where=pl.concat_str(
            "file",
            pl.format("лист «{}»", pl.when(pl.col("sheet") != "").then("sheet")),
            pl.format("строка {}", "row"),
            pl.format("столбец «{}»", pl.when(pl.col("column") != "").then("column")),
            separator="\n",
            ignore_nulls=True,
        )
    )  # fmt: skip
