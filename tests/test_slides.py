"""Slides by both engines: the same slides, nothing from elsewhere, no school's name for the public."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.publish import quarto
from helpers.publish.kept import Kept
from helpers.publish.slides import slides

SVG = {"figures/webinar-chart-link.svg": b"<svg/>"}
CHART = (
    '\n```{=html}\n<figure class="chart" id="chart-link"><div class="chart-area" aria-label="Описание"></div>'
    "<figcaption>Вывод</figcaption></figure>\n```\n"
)
ENGINES = pytest.mark.parametrize(
    "engine",
    ["pandoc", pytest.param("quarto", marks=[pytest.mark.needs_quarto,
     pytest.mark.skipif(quarto.find() is None, reason="quarto is not installed here")])],
)  # fmt: skip


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "webinar.ipynb"
    shown = new_output("display_data", data={"text/markdown": CHART})
    cells = [new_markdown_cell("# Отчёт\n\nРегион"), new_markdown_cell("## Цель {#goal}\n\n- найти [метод](site:/method.html)"),
             new_markdown_cell("## Связь {#link}"), new_code_cell("x", execution_count=1, outputs=[shown])]  # fmt: skip
    nbformat.write(new_notebook(cells=cells), path)
    return path


@ENGINES
def test_a_heading_is_a_slide(engine: str, notebook: Path, tmp_path: Path):
    files = slides(notebook, engine, SVG, Kept(tmp_path))
    page = BeautifulSoup(files["slides/webinar.html"], "html.parser")
    assert page.find("h1").get_text(strip=True) == "Отчёт" and "Регион" in page.body.get_text()
    assert [heading.get_text(strip=True) for heading in page.find_all("h2")] == ["Цель", "Связь"]
    image = page.select_one("figure.chart img")
    assert (
        image["alt"] == "Описание"
        and (image.get("src") or image.get("data-src")) == "../figures/webinar-chart-link.svg"
    )
    assert page.select_one("figure.chart figcaption").get_text() == "Вывод"
    assert page.select_one("#goal a")["href"] == "../method.html"
    assert slides(notebook, engine, SVG, Kept(tmp_path / "b")) == files, "the same bytes on every run"


@ENGINES
def test_slides_take_nothing_from_elsewhere(engine: str, notebook: Path, tmp_path: Path):
    files = slides(notebook, engine, SVG, Kept(tmp_path))
    page = BeautifulSoup(files["slides/webinar.html"], "html.parser")
    taken = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[href], img[src]")]
    assert taken and not [address for address in taken if "//" in address]
    for name, content in files.items():
        if name.endswith(".css"):
            assert not re.search(rb"(@import|url\()\s*[\"']?(https?:)?//", content), name
    own = [address for address in taken if not address.startswith("../")]
    assert all(f"slides/{address}" in files for address in own)


def test_without_a_picture_a_chart_is_told_in_words(notebook: Path, tmp_path: Path):
    page = BeautifulSoup(slides(notebook, "pandoc", {}, Kept(tmp_path))["slides/webinar.html"], "html.parser")
    assert page.select_one("figure.chart p").get_text() == "Описание График — на сайте отчёта." and not page.find("img")


def test_the_slides_of_a_report_follow_the_chain(built: Path, small: Path):
    site = built / "_site" / small.stem
    page = BeautifulSoup((site / "slides" / "webinar.html").read_text(encoding="utf-8"), "html.parser")
    titles = [heading.get_text() for heading in page.find_all("h2")]
    assert titles[:3] == ["Цель", "Показатели", "Метод"] and 10 <= len(titles) + 1 <= 15
    assert titles[-2:] == ["Как читать", "Чего отчёт не говорит"]
    assert 'href="slides/webinar.html"' in (site / "index.html").read_text(encoding="utf-8")
    assert not page.select("#named table"), "the public's slides name no school"
