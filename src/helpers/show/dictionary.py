"""The data dictionary: what every column of every published table is, in words.

The words stand in the contract (`helpers.tables.contract`), `{indicator}` in a column's name for each indicator of the
report. They are templates: they take thresholds from the params and codes from `helpers.show.words`, so neither is
written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Any

import polars as pl

from helpers.intake.subjects import subject_titles
from helpers.params import Indicator, Params
from helpers.report import Report
from helpers.show import received, words
from helpers.tables.contract import CONTRACT, TOLD

_SHARE = "доля 0–1"


def dictionary(report: Report, edition: str) -> pl.DataFrame:
    """Describe the columns of the edition's tables that have any rows.

    Returns
    -------
    DataFrame
        table, column, title, unit, definition, source: a row a column, in the order of tables and columns.
    """
    names = received.downloads(report, edition)["table"]
    return described({name: report.read(name, edition).columns for name in names}, report.params)


def described(columns: Mapping[str, Iterable[str]], params: Params) -> pl.DataFrame:
    """Describe columns by table; nothing but its name is told of a column that the contract lacks."""
    known = entries(params)
    rows = [
        (table, column, *known.get((table, column), (column, None, None, None)))
        for table, names in columns.items()
        for column in names
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(["table", "column", *TOLD], pl.String), orient="row")


def entries(params: Params) -> dict[tuple[str, str], tuple[str, ...]]:
    """Title, unit, definition and source by table and column, in the words of this report."""
    told = {}
    for table in CONTRACT.values():
        for column in table.columns:
            for values in _values(column.name, params):
                name, *texts = (_TEXT.vformat(text, (), values) for text in (column.name, *column.told))
                told[table.name, name] = tuple(texts)
    return told


def _values(column: str, params: Params) -> Iterator[dict[str, Any]]:
    """What the templates of a row may name: once, or once for each indicator."""
    common = {"params": params, "words": words, "subjects": subject_titles()}
    if "{indicator}" not in column:
        yield common
        return
    for name, item in params.described.indicators.items():
        direction = {"better": "благополучнее", "worse": "тяжелее"}[item.higher_is]
        unit = "балл" if item.unit == "score" else _SHARE
        yield common | {
            "indicator": name, "item": item, "unit": unit, "recipe": _recipe(item), "direction": direction,
        }  # fmt: skip


def _recipe(item: Indicator) -> str:
    """From which columns of the source an indicator is made."""
    part, whole = (" + ".join(columns) for columns in (item.columns, item.of))
    part, whole = (f"({text})" if "+" in text else text for text in (part, whole))
    if whole:
        return f"{part} / {whole}"
    return f"{part} / 100" if item.unit == "percent" else part


class _Text(Formatter):
    """Templates in Russian: a decimal comma; codes with their words, all or those named: `{words.VARIANT:all,low}`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, dict):
            names = format_spec.split(",") if format_spec else value
            return "; ".join(f"{name} — {value[name]}" for name in names)
        return f"{value:g}".replace(".", ",") if isinstance(value, float) else super().format_field(value, format_spec)


_TEXT = _Text()
