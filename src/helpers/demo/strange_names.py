"""Names that a registry does not know: of what is no school, of earlier days, of everyday speech."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.demo import titles
from helpers.demo.books import Book, Mark, Mend, table
from helpers.demo.dirt import DIAGNOSTICS, PHONE, PROGRAMME, QUESTIONNAIRE, ROADMAPS
from helpers.demo.planting import Dirt, Planter, insert, school_of
from helpers.demo.region import Region
from helpers.demo.schools import INVENTED, MUNICIPALITIES

NOT_SCHOOLS = {
    PROGRAMME: f"МБОУ «СШ № 30» г. Петропавловска-Камчатского {INVENTED}",
    DIAGNOSTICS: f"МБДОУ «Детский сад № 3» г. Петропавловска-Камчатского {INVENTED}",
    QUESTIONNAIRE: f"АНО «Курсы № 33» г. Петропавловска-Камчатского {INVENTED}",
}
"""What is in no registry though its name is like a school's."""


def unknown_schools(planter: Planter, _: Region) -> None:
    """Write rows of what is no school into the lists of the last year."""
    for path, name in NOT_SCHOOLS.items():
        unknown_school(planter, path, name)


def unknown_school(planter: Planter, path: str, name: str) -> None:
    """Write a row of what is no school beside the first of the capital."""
    mend = Mend("drop", "такой школы в крае нет, строка попала в список по ошибке", PHONE)
    sheet, town = planter.sheet(path), MUNICIPALITIES[0].name
    row = next(row for row in sheet.rows if sheet.record(row)["municipality"] == town)
    mark = Mark("unknown_school", False, sheet.titles["name"], dirty=name, mend=mend)
    insert(sheet, row, sheet.record(row) | {"name": name}, mark)


def old_names(planter: Planter, region: Region) -> None:
    """Call renamed schools as they were called, in files of the last year."""
    old_name(planter, region, [QUESTIONNAIRE, DIAGNOSTICS, "2021/ege/ege_2021.xlsx", "2021/staff/staff.xlsx"])


def old_name(planter: Planter, region: Region, paths: Iterable[str]) -> None:
    """Call one renamed school in each file as it was called."""
    renamed = {school.school_id: school for school in region.schools if school.renamed}
    for path in paths:
        sheet = planter.sheet(path)
        for row in planter.choose(sheet, 1, among=renamed):
            old = renamed[school_of(row)].old_short
            planter.soil(sheet, row, Dirt("old_name", path, {"name": lambda _, old=old: old}))


_COLLOQUIAL = {PROGRAMME: f"Портовая школа {INVENTED}", ROADMAPS: f"Школа у моста {INVENTED}"}


def colloquial_names(planter: Planter, _: Region) -> None:
    """Call one school in each of two lists as people call it."""
    for path, name in _COLLOQUIAL.items():
        planter.plant(Dirt("colloquial_name", path, {"name": lambda _, name=name: name}, 1))


def confirmed(planter: Planter) -> Book:
    """Write down whom the analyst has confirmed the colloquial names to mean."""
    found = []
    for path, name in _COLLOQUIAL.items():
        sheet = planter.sheet(path)
        row = next(row for row in sheet.rows if sheet.record(row)["name"] == name)
        record = {"name": name, "municipality": sheet.record(row)["municipality"], "school_id": school_of(row)}
        found.append(((), record))
    return Book("confirmed_names.csv", [table("", titles.CONFIRMED, found)], marks=[Mark("semicolon_csv")])
