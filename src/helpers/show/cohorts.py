"""Progress of the same pupils as pages show it: beside the deviation from context, and why the two may differ."""

from __future__ import annotations

import polars as pl

from helpers.measure.intervals import Z95
from helpers.model.flags import FLAGGED
from helpers.report import Report
from helpers.show import views, words

PROGRESS = {
    "below": "прибавляют меньше ожидаемого",
    "within": "прибавляют, как ожидается",
    "above": "прибавляют больше ожидаемого",
}
"""What is said of a school's pupils, by direction."""
WHY = {
    ("below", "below"): "Оба взгляда согласны: и уровень низок для таких условий, и ученики прибавляют мало. Начинайте с этих школ.",
    ("below", "within"): "Отставание сложилось раньше и держится, или есть условия, которых индекс не видит. Смотрите младшие классы.",
    ("below", "above"): "Уровень ещё низок, но школа поднимается: узнайте, что она изменила, и не мешайте.",
    ("within", "below"): "Уровень обычен, но ученики теряют своё: ушли сильные, прежний результат завышен или учить стали хуже.",
    ("within", "within"): "Ни один взгляд явной разницы не видит.",
    ("within", "above"): "Ученики прибавляют больше, чем видно по уровню: пришли сильные, прежний результат занижен или учить стали лучше.",
    ("above", "below"): "Уровень высок, но снижается. Сначала проверьте, не был ли завышен прежний результат.",
    ("above", "within"): "Высокий уровень сложился раньше и держится: от этих учеников и ожидается больше.",
    ("above", "above"): "Оба взгляда согласны: и уровень высок для таких условий, и ученики прибавляют много.",
}  # fmt: skip
"""What the two conclusions mean together, by directions: in context, in progress."""
APART = {
    "not_compared": "один из двух результатов с другими годами не сравнивается",
    "biased": "у одного из результатов признаки необъективности",
    "before_merger": "школа тогда была другой: с тех пор объединилась",
    "coverage": "учеников стало много меньше или больше: это уже другие ученики",
}
"""Why two results of a cohort are not compared."""


def schools(report: Report, edition: str) -> pl.DataFrame:
    """Schools with progress: columns of `views.schools`, and of table `progress` with `progress`, `progress_se`, its ends
    `progress_lower`, `progress_upper`, `progress_direction`, `progress_words`, `progress_sure`; `why` of the two conclusions.
    """
    own = report.read("progress", edition).select(
        "school_id",
        "years",
        progress="effect",
        progress_se="effect_se",
        progress_lower=pl.col("effect") - Z95 * pl.col("effect_se"),
        progress_upper=pl.col("effect") + Z95 * pl.col("effect_se"),
        progress_sure=pl.max_horizontal("prob_below", "prob_above"),
        progress_direction="direction",
        progress_words=_words(),
    )
    why = pl.DataFrame(
        [(*key, text) for key, text in WHY.items()], schema=["direction", "progress_direction", "why"], orient="row"
    )
    joined = views.schools(report, edition).join(own, on="school_id")
    return joined.join(why, on=["direction", "progress_direction"], how="left").sort("school_id")


def _words() -> pl.Expr:
    """A school's progress in words: «▼ прибавляют меньше ожидаемого, устойчиво», or why nothing is said."""
    mark, said = (
        pl.col("direction").replace_strict(titles, default=None) for titles in (words.DIRECTION_MARK, PROGRESS)
    )
    tier = pl.col("tier").replace_strict(words.TIER, default=pl.col("tier"))
    return (
        pl.when(pl.col("tier").is_in(FLAGGED)).then(pl.format("{} {}, {}", mark, said, tier))
        .when(pl.col("direction") == "within").then(pl.format("{} {}", mark, said))
        .otherwise(tier)
    )  # fmt: skip


def both(rows: pl.DataFrame) -> pl.DataFrame:
    """How many `schools` have which two conclusions, in words, and `why`; where both are drawn."""
    told = (
        rows.drop_nulls("why").group_by("direction", "progress_direction", "why").agg(schools=pl.len().cast(pl.Int64))
    )
    order = {key: place for place, key in enumerate(WHY)}
    places = [order[pair] for pair in told.select("direction", "progress_direction").iter_rows()]
    return told.with_columns(
        place=pl.Series(places, dtype=pl.Int64),
        level=pl.col("direction").replace_strict(words.DIRECTION, return_dtype=pl.String),
        progress=pl.col("progress_direction").replace_strict(PROGRESS, return_dtype=pl.String),
    ).sort("place")


def links(report: Report, edition: str) -> pl.DataFrame:
    """By years and classes what was compared with what: school results judged, pupils then and now; sorted."""
    pairs = report.read("cohort_pairs", edition).filter(pl.col("year").is_in(report.params.pooled_years))
    key = ["year", "earlier_year", "procedure", "grade", "earlier_procedure", "earlier_grade"]
    judged = pl.col("set_aside").is_null()
    rows = pairs.group_by(key).agg(
        judged=judged.sum().cast(pl.Int64),
        apart=(~judged).sum().cast(pl.Int64),
        n_earlier=pl.col("n_earlier").filter(judged).sum(),
        n_later=pl.col("n_later").filter(judged).sum(),
    )
    place = pl.col("grade").cast(pl.Int64, strict=False)
    return (
        rows.filter(pl.col("judged") > 0)
        .with_columns(
            now=_sat("procedure", "grade"),
            before=_sat("earlier_procedure", "earlier_grade"),
            share=pl.col("n_later") / pl.col("n_earlier"),
        )
        .sort("year", place, "procedure", "earlier_year")
    )


def _sat(procedure: str, grade: str) -> pl.Expr:
    title = pl.col(procedure).replace(words.PROCEDURE)
    return pl.format("{}, {} класс", title, pl.col(grade))


def apart(report: Report, edition: str) -> pl.DataFrame:
    """Why results of the pooled years have no comparison, and how many: reason, results; sorted."""
    pairs = report.read("cohort_pairs", edition).filter(pl.col("year").is_in(report.params.pooled_years))
    counted = pairs.drop_nulls("set_aside").group_by("set_aside").agg(results=pl.len().cast(pl.Int64))
    return counted.with_columns(reason=pl.col("set_aside").replace(APART)).sort(
        "results", "set_aside", descending=[True, False]
    )


def of_school(report: Report, edition: str, school_id: str) -> str:
    """One school's progress as a sentence; nothing where none of its cohorts could be compared."""
    own = schools(report, edition).filter(school_id=school_id)
    if own.is_empty():
        return ""
    row = own.row(0, named=True)
    said = row["progress_direction"]
    if said is None:
        return f"**Те же ученики.** Прибавляют ли они больше или меньше ожидаемого, сказать нельзя: {row['progress_words']}."
    size = (
        f"{words.signed(row['progress'])} стандартного отклонения ученика"
        f" (от {words.signed(row['progress_lower'])} до {words.signed(row['progress_upper'])})"
    )
    why = f" {row['why']}" if row["why"] else ""
    return (
        f"**Те же ученики.** По сравнению с их же прежним результатом они {PROGRESS[said]}: {size}.{why}"
        " Оба взгляда судят по одним и тем же последним работам, поэтому это не два независимых свидетельства."
    )
