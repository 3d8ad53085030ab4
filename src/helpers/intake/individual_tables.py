"""Tables of ВПР from added-up individual results, and how the aggregated reports agree with them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import polars.selectors as cs

from helpers.intake.findings import percent
from helpers.intake.logins import school_of
from helpers.intake.marks import MARKS, with_mean
from helpers.intake.raw_table import Table
from helpers.intake.records import SOURCE, Intake, records
from helpers.intake.task_labels import label_and_maximum
from helpers.intake.works import Work
from helpers.problems import Problem

KEY = ["year", "school_id", "subject", "grade"]
_MINE = "__individual__"
_ROUNDED = 0.0051
"""By how much a share may differ from one that was rounded to whole percents."""
_REPORTS = {"results": "«Статистика по отметкам»", "journal": "«Сравнение отметок с отметками по журналу»",
            "primary_scores": "«Распределение первичных баллов»", "tasks": "«Выполнение заданий»"}  # fmt: skip
_VALUES = {"results": [f"share_{mark}" for mark in MARKS], "primary_scores": ["share"], "tasks": ["share_done"],
           "journal": ["share_lowered", "share_confirmed", "share_raised"]}  # fmt: skip


def of_schools(table: Table, work: Work, intake: Intake) -> dict[str, pl.DataFrame]:
    """Tables `results`, `journal`, `primary_scores` and `tasks`, as far as the file has their columns.

    A school's participants may stand under several ways of writing it: their numbers are added up.
    """
    maxima = {
        label: most for title in table.columns.values() if (told := label_and_maximum(title)) for label, most in [told]
    }
    keyed = _with_logins(table)
    rows = records(keyed, work.year, work.day, intake)
    rows = rows.group_by("year", "school_id", "source_file", "source_sheet", maintain_order=True).agg(
        pl.col("source_row").min(), cs.starts_with("n_").sum()
    )
    rows = rows.with_columns(pl.lit(True).alias(_MINE), subject=pl.lit(work.subject), grade=pl.lit(work.grade))
    _look_at_numbers(rows, intake)
    written = rows.select(pl.sum_horizontal(pl.col(f"n_mark_{mark}").sum() for mark in MARKS)).item()
    if not written:
        intake.findings.advise("individual", Problem(
            table.file, "столбца отметок нет или он пуст", "столбец «Отметка»", "средние отметки из этого файла не взяты; положите "
            "рядом «Статистику по отметкам»", next(iter(table.preamble), "")))  # fmt: skip
    made = {"results": _results(rows, work), "journal": _journal(rows), "primary_scores": _scores(rows),
            "tasks": _tasks(rows, maxima)}  # fmt: skip
    return {name: frame for name, frame in made.items() if not frame.is_empty()}


def _with_logins(table: Table) -> Table:
    """Logins and names apart, whichever of the two columns they stand in."""
    said = []
    for login, name in table.frame.select("login", "name").iter_rows():
        by_login, by_name = school_of(login or ""), school_of(name or "")
        found = by_login or by_name
        said.append(
            (
                found[0] if found else None,
                (by_name[1] if by_name else name) or (by_login[1] if by_login else login) or None,
            )
        )
    keys = pl.DataFrame(said, {"login": pl.String, "name": pl.String}, orient="row")
    return replace(table, frame=table.frame.with_columns(keys))


def _look_at_numbers(rows: pl.DataFrame, intake: Intake) -> None:
    """Primary scores that the points do not make, and a number of participants other than the school's line tells."""
    unlike = rows.filter(pl.col("n_unlike") > 0)
    texts = [f"у {row['n_unlike']:.0f} участников из {row['n_participants']:.0f} первичный балл не равен сумме баллов за задания"
             for row in unlike.iter_rows(named=True)]  # fmt: skip
    intake.tell("individual", unlike, texts, "одно и то же число", "взяты и баллы, и первичные баллы, как они записаны; проверьте, "
                "не пропало ли задание", "n_unlike")  # fmt: skip
    differ = rows.filter((pl.col("n_heading") > 0) & (pl.col("n_heading") != pl.col("n_participants")))
    texts = [f"строк участников {row['n_participants']:.0f}, а над ними написано {row['n_heading']:.0f}"
             for row in differ.iter_rows(named=True)]  # fmt: skip
    intake.tell(
        "individual", differ, texts, "одно и то же число", "проверьте, все ли строки школы на месте", "n_heading"
    )


def _results(rows: pl.DataFrame, work: Work) -> pl.DataFrame:
    n = pl.sum_horizontal(f"n_mark_{mark}" for mark in MARKS)
    marked = rows.filter(n > 0).with_columns(
        n_participants=n, **{f"share_{mark}": pl.col(f"n_mark_{mark}") / n for mark in MARKS}
    )
    return with_mean(marked).select(
        *KEY, "n_participants", "mean", "sd", "share_low", *(f"share_{mark}" for mark in MARKS), *SOURCE, _MINE,
        procedure=pl.lit("VPR"), period=pl.lit(work.season),
    )  # fmt: skip


def _journal(rows: pl.DataFrame) -> pl.DataFrame:
    parts = ("lowered", "confirmed", "raised")
    n = pl.sum_horizontal(f"n_{part}" for part in parts)
    return rows.filter(n > 0).select(
        *KEY, *SOURCE, _MINE, n_participants=n, **{f"share_{part}": pl.col(f"n_{part}") / n for part in parts}
    )


def _scores(rows: pl.DataFrame) -> pl.DataFrame:
    """All scores from 0 to the highest of each school, those that nobody has among them."""
    scores = cs.starts_with("n_score_")
    n = pl.sum_horizontal(scores)
    long = rows.filter(n > 0).with_columns(n_participants=n)
    long = long.unpivot(scores, index=[*KEY, "n_participants", *SOURCE, _MINE], variable_name="score", value_name="n")
    return long.with_columns(
        pl.col("score").str.extract(r"(\d+)$").cast(pl.Int64), share=pl.col("n") / pl.col("n_participants")
    ).drop("n")


def _tasks(rows: pl.DataFrame, maxima: dict[str, int]) -> pl.DataFrame:
    """Shares of the most points that those with data could win; X is 0 points, an empty cell no data."""
    return pl.concat(
        rows.filter(pl.col(f"n_known_{label}") > 0).select(
            *KEY, *SOURCE, _MINE, task=pl.lit(label), n_participants=pl.col(f"n_known_{label}"), max_score=pl.lit(float(most)),
            share_done=pl.col(f"n_points_{label}") / (most * pl.col(f"n_known_{label}")),
        )
        for label, most in maxima.items()
    )  # fmt: skip


def preferred(found: dict[str, pl.DataFrame], intake: Intake) -> dict[str, pl.DataFrame]:
    """Records with those of individual results in place of aggregated ones of the same school and work; both are compared."""
    return {name: _preferred(name, rows, intake) if _MINE in rows.columns else rows for name, rows in found.items()}


def _preferred(name: str, rows: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    key = [*KEY, "procedure"] if name == "results" else KEY
    mine, others = rows.filter(_MINE).drop(_MINE), rows.filter(pl.col(_MINE).is_null()).drop(_MINE)
    known = mine.select(key).unique()
    apart = others.join(known, on=key, how="anti", maintain_order="left")
    _compare(name, mine, others.join(known, on=key, how="semi", maintain_order="left"), intake)
    works = mine.select("year", "subject", "grade").unique()
    lacking = apart.join(works, on=["year", "subject", "grade"], how="semi").unique(
        [*KEY, "source_file"], maintain_order=True
    )
    if name == "results":
        lacking = lacking.filter(procedure="VPR")
    intake.tell("individual_agree", lacking, [f"школы нет в индивидуальных результатах, а в отчёте {_REPORTS[name]} она есть"]
                * lacking.height, "одни и те же школы", "взята строка этого отчёта; проверьте, все ли школы выгружены")  # fmt: skip
    return pl.concat([mine, apart], how="diagonal_relaxed")


def _compare(name: str, mine: pl.DataFrame, others: pl.DataFrame, intake: Intake) -> None:
    """One finding for each school and work where an aggregated report was not made from the same papers."""
    detail = {"primary_scores": ["score"], "tasks": ["task"]}.get(name, [])
    both = others.join(mine, on=[*KEY, *detail], suffix="_mine", maintain_order="left")
    apart = {value: (pl.col(value) - pl.col(f"{value}_mine")).abs() for value in _VALUES[name]}
    both = both.with_columns(apart=pl.max_horizontal(apart.values()))
    differs = (pl.col("apart") > _ROUNDED) | (pl.col("n_participants") != pl.col("n_participants_mine"))
    worst = both.filter(differs).sort("apart", descending=True, nulls_last=True)
    worst = worst.unique([*KEY, "source_file"], keep="first", maintain_order=True).sort("source_row")
    texts = [_difference(row, _REPORTS[name]) for row in worst.iter_rows(named=True)]
    intake.tell(
        "individual_agree", worst, texts, "одни и те же работы", "взяты индивидуальные результаты; сверьте отчёты"
    )


def _difference(row: dict, report: str) -> str:
    if row["n_participants"] != row["n_participants_mine"]:
        return (f"участников {row['n_participants']:.0f}, а в индивидуальных результатах {row['n_participants_mine']:.0f} "
                f"(отчёт {report})")  # fmt: skip
    return f"доли расходятся с индивидуальными результатами, больше всего на {percent(row['apart'])} (отчёт {report})"
