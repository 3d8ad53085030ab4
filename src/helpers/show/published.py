"""Views of the tables that the public edition has in place of schools: groups, bands, bins."""

from __future__ import annotations

import polars as pl

from helpers.disclosure.cells import NO_CLASS
from helpers.disclosure.groups import REGION
from helpers.disclosure.rounding import HIDDEN_WORD
from helpers.params import Params
from helpers.report import Report
from helpers.show import summaries, views, words


def groups(report: Report) -> pl.DataFrame:
    """The published groups by name: size, coarse means, schools by conclusion, page."""
    table = report.read("groups", "public")
    flags = report.read("published_flags", "public").filter(pl.col("context_class") == REGION)
    told = flags.pivot("direction", index="group_id", values="schools_text")
    slugs = views.group_slugs(table)
    return (
        table.join(told, on="group_id", how="left")
        .with_columns(
            group_page=pl.format("site:/municipality/{}.html", pl.col("group_id").replace_strict(slugs)),
            merged=pl.when(pl.col("members") != pl.col("group_name")).then("members"),
        )
        .sort("group_name")
    )


def group(report: Report, group_id: str) -> dict:
    """One group's row of `groups`; the first by name if `group_id` is empty."""
    every = groups(report)
    return every.filter(group_id=group_id or every["group_id"][0]).row(0, named=True)


def schools(report: Report, group_id: str = "") -> pl.DataFrame:
    """The schools of the last year by group and name, those that agreed to be named marked; of one group if it is given."""
    slugs = views.group_slugs(report.read("groups", "public"))
    listed = report.read("directory", "public").with_columns(
        group_page=pl.format("site:/municipality/{}.html", pl.col("group_id").replace_strict(slugs)),
        verdict=pl.when(pl.col("named") == "above").then(pl.lit(f"{words.DIRECTION_MARK['above']} {words.DIRECTION['above']}")),
    )  # fmt: skip
    chosen = listed.filter(pl.col("group_id") == group_id) if group_id else listed
    return chosen.sort("group_name", "school_name", "school_id")


def typology_grid(report: Report) -> tuple[list[str], list[str], list[list[tuple[str, str]]]]:
    """The 3 × 3 typology, as `views.typology_grid`."""
    counts = {
        (context, direction): schools
        for context, direction, schools in report.read("published_flags", "public")
        .filter(pl.col("group_id") == REGION, ~pl.col("context_class").is_in([REGION, NO_CLASS]))
        .select("context_class", "direction", "schools")
        .iter_rows()
    }
    cells = [
        [
            (words.whole(counts.get((context, direction), 0)), words.TYPE[f"{context}_{direction}"])
            for direction in words.DIRECTION
        ]
        for context in words.CONTEXT
    ]
    return list(words.CONTEXT.values()), list(words.DIRECTION.values()), cells


def results(report: Report, group_id: str = REGION) -> pl.DataFrame:
    """Results of a group, or of the region, with the region's beside them; `title` and grade in words."""
    table = report.read("published_results", "public")
    titles = pl.DataFrame(
        [
            {"procedure": item.procedure, "subject": item.subject, "title": item.title}
            for item in report.params.described.results
        ]
    ).unique(["procedure", "subject"], keep="first", maintain_order=True)
    keys = ["year", "procedure", "subject", "grade"]
    region = table.filter(pl.col("group_id") == REGION).select(*keys, region_mean="mean", region_share="share_text")
    return (
        table.filter(pl.col("group_id") == group_id)
        .join(region, on=keys, how="left")
        .join(titles, on=["procedure", "subject"], how="left")
        .sort("title", "grade", "year")
    )


def context(report: Report, group_id: str = REGION) -> pl.DataFrame:
    """Social indicators of a group, or of the region, by year, with the region's beside them."""
    table = report.read("published_context", "public")
    titles = {name: item.title for name, item in report.params.described.indicators.items()}
    keys = ["year", "indicator"]
    region = table.filter(pl.col("group_id") == REGION).select(*keys, region_share="share_text")
    return (
        table.filter(pl.col("group_id") == group_id)
        .join(region, on=keys, how="left")
        .with_columns(title=pl.col("indicator").replace_strict(titles, return_dtype=pl.String))
        .sort("title", "year")
    )


def trends(report: Report) -> pl.DataFrame:
    """Each assessment of the region by year, as `summaries.trends`: the share is that of the middles of published bands.

    The highest band of participants has no end: its beginning stands for it.
    """
    kept = ["year", "procedure", "subject"]
    middle = (pl.col("n_low") + pl.col("n_high")) / 2
    n, low = pl.coalesce(middle, "n_low"), (pl.col("share_low") + pl.col("share_high")) / 2
    region = report.read("published_results", "public").filter(pl.col("group_id") == REGION)
    rows = (
        region.with_columns(n=n, low=low)
        .filter(pl.col("year").n_unique().over("procedure", "subject", "grade")
                == pl.col("year").n_unique().over("procedure", "subject"))
        .group_by(kept)
        .agg(low=(pl.col("low") * pl.col("n")).sum() / pl.col("n").filter(pl.col("low").is_not_null()).sum())
        .with_columns(pl.col("low").fill_nan(None))
    )  # fmt: skip
    return summaries.comparable(rows, report, "public").sort("title", "year")


def results_by_year(report: Report) -> pl.DataFrame:
    """Results of the region by assessment, grade and year, with `state`: whether the year is compared."""
    region = report.read("published_results", "public").filter(pl.col("group_id") == REGION)
    return summaries.comparable(region, report, "public").sort("title", "grade", "year")


def tiles(report: Report) -> pl.DataFrame:
    """The tile map of mean deviations, for `emit.tiles`; municipalities published together share their value.

    Raises
    ------
    BadInput
        A tile is named as no municipality is.
    """
    members = groups(report).with_columns(municipality=pl.col("members").str.split("; ")).explode("municipality")
    effect, together = pl.col("mean_effect").round(1), pl.col("merged").is_not_null()
    number = effect.map_elements(words.signed_tenth, return_dtype=pl.String)
    told = (
        pl.when(effect.is_null())
        .then(pl.lit("среднее не публикуется"))
        .otherwise(pl.format("среднее отклонение {}", number))
    )
    return (
        views.placed_tiles(report.params, members["municipality"].to_list())
        .join(members.rename({"group_name": "published_as", "municipality": "group_name"}), on="group_name", maintain_order="left")
        .with_columns(
            value=number.fill_null("—"),
            told=pl.when(together).then(pl.format("{}, вместе: {}", told, "published_as")).otherwise(told),
            level=pl.when(effect.is_null()).then(pl.lit("hidden")).when(effect < 0).then(pl.lit("below"))
            .when(effect > 0).then(pl.lit("above")).otherwise(pl.lit("0")),
        )
    )  # fmt: skip


def excluded(report: Report) -> pl.DataFrame:
    """School-years in the fit and outside it, by reason, in words."""
    reasons = {NO_CLASS: "в расчёте связи", **words.EXCLUDED}
    number = pl.col("schools").cast(pl.String)
    return (
        report.read("excluded", "public")
        .with_columns(
            why=pl.col("why_excluded").replace_strict(reasons, return_dtype=pl.String),
            schools_text=number.fill_null(HIDDEN_WORD),
        )
        .sort("year", "why")
    )


def distribution(report: Report, measure: str) -> pl.DataFrame:
    """The last year's bins of a measure (`index`, `outcome`): lower, upper, schools, ends to draw them by, in words."""
    table = report.read("distributions", "public")
    return _drawn(table.filter(measure=measure, year=report.params.years[-1]))


def link(report: Report) -> pl.DataFrame:
    """The last year's bins of the index with mean outcome and expectation."""
    return _drawn(report.read("link_bins", "public").filter(year=report.params.years[-1]))


def _drawn(bins: pl.DataFrame) -> pl.DataFrame:
    """Bins with ends to draw them by (`left`, `right`: open ones as wide as the narrowest) and their range in words."""
    width = (bins["upper"] - bins["lower"]).min() or 1.0
    digits = 0 if width >= 1 else 1
    lower, upper = (pl.col(name).map_elements(lambda value: words.number(value, digits), return_dtype=pl.String)
                    for name in ("lower", "upper"))  # fmt: skip
    return bins.sort("bin").with_columns(
        left=pl.coalesce("lower", pl.col("upper") - width),
        right=pl.coalesce("upper", pl.col("lower") + width),
        range=pl.when(pl.col("lower").is_null())
        .then(pl.format("ниже {}", upper))
        .when(pl.col("upper").is_null())
        .then(pl.format("от {}", lower))
        .otherwise(pl.format("от {} до {}", lower, upper)),
    )


def rules(params: Params) -> pl.DataFrame:
    """The rules of disclosure with their values."""
    kept = params.disclosure
    return pl.DataFrame(
        [
            ("Участников, чтобы результат был показан", f"не меньше {kept.least_n}"),
            ("Школ, чтобы число территории было показано", f"не меньше {kept.least_schools}"),
            ("Один или два человека с результатом или без него", "доля скрыта"),
            (f"«Все» или «никто», если участников меньше {kept.extreme_n}", "доля скрыта"),
            ("Численности и доли", "полосами; у краёв — «не больше» и «не меньше»"),
            ("Скрытое, которое вычислялось бы из сумм", "скрыто и второе слагаемое"),
            ("Названия школ ниже ожидаемого, места, отклонения школ", "не публикуются"),
        ],
        schema=["rule", "value"],
        orient="row",
    )
