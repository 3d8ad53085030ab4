"""What a reader has: the tables of the public site, those of earlier editions, and what is known without them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from helpers.problems import MissingTool
from helpers.report import PROGRAMME, RECOMMENDATIONS, Report
from helpers.tables import CONTRACT

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Besides:
    """What anyone may know without the site.

    Attributes
    ----------
    participants : dict
        (year, procedure, subject, grade, municipality): how many took part.
    pupils : dict
        (year, indicator, municipality): pupils of the schools whose passport has the indicator.
    kinds : frozenset of str
        Kinds of schools on which nothing is concluded.
    rules : dict
        Rule of help: the factor and the levels that it asks for, where it asks for nothing else. They are published.
    measures : dict
        Indicator of the project: what it measures. They are published.
    kept : dict
        (table, block) that stands as an earlier edition published it: that edition, and whether today's data say the same.
    """

    participants: dict[tuple, float] = field(default_factory=dict)
    pupils: dict[tuple, float] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    rules: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    kept: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def editions(self, table: str, **block: object) -> set[str]:
        """The editions whose data a block of a table tells; that of today is the empty name.

        Numbers of two editions are two numbers, even of one name: a file came late, another was corrected between them.
        """
        name = " · ".join(f"{key}={value}" for key, value in block.items())
        edition, same = self.kept.get((table, name), ("", True))
        return {edition, ""} if same else {edition}


def read_site(folder: Path) -> Tables:
    """The tables that a site offers to download.

    Raises
    ------
    MissingTool
        There is no such site.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise MissingTool(f"нет таблиц открытой редакции в папке {folder}: сначала постройте её")
    return {path.stem: _read(path) for path in files}


def _read(path: Path) -> pl.DataFrame:
    """A table with the types that its values tell; of a column without any, the type that the dictionary promises."""
    table = pl.read_csv(path, infer_schema_length=None, schema_overrides=_TEXT)
    promised = CONTRACT[path.stem].types if path.stem in CONTRACT else {}
    return table.with_columns(
        pl.lit(None, promised[name]).alias(name)
        for name, kind in table.schema.items()
        if kind == pl.String and name in promised and table[name].null_count() == table.height
    )


def read_prose(report: Report) -> Tables:
    """The named numbers that sentences of pages and slides print (`prose`), as a table: number, value."""
    return {"summary": flat(report.read_numbers("summary", "public"))}


def flat(numbers: Mapping[str, Any]) -> pl.DataFrame:
    """Named numbers as rows: number (`below.named`), value; other than numbers left out."""
    rows = [(name, value) for name, value in numbers.items() if isinstance(value, int | float)]
    rows += [
        (f"{name}.{inner}", value)
        for name, part in numbers.items() if isinstance(part, Mapping)
        for inner, value in part.items() if isinstance(value, int | float)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={"number": pl.String, "value": pl.Float64}, orient="row", strict=False)


_TEXT = dict.fromkeys(
    ("group_id", "school_id", "grade", "level", "item", "n_text", "schools_text", "share_text"), pl.String
)


def read_editions(folder: Path) -> dict[str, tuple[list[int], Tables]]:
    """The public tables of every edition in a ledger, with its years, the first one first."""
    found = {}
    for path in sorted(folder.glob("*/edition.json")):
        if not path.parent.name.endswith(".new"):
            years = json.loads(path.read_text(encoding="utf-8"))["years"]
            found[path.parent.name] = (
                years,
                {file.stem: pl.read_parquet(file) for file in path.parent.glob("*.parquet")},
            )
    return found


def as_published(site: Tables, known: Besides, editions: Mapping[str, tuple[list[int], Tables]]) -> Tables:
    """The tables with each block of other data whole, as the edition published it that it stands from.

    In the site such a block lacks the groups that are no more, so that it no longer adds up to the region.
    """
    read = dict(site)
    for (table, block), (edition, same) in known.kept.items():
        if same or table not in _WHOLE or edition not in editions:
            continue
        then, keys = editions[edition][1], [part.partition("=") for part in block.split(" · ")]
        here = (
            pl.all_horizontal(pl.col(key).cast(pl.String) == value for key, _, value in keys) if _WHOLE[table] else True
        )
        old = then[table].filter(here)
        mine = read[table].with_columns(
            pl.col(name).cast(kind) for name, kind in old.schema.items() if name in read[table].columns
        )
        read[table] = pl.concat([mine.filter(~here) if _WHOLE[table] else mine.clear(), old], how="diagonal")
        if table == "published_flags":
            read["directory"] = then["directory"]
    return read


_WHOLE = {"published_results": True, "published_context": True, "published_funnel": True, "support_counts": True,
          "published_flags": False, "groups": False}  # fmt: skip
"""Tables of numbers that add up, and whether they are kept in blocks."""


def besides(report: Report) -> Besides:
    """What the params assume a reader to know without the site (block `attack`)."""
    assumed, years = report.params.attack, report.params.years
    where = report.read("schools").select("year", "school_id", "group_id")
    participants, pupils, kinds = {}, {}, frozenset()
    if assumed.participants:
        keys = ["year", "procedure", "subject", "grade", "group_id"]
        taken = report.read("results").filter(pl.col("set_aside").is_null()).join(where, on=["year", "school_id"])
        participants = {
            row[:-1]: row[-1] for row in taken.group_by(keys).agg(pl.col("n_participants").sum()).iter_rows()
        }
        context = report.read("context").join(where, on=["year", "school_id"])
        shares = [name for name, item in report.params.described.indicators.items() if item.unit != "score"]
        long = context.unpivot(shares, index=["year", "group_id", "n_pupils"], variable_name="indicator").drop_nulls(
            "value"
        )
        by = long.group_by("year", "indicator", "group_id").agg(pl.col("n_pupils").sum())
        pupils = {row[:-1]: row[-1] for row in by.iter_rows()}
    if assumed.kinds:
        outside = report.read("schools").filter(pl.col("why_excluded") == "type", year=years[-1])
        kinds = frozenset(outside["school_type"].drop_nulls())
    kept = {row[:2]: (row[2], row[3] == 0) for row in
            report.read("kept_blocks").select("table", "block", "edition", "changed").iter_rows()}  # fmt: skip
    indicators = yaml.safe_load(PROGRAMME.read_text(encoding="utf-8"))["indicators"]
    measures = {name: item["measure"] for name, item in indicators.items()}
    return Besides(participants, pupils, kinds, _rules(), measures, kept)


def _rules() -> dict[str, tuple[str, tuple[str, ...]]]:
    listed = yaml.safe_load(RECOMMENDATIONS.read_text(encoding="utf-8"))["rules"]
    at_least = {"high": ("high",), "medium": ("high", "medium")}
    return {
        rule["id"]: (rule["when"][0]["factor"], at_least[rule["when"][0]["level"]])
        for rule in listed
        if len(rule["when"]) == 1 and set(rule["when"][0]) == {"factor", "level"}
    }
