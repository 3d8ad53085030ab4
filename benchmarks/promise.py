"""What the report promises of its named schools against what is found: `python benchmarks/promise.py [RUNS]`.

Regions are drawn here by code of their own; only the estimator is the project's, called on arrays. 100 schools, three
years; lasting variance .028, a year's own .012, slope .30 a standard deviation of the true context, errors .75/n.
«False»: the effect is not beyond .10 on the named side. PPV and sensitivity: beyond .25. The oracle knows every parameter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import norm, t

from helpers.measure import PupilSpread, outcome, shared_errors, standardised
from helpers.model import index_error_variance, lasting_effects, meta_regression, split_variance
from helpers.model.effect import by_year, pool, shared_by_year
from helpers.model.expectation import bends, design
from helpers.params import OutcomeRules, Result

OWN, YEAR, SLOPE, ERROR, YEARS = 0.028, 0.012, 0.30, 0.75, 3
DELTA, TRUTH, WATCH, LEAST = 0.10, 0.25, 0.85, 10
GRID = np.linspace(-2.5, 2.5, 1001)


@dataclass(frozen=True)
class Scenario:
    """A world and what the analyst believes of it."""

    title: str
    schools: int = 100
    reliability: float = 1.0  # of the index
    anew: bool = False  # its error is another one each year
    overlap: float = 0.0  # correlation of neighbouring years' errors
    own: float = OWN
    tails: str = "normal"  # or t3, outliers
    curved: float = 0.0
    stated: float = 1.0  # the variance of errors that is believed, in true ones
    believed: float | None = None  # reliability that is believed; None: the true one
    overlap_known: bool = True
    cohorts: float | None = None  # ВПР of grades 4–8, pupil by pupil: correlation of a pupil's results in two years


SCENARIOS = [
    Scenario("модель верна"),
    Scenario("λ 0,9", reliability=0.9),
    Scenario("λ 0,8", reliability=0.8),
    Scenario("λ 0,65", reliability=0.65),
    Scenario("λ 0,8, ошибка каждый год новая", reliability=0.8, anew=True),
    Scenario("λ 0,65, ошибка каждый год новая", reliability=0.65, anew=True),
    Scenario("общие ученики, ρ 0,5", overlap=0.5),
    Scenario("хвосты t₃", tails="t3"),
    Scenario("изогнутая связь", curved=0.1),
    Scenario("изогнутая вдвое слабее", curved=0.05),
    Scenario("изогнутая связь, 30 школ", curved=0.1, schools=30),
    Scenario("ошибки занижены: дисперсия × 0,7", stated=0.7),
    Scenario("ошибки завышены: дисперсия × 1,4", stated=1.4),
    Scenario("школы почти не различаются, τ_a = 0,03", own=0.001),
    Scenario("30 школ", schools=30),
    Scenario("12 школ", schools=12),
    Scenario("3 далёкие школы", tails="outliers"),
    Scenario("λ 0,8 и ρ 0,5", reliability=0.8, overlap=0.5),
    Scenario("λ 0,9, принято 1,0", reliability=0.9, believed=1.0),
    Scenario("λ 0,9, принято 0,8", reliability=0.9, believed=0.8),
    Scenario("λ 0,8, принято 0,9", reliability=0.8, believed=0.9),
    Scenario("λ 0,8, принято 0,7", reliability=0.8, believed=0.7),
    Scenario("ρ 0,5, не учтено", overlap=0.5, overlap_known=False),
    Scenario("ВПР 4–8 классов", cohorts=0.5),
    Scenario("ВПР 4–8 классов, ученик похож на себя на 0,7", cohorts=0.7),
    Scenario("ВПР 4–8 классов, не учтено", cohorts=0.5, overlap_known=False),
]


@dataclass(frozen=True)
class Region:
    """Arrays (years, schools), but `effect` (schools,), the truth; `shared` (years, years, schools), the true covariances of
    the errors, and `told`, what the report makes of them.
    """

    y: np.ndarray
    v: np.ndarray
    n: np.ndarray
    index: np.ndarray
    effect: np.ndarray
    shared: np.ndarray
    told: np.ndarray | None


def drawn(world: Scenario, random: np.random.Generator) -> Region:
    """One region of the scenario: a quarter of the schools very small, a quarter small."""
    schools = world.schools
    place = np.arange(schools) / schools
    n = np.where(
        place < 0.23,
        random.integers(3, 12, schools),
        np.where(place < 0.5, random.integers(14, 40, schools), random.integers(40, 110, schools)),
    )
    n = np.tile(n.astype(float), (YEARS, 1))
    context = random.normal(size=schools)
    if world.tails == "t3":
        effect = random.standard_t(3, schools) * np.sqrt(world.own / 3)
    else:
        effect = random.normal(0, np.sqrt(world.own), schools)
    if world.tails == "outliers":
        effect[random.choice(schools, 3, replace=False)] = random.choice([-1.0, 1.0], 3)
    error = random.normal(size=(YEARS, schools))
    for year in range(1, YEARS):
        error[year] = world.overlap * error[year - 1] + np.sqrt(1 - world.overlap**2) * error[year]
    expected = SLOPE * context + world.curved * (context**2 - 1)
    true = expected + effect + random.normal(0, np.sqrt(YEAR), (YEARS, schools))
    y, v = true + error * np.sqrt(ERROR / n), ERROR / n * world.stated
    apart = np.abs(np.subtract.outer(np.arange(YEARS), np.arange(YEARS)))
    shared = (world.overlap**apart)[:, :, None] * np.sqrt(ERROR / n)[:, None] * np.sqrt(ERROR / n)[None, :]
    told = shared * world.stated if world.overlap else None
    if world.cohorts is not None:
        y, v, shared, told = of_cohorts(true, n, world.cohorts, random)
    noise = np.sqrt((1 - world.reliability) / world.reliability)
    wrong = random.normal(size=(YEARS, schools) if world.anew else (1, schools)) * noise
    index = np.broadcast_to(context + wrong, (YEARS, schools)).copy()
    return Region(y, v, n, index, effect, shared, told if world.overlap_known else None)


GRADES = 5
ASSUMED = OutcomeRules(
    same_cohort_correlation=0.6, next_year_correlation=0.5, procedure_weights={}, min_results=1, source="benchmark"
)


def of_cohorts(
    true: np.ndarray, n: np.ndarray, alike: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Results of grades 4–8 put together by the project from tables of results: y, v, true and told covariances.

    A pupil's result is that of the school and a deviation of variance 0.75; of `n` pupils a fifth, but two at least, sit
    in each grade, all of them again in the next grade a year later; their deviations correlate by `alike`.
    """
    years, schools = true.shape
    each = np.maximum(np.round(n[0] / GRADES), 2)
    cohorts = GRADES + years - 1
    lasting = random.normal(size=(cohorts, schools)) * np.sqrt(alike)
    rows, ids = [], np.array([f"{place:03}" for place in range(schools)])
    for year in range(years):
        for grade in range(GRADES):
            deviation = lasting[grade - year + years - 1] + random.normal(size=schools) * np.sqrt(1 - alike)
            mean = true[year] + deviation * np.sqrt(ERROR / each)
            rows.append(
                pl.DataFrame({"year": year, "school_id": ids, "procedure": "VPR", "subject": "rus", "grade": str(4 + grade),
                              "n_participants": each, "mean": mean, "sd": None}, schema_overrides={"sd": pl.Float64})
            )  # fmt: skip
    described = [Result(procedure="VPR", subject="rus", title="ВПР", measure="mean", value="mean", n="n")]
    given = (pl.concat(rows), described, [PupilSpread("VPR", "rus", "pupil_sd", ERROR)], ASSUMED)
    table, named = outcome(*given), pl.Series(ids)
    y, se = (by_year(table, name, range(years), named) for name in ("outcome", "outcome_se"))
    told = shared_by_year(shared_errors(standardised(*given), ASSUMED), range(years), named)
    unit = float(
        np.median(np.sqrt(ERROR / (GRADES * each)) / se)
    )  # pupil SDs of the report, in which truth is not told
    # of five grades four sit again a year later, three two years later
    apart = np.abs(np.subtract.outer(np.arange(years), np.arange(years)))
    met = np.where(apart == 0, 1.0, alike * (GRADES - apart) / GRADES)
    return y * unit, (se * unit) ** 2, met[:, :, None] * (ERROR / (GRADES * each)), told * unit**2


def of_report(region: Region, world: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """P below, P above, residuals, estimates and their errors by the project's estimator."""
    return _estimated(region, world, plain=False)


def of_plug_in(region: Region, world: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same by the estimator before: a perfect index, a straight line, independent errors, variances as if known."""
    return _estimated(region, world, plain=True)


def _estimated(
    region: Region, world: Scenario, plain: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    fitted = region.n >= LEAST
    residual, line_se, slopes, tau2 = np.empty_like(region.y), np.empty_like(region.y), [], []
    index = 50 + 10 * region.index  # as the report has it
    bent = not plain and bends(
        [(region.y[t, there], region.v[t, there], index[t, there]) for t, there in enumerate(fitted)]
    )
    for year in range(YEARS):
        there = fitted[year]
        X = design(index[year], there, bent)
        fit = meta_regression(region.y[year, there], region.v[year, there], X[there])
        residual[year], line_se[year] = region.y[year] - X @ fit.beta, np.sqrt(fit.expected_variance(X))
        slopes.append(fit.beta[1])
        tau2.append(fit.tau2)
    if plain:
        made = pool(residual, region.v, line_se, split_variance(residual, region.v, tau2, fitted))
    else:
        believed = world.reliability if world.believed is None else world.believed
        spread = float(np.var(index[fitted], ddof=1))
        error = index_error_variance(slopes, spread, believed)
        made = lasting_effects(residual, region.v, line_se, fitted, error, region.told, 3 if bent else 2)
    return made.prob_below(-DELTA), 1 - made.prob_below(DELTA), residual, made.effect, made.effect_se


def of_oracle(region: Region, world: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same by one who knows every parameter; effects on a grid, so that any distribution of them will do."""
    lam = world.reliability
    known = region.index.mean(axis=0) if world.anew else region.index[0]
    if world.anew:
        lam = YEARS * lam / (1 + (YEARS - 1) * lam)
    given, left = lam * known, 1 - lam
    residual = region.y - SLOPE * given - world.curved * (given**2 + left - 1)
    covariance = region.shared + YEAR * np.eye(YEARS)[:, :, None]
    solved = np.linalg.inv(np.moveaxis(covariance, -1, 0))
    precision = solved.sum(axis=(1, 2))
    mean = np.einsum("jst,tj->j", solved, residual) / precision
    prior = norm.pdf(GRID, scale=np.sqrt(max(world.own, 1e-4)))
    if world.tails == "t3":
        prior = t.pdf(GRID / np.sqrt(world.own / 3), 3)
    if world.tails == "outliers":
        prior = prior / prior.sum() * (1 - 3 / world.schools)
        prior[[np.argmin(np.abs(GRID + 1)), np.argmin(np.abs(GRID - 1))]] += 1.5 / world.schools
    likelihood = norm.pdf(mean[:, None], GRID, np.sqrt(1 / precision + SLOPE**2 * left)[:, None])
    posterior = prior * likelihood
    posterior /= posterior.sum(axis=1, keepdims=True)
    effect = posterior @ GRID
    return (
        posterior @ (GRID < -DELTA), posterior @ (GRID > DELTA), residual, effect,
        np.sqrt(np.maximum(posterior @ GRID**2 - effect**2, 0)),
    )  # fmt: skip


@dataclass
class Count:
    """Sums over regions: named, promised false, false, beyond TRUTH, deviant schools, wrong sign, covered, schools."""

    sums: np.ndarray
    ranked: list[np.ndarray]

    def row(self, regions: int) -> dict[str, float]:
        named, promised, false, right, deviant, wrong, covered, schools = self.sums
        of = (lambda part: part / named) if named else (lambda part: float("nan"))
        return {
            "named": named / regions, "promised": of(promised), "false": of(false), "ppv": of(right),
            "sensitivity": right / deviant if deviant else float("nan"), "wrong": of(wrong), "coverage": covered / schools,
        }  # fmt: skip

    def sensitivity_at(self, ppv: float) -> float:
        """Share of the deviant schools named where the rule's threshold is moved to this PPV."""
        probability, right = np.concatenate(self.ranked, axis=1)
        order = np.argsort(-probability)
        hits = np.cumsum(right[order])
        reached = np.flatnonzero(hits / np.arange(1, len(order) + 1) >= ppv)
        return float(hits[reached[-1]] / self.sums[4]) if len(reached) and self.sums[4] else float("nan")


def tried(world: Scenario, rule: Callable, runs: int, seed: int = 11) -> Count:
    """Count what a rule names over simulated regions of the scenario, the same for every rule."""
    random = np.random.default_rng(seed)
    count = Count(np.zeros(8), [])
    for _ in range(runs):
        region = drawn(world, random)
        below, above, residual, effect, se = rule(region, world)
        large = region.n.min(axis=0) >= LEAST
        signed = np.stack([-region.effect, region.effect])
        sure = np.stack([below, above])
        lasting = np.stack([(residual < 0).sum(axis=0), (residual > 0).sum(axis=0)]) >= 2
        eligible = lasting & large
        named = (sure >= WATCH) & eligible
        count.sums += (
            named.sum(), (1 - sure)[named].sum(), (named & (signed <= DELTA)).sum(), (named & (signed > TRUTH)).sum(),
            (signed > TRUTH).sum(), (named & (signed < 0)).sum(),
            (np.abs(region.effect - effect) <= 1.959964 * se + 1e-9).sum(), world.schools,
        )  # fmt: skip
        count.ranked.append(np.stack([sure[eligible], (signed > TRUTH)[eligible].astype(float)]))
    return count


def percent(value: float) -> str:
    """A share in per cent, one decimal."""
    return "–" if np.isnan(value) else f"{100 * value:.1f}".replace(".", ",")


def two(value: float) -> str:
    """A number with two decimals."""
    return "–" if np.isnan(value) else f"{value:.2f}".replace(".", ",")


def one(value: float) -> str:
    """A number with one decimal."""
    return f"{value:.1f}".replace(".", ",")


def three(value: float) -> str:
    """A number with three decimals."""
    return f"{value:.3f}".replace(".", ",")


def main(runs: int = 500) -> None:
    """Print the table of docs/method.md, rows as they are ready."""
    print(
        "| мир | названо | обещано → найдено ложных, % | верно | найдено | накрытие | не в ту сторону, % "
        "| прежний расчёт: обещано → найдено, % | оракул: ложных, % / верно / найдено "
        "| найдено при равном «верно», от оракула |"
    )
    print("|---|" + "---:|" * 9)
    for world in SCENARIOS:
        regions = runs * max(1, round(100 / world.schools)) if world.schools < 100 else runs
        ours, before, oracle = (tried(world, rule, regions) for rule in (of_report, of_plug_in, of_oracle))
        a, b, o = (count.row(regions) for count in (ours, before, oracle))
        against = ours.sensitivity_at(o["ppv"]) / o["sensitivity"] if o["sensitivity"] else float("nan")
        print(
            f"| {world.title} | {one(a['named'])} | {percent(a['promised'])} → {percent(a['false'])} | {two(a['ppv'])} "
            f"| {two(a['sensitivity'])} | {three(a['coverage'])} | {percent(a['wrong'])} "
            f"| {percent(b['promised'])} → {percent(b['false'])} "
            f"| {percent(o['false'])} / {two(o['ppv'])} / {two(o['sensitivity'])} | {two(against)} |",
            flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
