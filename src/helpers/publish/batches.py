"""The pages of an edition, run in batches: each in one kernel, and what is as it was is left alone.

A job, a kernel and its imports take five seconds, a page a fraction of one. So single pages run in one kernel, and with them
the pages that a notebook makes many of, as long as these are no more than a batch; more are cut into batches, each a job of
its own, wherever there is a core for it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from helpers import files
from helpers.problems import BadInput, NotebookFailed
from helpers.publish import progress, sources
from helpers.publish.execute import raise_all, run_page, warm_kernel
from helpers.publish.held import sha256, unchanged
from helpers.publish.kept import recorded
from helpers.publish.pages import FANNED, Target, batch_record, notebooks, plan, record, remove_others, targets
from helpers.report import Report

Goals = Mapping[str, Sequence[Target]]
"""Pages to make, by the name of their notebook."""


def run_pages(report: Report, edition: str) -> Iterator[tuple[str, int, float]]:
    """Run the pages of an edition, plan the batches of those that are too many; notebook, pages and seconds as each is done.

    Notebooks run whose text, tables, params or code have changed.

    Raises
    ------
    BadInput, NotebookFailed
        As `execute.run_page`, of all notebooks that failed; the others are done and stay.
    """
    refuse(report, edition)
    goals = {name: found for name in notebooks(report, edition) if (found := targets(name, report, edition))}
    remove_others(report, edition, goals)
    batches = cut({name: goals[name] for name in FANNED if name in goals}, report.params.build.batch_pages)
    here = {name: goals[name] for name in goals if not batches or name not in FANNED}
    progress.tell("planned", stage="pages", edition=edition, total=sum(map(len, goals.values())))
    yield from _run(report, edition, here, record(report, edition))
    for old in batch_record(report, edition, 0).parent.glob("*.json"):
        if int(old.stem) >= len(batches):
            files.remove(old)
    told = [
        {name: [[goal.path, goal.parameters] for goal in part] for name, part in batch.items()} for batch in batches
    ]
    files.write(plan(report, edition), json.dumps(told, ensure_ascii=False))


def run_batch(report: Report, edition: str, number: int) -> Iterator[tuple[str, int, float]]:
    """Run one batch of the plan; result and errors as `run_pages`."""
    refuse(report, edition)
    batch = json.loads(plan(report, edition).read_text(encoding="utf-8"))[number]
    goals = {name: [Target(path, own) for path, own in part] for name, part in batch.items()}
    yield from _run(report, edition, goals, batch_record(report, edition, number))


def refuse(report: Report, edition: str) -> None:
    """Refuse a public edition that disclosure control has refused."""
    if edition == "public":
        from helpers.disclosure import refuse_public  # late: the internal edition needs none of it

        refuse_public(report)


def cut(goals: Goals, most: int) -> list[dict[str, list[Target]]]:
    """Cut pages into batches of at most `most`, as even as can be; none where one is enough."""
    flat = [(name, goal) for name, several in goals.items() for goal in several]
    count = -(-len(flat) // most)
    if count <= 1:
        return []
    edges = [len(flat) * number // count for number in range(count + 1)]
    parts = [flat[start:end] for start, end in pairwise(edges)]
    return [
        {name: [goal for one, goal in part if one == name] for name in dict.fromkeys(name for name, _ in part)}
        for part in parts
    ]


def _run(report: Report, edition: str, goals: Goals, done_file: Path) -> Iterator[tuple[str, int, float]]:
    """Run the notebooks among these whose pages are not as `done_file` says."""
    before, shown = recorded(done_file), notebooks(report, edition)
    folder, common = report.build / edition / "pages", _common(report, edition)
    now = {name: _digest(common, sha256(shown[name]), several) for name, several in goals.items()}
    done = {name: digest for name, digest in now.items() if before.get(name) == digest
            and all((folder / f"{goal.path}.ipynb").is_file() for goal in goals[name])}  # fmt: skip
    if kept := sum(len(goals[name]) for name in done):
        progress.tell("advanced", stage="pages", edition=edition, count=kept)
    if len(done) < len(goals):
        failures: list[BadInput | NotebookFailed] = []
        with warm_kernel(report.params.build.cell_seconds) as kernel:
            for name in [name for name in goals if name not in done]:
                progress.tell("started", stage="pages", edition=edition, name=name)
                started = time.monotonic()
                try:
                    with unchanged(report, [shown[name]]):
                        count = run_page(shown[name], report, edition, kernel, goals[name])
                except (BadInput, NotebookFailed) as error:
                    failures.append(error)
                    continue
                done[name] = now[name]
                _write(done_file, done)
                yield name, count, time.monotonic() - started
        raise_all(failures)
    _write(done_file, done)


def _common(report: Report, edition: str) -> str:
    """Digest of what all pages are made from: the edition's tables, params, lock, code."""
    used = [*report.tables(edition).iterdir(), *sources.rules(report), *sources.code("show")]
    told = [f"{path.name} {sha256(path)}" for path in sorted(used)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _digest(common: str, notebook: str, goals: Sequence[Target]) -> str:
    """Digest of what some pages of one notebook are made from; a single page's goal says nothing that its name does not."""
    return hashlib.sha256("\n".join([common, notebook, *map(str, goals)]).encode()).hexdigest()


def _write(path: Path, digests: dict[str, str]) -> None:
    files.write(path, json.dumps(digests, indent=1, sort_keys=True))
