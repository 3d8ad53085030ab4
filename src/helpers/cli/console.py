"""What stands between the command and its console: streams that take any letter, and the last word on failure."""

from __future__ import annotations

import errno
import io
import sys
from typing import NoReturn

import typer


class _Pipe(io.FileIO):
    """Output whose reader may have gone: then nothing more is told, and the work goes on."""

    gone = False

    def write(self, data: bytes) -> int:
        if self.gone:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self.gone = True
            if error.errno not in {errno.EPIPE, errno.EINVAL}:  # Windows calls a closed pipe an invalid argument
                raise
            return len(data)


def spoken(stream: io.TextIOWrapper | None) -> io.TextIOWrapper | None:
    """A stream that takes any letter, whatever the console's code page, and the end of its reader; None if it is closed."""
    if stream is None:
        return None
    stream.reconfigure(encoding="utf-8", errors="replace")
    if stream.isatty():
        return stream
    pipe = io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(pipe, encoding="utf-8", errors="replace", line_buffering=True)


def fail(code: int, message: str) -> NoReturn:
    """End with a code; the message is said here, or by the build that asked for this work.

    A job that was stopped does not know why: its build does, or the cluster on which it ran.
    """
    from helpers.publish import processes, progress

    if code == processes.CODE or not progress.leave({"event": "failed", "code": code, "text": message}):
        typer.echo(message, err=True)
    sys.exit(code)
