"""Read a table file as text, cell by cell, remembering where each row came from."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from helpers.intake import workbook_process
from helpers.intake.set_aside import rows_of_data
from helpers.problems import BadInput, Problem, quoted, shortened

ROW = "__row__"
TABLES = {".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet"}
"""Endings of the files that can be read."""
_LONGEST_TITLES = 100_000
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_DELIMITERS = ";\t|,"
_SEPARATOR = re.compile(r'"?sep=(.)"?[;,\t]*(?:\r?\n|\r)', re.IGNORECASE)
"""The first line in which Excel is told the delimiter."""
_WORD = re.compile(rb"[A-Za-z\xc0-\xff]+")
_CYRILLIC = ("cp1251", "cp866", "koi8-r", "mac-cyrillic")
"""Encodings of a byte a letter that Russian programs write, the commonest first."""
_COMMON = frozenset("оеёаинтсрвлкмдпу")
"""The letters that make up four fifths of Russian text, and ё."""
_IN_CASE = re.compile(r"[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+")
_RUSSIAN_WORD = re.compile(r"[а-яёА-ЯЁ]+")
_SIGNS_OF_TEXT = frozenset("№«»–—“”„…\xa0")
_HIGH_WORD = re.compile(rb"[\x21-\x7f]*[\x80-\xff][\x21-\xff]*")
_GUESSED_FROM = 1000
"""How many words tell an encoding."""
_BOOK = "книга xlsx"
_LOOKED_AT = 4096
"""How many bytes tell what a file is."""
_UNREAD = {
    "password": ("книга, защищённая паролем", "книга без пароля", "откройте её в Excel, снимите пароль и сохраните"),
    "percents": ("книга ods с ячейками в процентном формате", _BOOK, "сохраните её как xlsx: там доли и проценты различимы"),
    "died": ("книга, на которой остановилась программа чтения", _BOOK, "пересохраните её в Excel без лишних листов и ячеек"),
    "memory": (f"книга, которой для чтения мало {workbook_process.MEMORY / 1e9:.0f} ГБ памяти", "книга поменьше",
               "удалите лишние листы и пустые строки или сохраните таблицу как csv"),
    "time": (f"книга, которая не прочиталась за {workbook_process.SECONDS} с", "книга поменьше",
             "удалите лишние листы и пустые строки или сохраните таблицу как csv"),
}  # fmt: skip
"""Why a workbook was not read: what was found, what was expected, what to do."""
_FORMULA_ERRORS = {
    "Div0": "#ДЕЛ/0!",
    "Name": "#ИМЯ?",
    "Null": "#ПУСТО!",
    "Num": "#ЧИСЛО!",
    "Ref": "#ССЫЛКА!",
    "Value": "#ЗНАЧ!",
}
"""Errors that stand in an Excel cell, as Russian Excel shows them; `#Н/Д` means «no data»."""


@dataclass(frozen=True)
class Sheet:
    """A table as text.

    `frame` has one string column per titled column and `ROW`: the row's number
    as a spreadsheet counts it, from 1, header included. Empty cells are null,
    white space inside titles is a single space. `note` says how the file was
    read (Russian); `set_aside` how many rows below the header were the header again or numbers of columns.
    """

    file: str
    sheet: str
    frame: pl.DataFrame
    note: str
    set_aside: int = 0

    @property
    def columns(self) -> list[str]:
        return [column for column in self.frame.columns if column != ROW]


@dataclass(frozen=True)
class Cells:
    """A sheet cell by cell: pairs of a row's number from 1 and its cells as stripped text; empty rows are left out.

    `unstored`: row numbers and places of cells whose formula has no stored value; they are empty in `rows`. `guessed`: the
    encoding of a csv file where neither the file nor the params name it.
    """

    file: str
    sheet: str
    rows: list[tuple[int, list[str]]]
    note: str
    unstored: frozenset[tuple[int, int]] = frozenset()
    guessed: str = ""


@dataclass(frozen=True)
class Workbook:
    """All visible sheets of a file, hidden rows included; of hidden sheets only the names.

    `hidden_rows`: how many filled rows of a sheet are hidden from who looks at it, where any are. A csv or parquet file has
    one nameless sheet.
    """

    sheets: list[Cells]
    hidden: list[str]
    hidden_rows: dict[str, int] = field(default_factory=dict)


def read_sheet(path: Path, sheet: str = "", encoding: str | None = "", delimiter: str = "") -> Sheet:
    """Read one sheet whose first filled row holds the titles.

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
        The file is absent, empty, broken or not of a known kind, rows are ragged or titles repeat.
    """
    return titled(path, read_cells(path, sheet, encoding, delimiter).sheets[0])


def read_cells(path: Path, sheet: str = "", encoding: str | None = None, delimiter: str = "") -> Workbook:
    """Read csv (any delimiter and encoding), xlsx, xls, ods or parquet as text, cell by cell.

    Parameters
    ----------
    path : Path
    sheet : str
        The one sheet to read, hidden or not; all visible ones if empty.
    encoding, delimiter : str
        Of a csv file; found out if empty. An encoding of None is found out too, but no key of the params names it.

    Raises
    ------
    BadInput
        The file is absent, empty, broken or not of a known kind.
    """
    if not path.is_file():
        found = "папка" if path.is_dir() else "такого файла нет"
        advice = f"положите файл в папку {quoted(path.parent.name)} или исправьте ключ file в файле параметров"
        raise _fault(path, found, "файл с данными", advice)
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError:
        raise _fault(
            path, "файл, который не открывается", "файл, доступный для чтения", "закройте его в других программах"
        ) from None
    if empty:
        raise _fault(path, "пустой файл (0 байт)", "таблица с заголовком", "выгрузите файл заново")
    kind = path.suffix.lower()
    if kind in {".csv", ".txt", ".tsv"}:
        return Workbook([_read_csv(path, encoding, delimiter)], [])
    if kind == ".parquet":
        return Workbook([_read_parquet(path)], [])
    if kind in TABLES:
        return _read_workbook(path, sheet)
    raise _fault(
        path, f"файл вида {quoted(kind)}", "файл csv, xlsx или parquet", "сохраните таблицу в одном из этих видов"
    )


def read_titles(path: Path) -> tuple[list[str], str]:
    """The first line of a csv file, however long the file is, and its delimiter; nothing of a file that is none or locked."""
    if path.suffix.lower() not in {".csv", ".txt", ".tsv"}:
        return [], ""
    try:
        with path.open("rb") as file:
            head = file.read(_LONGEST_TITLES)
    except OSError:
        return [], ""
    line = re.split(r"[\r\n]", head.decode(_guess_encoding(head)[0], "replace").removeprefix("\ufeff"), maxsplit=1)[0]
    delimiter = _guess_delimiter(line)
    return [title.strip() for title in next(csv.reader([line], delimiter=delimiter), [])], delimiter


def _read_csv(path: Path, encoding: str | None, delimiter: str) -> Cells:
    content = path.read_bytes()
    known, guessed = (encoding, False) if encoding else _guess_encoding(content)
    by_key = "" if encoding is None else "назовите верную кодировку ключом encoding в файле параметров или "
    text = _decode(path, content, known, f"{by_key}сохраните таблицу как CSV UTF-8")
    named = _SEPARATOR.match(text)
    delimiter = delimiter or (named[1] if named else _guess_delimiter(text))
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise _fault(
            path,
            "незакрытая или лишняя кавычка",
            "кавычки только вокруг ячейки, а внутри неё — удвоенные",
            "исправьте кавычки в этой строке или сохраните таблицу из Excel заново как CSV UTF-8",
            row=len(rows) + 1,
        ) from None
    if named:
        rows[0] = []  # Excel's word on the delimiter is no row of the table
    shown = "табуляция" if delimiter == "\t" else quoted(delimiter)
    note = f"csv, кодировка {known}{' (угадана)' if guessed else ''}, разделитель {shown}"
    return replace(_cells(path, "", rows, note), guessed=known if guessed else "")


def _guess_encoding(content: bytes) -> tuple[str, bool]:
    """An encoding, and whether it is no more than a guess: the byte-order mark, else UTF-8, else one of a byte a letter.

    Russian text in cp1251 hardly ever forms UTF-8 sequences, so a file that has
    more of them than of stray bytes is damaged UTF-8, not cp1251.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        sound = content.decode("utf-8", "ignore")
        stray = content.decode("utf-8", "replace").count("\ufffd")
        return ("utf-8", False) if len(sound.encode()) - len(sound) > stray else (_of_a_byte_a_letter(content), True)
    return "utf-8", False


def _of_a_byte_a_letter(content: bytes) -> str:
    """cp1252 where most letters beyond ASCII stand among Latin ones, else the Cyrillic encoding that gives the most of Russian.

    Cyrillic and Latin letters do not mix within words, letters with accents stand nowhere else.
    """
    words = [word for word in _WORD.findall(content) if any(byte >= 0xC0 for byte in word)]
    mixed = sum(any(byte < 0x80 for byte in word) for word in words)
    if 2 * mixed > len(words):
        return "cp1252"
    high = b" ".join(match[0] for match in islice(_HIGH_WORD.finditer(content), _GUESSED_FROM))
    return max(_CYRILLIC, key=lambda encoding: _likeness(high.decode(encoding, "replace")))


def _likeness(text: str) -> int:
    """How much of a text is Russian: common letters less words of unnatural case and signs that no table holds."""
    words = _RUSSIAN_WORD.findall(text)
    common = sum(letter in _COMMON for word in words for letter in word.lower())
    strange = sum(sign > "\x7f" and sign not in _SIGNS_OF_TEXT and not _RUSSIAN_WORD.match(sign) for sign in text)
    return common - 2 * strange - sum(len(word) for word in words if not _IN_CASE.fullmatch(word))


def _decode(path: Path, content: bytes, encoding: str, advice: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _fault(
            path,
            f"байты, которых нет в кодировке {encoding}",
            f"текст в кодировке {encoding}",
            advice,
            row=content.count(b"\n", 0, error.start) + 1,
        ) from None
    if "\x00" in text:
        raise _fault(
            path,
            "нулевые байты",
            f"текст в кодировке {encoding}",
            "файл повреждён или записан в другой кодировке: сохраните таблицу заново как CSV UTF-8",
            row=text.count("\n", 0, text.index("\x00")) + 1,
        )
    return text.removeprefix("\ufeff")


def _guess_delimiter(text: str) -> str:
    """The delimiter that cuts the most of the first rows as it cuts the header; the comma only if no other does."""

    def rows_like_header(delimiter: str) -> int:
        rows = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)
        widths = list(islice((len(row) for row in rows if any(map(str.strip, row))), 20)) or [1]
        return widths.count(widths[0]) if widths[0] > 1 else 0

    return max(_DELIMITERS, key=rows_like_header)


def _read_workbook(path: Path, sheet: str) -> Workbook:
    try:
        read = workbook_process.shared().read(path, sheet)
    except workbook_process.ReaderDied as error:
        raise _fault(path, *_UNREAD[error.why]) from None
    refused = read.get("refused")
    if refused == "no_sheet":
        raise _fault(path, f"такого листа нет, есть {', '.join(map(quoted, read['names']))}", f"лист {quoted(sheet)}",
                     "исправьте имя листа или ключ sheet в файле параметров")  # fmt: skip
    if refused == "far":
        raise _fault(path, f"ячейка {read['cell']} вдали от таблицы", "таблица без миллионов пустых ячеек вокруг",
                     "удалите лишние строки и столбцы до этой ячейки и сохраните книгу", sheet=read["sheet"])  # fmt: skip
    if refused == "broken":
        raise no_workbook(path)
    if refused:
        raise _fault(path, *_UNREAD[refused])
    return Workbook(
        [_sheet(path, one) for one in read["sheets"] if sheet or one["visible"]],
        sorted(one["name"] for one in read["sheets"] if not sheet and not one["visible"]),
        {one["name"]: one["hidden_rows"] for one in read["sheets"] if one["hidden_rows"]},
    )


def no_workbook(path: Path) -> BadInput:
    """Why a file that is called a workbook is none, as far as its content tells: the remedy hangs on it."""
    content = path.read_bytes()
    start = content[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    resaved = "откройте её в Excel и сохраните как книгу xlsx"
    if content.startswith(b"PK"):
        try:
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        except zipfile.BadZipFile:
            return _fault(path, "книга, записанная не до конца", _BOOK, "скачайте или скопируйте файл заново")
        if any(name.startswith("word/") for name in names):
            return _fault(path, "документ Word", _BOOK, "перенесите таблицу в Excel")
        if names and not any(name.startswith(("xl/", "content.xml")) for name in names):
            return _fault(path, "архив zip", _BOOK, "распакуйте архив и положите в папку книгу из него")
    elif start.startswith(b"%pdf"):
        return _fault(path, "документ PDF", _BOOK, "выгрузите отчёт как книгу Excel")
    elif start.startswith(b"<?xml"):
        return _fault(path, "таблица XML под именем книги", _BOOK, resaved)
    elif start.startswith(b"<"):
        return _fault(path, "страница HTML под именем книги", _BOOK, resaved)
    elif _is_text(content[:_LOOKED_AT]):
        return _fault(
            path, "текст под именем книги", _BOOK, "дайте файлу окончание .csv или пересохраните его как книгу xlsx"
        )
    return _fault(path, "файл, который не открывается как книга Excel", _BOOK, "пересохраните его в Excel")


def _is_text(start: bytes) -> bool:
    """Whether there are lines and, but for UTF-16, no bytes that text never holds."""
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    controls = set(range(32)) - set(b"\t\r\n") - ({0, 4} if wide else set())
    return not controls & set(start) and b"\n" in start.replace(b"\r", b"\n")


def _sheet(path: Path, one: dict[str, Any]) -> Cells:
    rows = one["rows"]
    for row, column, detail in one["errors"]:
        kind = detail.partition("Error(")[2].removesuffix("'").removesuffix(")")
        rows[row][column] = _FORMULA_ERRORS.get(kind)
    for row, column in one["formulas"]:
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = None
    made = _cells(path, one["name"], rows, f"книга Excel, лист {quoted(one['name'])}")
    return replace(made, unstored=frozenset((row + 1, column) for row, column in one["formulas"]))


def _read_parquet(path: Path) -> Cells:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise _fault(
            path, "файл, который не открывается как parquet", "таблица parquet", "выгрузите его заново"
        ) from None
    text = frame.select((~cs.nested()).cast(pl.String, strict=False))
    return _cells(path, "", [text.columns, *text.iter_rows()], "parquet")


def _cells(path: Path, sheet: str, rows: Iterable[Sequence[str | None]], note: str) -> Cells:
    stripped = (
        (number, [_seen(cell).strip() if cell else "" for cell in row]) for number, row in enumerate(rows, start=1)
    )
    return Cells(path.name, sheet, [(number, row) for number, row in stripped if any(row)], note)


def _seen(cell: str) -> str:
    """A cell without characters of control and halves of characters, which no page or workbook can hold."""
    return cell if cell.isprintable() else _UNSEEN.sub("", cell)


def unstored(file: str, sheet: str, rows: Sequence[int], title: str) -> Problem:
    """That cells of a column, in these rows, hold formulas without a stored value."""
    more = f" (таких ячеек в столбце: {len(rows)})" if len(rows) > 1 else ""
    return Problem(file, f"формула без сохранённого значения{more}", "число или текст",
                   "откройте книгу в Excel и сохраните её: тогда формулы получат значения", sheet, rows[0], title)  # fmt: skip


def titled(path: Path, cells: Cells, header_row: int | None = None, header_rows: int = 1, form: bool = False) -> Sheet:
    """Take the first filled row as titles, the rest as data; refuse ragged rows and repeated titles.

    Parameters
    ----------
    header_row, header_rows : int
        The row where the header begins, as a spreadsheet counts, and how many rows it takes.
    form : bool
        Whether to set aside rows that repeat the header or number the columns.
    """
    rows, sheet = [(number, row) for number, row in cells.rows if number >= (header_row or 0)], cells.sheet
    if len(rows) <= header_rows:
        raise _fault(
            path, "таблица без строк с данными", "заголовок и строки под ним", "выгрузите файл заново", sheet=sheet
        )
    above = [row for _, row in rows[:header_rows]]
    titles, data = [" ".join(title.split()) for title in joined_titles(above)], rows[header_rows:]
    if form:
        data = rows_of_data(data, above)
    problems = [
        Problem(
            file=path.name, sheet=sheet, row=rows[0][0], column=title,
            found="одно название у нескольких столбцов", expected="у каждого столбца своё название",
            advice="переименуйте лишние столбцы",
        )
        for title in sorted({t for t in titles if t and titles.count(t) > 1})
    ]  # fmt: skip
    if not header_row and all(len(row) > len(titles) for _, row in data):
        raise _fault(
            path, f"число ячеек {len(titles)}, а во всех строках ниже их больше", "строка с названиями столбцов",
            "если над заголовком стоит название таблицы, назовите строку заголовка ключом header_row файла параметров",
            row=rows[0][0], sheet=sheet,
        )  # fmt: skip
    problems += shortened(
        [
            Problem(
                file=path.name, sheet=sheet, row=number, found=f"число ячеек {len(row)}",
                expected=f"число ячеек {len(titles)}, как в заголовке",
                advice="проверьте лишние или недостающие разделители и кавычки в этой строке",
            )
            for number, row in data
            if len(row) != len(titles)
        ]
    )  # fmt: skip
    problems += [
        unstored(path.name, sheet, found, title)
        for place, title in enumerate(titles)
        if title and (found := sorted(row for row, column in cells.unstored if column == place))
    ]
    if problems:
        raise BadInput(*problems)
    columns = {title: [row[i] or None for _, row in data] for i, title in enumerate(titles) if title}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    numbered = frame.with_columns(pl.Series(ROW, [number for number, _ in data], dtype=pl.Int64))
    return Sheet(path.name, sheet, numbered, cells.note, len(rows) - header_rows - len(data))


def joined_titles(rows: Sequence[Sequence[str]]) -> list[str]:
    """Titles of columns under one, two or three rows of merged cells: `верх / низ`.

    Of a merged cell only the first holds the text: the upper row's text reaches to the right as long as there
    is something below and nothing above.
    """
    width = max(len(row) for row in rows)
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    titles = list(padded[-1])
    for upper in reversed(padded[:-1]):
        above = ""
        for place in range(width):
            above = upper[place] or (above if titles[place] else "")
            parts = [part for part in (above, titles[place]) if part]
            titles[place] = " / ".join(parts)
    return titles


def _fault(path: Path, found: str, expected: str, advice: str, row: int | None = None, sheet: str = "") -> BadInput:
    return BadInput(Problem(file=path.name, sheet=sheet, row=row, found=found, expected=expected, advice=advice))
