"""Whatever signs a text has, a reader sees these signs: no markup, no formula, no script comes of them."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
import yaml
from bs4 import BeautifulSoup
from copies import Copy
from hostile import hostile_report

from helpers.publish import figures, quarto

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
needs_quarto = [
    pytest.mark.needs_quarto,
    pytest.mark.skipif(quarto.find() is None, reason="quarto is not installed here"),
]
ENGINES = pytest.mark.parametrize("engine", ["pandoc", pytest.param("quarto", marks=needs_quarto)])


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_report(tmp_path_factory.mktemp("hostile") / "report")


@pytest.fixture(scope="module")
def out(copy: Copy, params: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    copy.report("build", params, "--out", folder, "--engine", "pandoc", pictures=True)
    return folder


@pytest.fixture(scope="module")
def sites(copy: Copy, params: Path, out: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {"pandoc": out / "_site" / params.stem}
    if quarto.find():
        again = tmp_path_factory.mktemp("quarto") / "out"
        shutil.copytree(out, again)
        copy.report("render", params, "--out", again, "--engine", "quarto", pictures=True)
        made["quarto"] = again / "_site" / params.stem
    return made


@pytest.fixture(scope="module")
def schools(out: Path, params: Path) -> pl.DataFrame:
    """The names as the tables have them."""
    table = pl.read_parquet(out / "data" / "processed" / params.stem / "public" / "schools.parquet")
    return table.sort("year").unique("school_id", keep="last")


@pytest.fixture(scope="module")
def told(params: Path) -> dict:
    return yaml.safe_load(params.read_text(encoding="utf-8"))


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def words(text: str) -> str:
    return " ".join(text.split())


def same(shown: str, meant: str) -> bool:
    return words(meant) in words(shown)


@ENGINES
def test_names_stand_in_the_tables_of_pages_as_they_are(engine: str, sites: dict[str, Path], schools: pl.DataFrame):
    page = soup(sites[engine] / "flags.html")
    names, groups = set(schools["school_name"]), set(schools["group_name"])
    rows = page.select("#table-flags tbody tr")
    assert len(rows) == 15, "the surest; the rest are beside the page"
    for row in rows:
        name, group, *_ = (cell.get_text() for cell in row.select("td"))
        assert name in names and group in groups
    holder = page.select_one("#table-flags .table-data")
    rows_apart = (sites[engine] / holder["data-src"]).read_text(encoding="utf-8").partition(" = ")[2].rstrip(";\n")
    data = json.loads(rows_apart)
    assert {row[0][0] for row in data} <= names and len(data) > 50


@ENGINES
def test_titles_of_pages_are_text(engine: str, sites: dict[str, Path], schools: pl.DataFrame, told: dict):
    names, groups = ({words(name) for name in schools[column]} for column in ("school_name", "group_name"))
    for folder, meant in (("school", names), ("municipality", groups)):
        pages = sorted((sites[engine] / folder).glob("*.html"))
        assert pages
        for path in pages:
            page = soup(path)
            assert words(page.find("h1").get_text()) in meant, path.name
            assert any(name in words(page.title.get_text()) for name in meant), path.name
    assert words(soup(sites[engine] / "index.html").find("h1").get_text()) == words(told["title"])


@ENGINES
def test_prose_with_texts_of_the_params_is_text(engine: str, sites: dict[str, Path], told: dict):
    described = told["data"]["school_table"]
    data, context = (soup(sites[engine] / f"{page}.html").main.get_text() for page in ("data", "context"))
    assert same(data, described["source"]) and same(data, told["year_notes"][1999])
    assert same(context, described["indicators"]["mobility"]["title"])
    assert same(soup(sites[engine] / "results.html").main.get_text(), described["results"][0]["title"])


@ENGINES
def test_no_markup_comes_of_a_text(engine: str, sites: dict[str, Path]):
    for path in sites[engine].rglob("*.html"):
        page = soup(path)
        scripts = [
            script.string or "" for script in page.find_all("script") if script.get("type") != "application/json"
        ]
        assert not any(text.strip() == "alert(1)" for text in scripts), path
        assert not page.select("u, em.x, [href='http://example.test'], img[src='x.png']"), path


@ENGINES
def test_charts_get_names_that_plotly_shows_as_text(engine: str, sites: dict[str, Path], schools: pl.DataFrame):
    import html

    chart = soup(sites[engine] / "expectation.html").select_one("#chart-expectation .chart-data")
    texts = {text for trace in json.loads(chart.string)["data"] for text in trace.get("text", [])}
    assert texts and {html.unescape(text) for text in texts} <= set(schools["school_name"])
    assert not any("<" in text for text in texts)


def test_pictures_show_the_names_as_text(sites: dict[str, Path], schools: pl.DataFrame):
    if figures.browser() is None:
        pytest.skip("no Chrome here")
    drawn = ElementTree.parse(sites["pandoc"] / "figures" / "index-chart-clearest.svg").getroot()
    svg = "{http://www.w3.org/2000/svg}"
    labels = " ".join("".join(text.itertext()) for text in drawn.iter(f"{svg}text"))
    chart = soup(sites["pandoc"] / "index.html").select_one("#chart-clearest .chart-numbers")
    named = [row.select("td")[0].get_text() for row in chart.select("tbody tr")]
    assert named
    for label in named:
        assert label.split()[0] in labels, label
    assert drawn.find(f"{svg}desc").text


def test_downloads_hold_the_names(sites: dict[str, Path], schools: pl.DataFrame):
    meant = dict(schools.select("school_id", "school_name").iter_rows())
    book = pl.read_excel(sites["pandoc"] / "data" / "schools.xlsx", sheet_name="Данные", infer_schema_length=0)
    sheet = pl.read_csv(sites["pandoc"] / "data" / "schools.csv", infer_schema=False)
    for school_id, name in book.filter(pl.col("year") == "2000").select("school_id", "school_name").iter_rows():
        assert name == meant[school_id]
    for school_id, name in sheet.filter(pl.col("year") == "2000").select("school_id", "school_name").iter_rows():
        assert name.removeprefix("'") == meant[school_id]
        assert name[0] not in "=+-@"
    with zipfile.ZipFile(sites["pandoc"] / "data" / "schools.xlsx") as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())


def test_the_document_holds_the_names(sites: dict[str, Path], schools: pl.DataFrame, told: dict):
    with zipfile.ZipFile(sites["pandoc"] / "documents" / "report.docx") as parts:
        document = ElementTree.parse(io.BytesIO(parts.read("word/document.xml")))
        core = ElementTree.parse(io.BytesIO(parts.read("docProps/core.xml")))
    cells = {words("".join(cell.itertext())) for cell in document.iter(f"{WORD}tc")}
    assert {words(name) for name in schools["group_name"]} <= cells
    paragraphs = [words("".join(paragraph.itertext())) for paragraph in document.iter(f"{WORD}p")]
    assert words(told["title"]) in paragraphs
    assert any(same(text, told["data"]["school_table"]["source"]) for text in paragraphs)
    assert told["title"].startswith(core.find("{http://purl.org/dc/elements/1.1/}title").text)


@ENGINES
def test_slides_show_texts_as_they_are(engine: str, sites: dict[str, Path], told: dict):
    page = soup(sites[engine] / "slides" / "webinar.html")
    assert words(page.find("h1").get_text()) == words(told["title"])
    text = page.body.get_text()
    assert same(text, told["region"]) and same(text, told["data"]["school_table"]["results"][0]["title"])
