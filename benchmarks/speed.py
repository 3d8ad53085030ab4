"""How quick the work is: every target beside what is measured, on an idle machine of two cores (`make bench`).

The report is the demonstration. Beside the seconds stand those of the processor, of all processes together: where they are far
apart, the machine was busy with something else. `python benchmarks/speed.py card loop` measures these alone.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import papermill
import polars as pl

from helpers.model import expectation, flags, judged_effects, stability, variance_components
from helpers.model.effect import coefficients_of
from helpers.model.stability import assumed_reliabilities, form_of
from helpers.publish import quarto
from helpers.publish.execute import run_notebook, warm_kernel
from helpers.publish.pages import PAGES, targets
from helpers.report import PROJECT, open_report

REPORT = "kamchatka-2021"
YEARS = [2022, 2023, 2024]
SCHOOLS = 40_000
PAGE = "results"


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spent() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    return sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def line(what: str, work: Callable[[], object], target: float, note: str = "") -> float:
    """Do the work, print its seconds beside the target; them."""
    before = spent()
    measured = seconds(work)
    verdict = "met" if measured <= target else "MISSED"
    print(
        f"{what:58} {measured:7.2f} s (processor {spent() - before:6.2f} s)  target {target:5g} s  {verdict}  {note}",
        flush=True,
    )
    return measured


class Copy:
    """A copy of the project, whose notebooks are edited, and where its sites go."""

    def __init__(self, folder: Path) -> None:
        self.root, self.out = folder / "project", folder / "out"
        parts = shutil.ignore_patterns(".*", "_build", "_site*", "processed", "__pycache__", "*.egg-info", "tests")
        shutil.copytree(PROJECT, self.root, ignore=parts)
        self.page = self.root / "notebooks" / "pages" / f"{PAGE}.ipynb"

    def start(self, *arguments: str, **more: object) -> subprocess.Popen:
        """Start the command, by the code of the copy."""
        environment = {**os.environ, "PYTHONPATH": str(self.root / "src"), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "helpers.cli", *arguments, "--out", str(self.out)],
            cwd=self.root, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8", **more,
        )  # fmt: skip

    def build(self, edition: str, engine: str) -> None:
        """Build; a failure ends the benchmark."""
        process = self.start("build", REPORT, "--edition", edition, "--engine", engine)
        said, _ = process.communicate()
        if process.returncode:
            raise SystemExit(said)

    def edit(self, heading: str) -> None:
        """Save the page with another heading."""
        text = self.page.read_text(encoding="utf-8")
        self.page.write_text(re.sub(r'"## [^\\"{]+', f'"## {heading} ', text, count=1), encoding="utf-8")


def loop(copy: Copy) -> None:
    """The analyst's loop: a save that is seen in the browser, builds after it."""
    copy.build("public", "pandoc")
    line("unchanged, one edition", lambda: copy.build("public", "pandoc"), 1)
    copy.edit("Какие процедуры")
    line("one page edited", lambda: copy.build("public", "pandoc"), 4)
    preview = copy.start("preview", REPORT, "--watch", "--port", "0")
    try:
        said = ""
        while "Слежу" not in said:
            said += preview.stdout.readline()
        address = re.search(r"http://localhost:\d+", said)[0]

        def saved(heading: str) -> None:
            copy.edit(heading)
            while heading not in urllib.request.urlopen(f"{address}/{PAGE}.html").read().decode():
                time.sleep(0.02)

        saved("Первая запись")
        line("a save to the browser", lambda: saved("Вторая запись"), 1.5, peer(copy))
    finally:
        preview.terminate()
        preview.wait()


def peer(copy: Copy) -> str:
    """What Quarto's own preview does at a save: the same notebook run and rendered."""
    if not quarto.find():
        return "no quarto to compare with"
    environment = {**os.environ, "PYTHONPATH": str(copy.root / "src"), "QUARTO_PYTHON": sys.executable}
    with tempfile.TemporaryDirectory() as folder:
        notebook = shutil.copy2(copy.page, folder)
        text = Path(notebook).read_text(encoding="utf-8").replace('out = \\"\\"', f'out = \\"{copy.out}\\"')
        Path(notebook).write_text(text.replace('edition = \\"internal\\"', 'edition = \\"public\\"'), encoding="utf-8")
        command = [quarto.find(), "render", notebook, "--to", "html", "--execute"]
        done: list[subprocess.CompletedProcess] = []
        taken = seconds(lambda: done.append(subprocess.run(command, env=environment, capture_output=True, check=False)))
    return (
        f"quarto renders the notebook in {taken:.1f} s" if done[0].returncode == 0 else "quarto fails on the notebook"
    )


def cold(copy: Copy) -> None:
    """Both editions of the demonstration, from nothing."""
    for engine, target in {"pandoc": 60, **({"quarto": 90} if quarto.find() else {})}.items():
        shutil.rmtree(copy.out, ignore_errors=True)
        line(f"both editions, cold ({engine})", lambda engine=engine: copy.build("all", engine), target)


def card(copy: Copy) -> None:
    """Cards in a warm kernel against one papermill call for each, which starts a kernel of its own."""
    if not (copy.out / "_site-internal").is_dir():
        copy.build("internal", "pandoc")
    this = open_report(REPORT, str(copy.out))
    given = {"report": REPORT, "out": str(copy.out), "edition": "internal"}
    goals = targets("school", this, "internal")
    source, made = PAGES / "school.ipynb", copy.out / "card.ipynb"

    def alone(own: dict) -> None:
        papermill.execute_notebook(
            str(source), str(made), given | own, kernel_name="python3", cwd=str(PAGES), progress_bar=False
        )

    with warm_kernel() as kernel:
        run_notebook(source, made, given | goals[0].parameters, kernel)
        warm = seconds(lambda: [run_notebook(source, made, given | goal.parameters, kernel) for goal in goals]) / len(
            goals
        )
    apart = seconds(lambda: [alone(goal.parameters) for goal in goals[:3]]) / 3
    met = "met" if warm <= 0.1 and apart >= 25 * warm else "MISSED"
    print(f"{f'a card of {len(goals)}, beyond rendering':58} {warm:7.3f} s, {apart / warm:.0f} × papermill ({apart:.2f} s)"
          f"  target 0.1 s, 25 ×  {met}", flush=True)  # fmt: skip


def specifications(copy: Copy) -> None:
    """All specifications on the demonstration's schools, repeated until they are 40,000, three years; in a process of its own."""
    if not (copy.out / "_site-internal").is_dir():
        copy.build("internal", "pandoc")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        count, schools, taken, memory = pool.apply(_specified, (str(copy.out),))
    met = "met" if taken <= 60 and memory <= 1000 else "MISSED"
    print(f"{f'{count} specifications, {schools:,} schools × 3 years':58} {taken:7.1f} s, {memory:.0f} MB"
          f"  target 60 s, 1000 MB  {met}", flush=True)  # fmt: skip


def _specified(out: str) -> tuple[int, int, float, float]:
    """Number of specifications, of schools, seconds, memory in MB at most."""
    this = open_report(REPORT, out)
    params, years, numbers = this.params, this.params.years[-3:], this.read_numbers("model")
    own = this.read("schools").filter(pl.col("year").is_in(years))
    times = -(-SCHOOLS // own["school_id"].n_unique())
    chance = np.random.default_rng(1)

    def repeated(name: str) -> pl.DataFrame:
        whole = this.read(name).filter(pl.col("year").is_in(years))
        parts = [whole.with_columns(pl.format("{}-{}", "school_id", pl.lit(again))) for again in range(times)]
        many = pl.concat(parts)
        if "outcome" in many.columns:
            noise = pl.Series(chance.normal(0, 0.1, many.height))
            many = many.with_columns(pl.col("outcome") + noise)
        return many

    outcomes, indices, schools, shared = map(
        repeated, ("outcome_variants", "index_variants", "schools", "shared_errors")
    )
    assumed = assumed_reliabilities(numbers, years, params.specifications)
    found = []
    given = (years, params.specifications, assumed, params.flag, params.small_n, form_of(numbers["years"]), shared)
    taken = seconds(lambda: found.append(stability(outcomes, indices, schools, *given)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found[0][0].height, outcomes["school_id"].n_unique(), taken, memory


def model() -> None:
    """Index to flags for 40,000 schools of three years."""
    chance, schools = np.random.default_rng(1), SCHOOLS
    ids = [f"{place:06d}" for place in range(schools)]
    context, lasting = chance.normal(50, 10, schools), chance.normal(0, 0.2, schools)
    n = chance.integers(10, 200, schools).astype(float)
    outcome = pl.concat(
        pl.DataFrame(
            {
                "year": year, "school_id": ids, "outcome_se": n**-0.5, "n_participants": n,
                "outcome": 0.03 * (context - 50) + lasting + chance.normal(0, 0.1, schools) + chance.normal(0, n**-0.5),
            }
        )
        for year in YEARS
    )  # fmt: skip
    classes = np.select([context < 46, context >= 54], ["disadvantaged", "advantaged"], "middle")
    keys = outcome.select("year", "school_id")
    index = keys.with_columns(
        index=pl.Series(np.tile(context, 3)), context_class=pl.Series(np.tile(classes, 3)), class_prob=1.0
    )
    placed = keys.with_columns(in_model=True, why_excluded=pl.lit(None, pl.String))
    params = open_report(REPORT).params

    def fit() -> None:
        table, models = expectation(outcome, index, placed, params.model)
        components = variance_components(table, {fit["year"]: fit["tau2"] for fit in models}, coefficients_of(models))
        effect, _ = judged_effects(table, models, components, 0.9, params.flag)
        stable = effect.select("school_id", share_below=1.0, share_above=1.0)
        nobody = effect.select("school_id", federal_low=False)
        flags(effect, placed, outcome, index, stable, nobody, YEARS, params.flag, params.small_n)

    fit()
    line("model, 40,000 schools × 3 years", fit, 2)


ROOMS = {"loop": loop, "cold": cold, "card": card, "specifications": specifications, "model": lambda copy: model()}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        place = Copy(Path(folder))
        for name in sys.argv[1:] or ROOMS:
            ROOMS[name](place)
