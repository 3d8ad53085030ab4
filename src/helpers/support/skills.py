"""Skills that the tasks of ВПР test: where a school wins fewer points than schools that do the rest of the work as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from helpers import tables
from helpers.intake.subjects import subject_titles
from helpers.params import Closed, Slug, Text, load_yaml
from helpers.problems import BadInput, Problem, quoted
from helpers.report import SKILLS

_WORK = ["subject", "grade"]
_HALF = 0.5
"""What is added to the points won and to those lost, so that none and all have a logit (Haldane 1956)."""


class Skill(Closed):
    """What several tasks have in common: their labels by grade."""

    skill: Slug
    title: Text
    subject: Slug
    tasks: dict[int, Annotated[list[Text], Field(min_length=1)]] = Field(min_length=1)


class Works(Closed):
    """The skills of the years in which the works were alike."""

    years: list[int] = Field(min_length=1)
    source: Text
    skills: list[Skill] = Field(min_length=1)


class Skills(Closed):
    """The content of `params/skills.yml`; `min_schools`: schools of a work, fewer do not show what to expect."""

    min_schools: Annotated[int, Field(ge=5)]
    works: list[Works] = Field(min_length=1)

    def of_year(self, year: int) -> list[Skill]:
        """The skills of a year's works; none where the year is not described."""
        return next((works.skills for works in self.works if year in works.years), [])

    @property
    def names(self) -> set[str]:
        """The skills of all years."""
        return {skill.skill for works in self.works for skill in works.skills}


def load_skills(path: Path = SKILLS) -> Skills:
    """Read `params/skills.yml`.

    Raises
    ------
    BadInput
        Wrong, missing or unknown keys; then all of: years described twice, skills and tasks that stand twice in a year,
        unknown subjects.
    """
    content = load_yaml(path, Skills, "params/skills.yml из репозитория")
    faults = [*_years_twice(content, path.name), *chain(*(_faults(works, path.name) for works in content.works))]
    if faults:
        raise BadInput(*faults)
    return content


def _years_twice(content: Skills, file: str) -> Iterator[Problem]:
    for year, number in Counter(year for works in content.works for year in works.years).items():
        if number > 1:
            yield Problem(file, f"год {year} назван не один раз", "каждый год один раз", "оставьте его в одной записи works",
                          column="works.years")  # fmt: skip


def _faults(works: Works, file: str) -> Iterator[Problem]:
    when = f"works {', '.join(map(str, works.years))}"
    for name, number in Counter(skill.skill for skill in works.skills).items():
        if number > 1:
            yield Problem(file, f"умение {quoted(name)} описано не один раз", "каждое умение один раз",
                          "соедините записи или переименуйте одну", column=f"{when}: skill")  # fmt: skip
    known = subject_titles()
    for skill in works.skills:
        if skill.subject not in known:
            yield Problem(file, f"предмет {quoted(skill.subject)}", f"один из предметов: {', '.join(sorted(known))}",
                          "исправьте имя предмета", column=f"{when}: {skill.skill}.subject")  # fmt: skip
    named = Counter(
        (skill.subject, grade, task)
        for skill in works.skills
        for grade, labels in skill.tasks.items()
        for task in labels
    )
    for (subject, grade, task), number in named.items():
        if number > 1:
            yield Problem(file, f"задание {task} ({subject}, {grade} класс) названо не один раз", "задание не больше чем в одном умении",
                          "оставьте его в одном", column=f"{when}: tasks")  # fmt: skip


def require_described(tasks: pl.DataFrame, skills: Skills, year: int) -> None:
    """Refuse skills that do not fit the tasks of the year.

    Raises
    ------
    BadInput
        As `skill_profile`.
    """
    faults = list(_unlike(tasks.filter(pl.col("year") == year), skills.of_year(year), year))
    if faults:
        raise BadInput(*faults)


def skill_profile(tasks: pl.DataFrame, biased: pl.DataFrame, skills: Skills, year: int) -> pl.DataFrame:
    """Compare what each school wins in the tasks of a skill with schools that do the other tasks of the work as well.

    In each work (subject and grade) the share of points won in a skill is a quasi-binomial regression on the logit of the
    share won in the other tasks (McCullagh & Nelder 1989, 4.5 and 9.2): the tasks' difficulty and how well they tell strong
    from weak works are the region's own, and the dispersion takes the pupils' and the schools' variance from the data. A
    school's grades are joined by their points. Its general level is thus taken out: what remains is its profile.

    Parameters
    ----------
    tasks, biased : DataFrame
        Tables of the contract; results listed as biased are left out, of the school and of what is expected.
    skills : Skills
    year : int

    Returns
    -------
    DataFrame
        Table `skill_profile`: n_participants, share_done and `expected` (0–1, of the points), `deficit` (expected − share_done)
        and `deficit_se`; the task that lies farthest below the region's share: weakest_task, weakest_grade, weakest_done,
        weakest_region. No row where a work has fewer than `skills.min_schools` schools. A school that has no data of some
        task of a work is left out of that work: the tasks that remain may be easier or harder than everybody's.

    Raises
    ------
    BadInput
        The year has tasks, and its skills are not described or name tasks that its works do not have.
    """
    require_described(tasks, skills, year)
    held, told = tasks.filter(pl.col("year") == year), skills.of_year(year)
    judged = _in_skills(_trusted(held, biased), told)
    works = [_work(rows, skills.min_schools) for _, rows in judged.group_by(_WORK, maintain_order=True)]
    works = [found for found in works if found.height]
    if not works:
        return tables.empty("skill_profile")
    titles = pl.DataFrame(
        [(one.skill, one.title, place) for place, one in enumerate(told)], ["skill", "title", "place"], orient="row"
    )
    return (
        _joined(pl.concat(works, rechunk=True))  # by one thread and in one piece: sums have the same last bits always
        .join(_weakest(judged), on=["school_id", "skill"], how="left")
        .join(titles, on="skill")
        .with_columns(year=pl.lit(year, pl.Int64))
        .sort("school_id", "place")
    )


def _unlike(held: pl.DataFrame, told: list[Skill], year: int) -> Iterator[Problem]:
    """Where the description of the skills does not fit the year's files."""
    if held.is_empty():
        return
    if not told:
        yield Problem(SKILLS.name, f"умения работ {year} года не описаны, а файлы «Выполнение заданий» за этот год есть",
                      "запись works с этим годом", "работы прежние — допишите год в years; нумерация новая — добавьте запись",
                      column="works.years")  # fmt: skip
    there = {work: sorted(set(rows["task"]), key=_by_number) for work, rows in held.group_by(*_WORK)}
    for skill, (grade, labels) in ((one, named) for one in told for named in one.tasks.items()):
        known = there.get((skill.subject, str(grade)), labels)  # a work without a file is not judged
        lacking = [label for label in labels if label not in known]
        if lacking:
            yield Problem(SKILLS.name, f"заданий {', '.join(lacking)} в работе нет ({subject_titles()[skill.subject]}, "
                          f"{grade} класс, {year} год)", f"задания работы: {', '.join(known)}",
                          "исправьте номера, а если работа сменилась, добавьте запись works",
                          column=f"{skill.skill}.tasks.{grade}")  # fmt: skip


def _by_number(task: str) -> tuple[int, str]:
    digits = task[: len(task) - len(task.lstrip("0123456789"))]
    return int(digits or 0), task


def _trusted(held: pl.DataFrame, biased: pl.DataFrame) -> pl.DataFrame:
    """Results of tasks without those listed as biased: a listed row without subject or grade means all of them."""
    listed = biased.select("year", "school_id", *_WORK).unique()
    for name in _WORK:
        every = listed.filter(pl.col(name).is_null()).drop(name)
        joined = every.join(held.select("year", "school_id", name).unique(), on=["year", "school_id"])
        listed = pl.concat([listed.drop_nulls(name), joined.select(listed.columns)])
    return held.drop_nulls(["share_done", "n_participants"]).filter(pl.col("n_participants") > 0).join(
        listed, on=["year", "school_id", *_WORK], how="anti"
    )  # fmt: skip


def _in_skills(held: pl.DataFrame, told: list[Skill]) -> pl.DataFrame:
    """Tasks with their `skill` (null: of none), the points that could be won and those that were."""
    labels = [
        (one.subject, str(grade), task, one.skill)
        for one in told
        for grade, named in one.tasks.items()
        for task in named
    ]
    places = pl.DataFrame(labels, schema=dict.fromkeys([*_WORK, "task", "skill"], pl.String), orient="row")
    possible = pl.col("n_participants") * pl.col("max_score")
    whole = pl.col("task").n_unique().over("school_id", *_WORK) == pl.col("task").n_unique().over(_WORK)
    return (
        held.filter(whole)
        .join(places, on=[*_WORK, "task"], how="left", maintain_order="left")
        .with_columns(possible=possible, won=possible * pl.col("share_done"))
    )


def _work(rows: pl.DataFrame, min_schools: int) -> pl.DataFrame:
    """Every skill of one work: school, skill, n_participants, points possible and won, expected share and its error."""
    whole = rows.group_by("school_id").agg(
        pl.col("n_participants").max(), all_possible=pl.col("possible").sum(), all_won=pl.col("won").sum()
    )
    points = (
        rows.drop_nulls("skill")
        .group_by("subject", "skill", "school_id")
        .agg(pl.col("possible").sum(), pl.col("won").sum())
    )
    both = points.join(whole, on="school_id").with_columns(
        rest_possible=pl.col("all_possible") - pl.col("possible"), rest_won=pl.col("all_won") - pl.col("won")
    )
    kept = both.filter(pl.col("rest_possible") > 0).sort("skill", "school_id")
    return pl.concat(
        [_expected(one) for _, one in kept.group_by("skill", maintain_order=True) if one.height >= min_schools]
        or [_expected(kept.clear())]
    )


def _expected(rows: pl.DataFrame) -> pl.DataFrame:
    """The regression of one skill: `expected` share of its points, `se` of the share won around it."""
    if rows.is_empty():
        return rows.with_columns(expected=pl.lit(None, pl.Float64), se=pl.lit(None, pl.Float64))
    import statsmodels.api as sm  # late: the pages read titles from here and fit nothing

    rest_lost = pl.col("rest_possible") - pl.col("rest_won")
    level = rows.select(((pl.col("rest_won") + _HALF) / (rest_lost + _HALF)).log()).to_series().to_numpy()
    won, possible = rows["won"].to_numpy(), rows["possible"].to_numpy()
    design = sm.add_constant(level, has_constant="add")
    fit = sm.GLM(won / possible, design, family=sm.families.Binomial(), var_weights=possible).fit(scale="X2")
    expected = fit.fittedvalues
    leverage = fit.get_hat_matrix_diag(observed=False)
    variance = fit.scale * expected * (1 - expected) / possible * (1 - leverage)
    return rows.with_columns(expected=pl.Series(expected), se=pl.Series(np.sqrt(variance)))


def _joined(works: pl.DataFrame) -> pl.DataFrame:
    """A school's grades together, weighted by the points that could be won: other pupils, so the errors are independent."""
    possible = pl.col("possible")
    return (
        works.group_by("school_id", "subject", "skill", maintain_order=True)
        .agg(
            pl.col("n_participants").sum(),
            share_done=pl.col("won").sum() / possible.sum(),
            expected=(pl.col("expected") * possible).sum() / possible.sum(),
            deficit_se=((pl.col("se") * possible) ** 2).sum().sqrt() / possible.sum(),
        )
        .with_columns(deficit=pl.col("expected") - pl.col("share_done"))
    )


def _weakest(judged: pl.DataFrame) -> pl.DataFrame:
    """Of a school's skill the task farthest below the region's share."""
    region = judged.group_by(*_WORK, "task").agg(region=pl.col("won").sum() / pl.col("possible").sum())
    rows = judged.drop_nulls("skill").join(region, on=[*_WORK, "task"])
    below = rows.sort(pl.col("share_done") - pl.col("region"), "grade", "task")
    return below.group_by("school_id", "skill").agg(
        weakest_task=pl.col("task").first(),
        weakest_grade=pl.col("grade").first(),
        weakest_done=pl.col("share_done").first(),
        weakest_region=pl.col("region").first(),
    )
