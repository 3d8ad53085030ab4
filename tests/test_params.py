"""Params: the method's rules come from one file, a report may override them, nothing is guessed."""

import copy
from pathlib import Path

import pytest
import yaml

from helpers import report
from helpers.params import load
from helpers.problems import BadInput
from helpers.report import METHOD, PROJECT, open_report, report_names

RULES = yaml.safe_load(METHOD.read_text(encoding="utf-8"))
TABLE = {
    "file": "школы.csv",
    "source": "выгрузка",
    "licence": "внутренняя",
    "school_id": "код",
    "school_name": "школа",
    "group_id": "район",
    "group_name": "район",
    "year": "год",
    "n_pupils": "учеников",
    "indicators": {"position": {"title": "индекс", "columns": ["баллы"], "unit": "score", "higher_is": "better"}},
    "results": [{"procedure": "ОГЭ", "title": "отметка", "measure": "mean", "value": "балл", "n": "сдавали"}],
}


def own(**keys):
    return {
        "title": "Отчёт",
        "region": "Область",
        "years": [2022, 2023, 2024],
        "data": {"school_table": copy.deepcopy(TABLE)},
        **keys,
    }


@pytest.fixture
def read(tmp_path):
    """Params read from a file of these keys."""

    def _read(keys, method=METHOD):
        path = tmp_path / "отчёт.yml"
        path.write_text(yaml.safe_dump(keys, allow_unicode=True), encoding="utf-8")
        return load(path, method)

    return _read


def refusals(read, keys, **options):
    with pytest.raises(BadInput) as refused:
        read(keys, **options)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("section", list(RULES))
def test_the_rules_come_from_the_method_file(read, section):
    params = read(own()).model_dump()
    assert params[section] == RULES[section]


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("index", "scale_mean", 100.0),
        ("index", "base_year", 2023),
        ("outcome", "same_cohort_correlation", 0.5),
        ("outcome", "procedure_weights", {"ОГЭ": 2.0}),
        ("model", "years_pooled", 2),
        ("flag", "delta", 0.2),
        ("flag", "source", "решение совета"),
        ("small_n", "pooled", 30),
        ("context_class", "lower", 0.25),
        ("pages", "cards", 0),
    ],
)
def test_a_report_may_override_one_rule_and_keeps_the_rest(read, section, name, value):
    default, changed = read(own()).model_dump(), read(own(**{section: {name: value}})).model_dump()
    default[section][name] = value
    if name != "source":  # the method's source does not vouch for another's value
        assert "источник не назван" in changed[section]["source"] and name in changed[section]["source"]
        del changed[section]["source"], default[section]["source"]
    assert changed == default


@pytest.mark.parametrize("section", list(RULES))
def test_every_section_of_rules_names_its_source(section):
    assert RULES[section]["source"].strip()


@pytest.mark.parametrize("section", list(RULES))
def test_a_source_may_not_be_emptied(read, section):
    (sentence,) = refusals(read, own(**{section: {"source": ""}}))
    assert f"ключ «{section}.source»" in sentence
    assert "непустой текст" in sentence


@pytest.mark.parametrize("name", report_names())
def test_a_shipped_report_is_acceptable(name):
    opened = open_report(name)
    assert opened.name == name
    assert opened.params.base_year in opened.params.years


def test_the_test_report_outside_the_folder_of_params_is_acceptable():
    params = open_report(str(PROJECT / "tests" / "reports" / "french-lycees.yml")).params
    assert params.base_year == 2017
    assert params.pooled_years == [2020, 2021, 2022]


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        *(("flag", "delta", value) for value in ("0.1", "0,1", True, None, [0.1])),
        *(("flag", "persistent", value) for value in ("0.9", False, float("nan"))),
        *(("index", "scale_sd", value) for value in ("10", True, float("inf"), 0, -1)),
        *(("model", "years_pooled", value) for value in (True, "3", 3.5, 0)),
        *(("small_n", "model_fit", value) for value in (False, "10", 10.1, None)),
        *(("pages", "cards", value) for value in (True, "40", -1)),
        *(("outcome", "procedure_weights", value) for value in ({"ОГЭ": "1"}, {"ОГЭ": True}, {"ОГЭ": -1}, [])),
        *(("index", "source", value) for value in (2014, False, None)),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_not_converted(read, section, name, value):
    (sentence,) = refusals(read, own(**{section: {name: value}}))
    assert sentence.startswith(f"Файл отчёт.yml, ключ «{section}.{name}")


def test_a_whole_number_will_do_where_a_fraction_is_expected(read):
    assert read(own(index={"scale_sd": 100})).index.scale_sd == 100.0


def test_params_never_change(read):
    params = read(own())
    with pytest.raises(ValueError, match="frozen"):
        params.flag.delta = 0.2


@pytest.mark.parametrize(("base_year", "expected"), [(None, 2022), (2023, 2023)])
def test_the_base_year_is_the_first_year_unless_named(read, base_year, expected):
    assert read(own(index={"base_year": base_year})).base_year == expected


@pytest.mark.parametrize(("pooled", "expected"), [(1, [2024]), (2, [2023, 2024]), (9, [2022, 2023, 2024])])
def test_the_last_years_are_pooled(read, pooled, expected):
    assert read(own(model={"years_pooled": pooled})).pooled_years == expected


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("балл", True),
        ({2022: "а", 2023: "б", 2024: "в"}, True),
        ({2021: "я", 2022: "а", 2023: "б", 2024: "в"}, True),
        ({2022: "а", 2023: "б"}, False),
        ({"2022": "а", "2023": "б", "2024": "в"}, False),
        ({2022: "а", 2023: "б", 2024: ""}, False),
        ({}, False),
        ("", False),
        (5, False),
        (None, False),
    ],
)
def test_a_result_names_a_column_or_a_column_for_each_year(read, value, accepted):
    keys = own()
    keys["data"]["school_table"]["results"][0]["value"] = value
    if accepted:
        assert read(keys).data.school_table.results[0].value == value
    else:
        assert len(refusals(read, keys)) == 1


@pytest.mark.parametrize("name", ["year", "school_id", "n_pupils", "n_participants", "in_model", "index"])
def test_an_indicator_may_not_take_the_name_of_our_own_column(read, name):
    keys = own()
    table = keys["data"]["school_table"]
    table["indicators"][name] = table["indicators"]["position"]
    (sentence,) = refusals(read, keys)
    assert f"у показателя {name} другое имя" in sentence


def test_two_results_may_not_be_mistaken_for_each_other(read):
    keys = own()
    results = keys["data"]["school_table"]["results"]
    results.append(dict(results[0]))
    (sentence,) = refusals(read, keys)
    assert "ОГЭ повторён" in sentence
    results[1]["subject"] = "русский язык"
    assert len(read(keys).data.school_table.results) == 2


def test_a_fault_of_the_method_file_names_that_file(read, tmp_path):
    rules = copy.deepcopy(RULES)
    rules["flag"]["delta"] = 5
    rules["pages"]["colour"] = "red"
    method = tmp_path / "method.yml"
    method.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    both = refusals(read, own(region=7), method=method)
    assert sorted(sentence.split(" — ")[0] for sentence in both) == [
        "Файл method.yml, ключ «flag.delta»",
        "Файл method.yml, ключ «pages.colour»",
        "Файл отчёт.yml, ключ «region»",
    ]
    assert read(own(flag={"delta": 0.2}, pages={}), method=METHOD).flag.delta == 0.2


def test_a_params_file_may_begin_with_a_mark_and_end_lines_as_windows_does(tmp_path):
    text = yaml.safe_dump(own(), allow_unicode=True).replace("\n", "\r\n")
    path = tmp_path / "отчёт.yml"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(path, METHOD).title == "Отчёт"


def test_a_report_outside_the_project_keeps_its_data_beside_its_params(tmp_path, monkeypatch):
    path = tmp_path / "мой отчёт.yml"
    path.write_text(yaml.safe_dump(own(), allow_unicode=True), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    opened = report.open_report("мой отчёт.yml", out="сборка")
    assert opened.raw_files == [tmp_path / "школы.csv"]
    assert opened.out == Path.cwd() / "сборка"
    assert opened.params.years == [2022, 2023, 2024]


def test_what_stands_on_the_letter_is_checked_by_key(read):
    told = refusals(read, own(letter={"signatry": "И. О.", "number": 15, "day": "8 ноября"}))
    assert [line.split(" — ")[0] for line in told] == [
        "Файл отчёт.yml, ключ «letter.day»", "Файл отчёт.yml, ключ «letter.number»", "Файл отчёт.yml, ключ «letter.signatry»",
    ]  # fmt: skip
    assert "дата вида 2021-10-31" in told[0] and "в кавычки" in told[1] and "похожий на «signatory»" in told[2]
    assert read(own()).letter.day is None, "a letter without params has blanks"
