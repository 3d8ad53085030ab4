"""Rows of a raw table into records of schools: who each row speaks of, corrected, read as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from helpers.intake.corrections import Correction, corrected
from helpers.intake.fields import is_number, parsed
from helpers.intake.findings import Findings
from helpers.intake.identity import Keys, Match, Registry
from helpers.intake.layouts import LABEL, SHEET, Table
from helpers.intake.names import as_cyrillic, as_latin, fold
from helpers.intake.sheets import ROW
from helpers.problems import Problem, quoted

SOURCE = ["source_file", "source_sheet", "source_row"]
_TOTAL = re.compile(
    r"(итог|всего|вся выборка|в среднем|среднее по|по (краю|региону|району|округу|муниципалитету|городу))"
)
_CODES = ("inn", "kpp", "login", "rcoi_code")


@dataclass(frozen=True)
class Intake:
    """What every reader of a kind of file needs."""

    registry: Registry
    corrections: list[Correction]
    region: str
    findings: Findings
    unknown: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Names that no school has, with their municipality: ids of the schools with a like name."""

    def is_territory(self, name: str) -> bool:
        """Whether a name is the region's or a municipality's."""
        return fold(name) == fold(self.region) or bool(self.registry.municipality(name))


def keys_of_row(row: dict[str, str | None]) -> Keys:
    """The keys of a row whose layout names them one by one."""
    return Keys(**{name: row.get(name) or "" for name in Keys.__dataclass_fields__})


def records(
    table: Table, year: int, day: date | None, intake: Intake, keys: Callable[[dict], Keys] = keys_of_row
) -> pl.DataFrame:
    """Find every row's school, apply the corrections, read the numbers, set totals and notes aside.

    Parameters
    ----------
    day : date
        On which the school has to exist; None where the past may be listed too.
    keys : callable
        What a row, as a mapping of fields to text, says of its school.

    Returns
    -------
    DataFrame
        `year`, `school_id`, the layout's fields as numbers, days and text, and SOURCE. Rows of
        totals, notes and unknown schools are not in it; each is counted or a finding.
    """
    findings, registry = intake.findings, intake.registry
    frame = _filled_down(table.frame)
    said = [keys(row) for row in frame.iter_rows(named=True)]
    matches = [registry.find(one) for one in said]
    frame = frame.with_columns(
        pl.Series("school_id", [match.school_id for match in matches], pl.String),
        pl.Series("__place__", range(frame.height), pl.Int64),
    )
    frame = corrected(table, frame, intake.corrections, findings)
    numbers = [name for name in frame.columns if is_number(name)]
    schools = []
    for row in frame.iter_rows(named=True):
        one, match = said[row["__place__"]], matches[row["__place__"]]
        if match.school_id:
            schools.append(row["__place__"])
            _look_at_keys(table, row, one, match, intake)
        elif _is_total(row, one, intake):
            findings.count("totals")
        elif all(row[name] is None for name in numbers) and sum(row[name] is not None for name in table.columns) <= 2:
            findings.count("notes")
        else:
            _unknown(table, row, one, match, intake)
    of_schools = frame.filter(pl.col("__place__").is_in(schools)).drop("__place__", LABEL)
    if day:
        _closed(table, of_schools, day, intake)
    findings.count("rows_read", of_schools.height)
    return (
        parsed(table, of_schools, findings)
        .with_columns(pl.lit(year).alias("year"), pl.lit(table.file).alias("source_file"))
        .rename({SHEET: "source_sheet", ROW: "source_row"})
    )


def _filled_down(frame: pl.DataFrame) -> pl.DataFrame:
    """A municipality's name merged over the rows of its schools stands in the first of them only."""
    if "municipality" not in frame.columns:
        return frame
    return frame.with_columns(pl.col("municipality").fill_null(strategy="forward").over(SHEET))


def _is_total(row: dict, one: Keys, intake: Intake) -> bool:
    label = fold(row[LABEL])
    name = fold(one.name)
    return bool(_TOTAL.match(label) or _TOTAL.match(name)) or intake.is_territory(name or label)


def _look_at_keys(table: Table, row: dict, one: Keys, match: Match, intake: Intake) -> None:
    findings = intake.findings

    def place(name: str, found: str, expected: str, advice: str) -> Problem:
        return Problem(table.file, found, expected, advice, row[SHEET], row[ROW], table.columns.get(name, ""))

    findings.count(f"matched_{match.by}")
    where = intake.registry.municipality_of(match.school_id)
    if match.differs:
        findings.advise(
            "code_and_name",
            place("name", f"код школы {quoted(intake.registry.name(match.school_id))}, а название — "
                  f"{quoted(intake.registry.name(match.differs))}", "код и название одной школы",
                  "строка отнесена к школе по коду; проверьте, верен ли он"),
            match.school_id, where,
        )  # fmt: skip
    for name in ("name", "municipality", "login"):
        text = row.get(name)
        if text and (as_latin(text) != text if name == "login" else _mixed(text)):
            findings.advise("look_alikes", place(name, f"{quoted(text)}: русские буквы среди латинских или наоборот",
                            "буквы одного алфавита", "прочитано верно; исправьте в источнике, чтобы поиск находил школу"),
                            match.school_id, where)  # fmt: skip
    if match.by in _CODES and row.get(match.by):
        text = row[match.by]
        if not intake.registry.has_code(match.by, text):
            findings.count("mended_codes")
            findings.advise("mended_codes", place(match.by, quoted(text), "код, как в реестре, с нулями впереди",
                            "прочитано верно; задайте столбцу текстовый формат"), match.school_id, where)  # fmt: skip


def _mixed(text: str) -> bool:
    """Whether Latin letters stand in a Russian text where Cyrillic ones are meant."""
    return as_cyrillic(text) != text and not re.match(r"\s*sch\d", text)


def _unknown(table: Table, row: dict, one: Keys, match: Match, intake: Intake) -> None:
    registry = intake.registry
    shown = one.name or one.login or one.rcoi_code or one.inn or row[LABEL]
    proposed = ", ".join(f"{quoted(registry.name(school_id))} ({school_id})" for school_id in match.proposed)
    advice = "исправьте код или название, добавьте школу в registry.csv"
    advice += " или впишите соответствие в confirmed_names.csv" if one.name else ""
    column = "name" if one.name else next((name for name in ("group", *_CODES) if row.get(name)), "name")
    intake.findings.fail(
        "unknown_school",
        Problem(table.file, f"{quoted(shown)}" + (f"; похожие: {proposed}" if proposed else ""),
                "школа из реестра registry.csv", advice, row[SHEET], row[ROW], table.columns.get(column, table.columns.get("group", ""))),
        municipality=registry.municipality(one.municipality) or None,
    )  # fmt: skip
    if one.name:
        intake.unknown[one.name, registry.municipality(one.municipality) or one.municipality] = match.proposed


def _closed(table: Table, frame: pl.DataFrame, day: date, intake: Intake) -> None:
    """Rows of schools that did not exist on the day they speak of."""
    alive = set(intake.registry.at(day)["school_id"])
    for school_id, sheet, row in frame.select("school_id", SHEET, ROW).iter_rows():
        if school_id not in alive:
            intake.findings.fail(
                "closed_school",
                Problem(table.file, f"школа {quoted(intake.registry.name(school_id))}, которой по реестру тогда не было",
                        f"школа, существующая {day:%d.%m.%Y}", "проверьте сроки и преемника в registry.csv",
                        sheet, row, table.columns.get("name", table.columns.get("group", ""))),
                school_id, intake.registry.municipality_of(school_id),
            )  # fmt: skip
