"""A workbook (xlsx, xls, ods) cell by cell, read in a process that may die alone.

Run as a script, this file answers requests on its standard input; `helpers.intake.workbook_process` asks. It imports nothing
of the package, which would take it a second to start.
"""

from __future__ import annotations

import io
import pickle
import posixpath
import re
import signal
import sys
import zipfile
import zlib
from typing import Any, BinaryIO
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TYPE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"
_HIDDEN_ROW = re.compile(rb'<row [^>]*hidden="(?:1|true)"[^>]*(?<!/)>')
_FILLED = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*(?<!/)>')
_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"([^>]*)(?<!/)><f\b(.*?)</c>', re.DOTALL)
_NUMBER_FORMAT = re.compile(rb'<numFmt\b[^>]*?numFmtId="(\d+)"[^>]*?formatCode="([^"]*)"')
_FAR = 20_000_000
"""How many cells a sheet may span before it is asked how many of them are filled."""
_SPARSE = 20
"""How many cells a filled one may stand for on a sheet that spans so many."""
_BUILT_IN_PERCENT = {9, 10}
"""Excel's own percent formats, which the styles do not list."""


def read(path: str, only: str = "") -> dict[str, Any]:
    """Read all sheets of a workbook, or the one named.

    Returns
    -------
    dict
        `sheets`: for each its `name`, whether it is `visible`, `rows` of cells as text or None, `errors` (row, column, what
        calamine says), `hidden_rows` (how many), `formulas` (row, column of formulas without a stored value); places count
        from 0, columns from the first filled one. A number in Excel's percent format is text as Excel shows it: `6.1%`.
        Or `refused`: `password`, `broken`, `percents` (of an ods file); `no_sheet` with `names`; `far` with `sheet` and
        `cell`, the one that stands far off the table.
    """
    import fastexcel

    facts = _facts(path)
    if "refused" in facts:
        return facts
    try:
        book = fastexcel.read_excel(path)
        if only and only not in book.sheet_names:
            return {"refused": "no_sheet", "names": list(book.sheet_names)}
        names = [only] if only else book.sheet_names
        return {"sheets": [_sheet(book, name, facts.get(name, {})) for name in names]}
    except fastexcel.FastExcelError as error:
        return {"refused": "password" if "password" in str(error).lower() else "broken"}


def _sheet(book: Any, name: str, facts: dict[str, Any]) -> dict[str, Any]:
    sheet = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0, skip_whitespace_tail_rows=True)
    cells, found = sheet.to_arrow_with_errors()
    rows = [list(row) for row in zip(*cells.to_pydict().values(), strict=True)]
    for row, column in facts.get("percents", ()):
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = _in_percent(rows[row][column])
    errors = [(*error.position, error.detail) for error in found.errors] if found else []
    return {
        "name": name, "visible": sheet.visible == "visible", "rows": rows, "errors": errors,
        "hidden_rows": facts.get("hidden_rows", 0), "formulas": facts.get("formulas", []),
    }  # fmt: skip


def _in_percent(text: str | None) -> str | None:
    try:
        return f"{100 * float(text or ''):.12g}%"
    except ValueError:
        return text


def _facts(path: str) -> dict[str, Any]:
    """What calamine does not tell of each sheet of a workbook, by the sheet's name."""
    if not zipfile.is_zipfile(path):
        return _of_xls(path)
    try:
        with zipfile.ZipFile(path) as book:
            names = set(book.namelist())
            if "content.xml" in names:
                xml = book.read("content.xml")
                if b'office:value-type="percentage"' in xml:
                    return {"refused": "percents"}
                return _of_ods(xml) if b"table:formula=" in xml or b"table:visibility=" in xml else {}
            if "xl/workbook.xml" not in names:
                return {}
            percent = _percent_styles(book.read("xl/styles.xml")) if "xl/styles.xml" in names else []
            computed = b'fullCalcOnLoad="1"' not in book.read("xl/workbook.xml")
            facts = {}
            for part, name in _titles(book).items():
                xml = book.read(part) if part in names else b""
                if far := _far(xml):
                    return {"refused": "far", "sheet": name, "cell": far}
                facts[name] = _of_sheet(xml, percent, computed)
            return facts
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, KeyError, EOFError, NotImplementedError, RuntimeError,
            OSError):  # fmt: skip
        return {}  # calamine will say what is wrong with it


def _of_ods(xml: bytes) -> dict[str, Any]:
    """Formulas of an ods workbook that have no stored value (their cells name no type and show no text), and its hidden rows."""
    facts = {}
    for table in ElementTree.fromstring(xml).iter(f"{_TABLE}table"):
        formulas, filled, row, hidden = [], [], 0, 0
        for line in table.iter(f"{_TABLE}table-row"):
            column, repeated = 0, int(line.get(f"{_TABLE}number-rows-repeated", "1"))
            for cell in line:
                if _TYPE in cell.attrib or "".join(cell.itertext()):
                    filled.append(column)
                elif f"{_TABLE}formula" in cell.attrib:
                    formulas.append((row, column))
                column += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            if line.get(f"{_TABLE}visibility", "visible") != "visible" and "".join(line.itertext()).strip():
                hidden += repeated
            row += repeated
        first = min(filled, default=0)
        formulas = [(row, column - first) for row, column in formulas]
        facts[table.get(f"{_TABLE}name", "")] = {"formulas": formulas, "hidden_rows": hidden}
    return facts


def _of_xls(path: str) -> dict[str, Any]:
    """Numbers in percent format and hidden rows of a workbook of Excel 97–2003."""
    import xlrd

    try:
        book = xlrd.open_workbook(path, logfile=io.StringIO(), formatting_info=True)
        return {sheet.name: _of_xls_sheet(book, sheet) for sheet in book.sheets()}
    except Exception:  # whatever a damaged file makes of xlrd, calamine will say what is wrong with it
        return {}


def _of_xls_sheet(book: Any, sheet: Any) -> dict[str, Any]:
    number, empty = 2, (0, 6)  # xlrd's types of cells
    filled = [(row, column) for row in range(sheet.nrows) for column in range(sheet.row_len(row))
              if sheet.cell_type(row, column) not in empty]  # fmt: skip
    percent = {
        place for place, style in enumerate(book.xf_list) if _is_percent(book.format_map[style.format_key].format_str)
    }
    first = min((column for _, column in filled), default=0)
    percents = [(row, column - first) for row, column in filled
                if sheet.cell_type(row, column) == number and sheet.cell_xf_index(row, column) in percent]  # fmt: skip
    hidden = {row for row, format_ in sheet.rowinfo_map.items() if format_.hidden} & {row for row, _ in filled}
    return {"hidden_rows": len(hidden), "percents": percents}


def _is_percent(code: str) -> bool:
    return "%" in re.sub('".*?"', "", code)


def _titles(book: zipfile.ZipFile) -> dict[str, str]:
    """Titles of an xlsx workbook's sheets by the parts that hold them."""
    links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    parts = {link.get("Id"): posixpath.join("xl", link.get("Target", "").removeprefix("/xl/")) for link in links}
    sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).iterfind(f".//{_MAIN}sheet")
    return {parts[sheet.get(_LINK)]: sheet.get("name", "") for sheet in sheets}


def _percent_styles(styles: bytes) -> list[bytes]:
    """Numbers of the cell styles whose numbers are shown in percent."""
    formats = {
        int(number)
        for number, code in _NUMBER_FORMAT.findall(styles)
        if _is_percent(code.decode("utf-8", "replace").replace("&quot;", '"'))
    }
    section = re.search(rb"<cellXfs\b.*?</cellXfs>", styles, re.DOTALL)
    ids = re.findall(rb"<xf\b([^>]*)", section[0]) if section else []
    used = [re.search(rb'numFmtId="(\d+)"', attributes) for attributes in ids]
    return [b"%d" % place for place, match in enumerate(used) if match and int(match[1]) in formats | _BUILT_IN_PERCENT]


def _of_sheet(xml: bytes, percent: list[bytes], computed: bool) -> dict[str, Any]:
    percents, formulas = [], []
    if percent:
        of_style = re.compile(
            rb'<c r="([A-Z]{1,3})(\d+)"(?=[^>]*\bs="(?:%s)")(?![^>]*\bt="(?!n"))[^>]*(?<!/)>' % b"|".join(percent)
        )
        percents = [_place(*match.groups()) for match in of_style.finditer(xml)]
    if b"<f" in xml:
        formulas = [
            _place(match[1], match[2]) for match in _FORMULA.finditer(xml) if not _stored(match[3], match[4], computed)
        ]
    if percents or formulas:
        first = min(map(_column, set(re.findall(rb'<c r="([A-Z]{1,3})\d+"[^>]*(?<!/)>', xml))))
        percents = [(row, column - first) for row, column in percents]
        formulas = [(row, column - first) for row, column in formulas]
    return {"hidden_rows": len(_HIDDEN_ROW.findall(xml)), "percents": percents, "formulas": formulas}


def _stored(attributes: bytes, body: bytes, computed: bool) -> bool:
    """Whether a formula's cell has a value; a zero that a program wrote for Excel to compute on opening is none."""
    value = re.search(rb"<v>([^<]*)", body)
    if b't="str"' in attributes and b"<v" in body:
        return True
    return bool(value and value[1] and (computed or value[1] != b"0"))


def _far(xml: bytes) -> str:
    """The cell that stands so far off that the sheet spans millions of empty cells; empty if there is none."""
    wide = re.search(rb'<c r="[A-Z]{3}\d+"[^>]*(?<!/)>', xml)
    start = xml.rfind(b"<row ")
    last = re.search(rb'\br="(\d+)"', xml[start : start + 200]) if start >= 0 else None
    height, width = int(last[1]) if last else 0, 16_384 if wide else 702
    if height * width <= _FAR:
        return ""
    places = [(int(row), _column(column)) for column, row in _FILLED.findall(xml)]
    if not places:
        return ""
    height, width = max(row for row, _ in places), max(column for _, column in places) + 1
    if height * width <= max(_FAR, _SPARSE * len(places)):
        return ""
    row, column = max(places, key=lambda place: (place[1] + 1) * place[0])
    return f"{_letters(column)}{row}"


def _place(column: bytes, row: bytes) -> tuple[int, int]:
    return int(row) - 1, _column(column)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests (path, sheet) until their stream ends; a panic of the reader is an answer too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that asks; its end ends the stream
    while True:
        try:
            path, only = pickle.load(asked)
        except EOFError:
            return
        try:
            answer = read(path, only)
        except BaseException:
            answer = {"refused": "broken"}
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
