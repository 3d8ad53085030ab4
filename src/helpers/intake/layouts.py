"""Layouts: which column of a raw file means what, a column of `layouts/<name>.csv` for each year.

A new year of a drifting format is a new column in the csv file, not code. `all` serves every year.
Fields tell their kind by their names: `n_…` whole numbers, `share_…` percentages, `mean_…` and the
names in `NUMBERS` numbers, `…_date` days, the rest text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import polars as pl

from helpers.intake.findings import Findings
from helpers.intake.names import fold
from helpers.intake.sheets import ROW, Cells, hidden_rows, read_cells, read_sheet
from helpers.problems import BadInput, Problem, quoted

FOLDER = Path(__file__).parent / "layouts"
SHEET = "__sheet__"
LABEL = "__label__"
NUMBERS = {"posts", "vacancies"}
_LOOKED_FOR_HEADER = 40
"""In how many first rows of a sheet a header is looked for."""
_ABSENT = "-"


@dataclass(frozen=True, eq=False)
class Layout:
    """How one kind of file looks in one year.

    `titles` maps a field to the titles its column may have; a title with `*` stands for many columns, as its
    field does (`share_score_*`). `header_rows` are the heights that its header may have; `needed` are the fields
    without which the file cannot be used.
    """

    name: str
    year: str
    sheet: str
    header_rows: tuple[int, ...]
    titles: dict[str, tuple[str, ...]]
    needed: frozenset[str]


@dataclass(frozen=True)
class Table:
    """What a raw file holds, as text under the layout's field names.

    `frame` has a string column per field found, ROW (as a spreadsheet counts, from 1), SHEET and LABEL, the first
    filled cell of the row. `preamble` is the text above the header, sheet by sheet in one list; `columns` the
    file's own titles by field, `titles` all that stand in its header.
    """

    file: str
    layout: Layout
    frame: pl.DataFrame
    preamble: list[str]
    columns: dict[str, str]
    titles: list[str] = field(default_factory=list)


@cache
def _described(name: str) -> pl.DataFrame:
    return read_sheet(FOLDER / f"{name}.csv", delimiter=";").frame


def layout(name: str, year: int) -> Layout | None:
    """The layout of a kind of file in a year; None where the year has no such files.

    Raises
    ------
    BadInput
        The layout has no column for the year, or its cells are not usable.
    """
    described = _described(name)
    column = "all" if "all" in described.columns else str(year)
    if column not in described.columns:
        known = [title for title in described.columns if title.isdigit()]
        raise BadInput(
            Problem(
                file=f"layouts/{name}.csv", column=column, found=f"столбца нет, есть годы {', '.join(known)}",
                expected=f"столбец с названиями столбцов файлов за {year} год",
                advice="добавьте столбец: скопируйте последний год и исправьте то, что изменилось",
            )
        )  # fmt: skip
    cells = dict(described.select("field", column).iter_rows())
    if cells["header_rows"] in (None, _ABSENT):
        return None
    heights = [text.strip() for text in cells["header_rows"].split("|")]
    if not all(text in ("1", "2", "3") for text in heights):
        raise BadInput(
            Problem(
                file=f"layouts/{name}.csv", column=column, found=quoted(cells["header_rows"]),
                expected="в строке header_rows число 1, 2 или 3", advice="исправьте ячейку",
            )
        )  # fmt: skip
    titles = {
        key: tuple(title.strip() for title in text.split("|"))
        for key, text in cells.items()
        if key not in ("sheet", "header_rows") and text not in (None, _ABSENT)
    }
    needed = set(described.filter(pl.col("needed") == "да")["field"])
    return Layout(
        name, column, cells["sheet"] or "*", tuple(map(int, heights)), titles, frozenset(needed & set(titles))
    )


def read_table(path: Path, layouts: Sequence[Layout], findings: Findings, shown: str) -> Table | None:
    """Read every visible sheet of a file that has one of the layouts.

    Parameters
    ----------
    layouts : sequence of Layout
        The kinds of file that may lie here; the one whose columns are all there is taken.
    shown : str
        The file's name in findings.

    Returns
    -------
    Table or None
        None, and a failing finding, where no sheet has any of the layouts.
    """
    named = {one.sheet for one in layouts} - {"*"}
    try:
        book = read_cells(path, named.pop() if len(named) == 1 else "")
    except BadInput as error:
        for problem in error.problems:
            findings.fail("unreadable", replace(problem, file=shown))
        return None
    for name in book.hidden:
        findings.advise("hidden_sheet", Problem(shown, "скрытый лист", "только видимые листы", "лист не читался; если он"
                                                " нужен, покажите его, если нет — удалите", sheet=name))  # fmt: skip
    hidden = hidden_rows(path)
    if hidden:
        findings.advise("hidden_rows", Problem(shown, f"скрытых строк: {hidden}", "все строки видны",
                                               "строки прочитаны вместе с остальными; проверьте, нужны ли они"))  # fmt: skip
    read = [(cells, found) for cells in book.sheets if (found := _header(cells, layouts)) and not found.missing]
    if not read:
        findings.found += _unlike(book.sheets, layouts, shown)
        return None
    chosen = read[0][1].layout
    for cells in book.sheets:
        if cells.rows and not any(cells is one for one, found in read if found.layout is chosen):
            findings.advise("unused_sheet", Problem(shown, "лист без таблицы этого вида", "таблица с известным заголовком",
                                                    "лист не читался; проверьте, не нужен ли он", sheet=cells.sheet))  # fmt: skip
    used = [(cells, found) for cells, found in read if found.layout is chosen]
    frames = [_under_header(cells, found) for cells, found in used]
    preamble = [text for cells, found in used for _, row in cells.rows[: found.start] for text in row if text]
    columns = {field: title for _, found in used for field, title in found.named.items()}
    titles = [title for _, found in used for title in found.titles if title]
    return Table(shown, chosen, pl.concat(frames, how="diagonal"), preamble, columns, titles)


@dataclass(frozen=True)
class _Header:
    """Where a layout's header stands in a sheet: `start` is its place among the filled rows,
    `height` how many rows it takes."""

    layout: Layout
    start: int
    height: int
    places: dict[str, int]
    named: dict[str, str]
    titles: list[str]

    @property
    def missing(self) -> list[str]:
        there = {field for field in self.layout.titles if any(_belongs(found, field) for found in self.places)}
        return [field for field in self.layout.titles if field in self.layout.needed and field not in there]


def _belongs(found: str, field: str) -> bool:
    return found == field or ("*" in field and found.startswith(field.partition("*")[0]))


def _header(cells: Cells, layouts: Sequence[Layout]) -> _Header | None:
    """The place among the first rows where most of a layout's needed columns are found; None where there is none."""
    best: _Header | None = None
    for one in layouts:
        for height in one.header_rows:
            for start in range(min(_LOOKED_FOR_HEADER, len(cells.rows) - height + 1)):
                found = _matched(cells, one, start, height)
                if found.places and (best is None or _fit(found) > _fit(best)):
                    best = found
    return best


def _fit(header: _Header) -> tuple[float, int]:
    needed = max(1, len(header.layout.needed))
    return 1 - len(header.missing) / needed, len(header.places)


def _matched(cells: Cells, one: Layout, start: int, height: int) -> _Header:
    titles = _titles([row for _, row in cells.rows[start : start + height]])
    plain, wild = _wanted(one)
    places: dict[str, int] = {}
    for place, title in enumerate(titles):
        folded = fold(title)
        field = plain.get(folded) or next(
            (field.replace("*", match[1]) for pattern, field in wild if (match := pattern.fullmatch(folded))), None
        )
        if field:
            places.setdefault(field, place)
    return _Header(one, start, height, places, {field: titles[place] for field, place in places.items()}, titles)


@cache
def _wanted(one: Layout) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Fields by folded title, and by pattern where the title has a `*`."""
    pairs = [(fold(title), field) for field, alternatives in one.titles.items() for title in alternatives]
    wild = [(re.compile(re.escape(title).replace(r"\*", "(.+)")), field) for title, field in pairs if "*" in title]
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


def _under_header(cells: Cells, header: _Header) -> pl.DataFrame:
    rows = cells.rows[header.start + header.height :]
    data = {
        field: [(row[place] or None) if place < len(row) else None for _, row in rows]
        for field, place in header.places.items()
    }
    frame = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String))
    return frame.with_columns(
        pl.Series(ROW, [number for number, _ in rows], pl.Int64),
        pl.lit(cells.sheet).alias(SHEET),
        pl.Series(LABEL, [next(filter(None, row), "") for _, row in rows], pl.String),
    )


def _unlike(sheets: Sequence[Cells], layouts: Sequence[Layout], shown: str) -> list:
    """Say what a file lacks of the layout it resembles most."""
    findings = Findings()
    headers = [(cells, found) for cells in sheets if (found := _header(cells, layouts))]
    if not headers:
        wanted = ", ".join(quoted(alternatives[0]) for alternatives in list(layouts[0].titles.values())[:5])
        findings.fail("layout", Problem(shown, "таблицы с известным заголовком нет", f"столбцы {wanted} и другие",
                                        "проверьте, тот ли это файл; если столбцы переименованы, впишите новые названия "
                                        f"в файл layouts/{layouts[0].name}.csv"))  # fmt: skip
        return findings.found
    cells, best = max(headers, key=lambda pair: _fit(pair[1]))
    for name in best.missing:
        findings.fail(
            "layout",
            Problem(shown, "такого столбца нет", "столбец с таким названием", "исправьте название в файле или впишите новое в "
                    f"layouts/{best.layout.name}.csv, строка {name}, столбец {best.layout.year}",
                    cells.sheet, cells.rows[best.start][0], best.layout.titles[name][0]),
        )  # fmt: skip
    return findings.found
