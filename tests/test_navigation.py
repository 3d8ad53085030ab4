"""The sidebar of a report holds the entries that it has pages for; long tables have their rows beside the page."""

from __future__ import annotations

import json

import yaml

from helpers.publish.navigation import kept, opened
from helpers.publish.table_data import LONG, parted
from helpers.report import PROJECT

CONTENTS = [
    {"href": "index.qmd", "text": "Год"},
    {"section": "Меры", "contents": [{"href": "tutors.qmd", "text": "Тьюторы"}, {"href": "roadmaps.qmd", "text": "Карты"}]},
    {"section": "Анализ", "contents": [{"href": "flags.qmd", "text": "Выделенные"}]},
]  # fmt: skip


def test_entries_without_a_page_and_sections_without_entries_are_left_out():
    assert kept(CONTENTS, {"index.qmd", "roadmaps.qmd"}) == [
        CONTENTS[0],
        {"section": "Меры", "contents": [{"href": "roadmaps.qmd", "text": "Карты"}]},
    ]
    assert kept(CONTENTS, {"index.qmd", "tutors.qmd", "roadmaps.qmd", "flags.qmd"}) == CONTENTS
    assert kept(CONTENTS, set()) == []


def test_a_page_and_the_section_that_holds_it_are_current():
    marked = opened(CONTENTS, "roadmaps.qmd")
    assert [entry["current"] for entry in marked] == [False, True, False]
    assert [entry["current"] for entry in marked[1]["contents"]] == [False, True]
    assert not any(entry["current"] for entry in opened(CONTENTS, "school/a.qmd"))
    assert "current" not in CONTENTS[1]


def test_the_chain_of_the_ministry_is_the_order_of_the_sidebar():
    contents = yaml.safe_load((PROJECT / "_quarto.yml").read_text(encoding="utf-8"))["website"]["sidebar"]["contents"]
    assert [entry.get("section") or entry["text"] for entry in contents][3:12] == [
        "Цель", "Показатели", "Метод сбора", "Мониторинг", "Анализ", "Адресные рекомендации", "Меры",
        "Управленческие решения", "Эффективность",
    ]  # fmt: skip


def test_rows_of_a_long_table_come_in_a_file_of_their_own():
    rows = json.dumps([[["СШ № 1", None, "../municipality/a.html"]]] * LONG, ensure_ascii=False)
    short = '<script type="application/json" class="table-data" data-table="table-b">[1]</script>'
    long = f'<script type="application/json" class="table-data" data-table="table-a">{rows}</script>'
    files = parted({"school/x.qmd": f"до\n{short}\n{long}\nпосле".encode(), "y.qmd": short.encode()})
    assert set(files) == {"school/x.qmd", "y.qmd", "tables/school/x-table-a.js"}
    assert files["y.qmd"].decode() == short
    page = files["school/x.qmd"].decode()
    assert page.startswith(f"до\n{short}\n") and page.endswith("\nпосле") and len(page) < 400
    assert 'data-src="../tables/school/x-table-a.js"></script>' in page
    assert files["tables/school/x-table-a.js"].decode() == f'(window.tableData ??= {{}})["table-a"] = {rows};\n'
