"""Teachers, from diagnostics to courses: counts by school and subject, no teacher's name ever enters."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import Field, model_validator

from helpers.intake.subjects import subject_titles
from helpers.params import Closed, Text

MODULES = ("subject", "method", "psychology", "communication")
"""Modules of the courses: each answers one competence of the diagnostics and is called like it."""
STAGES = {
    "started": "",
    "finished": "started",
    "high": "finished",
    "advised": "finished",
    "enrolled": "advised",
    "trained": "enrolled",
}
"""Stages of a teacher's way, and out of which each comes. Whoever shows a high level needs no course: the way forks."""
IN_WORDS = {
    "started": "начали диагностику",
    "finished": "завершили диагностику",
    "high": "показали высокий уровень",
    "advised": "рекомендованы курсы",
    "enrolled": "зачислены на курсы",
    "trained": "завершили курсы",
}
_COUNTS = [f"n_{stage}" for stage in STAGES]


class Course(Closed):
    """A course: the module that it teaches, the subjects for whose teachers it is (none named: for all others)."""

    title: Text
    module: Literal["subject", "method", "psychology", "communication"]
    subjects: list[Text] = Field(default=[])

    @model_validator(mode="after")
    def _known_subjects(self) -> Course:
        unknown = sorted(set(self.subjects) - subject_titles().keys())
        if unknown:
            raise ValueError(
                f"в subjects коды предметов, например {', '.join(list(subject_titles())[:3])}, а {unknown[0]} не код"
            )
        return self


def tracks(diagnostics: pl.DataFrame, courses: list[Course]) -> pl.DataFrame:
    """Tell how many teachers of which school and subject are led to which module.

    Parameters
    ----------
    diagnostics : DataFrame
        Table `diagnostics`.
    courses : list of Course
        A course that names the subject goes before one for all.

    Returns
    -------
    DataFrame
        Table `tracks`: year, school_id, subject, module, course, n_started, n_finished, n_low, n_middle, n_high, n_advised,
        n_enrolled, n_trained (teachers; one teacher may be in several modules), note (where a stage has more than the
        one it comes from).
    """
    rows = diagnostics.filter(pl.col("competence").is_in(MODULES)).rename({"competence": "module"})
    own, common = _courses(courses)
    return (
        rows.join(own, on=["module", "subject"], how="left")
        .join(common, on="module", how="left")
        .select(
            "year", "school_id", "subject", "module", pl.coalesce("own", "common").alias("course"),
            "n_started", "n_finished", "n_low", "n_middle", "n_high", "n_advised", "n_enrolled", "n_trained",
            note=_joined([pl.format("{}: {}", pl.lit(IN_WORDS[stage]), fault) for stage, fault in _faults().items()]),
        )
        .sort("year", "school_id", "subject", "module")
    )  # fmt: skip


def _courses(courses: list[Course]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first course of each module and subject, and of each module for all the others."""
    named = [(course.module, subject, course.title) for course in courses for subject in course.subjects]
    for_all = [(course.module, course.title) for course in courses if not course.subjects]
    own = pl.DataFrame(named, schema=dict.fromkeys(["module", "subject", "own"], pl.String), orient="row")
    common = pl.DataFrame(for_all, schema=dict.fromkeys(["module", "common"], pl.String), orient="row")
    return (
        own.unique(["module", "subject"], keep="first", maintain_order=True),
        common.unique("module", keep="first", maintain_order=True),
    )


def funnel(diagnostics: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """Count teachers by stage in each municipality and in the region (`group_id` empty).

    Parameters
    ----------
    diagnostics, schools : DataFrame
        Tables of these names.

    Returns
    -------
    DataFrame
        Table `funnel`: year, group_id, stage (`STAGES`), place (1…6), of_stage, n (teachers), share_of_previous (n over that
        of `of_stage`), note.
    """
    people = _people(diagnostics)
    places = schools.sort("year").unique("school_id", keep="last").select("school_id", "group_id")
    told = people.join(places, on="school_id", how="left")
    return _stages(pl.concat([told, told.with_columns(group_id=pl.lit(""))]), "group_id")


def funnel_schools(diagnostics: pl.DataFrame) -> pl.DataFrame:
    """The same by school: table `funnel_schools`."""
    return _stages(_people(diagnostics), "school_id")


def _people(diagnostics: pl.DataFrame) -> pl.DataFrame:
    """Teachers by school and subject, each counted once.

    The row «все» counts people; where it is missing, the competence with most teachers stands for it: it cannot be fewer.
    """
    keys = ["year", "school_id", "subject"]
    whole = diagnostics.filter(pl.col("competence") == "all").select(*keys, *_COUNTS, derived=False)
    parts = diagnostics.filter(pl.col("competence") != "all").group_by(keys).agg(pl.col(_COUNTS).max(), derived=True)
    return pl.concat([whole, parts.join(whole, on=keys, how="anti")])


def _stages(people: pl.DataFrame, by: str) -> pl.DataFrame:
    totals = people.group_by("year", by).agg(
        # a sum of nothing would be 0
        *(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in _COUNTS),
        *(pl.col(name).null_count().cast(pl.Int64).alias(f"{name}_unknown") for name in _COUNTS),
        derived=pl.col("derived").sum().cast(pl.Int64),
    )
    faults = _faults()
    rows = [
        totals.select(
            "year", by,
            stage=pl.lit(stage), place=pl.lit(place, pl.Int64), of_stage=pl.lit(source),
            n=f"n_{stage}",
            share_of_previous=pl.when(pl.col(f"n_{source}") > 0).then(pl.col(f"n_{stage}") / pl.col(f"n_{source}"))
            if source else pl.lit(None, pl.Float64),
            note=_joined([*([faults[stage]] if source else []), *_gaps(f"n_{stage}_unknown")]),
        )
        for place, (stage, source) in enumerate(STAGES.items(), start=1)
    ]  # fmt: skip
    return pl.concat(rows).sort("year", by, "place")


def _faults() -> dict[str, pl.Expr]:
    """By stage what is wrong with its count, null if nothing."""
    more = {
        stage: pl.when(pl.col(f"n_{stage}") > pl.col(f"n_{source}")).then(pl.lit(f"больше, чем «{IN_WORDS[source]}»"))
        for stage, source in STAGES.items()
        if source
    }
    both = pl.col("n_high") + pl.col("n_advised") > pl.col("n_finished")
    fork = pl.when(both).then(pl.lit(f"вместе с высоким уровнем больше, чем «{IN_WORDS['finished']}»"))
    return more | {"advised": pl.coalesce(more["advised"], fork)}


def _gaps(unknown: str) -> list[pl.Expr]:
    rows = "строк школ и предметов"
    return [
        pl.when(pl.col(unknown) > 0).then(pl.format(f"числа нет, {rows}: {{}}", unknown)),
        pl.when(pl.col("derived") > 0).then(
            pl.format(f"нет строки «все», взята самая многочисленная компетенция, {rows}: {{}}", "derived")
        ),
    ]


def _joined(texts: list[pl.Expr]) -> pl.Expr:
    """Texts as one, nothing if there is none."""
    note = pl.concat_str(texts, separator="; ", ignore_nulls=True)
    return pl.when(note != "").then(note)
