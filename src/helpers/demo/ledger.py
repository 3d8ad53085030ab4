"""What was planted where, and how the analyst mends it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from helpers import files
from helpers.demo.books import Book, Cell, Mark, shown
from helpers.demo.support import YEAR

HEADER = ("kind", "file", "sheet", "row", "column", "school_id", "recoverable", "value_clean", "value_dirty")
_AUTHOR = "аналитик центра"

Place = tuple[str, str, int | None]
"""File, sheet, row; the sheet is empty where the file is meant, the row where the sheet is."""


def places(books: Sequence[Book]) -> Iterator[tuple[Place, Mark]]:
    """Every mark with its place."""
    for book in books:
        yield from (((book.path, "", None), mark) for mark in book.marks)
        for sheet in book.sheets:
            name = "" if book.is_csv else sheet.name
            yield from (((book.path, name, None), mark) for mark in sheet.marks)
            for number, row in sheet.numbered():
                yield from (((book.path, name, number), mark) for mark in row.marks)


def write_ledger(books: Sequence[Book], path: Path) -> None:
    """Write `dirt.csv`, sorted."""
    rows = sorted(
        (
            mark.kind, file, sheet, row or 0, mark.column, mark.school_id, "yes" if mark.recoverable else "no",
            shown(mark.clean), shown(mark.dirty),
        )
        for (file, sheet, row), mark in places(books)
    )  # fmt: skip
    text = io.StringIO(newline="")
    written = csv.writer(text, lineterminator="\n")
    written.writerow(HEADER)
    written.writerows([*row[:3], row[3] or "", *row[4:]] for row in rows)
    files.write(path, text.getvalue())


def write_corrections(books: Sequence[Book], folder: Path) -> None:
    """Write `corrections.yml`: one item for each piece that only a person can mend."""
    items = [_item(place, mark) for place, mark in places(books) if mark.mend]
    text = yaml.safe_dump({"corrections": items}, allow_unicode=True, sort_keys=False, width=120)
    files.write(folder / "corrections.yml", text)


def _item(place: Place, mark: Mark) -> dict[str, Cell]:
    file, sheet, row = place
    mend = mark.mend
    assert mend
    first = file.split("/")[0]
    drop = mend.action == "drop"
    where = {"row": row} if drop else {"school": mark.school_id, "column": mark.column}
    value = {"value": mark.clean} if mend.action == "override" else {}
    return (
        {"file": file, "sheet": sheet}
        | where
        | {"year": int(first) if first.isdigit() else YEAR, "action": mend.action}
        | value
        | {"expect": shown(mark.dirty), "reason": mend.reason, "author": _AUTHOR, "source": mend.source}
    )
