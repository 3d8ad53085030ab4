"""What every table of a report is, told once: `tables.csv` has a row a table, `columns.csv` a row a column.

Checks at each write, the dictionary, the headings of downloads, what an edition may see, which step makes what, and the list in
docs/architecture.md are all made from these two files.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

_TABLES = Path(__file__).with_name("tables.csv")
COLUMNS = Path(__file__).with_name("columns.csv")
_TYPES: dict[str, type[pl.DataType]] = {
    "text": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "day": pl.Date,
}  # fmt: skip
_ROLES = ("key", "key or empty", "always", "sometimes")
"""`key or empty`: part of the key, where nothing means «every one»; `sometimes`: stands there if the report has it."""
TOLD = ("title", "unit", "definition", "source")
"""What is told of a column in words, as templates (`helpers.show.dictionary`)."""
EVERY = "*"
"""In the column `table` of columns.csv: the words of a column of this name, for every table that has none of its own."""


@dataclass(frozen=True)
class Column:
    """A column of one table; a name in braces stands for each indicator of the report.

    `low` and `high` bound its values, None: no bound. `told` has the words of `TOLD`.
    """

    name: str
    type: type[pl.DataType]
    role: str
    low: float | None
    high: float | None
    told: tuple[str, ...]

    @property
    def nullable(self) -> bool:
        return self.role != "key"


@dataclass(frozen=True)
class Table:
    """A table: which step makes it, the sights (`Report.sight`) that have it, its Russian title, its columns."""

    name: str
    step: str
    editions: frozenset[str]
    title: str
    columns: tuple[Column, ...]

    @cached_property
    def key(self) -> list[str]:
        """Names of the columns that tell the rows apart."""
        return [column.name for column in self.columns if column.role.startswith("key")]

    @cached_property
    def types(self) -> dict[str, type[pl.DataType]]:
        """Types of the columns that always stand there, by name."""
        return {column.name: column.type for column in self.columns if column.role != "sometimes"}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        yield from csv.DictReader(text, delimiter=";")


def _column(row: dict[str, str], shared: Mapping[str, tuple[str, ...]]) -> Column:
    low, _, high = row["range"].partition("..")
    assert row["role"] in _ROLES, row
    told = _told(row) if row["title"] else shared[row["column"]]
    kind, bounds = _TYPES[row["type"]], (float(low) if low else None, float(high) if high else None)
    return Column(row["column"], kind, row["role"], *bounds, told)


def _told(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in TOLD)


def _contract() -> dict[str, Table]:
    shared = {row["column"]: _told(row) for row in _rows(COLUMNS) if row["table"] == EVERY}
    columns: dict[str, list[Column]] = {}
    for row in _rows(COLUMNS):
        if row["table"] != EVERY:
            columns.setdefault(row["table"], []).append(_column(row, shared))
    return {
        row["table"]: Table(
            row["table"], row["step"], frozenset(row["editions"].split(", ")), row["title"], tuple(columns[row["table"]])
        )
        for row in _rows(_TABLES)
    }  # fmt: skip


CONTRACT = _contract()
NAMES = list(CONTRACT)
TITLES = {name: table.title for name, table in CONTRACT.items()}
"""Russian titles by name."""


def _made_by(step: str) -> list[str]:
    return [name for name, table in CONTRACT.items() if table.step == step]


FROM_INTAKE, MEASURED, EXPECTED, JUDGED, SUPPORT, _PUBLIC = (_made_by(f"0{step}") for step in range(1, 7))
"""Tables by the step that makes them: 01 intake, 02 measures, 03 expectation, 04 flags, 05 support."""
HIDDEN = [name for name in _PUBLIC if "internal" in CONTRACT[name].editions]
"""What disclosure control (step 06) says of itself, internally."""
PROTECTED = [name for name in _PUBLIC if name not in HIDDEN]
"""What the public reads in place of tables by school, where the data are not open."""
ANONYMOUS = [name for name, table in CONTRACT.items() if {"internal", "protected"} <= table.editions]
"""Tables in which no school has a row: the public has them, counts of one or two schools and needless digits aside."""
NUMBERS = ["measures", "model", "summary"]
"""Files of named numbers beside the tables: scales and spreads; fitted models; how many schools are named."""


def seen(sight: str) -> list[str]:
    """Names of the tables that an edition may hold, by `Report.sight`."""
    return [name for name, table in CONTRACT.items() if sight in table.editions]
