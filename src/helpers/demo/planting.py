"""Where and how a piece of dirt is planted; the mark of it stays with its row, sheet or book."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from helpers.demo.books import Book, Cell, Mark, Mend, Row, Sheet

Fields = Mapping[str, Cell]
"""A row by field name."""


def anything(_: Fields) -> bool:
    """Take any row."""
    return True


@dataclass(frozen=True)
class Dirt:
    """Dirt of one kind in `count` rows of one file: new cells by field, made from the row as it is.

    `where` chooses among rows of schools, or of `totals`; a piece that is `deep` (not recoverable, or for
    advice) takes a school that has no other deep piece and no planted effect.
    """

    kind: str
    path: str
    changes: Mapping[str, Callable[[Fields], Cell]]
    count: int = 2
    where: Callable[[Fields], bool] = anything
    deep: bool = False
    totals: bool = False
    mend: Mend | None = None


@dataclass
class Planter:
    """All books of the region, and which schools have had their share of dirt."""

    books: list[Book]
    rng: np.random.Generator
    planted: frozenset[str]
    spent: set[str] = field(default_factory=set)

    def book(self, path: str) -> Book:
        return next(book for book in self.books if book.path == path)

    def sheet(self, path: str) -> Sheet:
        return self.book(path).sheet

    def choose(
        self,
        sheet: Sheet,
        count: int,
        where: Callable[[Fields], bool] = anything,
        deep: bool = False,
        totals: bool = False,
        among: Collection[str] | None = None,
    ) -> list[Row]:
        """Choose rows without dirt, in the order of the sheet; `among` some schools only."""
        able = [
            row
            for row in sheet.rows
            if row.key
            and not row.marks
            and bool(school_of(row)) != totals
            and not (deep and (row.key[0] in self.spent or row.key[0] in self.planted))
            and (among is None or row.key[0] in among)
            and where(sheet.record(row))
        ]
        chosen = sorted(self.rng.choice(len(able), min(count, len(able)), replace=False)) if able else []
        rows = [able[place] for place in chosen]
        if deep:
            self.spent |= {str(row.key[0]) for row in rows}
        return rows

    def plant(self, dirt: Dirt, among: Collection[str] | None = None) -> None:
        """Plant one kind of dirt."""
        sheet = self.sheet(dirt.path)
        for row in self.choose(sheet, dirt.count, dirt.where, dirt.deep, dirt.totals, among):
            self.soil(sheet, row, dirt)

    def soil(self, sheet: Sheet, row: Row, dirt: Dirt) -> None:
        """Change the cells of one row and mark each."""
        before = sheet.record(row)
        for name, change in dirt.changes.items():
            old, new = before[name], change(before)
            row.cells[sheet.column(name)] = new
            row.marks.append(Mark(dirt.kind, not dirt.deep, sheet.titles[name], school_of(row), old, new, dirt.mend))


def school_of(row: Row) -> str:
    """Id of the row's school; empty for a total."""
    first = str(row.key[0]) if row.key else ""
    return first if first[:1] == "k" and first[1:].isdigit() else ""


def insert(sheet: Sheet, after: Row, values: Fields, mark: Mark) -> Row:
    """Put a new row below another one."""
    row = Row([values.get(name) for name in sheet.titles], marks=[mark])
    sheet.rows.insert(sheet.rows.index(after) + 1, row)
    return row


def repeat(sheet: Sheet, row: Row, mark: Mark, changes: Fields) -> None:
    """Put the same row once more below itself, with some cells changed."""
    insert(sheet, row, sheet.record(row) | changes, replace(mark, school_id=school_of(row)))
