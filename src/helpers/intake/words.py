"""Cells that must hold a word of a closed list, or anything at all: another word is a finding, its row is left out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from helpers.intake.names import fold
from helpers.intake.raw_table import Table
from helpers.intake.records import Intake
from helpers.intake.subjects import subject_of
from helpers.problems import Problem, quoted_cell

OF_SUBJECTS = "предмет из файла layouts/subjects.csv"


def coded(
    table: Table, rows: pl.DataFrame, field: str, code: Callable[[str], str | None], expected: str, intake: Intake, check: str = "words"
) -> pl.DataFrame:  # fmt: skip
    """Turn a column's words into what `code` makes of them; None is a word that it does not know."""
    found = [code(word or "") for word in rows[field]]
    for known, word, sheet, row in zip(found, rows[field], rows["source_sheet"], rows["source_row"], strict=True):
        if known is None:
            problem = Problem(
                table.file, quoted_cell(word), expected, "исправьте ячейку", sheet, row, table.title(field)
            )
            intake.findings.fail(check, problem)
    return rows.with_columns(pl.Series(field, found, pl.String)).drop_nulls(field)


def from_list(table: Table, rows: pl.DataFrame, field: str, codes: dict[str, str], intake: Intake) -> pl.DataFrame:
    """Words of a closed list into their ids."""
    return coded(table, rows, field, lambda word: codes.get(fold(word)), f"одно из: {', '.join(codes)}", intake)


def filled(table: Table, rows: pl.DataFrame, field: str, intake: Intake) -> pl.DataFrame:
    """Rows in which a cell that tells them from others is not empty."""
    return coded(table, rows, field, lambda word: word or None, "заполненная ячейка", intake)


def with_subject(table: Table, rows: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    """Names of subjects into their ids."""
    return coded(table, rows, "subject", partial(subject_of, own=intake.layouts), OF_SUBJECTS, intake, "subject")
