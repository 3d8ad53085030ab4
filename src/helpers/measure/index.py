"""The school's index of social wellbeing (ИСБШ): equal weights, frozen scale.

Each share goes through the empirical logit, is turned so that higher means
better off, and standardised over the base year's schools; the mean of the
z-scores, standardised once more, gives the T-score. Ястребов, Пинская,
Косарецкий (2014) for the indicators; Cox (1970) for the empirical logit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from helpers.params import ContextClassRules, IndexRules, Indicator
from helpers.problems import BadInput, Problem


@dataclass(frozen=True)
class IndexScale:
    """The base year's numbers at which the index stays frozen.

    `mean` and `sd` per indicator (on the logit scale for shares), those of the
    mean z-score (`composite_mean`, `composite_sd`), and the index values that
    part the three context classes.
    """

    base_year: int
    mean: dict[str, float]
    sd: dict[str, float]
    composite_mean: float
    composite_sd: float
    class_cuts: tuple[float, float]

    def as_dict(self) -> dict:
        return asdict(self)


def empirical_logit(share: np.ndarray, n: np.ndarray) -> np.ndarray:
    """ln((k + ½) / (n − k + ½)) with k = share · n: finite at 0 % and 100 % (Cox, 1970)."""
    k = share * n
    return np.log((k + 0.5) / (n - k + 0.5))


def index_scale(
    context: pl.DataFrame,
    fitted: pl.DataFrame,
    indicators: dict[str, Indicator],
    rules: IndexRules,
    classes: ContextClassRules,
    base_year: int,
) -> IndexScale:
    """Find the scale on the base year's schools, each with the same weight.

    Parameters
    ----------
    context : DataFrame
        From `carried_forward`.
    fitted : DataFrame
        Keys (year, school_id) of the schools on which the link is estimated.
    indicators : dict
        Params of the indicators by column name.

    Raises
    ------
    BadInput
        An indicator does not vary over the schools.
    """
    base = context.join(fitted, on=["year", "school_id"], how="semi").filter(pl.col("year") == base_year)
    oriented = {name: _oriented(base, name, item) for name, item in indicators.items()}
    constant = [name for name, values in oriented.items() if len(values) < 2 or np.ptp(values) == 0]
    if constant:
        raise BadInput(
            *(
                Problem(
                    file=f"данные за {base_year} год",
                    column=name,
                    found="у всех школ одно и то же значение или школ меньше двух",
                    expected="различия между школами",
                    advice="проверьте столбцы показателя или уберите его из параметров",
                )
                for name in constant
            )
        )
    mean = {name: float(values.mean()) for name, values in oriented.items()}
    sd = {name: float(values.std(ddof=1)) for name, values in oriented.items()}
    composite = np.mean([(oriented[name] - mean[name]) / sd[name] for name in indicators], axis=0)
    centre, spread = float(composite.mean()), float(composite.std(ddof=1))
    index = rules.scale_mean + rules.scale_sd * (composite - centre) / spread
    lower, upper = np.quantile(index, [classes.lower, classes.upper])
    return IndexScale(base_year, mean, sd, centre, spread, (float(lower), float(upper)))


def wellbeing_index(
    context: pl.DataFrame, indicators: dict[str, Indicator], scale: IndexScale, rules: IndexRules
) -> pl.DataFrame:
    """Compute the index for every school and year with a whole context.

    Returns
    -------
    DataFrame
        Table `wellbeing_index`: year, school_id, index (T-score, higher = better
        off), z_<indicator>…, context_class (`disadvantaged`, `middle`,
        `advantaged`). Schools with a missing indicator have no row.
    """
    needs_n = any(item.unit != "score" for item in indicators.values())
    whole = context.drop_nulls([*indicators, *(["n_pupils"] if needs_n else [])])
    if needs_n:
        whole = whole.filter(pl.col("n_pupils") > 0)
    z = {name: (_oriented(whole, name, item) - scale.mean[name]) / scale.sd[name] for name, item in indicators.items()}
    composite = (np.mean(list(z.values()), axis=0) - scale.composite_mean) / scale.composite_sd
    index = rules.scale_mean + rules.scale_sd * composite
    lower, upper = scale.class_cuts
    return whole.select(
        "year",
        "school_id",
        pl.Series("index", index),
        pl.Series(
            "context_class", np.select([index < lower, index >= upper], ["disadvantaged", "advantaged"], "middle")
        ),
        *(pl.Series(f"z_{name}", values) for name, values in z.items()),
    )


def class_probability(
    index: np.ndarray, cuts: tuple[float, float], mean: float, sd: float, reliability: float
) -> np.ndarray:
    """How surely a school's true context is of the class that its index shows.

    With Z = (I − M)/S and Z ~ N(0, 1) between schools, true context given the index is N(√λ Z, 1 − λ) in its own standard
    deviations: of normal variables correlated by √λ (Lord, Novick, 1968, ch. 3). The classes of true context hold as many
    schools as those of the index, so their bounds are the same in their own units.

    Parameters
    ----------
    index : array (schools,)
        Index points.
    cuts : (float, float)
        The index points that part the three classes.
    mean, sd : float
        M and S, of the index in the base year.
    reliability : float
        λ of the index, in (0, 1].

    Returns
    -------
    array (schools,)
        P(class), in (0, 1]; 1 everywhere at λ = 1.

    Examples
    --------
    >>> class_probability(np.array([30.0, 45.69, 50.0]), (45.69, 54.31), 50, 10, reliability=0.9).round(2).tolist()
    [1.0, 0.52, 0.83]
    """
    z, bounds = (index - mean) / sd, (np.array(cuts) - mean) / sd
    spread = max(np.sqrt(1 - reliability), np.finfo(float).tiny)
    below, above = (
        ndtr(side * (c - np.sqrt(reliability) * z) / spread) for side, c in zip((1, -1), bounds, strict=True)
    )
    return np.select([z < bounds[0], z >= bounds[1]], [below, above], 1 - below - above)


def _oriented(context: pl.DataFrame, name: str, indicator: Indicator) -> np.ndarray:
    values = context[name].to_numpy()
    if indicator.unit != "score":
        values = empirical_logit(values, context["n_pupils"].to_numpy())
    return values if indicator.higher_is == "better" else -values


def cronbach_alpha(items: np.ndarray) -> float | None:
    """Internal consistency of the index: k/(k−1) · (1 − Σ s_i² / s_T²) (Cronbach, 1951).

    Parameters
    ----------
    items : array, schools × indicators
        z-scores.

    Returns
    -------
    float or None
        None for a single indicator: there is nothing to be consistent with.
    """
    k = items.shape[1]
    if k < 2:
        return None
    return float(k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1)))
