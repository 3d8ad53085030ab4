"""What the kernel of a public page may not read, by whatever path it is named.

A public page is given a folder without internal tables, so that every path which it has leads to public ones. A path typed
from memory, or found from where the params or the program lie, leads past that folder. Here such a reading is refused: Python
tells of every file that it opens (PEP 578, 2019, «Python Runtime Audit Hooks»); libraries that open files in native code do
not, so their functions that read are asked first. That is a guard against a slip, not against somebody bent on getting round it.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.problems import BadInput, Problem

_NATIVE = ("polars", "pandas", "pyarrow.parquet")
_READERS = ("read_", "scan_")
_OPENING = ("open", "os.listdir", "os.scandir")
_beyond: tuple[str, ...] = ()
_watching = False


def keep_from(paths: Sequence[str]) -> None:
    """Refuse from now on whatever reads these files or what lies in these folders; none: refuse nothing."""
    global _beyond, _watching
    _beyond = tuple(map(_place, paths))
    if _beyond and not _watching:
        _watching = True
        sys.addaudithook(_heard)
        sys.meta_path.insert(0, _Guarding())
        for name in _NATIVE:
            if name in sys.modules:
                _guard(sys.modules[name])


def _place(path: str) -> str:
    try:
        return os.path.normcase(Path(path.removeprefix("file://")).resolve())
    except ValueError:  # no path: Python says so itself
        return path


def _heard(event: str, given: tuple[Any, ...]) -> None:
    if _beyond and event in _OPENING and isinstance(given[0], str | bytes):
        _refuse_beyond(os.fsdecode(given[0]))


def _refuse_beyond(path: str) -> None:
    place = _place(path)
    if any(place == one or place.startswith(f"{one}{os.sep}") for one in _beyond):
        raise BadInput(
            Problem(
                file="страница открытой редакции",
                found=f"чтение {path}",
                expected="таблицы своей редакции: this.read(…)",
                advice="возьмите открытую таблицу или уберите эту редакцию из первой ячейки страницы (editions)",
            )
        )


def _guard(module: ModuleType) -> None:
    for name, function in vars(module).copy().items():
        if name.startswith(_READERS) and callable(function):
            setattr(module, name, _asked_first(function))


def _asked_first(function: Callable) -> Callable:
    @functools.wraps(function)
    def reading(*given: Any, **named: Any) -> Any:
        for path in _paths([*given, *named.values()]):
            _refuse_beyond(path)
        return function(*given, **named)

    return reading


def _paths(given: Sequence[object]) -> Iterator[str]:
    for value in given:
        if isinstance(value, str | os.PathLike):
            yield os.fsdecode(value)
        elif isinstance(value, list | tuple):
            yield from _paths(value)


class _Guarding(PathFinder):
    """Finds as Python does, and guards what a page imports later."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = super().find_spec(name, path, target) if name in _NATIVE else None
        if spec and spec.loader:
            run = spec.loader.exec_module

            def guarded(module: ModuleType) -> None:
                run(module)
                _guard(module)

            spec.loader.exec_module = guarded  # type: ignore[method-assign]
        return spec
