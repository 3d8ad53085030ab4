"""The list of tables in docs/architecture.md, made from the contract: `python -m helpers.tables.listing` writes it anew."""

from __future__ import annotations

from pathlib import Path

from helpers import files
from helpers.tables.contract import CONTRACT, Table

ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"
_BEGIN, _END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
_SOURCE = "source_file, source_sheet, source_row"
_MARKS = {
    frozenset({"internal"}): " °", frozenset({"protected"}): " ■", frozenset({"internal", "open", "protected"}): " □",
    frozenset({"internal", "open"}): "",
}  # fmt: skip


def listing() -> str:
    """A row a table: its name and who sees it, the step that makes it, its key, the columns that always stand there."""
    return "\n".join(["| table | step | key | columns |", "|---|---|---|---|", *map(_row, CONTRACT.values()), ""])


def _row(table: Table) -> str:
    rest = ", ".join(name for name in table.types if name not in table.key).replace(_SOURCE, "*source*")
    return f"| `{table.name}`{_MARKS[table.editions]} | {table.step} | {', '.join(table.key)} | {rest} |"


def with_listing(text: str) -> str:
    """The text with the list between its marks made anew."""
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + listing() + _END + rest.split(_END)[1]


if __name__ == "__main__":
    files.write(ARCHITECTURE, with_listing(ARCHITECTURE.read_text(encoding="utf-8")))
