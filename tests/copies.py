"""Copies to work on: a small report, and the project in a folder where tests may change anything."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from filelock import FileLock

from helpers import cli, tables
from helpers.publish.execute import run_notebook, warm_kernel
from helpers.publish.pages import STEPS
from helpers.report import PROJECT, Report
from helpers.tables import store

_PARTS = ["src", "notebooks", "params", "workflow", "requirements.lock", "pyproject.toml",
          *(path.name for path in PROJECT.glob("_quarto*.yml"))]  # fmt: skip
_COUNTIES = {"Kern", "Fresno", "Monterey", "Solano"}


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process of this test run to ask for it makes; all others wait and share it: none changes it."""
    root = factory.getbasetemp()
    shared = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "shared"
    shared.mkdir(exist_ok=True)
    folder, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@dataclass(frozen=True)
class Copy:
    """A copy of the project: its folder, and the report command run from its own code.

    A test asks for pictures, and a letter for print, where they are its subject: a browser that draws, or an office, costs as
    much as all pages of a small report.
    """

    root: Path

    def popen(self, *arguments: object, pictures: bool = False, **more) -> subprocess.Popen:
        drawn = {} if pictures else {"BROWSER_PATH": "", "SOFFICE_PATH": ""}
        own = {"PYTHONPATH": str(self.root / "src"), "PYTHONUTF8": "1", **drawn}
        environment = {**os.environ, **own, **more.pop("env", {})}
        return subprocess.Popen(
            [sys.executable, "-m", "helpers.cli", *map(str, arguments)],
            env=environment, cwd=self.root, text=True, encoding="utf-8",
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )  # fmt: skip

    def report(self, *arguments: object, code: int = 0, **more) -> str:
        """Run the command, expect its exit code; standard output, then what it said of errors."""
        process = self.popen(*arguments, **more)
        out, err = process.communicate(timeout=300)
        assert process.returncode == code, f"exit code {process.returncode}\n{out}\n{err}"
        return out + err

    def python(self, code: str, *arguments: object) -> str:
        """Run Python code on the copy's own modules, expect it to end well; its standard output."""
        environment = {**os.environ, "PYTHONPATH": str(self.root / "src"), "PYTHONUTF8": "1"}
        done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environment, cwd=self.root,
                              capture_output=True, text=True, encoding="utf-8", timeout=600)  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


def copy_project(root: Path) -> Copy:
    """Copy what the pipeline reads into `root`, compiled code with it: else each copy compiles all our code anew."""
    for name in _PARTS:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("*.egg-info"))
        else:
            shutil.copy2(source, root / name)
    return Copy(root)


def small_report(folder: Path) -> Path:
    """Write a small report: four counties of the California file, two cards; its params file."""
    folder.mkdir(parents=True)
    params = yaml.safe_load((PROJECT / "params" / "california-2000.yml").read_text(encoding="utf-8"))
    name = params["data"]["school_table"]["file"]
    with (PROJECT / "data" / "raw" / "california-2000" / name).open(encoding="utf-8", newline="") as whole:
        rows = list(csv.reader(whole))
    county = rows[0].index("cname")
    with (folder / name).open("w", encoding="utf-8", newline="") as part:
        csv.writer(part).writerows([rows[0], *(row for row in rows[1:] if row[county] in _COUNTIES)])
    params["pages"] = {"cards": 2}
    params["simulation"] = {"runs": 10}
    path = folder / "small.yml"
    path.write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    return path


def region_report(folder: Path, seed: int = 2021, clean: bool = False) -> Path:
    """Write the demonstration region and, beside its files, the params of the default report; its params file.

    It redraws ten regions only: hundreds, as the report itself does, say no more about its code.
    """
    from helpers.demo import write_region

    write_region(seed, folder, clean)
    params = Path(shutil.copy2(PROJECT / "params" / "kamchatka-2021.yml", folder))
    with params.open("a", encoding="utf-8") as end:
        end.write("\nsimulation: {runs: 10, source: тест}\n")
    return params


def called(patched: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, *arguments: object) -> tuple[int, Any]:
    """The `report` command in this process, where no process of its own is needed: its exit code, and what it said (`out`, `err`)."""
    patched.setattr("sys.argv", ["report", *map(str, arguments)])
    patched.setattr("helpers.cli.processes.end_together", lambda: None)  # signals are the test runner's here
    for stream in ("stdout", "stderr"):
        patched.setattr(f"sys.{stream}", getattr(sys, f"__{stream}__"))
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, capfd.readouterr()


def run_steps(report: Report, names: str = "*") -> None:
    """Run the report's steps of these names, one after another in one kernel."""
    given = {"report": str(report.params_file), "out": str(report.out)}
    with warm_kernel() as kernel:
        for step in sorted(STEPS.glob(f"{names}.ipynb")):
            run_notebook(step, report.build / "steps" / step.name, given, kernel)


def contents(folder: Path, parts: Sequence[str] = ("",)) -> dict[str, str]:
    """Every file below `folder`, or below these parts of it, with the hash of its content."""
    files = (path for part in parts for path in sorted((folder / part).rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check_table(name: str, frame: pl.DataFrame) -> None:
    """Hold a table against its contract: columns, their types and ranges, one row a key."""
    table = tables.CONTRACT[name]
    store._schema(list(table.columns), list(table.key)).validate(frame)
