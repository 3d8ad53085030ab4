"""Wide tables of centres as the flat ones they stand for: ЕГЭ with its subjects side by side, works with signs of bias.

What the columns of one subject, or of one work, hold is a table of its own, under the fields of the flat layout.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from helpers.intake.findings import Findings
from helpers.intake.numbers import NO_DATA
from helpers.intake.raw_table import LABEL, SHEET, Table
from helpers.intake.sheets import ROW
from helpers.intake.subjects import subject_of
from helpers.intake.words import OF_SUBJECTS
from helpers.problems import Problem, quoted

EXAM, BIAS = "ege_wide", "biased_wide"
"""Names of the layouts of wide tables."""
_MEASURES = ("n_participants", "n_below_min", "mean_score")
_MARK = "sign_"
_NO_MARK = NO_DATA | {"0", "нет"}


def by_subject(table: Table, findings: Findings) -> list[Table]:
    """A table for each subject of a wide table of ЕГЭ; any other table as it is."""
    if table.layout.name != EXAM:
        return [table]
    first = f"{_MEASURES[0]}_"
    made = []
    for subject in [name.removeprefix(first) for name in table.columns if name.startswith(first)]:
        there = {name: f"{name}_{subject}" for name in _MEASURES if f"{name}_{subject}" in table.columns}
        rows = _with(table, subject=pl.lit(subject), **{name: pl.col(column) for name, column in there.items()})
        rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in _MEASURES if name not in there)
        kept = rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in there))
        titles = {name: table.columns[column] for name, column in there.items()}
        made.append(_table(table, kept, {**titles, "subject": titles[_MEASURES[0]]}))
    return _counted(table, made, findings)


def by_work(table: Table, findings: Findings, own: Path | None) -> list[Table]:
    """A table for each work of a wide list of works with signs of bias, its marked schools alone; any other table as it is.

    `own`: the report's own layouts, which may name subjects.
    """
    if table.layout.name != BIAS:
        return [table]
    made = []
    for column in [name for name in table.columns if name.startswith(_MARK)]:
        grade, _, subject = column.removeprefix(_MARK).partition(" ")
        if not subject_of(subject, own=own):
            title = table.columns[column]
            findings.fail("subject", Problem(table.file, quoted(title), f"класс и {OF_SUBJECTS}, например «4 РУ»",
                                             "исправьте название столбца или добавьте предмет в layouts/subjects.csv",
                                             column=title))  # fmt: skip
            continue
        marked = ~pl.col(column).fill_null("").str.to_lowercase().is_in(_NO_MARK)
        rows = _with(table, marked, subject=pl.lit(subject), grade=pl.lit(grade), sign=pl.lit("отмечена в списке"))
        made.append(_table(table, rows, dict.fromkeys(("subject", "grade", "sign"), table.columns[column])))
    return _counted(table, made, findings)


def _with(table: Table, kept: pl.Expr | bool = True, **columns: pl.Expr) -> pl.DataFrame:
    own = [name for name in (*_identity(table), ROW, SHEET, LABEL) if name in table.frame.columns]
    return table.frame.filter(kept).select(*own, **columns)


def _identity(table: Table) -> list[str]:
    return [name for name in table.columns if not name.startswith((_MARK, *(f"{name}_" for name in _MEASURES)))]


def _table(table: Table, rows: pl.DataFrame, titles: dict[str, str]) -> Table:
    return replace(table, frame=rows, columns={name: table.columns[name] for name in _identity(table)} | titles)


def _counted(table: Table, made: list[Table], findings: Findings) -> list[Table]:
    """The tables that have rows; rows are counted as those of the flat table."""
    findings.count("rows_all", sum(one.frame.height for one in made) - table.frame.height)
    return [one for one in made if one.frame.height]
