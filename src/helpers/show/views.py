"""Schools and groups as pages need them: joined from the contract's tables, never computed anew."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from helpers.measure.intervals import Z95
from helpers.model.flags import FLAGGED
from helpers.model.overview import EVERYWHERE
from helpers.params import Params
from helpers.problems import BadInput, Problem, quoted
from helpers.report import Report
from helpers.show import words
from helpers.show.once import once


@once
def schools(report: Report, edition: str) -> pl.DataFrame:
    """One row per school of the pooled years: who it is, its effect, its flag, its page.

    Sorted by school_id. `has_card` marks the schools with a card of their own: every one of the last year or, where the
    params limit the cards, those named first, then those whose deviation is clearest;
    `card` and `group_page` are addresses within the site.
    """
    pooled = report.params.pooled_years
    latest = (
        report.read("schools", edition)
        .filter(pl.col("year").is_in(pooled))
        .sort("year")
        .unique("school_id", keep="last", maintain_order=True)
    )
    joined = (
        latest.drop("year", "in_model")
        .join(report.read("flags", edition), on="school_id")
        .join(report.read("effect", edition), on="school_id", how="left")
        .sort("school_id")
        .with_columns(clarity=(pl.col("effect").abs() - report.params.flag.delta) / pl.col("effect_se"))
    )
    joined = joined.with_columns(flagged=pl.col("tier").is_in(FLAGGED))
    carded = _carded(joined, report, edition)
    groups = group_slugs(joined)
    return joined.with_columns(
        has_card=pl.col("school_id").is_in(carded["school_id"].to_list()),
        lower=pl.col("effect") - Z95 * pl.col("effect_se"),
        upper=pl.col("effect") + Z95 * pl.col("effect_se"),
    ).with_columns(
        card=pl.when("has_card").then(pl.format("site:/school/{}.html", school_slug(pl.col("school_id")))),
        group_page=pl.format("site:/municipality/{}.html", pl.col("group_id").replace_strict(groups)),
        verdict=verdict(),
        type_words=pl.col("type").replace_strict(words.TYPE, default=pl.col("type")),
        confidence=pl.max_horizontal("prob_below", "prob_above"),
    )


def _carded(joined: pl.DataFrame, report: Report, edition: str) -> pl.DataFrame:
    """The schools that get a card: all of the last year, or the surest of those with an expectation."""
    most, last = report.params.pages.cards, report.params.years[-1]
    there = report.read("schools" if most is None else "expectation", edition).filter(year=last).select("school_id")
    present = joined.join(there, on="school_id", how="semi")
    if most is None:
        return present
    told = present.filter(pl.col("clarity").is_not_null(), pl.col("tier") != "outside")
    return told.sort("flagged", "clarity", "school_id", descending=[True, True, False]).head(most)


def verdict() -> pl.Expr:
    """The flag in words: «▼ ниже ожидаемого, устойчиво»."""
    direction = pl.col("direction").replace_strict(words.DIRECTION, default=None)
    mark = pl.col("direction").replace_strict(words.DIRECTION_MARK, default=None)
    tier = pl.col("tier").replace_strict(words.TIER, default=pl.col("tier"))
    return (
        pl.when("flagged").then(pl.format("{} {}, {}", mark, direction, tier))
        .when(pl.col("direction") == "within").then(pl.format("{} {}", mark, direction))
        .otherwise(tier)
    )  # fmt: skip


def marked(column: str, marks: Mapping[str, str], titles: Mapping[str, str], between: str = "\u00a0") -> pl.Expr:
    """A code in words with its mark: «✓ в срок»."""
    return pl.format("{}" + between + "{}", pl.col(column).replace(marks), pl.col(column).replace(titles))


def school_slug(school_id: pl.Expr) -> pl.Expr:
    """File name of a school's card."""
    return school_id.map_elements(words.slug, return_dtype=pl.String)


def group_slugs(view: pl.DataFrame) -> dict[str, str]:
    """File name of each group's page: the group's name in Latin letters, told apart by its code if need be."""
    named = view.select("group_id", "group_name").unique("group_id", keep="last", maintain_order=True).sort("group_id")
    slugs: dict[str, str] = {}
    for group_id, name in named.iter_rows():
        slug = words.slug(name)
        slugs[group_id] = f"{slug}-{words.slug(group_id)}" if slug in slugs.values() else slug
    return slugs


def groups(report: Report, edition: str) -> pl.DataFrame:
    """One row per group: table `group_summary` with the group's name and page."""
    view = schools(report, edition)
    named = view.select("group_id", "group_name", "group_page").unique("group_id", keep="last", maintain_order=True)
    return named.join(report.read("group_summary", edition), on="group_id").sort("group_name", "group_id")


def group_figures(report: Report, edition: str, group_id: str) -> dict:
    """One group's row of `group_summary`, and as `all_index` the mean index of all groups."""
    rows = report.read("group_summary", edition)
    everywhere = rows.row(by_predicate=pl.col("group_id") == EVERYWHERE, named=True)
    own = rows.row(by_predicate=pl.col("group_id") == group_id, named=True)
    return own | {"all_index": everywhere["mean_index"]}


def years(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """One school's years: results, participants, expectation, residual with its sampling error."""
    expected = report.read("expectation", edition, school_id)
    return (
        report.read("schools", edition, school_id)
        .select("year", "why_excluded")
        .join(report.read("outcome", edition, school_id).drop("school_id"), on="year", how="left")
        .join(expected.drop("school_id", "in_model", "outcome", "outcome_se", "index"), on="year", how="left")
        .join(_context_years(report, edition, school_id), on="year", how="left")
        .with_columns(procedures=pl.col("procedures").str.replace_many(words.PROCEDURE))
        .sort("year")
    )


def _context_years(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """A school's index, and of which year its indicators are, year by year."""
    index = report.read("wellbeing_index", edition, school_id)
    return index.select("year", "index", carried_from=pl.coalesce("carried_from", "year").cast(pl.String))


def clearest(view: pl.DataFrame, most: int) -> pl.DataFrame:
    """The schools flagged most surely, at most `most`, with a `label` that tells them apart."""
    rows = view.filter("flagged").sort("clarity", "school_id", descending=[True, False]).head(most)
    label = pl.format("{}, {}", "school_name", "group_name")
    repeated = pl.len().over("school_name", "group_name") > 1
    return rows.with_columns(label=pl.when(repeated).then(pl.format("{} ({})", label, "school_id")).otherwise(label))


def typology_grid(view: pl.DataFrame) -> tuple[list[str], list[str], list[list[tuple[str, str]]]]:
    """The 3 × 3 typology: row titles, column titles, and in each cell how many schools and their type's name."""
    counts = dict(view.group_by("type").len().iter_rows())
    cells = [
        [(words.whole(counts.get(f"{context}_{direction}", 0)), words.TYPE[f"{context}_{direction}"])
         for direction in words.DIRECTION]
        for context in words.CONTEXT
    ]  # fmt: skip
    return list(words.CONTEXT.values()), list(words.DIRECTION.values()), cells


def tiles(groups: pl.DataFrame, params: Params) -> pl.DataFrame:
    """The tile map: each municipality's place and how many of its schools are below expectation, for `emit.tiles`.

    Raises
    ------
    BadInput
        A tile is named as no group is.
    """
    places = placed_tiles(params, groups["group_name"].to_list())
    return places.join(groups, on="group_name", maintain_order="left").with_columns(
        value=pl.format("{} из {}", "n_below", "schools"),
        told=pl.format("ниже ожидаемого {} из {}", "n_below", "schools"),
        level=pl.min_horizontal(pl.col("n_below"), 3).cast(pl.String),
    )


def placed_tiles(params: Params, known: list[str]) -> pl.DataFrame:
    """Tiles of the params with the municipality's name as `group_name`, row by row.

    Raises
    ------
    BadInput
        A tile is named as none of `known` is.
    """
    strange = sorted(params.tiles.keys() - set(known))
    if strange:
        raise BadInput(*(
            Problem(file="файл параметров", column="tiles", found=quoted(name), expected="название муниципалитета из реестра школ",
                    advice="исправьте название или удалите плитку")
            for name in strange
        ))  # fmt: skip
    schema = {"group_name": pl.String, "row": pl.Int64, "column": pl.Int64, "short": pl.String}
    rows = [{"group_name": name, **tile.model_dump()} for name, tile in params.tiles.items()]
    return pl.DataFrame(rows, schema=schema).sort("row", "column")


def apart(report: Report, edition: str) -> pl.DataFrame:
    """Schools that are described apart (evening, boarding, special): their results of the last year they have any."""
    return (
        report.read("schools", edition)
        .filter(why_excluded="type")
        .join(report.read("outcome", edition), on=["year", "school_id"], how="left")
        .sort("year")
        .with_columns(told=pl.col("outcome").is_not_null())
        .sort("told", "year")
        .unique("school_id", keep="last", maintain_order=True)
        .with_columns(procedures=pl.col("procedures").str.replace_many(words.PROCEDURE))
        .sort("school_type", "school_name")
    )


def placed(report: Report, edition: str, year: int) -> pl.DataFrame:
    """Schools of one year that have an expectation: names, participants, marks of their conclusion."""
    return (
        report.read("expectation", edition)
        .filter(year=year)
        .join(report.read("outcome", edition).select("year", "school_id", "n_participants"), on=["year", "school_id"])
        .join(
            schools(report, edition)
            .with_columns(
                marked=pl.coalesce(
                    "direction",
                    pl.when(pl.col("tier") == "dependent").then(pl.lit("dependent")).otherwise(pl.lit("unknown")),
                )
            )
            .select("school_id", "school_name", "group_name", "marked", "card", "group_page"),
            on="school_id",
        )
        .sort("school_id")
    )


def similar(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """The schools of like context beside one school, nearest first."""
    view = schools(report, edition).with_columns(page=pl.coalesce("card", "group_page"))
    return (
        report.read("similar", edition, school_id)
        .select("place", "distance", school_id="neighbour_id")
        .join(view, on="school_id")
        .sort("place")
    )


def rank(report: Report, edition: str, school_id: str) -> dict | None:
    """One school's interval of rank and how many schools are ranked; None in an edition that has no ranks."""
    if edition != "internal":
        return None
    ranks = report.read("ranks", edition)
    found = ranks.filter(school_id=school_id)
    return {**found.row(0, named=True), "schools": ranks.height} if found.height else None


def of_group(view: pl.DataFrame, group_id: str) -> pl.DataFrame:
    """Schools of one group; of the first one if `group_id` is empty."""
    return view.filter(pl.col("group_id") == (group_id or view["group_id"].min()))


def one_school(report: Report, edition: str, school_id: str) -> dict:
    """One school's row of `schools`; the first with a card if `school_id` is empty."""
    view = schools(report, edition)
    chosen = view.filter(pl.col("school_id") == school_id) if school_id else view.filter("has_card").head(1)
    return chosen.row(0, named=True)
