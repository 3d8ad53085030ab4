"""What may leave the centre: from internal tables to public ones."""

from __future__ import annotations

import shutil

from helpers import tables
from helpers.report import Report


def publish_open(report: Report) -> list[str]:
    """Make the public tables of a report whose data are public already: the same tables, and nothing hidden.

    Returns
    -------
    list of str
        Names of the files now public.
    """
    private, public = report.tables("internal"), report.tables("public")
    report.write(**{name: tables.empty(name) for name in tables.HIDDEN})
    public.mkdir(parents=True, exist_ok=True)
    names = [f"{name}.parquet" for name in tables.seen("open")] + [f"{name}.json" for name in tables.NUMBERS]
    for name in names:
        beside = public / f"{name}.new"
        shutil.copyfile(private / name, beside)
        beside.replace(public / name)
    return names
