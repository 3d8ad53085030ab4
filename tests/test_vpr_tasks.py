"""«Выполнение заданий» of ВПР: every year's form is read alike, and no other report is taken for it."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from vpr_files import written

from helpers.intake import vpr
from helpers.intake.calendar import load_calendar
from helpers.intake.findings import Findings
from helpers.intake.layouts import layout
from helpers.intake.raw_table import read_tables
from helpers.intake.records import Intake
from helpers.intake.task_labels import task_label

YEARS = (2018, 2019, 2020, 2021)
WORK = {year: [f"ВПР {year}. 5 класс", "Предмет: Математика"] for year in YEARS}
WORK[2020] = ["ВПР 2020 (осень). 6 класс (по программе 5 класса)", "Предмет: Математика"]
HEADING = {"vpr_tasks": "Выполнение заданий", "vpr_marks": "Статистика по отметкам",
           "vpr_scores": "Распределение первичных баллов", "vpr_journal": "Сравнение отметок с отметками по журналу"}  # fmt: skip

# Each year's form, as it lies in the file: maximum of 1К1 is 3, of 3 1, of 4.1 2, of 12.2 1
FORMS = {
    2018: [["Группы участников", "Кол-во уч.", "1K1", "3", "4(1)", "12(2)"],
           ["", "Макс балл", 3, 1, 2, 1],
           ["Вся выборка", 1402000, 60, 70, 50, 10],
           ["Заречный край", 60, 61, 71, 51, 11],
           ["Озёрный район", 60, 61, 71, 51, 11],
           ["sch410001 (СОШ № 3)", 40, 66.7, 75, 50, 12.5],
           ["sch410002", 20, 50, 60, "-", 0]],
    2019: [["Группы участников", "Кол-во ОО", "Кол-во участников", "Выполнение заданий, %", "", "", ""],
           ["", "", "", "1K1", 3, 4.1, 12.2],
           ["Макс. балл", "", "", 3, 1, 2, 1],
           ["Вся выборка", 38400, 1402000, 60, 70, 50, 10],
           ["Заречный край", 2, 60, 61, 71, 51, 11],
           ["Озёрный район", 2, 60, 61, 71, 51, 11],
           ["sch410001 (СОШ № 3)", "", 40, 66.7, 75, 50, 12.5],
           ["sch410002", "", 20, 50, 60, "", 0]],
    2020: [["Группы участников", "Кол-во ОО", "Кол-во участников", "1К1", "3", "4.1", "12.2"],
           ["Максимальный балл", "", "", 3, 1, 2, 1],
           ["Вся выборка", 38400, 1402000, 60, 70, 50, 10],
           ["sch410001 (СОШ № 3)", "", 40, "66,7", "75 %", 50, 12.5],
           ["sch410002", "", 20, 50, 60, "", 0]],
    2021: [["Группы участников", "Кол-во ОО", "Кол-во участников", "Задания, % от максимального балла", "", "", ""],
           ["", "", "", "1K1", "3", "4(1)", "12(2)"],
           ["", "", "Макс балл", 3, 1, 2, 1],
           ["Вся выборка", 38400, 1402000, 60, 70, 50, 10],
           ["sch410001 (СОШ № 3)", "", 40, 66.7, 75, 50, 12.5],
           ["sch410002", "", 20, 50, 60, "н/д", 0]],
}  # fmt: skip
READ = [
    ("s01", "1К1", 40, 3, 0.667), ("s01", "3", 40, 1, 0.75), ("s01", "4.1", 40, 2, 0.5), ("s01", "12.2", 40, 1, 0.125),
    ("s02", "1К1", 20, 3, 0.5), ("s02", "3", 20, 1, 0.6), ("s02", "12.2", 20, 1, 0),
]  # fmt: skip
MARKS = {
    2018: [["Группы участников", "Кол-во ОО", "Кол-во уч.", "Распределение групп баллов в %", "", "", ""],
           ["", "", "", "2", "3", "4", "5"]],
    2019: [["Группы участников", "Кол-во ОО", "Кол-во участников", "Распределение групп баллов в %", "", "", ""],
           ["", "", "", "2", "3", "4", "5"]],
    2020: [["Группы участников", "Кол-во ОО", "Кол-во участников", "2", "3", "4", "5"]],
    2021: [["Группы участников", "Кол-во ОО", "Кол-во участников", "Отметки, %", "", "", ""],
           ["", "", "", "2", "3", "4", "5"]],
}  # fmt: skip
OF_MARKS = [["sch410001", "", 40, 10, 40, 30, 20], ["sch410002", "", 20, 10, 40, 30, 20]]
OF_SCORES = [["sch410001", 40, 10, 40, 30, 20], ["sch410002", 20, 10, 40, 30, 20]]


def scores(year):
    n = "Кол-во уч." if year == 2018 else "Кол-во участников"
    return [["Группы участников", n, "Распределение первичных баллов, %", "", "", ""], ["", "", "0", "1", "2", "3"]]


def filled(header):
    """A header of two rows whose merged cells somebody has taken apart and filled."""
    upper, lower = (list(row) for row in header)
    for place, title in enumerate(upper):
        upper[place] = title or upper[place - 1]
        lower[place] = lower[place] or upper[place]
    return [upper, lower]


def above(year, report="", highest=7):
    """The text above a table; without `report` the line that says which report it is is gone."""
    lines = [*WORK[year], f"Максимальный первичный балл: {highest}"]
    return [[line] for line in ([HEADING[report], *lines] if report else lines)]


class Read:
    """What is made of a file of ВПР."""

    def __init__(self, path: Path, year: int, registry) -> None:
        self.findings = Findings()
        tables = read_tables(path, [layout(name, year) for name in vpr.LAYOUTS], self.findings, path.name)
        self.layout = tables[0].layout.name if tables else None
        intake = Intake(registry, [], load_calendar(), "Заречный край", self.findings)
        parts = [vpr.read(table, year, intake) for table in tables]
        names = {name for part in parts for name in part}
        self.made = {name: pl.concat([part[name] for part in parts if name in part], how="diagonal") for name in names}

    @property
    def told(self):
        return [(one.check, one.status.value) for one in self.findings.found]


@pytest.fixture
def read(tmp_path, registry):
    return lambda year, *sheets: Read(written(tmp_path / "file.xlsx", *sheets), year, registry)


def rows_of(made):
    """Rows of table `tasks` that have data: school, task, participants, maximum, share."""
    shown = made["tasks"].select("school_id", "task", "n_participants", "max_score", "share_done")
    return sorted(shown.drop_nulls("share_done").rows())


# --- every year's form


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("heading", ["vpr_tasks", ""])
def test_every_years_form_is_read_alike(read, year, heading):
    file = read(year, above(year, heading) + FORMS[year])
    assert file.told == []
    assert rows_of(file.made) == [pytest.approx(row) for row in sorted(READ)]
    tasks = file.made["tasks"]
    assert set(tasks.select("year", "subject", "grade").unique().iter_rows()) == {(year, "math", "5")}
    first = 4 + bool(heading) + len(FORMS[year])  # the last school stands in the last row
    assert set(tasks.filter(school_id="s02")["source_row"]) == {first - 1}


def test_a_csv_file_is_read_as_a_workbook_is(tmp_path, registry):
    path = tmp_path / "file.csv"
    with path.open("w", encoding="cp1251", newline="") as file:
        csv.writer(file, delimiter=";").writerows(above(2020, "vpr_tasks") + FORMS[2020])
    lines = path.read_text(encoding="cp1251").splitlines()
    width = max(line.count(";") for line in lines)
    path.write_text("\n".join(line + ";" * (width - line.count(";")) for line in lines), encoding="cp1251")
    assert rows_of(Read(path, 2020, registry).made) == [pytest.approx(row) for row in sorted(READ)]


def test_maxima_are_each_sheets_own(read):
    other = [list(row) for row in FORMS[2019]]
    other[2][3:] = [2, 2, 2, 1]
    del other[6]
    first = FORMS[2019][:-1]
    made = read(2019, above(2019, "vpr_tasks") + first, above(2019, "vpr_tasks") + other).made
    highest = made["tasks"].group_by("school_id").agg(pl.col("max_score").sort_by("task"))
    assert dict(highest.iter_rows()) == {"s01": [1, 3, 1, 2], "s02": [1, 2, 2, 2]}  # 12.2, 1К1, 3, 4.1


def test_a_sheet_without_its_row_of_maxima_is_told(read):
    file = read(2021, above(2021, "vpr_tasks") + FORMS[2021][:-1],
                [*above(2021, "vpr_tasks"), *FORMS[2021][:2], FORMS[2021][-1]])  # fmt: skip
    (found,) = file.findings.found
    assert (found.check, found.status, found.problem.sheet) == ("maxima", "FAIL", "Sheet2")


def test_a_task_of_one_sheet_is_none_of_the_others(read):
    fewer = [row[:-1] for row in FORMS[2020]]
    file = read(2020, above(2020, "vpr_tasks") + FORMS[2020][:-1], [*above(2020, "vpr_tasks"), *fewer[:2], fewer[-1]])
    told = [str(one.problem) for one in file.findings.found]
    assert len(told) == 1 and "в сумме 6; прочитаны задания 1К1, 3, 4.1;" in told[0] and "«Sheet2»" in told[0]


@pytest.mark.parametrize("year", [2018, 2020])
def test_a_bare_label_that_became_a_date_is_named(tmp_path, registry, year):
    path = tmp_path / "file.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(above(year, "vpr_tasks") + FORMS[year]):
            sheet.write_row(number, 0, row)
        place = FORMS[year][0].index({2018: "4(1)", 2020: "4.1"}[year])
        sheet.write_datetime(4, place, datetime(year, 1, 4), book.add_format({"num_format": "d mmm"}))
    found = [(one.check, one.problem.column, one.problem.found) for one in Read(path, year, registry).findings.found]
    assert found == [
        ("layout", f"{year}-01-04", "название, в котором не узнать номер задания"),
        ("maxima", "", "максимальные баллы в сумме 5; прочитаны задания 1К1, 3, 12.2"),
    ]


# --- no report is taken for another


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("heading", [True, False])
def test_the_other_reports_are_not_taken_for_tasks(read, year, heading):
    for report, rows in (("vpr_marks", MARKS[year] + OF_MARKS), ("vpr_scores", scores(year) + OF_SCORES)):
        file = read(year, above(year, report if heading else "") + rows)
        assert (file.layout, file.told) == (report, [])


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("heading", ["vpr_tasks", ""])
@pytest.mark.parametrize(
    "labels", [["2", "3", "4", "5"], ["2"], ["3", "4"], ["1", "2", "3", "4", "5"], ["1К1", "2", "3", "4", "5"]]
)
def test_few_tasks_with_the_numbers_of_marks_are_tasks(read, year, heading, labels):
    keys = FORMS[year][0][: 2 if year == 2018 else 3]
    top = FORMS[year][1 if year in (2018, 2020) else 2][: len(keys)]
    header = {2018: [keys + labels], 2020: [keys + labels]}.get(
        year, [keys + [FORMS[year][0][3]] + [""] * (len(labels) - 1), [""] * len(keys) + labels])  # fmt: skip
    school = ["sch410001", *[""] * (len(keys) - 2), 40]
    file = read(
        year, [*above(year, heading, len(labels)), *header, top + [1] * len(labels), school + [25] * len(labels)]
    )
    assert (file.layout, file.told) == ("vpr_tasks", [])
    assert {task for _, task, *_ in rows_of(file.made)} == set(labels)


@pytest.mark.parametrize("labels", [["2", "3", "4", "5"], ["2", "3", "4", "5", "6"]])
def test_tasks_named_so_above_the_table_are_not_marks_though_the_maxima_are_gone(read, labels):
    keys = FORMS[2020][0][:3]
    file = read(2020, [*above(2020, "vpr_tasks"), keys + labels, ["sch410001", "", 40] + [25] * len(labels)])
    assert (file.layout, file.told) == ("vpr_tasks", [("maxima", "FAIL")])


@pytest.mark.parametrize("more", ["1", "6", "1К1"])
def test_marks_with_one_more_number_in_the_header_stay_marks(read, more):
    rows = [[*MARKS[2020][0], more], *([*row, 7] for row in OF_MARKS)]
    assert read(2020, above(2020, "vpr_marks") + rows).layout == "vpr_marks"
    nameless = read(2020, above(2020) + rows)
    assert nameless.told == [("maxima", "FAIL")]  # refused by a sentence that says what to do
    assert "верните над таблицей его название" in str(nameless.findings.found[0].problem)


def test_marks_named_so_are_marks_though_a_row_speaks_of_the_maximum(read):
    file = read(2020, [*above(2020, "vpr_marks"), MARKS[2020][0], ["Макс балл", "", 20], *OF_MARKS])
    assert file.layout == "vpr_marks"


def test_scores_under_a_header_taken_apart_are_refused_and_not_read_as_tasks(read):
    rows = filled(scores(2018)) + OF_SCORES
    named, nameless = read(2018, above(2018, "vpr_scores") + rows), read(2018, above(2018) + rows)
    assert named.layout is None and {check for check, _ in named.told} == {"layout"}
    assert all(one.problem.advice.count("layouts/vpr_scores.csv") for one in named.findings.found)
    assert (nameless.layout, nameless.told) == (named.layout, named.told)  # its upper titles name it all the same


def test_marks_under_a_header_taken_apart_stand_under_a_header_of_one_row(read):
    rows = filled(MARKS[2018]) + OF_MARKS
    named, nameless = read(2018, above(2018, "vpr_marks") + rows), read(2018, above(2018) + rows)
    assert (named.layout, named.told) == ("vpr_marks", [])
    assert named.made["results"]["share_low"].to_list() == [0.1, 0.1]
    assert (nameless.layout, nameless.told) == (named.layout, [])


def test_a_table_of_tasks_without_a_header_is_asked_for_the_columns_of_tasks(read):
    (found,) = read(2020, above(2020, "vpr_tasks") + FORMS[2020][1:]).findings.found
    assert found.problem.expected == (
        "столбцы «Группы участников», «Кол-во ОО», «Кол-во участников», «*» (на месте * — номер задания вида 1К1, 3, 4.1)"
    ) and found.problem.advice.endswith("layouts/vpr_tasks.csv")


def test_the_journal_is_not_taken_for_tasks(read):
    header = ["Группы участников", "Кол-во участников", "Понизили, %", "Подтвердили, %", "Повысили, %"]
    for heading in ("vpr_journal", ""):
        assert read(2020, [*above(2020, heading), header, ["sch410001", 40, 20, 70, 10]]).layout == "vpr_journal"


def test_a_table_without_a_header_is_not_taken_for_tasks(read):
    for year in (2018, 2020):
        file = read(year, above(year) + OF_MARKS)
        (found,) = file.findings.found
        assert (file.layout, found.problem.found) == (None, "таблицы с известным заголовком нет")


# --- labels

LABELS = st.builds(
    lambda number, sub, criterion: f"{number}{f'.{sub}' if sub else ''}{f'К{criterion}' if criterion else ''}",
    st.integers(1, 99), st.integers(0, 99), st.integers(0, 99),
)  # fmt: skip


def brackets(label):
    head, dot, rest = label.partition(".")
    sub, k, criterion = rest.partition("К")
    return f"{head}({sub}){k}{criterion}" if dot else label


WRITTEN = [
    str, str.lower, lambda label: label.replace("К", "K"), lambda label: label.replace("К", "k"), brackets,
    lambda label: brackets(label).replace("(", " ("), lambda label: label.replace(".", ","), lambda label: f" {label}\u00a0",
    lambda label: f"№ {label}", lambda label: f"{label}.", lambda label: label.replace("К", " К "),
]  # fmt: skip


@given(LABELS, st.sampled_from(WRITTEN))
def test_a_label_is_the_same_however_it_is_written(label, write):
    assert task_label(write(label)) == label


@given(st.one_of(LABELS, st.text(), st.from_regex(r"[0-9КKкk.,() №]{1,8}", fullmatch=True)))
@settings(max_examples=500)
def test_a_normal_label_stays_as_it_is(text):
    label = task_label(text)
    assert label is None or task_label(label) == label


@given(LABELS, LABELS)
def test_two_labels_stay_two(one, other):
    assert (task_label(one) == task_label(brackets(other))) == (one == other)


@pytest.mark.parametrize(
    "text",
    ["", "0", "100", "4.0", "04.1", "04.01", "4 янв", "2021-01-04 00:00:00", "04.01.2021", "К1", "1К", "1К1К2", "1.2.3", "4(1",
     "4)", "4..1", "Примечание", "Всего", "12,5 %", "-1", "½"],
)  # fmt: skip
def test_what_is_no_label(text):
    assert task_label(text) is None
