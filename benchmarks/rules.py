"""Which rule for naming schools is wrong how often: regions with a planted truth, the project's own functions.

`python benchmarks/rules.py` prints the tables of docs/method.md («Выделение школ»), means over drawn regions: the rules
side by side in two regions where the model is true, then the project's rule where it is not. Takes a few minutes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl
import yaml

from helpers.model import expectation, flags, school_effects, variance_components
from helpers.params import FlagRules, ModelRules, SmallNRules
from helpers.report import METHOD

SEED, REGIONS = 20210526, 1000
YEARS = [1, 2, 3]
SLOPE = 0.03  # pupil SDs per index point
PERSISTENT, TRANSIENT = 0.028, 0.012  # τ_a² and τ_d²: together (0.20 of a pupil SD)², of which 70 % lasts
WITHIN = 0.9  # variance of pupils within a school, in squares of the SD over all pupils
CLEAR = -0.25  # a deficit that should not be missed

RULES = yaml.safe_load(METHOD.read_text(encoding="utf-8"))
FLAG, SMALL_N, MODEL = FlagRules(**RULES["flag"]), SmallNRules(**RULES["small_n"]), ModelRules(**RULES["model"])
BOTH, SURE = f"правило, P ≥ {FLAG.watch:.2f} (оба уровня)", f"правило, P ≥ {FLAG.persistent:.2f} («устойчиво»)"


@dataclass(frozen=True)
class Region:
    """How a region differs from the main one.

    `reliability` is the index's, `same_pupils` the share of pupils tested again next year, `curve` the cubic term of
    the link, `tiny` the share of schools with 3 to 15 participants.
    """

    title: str
    schools: int = 300
    smallest: float = 10
    largest: float = 150
    tiny: float = 0.0
    reliability: float = 1.0
    same_pupils: float = 0.0
    curve: float = 0.0


MAIN = Region("основные: модель верна")
RURAL = Region("100 школ, у половины n от 3 до 15", schools=100, tiny=0.5)
OTHERS = [
    Region("крупные школы, n от 100 до 600", smallest=100, largest=600),
    Region("связь изогнута, как в Калифорнии", curve=-0.016),
    Region("половина учеников сдаёт и в следующем году", same_pupils=0.5),
    Region("надёжность индекса 0,80", reliability=0.8),
    Region("надёжность индекса 0,60", reliability=0.6),
]


@dataclass(frozen=True)
class Drawn:
    """One region: true lasting effects and context, mean numbers of participants, and the tables that the model reads."""

    effect: np.ndarray
    context: np.ndarray
    size: np.ndarray
    outcomes: pl.DataFrame
    indices: pl.DataFrame
    schools: pl.DataFrame


def drawn(region: Region, random: np.random.Generator) -> Drawn:
    """Draw one region."""
    count = region.schools
    true_index, noise = random.normal(0, 1, (2, count))
    # Measured with error, on a scale whose standard deviation is 10 again.
    index = 50 + 10 * (np.sqrt(region.reliability) * true_index + np.sqrt(1 - region.reliability) * noise)
    expected = 10 * SLOPE * true_index + region.curve * (true_index**3 - 3 * true_index)
    effect = random.normal(0, np.sqrt(PERSISTENT), count)
    tiny = random.uniform(size=count) < region.tiny
    low, high = np.where(tiny, 3, region.smallest), np.where(tiny, 15, region.largest)
    size = np.exp(random.uniform(np.log(low), np.log(high)))
    lasting_luck = random.normal(0, np.sqrt(region.same_pupils), count)
    outcomes, indices, schools = [], [], []
    for year in YEARS:
        n = np.maximum(random.poisson(size), 1)
        se = np.sqrt(WITHIN / n)
        luck = lasting_luck + random.normal(0, np.sqrt(1 - region.same_pupils), count)
        result = expected + effect + random.normal(0, np.sqrt(TRANSIENT), count) + se * luck
        key = {"year": [year] * count, "school_id": [f"{i:03}" for i in range(count)]}
        outcomes.append(pl.DataFrame({**key, "outcome": result, "outcome_se": se, "n_participants": n.astype(float)}))
        indices.append(pl.DataFrame({**key, "index": index, "context_class": ["middle"] * count}))
        small = pl.when(~pl.col("in_model")).then(pl.lit("small_n"))
        schools.append(pl.DataFrame({**key, "in_model": n >= SMALL_N.model_fit}).with_columns(why_excluded=small))
    return Drawn(effect, true_index, size, pl.concat(outcomes), pl.concat(indices), pl.concat(schools))


def named(region: Drawn) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Which schools each rule says are below what is expected, and P(effect < −delta)."""
    table, fits = expectation(region.outcomes, region.indices, region.schools, MODEL)
    components = variance_components(table, {fit["year"]: fit["tau2"] for fit in fits})
    pooled = school_effects(table, components, FLAG.delta)

    def tiers(flag: FlagRules, small_n: SmallNRules) -> pl.DataFrame:
        return flags(pooled, region.schools, region.outcomes, region.indices, YEARS, flag, small_n)

    def below(decided: pl.DataFrame) -> np.ndarray:
        return (decided["direction"] == "below").fill_null(False).to_numpy()

    decided = tiers(FLAG, SMALL_N)
    no_floor = SMALL_N.model_copy(update={"flag_each_year": 1, "pooled": 1})
    last = table.filter(year=YEARS[-1])
    residual, se = last["residual"].to_numpy(), last["outcome_se"].to_numpy()
    every, every_se = pooled["pooled_residual"].to_numpy(), pooled["pooled_residual_se"].to_numpy()
    rules = {
        "один год: отклонение < −1 ошибки": residual < -se,
        "один год: нижние 10 % отклонений": residual <= np.quantile(residual, 0.1),
        "один год: 95 % интервал ниже 0": residual < -1.96 * se,
        "три года: 95 % интервал ниже 0": every < -1.96 * every_se,
        BOTH: below(decided),
        SURE: below(decided) & (decided["tier"] == "persistent").to_numpy(),
        "оба уровня, повторяемость не требуется": below(tiers(FLAG.model_copy(update={"min_years": 1}), SMALL_N)),
        "оба уровня, без порога участников": below(tiers(FLAG, no_floor)),
    }
    return rules, pooled["prob_below"].to_numpy()


def simulated(region: Region) -> dict[str, Counter]:
    """What each rule names, counted over the regions drawn."""
    random = np.random.default_rng(SEED)
    counts: dict[str, Counter] = {}
    for _ in range(REGIONS):
        one = drawn(region, random)
        rules, probability = named(one)
        lower, upper = np.quantile(one.context, [1 / 3, 2 / 3])
        clear = one.effect < CLEAR
        for rule, chosen in rules.items():
            seen = {
                "named": chosen,
                "false": chosen & (one.effect >= -FLAG.delta),
                "promised": chosen * (1 - probability),
                "wrong_sign": chosen & (one.effect >= 0),
                "small": chosen & (one.size < 20),
                "clear": clear,
                "found": chosen & clear,
                "poor": chosen & (one.context < lower),
                "rich": chosen & (one.context >= upper),
            }
            counts.setdefault(rule, Counter()).update({name: float(values.sum()) for name, values in seen.items()})
    return counts


def row(title: str, counts: Counter, *shares: tuple[str, str]) -> str:
    """One row of a table: schools named per region, then shares of one count in another."""
    cells = [f"{counts['named'] / REGIONS:.1f}".replace(".", ",")]
    cells += [f"{100 * counts[part] / counts[whole]:.0f} %" for part, whole in shares]
    return f"| {title.replace('0.', '0,')} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    both = {}
    for region in (MAIN, RURAL):
        counts_of = simulated(region)
        both[region] = counts_of[BOTH]
        print(f"{region.title}\n")
        print(
            "| Правило | выделено | ложных | не ниже вовсе | с n < 20 | найдено явных |\n|---|---:|---:|---:|---:|---:|"
        )
        for rule, counts in counts_of.items():
            shares = [("false", "named"), ("wrong_sign", "named"), ("small", "named"), ("found", "clear")]
            print(row(rule, counts, *shares))
        print(flush=True)
    print(
        "| Условия | выделено | ложных | обещано ложных | найдено явных | в тяжёлом контексте | в благополучном |"
        "\n|---|---:|---:|---:|---:|---:|---:|"
    )
    for region in [MAIN, RURAL, *OTHERS]:
        counts = both.get(region) or simulated(region)[BOTH]
        shares = [("false", "named"), ("promised", "named"), ("found", "clear"), ("poor", "named"), ("rich", "named")]
        print(row(region.title, counts, *shares), flush=True)


if __name__ == "__main__":
    main()
