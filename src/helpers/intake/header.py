"""Where a layout's header stands in a sheet, and which column holds which field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from helpers.intake.layouts import Layout
from helpers.intake.names import as_latin, fold
from helpers.intake.sheets import Cells, joined_titles
from helpers.intake.task_labels import label_and_maximum, task_label

LOOKED_AT = 40
"""In how many first rows of a sheet a header is looked for."""
_HIGHEST = 3
"""How many rows a header may take."""

_ANGLES = str.maketrans("‹›＜＞", "<><>")
_AROUND_SIGN = re.compile(r" ?([()<>=%,/]) ?")


def _number(text: str) -> str | None:
    return text if re.fullmatch(r"\d{1,3}", text) else None


def _task_with_maximum(title: str) -> str | None:
    told = label_and_maximum(title)
    return told and told[0]


def _work(text: str) -> str | None:
    """Grade and subject of a work: `4 ру`, `ру 4`, `4 класс русский язык`."""
    match = re.fullmatch(r"(\d{1,2})[ .-]*(?:кл(?:асс)?\.?)? ?(\D+)|(\D+?)[ .-]*(\d{1,2})", text)
    grade, subject = (match[1] or match[4], match[2] or match[3]) if match else ("", "")
    return f"{grade} {subject.strip()}" if subject.strip() else None


def _last(text: str) -> str:
    """The lowest of titles above one another: `из них / физика`; a plain title has lost its spaces before brackets."""
    return text.rpartition("/")[2].replace("(", " (").strip()


_STANDS_FOR = {
    "share_done_*": (task_label, "номер задания вида 1К1, 3, 4.1"),
    "sign_*": (_work, "класс и предмет вида 4 РУ"),
    **dict.fromkeys(("n_participants_*", "n_below_min_*", "mean_score_*"), (_last, "предмет")),
    "task_*": (_task_with_maximum, "номер задания с его максимальным баллом вида 1 (2б), 4К1 (3б)"),
}
"""What the `*` of a field's title stands for, and how a sentence calls it; a number where nothing is said."""


@dataclass(frozen=True)
class Header:
    """Where a layout's header stands in a sheet: `start` is its place among the filled rows, `height` how many
    rows it takes. `places` and `named` are the columns' places and titles by field, `titles` all titles,
    `repeated` those under which one field stands again, `strangers` those that have something else with a digit
    where a title of the layout has `*`. `maxima`: whether the sheet has the layout's row of maximum points.
    """

    layout: Layout
    start: int
    height: int
    places: dict[str, int]
    named: dict[str, str]
    titles: list[str]
    repeated: list[str]
    strangers: list[str]
    maxima: bool

    @property
    def missing(self) -> list[str]:
        """Needed fields of the layout that are not there."""
        there = {field for field in self.layout.titles if any(_belongs(found, field) for found in self.places)}
        return [field for field in self.layout.titles if field in self.layout.needed and field not in there]

    @property
    def fit(self) -> tuple[float, bool, int]:
        """How much of the layout is there, to be compared."""
        needed = max(1, len(self.layout.needed))
        return 1 - len(self.missing) / needed, self.maxima, len(self.places)


def find_header(cells: Cells, layouts: Sequence[Layout]) -> Header | None:
    """The place among the first rows where most of a layout's needed columns are found; None where there is none.

    Of reports whose columns are alike the heading above the table tells which it is, without one a row of maximum points.
    """
    best: Header | None = None
    said = [{part for cell in row if cell for part in _parts(cell)} for _, row in cells.rows[: LOOKED_AT + _HIGHEST]]
    for one in headed(cells, layouts):
        maxima = any(map(one.is_maxima, _top(cells)))
        anything = any("*" in alternatives for alternatives in one.titles.values())  # a row of data is a header to it
        parts = _parts_of_titles(one)
        for height in one.header_rows:
            for start in range(min(LOOKED_AT, len(cells.rows) - height + 1)):
                if all(map(parts.isdisjoint, said[start : start + height])):
                    continue  # most rows are of data: none of the layout's words stands in them
                found = _matched(cells, one, start, height, maxima)
                certain = found.places.keys() & one.titles.keys() if anything else found.places
                if certain and (best is None or found.fit > best.fit):
                    best = found
    return best


def stands_for(field: str) -> str:
    """What stands where the title of a field has a `*`, for a sentence."""
    return _STANDS_FOR.get(field, (_number, "число"))[1]


def headed(cells: Cells, layouts: Sequence[Layout]) -> Sequence[Layout]:
    """The layouts whose heading stands in a sheet; all of them where none does."""
    lines = {fold(line) for cell in _top(cells) for line in cell.splitlines()}
    named = [one for one in layouts if any(line.startswith(fold(name)) for name in one.headings for line in lines)]
    return named or layouts


def _top(cells: Cells) -> list[str]:
    return [cell for _, row in cells.rows[:LOOKED_AT] for cell in row if cell]


def _belongs(found: str, field: str) -> bool:
    return found == field or ("*" in field and found.startswith(field.partition("*")[0]))


def _matched(cells: Cells, one: Layout, start: int, height: int, maxima: bool) -> Header:
    titles = joined_titles([row for _, row in cells.rows[start : start + height]])
    plain, wild = _wanted(one)
    places: dict[str, int] = {}
    repeated, strangers = [], []
    for place, title in enumerate(titles):
        folded = _plain(title)
        filled = [(field, match[1]) for pattern, field in wild if (match := pattern.fullmatch(folded))]
        field = plain.get(folded) or next(filter(None, (_filled(*pair) for pair in filled)), None)
        if not field and any(re.search(r"\d", text) for _, text in filled):
            strangers.append(title)
        if field in places:
            repeated.append(title)
        elif field:
            places[field] = place
    named = {field: titles[place] for field, place in places.items()}
    return Header(one, start, height, places, named, titles, repeated, strangers, maxima)


def _filled(field: str, text: str) -> str | None:
    """A field's name with what stands for its `*`; None where it is not what should stand there."""
    read, _ = _STANDS_FOR.get(field, (_number, ""))
    stands = read(text)
    return stands and field.replace("*", stands)


@cache
def _plain(title: str) -> str:
    """A title in which neither spaces around signs nor the shape of `<` and `>` matter."""
    return _AROUND_SIGN.sub(r"\1", fold(title.translate(_ANGLES)))


def _parts(title: str) -> list[str]:
    """What may stand in cells above one another and make a title together, in whichever alphabet its letters are."""
    return as_latin(_plain(title)).split("/")


@cache
def _parts_of_titles(one: Layout) -> set[str]:
    return {part for title in _wanted(one)[0] for part in _parts(title)}


@cache
def _wanted(one: Layout) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Fields by folded title, and by pattern where the title has a `*`."""
    pairs = [(_plain(title), field) for field, alternatives in one.titles.items() for title in alternatives]
    wild = [(re.compile(re.escape(title).replace(r"\*", "(.+)")), field) for title, field in pairs if "*" in title]
    return {title: field for title, field in pairs if "*" not in title}, wild
