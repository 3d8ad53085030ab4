"""A municipality's extract holds its own schools and not a word of the others'; a school's card is one sheet."""

from __future__ import annotations

import html
import io
import posixpath
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from bs4 import BeautifulSoup

from helpers.publish import figures, protocol, site
from helpers.publish.chart_scripts import BASIC, bundle
from helpers.publish.execute import run_page, warm_kernel
from helpers.publish.extracts import FOLDER, extracts
from helpers.publish.kept import Kept
from helpers.publish.pages import FANNED, PAGES
from helpers.publish.pandoc import configuration
from helpers.report import Report, open_report
from helpers.show import received, views

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(dirty: Path, computed: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The demonstration region, its cards and its pages of municipalities, executed."""
    made = open_report(str(dirty), str(tmp_path_factory.mktemp("out")))
    shutil.copytree(computed, made.out / "data")
    with warm_kernel() as kernel:
        for page in FANNED:
            run_page(PAGES / f"{page}.ipynb", made, "internal", kernel)
    return made


@pytest.fixture(scope="module")
def files(report: Report, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    executed = site._executed(report, "internal")
    settings = configuration(site._settings(report, "internal", {"index.qmd"}), "internal")
    others = (
        site._assets() | {f"assets/{BASIC}": bundle(BASIC)} | protocol.books(received.protocol(report), report.params)
    )
    return extracts(report, executed, settings, others, Kept(tmp_path_factory.mktemp("kept")))


@pytest.fixture(scope="module")
def folder(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("extracts")
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root / FOLDER


def groups(report: Report) -> dict[str, tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Of each municipality its slug, all years of its own schools, all years of the others'."""
    view, every = views.schools(report, "internal"), report.read("schools")
    found = {}
    for group_id, slug in views.group_slugs(view).items():
        own = pl.col("school_id").is_in(view.filter(group_id=group_id)["school_id"].to_list()) | (
            pl.col("group_id") == group_id
        )
        found[group_id] = (slug, every.filter(own), every.filter(~own))
    return found


def texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Every text in a file, those within archives and workbooks too, with the file's own name."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            for part in parts.namelist():
                yield from texts(f"{name}/{part}", parts.read(part))
    else:
        yield name, f"{name}\n{html.unescape(content.decode('utf-8', 'replace'))}"


def test_every_municipality_has_its_folder_and_its_archive(report: Report, files: dict[str, bytes]):
    for slug, own, _ in groups(report).values():
        with zipfile.ZipFile(io.BytesIO(files[f"{FOLDER}/{slug}.zip"])) as packed:
            inside = {name: packed.read(name) for name in packed.namelist()}
        assert inside == {
            n.removeprefix(f"{FOLDER}/"): c for n, c in files.items() if n.startswith(f"{FOLDER}/{slug}/")
        }
        last = own.filter(year=2021)["school_id"]
        assert {f"{slug}/school/{school}.html" for school in last} == {n for n in inside if "/school/" in n}
        book = pl.read_excel(inside[f"{slug}/schools.xlsx"], sheet_name="results")
        assert set(book["school_id"]) <= set(own["school_id"]) and book.height


def test_nothing_of_other_schools_is_in_an_extract(report: Report, files: dict[str, bytes]):
    looked = 0
    for slug, own, others in groups(report).values():
        names = set(others["school_name"]) - set(own["school_name"])
        ids = re.compile(rf"(?<!\w)({'|'.join(sorted(set(others['school_id'])))})(?!\w)")
        for path, content in files.items():
            if path.startswith((f"{FOLDER}/{slug}/", f"{FOLDER}/{slug}.zip")) and "plotly" not in path:
                for name, text in texts(path, content):
                    if "plotly-basic.min.js" not in name:
                        assert not ids.search(text), (name, ids.search(text))
                        assert not [other for other in names if other in text], name
                        looked += 1
    assert looked > 500


def test_the_look_for_other_schools_would_find_them(report: Report, files: dict[str, bytes]):
    (slug, own, _), *_ = groups(report).values()
    found = [name for path, content in files.items() if path.startswith(f"{FOLDER}/{slug}.zip")
             for name, text in texts(path, content) if own["school_name"][-1] in text]  # fmt: skip
    assert any(name.endswith(".html") for name in found) and any(".xlsx/" in name for name in found)


def test_links_stay_within_the_extract(files: dict[str, bytes]):
    for path, content in files.items():
        if path.endswith(".html"):
            page = BeautifulSoup(content.decode(), "html.parser")
            root = "/".join(path.split("/")[:2])
            for tag in page.select("[href], [src]"):
                address = (tag.get("href") or tag.get("src")).partition("#")[0]
                target = posixpath.normpath(posixpath.join(posixpath.dirname(path), address)) if address else path
                assert target.startswith(f"{root}/") and target in files, (path, address)


def test_the_same_report_makes_the_same_extracts(report: Report, files: dict[str, bytes], tmp_path: Path):
    settings = configuration(site._settings(report, "internal", {"index.qmd"}), "internal")
    others = (
        site._assets() | {f"assets/{BASIC}": bundle(BASIC)} | protocol.books(received.protocol(report), report.params)
    )
    assert extracts(report, site._executed(report, "internal"), settings, others, Kept(tmp_path)) == files


def test_every_school_of_the_last_year_has_a_card_that_says_what_is_known(report: Report, files: dict[str, bytes]):
    view = views.schools(report, "internal").filter("has_card")
    assert set(view["school_id"]) == set(report.read("schools").filter(year=2021)["school_id"])
    cards = {
        path.rsplit("/", 1)[1].removesuffix(".html"): content.decode()
        for path, content in files.items()
        if "/school/" in path
    }
    for school_id, tier in view.select("school_id", "tier").iter_rows():
        text = BeautifulSoup(cards[school_id], "html.parser").main.get_text()
        silent = tier in ("outside", "insufficient_data")
        assert ("нужна экспертная оценка" in text) == silent
        assert ("отклонение от ожидаемого, стандартных" in text) != silent
        assert "None" not in text and "nan" not in text


@pytest.mark.needs_browser
def test_a_card_is_one_sheet_of_paper_both_sides_at_most(report: Report, folder: Path, tmp_path: Path):
    if figures.browser() is None:
        pytest.skip("no Chrome here")
    view = views.schools(report, "internal").filter("has_card")
    longest = view.sort(pl.col("school_name").str.len_chars(), descending=True).head(2)
    of_each = pl.concat([view.unique("tier", keep="first", maintain_order=True), longest])["school_id"].unique()
    for school_id in of_each:
        (card,) = folder.glob(f"*/school/{school_id}.html")
        assert sides(card, tmp_path) <= 2, school_id


def sides(page: Path, folder: Path) -> int:
    """How many sides of A4 a browser prints a page on."""
    target = folder / f"{page.stem}.pdf"
    command = [figures.browser(), "--headless", "--no-sandbox", "--no-pdf-header-footer", "--virtual-time-budget=4000",
               f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}", page.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", target.read_bytes()))
