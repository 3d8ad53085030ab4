"""A build: what it is made from is held by content, Snakemake is asked what is out of date, failures are summed up."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import yaml
from filelock import FileLock

from helpers import files
from helpers.problems import BadInput, BuildFailed, MissingTool, Problem
from helpers.publish import held, processes, progress
from helpers.publish.kept import recorded
from helpers.publish.pages import batch_record, plan, record
from helpers.report import PROJECT, Report

_RULE = re.compile(r"Error in rule ([\w-]+)")
_ON_SLURM = re.compile(r"SLURM status is: '(\w+)'")
_WHY = {"OUT_OF_MEMORY": "не хватило памяти", "TIMEOUT": "не хватило времени", "NODE_FAIL": "узел отказал",
        "PREEMPTED": "узел отдан другому", "CANCELLED": "его отменили",
        "FAILED": "оно упало, его журнал — в .snakemake/slurm_logs"}  # fmt: skip
_WITHIN_SNAKEMAKE = {"local", "dryrun", "touch"}
"""Executors that are no plugins."""
_LISTEN_EVERY = 0.1
"""Seconds between two looks at what jobs have told."""
_CHECKSUM_BYTES = 10**12
"""Up to what size Snakemake compares tables by content and not by time: whatever their size."""


def build(report: Report, editions: list[str], engine: str, cores: int, profile: str = "") -> list[str]:
    """Bring the sites of these editions up to date; the files that were changed meanwhile and so are not in them.

    With a profile of Snakemake's, the jobs run where it says, and `cores` count for nothing: see `where`.

    Raises
    ------
    BuildFailed
        Something is not acceptable; all that does not hang on it is done.
    MissingTool
        Snakemake itself has failed.
    """
    place = where(profile) if profile else ["--cores", str(cores)]
    files.make_folder(report.build)
    digests = held.inputs(report)
    held_now = _digest(digests, engine)
    finished = report.build / "finished.json"
    before = recorded(finished)
    if all(before.get(edition) == [held_now, _made(report, edition)] for edition in editions):
        return []
    touched = _drop_damaged(report, editions, before)
    environment = held.hold(report.build / "inputs.json", digests)
    _run(report, editions, engine, place, touched, environment)
    now = recorded(finished) | {edition: [held_now, _made(report, edition)] for edition in editions}
    files.write(finished, json.dumps(now))
    return [held.told(report, path) for path in held.since(digests, held.inputs(report))]


def where(profile: str) -> list[str]:
    """Snakemake's arguments for jobs that run as a profile says: one of the project's own by name, a folder, or one of the user's.

    Raises
    ------
    BadInput
        There is no such profile.
    MissingTool
        What runs its jobs is not installed.
    """
    own = {folder.name: folder for folder in (PROJECT / "workflow" / "profiles").iterdir()}
    folder = own.get(profile, Path(profile).absolute())
    settings = folder / "config.yaml"
    if not settings.is_file():
        raise BadInput(
            Problem("--profile", f"«{profile}»", f"профиль Snakemake: {', '.join(sorted(own))} или папка с файлом config.yaml",
                    f"проверьте имя; образец — {own['slurm']}")
        )  # fmt: skip
    executor = yaml.safe_load(settings.read_text(encoding="utf-8")).get("executor", "local")
    plugin = f"snakemake_executor_plugin_{executor.replace('-', '_')}"
    if executor not in _WITHIN_SNAKEMAKE and not importlib.util.find_spec(plugin):
        raise MissingTool(
            f"профиль «{profile}» просит исполнителя {executor}, а его здесь нет; установите: pip install {plugin.replace('_', '-')}"
        )
    return ["--profile", str(folder)]


def _run(
    report: Report, editions: list[str], engine: str, place: list[str], touched: bool, environment: dict[str, str]
) -> None:
    """Run the workflow; pass on what the rules' calls have said."""
    running = report.build / "running"  # beside the tables: jobs on other machines read and write there
    files.remove_folder(running)
    files.make_folder(running)
    with tempfile.TemporaryDirectory(dir=running, ignore_cleanup_errors=True) as folder:
        jobs, config = progress.Jobs(Path(folder)), Path(folder) / "config.json"
        # in a file: on its command line Snakemake takes a « #» in a path for a comment
        given = {"report": str(report.params_file), "out": str(report.out), "editions": editions, "engine": engine}
        files.write(config, json.dumps(given))
        arguments = [
            "--snakefile", str(PROJECT / "workflow" / "Snakefile"), "--directory", str(report.out), *place,
            "--quiet", "progress", "host", "reason", "--nolock", "--rerun-incomplete", "--keep-going",
            "--max-checksum-file-size", str(_CHECKSUM_BYTES),
            "--configfile", str(config),
            # Snakemake itself makes a lost table again only where something that hangs on it is out of date
            *(["--forcerun", "steps"] if touched else []),
        ]  # fmt: skip
        if not (report.out / ".snakemake" / "metadata").is_dir():
            arguments.append(
                "--forceall"
            )  # nothing is known of what stands there: another tool's cleaning, half a copy
        said = Path(folder) / "said"
        with said.open("w", encoding="utf-8") as errors, subprocess.Popen(
            [sys.executable, "-m", "helpers.publish.workflow", str(report.build / "engine.lock"), *arguments],
            env={**os.environ, **environment, processes.BUILD: folder, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.DEVNULL, stderr=errors,
        ) as engine:  # fmt: skip
            try:
                while engine.poll() is None:
                    jobs.tell()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        engine.wait(_LISTEN_EVERY)
                jobs.tell()
            except BaseException:
                engine.kill()
                raise
        if engine.returncode == 0:
            return
        if jobs.failures:
            raise BuildFailed(jobs.failures[0]["code"], dict.fromkeys(failure["text"] for failure in jobs.failures))
        raise MissingTool(f"Snakemake остановился: {_reason(said.read_text(encoding='utf-8', errors='replace'))}")


def _reason(said: str) -> str:
    """Why Snakemake stopped although no rule's call has left a message."""
    last = files.last_words(said)
    if ended := _ON_SLURM.findall(said):
        why = _WHY.get(ended[-1], ended[-1])
        return f"задание на кластере прервано: {why}; что просит каждое, задаёт set-resources в config.yaml профиля."
    if (rule := _RULE.search(said)) and not last.endswith("повторите команду."):
        return f"шаг {rule[1]} прерван, скорее всего не хватило памяти; закройте другие программы и повторите команду."
    return last


def _digest(digests: dict[Path, str], engine: str) -> str:
    parts = [engine, *(f"{path} {digest}" for path, digest in digests.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _made(report: Report, edition: str) -> dict[str, list[int]]:
    """Size and time of all that a build of an edition leaves: our own files, written by our own clock."""
    folders = {
        report.tables("internal"),
        report.tables(edition),
        report.build / edition / "pages",
        batch_record(report, edition, 0).parent,
        report.site(edition),
    }
    made = (path for folder in sorted(folders) for path in folder.rglob("*") if path.is_file())
    records = [record(report, edition), plan(report, edition)]
    stats = {str(path): path.stat() for path in [*made, *records] if path.is_file()}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in sorted(stats.items())}


def _drop_damaged(report: Report, editions: Collection[str], before: dict[str, list]) -> bool:
    """Remove executed pages that cannot be read, and what says that they or lost ones are done; whether a table is not as it was left.

    Where a site's files are not as they were left, its manifest goes, and the site is rendered again.
    """
    touched = False
    for edition in editions:
        left, now = before.get(edition, ["", {}])[1], _made(report, edition)
        for path in [Path(name) for name in left.keys() | now.keys() if left.get(name) != now.get(name)]:
            if path.suffix == ".ipynb" and not recorded(path):
                files.remove(path)
                files.remove(plan(report, edition))
                files.remove_folder(batch_record(report, edition, 0).parent)
        folders = {report.tables("internal"), report.tables(edition)}
        touched |= any(left[name] != now.get(name) for name in left if Path(name).parent in folders)
        site = report.site(edition)
        if left and any(left.get(name) != now.get(name) for name in left.keys() | now.keys()
                        if Path(name).is_relative_to(site)):  # fmt: skip
            files.remove(site / "manifest.json")
    return touched


def _engine(lock: str, arguments: list[str]) -> int:
    """Snakemake in a process that ends with the build, and that begins when the one of a killed build is gone."""
    processes.end_together()
    from snakemake.cli import main

    with FileLock(lock, timeout=60):
        sys.argv = ["snakemake", *arguments]
        try:
            main(arguments)
        except SystemExit as left:
            return int(left.code or 0)
        return 0


if __name__ == "__main__":
    try:
        code = _engine(sys.argv[1], sys.argv[2:])
    except processes.Stopped:
        processes.end_descendants()
        code = processes.CODE
    sys.exit(code)
