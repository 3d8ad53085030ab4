"""Numbers as people write them: decimal commas, spaces, percent signs, words for «no data»."""

from __future__ import annotations

import math
import re

NO_DATA = frozenset(
    {"", "-", "—", "*", "…", "...", "н/д", "нд", "нет данных", "нет", "na", "n/a", "nan", "null", "none"}
    | {"#н/д", "#n/a"}
)
_HIDDEN = re.compile(r"(менее|<) ?\d")
_LOOK_ALIKES = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-", "’": "'", "\u200b": None, "\ufeff": None})
_NUMBER = re.compile(
    r"([+-]? ?(\d{1,3}([ ']\d{3})+|\d*)([.,]\d*)?(e[+-]?\d+)?) ?%?",
    re.ASCII | re.IGNORECASE,
)

_YEAR = re.compile(
    r"((?:19|20|21)\d\d)(?:[.,]0+)?(?: ?[/\\-]? ?(\d{4})| ?[/\\-] ?(\d\d))?(?: ?(?:уч\.?|учебный)? ?(?:г\.?|год)?)?",
    re.ASCII,
)


def hidden_by_source(text: str | None) -> bool:
    """Whether the source has hidden a small number: «менее 5», «<5»."""
    return text is not None and bool(_HIDDEN.match(" ".join(text.lower().split())))


def in_percent(text: str | None) -> bool:
    """Whether a percent sign stands after a number."""
    return text is not None and text.rstrip().endswith("%")


class NotANumber(ValueError):
    """The text is neither a number nor a word for «no data»."""


def parse_number(text: str | None) -> float | None:
    """Read one number.

    Understands decimal comma, thousands set off by any space or apostrophe, a
    trailing percent sign (the unit stays: `12,5 %` is 12.5) and the usual minus
    signs. A word for «no data», «менее 5» or «<5» (hidden by the source) gives None.

    Raises
    ------
    NotANumber
        Anything else, dates that Excel made of numbers included.
    """
    if text is None:
        return None
    plain = " ".join(text.translate(_LOOK_ALIKES).split())
    if plain.lower() in NO_DATA or _HIDDEN.match(plain.lower()):
        return None
    match = _NUMBER.fullmatch(plain)
    if not match:
        raise NotANumber(text)
    try:
        number = float(match[1].translate({ord(" "): None, ord("'"): None, ord(","): "."}))
    except ValueError:
        raise NotANumber(text) from None
    if math.isinf(number):
        raise NotANumber(text)
    return number


def parse_year(text: str) -> int:
    """Read a year, or a school year as the one in which it ends: 2021, 2020/21, 2020-2021, 20202021, «2020/2021 уч. год».

    Raises
    ------
    NotANumber
        Anything else, two years that do not follow each other included.
    """
    found = _YEAR.fullmatch(" ".join(text.translate(_LOOK_ALIKES).split()).lower())
    if not found:
        raise NotANumber(text)
    first, last = int(found[1]), found[2] or found[3]
    if last and int(last) != (first + 1) % 10 ** len(last):
        raise NotANumber(text)
    return first + bool(last)
