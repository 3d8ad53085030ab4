"""How much a reader learns over the years, as a table: `make bench-disclosure` (two minutes a region; `--seeds N` for fewer).

Of each invented region yearly public editions are made, each of one more year, and after each two reissues: a school's passport
that came late, a school's results that were corrected. Each is written into the ledger as if it had been published. The attacker
of the product, which shares no code with what hides, then reads every edition with all earlier ones beside it. Told are the
secrets narrowed below three people or three schools, the numbers that two editions tell differently, and what it costs readers:
how many cells are hidden and how many blocks are kept as published. A region whose invented files intake refuses is named and
left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import yaml

from helpers import tables
from helpers.attack import attack
from helpers.demo import write_region
from helpers.disclosure import disclose, refuse_public
from helpers.disclosure.ledger import add
from helpers.model.summary import summary
from helpers.problems import BadInput
from helpers.publish.downloads import csv_bytes
from helpers.publish.execute import WarmKernel, run_notebook, warm_kernel
from helpers.publish.pages import STEPS
from helpers.report import METHOD, Report, open_report

MODEL = METHOD.with_name("kamchatka-2021.yml")
EDITIONS = 3


def region(folder: Path, seed: int, editions: int) -> Iterator[Path]:
    """Files of an invented region and a params file for each of its editions, one at a time, the last with all years."""
    write_region(seed, folder)
    params = yaml.safe_load(MODEL.read_text(encoding="utf-8"))
    years = params["years"]
    for count in range(max(len(years) - editions + 1, 1), len(years) + 1):
        kept = set(years[:count])
        notes = {year: note for year, note in params.get("year_notes", {}).items() if year in kept}
        path = folder / f"region-{years[count - 1]}.yml"
        text = yaml.safe_dump(params | {"years": years[:count], "year_notes": notes}, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        yield path
        path.unlink()


def computed(params: Path, out: Path, kernel: WarmKernel) -> Report:
    """All tables up to step 05."""
    report = open_report(str(params), str(out))
    for step in sorted(STEPS.glob("0[1-5]*.ipynb")):
        run_notebook(step, report.build / step.name, {"report": str(params), "out": str(out)}, kernel)
    return report


def without_passport(report: Report, school: str) -> dict[str, pl.DataFrame]:
    """The tables as they would be had a school's last passport not come; the conclusions of others as they are."""
    year = report.params.years[-1]
    ours = (pl.col("school_id") == school) & (pl.col("year") == year)
    names = ("context", "wellbeing_index", "outcome", "expectation")
    flags, schools = report.read("flags"), report.read("schools")
    return {name: report.read(name).filter(~ours) for name in names} | {
        "recommendations": report.read("recommendations").filter(
            (pl.col("school_id") != school) | (pl.col("rule_id").ne_missing("below"))
        ),
        "effect": report.read("effect").filter(pl.col("school_id") != school),
        "flags": flags.with_columns(
            *(pl.when(pl.col("school_id") != school).then(name).alias(name) for name in ("direction", "context_class")),
            tier=pl.when(pl.col("school_id") != school).then("tier").otherwise(pl.lit("insufficient_data")),
        ),
        "schools": schools.with_columns(
            why_excluded=pl.when(ours).then(pl.lit("no_passport")).otherwise("why_excluded"), in_model="in_model"
        ),
    }


def corrected(report: Report, school: str) -> dict[str, pl.DataFrame]:
    """The tables with three more of a school's participants low in everything."""
    low = (pl.col("share_low") + 3 / pl.col("n_participants")).clip(0, 1)
    ours = pl.col("school_id") == school
    return {"results": report.read("results").with_columns(share_low=pl.when(ours).then(low).otherwise("share_low"))}


def summed(report: Report) -> dict[str, object]:
    """The numbers of `summary.json` that the tables on disk give; at other reliabilities nothing is asked."""
    names = ("flags", "effect", "stability", "federal")
    flags, effect, stability, federal = (report.read(name) for name in names)
    at = effect.select("school_id", "prob_below", "prob_above", reliability=pl.lit(1.0)).clear()
    reliability = report.read_numbers("measures")["reliability"]["value"]
    return summary(flags, effect, at, stability, federal, report.params, reliability)


def published(report: Report, folder: Path) -> dict[str, int]:
    """Make the public edition, attack it, write it into the ledger; what came of it."""
    report.write_numbers("summary", summed(report))
    disclose(report)
    refuse_public(report)
    shown = {name: report.read(name, "public") for name in tables.seen("protected")}
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in shown.items():
        (folder / f"{name}.csv").write_bytes(csv_bytes(frame))
    started = time.monotonic()
    found = attack(report, folder)
    spent = time.monotonic() - started
    for row in found.filter("secret").head(5).iter_rows(named=True):
        print("   ", row["table"], row["cell"], row["low"], row["high"], row["path"])
    numbers = {name: report.read_numbers(name, "public") for name in tables.NUMBERS}
    add(report.ledger, report.name, report.params.years, shown, numbers)
    kept = report.read("kept_blocks")
    return {
        "secrets": found.filter(pl.col("secret") & pl.col("low").is_not_null()).height,
        "not judged": found.filter(pl.col("secret") & ~pl.col("judged")).height,
        "others": found.filter(~pl.col("secret")).height,
        "differences": found.filter(pl.col("judged") & pl.col("low").is_null()).height,
        "hidden": report.read("hidden_cells").height,
        "kept": kept.filter(pl.col("changed") > 0).height,
        "seconds": round(spent),
    }


def editions(seed: int, kernel: WarmKernel, count: int) -> list[dict[str, object]]:
    """Every edition of a region and what the attack found in it."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for params in region(Path(folder) / "files", seed, count):
            try:
                report = computed(params, Path(folder) / "out", kernel)
            except BadInput as refused:
                print(f"{seed}: intake refuses the region: {refused.problems[0]}")
                return []
            whole = {name: report.read(name) for name in tables.seen("internal") if name not in tables.HIDDEN}
            below = (
                whole["flags"].filter(direction="below")["school_id"].sort().to_list()
                or whole["flags"]["school_id"].to_list()
            )
            late = below[seed % len(below)]
            for issue, changed in (
                ("first", without_passport(report, late)),
                ("late passport", whole),
                ("corrected", corrected(report, late)),
            ):
                report.write(**whole | changed)
                rows.append(
                    {"seed": seed, "edition": report.name, "issue": issue, **published(report, Path(folder) / "site")}
                )
                print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    return rows


def main() -> None:
    """Run it and sum up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=2021)
    parser.add_argument("--editions", type=int, default=EDITIONS)
    chosen = parser.parse_args()
    with warm_kernel() as kernel:
        rows = [
            row
            for seed in range(chosen.first, chosen.first + chosen.seeds)
            for row in editions(seed, kernel, chosen.editions)
        ]
    told = pl.DataFrame(rows)
    print(told.group_by("issue", maintain_order=True).agg(pl.len(), pl.exclude("seed", "edition").sum()))
    print(f"Regions {told['seed'].n_unique()}, editions {told.height}, secrets narrowed {told['secrets'].sum()}, "
          f"not judged {told['not judged'].sum()}, numbers told differently {told['differences'].sum()}.")  # fmt: skip


if __name__ == "__main__":
    main()
