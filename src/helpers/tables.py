"""The table contract: every table's columns, keys and ranges; atomic read and write.

Tables lie as parquet in `data/processed/<report>/<edition>/`. Columns named here
are promised; more may stand beside them (one share per indicator, say). Shares
are 0–1, outcomes and effects are in standard deviations of a pupil's result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

TEXT, INT, FLOAT, BOOL = pl.String, pl.Int64, pl.Float64, pl.Boolean

# name: (key columns, {column: type})
CONTRACT: dict[str, tuple[list[str], dict[str, type[pl.DataType]]]] = {
    "acceptance": (["check"], {"check": TEXT, "file": TEXT, "count": INT, "note": TEXT}),
    "schools": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "school_name": TEXT, "group_id": TEXT, "group_name": TEXT,
            "school_type": TEXT, "locality": TEXT, "in_model": BOOL, "why_excluded": TEXT,
        },
    ),
    "context": (["year", "school_id"], {"year": INT, "school_id": TEXT, "n_pupils": FLOAT}),
    "results": (
        ["year", "school_id", "procedure", "subject", "grade"],
        {
            "year": INT, "school_id": TEXT, "procedure": TEXT, "subject": TEXT, "grade": TEXT,
            "n_participants": FLOAT, "mean": FLOAT, "sd": FLOAT, "share_low": FLOAT,
            "source_file": TEXT, "source_row": INT,
        },
    ),
    "wellbeing_index": (["year", "school_id"], {"year": INT, "school_id": TEXT, "index": FLOAT, "context_class": TEXT}),
    "outcome": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "outcome": FLOAT, "outcome_se": FLOAT,
            "n_participants": FLOAT, "procedures": TEXT,
        },
    ),
    "expectation": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "outcome": FLOAT, "outcome_se": FLOAT, "index": FLOAT, "expected": FLOAT,
            "residual": FLOAT, "residual_se": FLOAT, "leverage": FLOAT, "studentized": FLOAT, "cooks_distance": FLOAT,
            "shrunken": FLOAT, "shrunken_se": FLOAT, "reliability": FLOAT, "in_model": BOOL,
        },
    ),
    "effect": (
        ["school_id"],
        {
            "school_id": TEXT, "effect": FLOAT, "effect_se": FLOAT, "reliability": FLOAT, "prob_below": FLOAT,
            "prob_above": FLOAT, "years_below": INT, "years_above": INT,
        },
    ),
    "flags": (
        ["school_id"],
        {
            "school_id": TEXT, "tier": TEXT, "direction": TEXT, "type": TEXT, "context_class": TEXT,
            "spec_share": FLOAT, "q_value": FLOAT, "federal_low": BOOL, "reason": TEXT,
        },
    ),
}  # fmt: skip

NAMES = list(CONTRACT)
NUMBERS = ["measures", "model"]
"""Files of named numbers beside the tables: scales and spreads; fitted models."""
_SHARES = {"share_low", "leverage", "reliability", "prob_below", "prob_above", "spec_share", "q_value"}
_NOT_NEGATIVE = {
    "n_pupils",
    "n_participants",
    "outcome_se",
    "residual_se",
    "shrunken_se",
    "effect_se",
    "cooks_distance",
}


def write(folder: Path, name: str, frame: pl.DataFrame) -> None:
    """Check a table against the contract and swap it in whole.

    Rows are sorted by key, so the same numbers make the same bytes.

    Raises
    ------
    pandera.errors.SchemaErrors
        The table breaks the contract: a fault of the code, not of the data.
    """
    key, columns = CONTRACT[name]
    frame = frame.with_columns(pl.col(column).cast(kind) for column, kind in columns.items())
    _schema(name).validate(frame, lazy=True)
    rest = [column for column in frame.columns if column not in columns]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    beside = path.with_suffix(".new")
    frame.select(*columns, *rest).sort(key).write_parquet(beside)
    beside.replace(path)


def read(folder: Path, name: str) -> pl.DataFrame:
    """Read a table of the contract from `folder`."""
    return pl.read_parquet(folder / f"{name}.parquet")


def write_numbers(folder: Path, name: str, numbers: Mapping) -> None:
    """Write named numbers as `<name>.json` and swap the file in whole."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(numbers, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")
    beside.replace(path)


def read_numbers(folder: Path, name: str) -> dict:
    """Read `<name>.json` from `folder`."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def _schema(name: str):  # noqa: ANN202 - pandera is imported late: it costs half a second
    import pandera.polars as pa

    key, columns = CONTRACT[name]

    def checks(column: str) -> list[pa.Check]:
        if column in _SHARES:
            return [pa.Check.in_range(-1e-12, 1 + 1e-12)]
        return [pa.Check.ge(0)] if column in _NOT_NEGATIVE else []

    return pa.DataFrameSchema(
        {c: pa.Column(kind, nullable=c not in key, checks=checks(c)) for c, kind in columns.items()},
        unique=key,
        strict=False,
    )
