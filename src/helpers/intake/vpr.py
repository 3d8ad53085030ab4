"""ВПР from ФИС ОКО: shares of marks, comparison with the journal, distribution of primary scores, points by task.

A file is one subject, grade and year; these stand in the text above the table. Rows go from the whole sample
down: region, municipality, its schools by login.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import polars.selectors as cs

from helpers.intake import individual_tables, tasks
from helpers.intake.logins import school_of, territory_of
from helpers.intake.marks import with_mean
from helpers.intake.numbers import NotANumber, parse_number
from helpers.intake.raw_table import LABEL, SHEET, Table, filled_down
from helpers.intake.records import SOURCE, Intake, records
from helpers.intake.sheets import ROW
from helpers.intake.words import coded, with_subject
from helpers.intake.works import grade_of, work_of, year_of
from helpers.problems import Problem, quoted

LAYOUTS = ["vpr_marks", "vpr_journal", "vpr_scores", "vpr_tasks", "vpr_individual", "vpr_flat"]
_CONTENT = {"vpr_marks": "results", "vpr_journal": "journal", "vpr_scores": "primary_scores", "vpr_tasks": "tasks"}
KEY = individual_tables.KEY


def read(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make records of one file: rows of table `results`, `journal`, `primary_scores` or `tasks`."""
    if table.layout.name == "vpr_flat":
        return _flat(table, year, intake)
    work = work_of(table, year, intake)
    if work is None:
        return {}
    if table.layout.name == "vpr_individual":
        return individual_tables.of_schools(table, work, intake)
    name, maxima = _CONTENT[table.layout.name], pl.DataFrame()
    if name == "tasks":
        table, maxima = tasks.set_apart(table, intake.findings)
    whole = replace(table, frame=_with_keys(table, intake))
    rows = records(whole, year, work.day, intake).with_columns(subject=pl.lit(work.subject), grade=pl.lit(work.grade))
    _totals_agree(table, rows, intake)
    if name == "results":
        rows = _results(rows, work.season)
    elif name == "journal":
        rows = rows.select(*KEY, "n_participants", "share_lowered", "share_confirmed", "share_raised", *SOURCE)
    elif name == "tasks":
        rows = tasks.by_task(rows.select(*KEY, "n_participants", *SOURCE, cs.starts_with("share_done_")), maxima)
    else:
        scores = [column for column in rows.columns if column.startswith("share_score_")]
        rows = rows.unpivot(scores, index=[*KEY, "n_participants", *SOURCE], variable_name="score", value_name="share")
        rows = rows.with_columns(pl.col("score").str.extract(r"(\d+)$").cast(pl.Int64)).drop_nulls("share")
    return {name: rows}


def _flat(table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Rows of table `results` from a centre's own table: a row a school, subject and grade, the work in its columns."""
    rows = with_subject(table, records(table, year, date(year, 5, 15), intake), intake)
    rows = coded(
        table, rows, "grade", lambda word: grade_of(word, year, intake), "класс, в котором в этом году были ВПР", intake
    )
    if "of_year" in rows.columns:
        of_year = f"год {year}, как в имени папки"
        rows = coded(table, rows, "of_year", lambda word: word if year_of(word) == year else None, of_year, intake)
    return {"results": _results(rows, "весна")}


def _results(rows: pl.DataFrame, season: str) -> pl.DataFrame:
    return with_mean(rows).select(
        *KEY, "n_participants", "mean", "sd", "share_low", "share_2", "share_3", "share_4", "share_5", *SOURCE,
        procedure=pl.lit("VPR"), period=pl.lit(season),
    )  # fmt: skip


def _with_keys(table: Table, intake: Intake) -> pl.DataFrame:
    """Take the group's cell apart: a school's login and name, or a territory for the rows below it.

    A territory whose code tells that it is one is set aside, known or not.
    """
    schema = dict.fromkeys(("login", "name", "municipality", LABEL), pl.String) | {"__territory__": pl.Boolean}
    keys = pl.DataFrame([_keys(cell or "", intake) for cell in table.frame["group"]], schema, orient="row")
    keyed = filled_down(table.frame.with_columns(keys))
    intake.findings.count("totals", int(keys["__territory__"].sum()))
    for name, sheet, row in (
        keyed.lazy().filter("__territory__").select("municipality", SHEET, ROW).collect().iter_rows()
    ):
        if name and not intake.is_territory(name):
            intake.findings.advise("territory", Problem(table.file, f"{quoted(name)}: такого муниципалитета в реестре нет",
                                                        "муниципалитет из registry.csv", "школы под этой строкой найдены только "
                                                        "по логинам; исправьте название или впишите муниципалитет в реестр",
                                                        sheet, row, table.title("group")))  # fmt: skip
    return keyed.lazy().filter(~pl.col("__territory__")).drop("__territory__").collect()


def _keys(cell: str, intake: Intake) -> tuple[str | None, str | None, str | None, str, bool]:
    """Login, name, municipality (for the rows below too) and label of a cell; whether a code says it is a territory's."""
    if school := school_of(cell):
        return school[0], school[1] or None, None, cell, False
    if territory := territory_of(cell):
        name, is_municipality = territory
        return None, None, (intake.registry.municipality(name) or name) if is_municipality else None, cell, True
    name = None if intake.is_territory(cell) else cell or None
    return None, name, intake.registry.municipality(cell) or None, cell, False


def _totals_agree(table: Table, rows: pl.DataFrame, intake: Intake) -> None:
    """Compare a territory's number of participants with the sum over its schools: a school may be missing."""
    of_schools: dict[str, float] = {}
    hidden, seen = set(), set()
    for school_id, municipality, n in rows[["school_id", "municipality", "n_participants"]].iter_rows():
        if n is None:
            hidden.add(municipality)
        if school_id not in seen:
            seen.add(school_id)
            of_schools[municipality] = of_schools.get(municipality, 0) + (n or 0)
    for group, cell, sheet, row in table.frame[["group", "n_participants", SHEET, ROW]].iter_rows():
        name = intake.registry.municipality((territory_of(group or "") or [group or ""])[0])
        if not name or name in hidden:
            continue
        try:
            stated = parse_number(cell)
        except NotANumber:
            continue
        summed = of_schools.get(name, 0)
        if stated is not None and stated != summed:
            intake.findings.advise(
                "totals_agree",
                Problem(table.file, f"участников {stated:.0f}, а у школ вместе {summed:.0f}", "одно и то же число",
                        "проверьте, все ли школы есть в файле", sheet, row, table.title("n_participants")),
                municipality=name,
            )  # fmt: skip
