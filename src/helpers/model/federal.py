"""The federal rule of low results (ШНОР) beside our own conclusion, and how often chance alone meets it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import betainc

from helpers.params import FederalRules

MAIN = {
    "VPR": {"subject": ["rus", "math"], "grade": ["5", "6"]},
    "OGE": {"subject": ["rus", "math"]},
    "EGE": {"subject": ["rus", "math_profile", "math_basic"]},
}
"""Results that the rule looks at, by procedure; of a procedure not named here, all of them.

Practice of ФИОКО for the lists of ШНОР and «500+», as known to us; no authoritative text was found.
"""

_ROUNDING = 1e-9
"""A share of exactly 30 % that was computed may stand an ulp below 0.30."""


def federal(results: pl.DataFrame, rules: FederalRules) -> pl.DataFrame:
    """Apply the federal rule to each year's results.

    A result of table `results` (procedure × subject × grade) is one procedure of the rule; it is low where the share
    of low results reaches `share_low`.

    Parameters
    ----------
    results : DataFrame
        Table `results`.
    rules : FederalRules

    Returns
    -------
    DataFrame
        year (of the results; a list is drawn up in the next one), school_id, n_procedures (with a known share and at
        least `min_n` participants), n_low (of these, low), federal_low (at least `min_procedures` are low). Schools
        without a single such procedure have no row.

    Notes
    -----
    `set_aside` is about our outcome. The rule does not choose procedures by it and never compares years, so results
    set aside as `not_chosen` or `not_compared` count. Biased ВПР do not: their share of low results is not known.
    """
    judged = results.filter(
        _main(),
        pl.col("set_aside").ne_missing("biased"),
        pl.col("share_low").is_not_null(),
        pl.col("n_participants") >= (rules.min_n or 0),
    )
    return (
        judged.group_by("year", "school_id")
        .agg(
            n_procedures=pl.len().cast(pl.Int64),
            n_low=(pl.col("share_low") >= rules.share_low - _ROUNDING).sum().cast(pl.Int64),
        )
        .with_columns(federal_low=pl.col("n_low") >= rules.min_procedures)
        .sort("year", "school_id")
    )


def _main() -> pl.Expr:
    """Whether the rule looks at a result."""
    procedure = pl.col("procedure")
    named = [
        (procedure == name) & pl.all_horizontal(pl.col(column).is_in(values) for column, values in chosen.items())
        for name, chosen in MAIN.items()
    ]
    return pl.any_horizontal(~procedure.is_in(list(MAIN)), *named)


def chance_table(
    rules: FederalRules, sizes: Sequence[int] = (5, 10, 20, 50), true_shares: Sequence[float] = (0.15, 0.20)
) -> pl.DataFrame:
    """How likely chance alone makes a school low whose true share of low results stands well below the threshold.

    Parameters
    ----------
    rules : FederalRules
    sizes : sequence of int
        Participants of one procedure.
    true_shares : sequence of float
        True shares of low results, 0–1.

    Returns
    -------
    DataFrame
        share, n, one (P that one procedure is low: the binomial tail), two_of_three (P that at least
        `min_procedures` of 3 are). The procedures are taken to be independent; where the same pupils
        sit several, low ones come together more often.
    """
    share, n = (grid.ravel() for grid in np.meshgrid(true_shares, sizes, indexing="ij"))
    fewest_low = np.ceil(n * (rules.share_low - _ROUNDING))
    one = np.where(n >= (rules.min_n or 0), _at_least(fewest_low, n, share), 0.0)
    return pl.DataFrame(
        {"share": share, "n": n, "one": one, "two_of_three": _at_least(rules.min_procedures, 3, one)},
        schema={"share": pl.Float64, "n": pl.Int64, "one": pl.Float64, "two_of_three": pl.Float64},
    )


def _at_least(count: np.ndarray | int, n: np.ndarray | int, p: np.ndarray) -> np.ndarray:
    """P(X ≥ count) of a binomial X: a regularised incomplete beta function, without the half second of scipy.stats."""
    certain, never = np.less_equal(count, 0), np.greater(count, n)
    inside = np.clip(count, 1, n)
    return np.where(certain, 1.0, np.where(never, 0.0, betainc(inside, n - inside + 1, p)))


def agreement(flags: pl.DataFrame, federal: pl.DataFrame, year: int) -> pl.DataFrame:
    """Set the two lists against each other.

    Parameters
    ----------
    flags : DataFrame
        Table `flags`.
    federal : DataFrame
        From `federal`.
    year : int
        Whose results the federal list is drawn from.

    Returns
    -------
    DataFrame
        direction (`below`, `within`, `above`), tier, on_list and not_on_list: how many schools with our conclusion
        are on the federal list and how many are not. Counted are the schools on which both judge: we concluded
        something, and the rule has at least one procedure of the year.
    """
    order = {"below": 0, "within": 1, "above": 2}
    return (
        flags.drop_nulls("direction")
        .select("school_id", "direction", "tier")
        .join(federal.filter(pl.col("year") == year).select("school_id", "federal_low"), on="school_id")
        .group_by("direction", "tier")
        .agg(
            on_list=pl.col("federal_low").sum().cast(pl.Int64),
            not_on_list=(~pl.col("federal_low")).sum().cast(pl.Int64),
        )
        .sort(pl.col("direction").replace_strict(order, return_dtype=pl.Int64), "tier")
    )
