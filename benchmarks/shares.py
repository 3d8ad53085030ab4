"""What is promised and found where results are shares, below and above apart: `python benchmarks/shares.py [REGIONS]`.

Pupils pass or fail: a school's logit is a line of its context, a lasting part (SD 0.70) and a year's own (0.34), as lme4's
glmer found them of the French lycées. 300 schools, three years. An effect is what lasts of a school's share beside the
share of all schools of its context, in standard deviations of a pupil; «false» and «found» are judged at .10.
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import yaml
from scipy.special import expit

from helpers.measure import PupilSpread, outcome
from helpers.model import expectation, judged_effects, variance_components
from helpers.model.effect import coefficients_of
from helpers.params import FlagRules, ModelRules, OutcomeRules, Result
from helpers.report import METHOD

SCHOOLS, YEARS, LASTING, OWN_YEAR, SLOPE = 300, 3, 0.70, 0.34, 0.70
SIZES = {"около 170": 170, "около 30": 30}
LEVELS = {"0,97": 4.0, "0,91": 2.6, "0,54": 0.2}
PASSED = Result(procedure="exam", title="exam", measure="share", value="v", n="n")
RULES = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="benchmark"
)
METHODS = yaml.safe_load(METHOD.read_text(encoding="utf-8"))
FLAG, MODEL = FlagRules(**METHODS["flag"]), ModelRules(**METHODS["model"])
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


def mean_share(logit: np.ndarray, sd: float) -> np.ndarray:
    """Mean of the share over a normal of the logit."""
    return sum(w * expit(logit + sd * node) for node, w in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True))


def region(level: float, size: int, random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Table `results`, context (year, school_id, index, in_model) and the true effects."""
    context, lasting = random.normal(size=SCHOOLS), random.normal(0, LASTING, SCHOOLS)
    n = np.maximum(np.round(size * np.exp(random.normal(0, 0.6, SCHOOLS))), 10)
    logit = level + SLOPE * context
    shares = random.binomial(n.astype(int), expit(logit + lasting + random.normal(0, OWN_YEAR, (YEARS, SCHOOLS)))) / n
    named = [f"{place:03}" for place in range(SCHOOLS)]
    years = [
        pl.DataFrame({"year": year, "school_id": named, "procedure": "exam", "subject": PASSED.subject, "grade": "11",
                      "n_participants": n, "mean": share, "sd": np.nan, "index": 50 + 10 * context, "in_model": True})
        for year, share in enumerate(shares)
    ]  # fmt: skip
    table, mean = pl.concat(years), shares @ n / n.sum()
    beside = mean_share(logit + lasting, OWN_YEAR) - mean_share(logit, float(np.hypot(LASTING, OWN_YEAR)))
    keys = table.select("year", "school_id", "index", "in_model")
    return table.drop("index", "in_model"), keys, beside * np.mean(1 / np.sqrt(mean * (1 - mean)))


def judged(results: pl.DataFrame, context: pl.DataFrame, growing: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P below and above, whether repeated, effects and their errors, by the whole path."""
    schools = context.select("year", "school_id", "in_model", why_excluded=pl.lit(None, pl.String))
    measured = outcome(results, [PASSED], [PupilSpread("exam", PASSED.subject, "shares", None)], RULES, context)
    table, fits = expectation(measured, context.drop("in_model"), schools, MODEL)
    parts = variance_components(table, {fit["year"]: fit["tau2"] for fit in fits}, coefficients_of(fits))
    if growing:
        table = table.join(measured.select("year", "school_id", "error_growth"), on=["year", "school_id"])
    made, _ = judged_effects(table, fits, parts, 1.0, FLAG)
    years = made.select("years_below", "years_above").to_numpy().T
    return (
        made.select("prob_below", "prob_above").to_numpy().T,
        years >= FLAG.min_years,
        made.select("effect", "effect_se").to_numpy().T,
    )


def main(regions: int = 100) -> None:
    """Print the table of docs/method.md, rows as they are ready; the first pair of numbers is of errors that do not grow."""
    print("| доля всех | участников | сторона | ошибка не растёт: названо, обещано → найдено ложных, % | названо, "
          "обещано → найдено ложных, % | дальше 0,10 | из них названо | накрытие |")  # fmt: skip
    print("|---|---|---|" + "---:|" * 5)
    for title, level in LEVELS.items():
        for sizes, size in SIZES.items():
            random, sums, covered = np.random.default_rng(3), np.zeros((2, 4, 2)), 0.0
            for _ in range(regions):
                results, context, effect = region(level, size, random)
                for growing in (0, 1):
                    sure, repeated, (estimate, error) = judged(results, context, bool(growing))
                    signed, named = np.stack([-effect, effect]), (sure >= FLAG.watch) & repeated
                    beyond = signed > FLAG.delta
                    sums[growing] += np.stack([beyond, named, (1 - sure) * named, named & ~beyond]).sum(axis=2)
                covered += np.mean(np.abs(effect - estimate) <= 1.96 * error) / regions
            for side, before, now in zip(("ниже", "выше"), *np.moveaxis(sums, 2, 1), strict=True):
                row = f"| {title} | {sizes} | {side} | {told(before, regions)} | {told(now, regions)} | {now[0] / regions:.0f} "
                row += f"| {100 * (now[1] - now[3]) / now[0]:.0f} % | {covered:.3f} |"
                print(row.replace(".", ","), flush=True)


def told(sums: np.ndarray, regions: int) -> str:
    """How many are named a region, what is promised of them and found."""
    _, named, promised, false = sums
    return f"{named / regions:.1f}: {100 * promised / named:.1f} → {100 * false / named:.1f}" if named else "0"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
