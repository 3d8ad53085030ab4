"""The French lycées, a second data set by a params file alone: six years, shares, a ready index, from file to site."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import polars as pl
import pytest
from bs4 import BeautifulSoup
from copies import Copy

from helpers.report import open_report

PARAMS = Path(__file__).parent / "reports" / "french-lycees.yml"
GOLDEN = pl.read_csv(Path(__file__).parent / "golden" / "fits.csv").filter(data_set="french-lycees")
YEARS = [2017, 2018, 2019, 2020, 2021, 2022]
RAW = open_report(str(PARAMS)).raw_files[0]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not RAW.is_file(), reason="the raw file of the French lycées is not part of the project and is not here"
    ),
]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with RAW.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def schools(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each school's last row of the three years that the report judges by."""
    recent = sorted((row for row in rows if int(row["year"]) in YEARS[-3:]), key=lambda row: row["year"])
    return list({row["school_id"]: row for row in recent}.values())


@pytest.fixture(scope="module")
def out(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("french")
    copy.report("build", PARAMS, "--out", folder, "--engine", "pandoc")
    return folder


@pytest.fixture(scope="module")
def site(out: Path) -> Path:
    return out / "_site" / PARAMS.stem


def words(path: Path) -> str:
    main = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("main")
    for hidden in main.find_all(["script", "style"]):
        hidden.decompose()
    return " ".join(main.get_text(" ").split())


def test_every_row_of_six_years_is_in_the_tables(out: Path, rows: list[dict[str, str]]):
    results = open_report(str(PARAMS), str(out)).read("results", "public").sort("year", "school_id")
    assert results["year"].unique().sort().to_list() == YEARS
    given = sorted((int(row["year"]), row["school_id"], float(row["pass_rate"]) / 100) for row in rows)
    assert results.select("year", "school_id").rows() == [row[:2] for row in given]
    assert results["mean"].to_list() == pytest.approx([row[2] for row in given], abs=1e-12)


def test_the_fits_are_those_of_metafor(out: Path):
    model = open_report(str(PARAMS), str(out)).read_numbers("model", "public")
    fits = {fit["year"]: fit for fit in model["years"]}
    assert list(fits) == YEARS
    for golden in GOLDEN.iter_rows(named=True):
        fit = fits[golden["year"]]
        assert fit["n_schools"] == golden["n"]
        for name in ("slope", "slope_se", "tau2"):
            assert fit[name] == pytest.approx(golden[name], rel=1e-6), (golden["year"], name)


def test_a_page_for_each_academy_and_a_card_for_each_of_the_five(site: Path, schools: list[dict[str, str]]):
    academies = {row["academie"] for row in schools}
    found = {path.name: words(path) for path in (site / "municipality").glob("*.html")}
    assert len(found) == len(academies) == 31
    assert all(any(academy.casefold() in text.casefold() for text in found.values()) for academy in academies)
    assert len(list((site / "school").glob("*.html"))) == 5
    assert len(list(site.glob("*.html"))) == 15


def test_the_first_page_tells_what_metafor_found(site: Path, schools: list[dict[str, str]]):
    text = words(site / "index.html").replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    last = GOLDEN.filter(year=2022).row(0, named=True)
    explained = 1 - last["tau2"] / last["tau2_null"]
    assert re.search(rf"\b{round(100 * explained)} ?%", text)
    assert f"{len(schools) // 1000} {len(schools) % 1000:03} школы в отчёте" in text
    assert f"+{10 * last['slope']:.2f}".replace(".", ",") in text, "ten points of the index"


def test_all_years_are_on_the_pages(site: Path):
    for page in ("data", "results", "expectation"):
        text = words(site / f"{page}.html")
        assert not [year for year in YEARS if str(year) not in text], page
    card = next((site / "school").glob("*.html")).read_text(encoding="utf-8")
    assert all(str(year) in card for year in YEARS)
