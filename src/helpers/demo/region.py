"""The invented region: how many pupils its schools have, who takes part in the programmes, and the truth, year after year."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

import numpy as np

from helpers.demo.schools import BRANCHES, GRADES, MERGED, OPENED, RENAMED, School, invented_schools, with_new_name

YEARS = (2018, 2019, 2020, 2021)
PUPIL_VARIANCE = 0.9
CONTEXT_SLOPE = 0.30
SCHOOL_SD = 0.20
PERSISTENT_SHARE = 0.7
COHORT_SD = 0.08
PLANTED_EFFECT = 0.45
PROJECT, PROJECT_500 = "региональный проект", "Проект 500+"
PLANTED_SIZE = 30
"""Pupils a grade from which an effect of the planted size can be seen in any year (25) with cohorts varying."""

_SIZES = {
    "город": (42, 100),
    "пгт": (22, 38),
    "село": (13, 38),
    "small": (4, 10),
    "вечерняя": (8, 20),
    "интернат": (10, 16),
    "коррекционная": (8, 14),
}
"""Pupils a grade, from and to."""

_NEW_NAMES = ("Берег", "Горизонт", "Созвездие")
"""What schools are renamed to in the years after the first report."""

LOGINS_CHANGED = date(2021, 9, 1)
"""Since when logins of ФИС ОКО begin with edu."""

_STAYS = (0.42, 0.6)
"""From what to what share of a ninth class goes on into the tenth."""

_RENAMED_MEMBER = 54


@dataclass(frozen=True)
class Spell:
    """Time that a school, by index, takes part in a programme; without `to_year` it still does."""

    programme: str
    index: int
    from_year: int
    to_year: int | None = None


@dataclass(frozen=True)
class Region:
    """Schools and the truth about them; arrays go by school, then by year (then by grade from 0)."""

    schools: tuple[School, ...]
    pupils: np.ndarray
    cohort: np.ndarray
    context: np.ndarray
    persistent: np.ndarray
    transient: np.ndarray
    biased: tuple[int, ...]
    planted: frozenset[int]
    spells: tuple[Spell, ...]

    @property
    def years(self) -> list[int]:
        return [YEARS[0] + t for t in range(self.pupils.shape[1])]

    @property
    def founders(self) -> tuple[int, ...]:
        """The schools that the regional project began with."""
        return self._members(lambda spell: spell.from_year == YEARS[-1])

    @property
    def project(self) -> tuple[int, ...]:
        """The schools that are in the regional project now."""
        return self._members(lambda spell: spell.to_year is None)

    def _members(self, chosen: Callable[[Spell], bool]) -> tuple[int, ...]:
        return tuple(sorted(spell.index for spell in self.spells if spell.programme == PROJECT and chosen(spell)))

    def at(self, day: date) -> list[School]:
        """Schools that work on a day."""
        return [school for school in self.schools if school.works(day)]

    def level(self) -> np.ndarray:
        """Mean ability of a school's pupils each year, in pupil SDs."""
        return CONTEXT_SLOPE * self.context + self.persistent[:, None] + self.transient


def school_year_start(year: int) -> date:
    """1 September of the school year that ends in spring `year`."""
    return date(year - 1, 9, 1)


def school_year_end(year: int) -> date:
    """A day by which its spring exams are over."""
    return date(year, 5, 31)


def build_region(rng: np.random.Generator) -> Region:
    """Invent the region."""
    schools = invented_schools(rng)
    everyone = range(len(schools))
    ordinary = np.array([school.ordinary for school in schools])
    base = np.array([_base_context(school) for school in schools]) + rng.normal(0, 0.75, len(schools))
    mean, spread = base[ordinary].mean(), base[ordinary].std()
    context = np.where(ordinary, (base - mean) / spread, np.array([_base_context(school) for school in schools]))
    context = context + np.where(ordinary, 0, rng.normal(0, 0.2, len(schools)))
    size = np.array([rng.uniform(*_SIZES[_size_class(school)]) for school in schools])
    for source, target in MERGED:
        if target in OPENED:
            context[target] = np.mean([context[a] for a, b in MERGED if b == target])
        size[source] = min(size[source], 24)  # it is small schools that are closed

    # only planted effects reach the planted size
    persistent = rng.normal(0, SCHOOL_SD * PERSISTENT_SHARE**0.5, len(schools)).clip(-0.38, 0.38)
    transient = rng.normal(0, SCHOOL_SD * (1 - PERSISTENT_SHARE) ** 0.5, (len(schools), len(YEARS)))
    settled = {index for pair in MERGED for index in pair} | set(BRANCHES) | set(RENAMED)
    plain = [j for j in everyone if schools[j].school_type == "СОШ" and not schools[j].small and j not in settled]
    resilient, under, biased = _planted(plain, context, size, rng)
    size[resilient + under] = size[resilient + under].clip(PLANTED_SIZE)
    extra = np.abs(rng.normal(0, 0.05, 8))
    persistent[resilient] = PLANTED_EFFECT + extra[:4]
    persistent[under] = -PLANTED_EFFECT - extra[4:]

    drift = rng.normal(0, 0.04, len(schools))
    by_year = context[:, None] + drift[:, None] * (np.arange(len(YEARS)) - 1.5)
    pupils = _pupils(schools, size, rng)
    cohort = rng.normal(0, COHORT_SD, (len(schools), YEARS[-1] - YEARS[0] + 12))
    project, largest = _project(schools, CONTEXT_SLOPE * context + persistent, size)
    return Region(
        schools=tuple(schools),
        pupils=pupils,
        cohort=cohort,
        context=by_year,
        persistent=persistent,
        transient=transient,
        biased=tuple(biased),
        planted=frozenset([*resilient, *under, *biased]),
        spells=(
            *(Spell(PROJECT, index, YEARS[-1]) for index in project),
            *(Spell(PROJECT_500, index, YEARS[-1]) for index in largest),
        ),
    )


def next_year(region: Region, rng: np.random.Generator) -> Region:
    """Take the region a year further: the same schools and what lasts of them, new pupils.

    One school joins another, one gets a new name, two leave the regional project and two come into it; in the first of
    these years all schools get new logins.
    """
    year = region.years[-1] + 1
    day = school_year_start(year)
    schools, (source, target) = _next_history(region, day, rng)
    pupils = _moved_up(region, schools, rng)
    pupils[target] += pupils[source]
    pupils[source] = 0
    added = (len(schools), 1)
    return replace(
        region,
        schools=schools,
        pupils=np.concatenate([region.pupils, pupils[:, None]], axis=1),
        cohort=np.concatenate([region.cohort, rng.normal(0, COHORT_SD, added)], axis=1),
        # context goes on as it has drifted
        context=np.concatenate([region.context, 2 * region.context[:, -1:] - region.context[:, -2:-1]], axis=1),
        transient=np.concatenate(
            [region.transient, rng.normal(0, SCHOOL_SD * (1 - PERSISTENT_SHARE) ** 0.5, added)], axis=1
        ),
        spells=_next_spells(region, schools, year),
    )


def _next_history(region: Region, day: date, rng: np.random.Generator) -> tuple[tuple[School, ...], tuple[int, int]]:
    """The schools as of `day`, and who has joined whom; what was planted is spared."""
    touched = {spell.index for spell in region.spells} | region.planted | {j for pair in MERGED for j in pair}
    successors, mains = ({getattr(school, key) for school in region.schools} for key in ("successor_id", "branch_of"))
    free = [
        school
        for school in region.at(day)
        if school.index not in touched
        and school.ordinary
        and not (school.renamed or school.branch_of or school.school_id in successors | mains)
    ]
    source = _drawn([school for school in free if school.small and _hosts(school, free)], rng)
    target = _drawn(_hosts(source, free), rng)
    renamed = _drawn([school for school in free if school.locality == "город" and school is not target], rng)
    schools = list(region.schools)
    schools[source.index] = replace(source, closed=day - timedelta(days=1), successor_id=target.school_id)
    schools[renamed.index] = with_new_name(renamed, f"школа «{_NEW_NAMES[day.year % len(_NEW_NAMES)]}»", day)
    if day == LOGINS_CHANGED:
        schools = [
            replace(school, login_changed=day, old_login=school.login, login=school.login.replace("sch", "edu"))
            if school.works(day)
            else school
            for school in schools
        ]
    return tuple(schools), (source.index, target.index)


def _hosts(school: School, free: list[School]) -> list[School]:
    """Larger schools of the same municipality that a school may join."""
    return [
        one for one in free if one.municipality is school.municipality and one.school_type == "СОШ" and not one.small
    ]


def _drawn(schools: list[School], rng: np.random.Generator) -> School:
    return schools[int(rng.integers(len(schools)))]


def _moved_up(region: Region, schools: tuple[School, ...], rng: np.random.Generator) -> np.ndarray:
    """Enrolment by school and grade − 1 a year later: every class a grade further, a new first one."""
    before = region.pupils[:, -1]
    pupils = np.zeros_like(before)
    for school in schools:
        had, grades = before[school.index], GRADES[school.school_type]
        if not had.any():
            continue
        usual = had[[grade - 1 for grade in grades if grade <= 9]].mean()
        pupils[school.index, grades[0] - 1] = max(round(rng.normal(usual, 0.12 * usual)), 3 if school.small else 2)
        stays = rng.uniform(*_STAYS)
        for grade in grades[1:]:
            leaves = grade == 10 and not school.evening
            pupils[school.index, grade - 1] = round(had[grade - 2] * (stays if leaves else 1))
    return pupils


def _next_spells(region: Region, schools: tuple[School, ...], year: int) -> tuple[Spell, ...]:
    """Two of the first members leave, whose results are the highest; two of the lowest come in."""
    level = region.level()[:, -1]
    ever = {spell.index for spell in region.spells}

    def by_level(indices: Iterable[int]) -> list[int]:
        return sorted(indices, key=lambda j: level[j])

    leave = by_level(j for j in region.project if j in region.founders and not schools[j].evening)[-2:]
    able = (
        school.index
        for school in schools
        if school.school_type in {"СОШ", "ООШ"} and school.closed is None and school.index not in ever
    )
    enter = by_level(able)[:2]
    kept = (
        replace(spell, to_year=year - 1) if spell.index in leave and spell.to_year is None else spell
        for spell in region.spells
    )
    return (*kept, *(Spell(PROJECT, index, year) for index in sorted(enter)))


def _base_context(school: School) -> float:
    if not school.ordinary:
        return -1.8 if school.evening else -1.2
    return {"город": 0.7, "пгт": 0.1, "село": -0.35}[school.locality] - 0.35 * school.remote


def _size_class(school: School) -> str:
    if school.small:
        return "small"
    return school.school_type if school.school_type in _SIZES else school.locality


def _planted(
    plain: list[int], context: np.ndarray, size: np.ndarray, rng: np.random.Generator
) -> tuple[list[int], list[int], list[int]]:
    """Choose four resilient schools (poor context), four underperformers and two with biased tests."""
    big_enough = [j for j in plain if size[j] >= 18]
    poor = [j for j in big_enough if context[j] < -0.5]
    resilient = [int(j) for j in rng.choice(poor, 4, replace=False)]
    rest = [j for j in big_enough if j not in resilient and context[j] > -0.3]
    chosen = [int(j) for j in rng.choice(rest, 6, replace=False)]
    return resilient, chosen[:4], chosen[4:]


def _project(schools: list[School], level: np.ndarray, size: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Members of the regional project (evening schools and the lowest results) and of Проект 500+ (the largest of these)."""
    evening = [school.index for school in schools if school.evening]
    able = [school.index for school in schools if school.school_type in {"СОШ", "ООШ"} and school.closed is None]
    # one renamed school is a member, so that its old name is met where nothing but the name tells who it is
    low = [_RENAMED_MEMBER, *(j for j in sorted(able, key=lambda j: level[j]) if j != _RENAMED_MEMBER)][:20]
    return tuple(sorted([*low, *evening])), tuple(sorted(sorted(low, key=lambda j: -size[j])[:7]))


def _pupils(schools: list[School], size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Enrolment by school, year, grade − 1; a cohort keeps its size while it moves up."""
    cohorts = np.maximum(rng.normal(size[:, None], 0.12 * size[:, None], (len(schools), len(YEARS) + 12)).round(), 2)
    cohorts[[school.small for school in schools]] = cohorts[[school.small for school in schools]].clip(3, 11)
    pupils = np.zeros((len(schools), len(YEARS), 12), dtype=int)
    for school in schools:
        stays = rng.uniform(*_STAYS)
        for t, grade in product(range(len(YEARS)), GRADES[school.school_type]):
            leaves = grade > 9 and not school.evening
            pupils[school.index, t, grade - 1] = round(cohorts[school.index, t + 12 - grade] * (stays if leaves else 1))
    pupils[list(OPENED)] = 0
    for (source, target), day in MERGED.items():
        after = [school_year_start(year) >= day for year in YEARS]
        pupils[target, after] += pupils[source, after]
        pupils[source, after] = 0
    return pupils
