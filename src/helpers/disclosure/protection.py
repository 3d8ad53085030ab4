"""The whole of it: hide, show, audit, hide more until the audit is clean; what was hidden and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from helpers.disclosure.audit import audit
from helpers.disclosure.suppression import (
    Code,
    Rules,
    Why,
    cell_ids,
    complementary,
    hide,
    is_hidden,
    margins,
    next_smallest,
    primary,
    unbalanced,
)


def protect(
    cells: pl.DataFrame,
    dimensions: Sequence[str],
    rules: Rules,
    shown: Callable[[pl.DataFrame], pl.DataFrame],
    besides: Sequence[str] = (),
) -> pl.DataFrame:
    """Make a table of cells fit to be read.

    Parameters
    ----------
    cells : DataFrame
        The dimensions (null: total), `n`, and `count` or `share` where a share is shown. All cells that any page
        shows of these numbers, in one table: what is not here is not protected from.
    dimensions : sequence of str
        Key columns.
    rules : Rules
    shown : callable
        `rounding.banded` for the public, `rounding.exact` for official use.
    besides : sequence of str
        Cells to hide for the sake of other tables (`joint`).

    Returns
    -------
    DataFrame
        By `cell`: the cells, `code`, `why`, what `shown` adds, and of hidden cells how closely they are known (as
        `audit` has it, prefixed `known_`). The same whatever the order of rows.

    Notes
    -----
    The audit is made twice: of a reader who has the table alone, and of one who knows the participants of every
    cell; of the latter only what may not be shown in itself is kept, not what was hidden for its sake. Where a cell is
    nothing but its number of participants there is no such reader to guard against.

    Raises
    ------
    ValueError
        Parts that do not add up to their total: a fault of the caller.
    """
    named = cells.with_columns(cell=cell_ids(dimensions)).sort("cell")
    groups = margins(named, dimensions)
    if off := unbalanced(named, groups):
        raise ValueError(f"parts do not add up to their total: {off[0]} and {len(off) - 1} more")
    judged = primary(named, rules)
    shown_yet = judged.filter(pl.col("cell").is_in(list(besides)), pl.col("code").is_null())["cell"].to_list()
    judged = hide(judged, shown_yet, Why.JOINT)
    few = judged.filter(pl.col("code") == Code.FEW, pl.col("count").is_not_null())
    while True:
        judged = complementary(judged, groups)
        seen = shown(judged)
        known = audit(seen, groups, rules.width)
        insider = audit(with_participants(seen), groups, rules.width).join(few, on="cell", how="semi")
        narrow = pl.concat([known, insider]).filter("narrow")["cell"].unique().to_list()
        more = next_smallest(judged, groups, narrow)
        if not more:
            return seen.join(known.rename(lambda name: name if name == "cell" else f"known_{name}"), "cell", "left")
        judged = hide(judged, more, Why.NARROW)


def with_participants(seen: pl.DataFrame) -> pl.DataFrame:
    """What a reader sees who knows every number of participants besides: in a village, who sat an exam is no secret."""
    n = pl.col("n").fill_null(0).cast(pl.Float64)
    return seen.with_columns(n_low=n, n_high=n)


def hidden_cells(protected: pl.DataFrame) -> pl.DataFrame:
    """The internal list of what was hidden, by which rule, and how closely a reader can still know it."""
    seen = ["n_low", "n_high", "share_low", "share_high", "n_text", "share_text"]
    return protected.filter(is_hidden()).drop(seen)
