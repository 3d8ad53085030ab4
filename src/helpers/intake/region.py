"""A region's yearly files into canonical tables and the protocol of their acceptance.

Files lie in `<year>/<kind>/` (ВПР, ОГЭ, ЕГЭ, passports, …) or, for lists that outlive a year, in `<kind>/`; the
folder says what a file is, `layouts/` how it looks. `registry.csv`, `confirmed_names.csv` and `corrections.yml`
stand beside them. Folders that begin with `_` are nobody's business here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from helpers import tables
from helpers.intake import checks, gia, lists, passport, surveys, vpr
from helpers.intake.calendar import Calendar, load_calendar
from helpers.intake.corrections import FILE as CORRECTIONS
from helpers.intake.corrections import corrections_table, load_corrections
from helpers.intake.findings import Findings, protocol
from helpers.intake.identity import Registry
from helpers.intake.layouts import Table, layout, read_table
from helpers.intake.pupils import is_personal
from helpers.intake.records import Intake
from helpers.intake.registry import CONFIRMED, load_registry
from helpers.intake.registry import FILE as REGISTRY
from helpers.intake.sheets import TABLES
from helpers.params import Params
from helpers.problems import BadInput, Problem
from helpers.report import Report

Reader = Callable[[Table, int, Intake], dict[str, pl.DataFrame]]


@dataclass(frozen=True)
class Kind:
    """One kind of folder: the layouts its files may have, and what makes records of them."""

    layouts: list[str]
    read: Reader


KINDS = {
    "vpr": Kind(vpr.LAYOUTS, vpr.read),
    "oge": Kind(["oge"], partial(gia.read, "oge")),
    "ege": Kind(["ege"], partial(gia.read, "ege")),
    "passport": Kind(["passport"], passport.read),
    "staff": Kind(["staff"], surveys.read_staff),
    "questionnaire": Kind(["questionnaire"], surveys.read_questionnaire),
    "diagnostics": Kind(["diagnostics"], surveys.read_diagnostics),
    "knowledge": Kind(["knowledge"], surveys.read_knowledge),
    "biased": Kind(["biased"], lists.read_biased),
    "programme": Kind(["programme"], lists.read_programme),
    "roadmaps": Kind(["roadmaps"], lists.read_roadmaps),
}
OUTLIVE_A_YEAR = {"biased", "programme", "roadmaps"}
_FROM_FILES = ["passports", "results", "journal", "primary_scores", "staff", "questionnaires", "diagnostics", "knowledge",
               "biased", "programme", "roadmaps"]  # fmt: skip
_OWN_FILES = {REGISTRY, CONFIRMED, CORRECTIONS}
_NOT_FILES = re.compile(r"(?i)^(~\$.*|thumbs\.db|desktop\.ini|\.ds_store|.*\.(tmp|lnk))$")


@dataclass(frozen=True)
class Examined:
    """Canonical tables by name, and what the checks have found; `unknown` names with ids of schools with a like name."""

    tables: dict[str, pl.DataFrame]
    findings: Findings
    unknown: dict[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True)
class _Source:
    path: Path
    shown: str
    kind: str
    year: int


def examine(report: Report) -> Examined:
    """Read all files of the report and check them; findings do not stop it.

    Raises
    ------
    BadInput
        Without a usable registry, calendar or list of corrections, or where params name unknown fields,
        nothing can be examined.
    """
    params = report.params
    calendar, findings = load_calendar(), Findings()
    registry, corrections = load_registry(report.raw), load_corrections(report.raw)
    intake = Intake(registry, corrections, params.region, findings)
    sources = _sources(report, findings)
    _corrections_of_no_file(corrections, {source.shown for source in sources}, findings)
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(_read, sources))
    parts: dict[str, list[pl.DataFrame]] = {}
    for source, (table, own) in zip(sources, read, strict=True):
        findings.extend(own)
        if table is not None:
            for name, frame in KINDS[source.kind].read(table, source.year, intake).items():
                parts.setdefault(name, []).append(frame)
    found = {name: pl.concat(frames, how="diagonal_relaxed") for name, frames in parts.items()}
    made = _canonical(found, params, registry, calendar, intake)
    checks.run(made, params, calendar, intake)
    made["corrections"] = corrections_table(corrections)
    made["protocol"] = protocol(findings.found)
    made["acceptance"] = checks.acceptance(findings)
    return Examined(made, findings, intake.unknown)


def _sources(report: Report, findings: Findings) -> list[_Source]:
    """What lies in the report's folder and what each file is; whatever is none of it is told."""
    sources = []
    for path in report.raw_files:
        shown = report.raw_name(path)
        *folders, name = shown.split("/")
        year = int(folders[0]) if folders and re.fullmatch(r"(19|20)\d\d", folders[0]) else None
        kind = folders[1] if year and len(folders) == 2 else folders[0] if len(folders) == 1 else ""
        if shown in _OWN_FILES or (not folders and path.suffix == ".md"):
            continue
        if _NOT_FILES.match(name) or path.suffix.lower() not in TABLES:
            findings.advise("stray_file", Problem(shown, "не таблица", "csv, xlsx, xls или ods",
                                                  "файл не читался; удалите его или сохраните таблицей"))  # fmt: skip
        elif kind not in KINDS or (year is None) != (kind in OUTLIVE_A_YEAR):
            findings.advise("stray_file", Problem(shown, "файл не в папке известного вида",
                                                  f"папка <год>/<вид>/, вид один из: {', '.join(sorted(KINDS))}; "
                                                  f"{', '.join(sorted(OUTLIVE_A_YEAR))} — без года",
                                                  "файл не читался; переложите его"))  # fmt: skip
        else:
            stated = re.search(r"(20\d\d)", name)
            sources.append(_Source(path, shown, kind, year or (int(stated[1]) if stated else report.params.years[-1])))
    return sources


def _read(source: _Source) -> tuple[Table | None, Findings]:
    findings = Findings()
    try:
        layouts = [found for name in KINDS[source.kind].layouts if (found := layout(name, source.year))]
        if not layouts:
            findings.fail("layout", Problem(source.shown, f"файл вида {source.kind} за {source.year} год",
                                            "год, в котором такие файлы бывают", "проверьте папку; если файл верен, впишите год "
                                            f"в layouts/{KINDS[source.kind].layouts[0]}.csv"))  # fmt: skip
            return None, findings
        table = _dump_of_pupils(source, findings) or read_table(source.path, layouts, findings, source.shown)
    except BadInput as error:
        for problem in error.problems:
            findings.fail("layout", problem)
        return None, findings
    if table is not None:
        for title in table.titles:
            if is_personal(title):
                findings.fail("personal_data", Problem(source.shown, "столбец с личными сведениями", "только данные о школах",
                                                       "удалите столбец и выгрузите файл заново: личные сведения в отчёт не "
                                                       "принимаются", column=title))  # fmt: skip
    return table, findings


def _dump_of_pupils(source: _Source, findings: Findings) -> Table | None:
    if source.kind not in ("oge", "ege"):
        return None
    return gia.read_pupils(source.kind, source.path, findings, source.shown, source.year)


def _corrections_of_no_file(corrections: list, known: set[str], findings: Findings) -> None:
    for one in corrections:
        if one.file not in known:
            findings.fail("corrections", Problem(CORRECTIONS, f"исправление файла {one.file}: такого файла нет",
                                                 "файл из папки отчёта", "исправьте имя файла или удалите исправление"))  # fmt: skip


def _canonical(
    found: dict[str, pl.DataFrame], params: Params, registry: Registry, calendar: Calendar, intake: Intake
) -> dict[str, pl.DataFrame]:
    """Tables of the contract from the records of all files."""
    made = {
        name: tables.conformed(name, _once(found[name], tables.CONTRACT[name][0], intake))
        if name in found
        else tables.empty(name)
        for name in _FROM_FILES
    }
    made["context"] = passport.shares(made["passports"], params.described.indicators)
    made["results"] = _set_aside(made["results"], made["biased"], params, calendar)
    years = sorted({*params.years, *made["results"]["year"], *made["context"]["year"]})
    made["calendar"] = calendar.table(years)
    made["schools"] = _schools(made, registry, years, params)
    return made


def _once(frame: pl.DataFrame, key: list[str], intake: Intake) -> pl.DataFrame:
    """One row for each key: the same row twice is told, different rows of one key are a fault."""
    place = ["source_file", "source_sheet", "source_row"]
    values = [column for column in frame.columns if column not in (*key, *place)]
    first = frame.unique(key, keep="first", maintain_order=True)
    again = frame.with_row_index("__n__").join(
        frame.with_row_index("__n__").unique(key, keep="first", maintain_order=True).select("__n__"),
        on="__n__",
        how="anti",
    )
    for row in again.iter_rows(named=True):
        kept = first.filter(pl.all_horizontal(pl.col(name).eq_missing(row[name]) for name in key)).row(0, named=True)
        same = all(kept[name] == row[name] for name in values)
        where = kept["source_file"] if kept["source_file"] != row["source_file"] else kept["source_sheet"]
        problem = Problem(
            row["source_file"], f"та же школа, что в строке {kept['source_row']} ({where})" if where else
            f"та же школа, что в строке {kept['source_row']}",
            "одна строка на школу", "строки одинаковы, взята первая; удалите вторую" if same else
            "строки различаются: оставьте верную", row["source_sheet"], row["source_row"],
        )  # fmt: skip
        tell = intake.findings.advise if same else intake.findings.fail
        tell("duplicates", problem, row.get("school_id"), intake.registry.municipality_of(row.get("school_id")))
    return first


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
    """Who every school is in each year, and whether the link is estimated on it; if not, the first reason.

    Reasons: `year_not_compared`, `type` (left out by params), `before_merger` (the school was not yet what it
    is, or has since become another), `no_context`, `no_result`, `small_n`.
    """
    identity = pl.concat(
        registry.at(date(year, 5, 15)).select(
            pl.lit(year).alias("year"), "school_id", pl.col("name_short").alias("school_name"),
            pl.col("oktmo").alias("group_id"), pl.col("municipality").alias("group_name"), "school_type", "locality",
            "place", "remote", "small", "inn", "kpp", "login", "rcoi_code", "branch_of", "successor_id",
        )
        for year in years
    )  # fmt: skip
    merged = _mergers(registry)
    indicators = list(params.described.indicators)
    counted = made["results"].filter(pl.col("set_aside").is_null())
    participants = counted.group_by("year", "school_id").agg(n=pl.col("n_participants").max())
    no_context = pl.any_horizontal(pl.col(name).is_null() for name in [*indicators, "n_pupils"])
    reason = (
        pl.when(~pl.col("year").is_in(params.years)).then(pl.lit("year_not_compared"))
        .when(pl.col("school_type").is_in(params.described.left_out)).then(pl.lit("type"))
        .when(pl.col("merged_on") >= pl.date(pl.col("year"), 5, 15)).then(pl.lit("before_merger"))
        .when(no_context).then(pl.lit("no_context"))
        .when(pl.col("n").is_null()).then(pl.lit("no_result"))
        .when(pl.col("n") < params.small_n.model_fit).then(pl.lit("small_n"))
    )  # fmt: skip
    return (
        identity.join(merged, on="school_id", how="left")
        .join(
            made["context"].select("year", "school_id", "n_pupils", *indicators), on=["year", "school_id"], how="left"
        )
        .join(participants, on=["year", "school_id"], how="left")
        .with_columns(why_excluded=reason)
        .with_columns(in_model=pl.col("why_excluded").is_null())
        .drop("merged_on", "n_pupils", "n", *indicators)
    )


def _mergers(registry: Registry) -> pl.DataFrame:
    """The last merger that each school took part in: until that day neither side was the school that is there now."""
    joined = registry.rows.drop_nulls(["successor_id", "to_date"])
    sides = pl.concat(
        [joined.select("school_id", "to_date"), joined.select(school_id="successor_id", to_date="to_date")]
    )
    return sides.group_by("school_id").agg(merged_on=pl.col("to_date").max())
