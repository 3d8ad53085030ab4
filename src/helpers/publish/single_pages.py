"""The pages that a notebook makes one of: all in one kernel, and what is as it was is left alone.

A kernel and its imports take four seconds, a page a fraction of one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from helpers import files
from helpers.problems import BadInput, NotebookFailed
from helpers.publish import sources
from helpers.publish.execute import raise_all, run_page, warm_kernel
from helpers.publish.held import sha256, unchanged
from helpers.publish.kept import recorded
from helpers.publish.pages import FANNED, notebooks, record
from helpers.report import Report


def run_single_pages(report: Report, edition: str) -> Iterator[tuple[str, float]]:
    """Run the page notebooks whose notebook, tables, params or code have changed; name and seconds of each as it is done.

    Raises
    ------
    BadInput, NotebookFailed
        As `execute.run_page`, of all pages that failed; the others are done and stay.
    """
    path, folder = record(report, edition), report.build / edition / "pages"
    single = {name: source for name, source in notebooks(report, edition).items() if name not in FANNED}
    before = recorded(path)
    common = _common(report, edition)
    now = {name: hashlib.sha256(f"{common}{sha256(source)}".encode()).hexdigest() for name, source in single.items()}
    done = {name: digest for name, digest in now.items()
            if before.get(name) == digest and (folder / f"{name}.ipynb").is_file()}  # fmt: skip
    for stale in folder.glob("*.ipynb"):
        if stale.stem not in single:
            files.remove(stale)
    if len(done) < len(single):
        failures: list[BadInput | NotebookFailed] = []
        with warm_kernel(report.params.build.cell_seconds) as kernel:
            for name in [name for name in single if name not in done]:
                started = time.monotonic()
                try:
                    with unchanged(report, [single[name]]):
                        run_page(single[name], report, edition, kernel)
                except (BadInput, NotebookFailed) as error:
                    failures.append(error)
                    continue
                done[name] = now[name]
                _write(path, done)
                yield name, time.monotonic() - started
        raise_all(failures)
    _write(path, done)


def _common(report: Report, edition: str) -> str:
    """Digest of what all pages are made from: the edition's tables, params, lock, code."""
    used = [*report.tables(edition).iterdir(), *sources.rules(report), *sources.code("show")]
    told = [f"{path.name} {sha256(path)}" for path in sorted(used)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _write(path: Path, digests: dict[str, str]) -> None:
    files.write(path, json.dumps(digests, indent=1, sort_keys=True))
