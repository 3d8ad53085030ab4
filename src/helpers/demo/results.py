"""Pupils sit the tests: from the truth about schools to counts of marks and scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np

from helpers.demo.region import PUPIL_VARIANCE, YEARS, Region, school_year_end
from helpers.demo.schools import GRADES, School

COMMON_SHARE = 0.6
"""Share of a pupil's variance that two subjects have in common."""

ATTENDANCE = 0.93
INFLATION = 0.8
"""By how much the tests of a biased school are lifted, in pupil SDs."""

BIASED_YEARS = (2018, 2019)
JOURNAL_NOISE, JOURNAL_KINDNESS = 0.45, 0.15
AUTUMN = date(2020, 9, 20)
"""When the tests of spring 2020 were written: schools are those of that day, classes one year further."""


@dataclass(frozen=True)
class Scale:
    """How a test turns ability into primary scores and marks.

    `floors` are the lowest scores of the marks 3, 4, 5; `shares` those of the marks 2…5 in a pupil
    population of mean 0.
    """

    highest: int
    floors: tuple[int, int, int]
    shares: tuple[float, float, float, float]

    @property
    def cuts(self) -> list[float]:
        spread = NormalDist(0, (PUPIL_VARIANCE + 0.16) ** 0.5)
        return [spread.inv_cdf(sum(self.shares[:k])) for k in (1, 2, 3)]

    def marks(self, ability: np.ndarray) -> np.ndarray:
        return 2 + np.searchsorted(self.cuts, ability, side="right")

    def scores(self, ability: np.ndarray) -> np.ndarray:
        """Primary scores that never contradict the marks."""
        low, high = min(-3.2, self.cuts[0] - 0.5), max(3.2, self.cuts[2] + 0.5)
        score = np.interp(ability, [low, *self.cuts, high], [0, *self.floors, self.highest + 0.999])
        return np.floor(score + 1e-9).astype(int)


VPR = {
    ("rus", 4): Scale(38, (14, 24, 33), (0.08, 0.34, 0.40, 0.18)),
    ("rus", 5): Scale(45, (18, 29, 39), (0.12, 0.37, 0.36, 0.15)),
    ("rus", 6): Scale(51, (25, 35, 45), (0.14, 0.38, 0.34, 0.14)),
    ("rus", 7): Scale(47, (22, 32, 42), (0.15, 0.40, 0.33, 0.12)),
    ("rus", 8): Scale(51, (26, 32, 45), (0.15, 0.36, 0.35, 0.14)),
    ("math", 4): Scale(20, (6, 10, 15), (0.08, 0.30, 0.40, 0.22)),
    ("math", 5): Scale(20, (7, 11, 15), (0.12, 0.35, 0.33, 0.20)),
    ("math", 6): Scale(16, (6, 10, 14), (0.13, 0.42, 0.33, 0.12)),
    ("math", 7): Scale(19, (7, 12, 16), (0.12, 0.43, 0.32, 0.13)),
    ("math", 8): Scale(25, (8, 15, 21), (0.13, 0.44, 0.32, 0.11)),
}
OGE = {
    "rus": Scale(33, (15, 23, 29), (0.08, 0.33, 0.34, 0.25)),
    "math": Scale(32, (8, 15, 22), (0.12, 0.40, 0.36, 0.12)),
    "social": Scale(39, (14, 23, 32), (0.10, 0.44, 0.36, 0.10)),
    "geography": Scale(32, (12, 19, 26), (0.09, 0.36, 0.36, 0.19)),
    "biology": Scale(45, (13, 26, 36), (0.08, 0.48, 0.36, 0.08)),
    "informatics": Scale(21, (5, 12, 18), (0.08, 0.34, 0.36, 0.22)),
    "physics": Scale(45, (11, 23, 35), (0.05, 0.40, 0.40, 0.15)),
    "chemistry": Scale(34, (9, 18, 27), (0.05, 0.32, 0.38, 0.25)),
    "english": Scale(70, (29, 46, 59), (0.03, 0.20, 0.37, 0.40)),
}
OGE_TAKEN = {"rus": 1.0, "math": 1.0, "social": 0.6, "geography": 0.4, "biology": 0.3, "informatics": 0.25,
             "physics": 0.15, "chemistry": 0.12, "english": 0.1}  # fmt: skip
"""Share of pupils who choose the subject."""


@dataclass(frozen=True)
class Paper:
    """A paper of the exam after grade 11: mean and spread of its test score, pass score, share of takers."""

    mean: float
    spread: float
    minimum: int
    taken: float


EGE = {
    "rus": Paper(65, 15, 24, 1.0),
    "math_profile": Paper(52, 16, 27, 0.55),
    "math_basic": Paper(4.1, 0.75, 3, 0.45),
    "social": Paper(54, 16, 42, 0.45),
    "biology": Paper(52, 16, 36, 0.2),
    "physics": Paper(52, 14, 36, 0.25),
    "chemistry": Paper(55, 17, 36, 0.13),
    "informatics": Paper(58, 17, 40, 0.15),
    "geography": Paper(56, 14, 37, 0.05),
    "english": Paper(68, 17, 22, 0.12),
}
TITLES = {
    "rus": ("Русский язык", 1),
    "math": ("Математика", 2),
    "math_profile": ("Математика профильная", 2),
    "math_basic": ("Математика базовая", 22),
    "physics": ("Физика", 3),
    "chemistry": ("Химия", 4),
    "informatics": ("Информатика", 5),
    "biology": ("Биология", 6),
    "geography": ("География", 8),
    "english": ("Английский язык", 9),
    "social": ("Обществознание", 12),
}
"""Title and code of a subject in exam files."""

ENTRANTS_SHARE, ENTRANTS_LIFT = 0.7, 0.25
"""2020: only those who went on to a university sat the exam."""

ENTRANTS_MINIMUM = {"rus": 36}


@dataclass(frozen=True)
class VprResult:
    """Counts of one school in one test: by mark 2…5, by primary score, against the journal."""

    year: int
    subject: str
    grade: int
    school: School
    marks: np.ndarray
    scores: np.ndarray
    journal: np.ndarray


@dataclass(frozen=True)
class Papers:
    """The papers of one school in one test: primary score, mark and mark in the journal of each pupil."""

    year: int
    subject: str
    grade: int
    school: School
    scores: np.ndarray
    marks: np.ndarray
    in_journal: np.ndarray

    def counted(self) -> VprResult:
        return VprResult(
            self.year,
            self.subject,
            self.grade,
            self.school,
            marks=np.bincount(self.marks - 2, minlength=4),
            scores=np.bincount(self.scores, minlength=VPR[self.subject, self.grade].highest + 1),
            journal=np.bincount(1 + np.sign(self.marks - self.in_journal), minlength=3),
        )


@dataclass(frozen=True)
class OgeResult:
    """Marks 2…5 and mean primary score of one school in one subject."""

    year: int
    subject: str
    school: School
    marks: np.ndarray
    mean_primary: float


@dataclass(frozen=True)
class EgeResult:
    """One school in one paper."""

    year: int
    subject: str
    school: School
    n_participants: int
    mean_score: float
    n_below_min: int
    n_high: int


def _cohort(region: Region, index: int, year: int, grade: int) -> float:
    return float(region.cohort[index, year - YEARS[0] + 12 - grade])


def _mean(region: Region, school: School, year: int, grade: int) -> float:
    level = region.level()[school.index, year - YEARS[0]]
    return float(level) + _cohort(region, school.index, year, grade)


def _subject(common: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ability in one subject of pupils whose common ability is given."""
    return common + rng.normal(0, (PUPIL_VARIANCE * (1 - COMMON_SHARE)) ** 0.5, len(common))


def _pupils(mean: float, count: int, rng: np.random.Generator) -> np.ndarray:
    return mean + rng.normal(0, (PUPIL_VARIANCE * COMMON_SHARE) ** 0.5, count)


def vpr_results(region: Region, rng: np.random.Generator) -> list[VprResult]:
    """All-Russian tests of the first years, grades 4–8 (2020: in autumn, by the programme of the grade before)."""
    return [papers.counted() for year in YEARS for papers in vpr_papers(region, year, rng)]


def vpr_papers(region: Region, year: int, rng: np.random.Generator) -> Iterator[Papers]:
    """All papers of a year's tests, school by school."""
    for grade in range(4, 9):
        yield from _vpr_grade(region, year, grade, rng)


def _vpr_grade(region: Region, year: int, grade: int, rng: np.random.Generator) -> Iterator[Papers]:
    autumn = year == AUTUMN.year
    for school in region.at(AUTUMN if autumn else school_year_end(year)):
        # in autumn pupils are a class further: those of a school that ends with this grade are gone
        if not school.ordinary or grade + autumn not in GRADES[school.school_type]:
            continue
        enrolled = int(region.pupils[school.index, year - YEARS[0] + autumn, grade + autumn - 1])
        common = _pupils(_mean(region, school, year, grade), enrolled, rng)
        lift = INFLATION if year in BIASED_YEARS and school.index in region.biased else 0.0
        for subject in ("rus", "math"):
            scale = VPR[subject, grade]
            honest = _subject(common, rng)[rng.random(enrolled) < ATTENDANCE]
            in_journal = scale.marks(honest + rng.normal(JOURNAL_KINDNESS, JOURNAL_NOISE, len(honest)))
            if len(honest):
                marks, scores = scale.marks(honest + lift), scale.scores(honest + lift)
                yield Papers(year, subject, grade, school, scores, marks, in_journal)


def oge_results(region: Region, rng: np.random.Generator, years: Iterable[int] = YEARS) -> list[OgeResult]:
    """Exams after grade 9; cancelled in 2020, in 2021 the two obligatory subjects only."""
    found = []
    for year in years:
        taken = {2020: {}, 2021: {"rus": 1.0, "math": 1.0}}.get(year, OGE_TAKEN)
        for school in region.at(school_year_end(year)):
            count = int(region.pupils[school.index, year - YEARS[0], 8])
            if school.school_type == "коррекционная" or not count or not taken:
                continue
            common = _pupils(_mean(region, school, year, 9), count, rng)
            for subject, share in taken.items():
                ability = _subject(common, rng)[rng.random(count) < share]
                if len(ability):
                    scale = OGE[subject]
                    marks = np.bincount(scale.marks(ability) - 2, minlength=4)
                    found.append(OgeResult(year, subject, school, marks, float(scale.scores(ability).mean())))
    return found


def ege_results(region: Region, rng: np.random.Generator, years: Iterable[int] = YEARS) -> list[EgeResult]:
    """Exams after the last grade; no basic mathematics in 2020 and 2021, in 2020 university entrants only."""
    found = []
    for year in years:
        entrants = year == 2020
        for school in region.at(school_year_end(year)):
            last = max(GRADES[school.school_type])
            count = int(region.pupils[school.index, year - YEARS[0], last - 1]) if last >= 11 else 0
            common = _pupils(_mean(region, school, year, last), count, rng)
            if entrants:
                common = common[rng.random(count) < ENTRANTS_SHARE] + ENTRANTS_LIFT
            profile = _subject(common, rng) + rng.normal(0, 1, len(common)) > -0.1
            for subject, paper in EGE.items():
                ability = _subject(common, rng)
                sits = rng.random(len(common)) < paper.taken
                if subject.startswith("math"):
                    sits = profile if subject == "math_profile" else ~profile & (year not in (2020, 2021))
                if sits.any():
                    found.append(_paper_result(year, subject, school, paper, ability[sits]))
    return found


def _paper_result(year: int, subject: str, school: School, paper: Paper, ability: np.ndarray) -> EgeResult:
    low, high = (2, 5) if subject == "math_basic" else (0, 100)
    scores = (paper.mean + paper.spread * ability).round().clip(low, high)
    minimum = ENTRANTS_MINIMUM.get(subject, paper.minimum) if year == 2020 else paper.minimum
    return EgeResult(
        year,
        subject,
        school,
        n_participants=len(scores),
        mean_score=float(scores.mean()),
        n_below_min=int((scores < minimum).sum()),
        n_high=int((scores >= 81).sum()),
    )
