"""The help to schools as the public reads it: how many schools and teachers, none by name."""

from __future__ import annotations

import polars as pl

from helpers.disclosure.groups import REGION
from helpers.disclosure.rounding import HIDDEN_WORD
from helpers.report import Report
from helpers.show import published, words
from helpers.support import load_recommendations, load_risk_factors, load_skills

_ALL = "all"
"""`level` of totals."""


def _counts(report: Report, topic: str) -> pl.DataFrame:
    return report.read("support_counts", "public").filter(topic=topic)


def measures(report: Report) -> pl.DataFrame:
    """The rules of `params/recommendations.yml` in their order: measure, owner, deadline, document, how many schools."""
    year = report.params.years[-1]
    rules = load_recommendations(load_risk_factors(), load_skills()).rules
    listed = pl.DataFrame(
        [(rule.id, rule.measure, rule.owner, rule.due(year), rule.document) for rule in rules],
        schema=["rule_id", "measure", "owner", "deadline_date", "document"],
        orient="row",
    )
    told = _counts(report, "measure").filter(level="advised").select(rule_id="item", schools="schools_text")
    joined = listed.join(told, on="rule_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("schools").fill_null(HIDDEN_WORD))


def supported(report: Report) -> int | None:
    """How many schools get help; None where it is not told."""
    totals = _counts(report, "risk").filter(level=_ALL)["schools"].drop_nulls()
    return totals[0] if len(totals) else None


def risks(report: Report) -> pl.DataFrame:
    """How many schools have which level of each factor, as text, in the order of the factors."""
    titles = {item.factor: item.title for item in load_risk_factors().factors}
    order = {name: place for place, name in enumerate(titles)}
    wide = _wide(_counts(report, "risk"), [*words.LEVEL, "unknown"])
    return wide.with_columns(title=pl.col("item").replace(titles)).sort(
        pl.col("item").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    )


def _wide(counts: pl.DataFrame, levels: list[str]) -> pl.DataFrame:
    """A row a year and item, a column a level, numbers as text."""
    wide = counts.pivot("level", index=["year", "item"], values="schools_text")
    lacking = [pl.lit(None, pl.String).alias(level) for level in [*levels, _ALL] if level not in wide.columns]
    return wide.with_columns(lacking)


def tutors(report: Report) -> pl.DataFrame:
    """How many schools have a tutor, by how far away it is, and how many have none."""
    titles = words.REACH | {"none": words.TUTOR_STATUS["none"]}
    return _listed(_counts(report, "tutor"), titles)


def roadmaps(report: Report) -> pl.DataFrame:
    """How many roadmaps are in time, late, missing, by year."""
    return _listed(_counts(report, "roadmap"), words.ROADMAP)


def _listed(counts: pl.DataFrame, titles: dict[str, str]) -> pl.DataFrame:
    """Levels one below another with their `title`, the total last."""
    titles = titles | {_ALL: "всего"}
    order = {level: place for place, level in enumerate(titles)}
    place = pl.col("level").replace_strict(order, return_dtype=pl.Int64)
    return counts.with_columns(title=pl.col("level").replace(titles)).sort("year", place, descending=[True, False])


def moves(report: Report) -> pl.DataFrame:
    """How many schools have entered, stay in and have left each programme, by year."""
    wide = _wide(_counts(report, "membership"), list(words.MEMBERSHIP))
    return wide.with_columns(programme_words=pl.col("item").replace(words.SUPPORTED_WHY)).sort("year", "item")


def funnel(report: Report) -> pl.DataFrame:
    """Teachers by stage, in bands: the region first, then groups by name; of the last year of the diagnostics."""
    names = published.groups(report).select("group_id", "group_name", "group_page")
    rows = report.read("published_funnel", "public")
    latest = rows.filter(pl.col("year") == rows["year"].max())
    wide = by_stage(latest, "group_id", "n_text").join(names, on="group_id", how="left")
    region = pl.col("group_id") == REGION
    return wide.with_columns(group_name=pl.when(region).then(pl.lit("Регион")).otherwise("group_name")).sort(
        ~region, "group_name"
    )


def by_stage(rows: pl.DataFrame, by: str, values: str = "n") -> pl.DataFrame:
    """A row for each of `by`, a column for each stage."""
    table = rows.pivot("stage", index=by, values=values)
    lacking = [pl.lit(None, rows.schema[values]).alias(stage) for stage in words.STAGE if stage not in table.columns]
    return table.with_columns(lacking)


def named(report: Report) -> pl.DataFrame:
    """Schools above expectation that agreed to be named."""
    return published.schools(report).filter(pl.col("named").is_not_null())
