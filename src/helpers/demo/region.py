"""The invented region: municipalities, schools, how many pupils they have, and the truth about them, year after year.

Municipalities bear the real names of about 2021, so that names of the real length and kind are tried; of the
OKTMO codes only the region's number 30 is to be relied upon, the rest is plausible. Schools and villages are
invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product

import numpy as np

YEARS = (2018, 2019, 2020, 2021)
REGION_NAME = "Камчатский край"
INVENTED = "(вымышл.)"
FIRST_DAY = date(2011, 9, 1)
"""From when the registry knows the schools."""

PUPIL_VARIANCE = 0.9
CONTEXT_SLOPE = 0.30
SCHOOL_SD = 0.20
PERSISTENT_SHARE = 0.7
COHORT_SD = 0.08
PLANTED_EFFECT = 0.45
PROJECT, PROJECT_500 = "региональный проект", "Проект 500+"
PLANTED_SIZE = 30
"""Pupils a grade from which an effect of the planted size can be seen in any year (25) with cohorts varying."""


@dataclass(frozen=True, eq=False)
class Municipality:
    """A municipality: its town (empty if it has villages only) and schools by type, small ones apart."""

    name: str
    oktmo: str
    town: str = ""
    town_genitive: str = ""
    urban: dict[str, int] = field(default_factory=dict)
    rural: dict[str, int] = field(default_factory=dict)
    small: int = 0
    remote: bool = True


MUNICIPALITIES = (
    Municipality(
        "Петропавловск-Камчатский городской округ", "30701000", "г. Петропавловск-Камчатский",
        "г. Петропавловска-Камчатского", {"СОШ": 28, "НОШ": 1, "вечерняя": 3, "коррекционная": 1}, remote=False,
    ),
    Municipality(
        "Вилючинский городской округ", "30735000", "г. Вилючинск", "г. Вилючинска", {"СОШ": 6, "вечерняя": 1},
        remote=False,
    ),
    Municipality(
        "городской округ «посёлок Палана»", "30851000", "пгт Палана", "пгт Палана", {"СОШ": 2, "интернат": 1},
    ),
    Municipality(
        "Елизовский муниципальный район", "30607000", "г. Елизово", "г. Елизово",
        {"СОШ": 6, "вечерняя": 1, "коррекционная": 1}, {"СОШ": 11, "ООШ": 2, "НОШ": 1}, 4, remote=False,
    ),
    Municipality("Мильковский муниципальный округ", "30610000", rural={"СОШ": 5, "ООШ": 2, "НОШ": 1}, small=4,
                 remote=False),
    Municipality("Быстринский муниципальный район", "30604000", rural={"СОШ": 2, "ООШ": 1}, small=1),
    Municipality("Усть-Большерецкий муниципальный район", "30616000", rural={"СОШ": 7, "ООШ": 1}, small=3,
                 remote=False),
    Municipality("Усть-Камчатский муниципальный район", "30619000", rural={"вечерняя": 1, "СОШ": 7}, small=3),
    Municipality("Соболевский муниципальный район", "30613000", rural={"СОШ": 4}, small=2),
    Municipality("Алеутский муниципальный округ", "30601000", rural={"СОШ": 1}, small=1),
    Municipality("Карагинский муниципальный район", "30824000", rural={"СОШ": 4, "ООШ": 1}, small=3),
    Municipality("Олюторский муниципальный район", "30827000", rural={"СОШ": 5, "ООШ": 1}, small=3),
    Municipality("Пенжинский муниципальный район", "30829000", rural={"интернат": 1, "СОШ": 3, "НОШ": 1}, small=3),
    Municipality("Тигильский муниципальный район", "30832000", rural={"СОШ": 4, "ООШ": 1}, small=3),
)  # fmt: skip
"""Within a municipality small schools are the last ones, so that ООШ and НОШ are small."""

TOWN_NUMBERS = [*range(1, 27), 31, 33]
"""Numbers of town schools: № 3, № 31 and № 33 stand side by side to tempt a careless match of names."""

_VILLAGES = [
    f"{first} {second}"
    for first, second in product(
        ["Медвежий", "Кедровый", "Туманный", "Лососёвый", "Янтарный", "Снежный", "Чаячий", "Нерпичий", "Брусничный",
         "Ветреный", "Ольховый", "Рябиновый"],
        ["Брод", "Увал", "Плёс", "Распадок", "Створ", "Причал", "Стан"],
    )
]  # fmt: skip

GRADES = {
    "СОШ": range(1, 12),
    "ООШ": range(1, 10),
    "НОШ": range(1, 5),
    "интернат": range(1, 12),
    "коррекционная": range(1, 10),
    "вечерняя": range(9, 13),
}
_FORMS = {
    "СОШ": ("МБОУ", "СШ", "Средняя школа"),
    "ООШ": ("МКОУ", "ОШ", "Основная школа"),
    "НОШ": ("МБОУ", "НШ", "Начальная школа"),
    "вечерняя": ("МБОУ", "Вечерняя школа", "Вечерняя (сменная) школа"),
    "интернат": ("КГОБУ", "Школа-интернат", "Школа-интернат"),
    "коррекционная": ("КГОБУ", "Коррекционная школа", "Специальная (коррекционная) школа"),
}
_OWNERS = {
    "МБОУ": "Муниципальное бюджетное общеобразовательное учреждение",
    "МКОУ": "Муниципальное казённое общеобразовательное учреждение",
    "КГОБУ": "Краевое государственное общеобразовательное бюджетное учреждение",
}
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

_RENAMED = {1: "«Гимназия № 2»", 6: "«Лицей № 7»", 35: "школа «Маяк»", 54: "школа «Полюс»", 70: "школа «Исток»"}
"""Index of a renamed school: how it is called now."""

_NEW_NAMES = ("Берег", "Горизонт", "Созвездие")
"""What schools are renamed to in the years after the first report."""

LOGINS_CHANGED = date(2021, 9, 1)
"""Since when logins of ФИС ОКО begin with edu."""

_STAYS = (0.42, 0.6)
"""From what to what share of a ninth class goes on into the tenth."""

_RENAMED_MEMBER = 54
_RENAMED_ON = (date(2018, 9, 1), date(2019, 9, 1), date(2020, 1, 15), date(2020, 9, 1), date(2020, 9, 1))
_MERGED = {
    (55, 57): date(2019, 9, 1),
    (56, 57): date(2019, 9, 1),
    (86, 85): date(2019, 9, 1),
    (26, 25): date(2020, 9, 1),
}
"""Who joins whom, by index, and from which day; 57 is new and opens that day."""

_OPENED = {57: date(2019, 9, 1)}
_BRANCHES = {64: 63, 71: 67}
"""A branch and the school it belongs to, by index."""


@dataclass(frozen=True, eq=False)
class School:
    """One school as the registry knows it; `old_*` before `renamed`, dates as written there."""

    school_id: str
    index: int
    municipality: Municipality
    school_type: str
    locality: str
    place: str
    small: bool
    remote: bool
    inn: str
    kpp: str
    ogrn: str
    login: str
    rcoi_code: str
    name_short: str
    name_full: str
    aliases: tuple[str, ...] = ()
    opened: date = FIRST_DAY
    closed: date | None = None
    successor_id: str = ""
    branch_of: str = ""
    renamed: date | None = None
    old_short: str = ""
    old_full: str = ""
    login_changed: date | None = None
    old_login: str = ""

    @property
    def evening(self) -> bool:
        return self.school_type == "вечерняя"

    @property
    def ordinary(self) -> bool:
        """A day school whose pupils sit the tests everybody sits."""
        return self.school_type not in {"вечерняя", "коррекционная"}

    def works(self, day: date) -> bool:
        return self.opened <= day and (self.closed is None or day <= self.closed)

    def name(self, day: date) -> str:
        """Short name as of a day."""
        return self.old_short if self.renamed and day < self.renamed else self.name_short


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
    schools = _schools(rng)
    everyone = range(len(schools))
    ordinary = np.array([school.ordinary for school in schools])
    base = np.array([_base_context(school) for school in schools]) + rng.normal(0, 0.75, len(schools))
    mean, spread = base[ordinary].mean(), base[ordinary].std()
    context = np.where(ordinary, (base - mean) / spread, np.array([_base_context(school) for school in schools]))
    context = context + np.where(ordinary, 0, rng.normal(0, 0.2, len(schools)))
    size = np.array([rng.uniform(*_SIZES[_size_class(school)]) for school in schools])
    for source, target in _MERGED:
        if target in _OPENED:
            context[target] = np.mean([context[a] for a, b in _MERGED if b == target])
        size[source] = min(size[source], 24)  # it is small schools that are closed

    # only planted effects reach the planted size
    persistent = rng.normal(0, SCHOOL_SD * PERSISTENT_SHARE**0.5, len(schools)).clip(-0.38, 0.38)
    transient = rng.normal(0, SCHOOL_SD * (1 - PERSISTENT_SHARE) ** 0.5, (len(schools), len(YEARS)))
    settled = {index for pair in _MERGED for index in pair} | set(_BRANCHES) | set(_RENAMED)
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
    touched = {spell.index for spell in region.spells} | region.planted | {j for pair in _MERGED for j in pair}
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
    schools[renamed.index] = _with_new_name(renamed, f"школа «{_NEW_NAMES[day.year % len(_NEW_NAMES)]}»", day)
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
    pupils[list(_OPENED)] = 0
    for (source, target), day in _MERGED.items():
        after = [school_year_start(year) >= day for year in YEARS]
        pupils[target, after] += pupils[source, after]
        pupils[source, after] = 0
    return pupils


def _schools(rng: np.random.Generator) -> list[School]:
    villages = iter(rng.permutation(_VILLAGES).tolist())
    schools: list[School] = []
    for number, municipality in enumerate(MUNICIPALITIES, start=1):
        urban = [kind for kind, count in municipality.urban.items() for _ in range(count)]
        rural = [kind for kind, count in municipality.rural.items() for _ in range(count)]
        seen: dict[str, int] = {}
        for order, kind in enumerate([*urban, *rural]):
            in_town = order < len(urban)
            seen[kind] = seen.get(kind, 0) + 1
            numbers = TOWN_NUMBERS if kind == "СОШ" else range(1, 10)
            place = municipality.town if in_town else f"с. {next(villages)}"
            of_place = municipality.town_genitive if in_town else place
            label = f"№ {numbers[seen[kind] - 1]}" if in_town and municipality.urban[kind] > 1 else ""
            form, short, full = _FORMS[kind]
            name_short, name_full = _names(form, short, full, label, of_place)
            index = len(schools)
            schools.append(
                School(
                    school_id=f"k{index + 1:03d}",
                    index=index,
                    municipality=municipality,
                    school_type=kind,
                    locality=("пгт" if "пгт" in place else "город") if in_town else "село",
                    place=place,
                    small=order >= len(urban) + len(rural) - municipality.small,
                    remote=municipality.remote or (not in_town and order % 3 == 0),
                    inn=_inn(index),
                    kpp="410101001",
                    ogrn=_ogrn(index),
                    login=f"sch41{number:02d}{order + 1:02d}",
                    rcoi_code=f"{number:02d}02{order + 1:02d}",
                    name_short=name_short,
                    name_full=name_full,
                )
            )
    return _with_history(schools)


def _names(form: str, short: str, full: str, label: str, of_place: str) -> tuple[str, str]:
    """Short and full name; a numbered town school has its town outside the quotes."""
    in_full = of_place.replace("г. ", "города ").replace("с. ", "села ")
    if label:
        return (
            f"{form} «{short} {label}» {of_place} {INVENTED}",
            f"{_OWNERS[form]} «{full} {label}» {in_full} {INVENTED}",
        )
    return f"{form} «{short} {of_place}» {INVENTED}", f"{_OWNERS[form]} «{full} {in_full}» {INVENTED}"


def _with_history(schools: list[School]) -> list[School]:
    """Renamed, merged, newly opened schools and branches."""
    for index, parent in _BRANCHES.items():
        branch, main = schools[index], schools[parent]
        schools[index] = replace(
            branch,
            inn=main.inn,
            ogrn=main.ogrn,
            kpp="410143001",
            branch_of=main.school_id,
            name_short=f"Филиал {main.name_short.removesuffix(f' {INVENTED}')} в {branch.place} {INVENTED}",
            name_full=f"Филиал {main.name_full.removesuffix(f' {INVENTED}')} в {branch.place} {INVENTED}",
        )
    for (index, title), day in zip(_RENAMED.items(), _RENAMED_ON, strict=True):
        schools[index] = _with_new_name(schools[index], title, day)
    for (source, target), day in _MERGED.items():
        successor = schools[target].school_id
        schools[source] = replace(schools[source], closed=day - timedelta(days=1), successor_id=successor)
    for index, day in _OPENED.items():
        school = schools[index]
        schools[index] = replace(
            school,
            opened=day,
            name_short=f"МБОУ «Объединённая школа {school.place}» {INVENTED}",
            name_full=f"{_OWNERS['МБОУ']} «Объединённая школа {school.place.replace('с. ', 'села ')}» {INVENTED}",
        )
    return schools


def _with_new_name(school: School, title: str, day: date) -> School:
    form = school.name_short.split()[0]
    place = school.municipality.town_genitive if school.locality != "село" else school.place
    return replace(
        school,
        renamed=day,
        old_short=school.name_short,
        old_full=school.name_full,
        name_short=f"{form} {title} {place} {INVENTED}",
        name_full=f"{_OWNERS[form]} {title} {place} {INVENTED}",
        aliases=(school.name_short,),
    )


def _inn(index: int) -> str:
    """Ten digits of a legal person in the region 41, the last one a check digit."""
    body = f"4101{index * 37 + 10007:05d}"
    check = sum(int(digit) * weight for digit, weight in zip(body, (2, 4, 10, 3, 5, 9, 4, 6, 8), strict=True))
    return body + str(check % 11 % 10)


def _ogrn(index: int) -> str:
    """Thirteen digits, the last one a check digit."""
    body = f"10241{index * 53 + 1000011:07d}"
    return body + str(int(body) % 11 % 10)
