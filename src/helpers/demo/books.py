"""Files before they are written: books of sheets of rows of cells, with marks where dirt was planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

Cell = str | int | float | date | None


@dataclass(frozen=True)
class Mend:
    """How the analyst mends a piece of dirt: the item of `corrections.yml` but for its place."""

    action: str
    reason: str
    source: str = ""


@dataclass(frozen=True)
class Mark:
    """A piece of dirt: in a cell if `column` is named, else in a whole row, sheet or file."""

    kind: str
    recoverable: bool = True
    column: str = ""
    school_id: str = ""
    clean: Cell = None
    dirty: Cell = None
    mend: Mend | None = None


@dataclass(eq=False)
class Row:
    """Cells in the order of the sheet's columns.

    `key` finds the row of a school, `("k001",)`, of one of several rows of a school,
    `("k001", "rus", …)`, or of a municipality; it is empty where nobody looks.
    """

    cells: list[Cell]
    key: tuple[object, ...] = ()
    hidden: bool = False
    marks: list[Mark] = field(default_factory=list)


@dataclass(eq=False)
class Sheet:
    """A sheet: lines of text or several cells, a header by `titles` (`A / B` takes two rows), rows.

    `merged` names the column whose equal neighbours are one merged cell; `two_rows` says that a header takes
    two rows though none of its titles does.
    """

    name: str
    titles: dict[str, str]
    rows: list[Row]
    preamble: list[str | tuple[Cell, ...]] = field(default_factory=list)
    hidden: bool = False
    merged: str = ""
    two_rows: bool = False
    marks: list[Mark] = field(default_factory=list)

    @property
    def header_rows(self) -> int:
        return 2 if self.two_rows or any(" / " in title for title in self.titles.values()) else 1

    @property
    def first_row(self) -> int:
        """Number of the first row below the header, as a spreadsheet counts."""
        return len(self.preamble) + self.header_rows + 1

    def column(self, name: str) -> int:
        return list(self.titles).index(name)

    def record(self, row: Row) -> dict[str, Cell]:
        return dict(zip(self.titles, row.cells, strict=True))

    def find(self, *key: object) -> Row:
        return next(row for row in self.rows if row.key == key)

    def numbered(self) -> Iterator[tuple[int, Row]]:
        return enumerate(self.rows, start=self.first_row)


@dataclass(eq=False)
class Book:
    """A file of one or more sheets; its suffix says how it is written. Encoding and delimiter are of a csv.

    A file that is no table has `content` and no sheets.
    """

    path: str
    sheets: list[Sheet]
    encoding: str = "utf-8-sig"
    delimiter: str = ";"
    content: bytes = b""
    marks: list[Mark] = field(default_factory=list)

    @property
    def sheet(self) -> Sheet:
        """The sheet that counts: the first one seen."""
        return next(sheet for sheet in self.sheets if not sheet.hidden)

    @property
    def is_csv(self) -> bool:
        return self.path.endswith(".csv")


def table(
    name: str,
    titles: Mapping[str, str],
    records: Sequence[tuple[tuple[object, ...], Mapping[str, object]]],
    preamble: Sequence[str | tuple[Cell, ...]] = (),
) -> Sheet:
    """Make a sheet of keyed records; a field that a record lacks is an empty cell."""
    rows = [Row([record.get(name) for name in titles], key) for key, record in records]
    return Sheet(name, dict(titles), rows, list(preamble))


def shown(value: Cell) -> str:
    """Show a cell as the reader of a spreadsheet file sees it: a date of Excel has a time, 20.0 is 20."""
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
