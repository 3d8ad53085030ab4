"""The first screen of a school's card: its own papers, its deviation in marks and pupils, what has changed, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import polars as pl

from helpers.measure.intervals import Z95
from helpers.report import Report
from helpers.show import words
from helpers.show.once import once
from helpers.show.words import count, literal, number, percent

if TYPE_CHECKING:
    from helpers.show.help_views import Help

_PAPER = ["procedure", "subject"]
_CELL = [*_PAPER, "grade"]
_OF_PUPILS = ("ученика", "учеников", "учеников")
_MOST_STEPS = 3


def papers(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """The school's papers of the last year as `compared_papers` has them, titled, in words, in the order of the params."""
    years, described = report.params.years, report.params.described.results
    neighbours = report.read("similar", edition, school_id)["neighbour_id"]
    previous = years[-2] if len(years) > 1 else None
    results = report.read("results", edition, [school_id, *neighbours])
    found = compared_papers(results, _region(report, edition), school_id, neighbours, years[-1], previous)
    titles = pl.DataFrame(
        [
            {
                "procedure": item.procedure,
                "subject": item.subject,
                "title": item.title,
                "is_share": item.measure != "mean",
            }
            for item in described
        ]
    ).unique(_PAPER, keep="first", maintain_order=True)
    rows = titles.join(found, on=_PAPER, maintain_order="left")
    told = [
        pl.Series(name, [_result(*row) for row in rows.select(name, "is_share").iter_rows()], dtype=pl.String)
        for name in ("mean", "before", "region", "similar")
    ]
    return rows.with_columns(told)


def _result(value: float | None, is_share: bool) -> str | None:
    """A mean as one says it: a mark with two decimals, points with one, a share in percent."""
    if value is None:
        return None
    return percent(value) if is_share else number(value, 2 if value < 10 else 1)


@once
def _region(report: Report, edition: str) -> pl.DataFrame:
    return region_means(report.read("results", edition), report.params.years[-1])


def region_means(results: pl.DataFrame, last: int) -> pl.DataFrame:
    """What all schools had in a year, by procedure, subject and grade: pupil-weighted `region` and `region_low`."""
    return _means(_entered(results).filter(year=last), "region")


def _entered(results: pl.DataFrame) -> pl.DataFrame:
    """The results that enter the outcome."""
    return results.filter(pl.col("set_aside").is_null(), pl.col("n_participants") > 0, pl.col("mean").is_not_null())


def compared_papers(
    results: pl.DataFrame,
    region: pl.DataFrame,
    school_id: str,
    neighbours: Iterable[str],
    last: int,
    previous: int | None,
) -> pl.DataFrame:
    """One school's results of the last year, each beside what others had in the same grades.

    The others' means are of all their pupils, grade by grade, and weigh as the grades do at the school (direct
    standardisation: a school with more of grade 8 is compared with more of grade 8). Where the others have not written a
    grade that the school has, there is nothing to compare with.

    Parameters
    ----------
    results : DataFrame
        Table `results`, of this school and the neighbours at least; only what enters the outcome counts.
    region : DataFrame
        From `region_means`.
    neighbours : iterable of str
        The schools of like context.
    last, previous : int
        The report's last year, and the one before it in the report.

    Returns
    -------
    DataFrame
        procedure, subject, n_participants, mean, low (share of low results), and the means of the same grades `region` (all
        schools, this one too), `similar`, `before` (this school in the previous year), `region_low`.
    """
    entered = _entered(results)
    now = entered.filter(year=last)
    before = entered.filter(pl.col("school_id") == school_id, pl.col("year") == (previous or 0))
    others = {
        "region": region,
        "similar": _means(now.filter(pl.col("school_id").is_in(list(neighbours))), "similar"),
        "before": _means(before, "before"),
    }
    rows = now.filter(school_id=school_id).sort(_CELL).rename({"share_low": "low"})
    for means in others.values():
        rows = rows.join(means, on=_CELL, how="left", maintain_order="left")
    n = pl.col("n_participants")
    weighed = ("mean", "low", *others, "region_low")
    return rows.group_by(_PAPER, maintain_order=True).agg(
        n.sum(),
        *(
            pl.when(pl.col(name).null_count() == 0).then((pl.col(name) * n).sum() / n.sum()).alias(name)
            for name in weighed
        ),
    )


def _means(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Pupil-weighted mean and share of low results by cell."""
    n, low = pl.col("n_participants"), pl.col("share_low")
    return rows.group_by(_CELL).agg(
        ((pl.col("mean") * n).sum() / n.sum()).alias(name),
        pl.when(low.null_count() == 0).then((low * n).sum() / n.sum()).alias(f"{name}_low"),
    )


@dataclass(frozen=True)
class InOwnTerms:
    """A school's deviation in the units of one of its papers.

    `pupils` wrote it; `marks`: of how many pupils the mark would be one lower (below 0) or higher; `points`: by how much the
    mean would be. Each is (value, lower, upper) with the 95 % interval; `by_marks` says whether it is a paper with marks.
    """

    title: str
    pupils: int
    by_marks: bool
    marks: tuple[float, float, float]
    points: tuple[float, float, float]


def in_own_terms(report: Report, edition: str, school: Mapping[str, Any]) -> InOwnTerms | None:
    """The school's effect in marks of its first paper with marks, else in points of the first with points; None without both."""
    numbers = report.read_numbers("measures", edition)
    own = report.read("results", edition, school["school_id"]).filter(
        pl.col("set_aside").is_null(), year=report.params.years[-1]
    )
    scales = pl.DataFrame(numbers["scales"], schema_overrides={"sd": pl.Float64})
    origins = {(spread["procedure"], spread["subject"]): spread["origin"] for spread in numbers["spreads"]}
    papers = [item for item in report.params.described.results if item.measure == "mean"]
    papers.sort(key=lambda item: origins[item.procedure, item.subject] != "marks")  # sorting keeps the order of equals
    for item in papers:
        rows = own.filter(procedure=item.procedure, subject=item.subject)
        if rows.height and school["effect"] is not None:
            by_marks = origins[item.procedure, item.subject] == "marks"
            sign = -1 if item.higher_is == "worse" else 1
            return translated(rows, scales, sign * school["effect"], school["effect_se"], item.title, by_marks)
    return None


def translated(
    rows: pl.DataFrame, scales: pl.DataFrame, effect: float, effect_se: float, title: str, by_marks: bool
) -> InOwnTerms | None:
    """An effect in standard deviations of a pupil in the units of a paper, with its 95 % interval.

    A deviation of d standard deviations is d·σ_g marks a pupil in grade g, so the marks of all n_g pupils together are
    d·Σ n_g σ_g lower: as if so many pupils had a mark one lower. The mean is lower by d·Σ n_g σ_g / Σ n_g. σ_g is the
    standard deviation over all the region's pupils, by which the paper's results were divided (`measure.pupil_scales`), so
    this undoes the standardisation; that the deviation is the same in all papers is assumed (Lipsey et al., 2012, ch. 3).

    Parameters
    ----------
    rows : DataFrame
        The school's results of one paper in one year.
    scales : DataFrame
        year, procedure, subject, grade, sd.
    effect, effect_se : float
        The shrunken effect and its posterior standard deviation, in pupil SDs.
    """
    scaled = rows.join(scales.select("year", *_CELL, scale="sd"), on=["year", *_CELL])
    pupils = float(scaled["n_participants"].sum())
    marks = float((scaled["n_participants"] * scaled["scale"]).sum())
    if not pupils or not isfinite(marks):
        return None
    value, lower, upper = (marks * (effect + side * effect_se) for side in (0, -Z95, Z95))
    points = (value / pupils, lower / pupils, upper / pupils)
    return InOwnTerms(title, round(pupils), by_marks, (value, lower, upper), points)


_LEAD = {
    "below": "▼ Ниже, чем обычно у школ с такими же условиями",
    "above": "▲ Выше, чем обычно у школ с такими же условиями",
    "within": "● Явной разницы со школами, у которых такие же условия, не видно",
}
_HOW_LONG = {
    "persistent": ", и так из года в год",
    "watch": ", но вывод ещё не твёрдый",
    "observation": " — по одному году",
}


def conclusion(school: Mapping[str, Any]) -> str:
    """The conclusion on a school as one says it aloud."""
    if school["direction"] not in _LEAD:
        return f"Больше или меньше обычного — сказать нельзя: {words.REASON.get(school['reason'], 'данных нет')}"
    return _LEAD[school["direction"]] + _HOW_LONG.get(school["tier"], "")


def as_if(told: InOwnTerms | None) -> str:
    """The deviation in pupils and marks, or in points, with what chance allows; nothing where there is no such paper."""
    if told is None:
        return ""
    most = max(abs(value) for value in told.marks)
    if told.by_marks and most <= told.pupils:
        return _as_if_pupils(told)
    return _as_if_mean(told, "средняя отметка была" if told.by_marks else "средний балл был", 2 if told.by_marks else 1)


def _as_if_pupils(told: InOwnTerms) -> str:
    value, lower, upper = told.marks
    if lower < 0 < upper:
        return (
            f"Разница — где-то между «у {_of(-lower)} из {told.pupils} отметка на балл ниже» и «у {_of(upper)} — на балл выше» "
            f"({literal(told.title)})."
        )
    side = "ниже" if value < 0 else "выше"
    least, most = sorted(round(abs(end)) for end in (lower, upper))
    chance = f"от {least} до {most}" if least else f"не больше чем у {most}"
    return (
        f"Это как если бы у {_of(abs(value))} из {told.pupils} отметка была на балл {side} ({literal(told.title)}; с учётом "
        f"случайности — {chance})."
    )


def _of(pupils: float) -> str:
    """«у 9 учеников»; less than half a pupil is not rounded to nobody."""
    return count(round(pupils), _OF_PUPILS) if pupils >= 0.5 else "меньше чем одного ученика"


def _as_if_mean(told: InOwnTerms, mean: str, digits: int) -> str:
    value, lower, upper = told.points
    if lower < 0 < upper:
        return (
            f"Разница — где-то между «{mean.split()[0]} {mean.split()[1]} на {number(-lower, digits)} ниже» и «на "
            f"{number(upper, digits)} выше» ({literal(told.title)})."
        )
    side = "ниже" if value < 0 else "выше"
    least, most = sorted(abs(end) for end in (lower, upper))
    return (
        f"Это как если бы {mean} {side} на {number(abs(value), digits)} ({literal(told.title)}; с учётом случайности — на "
        f"{number(least, digits)}–{number(most, digits)})."
    )


def sure(school: Mapping[str, Any]) -> str:
    """How sure a named school's conclusion is; nothing of the others."""
    if school["direction"] not in ("below", "above"):
        return ""
    probability = words.probability(school["prob_below"] if school["direction"] == "below" else school["prob_above"])
    return f"Уверенность — {probability}; в {percent(school['spec_share'])} других расчётов так же."


def change(years: pl.DataFrame, shared: pl.DataFrame, last: int, transient: float) -> str:
    """Whether the school stands elsewhere among schools of its context than a year before, beyond what years do to schools.

    Parameters
    ----------
    years : DataFrame
        As from `views.years`.
    shared : DataFrame
        Of table `shared_errors`, the school's rows of the outcome.
    transient : float
        As for `moved_schools`.
    """
    told = years.drop_nulls(["residual", "outcome_se"]).sort("year")
    if told.height < 2 or told["year"][-1] != last:
        return "С прошлым годом не сравнить: результатов, по которым считается вывод, в одном из двух лет нет."
    previous = told["year"][-2]
    school = told.select("year", "residual", "outcome_se", school_id=pl.lit(""))
    moved = moved_schools(school, shared.with_columns(school_id=pl.lit("")), previous, last, transient)["moved"][0]
    how = {0: "изменилось не больше, чем обычно меняется из года в год", 1: "заметно выросло", -1: "заметно снизилось"}[
        moved
    ]
    return f"С {previous} года положение среди таких же школ {how}."


def moved_schools(
    expectation: pl.DataFrame, shared: pl.DataFrame, previous: int, last: int, transient: float
) -> pl.DataFrame:
    """Which schools' deviations have changed from one year to another more than years change schools.

    The change e₂ − e₁ against 1.96 of what it is where nothing lasting has changed, √(s₁² + s₂² − 2c + 2τ_d²): c is the
    covariance of the two results' errors, which have pupils in common, τ_d² the variance of what is a year's own. Of schools
    in which nothing lasting has changed 2.5 % seem to have risen, as many to have fallen.

    Parameters
    ----------
    expectation : DataFrame
        year, school_id, residual, outcome_se.
    shared : DataFrame
        Of table `shared_errors`, the rows of the outcome.
    transient : float
        τ_d², of `VarianceComponents`.

    Returns
    -------
    DataFrame
        school_id, moved (1 up, −1 down, 0 neither); of schools that have both years.
    """
    told = expectation.drop_nulls(["residual", "outcome_se"])
    pair = shared.filter(year=previous, later_year=last).group_by("school_id").agg(pl.col("covariance").sum())
    both = (
        told.filter(year=previous)
        .join(told.filter(year=last), on="school_id", suffix="_last")
        .join(pair, on="school_id", how="left")
    )
    variance = pl.col("outcome_se") ** 2 + pl.col("outcome_se_last") ** 2 - 2 * pl.col("covariance").fill_null(0)
    variance += 2 * transient
    change = pl.col("residual_last") - pl.col("residual")
    moved = pl.when(change.abs() > Z95 * variance.clip(0).sqrt()).then(change.sign()).otherwise(0.0)
    return both.select("school_id", moved=moved.cast(pl.Int64)).sort("school_id")


def moves(report: Report, edition: str) -> pl.DataFrame:
    """`moved_schools` of a report's last year and the one before; no rows where there is one year."""
    shared = report.read("shared_errors", edition).filter(variant="all")
    previous, last = ([0, *report.params.years])[-2:]
    return moved_schools(report.read("expectation", edition), shared, previous, last, _transient(report, edition))


def _transient(report: Report, edition: str) -> float:
    """τ_d² of the report; nothing where there is one year to tell it by."""
    return report.read_numbers("model", edition)["pooled"]["transient"] or 0.0


def changed(report: Report, edition: str, years: pl.DataFrame, school_id: str) -> str:
    """`change` of one school of a report."""
    if len(report.params.years) == 1:
        return "В отчёте один год: с прошлым сравнить нельзя."
    shared = report.read("shared_errors", edition, school_id).filter(variant="all")
    return change(years, shared, report.params.years[-1], _transient(report, edition))


def steps(helped: Help | None, report: Report, edition: str) -> str:
    """What the school does next: at most three measures by their days, and who answers for them."""
    if not report.tells_of_help(edition):
        return ""
    rows = helped.measures.drop_nulls("rule_id") if helped else pl.DataFrame()
    if rows.is_empty():
        return "**Что сделать.** Срочных мер для школы отчёт не предлагает."
    first = rows.sort("deadline_date", "number", nulls_last=True).head(_MOST_STEPS)
    listed = [
        f"{place}. До {words.day(row['deadline_date'])} — {_briefly(row['measure'])}. *{literal(row['owner'])}*"
        for place, row in enumerate(first.iter_rows(named=True), 1)
    ]
    left = rows.height - first.height
    more = f"ещё {count(left, ('мера', 'меры', 'мер'))} и почему" if left else "почему"
    return f"**Что сделать** ([{more}](#support))\n\n" + "\n".join(listed)


def ask(report: Report, edition: str) -> str:
    """Whom to call with questions, where the params say."""
    contact = report.params.questions.contact
    return f"**Вопросы** — {literal(contact)}." if contact and report.tells_of_help(edition) else ""


def _briefly(measure: str) -> str:
    """A measure as far as its first colon or semicolon, as the middle of a sentence."""
    first = measure.replace(";", ":").split(":")[0].strip()
    return literal(first[:1].lower() + first[1:])


def own_words(report: Report, edition: str, school_id: str) -> str:
    """What the school says itself, and when; nothing where it has not answered, or the edition does not tell."""
    if report.sight(edition) != "internal":
        return ""
    said = report.read("explanations").filter(year=report.params.years[-1], school_id=school_id)
    return "".join(
        f"**Пояснение школы**, {words.day(day)}. {literal(answer)}"
        for day, answer in said.select("answer_date", "answer").iter_rows()
    )


def helper(helped: Help | None) -> str:
    """Which school helps; nothing where none does."""
    if helped is None or helped.tutor["tutor_id"] is None:
        return ""
    row = helped.tutor
    name = literal(row["tutor_name"])
    linked = f"[{name}]({row['tutor_page']})" if row["tutor_page"] else name
    return f"**Кто поможет**: {linked}, {literal(row['tutor_group'])} ({row['reach_words']})."
