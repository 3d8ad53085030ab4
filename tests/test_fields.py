"""Cells become numbers, shares and days or a finding with its place; marks and subjects are told alike everywhere."""

import math
import statistics
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.intake.fields import NotADay, is_day, is_number, parse_day, parsed, whole_shares
from helpers.intake.findings import Findings, Status
from helpers.intake.layouts import Layout
from helpers.intake.marks import MARKS, with_mean
from helpers.intake.numbers import NO_DATA
from helpers.intake.raw_table import SHEET, Table
from helpers.intake.sheets import ROW
from helpers.intake.subjects import subject_of, subject_titles

NBSP = "\u00a0"

# --- days

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
FORMS = [
    "{0:%Y-%m-%d}",
    "{0:%d.%m.%Y}",
    "{0:%d/%m/%Y}",
    "{0.day}.{0.month}.{0:%Y}",
    "{0:%Y-%m-%d} 00:00:00",
    "{0:%d.%m.%Y} 0:00",
    "{0:%d.%m.%Y} г.",
    "{0:%d.%m.%Y}г.",
    f"{{0:%d.%m.%Y}}{NBSP}г.",
    "  {0:%d.%m.%Y}\n",
]


@given(DAYS, st.sampled_from(FORMS))
def test_a_day_comes_back_however_it_is_written(day, form):
    assert parse_day(form.format(day)) == day


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)))
def test_two_digits_of_a_year_are_of_this_time(day):
    assert parse_day(f"{day:%d.%m.%y}") == day


@pytest.mark.parametrize("text", [None, *sorted(NO_DATA), " - ", "Н/Д", NBSP])
def test_no_day(text):
    assert parse_day(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("31.02.2020", "2020-13-01", "00.01.2020", "29.02.2019", "32.01.20"),
        *("44075", "44075.0", "2020", "09.2020", "1 сентября 2020", "сентябрь", "г.", "0", "вчера"),
        *("2020-9", "01.09", "01,09,2020", "09/31/2020", "20200901x"),
    ],
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(NotADay):
        parse_day(text)


@pytest.mark.parametrize(
    "text", ["01.09.2020 или 05.09.2020", "01.09.2020 - 31.05.2021", "01.09.2020 ?", "2020-09-01 25:99"]
)
def test_a_day_and_something_else_is_refused(text):
    with pytest.raises(NotADay):
        parse_day(text)


@pytest.mark.parametrize("text", ["01.09.2020г", "2020-09-01T00:00:00", f"01.09.2020{NBSP}00:00:00"])
def test_a_day_with_its_year_or_time_close_by(text):
    assert parse_day(text) == date(2020, 9, 1)


@given(st.text(max_size=15))
@settings(max_examples=300)
def test_any_text_is_a_day_or_refused(text):
    try:
        day = parse_day(text)
    except NotADay:
        return
    assert day is None or type(day) is date


# --- what a field holds


@pytest.mark.parametrize(
    ("field", "number", "day"),
    [
        ("n_pupils", True, False),
        ("share_2", True, False),
        ("mean_mark", True, False),
        ("posts", True, False),
        ("vacancies", True, False),
        ("from_date", False, True),
        ("name", False, False),
        ("inn", False, False),
        ("number", False, False),
        ("date", False, False),
    ],
)
def test_a_field_tells_its_kind_by_its_name(field, number, day):
    assert (is_number(field), is_day(field)) == (number, day)


def test_the_shares_of_a_whole():
    frame = pl.DataFrame(schema=["share_2", "share_score_10", "share_done", "n_pupils", "name"])
    assert whole_shares(frame) == ["share_2", "share_score_10"]


# --- a table


def read(**columns):
    """Columns of text as `parsed` makes them, and what was found; titles are the fields in capitals."""
    height = len(next(iter(columns.values())))
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        pl.Series(ROW, range(5, 5 + height)), pl.lit("Лист1").alias(SHEET)
    )
    layout = Layout("vpr", "all", "*", (1,), {}, frozenset())
    table = Table("2021/vpr/marks.xlsx", layout, frame, [], {name: name.upper() for name in columns})
    findings = Findings()
    return parsed(table, frame, findings), findings


def told(findings):
    """(check, status, row, column) of every finding."""
    return [(one.check, str(one.status), one.problem.row, one.problem.column) for one in findings.found]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12", 12),
        ("0", 0),
        ("12.0", 12),
        (f"1{NBSP}234", 1234),
        ("1 234", 1234),
        (None, None),
        ("-", None),
        ("н/д", None),
        ("менее 5", None),
        ("<5", None),
        ("*", None),
    ],
)
def test_whole_numbers(cell, number):
    frame, findings = read(n_pupils=[cell])
    assert frame["n_pupils"].to_list() == [number]
    assert told(findings) == []


def test_what_was_put_right_is_counted():
    _, findings = read(
        n_pupils=["12", "1 234", "менее 5", "< 5", "-", None], mean_mark=["3,5", "3.5", "-"] + [None] * 3
    )
    assert findings.counted["text_numbers"] == 2
    assert findings.counted["hidden_by_source"] == 2


@pytest.mark.parametrize(
    ("field", "cell", "check", "expected"),
    [
        ("n_pupils", "12.5", "numbers", "целое число не меньше 0"),
        ("n_pupils", "12,5", "numbers", "целое число не меньше 0"),
        ("n_pupils", "-1", "numbers", "целое число не меньше 0"),
        ("n_pupils", "−1", "numbers", "целое число не меньше 0"),
        ("n_pupils", "1000000000000000000", "numbers", "целое число от 0 до 100000"),
        ("n_pupils", "двенадцать", "numbers", "целое число"),
        ("n_pupils", "12 чел.", "numbers", "целое число"),
        ("n_pupils", "2021-05-03 00:00:00", "excel_dates", "целое число, а не дата"),
        ("posts", "-0.5", "numbers", "число не меньше 0"),
        ("posts", "2021-05-03", "excel_dates", "число, а не дата"),
        ("vacancies", "03.май", "excel_dates", "число, а не дата"),
        ("vacancies", "3-5", "numbers", "число"),
        ("vacancies", "03.05.2021", "excel_dates", "число, а не дата"),
        ("share_done", "100.1", "numbers", "число от 0 до 100"),
        ("share_done", "-3", "numbers", "число от 0 до 100"),
        ("mean_mark", "inf", "numbers", "число"),
        ("mean_mark", "1e999", "numbers", "число"),
        ("from_date", "44075", "numbers", "день вида 01.09.2020"),
    ],
)
def test_a_cell_that_cannot_be_used_is_told_with_its_place(field, cell, check, expected):
    frame, findings = read(**{field: ["5" if is_number(field) else "01.09.2020", cell]})
    assert frame[field][1] is None
    assert frame[field][0] is not None
    assert told(findings) == [(check, Status.fail, 6, field.upper())]
    problem = findings.found[0].problem
    assert (problem.file, problem.sheet, problem.expected) == ("2021/vpr/marks.xlsx", "Лист1", expected)
    assert cell.removesuffix(" 00:00:00") in problem.found
    assert problem.advice


def test_days_and_text():
    frame, findings = read(from_date=["01.09.2020", "-", None], name=["12", " а ", None])
    assert frame["from_date"].to_list() == [date(2020, 9, 1), None, None]
    assert frame["name"].to_list() == ["12", " а ", None]
    assert frame.schema["from_date"] == pl.Date
    assert findings.found == []


def shares(*rows):
    """A table of the shares of marks 2–5, a row each."""
    return read(**{f"share_{mark}": [row[place] for row in rows] for place, mark in enumerate(MARKS)})


def rows_of(frame):
    return [list(row) for row in frame.select(f"share_{mark}" for mark in MARKS).rows()]


@pytest.mark.parametrize(
    ("row", "result"),
    [
        (["10", "20", "30", "40"], [0.1, 0.2, 0.3, 0.4]),
        (["10%", "20 %", "30,0", f"40{NBSP}%"], [0.1, 0.2, 0.3, 0.4]),
        (["100", None, None, None], [1, 0, 0, 0]),
        (["0", "0", "0", "100"], [0, 0, 0, 1]),
        (["33.33", "33.33", "33.34", "0"], [0.3333, 0.3333, 0.3334, 0]),
        ([None] * 4, [None] * 4),
        (["-", "*", "н/д", "менее 5"], [None] * 4),
    ],
)
def test_percentages_become_shares(row, result):
    frame, findings = shares(row)
    assert rows_of(frame)[0] == pytest.approx(result)
    assert findings.found == []
    assert findings.counted["share_sums"] == (result[0] is not None)


def test_shares_already_are_taken_and_told():
    frame, findings = shares(["10", "20", "30", "40"], ["0.1", "0,2", "0.3", "0.4"])
    assert rows_of(frame)[1] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert told(findings) == [("fractions", Status.advice, 6, "SHARE_2 … SHARE_5")]


@pytest.mark.parametrize(
    ("row", "total"),
    [
        (["10", "20", "30", "33"], "93,0 %"),
        (["10", "20", "30", "48"], "108,0 %"),
        (["10", "20", "30", "40.7"], "100,7 %"),
        (["0", "0", "0", "0"], "0,0 %"),
        (["0.5", "0.5", "0.5", "0.5"], "2,0 %"),
    ],
)
def test_shares_that_make_no_whole_are_told_and_not_used(row, total):
    frame, findings = shares(row)
    assert rows_of(frame) == [[None] * 4]
    assert told(findings) == [("share_sums", Status.fail, 5, "SHARE_2 … SHARE_5")]
    assert total in findings.found[0].problem.found


def test_one_bad_share_is_told_and_the_others_are_not_used():
    frame, findings = shares(["10", "двадцать", "30", "40"])
    assert rows_of(frame) == [[None] * 4]
    assert ("numbers", Status.fail, 5, "SHARE_3") in told(findings)


def test_a_bad_share_is_not_a_zero():
    frame, findings = shares(["-5", "30", "30", "40"], ["?", "30", "30", "40"])
    assert [row for _, _, row, _ in told(findings)] == [5, 6]
    assert rows_of(frame) == [[None] * 4] * 2


def test_a_share_outside_of_a_whole():
    frame, findings = read(share_done=["12,5", "100", None], share_2=["100"] * 3)
    assert frame["share_done"].to_list() == [0.125, 1, None]
    assert findings.found == []


@given(st.lists(st.tuples(*[st.integers(0, 60)] * 4).filter(any), min_size=1, max_size=8), st.integers(1, 3))
@settings(deadline=None)
def test_rounded_percentages_make_a_whole_again(counts, places):
    cells = [[f"{100 * count / sum(row):.{places}f}".replace(".", ",") for count in row] for row in counts]
    frame, findings = shares(*cells)
    assert findings.fails == []
    for row, result in zip(counts, rows_of(frame), strict=True):
        assert math.fsum(result) == pytest.approx(1)
        assert result == pytest.approx([count / sum(row) for count in row], abs=0.003)


@given(st.lists(st.one_of(st.none(), st.text("0123456789,.- %е<", max_size=6)), min_size=1, max_size=6))
@settings(deadline=None)
def test_every_cell_is_a_number_no_data_or_a_finding(cells):
    frame, findings = read(n_pupils=cells, share_done=cells, name=cells)
    assert frame["name"].to_list() == cells
    numbers = frame["n_pupils"].drop_nulls()
    assert (numbers >= 0).all()
    assert (numbers == numbers.round()).all()
    assert frame["share_done"].drop_nulls().is_between(0, 1).all()
    assert all(one.status == Status.fail for one in findings.found if one.check != "fractions")


# --- marks

COUNTS = st.tuples(*[st.integers(0, 500)] * 4).filter(any)


def marks_of(*counts):
    """Rows of shares from counts of marks."""
    rows = [[count / sum(row) for count in row] for row in counts]
    return pl.DataFrame(rows, schema=[f"share_{mark}" for mark in MARKS], orient="row")


@given(st.lists(COUNTS, min_size=1, max_size=5))
@example([(7, 0, 0, 0), (0, 0, 0, 1), (0, 3, 0, 0)])
@settings(deadline=None)
def test_mean_and_sd_are_those_of_the_marks_themselves(counts):
    frame = with_mean(marks_of(*counts))
    for row, said in zip(counts, frame.to_dicts(), strict=True):
        marks = [mark for mark, count in zip(MARKS, row, strict=True) for _ in range(count)]
        assert said["mean"] == pytest.approx(statistics.fmean(marks))
        assert said["sd"] ** 2 == pytest.approx(statistics.pvariance(marks), abs=1e-12)
        assert said["share_low"] == pytest.approx(marks.count(2) / len(marks))
        assert 2 - 1e-9 <= said["mean"] <= 5 + 1e-9
        assert 0 <= said["sd"] <= 1.5 + 1e-9


@given(COUNTS, COUNTS)
@settings(deadline=None)
def test_schools_together_have_the_mean_of_their_pupils(one, other):
    both = tuple(map(sum, zip(one, other, strict=True)))
    first, second, joint = with_mean(marks_of(one, other, both)).to_dicts()
    n, m = sum(one), sum(other)
    assert joint["mean"] == pytest.approx((n * first["mean"] + m * second["mean"]) / (n + m))
    between = n * m / (n + m) ** 2 * (first["mean"] - second["mean"]) ** 2
    within = (n * first["sd"] ** 2 + m * second["sd"] ** 2) / (n + m)
    assert joint["sd"] ** 2 == pytest.approx(within + between, abs=1e-9)


def test_without_shares_nothing_is_known():
    frame = with_mean(pl.DataFrame({f"share_{mark}": [None, 0.25] for mark in MARKS}, schema_overrides=None))
    assert frame.select("mean", "sd", "share_low").row(0) == (None, None, None)
    assert frame["mean"][1] == 3.5


# --- subjects


@pytest.mark.parametrize(
    ("name", "code", "exam", "subject"),
    [
        ("Русский язык", "", "", "rus"),
        ("РУССКИЙ  ЯЗЫК", "", "", "rus"),
        (f"русский{NBSP}язык ", "", "", "rus"),
        ("Pусский язык", "", "", "rus"),
        ("«Физика»", "", "", "physics"),
        ("Математика", "", "", "math"),
        ("Математика", "2", "oge", "math"),
        ("Математика", "2", "ege", "math_profile"),
        ("Математика", "22", "ege", "math_basic"),
        ("Математика", " 02.0 ", "ege", "math_profile"),
        ("Математика", "", "ege", None),
        ("Математика (профильный уровень)", "", "ege", "math_profile"),
        ("Математика профильная", "22", "ege", "math_profile"),
        ("Математика базовая", "", "ege", "math_basic"),
        ("", "2", "oge", "math"),
        ("", "2", "ege", "math_profile"),
        ("", "22", "ege", "math_basic"),
        ("Математика (базовый уровень)", "", "ege", "math_basic"),
        ("", "22", "oge", None),
        ("", "1", "oge", "rus"),
        ("", "01", "oge", "rus"),
        ("", "1.0", "ege", "rus"),
        ("", "18", "ege", "literature"),
        ("", "99", "ege", None),
        ("", "", "", None),
        ("Русский язык", "2", "oge", "rus"),
        ("Астрономия", "", "", None),
        ("Русский", "", "", None),
    ],
)
def test_a_subject_by_its_name_or_code(name, code, exam, subject):
    assert subject_of(name, code, exam) == subject


@pytest.mark.parametrize("code", ["1", "3", "18"])
def test_mathematics_with_the_code_of_another_subject_is_neither(code):
    assert subject_of("Математика", code, "ege") is None


def test_every_subject_has_a_title():
    titles = subject_titles()
    assert {subject_of("", str(code), exam) for code in range(100) for exam in ("oge", "ege")} - {None} <= set(titles)
    assert all(titles.values())
    assert len(set(titles.values())) == len(titles)
    assert "math" in titles


@given(st.sampled_from([datetime(2020, 9, 1, 8, 30), datetime(1999, 12, 31, 23, 59, 59)]))
def test_a_moment_is_its_day(moment):
    assert parse_day(str(moment)) == moment.date()
