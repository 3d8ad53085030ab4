"""A file that repeats another one is told once, not once a school."""

from types import SimpleNamespace

import polars as pl

from helpers.intake import canonical
from helpers.intake.findings import Findings

KEPT, COPY = "2021/vpr/marks.xlsx", "2021/vpr/Копия marks.xlsx"


def once(differing: set[int], schools: int):
    rows = [
        {"school_id": f"s{n:02}", "mean": 4.0 if file == COPY and n in differing else 3.5, "source_file": file,
         "source_sheet": "Отчёт", "source_row": n + 8}
        for file in (KEPT, COPY)
        for n in range(schools)
    ]  # fmt: skip
    intake = SimpleNamespace(findings=Findings(), registry=SimpleNamespace(municipality_of=lambda _: "Озёрный район"))
    kept = canonical._once(pl.DataFrame(rows), ["school_id"], intake)
    assert kept["source_file"].to_list() == [KEPT] * schools
    return [(one.status.value, str(one.problem)) for one in intake.findings.found]


def test_an_equal_copy_is_advice():
    assert once(set(), 30) == [
        ("ADVICE", f"Файл {COPY} — найдено: те же школы, что в файле {KEPT} (30), строки одинаковы; "
         "ожидалось: каждая школа в одном файле; взяты строки того файла; удалите этот.")
    ]  # fmt: skip


def test_a_copy_with_other_numbers_is_a_fault_that_names_the_first():
    assert once({4, 7}, 30) == [
        ("FAIL", f"Файл {COPY}, лист «Отчёт», строка 12 — найдено: те же школы, что в файле {KEPT} (30), с другими числами — 2; "
         "ожидалось: каждая школа в одном файле; оставьте верный из двух файлов; назван первый случай.")
    ]  # fmt: skip


def test_a_few_schools_are_told_one_by_one():
    assert [status for status, _ in once({1}, 3)] == ["ADVICE", "FAIL", "ADVICE"]
