"""Run notebooks by papermill, many in one warm kernel.

A kernel costs two seconds to start; a card takes a tenth of one. So a kernel is kept
and its namespace cleared before each notebook. Papermill still does all the rest:
parameters, execution, saving.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client import BlockingKernelClient, KernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from helpers.problems import BadInput, MissingTool, NotebookFailed, Problem
from helpers.publish.pages import FANNED, targets
from helpers.report import Report

_ENGINE = "warm"
_START_TRIES = 3
_FRESH = """
get_ipython().run_line_magic('reset', '-f')
import gc as _gc, os as _os
_gc.collect()
_gc.freeze()
_os.chdir({folder!r})
del _gc, _os
"""
"""Forgets names, not imported modules: that is the gain. What outlives the collection is modules, and freezing them
spares every later collection from going through them all. Papermill has gone to the notebook's folder."""


@dataclass(frozen=True)
class WarmKernel:
    """A running kernel and the one client that talks to it."""

    manager: KernelManager
    client: BlockingKernelClient


@contextmanager
def warm_kernel() -> Iterator[WarmKernel]:
    """Start a kernel of this very interpreter, whatever kernelspecs the user has, and stop it afterwards."""
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"}
    for attempt in range(_START_TRIES):
        try:
            # The kernel's own notices on stderr say nothing about the report.
            manager.start_kernel(env=environment, stderr=subprocess.DEVNULL)
            client = manager.client()
            client.start_channels()
            client.wait_for_ready(timeout=60)
            break
        except (RuntimeError, OSError) as error:  # ports taken between choosing and binding: papermill#511
            manager.shutdown_kernel(now=True)
            if attempt == _START_TRIES - 1:
                raise MissingTool(f"ядро Jupyter не запускается: {error}") from None
    try:
        yield WarmKernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_notebook(source: Path, target: Path, parameters: Mapping[str, Any], kernel: WarmKernel) -> None:
    """Execute `source` with `parameters` in `kernel` and save the result as `target`, whole or not at all.

    Raises
    ------
    BadInput
        The notebook's parameters do not fit, or a cell has found the data wanting.
    NotebookFailed
        A cell raised any other error.
    """
    check_parameters(source, parameters)
    try:
        notebook = papermill.execute_notebook(
            str(source), None, dict(parameters), engine_name=_ENGINE, kernel_name="python3", language="python",
            warm=kernel, cwd=str(source.parent), progress_bar=False, log_output=False,
        )  # fmt: skip
    except PapermillExecutionError as error:
        if error.ename == BadInput.__name__:
            raise BadInput(*error.evalue.splitlines()) from None
        given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
        raise NotebookFailed(
            f"{source.name}, ячейка {error.exec_count}: {error.ename}: {error.evalue}\nПараметры: {given}\n{trace}"
        ) from None
    _forget_when_and_where(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".new")
    nbformat.write(notebook, beside)
    beside.replace(target)


def run_page(source: Path, report: Report, edition: str, kernel: WarmKernel) -> int:
    """Run a page notebook for everything that it makes in this edition; how many pages that is.

    Raises
    ------
    BadInput, NotebookFailed
        As `run_notebook`.
    """
    pages = report.build / edition / "pages"
    wanted = {pages / f"{goal.path}.ipynb": goal.parameters for goal in targets(source.stem, report, edition)}
    if source.stem in FANNED:
        (pages / source.stem).mkdir(parents=True, exist_ok=True)
        for stale in set((pages / source.stem).glob("*.ipynb")) - wanted.keys():
            stale.unlink()
    given = {"report": str(report.params_file), "out": str(report.out), "edition": str(edition)}
    for target, own in wanted.items():
        run_notebook(source, target, {**given, **own}, kernel)
    return len(wanted)


def _forget_when_and_where(notebook: nbformat.NotebookNode) -> None:
    """Drop times and random names, count cells from 1: the same run leaves the same file in any kernel."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is not None]
    for number, cell in enumerate(ran, start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number


def check_parameters(source: Path, given: Mapping[str, Any]) -> None:
    """Compare a notebook's `parameters` cell with what it will be given; papermill only warns.

    Raises
    ------
    BadInput
        A parameter is given that the notebook lacks, or a notebook's parameter is
        one that the pipeline does not know, or of another type.
    """
    declared = papermill.inspect_notebook(str(source))
    problems = []
    for name in sorted(given.keys() - declared.keys()):
        problems.append(_parameter_problem(source, name, "параметра нет", "присваивание в ячейке parameters",
                                           f'добавьте строку {name} = "" в ячейку с меткой parameters'))  # fmt: skip
    for name in sorted(declared.keys() - given.keys()):
        problems.append(_parameter_problem(source, name, "неизвестный параметр", f"один из: {', '.join(sorted(given))}",
                                           "удалите его из ячейки parameters или исправьте имя"))  # fmt: skip
    for name in sorted(declared.keys() & given.keys()):
        default = declared[name]["default"]
        if not default.startswith(("'", '"')):
            problems.append(_parameter_problem(source, name, f"«{default}»", "текст в кавычках", "исправьте значение"))
    if problems:
        raise BadInput(*problems)


def _parameter_problem(source: Path, name: str, found: str, expected: str, advice: str) -> Problem:
    return Problem(file=source.name, column=name, found=found, expected=expected, advice=advice)


class _WarmClient(PapermillNotebookClient):
    """Papermill's client on a kernel that has run before: clears the namespace first."""

    def papermill_execute_cells(self) -> None:
        self.kc.execute(_FRESH.format(folder=str(Path.cwd())), silent=True, store_history=False, reply=True, timeout=60)
        super().papermill_execute_cells()


class _WarmEngine(Engine):
    """Papermill engine that runs in the kernel it is given and leaves it running."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, warm: WarmKernel, **_: Any) -> None:
        runner = _WarmClient(nb_man, km=warm.manager, kernel_name=kernel_name, timeout=None)
        runner.kc = warm.client
        runner.execute()


papermill_engines.register(_ENGINE, _WarmEngine)
