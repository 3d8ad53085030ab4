"""What may leave the centre: from internal tables to public ones."""

from __future__ import annotations

import shutil

import polars as pl

from helpers import tables
from helpers.disclosure.ledger import LEDGER, read_ledger
from helpers.disclosure.protected import protected_numbers, protected_tables
from helpers.report import Report

__all__ = ["disclose", "publish_open", "publish_protected"]


def disclose(report: Report) -> pl.DataFrame:
    """Make the public tables of a report; the internal list of what was hidden.

    Raises
    ------
    BadInput
        Something hidden could be worked out from an earlier edition and this one together.
    """
    (publish_open if report.params.open_data else publish_protected)(report)
    _remove_strangers(report)
    return report.read("hidden_cells")


def publish_open(report: Report) -> None:
    """Make the public tables of a report whose data are public already: the same tables, and nothing hidden."""
    private, public = report.tables("internal"), report.tables("public")
    report.write(**{name: tables.empty(name) for name in tables.HIDDEN})
    public.mkdir(parents=True, exist_ok=True)
    for name in [*(f"{name}.parquet" for name in tables.seen("open")), *(f"{name}.json" for name in tables.NUMBERS)]:
        beside = public / f"{name}.new"
        shutil.copyfile(private / name, beside)
        beside.replace(public / name)


def publish_protected(report: Report) -> None:
    """Make the public tables of a report whose data are not open: of groups, no closer than the rules allow."""
    names = [name for name in tables.seen("internal") if name not in tables.HIDDEN]
    internal = {name: report.read(name) for name in names}
    earlier = read_ledger(report.earlier_cells) if report.earlier_cells.is_file() else pl.DataFrame(schema=LEDGER)
    made = protected_tables(internal, report.params, report.name, earlier)
    report.write(**{name: made.pop(name) for name in tables.HIDDEN})
    report.write("public", **made)
    for name, values in protected_numbers({name: report.read_numbers(name) for name in tables.NUMBERS}).items():
        report.write_numbers(name, values, "public")


def _remove_strangers(report: Report) -> None:
    """Remove what an earlier run has left in the public folder, above all tables of data that were open then."""
    sight = report.sight("public")
    own = {*(f"{name}.parquet" for name in tables.seen(sight)), *(f"{name}.json" for name in tables.NUMBERS)}
    for path in report.tables("public").iterdir():
        if path.name not in own:
            path.unlink()
