"""«Индивидуальные результаты» of ВПР: tables of schools as computed by hand, no row of a participant, faults told."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from vpr_files import written

from helpers.intake import individual, individual_tables, vpr
from helpers.intake.calendar import load_calendar
from helpers.intake.findings import Findings
from helpers.intake.layouts import layout
from helpers.intake.raw_table import read_tables
from helpers.intake.records import Intake

ABOVE = [["Индивидуальные результаты"], [], ["ВПР 2026 Русский язык 4 класс"], ["Предмет:", "Русский язык"],
         ["Максимальный первичный балл:", "6"], ["Дата:", "20.04.2026"],
         ["", "", "", "", "", "Уровень сложности задания", "Б", "Б", "П"]]  # fmt: skip
TITLES = ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант", "1 (2б)", "4К1 (3б)", "9.1 (1б)",
          "Первичный балл", "Отметка", "Отметка по журналу", "Пол"]  # fmt: skip
FIRST = [[2, 3, 1, 6, 5, 4], [1, "X", 0, 1, 2, 3], [0, 3, "Х", 3, 3, 3], [2, 0, 1, 3, 3, ""]]
"""Of s01: points, primary score, mark, mark in the journal."""
SECOND = [[1, 1, 1, 3, 4, 5]]


def of_school(login, name, papers, first=10_001):
    keys = [login, "Озёрный район", f"{name}({login})"]
    rows = [[*keys, first + number, 1, 1, *paper, "ж"] for number, paper in enumerate(papers)]
    return [[f"{name}({login}) | Кол-во участников: {len(papers)}"], *rows]


def sheet(first=FIRST, titles=TITLES, above=ABOVE):
    return [
        *above,
        titles,
        *of_school("sch410001", "СОШ № 3", first),
        *of_school("sch410002", "СОШ № 33", SECOND, 20_001),
    ]


class Read:
    """What is made of files of one year's ВПР."""

    def __init__(self, registry, *paths: Path, year: int = 2026) -> None:
        self.findings = Findings()
        self.intake = Intake(registry, [], load_calendar(), "Заречный край", self.findings)
        parts: dict[str, list[pl.DataFrame]] = {}
        for path in paths:
            tables = None
            if individual.is_individual(path):
                tables = individual.read(path, layout("vpr_individual", year), self.findings, path.name)
            if tables is None:
                tables = read_tables(path, [layout(name, year) for name in vpr.LAYOUTS], self.findings, path.name)
            for table in tables:
                for name, frame in vpr.read(table, year, self.intake).items():
                    parts.setdefault(name, []).append(frame)
        found = {name: pl.concat(frames, how="diagonal_relaxed") for name, frames in parts.items()}
        self.made = individual_tables.preferred(found, self.intake)

    @property
    def told(self):
        return [str(one.problem) for one in self.findings.found]


workbook = partial(written, title="РУ 4 Индивидуальные результат")


def text(path, rows, encoding="utf-8-sig", delimiter=";"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([*row, *[""] * (len(TITLES) - len(row))] for row in rows)
    return path


FORMS = {
    "xlsx": lambda folder, rows: workbook(folder / "f1.xlsx", rows),
    "csv": lambda folder, rows: text(folder / "f1.csv", rows),
    "csv of cp1251": lambda folder, rows: text(folder / "f1.csv", rows, "cp1251"),
    "csv with tabs": lambda folder, rows: text(folder / "f1.csv", rows, delimiter="\t"),
}


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_schools_are_those_of_a_computation_by_hand(tmp_path, registry, form):
    file = Read(registry, FORMS[form](tmp_path, sheet()))
    assert file.told == []
    (one, other) = file.made["results"].sort("school_id").iter_rows(named=True)
    # marks 5, 2, 3, 3: mean 13/4, of squares 47/4 − (13/4)²
    assert (one["school_id"], one["n_participants"], one["mean"]) == ("s01", 4, 3.25)
    assert one["sd"] == pytest.approx((47 / 4 - 3.25**2) ** 0.5) and one["share_low"] == 0.25
    assert (one["year"], one["subject"], one["grade"], one["procedure"]) == (2026, "rus", "4", "VPR")
    assert (other["mean"], other["sd"], other["n_participants"]) == (4, 0, 1)
    journal = file.made["journal"].filter(school_id="s01").row(0, named=True)  # 5 and 4, 2 and 3, 3 and 3, one without
    assert [journal[f"share_{part}"] for part in ("lowered", "confirmed", "raised")] == pytest.approx([1 / 3] * 3)
    assert journal["n_participants"] == 3
    scores = file.made["primary_scores"].filter(school_id="s01").sort("score")
    assert dict(scores.select("score", "share").iter_rows()) == {0: 0, 1: 0.25, 2: 0, 3: 0.5, 4: 0, 5: 0, 6: 0.25}
    tasks = file.made["tasks"].filter(school_id="s01").select("task", "max_score", "n_participants", "share_done")
    assert sorted(tasks.iter_rows()) == [
        ("1", 2, 4, 5 / 8),
        ("4К1", 3, 4, 6 / 12),
        ("9.1", 1, 4, 2 / 4),
    ]  # X is 0 points
    assert one["source_row"] == 10 and one["source_file"].startswith("f1.")  # the first participant's row


def test_a_file_of_a_participant_a_row_leaves_none(tmp_path, registry):
    made = Read(registry, workbook(tmp_path / "f1.xlsx", sheet())).made
    assert not any(str(code) in str(frame.rows()) for frame in made.values() for code in range(10_001, 10_005))
    assert {name: frame.height for name, frame in made.items()} == {
        "results": 2,
        "journal": 2,
        "primary_scores": 14,
        "tasks": 6,
    }


def test_an_empty_cell_is_no_data_and_not_a_point_lost(tmp_path, registry):
    papers = [[2, "", 1, 3, 4, 4], [0, 3, "-", 3, 4, 4]]
    tasks = Read(registry, workbook(tmp_path / "f1.xlsx", sheet(papers))).made["tasks"].filter(school_id="s01")
    assert sorted(tasks.select("task", "n_participants", "share_done").iter_rows()) == [
        ("1", 2, 0.5),
        ("4К1", 1, 1),
        ("9.1", 1, 1),
    ]


@pytest.mark.parametrize(
    "as_typed",
    [
        lambda cell: f"{cell} ", lambda cell: f"{cell}.0" if isinstance(cell, int) else cell, lambda cell: f"\u00a0{cell}",
        lambda cell: f"{cell},0" if isinstance(cell, int) else str(cell).lower(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["xlsx", "csv with tabs"])
def test_cells_are_read_however_they_are_typed(tmp_path, registry, form, as_typed):
    papers = [[as_typed(cell) if cell != "" else cell for cell in paper] for paper in FIRST]
    file = Read(registry, FORMS[form](tmp_path, sheet(papers)))
    assert file.told == []
    assert file.made["results"].filter(school_id="s01")["mean"].to_list() == [3.25]


def test_without_marks_only_scores_and_tasks_are_made(tmp_path, registry):
    rows = [row[:10] if len(row) == len(TITLES) else row for row in sheet()]
    file = Read(registry, workbook(tmp_path / "f1.xlsx", rows))
    assert set(file.made) == {"primary_scores", "tasks"}
    assert len(file.told) == 1 and "столбца отметок нет или он пуст" in file.told[0]


def test_two_works_in_a_book_are_two_works(tmp_path, registry):
    other = [
        [cell.replace("Русский язык", "Математика") if isinstance(cell, str) else cell for cell in row] for row in ABOVE
    ]
    made = Read(registry, workbook(tmp_path / "f1.xlsx", sheet(), sheet(above=other))).made
    assert sorted(made["results"].select("subject", "school_id").iter_rows()) == [
        (subject, school) for subject in ("math", "rus") for school in ("s01", "s02")
    ]


# --- what is refused, and what is told


@pytest.mark.parametrize(
    ("paper", "column", "expected"),
    [
        ([3, 3, 1, 6, 5, 4], "1 (2б)", "целое число от 0 до 2 или X"), ([2, "да", 1, 6, 5, 4], "4К1 (3б)", "целое число от 0 до 3 или X"),
        ([2, 3, 1, 7, 5, 4], "Первичный балл", "целое число от 0 до 6"), ([2, 3, 1, 6, 1, 4], "Отметка", "целое число от 2 до 5"),
        ([1.5, 3, 1, 6, 5, 4], "1 (2б)", "целое число от 0 до 2 или X"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_cell_that_cannot_be_is_told_with_its_row(tmp_path, registry, form, paper, column, expected):
    file = Read(registry, FORMS[form](tmp_path, sheet([FIRST[0], paper, paper])))
    (told,) = file.told
    assert (
        f"строка 11, столбец «{column}» — найдено: недопустимое значение (всего таких: 2); ожидалось: {expected};"
        in told
    )
    assert file.made == {}


def test_points_that_do_not_make_the_primary_score_are_told(tmp_path, registry):
    (told,) = Read(registry, workbook(tmp_path / "f1.xlsx", sheet([[2, 3, 1, 5, 5, 4], *FIRST[1:]]))).told
    assert "у 1 участников из 4 первичный балл не равен сумме баллов за задания" in told


def test_a_task_that_is_lost_is_told(tmp_path, registry):
    titles = [title.replace("9.1 (1б)", "9 янв") for title in TITLES]
    file = Read(registry, workbook(tmp_path / "f1.xlsx", sheet(titles=titles)))
    assert any("максимальные баллы в названиях столбцов в сумме 5; ожидалось: 6," in told for told in file.told)


@pytest.mark.parametrize("title", ["ФИО", "СНИЛС", "Дата рождения участника"])
def test_personal_data_are_refused(tmp_path, registry, title):
    titles = [*TITLES[:-1], title]
    file = Read(registry, workbook(tmp_path / "f1.xlsx", sheet(titles=titles)))
    assert file.made == {} and [one.check for one in file.findings.found] == ["personal_data"]


def test_names_of_people_are_refused_under_any_title(tmp_path, registry):
    rows = [
        [*row[:-1], "Иванова Мария Петровна"] if len(row) == len(TITLES) and row != TITLES else row for row in sheet()
    ]
    file = Read(registry, workbook(tmp_path / "f1.xlsx", rows))
    assert file.made == {} and "похоже на фамилию, имя и отчество" in file.told[0] and "Иванова" not in file.told[0]


def test_a_school_cut_short_is_told(tmp_path, registry):
    rows = [row for row in sheet() if len(row) < 4 or row[3] != 10_004]
    (told,) = Read(registry, workbook(tmp_path / "f1.xlsx", rows)).told
    assert "строк участников 3, а над ними написано 4" in told


# --- beside the aggregated reports

MARKS = [["Статистика по отметкам"], [], *ABOVE[2:6], [], ["Группы участников", "Кол-во ОО", "Кол-во участников", "2", "3", "4", "5"],
         ["СОШ № 3(sch410001)", "", 4, 25, 50, 0, 25], ["СОШ № 33(sch410002)", "", 1, 0, 0, 100, 0]]  # fmt: skip


def test_aggregated_reports_of_the_same_papers_say_nothing_new(tmp_path, registry):
    files = workbook(tmp_path / "f1.xlsx", sheet()), workbook(tmp_path / "f3.xlsx", MARKS)
    for order in (files, files[::-1]):
        file = Read(registry, *order)
        assert file.told == []
        assert file.made["results"]["source_file"].to_list() == ["f1.xlsx", "f1.xlsx"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            ["СОШ № 3(sch410001)", "", 4, 50, 25, 0, 25],
            "доли расходятся с индивидуальными результатами, больше всего на 25 %",
        ),
        (["СОШ № 3(sch410001)", "", 5, 20, 40, 20, 20], "участников 5, а в индивидуальных результатах 4"),
    ],
)
def test_aggregated_reports_of_other_papers_are_told_and_not_taken(tmp_path, registry, row, sentence):
    other = [*MARKS[:-2], row, MARKS[-1]]
    file = Read(registry, workbook(tmp_path / "f1.xlsx", sheet()), workbook(tmp_path / "f3.xlsx", other))
    (told,) = file.told
    assert sentence in told and "(отчёт «Статистика по отметкам»)" in told and "f3.xlsx" in told
    assert file.made["results"].filter(school_id="s01")["mean"].to_list() == [3.25]


def test_a_school_of_the_aggregated_report_alone_is_kept_and_told(tmp_path, registry):
    short = [row for row in sheet() if "sch410002" not in str(row)]
    file = Read(registry, workbook(tmp_path / "f1.xlsx", short), workbook(tmp_path / "f3.xlsx", MARKS))
    (told,) = file.told
    assert "школы нет в индивидуальных результатах, а в отчёте «Статистика по отметкам» она есть" in told
    assert dict(file.made["results"].select("school_id", "source_file").iter_rows()) == {
        "s01": "f1.xlsx",
        "s02": "f3.xlsx",
    }
