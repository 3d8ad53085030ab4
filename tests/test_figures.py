"""Pictures of charts and the numbers under them: what they say, the same bytes again, and what stands there without Chrome."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers.publish import figures
from helpers.publish.figures import Chart, charts, linked
from helpers.publish.kept import Kept
from helpers.show import emit
from helpers.show.numbers import numbers

SVG = "{http://www.w3.org/2000/svg}"
needs_chrome = pytest.mark.skipif(figures.browser() is None, reason="no Chrome here")


def figure() -> go.Figure:
    drawn = go.Figure(
        layout={"height": 300, "xaxis": {"title": {"text": "год"}}, "yaxis": {"title": {"text": "результат"}}}
    )
    drawn.add_scatter(x=[2019, 2021], y=[0.1234, -1.5], name="факт", text=["А &amp; Б", "В &lt;г&gt;"], mode="markers")
    return drawn.add_scatter(x=[2018, 2022], y=[0, 0], name="ожидание", hoverinfo="skip", mode="lines")


def notebook(*shown: emit.Shown) -> nbformat.NotebookNode:
    outputs = [new_output("display_data", data={"text/markdown": one.markdown}) for one in shown]
    return new_notebook(cells=[new_code_cell("x", outputs=outputs)])


@pytest.fixture(scope="module")
def chart() -> Chart:
    shown = emit.chart(figure(), id="chart-one", caption="Главное: «А» < Б & В", alt="Две точки <и> линия")
    (found,) = charts(notebook(emit.text("# Заголовок"), shown), "page")
    return found


def test_a_chart_is_found_with_what_is_said_of_it(chart: Chart):
    assert (chart.name, chart.caption, chart.alt) == (
        "figures/page-chart-one",
        "Главное: «А» < Б & В",
        "Две точки <и> линия",
    )
    assert json.loads(chart.specification)["layout"]["height"] == 300


@pytest.mark.slow
@needs_chrome
def test_pictures_are_the_same_on_every_run_and_are_drawn_once(
    chart: Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, again = (figures.figures([chart], Kept(tmp_path / name)) for name in ("a", "b"))
    assert first == again and set(first) == {"figures/page-chart-one.png", "figures/page-chart-one.svg"}
    assert first["figures/page-chart-one.png"].startswith(b"\x89PNG")
    monkeypatch.setattr(figures, "_drawn", lambda *_: pytest.fail("an unchanged chart is not drawn again"))
    assert figures.figures([chart], Kept(tmp_path / "a")) == first


@needs_chrome
def test_an_svg_says_what_it_is(chart: Chart, tmp_path: Path):
    drawn = ElementTree.fromstring(figures.figures([chart], Kept(tmp_path))["figures/page-chart-one.svg"])
    assert (drawn.find(f"{SVG}title").text, drawn.find(f"{SVG}desc").text) == (chart.caption, chart.alt)
    assert drawn.get("role") == "img" and drawn[0].tag == f"{SVG}title"


def test_without_chrome_there_are_no_pictures_and_no_links(
    chart: Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    assert figures.browser() is None
    assert figures.figures([chart], Kept(tmp_path)) == {}
    body = f"a {emit.PICTURE.format(id='chart-one')} b"
    assert linked(body, "page", {}) == "a  b"
    both = linked(body, "page", {"figures/page-chart-one.png", "figures/page-chart-one.svg"})
    assert [a["href"] for a in BeautifulSoup(both, "html.parser").select("a")] == [
        "site:/figures/page-chart-one.png", "site:/figures/page-chart-one.svg",
    ]  # fmt: skip


def test_what_is_no_longer_asked_for_is_forgotten(tmp_path: Path):
    before = Kept(tmp_path)
    before.put(b"1", "a", "b")
    before.put(b"2", "ab")
    after = Kept(tmp_path)
    assert after.get("a", "b") == b"1" and after.get("a", b"b") == b"1" and after.get("b", "a") is None
    after.forget_others()
    assert after.get("ab") is None and after.get("a", "b") == b"1"


def test_numbers_are_those_of_the_points_and_leave_guides_out():
    told = numbers(figure())
    assert told.titles == ["Школа", "год", "результат"] and told.numeric == [False, True, True]
    assert told.rows == [["А & Б", "2\u00a0019", "0,123"], ["В <г>", "2\u00a0021", "−1,5"]]


def test_series_over_the_same_places_stand_side_by_side():
    drawn = go.Figure(layout={"xaxis": {"title": {"text": "балл"}}})
    drawn.add_bar(x=[1, 2], y=[3, 4], name="2021").add_scatter(x=[1, 2], y=[5, None], name="2019")
    told = numbers(drawn)
    assert told.titles == ["балл", "2021", "2019"] and told.rows == [["1", "3", "5"], ["2", "4", "—"]]


def test_errors_are_told_beside_their_points():
    drawn = go.Figure().add_scatter(x=["2021"], y=[0.5], error_y={"array": [0.25]})
    assert numbers(drawn).rows == [["2021", "0,5", "0,25"]]
    assert numbers(go.Figure()) is None


@pytest.mark.parametrize(("meta", "titles"), [(None, ["Школа"]), ("Группа школ", ["Группа школ"]), ("", [])])
def test_what_stands_beside_a_point_is_called_by_the_chart(meta, titles):
    drawn = go.Figure(go.Scatter(x=[1, 2], y=[3, 4], text=["40–50: школ 12", "50–60: школ 7"]))
    drawn.update_layout(xaxis_title="индекс", yaxis_title="результат", meta=meta)
    assert numbers(drawn).titles == [*titles, "индекс", "результат"]


def test_too_many_numbers_are_left_to_the_tables():
    many = go.Figure().add_scatter(x=list(range(201)), y=list(range(201)))
    block = BeautifulSoup(emit.chart(many, id="chart-many", caption="к", alt="а").markdown, "html.parser")
    assert block.select_one(".chart-numbers a")["href"] == "site:/data.html#download" and not block.select("table")


def test_every_chart_of_single_pages_is_drawn_and_linked(built: Path, small: Path):
    site = built / "_site" / small.stem
    for path in sorted(site.glob("*.html")):
        for chart in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select("figure.chart"):
            hrefs = [link["href"] for link in chart.select(".chart-files a")]
            expected = [f"figures/{path.stem}-{chart['id']}.{kind}" for kind in ("png", "svg")]
            assert hrefs == (expected if figures.browser() else [])
            assert all((site / href).is_file() for href in hrefs)
            assert chart.select_one(".chart-numbers")
