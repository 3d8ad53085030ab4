"""Rows of a raw table into records of schools: who each row speaks of, corrected, read as numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from helpers.intake.calendar import Calendar
from helpers.intake.corrections import Correction, corrected, naming_schools
from helpers.intake.fields import is_number, parsed
from helpers.intake.findings import Findings
from helpers.intake.identity import Keys, Match, Registry, plain_code
from helpers.intake.names import as_cyrillic, as_latin, fold
from helpers.intake.numbers import NO_DATA, NotANumber, parse_number
from helpers.intake.raw_table import KEYS, LABEL, OF_A_NOTE, SHEET, Table
from helpers.intake.set_aside import is_signature
from helpers.intake.sheets import ROW
from helpers.problems import Problem, quoted

SOURCE = ["source_file", "source_sheet", "source_row"]
_TOTAL = re.compile(
    r"(итог|всего|вся выборка|в среднем|среднее по|по (краю|региону|району|округу|муниципалитету|городу))"
)
_CODES = ("inn", "login", "rcoi_code")
_CODE = re.compile(r"(sch|edu)?\d+")
_FILES_SHOWN = 3
"""How many files with one unknown school a sentence lists."""


@dataclass(frozen=True)
class Stranger:
    """A school that the registry does not have: where it was met first, how many rows of which files speak of it."""

    problem: Problem
    municipality: str | None
    rows: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Intake:
    """What every reader of a kind of file needs.

    `layouts`: the folder of the report's own layouts;
    `unknown`: names that no school has, with their municipality, and ids of the schools with a like name;
    `strangers`: the schools that no row of the registry is, by what the rows call them and their municipality;
    `new_logins`: logins that the registry lacks of schools found otherwise, (school, login), with the places where they
    stand; `titles`: every file's own titles by field, so that a finding can name a column; `schools_of_rows`: the school of
    each row by file, sheet and row, so that a finding of a cell can name a school.
    """

    registry: Registry
    corrections: list[Correction]
    calendar: Calendar
    region: str
    findings: Findings
    layouts: Path | None = None
    unknown: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    strangers: dict[tuple[str, str], Stranger] = field(default_factory=dict)
    new_logins: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    titles: dict[str, dict[str, str]] = field(default_factory=dict)
    schools_of_rows: dict[tuple[str, str, int | None], str] = field(default_factory=dict)

    def is_territory(self, name: str) -> bool:
        """Whether a name is the region's or a municipality's."""
        return fold(name) == fold(self.region) or bool(self.registry.municipality(name))

    def tell(
        self, check: str, rows: pl.DataFrame, found: Iterable[str], expected: str, advice: str, field: str = "",
        fail: bool = False,
    ) -> None:  # fmt: skip
        """One finding for each row, at the place it came from; `field` is the one whose column is to be looked at."""
        tell = self.findings.fail if fail else self.findings.advise
        for row, text in zip(rows.iter_rows(named=True), found, strict=True):
            file, school_id = row["source_file"], row["school_id"]
            column = self.titles[file].get(field, "")
            problem = Problem(file, text, expected, advice, row["source_sheet"] or "", row["source_row"], column)
            tell(check, problem, school_id, self.registry.municipality_of(school_id))

    def logins_to_learn(self) -> dict[str, str]:
        """Logins under which rows without a name are strangers, and other rows are one school's and no other's."""
        alone = {plain_code(called) for called, _ in self.strangers}
        schools: dict[str, set[str]] = {}
        for school_id, login in self.new_logins:
            schools.setdefault(login, set()).add(school_id)
        return {login: ids.pop() for login, ids in schools.items() if login in alone and len(ids) == 1}

    def tell_strangers(self) -> None:
        """One finding for each unknown school, however many rows and files speak of it."""
        for one in self.strangers.values():
            problem, count = one.problem, one.rows.total()
            files = [name for name in one.rows if name != problem.file]
            if count > 1:
                also = f", ещё в файлах {', '.join(files[:_FILES_SHOWN])}" if files else ""
                also += " и других" if len(files) > _FILES_SHOWN else ""
                problem = replace(problem, found=f"{problem.found}; таких строк {count}{also}")
            self.findings.fail("unknown_school", problem, municipality=one.municipality)


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
        totals, notes, signatures and unknown schools are not in it; each is counted or a finding.
    """
    findings, registry, frame = intake.findings, intake.registry, table.frame
    intake.titles[table.file] = table.columns
    said = [keys(row) for row in frame.iter_rows(named=True)]
    matches = [registry.find(one) for one in said]
    frame = frame.hstack(
        [
            pl.Series("school_id", [match.school_id for match in matches], pl.String),
            pl.Series("__place__", range(frame.height), pl.Int64),
        ]
    )
    frame = corrected(table, frame, naming_schools(intake.corrections), findings)
    numbers = [name for name in frame.columns if is_number(name)]
    schools, strangers = [], 0
    for row in frame.iter_rows(named=True):
        one, match = said[row["__place__"]], matches[row["__place__"]]
        if match.school_id:
            schools.append(row["__place__"])
            _look_at_keys(table, row, one, match, intake)
        elif _is_total(row, one, intake):
            findings.count("totals")
        elif _is_note(table, row, one, numbers):
            findings.count("notes")
        elif _is_signature(table, row, numbers):
            findings.count("signatures")
        else:
            _unknown(table, row, one, match, intake)
            findings.count("rows_unknown")
            strangers += 1
    of_schools = frame.lazy().filter(pl.col("__place__").is_in(schools)).drop("__place__", LABEL).collect()
    if not schools and not strangers:
        findings.fail("no_schools", Problem(table.file, "ни одной строки школы", "строки школ под заголовком",
                                            "проверьте, тот ли это файл: его строки — итоги, примечания или другие попытки; "
                                            "если файл лишний, уберите его из папки"))  # fmt: skip
    _look_for_empty(table, of_schools, findings)
    if day:
        _closed(table, of_schools, day, intake)
    findings.count("rows_read", of_schools.height)
    for school_id, sheet, number in of_schools[["school_id", SHEET, ROW]].iter_rows():
        intake.schools_of_rows[table.file, sheet, number] = school_id
    return (
        parsed(table, of_schools, findings)
        .lazy()
        .with_columns(pl.lit(year).alias("year"), pl.lit(table.file).alias("source_file"))
        .rename({SHEET: "source_sheet", ROW: "source_row"})
        .collect()
    )


def not_more(table: Table, rows: pl.DataFrame, part: str, whole: str, said: str, of: str, intake: Intake) -> None:
    """Say of every row in which a part is more than its whole: `said` and `of` name the whole («а педагогов», «педагогов»)."""
    for row in rows.filter(pl.col(part) > pl.col(whole)).iter_rows(named=True):
        found = f"{row[part]:g}, {said} {row[whole]:g}".replace(".", ",")
        intake.findings.fail(
            "whole",
            Problem(table.file, found, f"не больше числа {of}", "исправьте одно из двух чисел", row["source_sheet"],
                    row["source_row"], table.title(part)),
            row["school_id"], intake.registry.municipality_of(row["school_id"]),
        )  # fmt: skip


def _is_total(row: dict, one: Keys, intake: Intake) -> bool:
    label = fold(row[LABEL])
    name = fold(one.name)
    return bool(_TOTAL.match(label) or _TOTAL.match(name)) or intake.is_territory(name or label)


def _is_note(table: Table, row: dict, one: Keys, numbers: list[str]) -> bool:
    """Whether a row without numbers is a remark; a code of a school that left all else empty is none."""
    filled = sum(row[name] is not None for name in table.columns)
    coded = any(_CODE.fullmatch(plain_code(getattr(one, name))) for name in _CODES)
    return filled <= OF_A_NOTE and not coded and all(row[name] is None for name in numbers)


def _is_signature(table: Table, row: dict, numbers: list[str]) -> bool:
    """Whether a row of no school is a signature: no more than a phone stands in it where numbers are."""
    cells = [row[LABEL], *(row[name] for name in table.columns)]
    return is_signature(cells) and sum(_is_read(row[name]) for name in numbers) <= 1


def _is_read(cell: str | None) -> bool:
    try:
        return parse_number(cell) is not None
    except NotANumber:
        return False


def _look_for_empty(table: Table, of_schools: pl.DataFrame, findings: Findings) -> None:
    """Needed columns in which no school has a value; words for «no data» in all rows are somebody's answer."""
    sheets = of_schools[SHEET].unique().to_list()
    for needed in sorted(table.layout.needed - {*KEYS, "municipality", "group"}):
        stem = needed.partition("*")[0]
        columns = [name for name in table.columns if name == needed or ("*" in needed and name.startswith(stem))]
        if not columns or of_schools.is_empty():
            continue
        texts = [text for name in columns if name in of_schools.columns for text in of_schools[name].to_list() if text]
        if any(text.lower() not in NO_DATA for text in texts):
            continue
        found = "во всём столбце только слова «нет данных»" if texts else "во всём столбце нет ни одного значения"
        problem = Problem(table.file, found, "значения хотя бы у одной школы",
                          "впишите значения или выгрузите файл заново" +
                          ("" if texts else "; если данных нет ни у кого, впишите «нет данных»"),
                          sheets[0] if len(sheets) == 1 else "", column=table.title(columns[0]))  # fmt: skip
        (findings.advise if texts else findings.fail)("empty_column", problem)


def _look_at_keys(table: Table, row: dict, one: Keys, match: Match, intake: Intake) -> None:
    findings = intake.findings

    def place(name: str, found: str, expected: str, advice: str) -> Problem:
        return Problem(table.file, found, expected, advice, row[SHEET], row[ROW], table.title(name))

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
    _look_at_strangers(table, row, one, match, intake)
    for name in ("name", "municipality", "login"):
        text = row.get(name)
        if text and (as_latin(text) != text if name == "login" else _mixed(text)):
            findings.advise("look_alikes", place(name, f"{quoted(text)}: русские буквы среди латинских или наоборот",
                            "буквы одного алфавита", "прочитано верно; исправьте в источнике, чтобы поиск находил школу"),
                            match.school_id, where)  # fmt: skip
    if match.by in _CODES and row.get(match.by):
        text = row[match.by]
        if not intake.registry.has_code(match.by, as_latin(text).lower() if match.by == "login" else as_latin(text)):
            findings.count("mended_codes")
            findings.advise("mended_codes", place(match.by, quoted(text), "код, как в реестре, с нулями впереди",
                            "прочитано верно; задайте столбцу текстовый формат"), match.school_id, where)  # fmt: skip


def _look_at_strangers(table: Table, row: dict, one: Keys, match: Match, intake: Intake) -> None:
    """Codes that no school has and a municipality that is not the school's, beside what the school was found by."""
    registry, by_code = intake.registry, match.by in _CODES

    def of_school() -> str:
        return f"школы {quoted(registry.name(match.school_id))}"

    if _CODE.fullmatch(login := plain_code(one.login)) and not registry.knows_code("login", login):
        intake.new_logins.setdefault((match.school_id, login), []).append(table.file)
    told = [
        (system, f"код {quoted(code)}, которого нет в реестре", f"код {of_school()}",
         f"строка отнесена к школе {'по другому коду' if by_code else 'по названию'}; исправьте код")
        for system in ("inn", "rcoi_code")
        if _CODE.fullmatch(plain_code(code := getattr(one, system))) and not registry.knows_code(system, code)
    ]  # fmt: skip
    where = registry.municipality_of(match.school_id)
    if by_code and "municipality" in table.columns and registry.municipality(one.municipality) not in ("", where):
        told.append(("municipality", quoted(one.municipality), f"муниципалитет {of_school()}: {where}",
                     "строка отнесена к школе по коду; проверьте, верен ли он"))  # fmt: skip
    for column, found, expected, advice in told:
        problem = Problem(table.file, found, expected, advice, row[SHEET], row[ROW], table.title(column))
        intake.findings.advise("code_and_name", problem, match.school_id, where)


@cache
def _mixed(text: str) -> bool:
    """Whether Latin letters stand in a Russian text where Cyrillic ones are meant."""
    return as_cyrillic(text) != text and not re.match(r"\s*(sch|edu)\d", text)


def _unknown(table: Table, row: dict, one: Keys, match: Match, intake: Intake) -> None:
    registry = intake.registry
    shown = one.name or one.login or one.rcoi_code or one.inn
    place = registry.municipality(one.municipality)
    key = fold(shown), place or one.municipality
    if key not in intake.strangers:
        proposed = ", ".join(f"{quoted(registry.name(school_id))} ({school_id})" for school_id in match.proposed)
        advice = "исправьте код или название, добавьте школу в registry.csv"
        advice += " или впишите соответствие в confirmed_names.csv" if one.name else ""
        if one.login and match.proposed and not one.name:
            advice += " или, если это похожая, впишите этот логин в столбец «Другие логины» её строки"
        column = "name" if one.name else next((name for name in _CODES if row.get(name)), "group")
        problem = Problem(
            table.file, (quoted(shown) if shown else "строка без кода и названия школы") +
            (f"; похожие: {proposed}" if proposed else ""), "школа из реестра registry.csv", advice, row[SHEET], row[ROW],
            table.title(column),
        )  # fmt: skip
        intake.strangers[key] = Stranger(problem, place or None)
    intake.strangers[key].rows[table.file] += 1
    if one.name:
        intake.unknown[one.name, key[1]] = match.proposed


def _closed(table: Table, frame: pl.DataFrame, day: date, intake: Intake) -> None:
    """Rows of schools that did not exist on the day they speak of."""
    alive = intake.registry.alive(day)
    for school_id, sheet, row in frame[["school_id", SHEET, ROW]].iter_rows():
        if school_id not in alive:
            intake.findings.fail(
                "closed_school",
                Problem(table.file, f"школа {quoted(intake.registry.name(school_id))}, которой по реестру тогда не было",
                        f"школа, существующая {day:%d.%m.%Y}", "проверьте сроки и преемника в registry.csv",
                        sheet, row, table.title("name")),
                school_id, intake.registry.municipality_of(school_id),
            )  # fmt: skip
