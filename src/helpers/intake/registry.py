"""The registry of schools, from its file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from helpers.intake.confirmed import confirmed_names
from helpers.intake.fields import parsed
from helpers.intake.findings import Findings, Status
from helpers.intake.identity import Registry, plain_code
from helpers.intake.layouts import OWN, layout
from helpers.intake.raw_table import LABEL, SHEET, Table, read_table
from helpers.intake.sheets import ROW
from helpers.problems import BadInput, Problem, quoted, quoted_cell

FILE = "registry.csv"
_YES_NO = {"да": True, "нет": False}
_WORDS = {
    "remote": ("да", "нет"),
    "small": ("да", "нет"),
    "locality": ("город", "пгт", "село"),
    "school_type": ("СОШ", "ООШ", "НОШ", "вечерняя", "интернат", "коррекционная"),
}
"""Fields that hold a word of a closed list."""
_FIX_PERIOD = "исправьте столбцы «Действует с» и «Действует по»"


def load_registry(folder: Path, told: Findings | None = None) -> Registry:
    """Read `registry.csv` and, where there is one, `confirmed_names.csv`; what asks for a look goes to `told`.

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
    table = read_table(path, [layout("registry", 0, folder / OWN)], findings, FILE)
    if table is None:
        raise BadInput(*findings.fails)
    rows = parsed(table, table.frame, findings).drop(SHEET, LABEL)
    for optional in ("to_date", "kpp", "ogrn", "other_logins", "aliases", "branch_of", "successor_id"):
        if optional not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.Date if optional == "to_date" else pl.String).alias(optional))
    if told is not None:
        told.found += findings.of(Status.advice)
    confirmed, faults = confirmed_names(folder, Registry(rows))
    problems = [
        *findings.fails,
        *_incomplete(table),
        *_periods(rows),
        *_strangers(rows),
        *_shared_codes(rows),
        *_shared_logins(rows),
        *faults,
    ]
    if problems:
        raise BadInput(*problems)
    flags = {name: pl.col(name).str.to_lowercase().replace_strict(_YES_NO) for name in ("remote", "small")}
    rows = rows.with_columns(**flags).sort("school_id", "from_date")
    return Registry(rows, confirmed)


def _incomplete(table: Table) -> Iterator[Problem]:
    """Empty cells, words of no list, and remarks among the schools."""
    for row in table.frame.iter_rows(named=True):
        there = [row[field] for field in table.columns if row[field] is not None]
        if len(there) == 1:
            yield Problem(FILE, f"строка, где заполнена одна ячейка: {quoted(there[0])}", "строка школы",
                          "удалите строку или заполните её", row=row[ROW])  # fmt: skip
            continue
        for field in sorted(table.layout.needed):
            words = _WORDS.get(field, ())
            said = row[field].lower() if row[field] and field in ("remote", "small") else row[field]
            if said is None or (words and said not in words):
                expected = f"{', '.join(words[:-1])} или {words[-1]}" if words else "заполненная ячейка"
                yield Problem(FILE, quoted_cell(row[field]), expected, "исправьте ячейку", row=row[ROW],
                              column=table.columns[field])  # fmt: skip


def _periods(rows: pl.DataFrame) -> Iterator[Problem]:
    """Periods that end before they begin, and those of one school that share a day: on it it would be two schools."""
    begun = rows.drop_nulls(["school_id", "from_date"]).sort("school_id", "from_date")
    for school_id, first, last, row in (
        begun.filter(pl.col("to_date") < pl.col("from_date"))
        .select("school_id", "from_date", "to_date", ROW)
        .iter_rows()
    ):
        yield Problem(FILE, f"школа {school_id}: срок кончился {last:%d.%m.%Y}, до своего начала {first:%d.%m.%Y}",
                      "последний день не раньше первого", _FIX_PERIOD, row=row, column="Действует по")  # fmt: skip
    later = begun.with_columns(next_from=pl.col("from_date").shift(-1).over("school_id"))
    shared = later.filter(pl.col("to_date").fill_null(date.max) >= pl.col("next_from"))
    for school_id, next_from, row in shared.select("school_id", "next_from", ROW).iter_rows():
        yield Problem(FILE, f"школа {school_id}: срок строки не кончился до {next_from:%d.%m.%Y}", "сроки без наложений",
                      _FIX_PERIOD, row=row, column="Действует по")  # fmt: skip


def _strangers(rows: pl.DataFrame) -> Iterator[Problem]:
    """Successors and main schools that the registry does not have, or that are the school itself."""
    known = set(rows["school_id"].drop_nulls())
    for field, title in (("successor_id", "Преемник"), ("branch_of", "Филиал школы")):
        for row, school_id, value in rows.select(ROW, "school_id", field).drop_nulls(field).iter_rows():
            if value not in known or value == school_id:
                other = "другой школы" if value == school_id else "школы"
                yield Problem(FILE, quoted(value), f"код {other} из этого же реестра", "исправьте ячейку", row=row,
                              column=title)  # fmt: skip


def _shared_codes(rows: pl.DataFrame) -> Iterator[Problem]:
    """Codes that two schools have: a row could be either's. Branches share an ИНН, and differ by КПП."""
    for fields, title, expected in (
        (["rcoi_code"], "Код РЦОИ", "у каждой школы свой код"),
        (["inn", "kpp"], "ИНН", "у каждой школы свой ИНН, у филиалов — свой КПП"),
    ):
        plain = [pl.col(field).map_elements(plain_code, pl.String).alias(f"plain_{field}") for field in fields]
        coded = rows.drop_nulls(["school_id", fields[0]]).with_columns(plain).filter(pl.col(f"plain_{fields[0]}") != "")
        shared = coded.group_by(pl.col("^plain_.*$"), maintain_order=True).agg(
            pl.col("school_id").unique().sort(), pl.col(ROW, *fields).last()
        )
        for row, schools, *codes in (
            shared.filter(pl.col("school_id").list.len() > 1).select(ROW, "school_id", *fields).iter_rows()
        ):
            found = quoted(codes[0]) + (f", КПП {quoted(codes[1])}" if codes[1:] and codes[1] else "")
            yield Problem(
                FILE, f"{found} у школ {', '.join(schools)}", expected, "исправьте код", row=row, column=title
            )


def _shared_logins(rows: pl.DataFrame) -> Iterator[Problem]:
    """Logins that two schools have, now or before."""
    logins = Registry(rows).codes("login").drop_nulls("school_id")
    plain = logins.with_columns(plain=pl.col("code").map_elements(plain_code, pl.String)).filter(pl.col("plain") != "")
    shared = plain.group_by("plain", maintain_order=True).agg(
        pl.col("school_id").unique().sort(), pl.col(ROW, "code").last()
    )
    for schools, row, code in (
        shared.filter(pl.col("school_id").list.len() > 1).select("school_id", ROW, "code").iter_rows()
    ):
        yield Problem(FILE, f"{quoted(code)} у школ {', '.join(schools)}", "у каждой школы свой код", "исправьте код", row=row,
                      column="Логин ФИС ОКО")  # fmt: skip
