"""The same pupils twice: a cohort's result beside its own earlier one in the same school.

A cohort is year − grade: ВПР-8 of one spring and ОГЭ-9 of the next are of the same pupils.
"""

from __future__ import annotations

from itertools import product

import polars as pl

from helpers.measure.outcome import averaged, met
from helpers.params import OutcomeRules, ProgressRules

_KEY = ["school_id", "cohort", "subject"]
_RESULT = ["year", "school_id", "procedure", "subject", "grade"]
_SIDES = ("earlier", "later")


def cohort_pairs(
    standardised: pl.DataFrame, results: pl.DataFrame, schools: pl.DataFrame, rules: ProgressRules
) -> pl.DataFrame:
    """Put every result of a cohort beside the nearest earlier one of the same school, cohort and subject.

    Parameters
    ----------
    standardised : DataFrame
        From `measure.standardised`: the results that enter the outcome. A grade that is no number has no cohort.
    results : DataFrame
        Table `results`: those set aside tell why a cohort has no earlier result to be compared with.
    schools : DataFrame
        Table `schools`: in a year `before_merger` the school was another one.
    rules : ProgressRules

    Returns
    -------
    DataFrame
        Table `cohort_pairs`, a row for each later result: `earlier`, `later` and their standard errors in pupil SDs,
        `coverage` (the smaller number of participants by the larger one), `weight` (of the later result), and `set_aside`,
        why the pair is not judged: `not_compared` or `biased` (one of the results), `before_merger`, `coverage`; null where it is.
        A result that has no earlier one within `most_years` has no row.
    """
    placed = standardised.select(*_RESULT, "z", "se", "weight")
    sittings = (
        results.filter(pl.col("set_aside").ne_missing("not_chosen"), pl.col("n_participants") > 0)
        .select(*_RESULT, "n_participants", "set_aside")
        .join(placed, on=_RESULT, how="left")
        # a result that enters but cannot be standardised is none
        .filter(pl.col("set_aside").is_not_null() | pl.col("z").is_not_null())
        .with_columns(cohort=pl.col("year") - pl.col("grade").cast(pl.Int64, strict=False))
        .drop_nulls("cohort")
    )
    gap = pl.col("year") - pl.col("year_earlier")
    before_merger = schools.filter(why_excluded="before_merger").select("school_id", "year", merged=True)
    nearest = (
        sittings.join(sittings, on=_KEY, suffix="_earlier")
        .filter(gap > 0, gap <= rules.most_years)
        .join(before_merger, left_on=["school_id", "year_earlier"], right_on=["school_id", "year"], how="left")
        # one that enters before one that does not, then the nearest, then that of most pupils
        .sort(
            *_RESULT,
            pl.col("set_aside_earlier").is_not_null(),
            gap,
            -pl.col("n_participants_earlier"),
            "procedure_earlier",
        )
        .unique(_RESULT, keep="first", maintain_order=True)
    )
    n, n_earlier = pl.col("n_participants"), pl.col("n_participants_earlier")
    coverage = pl.min_horizontal(n, n_earlier) / pl.max_horizontal(n, n_earlier)
    return nearest.select(
        *_RESULT,
        earlier_year="year_earlier",
        earlier_procedure="procedure_earlier",
        earlier_grade="grade_earlier",
        n_earlier=n_earlier,
        n_later=n,
        coverage=coverage,
        earlier="z_earlier",
        earlier_se="se_earlier",
        later="z",
        later_se="se",
        weight="weight",
        set_aside=pl.coalesce(
            "set_aside",
            "set_aside_earlier",
            pl.when("merged").then(pl.lit("before_merger")),
            pl.when(coverage < rules.least_coverage).then(pl.lit("coverage")),
        ),
    )


def cohort_means(pairs: pl.DataFrame, rules: OutcomeRules) -> pl.DataFrame:
    """Average a school's judged pairs of a year: its cohorts before, the same cohorts now.

    Both means have the weights of the later results, so that they are of the same subjects and cohorts.

    Returns
    -------
    DataFrame
        year, school_id, earlier, earlier_se, later, later_se (pupil SDs), covariance (of the errors of the two means:
        their pupils are the same), n_earlier, n_later (of the largest result), earlier_year (the last of them), cohorts (their number).
    """
    judged = _judged(pairs)
    sides = [_side(judged, side) for side in _SIDES]
    means = [
        averaged(rows, rules).select(
            "year",
            "school_id",
            pl.col("outcome").alias(side),
            pl.col("outcome_se").alias(f"{side}_se"),
            pl.col("n_participants").alias(f"n_{side}"),
        )
        for side, rows in zip(_SIDES, sides, strict=True)
    ]
    of_year = met(sides[0], sides[1], rules).filter(pl.col("year") == pl.col("year_later"))
    covariance = of_year.group_by("year", "school_id", maintain_order=True).agg(pl.col("covariance").sum())
    cohorts = judged.group_by("year", "school_id").agg(
        earlier_year=pl.col("earlier_year").max(), cohorts=pl.col("grade").n_unique().cast(pl.Int64)
    )
    key = ["year", "school_id"]
    return means[0].join(means[1], on=key).join(covariance, on=key).join(cohorts, on=key).sort(key)


def cohort_covariances(pairs: pl.DataFrame, rules: OutcomeRules) -> pl.DataFrame:
    """Covariances of the errors of a school's `cohort_means` of two years: one year's later result is the next one's earlier.

    Returns
    -------
    DataFrame
        year, later_year, school_id, and of the four pairs of means `earlier_earlier`, `earlier_later`, `later_earlier`,
        `later_later` (the first is that of `year`); where cohorts meet again.
    """
    judged = _judged(pairs)
    sides = {side: _side(judged, side) for side in _SIDES}
    found = [
        met(sides[first], sides[second], rules)
        .filter(pl.col("year") < pl.col("year_later"))
        .select("year", "school_id", "covariance", later_year="year_later", means=pl.lit(f"{first}_{second}"))
        for first, second in product(_SIDES, repeat=2)
    ]
    return (
        pl.concat(found)
        .group_by("year", "later_year", "school_id", maintain_order=True)
        .agg(
            pl.col("covariance").filter(pl.col("means") == f"{first}_{second}").sum().alias(f"{first}_{second}")
            for first, second in product(_SIDES, repeat=2)
        )
        .sort("year", "later_year", "school_id")
    )


def _judged(pairs: pl.DataFrame) -> pl.DataFrame:
    rows = pairs.filter(pl.col("set_aside").is_null()).sort("year", "school_id", "grade", "procedure", "subject")
    return rows.with_columns(weight=pl.col("weight") / pl.col("weight").sum().over("year", "school_id"))


def _side(judged: pl.DataFrame, side: str) -> pl.DataFrame:
    """The earlier or the later results as rows of `averaged` and `met`: `year` is that of the comparison, `sat` their own."""
    earlier = side == "earlier"
    return judged.select(
        "year",
        "school_id",
        "subject",
        "grade",
        "weight",
        cohort=pl.col("year") - pl.col("grade").cast(pl.Int64),
        sat=pl.col("earlier_year" if earlier else "year"),
        procedure=pl.col("earlier_procedure" if earlier else "procedure"),
        n_participants=pl.col(f"n_{side}"),
        z=pl.col(side),
        se=pl.col(f"{side}_se"),
        growth=pl.lit(0.0),
    )
