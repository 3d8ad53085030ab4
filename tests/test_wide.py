"""Wide tables that centres keep are read as the flat ones they stand for, or refused in a sentence."""

import polars as pl
import pytest
from test_region_bad_inputs import BIASED, EGE, at, region, sound  # noqa: F401

WIDE_BIAS, WIDE_EGE = "biased/biased_2019.xlsx", "2019/ege/ege.xlsx"
EXAM = [
    ["Муниципалитет", "Образовательная организация", "Всего", "из них", "", "", "", "", ""],
    ["", "", "", "Русский язык", "", "", "Математика (профильный уровень)", "", ""],
    ["", "", "", *("Приняли участие, чел.", "Не преодолели min порог, чел.", "Средний балл") * 2],
    ["Озёрный район", "СОШ № 3", "12", "12", "0", "68,4", "8", "1", "55,1"],
    ["", "СОШ № 33", "11", "11", "1", "61,2", "", "", ""],
    ["Итого", "", "23", "23", "1", "65", "8", "1", "55,1"],
]  # fmt: skip
WORKS = [
    ["Год", "Логин", "Муниципалитет", "ОО", "4 РУ", "5 МА", "Количество маркеров"],
    ["2018", "sch410001", "Озёрный район", "СОШ № 3", "", "1", "1"],
    ["2019", "sch410002", "Озёрный район", "СОШ № 33", "1", "1", "2"],
    ["2019", "sch410003", "Северный округ", "Луговская ООШ", "", "0", "0"],
]  # fmt: skip


def replaced(region, old, new, rows):  # noqa: F811
    (region.path / old).unlink()
    region.rows[new] = rows
    region.save(new)
    return region.examine()


def test_subjects_above_measures(region):  # noqa: F811
    found = replaced(region, EGE, WIDE_EGE, [list(row) for row in EXAM])
    assert found.findings.found == []
    results = found.tables["results"].filter(procedure="EGE").sort("subject", "school_id")
    assert results.select("school_id", "subject", "n_participants", "mean", "share_low", "source_row").rows() == [
        ("s01", "math_profile", 8, 55.1, 1 / 8, 4),
        ("s01", "rus", 12, 68.4, 0, 4),
        ("s02", "rus", 11, 61.2, 1 / 11, 5),
    ]


def test_an_unknown_subject_above_measures_is_told(region):  # noqa: F811
    rows = [list(row) for row in EXAM]
    rows[1][6] = "Зельеварение"
    (told,) = replaced(region, EGE, WIDE_EGE, rows).findings.fails
    assert told.found == "«зельеварение», кода нет"
    assert "layouts/subjects.csv" in told.advice


def test_works_with_signs_of_bias_side_by_side(region):  # noqa: F811
    found = replaced(region, BIASED, WIDE_BIAS, [list(row) for row in WORKS])
    assert found.findings.found == []
    biased = found.tables["biased"].select(pl.col("year").cast(pl.Int64), "school_id", "grade", "subject", "source_row")
    assert sorted(biased.rows()) == [
        (2018, "s01", "5", "math", 2),
        (2019, "s02", "4", "rus", 3),
        (2019, "s02", "5", "math", 3),
    ]


@pytest.mark.parametrize("title", ["4 ЗЕ", "ЗЕ 4"])
def test_an_unknown_work_is_told(region, title):  # noqa: F811
    rows = [list(row) for row in WORKS]
    rows[0][4] = title
    told = [str(problem) for problem in replaced(region, BIASED, WIDE_BIAS, rows).findings.fails]
    assert told[0].startswith(f"Файл {WIDE_BIAS}, столбец «{title}» — найдено: «{title}»")


@pytest.mark.parametrize("title", ["4 РУ", "РУ 4", "4 класс РУ", "4 кл. РУ", "4 Русский язык", "4-РУ"])
def test_a_work_may_be_named_in_many_ways(region, title):  # noqa: F811
    rows = [list(row) for row in WORKS]
    rows[0][4] = title
    found = replaced(region, BIASED, WIDE_BIAS, rows)
    assert found.findings.found == []
    assert ("4", "rus") in found.tables["biased"].select("grade", "subject").rows()
