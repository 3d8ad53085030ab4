"""Exports of ВПР as ФИС ОКО makes them today, and tables that centres keep themselves: however they vary, they are read alike."""

from __future__ import annotations

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from test_individual import Read, workbook

from helpers.intake.layouts import FOLDER, layout
from helpers.intake.logins import school_of, territory_of
from helpers.intake.subjects import subject_of
from helpers.intake.task_labels import label_and_maximum

WORK = ["ВПР 2026 Русский язык 4 класс"]
ABOVE = [["Статистика по отметкам"], [], WORK, ["Предмет:", "Русский язык"], ["Максимальный первичный балл:", "24"],
         ["Дата:", "20.04.2026"], []]  # fmt: skip
HEADER = ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5]
ROWS = [["Вся выборка", 35000, 1700000, "5.06", "32.92", "44.33", "17.69"], ["Заречный край", 2, 50, "10", "40", "30", "20"],
        ["Озёрный район(reg20_m012)", 2, 50, "10", "40", "30", "20"],
        ["СОШ № 3(sch410001)", "", 40, "10", "40", "30", "20"], ["СОШ № 33(sch410002)", "", 10, "0", "50", "50", "0"]]  # fmt: skip
MEANS = {"s01": pytest.approx(3.6), "s02": pytest.approx(3.5)}


def means(file):
    return dict(file.made["results"].select("school_id", "mean").sort("school_id").iter_rows())


def replaced(rows, old, new):
    return [[cell.replace(old, new) if isinstance(cell, str) else cell for cell in row] for row in rows]


VARIATIONS = {
    "as it is": lambda rows: rows,
    "subject in the same cell": lambda rows: [["Предмет: Русский язык"] if row[:1] == ["Предмет:"] else row for row in rows],
    "the subject's line in other words": lambda rows: [
        ["Наименование предмета: Русский язык"] if row[:1] == ["Предмет:"] else row for row in rows],
    "a line that only begins like it": lambda rows: [["Предметная область: языки"], *rows],
    "no line of the subject": lambda rows: [row for row in rows if row[:1] != ["Предмет:"]],
    "no whole sample": lambda rows: [row for row in rows if row[:1] != ["Вся выборка"]],
    "login before the name": lambda rows: replaced(replaced(rows, "СОШ № 3(sch410001)", "sch410001 СОШ № 3"),
                                                   "СОШ № 33(sch410002)", "sch410002 (СОШ № 33)"),
    "capital letters and spaces": lambda rows: replaced(rows, "(sch", " ( SCH "),
    "spaces that do not break": lambda rows: replaced(rows, " ", "\u00a0"),
    "Cyrillic letters in a login": lambda rows: replaced(rows, "(sch", "(sсh"),
    "square brackets": lambda rows: replaced(replaced(rows, "(sch", "[sch"), "0001)", "0001]"),
    "Cyrillic letters in a code": lambda rows: replaced(rows, "reg20_m012", "REG20_М012"),
    "a column more": lambda rows: [[*row, "Примечание" if row == HEADER else "7" if len(row) == len(HEADER) else ""] for row in rows],
    "blank rows": lambda rows: [line for row in rows for line in (row, [])],
    "numbers with decimal commas": lambda rows: [[cell.replace(".", ",") if str(cell).replace(".", "").isdigit() else cell
                                                  for cell in map(str, row)] for row in rows],
    "a school year": lambda rows: replaced(rows, "ВПР 2026", "ВПР 2025/2026"),
    "titles in capitals": lambda rows: [[str(cell).upper() for cell in row] if row == HEADER else row for row in rows],
    "a header of two rows": lambda rows: [line for row in rows for line in (
        [[*HEADER[:3], "Отметки, %", "", "", ""], ["", "", "", 2, 3, 4, 5]] if row == HEADER else [row])],
}  # fmt: skip


@pytest.mark.parametrize("variation", VARIATIONS)
def test_todays_marks_are_read_however_they_vary(tmp_path, registry, variation):
    file = Read(registry, workbook(tmp_path / "2849657.xlsx", VARIATIONS[variation]([*ABOVE, HEADER, *ROWS])))
    assert means(file) == MEANS
    assert {one.check for one in file.findings.found} <= {"look_alikes", "mended_codes"}
    assert set(file.made["results"].select("year", "subject", "grade").iter_rows()) == {(2026, "rus", "4")}


LONG = [
    "Понизили (Отметка {0} Отметка по журналу)",
    "Подтвердили (Отметка = Отметке по журналу)",
    "Повысили (Отметка {1} Отметка по журналу)",
]


@pytest.mark.parametrize(("lower", "higher"), ["<>", "‹›"])
@pytest.mark.parametrize("total", ["Кол-во участников(всего)", "Кол-во участников (всего)"])
def test_todays_comparison_with_the_journal_is_read(tmp_path, registry, lower, higher, total):
    titles = [title.format(lower, higher) for title in LONG]
    header = [
        "Группы участников",
        total,
        *(f"{title} {what}" for title in titles for what in ("%", "Кол-во участников")),
    ]
    rows = [["Сравнение отметок с отметками по журналу"], *ABOVE[1:], header, ["Заречный край", 40, 25, 10, 65, 26, 10, 4],
            ["СОШ № 3(sch410001)", 40, 25, 10, 65, 26, 10, 4]]  # fmt: skip
    file = Read(registry, workbook(tmp_path / "2849657.xlsx", rows))
    (row,) = file.made["journal"].iter_rows(named=True)
    assert file.told == []
    assert [row[f"share_{part}"] for part in ("lowered", "confirmed", "raised")] == pytest.approx([0.25, 0.65, 0.1])
    assert row["n_participants"] == 40


@pytest.mark.parametrize("first", [0, 1])
def test_a_book_of_two_works_gives_both(tmp_path, registry, first):
    rus = [*ABOVE, HEADER, *ROWS]
    sheets = [rus, replaced(rus, "Русский язык", "Математика")]
    file = Read(registry, workbook(tmp_path / "book.xlsx", *(sheets if first == 0 else sheets[::-1]), [["Пояснения"]]))
    found = file.made["results"].select("subject", "school_id").sort("subject", "school_id")
    assert found.rows() == [("math", "s01"), ("math", "s02"), ("rus", "s01"), ("rus", "s02")]


def test_a_book_of_two_reports_gives_both(tmp_path, registry):
    journal = [["Сравнение отметок с отметками по журналу"], *ABOVE[1:],
               ["Группы участников", "Кол-во участников", "Понизили, %", "Подтвердили, %", "Повысили, %"],
               ["СОШ № 3(sch410001)", 40, 25, 65, 10]]  # fmt: skip
    made = Read(registry, workbook(tmp_path / "book.xlsx", [*ABOVE, HEADER, *ROWS], journal)).made
    assert (made["results"].height, made["journal"].height) == (2, 1)


def test_a_sheet_without_its_work_is_refused(tmp_path, registry):
    file = Read(registry, workbook(tmp_path / "book.xlsx", [*ABOVE, HEADER, *ROWS], [HEADER, ROWS[-1]]))
    assert [one.problem.found for one in file.findings.found] == [
        "над таблицей: класс не назван",
        "над таблицей: предмет не назван",
    ]
    assert file.made["results"].height == 2


def test_schools_under_a_strange_territory_are_found_by_logins_alone(tmp_path, registry):
    rows = [*ROWS[:3], ["Южный район(reg20_m014)", 1, 40, 10, 40, 30, 20], ROWS[3], ["СОШ № 33", "", 10, 0, 50, 50, 0]]
    file = Read(registry, workbook(tmp_path / "book.xlsx", [*ABOVE, HEADER, *rows]))
    file.intake.tell_strangers()
    assert set(means(file)) == {"s01"}
    assert {one.check for one in file.findings.found} == {"territory", "totals_agree", "unknown_school"}


# --- a centre's own table

FLAT = ["Год", "Класс", "Предмет", "Муниципалитет", "Логин", "ОО", "Кол-во участников", 2, 3, 4, 5]


def flat(year="2026", grade="4", subject="Русский язык"):
    return [[year, grade, subject, "Озёрный район", "sch410001", "СОШ № 3", 40, 10, 40, 30, 20],
            [year, grade, "Математика", "Озёрный район", "sch410002", "СОШ № 33", 10, 0, 50, 50, 0]]  # fmt: skip


@pytest.mark.parametrize("above", [[], [["ВПР, все работы"], []], [["Статистика по отметкам"]]])
@pytest.mark.parametrize(("year", "grade"), [("2026", "4"), ("2025/2026", "4 класс"), ("2025-2026", "4А")])
def test_a_flat_table_is_read(tmp_path, registry, above, year, grade):
    file = Read(registry, workbook(tmp_path / "flat.xlsx", [*above, FLAT, *flat(year, grade)]))
    assert file.told == []
    found = (
        file.made["results"].select("school_id", "subject", "grade", "mean", "n_participants").sort("school_id").rows()
    )
    assert found == [("s01", "rus", "4", pytest.approx(3.6), 40), ("s02", "math", "4", 3.5, 10)]


@pytest.mark.parametrize(
    ("cells", "check"),
    [({"year": "2021"}, "words"), ({"subject": "Астрономия"}, "subject"), ({"grade": "восьмой"}, "words")],
)
def test_a_row_of_another_year_or_of_no_work_is_told(tmp_path, registry, cells, check):
    file = Read(registry, workbook(tmp_path / "flat.xlsx", [FLAT, *flat(**cells)]))
    assert {one.check for one in file.findings.found} == {check}


# --- logins, codes, titles

NAMES = st.sampled_from(["СОШ № 3", "МБОУ «СШ № 1 (вымышл.)»", "Луговская ООШ (филиал)", 'МКОУ "Школа-сад №12" с. Яр'])
LOGINS = st.builds("{}{}".format, st.sampled_from(["sch", "edu", "SCH", "Edu", "sсh", "еdu"]), st.integers(1, 10**9))


@given(NAMES, LOGINS, st.sampled_from(["{name}({login})", "{name} ({login})", "{name}\u00a0( {login} )", "{login} {name}",
                                        "{login} ({name})", "{login} – {name}", "{name} [{login}]", "{name}, {login}"]))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_login_and_a_name_are_told_apart(name, login, form):
    found = school_of(form.format(name=name, login=login))
    assert found is not None
    assert found[0] == login and found[1].strip('«»" ') == name.strip('«»" ')


@given(NAMES)
def test_a_name_alone_has_no_login(name):
    assert school_of(name) is None and territory_of(name) is None


@pytest.mark.parametrize(
    ("cell", "territory"),
    [
        ("Озёрный район(reg20_m012)", ("Озёрный район", True)), ("Заречный край (reg20)", ("Заречный край", False)),
        ("Озёрный район ( REG20_M012 )", ("Озёрный район", True)), ("Озёрный район", None), ("Регион", None),
        ("reg20_m012 Озёрный район", ("Озёрный район", True)), ("Озёрный район (reg20_mun12)", ("Озёрный район", True)),
    ],
)  # fmt: skip
def test_a_code_says_that_a_cell_is_a_territory(cell, territory):
    assert territory_of(cell) == territory


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("1 (2б)", ("1", 2)), ("4К1 (3б)", ("4К1", 3)), ("4K1(3 б.)", ("4К1", 3)), ("9.1 (1б)", ("9.1", 1)),
        ("9,1 (1 балл)", ("9.1", 1)), ("11К2\u00a0(2б)", ("11К2", 2)), ("Отметка", None), ("1 (0б)", None), ("9 янв", None),
    ],
)  # fmt: skip
def test_a_task_and_its_maximum_stand_in_a_title(title, told):
    assert label_and_maximum(title) == told


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("Литературное чтение", "reading"), ("Иностранный язык (английский)", "english"), ("иностранный язык(английский)", "english"),
        ("Английский язык", "english"), ("Иностранный язык (немецкий)", "german"), ("Иностранный язык (французский)", "french"),
        ("Математика (с углубленным изучением предмета)", "math_advanced"), ("Математика (углублённый уровень)", "math_advanced"),
        ("Физика (с углублённым изучением предмета)", "physics_advanced"), ("Физика (базовый уровень)", "physics"),
        ("Математика (базовый уровень)", "math"), ("Математика. Базовый уровень", "math"), ("Информатика базовая", "informatics"),
        ("Математика", "math"), ("История", "history"),
        ("Обществознание", "social"), ("ИНФОРМАТИКА", "informatics"), ("Окружающий\u00a0мир", "world"), ("Астрономия", None),
    ],
)  # fmt: skip
def test_subjects_have_the_names_of_today(name, subject):
    assert subject_of(name) == subject


# --- a report's own layouts


def test_a_layout_beside_the_raw_files_takes_the_place_of_the_projects(tmp_path):
    ours = (FOLDER / "vpr_flat.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "subjects.csv").write_text(
        "subject;title;names;rcoi_code\nnative;родной язык;Родной язык;\n", encoding="utf-8"
    )
    (tmp_path / "vpr_flat.csv").write_text(ours.replace("Параллель", "Ступень"), encoding="utf-8")
    assert layout("vpr_flat", 2026, tmp_path).titles["grade"] == ("Класс", "Ступень")
    assert layout("vpr_flat", 2026).titles["grade"] == ("Класс", "Параллель")
    assert subject_of("Родной язык", own=tmp_path) == "native" and subject_of("Родной язык") is None
    assert layout("ege", 2019, tmp_path).titles == layout("ege", 2019).titles


def test_a_sheets_name_says_nothing(tmp_path, registry):
    path = tmp_path / "Ф1.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("РУ 4 Индивидуальные результаты")
        for number, row in enumerate([*ABOVE, HEADER, *ROWS]):
            sheet.write_row(number, 0, row)
    assert means(Read(registry, path)) == MEANS
