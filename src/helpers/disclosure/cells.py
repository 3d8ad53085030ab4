"""The cells that the public reads: results and context by group, as shares in bands; schools counted by conclusion.

A table's cells have a row for every published group and one for the region (`group_id` null); groups add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from helpers.disclosure.groups import REGION
from helpers.disclosure.rounding import exact
from helpers.disclosure.suppression import Why, is_hidden
from helpers.params import Assessment, DisclosureRules

RESULTS = ["year", "procedure", "subject", "grade", "group_id"]
CONTEXT = ["year", "indicator", "group_id"]
FLAGS = ["year", "group_id", "direction"]
"""Dimensions of the three tables."""
NO_CLASS, NO_CONCLUSION = "none", "unknown"
_DIRECTIONS = pl.DataFrame({"direction": ["above", "below", NO_CONCLUSION, "within"]})
"""Told of every region: that there is no school of one of them is told as well."""


def result_cells(
    results: pl.DataFrame, assessments: Sequence[Assessment], years: Sequence[int], rules: DisclosureRules
) -> pl.DataFrame:
    """Participants and low results of every assessment that enters the outcome.

    Parameters
    ----------
    results : DataFrame
        Table `results` with the published `group_id`.

    Returns
    -------
    DataFrame
        `RESULTS`, n, count, schools, mean, why. Procedures of `region_only` have the region's row alone.
    """
    wanted = pl.DataFrame(
        [(item.procedure, item.subject) for item in assessments], schema=["procedure", "subject"], orient="row"
    ).unique(maintain_order=True)
    n = pl.col("n_participants")
    used = results.filter(pl.col("set_aside").is_null(), pl.col("year").is_in(years), n > 0)
    rows = used.join(wanted, on=["procedure", "subject"], how="semi").with_columns(
        n=n, count=(pl.col("share_low") * n).round(), sum=pl.col("mean") * n
    )
    parts = rows.filter(~pl.col("procedure").is_in(rules.region_only))
    cells = with_region(parts, rows, RESULTS, n=pl.col("n").sum(), count=_known_sum("count"), sum=pl.col("sum").sum())
    return few_behind(cells, rules).with_columns(mean=pl.col("sum") / pl.col("n")).drop("sum")


def context_cells(
    context: pl.DataFrame, indicators: Sequence[str], years: Sequence[int], rules: DisclosureRules
) -> pl.DataFrame:
    """Pupils and those of each social indicator that is a share.

    Parameters
    ----------
    context : DataFrame
        Table `context` with the published `group_id`.

    Returns
    -------
    DataFrame
        `CONTEXT`, n, count, schools, why.
    """
    n = pl.col("n_pupils")
    rows = (
        context.filter(pl.col("year").is_in(years), n > 0)
        .unpivot(indicators, index=["year", "school_id", "group_id", "n_pupils"], variable_name="indicator")
        .drop_nulls("value")
        .with_columns(n=n, count=(pl.col("value") * n).round())
    )
    cells = with_region(rows, rows, CONTEXT, n=pl.col("n").sum(), count=pl.col("count").sum())
    return few_behind(cells, rules)


def flag_cells(flags: pl.DataFrame, year: int, rules: DisclosureRules) -> pl.DataFrame:
    """Schools by conclusion in each group and in the region.

    Parameters
    ----------
    flags : DataFrame
        Table `flags` with the published `group_id` and `known`: anyone knows this school's conclusion, as it is named
        with its consent, or is of a kind of which nothing is concluded.

    Returns
    -------
    DataFrame
        `FLAGS` (null: total), n (schools), known (of these), count (null: there is no share), why, fixed (the region and
        the size of a group: published in any case). Where of all schools with a conclusion, the named ones aside, at most
        one is not below expectation, the number below would name them: it is hidden, however many they are.
    """
    rows = flags.with_columns(pl.col("direction").fill_null(NO_CONCLUSION))
    total = pl.lit(None, pl.String)
    cells = pl.concat(
        [
            _all_pairs(rows, kept).with_columns(total.alias(name) for name in FLAGS[1:] if name not in kept)
            .select("group_id", "direction", "n", "known")
            for kept in ([], ["group_id"], ["direction"], ["group_id", "direction"])
        ]
    )  # fmt: skip
    better = pl.col("direction").is_in(["within", "above"])
    others = (pl.col("n") - pl.col("known")).filter(better).sum().over("group_id")
    alike = (pl.col("direction") == "below") & pl.col("group_id").is_not_null() & (pl.col("n") > 0) & (others < 2)
    # none is hidden with one and two: were it shown, what is hidden would be one or two for certain
    few = pl.all_horizontal(pl.col("group_id", "direction").is_not_null()) & (pl.col("n") < rules.least_schools)
    few &= pl.col("n").max().over("direction") > 0  # of what the region has none, no group has one
    return cells.select(
        pl.lit(year, pl.Int64).alias("year"),
        *("group_id", "direction", "n", "known"),
        count=pl.lit(None, pl.Float64),
        why=pl.when(alike).then(pl.lit(Why.EXTREME.value)).when(few).then(pl.lit(Why.SCHOOLS.value)),
        fixed=pl.any_horizontal(pl.col("group_id", "direction").is_null()),
    )


def shown_flags(cells: pl.DataFrame) -> pl.DataFrame:
    """Show cells of `flag_cells` as they are, and beside the hidden ones what anyone knows of them.

    No fewer than the schools whose conclusion is no secret; no more than the region has of them, nor than the group has
    schools whose conclusion is not known to be another.
    """
    n, known = pl.col("n"), pl.col("known")
    in_region = n.filter(pl.col("group_id").is_null()).first().over("direction")
    in_group = known + (
        n.filter(pl.col("direction").is_null()).first() - known.filter(pl.col("direction").is_not_null()).sum()
    ).over("group_id")
    most = pl.min_horizontal(in_region, in_group)
    return exact(cells).with_columns(
        pl.when(is_hidden()).then(bound).otherwise(name).alias(name)
        for name, bound in (("n_low", known), ("n_high", most))
    )


def type_counts(flags: pl.DataFrame) -> pl.DataFrame:
    """Schools of the region by context class and conclusion.

    Nothing is hidden: a class is a third of the region's schools, and which schools are in it is not published.

    Returns
    -------
    DataFrame
        context_class, direction, n.
    """
    rows = flags.with_columns(pl.col("context_class").fill_null(NO_CLASS), pl.col("direction").fill_null(NO_CONCLUSION))
    return _all_pairs(rows, ["context_class", "direction"]).drop("known")


def _all_pairs(rows: pl.DataFrame, kept: list[str]) -> pl.DataFrame:
    """Count schools by the columns `kept`, pairs that no school has too: a zero that is not there tells as much."""
    sums = {"n": pl.len().cast(pl.Float64), "known": pl.col("known").sum().cast(pl.Float64)}
    if not kept:
        return rows.select(**sums)
    pairs, *more = (_DIRECTIONS if name == "direction" else rows.select(name).unique().sort(name) for name in kept)
    for values in more:
        pairs = pairs.join(values, how="cross")
    counts = rows.group_by(kept).agg(**sums)
    return pairs.join(counts, on=kept, how="left").with_columns(pl.col(*sums).fill_null(0.0))


def named_total(cells: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    """Name the totals, as published tables have no null in a key."""
    return cells.with_columns(pl.col(name).fill_null(REGION) for name in dimensions if cells.schema[name] == pl.String)


def with_region(parts: pl.DataFrame, rows: pl.DataFrame, dimensions: list[str], **sums: pl.Expr) -> pl.DataFrame:
    """Add up by the dimensions, and over `group_id`, the last of them."""
    sums = {**sums, "schools": pl.col("school_id").n_unique().cast(pl.Int64), "largest": pl.col("n").max()}
    by_group = parts.group_by(dimensions).agg(**sums)
    region = rows.group_by(dimensions[:-1]).agg(**sums).with_columns(group_id=pl.lit(None, pl.String))
    return pl.concat([by_group, region.select(by_group.columns)]).sort(dimensions)


def _known_sum(column: str) -> pl.Expr:
    """The sum where every row has the value; null where any has not: a part is not the whole."""
    return pl.when(pl.col(column).null_count() == 0).then(pl.col(column).sum())


def few_behind(cells: pl.DataFrame, rules: DisclosureRules) -> pl.DataFrame:
    """Hide what is of few schools; and of few people without the largest one, as its head knows the difference."""
    n, others = pl.col("n"), pl.col("n") - pl.col("largest")
    return cells.with_columns(
        why=pl.when(pl.col("schools") < rules.least_schools)
        .then(pl.lit(Why.SCHOOLS.value))
        .when((n >= rules.least_n) & (others < rules.least_n))
        .then(pl.lit(Why.OTHERS.value))
    ).drop("largest")
