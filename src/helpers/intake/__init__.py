"""Raw files into canonical tables, or a list of what is wrong with them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from helpers import tables
from helpers.intake import region, school_table
from helpers.intake.region import Examined
from helpers.problems import BadInput
from helpers.report import Report

__all__ = ["Examined", "accept", "examine"]


def accept(report: Report) -> dict[str, pl.DataFrame]:
    """Read and check a report's raw files by the adapter that its params name.

    Returns
    -------
    dict of DataFrame
        Canonical tables by name (`helpers.tables.CONTRACT`); what the report has no data for is empty.

    Raises
    ------
    BadInput
        Every problem found, not just the first.
    """
    examined = examine(report)
    if examined.findings.fails:
        raise BadInput(*examined.findings.told())
    return examined.tables


def examine(report: Report) -> Examined:
    """The same, with whatever the checks have found instead of an error.

    Raises
    ------
    BadInput
        The files cannot be examined at all; of a school table, every problem found.
    """
    of_region = report.params.data.region_files is not None
    found = region.examine(report) if of_region else Examined(*school_table.examine(report), {})
    whole = {name: found.tables.get(name, tables.empty(name)) for name in tables.FROM_INTAKE}
    return replace(found, tables=whole)
