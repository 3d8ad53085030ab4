"""Tasks of the tests: which there are, how pupils' points fall on them, and who lacks a skill that they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.demo.region import YEARS, Region
from helpers.demo.results import VprResult
from helpers.demo.schools import FIRST_DAY, School


@dataclass(frozen=True)
class Task:
    """One task: its label, most points, easiness (logits, of a unit point among the others), skill (empty: none)."""

    label: str
    points: int
    easiness: float
    skill: str = ""


def _work(described: str) -> tuple[Task, ...]:
    """Read tasks written as `label points easiness skill`, one after another, set off by `;`."""
    told = (task.split() for task in described.split(";"))
    return tuple(Task(label, int(points), float(easiness), *skill) for label, points, easiness, *skill in told)


WORKS = {
    ("rus", 5): _work(
        "1К1 4 -0.2 spelling; 1К2 3 -0.5 punctuation; 1К3 2 2.0; 2К1 3 0.9 language_analysis;"
        "2К2 3 -0.2 language_analysis; 2К3 3 -0.6 language_analysis; 2К4 3 -0.4 language_analysis;"
        "3 2 0.7 language_analysis; 4.1 3 0.5 language_analysis; 4.2 2 -0.7 language_analysis; 5.1 2 0.1 punctuation;"
        "5.2 2 -0.3 punctuation; 6.1 2 0.2 punctuation; 6.2 1 -0.4 punctuation; 7.1 2 -0.1 punctuation;"
        "7.2 1 -0.8 punctuation; 8 2 -0.3 reading; 9 2 -0.4 reading; 10 1 0.2 reading; 11 1 0.6 vocabulary;"
        "12 1 0.9 vocabulary"
    ),
    ("rus", 6): _work(
        "1К1 4 -0.3 spelling; 1К2 3 -0.6 punctuation; 1К3 2 2.0; 2К1 3 1.0 language_analysis;"
        "2К2 3 0.1 language_analysis; 2К3 3 -0.8 language_analysis; 2К4 3 -0.5 language_analysis;"
        "3.1 1 0.8 language_analysis; 3.2 1 -0.2 language_analysis; 4 2 0.5 language_analysis;"
        "5 3 0.6 language_analysis; 6 2 -0.3 language_analysis; 7.1 1 0.4 punctuation; 7.2 1 -0.5 punctuation;"
        "8.1 2 0.1 punctuation; 8.2 1 -0.6 punctuation; 9 2 -0.5 reading; 10 3 -0.3 reading; 11 2 0.3 reading;"
        "12.1 1 0.6 vocabulary; 12.2 2 -0.4 vocabulary; 13.1 1 0.5 vocabulary; 13.2 1 0.0 vocabulary;"
        "14.1 2 -0.1 vocabulary; 14.2 2 -0.5 vocabulary"
    ),
    ("rus", 7): _work(
        "1К1 4 -0.4 spelling; 1К2 3 -0.7 punctuation; 1К3 2 2.1; 2К1 3 1.1 language_analysis;"
        "2К2 3 -0.5 language_analysis; 2К3 3 -0.9 language_analysis; 2К4 3 -0.3 language_analysis;"
        "3.1 1 0.4 language_analysis; 3.2 1 -0.5 language_analysis; 4.1 1 0.5 language_analysis;"
        "4.2 1 -0.2 language_analysis; 5 2 0.6 language_analysis; 6 2 -0.2 language_analysis; 7.1 1 0.1 punctuation;"
        "7.2 1 -0.5 punctuation; 8.1 2 0.0 punctuation; 8.2 1 -0.6 punctuation; 9 2 -0.4 reading; 10 2 0.1 reading;"
        "11.1 2 0.2 reading; 11.2 3 -0.2 reading; 12 1 0.8 vocabulary; 13.1 1 0.6 vocabulary; 13.2 1 0.1 vocabulary;"
        "14 1 -0.4 vocabulary"
    ),
    ("rus", 8): _work(
        "1К1 4 -0.3 spelling; 1К2 3 -0.6 punctuation; 1К3 2 2.1; 2К1 3 1.0 language_analysis;"
        "2К2 3 -0.6 language_analysis; 2К3 3 -0.8 language_analysis; 3 4 0.3 language_analysis;"
        "4 4 -0.1 language_analysis; 5 2 0.6 language_analysis; 6 2 -0.2 language_analysis; 7 5 0.2 punctuation;"
        "8 2 -0.3 punctuation; 9 3 0.0 punctuation; 10 2 -0.4 reading; 11 3 0.1 reading; 12 2 0.4 reading;"
        "13 2 0.7 vocabulary; 14 2 -0.1 vocabulary"
    ),
    ("math", 5): _work(
        "1 1 0.9 arithmetic; 2 1 0.5 arithmetic; 3 1 0.4 word_problems; 4 1 -0.3 word_problems; 5 1 1.0 arithmetic;"
        "6 2 0.1 word_problems; 7 1 -0.1 word_problems; 8 1 -0.7 word_problems; 9 2 0.0 arithmetic;"
        "10 2 -0.4 word_problems; 11.1 1 1.4 data_and_graphs; 11.2 1 0.9 data_and_graphs; 12.1 1 0.3 geometry;"
        "12.2 1 -0.2 geometry; 13 1 -0.5 geometry; 14 2 -1.8 reasoning"
    ),
    ("math", 6): _work(
        "1 1 1.2 arithmetic; 2 1 0.9 arithmetic; 3 1 -0.2 word_problems; 4 1 0.4 arithmetic; 5 1 1.0 data_and_graphs;"
        "6 1 1.1 data_and_graphs; 7 1 0.1 arithmetic; 8 1 0.6 arithmetic; 9 2 -0.4 arithmetic; 10 1 0.5 reasoning;"
        "11 2 -0.8 word_problems; 12 1 0.2 geometry; 13 2 -1.9 reasoning"
    ),
    ("math", 7): _work(
        "1 1 0.9 arithmetic; 2 1 0.7 arithmetic; 3 1 1.2 data_and_graphs; 4 1 0.3 word_problems; 5 1 0.2 word_problems;"
        "6 1 0.8 reasoning; 7 1 0.9 data_and_graphs; 8 1 -0.2 data_and_graphs; 9 1 0.3 arithmetic;"
        "10 2 -0.8 word_problems; 11 1 -0.2 arithmetic; 12 1 0.0 arithmetic; 13 1 0.6 geometry; 14 2 -1.0 geometry;"
        "15 1 0.1 data_and_graphs; 16 2 -1.6 word_problems"
    ),
    ("math", 8): _work(
        "1 1 1.1 arithmetic; 2 1 0.8 arithmetic; 3 1 0.6 word_problems; 4 1 0.3 arithmetic; 5 1 0.9 data_and_graphs;"
        "6 2 0.7 data_and_graphs; 7 1 0.4 data_and_graphs; 8 2 0.2 arithmetic; 9 1 -0.2 arithmetic;"
        "10 1 -0.3 data_and_graphs; 11 1 -0.5 word_problems; 12 1 0.5 geometry; 13 1 0.1 geometry; 14 1 0.3 geometry;"
        "15 2 -0.7 geometry; 16 2 0.0 data_and_graphs; 17 1 -1.0 geometry; 18 2 -1.2 word_problems;"
        "19 2 -1.7 reasoning"
    ),
}
"""The tests by subject and grade. The numbers of points sum to the tests' highest primary scores."""

WORKS_OF_TODAY = WORKS | {
    ("rus", 4): _work(
        "1К1 4 -0.3; 1К2 3 0.4; 2 3 0.2; 3.1 1 0.6; 3.2 3 0.3; 4 2 0.5; 5 1 0.7; 6 2 -0.4; 7 3 -0.3; 8 2 0.0; 9 1 0.2;"
        "10 1 0.4; 11 2 -0.1; 12.1 1 0.3; 12.2 2 -0.1; 13.1 1 0.2; 13.2 2 -0.2; 14 1 0.5; 15.1 2 -0.9; 15.2 1 -1.1"
    ),
    ("math", 4): _work(
        "1 1 1.6; 2 1 1.1; 3 2 0.8; 4 1 -0.1; 5.1 1 0.2; 5.2 1 -0.2; 6.1 1 1.5; 6.2 1 1.0; 7 1 0.1; 8 2 -0.5; 9.1 1 -0.2;"
        "9.2 1 -0.7; 10 2 0.0; 11 2 0.1; 12 2 -1.9"
    ),
}
"""Since individual results tell the tasks of every test, those of grade 4 are known too."""

DEFICIT = 1.1
"""By how much the tasks of a skill are harder where it is lacking, in logits."""

Harder = Mapping[tuple[str, str, str], float]

_LACKING = (
    (("rus", "punctuation"),),
    (("math", "word_problems"),),
    (("math", "geometry"),),
    (("rus", "reading"), ("math", "arithmetic")),
    (("rus", "punctuation"), ("math", "data_and_graphs")),
    (("rus", "spelling"),),
)
"""Subject and skill that the schools lack, the largest school first."""


@dataclass(frozen=True)
class TaskResult:
    """Points that all pupils of a school together won in each task of one test."""

    year: int
    subject: str
    grade: int
    school: School
    n_participants: int
    points: np.ndarray


def lacking(region: Region) -> list[tuple[School, str, str]]:
    """School, subject and skill of every planted deficit.

    They lie in the largest day schools of the project; not in those that were merged, renamed or have biased tests.
    """
    successors = {school.successor_id for school in region.schools}
    able = [
        school
        for index in region.founders
        if (school := region.schools[index]).ordinary
        and school.opened == FIRST_DAY
        and school.school_id not in successors
        and not school.renamed
        and index not in region.biased
    ]
    largest = sorted(able, key=lambda school: -int(region.pupils[school.index, : len(YEARS), 4:8].sum()))
    return [
        (school, subject, skill) for school, skills in zip(largest, _LACKING, strict=False) for subject, skill in skills
    ]


def lacking_skills(region: Region) -> Harder:
    """By how much the tasks of a skill are harder, in logits, by school, subject and skill."""
    return {(school.school_id, subject, skill): DEFICIT for school, subject, skill in lacking(region)}


def task_results(region: Region, results: Iterable[VprResult], rng: np.random.Generator) -> list[TaskResult]:
    """Points by task, in each school the same that its pupils have won altogether.

    Parameters
    ----------
    results : iterable of VprResult
        Who wins how many points; tests that have no tasks here are left out.
    """
    harder = lacking_skills(region)
    return [
        TaskResult(
            result.year,
            result.subject,
            result.grade,
            result.school,
            n_participants=int(result.scores.sum()),
            points=_won_by_all(result, work, harder, rng),
        )
        for result in results
        if (work := WORKS.get((result.subject, result.grade)))
    ]


def _won_by_all(result: VprResult, work: tuple[Task, ...], harder: Harder, rng: np.random.Generator) -> np.ndarray:
    scores = np.repeat(np.arange(len(result.scores)), result.scores)
    return points_won(scores, result.school, result.subject, work, harder, rng).sum(axis=0)


def points_won(
    scores: np.ndarray, school: School, subject: str, work: Sequence[Task], harder: Harder, rng: np.random.Generator
) -> np.ndarray:
    """Let every pupil win as many points as his primary score says: by pupil and task.

    The points of a test come in an order drawn for each pupil, easy ones sooner (Plackett 1975: the order of easiness
    plus Gumbel noise); he wins the first ones.
    """
    easiness = [task.easiness - harder.get((school.school_id, subject, task.skill), 0) for task in work]
    of_task = np.repeat(np.arange(len(work)), [task.points for task in work])
    keys = np.array(easiness)[of_task] + rng.gumbel(size=(len(scores), len(of_task)))
    order = np.argsort(-keys, axis=1)
    pupil, place = np.nonzero(np.arange(len(of_task)) < scores[:, None])
    won = np.zeros((len(scores), len(work)), dtype=int)
    np.add.at(won, (pupil, of_task[order[pupil, place]]), 1)
    return won
