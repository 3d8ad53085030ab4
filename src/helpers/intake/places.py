"""What stands at the place of a finding, and whose it is: so that it can be sent, answered and corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from helpers.intake.corrections import field_titled
from helpers.intake.findings import Cell, Finding
from helpers.intake.raw_table import SHEET, Table, filled_down
from helpers.intake.records import Intake
from helpers.intake.sheets import ROW

_SPAN = " … "
"""Between the first and the last title of columns that are at fault together."""


def placed(findings: Sequence[Finding], tables: Sequence[Table], intake: Intake) -> list[Finding]:
    """Give every finding of a row its cells and, where its check named none, the school and municipality of the row."""
    blamed = {one.problem.file for one in findings if one.problem.row is not None}
    rows = {
        (table.file, row[SHEET], row[ROW]): (table, row)
        for table in tables
        if table.file in blamed
        for row in filled_down(table.frame).iter_rows(named=True)
        if row[ROW] is not None
    }

    def found(one: Finding) -> Finding:
        place = (one.problem.file, one.problem.sheet, one.problem.row)
        if place not in rows:
            return one
        school_id = one.school_id or intake.schools_of_rows.get(place)
        municipality = one.municipality or (intake.registry.municipality_of(school_id) if school_id else None)
        cells = _cells(*rows[place], one.problem.column)
        return replace(one, school_id=school_id, municipality=municipality, cells=cells)

    return [found(one) for one in findings]


def _cells(table: Table, row: dict[str, str | None], column: str) -> tuple[Cell, ...]:
    """The cells that a finding names by one title or by the first and last of several; else the row's first filled one."""
    first, _, last = column.partition(_SPAN)
    ends = [field_titled(table, title) for title in (first, last or first)]
    fields = list(table.columns)
    if not all(ends) or not all(field in row for field in ends):
        return (Cell("", "", next((text for field in fields if (text := _line(row.get(field)))), "")),)
    span = fields[fields.index(ends[0]) : fields.index(ends[1]) + 1]
    return tuple(Cell(table.columns[field], field, _line(row.get(field))) for field in span)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
