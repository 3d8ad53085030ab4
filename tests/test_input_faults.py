"""Whatever stands in params, in names and in cells is refused in a sentence or read; nothing ends the program."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_region_bad_inputs import OGE, region, sound  # noqa: F401

from helpers.intake import examine
from helpers.problems import BadInput
from helpers.report import open_report
from helpers.show import words


def told(path, content):
    path.write_bytes(content)
    with pytest.raises(BadInput) as error:
        open_report(str(path))
    return str(error.value.problems[0])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("title: !!int abc", "«abc»"), ("title: !!float abc", "«abc»"), ("title: 2020-13-45", "«2020-13-45»"),
        ("title: !!timestamp abc", "«abc»"), ("title: !!bool abc", "«abc»"), ("years: [0x" + "f" * 5000 + "]", "число из 5002 знаков"),
        ("years: [" + "9" * 5000 + "]", "«9999"), ('title: "a\\x01b"', "управляющий знак в тексте «a b»"),
        ('title: "\\ud800"', "управляющий знак"), ("title: !!set 3", "не читается как YAML"),
        ("title: " + "[" * 5000 + "]" * 5000, "глубже всякой меры"), ("title: !!python/object:os.system x", "не читается как YAML"),
    ],
)  # fmt: skip
def test_yaml_that_is_no_params_is_told(tmp_path, line, found):
    assert f"— найдено: {found}" in told(tmp_path / "report.yml", line.encode()).replace("текст, который ", "").replace(
        "скобки или отступы ", ""
    )


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_are_refused_as_params(tmp_path_factory, content):
    assert "найдено" in told(tmp_path_factory.mktemp("y") / "report.yml", b"title: " + content)


@given(st.text(max_size=200))
def test_every_code_makes_a_file_name_that_windows_takes(text):
    name = words.slug(text)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 75
    assert not re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", name)


@pytest.mark.parametrize("code", ["CON", "nul", "Aux", "COM1", "LPT9", "PRN."])
def test_a_code_that_windows_keeps_for_itself_gets_another_name(code):
    assert words.slug(code) == f"{code.lower().strip('.')}-x"


def test_long_codes_stay_apart():
    assert words.slug("а" * 300) != words.slug("а" * 301)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_file_whose_name_is_no_text_is_told(region):  # noqa: F811
    copied = os.fsencode(region.path / "2019" / "oge") + b"/\xcf\xe5\xf0\xec.csv"
    with open(copied, "wb") as file:  # noqa: PTH123
        file.write((region.path / OGE).read_bytes())
    (found,) = examine(open_report(str(region.path / "region.yml"))).findings.found
    assert found.problem.found == "имя файла не в UTF-8"
    str(found.problem).encode()
