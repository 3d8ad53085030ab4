"""The attack on a public edition before it is rendered; not again while nothing that it looks at has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from helpers import files, tables
from helpers.attack import refuse_broken
from helpers.attack.pages import read_pages
from helpers.publish.held import sha256
from helpers.report import PROJECT, RULES, Report

_KNOWN = ("schools", "results", "context", "hidden_cells", "kept_blocks")
"""Internal tables of which the attacker takes what a reader may know besides, and which numbers are secrets."""


def refuse_once(report: Report, data: Path) -> None:
    """Refuse an edition whose secrets a reader could work out; an edition that has stood is attacked no second time.

    Raises
    ------
    BadInput
        As `attack.refuse_broken`.
    """
    stood = report.build / "public" / "attacked.txt"
    looked_at = [
        *sorted(data.glob("*.csv")),
        *sorted(path for path in report.ledger.rglob("*") if path.is_file()),
        *(report.tables("internal") / f"{name}.parquet" for name in _KNOWN),
        *(report.tables("public") / f"{name}.json" for name in tables.NUMBERS),
        *sorted((PROJECT / "src" / "helpers" / "attack").glob("*.py")),
        *(report.params_file, *RULES),
    ]
    said = read_pages(data.parent, report.read("groups", "public"))
    text = "\n".join([*(f"{path.name} {sha256(path)}" for path in looked_at), said.write_csv()])
    digest = hashlib.sha256(text.encode()).hexdigest()
    if not stood.is_file() or stood.read_text(encoding="utf-8") != digest:
        refuse_broken(report, data)
        files.write(stood, digest)
