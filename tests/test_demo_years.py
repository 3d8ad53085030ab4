"""The years after the first report: the same region, new pupils, ВПР as they are exported today."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import fastexcel
import pytest
from copies import contents
from test_demo import column, grid, hidden_rows, table

from helpers.demo import write_year
from helpers.problems import BadInput
from helpers.report import PROJECT

FIRST = PROJECT / "data" / "raw" / "kamchatka-2021"


def by(rows: list[dict[str, str]], *keys: str) -> dict:
    return {tuple(row[key] for key in keys): row for row in rows}


@pytest.fixture(scope="module")
def years(later_years: Path) -> list[Path]:
    return [later_years / "2022", later_years / "2023"]


def test_what_lasts_of_a_school_lasts(years: list[Path]):
    first = by(table(FIRST / "_truth" / "effects.csv"), "year", "school_id")
    for folder, year in zip(years, ("2022", "2023"), strict=True):
        truth = by(table(folder / "_truth" / "effects.csv"), "year", "school_id")
        assert {key: truth[key] for key in first} == first
        new = {school_id: row for (of_year, school_id), row in truth.items() if of_year == year}
        assert len(new) > 100
        for school_id, row in new.items():
            assert row["persistent"] == first["2021", school_id]["persistent"]
            assert abs(float(row["ctx"]) - float(first["2021", school_id]["ctx"])) < 0.4
        assert (folder / "_truth" / "skills.csv").read_bytes() == (FIRST / "_truth" / "skills.csv").read_bytes()


def test_a_merger_a_rename_new_logins(years: list[Path]):
    """The registry goes on from the year before: nothing of it is lost but ends of periods."""
    before = table(FIRST / "registry.csv")
    for folder, day in zip(years, ("2021-09-01", "2022-09-01"), strict=True):
        registry = table(folder / "registry.csv")
        eve = f"{day[:4]}-08-31"
        keys = by(registry, "Код школы", "Действует с")
        for row in before:
            now = keys[row["Код школы"], row["Действует с"]]
            changed = {title for title in row if row[title] != now[title]}
            assert changed <= {"Действует по", "Преемник"}
            assert not changed or now["Действует по"] == eve
        old, new = ({row["Код школы"]: row for row in rows} for rows in (before, registry))
        merged = {one for one in new if new[one]["Преемник"] and not old[one]["Преемник"]}
        renamed = {one for one in new if new[one]["Краткое наименование"] != old[one]["Краткое наименование"]}
        assert len(merged) == len(renamed) == 1
        assert new[merged.pop()]["Действует по"] == eve
        assert old[(one := renamed.pop())]["Краткое наименование"] in new[one]["Другие названия"]
        logins = {row["Логин ФИС ОКО"][:3] for row in new.values() if not row["Действует по"]}
        assert logins == {"edu"} and set(new) == set(old)
        before = registry


def test_members_come_and_go(years: list[Path]):
    rows = grid(years[1] / "programme" / "programme.xlsx")
    spells = Counter((row[2], row[3], row[4]) for row in rows[1:] if row[2] == "региональный проект")
    assert {key: count for key, count in spells.items() if key[1] != "2021"} == {
        ("региональный проект", "2022", ""): 2,
        ("региональный проект", "2023", ""): 2,
    }
    assert spells["региональный проект", "2021", "2021"] == spells["региональный проект", "2021", "2022"] == 2


def test_dirt_is_where_the_ledger_says(years: list[Path]):
    for folder, year in zip(years, ("2022", "2023"), strict=True):
        ledger = [row for row in table(folder / "_truth" / "dirt.csv") if row["file"].startswith(f"{year}/")]
        assert len({row["kind"] for row in ledger}) > 18
        for row in ledger:
            path = folder / row["file"]
            rows = grid(path, row["sheet"]) if row["row"] else []
            if row["column"]:
                assert rows[int(row["row"]) - 1][column(rows, row["column"])] == row["value_dirty"], row
            elif row["kind"] in {"totals_rows", "footnote"}:
                assert row["value_dirty"] in rows[int(row["row"]) - 1], row
            elif row["kind"] == "hidden_row":
                assert int(row["row"]) in hidden_rows(path), row


def test_the_lists_of_the_year_before_go_on(years: list[Path]):
    old, *later = ((folder / "corrections.yml").read_text(encoding="utf-8") for folder in (FIRST, *years))
    assert later[0].startswith(old.rstrip()) and later[1].startswith(later[0].rstrip())
    assert later[0].count("file: 2022/") == later[1].count("file: 2023/") == 9


WORKS = [(subject, grade) for subject in ("РУ", "МА") for grade in range(4, 9)]


@pytest.mark.parametrize(("subject", "grade"), WORKS)
def test_individual_results_are_what_the_other_reports_count(years: list[Path], subject: str, grade: int):
    vpr = years[0] / "2022" / "vpr"

    def read(report: str) -> list[list[str]]:
        return grid(vpr / f"{report}_{subject} {grade}.xlsx")

    marks, journal, pupils = (
        read(name)
        for name in ("Ф3_Статистика по отметкам", "Ф4_Сравнение отметок с отметками по журналу", "Ф1_Индивидуальные результаты")
    )  # fmt: skip
    named = {"РУ": "Русский язык", "МА": "Математика"}[subject]
    for rows, title in ((marks, "Статистика по отметкам"), (journal, "Сравнение отметок с отметками по журналу"),
                        (pupils, "Индивидуальные результаты")):  # fmt: skip
        assert rows[0][0] == title and rows[2][0] == f"ВПР 2022 {named} {grade} класс"
        assert rows[3][:2] == ["Предмет:", named]
    assert marks[7] == ["Группы участников", "Кол-во ОО", "Кол-во участников", "2", "3", "4", "5"]
    assert marks[8][0] == "Вся выборка" and journal[8][0] == "Камчатский край"
    assert marks[10][0] == "Петропавловск-Камчатский городской округ(reg41_m001)"
    assert journal[7][2:4] == ["Понизили (Отметка < Отметка по журналу) %",
                               "Понизили (Отметка < Отметка по журналу) Кол-во участников"]  # fmt: skip
    header = pupils[7]
    assert header[:6] == ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант"]
    assert header[-4:] == ["Первичный балл", "Отметка", "Отметка по журналу", "Пол"]
    assert pupils[6][5] == "Уровень сложности задания" and set(pupils[6][6:-4]) == {"Б", "П"}
    maxima = [int(title.split("(")[1].removesuffix("б)")) for title in header[6:-4]]
    assert sum(maxima) == int(pupils[4][1])
    of_school: dict[str, list[list[str]]] = {}
    for row in pupils[8:]:
        if not row[1]:
            told, count = row[0].split(" | Кол-во участников: ")
            of_school[told] = []
            expected = int(count)
        else:
            of_school[row[2]].append(row)
            assert row[2].endswith(f"({row[0]})") and len(of_school[row[2]]) <= expected
            points = [0 if cell == "X" else int(cell) for cell in row[6:-4]]
            assert all(0 <= point <= most for point, most in zip(points, maxima, strict=True))
            assert sum(points) == int(row[-4])
    assert len({row[3] for rows in of_school.values() for row in rows}) == sum(map(len, of_school.values()))
    for report, first in ((marks, 10), (journal, 9)):
        schools = {row[0]: row for row in report[first:] if row[0].endswith(")") and "(reg41" not in row[0]}
        assert schools.keys() == of_school.keys()
        for name, row in schools.items():
            count = Counter(int(one[-3]) - (int(one[-2]) if report is journal else 0) for one in of_school[name])
            if report is journal:
                assert [int(cell) for cell in row[3::2]] == [
                    sum(count[k] for k in count if k < 0), count[0], sum(count[k] for k in count if k > 0)
                ]  # fmt: skip
            else:
                assert row[1] == "" and int(row[2]) == sum(count.values())
                shares = [100 * count[mark] / sum(count.values()) for mark in (2, 3, 4, 5)]
                assert all(abs(float(cell) - share) < 0.006 for cell, share in zip(row[3:], shares, strict=True))


def test_sheets_are_named_as_the_export_cuts_them(years: list[Path]):
    names = [fastexcel.read_excel(path).sheet_names for path in sorted((years[0] / "2022" / "vpr").glob("*_МА 4.xlsx"))]
    assert names == [
        ["МА 4 Индивидуальные результаты"],
        ["МА 4 Статистика по отметкам"],
        ["МА 4 Сравнение отметок с отметк"],
    ]


@pytest.mark.slow
def test_files_are_laid_over_what_the_demonstration_has_left_and_over_nothing_else(years: list[Path], tmp_path: Path):
    """Registry, members and corrections of the year before are replaced; what anyone else has written is not."""
    out = tmp_path / "region"
    shutil.copytree(FIRST, out)
    write_year(2021, 2022, out)
    laid, new = contents(out), contents(years[0])
    assert {name: laid[name] for name in new} == new
    assert laid.keys() == new.keys() | contents(FIRST).keys()
    with (out / "registry.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    (out / "2022" / "oge" / "oge_2022.xlsx").write_bytes(b"own")
    before = contents(out)
    with pytest.raises(BadInput) as told:
        write_year(2021, 2022, out)
    assert {problem.file for problem in told.value.problems} == {"registry.csv", "2022/oge/oge_2022.xlsx"}
    assert contents(out) == before


@pytest.mark.parametrize("year", [2021, 2024])
def test_years_that_have_no_files_are_told(year: int, tmp_path: Path):
    with pytest.raises(BadInput, match="от 2022 до 2023"):
        write_year(2021, year, tmp_path)
