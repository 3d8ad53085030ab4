"""Templates of sentences: numbers in Russian, nouns in their forms, names sign for sign."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pypandoc
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.problems import BrokenPage
from helpers.show.prose import markdown, plain

NB = "\u00a0"


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        ("", 2021, "2021"),
        ("", 12345, f"12{NB}345"),
        ("", -0.256, "−0,26"),
        ("", date(2021, 9, 1), "01.09.2021"),
        (":0", 1234.4, f"1{NB}234"),
        (":1", 46.44, "46,4"),
        (":4", -0.00004, "0,0000"),
        (":±", 0.254, "+0,25"),
        (":±1", -0.25, "−0,2"),
        (":±", 0.001, "0,00"),
        (":%", 0.4534, f"45{NB}%"),
        (":%1", -0.0049, f"−0,5{NB}%"),
        (":вероятность", 0.999, f">99{NB}%"),
        (":дата", date(2021, 9, 1), "1 сентября 2021 года"),
        (":школы", 1, f"1{NB}школы"),
        (":школе|школам|школам", 2, f"2{NB}школам"),
        (":период", [2018, 2019, 2021], "2018–2021 годы"),
        (":период", [2021], "2021 год"),
        ("", [2018, 2021], "2018, 2021"),
        (":школа", pl.Series([1, 2]), f"1{NB}школа, 2{NB}школы"),
        (":%", [], ""),
        (":md", "[Метод](site:/method.html)", "[Метод](site:/method.html)"),
        (":%", None, "—"),
        (":школа", float("nan"), "—"),
    ],
)
def test_a_value_in_a_form(form: str, value: object, shown: str):
    assert plain(f"{{x{form}}}", x=value) == shown


@given(st.integers(0, 10**7))
def test_a_noun_goes_with_its_number(n: int):
    # the rule of Russian grammar, as school books have it
    tens, ones = n // 10 % 10, n % 10
    noun = "школ" if tens == 1 else {1: "школа", 2: "школы", 3: "школы", 4: "школы"}.get(ones, "школ")
    number, _, told = plain("{n:школа}", n=n).rpartition(NB)
    assert (int(number.replace(NB, "")), told) == (n, noun)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_is_read_back_as_it_was_rounded(value: float, digits: int):
    shown = plain(f"{{x:{digits}}}", x=value)
    assert re.fullmatch(rf"−?\d{{1,3}}({NB}\d{{3}})*(,\d+)?", shown)
    assert float(shown.replace("−", "-").replace(",", ".").replace(NB, "")) == round(value, digits) + 0.0


@settings(max_examples=15, deadline=None)
@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x450, exclude_categories=["C", "Z"]), min_size=1, max_size=30
    )
)
def test_a_reader_sees_a_name_sign_for_sign(name: str):
    text = markdown("Школа {name}, {name}.", name=name)
    html = pypandoc.convert_text(text, "html", "markdown", extra_args=["--wrap=none"])
    assert BeautifulSoup(html, "html.parser").get_text().strip() == f"Школа {name}, {name}."
    assert plain("Школа {name}.", name=name) == f"Школа {name}."


@given(st.text(max_size=40))
def test_what_a_name_holds_is_no_template(name: str):
    assert plain("{a} и {b:md}", a=f"{{b}}{name}", b="{a}") == f"{{b}}{name} и {{a}}"


def test_what_stands_within_is_reached():
    summary = {"below": {"named": 3}, "years": [2019, 2021]}
    assert plain(
        "{summary[below][named]:школа} за {summary[years][1]}, {d.year}", summary=summary, d=date(2021, 9, 1)
    ) == (f"3{NB}школы за 2021, 2021")


def test_intervals():
    assert plain("{low…high:±1}", low=-0.3, high=0.05) == "от −0,3 до +0,1"
    assert plain("{fit[lower] … fit[upper]:%}", fit={"lower": 0.1, "upper": None}) == f"от 10{NB}% до —"


def test_lines_of_a_paragraph_are_joined_and_nothing_else():
    template = """
        ## Заголовок {#here}

        Первое
        предложение: {n:школа}.

        - пункт
        - другой,
          с продолжением

        1. раз
        2. два

        Слово
        :   что оно значит
    """
    assert markdown(template, n=1) == (
        f"## Заголовок {{#here}}\n\nПервое предложение: 1{NB}школа.\n\n- пункт\n- другой,\n  с продолжением\n\n1. раз\n2. два\n\n"
        "Слово\n:   что оно значит"
    )


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{shool:школа}", r"стоит \{shool\}, а такого значения не дано; даны: n, fit, name"),
        ("{fit[r3]:%}", r"стоит \{fit\[r3\]\}, а «r3» в нём нет"),
        ("{n:ученик}", "вида «ученик» нет; виды: .*три формы слова"),
        ("{n:7%}", "вида «7%» нет"),
        ("{name:%}", "а «СШ» так не показать"),
        ("{name:период}", "а «СШ» так не показать"),
        ("{name:дата}", "а «СШ» так не показать"),
        ("{не имя}", "такого значения не дано"),
    ],
)
def test_a_slip_in_a_template_is_told(template: str, says: str):
    with pytest.raises(BrokenPage, match=says):
        markdown(template, n=3, fit={"r2": 0.5}, name="СШ")
