"""What is gained and lost where a conclusion must also hold by other choices: `python benchmarks/veto.py [RUNS]`.

The regions of `promise.py`, their index made of three indicators; each is carried through the specifications of the method that
one outcome and no remote place leave: four indices, three weights, two forms, three reliabilities, two samples. Three rules:
none of it; P as great by the cross-fitted index, all else as in the report; P as great in .8 of the specifications.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product

import numpy as np
from promise import DELTA, LEAST, TRUTH, WATCH, YEARS, Region, Scenario, drawn, of_report, percent, two

from helpers.measure import cronbach_alpha
from helpers.model.expectation import bends
from helpers.model.stability import Cells, carried_through, without_influential

SHARE, CROSS_FITTED = 0.8, 2
WORLDS = [
    Scenario("модель верна"),
    Scenario("λ 0,9", reliability=0.9),
    Scenario("λ 0,8", reliability=0.8),
    Scenario("λ 0,9, принято 1,0", reliability=0.9, believed=1.0),
    Scenario("λ 0,8, принято 0,9", reliability=0.8, believed=0.9),
    Scenario("ВПР 4–8 классов", cohorts=0.5),
    Scenario("ВПР 4–8 классов, не учтено", cohorts=0.5, overlap_known=False),
    Scenario("изогнутая связь", curved=0.1),
    Scenario("хвосты t₃", tails="t3"),
    Scenario("3 далёкие школы", tails="outliers"),
    Scenario("30 школ", schools=30),
    Scenario("один показатель из трёх лишний (λ 0,73), принято 0,9", believed=0.9),
    Scenario("один показатель из трёх слабее (λ 0,83), принято 0,9", believed=0.9),
]
SPARE = {WORLDS[-2].title: 0.0, WORLDS[-1].title: 0.5}
"""How much of the context the third indicator holds."""


def measured(world: Scenario, random: np.random.Generator, apart: np.random.Generator) -> tuple[Region, np.ndarray]:
    """A region and its three indicators (schools, 3), which correlate by about .5 and whose mean is its index.

    Where one is `spare`, two tell the context, the third correlates with it by so much less; the index counts all alike.
    """
    region = drawn(world, random)
    index = region.index[0]
    if world.title not in SPARE:
        z = apart.normal(size=(len(index), 3)) * np.sqrt(0.9)
        return region, index[:, None] + z - z.mean(axis=1, keepdims=True)
    told, off = SPARE[world.title], apart.normal(size=(2, len(index)))
    z = np.column_stack(
        [index + np.sqrt(0.5) * off[0], index - np.sqrt(0.5) * off[0], told * index + np.sqrt(1.5 - told**2) * off[1]]
    )
    alike = ((z - z.mean(axis=0)) / z.std(axis=0)).mean(axis=1)
    return replace(region, index=np.tile((alike - alike.mean()) / alike.std(), (YEARS, 1))), z


def indices(z: np.ndarray, y: np.ndarray, n: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """The four indices, scaled alike."""
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    component = np.linalg.svd(z, full_matrices=False)[2][0]
    weights, fold = np.empty_like(z), random.permutation(len(z)) % 5
    mean = np.average(y, axis=0, weights=n)
    for number in range(5):
        others = fold != number
        root = np.sqrt(n[0, others])[:, None]
        whole = np.column_stack([z[others], np.ones(others.sum())])
        weights[fold == number] = np.linalg.lstsq(whole * root, mean[others] * root[:, 0], rcond=None)[0][:3]
    ranks = z.argsort(axis=0).argsort(axis=0)
    made = [z.mean(axis=1), z @ component * np.sign(component[0]), (z * weights).sum(axis=1), ranks.mean(axis=1)]
    return [50 + 10 * (one - one.mean()) / one.std() for one in made]


def tested(region: Region, z: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where P reaches WATCH beyond ∓DELTA by the cross-fitted index, and in SHARE of the specifications: arrays (2, schools)."""
    held, count = np.zeros((2, len(z))), 0
    reported = 50 + 10 * region.index
    years = [(region.y[t, there], region.v[t, there], reported[t, there]) for t, there in enumerate(region.n >= LEAST)]
    form = "quadratic" if bends(years) else "linear"
    for place, index in enumerate(indices(z, region.y, region.n, random)):
        x = np.tile(index, (YEARS, 1))
        data = Cells(region.y, region.v, region.n, x, 0 * x, region.n >= LEAST, region.told)
        explained = np.corrcoef(index, np.average(region.y, axis=0, weights=region.n))[0, 1] ** 2
        assumed = [value for value in dict.fromkeys((1.0, 0.8, cronbach_alpha(z))) if value >= explained]
        for sample in (data, without_influential(data)):
            for choice in product(("paule_mandel", "participants", "equal"), ("linear", "quadratic"), assumed):
                pooled, _ = carried_through(sample, *choice)
                sure = np.stack([pooled.prob_below(-DELTA), 1 - pooled.prob_below(DELTA)]) >= WATCH
                held, count = held + sure, count + 1
                if place == CROSS_FITTED and sample is data and choice == ("paule_mandel", form, 1.0):
                    by_weights = sure
    return by_weights, held / count >= SHARE


def tried(world: Scenario, runs: int) -> np.ndarray:
    """Named, false, promised, beyond TRUTH, deviant: a row a rule, sums over regions."""
    random, apart = np.random.default_rng(11), np.random.default_rng(12)
    sums = np.zeros((3, 5))
    for _ in range(runs):
        region, z = measured(world, random, apart)
        below, above, residual, _, _ = of_report(region, world)
        sure, signed = np.stack([below, above]), np.stack([-region.effect, region.effect])
        lasting = np.stack([(residual < 0).sum(axis=0), (residual > 0).sum(axis=0)]) >= 2
        named = (sure >= WATCH) & lasting & (region.n.min(axis=0) >= LEAST)
        by_weights, firm = tested(region, z, apart)
        for row, of_rule in enumerate((named, named & by_weights, named & firm)):
            sums[row] += (
                of_rule.sum(), (of_rule & (signed <= DELTA)).sum(), (1 - sure)[of_rule].sum(),
                (of_rule & (signed > TRUTH)).sum(), (signed > TRUTH).sum(),
            )  # fmt: skip
    return sums


def main(runs: int = 300) -> None:
    """Print the table of docs/method.md, rows as they are ready."""
    rule = "обещано → найдено ложных, % | верно | найдено"
    print(f"| мир | без условия: {rule} | при других весах то же: {rule} | доля вариантов 0,80: {rule} |")
    print("|---|" + "---:|" * 9)
    for world in WORLDS:
        regions = runs if world.schools == 100 else runs * 100 // world.schools
        cells = [
            f"{percent(promised / named)} → {percent(false / named)} | {two(right / named)} | {two(right / deviant)}"
            for named, false, promised, right, deviant in tried(world, regions)
        ]
        print(f"| {world.title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
