"""Which schools are below or above what their context lets expect, how surely, and what type they are."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtr

from helpers.params import FlagRules, SmallNRules

FLAGGED = ("persistent", "watch", "observation")
"""Tiers that name a school; the others say why it is not named."""


def flags(
    effect: pl.DataFrame,
    schools: pl.DataFrame,
    outcome: pl.DataFrame,
    index: pl.DataFrame,
    stability: pl.DataFrame,
    federal: pl.DataFrame,
    pooled_years: list[int],
    rules: FlagRules,
    small_n: SmallNRules,
) -> pl.DataFrame:
    """Put every school of the last years, but those that have since joined another, in a tier and a type.

    A school is flagged when P(effect beyond ∓delta) reaches `watch`, its residual has
    that sign in `min_years` years, every year has enough participants and P is as great where the indicators of the
    index weigh as much as they tell of results; where `min_spec_share` asks for it, in so many of the specifications too.

    Parameters
    ----------
    effect, schools, outcome, index : DataFrame
        Tables `effect`, `schools`, `outcome`, `wellbeing_index`.
    stability : DataFrame
        school_id, share_below, share_above: in what share of the specifications the school is beyond ∓delta;
        weights_below, weights_above: P beyond by the index with other weights, null or absent where there is none.
    federal : DataFrame
        school_id, federal_low: whether the federal rule of low results names the school in the last year.
    pooled_years : list of int
        The years that `effect` pools; one year gives no persistent tier.

    Returns
    -------
    DataFrame
        Table `flags`. `tier`: `persistent`, `watch`, `observation` (one-year report),
        `dependent` (the conclusion changes with the specification), `preliminary` (too few participants in some
        year, or too few years, to conclude), `none`, `insufficient_data`, `outside` (left out by type).
        `direction`: `below`, `within`, `above` or null.
        `type`: context class and direction, or the tier where there is none. `reason`:
        `probability`, `not_persistent`, `small_n`, `few_years`, `within`, `specification`, or why there is no effect.
        `q_value`: Benjamini–Hochberg over all schools with an effect, two-sided test of
        no persistent effect. `spec_share`: share of the specifications in which the school is beyond delta on
        the side of its effect.
    """
    in_years = pl.col("year").is_in(pooled_years)
    its_own = pl.col("why_excluded").ne_missing("before_merger")
    # a school that has since joined another is not one of today's
    latest = (
        schools.filter(in_years)
        .sort("year")
        .unique("school_id", keep="last", maintain_order=True)
        .filter(its_own | (pl.col("year") == max(pooled_years)))
    )
    participants = (
        outcome.filter(in_years)
        .join(schools.filter(its_own), on=["year", "school_id"], how="semi")
        .group_by("school_id")
        .agg(n_min=pl.col("n_participants").min(), n_total=pl.col("n_participants").sum())
    )
    context = (
        index.filter(in_years)
        .sort("year")
        .unique("school_id", keep="last")
        .select("school_id", "context_class", "class_prob", "index")
    )
    if "weights_below" not in stability.columns:
        stability = stability.with_columns(weights_below=None, weights_above=None)
    joined = (
        latest.select("school_id", "why_excluded")
        .join(effect, on="school_id", how="left")
        .join(participants, on="school_id", how="left")
        .join(context, on="school_id", how="left")
        .join(stability, on="school_id", how="left")
        .join(federal, on="school_id", how="left")
        .with_columns(
            pl.when(pl.col("effect") < 0).then(f"{what}_below").otherwise(f"{what}_above").alias(name)
            for what, name in (("share", "spec_share"), ("weights", "by_weights"))
        )
        .sort("school_id")
    )
    wanted = min(rules.min_years, len(pooled_years))
    below, above = pl.col("prob_below") >= rules.watch, pl.col("prob_above") >= rules.watch
    lasting = pl.when(below).then(pl.col("years_below") >= wanted).otherwise(pl.col("years_above") >= wanted)
    sure = pl.max_horizontal("prob_below", "prob_above") >= rules.persistent
    few_years = pl.col("years_below") + pl.col("years_above") < wanted
    stable = (pl.col("spec_share").fill_null(0.0) >= rules.min_spec_share) & (
        pl.col("by_weights").fill_null(1.0) >= rules.watch
    )
    no_effect = pl.col("effect").is_null() | (pl.col("n_total") < small_n.pooled)
    decided = joined.with_columns(
        tier=pl.when(pl.col("why_excluded") == "type").then(pl.lit("outside"))
        .when(no_effect).then(pl.lit("insufficient_data"))
        .when((pl.col("n_min") < small_n.flag_each_year) | few_years).then(pl.lit("preliminary"))
        .when(~(below | above) | ~lasting).then(pl.lit("none"))
        .when(~stable).then(pl.lit("dependent"))
        .when(pl.lit(len(pooled_years) == 1)).then(pl.lit("observation"))
        .when(sure).then(pl.lit("persistent"))
        .otherwise(pl.lit("watch")),
        reason=pl.when(pl.col("why_excluded") == "type").then(pl.lit("type"))
        .when(pl.col("effect").is_null()).then(pl.coalesce("why_excluded", pl.lit("no_result")))
        .when(pl.col("n_total") < small_n.pooled).then(pl.lit("small_n"))
        .when(pl.col("n_min") < small_n.flag_each_year).then(pl.lit("small_n"))
        .when(few_years).then(pl.lit("few_years"))
        .when(~(below | above)).then(pl.lit("within"))
        .when(~lasting).then(pl.lit("not_persistent"))
        .when(~stable).then(pl.lit("specification"))
        .otherwise(pl.lit("probability")),
    )  # fmt: skip
    direction = (
        pl.when(pl.col("tier").is_in(FLAGGED))
        .then(pl.when(below).then(pl.lit("below")).otherwise(pl.lit("above")))
        .when(pl.col("tier") == "none").then(pl.lit("within"))
    )  # fmt: skip
    return decided.with_columns(direction=direction, q_value=_q_values(decided)).select(
        "school_id",
        "tier",
        "direction",
        type=pl.when(pl.col("direction").is_not_null())
        .then(pl.concat_str("context_class", pl.lit("_"), "direction"))
        .otherwise("tier"),
        context_class="context_class",
        class_prob="class_prob",
        spec_share="spec_share",
        q_value="q_value",
        federal_low="federal_low",
        reason="reason",
        index="index",
        n_total="n_total",
    )


def _q_values(decided: pl.DataFrame) -> pl.Series:
    """Benjamini–Hochberg (1995) q-values of z = ē / SE(ē) under no persistent effect."""
    z = (decided["pooled_residual"] / decided["pooled_residual_se"]).to_numpy()
    tested = (decided["tier"] != "outside").to_numpy() & np.isfinite(z)
    q = np.full(len(z), np.nan)
    p = 2 * ndtr(-np.abs(z[tested]))
    order = np.argsort(p)[::-1]
    share = p[order] * len(p) / np.arange(len(p), 0, -1)
    q[np.flatnonzero(tested)[order]] = np.minimum(np.minimum.accumulate(share), 1)
    return pl.Series(q).fill_nan(None)
