"""The raw files as each source lays them out: from numbers to clean books."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import TypeVar

import numpy as np

from helpers.demo import titles
from helpers.demo.books import Book, table
from helpers.demo.context import Record, staff_date
from helpers.demo.region import Region, school_year_end, school_year_start
from helpers.demo.results import AUTUMN, TITLES, VPR, EgeResult, OgeResult, Scale, VprResult
from helpers.demo.schools import MUNICIPALITIES, REGION_NAME, School
from helpers.demo.tasks import WORKS, Task, TaskResult

WHOLE = "Вся выборка"
_DIGITS = {2018: 1}
"""Decimals of a percentage, by year; two where not named."""

NATION = {"n_schools": 38_400, "n_participants": 1_402_000}
NATION_SHARES = {"marks": np.array([0.115, 0.375, 0.355, 0.155]), "journal": np.array([0.24, 0.64, 0.12])}
_VPR_DATES = {2018: "19.04.2018", 2019: "23.04.2019", 2020: "22.09.2020", 2021: "06.04.2021"}
MAIN_ATTEMPT = {"form": "ОГЭ", "period": "основной"}
MAIN_ENTRANT = {"form": "ЕГЭ", "category": "ВТГ", "period": "основной"}
SLUGS = ("petropavlovsk", "vilyuchinsk", "palana", "yelizovo", "milkovo", "bystrinsky", "ust_bolsheretsk",
         "ust_kamchatsk", "sobolevo", "aleutsky", "karaginsky", "olyutorsky", "penzhinsky", "tigilsky")  # fmt: skip
"""Names of municipalities in file names."""

Keyed = tuple[tuple[object, ...], Mapping[str, object]]
Result = TypeVar("Result", VprResult, TaskResult)


def _rounded(percents: np.ndarray, year: int) -> list[float]:
    return [round(float(percent), _DIGITS.get(year, 2)) for percent in percents]


def _percent(counts: np.ndarray, year: int) -> list[float]:
    return _rounded(100 * counts / counts.sum(), year)


def _by_work(results: Iterable[Result]) -> Iterator[tuple[int, int, str, list[Result]]]:
    """Year, grade, subject and the results of all schools in this test."""
    for (year, grade, subject), group in groupby(
        sorted(results, key=lambda result: (result.year, result.grade, result.subject, result.school.index)),
        key=lambda result: (result.year, result.grade, result.subject),
    ):
        yield year, grade, subject, list(group)


def vpr_books(results: Iterable[VprResult]) -> list[Book]:
    """Three reports for each year, subject and grade."""
    books = []
    for year, grade, subject, several in _by_work(results):
        scale = VPR[subject, grade]
        reports = {"marks": "Статистика по отметкам", "journal": "Сравнение отметок с отметками по журналу"}
        if grade > 4:
            reports["scores"] = "Распределение первичных баллов"
        for report, heading in reports.items():
            columns = _vpr_titles(report, year, subject, scale)
            records = _count_rows(several, report, year, list(columns))
            sheet = table("Отчёт", columns, records, _vpr_preamble(year, grade, subject, scale, heading))
            sheet.two_rows = year != AUTUMN.year
            books.append(Book(f"{year}/vpr/{report}_{subject}_{grade}.xlsx", [sheet]))
    return books


def _vpr_titles(report: str, year: int, subject: str, scale: Scale) -> dict[str, str]:
    if report == "scores":
        return titles.vpr_scores(year, scale.highest)
    return titles.vpr_marks(year) if report == "marks" else titles.vpr_journal(year, subject)


def _vpr_preamble(year: int, grade: int, subject: str, scale: Scale, heading: str) -> list[str]:
    autumn = f"ВПР {year} (осень). {grade + 1} класс (по программе {grade} класса)"
    lines = [
        autumn if year == AUTUMN.year else f"ВПР {year}. {grade} класс",
        heading,
        f"Предмет: {TITLES[subject][0]}",
        f"Максимальный первичный балл: {scale.highest}",
        f"Дата: {_VPR_DATES[year]}",
    ]
    return lines if year != 2018 else lines[:4]


def _count_rows(results: Sequence[VprResult], report: str, year: int, columns: Sequence[str]) -> list[Keyed]:
    shares = [name for name in columns if name.startswith("share_")]

    def shown(counts: np.ndarray) -> Record:
        return {"n_participants": int(counts.sum())} | dict(zip(shares, _percent(counts, year), strict=True))

    values = {result.school: getattr(result, report) for result in results}
    nation = NATION_SHARES.get(report, np.convolve(sum(values.values()), [0.2, 0.6, 0.2], "same"))
    return _vpr_rows(values, shown, shown(nation), year)


def _vpr_rows(
    values: Mapping[School, np.ndarray], shown: Callable[[np.ndarray], Record], nation: Record, year: int
) -> list[Keyed]:
    """From the whole sample down to schools; the values of a territory are the sums of its schools'."""

    def record(group: str, total: np.ndarray, n_schools: int) -> Record:
        return {"group": group, "n_schools": n_schools} | shown(total)

    rows: list[Keyed] = [
        ((WHOLE,), {"group": WHOLE} | nation | NATION),
        ((REGION_NAME,), record(REGION_NAME, sum(values.values()), len(values))),
    ]
    for municipality, group in groupby(values, key=lambda school: school.municipality):
        several = list(group)
        total = sum(values[school] for school in several)
        rows.append(((municipality.name,), record(municipality.name, total, len(several))))
        rows += [((school.school_id,), record(_vpr_group(school, year), values[school], 1)) for school in several]
    return rows


def task_books(results: Iterable[TaskResult]) -> list[Book]:
    """The report of tasks for each year, subject and grade that has them."""
    books = []
    for year, grade, subject, several in _by_work(results):
        work = WORKS[subject, grade]
        columns = titles.vpr_tasks(year, [task.label for task in work])
        records = [_maxima(work, year), *_task_rows(several, work, year)]
        preamble = _vpr_preamble(year, grade, subject, VPR[subject, grade], "Выполнение заданий")
        books.append(Book(f"{year}/vpr/tasks_{subject}_{grade}.xlsx", [table("Отчёт", columns, records, preamble)]))
    return books


def _maxima(work: Sequence[Task], year: int) -> Keyed:
    """The row that says how many points each task gives; nobody's."""
    column, text = titles.TASK_MAXIMA[year]
    return (), {column: text} | {f"share_done_{task.label}": task.points for task in work}


def _task_rows(results: Sequence[TaskResult], work: Sequence[Task], year: int) -> list[Keyed]:
    shares = [f"share_done_{task.label}" for task in work]
    highest = np.array([task.points for task in work])

    def shown(total: np.ndarray) -> Record:
        n_participants, points = int(total[0]), total[1:]
        percents = _rounded(100 * points / (n_participants * highest), year)
        # in autumn 2020 the report left a task empty that nobody had done
        done = [None if year == AUTUMN.year and not percent else percent for percent in percents]
        return {"n_participants": n_participants} | dict(zip(shares, done, strict=True))

    values = {result.school: np.array([result.n_participants, *result.points]) for result in results}
    region = shown(sum(values.values()))
    # the country's pupils do a bit better and differ less from task to task
    nation = {name: round(0.9 * region[name] + 6.5, _DIGITS.get(year, 2)) for name in shares}
    return _vpr_rows(values, shown, nation, year)


def _vpr_group(school: School, year: int) -> str:
    day = AUTUMN if year == AUTUMN.year else school_year_end(year)
    return f"{school.login} {school.name(day)}" if year in {2019, 2021} else school.login


def oge_books(results: Sequence[OgeResult]) -> list[Book]:
    """One file a year, all subjects."""
    books = []
    for year, group in groupby(results, key=lambda result: result.year):
        records = [((result.school.school_id, result.subject), _oge_record(result)) for result in group]
        sheet = table("ОГЭ", titles.oge(year), records, [] if year == 2019 else [f"Результаты ГИА-9 {year} года"])
        books.append(Book(f"{year}/oge/oge_{year}.{'csv' if year == 2019 else 'xlsx'}", [sheet]))
    return books


def _exam(result: OgeResult | EgeResult) -> Record:
    title, code = TITLES[result.subject]
    return {
        "municipality": result.school.municipality.name,
        "rcoi_code": result.school.rcoi_code,
        "name": result.school.name(school_year_end(result.year)),
        "subject_code": code,
        "subject": title,
    }


def _oge_record(result: OgeResult) -> Record:
    shares = zip(range(2, 6), _percent(result.marks, result.year), strict=True)
    count = int(result.marks.sum())
    return (
        _exam(result)
        | MAIN_ATTEMPT
        | {
            "n_participants": count,
            "mean_primary": round(result.mean_primary, 1),
            "mean_mark": round(float(result.marks @ np.arange(2, 6)) / count, 2),
        }
        | {f"share_{mark}": share for mark, share in shares}
    )


def ege_books(results: Sequence[EgeResult]) -> list[Book]:
    """One file a year, all papers."""
    books = []
    for year, group in groupby(results, key=lambda result: result.year):
        records = [((result.school.school_id, result.subject), _ege_record(result)) for result in group]
        sheet = table("ЕГЭ", titles.ege(year), records, [] if year == 2019 else [f"Результаты ГИА-11 {year} года"])
        books.append(Book(f"{year}/ege/ege_{year}.{'csv' if year == 2019 else 'xlsx'}", [sheet]))
    return books


def _ege_record(result: EgeResult) -> Record:
    basic = result.subject == "math_basic"
    return (
        _exam(result)
        | MAIN_ENTRANT
        | {
            "n_participants": result.n_participants,
            "mean_score": round(result.mean_score, 2 if basic else 1),
            "n_below_min": result.n_below_min,
            "n_high": None if basic else result.n_high,
        }
    )


_LEFT_OUT = {("sobolevo", 2019): "n_not_native_russian", ("olyutorsky", 2021): "n_one_higher"}
"""An optional column that a municipality does not fill at all, by its file."""


def passport_books(records: Mapping[int, Mapping[School, Record]]) -> list[Book]:
    """One file a year and municipality."""
    books = []
    for year, schools in records.items():
        for municipality, slug in zip(MUNICIPALITIES, SLUGS, strict=True):
            columns = titles.passport(year)
            columns.pop(_LEFT_OUT.get((slug, year), ""), None)
            preamble = [
                "Социальный паспорт общеобразовательных организаций",
                f"Муниципалитет: {municipality.name}",
                f"По состоянию на {school_year_start(year):%d.%m.%Y}",
            ]
            rows = [
                ((school.school_id,), record)
                for school, record in schools.items()
                if school.municipality is municipality
            ]
            books.append(Book(f"{year}/passport/{slug}.xlsx", [table("Паспорт", columns, rows, preamble)]))
    return books


def staff_books(records: Mapping[int, Mapping[School, Record]]) -> list[Book]:
    """One file a year."""
    return [
        Book(
            f"{year}/staff/staff.xlsx",
            [
                table(
                    "Кадры",
                    titles.STAFF,
                    [((school.school_id,), record) for school, record in schools.items()],
                    ["Сведения о кадрах", f"По состоянию на {staff_date(year):%d.%m.%Y}"],
                )
            ],
        )
        for year, schools in records.items()
    ]


def support_book(
    path: str, name: str, columns: Mapping[str, str], records: Iterable[tuple[School | None, Record]], by: Sequence[str]
) -> Book:
    """Make a file of the project; `by` names the fields that tell a school's rows apart."""
    keyed = [
        ((school.school_id if school else record["municipality"], *(record[field] for field in by)), record)
        for school, record in records
    ]
    return Book(path, [table(name, columns, keyed)])


def registry_book(region: Region) -> Book:
    """The registry: one row per period of a school."""
    rows = []
    for school in region.schools:
        days = sorted({school.opened, school.renamed or school.opened, school.login_changed or school.opened})
        for day, following in pairwise([*days, None]):
            period = _registry_record(school, day)
            if following:
                period |= {"to_date": following - timedelta(days=1), "successor_id": None}
            rows.append(((school.school_id, day), period))
    return Book("registry.csv", [table("Реестр", titles.REGISTRY, rows)])


def _registry_record(school: School, day: date) -> Record:
    """What the registry says of a school from a day on."""
    yes, old_name = {True: "да", False: "нет"}, school.renamed is not None and day < school.renamed
    old_login = school.login_changed is not None and day < school.login_changed
    return {
        "school_id": school.school_id,
        "from_date": day,
        "to_date": school.closed,
        "inn": school.inn,
        "kpp": school.kpp,
        "ogrn": school.ogrn,
        "login": school.old_login if old_login else school.login,
        "rcoi_code": school.rcoi_code,
        "name_full": school.old_full if old_name else school.name_full,
        "name_short": school.name(day),
        "aliases": None if old_name else "|".join(school.aliases) or None,
        "oktmo": school.municipality.oktmo,
        "municipality": school.municipality.name,
        "place": school.place,
        "locality": school.locality,
        "remote": yes[school.remote],
        "school_type": school.school_type,
        "small": yes[school.small],
        "branch_of": school.branch_of or None,
        "successor_id": school.successor_id or None,
    }


def biased_books(records: Iterable[tuple[School, Record]], years: Iterable[int]) -> list[Book]:
    """The federal lists; the year stands in the file's name only."""
    keyed = [((school.school_id, record["subject"], record["grade"]), record) for school, record in records]
    return [Book(f"biased/{year}_fisoko.xlsx", [table("Список", titles.BIASED, keyed)]) for year in years]
