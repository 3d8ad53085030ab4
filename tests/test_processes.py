"""Ctrl+C, SIGTERM and the death of its starter end a command with all that it has started; a file edited meanwhile is told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from copies import Copy, copy_project

from helpers.problems import BadInput
from helpers.publish import held, processes
from helpers.publish.held import hold, inputs, unchanged
from helpers.report import open_report

WITHIN = 3
"""Seconds in which everything has ended."""


def with_a_kernel(process: subprocess.Popen) -> list[psutil.Process]:
    """The descendants of a command as soon as a notebook's kernel is among them."""
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        if any("ipykernel_launcher" in " ".join(_command(one)) for one in family):
            return family
        time.sleep(0.1)
    raise AssertionError(process.communicate())


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_build_ends_with_its_engine_jobs_and_kernels(copy: Copy, small: Path, tmp_path: Path, how: str):
    process = copy.popen("build", small, "--out", tmp_path, "--engine", "pandoc")
    family = with_a_kernel(process)
    assert len(family) >= 3
    started = time.monotonic()
    process.send_signal(getattr(signal, how))
    process.wait(timeout=2 * WITHIN)
    assert not psutil.wait_procs(family, timeout=2 * WITHIN)[1]
    assert time.monotonic() - started < 2 * WITHIN  # twice: the machine that tests may be busy
    if how != "SIGKILL":
        assert process.returncode == 130
        assert process.communicate()[1].strip() == "Остановлено."


def test_what_ends_together_even_while_a_library_is_busy(tmp_path: Path):
    busy = (
        "import subprocess, sys\nfrom helpers.publish.processes import end_together\nend_together()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "import numpy as np\nprint(child.pid, flush=True)\nnp.linalg.svd(np.ones((9000, 9000)))"
    )
    process = subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(process.stdout.readline()))
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=2 * WITHIN)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_job_on_another_machine_ends_with_its_build(tmp_path: Path):
    job = "import time\nfrom helpers.publish.processes import end_together\nend_together()\nprint(flush=True)\ntime.sleep(99)"
    there = {processes._STARTER: "1 0.0 another machine", processes.BUILD: str(tmp_path / "build")}
    (tmp_path / "build").mkdir()
    process = subprocess.Popen([sys.executable, "-c", job], stdout=subprocess.PIPE, env={**os.environ, **there})
    process.stdout.readline()
    time.sleep(2 * processes._LOOK_EVERY)
    assert process.poll() is None
    (tmp_path / "build").rmdir()
    assert process.wait(timeout=2 * WITHIN) == processes.CODE


def test_code_is_found_whatever_the_folders_above_are_called(tmp_path: Path):
    project = copy_project(tmp_path / "demo" / "publish" / "show" / "project")
    told = (
        "from helpers.publish import sources\n"
        "for last in ('intake', 'show'): print(*(path.name for path in sources.code(last)))\n"
        "print(len(sources.all_code()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], env={"PYTHONPATH": str(project.root / "src")}, capture_output=True, text=True
    )
    intake, show, everything = (line.split() for line in done.stdout.splitlines())
    assert {"contract.py", "rules.py", "region.py"} <= set(intake) and "emit.py" not in intake
    assert {"emit.py", "report.css", "effect.py", "columns.csv"} <= set(show)
    assert not {"site.py", "making.py", "forms.py", "mess.py"} & set(show)
    assert int(everything[0]) > len(show)


def test_a_file_edited_while_it_is_used_is_told(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(small.parent, tmp_path / "report")
    params = tmp_path / "report" / small.name
    report = open_report(str(params), str(tmp_path / "out"))
    raw = report.raw_files[0]
    with unchanged(report, [raw]):
        raw.touch()  # a command by hand holds nothing
    monkeypatch.setenv(*next(iter(hold(tmp_path / "held.json", inputs(report)).items())))
    with unchanged(report, [raw, params]):
        raw.touch()
    before = raw.read_bytes()
    with (
        pytest.raises(BadInput, match=rf"Файл {raw.name} — найдено: файл изменён, пока шла сборка"),
        unchanged(report, [raw]),
    ):
        raw.write_bytes(before + b"\n")
    with pytest.raises(BadInput, match="изменён"), unchanged(report, [raw]):
        pytest.fail("a file that is not what the build began with is not used")
    raw.write_bytes(before)
    assert held.held(report)[params] == held.sha256(params)
