"""Files to download: every published table as csv and workbook, and the data dictionary."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from helpers.report import Report
from helpers.show import received
from helpers.show.dictionary import dictionary

FOLDER = "data"
_EDITION = {"public": "открытая", "internal": "внутренняя"}
_TITLES = {
    "table": ("Таблица", 18), "column": ("Столбец", 26), "title": ("Название", 34), "unit": ("Единица", 20),
    "definition": ("Определение", 70), "source": ("Откуда", 50),
}  # fmt: skip
_NO_TIME = datetime(2000, 1, 1)  # a workbook's date of creation would make other bytes on every run
_DAY_ZERO = date(1899, 12, 30)  # from which a workbook counts days
_LONGEST = 32_767  # characters that a cell may hold; the csv has the rest
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NOT_XML = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]"


def downloads(report: Report, edition: str) -> dict[str, bytes]:
    """All files to download by their path below the site.

    A table comes as `data/<table>.csv` and, unless it is too long, `data/<table>.xlsx`; the dictionary of all of them
    as `data/dictionary.csv` and `data/dictionary.xlsx`.
    """
    told = dictionary(report, edition)
    files = {
        f"{FOLDER}/dictionary.csv": csv_bytes(told),
        f"{FOLDER}/dictionary.xlsx": workbook({}, about(report, edition), told),
    }
    for name, title, csv, xlsx in (
        received.downloads(report, edition).select("table", "title", "csv", "xlsx").iter_rows()
    ):
        frame = report.read(name, edition)
        files[f"{FOLDER}/{csv}"] = csv_bytes(frame)
        if xlsx:
            facts = [("Таблица", f"{name}: {title}"), *about(report, edition)]
            files[f"{FOLDER}/{xlsx}"] = workbook({"Данные": frame}, facts, told.filter(table=name))
    return files


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """A table as csv that Excel opens right; text that a spreadsheet would run as a formula gets an apostrophe."""
    harmless = pl.col(pl.String).str.replace(r"^([=+\-@\t\r])", "'$1")
    return frame.with_columns(harmless).write_csv(include_bom=True).encode()


def about(report: Report, edition: str) -> list[tuple[str, str]]:
    """What a file must say of itself once it has left the site."""
    params = report.params
    nothing_hidden = params.open_data or {"internal": "внутренняя редакция показывает всё"}.get(edition)
    facts = [
        ("Отчёт", params.title), ("Редакция", _EDITION[edition]), ("Источник", params.described.source),
        ("Условия использования", params.described.licence),
        ("Пустая ячейка", "данных нет, в том числе там, где источник скрыл малое число; причины называют столбцы "
                          "set_aside, why_excluded, reason"),
    ]  # fmt: skip
    return [*facts, ("Скрытые значения", f"нет: {nothing_hidden}")] if nothing_hidden else facts


def workbook(frames: Mapping[str, pl.DataFrame], facts: Sequence[tuple[str, str]], told: pl.DataFrame) -> bytes:
    """A workbook of tables, a sheet each by its name, and of their description."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": facts[0][1], "created": _NO_TIME})
        for name, frame in frames.items():
            _write_data(book, name, frame)
        _write_description(book, facts, told)
    return content.getvalue()


class _Table(Worksheet):
    """A sheet whose rows below the first come ready, as XML.

    Cell by cell a workbook of a hundred thousand rows takes half a minute; Polars writes its rows in a second.
    """

    rows = ""

    def _write_rows(self) -> None:
        super()._write_rows()
        self.fh.write(self.rows)


def _write_data(book: xlsxwriter.Workbook, name: str, frame: pl.DataFrame) -> None:
    """A sheet of data: names of columns as in csv, numbers as numbers, days as days, text as text."""
    sheet = book.add_worksheet(name, _Table)
    bold, day = book.add_format({"bold": True, "bg_color": "#e8eef4"}), book.add_format({"num_format": "dd.mm.yyyy"})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, frame.height, frame.width - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_rowcol_to_cell(frame.height, frame.width - 1)}"})
    for place, (column, kind) in enumerate(frame.schema.items()):
        sheet.write_string(0, place, column, bold)
        sheet.set_column(place, place, 28 if kind == pl.String else max(10, len(column) + 4))
    sheet.rows = _rows(frame, day._get_xf_index())
    sheet.dim_rowmax = frame.height


def _rows(frame: pl.DataFrame, day_style: int) -> str:
    """The rows of a table as the XML of a sheet, the first of them in row 2."""
    row = pl.int_range(2, pl.len() + 2).cast(pl.String)
    cells = [_cell(name, kind, xl_col_to_name(place), row, day_style)
             for place, (name, kind) in enumerate(frame.schema.items())]  # fmt: skip
    lines = frame.select(pl.concat_str(pl.lit('<row r="'), row, pl.lit('">'), *cells, pl.lit("</row>")))
    return "".join(lines.to_series())


def _cell(name: str, kind: pl.DataType, letter: str, row: pl.Expr, day_style: int) -> pl.Expr:
    """A column's cells as XML, nothing where there is no value; text is never looked into for formulas or links."""
    value, attribute, before, after = pl.col(name), "", "<v>", "</v>"
    if kind == pl.String:
        attribute, before, after = ' t="inlineStr"', '<is><t xml:space="preserve">', "</t></is>"
        value = value.str.replace_all(_NOT_XML, "").str.head(_LONGEST).str.replace_many(_ESCAPED)
    elif kind == pl.Boolean:
        attribute, value = ' t="b"', value.cast(pl.Int8)
    elif kind == pl.Date:
        attribute, value = f' s="{day_style}"', (value - _DAY_ZERO).dt.total_days()
    elif kind.is_float():
        value = pl.when(value.is_finite()).then(value)
    start, end = pl.lit(f'<c r="{letter}'), pl.lit(f'"{attribute}>{before}')
    return pl.concat_str(start, row, end, value.cast(pl.String), pl.lit(f"{after}</c>")).fill_null("")


def _write_description(book: xlsxwriter.Workbook, facts: Sequence[tuple[str, str]], told: pl.DataFrame) -> None:
    """Sheet «Описание»: what the file is, then a row a column."""
    sheet = book.add_worksheet("Описание")
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#e8eef4", "border": 1})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    head = len(facts) + 1
    for row, (name, text) in enumerate(facts):
        sheet.write_string(row, 0, name, bold)
        sheet.merge_range(row, 1, row, len(_TITLES) - 1, "", plain)
        sheet.write_string(row, 1, text, plain)
    for place, (name, (title, width)) in enumerate(_TITLES.items()):
        sheet.set_column(place, place, width)
        sheet.write_string(head, place, title, bold)
        for row, value in enumerate(told[name], start=head + 1):
            sheet.write_string(row, place, value or "", plain)
    sheet.freeze_panes(head + 1, 0)
    sheet.autofilter(head, 0, head + told.height, len(_TITLES) - 1)
