"""What stands on the built pages: all that the notebooks show, and the numbers of the raw file."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import polars as pl
import pytest
from reading import Page, pages

from helpers.publish.pages import PAGES

NOTEBOOKS = {path.stem: path for path in PAGES.glob("*.ipynb")}


@pytest.fixture(scope="module")
def site(built: Path, small: Path) -> dict[str, Page]:
    return pages(built / "_site" / small.stem)


@pytest.fixture(scope="module")
def raw(small: Path) -> list[dict[str, str]]:
    with next(small.parent.glob("*.csv")).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shows(notebook: str, always: bool = False) -> Counter:
    """How often a notebook's code calls `emit.chart`, `emit.table` and so on; `always`: whatever the edition and the data are."""
    cells = nbformat.read(NOTEBOOKS[notebook], as_version=4).cells
    waiting = [node for cell in cells if cell.cell_type == "code" for node in ast.parse(cell.source).body]
    calls = []
    while waiting:
        node = waiting.pop()
        if always and isinstance(node, ast.If | ast.IfExp | ast.FunctionDef):
            continue
        calls += [node.func] if isinstance(node, ast.Call) else []
        waiting += ast.iter_child_nodes(node)
    return Counter(call.attr for call in calls if ast.unparse(call).startswith("emit."))


EMPTY = {"table-calendar", "table-agreement", "table-earlier"}
"""Tables that a school table has no rows for; the page says so."""


def test_whatever_a_notebook_shows_stands_on_its_page(site: dict[str, Page]):
    shown = 0
    for name, page in site.items():
        notebook = name.split("/")[0].removesuffix(".html")
        least, most = shows(notebook, always=True), shows(notebook)
        assert least["chart"] <= len(page.charts) <= most["chart"], name
        assert least["table"] + least["grid"] <= len(page.tables) <= most["table"] + most["grid"], name
        assert least["figures"] <= len(page.main.select(".key-figures")) <= most["figures"], name
        assert all(figure["data"] for figure in page.charts.values()), name
        assert all(len(rows) > 1 or id in EMPTY for id, rows in page.tables.items()), name
        shown += len(page.charts) + len(page.tables)
    assert shown > 20, "there was something to count"


def test_a_page_can_be_told_by_its_title_and_its_contents_lead_somewhere(site: dict[str, Page]):
    for name, page in site.items():
        assert len(page.titles) == 1 and page.titles[0], name
        assert {target.partition("#")[2] for _, target in page.contents} <= page.anchors, name
        assert "site:/" not in str(page.html) and "```" not in page.words, f"{name}: source left on the page"
    assert len({page.titles[0] for page in site.values()}) == len(site)


def test_nothing_is_loaded_from_elsewhere(site: dict[str, Page]):
    for name, page in site.items():
        for tag in page.html.find_all(["script", "link", "img", "iframe"]):
            address = tag.get("src") or tag.get("href") or ""
            assert not urlsplit(address).netloc, f"{name}: {address}"


def test_the_table_of_flags_leads_to_every_card_and_to_no_other(site: dict[str, Page]):
    cards = {name for name in site if name.startswith("school/")}
    assert {target for _, target in site["flags.html"].links if target.startswith("school/")} == cards != set()


def test_schools_are_counted_as_in_the_raw_file(site: dict[str, Page], raw: list[dict[str, str]]):
    titles, *rows = site["groups.html"].tables["table-groups"]
    column = next(number for number, title in enumerate(titles) if title.startswith("Школ"))
    told = {row[0]: int(re.sub(r"\D", "", row[column])) for row in rows}
    assert told == Counter(row["cname"] for row in raw)
    for name, page in site.items():
        if name.startswith("municipality/"):
            (listed,) = page.data
            assert len(listed) == told[page.titles[0]]
    assert int(site["index.html"].main.select_one(".key-figure strong").get_text()) == len(raw)


def test_tables_to_download_are_the_tables(site: dict[str, Page], built: Path, small: Path):
    tables = sorted((built / "data" / "processed" / small.stem / "public").glob("*.parquet"))
    linked = {target for _, target in site["data.html"].links if target.startswith("data/")}
    filled = {path.stem: table for path in tables if (table := pl.read_parquet(path)).height}
    assert linked == {f"data/{name}.{form}" for name in [*filled, "dictionary"] for form in ("csv", "xlsx")}
    assert all((site["index.html"].site / target).is_file() for target in linked)
    listed = {row[2]: int(re.sub(r"\D", "", row[1])) for row in site["data.html"].tables["table-downloads"][1:]}
    assert listed == {f"{name}.csv": table.height for name, table in filled.items()}
    for name, table in filled.items():
        with (site["index.html"].site / "data" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            titles, *rows = csv.reader(file)
        assert titles == table.columns
        assert [row[0] for row in rows] == [str(value) for value in table.to_series(0)]


def test_every_column_to_download_is_described_on_the_page(site: dict[str, Page]):
    page = site["data.html"]
    (described,) = page.data
    told = {(row[0][0], row[1][0]) for row in described}
    for name in {row[2].removesuffix(".csv") for row in page.tables["table-downloads"][1:]}:
        titles = (page.site / "data" / f"{name}.csv").read_text(encoding="utf-8-sig").partition("\n")[0].split(",")
        assert {(name, title) for title in titles} <= told
    assert all(cell[0] not in ("", "—") for row in described for cell in row)
