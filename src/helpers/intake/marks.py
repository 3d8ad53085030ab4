"""From the shares of the marks 2–5 to their mean and spread."""

from __future__ import annotations

import polars as pl

MARKS = (2, 3, 4, 5)


def with_mean(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `mean`, `sd` (over the school's pupils) and `share_low` to rows with `share_2` … `share_5`.

    m = Σ k·π_k, s² = Σ k²·π_k − m²: the shares tell both (population formulas).
    """
    mean = pl.sum_horizontal(mark * pl.col(f"share_{mark}") for mark in MARKS)
    square = pl.sum_horizontal(mark**2 * pl.col(f"share_{mark}") for mark in MARKS)
    known = pl.col("share_2").is_not_null()
    return rows.with_columns(
        mean=pl.when(known).then(mean),
        sd=pl.when(known).then((square - mean**2).clip(0).sqrt()),
        share_low=pl.col("share_2"),
    )
