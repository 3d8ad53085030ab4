"""What may become a page: only a notebook that has run whole and shows what the site can show."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import plotly.graph_objects as go
import polars as pl
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from plotly.offline import get_plotlyjs_version

from helpers.problems import BrokenPage
from helpers.publish import pandoc
from helpers.publish.chart_scripts import BASIC, WHOLE, bundle
from helpers.publish.page_source import page_source
from helpers.publish.site import changed_pages
from helpers.show import emit

SHOWN = {"text/markdown": "**Показано**", "text/html": "<b>нет</b>"}


def written(folder: Path, *cells) -> Path:
    path = folder / "page.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Страница: «итог»"), *cells]), path)
    return path


def ran(*outputs, source="x"):
    return new_code_cell(source, execution_count=1, outputs=list(outputs))


def test_a_page_is_its_prose_and_what_its_cells_show(tmp_path: Path):
    shown = new_output("display_data", data=SHOWN)
    link = new_markdown_cell("[карточка](site:/school/a.html)")
    page = page_source(written(tmp_path, ran(shown, source="secret_code()"), link), "municipality/x")
    assert page.startswith('---\ntitle: "Страница: «итог»"\n---\n')
    assert "**Показано**" in page and "(../school/a.html)" in page
    assert "secret_code" not in page and "<b>" not in page and "<script" not in page


@pytest.mark.parametrize(
    ("traces", "bundle"),
    [
        ([go.Scatter(y=[1]), go.Bar(y=[1])], "plotly-basic.min.js"),
        ([go.Scatter(y=[1]), go.Heatmap(z=[[1]])], "plotly.min.js"),
        ([], "plotly-basic.min.js"),
    ],
)
def test_scripts_come_with_what_needs_them(tmp_path: Path, traces: list, bundle: str):
    shown = emit.chart(go.Figure(traces), "chart-a", "Итог", "Описание")._repr_mimebundle_()
    page = page_source(written(tmp_path, ran(new_output("display_data", data=shown))), "school/a")
    assert re.findall(r'src="../assets/(.+?)"', page) == [bundle, "report.js"]


def test_both_bundles_of_the_chart_library_are_of_one_version():
    version = re.compile(rb"plotly\.js (?:\(basic - minified\) )?v([\d.]+)")
    assert {version.search(bundle(name)[:400])[1] for name in (WHOLE, BASIC)} == {get_plotlyjs_version().encode()}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (new_code_cell("x"), "не выполнена"),
        (ran(new_output("error", ename="KeyError", evalue="'a'", traceback=[])), "ошибка KeyError"),
        (ran(new_output("stream", name="stdout", text="отладка")), "печатает текст «отладка»"),
        (ran(new_output("display_data", data={"text/html": "<table>", "text/plain": "x"})), "text/html"),
        (ran(new_output("execute_result", data={"image/png": "iVBO"}, execution_count=1)), "image/png"),
        (new_markdown_cell("![](attachment:a.png)", attachments={"a.png": {"image/png": "iVBO"}}), "рисунок"),
    ],
)
def test_what_would_be_missing_from_the_page_is_refused(tmp_path: Path, cell, says: str):
    with pytest.raises(BrokenPage) as caught:
        page_source(written(tmp_path, cell), "page")
    assert says in str(caught.value) and "page.ipynb, ячейка 2" in str(caught.value)


def test_all_faults_of_a_page_are_told(tmp_path: Path):
    with pytest.raises(BrokenPage) as caught:
        page_source(written(tmp_path, new_code_cell("x"), new_code_cell("y")), "page")
    assert len(str(caught.value).splitlines()) == 2


def test_a_page_without_a_title_is_refused(tmp_path: Path):
    path = tmp_path / "page.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("Просто текст")]), path)
    with pytest.raises(BrokenPage, match="нет заголовка"):
        page_source(path, "page")


def test_pages_to_render_anew():
    before = {"a.qmd": "1", "b.qmd": "2", "_quarto.yml": "3", "assets/x.css": "4", "data/t.csv": "5", "renderer": "6"}
    assert changed_pages(before, before) == []
    assert changed_pages(before, before | {"b.qmd": "9", "data/t.csv": "9"}) == ["b"]
    for shaping in ("_quarto.yml", "assets/x.css", "renderer"):
        assert changed_pages(before, before | {shaping: "9"}) is None
    assert changed_pages(before, before | {"c.qmd": "9"}) is None
    assert changed_pages({}, before) is None


def test_what_there_is_not_is_no_link(tmp_path: Path):
    text = "[Word](site:/a.docx) ([он же для печати](site:/documents/report.pdf)), [меры](site:/tutors.html#load)"
    page = page_source(
        written(tmp_path, new_markdown_cell(text)), "x", left_out={"documents/report.pdf", "tutors.html"}
    )
    assert "[Word](a.docx) (он же для печати), меры" in page


def test_a_fold_holds_what_it_folds(tmp_path: Path):
    table = emit.table(pl.DataFrame({"a": ["<b>", "б"]}), [emit.Column("a", "А")], id="table-a", caption="Т")
    shown = emit.fold("Меры <5>: 2", table, id="fold-a").markdown
    page = page_source(written(tmp_path, ran(new_output("display_data", data={"text/markdown": shown}))), "x")
    body = BeautifulSoup(pandoc.parts(page, "x")[-1], "html.parser")
    (fold,) = body.select("details.fold#fold-a")
    assert fold.summary.get_text() == "Меры <5>: 2" and not fold.has_attr("open")
    assert [cell.get_text() for cell in fold.select("#table-a td")] == ["<b>", "б"]
    assert not body.select("#table-a table:not(details *)")
