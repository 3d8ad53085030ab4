"""What the public reads of the help to schools: how many schools, how many teachers, no names."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from helpers.disclosure.cells import few_behind, with_region
from helpers.disclosure.coarse import rounded
from helpers.disclosure.suppression import Rules, Why, cell_ids, is_hidden, primary
from helpers.params import DisclosureRules
from helpers.support import load_recommendations, load_risk_factors, load_skills

SUPPORT = ["topic", "year", "item", "level"]
FUNNEL = ["year", "stage", "group_id"]
"""Dimensions of the two tables of cells."""
_UNKNOWN = "unknown"


def of_programme(internal: dict[str, pl.DataFrame], year: int) -> dict[str, pl.DataFrame]:
    """The tables with the schools of a programme alone.

    Who is below expectation gets help as well. Were such schools counted, the total less the programme's schools would be how
    many of those below are in no programme: 29 − 26 = 3, and of five below two are in one.
    """
    running = internal["programme"].filter(
        pl.col("from_year") <= year, pl.col("to_year").is_null() | (pl.col("to_year") >= year)
    )
    counted = ("risk_profile", "recommendations", "tutors")
    return internal | {name: internal[name].join(running, on="school_id", how="semi") for name in counted}


def support_cells(internal: dict[str, pl.DataFrame], year: int, rules: DisclosureRules) -> pl.DataFrame:
    """Count schools by risk, measure, reach of the tutor, state of the roadmap, coming and going.

    Parameters
    ----------
    internal : dict of DataFrame
        Tables `risk_profile`, `recommendations`, `rule_coverage`, `tutors`, `roadmap_status`, `membership`.
    year : int
        The year that the first three are of.

    Returns
    -------
    DataFrame
        `SUPPORT` (level null: all schools of the item), n, count (null), why, fixed (totals: the size of the programme
        is no secret). Counts below `least_schools`, none among them, are hidden.
    """
    assigned = internal["tutors"].filter(pl.col("place") == 1)
    supported = internal["recommendations"].select("school_id").n_unique()
    # every rule, also one that advises nobody: were it missing, «hidden» would mean one or two
    advised = internal["rule_coverage"].select(item="rule_id").join(
        internal["recommendations"].group_by(item="rule_id").agg(n=pl.col("school_id").n_unique().cast(pl.Float64)),
        on="item", how="left",
    ).with_columns(pl.col("n").fill_null(0.0))  # fmt: skip
    parts = [
        _counted("risk", internal["risk_profile"], year, "factor", pl.col("level").fill_null(_UNKNOWN)),
        _counted("tutor", assigned, year, pl.lit("reach"), pl.col("reach").fill_null("none")),
        _counted("roadmap", internal["roadmap_status"], None, pl.lit("status"), pl.col("status")),
        _counted("membership", internal["membership"], None, "programme", pl.col("state")),
        _of_year("measure", advised.with_columns(level=pl.lit("advised")), year),
        _of_year("measure", advised.with_columns(level=pl.lit("not_advised"), n=supported - pl.col("n")), year),
        _of_year("measure", advised.with_columns(level=pl.lit(None, pl.String), n=pl.lit(float(supported))), year),
    ]
    # of a factor that nothing is known of anywhere, that no school has a level is no secret
    unheard = (pl.col("n") == pl.col("n").max().over("topic", "year", "item")) & (pl.col("level") == _UNKNOWN)
    told = (pl.col("topic") == "risk") & unheard.any().over("topic", "year", "item")
    few = pl.col("level").is_not_null() & (pl.col("n") < rules.least_schools) & ~told
    return pl.concat(parts).with_columns(
        count=pl.lit(None, pl.Float64),
        why=pl.when(few).then(pl.lit(Why.SCHOOLS.value)),
        fixed=pl.col("level").is_null(),
    )


def twins(internal: dict[str, pl.DataFrame]) -> dict[str, set[tuple[str, str]]]:
    """Measures that tell of a factor of risk: the levels of one factor that just the advised schools have.

    A rule that asks for a level of one factor counts the very schools that the profile counts: who reads the one number
    knows the other.

    Returns
    -------
    dict
        By rule_id: factor and level of every cell that the measure's number is, or is the sum of.
    """
    of_level = {
        (factor, level): set(rows["school_id"])
        for (factor, level), rows in internal["risk_profile"].drop_nulls("level").group_by("factor", "level")
    }
    found: dict[str, set[tuple[str, str]]] = {}
    for (rule,), rows in internal["recommendations"].drop_nulls("rule_id").group_by("rule_id"):
        schools = set(rows["school_id"])
        for factor in {factor for factor, _ in of_level}:
            for levels in ([(factor, "high")], [(factor, "high"), (factor, "medium")]):
                if set().union(*(of_level.get(level, set()) for level in levels)) == schools:
                    found.setdefault(rule, set()).update(levels)
    return found


def rules_of_one_factor() -> dict[str, set[tuple[str, str]]]:
    """Rules of help that ask for a level of one factor and nothing else, as published: factor and each level that they ask for."""
    from_on = {"high": ["high"], "medium": ["high", "medium"]}
    listed = load_recommendations(load_risk_factors(), load_skills()).rules
    return {
        rule.id: {(rule.when[0].factor, level) for level in from_on[rule.when[0].level or ""]}
        for rule in listed if len(rule.when) == 1 and rule.when[0].factor
    }  # fmt: skip


def of_conclusion(internal: dict[str, pl.DataFrame], flags: pl.DataFrame) -> set[str]:
    """Measures advised to just those schools of the programme that are below expectation.

    The region's number of schools below is told: less the measure's number it is how many are in no programme.
    """
    below = set(flags.filter(direction="below")["school_id"]) & set(internal["recommendations"]["school_id"])
    advised = internal["recommendations"].drop_nulls("rule_id").group_by("rule_id").agg("school_id")
    return {rule for rule, schools in advised.iter_rows() if set(schools) == below}


def veiled(
    cells: pl.DataFrame, protected: pl.DataFrame, told: dict[str, set[tuple[str, str]]], always: Collection[str] = ()
) -> pl.DataFrame:
    """Hide the number of every measure that would give away a hidden cell of the profile, or of the conclusions.

    Parameters
    ----------
    cells, protected : DataFrame
        What `support_cells` gives, and the same protected on its own.
    told : dict
        What `twins` gives.
    always : collection of str
        What `of_conclusion` gives.
    """
    hidden = set(protected.filter(is_hidden(), topic="risk").select("item", "level").iter_rows())
    rules = [*always, *(rule for rule, levels in told.items() if hidden & levels)]
    telling = (pl.col("topic") == "measure") & pl.col("item").is_in(rules) & ~pl.col("fixed")
    return cells.with_columns(why=pl.when(telling & pl.col("why").is_null()).then(pl.lit(Why.NARROW)).otherwise("why"))


def _counted(topic: str, table: pl.DataFrame, year: int | None, item: str | pl.Expr, level: pl.Expr) -> pl.DataFrame:
    """Schools by item and level, every pair of them, and by item."""
    when = pl.lit(year, pl.Int64) if year else pl.col("year")
    rows = table.select(year=when, item=pl.col(item) if isinstance(item, str) else item, level=level)
    counts = rows.group_by("year", "item", "level").agg(n=pl.len().cast(pl.Float64))
    pairs = rows.select("year", "item").unique().join(rows.select("level").unique(), how="cross")
    parts = pairs.join(counts, on=["year", "item", "level"], how="left").with_columns(pl.col("n").fill_null(0.0))
    total = rows.group_by("year", "item").agg(n=pl.len().cast(pl.Float64)).with_columns(level=pl.lit(None, pl.String))
    return pl.concat([parts, total.select(parts.columns)]).select(pl.lit(topic).alias("topic"), *SUPPORT[1:], "n")


def _of_year(topic: str, counts: pl.DataFrame, year: int) -> pl.DataFrame:
    return counts.select(pl.lit(topic).alias("topic"), pl.lit(year, pl.Int64).alias("year"), "item", "level", "n")


def funnel_cells(by_school: pl.DataFrame, rules: DisclosureRules) -> pl.DataFrame:
    """Teachers by stage from diagnostics to courses, in published groups and in the region.

    Parameters
    ----------
    by_school : DataFrame
        Table `funnel_schools` with the published `group_id`: a group's teachers may all be of one school.

    Returns
    -------
    DataFrame
        `FUNNEL` (group_id null: the region), place, n, schools, count (null), why.
    """
    rows = by_school.drop_nulls("n")
    cells = few_behind(with_region(rows, rows, ["year", "stage", "place", "group_id"], n=pl.col("n").sum()), rules)
    # no teacher at a stage is as telling as one, but not where the region has none
    nobody = pl.col("n").max().over("year", "stage") == 0
    few = (pl.col("n") < rules.least_n) & ~nobody
    return cells.with_columns(
        count=pl.lit(None, pl.Float64), why=pl.coalesce("why", pl.when(few).then(pl.lit(Why.N.value)))
    )


def coarse_monitoring(monitoring: pl.DataFrame, rules: DisclosureRules, besides: Sequence[str] = ()) -> pl.DataFrame:
    """The project's indicators: to a hundredth, of enough schools or people, none that counts one or two of them.

    From fifty on `n` is told in tens: those who began less those who were advised is a stage that the funnel hides. Cells
    `besides` are hidden for the sake of other tables (`joint`).
    """
    people = (pl.col("actual") * pl.col("n")).round(6)
    counts = (pl.col("unit") == "share") & (people == people.round())  # a ratio of posts counts no schools
    judged = primary(
        monitoring.with_columns(count=pl.when(counts).then(people), why=pl.lit(None, pl.String)),
        Rules(rules.least_schools, rules.least_count, rules.extreme_n, rules.width),
    )
    enough = pl.col("n").is_not_null() & ~is_hidden() & (pl.col("n") > 0)
    enough &= ~cell_ids(["indicator", "year"]).is_in(list(besides))
    told = ["actual", "lower", "upper", "before", "expected_without_programme", "beyond_rtm", "beyond_rtm_se"]
    n = pl.when(pl.col("n") < 50).then("n").otherwise((pl.col("n") / 10).round().cast(pl.Int64) * 10)
    signals = [pl.col("signal"), pl.col("beyond_signal"), n.alias("n"), pl.col("n_compared")]
    return judged.with_columns(
        *(pl.when(enough).then(rounded(pl.col(name), 2)).alias(name) for name in told),
        *(pl.when(enough).then(value).alias(value.meta.output_name()) for value in signals),
    )


def coarse_panel(panel: pl.DataFrame, least: int) -> pl.DataFrame:
    """The programme's schools beside the others: of at least `least` schools, to a hundredth."""
    sides = (("members", "n_members"), ("others", "n_others"))
    return panel.with_columns(
        pl.when(pl.col(number) >= least).then(rounded(pl.col(value), 2)).alias(value) for value, number in sides
    ).with_columns(pl.when(pl.col(number) >= least).then(number).alias(number) for _, number in sides)
