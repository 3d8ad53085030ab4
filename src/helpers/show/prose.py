"""Sentences with numbers in them: a template in Russian, and the values that belong into it.

A place for a value is `{name}`, `{fit[r2]}` or `{summary[below][named]}`, and after a colon how it looks:

===================  ==========================================================  =========================
written              what it is                                                  example
===================  ==========================================================  =========================
`{x}`                a name, a year, a number with two decimals, a day           СШ № 1 · 2021 · 0,25 · 01.09.2021
`{x:0}` … `{x:4}`    a number with so many decimals                              1 234 · 46,4
`{x:±}`, `{x:±1}`    a number with its sign                                      +0,25
`{x:%}`, `{x:%1}`    a share from 0 to 1 in percent                              45 %
`{p:вероятность}`    a probability that is never said to be certain              >99 %
`{n:школа}`          how many: with the noun, in its form                        1 школа, 2 школы, 5 школ
`{n:день|дня|дней}`  the same with a noun that is not in `NOUNS`, or in a case   21 день
`{d:дата}`           a day in words                                              1 сентября 2021 года
`{years:период}`     a run of years                                              2018–2021 годы
`{a…b:±}`            an interval, each end as after the colon                    от −0,30 до +0,05
`{x:md}`             Markdown as it stands                                       [Метод](site:/method.html)
===================  ==========================================================  =========================

What is not known (None, NaN) is a dash; of several values (a list, a column) each stands so, with commas. Lines of a
paragraph are joined, so that a template may be wrapped as one likes; `{#anchor}` of a heading stays. Names from the data
are escaped in `markdown`, and not in `plain`, which is for captions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from numbers import Integral, Real
from textwrap import dedent
from typing import Any

import polars as pl

from helpers.problems import BrokenPage
from helpers.show import words

NOUNS = {
    forms[0]: forms
    for forms in (
        *(words.SCHOOL, words.OF_SCHOOLS, words.OF_NAMED, words.SPECIFICATION, words.REGION, words.RECOMMENDATION, words.DAYS),
        *(words.REMARK, words.QUESTION, words.INDICATOR, words.PARTICIPANT, words.YEAR, words.OF_YEARS, words.MUNICIPALITY),
    )
}  # fmt: skip
"""Nouns that stand after a number, by their first form; «школы»: from how many schools."""

_LONG = 10_000
"""From here on a whole number is written in groups of three digits; a year is not."""
_PLACE = re.compile(r"\{(?P<names>[^{}:#.][^{}:]*)(?::(?P<form>[^{}]*))?\}")
_NAME = re.compile(r"(?P<first>[^\W\d]\w*)(?P<rest>(?:\[\w+\]|\.\w+)*)")
_WRAPPED = re.compile(r"(?<=[^\n])\n(?!\s|[-*>|#:] |\d+\. |##)")


def markdown(template: str, /, **values: Any) -> str:
    """A template as Markdown with its values filled in, whatever signs stand in the names among them.

    Raises
    ------
    BrokenPage
        A place names a value that is not given, or a form that there is not.

    >>> print(markdown('''
    ...     Контекст объясняет {fit[r2]:%} различий ({n:школа}),
    ...     среднее {effect:±} ({low…high:±}).
    ... ''', fit={"r2": 0.4534}, n=22, effect=-0.254, low=-0.3, high=0.05))
    Контекст объясняет 45\xa0% различий (22\xa0школы), среднее −0,25 (от −0,30 до +0,05).
    >>> markdown("## {name} {#here}", name="СШ *№ 1*")
    '## СШ \\\\*№ 1\\\\* {#here}'
    >>> markdown("{n:лист|листа|листов}", n=5)
    '5\\xa0листов'
    >>> markdown("Годы {years}, доли {shares:%}", years=[2019, 2021], shares=[0.25, None])
    'Годы 2019, 2021, доли 25\\xa0%, —'
    """
    return _filled(_WRAPPED.sub(" ", _lines(template)), values, words.literal)


def plain(template: str, /, **values: Any) -> str:
    """A template as plain text, for captions and alternative texts; the rest as `markdown`.

    >>> plain("Чаще всего — «{name}», {share:%1}", name="СШ *№ 1*", share=0.125)
    'Чаще всего — «СШ *№ 1*», 12,5\\xa0%'
    """
    return _filled(" ".join(_lines(template).splitlines()), values, str)


def bullets(template: str, rows: pl.DataFrame) -> str:
    """A list in Markdown: the template once for each row, filled with the row's columns.

    >>> print(bullets("{name}: {n:школа}", pl.DataFrame({"name": ["Север", "Юг"], "n": [1, 5]})))
    - Север: 1\xa0школа
    - Юг: 5\xa0школ
    """
    return "\n".join(f"- {markdown(template, **row)}" for row in rows.iter_rows(named=True))


def series(template: str, rows: pl.DataFrame) -> str:
    """The same as plain text of one sentence, for captions and alternative texts.

    >>> series("{year} год: {share:%}", pl.DataFrame({"year": [2019, 2021], "share": [0.25, 0.5]}))
    '2019 год: 25\xa0%; 2021 год: 50\xa0%.'
    """
    return "; ".join(plain(template, **row) for row in rows.iter_rows(named=True)) + "."


def _lines(template: str) -> str:
    return "\n".join(line.rstrip() for line in dedent(template).strip().splitlines())


def _filled(text: str, values: Mapping[str, Any], escape: Callable[[str], str]) -> str:
    return _PLACE.sub(lambda place: _in_place(place, values, escape), text)


def _in_place(place: re.Match[str], values: Mapping[str, Any], escape: Callable[[str], str]) -> str:
    """What stands in a place: a value, or the two ends of an interval."""
    form = place["form"] or ""
    ends = [_formed(_value(name.strip(), values), form, place[0], escape) for name in place["names"].split("…")]
    return f"от {ends[0]} до {ends[1]}" if len(ends) == 2 else ends[0]


def _value(name: str, values: Mapping[str, Any]) -> Any:
    """The value of a name, with what follows it in brackets or after a point."""
    parts = _NAME.fullmatch(name)
    if parts is None or parts["first"] not in values:
        raise BrokenPage(
            f"в тексте стоит {{{name}}}, а такого значения не дано; даны: {', '.join(values) or 'никаких'}"
        )
    value = values[parts["first"]]
    for within, attribute in re.findall(r"\[(\w+)\]|\.(\w+)", parts["rest"]):
        try:
            value = getattr(value, attribute) if attribute else value[int(within) if within.isdigit() else within]
        except (KeyError, IndexError, AttributeError, TypeError):
            raise BrokenPage(f"в тексте стоит {{{name}}}, а «{attribute or within}» в нём нет") from None
    return value


def _formed(value: Any, form: str, place: str, escape: Callable[[str], str]) -> str:
    """One value in a form."""
    if isinstance(value, list | tuple | pl.Series) and form != "период":
        return ", ".join(_formed(item, form, place, escape) for item in value)
    if form == "md":
        return str(value)
    if value is None or value != value:
        return "—"
    if not form:
        return _as_it_is(value, escape)
    try:
        if form[0] in "%±" and (digits := form[1:] or {"%": "0", "±": "2"}[form[0]]).isdigit():
            return (words.percent if form[0] == "%" else words.signed)(value, int(digits))
        if form.isdigit():
            return words.number(value, int(form))
        if form == "вероятность":
            return words.probability(value)
        if form == "период":
            return words.period(value)
        if form == "дата":
            return words.long_day(value)
        forms = NOUNS.get(form) or form.split("|")
        if len(forms) == 3:
            return words.count(value, forms)
    except (TypeError, ValueError, AttributeError, ArithmeticError, AssertionError, LookupError):  # babel has most
        raise BrokenPage(f"в тексте стоит {place}, а «{value}» так не показать") from None
    raise BrokenPage(
        f"в тексте стоит {place}, а вида «{form}» нет; виды: 0–4, ±, %, вероятность, дата, период, md, "
        f"слово из списка ({', '.join(NOUNS)}) или три формы слова: {{n:лист|листа|листов}}"
    )


def _as_it_is(value: Any, escape: Callable[[str], str]) -> str:
    if isinstance(value, date):
        return words.day(value)
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, Integral):
        return str(value) if 0 <= value < _LONG else words.whole(value)
    return words.number(value) if isinstance(value, Real) else escape(str(value))
