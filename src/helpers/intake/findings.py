"""What the acceptance of the raw files has found: named checks, each finding with its place and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from helpers import tables
from helpers.problems import Problem, shortened


class Status(StrEnum):
    """PASS: read and understood; ADVICE: look at it; FAIL: the report is not built until it is mended."""

    passed = "PASS"
    advice = "ADVICE"
    fail = "FAIL"


@dataclass(frozen=True)
class Cell:
    """A cell of a raw file: its column's title, the layout's field, the text that stands there."""

    title: str
    field: str
    text: str


@dataclass(frozen=True)
class Finding:
    """One finding of one check.

    `check` is a key of `helpers.intake.checks.TITLES`; `school_id` and `municipality` say whom to send it
    to, where that is known; `cells` what stands at its place (`helpers.intake.places`).
    """

    check: str
    status: Status
    problem: Problem
    school_id: str | None = None
    municipality: str | None = None
    cells: tuple[Cell, ...] = ()


@dataclass
class Findings:
    """Findings gathered while the files are read; `counted` is how many rows or cells each check understood."""

    found: list[Finding] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    def fail(self, check: str, problem: Problem, school_id: str | None = None, municipality: str | None = None) -> None:
        self.found.append(Finding(check, Status.fail, problem, school_id, municipality))

    def advise(
        self, check: str, problem: Problem, school_id: str | None = None, municipality: str | None = None
    ) -> None:
        self.found.append(Finding(check, Status.advice, problem, school_id, municipality))

    def count(self, check: str, number: int = 1) -> None:
        """Note how many rows or cells a check has looked at or put right."""
        self.counted[check] += number

    def extend(self, other: Findings) -> None:
        self.found += other.found
        self.counted += other.counted

    def of(self, status: str) -> list[Finding]:
        """Findings of one status."""
        return [finding for finding in self.found if finding.status == status]

    @property
    def fails(self) -> list[Problem]:
        return [finding.problem for finding in self.found if finding.status == Status.fail]

    def tell_once(self) -> None:
        """Drop what is word for word the same: a fault of a layout or of params is found anew by every file."""
        self.found = list({(one.check, one.status, str(one.problem)): one for one in self.found}.values())

    def told(self) -> list[Problem]:
        """What forbids the report, the first few faults of each kind, file and column; the rest counted."""
        kinds: dict[tuple[str, str, str], list[Problem]] = {}
        for one in self.of(Status.fail):
            kinds.setdefault((one.check, one.problem.file, one.problem.column), []).append(one.problem)
        return [problem for problems in kinds.values() for problem in shortened(problems)]


def protocol(findings: Iterable[Finding], asked: Mapping[str, str]) -> pl.DataFrame:
    """Table `protocol`: a row a finding, in the order of files, sheets, rows.

    Parameters
    ----------
    asked : mapping
        By check what is asked of who sent the data (`helpers.intake.checks.ASKED`); empty where only the analyst can mend.

    Notes
    -----
    `columns`, `fields`, `cells` describe the cells at fault, a line a cell; of a fault of a whole row its first filled
    cell, without a field.
    """
    rows = [
        {
            "check": one.check, "status": one.status.value, "file": one.problem.file, "sheet": one.problem.sheet,
            "row": one.problem.row, "column": one.problem.column, "school_id": one.school_id,
            "municipality": one.municipality, "found": one.problem.found, "expected": one.problem.expected,
            "advice": one.problem.advice, "asked": asked.get(one.check),
            "columns": "\n".join(cell.title for cell in one.cells), "fields": "\n".join(cell.field for cell in one.cells),
            "cells": "\n".join(cell.text for cell in one.cells),
        }
        for one in findings
    ]  # fmt: skip
    schema = {name: kind for name, kind in tables.CONTRACT["protocol"].types.items() if name != "number"}
    frame = pl.DataFrame(rows, schema=schema)
    return frame.sort("file", "sheet", "row", "column", "check", "found", nulls_last=True).with_row_index("number", 1)


def percent(share: float) -> str:
    """A share as findings tell it: 45 %."""
    return f"{100 * share:.0f} %"


def decimal(number: float, digits: int = 2) -> str:
    """A mean as findings tell it: 3,60."""
    return f"{number:.{digits}f}".replace(".", ",")
