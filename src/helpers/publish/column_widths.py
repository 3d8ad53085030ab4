"""How wide the columns of a printed table are, so that no word of it is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^ \n-]+-?")
"""What is not broken between lines."""
_SIZES = (10, 9, 8, 7, 6)
"""Sizes of letters in points, the largest that fits is taken."""
_LONG_TEXT = 24.0
"""Ems of a cell from which on it may have several lines; of what is longer a twentieth counts, at most so much again."""
_EMS = {
    **dict.fromkeys("ЖМФШЩЫЮДW@M—%", 0.95), **dict.fromkeys("мшщыюжф", 0.79), **dict.fromkeys(" \u00a0.,:;!|'()[]/il", 0.34),
}  # fmt: skip
"""How wide letters are in Times, in sizes of the letter, rather more than less; other small ones and capitals below."""
_SMALL, _CAPITAL = 0.54, 0.75


def fitted(rows: Sequence[Sequence[str]], width: float, padding: float) -> tuple[list[float], int]:
    """Widths of the columns in points, together `width`, and the size of the letters.

    Parameters
    ----------
    rows : sequence of sequence of str
        Texts of the cells, the head among them.
    width : float
        Of the whole table.
    padding : float
        What a cell's margins take of its column.
    """
    columns = list(zip(*rows, strict=True))
    words = [max((_ems(word) for cell in column for word in _WORD.findall(cell)), default=1.0) for column in columns]
    texts = [max(map(_ems, column)) for column in columns]
    for size in _SIZES:
        least = [size * word + padding for word in words]
        if sum(least) <= width:
            break
    lines = [min(text, _LONG_TEXT) + min(max(text - _LONG_TEXT, 0) / 20, _LONG_TEXT) for text in texts]
    wanted = [size * max(line - word, 0) for word, line in zip(words, lines, strict=True)]
    share = max(width - sum(least), 0) / (sum(wanted) or 1)  # what the longest words leave goes to the long texts
    needed = [low + share * more for low, more in zip(least, wanted, strict=True)]
    return [width * part / sum(needed) for part in needed], size


def _ems(text: str) -> float:
    return sum(_EMS.get(letter, _CAPITAL if letter.isupper() else _SMALL) for letter in text)
