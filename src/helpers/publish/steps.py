"""The steps from received files to the tables of both editions: one after another in one kernel, and only what is stale.

A step's process, kernel and imports cost five seconds, its arithmetic mostly less than one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import files, tables
from helpers.publish import progress, sources
from helpers.publish.execute import run_notebook, warm_kernel
from helpers.publish.held import sha256, unchanged
from helpers.publish.kept import recorded
from helpers.publish.pages import STEPS
from helpers.report import Report


@dataclass(frozen=True)
class Step:
    """A step: the uppermost layer of its code, what it is made from besides params, what it makes."""

    name: str
    layer: str
    reads: list[Path]
    makes: list[Path]

    @property
    def notebook(self) -> Path:
        """The notebook that is the step."""
        return STEPS / f"{self.name}.ipynb"


def steps(report: Report) -> list[Step]:
    """All steps of a report, in their order; each reads the files that came from outside, and tables of those before."""
    measured, judged = [*tables.MEASURED, "measures"], [*tables.JUDGED, "summary"]
    expected, received = [*tables.EXPECTED, "model"], tables.FROM_INTAKE
    supported = [*received, *measured, *expected, *tables.JUDGED]

    def made(names: list[str]) -> list[Path]:
        return files_of(report, names, "internal")

    whole = [name for name in (*tables.seen("internal"), *tables.NUMBERS) if name not in tables.HIDDEN]
    shown = files_of(report, [*tables.seen(report.sight("public")), *tables.NUMBERS], "public")
    entering = ["schools", "results"]
    return [
        Step("01-intake", "intake", report.raw_files, made(received)),
        Step("02-measures", "measure", made([*entering, "context"]), made(measured)),
        Step("03-expectation", "model", made([*entering, "wellbeing_index", "outcome", "measures"]), made(expected)),
        Step("04-flags", "model", made([*entering, *measured, *expected]), made(judged)),
        Step("05-support", "support", [*made(supported), *report.concluded_files], made(tables.SUPPORT)),
        Step("06-disclosure", "disclosure", [*made(whole), *report.published_files], [*shown, *made(tables.HIDDEN)]),
    ]


def files_of(report: Report, names: list[str], edition: str) -> list[Path]:
    """Files of tables, and of named numbers."""
    return [report.tables(edition) / f"{name}.{'json' if name in tables.NUMBERS else 'parquet'}" for name in names]


def run_steps(report: Report) -> Iterator[tuple[str, float]]:
    """Run the steps whose notebook, params, code, data or tables have changed; name and seconds of each as it is done.

    Raises
    ------
    BadInput, NotebookFailed
        As `execute.run_notebook`: what follows the failed step is not begun.
    """
    record = report.build / "steps.json"
    done = recorded(record)
    given = {"report": str(report.params_file), "out": str(report.out)}
    chain = steps(report)
    stale = next((at for at, step in enumerate(chain) if done.get(step.name) != _state(report, step)), len(chain))
    if stale == len(chain):
        return
    progress.tell("planned", stage="steps", total=len(chain) - stale)
    with warm_kernel(report.params.build.cell_seconds) as kernel:
        for step in chain[stale:]:
            if done.get(step.name) == _state(report, step):
                continue
            progress.tell("started", stage="steps", name=step.name)
            started = time.monotonic()
            outside = {*report.raw_files, *report.published_files, *report.concluded_files}
            received = [path for path in step.reads if path in outside]
            with unchanged(report, [step.notebook, *received]):
                run_notebook(step.notebook, report.build / "steps" / step.notebook.name, given, kernel)
            done[step.name] = _state(report, step)
            files.write(record, json.dumps(done, indent=1))
            yield step.name, time.monotonic() - started


def _state(report: Report, step: Step) -> str:
    """Digest of what a step is made from and of what it has made."""
    made_from = [*sources.rules(report), *sources.code(step.layer), step.notebook, *step.reads]
    told = [f"{path} {sha256(path) if path.is_file() else None}" for path in [*made_from, *step.makes]]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
