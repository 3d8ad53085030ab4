"""The support of schools: who takes part, roadmaps, questionnaire, diagnostics of teachers, monitoring of pupils."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from helpers.demo.context import Record
from helpers.demo.region import Region, school_year_end
from helpers.demo.results import OGE, PUPIL_VARIANCE, TITLES, VPR
from helpers.demo.schools import GRADES, MUNICIPALITIES, School

YEAR = 2021
"""The first year of the regional project."""


@dataclass(frozen=True)
class _Diagnosed:
    """How many teachers of the project's schools began the diagnostics, were enrolled for courses and finished them."""

    started: int
    enrolled: int
    trained: int


_DIAGNOSED = {2021: _Diagnosed(277, 264, 256), 2022: _Diagnosed(231, 224, 209)}
_DIAGNOSED_LATER = _Diagnosed(198, 190, 181)
COMPETENCES = ("предметная", "методическая", "психолого-педагогическая", "коммуникативная")
ALL_COMPETENCES = "все"
_TEACHERS_OF = (
    "Русский язык", "Математика", "Физика", "Химия", "Биология", "География", "История", "Английский язык",
    "Начальные классы",
)  # fmt: skip
_WEIGHTS = (0.16, 0.16, 0.06, 0.05, 0.07, 0.06, 0.08, 0.08, 0.28)
_STATEMENTS = {
    "ученики": (
        "Мне интересно на уроках", "Учителя помогают, если я не понял тему", "В школе мне спокойно",
        "Я знаю, зачем мне учиться", "Задания мне по силам", "На уроках соблюдают порядок",
        "Мои успехи замечают", "Я участвую в делах школы",
    ),
    "родители": (
        "Школа сообщает мне об успехах ребёнка", "Ребёнку в школе спокойно", "Учителя помогают отстающим",
        "Я доволен качеством обучения", "Школа прислушивается к родителям", "Ребёнок идёт в школу охотно",
        "Домашние задания посильны", "Я участвую в делах школы",
    ),
    "педагоги": (
        "Мне хватает методической поддержки", "Мы обсуждаем уроки друг друга", "Оснащения кабинета достаточно",
        "Ученики готовы учиться", "Родители поддерживают школу", "Администрация помогает в работе",
        "Я знаю, как учить отстающих", "Я участвую в развитии школы",
    ),
    "администрация": (
        "Программа развития школы выполняется", "Кадров достаточно", "Оснащения достаточно",
        "Педагоги учатся друг у друга", "Родители поддерживают школу", "Муниципалитет помогает школе",
        "Результаты обучения анализируют", "Школа работает с партнёрами",
    ),
}  # fmt: skip
_ANSWERS = {"ученики": (0.15, 0.4), "родители": (0.1, 0.25)}
"""From what to what share of the pupils' number answers; of the staff it is a number of people."""

_STAFF_ANSWERS = {"педагоги": (6, 25), "администрация": (2, 4)}


def _members(region: Region) -> list[School]:
    return [region.schools[index] for index in region.project]


def _place(school: School, year: int) -> Record:
    return {"municipality": school.municipality.name, "name": school.name(school_year_end(year))}


def programme_records(region: Region, from_year: int) -> list[tuple[School, Record]]:
    """Who came into the regional project and into the federal one in a year."""
    return [
        (
            school := region.schools[spell.index],
            _place(school, from_year)
            | {"programme": spell.programme, "from_year": from_year, "to_year": spell.to_year},
        )
        for spell in region.spells
        if spell.from_year == from_year
    ]


def roadmap_records(region: Region, rng: np.random.Generator) -> list[tuple[School | None, Record]]:
    """Roadmaps of municipalities and of the project's schools: in time, late or not published."""
    year = region.years[-1]
    deadline = date(year, 10, 10)
    owners: list[tuple[School | None, Record]] = [
        (None, {"municipality": municipality.name, "name": None}) for municipality in MUNICIPALITIES
    ]
    owners += [(school, _place(school, year)) for school in _members(region)]
    found = []
    for number, (school, record) in enumerate(owners, start=1):
        late = int(rng.choice([-9, -5, -2, 0, 4, 12], p=[0.2, 0.25, 0.25, 0.15, 0.1, 0.05]))
        published = None if rng.random() < 0.12 else deadline + timedelta(days=late)
        link = f"https://example.org/roadmaps/{year}/{number:02d}" if published else None
        found.append((school, record | {"deadline_date": deadline, "published_date": published, "link": link}))
    return found


def questionnaire_records(region: Region, rng: np.random.Generator) -> list[tuple[School, Record]]:
    """Likert counts of the project's schools by role and statement."""
    found = []
    for school in _members(region):
        mood = rng.normal(0, 0.35)
        for role, statements in _STATEMENTS.items():
            if role in _ANSWERS:
                people = max(round(rng.uniform(*_ANSWERS[role]) * int(region.pupils[school.index, -1].sum())), 5)
            else:
                people = int(rng.integers(*_STAFF_ANSWERS[role], endpoint=True))
            for statement in statements:
                weights = np.exp(-((np.arange(1, 6) - 3.5 - mood - rng.normal(0, 0.4)) ** 2) / 2.4)
                counts = rng.multinomial(people, weights / weights.sum())
                answers = {f"n_answers_{answer}": int(count) for answer, count in enumerate(counts, start=1)}
                found.append((school, _place(school, region.years[-1]) | {"role": role, "item": statement} | answers))
    return found


def diagnostics_records(region: Region, rng: np.random.Generator) -> list[tuple[School, Record]]:
    """Diagnostics of teachers by school, subject and competence; rows «все» sum to the totals of the year."""
    members = _members(region)
    cells = [(school, subject) for school in members for subject in _TEACHERS_OF]
    weights = np.array([np.sqrt(region.pupils[school.index, -1].sum()) for school in members])
    weights = np.outer(weights, _WEIGHTS).ravel()
    totals = _DIAGNOSED.get(region.years[-1], _DIAGNOSED_LATER)
    started = totals.started
    cell_of = np.sort(rng.choice(len(cells), started, p=weights / weights.sum()))
    # of all who started, one reached the high level and needs no course; the rest lie low or in the middle
    high = np.arange(started) == rng.integers(started)
    low = ~high & (rng.random(started) < 0.46)
    advised = np.flatnonzero(~high)
    enrolled = rng.choice(advised, totals.enrolled, replace=False)
    trained = rng.choice(enrolled, totals.trained, replace=False)
    found = []
    for cell in np.unique(cell_of):
        people = np.flatnonzero(cell_of == cell)
        school, subject = cells[cell]
        shown = _place(school, region.years[-1]) | {"subject": subject}
        for competence in COMPETENCES:
            draw = rng.random(len(people))
            levels = _levels(people, draw < 0.4, draw > 0.97, enrolled, trained)
            found.append((school, shown | {"competence": competence} | levels))
        levels = _levels(people, low[people], high[people], enrolled, trained)
        found.append((school, shown | {"competence": ALL_COMPETENCES} | levels))
    return found


def _levels(people: np.ndarray, low: np.ndarray, high: np.ndarray, enrolled: np.ndarray, trained: np.ndarray) -> Record:
    advised = people[~high]
    return {
        "n_started": len(people),
        "n_finished": len(people),
        "n_low": int(low.sum()),
        "n_middle": int((~low & ~high).sum()),
        "n_high": int(high.sum()),
        "n_advised": len(advised),
        "n_enrolled": int(np.isin(advised, enrolled).sum()),
        "n_trained": int(np.isin(advised, trained).sum()),
    }


def knowledge_records(region: Region, rng: np.random.Generator) -> list[tuple[School, Record]]:
    """Monitoring of grades 8–11 in the project's schools, Russian and mathematics, in spring."""
    found, t = [], len(region.years) - 1
    for school in _members(region):
        for grade in GRADES[school.school_type]:
            count = int(region.pupils[school.index, t, grade - 1])
            if not 8 <= grade <= 11 or not count:
                continue
            for subject in ("rus", "math"):
                scale = VPR[subject, 8] if grade == 8 else OGE[subject]
                mean = region.level()[school.index, t]
                ability = rng.normal(mean, PUPIL_VARIANCE**0.5, max(int(rng.binomial(count, 0.9)), 1))
                marks = np.bincount(scale.marks(ability) - 2, minlength=4)
                shares = {f"share_{mark}": 100 * int(marks[mark - 2]) / len(ability) for mark in range(2, 6)}
                record = {
                    "rcoi_code": school.rcoi_code,
                    "name": school.name(school_year_end(region.years[-1])),
                    "subject": TITLES[subject][0],
                    "grade": grade,
                    "n_participants": len(ability),
                    "share_done": round(100 * float(scale.scores(ability).mean()) / scale.highest, 1),
                } | {name: round(share, 1) for name, share in shares.items()}
                found.append((school, record))
    return found


def biased_records(region: Region) -> list[tuple[School, Record]]:
    """The federal list of schools whose tests show signs of bias, the same in each of its years."""
    signs = {"rus": "завышенные значения среднего балла", "math": "несоответствие отметок ВПР и журнала"}
    return [
        (
            region.schools[index],
            {
                "login": region.schools[index].login,
                "name": region.schools[index].name_short,
                "subject": TITLES[subject][0],
                "grade": grade,
                "sign": sign,
            },
        )
        for index in region.biased
        for subject, sign in signs.items()
        for grade in range(4, 9)
    ]
