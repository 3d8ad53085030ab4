"""What may leave the centre: from internal tables to public ones."""

from __future__ import annotations

import polars as pl

from helpers import files, tables
from helpers.disclosure.ledger import frozen_numbers, read_ledger
from helpers.disclosure.protected import protected_numbers, protected_tables
from helpers.problems import BadInput, Problem
from helpers.report import Report

__all__ = ["disclose", "publish_open", "publish_protected", "refuse_public"]


def disclose(report: Report) -> pl.DataFrame:
    """Make the public tables of a report; the internal list of what was hidden.

    Where the public edition may not be made the public tables are empty and the internal table `refusals` says why: it must
    not keep the internal edition from being made.
    """
    try:
        (publish_open if report.params.open_data else publish_protected)(report)
    except BadInput as error:
        _refused(report, error)
    _remove_strangers(report)
    return report.read("hidden_cells")


def publish_open(report: Report) -> None:
    """Make the public tables of a report whose data are public already: the same tables, and nothing hidden."""
    private, public = report.tables("internal"), report.tables("public")
    report.write(**{name: tables.empty(name) for name in tables.HIDDEN})
    for name in [*(f"{name}.parquet" for name in tables.seen("open")), *(f"{name}.json" for name in tables.NUMBERS)]:
        files.write(public / name, (private / name).read_bytes())


def publish_protected(report: Report) -> None:
    """Make the public tables of a report whose data are not open: of groups, no closer than the rules allow."""
    names = [name for name in tables.seen("internal") if name not in tables.HIDDEN]
    internal = {name: report.read(name) for name in names}
    earlier = read_ledger(report.ledger)
    made = protected_tables(internal, report.params, report.name, earlier)
    numbers = protected_numbers({name: report.read_numbers(name) for name in tables.NUMBERS})
    report.write(
        refusals=tables.empty("refusals"), **{name: made.pop(name) for name in ("hidden_cells", "kept_blocks")}
    )
    report.write("public", **made)
    for name, values in frozen_numbers(numbers, earlier, report.params.years[-1]).items():
        report.write_numbers(name, values, "public")


def refuse_public(report: Report) -> None:
    """Refuse to go on with a public edition that disclosure control has refused.

    Raises
    ------
    BadInput
        What `disclose` has found.
    """
    rows = report.read("refusals").drop("number").fill_null("").to_dicts()
    if rows:
        raise BadInput(*(Problem(**row) for row in rows))


def _refused(report: Report, error: BadInput) -> None:
    rows = [
        {
            "number": number,
            **{name: getattr(problem, name) for name in ("file", "column", "found", "expected", "advice")},
        }
        for number, problem in enumerate(error.problems, 1)
    ]
    refusals = pl.DataFrame(rows, schema=tables.CONTRACT["refusals"].types)
    report.write(**{name: tables.empty(name) for name in tables.HIDDEN} | {"refusals": refusals})
    report.write("public", **{name: tables.empty(name) for name in tables.seen(report.sight("public"))})
    for name in tables.NUMBERS:
        report.write_numbers(name, {}, "public")


def _remove_strangers(report: Report) -> None:
    """Remove what an earlier run has left in the public folder, above all tables of data that were open then."""
    sight = report.sight("public")
    own = {*(f"{name}.parquet" for name in tables.seen(sight)), *(f"{name}.json" for name in tables.NUMBERS)}
    for path in report.tables("public").iterdir():
        if path.name not in own:
            files.remove(path)
