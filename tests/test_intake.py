"""Files of every kind are read alike, and a table of schools loses nothing unsaid."""

import csv
import io
import json
import math
import random
import unicodedata
from collections import Counter

import polars as pl
import pytest
import xlsxwriter
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from helpers.intake import accept, examine
from helpers.intake.numbers import NO_DATA, NotANumber, parse_number, parse_year
from helpers.intake.sheets import ROW, read_sheet
from helpers.problems import BadInput
from helpers.publish import manifest
from helpers.report import PROJECT, open_report

# --- numbers

SPACES = [" ", "\u00a0", "\u2007", "\u2009", "\u202f", "'", "’"]


@given(
    thousandths=st.integers(-(10**15), 10**15),
    places=st.integers(0, 3),
    mark=st.sampled_from([",", "."]),
    space=st.sampled_from(["", *SPACES]),
    minus=st.sampled_from(["-", "−", "–", "‑", "- "]),
    tail=st.sampled_from(["", "%", " %", "\u00a0%", "  "]),
    head=st.sampled_from(["", " ", "\u00a0", "\ufeff"]),
)
def test_a_number_survives_the_ways_people_write_it(thousandths, places, mark, space, minus, tail, head):
    written = f"{abs(thousandths) / 1000:,.{places}f}"
    text = written.replace(".", "#").replace(",", space).replace("#", mark)
    number = float(written.replace(",", "")) * (-1 if thousandths < 0 else 1)
    assert parse_number(f"{head}{minus if thousandths < 0 else ''}{text}{tail}") == number


@given(st.text() | st.text("0123456789 ,.'-+−–%eE<\u00a0²", max_size=12))
def test_any_text_is_a_finite_number_or_no_data_or_not_a_number(text):
    try:
        number = parse_number(text)
    except NotANumber:
        return
    assert number is None or math.isfinite(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_a_program_wrote_is_read_exactly(number):
    assert parse_number(repr(number)) == number


@pytest.mark.parametrize("text", [None, *sorted(NO_DATA), "–", "−", "Нет\u00a0данных", " Н/Д ", "NaN", "#Н/Д"])
def test_words_for_no_data_give_nothing(text):
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["менее 5", "Менее 10 чел.", "менее\u00a05", "<5", "< 5"])
def test_a_number_hidden_by_the_source_gives_nothing(text):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("12 5", "1 2345", "12.5.1", "1,234,567", "1,234.5", "12,5²", "5¹", "½", "٣", "1_000", "0x10"),
        *("05.мар", "3-5", "2024-05-03", "2023/24", "12-", "--5", "%", "+", ",", "e5", "1e999", "inf", "Infinity"),
        *("пять", "5 чел.", "менее", "менее всего", "<script>", "=1+1", "true", "#ДЕЛ/0!", "5%%", "сто %"),
    ],
)
def test_what_only_looks_like_a_number_is_refused(text):
    with pytest.raises(NotANumber):
        parse_number(text)


# --- sheets

TITLES = ["код", "название школы", "балл, %", "примечание"]
CELLS = [
    ["0041", "Школа «Луч» № 1", "12,5", "первая строка\nвторая строка"],
    ["0412", "<script>alert(1)</script>", "413", ""],
    ["", "", "", ""],
    ["7", "=cmd()|' /C calc'!A0", "", 'знаки ; , | "в кавычках"\tи табуляция'],
    ["000", "Ёлка @SUM(1)", "н/д", "'"],
]
EXPECTED = pl.DataFrame(
    [[cell or None for cell in row] for row in CELLS if any(row)], schema=dict.fromkeys(TITLES, pl.String), orient="row"
).with_columns(pl.Series(ROW, [2, 3, 5, 6]))


def as_csv(path, rows, encoding="utf-8", delimiter=",", newline="\n", **style):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline, **style).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def as_xlsx(path, rows, sheet="Лист1"):
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_csv_of_any_encoding_and_delimiter_gives_the_same_text(tmp_path, encoding, delimiter, newline):
    path = as_csv(tmp_path / "школы.csv", [TITLES, *CELLS], encoding, delimiter, newline)
    assert_frame_equal(read_sheet(path).frame, EXPECTED)
    assert_frame_equal(read_sheet(path, encoding=encoding, delimiter=delimiter).frame, EXPECTED)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_with_every_cell_quoted_gives_the_same_text(tmp_path, newline):
    path = as_csv(tmp_path / "школы.txt", [TITLES, *CELLS], newline=newline, quoting=csv.QUOTE_ALL)
    assert_frame_equal(read_sheet(path).frame, EXPECTED)


@pytest.mark.parametrize("name", ["Ёлка", "ШКОЛА «ПЁТР» №№ 5", "ИЁ", "Лицей — «Ё»", "school"])
def test_russian_text_in_cp1251_is_not_taken_for_utf8(tmp_path, name):
    path = as_csv(tmp_path / "школы.csv", [["код", "школа"], ["01", name]], "cp1251", ";")
    assert read_sheet(path).frame.rows() == [("01", name, 2)]


def test_a_declared_utf8_may_begin_with_a_mark(tmp_path):
    path = as_csv(tmp_path / "школы.csv", [TITLES, *CELLS], "utf-8-sig")
    assert_frame_equal(read_sheet(path, encoding="utf-8").frame, EXPECTED)


def test_a_workbook_gives_the_same_text(tmp_path):
    path = as_xlsx(tmp_path / "школы.xlsx", [TITLES, *CELLS])
    assert_frame_equal(read_sheet(path).frame, EXPECTED)
    assert read_sheet(path, sheet="Лист1").sheet == "Лист1"


def test_parquet_gives_the_same_text(tmp_path):
    frame = pl.DataFrame(CELLS, schema=dict.fromkeys(TITLES, pl.String), orient="row")
    frame.with_columns(list=pl.Series([[1]] * 5)).write_parquet(tmp_path / "школы.parquet")
    assert_frame_equal(read_sheet(tmp_path / "школы.parquet").frame, EXPECTED)


def test_a_workbook_keeps_leading_zeros_beside_numbers(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "школы.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["код", "число"])
        for row, (code, value) in enumerate(
            [("0412", 12.5), (413, "61,5"), ("00", 0.1 + 0.2), (41000123456789, "н/д")]
        ):
            page.write(row + 1, 0, code)
            page.write(row + 1, 1, value)
    frame = read_sheet(tmp_path / "школы.xlsx").frame
    assert frame["код"].to_list() == ["0412", "413", "00", "41000123456789"]
    assert [parse_number(text) for text in frame["число"]] == pytest.approx([12.5, 61.5, 0.3, None])


def test_a_workbook_that_begins_lower_and_to_the_right_keeps_its_row_numbers(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "школы.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(3, 2, ["код", "число"])
        page.write_row(5, 2, ["01", "7"])
        page.write(6, 2, "02")
        page.write_formula(6, 3, "=1/0", None, "#DIV/0!")
        page.write(7, 2, "03")
        page.write_formula(7, 3, "=NA()", None, "#N/A")
    frame = read_sheet(tmp_path / "школы.xlsx").frame
    assert frame.rows() == [("01", "7", 6), ("02", "#ДЕЛ/0!", 7), ("03", None, 8)]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('"доля, %";"число, чел."\n12,5;30\n', ["12,5", "30"]),
        ("доля, %;балл, ср.\n12,5;3,4\n1,5;2,5\n", ["12,5", "3,4"]),
        ("код;доля, %;число, чел., всего\n01;12,5;30\n", ["01", "12,5", "30"]),
        ("\n \nкод,доля\n01,12\n", ["01", "12"]),
        ('"доля,\n%"\tчисло; чел.\n12,5\t30\n', ["12,5", "30"]),
        ("a;b,c\n1,2\n3,4\n", ["1", "2"]),
        ("a\n5\n", ["5"]),
    ],
)
def test_the_delimiter_is_told_from_marks_inside_titles_and_cells(tmp_path, text, cells):
    (tmp_path / "школы.csv").write_text(text, encoding="utf-8")
    assert list(read_sheet(tmp_path / "школы.csv").frame.drop(ROW).row(0)) == cells


def test_white_space_inside_titles_is_a_single_space(tmp_path):
    as_csv(tmp_path / "школы.csv", [["Число\u00a0 \nучеников ", "код"], ["5", "01"]])
    assert read_sheet(tmp_path / "школы.csv").columns == ["Число учеников", "код"]


def test_a_column_without_a_title_is_left_aside(tmp_path):
    as_csv(tmp_path / "школы.csv", [["код", "", "число"], ["01", "заметка", "5"]])
    assert read_sheet(tmp_path / "школы.csv").frame.rows() == [("01", "5", 2)]


def without_control(text):
    """A cell without the characters that no page or workbook can hold."""
    return "".join(char for char in text if unicodedata.category(char) != "Cc" or char in "\t\n\r")


@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    ),
    delimiter=st.sampled_from(";,\t|"),
)
@settings(max_examples=60, deadline=None)
def test_any_text_survives_a_csv_file(tmp_path_factory, rows, delimiter):
    rows.append(["последняя", "", ""])
    path = tmp_path_factory.mktemp("csv") / "таблица.csv"
    as_csv(path, [["a", "b", "c"], *rows], delimiter=delimiter, quoting=csv.QUOTE_ALL)
    kept = [(number, [without_control(cell).strip() for cell in row]) for number, row in enumerate(rows, start=2)]
    assert read_sheet(path).frame.rows() == [(*(cell or None for cell in row), n) for n, row in kept if any(row)]


# --- the table of schools

LONG = {
    "file": "школы.csv",
    "source": "выгрузка",
    "licence": "внутренняя",
    "school_id": "код",
    "school_name": "школа",
    "group_id": "район",
    "group_name": "район",
    "year": "год",
    "school_type": "вид",
    "school_types": {"В": "вечерняя школа"},
    "left_out": ["В"],
    "n_pupils": "учеников",
    "indicators": {
        "incomplete": {
            "title": "неполные семьи",
            "columns": ["неполные"],
            "of": ["полные", "неполные"],
            "unit": "count",
            "higher_is": "worse",
        }
    },
    "results": [{"procedure": "ОГЭ", "title": "отметка", "measure": "mean", "value": "балл", "n": "сдавали"}],
}
COLUMNS = ["код", "школа", "район", "год", "вид", "учеников", "полные", "неполные", "балл", "сдавали"]
MEASURES = COLUMNS[5:]


def school(i, year=2024, **changes):
    row = {
        "код": f"0{i:03}",
        "школа": f"Школа № {i} имени Ёжикова",
        "район": f"Район {i % 2}",
        "год": year,
        "вид": "Д",
        "учеников": 100 + i,
        "полные": 60 + i,
        "неполные": 40 - i,
        "балл": f"3,{10 + i}",
        "сдавали": 10 + i,
    }
    return row | changes


def accepted(folder, rows, years=(2024,), **changes):
    """What intake makes of `rows` (dicts) described by `LONG | changes`."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(rows[0])
    as_csv(folder / "школы.csv", [columns, *([row[column] for column in columns] for row in rows)], delimiter=";")
    params = {"title": "т", "region": "р", "years": list(years), "data": {"school_table": {**LONG, **changes}}}
    params["small_n"] = {"model_fit": 10}
    (folder / "отчёт.yml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    return accept(open_report(str(folder / "отчёт.yml")))


def counts(accepted):
    return dict(accepted["acceptance"].select("check", "count").iter_rows())


def reasons(accepted):
    return dict(accepted["schools"].select("school_id", "why_excluded").iter_rows())


def test_names_and_codes_are_kept_as_they_stand(tmp_path):
    odd = {"школа": 'МБОУ «Ёлка» <b>"№ 1"</b>', "код": "000412"}
    made = accepted(tmp_path, [school(1), school(2, **odd)])
    assert made["schools"]["school_id"].to_list() == ["0001", "000412"]
    assert made["schools"]["school_name"].to_list() == ["Школа № 1 имени Ёжикова", odd["школа"]]
    assert made["results"]["school_id"].to_list() == ["0001", "000412"]
    assert made["results"]["source_row"].to_list() == [2, 3]
    assert made["results"]["source_file"].unique().to_list() == ["школы.csv"]


def test_wide_and_long_tables_of_the_same_data_are_the_same(tmp_path):
    long = [
        school(i, year, балл=f"3,{year - 2000 + i}", сдавали=i + year - 2000) for year in (2023, 2024) for i in range(9)
    ]
    wide = []
    for row in long[:9]:
        later = next(other for other in long[9:] if other["код"] == row["код"])
        of_year = {f"{c} {r['год']}": r[c] for r in (row, later) for c in ("балл", "сдавали")}
        wide.append({c: v for c, v in row.items() if c not in ("год", "балл", "сдавали")} | of_year)
    by_year = [
        LONG["results"][0]
        | {k: {y: f"{c} {y}" for y in (2023, 2024)} for k, c in [("value", "балл"), ("n", "сдавали")]}
    ]
    one = accepted(tmp_path / "длинная", long, (2023, 2024))
    other = accepted(tmp_path / "широкая", wide, (2023, 2024), year="", results=by_year)
    key = ["year", "school_id"]
    assert_frame_equal(one["schools"].sort(key), other["schools"].sort(key))
    assert_frame_equal(one["context"].sort(key), other["context"].sort(key))
    assert_frame_equal(one["results"].drop("source_row").sort(key), other["results"].drop("source_row").sort(key))


def test_counts_percentages_and_shares_say_the_same(tmp_path):
    rows = [school(i) | {"доля": (40 - i) / 100, "процент": f"{40 - i},0 %".replace(".", ",")} for i in range(9)]
    shares = []
    for unit, columns, of in [
        ("count", ["неполные"], ["полные", "неполные"]),
        ("percent", ["процент"], []),
        ("share", ["доля"], []),
        ("percent", ["неполные"], ["полные", "неполные"]),
    ]:
        item = LONG["indicators"]["incomplete"] | {"unit": unit, "columns": columns, "of": of}
        shares.append(accepted(tmp_path, rows, indicators={"incomplete": item})["context"]["incomplete"].to_list())
    assert shares[0] == [(40 - i) / 100 for i in range(9)]
    for same in shares[1:]:
        assert same == pytest.approx(shares[0], abs=1e-15)


def test_a_score_stays_as_it_is(tmp_path):
    item = {"title": "индекс", "columns": ["баллы"], "unit": "score", "higher_is": "better"}
    rows = [school(i) | {"баллы": f"−{i},5", "учеников": ""} for i in range(3)]
    made = accepted(tmp_path, rows, indicators={"position": item})
    assert made["context"]["position"].to_list() == [-0.5, -1.5, -2.5]
    assert made["schools"]["in_model"].all(), "the index of a score does not need the number of pupils"


def test_a_whole_of_nobody_is_no_data_not_zero(tmp_path):
    parts = [{"полные": 0, "неполные": 0}, {}, {"неполные": ""}, {}, {"полные": ""}]
    made = accepted(tmp_path, [school(i, **part) for i, part in enumerate(parts, start=1)])
    assert made["context"]["incomplete"].to_list() == [None, 0.38, None, 0.36, None]
    assert list(reasons(made).values()) == ["no_context", None, "no_context", None, "no_context"]


def test_rounded_percentages_may_add_up_to_a_little_more_than_100(tmp_path):
    item = LONG["indicators"]["incomplete"] | {"unit": "percent", "columns": ["неполные", "полные"], "of": []}
    made = accepted(tmp_path, [school(1, полные=62), school(2)], indicators={"incomplete": item})
    assert made["context"]["incomplete"].to_list() == [1.01, 1.0]


def test_a_group_without_a_name_is_called_by_its_code(tmp_path):
    rows = [school(i) | {"имя района": name} for i, name in enumerate(["Северный", ""])]
    made = accepted(tmp_path, rows, group_name="имя района")
    assert made["schools"]["group_name"].to_list() == ["Северный", "Район 1"]


def test_a_school_is_left_out_for_the_first_of_its_reasons(tmp_path):
    made = accepted(
        tmp_path,
        [
            school(1),
            school(2),
            school(3, вид="В", неполные="н/д", балл="", сдавали=""),
            school(4, неполные="н/д", балл=""),
            school(5, учеников=0),
            school(6, учеников="—"),
            school(7, балл="н/д"),
            school(8, сдавали="менее 5"),
            school(9, балл="", сдавали=0),
            school(10, балл=0, сдавали=0),
            school(11, сдавали=9),
            school(12, сдавали=10),
        ],
    )
    assert list(reasons(made).values()) == [
        *(None, None, "type", "no_context", "no_context", "no_context"),
        *("no_result", "no_result", "no_result", "no_result", "small_n", None),
    ]
    assert counts(made) == {
        "rows_read": 12,
        "rows_outside_years": 0,
        "results_incomplete": 3,
        "schools_in_model": 3,
        "excluded_type": 1,
        "excluded_no_context": 3,
        "excluded_no_result": 4,
        "excluded_small_n": 1,
    }
    assert made["schools"]["school_type"].to_list()[:3] == ["Д", "Д", "вечерняя школа"]


def test_a_left_out_type_that_no_school_has_is_told(tmp_path):
    made = accepted(tmp_path, [school(i, year) for year in (2023, 2024) for i in range(1, 4)])
    absent = {name: note for name, note in made["acceptance"].select("check", "note").iter_rows() if "absent" in name}
    (left_out,) = open_report(str(next(tmp_path.rglob("*.yml")))).params.data.school_table.left_out
    assert left_out in absent["left_out_absent_1"] and "left_out" in absent["left_out_absent_1"]


def test_a_type_copied_from_another_report_is_advice(tmp_path):
    accepted(tmp_path, [school(i, 2024, вид="сош") for i in range(1, 4)], left_out=["интернат"])
    (found,) = examine(open_report(str(tmp_path / "отчёт.yml"))).findings.found
    assert (found.status.value, found.problem.found) == ("ADVICE", "«интернат», такого вида нет ни у одной школы")


def test_a_school_with_too_few_results_is_left_out_in_any_table(tmp_path):
    both = [*LONG["results"], {"procedure": "ЕГЭ", "title": "балл", "measure": "mean", "value": "егэ", "n": "сдавали"}]
    rows = [school(i, егэ="" if i == 2 else 50 + i) for i in range(1, 4)]
    accepted(tmp_path, rows, results=both)
    params = yaml.safe_load((tmp_path / "отчёт.yml").read_text(encoding="utf-8"))
    params["outcome"] = {"min_results": 2}
    (tmp_path / "отчёт.yml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    made = accept(open_report(str(tmp_path / "отчёт.yml")))
    assert list(reasons(made).values()) == [None, "coverage", None]


def test_words_of_the_table_for_no_data(tmp_path):
    rows = [school(i, балл="s" if i == 2 else 3.5, сдавали="S" if i == 2 else 20) for i in range(1, 5)]
    made = accepted(tmp_path, rows, no_data=["s"])
    assert reasons(made)["0002"] == "no_result"
    with pytest.raises(BadInput, match="ключ no_data"):
        accepted(tmp_path, [school(i, балл="s" if i > 1 else 3.5) for i in range(1, 5)])


def test_titles_may_stand_below_other_lines_and_take_two_rows(tmp_path):
    made = accepted(tmp_path, [school(i) for i in range(1, 4)])
    table = (tmp_path / "школы.csv").read_text(encoding="utf-8").splitlines()
    above = ["Свод по школам" + ";" * 9, "данные;;;;;дети;;;результат;", *table]
    (tmp_path / "школы.csv").write_text("\n".join(above), encoding="utf-8")
    params = yaml.safe_load((tmp_path / "отчёт.yml").read_text(encoding="utf-8"))
    keys = params["data"]["school_table"]
    keys.update(header_row=2, header_rows=2)
    upper = (
        dict.fromkeys(COLUMNS[:5], "данные / ")
        | dict.fromkeys(COLUMNS[5:8], "дети / ")
        | dict.fromkeys(COLUMNS[8:], "результат / ")
    )
    keys["indicators"]["incomplete"].update(columns=["дети / неполные"], of=["дети / полные", "дети / неполные"])
    keys["results"][0].update(value="результат / балл", n="результат / сдавали")
    for key in ("school_id", "school_name", "group_id", "group_name", "year", "school_type", "n_pupils"):
        keys[key] = upper[keys[key]] + keys[key]
    (tmp_path / "отчёт.yml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    again = accept(open_report(str(tmp_path / "отчёт.yml")))
    assert_frame_equal(again["context"], made["context"])
    assert again["results"]["source_row"].to_list() == [4, 5, 6]


@pytest.mark.parametrize("written", ["2023/24", "2023-2024", "20232024", "2023/2024 уч. год", "2024.0", "2024 г."])
def test_a_school_year_is_the_one_in_which_it_ends(tmp_path, written):
    made = accepted(tmp_path, [school(i, written) for i in range(1, 4)])
    assert made["schools"]["year"].to_list() == [2024] * 3


@given(st.integers(1901, 2198), st.sampled_from(["{}/{}", "{}-{}", "{}{}", "{} – {}", "{}/{} уч. год"]))
def test_two_years_are_a_school_year_if_one_follows_the_other(year, form):
    assert parse_year(form.format(year - 1, year)) == year
    for other in (year - 1, year + 1):
        with pytest.raises(NotANumber):
            parse_year(form.format(year - 1, other))


def test_codes_that_became_numbers_are_whole_again(tmp_path):
    made = accepted(tmp_path, [school(i, код=f"{100049 + i}.0", район=f"{i % 2}.0") for i in range(1, 4)])
    assert made["schools"]["school_id"].to_list() == ["100050", "100051", "100052"]
    assert made["schools"]["group_id"].to_list() == ["1", "0", "1"]
    assert counts(made)["ids_mended"] == 6


def test_rows_of_a_form_are_set_aside_and_counted(tmp_path):
    rows = [school(i) for i in range(1, 4)]
    numbers = dict(zip(COLUMNS, range(1, 11), strict=True))
    signed = dict.fromkeys(COLUMNS, "") | {"код": "Директор центра", "район": "________", "вид": "20.09.2024"}
    made = accepted(tmp_path, [numbers, *rows[:2], dict(zip(COLUMNS, COLUMNS, strict=True)), numbers, rows[2], signed])
    assert made["schools"].height == 3
    assert counts(made)["rows_set_aside"] == 4


def test_data_may_lie_anywhere(tmp_path):
    made = accepted(tmp_path / "here", [school(i) for i in range(1, 4)])
    params = yaml.safe_load((tmp_path / "here" / "отчёт.yml").read_text(encoding="utf-8"))
    params["data"]["school_table"]["file"] = str((tmp_path / "here" / "школы.csv").rename(tmp_path / "школы.csv"))
    (tmp_path / "here" / "отчёт.yml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    report = open_report(str(tmp_path / "here" / "отчёт.yml"))
    assert_frame_equal(accept(report)["results"], made["results"])
    assert json.loads(manifest.text(report, "internal"))["inputs"]["raw"].keys() == {"школы.csv"}


def test_excels_word_on_the_delimiter_is_passed_over(tmp_path):
    as_csv(tmp_path / "школы.csv", [["sep=;"], ["код", "школа"], ["1", "а,б"]], delimiter=";")
    sheet = read_sheet(tmp_path / "школы.csv")
    assert sheet.frame.rows() == [("1", "а,б", 3)]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1252", ["ESCUELA VIÑA DEL MAR", "Colegio José", "ÑUÑOA", "École à Besançon", "Straße"]),
        ("cp1251", ["МБОУ «СОШ № 3»", "Ёлкино", "Школа-интернат пгт Палана", "гимназия № 1 (English)"]),
        ("cp866", ["МБОУ СОШ N 3", "Школа-интернат пгт Палана", "гимназия", "основная школа села Луговое"]),
        ("koi8-r", ["МБОУ СОШ N 3", "Школа-интернат пгт Палана", "гимназия", "МЫС ШИПУНСКИЙ"]),
        ("mac-cyrillic", ["МБОУ «СОШ № 3»", "Школа-интернат пгт Палана", "гимназия", "Юность"]),
    ],
)  # fmt: skip
def test_text_of_a_byte_a_letter_is_guessed_and_said_so(tmp_path, encoding, names):
    as_csv(tmp_path / "школы.csv", [["id", "name"], *([str(n), name] for n, name in enumerate(names))], encoding)
    sheet = read_sheet(tmp_path / "школы.csv")
    assert sheet.frame["name"].to_list() == names
    assert f"кодировка {encoding} (угадана)" in sheet.note


def test_rows_of_other_years_are_counted(tmp_path):
    rows = [school(i, year) for year in (2021, 2022, 2023, 2024) for i in range(1, 4)]
    made = accepted(tmp_path, rows, (2022, 2024))
    assert counts(made)["rows_outside_years"] == 6
    assert made["schools"]["year"].to_list() == [2022] * 3 + [2024] * 3
    assert made["results"]["source_row"].to_list() == [5, 6, 7, 11, 12, 13]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([2022, 2023, 2024]),
            st.sampled_from(["Д", "В", ""]),
            *[st.sampled_from(["", "н/д", "0", "12", "30"])] * 5,
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_row_is_lost_unsaid(tmp_path_factory, drawn):
    certain = [school(i, year) for i in (901, 902) for year in (2023, 2024)]
    certain = [row | {"полные": 50, "неполные": row["код"][-1]} for row in certain]
    drawn = [
        school(i, year, вид=kind) | dict(zip(MEASURES, cells, strict=True))
        for i, (year, kind, *cells) in enumerate(drawn)
    ]
    for row in drawn:
        if row["сдавали"] == "0":
            row["балл"] = ""
    made = accepted(tmp_path_factory.mktemp("отчёт"), [*certain, *drawn], (2023, 2024))
    count = counts(made)
    assert count["rows_read"] == len(certain) + len(drawn) == count["rows_outside_years"] + made["schools"].height
    left_out = sum(number for check, number in count.items() if check.startswith("excluded_"))
    assert count["schools_in_model"] + left_out == made["schools"].height == made["context"].height

    of_years = [row for row in [*certain, *drawn] if row["год"] != 2022]
    has = [
        (row["балл"] not in ("", "н/д"), row["сдавали"] not in ("", "н/д"), row["сдавали"] != "0") for row in of_years
    ]
    assert made["results"].height == sum(value and n and some for value, n, some in has)
    assert count["results_incomplete"] == sum(value != n and (value or some) for value, n, some in has)


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_and_columns_does_not_matter(tmp_path_factory, chance):
    rows = [school(i, year) for year in (2023, 2024) for i in range(6)]
    made = accepted(tmp_path_factory.mktemp("отчёт"), rows, (2023, 2024))
    columns = chance.sample(COLUMNS, len(COLUMNS))
    mixed = [{column: row[column] for column in columns} for row in chance.sample(rows, len(rows))]
    again = accepted(tmp_path_factory.mktemp("отчёт"), mixed, (2023, 2024))
    for name in ("schools", "context", "results"):
        one, other = (each[name].drop("source_row", strict=False) for each in (made, again))
        assert_frame_equal(one, other, check_row_order=False)
    assert counts(made) == counts(again)


@pytest.mark.parametrize(
    ("measure", "written", "higher_is", "low"),
    [("share", "0,2", "worse", 0.2), ("percent", "20 %", "worse", 0.2), ("share", "0,2", "better", 0.8)],
)
def test_a_share_result_brings_its_own_spread(tmp_path, measure, written, higher_is, low):
    # n = 9: smoothed (0.2 · 9 + 0.5) / 10 = 0.23, its standard deviation √(0.23 · 0.77) = 0.42083…
    result = LONG["results"][0] | {"measure": measure, "higher_is": higher_is}
    row = accepted(tmp_path, [school(1, балл=written, сдавали=9), school(2, балл="0")], results=[result])[
        "results"
    ].row(0, named=True)
    assert row["mean"] == pytest.approx(0.2)
    assert row["share_low"] == pytest.approx(low)
    assert row["sd"] == pytest.approx(0.420832508, abs=1e-9)
    assert row["n_participants"] == 9


def test_a_mean_result_has_no_spread_of_its_own(tmp_path):
    results = accepted(tmp_path, [school(1), school(2)])["results"]
    assert results["sd"].to_list() == results["share_low"].to_list() == [None, None]
    assert results["mean"].to_list() == [3.11, 3.12]


def test_several_results_of_a_school_stand_side_by_side(tmp_path):
    second = {
        "procedure": "ВПР",
        "title": "т",
        "measure": "mean",
        "value": "балл",
        "n": "учеников",
        "grade_column": "вид",
    }
    made = accepted(tmp_path, [school(1), school(2, сдавали="")], results=[*LONG["results"], second])
    kept = made["results"].sort("school_id", "procedure").select("school_id", "procedure", "grade", "n_participants")
    assert kept.rows() == [("0001", "ВПР", "Д", 101), ("0001", "ОГЭ", "all", 11), ("0002", "ВПР", "Д", 102)]
    assert reasons(made) == {"0001": None, "0002": None}


# --- the shipped report, counted independently


@pytest.fixture(scope="module")
def california():
    return accept(open_report("california-2000"))


@pytest.fixture(scope="module")
def california_rows():
    path = PROJECT / "data" / "raw" / "california-2000" / "us_california_api.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_california_keeps_every_school_in_both_years(california, california_rows):
    assert len(california_rows) == 6194
    assert california["schools"].height == california["context"].height == 2 * 6194
    ids = sorted(row["cds"] for row in california_rows)
    for year in (1999, 2000):
        assert california["schools"].filter(year=year)["school_id"].sort().to_list() == ids


def test_california_schools_without_parents_education_have_none(california, california_rows):
    parts = ["not_hsg", "hsg", "some_col", "col_grad", "grad_sch"]
    silent = {row["cds"] for row in california_rows if all(float(row[part]) == 0 for part in parts)}
    assert len(silent) == 178
    missing = california["context"].filter(pl.col("higher_education").is_null())
    assert set(missing["school_id"]) == silent
    reasons = california["schools"].join(missing, on=["year", "school_id"], how="semi")["why_excluded"]
    assert set(reasons) == {"no_context", "type"}


def test_california_schools_are_left_out_for_reasons_counted_by_hand(california, california_rows):
    def reason(row):
        if row["stype"] in "MH":
            return "type"
        parts = ["not_hsg", "hsg", "some_col", "col_grad", "grad_sch"]
        if not row["enroll"] or not row["mobility"] or not any(float(row[part]) for part in parts):
            return "no_context"
        return "small_n" if int(row["api_stu"]) < 10 else None

    by_hand = Counter(reason(row) for row in california_rows)
    expected = {f"excluded_{name}": 2 * number for name, number in by_hand.items() if name}
    expected |= {
        "rows_read": 6194,
        "rows_outside_years": 0,
        "results_incomplete": 0,
        "schools_in_model": 2 * by_hand[None],
    }
    assert counts(california) == expected


def test_california_numbers_are_those_of_the_file(california, california_rows):
    by_id = {row["cds"]: row for row in california_rows}
    chance = random.Random(4)
    for year, school_id in chance.sample(california["results"].select("year", "school_id").rows(), 200):
        row = by_id[school_id]
        (result,) = california["results"].filter(year=year, school_id=school_id).rows(named=True)
        assert result["mean"] == float(row[f"api{year % 100:02}"])
        assert result["n_participants"] == float(row["api_stu"])
        assert result["grade"] == row["stype"]
        assert california_rows[result["source_row"] - 2] is row
        (context,) = california["context"].filter(year=year, school_id=school_id).rows(named=True)
        assert context["subsidised_meals"] == pytest.approx(float(row["meals"]) / 100)
