"""The pages as both engines make them: Quarto and pandoc show the same, and say nothing of the machine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from copies import Copy, contents, small_report

from helpers.publish import quarto
from helpers.report import PROJECT

CHAIN = ["index", "reading", "glossary", "goal", "context", "results", "data", "method", "trends", "groups", "federal", "expectation",
         "flags", "reliability", "archive"]  # fmt: skip
"""The single pages of a report without files of support, in the order of the ministry's chain."""
COUNTIES = {"kern", "fresno", "monterey", "solano"}
needs_quarto = [
    pytest.mark.needs_quarto,
    pytest.mark.skipif(quarto.find() is None, reason="quarto is not installed here"),
]


@pytest.fixture(scope="module")
def by_pandoc(built: Path, small: Path) -> Path:
    return built / "_site" / small.stem


@pytest.fixture(scope="module")
def by_quarto(copy: Copy, built: Path, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site by Quarto from the very notebooks that pandoc's was made from."""
    out = tmp_path_factory.mktemp("quarto") / "out"
    shutil.copytree(built, out)
    copy.report("render", small, "--out", out, "--engine", "quarto", pictures=True)
    return out / "_site" / small.stem


def pages(site: Path) -> dict[str, BeautifulSoup]:
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] != "slides"  # not pages of the site
    }


def words(element: Tag) -> str:
    return " ".join(element.get_text(" ").split())


def shown(page: BeautifulSoup) -> dict[str, object]:
    """What a reader gets of a page: title, text, tables, data of charts, links."""
    main = page.find("main")
    links = [a["href"].removeprefix("./") for a in main.find_all("a", href=True) if not a["href"].startswith("#")]
    found = {
        "title": words(page.find("h1")),
        "tables": [
            [[words(cell) for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]
            for table in main.find_all("table")
        ],
        "data": [script.string for script in main.find_all("script", class_=["chart-data", "table-data"])],
        "headings": [(heading.name, words(heading)) for heading in main.find_all(["h2", "h3"])],
        "links": links,
    }
    for hidden in main.find_all(["script", "style", "nav"]):
        hidden.decompose()
    return found | {"text": words(main)}


def navigation(page: BeautifulSoup) -> list[tuple[str, str]]:
    side = page.select("nav.site-nav a") or page.select("#quarto-sidebar a.sidebar-link")
    return [(words(a), a["href"].removeprefix("./")) for a in side]


def test_the_pages_of_the_small_report_are_all_there(by_pandoc: Path):
    names = set(pages(by_pandoc))
    cards = {name for name in names if name.startswith("school/")}
    assert names - cards == {f"{name}.html" for name in CHAIN} | {f"municipality/{name}.html" for name in COUNTIES}
    assert len(cards) == 2
    assert (by_pandoc / "manifest.json").is_file() and (by_pandoc / "assets" / "plotly-basic.min.js").is_file()
    assert not (by_pandoc / "assets" / "plotly.min.js").exists()  # no chart of ours needs the whole library


def test_navigation_leads_to_every_single_page_from_everywhere(by_pandoc: Path):
    for name, page in pages(by_pandoc).items():
        root = "../" * name.count("/")
        assert [href for _, href in navigation(page)] == [f"{root}{single}.html" for single in CHAIN]


def test_the_section_of_the_page_that_is_read_stands_open(by_pandoc: Path):
    for name, page in pages(by_pandoc).items():
        nav = page.select_one("nav.site-nav")
        sections = [section.find("summary").text for section in nav.select("li details")]
        assert sections == ["Показатели", "Метод сбора", "Мониторинг", "Анализ"], "sections without a page are left out"
        current = nav.select("a[aria-current=page]")
        assert len(current) == ("/" not in name)
        holding = [section for section in nav.select("li details") if set(current) & set(section.find_all("a"))]
        assert nav.select("li details[open]") == holding


@pytest.mark.parametrize("engine", ["pandoc", pytest.param("quarto", marks=needs_quarto)])
def test_a_site_says_nothing_of_the_machine_that_made_it(engine: str, built: Path, request: pytest.FixtureRequest):
    site = request.getfixturevalue(f"by_{engine}")
    places = [str(built), str(site), str(PROJECT), str(Path.home())]
    for path in site.rglob("*"):
        if path.suffix in (".html", ".json", ".csv", ".xml", ".css"):
            text = path.read_text(encoding="utf-8-sig")
            assert not [place for place in places if len(place) > 1 and f"{place}/" in text], path.name
            assert "Traceback" not in text
            assert not re.search(r"\bNaN\b|\bnan\b|>None<|\bnull</td>", text), path.name


class TestQuartoAndPandoc:
    pytestmark = needs_quarto

    def test_make_the_same_pages(self, by_quarto: Path, by_pandoc: Path):
        assert pages(by_quarto).keys() == pages(by_pandoc).keys()
        for folder in ("data", "assets"):
            assert contents(by_quarto / folder) == contents(by_pandoc / folder)

    def test_show_the_same(self, by_quarto: Path, by_pandoc: Path):
        one, other = pages(by_quarto), pages(by_pandoc)
        charts = 0
        for name in one:
            theirs, ours = shown(one[name]), shown(other[name])
            for part, value in theirs.items():
                assert value == ours[part], f"{name}: {part}"
            charts += len(ours["data"])
        assert charts > 10, "there was something to compare"

    def test_lead_to_the_same_places(self, by_quarto: Path, by_pandoc: Path):
        one, other = pages(by_quarto), pages(by_pandoc)
        for name in one:
            assert navigation(one[name]) == navigation(other[name]) != []

    def test_each_renders_the_same_bytes_again(self, copy: Copy, by_quarto: Path, built: Path, tmp_path: Path):
        again = small_report(tmp_path / "ещё раз")
        out = tmp_path / "сайт Quarto"
        shutil.copytree(built, out)
        for stamp in out.glob("_build/*/public/*.json"):
            stamp.unlink()
        copy.report("render", again, "--out", out, "--engine", "quarto", pictures=True)
        assert contents(out / "_site" / again.stem) == contents(by_quarto)

    def test_one_page_rendered_alone_is_as_in_the_whole(self, copy: Copy, by_quarto: Path, small: Path, tmp_path: Path):
        out = tmp_path / "out"
        shutil.copytree(by_quarto.parents[1], out)
        page, site = out / "_build" / small.stem / "public" / "pages" / "results.ipynb", out / "_site" / small.stem
        executed = page.read_text(encoding="utf-8")
        assert executed.count("## Процедуры") == 1
        page.write_text(executed.replace("## Процедуры", "## Другие процедуры"), encoding="utf-8")
        copy.report("render", small, "--out", out, "--engine", "quarto", pictures=True)
        now, before = contents(site), contents(by_quarto)
        assert {name for name in now if name.endswith(".html") and now[name] != before[name]} == {"results.html"}
        page.write_text(executed, encoding="utf-8")
        copy.report("render", small, "--out", out, "--engine", "quarto", pictures=True)
        assert contents(site) == before
