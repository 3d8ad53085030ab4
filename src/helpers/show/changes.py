"""Which schools are named otherwise than in the report before, in words; of the internal edition."""

from __future__ import annotations

import polars as pl

from helpers.model.flags import FLAGGED
from helpers.report import Report
from helpers.show import prose, views, words

RULE = {
    "flag.delta": "практически значимое отклонение", "flag.watch": "порог «зоны внимания»", "flag.persistent": "порог «устойчиво»",
    "flag.min_years": "сколько лет должно повториться", "flag.min_spec_share": "доля вариантов расчёта",
    "small_n.flag_each_year": "сколько нужно участников в году", "model.years_pooled": "сколько лет объединяется",
}  # fmt: skip
"""Keys of the params that a reader may meet, in words; another is told by its section."""
_MOST = 8
"""Schools that a sentence names; the page names all."""
_SECTION = {"index": "индекс благополучия", "outcome": "как складывается результат", "model": "расчёт ожидания",
            "flag": "когда школу называют", "small_n": "сколько нужно участников"}  # fmt: skip


def conclusions(report: Report) -> pl.DataFrame:
    """Table `changed_conclusions` in words, below first: verdicts then and now, `reasons`, the school's card."""
    rows = report.read("changed_conclusions")
    cards = views.schools(report, "internal").select("school_id", "card")
    why = pl.col("why").str.split(",").list.eval(pl.element().replace(words.CONCLUSION_WHY)).list.join("; ")
    return (
        rows.join(cards, on="school_id", how="left")
        .with_columns(
            reasons=why, verdict=_verdicts(rows), earlier_verdict=_verdicts(rows, "earlier_"),
        )
        .sort(pl.coalesce("direction", "earlier_direction"), "group_name", "school_name", "school_id",
              descending=[True, False, False, False], nulls_last=True)
    )  # fmt: skip


def _verdicts(rows: pl.DataFrame, prefix: str = "") -> pl.Series:
    """`views.verdict` of one of the two reports; nothing of a school that it had not."""
    side = rows.select(tier=f"{prefix}tier", direction=f"{prefix}direction")
    return side.with_columns(flagged=pl.col("tier").is_in(FLAGGED)).select(told=views.verdict())["told"]


def rules_in_words(keys: str) -> str:
    """Keys of changed rules, with commas, as a reader knows them."""
    told = [RULE.get(key) or _SECTION[key.partition(".")[0]] for key in keys.split(", ")]
    return ", ".join(dict.fromkeys(told))


def in_brief(rows: pl.DataFrame) -> str:
    """Who is new among the named and who is gone, in a sentence or two; nothing where no earlier conclusions are kept.

    Parameters
    ----------
    rows : DataFrame
        As from `conclusions`.
    """
    if rows.is_empty():
        return ""
    parts = []
    for change, template in (
        ("new", "Впервые названы {n}: {schools:md}"),
        ("gone", "Больше не названы {n}: {schools:md}"),
    ):
        some = rows.filter(change=change)
        if some.height:
            rows_told = some.head(_MOST).iter_rows(named=True)
            listed = [prose.markdown("{school_name} ({reasons})", **row) for row in rows_told]
            listed += [f"и ещё {some.height - _MOST}"] if some.height > _MOST else []
            parts.append(prose.markdown(template, n=some.height, schools="; ".join(listed)))
    told = ". ".join(parts) or "Никто не назван впервые, и никто не выбыл"
    template = "**С прежнего отчёта**, за {year} год. {told:md}."
    return prose.markdown(template, year=rows["earlier_year"][0], told=told)
