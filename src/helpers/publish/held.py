"""What a build is made from, by content: hashed once at its start, and compared again around each use.

Times say nothing: an unpacked or copied file bears the time of its making, not of its coming.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from helpers import files
from helpers.problems import BadInput, Problem
from helpers.publish import sources
from helpers.report import Report

_HELD = "REPORT_HELD"
"""Environment variable: the file in which a build has written what it is made from, for the commands that it starts."""


def sha256(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inputs(report: Report) -> dict[Path, str]:
    """Every file that a report is made from, with its hash as it is now."""
    paths = [*report.raw_files, *report.published_files, *report.concluded_files, *sources.rules(report),
             *sources.all_notebooks(), *sources.all_code(), *sources.site_settings()]  # fmt: skip
    return {path: sha256(path) for path in paths}


def hold(file: Path, digests: Mapping[Path, str]) -> dict[str, str]:
    """Write what a build is made from into `file`; the environment by which the commands it starts find that."""
    files.write(file, json.dumps({str(path): digest for path, digest in digests.items()}))
    return {_HELD: str(file)}


def held(report: Report) -> dict[Path, str]:
    """What the running build is made from; for a command started by hand, what there is now."""
    file = os.environ.get(_HELD)
    if not file:
        return inputs(report)
    return {Path(path): digest for path, digest in json.loads(Path(file).read_text(encoding="utf-8")).items()}


@contextlib.contextmanager
def unchanged(report: Report, paths: Collection[Path]) -> Iterator[None]:
    """Use files that must be, before and after, what the running build has been started with.

    Raises
    ------
    BadInput
        Somebody has changed one meanwhile: what was made may be from the old file or the new.
    """
    if not os.environ.get(_HELD):
        yield
        return
    known = held(report)
    _compare(report, known, paths)
    yield
    _compare(report, known, paths)


def told(report: Report, path: Path) -> str:
    """A file as its owner knows it."""
    for folder in (report.raw, sources.LOCK.parent):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name


def since(before: Mapping[Path, str], now: Mapping[Path, str]) -> list[Path]:
    """Files that came, went or changed."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def _compare(report: Report, known: Mapping[Path, str], paths: Collection[Path]) -> None:
    now = {path: sha256(path) for path in paths if path.is_file()}
    changed = since({path: known[path] for path in paths if path in known}, now)
    if changed:
        raise BadInput(
            *(Problem(told(report, path), "файл изменён, пока шла сборка", "файл, каким он был при её начале",
                      "сохраните его и запустите сборку ещё раз") for path in changed)
        )  # fmt: skip
