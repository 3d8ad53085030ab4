"""Where a layout's header stands in a sheet, and which column holds which field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from helpers.intake.layouts import Layout
from helpers.intake.names import fold
from helpers.intake.sheets import Cells

LOOKED_AT = 40
"""In how many first rows of a sheet a header is looked for."""


@dataclass(frozen=True)
class Header:
    """Where a layout's header stands in a sheet: `start` is its place among the filled rows, `height` how many
    rows it takes. `places` and `named` are the columns' places and titles by field, `titles` all titles,
    `repeated` those under which one field stands again.
    """

    layout: Layout
    start: int
    height: int
    places: dict[str, int]
    named: dict[str, str]
    titles: list[str]
    repeated: list[str]

    @property
    def missing(self) -> list[str]:
        """Needed fields of the layout that are not there."""
        there = {field for field in self.layout.titles if any(_belongs(found, field) for found in self.places)}
        return [field for field in self.layout.titles if field in self.layout.needed and field not in there]

    @property
    def fit(self) -> tuple[float, int]:
        """How much of the layout is there, to be compared."""
        needed = max(1, len(self.layout.needed))
        return 1 - len(self.missing) / needed, len(self.places)


def find_header(cells: Cells, layouts: Sequence[Layout]) -> Header | None:
    """The place among the first rows where most of a layout's needed columns are found; None where there is none."""
    best: Header | None = None
    for one in layouts:
        for height in one.header_rows:
            for start in range(min(LOOKED_AT, len(cells.rows) - height + 1)):
                found = _matched(cells, one, start, height)
                if found.places and (best is None or found.fit > best.fit):
                    best = found
    return best


def _belongs(found: str, field: str) -> bool:
    return found == field or ("*" in field and found.startswith(field.partition("*")[0]))


def _matched(cells: Cells, one: Layout, start: int, height: int) -> Header:
    titles = _titles([row for _, row in cells.rows[start : start + height]])
    plain, wild = _wanted(one)
    places: dict[str, int] = {}
    repeated = []
    for place, title in enumerate(titles):
        folded = fold(title)
        field = plain.get(folded) or next(
            (field.replace("*", match[1]) for pattern, field in wild if (match := pattern.fullmatch(folded))), None
        )
        if field in places:
            repeated.append(title)
        elif field:
            places[field] = place
    return Header(
        one, start, height, places, {field: titles[place] for field, place in places.items()}, titles, repeated
    )


@cache
def _wanted(one: Layout) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Fields by folded title, and by pattern where the title has a `*`: it stands for a number."""
    pairs = [(fold(title), field) for field, alternatives in one.titles.items() for title in alternatives]
    wild = [
        (re.compile(re.escape(title).replace(r"\*", r"(\d{1,3})")), field) for title, field in pairs if "*" in title
    ]
    return {title: field for title, field in pairs if "*" not in title}, wild


def _titles(rows: list[list[str]]) -> list[str]:
    """Titles of columns under one, two or three rows of merged cells: `верх / низ`.

    Of a merged cell only the first holds the text: the upper row's text reaches to the right as long as there
    is something below and nothing above.
    """
    width = max(len(row) for row in rows)
    padded = [row + [""] * (width - len(row)) for row in rows]
    titles = list(padded[-1])
    for upper in reversed(padded[:-1]):
        above = ""
        for place in range(width):
            above = upper[place] or (above if titles[place] else "")
            parts = [part for part in (above, titles[place]) if part]
            titles[place] = " / ".join(parts)
    return titles
