"""Cells of ФИС ОКО that name a school with its login, or a territory with its code."""

from __future__ import annotations

import re

_LETTERS = r"(?:[sѕ][cс][hһ]|[eе][dԁ]u)"
"""`sch` or `edu`, Cyrillic look-alikes among them."""
_LOGIN = rf"(?<!\w)({_LETTERS}\s?\d+)(?!\w)"
_BEFORE = re.compile(rf"\W*{_LOGIN}\W*(.*)", re.IGNORECASE | re.DOTALL)
_AFTER = re.compile(rf"(.*?)[\s(\[,;:–—-]*{_LOGIN}[\s)\].,;]*", re.IGNORECASE | re.DOTALL)
_CODE = r"[(\[]?\s*(?<!\w)r[eе]g\s?\d+(_[mм][a-z]*\s?\d+)?(?!\w)\s*[)\]]?"
_BEFORE_CODE = re.compile(rf"(.*?)\s*{_CODE}\s*", re.IGNORECASE | re.DOTALL)
_AFTER_CODE = re.compile(rf"\s*{_CODE}\W*(.*)", re.IGNORECASE | re.DOTALL)


def school_of(cell: str) -> tuple[str, str] | None:
    """A school's login and name from one cell, the login before the name or after it, in brackets or not.

    `sch410001 (СОШ № 3)`, `edu410001 СОШ № 3` and `СОШ № 3(edu410001)` all name both.

    Returns
    -------
    tuple of str, or None
        The name is empty where there is only a login; None where there is no login.
    """
    if match := _BEFORE.fullmatch(cell):
        login, name = match[1], match[2]
        return login, name.removesuffix(")").strip() if name.count(")") > name.count("(") else name.strip()
    if match := _AFTER.fullmatch(cell):
        return match[2], match[1].strip()
    return None


def territory_of(cell: str) -> tuple[str, bool] | None:
    """The name of a territory with a code after or before it, and whether it is a municipality: `Озёрный район(reg20_m012)`.

    None where there is no such code.
    """
    if match := _BEFORE_CODE.fullmatch(cell):
        return match[1].strip(), bool(match[2])
    if match := _AFTER_CODE.fullmatch(cell):
        return match[2].strip(), bool(match[1])
    return None
