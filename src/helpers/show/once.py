"""What is counted of whole tables is counted once, however many pages one process makes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from helpers.report import Report

_P = ParamSpec("_P")
_Made = TypeVar("_Made")


def once(make: Callable[_P, _Made]) -> Callable[_P, _Made]:
    """Keep what a function makes of a report's tables until the report or a table is another.

    The first argument is the report, the others are words (an edition). What it makes is shared: nobody may change it in place.
    """
    kept: dict[tuple[object, ...], tuple[object, _Made]] = {}

    @wraps(make)
    def made(*arguments: _P.args, **named: _P.kwargs) -> _Made:
        report, *words = arguments
        key, state = (*words, *named.items()), _state(report)
        if key not in kept or kept[key][0] != state:
            kept[key] = (state, make(*arguments, **named))
        return kept[key][1]

    return made


def _state(report: Report) -> tuple[Any, ...]:
    """The report, and size and time of each of its tables."""
    root = report.out / "data" / "processed" / report.name
    stats = ((path, path.stat()) for path in sorted(root.glob("*/*")))
    return report, [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]
