"""The same inputs make the same tables, however many threads the libraries are offered and however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from copies import contents

from helpers.publish.pages import STEPS

pytestmark = pytest.mark.slow
_STEPS = """
import sys
from pathlib import Path
from helpers.publish.execute import run_notebook, warm_kernel
with warm_kernel() as kernel:
    for step in sys.argv[3:]:
        run_notebook(Path(step), Path(sys.argv[2]) / "steps" / Path(step).name, {"report": sys.argv[1], "out": sys.argv[2]}, kernel)
"""
_THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def test_tables_do_not_tell_of_threads_or_load(dirty: Path, computed: Path, tmp_path: Path):
    """Nor of the folder: those of one and of many threads against those of as many as there are cores."""
    steps = [str(path) for path in sorted(STEPS.glob("[0-9]*.ipynb"))]

    def started(threads: str) -> subprocess.Popen:
        environment = {**os.environ, **dict.fromkeys(_THREADS, threads)}
        return subprocess.Popen([sys.executable, "-c", _STEPS, dirty, tmp_path / threads, *steps], env=environment)

    # side by side: each is the load of the others
    running = [started(threads) for threads in ("1", "8")]
    assert [process.wait() for process in running] == [0, 0]
    wanted = contents(computed)
    assert len(wanted) > 60
    for threads in ("1", "8"):
        assert contents(tmp_path / threads / "data") == wanted, threads
