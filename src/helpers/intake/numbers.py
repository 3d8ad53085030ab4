"""Numbers as people write them: decimal commas, spaces, percent signs, words for «no data»."""

from __future__ import annotations

import re
import unicodedata

NO_DATA = frozenset(
    {"", "-", "–", "—", "*", "н/д", "нд", "нет данных", "нет", "na", "n/a", "nan", "null", "none", "#н/д", "#n/a"}
)
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f']+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class NotANumber(ValueError):
    """The text is neither a number nor a word for «no data»."""


def parse_number(text: str | None) -> float | None:
    """Read one number.

    Understands decimal comma, thousands set off by any space or apostrophe, a
    trailing percent sign (the unit stays: `12,5 %` is 12.5) and the usual minus
    signs. A word for «no data» or «менее 5» (hidden by the source) gives None.

    Raises
    ------
    NotANumber
        Anything else, dates that Excel made of numbers included.
    """
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.lower() in NO_DATA or plain.lower().startswith("менее "):
        return None
    plain = _SPACES.sub("", plain).removesuffix("%").replace("\u2212", "-").replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise NotANumber(text)
    number = float(plain)
    if number in (float("inf"), float("-inf")):
        raise NotANumber(text)
    return number
