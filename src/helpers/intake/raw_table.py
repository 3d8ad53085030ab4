"""What a raw file holds under the fields of its layout, or what keeps it from being read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
from rapidfuzz.distance import Prefix

from helpers.intake.findings import Findings
from helpers.intake.header import LOOKED_AT, Header, find_header, headed, stands_for
from helpers.intake.layouts import Layout
from helpers.intake.pupils import is_personal
from helpers.intake.set_aside import rows_of_data
from helpers.intake.sheets import ROW, Cells, read_cells, unstored
from helpers.problems import BadInput, Problem, quoted

SHEET = "__sheet__"
LABEL = "__label__"
_SHOWN = 5
"""How many titles of a layout one sentence lists."""
KEYS = ("inn", "kpp", "login", "rcoi_code", "name")
"""Fields that say which school a row speaks of."""
OF_SEVERAL = ("subject", "subject_code", "competence", "item")
"""Fields that tell the rows of one school apart."""
OF_A_NOTE = 2
"""How many cells a row of a note may fill; a row of data fills more."""


@dataclass(frozen=True)
class Table:
    """What a raw file holds, as text under the layout's field names.

    `frame` has a string column per field found, ROW (as a spreadsheet counts, from 1), SHEET and LABEL, the first
    filled cell of the row. `preamble` is the text above the header, line by line, of each sheet; `columns` the
    file's own titles by field; `strangers` of each sheet the titles that nearly are one of many like columns; `others`
    the file's sheets that are tables of their own.
    """

    file: str
    layout: Layout
    frame: pl.DataFrame
    preamble: dict[str, list[str]]
    columns: dict[str, str]
    strangers: dict[str, list[str]] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    def title(self, field: str) -> str:
        """The title of a field's column; where a school and its codes share one cell, that cell's; empty if none."""
        return self.columns.get(field, "") or self.columns.get("group", "")


@dataclass(frozen=True)
class _Read:
    """A sheet that can be read: its rows of data are those below the header that repeat no part of it."""

    cells: Cells
    header: Header
    rows: list[tuple[int, list[str]]]


def read_table(path: Path, layouts: Sequence[Layout], findings: Findings, shown: str) -> Table | None:
    """Read every visible sheet of a file that has one of the layouts, the same for all of them, as one table.

    Parameters
    ----------
    layouts : sequence of Layout
        The kinds of file that may lie here; the one whose columns are all there is taken.
    shown : str
        The file's name in findings.

    Returns
    -------
    Table or None
        None, and a failing finding, where no sheet has any of the layouts or a sheet's columns are in disorder.
    """
    used = _used_sheets(path, layouts, findings, shown)
    return _table(used, shown) if used else None


def read_tables(path: Path, layouts: Sequence[Layout], findings: Findings, shown: str) -> list[Table]:
    """The same where every sheet may be of another layout and is a table of its own; none where `read_table` gives None."""
    used = _used_sheets(path, layouts, findings, shown, alike=False)
    names = {one.cells.sheet for one in used}
    return [replace(_table([one], shown), others=frozenset(names - {one.cells.sheet})) for one in used]


def _used_sheets(
    path: Path, layouts: Sequence[Layout], findings: Findings, shown: str, alike: bool = True
) -> list[_Read]:
    """The sheets that can be read, in order; whatever else is told. `alike`: all of one layout."""
    try:
        book = read_cells(path)
    except BadInput as error:
        for problem in error.problems:
            findings.fail("unreadable", replace(problem, file=shown))
        return []
    for name in book.hidden:
        findings.advise("hidden_sheet", Problem(shown, "скрытый лист", "только видимые листы", "лист не читался; если он"
                                                " нужен, покажите его, если нет — удалите", sheet=name))  # fmt: skip
    for name, count in book.hidden_rows.items():
        findings.advise("hidden_rows", Problem(shown, f"скрытых строк: {count}", "все строки видны",
                                               "строки прочитаны вместе с остальными; проверьте, нужны ли они", sheet=name))  # fmt: skip
    for cells in book.sheets:
        if cells.guessed and cells.guessed != "cp1251":
            findings.advise("encoding", Problem(shown, f"кодировка не названа, прочитано как {cells.guessed}", "csv в UTF-8",
                                                "проверьте названия в протоколе; сохраните таблицу как CSV UTF-8"))  # fmt: skip
        findings.count("encoding", bool(cells.guessed))
    sheets = _of_layouts(book.sheets, layouts)
    if not sheets:
        findings.fail("unreadable", _no_sheet(book.sheets, layouts[0], shown))
        return []
    headers = [(cells, find_header(cells, layouts)) for cells in sheets]
    for cells, header in headers:
        for title in _personal(cells, header):
            findings.fail("personal_data", Problem(shown, "столбец с личными сведениями", "только данные о школах",
                                                   "удалите столбец и выгрузите файл заново: личные сведения в отчёт не "
                                                   "принимаются", "" if header else cells.sheet, column=title))  # fmt: skip
    read = [(cells, header) for cells, header in headers if header and not header.missing]
    if not read:
        likely = headed(sheets[0], layouts)
        findings.found += _unlike([(cells, header) for cells, header in headers if header], likely, shown).found
        return []
    used = [(cells, header) for cells, header in read if not alike or header.layout is read[0][1].layout]
    for cells in book.sheets:
        if cells.rows and not any(cells is one for one, _ in used):
            findings.advise("unused_sheet", Problem(shown, "лист без таблицы этого вида", "таблица с известным заголовком",
                                                    "лист не читался; проверьте, не нужен ли он", sheet=cells.sheet))  # fmt: skip
    faults = [problem for cells, header in used for problem in disorder(cells, header, shown)]
    for problem in (problem for cells, header in used for problem in _unstored(cells, header, shown)):
        findings.fail("formulas", problem)
    data = [
        _Read(cells, header, rows_of_data(cells.rows[end:], [row for _, row in cells.rows[header.start : end]]))
        for cells, header in used
        for end in [header.start + header.height]
    ]
    below = sum(len(one.cells.rows) - one.header.start - one.header.height for one in data)
    findings.count("rows_all", below)
    findings.count("header_again", below - sum(len(one.rows) for one in data))
    if not any(one.rows for one in data):
        faults.append(
            Problem(shown, "таблица без строк с данными", "заголовок и строки под ним", "выгрузите файл заново")
        )
    for problem in faults:
        findings.fail("layout", problem)
    return [] if faults else data


def _table(used: list[_Read], shown: str) -> Table:
    """The rows of sheets that have one layout under its fields."""
    frame = pl.concat([_under_header(one.cells, one.header, one.rows) for one in used], how="diagonal")
    preamble = {
        one.cells.sheet: [
            line for _, row in one.cells.rows[: one.header.start] for line in " ".join(filter(None, row)).splitlines()
        ]
        for one in used
    }
    columns = {name: title for one in used for name, title in one.header.named.items()}
    strangers = {one.cells.sheet: one.header.strangers for one in used}
    return Table(shown, used[0].header.layout, frame, preamble, columns, strangers)


def _of_layouts(sheets: Sequence[Cells], layouts: Sequence[Layout]) -> list[Cells]:
    """The sheets that the layouts speak of: the one they name, or every one."""
    named = {one.sheet for one in layouts}
    return [cells for cells in sheets if "*" in named or cells.sheet in named]


def _no_sheet(sheets: Sequence[Cells], one: Layout, shown: str) -> Problem:
    there = ", ".join(quoted(cells.sheet) for cells in sheets)
    return Problem(shown, f"такого листа нет, есть {there}" if there else "видимых листов нет", f"лист {quoted(one.sheet)}",
                   f"исправьте имя листа или строку sheet в layouts/{one.name}.csv, столбец {one.year}")  # fmt: skip


def _personal(cells: Cells, header: Header | None) -> list[str]:
    """Titles of personal data under the header or, on a sheet without one, in the fullest of its first rows."""
    fullest = max((row for _, row in cells.rows[:LOOKED_AT]), key=lambda row: sum(map(bool, row)), default=[])
    return [title for title in dict.fromkeys(header.titles if header else fullest) if is_personal(title)]


def disorder(cells: Cells, header: Header, shown: str) -> Iterator[Problem]:
    """Columns of one title, and rows of a csv file that have more or fewer cells than the header."""
    rows = cells.rows[header.start : header.start + header.height]
    for title in header.repeated:
        yield Problem(shown, "одно название у нескольких столбцов", "у каждого столбца своё название",
                      "переименуйте лишние столбцы", cells.sheet, rows[0][0], title)  # fmt: skip
    width = max(len(row) for _, row in rows)
    ragged = [
        Problem(shown, f"число ячеек {len(row)}", f"число ячеек {width}, как в заголовке",
                "проверьте лишние или недостающие разделители и кавычки в этой строке", cells.sheet, number)
        for number, row in cells.rows[header.start + header.height :]
        if len(row) != width and (sum(map(bool, row)) > OF_A_NOTE or any(row[width:]))
    ]  # fmt: skip
    yield from ragged


def _unstored(cells: Cells, header: Header, shown: str) -> Iterator[Problem]:
    """Columns of the layout with formulas that have no stored value: whoever reads the file finds nothing there."""
    for name, place in header.places.items():
        rows = sorted(row for row, column in cells.unstored if column == place)
        if rows:
            yield unstored(shown, cells.sheet, rows, header.named[name])


def _under_header(cells: Cells, header: Header, rows: list[tuple[int, list[str]]]) -> pl.DataFrame:
    data = {
        field: [(row[place] or None) if place < len(row) else None for _, row in rows]
        for field, place in header.places.items()
    }
    of_rows = {
        ROW: [number for number, _ in rows],
        SHEET: [cells.sheet] * len(rows),
        LABEL: [next(filter(None, row), "") for _, row in rows],
    }
    return pl.DataFrame(data | of_rows, schema=dict.fromkeys([*data, *of_rows], pl.String) | {ROW: pl.Int64})


def filled_down(frame: pl.DataFrame) -> pl.DataFrame:
    """Repeat a municipality's name that is merged over the rows of its schools and stands in the first of them only."""
    if "municipality" not in frame.columns:
        return frame
    return frame.with_columns(pl.col("municipality").fill_null(strategy="forward").over(SHEET))


def with_schools_of_merged(table: Table, findings: Findings) -> pl.DataFrame:
    """Name the school in rows that do not name it, as where its cell is merged over all its rows.

    Only in tables where several rows are one school's, of rows that say which (a subject, a statement), and never
    across sheets or totals; the rows are told, so that a forgotten name does not go to the school above unseen.
    """
    frame = table.frame
    told = [name for name in OF_SEVERAL if name in frame.columns]
    keys = [name for name in KEYS if name in frame.columns]
    if not told or not keys:
        return frame
    unnamed = pl.all_horizontal(pl.col(keys).is_null()) & pl.any_horizontal(pl.col(told).is_not_null())
    group = ((~unnamed).cum_sum()).over(SHEET)
    of_above = frame.with_columns(__group__=group).with_columns(
        pl.when(unnamed & (group > 0))
        .then(pl.col(name).first().over(SHEET, "__group__"))
        .otherwise(pl.col(name))
        .alias(name)
        for name in keys
    )
    filled = frame.filter(unnamed & (group > 0) & pl.any_horizontal(of_above[name].is_not_null() for name in keys))
    if filled.is_empty():
        return frame
    findings.advise("merged_down", Problem(
        table.file, f"строк без школы: {filled.height}", "школа в каждой строке",
        "строки отнесены к школе, названной выше, как в объединённых ячейках; проверьте, так ли это", filled[SHEET][0],
        filled[ROW][0], next(filter(None, map(table.title, reversed(keys))), ""),
    ))  # fmt: skip
    return of_above.drop("__group__")


def _unlike(headers: list[tuple[Cells, Header]], layouts: Sequence[Layout], shown: str) -> Findings:
    """Say what a file lacks of the layout it resembles most."""
    findings = Findings()
    if not headers:
        titles = [f"{quoted(alternatives[0])}{_star(name)}" for name, alternatives in layouts[0].titles.items()]
        wanted = ", ".join(titles[:_SHOWN]) + (" и другие" if len(titles) > _SHOWN else "")
        findings.fail("layout", Problem(shown, "таблицы с известным заголовком нет", f"столбцы {wanted}",
                                        "проверьте, тот ли это файл; если столбцы переименованы, впишите новые названия "
                                        f"в файл layouts/{layouts[0].name}.csv"))  # fmt: skip
        return findings
    cells, best = max(headers, key=lambda pair: pair[1].fit)
    for name in best.missing:
        findings.fail(
            "layout",
            Problem(shown, "такого столбца нет", f"столбец с таким названием{_star(name)}",
                    "исправьте название в файле или впишите новое в "
                    f"layouts/{best.layout.name}.csv, строка {name}, столбец {best.layout.year}",
                    cells.sheet, cells.rows[best.start][0], _nearest(best.layout.titles[name], best.titles)),
        )  # fmt: skip
    return findings


def _nearest(alternatives: Sequence[str], titles: Sequence[str]) -> str:
    """Of the titles that a column may have the one that begins most like one that is there: other years have others."""
    return max(alternatives, key=lambda one: max((Prefix.similarity(one, title) for title in titles), default=0))


def _star(field: str) -> str:
    """What stands where the title of a field has a `*`, if it has one."""
    return f" (на месте * — {stands_for(field)})" if "*" in field else ""
