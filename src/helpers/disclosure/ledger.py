"""What was shown before: editions and pages subtracted from one another.

Sources: Hundepool et al. (2012, ch. 4: linked tables); GSS (2014, differencing between releases).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from helpers.disclosure.audit import audit
from helpers.disclosure.suppression import is_hidden
from helpers.problems import BadInput, Problem

_BOUNDS = ["n_low", "n_high", "share_low", "share_high"]
LEDGER = {
    **dict.fromkeys(("edition", "page", "cell", "code"), pl.String),
    **dict.fromkeys(_BOUNDS, pl.Float64),
}
"""Key: edition, page, cell."""


def read_ledger(path: Path) -> pl.DataFrame:
    """Read the ledger of earlier editions, a csv of `LEDGER`.

    Raises
    ------
    BadInput
        The file has other columns or values.
    """
    try:
        return pl.read_csv(path, schema_overrides=LEDGER, infer_schema=False).select(*LEDGER)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        raise BadInput(
            Problem(
                file=path.name,
                found="файл, который не читается как журнал опубликованных ячеек",
                expected=f"csv со столбцами {', '.join(LEDGER)}",
                advice="верните файл, который создала команда report new; вручную его не правят",
            )
        ) from None


def entries(seen: pl.DataFrame, edition: str, page: str) -> pl.DataFrame:
    """A page's cells as rows of the ledger.

    Parameters
    ----------
    seen : DataFrame
        From `protection.protect`; `cell` names the same number wherever it is shown.
    edition, page : str
    """
    return (
        seen.with_columns(edition=pl.lit(edition), page=pl.lit(page)).select(*LEDGER).cast(LEDGER).sort("page", "cell")
    )


def differencing(old: pl.DataFrame, new: pl.DataFrame, groups: pl.DataFrame, width: float) -> pl.DataFrame:
    """Cells hidden in the new edition that both editions together, all pages at once, give away.

    Parameters
    ----------
    old, new : DataFrame
        Ledgers.
    groups : DataFrame
        From `suppression.margins` over the cells of both; a pooled value is the sum of its years.
    width : float

    Returns
    -------
    DataFrame
        As `audit`, of the cells that some page of the new edition hides and that are narrow all the same, or that
        another page or the old edition shows (`shown`).

    Notes
    -----
    A cell with bands that exclude each other was corrected in between: the new ones hold.
    """
    pages = pl.concat([old, new])
    both, now = _together(pages), _together(new)
    corrected = pl.col("cell").is_in(both.filter(_contradicts())["cell"].implode())
    known = pl.concat([both.filter(~corrected), now.filter(corrected)])
    hides = new.filter(is_hidden()).unique("cell").select("cell", "code")
    cells = known.join(hides, on="cell", how="left")
    shown = pages.filter(pl.col("code").is_null())["cell"].implode()
    return (
        audit(cells, groups.filter(_whole(cells)), width)
        .with_columns(shown=pl.col("cell").is_in(shown))
        .filter(pl.col("narrow") | pl.col("shown"))
    )


def _together(pages: pl.DataFrame) -> pl.DataFrame:
    """What all pages say of each cell."""
    lows, highs = ["n_low", "share_low"], ["n_high", "share_high"]
    return pages.group_by("cell").agg(pl.col(lows).max(), pl.col(highs).min()).sort("cell")


def _contradicts() -> pl.Expr:
    return (pl.col("n_low") > pl.col("n_high")) | (pl.col("share_low") > pl.col("share_high"))


def _whole(cells: pl.DataFrame) -> pl.Expr:
    """Sums all of whose members are in the ledgers; of a missing one nothing is known, so nothing follows."""
    return pl.col("cell").is_in(cells["cell"].implode()).all().over("group")
