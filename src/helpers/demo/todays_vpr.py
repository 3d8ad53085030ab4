"""ВПР as ФИС ОКО exports them today: marks, comparison with the journal, individual results, one book a report and work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, groupby

import numpy as np

from helpers.demo.books import Book, Cell, Row, Sheet, table
from helpers.demo.context import Record
from helpers.demo.forms import NATION, NATION_SHARES, WHOLE, Keyed
from helpers.demo.region import school_year_end
from helpers.demo.results import TITLES, VPR, Papers
from helpers.demo.schools import MUNICIPALITIES, REGION_NAME, Municipality, School
from helpers.demo.tasks import WORKS_OF_TODAY, Harder, points_won
from helpers.demo.titles import JOURNAL_OF_TODAY, MARKS_OF_TODAY, individual_results

_SHORT = {"rus": "РУ", "math": "МА"}
_LONGEST_SHEET = 31
"""Excel's limit: the export cuts the name of a sheet here."""

_NOT_DONE = 0.35
"""Share of the tasks without a point that were not begun."""

_HARD = -0.2
"""Tasks no easier than that are of the higher level (П)."""

_FIRST_CODE = 10_000


def todays_books(papers: Iterable[Papers], harder: Harder, rng: np.random.Generator) -> list[Book]:
    """Three reports for each work of one year, by grade and subject."""
    books = []
    ordered = sorted(papers, key=lambda one: (one.grade, one.subject, one.school.index))
    for (grade, subject), group in groupby(ordered, key=lambda one: (one.grade, one.subject)):
        several = list(group)
        for number, title, sheet in (
            ("Ф3", "Статистика по отметкам", _marks(several)),
            ("Ф4", "Сравнение отметок с отметками по журналу", _journal(several)),
            ("Ф1", "Индивидуальные результаты", _individual(several, harder, rng)),
        ):
            work = f"{_SHORT[subject]} {grade}"
            sheet.name = f"{work} {title}"[:_LONGEST_SHEET]
            sheet.preamble = [title, "", *_of_work(several[0]), *sheet.preamble]
            books.append(Book(f"{several[0].year}/vpr/{number}_{title}_{work}.xlsx", [sheet]))
    return books


def _of_work(one: Papers) -> list[str | tuple[Cell, ...]]:
    title, _ = TITLES[one.subject]
    return [
        f"ВПР {one.year} {title} {one.grade} класс",
        ("Предмет:", title),
        ("Максимальный первичный балл:", str(VPR[one.subject, one.grade].highest)),
        ("Дата:", f"{10 + one.grade}.04.{one.year}"),
    ]


def _marks(papers: Sequence[Papers]) -> Sheet:
    def shown(counts: np.ndarray) -> Record:
        return {"n_participants": int(counts.sum())} | dict(
            zip(list(MARKS_OF_TODAY)[3:], _percent(counts), strict=True)
        )

    nation = (WHOLE,), {"group": WHOLE} | shown(NATION_SHARES["marks"]) | NATION
    return table("", MARKS_OF_TODAY, [nation, *_territories(papers, lambda one: one.counted().marks, shown)], [""])


def _journal(papers: Sequence[Papers]) -> Sheet:
    shares, numbers = list(JOURNAL_OF_TODAY)[2::2], list(JOURNAL_OF_TODAY)[3::2]

    def shown(counts: np.ndarray) -> Record:
        return (
            {"n_participants": int(counts.sum())}
            | dict(zip(shares, _percent(counts), strict=True))
            | dict(zip(numbers, map(int, counts), strict=True))
        )

    return table("", JOURNAL_OF_TODAY, list(_territories(papers, lambda one: one.counted().journal, shown)), [""])


def _territories(
    papers: Sequence[Papers], counted: Callable[[Papers], np.ndarray], shown: Callable[[np.ndarray], Record]
) -> Iterator[Keyed]:
    """The region, then each municipality and its schools; «Кол-во ОО» is blank for a school."""
    counts = {one.school: counted(one) for one in papers}
    yield (REGION_NAME,), {"group": REGION_NAME, "n_schools": len(counts)} | shown(sum(counts.values()))
    for municipality, group in groupby(counts, key=lambda school: school.municipality):
        schools = list(group)
        total = shown(sum(counts[school] for school in schools))
        yield (municipality.name,), {"group": _territory(municipality), "n_schools": len(schools)} | total
        for school in schools:
            yield (school.school_id,), {"group": _school(school, papers[0].year)} | shown(counts[school])


def _individual(papers: Sequence[Papers], harder: Harder, rng: np.random.Generator) -> Sheet:
    """One row a participant below a line for each school; a task that was not begun is `X`."""
    subject, grade, year = papers[0].subject, papers[0].grade, papers[0].year
    work = WORKS_OF_TODAY[subject, grade]
    columns = individual_results({task.label: task.points for task in work})
    codes, rows = count(_FIRST_CODE), []
    for one in papers:
        group, empty = _school(one.school, year), [None] * (len(columns) - 1)
        rows.append(Row([f"{group} | Кол-во участников: {len(one.scores)}", *empty]))
        points = points_won(one.scores, one.school, subject, work, harder, rng)
        begun = (points > 0) | (rng.random(points.shape) >= _NOT_DONE)
        girls = rng.random(len(points)) < 0.5
        for place, (won, done) in enumerate(zip(points, begun, strict=True)):
            tasks = [int(point) if known else "X" for point, known in zip(won, done, strict=True)]
            of_school = [one.school.login, one.school.municipality.name, group]
            of_pupil = [str(next(codes)), 1 + place % 3, 1 + place % 2]
            judged = [int(one.scores[place]), int(one.marks[place]), int(one.in_journal[place])]
            rows.append(Row([*of_school, *of_pupil, *tasks, *judged, "ж" if girls[place] else "м"]))
    levels = ["П" if task.easiness <= _HARD else "Б" for task in work]
    return Sheet("", columns, rows, [(*[None] * 5, "Уровень сложности задания", *levels)])


def _territory(municipality: Municipality) -> str:
    return f"{municipality.name}(reg41_m{MUNICIPALITIES.index(municipality) + 1:03d})"


def _school(school: School, year: int) -> str:
    return f"{school.name(school_year_end(year))}({school.login})"


def _percent(counts: np.ndarray) -> list[float]:
    return [round(float(percent), 2) for percent in 100 * counts / counts.sum()]
