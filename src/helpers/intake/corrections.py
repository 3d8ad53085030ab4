"""The analyst's manual corrections: each a record with a reason, none a silent edit of a received file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from helpers import tables
from helpers.intake.findings import Findings
from helpers.intake.names import as_latin, fold
from helpers.intake.numbers import NotANumber, parse_number
from helpers.intake.raw_table import SHEET, Table
from helpers.intake.sheets import ROW
from helpers.params import Closed, Text, load_yaml
from helpers.problems import Problem, quoted, quoted_cell

FILE = "corrections.yml"
_SAYS_WHICH_ROW = {"inn", "kpp", "login", "rcoi_code", "name", "municipality", "group", "form", "category", "period"}
"""Fields by which a row's school is found or the row set aside: when a correction looks for a school's row, that is done."""


def _text_or_number(value: Any) -> Any:
    """Accept a text or a number; one error where pydantic's union gives three."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("text_or_number", "a text or a number")


Cell = Annotated[str | int | float, PlainValidator(_text_or_number)]


class Correction(Closed):
    """One correction of one cell (`override`, `blank`) or row (`drop`).

    The row is named by `school` (id of the registry) or by `row` as a spreadsheet counts; `expect` is what
    stands in the cell now, so that the correction fails once the source is mended.
    """

    file: Text
    year: int
    action: Literal["override", "blank", "drop"]
    expect: Cell
    reason: Text
    author: Text
    source: Text
    sheet: str = ""
    school: str = ""
    row: int | None = None
    column: str = ""
    value: Cell | None = None

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
    return load_yaml(path, Corrections, f"data/raw/kamchatka-2021/{FILE}").corrections if path.is_file() else []


def naming_rows(corrections: Sequence[Correction]) -> list[Correction]:
    """Those that name a row: they are applied to the file as it was received, before anything is made of it."""
    return [one for one in corrections if not one.school]


def naming_schools(corrections: Sequence[Correction]) -> list[Correction]:
    """Those that name a school: they are applied when the rows' schools are known."""
    return [one for one in corrections if one.school]


def corrected(table: Table, frame: pl.DataFrame, corrections: Sequence[Correction], findings: Findings) -> pl.DataFrame:
    """Apply the corrections of this file to its rows.

    Parameters
    ----------
    frame : DataFrame
        Rows of `table.frame`, with `school_id` if corrections name schools.
    """
    for one in corrections:
        if one.file != table.file or one.sheet in table.others:
            continue
        if table.others and not one.sheet:
            _tell(one, "в файле несколько таблиц", "лист", "добавьте ключ sheet: имя листа", findings)
            continue
        rows = _rows(frame, one)
        field = field_titled(table, one.column)
        if one.school and field in _SAYS_WHICH_ROW:
            _tell(
                one,
                "по этому столбцу строку находят",
                "ключ row вместо ключа school",
                "назовите строку её номером",
                findings,
            )
        elif field is None:
            _stale(one, "такого столбца нет", findings)
        elif rows.height > 1:
            key = "row: номер строки" if one.row is None else "sheet: имя листа"
            _tell(one, f"таких строк {rows.height}", "одна строка", f"добавьте ключ {key}", findings)
        elif rows.is_empty():
            _stale(one, "такой строки нет", findings)
        elif not any(_same(rows[name][0], one.expect) for name in ([field] if field else table.columns)):
            _stale(one, f"там теперь {quoted_cell(rows[field][0]) if field else 'другая строка'}", findings)
        else:
            here = (pl.col(ROW) == rows[ROW][0]) & (pl.col(SHEET) == rows[SHEET][0])
            if one.action == "drop":
                frame = frame.filter(~here)
                findings.count("rows_dropped")
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
    return pl.DataFrame(rows, schema=tables.CONTRACT["corrections"].types)


def _rows(frame: pl.DataFrame, one: Correction) -> pl.DataFrame:
    chosen = frame.filter(pl.col(SHEET) == one.sheet) if one.sheet else frame
    if one.row is not None:
        chosen = chosen.filter(pl.col(ROW) == one.row)
    return chosen.filter(pl.col("school_id") == one.school) if one.school else chosen


def field_titled(table: Table, title: str) -> str | None:
    """The field of the column with this title; empty where the whole row is meant, None where there is no such column.

    The К of a task's title may be Latin in the file and Cyrillic in the correction, or the other way round.
    """
    if not title:
        return ""
    wanted = as_latin(fold(title))
    return next((field for field, own in table.columns.items() if as_latin(fold(own)) == wanted), None)


def _same(cell: str | None, expected: str | int | float) -> bool:
    """Whether a cell holds what is expected, as a text or as a number: 24.1 of YAML is «24,1» of the file."""
    if _text(cell) == _text(expected):
        return True
    try:
        number = parse_number(cell)
        return number is not None and number == parse_number(str(expected))
    except NotANumber:
        return False


def _text(value: object) -> str:
    return " ".join(str("" if value is None else value).split()).removesuffix(" 00:00:00")


def _tell(one: Correction, found: str, expected: str, advice: str, findings: Findings) -> None:
    """Say that a correction cannot be applied, with the place that it names."""
    sheet = [f"лист {quoted(one.sheet)}"] if one.sheet else []
    row = f"строка {one.row}" if one.row is not None else f"школа {one.school}"
    column = [f"столбец {quoted(one.column)}"] if one.column else []
    place = ", ".join([*sheet, row, *column])
    findings.fail("corrections", Problem(FILE, f"исправление файла {one.file} ({place}): {found}", expected, advice))


def _stale(one: Correction, found: str, findings: Findings) -> None:
    _tell(one, found, f"там {quoted(one.expect)}",
         "источник изменился: удалите исправление или приведите его в соответствие", findings)  # fmt: skip
