"""How quickly individual results of ВПР become tables of schools, and in how much memory: `python benchmarks/individual.py`.

Target: 2 million participants, as csv and as 200 workbooks of 10,000, in one pass and less than 1 GB, csv in no more time than
duckdb takes to add up the same. duckdb does no checks and must find the same numbers; it is not among the project's packages:
`.venv/bin/python -m pip install duckdb`, for this only. It reads workbooks by an extension, which may not be there.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from helpers.intake import individual
from helpers.intake.findings import Findings
from helpers.intake.layouts import layout

WORKS, DISTINCT, OF_WORK, OF_SCHOOL, ROUNDS = 200, 10, 10_000, 50, 3
MAXIMA = {
    "1": 2,
    "2": 1,
    "3": 2,
    "4": 3,
    "5": 2,
    "6": 1,
    "7": 1,
    "8": 2,
    "9.1": 1,
    "9.2": 1,
    "10": 3,
    "11К1": 2,
    "11К2": 2,
    "12": 1,
}
TASKS = [f"{label} ({most}б)" for label, most in MAXIMA.items()]
KEYS = ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант"]
JUDGED = ["Первичный балл", "Отметка", "Отметка по журналу", "Пол"]
ABOVE = [
    "Индивидуальные результаты",
    "ВПР 2026 Русский язык 4 класс",
    "Предмет: Русский язык",
    "Максимальный первичный балл: 24",
]
GIGABYTES = 1.0


def drawn(count: int, first_school: int, random: np.random.Generator) -> pl.DataFrame:
    """Rows of participants, school after school."""
    points = {title: random.integers(0, most + 1, count) for title, most in zip(TASKS, MAXIMA.values(), strict=True)}
    primary = sum(points.values())
    mark = np.digitize(primary, [8, 13, 18]) + 2
    school = first_school + np.arange(count) // OF_SCHOOL
    shown = {
        title: pl.Series(np.where((won == 0) & (random.random(count) < 0.1), "X", won.astype(str)))
        for title, won in points.items()
    }
    return pl.DataFrame({
        "ОО": pl.Series([f"edu41{number:05d}" for number in school]),
        "Муниципалитет": pl.Series([f"Район № {number % 20}" for number in school]),
        "Название ОО": pl.Series([f"СОШ № {number}(edu41{number:05d})" for number in school]),
        "Код участника": np.arange(count) % 90_000 + 10_000, "Класс": 1, "Вариант": np.arange(count) % 2 + 1, **shown,
        "Первичный балл": primary, "Отметка": mark,
        "Отметка по журналу": (mark + random.integers(-1, 2, count)).clip(2, 5),
        "Пол": pl.Series(["м", "ж"]).gather(random.integers(0, 2, count)),
    })  # fmt: skip


def make(folder: Path) -> None:
    """Write one csv file, and the workbooks: a few works over and over, since writing takes longer than reading."""
    random = np.random.default_rng(1)
    works = [drawn(OF_WORK, number * OF_WORK // OF_SCHOOL, random) for number in range(DISTINCT)]
    with (folder / "all.csv").open("w", encoding="utf-8") as file:
        width = len(KEYS) + len(TASKS) + len(JUDGED)
        file.writelines(line + ";" * (width - 1) + "\n" for line in ABOVE)
        for number in range(WORKS):
            file.write(works[number % DISTINCT].write_csv(separator=";", include_header=number == 0))
    (folder / "xlsx").mkdir()
    for number in range(WORKS):
        path = folder / "xlsx" / f"{number}.xlsx"
        if number >= DISTINCT:
            shutil.copy(folder / "xlsx" / f"{number % DISTINCT}.xlsx", path)
            continue
        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("РУ 4 Индивидуальные результаты")
            for place, row in enumerate(
                [*([line] for line in ABOVE), works[number].columns, *works[number].iter_rows()]
            ):
                sheet.write_row(place, 0, row)


def ours(files: list[Path]) -> list:
    """What the project does, files side by side as it reads them."""
    form = layout("vpr_individual", 2026)

    def read(path: Path) -> list:
        findings = Findings()
        (table,) = individual.read(path, form, findings, path.name) if individual.is_individual(path) else []
        assert not findings.fails
        number = table.frame.select(pl.col("^n_.*$").cast(pl.Int64))
        return [number["n_participants"].sum(), number["n_mark_2"].sum(), number["n_points_4"].sum(),
                number["n_score_12"].sum()]  # fmt: skip

    with ThreadPoolExecutor() as pool:
        return np.sum(list(pool.map(read, files)), axis=0).tolist()


def by_duckdb(files: list[Path]) -> list:
    """The same sums by duckdb, without a check."""
    import duckdb

    titles = [*KEYS, *TASKS, *JUDGED]
    points = [
        f"""sum(try_cast("{title}" as integer)) as "sum {title}", count("{title}") as "n {title}" """ for title in TASKS
    ]
    scores = [
        f"""count(*) filter ("Первичный балл" = {score}) as score_{score}"""
        for score in range(sum(MAXIMA.values()) + 1)
    ]
    marks = [f"""count(*) filter ("Отметка" = {mark}) as mark_{mark}""" for mark in (2, 3, 4, 5)]
    journal = [f"""count(*) filter ("Отметка" {sign} "Отметка по журналу") as journal_{place}"""
               for place, sign in enumerate("<=>")]  # fmt: skip
    types = dict.fromkeys(titles, "VARCHAR") | dict.fromkeys(JUDGED[:3], "TINYINT")
    (path,) = files
    table = duckdb.sql(
        f"""select "ОО", "Муниципалитет", "Название ОО", count(*) as n, {", ".join([*points, *scores, *marks, *journal])}
            from read_csv('{path}', delim = ';', header = true, skip = {len(ABOVE)}, columns = {types}) group by all"""
    ).pl()
    return [*(int(table[name].sum()) for name in ("n", "mark_2", "sum 4 (3б)", "score_12"))]


ROADS = {"ours": ours, "duckdb": by_duckdb}


def measure(road: str, folder: Path, kind: str) -> None:
    """Print seconds, peak memory and a digest of the results."""
    files = [folder / "all.csv"] if kind == "csv" else sorted((folder / "xlsx").glob("*.xlsx"))
    started = time.perf_counter()
    digest = ROADS[road](files)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux counts in kilobytes
    print(json.dumps({"seconds": seconds, "peak": peak, "digest": digest}))


def alone(*arguments: object) -> str:
    """Run this file in a process of its own: a process counts the memory of the one that began it as its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def compare(folder: Path) -> bool:
    """Print the table; whether the target is reached."""
    runs = [("ours", "csv"), *([("duckdb", "csv")] if importlib.util.find_spec("duckdb") else []), ("ours", "xlsx")]
    found: dict[tuple[str, str], dict] = {}
    for number in range(ROUNDS):  # in turn, so that a noisy minute hits all
        for road, kind in runs:
            if kind == "xlsx" and number:
                continue
            run = json.loads(alone("--road", road, "--kind", kind, "--folder", folder))
            best = found.setdefault((road, kind), run)
            best.update(seconds=min(best["seconds"], run["seconds"]), peak=max(best["peak"], run["peak"]))
    print(f"{WORKS * OF_WORK:,} participants; csv best of {ROUNDS}\n")
    for (road, kind), run in found.items():
        print(f"{road:8} {kind:5} {run['seconds']:7.2f} s   {run['peak']:5.2f} GB")
    alike = all(run["digest"] == found["ours", "csv"]["digest"] for run in found.values())
    small = all(run["peak"] < GIGABYTES for (road, _), run in found.items() if road == "ours")
    theirs = found.get(("duckdb", "csv"))
    ratio = found["ours", "csv"]["seconds"] / theirs["seconds"] if theirs else None
    print(f"\nsame numbers: {alike}; less than {GIGABYTES} GB: {small}; csv beside duckdb: {ratio and round(ratio, 2)}")
    return alike and small and (ratio is None or ratio <= 1)


def main() -> None:
    """Compare, or do one part of it as a child."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--make", "--road", "--kind", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(Path(given.make))
    elif given.road:
        measure(given.road, Path(given.folder), given.kind)
    else:
        with tempfile.TemporaryDirectory() as folder:
            alone("--make", folder)
            sys.exit(0 if compare(Path(folder)) else 1)


if __name__ == "__main__":
    main()
