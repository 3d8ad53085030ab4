"""«Выполнение заданий» of ВПР: the row of maximum points, and the shares of them task by task."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import polars.selectors as cs

from helpers.intake.findings import Findings
from helpers.intake.numbers import NotANumber, parse_number
from helpers.intake.raw_table import LABEL, SHEET, Table
from helpers.intake.sheets import ROW
from helpers.intake.works import above, highest_score
from helpers.problems import Problem, quoted_cell

_FIELD = "share_done_"
_ROW = "строка «Макс балл» под заголовком: максимальный балл каждого задания"


def set_apart(table: Table, findings: Findings) -> tuple[Table, pl.DataFrame]:
    """Take the row of maximum points out of a table, and check it.

    Returns
    -------
    Table
        The same without the row.
    DataFrame
        `source_sheet`, `task`, `max_score` in points; null where the cell is no positive whole number.
    """
    labels = table.frame.select(LABEL, "group", "n_participants").iter_rows()
    here = pl.Series([any(map(table.layout.is_maxima, cells)) for cells in labels], dtype=pl.Boolean)
    rows, rest = table.frame.filter(here), table.frame.filter(~here)
    findings.count("maxima", rows.height)
    maxima = [_of_sheet(table, sheet, rows, rest, findings) for sheet in table.frame[SHEET].unique(maintain_order=True)]
    return replace(table, frame=rest), pl.concat(maxima)


def by_task(rows: pl.DataFrame, maxima: pl.DataFrame) -> pl.DataFrame:
    """A row for each school and task in place of a column for each task; `share_done` is null where a file has no data."""
    long = rows.unpivot(
        cs.starts_with(_FIELD), index=~cs.starts_with(_FIELD), variable_name="task", value_name="share_done"
    )
    return long.with_columns(pl.col("task").str.strip_prefix(_FIELD)).join(
        maxima, on=["source_sheet", "task"], how="left"
    )


def _of_sheet(table: Table, sheet: str, rows: pl.DataFrame, rest: pl.DataFrame, findings: Findings) -> pl.DataFrame:
    """The maxima of one sheet; what is wrong with them is told."""
    rows, rest = rows.filter(pl.col(SHEET) == sheet), rest.filter(pl.col(SHEET) == sheet)
    if rows.is_empty():
        findings.fail("maxima", Problem(table.file, "строки с максимальными баллами заданий нет", _ROW,
                                        "выгрузите отчёт «Выполнение заданий» заново; если это другой отчёт, верните над "
                                        "таблицей его название", sheet))  # fmt: skip
    there = [field for field in rest.columns if field.startswith(_FIELD)
             and any(one[field].null_count() < one.height for one in (rows, rest))]  # fmt: skip
    points = {field: _points(table, rows, field, findings) for field in there} if rows.height else dict.fromkeys(there)
    _repeated(table, rows, there, findings)
    if rows.height and None not in points.values():
        _adds_up(table, sheet, points, findings)
    return pl.DataFrame(
        {"source_sheet": [sheet] * len(points), "task": [field.removeprefix(_FIELD) for field in points],
         "max_score": list(points.values())},
        schema={"source_sheet": pl.String, "task": pl.String, "max_score": pl.Float64},
    )  # fmt: skip


def _points(table: Table, rows: pl.DataFrame, field: str, findings: Findings) -> float | None:
    """The maximum of one task; None, and a finding, where the cell is no positive whole number."""
    cell = rows[field][0]
    try:
        number = parse_number(cell)
    except NotANumber:
        number = None
    if number and number > 0 and number == round(number):
        return number
    findings.fail("maxima", Problem(table.file, quoted_cell(cell), "целое число больше 0", "исправьте ячейку: здесь стоит "
                                    "максимальный балл задания", rows[SHEET][0], rows[ROW][0], table.title(field)))  # fmt: skip
    return None


def _repeated(table: Table, rows: pl.DataFrame, fields: list[str], findings: Findings) -> None:
    """A second row of maxima that says something else than the first."""
    for again in rows[1:].iter_rows(named=True):
        if any(again[field] != rows[field][0] for field in fields):
            findings.fail("maxima", Problem(table.file, f"баллы не те, что в строке {rows[ROW][0]}",
                                            "одна строка максимальных баллов", "оставьте верную", again[SHEET], again[ROW]))  # fmt: skip


def _adds_up(table: Table, sheet: str, points: dict[str, float], findings: Findings) -> None:
    """Whether the maxima make the work's highest score, so that no task is lost; a task may hide under a strange title."""
    stated = highest_score(above(table))
    total, tasks = sum(points.values()), ", ".join(field.removeprefix(_FIELD) for field in points)
    if total == stated:
        return
    for title in table.strangers.get(sheet, []):
        findings.fail("layout", Problem(table.file, "название, в котором не узнать номер задания", "номер вида 1К1, 3, 4.1",
                                        "исправьте заголовок (Excel мог принять номер за дату) и выгрузите файл заново или, "
                                        "если это не задание, удалите столбец", sheet, column=title.removesuffix(" 00:00:00")))  # fmt: skip
    if stated:
        findings.fail("maxima", Problem(table.file, f"максимальные баллы в сумме {total:.0f}; прочитаны задания {tasks}",
                                        f"{stated}, как в строке «Максимальный первичный балл» над таблицей",
                                        "проверьте, все ли задания есть и верно ли названы их столбцы", sheet))  # fmt: skip
    else:
        findings.advise("maxima", Problem(table.file, f"над таблицей нет максимального балла работы; прочитаны задания {tasks}",
                                          "строка вида «Максимальный первичный балл: 20»",
                                          "проверьте, все ли задания прочитаны", sheet))  # fmt: skip
