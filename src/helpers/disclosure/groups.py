"""Under which names the public reads of municipalities and schools."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from helpers.disclosure.coarse import rounded
from helpers.disclosure.suppression import merge_small
from helpers.params import DisclosureRules

REGION = "all"
"""`group_id` of the whole region."""
_AND = "+"
"""Between the municipalities in the id of a merged group: what it is made of must be known in other editions too."""


def published_groups(schools: pl.DataFrame, years: Sequence[int], rules: DisclosureRules) -> pl.DataFrame:
    """Which published group each municipality belongs to.

    Parameters
    ----------
    schools : DataFrame
        Table `schools`; of the report's years those count.

    Returns
    -------
    DataFrame
        municipality (its group_id), group_id (the codes of its municipalities, joined by «+») and group_name as
        published, members (names, joined by «; »), by municipality.
    """
    counted = schools.filter(pl.col("year").is_in(years))
    latest = counted.sort("year").unique("group_id", keep="last").select("group_id", "group_name").sort("group_id")
    district = pl.col("group_name").replace_strict(rules.districts, default=None, return_dtype=pl.String)
    merged = merge_small(latest.with_columns(district=district), counted, rules.least_schools)
    joined = latest.join(merged.select("group_id", "published"), on="group_id").sort("group_id")
    return joined.select(
        municipality="group_id",
        group_id=pl.col("group_id").str.join(_AND).over("published"),
        group_name="published",
        members=pl.col("group_name").sort().str.join("; ").over("published"),
    )


def regrouped(table: pl.DataFrame, schools: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """Put the published group beside each school-year of a table."""
    of_school = schools.select("year", "school_id", municipality="group_id").join(
        published.select("municipality", "group_id"), on="municipality"
    )
    keys = [key for key in ("year", "school_id") if key in table.columns]
    return table.join(of_school.unique(keys, keep="last", maintain_order=True).select(*keys, "group_id"), on=keys)


def directory(
    schools: pl.DataFrame, published: pl.DataFrame, flags: pl.DataFrame, year: int, rules: DisclosureRules
) -> pl.DataFrame:
    """The schools of the last year, as anyone knows them; `named` (`above`) only with the school's consent.

    Returns
    -------
    DataFrame
        Table `directory`.
    """
    agreed = flags.filter(pl.col("direction") == "above", pl.col("school_id").is_in(rules.named))
    return (
        schools.filter(pl.col("year") == year)
        .rename({"group_id": "municipality"})
        .drop("group_name")
        .join(published, on="municipality")
        .join(agreed.select("school_id", named="direction"), on="school_id", how="left")
        .select("school_id", "school_name", "group_id", "group_name", "school_type", "locality", "named")
        .sort("school_id")
    )


def group_table(
    listed: pl.DataFrame, published: pl.DataFrame, index: pl.DataFrame, effect: pl.DataFrame, least: int, most: float
) -> pl.DataFrame:
    """The published groups with their size and coarse means.

    Parameters
    ----------
    listed : DataFrame
        Table `directory`.
    published : DataFrame
        From `published_groups`.
    index : DataFrame
        school_id, index: of the last year.
    effect : DataFrame
        Table `effect`.
    least : int
        Schools with an index of which a mean may be told.
    most : float
        No mean effect is told further from zero: it would say of all schools of a group that they are below expectation.

    Returns
    -------
    DataFrame
        Table `groups`: the mean index to a point, the mean effect to a tenth.

    Notes
    -----
    The mean effect is never blank: a blank that depends on how many schools have a conclusion tells that number. A school
    without an effect counts as zero, which is what a shrunken estimate is where there are no data.
    """
    known = listed.join(index, on="school_id", how="left").join(
        effect.select("school_id", "effect"), on="school_id", how="left"
    )
    enough = pl.col("index").count() >= least
    return (
        known.group_by("group_id")
        .agg(
            schools=pl.len().cast(pl.Int64),
            mean_index=pl.when(enough).then(rounded(pl.col("index").mean(), 0)),
            mean_effect=rounded(pl.col("effect").fill_null(0.0).mean().clip(-most, most), 1),
        )
        .join(published.unique("group_id", keep="first", maintain_order=True), on="group_id")
        .select("group_id", "group_name", "members", "schools", "mean_index", "mean_effect")
        .sort("group_id")
    )
