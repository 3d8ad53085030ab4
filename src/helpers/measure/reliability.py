"""How far the index can be relied upon: do its indicators agree, and does it stay what it was.

Alpha tells of the indicators' agreement, the retest of chance in the index of a year; neither
tells whether the index measures social wellbeing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.special import fdtri

from helpers.measure.index import cronbach_alpha
from helpers.params import IndexReliabilityRules
from helpers.problems import BadInput, Problem

LEVEL = 0.95
"""Of the interval of alpha."""


@dataclass(frozen=True)
class Retest:
    """Correlation of the index over two years, of the schools that have both; None where there is no telling."""

    year: int
    next_year: int
    n_schools: int
    correlation: float | None


@dataclass(frozen=True)
class IndexReliability:
    """Reliability of the index.

    `alpha` with its 95 % interval `alpha_lower`, `alpha_upper`; `retest` per pair of years
    and the mean of the correlations there are; `assumed` is what `alpha` stands for in the params
    `specifications.reliability`: alpha where it is a possible reliability, above 0, else None.
    """

    alpha: float | None
    alpha_lower: float | None
    alpha_upper: float | None
    retest: tuple[Retest, ...]
    retest_mean: float | None
    assumed: float | None

    def as_dict(self) -> dict:
        return asdict(self)


def index_reliability(items: np.ndarray, index: pl.DataFrame) -> IndexReliability:
    """Tell alpha of the base year and the retest over all years.

    Parameters
    ----------
    items : array (schools, indicators)
        z-scores of the base year's fitted schools.
    index : DataFrame
        year, school_id, index; see `retest` for what must not stand in it.
    """
    told = len(items) > 1 and np.ptp(items.sum(axis=1)) > 0
    alpha = cronbach_alpha(items) if told else None
    lower, upper = cronbach_alpha_interval(alpha, *items.shape) if alpha is not None else (None, None)
    pairs = retest(index)
    correlations = [pair.correlation for pair in pairs if pair.correlation is not None]
    mean = float(np.mean(correlations)) if correlations else None
    return IndexReliability(alpha, lower, upper, pairs, mean, alpha if alpha is not None and alpha > 0 else None)


def believed_reliability(rules: IndexReliabilityRules, estimated: IndexReliability) -> float:
    """λ at which schools are judged: the params' value, or the report's own estimate of that origin.

    Raises
    ------
    BadInput
        The estimate is asked for and there is none above 0.
    """
    if rules.value is not None:
        return rules.value
    value = estimated.alpha if rules.origin == "parallel" else estimated.retest_mean
    if value is None or value <= 0:
        raise BadInput(
            Problem(
                file="файл параметров",
                column="index.reliability.value",
                found="пустое место, а по данным отчёта надёжность индекса оценить нельзя",
                expected="число от 0 до 1",
                advice="впишите value; если надёжность не измерена, поставьте origin: assumption и value: 0.90",
            )
        )
    return min(value, 1.0)


def cronbach_alpha_interval(alpha: float, schools: int, indicators: int) -> tuple[float, float]:
    """95 % interval of alpha: (1 − α)/(1 − α̂) ~ F with J − 1 and (J − 1)(k − 1) degrees of freedom (Feldt, 1965)."""
    freedom = schools - 1, (schools - 1) * (indicators - 1)
    tail = (1 - LEVEL) / 2
    upper, lower = 1 - (1 - alpha) * fdtri(*freedom, [tail, 1 - tail])
    return float(lower), float(upper)


def retest(index: pl.DataFrame) -> tuple[Retest, ...]:
    """Correlate the index of each year with that of the next one there is.

    Parameters
    ----------
    index : DataFrame
        year, school_id, index. Rows carried forward from an earlier year must be left out by the
        caller: they agree with themselves.

    Notes
    -----
    Fewer than three schools, an index that does not vary, or one that did not change for any
    school (the context was measured once and serves both years) tell nothing: no correlation.
    """
    pairs = []
    for year, next_year in pairwise(index["year"].unique().sort().to_list()):
        both = index.filter(pl.col("year") == year).join(
            index.filter(pl.col("year") == next_year), on="school_id", suffix="_next"
        )
        first, second = both["index"].to_numpy(), both["index_next"].to_numpy()
        told = len(first) > 2 and np.ptp(first) > 0 and np.ptp(second) > 0 and not np.array_equal(first, second)
        correlation = float(np.corrcoef(first, second)[0, 1]) if told else None
        pairs.append(Retest(year, next_year, both.height, correlation))
    return tuple(pairs)
