"""A page says its title, who sees it and what it needs; what it says wrongly is told; a page without its data is nowhere."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import polars as pl
import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from helpers.problems import BadInput
from helpers.publish import new_page, pages
from helpers.publish.execute import run_notebook, warm_kernel
from helpers.publish.front_matter import FrontMatter, front_matter, of_text
from helpers.publish.navigation import kept, placed
from helpers.publish.page_source import page_source
from helpers.publish.pages import is_empty, notebooks
from helpers.report import open_report
from helpers.show import words

PAGE = Path("page.ipynb")


def said(*lines: str) -> FrontMatter:
    return of_text(PAGE, "\n".join(["---", *lines, "---"]))


def test_a_page_says_who_it_is():
    found = said(
        "title: 'Итоги: год'",
        "editions: [internal]",
        "needs: [tutors, {support_counts: {topic: tutor}}]",
        "section: Меры",
    )
    assert (found.title, found.editions, found.section) == ("Итоги: год", ["internal"], "Меры")
    assert found.parts == [("tutors", {}), ("support_counts", {"topic": "tutor"})]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "первая ячейка не говорит, что это за страница"),
        ("title: Без черты", "первая ячейка не говорит"),
        ("---\ntitle: [\n---", "строки между --- не читаются"),
        ("---\ntitle: Итоги\n---", "параметр «editions» — найдено: ключа нет"),
        (
            "---\neditions: [internal, all]\n---",
            "«editions» — найдено: «all»; ожидалось: одна из: internal, open, protected",
        ),
        ("---\neditions: []\n---", "параметр «editions»"),
        ("---\neditions: internal\n---", "«internal»; ожидалось: список в квадратных скобках"),
        ("---\neditions: [open]\nneeds: [tutor]\n---", "параметр «needs» — найдено: «tutor»; ожидалось: имя таблицы"),
        ("---\neditions: [open]\nplace: 3\n---", "параметр «place» — найдено: неизвестный ключ"),
        ("---\neditions: [open]\ntitle: [a]\n---", "параметр «title»"),
    ],
)
def test_what_it_says_wrongly_is_told(text: str, says: str):
    with pytest.raises(BadInput) as caught:
        of_text(PAGE, text)
    assert says in str(caught.value) and str(caught.value).startswith("Файл page.ipynb")


def written(path: Path, *cells, front: str = "---\neditions: [internal]\n---") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_raw_cell(front), *cells]), path)
    return path


def test_a_file_that_is_no_notebook_is_told_and_a_mended_one_is_read(tmp_path: Path):
    path = tmp_path / "page.ipynb"
    path.write_text("не тетрадь", encoding="utf-8")
    with pytest.raises(BadInput, match="файл не читается"):
        front_matter(path)
    assert front_matter(written(path)).editions == ["internal"]
    assert front_matter(written(path, front="---\neditions: [open, internal]\n---")).editions == ["open", "internal"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of page notebooks in the place of the project's."""
    for module in (pages, new_page):
        monkeypatch.setattr(module, "PAGES", tmp_path)
    return tmp_path


def test_an_edition_has_the_pages_that_name_it(folder: Path):
    report = open_report("kamchatka-2021")
    written(folder / "tutors.ipynb")
    written(folder / "mine" / "asked.ipynb", front="---\neditions: [protected]\n---")
    written(folder / ".ipynb_checkpoints" / "tutors-checkpoint.ipynb")
    assert notebooks(report, "internal") == {"tutors": folder / "tutors.ipynb"}
    assert notebooks(report, "public") == {"asked": folder / "mine" / "asked.ipynb"}
    written(folder / "mine" / "tutors.ipynb")
    with pytest.raises(BadInput, match="страница «tutors» уже есть"):
        notebooks(report, "internal")


class Tables:
    """A report of which only the numbers of rows are known."""

    def __init__(self, sight: str, **frames: pl.DataFrame) -> None:
        self.name, self.frames = sight, frames

    def sight(self, edition: str) -> str:
        return self.name

    def read(self, name: str, edition: str) -> pl.DataFrame:
        return self.frames[name]


SOME, NONE = pl.DataFrame({"topic": ["risk"]}), pl.DataFrame({"topic": []}, schema={"topic": pl.String})
NEEDS = said("editions: [internal, protected]", "needs: [tutors, {support_counts: {topic: tutor}}]")


@pytest.mark.parametrize(
    ("report", "needs", "empty"),
    [
        (Tables("internal", tutors=SOME), NEEDS, False),
        (Tables("internal", tutors=NONE), NEEDS, True),
        (Tables("protected", support_counts=SOME), NEEDS, True),  # rows, but none on this topic
        (Tables("protected", support_counts=pl.DataFrame({"topic": ["risk", "tutor"]})), NEEDS, False),
        (Tables("open"), NEEDS, True),  # an edition that sees neither
        (Tables("open"), said("editions: [open]"), False),
    ],
)
def test_a_page_without_its_data_is_empty(report: Tables, needs: FrontMatter, empty: bool):
    assert is_empty(report, "any", needs) == empty


MENU = [
    {"href": "index.qmd", "text": "Год"},
    {"section": "Меры", "contents": [{"href": "tutors.qmd", "text": "Тьюторы"}]},
]


def test_a_page_that_nobody_has_placed_stands_at_the_end_of_its_section():
    mine = {
        "mine.qmd": ("Моя", "Меры"),
        "other.qmd": ("Другая", "Своё"),
        "more.qmd": ("Ещё", "Своё"),
        "last.qmd": ("Последняя", ""),
    }
    menu = placed(MENU, mine)
    assert [entry.get("section") or entry["text"] for entry in menu] == ["Год", "Меры", "Своё", "Последняя"]
    assert [entry["text"] for entry in menu[1]["contents"]] == ["Тьюторы", "Моя"]
    assert [entry["href"] for entry in menu[2]["contents"]] == ["other.qmd", "more.qmd"]
    assert len(MENU[1]["contents"]) == 1 and kept(menu, {"mine.qmd"}) == [
        {"section": "Меры", "contents": [{"href": "mine.qmd", "text": "Моя"}]}
    ]


def test_what_leads_to_a_page_that_there_is_not_is_no_link(tmp_path: Path):
    shown = '<a href="site:/tutors.html#load">Тьюторы</a> <a href="site:/flags.html">Выводы</a>[["a",null,"site:/tutors.html"]]'
    output = new_output("display_data", data={"text/markdown": shown})
    path = written(
        tmp_path / "page.ipynb",
        new_markdown_cell(
            "[Тьюторы](site:/tutors.html), [тьютор](site:/school/tutors.html), [выводы](site:/flags.html)"
        ),
        new_code_cell("x", execution_count=1, outputs=[output]),
        front="---\ntitle: 'Моя: страница'\neditions: [internal]\n---",
    )
    page = page_source(path, "page", left_out={"tutors.html", "roadmaps.html"})
    assert page.startswith('---\ntitle: "Моя: страница"\n---\n') and "editions" not in page
    assert "Тьюторы, [тьютор](school/tutors.html), [выводы](flags.html)" in page
    assert 'Тьюторы <a href="flags.html">Выводы</a>[["a",null,null]]' in page


def test_a_new_page_is_an_example_under_its_own_name(folder: Path):
    path = new_page.start_page("my-page", 'Итоги: "мои"')
    found = front_matter(path)
    assert path == folder / "my-page.ipynb" and found.title == 'Итоги: "мои"' and found.section == "Анализ"
    line = yaml.safe_load(new_page.menu_line("my-page", 'Итоги: "мои"'))
    assert line == [{"href": "my-page.qmd", "text": 'Итоги: "мои"'}]
    before = path.read_bytes()
    with pytest.raises(BadInput, match="тетрадь уже есть"):
        new_page.start_page("my-page", "Другая")
    assert path.read_bytes() == before
    for wrong in ("Моя", "my page", "../x", "", "a" * 50):
        with pytest.raises(BadInput, match="такое имя не годится"):
            new_page.start_page(wrong, "Моя")


def test_the_example_page_runs_and_shows_its_numbers(folder: Path, small: Path, built: Path, tmp_path: Path):
    source, ran = new_page.start_page("my-page", "Моя страница"), tmp_path / "ran.ipynb"
    given = {"report": str(small), "out": str(built), "edition": "internal"}
    with warm_kernel() as kernel:
        run_notebook(source, ran, given, kernel)
    page = BeautifulSoup(page_source(ran, "my-page"), "html.parser")
    report = open_report(str(small), str(built))
    year = report.params.years[-1]
    outcome = report.read("outcome").filter(year=year).drop_nulls("outcome")["outcome"]
    ends = [words.signed(float(np.percentile(outcome.to_numpy(), part))) for part in (25, 75)]
    assert (
        f"В {year} году результат есть у {outcome.len()}\u00a0школ. У половины из них он от {ends[0]} до {ends[1]} "
        in page.text
    )
    rows = [[cell.text for cell in row.select("td")] for row in page.select(".data-table tbody tr")]
    assert len(rows) == 4 and sum(int(row[1]) for row in rows) == outcome.len()
    assert len(page.select("figure.chart")) == 1
