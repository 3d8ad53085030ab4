"""Which cells of a table are not published: few people, counts of one or two, and what would give these away.

A table of cells is long: one row a published number, with key columns (its dimensions; null in one stands for the
total over it), `n` (whose number) and, where the cell shows a share, `count` (how many of them) or `share`.

Sources: National Forum on Education Statistics and NCES 2011-603 (2010, counts near zero and near all); NYSED (fewer
than five, and the next smallest group); Wisconsin DPI (a factor of two categories hides both); Hundepool et al. (2012,
«Statistical Disclosure Control», ch. 4: linked tables); IES 2017-147 (2017: no one threshold is right).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from helpers.params import DisclosureRules

REST = "Прочие муниципалитеты"
_WHOLE = 1e-6
"""Sums of people agree to within this."""


class Code(StrEnum):
    """What stands in place of a number. The first two are one word to the public, see `rounding`."""

    FEW = "скрыто: мало участников"
    DERIVABLE = "скрыто: чтобы нельзя было вычислить"
    NOT_APPLICABLE = "не применимо"
    NO_DATA = "нет данных"


HIDDEN = [Code.FEW, Code.DERIVABLE]


class Why(StrEnum):
    """The rule that hid a cell; internal."""

    N = "участников меньше порога"
    COUNT = "один или два человека с этим результатом или без него"
    EXTREME = "у всех или ни у кого, а участников мало"
    SCHOOLS = "школ меньше порога"
    OTHERS = "без крупнейшей школы участников меньше порога"
    SUM = "единственное скрытое слагаемое или сумма"
    NARROW = "вычислялось бы почти точно другое скрытое"
    JOINT = "вычислялось бы вместе с другими таблицами скрытое в них"
    EARLIER = "скрыто в опубликованном выпуске: показанное вместе с ним выдало бы разность"


@dataclass(frozen=True)
class Rules:
    """Thresholds of an edition.

    Attributes
    ----------
    least_n : int
        Participants of a cell that may be shown.
    least_count : int
        Counts from one up to this, of people with the result or without it, are not shown.
    extreme_n : int
        Participants from which «everyone» and «no one» may be shown.
    width : float
        What is hidden may be known no closer than this many people.
    """

    least_n: int
    least_count: int
    extreme_n: int
    width: float

    @classmethod
    def of(cls, rules: DisclosureRules) -> Rules:
        """The thresholds as the params set them."""
        return cls(rules.least_n, rules.least_count, rules.extreme_n, rules.width)


def primary(cells: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Find the cells that may not be shown, each judged alone.

    Parameters
    ----------
    cells : DataFrame
        `n` and, where a share is shown, `count` or `share` (0–1); `why`, if there, where the caller has a reason.
    rules : Rules

    Returns
    -------
    DataFrame
        The cells with `count`, `code` (what stands in place of the number; null where it is shown) and `why`.

    Notes
    -----
    No participants at all disclose nobody: such a cell is «не применимо», adds zero to every sum, and its zero may be
    told. A cell without `n` is «нет данных» and adds nothing. The number of people of a small category is a `count`
    of the whole, never an `n`: only so are its ones and twos seen.
    """
    n, count = pl.col("n"), pl.col("count")
    shorter = pl.min_horizontal(count, n - count)
    given = pl.col("why") if "why" in cells.columns else pl.lit(None, pl.String)
    why = (
        pl.when(given.is_not_null())
        .then(given)
        .when(n.fill_null(0) == 0)
        .then(None)
        .when(n < rules.least_n)
        .then(pl.lit(Why.N.value))
        .when(count.is_not_null() & shorter.is_between(1, rules.least_count - 1))
        .then(pl.lit(Why.COUNT.value))
        .when(count.is_not_null() & (shorter == 0) & (n < rules.extreme_n))
        .then(pl.lit(Why.EXTREME.value))
    )
    code = (
        pl.when(pl.col("why").is_not_null())
        .then(pl.lit(Code.FEW.value))
        .when(n.is_null())
        .then(pl.lit(Code.NO_DATA.value))
        .when(n == 0)
        .then(pl.lit(Code.NOT_APPLICABLE.value))
    )
    return _counted(cells).with_columns(why=why).with_columns(code=code)


def is_hidden() -> pl.Expr:
    """Whether a cell has a number that is not shown."""
    return pl.col("code").is_in(HIDDEN).fill_null(False)


def cell_ids(dimensions: Sequence[str]) -> pl.Expr:
    """One text a cell: `year=2021 · school_id=7`; a total says `*`."""
    said = [pl.format("{}={}", pl.lit(name), pl.col(name).cast(pl.String).fill_null("*")) for name in dimensions]
    return pl.concat_str(said, separator=" · ")


def margins(cells: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    """Every sum in a table of cells: over each dimension, all others held, where the total stands among the cells.

    Years that add up to a pooled value are such a dimension; so are schools within a municipality, and
    municipalities within the region: dimensions `group_id`, `school_id`, both null in the region's row.

    Parameters
    ----------
    cells : DataFrame
        `cell` and the dimensions; the parts of a total are all there, or the sum is not one.

    Returns
    -------
    DataFrame
        group, cell, sign: −1 of the total, 1 of its parts; within a group `sign * n` adds up to nothing.
    """
    members = [
        cells.with_columns(
            sign=pl.when(pl.col(summed).is_null()).then(-1).otherwise(1),
        )
        .with_columns(pl.lit("+").alias(summed))
        .with_columns(group=cell_ids(dimensions))
        .filter((pl.col("sign").min().over("group") == -1) & (pl.col("sign").max().over("group") == 1))
        .select("group", "cell", "sign")
        for summed in dimensions
    ]
    return pl.concat(members).sort("group", "cell")


def unbalanced(cells: pl.DataFrame, groups: pl.DataFrame) -> list[str]:
    """Groups whose parts do not add up to their total, in people or in counts: no sums, so nothing to reason from."""
    n, count = pl.col("n").fill_null(0), pl.col("count")
    signed = groups.join(_counted(cells).select("cell", "n", "count"), on="cell", how="left")
    off = signed.group_by("group").agg(
        n=(pl.col("sign") * n).sum(),
        count=(pl.col("sign") * count.fill_null(0)).sum(),
        counted=(count.is_not_null() | (n == 0)).all(),
    )
    wrong = (pl.col("n").abs() > _WHOLE) | (pl.col("counted") & (pl.col("count").abs() > _WHOLE))
    return off.filter(wrong)["group"].sort().to_list()


def complementary(cells: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Hide further cells until no hidden cell is the only one hidden of any sum.

    Of the shown cells in sums with one hidden cell, that goes first which mends most sums; of these, the one with
    the fewest participants. In a single sum that is the next smallest (NYSED), the other one of two categories
    (Wisconsin), the total last.

    Parameters
    ----------
    cells : DataFrame
        `cell`, `n`, `code`, `why`; `fixed`, if there, marks cells that stay shown.
    groups : DataFrame
        From `margins`.

    Returns
    -------
    DataFrame
        The cells with further ones hidden; the same whatever the order of rows.
    """
    ordered = cells.sort("cell")
    member = membership(ordered, groups)
    n, cell = ordered["n"].fill_null(0).to_numpy(), np.arange(ordered.height)
    hidden, open_ = ordered.select(is_hidden()).to_series().to_numpy().copy(), _may_hide(ordered)
    added: list[int] = []
    while True:
        alone = member @ hidden.astype(float) == 1
        mends = member.T @ alone.astype(float)
        able = cell[open_ & (mends > 0)]
        if not len(able):
            return hide(cells, ordered["cell"].gather(added).to_list(), Why.SUM)
        chosen = able[np.lexsort((able, n[able], -mends[able]))[0]]
        hidden[chosen], open_[chosen] = True, False
        added.append(int(chosen))


def hide(cells: pl.DataFrame, which: Sequence[str], why: Why) -> pl.DataFrame:
    """Hide cells for the sake of others."""
    chosen = pl.col("cell").is_in(list(which))
    return cells.with_columns(
        code=pl.when(chosen).then(pl.lit(Code.DERIVABLE.value)).otherwise("code"),
        why=pl.when(chosen).then(pl.lit(why.value)).otherwise("why"),
    )


def next_smallest(cells: pl.DataFrame, groups: pl.DataFrame, narrow: Sequence[str]) -> list[str]:
    """For each cell known too closely, the smallest shown cell nearest to it.

    Nearest is first in its own sums, then in the sums of what is hidden there, and so on.
    """
    ordered = cells.sort("cell")
    member = membership(ordered, groups).astype(bool)
    n, open_ = ordered["n"].fill_null(0).to_numpy(), _may_hide(ordered)
    place = {name: row for row, name in enumerate(ordered["cell"])}
    chosen = set()
    for name in narrow:
        reached, before = np.zeros(ordered.height, bool), 0
        reached[place[name]] = True
        while not (reached & open_).any() and reached.sum() > before:
            before = reached.sum()
            reached = reached | (member.T @ (member @ reached))
        able = np.flatnonzero(reached & open_)
        if len(able):
            chosen.add(ordered["cell"][int(able[np.lexsort((able, n[able]))[0]])])
    return sorted(chosen)


def membership(cells: pl.DataFrame, groups: pl.DataFrame) -> csr_array:
    """Which cell stands in which sum: array (sums, cells) of ones."""
    row, column, _ = places(cells, groups)
    return csr_array((np.ones(len(row)), (row, column)), shape=(groups["group"].n_unique(), cells.height))


def places(cells: pl.DataFrame, groups: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each row of `groups` as number of its sum, row of its cell, sign."""
    found = groups.sort("group", "cell").join(cells.select("cell").with_row_index("place"), on="cell")
    return (
        found["group"].rank("dense").to_numpy().astype(np.int64) - 1,
        found["place"].to_numpy().astype(np.int64),
        found["sign"].to_numpy().astype(float),
    )


def merge_small(municipalities: pl.DataFrame, schools: pl.DataFrame, least: int = 3) -> pl.DataFrame:
    """Under which name each municipality is published, so that every published one has enough schools.

    A municipality with fewer than `least` schools takes its whole district along, where it has one (`district`):
    a district shown beside a municipality of its own would give the rest away. A district that is still too small,
    and small municipalities without one, make the rest. A rest that is too small itself takes the next smallest in.

    Parameters
    ----------
    municipalities : DataFrame
        group_id, group_name, district (null: none).
    schools : DataFrame
        school_id, group_id and, if the table is by year, `year`: the year with the fewest schools counts.
    least : int

    Returns
    -------
    DataFrame
        group_id, published (name), schools (of the published group), by group_id. Every group has `least` schools,
        or there is one group only; the rest is never a single municipality, so nothing is left over by subtraction.
    """
    years = ["year"] if "year" in schools.columns else []
    every = schools.select(*years).unique() if years else pl.DataFrame({"_": [0]})
    by_year = (
        municipalities.join(every, how="cross")
        .join(
            schools.group_by("group_id", *years).agg(schools=pl.col("school_id").n_unique()),
            ["group_id", *years],
            "left",
        )
        .with_columns(pl.col("schools").fill_null(0), published=pl.col("group_name"))
    )

    def sizes(named: pl.DataFrame) -> pl.DataFrame:
        total = named.group_by("published", *years).agg(pl.col("schools").sum())
        return total.group_by("published").agg(pl.col("schools").min()).sort("schools", "published")

    def small(named: pl.DataFrame) -> pl.Expr:
        return pl.col("published").is_in(sizes(named).filter(pl.col("schools") < least)["published"].to_list())

    to_district = by_year.filter(small(by_year))["district"].drop_nulls().unique().to_list()
    named = by_year.with_columns(
        published=pl.when(pl.col("district").is_in(to_district)).then("district").otherwise("published")
    )
    named = named.with_columns(published=pl.when(small(named)).then(pl.lit(REST)).otherwise("published"))
    while True:
        total = sizes(named)
        others = total.filter(pl.col("published") != REST)
        if total.filter(pl.col("published") == REST, pl.col("schools") < least).is_empty() or others.is_empty():
            break
        named = named.with_columns(pl.col("published").replace(others["published"][0], REST))
    return named.select("group_id", "published").unique().join(total, on="published").sort("group_id")


def _counted(cells: pl.DataFrame) -> pl.DataFrame:
    if "count" in cells.columns:
        return cells
    share = pl.col("share") if "share" in cells.columns else pl.lit(None, pl.Float64)
    return cells.with_columns(count=(share * pl.col("n")).round())


def _may_hide(cells: pl.DataFrame) -> np.ndarray:
    """Shown cells but for those published elsewhere anyway (`fixed`): to hide these, or a known zero, protects nothing."""
    able = cells["code"].is_null().to_numpy() & (cells["n"].fill_null(0) > 0).to_numpy()
    return able & ~cells["fixed"].to_numpy() if "fixed" in cells.columns else able
