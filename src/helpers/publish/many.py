"""Many reports in one call: each a build of its own, so that one region's bad data stop that region alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from helpers.problems import BadInput, Problem
from helpers.report import RULES

_NO_PARAMS = "corrections"
"""How files begin that are written as params are but lie beside raw data."""


@dataclass(frozen=True)
class Outcome:
    """How the build of one report has ended: its exit code, seconds, and what it had to say of what is wrong."""

    params: Path
    code: int
    seconds: float
    said: str


def params_files(folder: Path) -> list[Path]:
    """The params files of a folder and of the folders in it: a region's lies beside its raw files.

    Raises
    ------
    BadInput
        There is none, or two reports have one name: their sites would be one.
    """
    found = sorted({*folder.glob("[!.]*.yml"), *folder.glob("[!._]*/[!.]*.yml")})
    found = [path for path in found if path.resolve() not in RULES and not path.name.startswith(_NO_PARAMS)]
    if not found:
        raise BadInput(
            Problem(str(folder), "файлов параметров нет", "папка, в которой или в папках которой лежат файлы .yml отчётов",
                    "проверьте имя папки")
        )  # fmt: skip
    repeated = {name for name, count in Counter(path.stem for path in found).items() if count > 1}
    if repeated:
        raise BadInput(
            *(Problem(str(path.relative_to(folder)), "имя отчёта повторяется", "у каждого отчёта своё имя файла параметров",
                      "переименуйте файл: по его имени называется папка сайта") for path in found if path.stem in repeated)
        )  # fmt: skip
    return found


def build_each(params: Sequence[Path], options: Sequence[str], cores: int) -> Iterator[Outcome]:
    """Build the reports, as many at once as there are cores, and share the rest of the cores among them.

    Parameters
    ----------
    params : sequence of Path
        Files of params.
    options : sequence of str
        Options of `report build`, the number of cores aside.
    cores : int
        How many processor cores all together may take.
    """
    at_once = min(cores, len(params))
    share = ["--cores", str(cores // at_once)]

    def build(path: Path) -> Outcome:
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "helpers.cli", "build", str(path), *options, *share],
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"},
            check=False, capture_output=True, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        return Outcome(path, done.returncode, time.monotonic() - started, done.stderr.strip())

    with ThreadPoolExecutor(at_once) as pool:
        for future in as_completed([pool.submit(build, path) for path in params]):
            yield future.result()
