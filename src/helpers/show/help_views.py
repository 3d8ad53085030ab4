"""The help to schools as pages need it: who gets it and from whom, what to do by when, what comes of it.

What speaks of single schools is of the internal edition; monitoring, the context panel, decisions and calendar stand in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from helpers.intake.subjects import subject_titles
from helpers.measure.intervals import Z95
from helpers.report import Edition, Report
from helpers.show import help_sentences, published_help, views, words
from helpers.show.dictionary import entries
from helpers.show.once import once
from helpers.support import load_risk_factors, supported_schools

_INTERNAL = "internal"
NO_RULE = "ни одно правило не сработало"


_LEVELS = ("high", "medium", "low")
NO_DATA = "нет данных"


@dataclass(frozen=True)
class Help:
    """What one supported school gets: `tutor` is its row of place 1 in `tutors`, `alternatives` are the rows after it."""

    why: str
    tutor: dict[str, Any]
    alternatives: pl.DataFrame
    roadmap: dict[str, Any] | None
    measures: pl.DataFrame
    profile: pl.DataFrame
    skills: pl.DataFrame
    tracks: pl.DataFrame


@once
def supported(report: Report, edition: str) -> pl.DataFrame:
    """The schools that get help in the last year by municipality and name: why, in words; `page`, the help on the card.

    Empty where the edition tells of no help.
    """
    if not report.tells_of_help(edition):
        return pl.DataFrame()
    found = supported_schools(
        report.read("programme"), report.read("flags"), report.read("schools"), report.params.years[-1]
    )
    why = pl.col("why").str.split(",").list.eval(pl.element().replace_strict(words.SUPPORTED_WHY)).list.join("; ")
    return _placed(found.with_columns(why=why), report)


def _names(report: Report) -> pl.DataFrame:
    """Who a school is and where its pages are; `page` leads to the help on its card."""
    return views.schools(report, _INTERNAL).select(
        "school_id", "school_name", "group_id", "group_name", "group_page", "card", page=pl.format("{}#support", "card")
    )


def _placed(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Rows of schools with their names, by municipality and name."""
    kept = [name for name in rows.columns if name != "group_id"]
    return (
        rows.select(kept)
        .join(_names(report), on="school_id", how="left", maintain_order="left")
        .sort("group_name", "school_name", "school_id", maintain_order=True, nulls_last=True)
    )


def help_of(report: Report, edition: str, school_id: str) -> Help | None:
    """What one school gets; None if it is not supported, or the edition does not tell."""
    if not report.tells_of_help(edition):
        return None
    found = supported(report, edition).filter(school_id=school_id)
    if found.is_empty():
        return None
    pairs = tutors(report).filter(school_id=school_id)
    maps = roadmaps(report).filter(school_id=school_id, year=report.params.years[-1])
    return Help(
        why=found["why"][0],
        tutor=pairs.row(0, named=True),
        alternatives=pairs.filter(status="alternative"),
        roadmap=maps.row(0, named=True) if maps.height else None,
        measures=recommendations(report).filter(school_id=school_id),
        profile=profile(report, school_id),
        skills=skills(report, edition).filter(school_id=school_id),
        tracks=tracks(report, school_id),
    )


def of_group(report: Report, edition: str, group_id: str) -> pl.DataFrame:
    """The supported schools of a municipality: the first deadline and measure, how many there are, tutor, roadmap.

    Empty where the edition tells of no help.
    """
    if not report.tells_of_help(edition):
        return pl.DataFrame()
    measures = recommendations(report)
    counts = measures.group_by("school_id").agg(measures=pl.col("rule_id").count().cast(pl.Int64))
    first = measures.filter(number=1).select("school_id", "deadline_date", "measure").join(counts, on="school_id")
    tutor = tutors(report).filter(place=1).select("school_id", tutor="told")
    roadmap = roadmaps(report).filter(year=report.params.years[-1]).select("school_id", roadmap="state")
    rows = supported(report, edition).filter(group_id=group_id)
    for table in (first, tutor, roadmap):
        rows = rows.join(table, on="school_id", how="left", maintain_order="left")
    return rows.with_columns(pl.col("roadmap").fill_null("в реестре нет"))


@once
def recommendations(report: Report) -> pl.DataFrame:
    """Every recommendation, by municipality, school and deadline; a school without any has a row that says so."""
    measures = dict(report.read("rule_coverage").select("rule_id", "measure").iter_rows())
    conflict = pl.col("conflict_with").str.split(", ").list.eval(pl.element().replace(measures)).list.join("; ")
    rows = report.read("recommendations").with_columns(pl.col("measure").fill_null(NO_RULE), conflict=conflict)
    return _placed(rows.sort("school_id", "number"), report)


def measures_of(report: Report, schools: pl.DataFrame) -> pl.DataFrame:
    """The recommendations to some schools, by deadline."""
    own = recommendations(report).join(schools, on="school_id", how="semi", maintain_order="left")
    return own.sort("deadline_date", maintain_order=True, nulls_last=True)


def rule_coverage(report: Report) -> pl.DataFrame:
    """The rules, those that most schools have triggered first."""
    state = pl.when("never_triggered").then(pl.lit("ни разу не сработало"))
    return (
        report.read("rule_coverage").with_columns(state=state).sort("n_triggered", "rule_id", descending=[True, False])
    )


def factors() -> dict[str, str]:
    """The factors of risk in the order of `params/risk_factors.yml`, each in a word."""
    return {item.factor: words.FACTOR.get(item.factor, item.title) for item in load_risk_factors().factors}


def _level() -> pl.Expr:
    """A level in words and by its mark, in two lines where the column is narrow: «● высокая»; `NO_DATA` for nothing."""
    known = pl.format("{} {}", pl.col("level").replace(words.LEVEL_MARK), pl.col("level").replace(words.LEVEL))
    return pl.when(pl.col("level").is_null()).then(pl.lit(NO_DATA)).otherwise(known)


def risks(report: Report) -> pl.DataFrame:
    """The profiles side by side: a row a school, a column a factor, those with most high levels first; `high`, how many."""
    rows = report.read("risk_profile")
    high = rows.group_by("school_id").agg(high=(pl.col("level") == "high").sum().cast(pl.Int64))
    wide = rows.with_columns(level=_level()).pivot("factor", index="school_id", values="level")
    lacking = [pl.lit(NO_DATA).alias(name) for name in factors() if name not in wide.columns]
    table = wide.with_columns(lacking).join(high, on="school_id")
    return _placed(table, report).sort("high", descending=True, maintain_order=True)


def risk_counts(report: Report) -> pl.DataFrame:
    """How many schools have which level of each factor, in the order of the factors."""
    counted = report.read("risk_profile").group_by("factor").agg(
        pl.col("title").first(),
        *((pl.col("level") == level).sum().cast(pl.Int64).alias(level) for level in _LEVELS),
        unknown=pl.col("level").is_null().sum().cast(pl.Int64),
    )  # fmt: skip
    order = {name: place for place, name in enumerate(factors())}
    return counted.sort(pl.col("factor").replace_strict(order, default=len(order), return_dtype=pl.Int64), "factor")


def profile(report: Report, school_id: str) -> pl.DataFrame:
    """One school's profile, the gravest factors first, unknown ones last."""
    order = pl.col("level").replace_strict({"high": 0, "medium": 1, "low": 2}, default=3, return_dtype=pl.Int64)
    rows = report.read("risk_profile", "internal", school_id).sort(order, "factor")
    return rows.with_columns(level=_level())


@once
def skills(report: Report, edition: str) -> pl.DataFrame:
    """The supported schools in the tasks of ВПР: a row a school and skill, those farthest behind first.

    Empty where the edition tells of no help.

    `behind_text`, the deficit in percentage points with its 95 % interval; `certain`, whether that is above zero; `weakest`,
    the weakest task in words.
    """
    helped = supported(report, edition)
    if helped.is_empty():
        return helped
    rows = report.read("skill_profile").join(helped.select("school_id"), on="school_id", how="semi")
    subjects = pl.col("subject").replace(subject_titles())
    told = rows.with_columns(
        title=pl.format("{} ({})", "title", subjects),
        certain=pl.col("deficit") > Z95 * pl.col("deficit_se"),
        behind_text=pl.Series(
            [help_sentences.behind(*row) for row in rows.select("deficit", "deficit_se").iter_rows()], dtype=pl.String
        ),
        weakest=pl.Series([help_sentences.weakest(row) for row in rows.iter_rows(named=True)], dtype=pl.String),
    )
    return _placed(told, report).sort("deficit", descending=True, maintain_order=True)


@once
def tutors(report: Report) -> pl.DataFrame:
    """Table `tutors` with names: `why` this tutor, `told` (the tutor or why there is none), by municipality and school."""
    theirs = _names(report).select(
        tutor_id="school_id", tutor_name="school_name", tutor_group="group_name", tutor_page="card"
    )
    rows = report.read("tutors").join(theirs, on="tutor_id", how="left", maintain_order="left")
    rows = rows.with_columns(
        why=pl.Series(
            [help_sentences.pair(row, subject_titles()) for row in rows.iter_rows(named=True)], dtype=pl.String
        ),
        reach_words=pl.col("reach").replace_strict(words.REACH, default=None, return_dtype=pl.String),
        no_tutor=pl.when(pl.col("status") == "none").then(pl.col("reason").replace(words.TUTOR_REASON)),
    )
    told = pl.when(pl.col("tutor_id").is_null()).then(pl.format("нет: {}", "no_tutor"))
    return _placed(
        rows.sort("school_id", "place").with_columns(
            told=told.otherwise(pl.format("{}, {}", "tutor_name", "tutor_group"))
        ),
        report,
    )


def tutor_load(pairs: pl.DataFrame) -> pl.DataFrame:
    """The tutors of `tutors`: how many schools each helps, and which; the busiest first."""
    known, assigned = pairs.drop_nulls("tutor_id"), pl.col("status") == "assigned"
    grounds = pl.col("tutor_why").str.split(",").list.eval(pl.element().replace(words.TUTOR_WHY)).list.join("; ")
    return (
        known.with_columns(grounds=grounds)
        .group_by("tutor_id", "tutor_name", "tutor_group", "tutor_page", "grounds")
        .agg(
            schools=assigned.sum().cast(pl.Int64),
            spare=(~assigned).sum().cast(pl.Int64),
            helped=pl.col("school_name").filter(assigned).sort().str.join("; "),
        )
        .sort("schools", "tutor_group", "tutor_name", "tutor_id", descending=[True, False, False, False])
    )


def stages(report: Report) -> pl.DataFrame:
    """Teachers of the region from diagnostics to courses in the last year of the diagnostics, in words."""
    rows = _latest(report.read("funnel")).filter(group_id="").sort("place")
    return rows.with_columns(
        title=pl.col("stage").replace(words.STAGE), of_title=pl.col("of_stage").replace(words.STAGE)
    )


def funnel_groups(report: Report) -> pl.DataFrame:
    """The same by municipality: a column a stage."""
    names = _names(report).unique("group_id").select("group_id", "group_name", "group_page")
    rows = _latest(report.read("funnel")).filter(pl.col("group_id") != "")
    return published_help.by_stage(rows, "group_id").join(names, on="group_id", how="left").sort("group_name")


def funnel_schools(report: Report) -> pl.DataFrame:
    """The same by school."""
    return _placed(published_help.by_stage(_latest(report.read("funnel_schools")), "school_id"), report)


def _latest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("year") == pl.col("year").max())


def tracks(report: Report, school_id: str = "") -> pl.DataFrame:
    """Teachers by subject and module in the last year of the diagnostics: the region's, or one school's."""
    rows = _latest(report.read("tracks"))
    if school_id:
        rows = rows.filter(school_id=school_id)
    counts = [name for name in rows.columns if name.startswith("n_")]
    return (
        rows.group_by("subject", "module", "course")
        .agg(
            *(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in counts),
            note=pl.col("note").drop_nulls().unique().sort().str.join("; "),
        )
        .with_columns(pl.col("subject").replace(subject_titles()), pl.col("module").replace(words.MODULE))
        .sort("subject", "module")
    )


@once
def roadmaps(report: Report) -> pl.DataFrame:
    """The register of roadmaps, those that are missing or late first; `open`, what to click."""
    order = {"missing": 0, "late": 1, "not_due": 2, "in_time": 3}
    rows = report.read("roadmap_status").with_columns(
        state=views.marked("status", words.ROADMAP_MARK, words.ROADMAP),
        open=pl.when(pl.col("link").is_not_null()).then(pl.lit("открыть")),
    )
    return _placed(rows, report).sort(
        -pl.col("year"), pl.col("status").replace_strict(order, return_dtype=pl.Int64), maintain_order=True
    )


def monitoring(report: Report, edition: str) -> pl.DataFrame:
    """The project's indicators by year, values as text in their units (`_text`), signs in words with their marks."""
    rows = report.read("monitoring", edition)
    values = ("planned", "actual", "before", "expected_without_programme", "target", "baseline")
    units = rows["unit"].to_list()
    return rows.with_columns(
        *(_in_units(rows, units, name) for name in values),
        interval=pl.Series(
            [help_sentences.interval(*row) for row in rows.select("unit", "lower", "upper").iter_rows()],
            dtype=pl.String,
        ),
        beyond_text=pl.Series(
            [help_sentences.beyond(*row) for row in rows.select("unit", "beyond_rtm", "beyond_rtm_se").iter_rows()],
            dtype=pl.String,
        ),
        sign=views.marked("signal", words.SIGNAL_MARK, words.SIGNAL),
        beyond_sign=views.marked("beyond_signal", words.BEYOND_MARK, words.BEYOND),
        way=pl.col("better").replace(words.BETTER),
    ).sort("unit", "title", "year")


def _in_units(rows: pl.DataFrame, units: list[str], name: str) -> pl.Series:
    told = [help_sentences.in_unit(unit, value) for unit, value in zip(units, rows[name], strict=True)]
    return pl.Series(f"{name}_text", told, dtype=pl.String)


def monitored_years(rows: pl.DataFrame) -> pl.DataFrame:
    """The indicators of `monitoring`: a column a year, and the target."""
    last = rows.sort("year").group_by("indicator", maintain_order=True).last()
    years = rows.sort("year").pivot("year", index="indicator", values="actual_text")
    target = pl.format("{} к {} году", "target_text", "target_year")
    return last.select("indicator", "title", "way", target=target).join(years, on="indicator").sort("title")


def membership(report: Report) -> pl.DataFrame:
    """Who has entered, stays in and has left which programme, the last year first."""
    rows = report.read("membership").with_columns(
        programme_words=pl.col("programme").replace(words.SUPPORTED_WHY),
        state_words=pl.col("state").replace(words.MEMBERSHIP),
    )
    return _placed(rows, report).sort(-pl.col("year"), "programme", maintain_order=True)


def moves(report: Edition) -> pl.DataFrame:
    """How many schools have entered, stay in and have left each programme, by year; as text where some are hidden."""
    if not report.names_schools:
        return published_help.moves(report)
    counted = [(pl.col("state") == state).sum().cast(pl.Int64).alias(state) for state in words.MEMBERSHIP]
    return membership(report).group_by("year", "programme_words").agg(counted).sort("year", "programme_words")


def context_panel(report: Report, edition: str) -> pl.DataFrame:
    """The project's schools beside the others in the last year that each panel has, in words."""
    rows = report.read("context_panel", edition).filter(pl.col("year") == pl.col("year").max().over("panel"))
    titles = {item: told[0] for (table, item), told in entries(report.params).items() if table == "passports"}
    texts = [
        pl.Series(f"{side}_text", [help_sentences.panel_value(*row) for row in rows.select("panel", side).iter_rows()], dtype=pl.String)
        for side in ("members", "others")
    ]  # fmt: skip
    order = {panel: place for place, panel in enumerate(words.PANEL)}
    return rows.with_columns(
        *texts,
        panel_words=pl.col("panel").replace(words.PANEL),
        title=pl.col("item").replace(titles | words.PANEL_ITEM),
    ).sort(pl.col("panel").replace_strict(order, return_dtype=pl.Int64), "title")
