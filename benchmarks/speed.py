"""How quick the work is, as ratios in one run: `make bench`.

Targets, on two cores, set-up left out: a card in a warm kernel at least 10 times faster than by a papermill
call of its own; the whole default report at most 120 s cold, 2 s unchanged, 8 s with one page edited; the model
on 40,000 schools and three years at most 2 s.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import papermill
import polars as pl

from helpers.model import expectation, flags, judged_effects, variance_components
from helpers.model.effect import coefficients_of
from helpers.publish import quarto
from helpers.publish.execute import run_notebook, warm_kernel
from helpers.publish.pages import PAGES, targets
from helpers.report import PROJECT, open_report

REPORT = "california-2000"
ENGINE = "quarto" if quarto.find() else "pandoc"
YEARS = [2022, 2023, 2024]


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def line(what: str, measured: float, target: float) -> None:
    """Print a measure beside its target."""
    print(f"{what:62} {measured:8.2f} s   {measured / target:5.2f} of the target {target:g} s", flush=True)


def build(root: Path, out: Path) -> float:
    """Seconds of one `report build` by the code of the project copied to `root`."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    command = [sys.executable, "-m", "helpers.cli", "build", REPORT, "--out", str(out), "--engine", ENGINE]
    return seconds(lambda: subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL))


def report(folder: Path) -> Path:
    """The whole default report; where its tables lie."""
    root, out = folder / "project", folder / "out"
    parts = shutil.ignore_patterns(".*", "_build", "_site*", "processed", "__pycache__", "*.egg-info", "tests")
    shutil.copytree(PROJECT, root, ignore=parts)
    line(f"whole report, cold ({ENGINE})", build(root, out), 120)
    pages = sum(1 for _ in (out / "_site" / REPORT).rglob("*.html"))
    line(f"the same {pages} pages, unchanged", min(build(root, out) for _ in range(3)), 2)
    page = root / "notebooks" / "pages" / "results.ipynb"
    page.write_text(page.read_text(encoding="utf-8").replace("## Процедуры", "## Какие процедуры"), encoding="utf-8")
    line("one page edited", build(root, out), 8)
    return out


def cards(out: Path) -> None:
    """Cards in a warm kernel against one papermill call for each, which starts a kernel of its own."""
    this = open_report(REPORT, str(out))
    given = {"report": REPORT, "out": str(out), "edition": "public"}
    goals = targets("school", this, "public")
    source, made = PAGES / "school.ipynb", out / "card.ipynb"

    def alone(own: dict) -> None:
        papermill.execute_notebook(
            str(source), str(made), given | own, kernel_name="python3", cwd=str(PAGES), progress_bar=False
        )

    def together() -> None:
        with warm_kernel() as kernel:
            for goal in goals:
                run_notebook(source, made, given | goal.parameters, kernel)

    cold = seconds(lambda: [alone(goal.parameters) for goal in goals[:5]]) / 5
    warm = seconds(together) / len(goals)
    print(
        f"{f'a card of {len(goals)}, the kernel started once':62} {warm:8.3f} s   {cold / warm:5.1f} times faster than a "
        f"papermill call of its own ({cold:.2f} s); target 10"
    )


def model() -> None:
    """Index to flags for 40,000 schools of three years."""
    chance, schools = np.random.default_rng(1), 40_000
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
    index = keys.with_columns(index=pl.Series(np.tile(context, 3)), context_class=pl.Series(np.tile(classes, 3)))
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
    line("model, 40,000 schools × 3 years", min(seconds(fit) for _ in range(3)), 2)


if __name__ == "__main__":
    model()
    with tempfile.TemporaryDirectory() as folder:
        cards(report(Path(folder)))
