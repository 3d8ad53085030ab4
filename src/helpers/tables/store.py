"""Tables on the disk: parquet in `data/processed/<report>/<edition>/`, checked against the contract at each write.

Columns that the contract does not name may stand beside those it does. Shares are 0–1, outcomes and effects are in standard
deviations of a pupil's result.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from helpers import files
from helpers.tables.contract import CONTRACT, Column

if TYPE_CHECKING:
    import pandera.polars as pa

_ROUNDING = 1e-12
"""By so much a sum of shares may be beyond its bound."""
_ROW_GROUP = 2**16
"""Rows of a table that are read together: those of a few schools lie in a few groups, as rows are sorted by key."""


def write(folder: Path, name: str, frame: pl.DataFrame) -> None:
    """Check a table against the contract and swap it in whole.

    Rows are sorted by key, so the same numbers make the same bytes.

    Raises
    ------
    pandera.errors.SchemaErrors
        The table breaks the contract: a fault of the code, not of the data.
    """
    table = CONTRACT[name]
    there = [column for column in table.columns if column.name in table.types or column.name in frame.columns]
    frame = frame.with_columns(pl.col(column.name).cast(column.type) for column in there)
    _schema(there, table.key).validate(frame, lazy=True)
    rest = [column for column in frame.columns if column not in table.types]
    content = io.BytesIO()
    frame.select(*table.types, *rest).sort(table.key).write_parquet(content, row_group_size=_ROW_GROUP)
    files.write(folder / f"{name}.parquet", content.getvalue())


def read(folder: Path, name: str, school_id: str | Collection[str] = ()) -> pl.DataFrame:
    """Read a table of the contract from `folder`; of some schools, and then no more of the file than may hold them."""
    path = folder / f"{name}.parquet"
    if not school_id:
        return pl.read_parquet(path)
    wanted = [school_id] if isinstance(school_id, str) else list(school_id)
    return pl.scan_parquet(path).filter(pl.col("school_id").is_in(wanted)).collect()


def conformed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the contract's columns that no file of this report has, as null."""
    types = CONTRACT[name].types
    return frame.with_columns(pl.lit(None, types[c]).alias(c) for c in types.keys() - set(frame.columns))


def empty(name: str) -> pl.DataFrame:
    """A table of the contract without rows: of what a report does not have."""
    return pl.DataFrame(schema=CONTRACT[name].types)


def write_numbers(folder: Path, name: str, numbers: Mapping) -> None:
    """Write named numbers as `<name>.json` and swap the file in whole."""
    files.write(folder / f"{name}.json", json.dumps(numbers, ensure_ascii=False, indent=1, allow_nan=False))


def read_numbers(folder: Path, name: str) -> dict:
    """Read `<name>.json` from `folder`."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def _schema(columns: list[Column], key: list[str]) -> pa.DataFrameSchema:
    import pandera.polars as pa  # late: it costs half a second

    def checks(column: Column) -> list[pa.Check]:
        above = [] if column.low is None else [pa.Check.ge(column.low - _ROUNDING)]
        return above if column.high is None else [*above, pa.Check.le(column.high + _ROUNDING)]

    return pa.DataFrameSchema(
        {column.name: pa.Column(column.type, nullable=column.nullable, checks=checks(column)) for column in columns},
        unique=key,
        strict=False,
    )
