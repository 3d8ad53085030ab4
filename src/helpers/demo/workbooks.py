"""Books onto the disk: xlsx, xls, ods, csv; the same book gives the same bytes."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter
import xlwt

from helpers import files
from helpers.demo.books import Book, Cell, Sheet, shown

_CREATED = datetime(2021, 5, 26)
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_DATE_FORMAT = "dd.mm.yyyy"

Box = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged cell, from 0."""


def write(book: Book, folder: Path) -> None:
    """Write one book below `folder`."""
    path = folder / book.path
    files.write(path, _WRITERS[path.suffix](book) if book.sheets else book.content)


def grid(sheet: Sheet) -> tuple[list[list[Cell]], list[Box]]:
    """Every cell of a sheet from its first row on, and its merged cells."""
    lines: list[list[Cell]] = [list(line) if isinstance(line, tuple) else [line] for line in sheet.preamble]
    top = len(lines)
    boxes: list[Box] = []
    titles = list(sheet.titles.values())
    if sheet.header_rows == 1:
        lines.append(list(titles))
    else:
        halves = [title.split(" / ") if " / " in title else [title, ""] for title in titles]
        upper: list[Cell] = [None] * len(titles)
        for over, run in groupby(enumerate(halves), key=lambda item: (item[1][0], bool(item[1][1]))):
            columns = [column for column, _ in run]
            upper[columns[0]] = over[0]
            boxes.append((top, columns[0], top if over[1] else top + 1, columns[-1]))
        lines += [upper, [lower or None for _, lower in halves]]
    below = len(lines)
    lines += [list(row.cells) for row in sheet.rows]
    if sheet.merged:
        column = sheet.column(sheet.merged)
        for value, run in groupby(range(below, len(lines)), key=lambda row: (lines[row] or [None])[column]):
            rows = list(run)
            if value and len(rows) > 1:
                boxes.append((rows[0], column, rows[-1], column))
                for row in rows[1:]:
                    lines[row][column] = None
    return lines, [box for box in boxes if box[:2] != box[2:]]


def _hidden_rows(sheet: Sheet) -> Iterator[int]:
    return (number - 1 for number, row in sheet.numbered() if row.hidden)


def _xlsx(book: Book) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_urls": False}) as workbook:
        workbook.set_properties({"created": _CREATED})
        as_date = workbook.add_format({"num_format": _DATE_FORMAT})
        for sheet in book.sheets:
            worksheet = workbook.add_worksheet(sheet.name)
            lines, boxes = grid(sheet)
            for box in boxes:
                worksheet.merge_range(*box, "")
            for row, line in enumerate(lines):
                for column, value in enumerate(line):
                    if isinstance(value, date):
                        worksheet.write_datetime(row, column, value, as_date)
                    elif isinstance(value, str):
                        worksheet.write_string(row, column, value)
                    elif value is not None:
                        worksheet.write_number(row, column, value)
            for row in _hidden_rows(sheet):
                worksheet.set_row(row, None, None, {"hidden": True})
            if sheet.hidden:
                worksheet.hide()
            elif sheet is book.sheet:
                worksheet.activate()
                worksheet.set_first_sheet()
    return content.getvalue()


def _xls(book: Book) -> bytes:
    workbook = xlwt.Workbook(encoding="utf-8")
    as_date = xlwt.easyxf(num_format_str=_DATE_FORMAT)
    for sheet in book.sheets:
        worksheet = workbook.add_sheet(sheet.name)
        lines, boxes = grid(sheet)
        corners = {box[:2]: box for box in boxes}
        for row, line in enumerate(lines):
            for column, value in enumerate(line):
                if (row, column) in corners:
                    _, _, last_row, last_column = corners[row, column]
                    worksheet.write_merge(row, last_row, column, last_column, value)
                elif isinstance(value, date):
                    worksheet.write(row, column, value, as_date)
                elif value is not None:
                    worksheet.write(row, column, value)
        for row in _hidden_rows(sheet):
            worksheet.row(row).hidden = True
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def _ods(book: Book) -> bytes:
    """The three parts an ods needs; made by hand, for odfpy's bytes change from one document to the next."""
    tables = "".join(_ods_table(sheet) for sheet in book.sheets)
    content = f"{_XML}<office:document-content {_NAMESPACES}><office:body><office:spreadsheet>{tables}"
    parts = {
        "mimetype": _ODS,
        "META-INF/manifest.xml": f"{_XML}<manifest:manifest {_MANIFEST}>"
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
        "content.xml": f"{content}</office:spreadsheet></office:body></office:document-content>",
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as packed:
        for name, text in parts.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text, how)
    return whole.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES = (
    " ".join(f'xmlns:{name}="{_OASIS}:{name}:1.0"' for name in ("office", "table", "text")) + ' office:version="1.2"'
)
_MANIFEST = f'xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.2"'


def _ods_table(sheet: Sheet) -> str:
    lines, boxes = grid(sheet)
    corners = {box[:2]: box for box in boxes}
    covered = {
        (row, column)
        for top, left, bottom, right in boxes
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    } - set(corners)
    hidden = set(_hidden_rows(sheet))
    rows = []
    for row, line in enumerate(lines):
        cells = (
            "<table:covered-table-cell/>" if (row, column) in covered else _ods_cell(value, corners.get((row, column)))
            for column, value in enumerate(line)
        )
        collapsed = ' table:visibility="collapse"' if row in hidden else ""
        rows.append(f"<table:table-row{collapsed}>{''.join(cells)}</table:table-row>")
    return f"<table:table table:name={quoteattr(sheet.name)}>{''.join(rows)}</table:table>"


def _ods_cell(value: Cell, box: Box | None) -> str:
    told = ""
    if box:
        told = (
            f' table:number-rows-spanned="{box[2] - box[0] + 1}" table:number-columns-spanned="{box[3] - box[1] + 1}"'
        )
    if value is None:
        return f"<table:table-cell{told}/>"
    if isinstance(value, str):
        told += ' office:value-type="string"'
    elif isinstance(value, date):
        told += f' office:value-type="date" office:date-value="{value.isoformat()}"'
    else:
        told += f' office:value-type="float" office:value="{value}"'
    return f"<table:table-cell{told}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def _csv(book: Book) -> bytes:
    lines, _ = grid(book.sheet)
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=book.delimiter, lineterminator="\r\n")
    rows.writerows([_csv_text(value) for value in line] for line in lines)
    return text.getvalue().encode(book.encoding)


def _csv_text(value: Cell) -> str:
    return value.isoformat() if isinstance(value, date) else shown(value)


_WRITERS: dict[str, Callable[[Book], bytes]] = {
    ".xlsx": _xlsx,
    ".xls": _xls,
    ".ods": _ods,
    ".csv": _csv,
}
