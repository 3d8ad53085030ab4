"""Dirt in single cells: what a reader recovers, what only a person can mend, what must be noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from helpers.demo.books import Cell, Mend
from helpers.demo.planting import Dirt, Fields

MARK_SHARES = [f"share_{mark}" for mark in range(2, 6)]
PHONE = "письмо школы, уточнение по телефону"
_LETTER = "письмо муниципалитета с исправленной таблицей"


def _comma(name: str, sign: str = "") -> Callable[[Fields], Cell]:
    return lambda row: str(row[name]).replace(".", ",") + sign


def _grouped(name: str, space: str) -> Callable[[Fields], Cell]:
    return lambda row: f"{row[name]:,}".replace(",", space)


def _token(text: str | None) -> Callable[[Fields], Cell]:
    return lambda _: text


def _number(name: str) -> Callable[[Fields], Cell]:
    return lambda row: int(str(row[name]))


def _translated(name: str, letters: dict[str, str]) -> Callable[[Fields], Cell]:
    return lambda row: _replaced(str(row[name]), letters)


def _replaced(text: str, parts: dict[str, str]) -> str:
    for old, new in parts.items():
        text = text.replace(old, new)
    return text


def _filled(name: str) -> Callable[[Fields], bool]:
    return lambda row: row[name] not in {None, 0}


def _blank(name: str) -> Callable[[Fields], bool]:
    return lambda row: row[name] is None


def _fraction(name: str) -> Callable[[Fields], Cell]:
    return lambda row: round(float(row[name]) / 100, 6)


FRACTIONS = {name: _fraction(name) for name in MARK_SHARES}
_LATIN = {"С": "C", "О": "O", "е": "e", "а": "a"}
_STRAIGHT, _LOW, _NONE = {"«": '"', "»": '"'}, {"«": "„", "»": "“"}, {"«": "", "»": ""}
_NBSP, _THIN = "\u00a0", "\u2009"
QUESTIONNAIRE = "2021/questionnaire/questionnaire_2021.xlsx"
DIAGNOSTICS = "2021/diagnostics/diagnostics_2021.xlsx"
PROGRAMME, ROADMAPS = "programme/programme.xlsx", "roadmaps/roadmaps_2021.xlsx"


def _thousands(row: Fields) -> bool:
    return int(row["n_participants"]) >= 1000


def _numbered(row: Fields) -> bool:
    return "№ " in str(row["name"])


def _named(row: Fields) -> bool:
    return bool(row["name"])


RECOVERED = [
    Dirt("percent_sign_text", "2019/vpr/marks_rus_5.xlsx", {"share_3": _comma("share_3", "%")}, 3, _filled("share_3")),
    Dirt("percent_sign_text", "2021/vpr/journal_math_6.xlsx", {"share_raised": _comma("share_raised", " %")}, 2,
         _filled("share_raised")),
    Dirt("decimal_comma_text", "2021/vpr/marks_math_6.xlsx", {"share_4": _comma("share_4")}, 3, _filled("share_4")),
    Dirt("decimal_comma_text", "2019/oge/oge_2019.csv", {"mean_mark": _comma("mean_mark")}, 3),
    Dirt("nbsp_thousands", "2018/vpr/marks_rus_4.xlsx", {"n_participants": _grouped("n_participants", _NBSP)}, 2,
         _thousands, totals=True),
    Dirt("nbsp_thousands", "2019/vpr/marks_math_8.xlsx", {"n_participants": _grouped("n_participants", _THIN)}, 2,
         _thousands, totals=True),
    Dirt("no_data_token", "2018/staff/staff.xlsx", {"n_first_category": _token("-")}, 1, _blank("n_first_category")),
    Dirt("no_data_token", "2018/staff/staff.xlsx", {"n_first_category": _token("н/д")}, 1, _blank("n_first_category")),
    Dirt("no_data_token", "2020/staff/staff.xlsx", {"n_first_category": _token("—")}, 1, _blank("n_first_category")),
    Dirt("no_data_token", "2020/staff/staff.xlsx", {"n_first_category": _token("*")}, 1, _blank("n_first_category")),
    Dirt("no_data_token", "2020/staff/staff.xlsx", {"n_first_category": _token(None)}, 1, _blank("n_first_category")),
    Dirt("less_than_5", "2019/staff/staff.xlsx", {"n_first_category": _token("менее 5")}, 2, _blank("n_first_category")),
    Dirt("lost_leading_zero", "2018/oge/oge_2018.xlsx", {"rcoi_code": _number("rcoi_code")}, 3,
         lambda row: str(row["rcoi_code"]).startswith("0")),
    Dirt("lost_leading_zero", "2019/ege/ege_2019.csv", {"rcoi_code": _number("rcoi_code")}, 3,
         lambda row: str(row["rcoi_code"]).startswith("0")),
    Dirt("numeric_code", "2020/passport/vilyuchinsk.xlsx", {"inn": _number("inn"), "kpp": _number("kpp")}, 2),
    Dirt("numeric_code", "2021/staff/staff.xlsx", {"inn": lambda row: f"{row['inn']}.0"}, 2),
    Dirt("share_as_fraction", "2021/vpr/marks_rus_7.xlsx", FRACTIONS, 2, lambda row: max(row[m] for m in MARK_SHARES) < 100),
    Dirt("latin_look_alike", QUESTIONNAIRE, {"name": _translated("name", _LATIN)}, 2),
    Dirt("latin_look_alike", DIAGNOSTICS, {"municipality": _translated("municipality", {"а": "a", "е": "e"})}, 2),
    Dirt("latin_look_alike", "2018/vpr/marks_math_5.xlsx", {"group": _translated("group", {"sch": "sсh"})}, 2,
         lambda row: str(row["group"]).startswith("sch")),
    Dirt("odd_quotes", QUESTIONNAIRE, {"name": _translated("name", _STRAIGHT)}, 2),
    Dirt("odd_quotes", DIAGNOSTICS, {"name": _translated("name", _LOW)}, 2),
    Dirt("odd_quotes", ROADMAPS, {"name": _translated("name", _NONE)}, 1, _named),
    Dirt("odd_quotes", "2019/staff/staff.xlsx", {"name": _translated("name", {"№ ": "N "})}, 1, _numbered),
    Dirt("odd_quotes", QUESTIONNAIRE, {"name": _translated("name", {"№ ": "No "})}, 1, _numbered),
    Dirt("odd_quotes", PROGRAMME, {"name": _translated("name", {"№ ": "№"})}, 1, _numbered),
    Dirt("trailing_spaces", DIAGNOSTICS, {"name": lambda row: f" {row['name']}  "}, 2),
    Dirt("trailing_spaces", "2018/ege/ege_2018.xlsx", {"municipality": lambda row: f"{row['municipality']}{_NBSP}"}, 2),
    Dirt("trailing_spaces", "2021/vpr/marks_math_4.xlsx", {"group": lambda row: f"{row['group']} "}, 2),
]  # fmt: skip


def _as_date(name: str, year: int) -> Callable[[Fields], Cell]:
    def dated(row: Fields) -> date:
        day, month = str(row[name]).split(".")
        return date(year, int(month), int(day))

    return dated


def _looks_like_date(name: str) -> Callable[[Fields], bool]:
    def looks(row: Fields) -> bool:
        day, _, month = str(row[name]).partition(".")
        return month.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 28

    return looks


def _wrong_sum(name: str, total: int) -> Callable[[Fields], Cell]:
    return lambda row: round(float(row[name]) + total - 100, 2)


_deep = partial(Dirt, deep=True)
BROKEN = [
    _deep("excel_date", "2018/vpr/marks_math_6.xlsx", {"share_3": _as_date("share_3", 2018)}, 1,
          _looks_like_date("share_3"), mend=Mend("override", "Excel превратил долю в дату", _LETTER)),
    _deep("excel_date", "2021/staff/staff.xlsx", {"vacancies": _as_date("vacancies", 2021)}, 1,
          _looks_like_date("vacancies"), mend=Mend("override", "Excel превратил число ставок в дату", PHONE)),
    _deep("share_sum_wrong", "2018/vpr/marks_rus_8.xlsx", {"share_4": _wrong_sum("share_4", 93)}, 1,
          lambda row: row["share_4"] > 10, mend=Mend("override", "опечатка в доле: сумма долей 93 %", _LETTER)),
    _deep("share_sum_wrong", "2021/vpr/marks_rus_5.xlsx", {"share_3": _wrong_sum("share_3", 108)}, 1,
          lambda row: row["share_3"] < 80, mend=Mend("override", "опечатка в доле: сумма долей 108 %", _LETTER)),
    _deep("n_zero_with_shares", "2019/vpr/marks_rus_6.xlsx", {"n_participants": _token(0)}, 2,
          lambda row: row["n_participants"] >= 10, mend=Mend("override", "число участников не выгрузилось", PHONE)),
    _deep("n_above_enrolled", "2021/vpr/marks_math_7.xlsx",
          {"n_participants": lambda row: int(f"{row['n_participants']}{row['n_participants']}")}, 2,
          lambda row: row["n_participants"] >= 12, mend=Mend("override", "число участников набрано дважды", PHONE)),
    _deep("part_above_whole", "2019/passport/petropavlovsk.xlsx", {"n_both_higher": lambda row: 10 * row["n_both_higher"]},
          1, lambda row: 10 * row["n_both_higher"] > 1.2 * row["n_pupils"],
          mend=Mend("override", "лишний ноль в числе детей", PHONE)),
    _deep("part_above_whole", "2018/passport/milkovo.xlsx", {"n_single_parent": lambda row: 10 * row["n_single_parent"]},
          1, lambda row: 10 * row["n_single_parent"] > 1.2 * row["n_pupils"],
          mend=Mend("override", "лишний ноль в числе детей", PHONE)),
    _deep("union_above_sum", "2018/passport/ust_bolsheretsk.xlsx",
          {"n_supervised_or_at_risk": lambda row: row["n_supervised"] + row["n_at_risk"] + 4}, 1,
          lambda row: row["n_supervised"] > 0, mend=Mend("override", "объединение двух списков больше их суммы", PHONE)),
    _deep("union_above_sum", "2021/passport/yelizovo.xlsx",
          {"n_supervised_or_at_risk": lambda row: row["n_supervised"] + row["n_at_risk"] + 6}, 1,
          lambda row: row["n_supervised"] > 0, mend=Mend("override", "объединение двух списков больше их суммы", PHONE)),
]  # fmt: skip

_RISKS = ["n_single_parent", "n_supervised", "n_at_risk", "n_supervised_or_at_risk"]
_VILLAGE = {
    "n_both_higher": lambda row: round(0.92 * int(row["n_pupils"])),
    "n_one_higher": lambda row: round(0.04 * int(row["n_pupils"])),
}
_BELIEVED = Mend("blank", "школа не подтвердила число: считаем, что данных нет", PHONE)
NOTICED = [
    _deep("both_he_overreported", "2020/passport/milkovo.xlsx", _VILLAGE, 1, lambda row: row["n_pupils"] >= 60),
    _deep("both_he_overreported", "2021/passport/ust_bolsheretsk.xlsx", _VILLAGE, 1,
          lambda row: row["n_pupils"] >= 60, mend=_BELIEVED),
    _deep("zero_for_missing", "2019/passport/yelizovo.xlsx", dict.fromkeys(_RISKS, _token(0)), 1,
          lambda row: row["n_pupils"] >= 300, mend=_BELIEVED),
    _deep("zero_for_missing", "2021/passport/vilyuchinsk.xlsx", dict.fromkeys(_RISKS, _token(0)), 1,
          lambda row: row["n_pupils"] >= 300, mend=_BELIEVED),
    _deep("union_as_sum", "2018/passport/petropavlovsk.xlsx",
          {"n_supervised_or_at_risk": lambda row: row["n_supervised"] + row["n_at_risk"]}, 2,
          lambda row: row["n_pupils"] >= 500 and min(row["n_supervised"], row["n_at_risk"]) > 2),
]  # fmt: skip


TOTAL = Dirt("total_mismatch", "2019/vpr/marks_math_5.xlsx", {"n_participants": lambda row: row["n_participants"] + 7},
             2, lambda row: 2 <= row["n_schools"] <= 20, deep=True, totals=True)  # fmt: skip


def _without_comma(name: str) -> Callable[[Fields], Cell]:
    """73,3 typed as 733."""
    return lambda row: round(10 * float(row[name]))


TASKS_BROKEN = [
    _deep("lost_comma", "2018/vpr/tasks_math_7.xlsx", {"share_done_5": _without_comma("share_done_5")}, 1,
          lambda row: row["n_participants"] >= 15 and row["share_done_5"] > 20 and row["share_done_5"] % 1,
          mend=Mend("override", "в доле пропала запятая", _LETTER)),
]  # fmt: skip
TASKS_NOTICED = [
    _deep("participants_differ", "2021/vpr/tasks_rus_7.xlsx", {"n_participants": lambda row: row["n_participants"] - 3}, 1,
          lambda row: row["n_participants"] >= 15),
]  # fmt: skip
TASKS_RECOVERED = [
    Dirt("decimal_comma_text", "2019/vpr/tasks_rus_6.xlsx", {"share_done_4": _comma("share_done_4")}, 3,
         _filled("share_done_4")),
    Dirt("percent_sign_text", "2021/vpr/tasks_math_6.xlsx", {"share_done_13": _comma("share_done_13", "%")}, 2,
         _filled("share_done_13")),
    Dirt("nbsp_thousands", "2018/vpr/tasks_math_5.xlsx", {"n_participants": _grouped("n_participants", _NBSP)}, 2,
         _thousands, totals=True),
    Dirt("no_data_token", "2020/vpr/tasks_math_8.xlsx", {"share_done_19": _token("-")}, 2, _blank("share_done_19")),
    Dirt("no_data_token", "2020/vpr/tasks_math_5.xlsx", {"share_done_14": _token("—")}, 1, _blank("share_done_14")),
    Dirt("latin_look_alike", "2018/vpr/tasks_rus_7.xlsx", {"group": _translated("group", {"sch": "sсh"})}, 2,
         lambda row: str(row["group"]).startswith("sch")),
    Dirt("trailing_spaces", "2021/vpr/tasks_math_8.xlsx", {"group": lambda row: f"{row['group']}{_NBSP}"}, 2),
]  # fmt: skip
"""Dirt in the report of tasks, planted apart: it draws from a stream of its own."""


@dataclass(frozen=True)
class OfYear:
    """Dirt in the files of a year after the first report, and where its project's files lie."""

    questionnaire: str
    diagnostics: str
    broken: list[Dirt]
    noticed: list[Dirt]
    recovered: list[Dirt]


def of_year(year: int) -> OfYear:
    """What is planted into cells of a later year's files."""
    questionnaire, diagnostics = QUESTIONNAIRE.replace("2021", str(year)), DIAGNOSTICS.replace("2021", str(year))
    oge, ege, staff = f"{year}/oge/oge_{year}.xlsx", f"{year}/ege/ege_{year}.xlsx", f"{year}/staff/staff.xlsx"
    town, yelizovo, vilyuchinsk = (
        f"{year}/passport/{slug}.xlsx" for slug in ("petropavlovsk", "yelizovo", "vilyuchinsk")
    )
    broken = [
        _deep("part_above_whole", town, {"n_both_higher": lambda row: 10 * row["n_both_higher"]}, 1,
              lambda row: 10 * row["n_both_higher"] > 1.2 * row["n_pupils"],
              mend=Mend("override", "лишний ноль в числе детей", PHONE)),
        _deep("union_above_sum", yelizovo,
              {"n_supervised_or_at_risk": lambda row: row["n_supervised"] + row["n_at_risk"] + 5}, 1,
              lambda row: row["n_supervised"] > 0, mend=Mend("override", "объединение двух списков больше их суммы", PHONE)),
        _deep("excel_date", staff, {"vacancies": _as_date("vacancies", year)}, 1, _looks_like_date("vacancies"),
              mend=Mend("override", "Excel превратил число ставок в дату", PHONE)),
    ]  # fmt: skip
    noticed = [
        _deep("zero_for_missing", vilyuchinsk, dict.fromkeys(_RISKS, _token(0)), 1, lambda row: row["n_pupils"] >= 300,
              mend=_BELIEVED),
    ]  # fmt: skip
    recovered = [
        Dirt("percent_sign_text", oge, {"share_3": _comma("share_3", "%")}, 3, _filled("share_3")),
        Dirt("decimal_comma_text", ege, {"mean_score": _comma("mean_score")}, 3),
        Dirt("lost_leading_zero", oge, {"rcoi_code": _number("rcoi_code")}, 3,
             lambda row: str(row["rcoi_code"]).startswith("0")),
        Dirt("numeric_code", yelizovo, {"inn": _number("inn"), "kpp": _number("kpp")}, 2),
        Dirt("no_data_token", staff, {"n_first_category": _token("н/д")}, 2, _blank("n_first_category")),
        Dirt("latin_look_alike", questionnaire, {"name": _translated("name", _LATIN)}, 2),
        Dirt("odd_quotes", diagnostics, {"name": _translated("name", _LOW)}, 2),
        Dirt("trailing_spaces", ege, {"municipality": lambda row: f"{row['municipality']}{_NBSP}"}, 2),
    ]  # fmt: skip
    return OfYear(questionnaire, diagnostics, broken, noticed, recovered)
