"""Progress of the same pupils, promised against found: `python benchmarks/progress.py [REGIONS]`.

Regions are drawn here by code of their own, cohort by cohort; their tables of results go the whole way of a report, from pairs of
results to conclusions. 100 schools, four springs of ВПР; every cohort has a level of its own (the school's .32, its own .12),
of which .85 is kept a grade later, and what the school adds. Pupils' variance within schools .75, alike by .5 in two years.
«False»: what the school adds is not beyond .10 on the named side. Found and PPV: beyond .25.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import polars as pl
from promise import percent, three, two

from helpers.measure import PupilSpread, cohort_covariances, cohort_means, cohort_pairs, standardised
from helpers.model import cohort_progress, progress
from helpers.params import FlagRules, ModelRules, OutcomeRules, ProgressRules, Result, SmallNRules

YEARS = (2018, 2019, 2020, 2021)
SCHOOL, COHORT, KEPT, VARIANCE = 0.32, 0.12, 0.85, 0.75
TRUTH = 0.25
OUTCOME = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="benchmark"
)
RULES = ProgressRules(least_coverage=0.75, most_years=2, source="benchmark")
FLAG = FlagRules(delta=0.10, persistent=0.90, watch=0.85, min_years=2, min_spec_share=0, source="benchmark")
SMALL_N = SmallNRules(model_fit=10, flag_each_year=10, pooled=20, source="benchmark")
MODEL = ModelRules(years_pooled=3, min_schools=10, source="benchmark")


@dataclass(frozen=True)
class World:
    """A world and what the analyst believes of it."""

    title: str
    added: float = 0.17  # standard deviation of what schools add
    schools: int = 100
    years: int = 4
    of_year: float = 0.012  # variance of what a year does to a school
    told: float | None = None  # as believed; None: the true one
    alike: float = 0.5  # a pupil's results in two years
    changed: float = 0.0  # share of pupils who are others a year later, as many as before
    last_grade: int = 5  # from the fourth: with more than two grades what is added adds up


WORLDS = [
    World("модель верна"),
    World("прибавляют мало, 0,08", added=0.08),
    World("никто не прибавляет", added=0.0),
    World("никто, и годы ничего не меняют", added=0.0, of_year=0.0),
    World("два весенних среза", years=2),
    World("три весенних среза", years=3),
    World("30 школ", schools=30),
    World("дисперсия года принята вдвое большей", told=0.024),
    World("дисперсия года принята за 0", told=0.0),
    World("ученик похож на себя на 0,7", alike=0.7),
    World("ученик похож на себя на 0,3", alike=0.3),
    World("четверть учеников сменилась", changed=0.25),
    World("4–8 классы, прибавка 0,05 копится", added=0.05, last_grade=8),
    World("4–8 классы, прибавка 0,17 копится", last_grade=8),
]


def drawn(world: World, random: np.random.Generator) -> tuple[pl.DataFrame, np.ndarray]:
    """Table `results` of a region, and what each school adds."""
    schools, years = world.schools, YEARS[-world.years :]
    place = np.arange(schools) / schools
    n = np.where(
        place < 0.23,
        random.integers(3, 12, schools),
        np.where(place < 0.5, random.integers(14, 40, schools), random.integers(40, 110, schools)),
    ).astype(float)
    added, school = random.normal(0, world.added, schools), random.normal(0, SCHOOL, schools)
    shock = {year: random.normal(0, np.sqrt(world.of_year), schools) for year in years}
    ids, rows = [f"{at:03}" for at in range(schools)], []
    for first in range(years[0] - world.last_grade + 4, years[-1] + 1):
        level = school + random.normal(0, COHORT, schools)
        lasting = random.normal(size=schools)
        for grade in range(4, world.last_grade + 1):
            year = first + grade - 4
            seen = np.sqrt(world.alike) * lasting + np.sqrt(1 - world.alike) * random.normal(size=schools)
            if year in shock:
                mean = level + shock[year] + seen * np.sqrt(VARIANCE / n)
                rows.append(pl.DataFrame({"school_id": ids, "n_participants": n, "mean": mean}).with_columns(
                    year=pl.lit(year, pl.Int64), grade=pl.lit(str(grade))))  # fmt: skip
            level = KEPT * level + added
            stay = 1 - world.changed
            lasting = stay * lasting + np.sqrt(1 - stay**2) * random.normal(size=schools)
    named = {"procedure": "VPR", "subject": "rus"}
    table = pl.concat(rows).with_columns(**{name: pl.lit(value) for name, value in named.items()})
    return table.with_columns(sd=pl.lit(None, pl.Float64), set_aside=pl.lit(None, pl.String)), added


def judged(world: World, results: pl.DataFrame) -> pl.DataFrame:
    """Table `progress` as a report makes it, in the order of the schools."""
    described = [Result(procedure="VPR", subject="rus", title="ВПР", measure="mean", value="mean", n="n")]
    rows = standardised(results, described, [PupilSpread("VPR", "rus", "pupil_sd", VARIANCE)], OUTCOME)
    everyone = results.select("year", "school_id").unique().with_columns(why_excluded=pl.lit(None, pl.String))
    index = everyone.select("year", "school_id", index=pl.lit(50.0), context_class=pl.lit("middle"))
    pairs = cohort_pairs(rows, results, everyone, RULES)
    placed, lines = cohort_progress(cohort_means(pairs, OUTCOME), everyone, index, list(YEARS), 10, MODEL)
    of_year = world.of_year if world.told is None else world.told
    unit = rows.select((pl.col("n_participants") * pl.col("se") ** 2).median() / VARIANCE).item()  # pupil SDs squared
    told = (placed, cohort_covariances(pairs, OUTCOME), lines, everyone, of_year * unit)
    back = unit**-0.5
    made = progress(*told, FLAG.model_copy(update={"delta": FLAG.delta * unit**0.5}), SMALL_N).sort("school_id")
    return made.with_columns(pl.col("effect", "effect_se") * back)


def tried(world: World, regions: int, seed: int = 11) -> dict[str, float]:
    """What is named over so many regions, against what is so."""
    random = np.random.default_rng(seed)
    sums = np.zeros(8)
    for _ in range(regions):
        results, added = drawn(world, random)
        made = judged(world, results)
        below, above, effect, se = (
            made[name].to_numpy() for name in ("prob_below", "prob_above", "effect", "effect_se")
        )
        named = made["direction"].is_in(["below", "above"]).fill_null(False).to_numpy()
        signed = np.where(above > below, added, -added)
        sums += (
            named.sum(), (1 - np.maximum(below, above))[named].sum(), (named & (signed <= FLAG.delta)).sum(),
            (named & (signed > TRUTH)).sum(), (np.abs(added) > TRUTH).sum(), (named & (signed < 0)).sum(),
            (np.abs(added - effect) <= 1.96 * se).sum(), len(added),
        )  # fmt: skip
    count, promised, false, right, far, wrong, covered, schools = sums
    of = (lambda part: part / count) if count else (lambda part: float("nan"))
    return {
        "named": count / regions, "promised": of(promised), "false": of(false), "ppv": of(right),
        "found": right / far if far else float("nan"), "coverage": covered / schools, "wrong": of(wrong),
    }  # fmt: skip


def main(regions: int = 200) -> None:
    """Print the table of docs/method.md, rows as they are ready."""
    print("| мир | названо | обещано → найдено ложных, % | верно | найдено | накрытие | не в ту сторону, % |")
    print("|---|" + "---:|" * 6)
    for world in WORLDS:
        row = tried(world, regions * max(1, round(100 / world.schools)))
        print(
            f"| {world.title} | {two(row['named'])} | {percent(row['promised'])} → {percent(row['false'])} | {two(row['ppv'])} "
            f"| {two(row['found'])} | {three(row['coverage'])} | {percent(row['wrong'])} |",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
