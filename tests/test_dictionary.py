"""Every column that a report publishes is described, in the words of that report."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from helpers import tables
from helpers.intake import layouts, lists, surveys
from helpers.report import PROJECT, Report, open_report
from helpers.show import words
from helpers.show.dictionary import described, dictionary, entries
from helpers.tables import listing
from helpers.tables.contract import COLUMNS, TOLD


@pytest.fixture(scope="module")
def region(clean, from_clean) -> tuple[Report, dict[str, list[str]]]:
    """A region's report and the columns of the tables made from its files."""
    return open_report(str(clean)), {name: frame.columns for name, frame in from_clean.tables.items()}


def undescribed(rows: pl.DataFrame) -> list[str]:
    """Columns of which something is not told."""
    lacking = rows.filter(pl.any_horizontal(pl.col(TOLD).fill_null("").str.strip_chars() == ""))
    return [f"{table}.{column}" for table, column in lacking.select("table", "column").iter_rows()]


@pytest.fixture(scope="module")
def small_one(built: Path, small: Path) -> Report:
    return open_report(str(small), str(built))


def test_every_column_of_the_contract_is_described(small_one):
    promised = {name: list(table.types) for name, table in tables.CONTRACT.items()}
    assert undescribed(described(promised, small_one.params)) == []


def test_every_column_of_a_built_report_is_described(small_one):
    for edition in ("public", "internal"):
        rows = dictionary(small_one, edition)
        assert undescribed(rows) == []
        published = {(n, c) for n in tables.seen(small_one.sight(edition)) for c in small_one.read(n, edition).columns
                     if small_one.read(n, edition).height}  # fmt: skip
        assert set(rows.select("table", "column").iter_rows()) == published


def test_every_column_of_a_regions_files_is_described(region):
    report, columns = region
    assert set(columns) >= {"passports", "staff", "questionnaires", "knowledge"}
    assert undescribed(described(columns, report.params)) == []


@pytest.mark.parametrize(
    ("table", "layout"), [("staff", "staff"), ("diagnostics", "diagnostics"), ("passports", "passport")]
)
def test_every_number_that_a_layout_may_bring_is_described(region, table, layout):
    numbers = [name for name in layouts.fields(layout) if name.startswith("n_") or name in layouts.NUMBERS]
    assert undescribed(described({table: numbers}, region[0].params)) == []


def test_nothing_is_described_that_no_report_has(region, small_one):
    report, columns = region
    there = {(name, column) for name, table in tables.CONTRACT.items() for column in table.types}
    there |= {(name, column) for name, more in columns.items() for column in more}
    there |= set(dictionary(small_one, "internal").select("table", "column").iter_rows())
    indicators = set(report.params.described.indicators)
    for table, column in entries(report.params):
        if column not in indicators and column.removeprefix("z_") not in indicators:
            assert (table, column) in there, f"{table}.{column}"


def test_indicators_are_described_by_the_params(region):
    report, _ = region
    told = entries(report.params)
    for name, item in report.params.described.indicators.items():
        title, unit, definition, _ = told["context", name]
        assert title == item.title and unit == "доля 0–1"
        assert all(column in definition for column in (*item.columns, *item.of))
        assert item.title in told["wellbeing_index", f"z_{name}"][0]


def test_thresholds_and_codes_are_the_reports_own(small_one):
    told = entries(small_one.params)
    assert told["effect", "prob_above"][2].endswith("больше 0,1")
    assert all(f"{code} — {text}" in told["flags", "tier"][2] for code, text in words.TIER.items())
    assert told["index_variants", "variant"][2].endswith("expert — веса экспертов")
    assert not any(mark in text for texts in told.values() for text in texts for mark in "{}")


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        (("questionnaires", "role"), surveys.ROLES),
        (("diagnostics", "competence"), surveys.COMPETENCES),
        (("programme", "programme"), lists.PROGRAMMES),
    ],
)
def test_closed_lists_are_told_whole(small_one, place, codes):
    definition = entries(small_one.params)[place][2].lower()
    assert all(f"{code} — {word}" in definition for word, code in codes.items())


def test_the_method_has_the_sections_that_are_named():
    method = (PROJECT / "docs" / "method.md").read_text(encoding="utf-8")
    named = set(re.findall(r"docs/method\.md, «([^»]+)»", COLUMNS.read_text(encoding="utf-8-sig")))
    assert len(named) > 5
    assert {name for name in named if f"\n## {name}\n" not in method} == set()


def test_a_column_without_an_entry_shows(small_one):
    assert undescribed(described({"flags": ["tier", "invented"]}, small_one.params)) == ["flags.invented"]


def test_the_list_of_tables_in_the_architecture_is_the_contracts():
    text = listing.ARCHITECTURE.read_text(encoding="utf-8")
    assert text == listing.with_listing(text), "python -m helpers.tables.listing writes it anew"


def test_a_range_is_that_of_one_table_and_a_value_beyond_it_is_refused(tmp_path: Path):
    """`below` is a share in `fairness`; a column of the same name elsewhere may count schools."""
    fairness = pl.DataFrame({"reliability": [0.9], "quartile": [1], "below": [0.2], "above": [0.1]})
    tables.write(tmp_path, "fairness", fairness)
    with pytest.raises(SchemaErrors):
        tables.write(tmp_path, "fairness", fairness.with_columns(below=pl.lit(1.5)))
    counted = pl.DataFrame({"year": [2021], "school_id": ["1"], "n_pupils": [-1.0]})
    with pytest.raises(SchemaErrors):
        tables.write(tmp_path, "context", counted)
    tables.write(tmp_path, "context", counted.with_columns(n_pupils=pl.lit(120.0), below=pl.lit(7)))
    assert tables.read(tmp_path, "context")["below"].to_list() == [7]
    with pytest.raises(SchemaErrors):
        tables.write(tmp_path, "context", pl.concat([counted, counted]).with_columns(n_pupils=pl.lit(1.0)))


def test_every_table_says_who_sees_it_and_has_a_key():
    for name, table in tables.CONTRACT.items():
        assert table.editions <= {"internal", "open", "protected"} and table.editions and table.key, name
        assert table.title and len({column.name for column in table.columns}) == len(table.columns), name
        if "school_id" in table.key:
            assert "protected" not in table.editions or name == "directory", f"{name} has rows by school"
