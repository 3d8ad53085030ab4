"""The invented region's municipalities and schools: their names, codes, and what has become of them by the first report.

Municipalities bear the real names of about 2021, so that names of the real length and kind are tried; of the
OKTMO codes only the region's number 30 is to be relied upon, the rest is plausible. Schools and villages are
invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product

import numpy as np

REGION_NAME = "Камчатский край"
INVENTED = "(вымышл.)"
FIRST_DAY = date(2011, 9, 1)
"""From when the registry knows the schools."""


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

RENAMED = {1: "«Гимназия № 2»", 6: "«Лицей № 7»", 35: "школа «Маяк»", 54: "школа «Полюс»", 70: "школа «Исток»"}
"""Index of a renamed school: how it is called now."""

_RENAMED_ON = (date(2018, 9, 1), date(2019, 9, 1), date(2020, 1, 15), date(2020, 9, 1), date(2020, 9, 1))

MERGED = {
    (55, 57): date(2019, 9, 1),
    (56, 57): date(2019, 9, 1),
    (86, 85): date(2019, 9, 1),
    (26, 25): date(2020, 9, 1),
}
"""Who joins whom, by index, and from which day; 57 is new and opens that day."""

OPENED = {57: date(2019, 9, 1)}
BRANCHES = {64: 63, 71: 67}
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


def invented_schools(rng: np.random.Generator) -> list[School]:
    """All schools that there have been, in the order of their indices."""
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
    for index, parent in BRANCHES.items():
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
    for (index, title), day in zip(RENAMED.items(), _RENAMED_ON, strict=True):
        schools[index] = with_new_name(schools[index], title, day)
    for (source, target), day in MERGED.items():
        successor = schools[target].school_id
        schools[source] = replace(schools[source], closed=day - timedelta(days=1), successor_id=successor)
    for index, day in OPENED.items():
        school = schools[index]
        schools[index] = replace(
            school,
            opened=day,
            name_short=f"МБОУ «Объединённая школа {school.place}» {INVENTED}",
            name_full=f"{_OWNERS['МБОУ']} «Объединённая школа {school.place.replace('с. ', 'села ')}» {INVENTED}",
        )
    return schools


def with_new_name(school: School, title: str, day: date) -> School:
    """The school as it is called from a day on."""
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
