"""Files to download: the tables as csv and workbooks, described, harmless, the same on every run."""

from __future__ import annotations

import io
import re
import time
import zipfile
from datetime import date
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from helpers.publish.downloads import about, csv_bytes, downloads, workbook
from helpers.report import Report, open_report
from helpers.show import received
from helpers.show.dictionary import dictionary

DANGEROUS = [
    "=1+1",
    "@x",
    "+7",
    "-1",
    "http://example.org",
    'a & b < c > d "e"',
    "line\nline",
    "00123",
    "bell\x07",
    None,
]
MIXED = pl.DataFrame(
    {
        "text": DANGEROUS,
        "number": [0.1, -1 / 3, 1e-300, 6.02e23, 0.0, float("nan"), float("inf"), None, 2.0, 5.0],
        "whole": [2021, *range(9)],
        "flag": [True, False, None, *[True] * 7],
        "day": [date(2021, 9, 1), None, date(1999, 12, 31), *[date(2020, 2, 29)] * 7],
    }
)


@pytest.fixture(scope="module")
def report(built: Path, small: Path) -> Report:
    return open_report(str(small), str(built))


@pytest.fixture(scope="module")
def files(report: Report) -> dict[str, bytes]:
    return downloads(report, "internal")


def sheet(content: bytes, name: str, **how) -> pl.DataFrame:
    return fastexcel.read_excel(content).load_sheet(name, schema_sample_rows=None, **how).to_polars()


def description(content: bytes) -> pl.DataFrame:
    """The second sheet as it lies, its columns by number."""
    read = sheet(content, "Описание", header_row=None)
    return read.rename(dict(zip(read.columns, map(str, range(read.width)), strict=True)))


def as_read(frame: pl.DataFrame) -> pl.DataFrame:
    """A table as a reader of workbooks tells it: an empty text is no text."""
    return frame.with_columns(pl.col(pl.String).replace("", None))


def test_every_table_comes_in_both_forms_and_so_does_the_dictionary(report, files):
    names = [*received.downloads(report, "internal")["table"], "dictionary"]
    assert set(files) == {f"data/{name}.{form}" for name in names for form in ("csv", "xlsx")}


def test_workbooks_hold_the_tables_to_the_last_digit(report, files):
    for name in received.downloads(report, "internal")["table"]:
        table = report.read(name)
        read = sheet(files[f"data/{name}.xlsx"], "Данные")
        # a column without values has no kind of its own in a workbook
        assert_frame_equal(as_read(read.cast(dict(table.schema))), as_read(table), check_exact=True)


def test_workbooks_describe_their_columns_and_say_where_they_are_from(report, files):
    params = report.params
    for name in received.downloads(report, "internal")["table"]:
        told = description(files[f"data/{name}.xlsx"])
        assert {params.title, "внутренняя", params.described.source, params.described.licence} <= set(told["1"])
        assert told.filter(pl.col("0") == name)["1"].to_list() == report.read(name).columns
    everything = description(files["data/dictionary.xlsx"]).tail(dictionary(report, "internal").height)
    assert everything.rows() == dictionary(report, "internal").rows()


def test_text_numbers_and_days_stay_what_they_are():
    content = workbook({"Данные": MIXED}, [("Отчёт", "=1+1")], dictionary_of_nothing())
    read = sheet(content, "Данные")
    told = MIXED.with_columns(
        pl.col("text").str.replace("\x07", ""), number=pl.when(pl.col("number").is_finite()).then("number")
    )
    assert_frame_equal(read.cast(dict(MIXED.schema)), told, check_exact=True)
    assert read.schema["day"].is_temporal() and read.schema["flag"] == pl.Boolean
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {part: book.read(part).decode() for part in book.namelist()}
    assert not any("<f>" in part or "<hyperlink" in part for part in parts.values())
    assert "<pane " in parts["xl/worksheets/sheet1.xml"] and "<autoFilter " in parts["xl/worksheets/sheet1.xml"]
    assert re.search(r'<dimension ref="A1:E11"/>', parts["xl/worksheets/sheet1.xml"])


def dictionary_of_nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(["table", "column", "title", "unit", "definition", "source"], pl.String))


def test_csv_does_not_run_as_formulas():
    text = csv_bytes(pl.DataFrame({"name": ["=1+1", "@x", "Школа № 5"], "value": [-0.5, 1.0, 2.0]}))
    assert text.decode("utf-8-sig").splitlines() == ["name,value", "'=1+1,-0.5", "'@x,1.0", "Школа № 5,2.0"]


def test_the_same_report_makes_the_same_bytes(report, files):
    time.sleep(1.1)  # a time of day, had one slipped in, would differ by now
    assert downloads(report, "internal") == files


def test_a_long_table_comes_as_csv_only(report, monkeypatch):
    monkeypatch.setattr(received, "WORKBOOK_ROWS", report.read("flags").height - 1)
    made = downloads(report, "public")
    assert "data/flags.csv" in made and "data/flags.xlsx" not in made
    assert "data/specifications.xlsx" in made


def test_the_public_files_say_so_and_hold_no_internal_table(report):
    made = downloads(report, "public")
    assert "data/ranks.csv" not in made and "data/ranks.csv" in downloads(report, "internal")
    assert "ranks" not in made["data/dictionary.csv"].decode()
    facts = dict(about(report, "public"))
    assert facts["Редакция"] == "открытая" and report.params.open_data in facts["Скрытые значения"]


def test_thousands_of_schools_take_a_few_seconds():
    many = MIXED.select(pl.all().repeat_by(9_000).explode())
    begun = time.perf_counter()
    workbook({"Данные": many}, [("Отчёт", "много")], dictionary_of_nothing())
    assert time.perf_counter() - begun < 5
