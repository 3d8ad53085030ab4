"""How quickly a dump of pupils' results becomes a table of schools, and in how much memory: `python benchmarks/pupils.py`.

Target: 20 million rows (40,000 schools, as many as the country has) take at most 1.5 times as long as the faster of
pandas with pyarrow and duckdb, and less than 1.2 GB. Every measure is the best of three runs, each in a process of its
own, imports left out; the others do no checks and must find the same numbers. duckdb is not among the project's
packages: `.venv/bin/python -m pip install duckdb`, for this only.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from helpers.intake.pupils import KEYS, school_results

ROWS, SCHOOLS, ROUNDS, CHUNK = 20_000_000, 40_000, 3, 500_000
SLOWER, GIGABYTES = 1.5, 1.2
TITLES = {
    **dict(zip(KEYS, ["КОД_ОО", "КОД_ПРЕДМЕТА", "ФОРМА", "КАТЕГОРИЯ", "ЭТАП"], strict=True)),
    "score": "ТЕСТ_БАЛЛ",
    "passed": "ПОРОГ",
}
KEY_TITLES = [TITLES[key] for key in KEYS]
CODES = [TITLES["rcoi_code"], TITLES["subject_code"]]


def make(path: Path, rows: int, encoding: str) -> None:
    """Write a dump of ЕГЭ."""
    random = np.random.default_rng(1)

    def drawn(values: list[str], chances: list[float], count: int) -> pl.Series:
        return pl.Series(values).gather(random.choice(len(values), count, p=chances))

    with path.open("wb") as file:
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            score = random.normal(60, 18, count).round().clip(0, 100).astype(int)
            school = random.integers(0, SCHOOLS, count)
            columns = [
                pl.Series(school + 10_000).cast(pl.String).str.zfill(6),
                pl.Series(random.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 18, 22], count)),
                drawn(["ЕГЭ", "ГВЭ"], [0.995, 0.005], count),
                # Those of earlier years and of colleges come under codes of their own, not under a school's.
                pl.Series(["ВТГ", "ВПЛ", "СПО"]).gather(np.searchsorted([0.95 * SCHOOLS, 0.97 * SCHOOLS], school)),
                drawn(["ОСН", "РЕЗ", "ДОП"], [0.96, 0.03, 0.01], count),
                pl.Series(score),
                pl.Series((score >= 36).astype(int)),
            ]
            table = pl.DataFrame(dict(zip(TITLES.values(), columns, strict=True)))
            file.write(table.write_csv(separator=";", include_header=start == 0).encode(encoding))


def ours(path: Path) -> pl.DataFrame:
    """What the project does."""
    return school_results(path, TITLES, "ege")


def by_pandas(path: Path) -> pl.DataFrame:
    """The same with pandas and its pyarrow reader."""
    import pandas as pd

    table = pd.read_csv(path, sep=";", engine="pyarrow", dtype=dict.fromkeys(CODES, "str"))
    table["below"], table["high"] = table[TITLES["passed"]] == 0, table[TITLES["score"]] >= 81
    sums = table.groupby(KEY_TITLES, sort=False, observed=True).agg(
        n_participants=("high", "size"), mean_score=(TITLES["score"], "mean"), sd_score=(TITLES["score"], "std"),
        n_below_min=("below", "sum"), n_high=("high", "sum"),
    )  # fmt: skip
    return pl.from_pandas(sums.reset_index(drop=True))


def by_duckdb(path: Path) -> pl.DataFrame:
    """The same with duckdb."""
    import duckdb

    types = {**dict.fromkeys(CODES, "VARCHAR"), TITLES["score"]: "DOUBLE", TITLES["passed"]: "TINYINT"}
    return duckdb.sql(
        f"""select {", ".join(KEY_TITLES)}, count(*) n_participants, avg({TITLES["score"]}) mean_score,
            stddev_samp({TITLES["score"]}) sd_score, count(*) filter ({TITLES["passed"]} = 0) n_below_min,
            count(*) filter ({TITLES["score"]} >= 81) n_high
        from read_csv('{path}', delim = ';', header = true, types = {types}) group by all"""
    ).pl()


ROADS = {"ours": ours, "pandas": by_pandas, "duckdb": by_duckdb}


def measure(road: str, path: Path) -> None:
    """Print seconds, peak memory and a digest of the results."""
    started = time.perf_counter()
    table = ROADS[road](path)
    seconds = time.perf_counter() - started
    digest = [table.height, *(int(table[name].sum()) for name in ("n_participants", "n_below_min", "n_high"))]
    digest += [round(table[name].fill_nan(None).mean(), 6) for name in ("mean_score", "sd_score")]
    # Linux counts in kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"seconds": seconds, "peak": peak, "digest": digest}))


def alone(*arguments: object) -> str:
    """Run this file in a process of its own: a process counts the memory of the one that began it as its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def compare(rows: int) -> bool:
    """Print the table; whether the target is reached."""
    found: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {encoding: Path(folder) / f"{encoding}.csv" for encoding in ("utf-8", "cp1251")}
        for encoding, path in files.items():
            alone("--make", encoding, "--rows", rows, "--file", path)
        runs = [("ours", "utf-8"), ("pandas", "utf-8"), ("duckdb", "utf-8"), ("ours", "cp1251")]
        megabytes = files["utf-8"].stat().st_size / 1e6
        for _ in range(ROUNDS):  # in turn, so that a noisy minute hits all
            for road, encoding in runs:
                run = json.loads(alone("--road", road, "--file", files[encoding]))
                best = found.setdefault(f"{road}, {encoding}", run)
                best.update(seconds=min(best["seconds"], run["seconds"]), peak=max(best["peak"], run["peak"]))
    groups = found["ours, utf-8"]["digest"][0]
    print(
        f"{rows:,} rows, {megabytes:.0f} MB in UTF-8, to {groups:,} rows; best of {ROUNDS}, highest peak of {ROUNDS}\n"
    )
    faster = min(found["pandas, utf-8"]["seconds"], found["duckdb, utf-8"]["seconds"])
    for name, run in found.items():
        ratio = run["seconds"] / faster
        print(f"{name:16} {run['seconds']:7.2f} s   {run['peak']:5.2f} GB   {ratio:5.2f} of the faster of the others")
    alike = all(run["digest"] == found["ours, utf-8"]["digest"] for run in found.values())
    quick = found["ours, utf-8"]["seconds"] <= SLOWER * faster
    small = all(run["peak"] < GIGABYTES for name, run in found.items() if name.startswith("ours"))
    print(f"\nsame numbers: {alike}; at most {SLOWER} times as long: {quick}; less than {GIGABYTES} GB: {small}")
    return alike and quick and small


def main() -> None:
    """Compare, or do one part of it as a child."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    for name in ("--make", "--road", "--file"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(Path(given.file), given.rows, given.make)
    elif given.road:
        measure(given.road, Path(given.file))
    elif importlib.util.find_spec("duckdb") is None:
        sys.exit("duckdb is needed for the comparison: .venv/bin/python -m pip install duckdb")
    else:
        sys.exit(0 if compare(given.rows) else 1)


if __name__ == "__main__":
    main()
