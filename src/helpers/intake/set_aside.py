"""Rows of a form that hold no data: its header again, the numbers of its columns, who has signed it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from helpers.intake.names import fold

_LETTERS = "абвгд"
_SERIES = (
    "абвгдежзиклмнопрстуфхцчшщ",
    "abcdefghijklmnopqrstuvwxyz",
    [
        "i",
        "ii",
        "iii",
        "iv",
        "v",
        "vi",
        "vii",
        "viii",
        "ix",
        "x",
        "xi",
        "xii",
        "xiii",
        "xiv",
        "xv",
        "xvi",
        "xvii",
        "xviii",
    ],
)
"""Letters and Roman numbers that number columns by themselves."""
_LEAST = 3
"""How many numbered columns, or repeated titles, tell such a row from a row of data."""
_NUMBERED = re.compile(r"(?:(?:гр|графа|ст|столбец|колонка)\.? ?)?\(?(\d{1,3})(?:[.,]0+)?\)?(?: ?=.*)?")
_SIGNER = re.compile(
    r"(?:и\.? ?о\.? |врио )?(?:начальник|заместител|зам\.|директор|руководител|председател|глава |исполнител|исп\.|ответственн"
    r"|(?:главный |ведущий )?(?:специалист|бухгалтер)|секретар|заведующ|методист|консультант|подпись|составил|проверил|заполнил"
    r"|утвержда|согласован|м\. ?п\.|телефон|тел\.)"
)
_TO_BE_SIGNED = re.compile(r".*_{3,}.*|.*\((?:подпись|ф\.? ?и\.? ?о\.?|расшифровка[^)]*|дата)\)", re.DOTALL)


def rows_of_data(rows: Sequence[tuple[int, list[str]]], header: Sequence[Sequence[str]]) -> list[tuple[int, list[str]]]:
    """Numbered rows below a header but its repetitions, and the numbers of columns below it and them."""
    kept, below_header = [], True
    for number, row in rows:
        below_header = is_header_again(row, header) or (below_header and is_numbering(row))
        if not below_header:
            kept.append((number, row))
    return kept


def is_header_again(row: Sequence[str], headers: Iterable[Sequence[str]]) -> bool:
    """Whether a row repeats a row of the header: its cells, where they are filled, are the titles of their columns."""
    filled = [(place, fold(cell)) for place, cell in enumerate(row) if cell]
    return any(
        len(filled) >= min(_LEAST, sum(map(bool, header)))
        and all(place < len(header) and fold(header[place]) == cell for place, cell in filled)
        for header in headers
    )


def is_numbering(row: Sequence[str]) -> bool:
    """Whether a row numbers the columns: `1 2 3 4`, `А Б 1 2`, `1 2 3=1+2`, `№ 2 3 4`, `гр. 1 гр. 2 гр. 3`, `I II III IV`."""
    cells = [fold(cell) for cell in row if cell]
    if len(cells) > _LEAST and any(cells == list(series[: len(cells)]) for series in _SERIES):
        return True
    lettered = int(cells[:1] == ["№"])
    while lettered < len(cells) and cells[lettered] == _LETTERS[lettered : lettered + 1]:
        lettered += 1
    numbers = [match and int(match[1]) for match in map(_NUMBERED.fullmatch, cells[lettered:])]
    counted = [list(range(first, first + len(numbers))) for first in (1, lettered + 1)]
    return len(cells) >= _LEAST and bool(numbers) and numbers in counted


def is_signature(cells: Iterable[str | None]) -> bool:
    """Whether the cells are those of a signature: a function, a line to sign on, «(подпись)»."""
    filled = [fold(cell) for cell in cells if cell]
    return bool(filled) and bool(_SIGNER.match(filled[0]) or any(map(_TO_BE_SIGNED.fullmatch, filled)))
