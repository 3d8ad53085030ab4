"""Layouts: which column of a raw file means what, a column of `layouts/<name>.csv` for each year.

A report's folder of raw files may have `layouts/` of its own: a file there takes the place of the project's.
A new year of a drifting format is a new column in the csv file, not code. `all` serves every year that has none.
Fields tell their kind by their names: `n_…` whole numbers, `share_…` percentages, `mean_…` and the
names in `NUMBERS` numbers, `…_date` days, the rest text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import polars as pl

from helpers.intake.names import fold
from helpers.intake.sheets import read_sheet
from helpers.problems import BadInput, Problem, quoted

FOLDER = Path(__file__).parent / "layouts"
OWN = "layouts"
"""Name of the folder, beside a report's raw files, of its own layouts."""
NUMBERS = {"posts", "vacancies", "sd_score"}
_ABSENT = "-"
_OF_THE_SHEET = ("sheet", "header_rows", "heading", "maxima")
"""Rows of a layout that speak of the whole sheet, not of a column."""


@dataclass(frozen=True, eq=False)
class Layout:
    """How one kind of file looks in one year.

    `titles` maps a field to the titles its column may have; a title with `*` stands for many columns, as its
    field does (`share_score_*`). `header_rows` are the heights that its header may have; `needed` are the fields
    without which the file cannot be used. `headings` begin the line above the table that tells which of several
    like reports it is; `maxima` are the labels, squeezed, of a row of maximum points below the header.
    """

    name: str
    year: str
    sheet: str
    header_rows: tuple[int, ...]
    titles: dict[str, tuple[str, ...]]
    needed: frozenset[str]
    headings: tuple[str, ...] = ()
    maxima: tuple[str, ...] = ()

    def is_maxima(self, cell: str | None) -> bool:
        """Whether a cell is the label of the row of maximum points: «Макс балл», «МАКС. БАЛЛ:»."""
        return bool(self.maxima) and _squeezed(cell or "") in self.maxima


def _squeezed(text: str) -> str:
    return re.sub(r"[\s.:]", "", fold(text))


@cache
def layout(name: str, year: int, own: Path | None = None) -> Layout | None:
    """The layout of a kind of file in a year; None where the year has no such files.

    Parameters
    ----------
    own : Path, optional
        A report's folder of its own layouts: a file there stands in place of the project's of the same name.

    Raises
    ------
    BadInput
        The layout has no column for the year, or its cells are not usable.
    """
    described = _described(name, own)
    column = str(year) if str(year) in described.columns or "all" not in described.columns else "all"
    if column not in described.columns:
        known = [title for title in described.columns if title.isdigit()]
        raise _fault(name, f"столбца нет, есть годы {', '.join(known)}", f"столбец с названиями столбцов файлов за {year} год",
                     "добавьте столбец: скопируйте последний год и исправьте то, что изменилось", column)  # fmt: skip
    cells = dict(described.select("field", column).iter_rows())
    if "header_rows" not in cells:
        raise _fault(name, "строки header_rows нет", "строка header_rows: 1, 2 или 3", "добавьте строку")
    if cells["header_rows"] in (None, _ABSENT):
        return None
    heights = [text.strip() for text in cells["header_rows"].split("|")]
    if not all(text in ("1", "2", "3") for text in heights):
        raise _fault(
            name, quoted(cells["header_rows"]), "в строке header_rows число 1, 2 или 3", "исправьте ячейку", column
        )
    told = {
        key: tuple(title.strip() for title in text.split("|"))
        for key, text in cells.items()
        if text not in (None, _ABSENT)
    }
    titles = {key: alternatives for key, alternatives in told.items() if key not in _OF_THE_SHEET}
    needed = set(described.filter(pl.col("needed") == "да")["field"]) - {*_OF_THE_SHEET}
    for field in sorted(needed - titles.keys()):
        raise _fault(name, f"в строке {field} — {quoted(cells[field] or '')}", "название столбца: без этого поля файл не прочесть",
                     "исправьте ячейку", column)  # fmt: skip
    return Layout(
        name, column, cells.get("sheet") or "*", tuple(map(int, heights)), titles, frozenset(needed),
        told.get("heading", ()), tuple(map(_squeezed, told.get("maxima", ()))),
    )  # fmt: skip


def field_missing(name: str, field: str) -> Problem:
    """That a layout lacks a field without which no file of its kind can be used."""
    return Problem(f"layouts/{name}.csv", f"поля {field} нет", "строка каждого поля, с названием столбца",
                   "верните строку из репозитория")  # fmt: skip


def fields(name: str, own: Path | None = None) -> list[str]:
    """The fields that a kind of file may have in any year."""
    return [field for field in _described(name, own)["field"] if field not in _OF_THE_SHEET]


def layout_file(name: str, own: Path | None = None) -> Path:
    """The file of a layout, or of the subjects: the report's own where there is one, else the project's."""
    mine = own / f"{name}.csv" if own else None
    return mine if mine and mine.is_file() else FOLDER / f"{name}.csv"


@cache
def _described(name: str, own: Path | None = None) -> pl.DataFrame:
    path = layout_file(name, own)
    if not path.is_file():
        raise _fault(name, "такого файла нет", "раскладка файлов этого вида", "верните файл из репозитория")
    try:
        described = read_sheet(path, encoding=None, delimiter=";").frame
    except BadInput as error:
        raise BadInput(*(replace(problem, file=f"layouts/{name}.csv") for problem in error.problems)) from None
    for column in ("field", "needed"):
        if column not in described.columns:
            raise _fault(name, "такого столбца нет", "столбец с таким названием", "исправьте заголовок", column)
    return described


def _fault(name: str, found: str, expected: str, advice: str, column: str = "") -> BadInput:
    return BadInput(Problem(f"layouts/{name}.csv", found, expected, advice, column=column))
