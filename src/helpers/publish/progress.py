"""What long work says while it goes on: bars with the time left on a terminal, a line for each thing done elsewhere, JSON for machines.

All of it is told as events. A build's jobs are commands of their own: they tell theirs in JSON on standard output, and the build
that reads them tells them again in its own way.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from helpers import files
from helpers.publish import processes

FOR_A_BUILD = {"REPORT_EVENTS": "json"}
"""Environment of a command whose events a build reads."""
_UNIT = {"steps": "finished", "pages": "advanced", "site": "advanced", "reports": "finished"}
"""Stages of long work, and the event by which each comes one unit nearer to its end."""
_TITLES = {"steps": "Шаги", "pages": "Страницы", "site": "Сайт", "reports": "Отчёты"}
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
        The above; `stage`, one of steps, pages, site, reports; `edition`.
    """
    _show({"event": event, **more})


def tell_again(line: str) -> None:
    """Tell what a job of this build has said in a line: an event, or else a note."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    _show(event if isinstance(event, dict) and "event" in event else {"event": "note", "text": line.rstrip()})


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


_show: Callable[[Event], None] = _as_json if FOR_A_BUILD.keys() <= os.environ.keys() else _as_line
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
            units = event.get("count", 1) if event["event"] == _UNIT[stage] else 0
            bars.advance(bar, units)  # by 0 too: from there time is counted
            if event["event"] == "started":
                bars.update(bar, now=event["name"])

        yield show
