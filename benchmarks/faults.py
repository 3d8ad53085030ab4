"""Faults tried and survived, as a table: `make bench-faults` (half an hour; `--tries N` for fewer or more).

Builds of both editions, publishing and preparing the next year are killed at random moments, the whole tree of their
processes or the command alone. After each kill the site at its address must be a whole one, and one rerun, without any
other step by hand, must leave the same bytes as a build that nobody disturbed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from helpers.report import PROJECT

REPORT = "kamchatka-2021"
PARTS = shutil.ignore_patterns(".*", "_build", "_site*", "processed", "__pycache__", "*.egg-info", "tests", "docs")
SITES = ("_site", "_site-internal")


class Project:
    """A copy of the project with its own output, and the `report` command run from its own code."""

    def __init__(self, root: Path) -> None:
        shutil.copytree(PROJECT, root, ignore=PARTS)
        self.root = root

    def start(self, *arguments: object) -> subprocess.Popen:
        """Start the command in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "helpers.cli", *map(str, arguments)], cwd=self.root, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(self.root / "src"), "PYTHONUTF8": "1"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def done(self, *arguments: object) -> float:
        """Seconds of the command, which must end well."""
        started = time.monotonic()
        process = self.start(*arguments)
        said = process.communicate()[1].decode(errors="replace")
        if process.returncode:
            raise SystemExit(f"{' '.join(map(str, arguments))}: code {process.returncode}\n{said}")
        return time.monotonic() - started

    def killed(self, chance: random.Random, seconds: float, *arguments: object) -> str:
        """Run the command and kill it, or it and all its children, at a random moment; how."""
        process = self.start(*arguments)
        family = [process]
        try:
            process.communicate(timeout=chance.uniform(0, seconds))
            return "ran through before the kill"
        except subprocess.TimeoutExpired:
            alone = chance.random() < 0.5
            family = psutil.Process(process.pid).children(recursive=True)
            for one in [] if alone else family:
                try:
                    one.kill()
                except psutil.NoSuchProcess:
                    continue
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            _, left = psutil.wait_procs(family, timeout=5)
            left = [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
            if left:
                return f"LEFT RUNNING {len(left)}"
            return "command killed" if alone else "whole tree killed"


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def whole(site: Path, good: list[dict[str, str]]) -> bool:
    """Whether a site stands whole, or, in the instant between two renamings, beside its address."""
    beside = site.with_name(f"{site.name}.old")
    return contents(site if site.exists() else beside) in [*good, {}]


def row(what: str, tries: int, outcomes: Counter[str]) -> None:
    """Print one line of the table."""
    print(
        f"{what:28} {tries:4}   {'; '.join(f'{how}: {count}' for how, count in sorted(outcomes.items()))}", flush=True
    )


def tried(what: str, tries: int, once: Callable[[], str]) -> None:
    """Try a fault so many times and print what came of it."""
    row(what, tries, Counter(once() for _ in range(tries)))


def build(project: Project, chance: random.Random, tries: int) -> None:
    """Kill builds of both editions after a change of the title, which every page depends on."""
    command = ("build", REPORT, "--edition", "all", "--engine", "pandoc")
    seconds, number = project.done(*command), 0
    params = project.root / "params" / f"{REPORT}.yml"
    text = params.read_text(encoding="utf-8")
    clean = contents_of_sites(project)

    def once() -> str:
        nonlocal number
        number += 1
        params.write_text(f"{text}\n# {number}\n", encoding="utf-8")
        how = project.killed(chance, seconds, *command)
        for folder in SITES:
            if not (project.root / folder / REPORT).exists() and not list((project.root / folder).glob("*.old")):
                return f"{how}, BROKEN SITE"
        params.write_text(text, encoding="utf-8")
        project.done(*command)
        return f"{how}, {'same bytes' if contents_of_sites(project) == clean else 'OTHER BYTES'}"

    tried("build --edition all", tries, once)


def contents_of_sites(project: Project) -> dict[str, dict[str, str]]:
    """Both sites, file by file."""
    return {folder: contents(project.root / folder / REPORT) for folder in SITES}


def publish(project: Project, chance: random.Random, tries: int) -> None:
    """Kill the carrying of a site to a folder where another one stands."""
    target = project.root.parent / "published"
    command = ("publish", REPORT, "--to", target)
    seconds = project.done(*command)
    clean = contents(target)

    def once() -> str:
        site = next(path.parent for path in target.rglob("manifest.json"))
        (site / "index.html").write_text("older", encoding="utf-8")
        how = project.killed(chance, seconds, *command)
        project.done(*command)
        return f"{how}, {'same bytes' if contents(target) == clean else 'OTHER BYTES'}"

    tried("publish", tries, once)


def new(project: Project, chance: random.Random, tries: int) -> None:
    """Kill the preparing of the next year's report."""
    command = ("new", "2022", "--from", REPORT)
    made = [project.root / "params" / "kamchatka-2022.yml", project.root / "data" / "raw" / "kamchatka-2022"]

    def state() -> list:
        return [made[0].read_bytes(), contents(made[1])]

    def cleared() -> None:
        made[0].unlink(missing_ok=True)
        shutil.rmtree(made[1], ignore_errors=True)

    seconds = project.done(*command)
    clean = state()

    def once() -> str:
        cleared()
        how = project.killed(chance, seconds, *command)
        if not (how.startswith("ran") or made[0].exists()):
            project.done(*command)
        return f"{how}, {'same bytes' if state() == clean else 'OTHER BYTES'}"

    tried("new", tries, once)
    cleared()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "project")
        print(f"{'fault':28} tries   what came of it")
        new(project, chance, given.tries)
        build(project, chance, given.tries)
        publish(project, chance, given.tries)


if __name__ == "__main__":
    main()
