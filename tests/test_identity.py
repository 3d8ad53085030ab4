"""A school is found by its codes, then by a name that says the same; what is merely alike is never joined."""

import re
from datetime import date

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from helpers.intake.calendar import load_calendar
from helpers.intake.findings import Findings
from helpers.intake.identity import Keys, Match, Registry, plain_code
from helpers.intake.names import as_cyrillic, as_latin, fold, says_the_same, school_name
from helpers.intake.records import Intake, Stranger
from helpers.problems import Problem

TOWN = "Елизовский муниципальный район"
OTHER = "Вилючинский городской округ"
CAPITAL = "Петропавловск-Камчатский городской округ"
PALANA = "городской округ «посёлок Палана»"
FULL = "Муниципальное бюджетное общеобразовательное учреждение"
NBSP, THIN = "\u00a0", "\u2009"

COLUMNS = ["school_id", "municipality", "name_short", "name_full", "aliases", "inn", "kpp", "login", "rcoi_code"]


def registry(*schools, confirmed=None):
    """A registry of schools given as dicts; whatever they leave out is null."""
    rows = [{"school_id": f"S{place}", "municipality": TOWN} | school for place, school in enumerate(schools)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
    always = frame.with_columns(from_date=pl.lit(date(2011, 9, 1)), to_date=pl.lit(None, pl.Date))
    return Registry(always, confirmed)


def named(*names, municipality=TOWN):
    """Schools by their short names, all in one municipality."""
    return [{"name_short": name, "municipality": municipality} for name in names]


def cases(table):
    """(one, other) of a table {a name: other names}."""
    return [pytest.param(one, other, id=f"{one} | {other}") for one, others in table.items() for other in others]


# --- spellings of one school

SAME = {
    "МБОУ «Средняя школа № 3»": [
        "МБОУ СОШ №3",
        "СШ N 3",
        "СШ № 3",
        "Средняя общеобразовательная школа № 3 г. Елизово",
        f"{FULL} «Средняя общеобразовательная школа № 3»",
        f"{FULL} «Средняя школа № 3» (МБОУ «СШ № 3»)",
        f"{FULL.upper()} «СРЕДНЯЯ ШКОЛА № 3»",
        'МБОУ "Средняя школа № 3"',
        "МБОУ „Средняя школа № 3“",
        "МБОУ “Средняя школа № 3”",
        "МБОУ ‘Средняя школа № 3’",
        "МБОУ `Средняя школа № 3'",
        "мбоу средняя школа №3",
        f"МБОУ{NBSP}«Средняя{NBSP}школа{NBSP}№{NBSP}3»",
        f"МБОУ{THIN}«Средняя школа №{THIN}3»",
        "  МБОУ   «Средняя  школа  №  3» ",
        "МБОУ «Средняя школа No 3»",
        "МБОУ «Средняя школа No. 3»",
        "МБОУ «Средняя школа Nо3»",
        "МБОУ «Средняя школа Nº 3»",
        "МБОУ «Средняя школа N° 3»",
        "МБОУ «Средняя школа номер 3»",
        "МБОУ «Средняя школа n3»",
        "МБОУ «Средняя школа № 03»",
        "MБOУ COШ № 3",
        "МБОУ «Cpeдняя шкoлa № 3»",
        "МКОУ «Средняя школа № 3»",
        "МАОУ СОШ № 3",
        "МОУ СОШ № 3",
        "Средняя школа № 3 (вымышл.)",
        "МБОУ СОШ № 3 имени А. С. Пушкина",
        "МБОУ СОШ № 3 им. Пушкина",
        "МБОУ «СОШ № 3 им. Героя Советского Союза А. С. Иванова»",
        "\u200bМБОУ СОШ № 3",
        "МБОУ СОШ № 3 г. Елизово Камчатского края",
        "МБОУ «Елизовская средняя школа № 3»",
    ],
    "МБОУ «СОШ с. Лососёвый Плёс»": [
        "МБОУ «СОШ с. Лососевый Плес»",
        "СРЕДНЯЯ ШКОЛА СЕЛА ЛОСОСЁВЫЙ ПЛЁС",
        "МКОУ СШ с.Лососевый Плёс",
        "Средняя общеобразовательная школа села Лососевого Плеса",
        f"{FULL} «Средняя школа с. Лососёвый Плёс»",
        "MБОУ «CОШ c. Лососёвый Плёс»",
        "МБОУ ‹СОШ с. Лососёвый Плёс›",
        "\ufeffМБОУ «СОШ с. Лососёвый Плёс»",
        "МБОУ «СОШ с. Лососе\u0308выи\u0306 Пле\u0308с»",
        "МБОУ «СОШ с. Лососё\u0301вый Плёс»",
    ],
    "МБОУ «Коряки СОШ»": [
        "Корякская средняя школа",
        "МБОУ СОШ с. Коряки",
        "СШ села Коряки",
    ],
    "МКОУ «Основная школа с. Сосновка»": [
        "ООШ с. Сосновка",
        "ОШ с. Сосновки",
        "Муниципальное казённое общеобразовательное учреждение «Основная общеобразовательная школа села Сосновка»",
        "МБОУ основная общеобразовательная школа с.Сосновка",
    ],
    "МБОУ «Начальная школа № 2»": [
        "НОШ № 2",
        "НШ №2",
        "Начальная общеобразовательная школа N 2 п. Раздольный",
    ],
    "МБОУ «Вечерняя (сменная) школа № 1»": [
        "Вечерняя школа № 1",
        "МБОУ ВСОШ № 1",
        "Вечерняя (сменная) общеобразовательная школа № 1 г. Елизово",
        "Открытая (сменная) общеобразовательная школа № 1",
        "Вечерняя сменная школа №1",
        "ВСШ № 1",
        "ОСОШ № 1",
    ],
    "КГОБУ «Паланская школа-интернат»": [
        "Школа-интернат пгт Палана",
        "КГОБУ «Паланская школа - интернат»",
        "КГОБУ «Паланская школа — интернат»",
        "КГБОУ «Паланская общеобразовательная школа-интернат»",
        "Паланская средняя школа-интернат",
        "Краевое государственное бюджетное общеобразовательное учреждение «Паланская школа-интернат»",
        "Краевое государственное общеобразовательное бюджетное учреждение «Паланская школа-интернат»",
        "КГОБУ «Паланская общеобразовательная средняя школа-интернат»",
        "КГОБУ «Паланский интернат»",
    ],
    "МБОУ «Начальная школа — детский сад № 5»": [
        "Начальная школа-детский сад № 5",
        "МКОУ школа – детский сад №5",
        "НШ-ДС № 5",
        "НШДС № 5",
        "Начальная общеобразовательная школа - детский сад № 5",
    ],
    "МАОУ «Гимназия № 39»": [
        "гимназия №39",
        "МАОУ Гимназия № 39 г. Елизово",
        "МБОУ «Гимназия № 39» им. Лермонтова",
    ],
    "МБОУ «Лицей № 46»": [
        "Лицей N46",
        "Муниципальное автономное общеобразовательное учреждение «Лицей № 46»",
    ],
    "МБОУ «Центр образования № 2»": [
        "ЦО № 2",
        "МБОУ Центр образования №2 «Эврика»",
    ],
    "Филиал МБОУ СОШ с. Коряки в с. Сосновка": [
        "Филиал МКОУ «Средняя школа с. Коряки» в с. Сосновка",
        "МБОУ СОШ с. Коряки (филиал в с. Сосновка)",
    ],
    "МБОУ «Школа-интернат с. Коряки»": [
        "MБOY «Школа-интернат с. Коряки»",
        "МБОУ «Школа\u2011интернат с. Коряки»",
        "МБОУ «Школа\u2010интернат с. Коряки»",
        "МБОУ «Школа-инте\u00adрнат с. Коряки»",
    ],
    "МБОУ «Средняя школа с. Коряки»": [
        "Муниципальное общеобразовательное учреждение «Средняя школа с. Коряки»",
        "Муниципальное общеобразовательное бюджетное учреждение «Средняя школа с. Коряки»",
    ],
    "МБОУ «Вечерняя школа № 1»": [
        "О(С)ОШ № 1",
        "В(С)ОШ № 1",
        "МБВ(С)ОУ «В(с)ОШ № 1»",
        "ВШ № 1",
        "Вечерняя средняя общеобразовательная школа № 1",
        "Средняя общеобразовательная школа № 1 (вечерняя)",
    ],
    "МБОУ «Вечерняя школа с. Коряки»": [
        "О(С)ОШ с. Коряки",
        "Муниципальное вечернее (сменное) общеобразовательное учреждение «Школа с. Коряки»",
    ],
    "МБОУ «СОШ № 3»": [
        "Средняя (полная) общеобразовательная школа № 3",
    ],
    "КГОБУ «Коррекционная школа № 2»": [
        "КГОБУ «Специальная (коррекционная) школа № 2»",
    ],
    "МБОУ СОШ им. А. С. Пушкина с. Коряки": [
        "МБОУ СОШ с. Коряки",
        "МБОУ СОШ с. Коряки им. Пушкина",
    ],
    "Лицей № 5": [
        "Лицей имени Пушкина № 5",
    ],
    "МБОУ СОШ с. Коряки": [
        "МБОУ СОШ с. Коряки им.А.С. Пушкина",
        "МБОУ СОШ с. Коряки Елизовского муниципального района",
        "МБОУ СОШ с. Коряки Елизовского района Камчатского края",
        "МБОУ СОШ с углублённым изучением английского языка с. Коряки",
    ],
    "Гимназия г. Петропавловск-Камчатский": [
        "Гимназия г. Петропавловска-Камчатского",
    ],
    "СОШ с. Северные Коряки": [
        "СОШ села Северных Коряк",
        "СОШ в селе Северные Коряки",
    ],
    "МБОУ СОШ № 3": [
        "МБОУ СОШ3",
    ],
}


@pytest.mark.parametrize(("one", "other"), cases(SAME))
def test_spellings_of_one_school(one, other):
    assert says_the_same(school_name(one), school_name(other))
    assert says_the_same(school_name(other), school_name(one))
    assert registry(*named(one)).find(Keys(name=other, municipality=TOWN)) == Match("S0", "name")


def test_there_are_enough_spellings():
    assert len(cases(SAME)) >= 90
    assert len(cases(DIFFERENT)) >= 80


# --- schools that are not one

DIFFERENT = {
    "МБОУ СОШ № 3": [
        "МБОУ СОШ № 33",
        "МБОУ СОШ № 13",
        "МБОУ СОШ № 30",
        "МБОУ СОШ № 31",
        "МБОУ СОШ",
        "МБОУ ООШ № 3",
        "МБОУ НОШ № 3",
        "МАОУ «Гимназия № 3»",
        "МАОУ «Лицей № 3»",
        "МБОУ «Вечерняя школа № 3»",
        "МБОУ «Вечерняя (сменная) общеобразовательная школа № 3»",
        "ВСОШ № 3",
        "КГОБУ «Школа-интернат № 3»",
        "МБОУ «Центр образования № 3»",
        "МБОУ «Начальная школа — детский сад № 3»",
        "МБДОУ «Детский сад № 3»",
        "МБДОУ № 3",
        "КГОБУ «Специальная (коррекционная) школа № 3»",
        "МБУ ДО «Детская школа искусств № 3»",
        "Филиал МБОУ СОШ № 3",
        "Филиал МБОУ СОШ № 3 в с. Сосновка",
        "МБОУ СОШ № 3, филиал с. Сосновка",
        "Структурное подразделение МБОУ СОШ № 3",
        "Вечерняя средняя школа № 3",
        "Средняя общеобразовательная школа № 3 (вечерняя)",
    ],
    "МБОУ СОШ № 3 г. Елизово": [
        "МБОУ СОШ № 3 г. Вилючинск",
        "МБОУ СОШ № 3 пгт Палана",
        "МБОУ СОШ № 33 г. Елизово",
    ],
    "МБОУ СОШ № 12": [
        "МБОУ СОШ № 1",
        "МБОУ СОШ № 2",
        "МБОУ СОШ № 21",
        "МБОУ СОШ № 112",
    ],
    "МБОУ СОШ с. Коряки": [
        "МБОУ ООШ с. Коряки",
        "МБОУ НОШ с. Коряки",
        "МБОУ СОШ с. Северные Коряки",
        "МБОУ СОШ с. Сосновка",
        "МБОУ СОШ № 1 с. Коряки",
        "Школа-интернат с. Коряки",
        "Вечерняя школа с. Коряки",
        "Детский сад с. Коряки",
        "Филиал МБОУ СОШ с. Коряки в с. Сосновка",
        "Филиал МБОУ СОШ с. Сосновка в с. Коряки",
        "МБОУ СОШ",
        "МБОУ СОШ с. Коряки (филиал в с. Сосновка)",
    ],
    "Филиал МБОУ СОШ с. Коряки в с. Сосновка": [
        "Филиал МБОУ СОШ с. Коряки в с. Раздольный",
        "МБОУ СОШ с. Сосновка",
    ],
    "МБОУ «Основная школа № 2»": [
        "МБОУ «Начальная школа № 2»",
        "МБОУ «Средняя школа № 2»",
        "О(С)ОШ № 4",
    ],
    "МАОУ «Гимназия № 1»": [
        "МАОУ «Лицей № 1»",
        "МАОУ «Гимназия № 11»",
        "МБОУ «Школа № 1»",
    ],
    "МБОУ СОШ с. Большерецк": [
        "МБОУ СОШ с. Усть-Большерецк",
    ],
    "МБОУ ООШ № 3": [
        "О(С)ОШ № 3",
        "В(С)ОШ № 3",
    ],
    "МБОУ НОШ № 5": [
        "НОШ — детский сад № 5",
        "НОШ-ДС № 5",
    ],
    "МБОУ «Лицей № 5»": [
        "Лицей-интернат № 5",
    ],
    "МБОУ СОШ № 5": [
        "СОШ — детский сад № 5",
        "СОШ-интернат № 5",
        "МБУ ДО СШ № 5",
    ],
    "МБОУ «Школа № 3»": [
        "Детский сад № 3",
        "МБДОУ № 3",
        "Прогимназия № 3",
        "Коррекционная школа № 3",
        "КГОБУ «Специальная (коррекционная) школа № 3»",
        "Детская школа искусств № 3",
        "Музыкальная школа № 3",
        "ДЮСШ № 3",
        "Кадетская школа № 3",
        "Кадетский корпус № 3",
    ],
    "Лицей им. Пушкина № 5": [
        "Лицей им. Пушкина № 6",
        "Лицей им. Пушкина",
    ],
    "Гимназия им. Пушкина": [
        "Гимназия им. Лермонтова",
        "Гимназия",
    ],
    "СОШ имени Героя Советского Союза Иванова с. Коряки": [
        "СОШ имени Героя Советского Союза Петрова с. Сосновка",
    ],
    "СОШ № 3 имени Иванова с. Коряки": [
        "СОШ № 3 имени Иванова с. Сосновка",
    ],
    "СОШ № 3 им. Пушкина": [
        "СОШ № 3 им. Лермонтова",
    ],
    "МБОУ СОШ № 4": [
        "МБОУ СОШ № 4А",
        "МБОУ СОШ № 4-б",
    ],
    "СОШ № 4А": [
        "СОШ № 4Б",
    ],
    "МБОУ СОШ № 1 (с. Коряки)": [
        "МБОУ СОШ № 1 (с. Сосновка)",
    ],
    "МБОУ СОШ № 1 с. Большерецк": [
        "МБОУ СОШ № 1 с. Усть-Большерецк",
    ],
}


@pytest.mark.parametrize(("one", "other"), cases(DIFFERENT))
def test_schools_that_are_not_one(one, other):
    assert not says_the_same(school_name(one), school_name(other))
    assert not says_the_same(school_name(other), school_name(one))
    for known, written in ((one, other), (other, one)):
        found = registry(*named(known)).find(Keys(name=written, municipality=TOWN))
        assert (found.school_id, found.by) == (None, "")


def test_a_name_without_a_word_of_its_own_says_nothing():
    """«СОШ» alone is the same letters, not the same school, unless the registry itself calls a school that."""
    assert registry(*named("МБОУ СОШ")).find(Keys(name="мбоу «СОШ»", municipality=TOWN)).school_id == "S0"


def test_nothing_does_not_equal_nothing():
    assert not says_the_same(school_name("МБОУ СОШ"), school_name("МКОУ Средняя школа"))
    assert not says_the_same(school_name(""), school_name("МБОУ"))


# --- where a name stands

TWO_TOWNS = registry(
    {"name_short": "МБОУ «СОШ № 3»", "municipality": TOWN},
    {"name_short": "МБОУ «СОШ № 3» г. Вилючинска", "municipality": OTHER},
    {"name_short": "МАОУ «СОШ № 7»", "municipality": CAPITAL},
    {"name_short": "КГОБУ «Паланская школа-интернат»", "municipality": PALANA},
)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        (TOWN, TOWN),
        ("Елизовский", TOWN),
        ("Елизовский район", TOWN),
        ("Елизовский р-н", TOWN),
        ("Елизовский МР", TOWN),
        ("ЕЛИЗОВСКИЙ  МУНИЦИПАЛЬНЫЙ РАЙОН", TOWN),
        (f"Eлизовский{NBSP}муниципальный район ", TOWN),
        ("Вилючинский ГО", OTHER),
        ("Петропавловск-Камчатский", CAPITAL),
        ("г. Петропавловск-Камчатский", CAPITAL),
        ("г.Петропавловск-Камчатский", CAPITAL),
        ("городской округ посёлок Палана", PALANA),
        ("пгт Палана", PALANA),
        ("Палана", PALANA),
        ("Мильковский муниципальный округ", ""),
        ("Камчатский край", ""),
        ("район", ""),
        ("", ""),
    ],
)
def test_a_municipality_is_known_by_its_short_form(written, known):
    assert TWO_TOWNS.municipality(written) == known


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("Елизовского района", TOWN),
        ("Елизовского муниципального района", TOWN),
        ("г. Вилючинск", OTHER),
        ("Вилючинск", OTHER),
        ("Вилючинского городского округа", OTHER),
        ("г Петропавловск-Камчатский", CAPITAL),
    ],
)
def test_a_municipality_is_known_in_other_forms(written, known):
    assert TWO_TOWNS.municipality(written) == known


def test_two_municipalities_with_one_short_form_are_neither():
    both = registry(
        {"name_short": "СОШ № 1", "municipality": "Елизовский муниципальный район"},
        {"name_short": "СОШ № 2", "municipality": "Елизовский городской округ"},
    )
    assert both.municipality("Елизовский") == ""


@pytest.mark.parametrize(
    ("municipality", "name", "found"),
    [
        (TOWN, "СШ № 3", "S0"),
        (OTHER, "СШ № 3", "S1"),
        ("Вилючинский ГО", "МБОУ СОШ N3", "S1"),
        (CAPITAL, "СШ № 3", None),
        ("", "СШ № 7", "S2"),
        (TOWN, "СШ № 7", None),
        ("", "СШ № 3", None),
        ("", "СШ № 3 г. Вилючинск", None),
        ("", "МБОУ «СОШ № 3» г. Вилючинска", "S1"),
    ],
)
def test_a_name_is_looked_for_in_its_municipality(municipality, name, found):
    assert TWO_TOWNS.find(Keys(name=name, municipality=municipality)).school_id == found


def test_an_exact_name_without_a_place_needs_a_municipality():
    found = TWO_TOWNS.find(Keys(name="МБОУ «СОШ № 3»"))
    assert found == Match(None, proposed=("S0", "S1"))


@pytest.mark.parametrize("name", ["СШ № 7", "МАОУ «СОШ № 7»"])
def test_a_school_of_an_unknown_municipality_is_only_proposed(name):
    found = TWO_TOWNS.find(Keys(name=name, municipality="Мильковский муниципальный округ"))
    assert found == Match(None, proposed=("S2",))


def test_a_former_name_and_other_names_are_known():
    schools = registry(
        {"school_id": "A", "name_short": "МБОУ «СОШ № 2»"},
        {"school_id": "A", "name_short": "МАОУ «Гимназия № 2»", "name_full": "Гимназия № 2 «Эврика»"},
        {"school_id": "B", "name_short": "МБОУ «СОШ № 5»", "aliases": "Школа «Маяк»| Школа на горе | "},
    )
    for name, school_id in {
        "СШ № 2": "A",
        "гимназия №2": "A",
        "Школа Маяк": "B",
        "школа на горе": "B",
        "СОШ № 5": "B",
    }.items():
        assert schools.find(Keys(name=name, municipality=TOWN)) == Match(school_id, "name")
    assert schools.name("A") == "МАОУ «Гимназия № 2»"
    assert schools.name("unknown") == "unknown"


def test_a_branch_is_told_from_its_school_by_name():
    names = ["МБОУ СОШ с. Коряки", "Филиал МБОУ СОШ с. Коряки в с. Сосновка", "Филиал МБОУ СОШ с. Коряки в с. Нагорный"]
    schools = registry(*named(*names))
    for place, name in enumerate(names):
        assert schools.find(Keys(name=name.replace("СОШ", "СШ"), municipality=TOWN)) == Match(f"S{place}", "name")


# --- confirmed names

CONFIRMED = {(fold("Школа у моря"), fold(TOWN)): "S0", (fold("Школа за рекой"), ""): "S1"}


def test_a_confirmed_name_is_found_however_it_is_written():
    schools = registry(*named("СОШ № 3", "СОШ № 5"), confirmed=CONFIRMED)
    for municipality in (TOWN, "Елизовский", TOWN.upper()):
        assert schools.find(Keys(name="ШКОЛА «у моря»", municipality=municipality)) == Match("S0", "confirmed")
    assert schools.find(Keys(name="школа за рекой")) == Match("S1", "confirmed")
    assert schools.find(Keys(name="школа у моря", municipality=OTHER)).school_id is None
    assert schools.find(Keys(name="школа у моря")).school_id is None


def test_a_confirmed_name_may_have_the_short_form_of_its_municipality():
    schools = registry(*named("СОШ № 3"), confirmed={(fold("Школа у моря"), fold("Елизовский район")): "S0"})
    assert schools.find(Keys(name="Школа у моря", municipality="Елизовский район")) == Match("S0", "confirmed")
    assert schools.find(Keys(name="Школа у моря", municipality=TOWN)) == Match("S0", "confirmed")


# --- codes

CODED = registry(
    {"inn": "0410012345", "kpp": "041001001", "login": "sch410001", "rcoi_code": "0101", "name_short": "СОШ № 1"},
    {"inn": "0410099999", "kpp": "041001002", "login": "sch410002", "rcoi_code": "0102", "name_short": "СОШ № 2"},
    {"inn": "4100000001", "kpp": "410001001", "login": "sch410003", "rcoi_code": "0201", "name_short": "СОШ с. Коряки"},
    {
        "inn": "4100000001",
        "kpp": "410043002",
        "login": "sch410004",
        "rcoi_code": "0202",
        "name_short": "Филиал МБОУ СОШ с. Коряки в с. Сосновка",
    },
    {"inn": "4100000007", "login": "sch410007", "rcoi_code": "777", "name_short": "СОШ № 7", "municipality": OTHER},
    {"inn": "4100000008", "login": "sch410008", "rcoi_code": "777", "name_short": "СОШ № 8", "municipality": OTHER},
)
CODES = [
    *(("login", f"sch41000{n}", f"S{place}") for place, n in enumerate((1, 2, 3, 4, 7, 8))),
    *(("rcoi_code", code, f"S{place}") for place, code in enumerate(("0101", "0102", "0201", "0202"))),
    ("inn", "0410012345", "S0"),
    ("inn", "0410099999", "S1"),
]
ALIKE = {"c": "сС", "h": "Н", "s": "S", "0": "0"}


@st.composite
def spoiled_codes(draw):
    """A code of CODED as a spreadsheet and a hand leave it."""
    system, code, school_id = draw(st.sampled_from(CODES))
    text = code.lstrip("0") if draw(st.booleans()) else "0" * draw(st.integers(0, 2)) + code
    letters = [draw(st.sampled_from(letter + letter.upper() + ALIKE.get(letter, ""))) for letter in text]
    spaces = st.sampled_from(["", "", "", " ", NBSP, THIN, "\t"])
    text = "".join(draw(spaces) + letter for letter in letters) + draw(spaces)
    return system, text + draw(st.sampled_from(["", ".0", " .0 "])), school_id


@given(spoiled_codes())
def test_a_spoiled_code_is_found(spoiled):
    system, text, school_id = spoiled
    assert CODED.find(Keys(**{system: text})) == Match(school_id, system)


@pytest.mark.parametrize("text", ["101,0", "101.00", "'0101", "\ufeff0101", "0101\u200b"])
def test_a_code_spoiled_in_other_ways_is_found(text):
    assert CODED.find(Keys(rcoi_code=text)) == Match("S0", "rcoi_code")


@given(spoiled_codes())
def test_plain_code_is_idempotent(spoiled):
    assert plain_code(plain_code(spoiled[1])) == plain_code(spoiled[1])


@given(st.sampled_from(["inn", "login", "rcoi_code"]), st.text("0123456789sch.", max_size=12))
def test_another_code_finds_nobody(system, text):
    known = {plain_code(code) for column, code, _ in CODES if column == system} | {"4100000007", "4100000008"}
    assume(plain_code(text) not in known)
    assert CODED.find(Keys(**{system: text})).school_id is None


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        (Keys(inn="4100000001", kpp="410001001"), Match("S2", "inn")),
        (Keys(inn="4100000001", kpp="410043002.0"), Match("S3", "inn")),
        (Keys(inn="410012345", kpp="999999999"), Match("S0", "inn")),
        (Keys(inn="4100000001", login="sch410004"), Match("S3", "login")),
        (Keys(inn="4100000001", rcoi_code="201"), Match("S2", "rcoi_code")),
        (Keys(inn="4100000001", name="СШ с. Коряки", municipality=TOWN), Match("S2", "name")),
        (
            Keys(inn="4100000001", name="Филиал МБОУ «СШ с. Коряки» в с. Сосновка", municipality=TOWN),
            Match("S3", "name"),
        ),
        (Keys(inn="0410012345", login="sch410001", name="СОШ № 1", municipality=TOWN), Match("S0", "inn")),
        (Keys(inn="0410012345", name="СОШ № 2", municipality=TOWN), Match("S0", "inn", differs="S1")),
        (Keys(login="sch410002", name="СОШ № 1", municipality=TOWN), Match("S1", "login", differs="S0")),
        (Keys(login="sch410002", name="СОШ № 99", municipality=TOWN), Match("S1", "login")),
        (Keys(inn="9999999999", name="СОШ № 1", municipality=TOWN), Match("S0", "name")),
        (Keys(inn="9999999999", login="sch410002"), Match("S1", "login")),
        (Keys(rcoi_code="777", name="СОШ № 8", municipality=OTHER), Match("S5", "name")),
        (Keys(), Match(None)),
        (Keys(kpp="041001001"), Match(None)),
    ],
)
def test_codes_come_in_their_order(keys, match):
    assert CODED.find(keys) == match


@pytest.mark.parametrize(
    "keys",
    [
        Keys(inn="4100000001"),
        Keys(inn="4100000001", kpp="111111111"),
        Keys(rcoi_code="777"),
        Keys(rcoi_code="0777.0"),
        Keys(inn="4100000001", rcoi_code="777"),
    ],
)
def test_an_ambiguous_code_joins_nobody(keys):
    assert CODED.find(keys).school_id is None


def test_a_name_chooses_only_among_the_schools_of_the_code():
    assert CODED.find(Keys(inn="4100000001", name="СОШ № 1", municipality=TOWN)) == Match(None, proposed=("S2", "S3"))


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        (Keys(inn="0410012345", login="sch410002"), Match("S0", "inn", differs="S1")),
        (Keys(login="sch410002", rcoi_code="0101"), Match("S1", "login", differs="S0")),
        (Keys(inn="4100000001", login="sch410001"), Match("S0", "login", differs="S2")),
    ],
)
def test_codes_of_two_schools_are_told(keys, match):
    assert CODED.find(keys) == match


def test_zeros_are_no_code():
    assert registry({"name_short": "СОШ № 1", "rcoi_code": "0"}).find(Keys(rcoi_code="000")) == Match(None)


def test_codes_that_differ_in_leading_zeros_only_join_nobody():
    both = registry({"name_short": "СОШ № 1", "rcoi_code": "0101"}, {"name_short": "СОШ № 2", "rcoi_code": "101"})
    assert both.find(Keys(rcoi_code="101")).school_id is None


def test_a_code_letter_for_letter():
    assert CODED.has_code("rcoi_code", " 0101 ")
    assert not CODED.has_code("rcoi_code", "101")
    assert not CODED.has_code("login", "sсh410001")


# --- names written with noise

KIND_NAMES = {
    "СОШ": ["СОШ", "СШ", "Средняя школа", "Средняя общеобразовательная школа"],
    "ООШ": ["ООШ", "ОШ", "Основная школа", "Основная общеобразовательная школа"],
    "НОШ": ["НОШ", "НШ", "Начальная школа", "Начальная общеобразовательная школа"],
    "вечерняя": ["Вечерняя школа", "Вечерняя (сменная) школа", "ВСОШ", "Открытая (сменная) общеобразовательная школа"],
    "интернат": ["Школа-интернат", "Школа - интернат", "Средняя школа — интернат"],
    "детский сад": ["Начальная школа — детский сад", "Начальная школа-детский сад"],
    "гимназия": ["Гимназия"],
    "лицей": ["Лицей"],
    "центр образования": ["Центр образования", "ЦО"],
}
PLACES = ["", "с. Коряки", "с. Лососёвый Плёс", "г. Елизово", "пгт Палана", "п. Раздольный", "с. Усть-Хайрюзово"]
LEGAL_FORMS = [
    *("", "МБОУ", "МКОУ", "МАОУ", "МОУ", "КГОБУ"),
    FULL,
    "Муниципальное казённое общеобразовательное учреждение",
    "Краевое государственное бюджетное общеобразовательное учреждение",
]
QUOTES = ["«»", '""', "„“", "“”", "''", "‘’", "  ", "``"]
NUMBER_SIGNS = ["№", "№ ", "N", "N ", "No ", "No. ", "Nº ", "n ", "номер ", f"№{NBSP}"]
LOOK_ALIKES = dict(zip("АВЕКМНОРСТУХаеорсух", "ABEKMHOPCTYXaeopcyx", strict=True))


@st.composite
def school_parts(draw):
    """(kind, number, place) of which something tells the school from others."""
    kind, place = draw(st.sampled_from(list(KIND_NAMES))), draw(st.sampled_from(PLACES))
    number = draw(st.integers(0 if place else 1, 200))
    return kind, number, place


@st.composite
def written(draw, parts):
    """One of the ways to write a school's name."""
    kind, number, place = parts
    sign = draw(st.sampled_from(NUMBER_SIGNS)) + str(number) if number else ""
    core = " ".join(filter(None, (draw(st.sampled_from(KIND_NAMES[kind])), sign, place)))
    before, after = draw(st.sampled_from(QUOTES))
    text = " ".join(filter(None, (draw(st.sampled_from(LEGAL_FORMS)), f"{before}{core}{after}")))
    if draw(st.booleans()):
        text = text.replace("ё", "е")
    text = draw(st.sampled_from([str, str.upper, str.lower, str.title]))(text)
    alike = draw(st.sets(st.sampled_from(sorted(LOOK_ALIKES)), max_size=4))
    text = "".join(LOOK_ALIKES[letter] if letter in alike and draw(st.booleans()) else letter for letter in text)
    space = draw(st.sampled_from([" ", "  ", NBSP, THIN, "\t", " \n"]))
    edge = draw(st.sampled_from(["", " ", NBSP]))
    return edge + text.replace(" ", space) + edge


@st.composite
def one_school_twice(draw):
    parts = draw(school_parts())
    return draw(written(parts)), draw(written(parts))


@st.composite
def two_schools(draw):
    """Two schools whose numbers or kinds differ."""
    one, other = draw(school_parts()), draw(school_parts())
    if draw(st.booleans()):
        other = (one[0], other[1] or 1, one[2])
    assume(one[:2] != other[:2])
    return draw(written(one)), draw(written(other))


CROWD = [
    {"name_short": f"МБОУ «{name} № {number}»", "municipality": municipality}
    for municipality in (TOWN, OTHER)
    for name in ("СОШ", "Вечерняя школа", "Гимназия")
    for number in (1, 3, 13, 31, 33)
] + [{"name_short": f"МБОУ «{kind} {place}»"} for kind in ("СОШ", "ООШ") for place in ("с. Коряки", "с. Сосновка")]
CROWDED = registry(*CROWD)
PLACE_OF = {f"S{place}": school["municipality"] for place, school in enumerate(registry(*CROWD).rows.to_dicts())}


@given(one_school_twice())
@settings(max_examples=400, deadline=None)
def test_a_school_is_found_however_its_name_is_written(names):
    one, other = names
    assert says_the_same(school_name(one), school_name(other))
    assert registry(*named(one)).find(Keys(name=other, municipality=TOWN)) == Match("S0", "name")


@given(two_schools())
@settings(max_examples=400, deadline=None)
def test_another_number_or_kind_is_another_school(names):
    one, other = names
    assert not says_the_same(school_name(one), school_name(other))
    assert registry(*named(one)).find(Keys(name=other, municipality=TOWN)).school_id is None


@given(
    st.data(),
    school_parts(),
    st.sampled_from([TOWN, OTHER, "Елизовский", "Елизовский район", "Вилючинский ГО", "вилючинский городской округ"]),
)
@settings(max_examples=300, deadline=None)
def test_nothing_of_another_municipality_is_found_or_proposed(data, parts, municipality):
    found = CROWDED.find(Keys(name=data.draw(written(parts)), municipality=municipality))
    ids = {found.school_id, *found.proposed} - {None}
    assert {PLACE_OF[school_id] for school_id in ids} <= {CROWDED.municipality(municipality)}


@given(st.data(), school_parts(), st.sampled_from(["", TOWN, OTHER]))
@settings(max_examples=300, deadline=None)
def test_what_is_proposed(data, parts, municipality):
    """Proposals are schools of the registry, each once; none beside a join, no single one where two say the same."""
    name = data.draw(written(parts))
    found = CROWDED.find(Keys(name=name, municipality=municipality))
    said = school_name(name)
    same = {
        f"S{place}"
        for place, school in enumerate(CROWD)
        if municipality in ("", PLACE_OF[f"S{place}"]) and says_the_same(said, school_name(school["name_short"]))
    }
    assert len(set(found.proposed)) == len(found.proposed)
    assert set(found.proposed) <= set(PLACE_OF)
    if found.school_id:
        assert found.proposed == ()
        assert found.school_id in same or not same
    if len(same) == 1:
        assert found == Match(same.pop(), "name")
    elif same:
        assert found.school_id is None
        assert set(found.proposed) == same
    else:
        assert len(found.proposed) <= 3
    assert CROWDED.find(Keys(name=name, municipality=municipality)) == found


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("МБОУ «СОШЬ № 31»", "МБОУ «СОШ № 31»"),
        ("МБОУ «Гимнасия № 3»", "МБОУ «Гимназия № 3»"),
        ("МБОУ «Вечерьняя школа № 33»", "МБОУ «Вечерняя школа № 33»"),
    ],
)
def test_a_slip_of_the_pen_is_proposed_and_not_joined(name, best):
    found = CROWDED.find(Keys(name=name, municipality=TOWN))
    assert found.school_id is None
    assert best in [CROWDED.name(school_id) for school_id in found.proposed]


def test_schools_with_the_same_number_are_proposed_first():
    found = CROWDED.find(Keys(name="МБОУ «Срдняя школа № 13»", municipality=TOWN))
    assert "МБОУ «СОШ № 13»" in [CROWDED.name(school_id) for school_id in found.proposed]
    crowd = registry(*named(*(f"МБОУ «Средняя школа № {number}»" for number in range(1, 40))))
    found = crowd.find(Keys(name="МБОУ «Школа № 33»", municipality=TOWN))
    assert found.school_id is None
    assert crowd.name(found.proposed[0]) == "МБОУ «Средняя школа № 33»"


# --- properties of names

RUSSIAN = st.text('абвгеёйосшхуАВЕЁОСШХМБN№nоoeacxpCOM0123456789 .-«»"()\u00a0\u2009—–', max_size=30)
ANY_TEXT = st.text(st.characters(exclude_characters="İ", exclude_categories=["Cs"]), max_size=20)
"""Any text but for the one letter whose lower case is two signs."""


@given(RUSSIAN)
@settings(max_examples=300)
def test_fold_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT)
@example("Y корпус")
@example("\u212aорпус И\u0306")
@settings(max_examples=300)
def test_fold_is_idempotent_for_any_text(text):
    assert fold(fold(text)) == fold(text)


@given(RUSSIAN)
def test_fold_leaves_no_trace_of_the_hand(text):
    folded = fold(text)
    assert not re.search(r"[«»\"ёЁ—–\u00a0\u2009]|  |^ | $|№ \d", folded)
    assert folded == folded.lower()


@given(st.one_of(RUSSIAN, ANY_TEXT), st.one_of(RUSSIAN, ANY_TEXT))
@settings(max_examples=300)
def test_any_text_is_a_name(one, other):
    said, also = school_name(one), school_name(other)
    assert says_the_same(said, also) == says_the_same(also, said)
    assert said == school_name(fold(one)) or fold(fold(one)) != fold(one)
    assert says_the_same(said, said) or not (said.number or said.words)


@given(RUSSIAN)
def test_look_alikes_there_and_back(text):
    assert as_cyrillic(as_cyrillic(text)) == as_cyrillic(text)
    assert as_latin(as_latin(text)) == as_latin(text)
    assert len(as_cyrillic(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("COШ", "СОШ"),
        ("CO № 3 школа", "СО № 3 школа"),
        ("sch410001", "sch410001"),
        ("OK", "OK"),
        ("Wi-Fi в школе", "Wi-Fi в школе"),
        ("Excel для школы", "Excel для школы"),
        ("", ""),
    ],
)
def test_latin_words_stay_latin(text, turned):
    assert as_cyrillic(text) == turned


# --- periods

DAY = date(2019, 9, 1)


def test_the_rows_in_force_on_a_day():
    rows = registry({"school_id": "A", "name_short": "старое"}, {"school_id": "A", "name_short": "новое"}).rows
    rows = rows.with_columns(
        from_date=pl.Series([date(2011, 9, 1), DAY]), to_date=pl.Series([date(2019, 8, 31), None], dtype=pl.Date)
    )
    schools = Registry(rows)
    for day, names in {
        date(2011, 8, 31): [],
        date(2011, 9, 1): ["старое"],
        date(2019, 8, 31): ["старое"],
        DAY: ["новое"],
        date(2030, 1, 1): ["новое"],
    }.items():
        assert schools.at(day)["name_short"].to_list() == names


def test_the_municipality_of_a_school():
    assert CODED.municipality_of("S4") == OTHER
    assert CODED.municipality_of("unknown") is None
    assert CODED.municipality_of(None) is None


def test_a_login_is_learned_from_rows_with_a_name_and_of_one_school_only():
    known = registry(*named("СОШ № 1", "СОШ № 2"))
    intake = Intake(known, [], load_calendar(), "Заречный край", Findings())
    intake.new_logins.update(
        {("S0", "edu11"): ["a"], ("S0", "edu12"): ["a"], ("S1", "edu12"): ["b"], ("S1", "edu13"): ["b"]}
    )
    nobody = Stranger(Problem("c", "", "", ""), None)
    intake.strangers.update({("edu11", ""): nobody, ("edu12", ""): nobody, ("edu14", ""): nobody})
    known.learned = intake.logins_to_learn()
    assert known.learned == {"edu11": "S0"}
    assert known.find(Keys(login="Еdu11 ")) == Match("S0", "learned")  # its first letter is Cyrillic
    assert not known.find(Keys(login="edu11", name="СОШ № 7")).school_id
