"""The registry of schools and the names that the analyst has confirmed, from their files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from helpers.intake.fields import parsed
from helpers.intake.findings import Findings
from helpers.intake.identity import Registry
from helpers.intake.layouts import LABEL, SHEET, Table, layout, read_table
from helpers.intake.names import fold
from helpers.intake.sheets import ROW, read_sheet
from helpers.problems import BadInput, Problem, quoted

FILE = "registry.csv"
CONFIRMED = "confirmed_names.csv"
_CONFIRMED_COLUMNS = ["Название", "Муниципалитет", "Код школы"]
_YES_NO = {"да": True, "нет": False}


def load_registry(folder: Path) -> Registry:
    """Read `registry.csv` and, where there is one, `confirmed_names.csv`.

    Raises
    ------
    BadInput
        A file cannot be read, a school lacks a code or a name, periods overlap, a successor is unknown.
    """
    findings = Findings()
    path = folder / FILE
    if not path.is_file():
        raise BadInput(Problem(FILE, "такого файла нет", f"реестр школ в папке {quoted(folder.name)}",
                               "составьте его по руководству аналитика, раздел «Реестр школ»"))  # fmt: skip
    table = read_table(path, [layout("registry", 0)], findings, FILE)
    if table is None:
        raise BadInput(*findings.fails)
    rows = parsed(table, table.frame, findings).drop(SHEET, LABEL)
    for optional in ("to_date", "kpp", "ogrn", "aliases", "branch_of", "successor_id"):
        if optional not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.Date if optional == "to_date" else pl.String).alias(optional))
    problems = [
        *findings.fails,
        *_incomplete(table, rows),
        *_overlapping(rows),
        *_strangers(rows),
        *_shared_codes(rows),
    ]
    if problems:
        raise BadInput(*problems)
    flags = {name: pl.col(name).str.to_lowercase().replace_strict(_YES_NO) for name in ("remote", "small")}
    rows = rows.with_columns(**flags).sort("school_id", "from_date")
    return Registry(rows, _confirmed(folder / CONFIRMED, set(rows["school_id"])))


def _incomplete(table: Table, rows: pl.DataFrame) -> list[Problem]:
    problems = []
    for field in sorted(table.layout.needed):
        wrong = rows.filter(pl.col(field).is_null())
        if field in ("remote", "small"):
            wrong = rows.filter(~pl.col(field).str.to_lowercase().is_in(list(_YES_NO)).fill_null(False))
        for row, value in wrong.select(ROW, field).iter_rows():
            expected = "да или нет" if field in ("remote", "small") else "заполненная ячейка"
            problems.append(Problem(FILE, quoted(value) if value else "пустая ячейка", expected, "исправьте ячейку",
                                    row=row, column=table.columns[field]))  # fmt: skip
    return problems


def _overlapping(rows: pl.DataFrame) -> list[Problem]:
    """Periods of one school that share a day: on that day it would be two schools."""
    after = rows.drop_nulls(["school_id", "from_date"]).sort("school_id", "from_date")
    later = after.with_columns(next_from=pl.col("from_date").shift(-1).over("school_id"))
    wrong = later.filter(
        pl.col("next_from").is_not_null() & pl.col("to_date").fill_null(date.max).ge(pl.col("next_from"))
    )
    return [
        Problem(FILE, f"школа {school_id}: срок строки не кончился до {next_from:%d.%m.%Y}", "сроки без наложений",
                "исправьте столбцы «Действует с» и «Действует по»", row=row, column="Действует по")
        for school_id, next_from, row in wrong.select("school_id", "next_from", ROW).iter_rows()
    ]  # fmt: skip


def _strangers(rows: pl.DataFrame) -> list[Problem]:
    """Successors and main schools that the registry does not have."""
    known = set(rows["school_id"].drop_nulls())
    return [
        Problem(FILE, quoted(value), "код школы из этого же реестра", "исправьте ячейку", row=row, column=title)
        for field, title in (("successor_id", "Преемник"), ("branch_of", "Филиал школы"))
        for row, value in rows.select(ROW, field).drop_nulls().iter_rows()
        if value not in known
    ]


def _shared_codes(rows: pl.DataFrame) -> list[Problem]:
    """Logins and РЦОИ codes that two schools have: a row could be either's."""
    problems = []
    for field, title in (("login", "Логин ФИС ОКО"), ("rcoi_code", "Код РЦОИ")):
        shared = rows.drop_nulls(field).group_by(field).agg(pl.col("school_id").unique().sort(), pl.col(ROW).max())
        for code, schools, row in shared.filter(pl.col("school_id").list.len() > 1).sort(field).iter_rows():
            problems.append(Problem(FILE, f"{quoted(code)} у школ {', '.join(schools)}", "у каждой школы свой код",
                                    "исправьте код", row=row, column=title))  # fmt: skip
    return problems


def _confirmed(path: Path, known: set[str]) -> dict[tuple[str, str], str]:
    if not path.is_file():
        return {}
    sheet = read_sheet(path)
    missing = [title for title in _CONFIRMED_COLUMNS if title not in sheet.columns]
    if missing:
        raise BadInput(*(Problem(CONFIRMED, "такого столбца нет", "столбец с таким названием", "исправьте заголовок",
                                 column=title) for title in missing))  # fmt: skip
    rows = sheet.frame.select(ROW, *_CONFIRMED_COLUMNS).rows()
    wrong = [(row, code) for row, _, _, code in rows if code not in known]
    if wrong:
        raise BadInput(*(Problem(CONFIRMED, quoted(code or ""), "код школы из registry.csv", "исправьте код", row=row,
                                 column="Код школы") for row, code in wrong))  # fmt: skip
    return {(fold(name or ""), fold(municipality or "")): code for _, name, municipality, code in rows}
