"""The process in which workbooks are read: one for all of them, and another when it has died of one."""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from helpers.intake import workbook

MEMORY = 2_000_000_000
"""Bytes that reading one workbook may take."""
SECONDS = 120
"""How long reading one workbook may take."""
_LOOK = 0.1
"""Seconds between looks at what the process takes."""


class ReaderDied(Exception):
    """The process has ended without an answer, or was ended: `why` is `memory`, `time` or `died`."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class WorkbookProcess:
    """Reads workbooks one after another, whichever thread asks."""

    def __init__(self, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self.memory, self.seconds = memory, seconds
        self._turn = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read(self, path: Path, sheet: str = "") -> dict[str, Any]:
        """Read a workbook as `workbook.read` does.

        Raises
        ------
        ReaderDied
            The process gave no answer; the next call starts another.
        """
        with self._turn:
            process = self._started()
            try:
                pickle.dump((str(path), sheet), process.stdin)
                process.stdin.flush()
            except OSError:
                self._end()
                raise ReaderDied("died") from None
            return self._awaited(process)

    def _started(self) -> subprocess.Popen:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", workbook.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            self._answers = queue.SimpleQueue()
            threading.Thread(target=_listen, args=(self._process, self._answers), daemon=True).start()
        return self._process

    def _awaited(self, process: subprocess.Popen) -> dict[str, Any]:
        started = time.monotonic()
        while True:
            try:
                answer = self._answers.get(timeout=_LOOK)
            except queue.Empty:
                why = "time" if time.monotonic() - started > self.seconds else ""
                why = why or ("memory" if _memory_of(process) > self.memory else "")
                if not why:
                    continue
                answer = None
            else:
                why = "died"
            if answer is not None:
                return answer
            self._end()
            raise ReaderDied(why)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _listen(process: subprocess.Popen, answers: queue.SimpleQueue[Any]) -> None:
    """Pass on the answers; None when there will be no more."""
    try:
        while True:
            answers.put(pickle.load(process.stdout))
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        answers.put(None)


def _memory_of(process: subprocess.Popen) -> int:
    """Bytes that the process and its children hold: on Windows a virtual environment's python is a child."""
    try:
        of_all = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        return sum(one.memory_info().rss for one in of_all)
    except psutil.Error:
        return 0


@cache
def shared() -> WorkbookProcess:
    """The one of this program."""
    return WorkbookProcess()
