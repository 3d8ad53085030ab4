"""A region's yearly files into canonical tables and the protocol of their acceptance.

Files lie in `<year>/<kind>/` (ВПР, ОГЭ, ЕГЭ, passports, …) or, for lists that outlive a year, in `<kind>/`; the
folder says what a file is, `layouts/` how it looks. `registry.csv`, `confirmed_names.csv` and `corrections.yml`
stand beside them. Folders that begin with `_` are nobody's business here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from helpers.intake import checks, gia, individual, individual_tables, lists, passport, places, surveys, vpr
from helpers.intake.calendar import load_calendar
from helpers.intake.canonical import canonical
from helpers.intake.confirmed import FILE as CONFIRMED
from helpers.intake.corrections import FILE as CORRECTIONS
from helpers.intake.corrections import Correction, corrected, corrections_table, load_corrections, naming_rows
from helpers.intake.findings import Findings, protocol
from helpers.intake.identity import Registry
from helpers.intake.layouts import FOLDER, OWN, field_missing, fields, layout
from helpers.intake.raw_table import Table, filled_down, read_table, read_tables, with_schools_of_merged
from helpers.intake.records import Intake
from helpers.intake.registry import FILE as REGISTRY
from helpers.intake.registry import load_registry
from helpers.intake.sheets import TABLES
from helpers.problems import BadInput, Problem, quoted
from helpers.report import Report, is_named

Reader = Callable[[Table, int, Intake], dict[str, pl.DataFrame]]


@dataclass(frozen=True)
class Kind:
    """One kind of folder: the layouts its files may have, and what makes records of them.

    `by_sheet`: whether every sheet of a book is a table of its own.
    """

    layouts: list[str]
    read: Reader
    by_sheet: bool = False


KINDS = {
    "vpr": Kind(vpr.LAYOUTS, vpr.read, by_sheet=True),
    "oge": Kind(["oge"], partial(gia.read, "oge")),
    "ege": Kind(["ege", "ege_wide"], partial(gia.read, "ege")),
    "passport": Kind(["passport"], passport.read),
    "staff": Kind(["staff"], surveys.read_staff),
    "questionnaire": Kind(["questionnaire"], surveys.read_questionnaire),
    "diagnostics": Kind(["diagnostics"], surveys.read_diagnostics),
    "knowledge": Kind(["knowledge"], surveys.read_knowledge),
    "biased": Kind(["biased", "biased_wide"], lists.read_biased),
    "programme": Kind(["programme"], lists.read_programme),
    "roadmaps": Kind(["roadmaps"], lists.read_roadmaps),
    "explanations": Kind(["explanations"], lists.read_explanations),
}
OUTLIVE_A_YEAR = {"biased", "programme", "roadmaps", "explanations"}
_OWN_FILES = {REGISTRY, CONFIRMED, CORRECTIONS}
_OPEN_BOOK = re.compile(r"~\$(.+)|\.~lock\.(.+)#")
"""What Excel and LibreOffice lay beside a book while it is open."""
_NOT_FILES = re.compile(r"(?i)^(\._.*|thumbs\.db|desktop\.ini|\.ds_store|.*\.(tmp|lnk))$")


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

    Where rows have nothing but a login that the registry lacks and other rows bear beside a school's name, the files are read
    again with what these have told: the registry of today may have lost the logins of earlier years.

    Raises
    ------
    BadInput
        Without a usable registry, calendar or list of corrections, or where params name unknown fields,
        nothing can be examined.
    """
    examined, learned = _examined(report, {})
    return _examined(report, learned)[0] if learned else examined


def _examined(report: Report, learned: dict[str, str]) -> tuple[Examined, dict[str, str]]:
    """The same with logins learned before, and those that might be learned of it."""
    params = report.params
    calendar, findings = load_calendar(), Findings()
    registry, corrections = load_registry(report.raw, findings), load_corrections(report.raw)
    registry.learned = learned
    _check_params(report, registry, findings)
    intake = Intake(registry, corrections, calendar, params.region, findings, report.raw / OWN)
    sources = _sources(report, findings)
    _corrections_of_no_file(corrections, {source.shown: source for source in sources}, findings)
    parts: dict[str, list[pl.DataFrame]] = {}
    refused, tables_read = set(), []
    with ThreadPoolExecutor(1) as pool:  # the next files are read while one is looked through
        for source, (found, own) in zip(sources, pool.map(partial(_read, own=report.raw / OWN), sources), strict=True):
            findings.extend(own)
            tables_read += found
            made = [(name, frame) for table in found for name, frame in _records(source, table, intake).items()]
            if not made:
                refused.add((source.year, source.kind))
            for name, frame in made:
                parts.setdefault(name, []).append(frame)
    intake.tell_strangers()
    found = {name: pl.concat(frames, how="diagonal_relaxed") for name, frames in parts.items()}
    made = canonical(individual_tables.preferred(found, intake), params, intake)
    checks.run(made, params, intake, refused)
    findings.tell_once()
    findings.found = places.placed(findings.found, tables_read, intake)
    made["corrections"] = corrections_table(corrections)
    made["protocol"] = protocol(findings.found, checks.ASKED)
    made["acceptance"] = checks.acceptance(findings)
    return Examined(made, findings, intake.unknown), intake.logins_to_learn()


def _sources(report: Report, findings: Findings) -> list[_Source]:
    """What lies in the report's folder and what each file is; whatever is none of it is told."""
    sources = []
    for path in sorted(path for path in report.raw.rglob("*") if not is_named(path)):
        shown = path.relative_to(report.raw).as_posix().encode("utf-8", "replace").decode()
        findings.advise("stray_file", Problem(shown, "имя файла не в UTF-8", "имя из обычных букв",
                                              "файл не читался; переименуйте его"))  # fmt: skip
    for path in report.raw_files:
        shown = report.raw_name(path)
        *folders, name = shown.split("/")
        year = int(folders[0]) if folders and re.fullmatch(r"(19|20)\d\d", folders[0]) else None
        kind = folders[1] if year and len(folders) == 2 else folders[0] if len(folders) == 1 else ""
        if folders == [OWN]:
            _own_layout(shown, name, findings)
            continue
        if shown in _OWN_FILES or (not folders and path.suffix == ".md"):
            continue
        if book := _OPEN_BOOK.match(name):
            findings.advise("stray_file", Problem(shown, f"след книги {quoted(book[1] or book[2])}, которая открыта или не была закрыта",
                                                  "закрытая книга", "сохраните и закройте её: прочитано сохранённое раньше"))  # fmt: skip
        elif _NOT_FILES.match(name) or path.suffix.lower() not in TABLES:
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


def _own_layout(shown: str, name: str, findings: Findings) -> None:
    """Say of a file among the report's own layouts that it stands in place of none."""
    known = sorted(path.name for path in FOLDER.glob("*.csv"))
    if name not in known and not name.endswith(".md"):
        findings.fail("layout", Problem(shown, "раскладка неизвестного вида", f"имя одной из раскладок программы: {', '.join(known)}",
                                        "переименуйте файл или удалите его"))  # fmt: skip


def _read(source: _Source, own: Path) -> tuple[list[Table], Findings]:
    findings = Findings()
    try:
        layouts = [found for name in KINDS[source.kind].layouts if (found := layout(name, source.year, own))]
        if not layouts:
            findings.fail("layout", Problem(source.shown, f"файл вида {source.kind} за {source.year} год",
                                            "год, в котором такие файлы бывают", "проверьте папку; если файл верен, впишите год "
                                            f"в layouts/{KINDS[source.kind].layouts[0]}.csv"))  # fmt: skip
            return [], findings
        pupils = gia.pupil_columns(source.kind, source.path, source.year, own) if source.kind in ("oge", "ege") else {}
        if pupils:
            form = layout(f"{source.kind}_pupils", source.year, own)
            table = gia.read_pupils(source.kind, source.path, pupils, findings, source.shown, form)
        elif source.kind == "vpr" and individual.is_individual(source.path):
            one = next(one for one in layouts if one.name == "vpr_individual")
            tables = individual.read(source.path, one, findings, source.shown)
            return (read_tables(source.path, layouts, findings, source.shown) if tables is None else tables), findings
        elif KINDS[source.kind].by_sheet:
            return read_tables(source.path, layouts, findings, source.shown), findings
        else:
            table = read_table(source.path, layouts, findings, source.shown)
        return [table] if table is not None else [], findings
    except BadInput as error:
        for problem in error.problems:
            findings.fail("layout", problem)
        return [], findings


def _records(source: _Source, table: Table, intake: Intake) -> dict[str, pl.DataFrame]:
    """Rows of canonical tables from one file, its corrections applied."""
    whole = replace(table, frame=with_schools_of_merged(table, intake.findings))
    frame = corrected(table, filled_down(whole.frame), naming_rows(intake.corrections), intake.findings)
    try:
        return KINDS[source.kind].read(replace(table, frame=frame), source.year, intake)
    except pl.exceptions.ColumnNotFoundError as error:  # whatever column is asked for, the layout should have named it
        field = re.search(r'"(.+?)"', str(error))
        intake.findings.fail("layout", field_missing(table.layout.name, field[1] if field else ""))
        return {}


def _check_params(report: Report, registry: Registry, findings: Findings) -> None:
    """Refuse params that name fields of the passport that there are not, or a kind of school by a slip of the pen."""
    named, known = report.params.described, fields("passport", report.raw / OWN)
    types = sorted(registry.rows["school_type"].unique())

    def fault(key: str, value: str, expected: str) -> Problem:
        return Problem(
            report.params_file.name, quoted(value), expected, "исправьте значение", column=f"data.region_files.{key}"
        )

    problems = [
        fault(f"indicators.{name}.{key}", value, "поле из layouts/passport.csv")
        for name, item in named.indicators.items()
        for key, values in (("columns", item.columns), ("of", item.of))
        for value in values
        if value not in known
    ]
    key = "data.region_files.left_out"
    problems += checks.absent_types(named.left_out, types, report.params_file.name, key, findings)
    if problems:
        raise BadInput(*problems)


def _corrections_of_no_file(corrections: list[Correction], sources: dict[str, _Source], findings: Findings) -> None:
    """Corrections of files that are not there, or are another year's."""
    for one in corrections:
        source = sources.get(one.file)
        if source is None:
            findings.fail("corrections", Problem(CORRECTIONS, f"исправление файла {one.file}: такого файла нет",
                                                 "файл из папки отчёта", "исправьте имя файла или удалите исправление"))  # fmt: skip
        elif source.kind not in OUTLIVE_A_YEAR and source.year != one.year:
            findings.fail("corrections", Problem(CORRECTIONS, f"исправление файла {one.file} за {one.year} год, а файл — за "
                                                 f"{source.year} год", "год файла", "исправьте ключ year"))  # fmt: skip
