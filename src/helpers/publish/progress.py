"""What long work says while it goes on: bars with the time left on a terminal, a line for each thing done elsewhere, JSON for machines.

All of it is told as events. A build's jobs are commands of their own, on a cluster on other machines: each leaves its events in a
file in the folder of the build, which reads them and tells them again in its own way.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from helpers import files
from helpers.publish import processes

_TITLES = {
    "steps": "Шаги",
    "pages": "Страницы",
    "site": "Сайт",
    "reports": "Отчёты",
    "runs": "Розыгрыши",
    "cells": "Скрытое",
}
"""Stages of long work."""
_BY_NAME = {"steps", "reports"}
"""Stages that come nearer to their end by each `finished`; all others by `advanced`."""
_EDITIONS = {"public": "открытая редакция", "internal": "внутренняя редакция"}
_WHOLE_RUN = 24 * 3600
"""Seconds that count for the speed, from which the time left is told: all that have passed. A notebook may take minutes."""

Event = dict[str, Any]


def tell(event: str, **more: Any) -> None:
    """Tell an event to whoever waits.

    Parameters
    ----------
    event : str
        `planned`: a stage has `total` units. `started`: something of a stage, by `name`. `advanced`: `count` units are done,
        one if it is not said.
        `finished`: `name` is done in `seconds`; `pages`, how many of them; `where`, the file to look at; `number` and `of`, its
        place in a row; `error`, why it is not done after all. `note`: a sentence, `text`. `error`: the same, of what has failed.
        `ended`: the last one, with the `outcome` (`done`, `failed`, `stopped`) and all `seconds`.
    **more
        The above; `stage`, one of steps, pages, site, reports, runs, cells; `edition`.
    """
    _show({"event": event, **more})


def counted(stage: str) -> Callable[[int, int], None]:
    """What a loop that knows nothing of events calls after each turn, with how many are done and how many there are."""

    def told(done: int, total: int) -> None:
        if done == 1:
            tell("planned", stage=stage, total=total)
        tell("advanced", stage=stage)

    return told


def leave(event: Event) -> bool:
    """Leave an event with the build that has started this command; False where there is none, or it cannot be written."""
    folder = os.environ.get(processes.BUILD)
    if not folder:
        return False
    try:  # two writers would lose each other's lines on a shared folder
        with Path(folder, f"{platform.node()}-{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
    except OSError:
        return False
    return True


class Jobs:
    """What the jobs of a build leave in its folder.

    Attributes
    ----------
    failures : list of dict
        Events `failed` so far: a command has ended with exit code `code` and had to say `text`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._heard: dict[Path, int] = {}
        self.failures: list[Event] = []

    def tell(self) -> None:
        """Tell again what has come since the last call; a line of which half is written waits."""
        for path in sorted(self._folder.glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._heard.get(path, 0))
                come = file.read()
            whole = come[: come.rfind(b"\n") + 1]
            self._heard[path] = self._heard.get(path, 0) + len(whole)
            for event in map(json.loads, whole.splitlines()):
                if event["event"] == "failed":
                    self.failures.append(event)
                else:
                    _show(event)


@contextmanager
def shown(quiet: bool = False, as_json: bool = False) -> Iterator[Event]:
    """Show the events told meanwhile: none, as JSON, as bars on a terminal, else as lines; then the one that ends them.

    Yields
    ------
    dict
        To be filled with what the last event is to say of the result.
    """
    global _show
    before, started, result = _show, time.monotonic(), Event()

    def ended(outcome: str, **more: Any) -> None:
        tell("ended", outcome=outcome, seconds=round(time.monotonic() - started, 1), **more)

    with _way(quiet, as_json) as _show:
        try:
            yield result
        except processes.Stopped:
            ended("stopped")
            raise
        except Exception as error:
            tell("error", text=files.in_words(error) if isinstance(error, OSError | MemoryError) else str(error))
            ended("failed")
            raise
        else:
            ended(**{"outcome": "done", **result})
        finally:
            _show = before


@contextmanager
def _way(quiet: bool, as_json: bool) -> Iterator[Callable[[Event], None]]:
    if quiet:
        yield lambda event: None
    elif as_json:
        yield _as_json
    elif sys.stdout and sys.stdout.isatty():
        with _bars() as show:
            yield show
    else:
        yield _as_line


def _as_json(event: Event) -> None:
    typer.echo(json.dumps(event, ensure_ascii=False))


def _as_line(event: Event) -> None:
    if line := _line(event):
        typer.echo(line)


_show: Callable[[Event], Any] = leave if processes.BUILD in os.environ else _as_line
"""How events are shown now."""


def _line(event: Event) -> str:
    """What is done, or what is to be known; nothing of other events."""
    if event["event"] == "note":
        return event["text"]
    if event["event"] != "finished":
        return ""
    mark = "✗" if "error" in event else "✓"
    place = f"{event['number']} из {event['of']}: " if "of" in event else ""
    pages = f", страниц: {event['pages']}" if event.get("pages", 1) > 1 else ""
    where = f": {event['where']}" if "where" in event else ""
    return f"{mark} {place}{event['name']}{pages} — {event['seconds']:.1f} с{where}"


@contextmanager
def _bars() -> Iterator[Callable[[Event], None]]:
    """A bar for each stage, gone at the end; above them the lines, which stay."""
    from rich import progress  # late: only a terminal pays for it

    columns = [progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn(),
               progress.TextColumn("осталось"), progress.TimeRemainingColumn(), progress.TextColumn("{task.fields[now]}")]  # fmt: skip
    with progress.Progress(
        *columns, transient=True, speed_estimate_period=_WHOLE_RUN, redirect_stdout=False, redirect_stderr=False
    ) as bars:
        known: dict[tuple[str, str], progress.TaskID] = {}

        def show(event: Event) -> None:
            if line := _line(event):
                bars.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
            if "stage" not in event:
                return
            stage, edition = event["stage"], event.get("edition", "")
            if (stage, edition) not in known:
                title = ", ".join([_TITLES[stage], *([_EDITIONS[edition]] if edition else [])])
                known[stage, edition] = bars.add_task(title, total=event.get("total"), now="")
            bar = known[stage, edition]
            if event["event"] == "planned":
                bars.update(bar, total=event["total"])
                if stage == "site" and ("pages", edition) in known:  # batches that are as they were tell nothing
                    pages = known["pages", edition]
                    bars.update(pages, completed=bars.tasks[pages].total)
            unit = "finished" if stage in _BY_NAME else "advanced"
            units = event.get("count", 1) if event["event"] == unit else 0
            bars.advance(bar, units)  # by 0 too: from there time is counted
            if event["event"] == "started":
                bars.update(bar, now=event["name"])

        yield show
