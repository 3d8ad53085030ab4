"""How a number that may be shown is shown: numbers of people in bands, shares in bands that hide counts near the ends.

Sources: NCES 2011-603 (2010: the ends of a distribution are coded so that they hold none, one and two people
alike; whole percents for large groups only); the widths of five points and of one are this project's.
"""

from __future__ import annotations

import polars as pl

from helpers.disclosure.suppression import is_hidden

HIDDEN_WORD = "скрыто"
"""What the public reads for either reason of hiding.

The reason itself tells: two cells of «мало участников» (fewer than ten) that add up to 17 are an eight and a nine.
"""

BANDS = pl.DataFrame(
    [
        (10, 19, 15, 5),
        (20, 49, 15, 5),
        (50, 99, 6, 1),
        (100, 299, 3, 1),
        (300, 999, 1, 1),
        (1000, 2999, 1, 1),
        (3000, None, 1, 1),
    ],
    schema={"n_from": pl.Int64, "n_to": pl.Int64, "end": pl.Int64, "step": pl.Int64},
    orient="row",
)
"""Numbers of people from, to; shares up to `end` percent (and from 100 − `end`) are one band; width of the others.

`end` is three people of the fewest of the band, in percent: counts of one and two are hidden, so a band that
reached less far would hold «no one» alone and say it. Below twenty «no one» is hidden itself.
"""


def banded(cells: pl.DataFrame) -> pl.DataFrame:
    """Show cells to the public: as bands.

    Parameters
    ----------
    cells : DataFrame
        `n`, `count`, `code`, as from `suppression`.

    Returns
    -------
    DataFrame
        The cells with what the reader sees (`n_text`, `share_text`) and what follows from it (`n_low`, `n_high`,
        `share_low`, `share_high`; shares 0–1, closed bounds). Bounds are null where nothing follows; of a cell
        without participants `n` is a known zero. The share of the others is shown as 100 % less this band, never
        by a band of its own.
    """
    shown, n, percent = pl.col("code").is_null(), pl.col("n"), pl.col("percent")
    fine, end = pl.col("step") == 1, pl.col("end")
    # up to where the share is judged: whole percents stand for half a percent around them
    point = pl.when(fine).then(percent.round(mode="half_to_even")).otherwise(percent)
    half = pl.when(fine).then(0.5).otherwise(0.0)
    few, most = point <= end, point >= 100 - end
    floor = (percent / 5).floor() * 5
    low = pl.when(fine).then(point - half).otherwise(floor)
    high = pl.when(fine).then(point + half).otherwise(floor + 5)
    return (
        cells.with_row_index("row")
        .with_columns(
            percent=pl.when(shown).then(100 * pl.col("count") / n),
            n_from=pl.when(shown).then(n.floor().cast(pl.Int64)),
        )
        .sort("n_from", nulls_last=True)
        .join_asof(BANDS.with_columns(band="n_from"), on="n_from", check_sortedness=False)
        .sort("row")
        .with_columns(
            n_low=pl.when(shown).then("band").when(~is_hidden()).then(0).cast(pl.Float64),
            n_high=pl.when(shown).then("n_to").when(~is_hidden()).then(0).cast(pl.Float64),
            share_low=pl.when(few).then(0).when(most).then(100 - end - half).otherwise(low) / 100,
            share_high=pl.when(few).then(end + half).when(most).then(100).otherwise(high) / 100,
            n_text=pl.when(~shown)
            .then(_word())
            .when(pl.col("n_to").is_null())
            .then(pl.format("{} и больше", "band"))
            .otherwise(pl.format("{}–{}", "band", "n_to")),
            share_text=pl.when(~shown)
            .then(_word())
            .when(few)
            .then(pl.format("≤{}\u00a0%", end))
            .when(most)
            .then(pl.format("≥{}\u00a0%", 100 - end))
            .when(fine)
            .then(pl.format("{}\u00a0%", point.cast(pl.Int64)))
            .otherwise(pl.format("{}–{}\u00a0%", low.cast(pl.Int64), high.cast(pl.Int64))),
        )
        .drop("row", "percent", "n_from", "band", "n_to", "end", "step")
    )


def exact(cells: pl.DataFrame) -> pl.DataFrame:
    """Show cells as they are: for official use. The columns are those of `banded`."""
    n, shown = pl.col("n").cast(pl.Float64), pl.col("code").is_null()
    share = pl.when(shown).then(pl.col("count") / n)
    known = pl.when(shown).then(n).when(~is_hidden()).then(0.0)
    percent = (100 * share).round(1).cast(pl.String).str.replace(".", ",", literal=True)
    return cells.with_columns(
        n_low=known,
        n_high=known,
        share_low=share,
        share_high=share,
        n_text=pl.when(shown).then(n.cast(pl.Int64).cast(pl.String)).otherwise("code"),
        share_text=pl.when(shown).then(pl.format("{}\u00a0%", percent)).otherwise("code"),
    )


def _word() -> pl.Expr:
    return pl.when(is_hidden()).then(pl.lit(HIDDEN_WORD)).otherwise("code")
