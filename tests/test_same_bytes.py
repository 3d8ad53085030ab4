"""The same inputs make the same tables, however many threads the libraries are offered and however busy the machine is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from copies import contents, region_report

from helpers.publish.pages import STEPS

_STEPS = """
import sys
from pathlib import Path
from helpers.publish.execute import run_notebook, warm_kernel
with warm_kernel() as kernel:
    for step in sys.argv[3:]:
        run_notebook(Path(step), Path(sys.argv[2]) / "steps" / Path(step).name, {"report": sys.argv[1], "out": sys.argv[2]}, kernel)
"""


@pytest.fixture
def load() -> Iterator[None]:
    """A machine whose cores are all taken."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    yield
    for process in busy:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("load")
def test_tables_do_not_tell_of_threads_or_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    params, made = region_report(tmp_path / "region"), {}
    for threads in ("1", "2", "8"):
        for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            monkeypatch.setenv(name, threads)
        out = tmp_path / threads
        steps = map(str, sorted(STEPS.glob("[0-9]*.ipynb")))
        subprocess.run([sys.executable, "-c", _STEPS, params, out, *steps], check=True)
        made[threads] = contents(out, ["data"])
    assert len(made["1"]) > 60
    assert made["1"] == made["2"] == made["8"]
