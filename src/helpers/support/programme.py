"""The regional project as its papers put it: courses, roadmaps, indicators with their plan (`params/programme.yml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from helpers.params import Closed, Params, Slug, Text, load_yaml
from helpers.report import PROGRAMME
from helpers.support.measures import MEASURES
from helpers.support.roadmaps import RoadmapRules
from helpers.support.teachers import MODULES, Course

_RANGE = {"share": (0, 1), "points": (1, 5)}


class Plan(Closed):
    """An indicator of the project: what is measured, from where it is to go to where, and where that is written."""

    title: Text
    measure: Literal[*MEASURES]
    unit: Literal["share", "sd", "points"]
    better: Literal["higher", "lower"]
    baseline: float
    baseline_year: int
    target: float
    target_year: int
    source: Text

    @model_validator(mode="after")
    def _makes_sense(self) -> Plan:
        unit, done = MEASURES[self.measure].unit, MEASURES[self.measure].done
        if self.unit != unit:
            raise ValueError(f"при measure: {self.measure} единица unit: {unit}")
        low, high = _RANGE.get(self.unit, (None, None))
        if low is not None and not (low <= self.baseline <= high and low <= self.target <= high):
            raise ValueError(f"baseline и target от {low} до {high}")
        if self.target_year <= self.baseline_year:
            raise ValueError("год target_year позже года baseline_year")
        if (self.target < self.baseline) if self.better == "higher" else (self.target > self.baseline):
            raise ValueError("target не хуже baseline: при better: higher не меньше, при better: lower не больше")
        if self.unit == "share" and not done and self.target == (1 if self.better == "higher" else 0):
            raise ValueError(
                f"target не {self.target:g}: у доли есть интервал, целиком у этой границы он не лежит, и план не был бы выполнен никогда"
            )
        return self

    def planned(self, year: int) -> float | None:
        """The plan of a year: on the line from baseline to target, the target after it, nothing before the baseline."""
        if year < self.baseline_year:
            return None
        passed = min((year - self.baseline_year) / (self.target_year - self.baseline_year), 1)
        return self.baseline + (self.target - self.baseline) * passed


class ProgrammeRules(Closed):
    """The content of `params/programme.yml`: of reports of other regions it says nothing."""

    region: Text
    programme: Literal["regional", "project_500"]
    source: Text
    courses: list[Course] = Field(min_length=1)
    roadmaps: RoadmapRules
    indicators: dict[Slug, Plan] = Field(min_length=1)

    @model_validator(mode="after")
    def _a_course_for_everybody(self) -> ProgrammeRules:
        open_to_all = {course.module for course in self.courses if not course.subjects}
        lacking = [module for module in MODULES if module not in open_to_all]
        if lacking:
            raise ValueError(
                f"в courses у каждого модуля курс для всех предметов, без ключа subjects, а у {lacking[0]} его нет"
            )
        return self

    def serves(self, params: Params) -> bool:
        """Whether the project is one of the report's region."""
        return self.region == params.region


def load_programme() -> ProgrammeRules:
    """Read `params/programme.yml`.

    Raises
    ------
    BadInput
        The file does not have the keys it should.
    """
    return load_yaml(PROGRAMME, ProgrammeRules, "params/programme.yml из репозитория")
