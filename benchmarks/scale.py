"""How a build grows with the number of schools: `python benchmarks/scale.py 100 1000 4000`.

Schools are those of the Californian file, drawn again and again under new codes and names, each time in counties of its own;
every one gets a card. Built is the internal edition, cold and once more unchanged.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import psutil
import yaml

from helpers.report import PROJECT

SOURCE = "california-2000"
HEADER = (
    "| schools | cold, s | steps | pages | site | processor, s | memory, MB | pages made | disk, MB | unchanged, s |"
)


def drawn_report(folder: Path, count: int) -> Path:
    """Write a report on this many schools; its params file."""
    params = yaml.safe_load((PROJECT / "params" / f"{SOURCE}.yml").read_text(encoding="utf-8"))
    name = params["data"]["school_table"]["file"]
    with (PROJECT / "data" / "raw" / SOURCE / name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    code, title, number, county = (header.index(column) for column in ("cds", "name", "cnum", "cname"))
    chance, drawn = random.Random(1), []
    for again in range(-(-count // len(rows))):
        for place, row in enumerate(chance.sample(rows, min(len(rows), count - len(drawn)))):
            own = {code: f"{again:03d}{place:07d}", title: f"{row[title]} {again + 1}",
                   number: f"{again:03d}{int(row[number]):03d}", county: f"{row[county]} {again + 1}"}  # fmt: skip
            drawn.append([own.get(column, cell) for column, cell in enumerate(row)])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *drawn])
    params["pages"] = {"cards": count}
    path = folder / f"schools-{count}.yml"
    path.write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    return path


class Watch:
    """A command, its descendants' memory and processor time, and what it told."""

    def __init__(self, command: list[str]) -> None:
        self.memory, self._spent = 0, defaultdict(float)
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
            watching = threading.Thread(target=self._watch, args=(psutil.Process(process.pid),), daemon=True)
            watching.start()
            self.events = [json.loads(line) for line in process.stdout]
        self.seconds, self.processor = time.perf_counter() - started, sum(self._spent.values())
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")

    def _watch(self, process: psutil.Process) -> None:
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            memory = 0
            try:
                for one in [process, *process.children(recursive=True)]:
                    memory += one.memory_info().rss
                    spent = one.cpu_times()
                    self._spent[one.pid] = spent.user + spent.system
            except psutil.Error:
                continue
            self.memory = max(self.memory, memory)
            time.sleep(0.3)

    def stage(self, name: str) -> float:
        """Seconds that what has finished of a stage took, in all jobs together."""
        return sum(one["seconds"] for one in self.events if one["event"] == "finished" and one.get("stage") == name)


def measure(folder: Path, count: int) -> None:
    """Build and print a row of the table."""
    params, out = drawn_report(folder / "report", count), folder / "out"
    command = [sys.executable, "-m", "helpers.cli", "build", str(params), "--edition", "internal", "--engine", "pandoc",
               "--out", str(out), "--json"]  # fmt: skip
    cold, again = Watch(command), Watch(command)
    files = [path for path in out.rglob("*") if path.is_file()]
    pages = sum(path.suffix == ".html" for path in (out / "_site-internal").rglob("*.html"))
    disk = sum(path.stat().st_size for path in files) / 2**20
    stages = " | ".join(f"{cold.stage(name):.0f}" for name in ("steps", "pages", "site"))
    print(f"| {count:,} | {cold.seconds:.0f} | {stages} | {cold.processor:.0f} | {cold.memory / 2**20:.0f} | {pages:,} | {disk:,.0f} "
          f"| {again.seconds:.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    print(HEADER, "|" + " --- |" * (HEADER.count("|") - 1), sep="\n")
    for count in map(int, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), count)
