"""The tables of a report: the contract they keep, how they are written and read."""

from helpers.tables.contract import (
    ANONYMOUS,
    CONTRACT,
    EXPECTED,
    FROM_INTAKE,
    HIDDEN,
    JUDGED,
    MEASURED,
    NAMES,
    NUMBERS,
    PROTECTED,
    SUPPORT,
    TITLES,
    seen,
)
from helpers.tables.store import conformed, empty, read, read_numbers, write, write_numbers

__all__ = [
    "ANONYMOUS",
    "CONTRACT",
    "EXPECTED",
    "FROM_INTAKE",
    "HIDDEN",
    "JUDGED",
    "MEASURED",
    "NAMES",
    "NUMBERS",
    "PROTECTED",
    "SUPPORT",
    "TITLES",
    "conformed",
    "empty",
    "read",
    "read_numbers",
    "seen",
    "write",
    "write_numbers",
]
