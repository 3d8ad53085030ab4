"""Which work of ВПР a table is of: what the text above it says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from helpers.intake.names import fold
from helpers.intake.raw_table import Table
from helpers.intake.records import Intake
from helpers.intake.subjects import subject_of
from helpers.problems import Problem, quoted

_SUBJECT = re.compile(
    r"\s*(?:(?:учебн\w+|наименование|название)\s+)*(?:предмета?|дисциплин[аы])\b\s*[:.–—-]?\s*(.*)", re.IGNORECASE
)
_IN_TITLE = re.compile(r"впр\W*20\d\d(?:\W*20\d\d)?\W*(?:г\.?|год)?\W+(.+?)\W+\d{1,2}\D{0,3}класс")
_SCHOOL_YEAR = re.compile(r"20\d\d ?[/-] ?(?:20)?(\d\d)(?!\d)")
_HIGHEST = re.compile(r"максимальный первичный балл\W*(\d+)")


@dataclass(frozen=True)
class Work:
    """One work: `grade` is that of the programme, `season` spring or autumn (Russian)."""

    year: int
    grade: str
    subject: str
    season: str

    @property
    def day(self) -> date:
        """A day on which its schools existed."""
        return date(self.year, 10, 15) if self.season == "осень" else date(self.year, 5, 15)


def work_of(table: Table, year: int, intake: Intake) -> Work | None:
    """The work of a sheet; None, and failing findings, where its text does not tell it or tells another year's."""
    lines = above(table)
    text = fold(" \n ".join(lines))

    def said(pattern: str) -> str:
        match = re.search(pattern, text)
        return match[1] if match else ""

    grade = (
        said(r"по программе (\d{1,2})") or said(r"(\d{1,2}) ?(?:-?й )?кл(?:асс|\.)") or said(r"класс\W{1,3}(\d{1,2})\b")
    )
    ends = _SCHOOL_YEAR.search(text)
    stated = f"20{ends[1]}" if ends else said(r"впр\D{0,3}(20\d\d)") or said(r"\b(20\d\d)\b")
    problems = []
    session = intake.calendar.session("VPR", year)
    if not grade:
        problems.append(("класс не назван", "строка вида «ВПР 2019. 5 класс»"))
    elif session and session.held and int(grade) not in session.grades:
        problems.append((f"класс {grade}", f"класс из календаря процедур: {', '.join(map(str, session.grades))}"))
    if stated and int(stated) != year:
        problems.append((f"год {stated}", f"год {year}, как в имени папки"))
    sheet = next(iter(table.preamble), "")
    for found, expected in problems:
        intake.findings.fail("work", Problem(table.file, f"над таблицей: {found}", expected,
                                             "проверьте, тот ли это файл и в той ли он папке", sheet))  # fmt: skip
    subject = _subject(table, lines, text, sheet, intake)
    season = "осень" if "осень" in text else "весна"
    return None if problems or not subject else Work(year, grade, subject, season)


def grade_of(word: str, year: int, intake: Intake) -> str | None:
    """The number of a grade in a cell; None where there is none or the year's ВПР did not have it."""
    match = re.search(r"\d{1,2}", word)
    session = intake.calendar.session("VPR", year)
    known = not (session and session.held) or (match and int(match[0]) in session.grades)
    return match[0] if match and known else None


def year_of(text: str) -> int | None:
    """The year in which a school year named in a text ends: 2026, 2025/2026, 2025-26."""
    ends = _SCHOOL_YEAR.search(text)
    stated = [f"20{ends[1]}"] if ends else re.findall(r"\b20\d\d\b", text)
    return int(stated[0]) if stated else None


def highest_score(lines: Iterable[str]) -> int | None:
    """The highest primary score of the work, as the lines above its table state it."""
    stated = _HIGHEST.search(fold(" ".join(lines)))
    return int(stated[1]) if stated else None


def above(table: Table) -> list[str]:
    """The lines above a table."""
    return [line for of_sheet in table.preamble.values() for line in of_sheet]


def _subject(table: Table, lines: list[str], text: str, sheet: str, intake: Intake) -> str | None:
    """The subject's id, by the line «Предмет: …» or, where there is none, by the title «ВПР 2026 Математика 4 класс»."""
    line = next((match for line in lines if (match := _SUBJECT.fullmatch(line)) and match[1].strip()), None)
    title = _IN_TITLE.search(text)
    named = line[1].strip() if line else title[1] if title else ""
    if not named:
        intake.findings.fail("work", Problem(table.file, "над таблицей: предмет не назван", "строка вида «Предмет: Математика»",
                                             "проверьте, тот ли это файл; если строку стёрли, впишите её", sheet))  # fmt: skip
        return None
    subject = subject_of(named, own=intake.layouts)
    if not subject:
        intake.findings.fail("subject", Problem(table.file, f"предмет {quoted(named)}, которого программа не знает",
                                                "предмет из файла layouts/subjects.csv",
                                                "если предмет назван верно, впишите это название в строку его предмета в "
                                                "layouts/subjects.csv или добавьте туда новую строку", sheet))  # fmt: skip
    return subject
