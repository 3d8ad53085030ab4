"""Which places among all schools a school may well have: posterior intervals of ranks."""

from __future__ import annotations

import numpy as np
import polars as pl

from helpers.params import RankRules

_AT_ONCE = 2_000_000
"""Numbers handled at a time, so that memory is that of the ranks alone."""
_NO_LESS = 1e-9
"""Pupil SDs. Effects known exactly and equal then share their places at random, not by the order of their ids."""


def rank_intervals(effect: pl.DataFrame, rules: RankRules) -> pl.DataFrame:
    """Draw all effects from their posterior, rank each draw and read off how far a school's rank goes.

    Leckie, Goldstein (2011). Effects are drawn independently, u ~ N(effect, effect_se).

    Parameters
    ----------
    effect : DataFrame
        Table `effect`.
    rules : RankRules

    Returns
    -------
    DataFrame
        school_id, rank (median over the draws; 1 is the highest effect), lower and upper (ends of the equal-tailed
        interval of probability `level`), sorted by school_id. The same for any order of rows.
    """
    known = effect.select("school_id", "effect", "effect_se").sort("school_id")
    tail = (1 - rules.level) / 2
    rank, lower, upper = _quantiles(_drawn_ranks(known, rules), [0.5, tail, 1 - tail])
    return known.select("school_id", rank=pl.Series(rank), lower=pl.Series(lower), upper=pl.Series(upper))


def _drawn_ranks(effect: pl.DataFrame, rules: RankRules) -> np.ndarray:
    """Ranks, array (draws, schools)."""
    random = np.random.default_rng(rules.seed)
    mean, se = effect["effect"].to_numpy(), np.maximum(effect["effect_se"].to_numpy(), _NO_LESS)
    schools = len(mean)
    ranks = np.empty((rules.draws, schools), np.int32)
    places = np.arange(1, schools + 1, dtype=np.int32)[None, :]
    # Rows of draws follow one another in the generator's stream: how many come at once does not change them.
    for some in _chunks(ranks, schools):
        drawn = mean + se * random.standard_normal(some.shape)
        np.put_along_axis(some, np.argsort(-drawn, axis=1), places, axis=1)
    return ranks


def _quantiles(ranks: np.ndarray, probabilities: list[float]) -> np.ndarray:
    """Quantiles over the draws, which are ranks that were drawn: array (probabilities, schools)."""
    by_school = [
        np.quantile(some.T, probabilities, axis=0, method="inverted_cdf") for some in _chunks(ranks.T, len(ranks))
    ]
    return np.concatenate([np.empty((len(probabilities), 0)), *by_school], axis=1).astype(np.int64)


def _chunks(rows: np.ndarray, width: int) -> list[np.ndarray]:
    """Views of a few rows at a time."""
    step = max(1, _AT_ONCE // max(width, 1))
    return [rows[start : start + step] for start in range(0, len(rows), step)]
