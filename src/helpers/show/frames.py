"""Any table of an analyst's own as a polars frame, and how its values look by default."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from helpers.show import words

_YEARS = range(1900, 2101)
"""Whole numbers that stand for years: a column of them has no thin spaces."""
_MOST_DIGITS = 4


def as_polars(shown: Any) -> pl.DataFrame | None:
    """A polars or pandas frame or series as a polars frame, a named index of pandas as its first columns; None of all else.

    >>> import pandas as pd
    >>> as_polars(pd.Series([0.5], index=pd.Index(["СШ № 1"], name="Школа"), name="Доля")).to_dicts()
    [{'Школа': 'СШ № 1', 'Доля': 0.5}]
    >>> as_polars(pl.Series("Школ", [3])).columns
    ['Школ']
    >>> as_polars("текст") is None
    True
    """
    if isinstance(shown, pl.DataFrame):
        return shown
    if isinstance(shown, pl.Series):
        return shown.to_frame()
    pandas = sys.modules.get("pandas")  # who has no pandas loaded has no frame of it
    if pandas is None or not isinstance(shown, pandas.DataFrame | pandas.Series):
        return None
    frame = shown.to_frame(shown.name if shown.name is not None else "Значение") if shown.ndim == 1 else shown
    if any(name is not None for name in frame.index.names) or not isinstance(frame.index, pandas.RangeIndex):
        frame = frame.reset_index(names=[name if name is not None else "" for name in frame.index.names])
    return pl.DataFrame([_column(_title(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns)])


def _title(name: Any) -> str:
    """A column's name; of one with several levels those that say something."""
    return ", ".join(str(part) for part in name if part != "") if isinstance(name, tuple) else str(name)


def _column(title: str, values: Any) -> pl.Series:
    """A column of pandas; one that holds values of several kinds as text."""
    try:
        return pl.from_pandas(values.reset_index(drop=True)).alias(title)
    except Exception:  # polars and arrow each have errors of their own for this
        return pl.Series(
            title, [None if value is None or value != value else str(value) for value in values], pl.String
        )


def form(values: pl.Series) -> Callable[[Any], str]:
    """How a column's values become text: numbers in Russian, years and codes as they are, days, да and нет.

    >>> [form(pl.Series(values))(values[0]) for values in ([1234], [2021], [0.5], [-0.00213], [1234.5678], [True], ["СШ"])]
    ['1\\xa0234', '2021', '0,50', '−0,0021', '1\\xa0234,57', 'да', 'СШ']
    """
    if values.dtype == pl.Boolean:
        return lambda value: "да" if value else "нет"
    known = values.drop_nulls()
    if values.dtype.is_float() and len(known) and (known == known.round()).all():
        values = known = known.cast(pl.Int64, strict=False)  # pandas makes decimals of whole numbers with gaps
    if values.dtype.is_integer():
        return _year if len(known) and all(value in _YEARS for value in known) else words.whole
    if values.dtype.is_numeric():
        return partial(words.number, digits=_digits(values))
    return words.day if values.dtype in (pl.Date, pl.Datetime) else str


def _year(value: float) -> str:
    return str(round(value))


def _digits(values: pl.Series) -> int:
    """Two decimals, or as many as the largest of small numbers needs for two figures that say something."""
    largest = values.cast(pl.Float64).abs().fill_nan(None).max() or 1.0
    digits = 2
    while digits < _MOST_DIGITS and largest < 10 ** (1 - digits):
        digits += 1
    return digits
