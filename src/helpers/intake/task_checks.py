"""Checks of «Выполнение заданий»: it must have been made from the same papers as the other reports of the work."""

from __future__ import annotations

import polars as pl

from helpers.intake.findings import decimal
from helpers.intake.records import Intake

_WORK = ["year", "subject", "grade"]
_FLOAT = 1e-6
"""What sums of decimal fractions may miss by."""
_DIGITS = 3
"""How means are told: what rounding leaves of a difference may show in the third digit only."""


def tasks_agree(tasks: pl.DataFrame, scores: pl.DataFrame, results: pl.DataFrame, intake: Intake) -> None:
    """A school's points by task against the distribution of its primary scores, its participants against its marks."""
    by_task = _schools(tasks)
    _score_agrees(by_task, scores, intake)
    _participants_agree(by_task, results, intake)


def _schools(tasks: pl.DataFrame) -> pl.DataFrame:
    """Each school's `points` per pupil by task, `reached`: what could be won in the tasks it has data of, `highest` in all."""
    highest = tasks.unique([*_WORK, "task"]).group_by(_WORK).agg(highest=pl.col("max_score").sum())
    known = tasks.filter(pl.col("max_score").is_not_null().all().over(_WORK)).join(highest, on=_WORK)
    return known.group_by(*_WORK, "school_id", maintain_order=True).agg(
        pl.col("highest", "n_participants", "source_file", "source_sheet", "source_row").first(),
        points=(pl.col("max_score") * pl.col("share_done")).sum(),
        reached=pl.col("max_score").sum(),
        half=_half_of_last_digit("share_done"),
    )


def _score_agrees(by_task: pl.DataFrame, scores: pl.DataFrame, intake: Intake) -> None:
    """The mean primary score, Σ max·share over tasks and Σ score·share over scores.

    Percentages rounded to d digits are off by h = 0.5·10⁻ᵈ hundredths at most, so the first mean by h·Σ max and the
    second, whose shares make a whole, by h·Σ |score − mean| over the scores that occur: means further apart were not
    made from the same papers. d is what the school's own row is written with. Tasks without data may have brought
    anything from none to all of their points.
    """
    mean = (pl.col("score") * pl.col("share")).sum()
    by_score = scores.group_by(*_WORK, "school_id").agg(
        mean=mean, off=(pl.col("score") - mean).abs().filter(pl.col("share") > 0).sum()
    )
    both = by_task.join(by_score, on=[*_WORK, "school_id"], maintain_order="left").with_columns(
        upper=pl.col("points") + pl.col("highest") - pl.col("reached"),
        tolerance=pl.col("half") * (pl.col("reached") + pl.col("off")) + _FLOAT,
    )
    above, below = pl.col("points") - pl.col("mean"), pl.col("mean") - pl.col("upper")
    wrong = both.filter(pl.max_horizontal(above, below) > pl.col("tolerance"))
    texts = [f"средний первичный балл {_between(row['points'], row['upper'])}, а по распределению баллов {decimal(row['mean'], _DIGITS)}"
             for row in wrong.iter_rows(named=True)]  # fmt: skip
    intake.tell("tasks_agree", wrong, texts, "один и тот же балл", "сверьте строку с исходными отчётами: не сдвинуты ли столбцы, "
          "та ли это школа")  # fmt: skip


def _participants_agree(by_task: pl.DataFrame, results: pl.DataFrame, intake: Intake) -> None:
    marks = results.filter(procedure="VPR").select(*_WORK, "school_id", marked="n_participants")
    both = by_task.join(marks, on=[*_WORK, "school_id"], maintain_order="left")
    differ = both.filter(pl.col("n_participants") != pl.col("marked"))
    texts = [f"участников {row['n_participants']:.0f}, а в статистике по отметкам {row['marked']:.0f}"
             for row in differ.iter_rows(named=True)]  # fmt: skip
    intake.tell("tasks_agree", differ, texts, "одно и то же число", "сверьте оба отчёта", "n_participants")


def _half_of_last_digit(share: str) -> pl.Expr:
    """Half a unit of the last digit in which a row's percentages are written, as a share: 0,005 of whole percents."""
    percents = pl.col(share) * 100
    written = [(digits, ((percents - percents.round(digits)).abs() < _FLOAT).all()) for digits in (0, 1)]
    return pl.when(written[0][1]).then(0.005).when(written[1][1]).then(0.0005).otherwise(0.00005)


def _between(low: float, high: float) -> str:
    """The mean by tasks; a range where some have no data."""
    if high - low < _FLOAT:
        return f"по заданиям {decimal(low, _DIGITS)}"
    return f"по заданиям от {decimal(low, _DIGITS)} до {decimal(high, _DIGITS)}"
