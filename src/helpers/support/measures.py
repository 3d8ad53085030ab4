"""What the monitoring of the regional project measures on the participants of one year, with 95 % intervals.

What the project itself does (courses, tutors, roadmaps) is counted in full and has no interval: 19 of 26 are 19 of 26.
Other shares of schools and of people have Wilson's interval (1927): it answers for how far chance could have moved the count,
as if each school or person were drawn on its own. Means and ratios have a normal one, estimate ± 1.96 standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt

import polars as pl
from scipy.special import ndtri

from helpers.measure.intervals import Z95
from helpers.model.effect import VarianceComponents
from helpers.support.membership import answer_mean


@dataclass(frozen=True)
class Basis:
    """What measures of results lean on: practically relevant deviation, variances between schools (pupil SDs), table
    `shared_errors` of the outcome, whether the line is a parabola.
    """

    delta: float
    components: VarianceComponents
    shared: pl.DataFrame | None = None
    bent: bool = False


@dataclass(frozen=True)
class Estimate:
    """A measured value with its interval; `n` schools or people. None: not known."""

    actual: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Measure:
    """A named measure: the table whose rows of the participants it takes, the unit, whether it is one of results.

    `done` marks what the project has done itself: a count without chance.
    """

    table: str
    unit: str
    estimate: Callable[[pl.DataFrame, Basis], Estimate]
    results: bool = False
    done: bool = False

    def of(self, rows: pl.DataFrame, basis: Basis) -> Estimate:
        """Measure the participants' rows; of what was done the interval is the value itself."""
        seen = self.estimate(rows, basis)
        return replace(seen, lower=seen.actual, upper=seen.actual) if self.done else seen


def share(count: float, n: float) -> Estimate:
    """A share with Wilson's (1927) interval; nothing known where n is 0."""
    if not n:
        return Estimate()
    p, z = count / n, ndtri(0.975)
    centre, half = p + z**2 / (2 * n), z * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    lower, upper = ((centre + side * half) / (1 + z**2 / n) for side in (-1, 1))
    return Estimate(p, float(max(lower, 0.0)), float(min(upper, 1.0)), round(n))


def mean(value: float, se: float | None, n: int) -> Estimate:
    """A mean with a normal interval; without one where the standard error is not known."""
    if se is None:
        return Estimate(value, n=n)
    return Estimate(value, value - Z95 * se, value + Z95 * se, n)


def _among(rows: pl.DataFrame, part: pl.Expr, of: pl.Expr) -> Estimate:
    """The share of schools for which `part` holds, of those for which `of` does."""
    asked = rows.filter(of)
    return share(asked.filter(part).height, asked.height)


def _people(part: str, whole: str) -> Callable[[pl.DataFrame, Basis], Estimate]:
    """The share of people: schools of which one of the numbers is not known are left out."""

    def estimate(rows: pl.DataFrame, _: Basis) -> Estimate:
        told = rows.drop_nulls([part, whole])
        return share(told[part].sum(), told[whole].sum())

    return estimate


def _teachers(part: str, whole: str) -> Callable[[pl.DataFrame, Basis], Estimate]:
    of_people = _people(part, whole)
    return lambda rows, basis: of_people(rows.filter(pl.col("competence") == "all"), basis)


def _not_below(rows: pl.DataFrame, basis: Basis) -> Estimate:
    residual = pl.col("residual")
    return _among(rows, residual >= -basis.delta, residual.is_not_null())


def _residual(rows: pl.DataFrame, basis: Basis) -> Estimate:
    """Mean residual. Its error: the pupils' chance and the year's own part of each school, and the line common to all."""
    told = rows.drop_nulls("residual")
    if told.is_empty():
        return Estimate()
    own = (told["outcome_se"] ** 2 + basis.components.transient).sum() / told.height**2
    line = told["expected_se"].mean()
    return mean(told["residual"].mean(), sqrt(own + line**2), told.height)


def _low(subject: str) -> Callable[[pl.DataFrame, Basis], Estimate]:
    """The share of low results in ОГЭ among the pupils of all participants."""

    def estimate(rows: pl.DataFrame, _: Basis) -> Estimate:
        compared = pl.col("set_aside").fill_null("not_chosen") == "not_chosen"
        told = rows.filter(compared, procedure="OGE", subject=subject).drop_nulls(["share_low", "n_participants"])
        return share((told["share_low"] * told["n_participants"]).sum(), told["n_participants"].sum())

    return estimate


def _vacancies(rows: pl.DataFrame, _: Basis) -> Estimate:
    """Vacant posts in all posts: a ratio of sums, its error from the spread of schools (Cochran, 1977, 2.11)."""
    told = rows.drop_nulls(["vacancies", "posts"]).filter(pl.col("posts") > 0)
    n = told.height
    if not n:
        return Estimate()
    ratio = told["vacancies"].sum() / told["posts"].sum()
    spread = ((told["vacancies"] - ratio * told["posts"]) ** 2).sum()
    found = mean(ratio, sqrt(spread * n / (n - 1)) / told["posts"].sum() if n > 1 else None, n)
    return Estimate(found.actual, None if found.lower is None else max(found.lower, 0.0), found.upper, n)


def _answers(role: str) -> Callable[[pl.DataFrame, Basis], Estimate]:
    """The mean of the schools' mean answers, each school counted once, its error from the spread of schools."""

    def estimate(rows: pl.DataFrame, _: Basis) -> Estimate:
        by_school = rows.filter(role=role).group_by("school_id", maintain_order=True)
        means = by_school.agg(mean=answer_mean())["mean"].drop_nulls()
        if means.is_empty():
            return Estimate()
        n = means.len()
        return mean(means.mean(), means.std() / sqrt(n) if n > 1 else None, n)

    return estimate


def _in_time(rows: pl.DataFrame, _: Basis) -> Estimate:
    status = pl.col("status")
    return _among(rows, status == "in_time", status != "not_due")


def _with_tutor(rows: pl.DataFrame, _: Basis) -> Estimate:
    return _among(rows, pl.col("tutor_id").is_not_null(), pl.col("place") == 1)


def _on_federal_list(rows: pl.DataFrame, _: Basis) -> Estimate:
    listed = pl.col("federal_low")
    return _among(rows, listed, listed.is_not_null())


MEASURES = {
    "share_not_below": Measure("expectation", "share", _not_below, results=True),
    "mean_residual": Measure("expectation", "sd", _residual, results=True),
    "share_federal_low": Measure("federal", "share", _on_federal_list, results=True),
    "oge_low_rus": Measure("results", "share", _low("rus"), results=True),
    "oge_low_math": Measure("results", "share", _low("math"), results=True),
    "diagnostics_finished": Measure("diagnostics", "share", _teachers("n_finished", "n_started"), done=True),
    "teachers_trained": Measure("diagnostics", "share", _teachers("n_trained", "n_advised"), done=True),
    "higher_category": Measure("staff", "share", _people("n_higher_category", "n_teachers")),
    "vacancies": Measure("staff", "share", _vacancies),
    "roadmaps_in_time": Measure("roadmap_status", "share", _in_time, done=True),
    "with_tutor": Measure("tutors", "share", _with_tutor, done=True),
    "questionnaire_pupils": Measure("questionnaires", "points", _answers("pupils")),
    "questionnaire_teachers": Measure("questionnaires", "points", _answers("teachers")),
}
"""The closed list of measures by name."""
MONITORED = sorted({measure.table for measure in MEASURES.values()})
"""Tables that the measures are taken from."""
