"""What is wrong with the content of a params file, in words."""

from __future__ import annotations

import difflib
from typing import Any

from helpers.params.base import Closed
from helpers.problems import Problem, quoted

_EXPECTED = {
    "missing": "ключ со значением",
    "extra_forbidden": "один из известных ключей",
    "invalid_key": "один из известных ключей",
    "column_by_year": "название столбца или такое название для каждого года",
    "text_or_number": "текст или число",
    "encoding": "название кодировки, например utf-8 или cp1251",
    "int_type": "целое число",
    "float_type": "число (дробь пишется через точку)",
    "finite_number": "конечное число",
    "string_type": "текст",
    "string_too_short": "непустой текст",
    "list_type": "список",
    "dict_type": "набор ключей",
    "model_type": "набор ключей",
    "too_short": "элементов не меньше {min_length}",
    "too_long": "элементов не больше {max_length}",
    "date_type": "дата вида 2021-10-31, без кавычек",
    "month_day": "месяц и день вида 10-31",
    "deadline": "дата вида 2021-10-31 или месяц и день вида 10-31",
    "a_person": "роль или организация, без фамилии и отчества",
    "string_pattern_mismatch": "имя из латинских строчных букв, цифр и _",
    "greater_than": "число больше {gt:g}",
    "greater_than_equal": "число не меньше {ge:g}",
    "less_than": "число меньше {lt:g}",
    "less_than_equal": "число не больше {le:g}",
}
_ADVICE = {
    "missing": "добавьте этот ключ",
    "extra_forbidden": "исправьте или удалите ключ",
    "invalid_key": "исправьте или удалите ключ",
    "string_type": "исправьте значение; код, число или слово да/нет возьмите в кавычки",
}


def problem_of(file: str, loc: list[Any], fault: Any) -> Problem:
    """Say one pydantic error as a problem of the params file."""
    # a number in a path is a place in a list or, if it is that large, a year
    path = "".join(f" №{part + 1}" if isinstance(part, int) and part < 1000 else f".{part}" for part in loc)
    kind, context = fault["type"], fault.get("ctx", {})
    found, advice = shown(fault["input"]), _ADVICE.get(kind, "исправьте значение")
    if kind == "value_error":
        found, expected, advice = "несогласованные значения", str(context["error"]), "исправьте одно из них"
    elif kind == "literal_error":
        expected = "одно из значений: " + context["expected"].replace(" or ", ", ")
    else:
        expected = _EXPECTED.get(kind, "значение другого вида").format(**context)
    if kind == "missing":
        found = "ключа нет"
    elif kind in ("extra_forbidden", "invalid_key"):
        near = difflib.get_close_matches(str(loc[-1]), _known_keys(), n=1, cutoff=0.75)
        found = "неизвестный ключ" + (f", похожий на {quoted(near[0])}" if near else "")
    return Problem(file=file, column=path.removeprefix("."), found=found, expected=expected, advice=advice)


def _known_keys() -> set[str]:
    return {key for section in Closed.__subclasses__() for key in section.model_fields}


def shown(value: Any) -> str:
    """Show a value of a params file as its writer sees it."""
    if value is None:
        return "пустое место"
    if isinstance(value, bool):
        return quoted(str(value).lower())
    if isinstance(value, dict | list):
        return ("набор ключей" if isinstance(value, dict) else "список") + f", элементов {len(value)}"
    return quoted(value)
