"""The analyst's manual corrections: each a record with a reason, none a silent edit of a received file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import model_validator

from helpers import tables
from helpers.intake.findings import Findings
from helpers.intake.layouts import SHEET, Table
from helpers.intake.names import fold
from helpers.intake.sheets import ROW
from helpers.params import Closed, Text, load_yaml
from helpers.problems import Problem, quoted

FILE = "corrections.yml"


class Correction(Closed):
    """One correction of one cell (`override`, `blank`) or row (`drop`).

    The row is named by `school` (id of the registry) or by `row` as a spreadsheet counts; `expect` is what
    stands in the cell now, so that the correction fails once the source is mended.
    """

    file: Text
    year: int
    action: Literal["override", "blank", "drop"]
    expect: str | int | float
    reason: Text
    author: Text
    source: Text
    sheet: str = ""
    school: str = ""
    row: int | None = None
    column: str = ""
    value: str | int | float | None = None

    @model_validator(mode="after")
    def _whole(self) -> Correction:
        if not self.school and self.row is None:
            raise ValueError("ключ school (код школы) или row (номер строки)")
        if self.action == "override" and self.value is None:
            raise ValueError("при action: override ключ value — верное значение")
        if self.action != "drop" and not self.column:
            raise ValueError("ключ column — столбец, в котором исправление")
        return self


class Corrections(Closed):
    """The content of `corrections.yml`."""

    corrections: list[Correction]


def load_corrections(folder: Path) -> list[Correction]:
    """Read `corrections.yml` of a report's raw files; none where there is no such file.

    Raises
    ------
    BadInput
        The file is not a list of corrections.
    """
    path = folder / FILE
    return load_yaml(path, Corrections).corrections if path.is_file() else []


def corrected(table: Table, frame: pl.DataFrame, corrections: list[Correction], findings: Findings) -> pl.DataFrame:
    """Apply the corrections of this file to its rows.

    Parameters
    ----------
    frame : DataFrame
        Rows of `table.frame` with `school_id` where it is known.
    """
    for one in corrections:
        if one.file != table.file:
            continue
        rows = _rows(frame, one)
        field = _field(table, one)
        if rows.height != 1 or field is None:
            found = "такой строки нет" if rows.is_empty() else f"таких строк {rows.height}"
            _stale(one, found if field is not None else f"столбца {quoted(one.column)} нет", findings)
            continue
        texts = [rows[field][0]] if field else [rows[name][0] for name in table.columns]
        if not any(_text(text) == _text(one.expect) for text in texts):
            _stale(one, quoted(texts[0] or "") if field else "другая строка", findings)
            continue
        here = (pl.col(ROW) == rows[ROW][0]) & (pl.col(SHEET) == rows[SHEET][0])
        if one.action == "drop":
            frame = frame.filter(~here)
        else:
            value = None if one.action == "blank" else str(one.value)
            frame = frame.with_columns(pl.when(here).then(pl.lit(value, pl.String)).otherwise(field).alias(field))
        findings.count("corrections")
    return frame


def corrections_table(corrections: list[Correction]) -> pl.DataFrame:
    """Table `corrections`: the records as they stand in the file, in its order."""
    rows = [
        {"number": number, "school_id": one.school or None, **one.model_dump(exclude={"school"}),
         "expect": _text(one.expect), "value": None if one.value is None else str(one.value)}
        for number, one in enumerate(corrections, start=1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.CONTRACT["corrections"][1])


def _rows(frame: pl.DataFrame, one: Correction) -> pl.DataFrame:
    chosen = frame.filter(pl.col(SHEET) == one.sheet) if one.sheet else frame
    if one.row is not None:
        chosen = chosen.filter(pl.col(ROW) == one.row)
    return chosen.filter(pl.col("school_id") == one.school) if one.school else chosen


def _field(table: Table, one: Correction) -> str | None:
    """The field of the corrected column; empty where the whole row is meant, None where there is no such column."""
    if not one.column:
        return ""
    return next((field for field, title in table.columns.items() if fold(title) == fold(one.column)), None)


def _text(value: object) -> str:
    return " ".join(str("" if value is None else value).split()).removesuffix(" 00:00:00")


def _stale(one: Correction, found: str, findings: Findings) -> None:
    where = f"строка {one.row}" if one.row is not None else f"школа {one.school}"
    findings.fail(
        "corrections",
        Problem(FILE, f"исправление файла {one.file} ({where}): там теперь {found}", f"там {quoted(one.expect)}",
                "источник изменился: удалите исправление или приведите его в соответствие", column=one.column),
    )  # fmt: skip
