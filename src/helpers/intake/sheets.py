"""Read a table file as text, cell by cell, remembering where each row came from."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from helpers.problems import BadInput, Problem, quoted

ROW = "__row__"
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Sheet:
    """A table as text.

    `frame` has one string column per titled column and `ROW`: the row's number
    in the file, from 1, header included. Empty cells are null. `note` says how
    the file was read (Russian).
    """

    file: str
    sheet: str
    frame: pl.DataFrame
    note: str

    @property
    def columns(self) -> list[str]:
        return [column for column in self.frame.columns if column != ROW]


def read_sheet(path: Path, sheet: str = "", encoding: str = "", delimiter: str = "") -> Sheet:
    """Read csv (any delimiter and encoding), xlsx or parquet as text.

    Parameters
    ----------
    path : Path
    sheet : str
        Sheet of a workbook; the first if empty.
    encoding, delimiter : str
        Of a csv file; found out if empty.

    Raises
    ------
    BadInput
        The file is absent, empty, broken or not of a known kind.
    """
    if not path.is_file():
        raise _fault(
            path, "пустое место", "файл с данными", f"положите файл в папку {path.parent.name} или исправьте имя"
        )
    if path.stat().st_size == 0:
        raise _fault(path, "пустой файл (0 байт)", "таблица с заголовком", "выгрузите файл заново")
    kind = path.suffix.lower()
    if kind in {".csv", ".txt", ".tsv"}:
        return _read_csv(path, encoding, delimiter)
    if kind in {".xlsx", ".xlsm", ".xls", ".ods"}:
        return _read_workbook(path, sheet)
    if kind == ".parquet":
        return _read_parquet(path)
    raise _fault(path, f"файл вида {quoted(kind)}", "csv, xlsx или parquet", "сохраните таблицу в одном из этих видов")


def _read_csv(path: Path, encoding: str, delimiter: str) -> Sheet:
    text, encoding = _decode(path, encoding)
    header_line = text.split("\n", 1)[0]
    delimiter = delimiter or max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise _fault(
            path,
            f"нечитаемая строка ({error})",
            "таблица csv",
            "сохраните файл из Excel заново как CSV UTF-8",
            row=start,
        ) from None
    note = f"csv, кодировка {encoding}, разделитель {quoted(delimiter)}"
    return _from_rows(path, "", rows, note)


def _decode(path: Path, encoding: str) -> tuple[str, str]:
    """Decode by the named encoding, else by the byte-order mark, else UTF-8, else cp1251."""
    content = path.read_bytes()
    if encoding:
        guesses = [encoding]
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        guesses = ["utf-16"]
    else:
        guesses = ["utf-8-sig", "cp1251"]
    for guess in guesses:
        try:
            text = content.decode(guess)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\x00" not in text:
            return text, guess
    raise _fault(
        path,
        "знаки, которых нет в этой кодировке",
        f"текст в кодировке {' или '.join(guesses)}",
        "назовите кодировку ключом encoding или сохраните файл как CSV UTF-8",
    )


def _read_workbook(path: Path, sheet: str) -> Sheet:
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
    except fastexcel.FastExcelError:
        raise _fault(
            path, "файл, который не открывается как книга Excel", "книга xlsx", "пересохраните его в Excel"
        ) from None
    if sheet and sheet not in book.sheet_names:
        names = ", ".join(quoted(name) for name in book.sheet_names)
        raise _fault(path, f"листы {names}", f"лист {quoted(sheet)}", "исправьте ключ sheet или имя листа")
    name = sheet or book.sheet_names[0]
    loaded = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0, skip_whitespace_tail_rows=True)
    rows = [
        (number, ["" if cell is None else cell for cell in cells])
        for number, cells in enumerate(loaded.to_polars().iter_rows(), start=1)
        if any(cell is not None and cell.strip() for cell in cells)
    ]
    return _from_rows(path, name, rows, f"книга Excel, лист {quoted(name)}")


def _read_parquet(path: Path) -> Sheet:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise _fault(
            path, "файл, который не открывается как parquet", "таблица parquet", "выгрузите его заново"
        ) from None
    text = frame.select(pl.all().cast(pl.String, strict=False))
    return Sheet(path.name, "", text.with_columns(pl.int_range(2, pl.len() + 2).alias(ROW)), "parquet")


def _from_rows(path: Path, sheet: str, rows: list[tuple[int, list[str]]], note: str) -> Sheet:
    """Take the first row as titles, the rest as data; refuse ragged rows and repeated titles."""
    if len(rows) < 2:
        raise _fault(
            path, "таблица без строк с данными", "заголовок и строки под ним", "выгрузите файл заново", sheet=sheet
        )
    titles = [title.strip() for title in rows[0][1]]
    problems = [
        Problem(
            file=path.name, sheet=sheet, row=rows[0][0], column=title,
            found="одно название у двух столбцов", expected="разные названия", advice="переименуйте один из столбцов",
        )
        for title in sorted({t for t in titles if t and titles.count(t) > 1})
    ]  # fmt: skip
    problems += [
        Problem(
            file=path.name, sheet=sheet, row=number, found=f"ячеек: {len(cells)}",
            expected=f"столько же, сколько в заголовке: {len(titles)}",
            advice="проверьте лишние или недостающие разделители и кавычки в этой строке",
        )
        for number, cells in rows[1:]
        if len(cells) != len(titles)
    ][:20]  # fmt: skip
    if problems:
        raise BadInput(*problems)
    kept = [index for index, title in enumerate(titles) if title]
    data = {titles[index]: [cells[index].strip() or None for _, cells in rows[1:]] for index in kept}
    frame = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String))
    return Sheet(path.name, sheet, frame.with_columns(pl.Series(ROW, [number for number, _ in rows[1:]])), note)


def _fault(path: Path, found: str, expected: str, advice: str, row: int | None = None, sheet: str = "") -> BadInput:
    return BadInput(Problem(file=path.name, sheet=sheet, row=row, found=found, expected=expected, advice=advice))
