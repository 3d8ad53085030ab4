"""Run notebooks by papermill, many in one warm kernel.

A kernel costs two seconds to start; a card takes a tenth of one. So a kernel is kept
and its namespace cleared before each notebook. Papermill still does all the rest:
parameters, execution, saving.
"""

from __future__ import annotations

import asyncio
import contextlib
import filecmp
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from helpers import files
from helpers.problems import BadInput, BrokenPage, MissingTool, NotebookFailed, Problem, quoted
from helpers.publish import progress
from helpers.publish.pages import Target, targets
from helpers.report import PROJECT, Report

_ENGINE = "warm"
_START_TRIES = 3
_TOLD = 3
"""How many failures of one notebook are told; its cards mostly fail alike."""
_FRESH = """
get_ipython().run_line_magic('reset', '-f')
import gc as _gc, os as _os, sys as _sys
from sys import exit as exit, exit as quit
_gc.collect()
_gc.freeze()
_os.chdir({folder!r})
if (_reach := _sys.modules.get("helpers.publish.reach")) is not None or {beyond!r}:
    from helpers.publish import reach as _reach
    _reach.keep_from({beyond!r})
if (_drawing := _sys.modules.get("matplotlib")) is not None:
    _drawing.rcdefaults()
del _gc, _os, _sys, _drawing, _reach
"""
"""Forgets names and the style of drawings, not imported modules: that is the gain. What outlives the collection is
modules, and freezing them spares every later collection from going through them all. Papermill has gone to the notebook's
folder. IPython's own `exit` would end the kernel only after the cell, when another notebook would be blamed for it."""
_THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""A sum over threads is added up in the order in which they finish: its last bits would tell of the machine and of its
load. So a kernel has one thread for its arithmetic; cores are used by running notebooks side by side."""
_CLEARING_SECONDS = 60
_OUTPUT_SECONDS = 60
"""How long the last outputs of a finished cell may be on their way."""
_REASONS = {
    "SystemExit": "ячейка завершает программу (exit, quit, sys.exit): уберите этот вызов",
    "LinAlgError": "по этим данным уравнения не решить: показатели у школ одинаковы, повторяют друг друга или их слишком мало",
    "StdinNotImplementedError": "ячейка ждёт ввода с клавиатуры, а сборка идёт без человека: уберите input",
}
"""What is said instead of a traceback that tells nothing of the reason."""


class KernelHalted(NotebookFailed):
    """A cell has ended its kernel or outlasted its time: the kernel had to be started anew."""


class WarmKernel:
    """A running kernel and the one client that talks to it.

    The client is asynchronous: only so is a kernel's death noticed while its answer is awaited.

    Parameters
    ----------
    cell_seconds : int or None
        How long a cell may run; None for as long as it likes.

    Attributes
    ----------
    beyond : list of str
        Files and folders that the next notebook may not read (`reach`).
    """

    manager: AsyncKernelManager
    client: AsyncKernelClient

    def __init__(self, cell_seconds: int | None = None) -> None:
        self.cell_seconds = cell_seconds
        self.beyond: list[str] = []
        if sys.platform == "win32":  # the kernel's sockets need a loop that can wait for them
            asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
        self.start()

    def start(self) -> None:
        """Start a kernel of this very interpreter, whatever kernelspecs the user has."""
        environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONHASHSEED": "0", **dict.fromkeys(_THREADS, "1")}
        for attempt in range(_START_TRIES):
            self.manager = AsyncKernelManager(kernel_name="python3")
            self.manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            try:
                # The kernel's own notices on stderr say nothing about the report.
                run_sync(self.manager.start_kernel)(env=environment, stderr=subprocess.DEVNULL)
                self.client = self.manager.client()
                self.client.start_channels()
                self.client.allow_stdin = False
                run_sync(self.client.wait_for_ready)(timeout=60)
            except (RuntimeError, OSError) as error:  # ports taken between choosing and binding: papermill#511
                run_sync(self.manager.shutdown_kernel)(now=True)
                if attempt == _START_TRIES - 1:
                    raise MissingTool(f"ядро Jupyter не запускается: {error}") from None
            else:
                return

    def stop(self) -> None:
        """End the kernel at once, whatever it is doing."""
        self.client.stop_channels()
        run_sync(self.manager.shutdown_kernel)(now=True)

    def restart(self) -> None:
        """Have a new kernel in the place of one that is dead or does not answer."""
        self.stop()
        self.start()


@contextmanager
def warm_kernel(cell_seconds: int | None = None) -> Iterator[WarmKernel]:
    """Start a kernel and end it afterwards; parameter as `WarmKernel`."""
    kernel = WarmKernel(cell_seconds)
    try:
        yield kernel
    finally:
        kernel.stop()


def run_notebook(
    source: Path, target: Path, parameters: Mapping[str, Any], kernel: WarmKernel, folder: Path | None = None,
    beyond: Sequence[str] = (),
) -> None:  # fmt: skip
    """Execute `source` with `parameters` in `kernel` and save the result as `target`, whole or not at all.

    Parameters
    ----------
    folder : Path, optional
        Where it runs; beside the notebook if not given.
    beyond : sequence of str
        Files and folders that it may not read (`reach`).

    Raises
    ------
    BadInput
        The notebook's parameters do not fit, or a cell has found the data wanting.
    NotebookFailed
        A cell raised any other error.
    """
    check_parameters(source, parameters)
    kernel.beyond = list(beyond)
    try:
        notebook = papermill.execute_notebook(
            _literal(source), None, dict(parameters), engine_name=_ENGINE, kernel_name="python3", language="python",
            warm=kernel, cwd=str(folder or source.parent), progress_bar=False, log_output=False,
        )  # fmt: skip
    except _Halted as error:
        kernel.restart()
        raise KernelHalted(f"{_place(source, error.cell_index)}: {error}.") from None
    except PapermillExecutionError as error:
        if error.ename == BadInput.__name__:
            raise BadInput(*error.evalue.splitlines()) from None
        place = _place(source, error.cell_index)
        if error.ename == BrokenPage.__name__:
            raise NotebookFailed(f"{place}: {error.evalue}.") from None
        if error.ename in _REASONS:
            raise NotebookFailed(f"{place}: {_REASONS[error.ename]}.") from None
        if refused := files.refused(error.ename, error.evalue):
            raise MissingTool(f"{place}: {refused}") from None
        given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
        raise NotebookFailed(f"{place}: {error.ename}: {error.evalue}\nПараметры: {given}\n{trace}") from None
    for index, cell in enumerate(notebook.cells):  # papermill takes an exit without a code for success
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            raise NotebookFailed(f"{_place(source, index)}: {_REASONS['SystemExit']}.")
    _forget_when_and_where(notebook)
    files.write(target, f"{nbformat.writes(notebook)}\n")


def _place(source: Path, index: int) -> str:
    """Notebook and cell as the notebook's author sees them: `index` counts the cell that papermill has put in as well."""
    cells = nbformat.read(source, as_version=4).cells
    parameters = next(at for at, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", []))
    own = index - (index > parameters)
    number = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells[: own + 1])
    lines = cells[own].source.strip().splitlines()
    return f"{source.name}, ячейка {number}, {quoted(lines[0])}" if lines else f"{source.name}, ячейка {number}"


def run_page(source: Path, report: Report, edition: str, kernel: WarmKernel, goals: Sequence[Target] = ()) -> int:
    """Run a page notebook for these pages of the edition, for all that it makes if none are named; how many they are.

    A page that fails leaves the others unharmed, unless it has cost the kernel: the rest would cost it again.

    Raises
    ------
    BadInput, NotebookFailed
        As `run_notebook`, of all pages that failed; told once the rest is done.
    """
    if edition == "public":
        from helpers.disclosure import refuse_public  # late: a step that runs for the internal edition needs none of it

        refuse_public(report)
    pages = report.build / edition / "pages"
    wanted = goals or targets(source.stem, report, edition)
    given, *bounds = granted(report, edition)
    failures: list[BadInput | NotebookFailed] = []
    for goal in wanted:
        target, own = pages / f"{goal.path}.ipynb", goal.parameters
        try:
            run_notebook(source, target, {**given, **own}, kernel, *bounds)
        except KernelHalted as error:
            failures.append(error)
            break
        except (BadInput, NotebookFailed) as error:
            failures.append(error)
        progress.tell("advanced", stage="pages", edition=str(edition))
    raise_all(failures)
    return len(wanted)


def public_alone(report: Report) -> Path:
    """A folder for tables in which there are the public ones and no others: all that a public page is given.

    A page that goes by the paths it has, or by a way from where it runs, finds no internal table. The first job of a build
    fills it; its batches find it as it must be and write nothing.
    """
    out = report.build / "public" / "alone"
    copied = out / report.tables("public").relative_to(report.out)
    wanted = {path.name: path for path in sorted(report.tables("public").iterdir()) if path.is_file()}
    files.make_folder(copied)
    for path in copied.iterdir():
        if path.name not in wanted and path.suffix in (".parquet", ".json"):
            files.remove(path)
    for name, path in wanted.items():
        if not (copied / name).is_file() or not filecmp.cmp(copied / name, path, shallow=False):
            files.write(copied / name, path.read_bytes())
    return out


def granted(report: Report, edition: str) -> tuple[dict[str, str], Path | None, list[str]]:
    """What a page of an edition is given: its parameters, the folder where it runs, what it may not read by any path.

    A public page gets a folder with public tables alone, and neither the files as received nor anything internal, of this
    report or of another one: last year's conclusions name schools as well.
    """
    given = {"report": str(report.params_file), "out": str(report.out), "edition": str(edition)}
    if edition != "public":
        return given, None, []
    alone = public_alone(report)
    made = (report.out / "data", report.site("internal").parent, report.build / "internal", report.build / "steps")
    received = (PROJECT / "data", report.conclusions, *report.raw_files)
    return given | {"out": str(alone)}, alone, [str(path) for path in (*made, *received)]


def raise_all(failures: list[BadInput | NotebookFailed]) -> None:
    """Raise what went wrong as one error: the same where there is one, the first few in words where there are more."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        told = "\n\n".join(str(failure) for failure in failures[:_TOLD])
        rest = f"\n\n… и ещё ошибок: {len(failures) - _TOLD}" if len(failures) > _TOLD else ""
        raise NotebookFailed(f"{told}{rest}")


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
    declared = papermill.inspect_notebook(_literal(source))
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


def _literal(path: Path) -> str:
    """A path as papermill takes it: it fills in what stands between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _parameter_problem(source: Path, name: str, found: str, expected: str, advice: str) -> Problem:
    return Problem(file=source.name, column=name, found=found, expected=expected, advice=advice)


class _Halted(Exception):
    """Why a kernel will not answer any more, and at which cell of the notebook with its parameters put in."""

    def __init__(self, reason: str, cell_index: int) -> None:
        super().__init__(reason)
        self.cell_index = cell_index


class _WarmClient(PapermillNotebookClient):
    """Papermill's client on a kernel that has run before: clears the namespace first, leaves the kernel running.

    Signals stay with the command, which `nbclient` would take over.
    """

    beyond: list[str]

    def execute(self, **_: Any) -> nbformat.NotebookNode:
        self.reset_execution_trackers()
        self._clear()
        self.papermill_execute_cells()
        reply = self.wait_for_reply(self.kc.kernel_info())
        self.nb.metadata["language_info"] = reply["content"]["language_info"]
        return self.nb

    def execute_cell(self, cell: nbformat.NotebookNode, cell_index: int, **more: Any) -> nbformat.NotebookNode:
        try:
            return super().execute_cell(cell, cell_index, **more)
        except DeadKernelError:
            reason = "ядро Jupyter остановилось: не хватило памяти, или ячейка завершила процесс"
        except CellTimeoutError:
            reason = (
                f"ячейка выполнялась дольше {self.timeout} с и остановлена; если ей нужно больше, "
                "увеличьте build: cell_seconds в файле параметров"
            )
        raise _Halted(reason, cell_index)

    def _clear(self) -> None:
        fresh = _FRESH.format(folder=str(Path.cwd()), beyond=self.beyond)
        sent = self.kc.execute(fresh, silent=True, store_history=False)
        until = time.monotonic() + _CLEARING_SECONDS
        while time.monotonic() < until and run_sync(self.km.is_alive)():
            with contextlib.suppress(Empty):
                if run_sync(self.kc.get_shell_msg)(timeout=1)["parent_header"].get("msg_id") == sent:
                    return
        raise _Halted("ядро Jupyter остановилось ещё до первой ячейки", 0)


class _WarmEngine(Engine):
    """Papermill engine that runs in the kernel it is given and leaves it running."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, warm: WarmKernel, **_: Any) -> None:
        runner = _WarmClient(nb_man, km=warm.manager, kernel_name=kernel_name, timeout=warm.cell_seconds,
                             interrupt_on_timeout=False, iopub_timeout=_OUTPUT_SECONDS)  # fmt: skip
        runner.kc, runner.beyond = warm.client, warm.beyond
        runner.execute()


papermill_engines.register(_ENGINE, _WarmEngine)
