"""Records of all files into the tables of the contract: one row a key, what is set aside, who every school is."""

from __future__ import annotations

from datetime import date

import polars as pl

from helpers import tables
from helpers.intake import passport
from helpers.intake.calendar import Calendar
from helpers.intake.exclusion import with_exclusion
from helpers.intake.identity import Registry
from helpers.intake.records import Intake
from helpers.intake.registry import FILE as REGISTRY
from helpers.intake.sheets import ROW
from helpers.params import Params
from helpers.problems import Problem

FROM_FILES = ["passports", "results", "journal", "primary_scores", "tasks", "staff", "questionnaires", "diagnostics",
               "knowledge", "biased", "programme", "roadmaps", "explanations"]  # fmt: skip
_COPY_FROM = 10
"""How many schools of another file make a file its copy, to be told once."""


def canonical(found: dict[str, pl.DataFrame], params: Params, intake: Intake) -> dict[str, pl.DataFrame]:
    """Tables of the contract from the records of all files."""
    made = {
        name: tables.conformed(name, _once(found[name], tables.CONTRACT[name].key, intake))
        if name in found
        else tables.empty(name)
        for name in FROM_FILES
    }
    made["tasks"] = made["tasks"].drop_nulls("share_done")  # only now: a cell empty in one of two rows is a difference
    made["passports"] = passport.whole(made["passports"], intake.layouts)
    made["context"] = passport.shares(made["passports"], params.described.indicators)
    made["results"] = _set_aside(made["results"], made["biased"], params, intake.calendar)
    years = sorted({*params.years, *made["results"]["year"], *made["context"]["year"]})
    made["calendar"] = intake.calendar.table(years)
    made["schools"] = _schools(made, intake.registry, years, params)
    return made


def _once(frame: pl.DataFrame, key: list[str], intake: Intake) -> pl.DataFrame:
    """One row for each key: the same row twice is told, different rows of one key are a fault.

    A file's row of which many rows were made (a score or a task each) is told once, as different if any of them is.
    """
    place = ["source_file", "source_sheet", "source_row"]
    values = [column for column in frame.columns if column not in (*key, *place)]
    is_first = frame.select(pl.struct(key).is_first_distinct()).to_series()
    first, again = frame.filter(is_first), frame.filter(~is_first)
    kept = [f"{name}_kept" for name in place]
    same = pl.all_horizontal(pl.lit(True), *(pl.col(name).eq_missing(pl.col(f"{name}_kept")) for name in values))
    told = (
        again.join(first, on=key, how="left", suffix="_kept", nulls_equal=True, maintain_order="left")
        .with_columns(same=same)
        .group_by([*place, "school_id"], maintain_order=True)
        .agg(pl.col("same").all(), pl.col(kept).first())
    )
    of_file = pl.struct("source_file", "source_file_kept")
    elsewhere = pl.col("source_file") != pl.col("source_file_kept")
    is_copy = elsewhere & (pl.len().over(of_file) >= _COPY_FROM)
    _copies(told.filter(is_copy), intake)
    for row in told.filter(~is_copy).iter_rows(named=True):
        same = row["same"]
        problem = Problem(
            row["source_file"], _same_as(row), "одна строка на школу",
            "строки одинаковы, взята первая; удалите вторую" if same else "строки различаются: оставьте верную",
            row["source_sheet"] or "", row["source_row"],
        )  # fmt: skip
        tell = intake.findings.advise if same else intake.findings.fail
        tell("duplicates", problem, row["school_id"], intake.registry.municipality_of(row["school_id"]))
    return first


def _copies(told: pl.DataFrame, intake: Intake) -> None:
    """Files that repeat many schools of another one: one finding a pair of files, at the first row that differs."""
    for (file, kept), rows in told.group_by("source_file", "source_file_kept", maintain_order=True):
        found = f"те же школы, что в файле {kept} ({rows.height})"
        expected, differ = "каждая школа в одном файле", rows.filter(~pl.col("same"))
        if differ.is_empty():
            problem = Problem(file, f"{found}, строки одинаковы", expected, "взяты строки того файла; удалите этот")
            intake.findings.advise("duplicates", problem)
            continue
        first = differ.row(0, named=True)
        problem = Problem(
            file,
            f"{found}, с другими числами — {differ.height}",
            expected,
            "оставьте верный из двух файлов; назван первый случай",
            first["source_sheet"] or "",
            first["source_row"],
        )
        intake.findings.fail("duplicates", problem)


def _same_as(row: dict) -> str:
    """Where a school already stands, as far as the reader of the second place needs it; a dump has no rows."""
    if row["source_row_kept"] is None:
        return f"та же школа, что в файле {row['source_file_kept']}"
    where = row["source_file_kept"] if row["source_file_kept"] != row["source_file"] else row["source_sheet_kept"]
    return f"та же школа, что в строке {row['source_row_kept']}" + (f" ({where})" if where else "")


def _set_aside(results: pl.DataFrame, biased: pl.DataFrame, params: Params, calendar: Calendar) -> pl.DataFrame:
    """Why a result does not enter the outcome: `not_chosen`, `not_compared`, `biased`; null where it does."""
    chosen = pl.any_horizontal(
        (pl.col("procedure") == one.procedure) & (pl.col("subject") == one.subject) for one in params.described.results
    )
    apart = [
        {"year": year, "procedure": procedure}
        for year in results["year"].unique()
        for procedure in calendar.procedures
        if year not in params.years
        or not ((session := calendar.session(procedure, year)) and session.held and session.compared)
    ]
    schema = {"year": pl.Int64, "procedure": pl.String}
    not_compared = pl.DataFrame(apart, schema=schema).with_columns(not_compared=pl.lit(True))
    listed = biased.select("year", "school_id", "subject", "grade").unique()
    of_school = results.with_row_index("__n__").join(listed, on=["year", "school_id"], how="inner", suffix="_listed")
    hit = of_school.filter(
        (pl.col("procedure") == "VPR")
        & (pl.col("subject_listed").is_null() | (pl.col("subject_listed") == pl.col("subject")))
        & (pl.col("grade_listed").is_null() | (pl.col("grade_listed") == pl.col("grade")))
    )["__n__"].unique()
    return (
        results.with_row_index("__n__")
        .join(not_compared, on=["year", "procedure"], how="left", maintain_order="left")
        .with_columns(
            biased=pl.col("__n__").is_in(hit.to_list()),
            set_aside=pl.when(~chosen).then(pl.lit("not_chosen"))
            .when("not_compared").then(pl.lit("not_compared"))
            .when(pl.col("__n__").is_in(hit.to_list())).then(pl.lit("biased")),
        )
        .drop("__n__", "not_compared")
    )  # fmt: skip


def _schools(made: dict[str, pl.DataFrame], registry: Registry, years: list[int], params: Params) -> pl.DataFrame:
    """Who every school is in each year, and whether the link is estimated on it; if not, the first reason."""
    identity = pl.concat(
        registry.at(date(year, 5, 15)).select(
            pl.lit(year).alias("year"), "school_id", pl.col("name_short").alias("school_name"),
            pl.col("oktmo").alias("group_id"), pl.col("municipality").alias("group_name"), "school_type", "locality",
            "place", "remote", "small", "inn", "kpp", "login", "rcoi_code", "branch_of", "successor_id",
            pl.lit(REGISTRY).alias("source_file"), pl.lit("").alias("source_sheet"), pl.col(ROW).alias("source_row"),
        )
        for year in years
    )  # fmt: skip
    indicators = list(params.described.indicators)
    context = made["context"].select("year", "school_id", "n_pupils", *indicators)
    rows = identity.join(_mergers(registry), on="school_id", how="left").join(
        context, on=["year", "school_id"], how="left"
    )
    return with_exclusion(rows, made["results"], params).drop("merged_on", "n_pupils", *indicators)


def _mergers(registry: Registry) -> pl.DataFrame:
    """The last merger that each school took part in: until that day neither side was the school that is there now."""
    joined = registry.rows.drop_nulls(["successor_id", "to_date"])
    sides = pl.concat(
        [joined.select("school_id", "to_date"), joined.select(school_id="successor_id", to_date="to_date")]
    )
    return sides.group_by("school_id").agg(merged_on=pl.col("to_date").max())
