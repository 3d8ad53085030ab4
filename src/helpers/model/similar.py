"""Schools of like context: with whom a school may compare itself, and from whom it may learn."""

from __future__ import annotations

import numpy as np
import polars as pl

from helpers.params import SimilarRules

_DIGITS = 9
"""Distances, in SDs, that agree to so many decimals are equal."""


def similar(index: pl.DataFrame, schools: pl.DataFrame, rules: SimilarRules, year: int) -> pl.DataFrame:
    """Find each school's nearest neighbours by social indicators.

    As in Families of Schools (EEF), where similar schools are the nearest in standardised intake.

    Parameters
    ----------
    index, schools : DataFrame
        Tables `wellbeing_index` and `schools`. Schools that have an index in `year` take part, in the fit or not;
        those left out by type neither ask nor are offered.
    rules : SimilarRules
    year : int

    Returns
    -------
    DataFrame
        school_id, neighbour_id, place (1…k; equal distances by neighbour_id), distance (root mean square difference
        of the z-scores over the indicators: SDs of schools), school_type, locality, neighbour_type,
        neighbour_locality. Fewer than k rows where there are not so many schools.
    """
    described = schools.filter(
        pl.col("year") == year, pl.col("why_excluded").ne_missing("type")
    ).select("school_id", "school_type", "locality")  # fmt: skip
    z = [column for column in index.columns if column.startswith("z_")]
    asking = (
        index.filter(pl.col("year") == year)
        .drop_nulls(z)
        .join(described, on="school_id", how="semi")
        .sort("school_id")
        .select("school_id", *z)
    )
    theirs = described.rename(
        {"school_id": "neighbour_id", "school_type": "neighbour_type", "locality": "neighbour_locality"}
    )
    return (
        _nearest(asking, z, rules.k)
        .join(described, on="school_id", how="left")
        .join(theirs, on="neighbour_id", how="left")
        .sort("school_id", "place")
    )


def _nearest(asking: pl.DataFrame, z: list[str], k: int) -> pl.DataFrame:
    """Pairs school_id, neighbour_id with place and distance; `asking` is sorted by school_id."""
    # Of schools with the same indicators only the first k + 1 can be anybody's neighbours: ties go by id.
    # Without this thousands of equal schools would make millions of pairs.
    offered = asking.filter(pl.int_range(pl.len()).over(z) <= k)
    points, targets = (rows.select(z).to_numpy() / np.sqrt(len(z)) for rows in (asking, offered))
    pairs = pl.DataFrame(schema={"school": pl.Int64, "neighbour": pl.Int64})
    if offered.height > 1:
        from scipy.spatial import KDTree  # late: a fifth of a second for those who only check files

        tree = KDTree(targets)
        # One more than k: a school is its own nearest.
        reach = tree.query(points, [min(k + 1, offered.height)])[0][:, 0]
        found = tree.query_ball_point(points, reach + 10.0**-_DIGITS)
        pairs = pl.DataFrame(
            {
                "school": np.repeat(np.arange(len(points)), [len(near) for near in found]),
                "neighbour": np.concatenate(found).astype(np.int64),
            }
        )
    apart = points[pairs["school"]] - targets[pairs["neighbour"]]
    return (
        pairs.select(
            school_id=asking["school_id"].gather(pairs["school"]),
            neighbour_id=offered["school_id"].gather(pairs["neighbour"]),
            distance=pl.Series(np.sqrt((apart**2).sum(axis=1)).round(_DIGITS)),
        )
        .filter(pl.col("school_id") != pl.col("neighbour_id"))
        .sort("school_id", "distance", "neighbour_id")
        .with_columns(place=pl.int_range(1, pl.len() + 1).over("school_id"))
        .filter(pl.col("place") <= k)
        .select("school_id", "neighbour_id", "place", "distance")
    )
