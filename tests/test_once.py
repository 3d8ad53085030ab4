"""Rows of some schools are those rows of the whole table; what is counted of whole tables is counted again when one is another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from helpers.report import Report, open_report
from helpers.show.once import once
from helpers.tables import store

SCHOOLS = [f"{number:02}" for number in range(9)]


def ranks(last: int = 9) -> pl.DataFrame:
    """Table `ranks` of so many schools."""
    return pl.DataFrame({"school_id": SCHOOLS[:last], "rank": 1.0, "lower": 1.0, "upper": 9.0})


@pytest.fixture
def report(tmp_path: Path) -> Report:
    made = open_report("california-2000", str(tmp_path))
    made.write(ranks=ranks())
    return made


@pytest.mark.parametrize("wanted", [["03"], ["08", "00"], ["elsewhere"]])
def test_rows_of_some_schools(report: Report, monkeypatch: pytest.MonkeyPatch, wanted: list[str]):
    monkeypatch.setattr(store, "_ROW_GROUP", 2)
    report.write(ranks=ranks())
    assert report.read("ranks", "internal", wanted).equals(ranks().filter(pl.col("school_id").is_in(wanted)))
    assert report.read("ranks", "internal", wanted[0]).equals(ranks().filter(school_id=wanted[0]))
    assert report.read("ranks").equals(ranks())


def test_what_is_counted_once_follows_the_tables(report: Report):
    calls = []

    @once
    def count(this: Report, edition: str) -> int:
        calls.append(edition)
        return this.read("ranks", edition).height

    assert [count(report, "internal"), count(report, "internal")] == [9, 9] and len(calls) == 1
    report.write(ranks=ranks(4))
    assert [count(report, "internal"), count(report, "internal")] == [4, 4] and len(calls) == 2
