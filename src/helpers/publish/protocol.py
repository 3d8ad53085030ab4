"""The acceptance protocol as workbooks: one for the centre, one to send back to each municipality and each school."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
import xlsxwriter

from helpers.show import words

FOLDER = "protocol"
_COLUMNS = {
    "status": ("Состояние", 12), "title": ("Проверка", 34), "school_name": ("Школа", 34), "file": ("Файл", 34),
    "sheet": ("Лист", 12), "row": ("Строка", 8), "column": ("Столбец", 26), "found": ("Найдено", 44),
    "expected": ("Ожидалось", 34), "advice": ("Что сделать", 52), "answer": ("Ответ школы", 30),
}  # fmt: skip
_NO_TIME = datetime(2000, 1, 1)  # a workbook's date of creation would make other bytes on every run


def books(findings: pl.DataFrame) -> dict[str, bytes]:
    """All workbooks by their path below the site or any other folder.

    Parameters
    ----------
    findings : DataFrame
        `helpers.show.views.protocol`: the table `protocol` with names of checks and schools.
    """
    files = {f"{FOLDER}/protocol.xlsx": _book(findings)}
    for name in findings["municipality"].drop_nulls().unique().sort():
        files[municipality_book(name)] = _book(findings.filter(municipality=name))
    for school_id in findings["school_id"].drop_nulls().unique().sort():
        files[school_book(school_id)] = _book(findings.filter(school_id=school_id))
    return files


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


def _book(findings: pl.DataFrame) -> bytes:
    """A sheet with a row a finding and an empty column for the answer; text stays text, whatever it begins with."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": "Протокол приёмки данных", "created": _NO_TIME})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#e8eef4", "border": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        sheet = book.add_worksheet("Протокол")
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        shown = findings.with_columns(pl.col("status").replace(words.STATUS), answer=pl.lit(""))
        for place, (name, (title, width)) in enumerate(_COLUMNS.items()):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, bold)
            for row, value in enumerate(shown[name], start=1):
                sheet.write(row, place, "" if value is None else value, plain)
        sheet.autofilter(0, 0, findings.height, len(_COLUMNS) - 1)
    return content.getvalue()
