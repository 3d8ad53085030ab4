"""A command ends with all that it has started: on Ctrl+C, SIGTERM, a closed terminal, and when its own starter is gone."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import threading
import time
from pathlib import Path
from types import FrameType

import psutil

_STARTER = "REPORT_STARTER"
"""Environment variable: process, its time of birth and its machine, without which a command started by it has no use."""
BUILD = "REPORT_BUILD"
"""Environment variable: a folder that is there as long as a build runs, for its jobs on other machines of a cluster."""
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
_LOOK_EVERY = 0.5
_GRACE = 1.0
"""Seconds for a process to put itself in order after it has been asked to end."""
CODE = 130
"""Exit code of a command that was stopped."""


class Stopped(BaseException):
    """Somebody has asked the command to end."""


def end_together() -> None:
    """Have this command, whatever it is doing, end with all its descendants: see the module.

    A handler of signals waits for a long call of a library to return; the watching thread does not.
    """
    asked, bell = socket.socketpair()
    bell.setblocking(False)
    signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    for one in _SIGNALS:
        signal.signal(one, _stop)
    threading.Thread(target=_wait_for_signal, args=(asked, bell), daemon=True).start()
    if starter := os.environ.get(_STARTER):
        threading.Thread(target=_wait_for_end_of, args=(starter,), daemon=True).start()
    os.environ |= bound()


def bound() -> dict[str, str]:
    """What the environment of a command must say for it to end when this process is gone."""
    return {_STARTER: _named(psutil.Process())}


def end_descendants() -> None:
    """End every process that this one has started, and those that they have: ask first, then make them."""
    until, asked = time.monotonic() + _GRACE, set()
    family = {os.getpid()}
    while living := _descendants(family):
        for process in living:
            with contextlib.suppress(psutil.Error):
                if time.monotonic() > until:
                    process.kill()
                elif process.pid not in asked:
                    process.terminate()
                asked.add(process.pid)
        time.sleep(0.05)


def _descendants(family: set[int]) -> list[psutil.Process]:
    """The living ones; `family` learns their numbers, so that orphans are still known when their parent has ended."""
    everyone = list(psutil.process_iter(["ppid", "status"]))
    while found := {one.pid for one in everyone if one.info["ppid"] in family} - family:
        family |= found
    mine = {os.getpid()}
    return [one for one in everyone if one.pid in family - mine and one.info["status"] != psutil.STATUS_ZOMBIE]


def _stop(*_: int | FrameType | None) -> None:
    raise Stopped


def _wait_for_signal(asked: socket.socket, _bell: socket.socket) -> None:
    while not set(asked.recv(64)) & set(_SIGNALS):
        pass
    end_descendants()
    time.sleep(_GRACE)
    os._exit(CODE)


def _wait_for_end_of(starter: str) -> None:
    while _alive(starter):
        time.sleep(_LOOK_EVERY)
    end_descendants()
    os._exit(CODE)


def _named(process: psutil.Process) -> str:
    return f"{process.pid} {process.create_time()} {platform.node()}"


def _alive(name: str) -> bool:
    number, _, machine = name.split(" ", 2)
    if machine != platform.node():
        return Path(os.environ.get(BUILD, ".")).is_dir()
    try:
        process = psutil.Process(int(number))
        return _named(process) == name and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
