"""Tables as pages need them: joined from the contract's tables, never computed anew."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from helpers import tables
from helpers.model.flags import FLAGGED
from helpers.params import Params
from helpers.problems import BadInput, Problem, quoted
from helpers.report import Report
from helpers.show import words


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
        lower=pl.col("effect") - 1.96 * pl.col("effect_se"),
        upper=pl.col("effect") + 1.96 * pl.col("effect_se"),
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


def groups(view: pl.DataFrame) -> pl.DataFrame:
    """One row per group: numbers of schools below, within, above, without a conclusion; mean effect."""
    direction = pl.col("direction")
    return (
        view.group_by("group_id", "group_name", "group_page")
        .agg(
            schools=pl.len().cast(pl.Int64),
            below=(direction == "below").sum().cast(pl.Int64),
            within=(direction == "within").sum().cast(pl.Int64),
            above=(direction == "above").sum().cast(pl.Int64),
            unknown=direction.is_null().sum().cast(pl.Int64),
            mean_index=pl.col("index").mean(),
            mean_effect=pl.col("effect").mean(),
        )
        .sort("group_name", "group_id")
    )


def years(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """One school's years: results, participants, expectation, residual with its sampling error."""
    of_school = pl.col("school_id") == school_id
    return (
        report.read("schools", edition)
        .filter(of_school)
        .select("year", "why_excluded")
        .join(report.read("outcome", edition).filter(of_school).drop("school_id"), on="year", how="left")
        .join(report.read("expectation", edition).filter(of_school).drop("school_id", "in_model", "outcome", "outcome_se", "index"),
              on="year", how="left")
        .join(_context_years(report, edition, school_id), on="year", how="left")
        .with_columns(procedures=pl.col("procedures").str.replace_many(words.PROCEDURE))
        .sort("year")
    )  # fmt: skip


def _context_years(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """A school's index, and of which year its indicators are, year by year."""
    index = report.read("wellbeing_index", edition).filter(school_id=school_id)
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


def protocol(report: Report) -> pl.DataFrame:
    """What the acceptance of the files has found, with the check's and the school's name and workbook."""
    titles = report.read("acceptance").select("check", title="note")
    return named(report.read("protocol"), titles, report.read("schools"))


def asked(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings that are sent out: those which the sender of the data can mend, where it is known who that is."""
    return findings.filter(pl.col("asked").is_not_null(), pl.col("municipality").is_not_null())


def named(findings: pl.DataFrame, titles: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """Findings with the names of their checks and schools, the worst first."""
    names = schools.sort("year").unique("school_id", keep="last").select("school_id", "school_name")
    order = pl.col("status").replace_strict({"FAIL": 0, "ADVICE": 1, "PASS": 2}, return_dtype=pl.Int64)
    return (
        findings.join(titles, on="check", how="left")
        .join(names, on="school_id", how="left")
        .sort(order, "number")
        .with_columns(
            place=pl.concat_str(
                "file",
                pl.format("лист «{}»", pl.when(pl.col("sheet") != "").then("sheet")),
                pl.format("строка {}", "row"),
                pl.format("столбец «{}»", pl.when(pl.col("column") != "").then("column")),
                separator=", ",
                ignore_nulls=True,
            ),
            whose=pl.coalesce("school_name", "municipality"),
            fault=pl.format("{}; ожидалось: {}", "found", "expected"),
        )
        .with_columns(state=marked("status", words.STATUS_MARK, words.STATUS, " "))
    )


WORKBOOK_ROWS = 100_000
"""Tables with more rows are offered as csv only: few programs open such a workbook at ease."""


def downloads(report: Report, edition: str) -> pl.DataFrame:
    """The edition's tables that have any rows: those that can be taken.

    Returns
    -------
    DataFrame
        table, title, rows; `csv` and `xlsx`, names of the files in the site's folder `data` (no xlsx above
        `WORKBOOK_ROWS` rows), and their addresses `csv_page`, `xlsx_page`.
    """
    counts = {name: report.read(name, edition).height for name in tables.seen(report.sight(edition))}
    listed = [(name, words.TABLE[name], rows) for name, rows in counts.items() if rows]
    schema = {"table": pl.String, "title": pl.String, "rows": pl.Int64}
    return (
        pl.DataFrame(listed, schema=schema, orient="row")
        .with_columns(
            csv=pl.format("{}.csv", "table"),
            xlsx=pl.when(pl.col("rows") <= WORKBOOK_ROWS).then(pl.format("{}.xlsx", "table")),
        )
        .with_columns(pl.format("site:/data/{}", pl.col("csv", "xlsx")).name.suffix("_page"))
    )


def calendar(report: Report, edition: str) -> pl.DataFrame:
    """Which procedure was held when, and whether it is compared, in words."""
    state = (
        pl.when(~pl.col("held")).then(pl.lit("не проводилась"))
        .when(~pl.col("compared")).then(pl.lit("была, не сравнивается"))
        .otherwise(pl.lit("сравнивается"))
    )  # fmt: skip
    return report.read("calendar", edition).with_columns(state=state)


def acceptance(report: Report, edition: str) -> pl.DataFrame:
    """What was read and set aside, in words."""
    return accepted(report.read("acceptance", edition))


def accepted(acceptance: pl.DataFrame) -> pl.DataFrame:
    """Table `acceptance` in words; checks that had nothing to look at are left out."""
    excluded = {f"excluded_{reason}": f"школо-лет вне расчёта: {text}" for reason, text in words.EXCLUDED.items()}
    what = pl.col("check").replace_strict(excluded, default=pl.col("note"), return_dtype=pl.String)
    by_note = (pl.col("check") == "rows_read") & (pl.col("file") != "")
    return acceptance.filter((pl.col("count") > 0) | (pl.col("file") != "")).with_columns(
        what=pl.when(by_note).then(pl.format("Прочитано строк ({})", "note")).otherwise(what),
        state=marked("status", words.STATUS_MARK, words.STATUS, " "),
    )


def indicators(report: Report, edition: str) -> pl.DataFrame:
    """The last year's indicators: quartiles over schools, correlation of the z-score with the index."""
    described = report.params.described.indicators
    year = report.params.years[-1]
    context = report.read("context", edition).filter(year=year)
    index = report.read("wellbeing_index", edition).filter(year=year)
    rows = []
    for name, item in described.items():
        values = context[name].drop_nulls()
        rows.append(
            {
                "title": item.title,
                "direction": {"better": "благополучнее", "worse": "тяжелее"}[item.higher_is],
                "schools": len(values),
                "lower": values.quantile(0.25),
                "median": values.median(),
                "upper": values.quantile(0.75),
                "correlation": index.select(pl.corr(f"z_{name}", "index")).item(),
            }
        )
    return pl.DataFrame(rows)


def procedures(report: Report, edition: str) -> pl.DataFrame:
    """Every procedure, grade and year that enters the outcome: schools, participants, mean, spread between schools."""
    described = report.params.described.results
    titles = pl.DataFrame(
        [{"procedure": item.procedure, "subject": item.subject, "title": item.title} for item in described]
    )
    types = report.params.described.school_types
    n, mean = pl.col("n_participants"), pl.col("mean")
    return (
        report.read("results", edition)
        .filter(pl.col("set_aside").is_null())
        .group_by("year", "procedure", "subject", "grade")
        .agg(
            schools=pl.len().cast(pl.Int64),
            participants=n.sum(),
            mean=(mean * n).sum() / n.sum(),
            spread=mean.std(),
            low=(pl.col("share_low") * n).sum() / n.filter(pl.col("share_low").is_not_null()).sum(),
        )
        .with_columns(pl.col("low").fill_nan(None))
        .join(titles.unique(["procedure", "subject"], keep="first"), on=["procedure", "subject"], how="left")
        .with_columns(grade=pl.col("grade").replace({"all": "все", **types}))
        .sort("year", "procedure", "subject", "grade")
    )


def trends(report: Report, edition: str) -> pl.DataFrame:
    """Each assessment of the outcome by year, years that are not compared too: participants, share of low results.

    Only grades that took it in every year count, so that a year's share is not that of other grades.

    Returns
    -------
    DataFrame
        year, procedure, subject, title, schools, participants, mean, low, compared, reason, state (in words); sorted by
        title and year.
    """
    used = report.read("results", edition).filter(
        pl.col("set_aside").is_null() | (pl.col("set_aside") == "not_compared"), pl.col("n_participants") > 0
    )
    kept = ["year", "procedure", "subject"]
    n, low = pl.col("n_participants"), pl.col("share_low")
    rows = (
        used.filter(pl.col("year").n_unique().over("procedure", "subject", "grade")
                    == pl.col("year").n_unique().over("procedure", "subject"))
        .group_by(kept)
        .agg(schools=pl.col("school_id").n_unique().cast(pl.Int64), participants=n.sum(), mean=(pl.col("mean") * n).sum() / n.sum(),
             low=(low * n).sum() / n.filter(low.is_not_null()).sum())
        .with_columns(pl.col("low").fill_nan(None))
    )  # fmt: skip
    return comparable(rows, report, edition).sort("title", "year")


def comparable(rows: pl.DataFrame, report: Report, edition: str) -> pl.DataFrame:
    """Rows of assessments (year, procedure, subject) with `title`, and `compared` and `reason` of the calendar."""
    titles = pl.DataFrame(
        [
            {"procedure": item.procedure, "subject": item.subject, "title": item.title}
            for item in report.params.described.results
        ]
    ).unique(["procedure", "subject"], keep="first")
    calendar = report.read("calendar", edition).select("year", "procedure", "compared", "reason")
    return (
        rows.join(titles, on=["procedure", "subject"])
        .join(calendar, on=["year", "procedure"], how="left")
        .with_columns(pl.col("compared").fill_null(True))
        .with_columns(state=pl.when("compared").then(pl.lit("сравнивается")).otherwise(pl.lit("не сравнивается")))
    )


def fit_years(model: dict) -> pl.DataFrame:
    """The fitted lines by year: schools, slope per ten points of the index with its interval, share explained."""
    ten, half = 10 * pl.col("slope"), 19.6 * pl.col("slope_se")
    return pl.DataFrame(model["years"]).select("year", "n_schools", "r2", slope=ten, lower=ten - half, upper=ten + half)


def tiles(groups: pl.DataFrame, params: Params) -> pl.DataFrame:
    """The tile map: each municipality's place and how many of its schools are below expectation, for `emit.tiles`.

    Raises
    ------
    BadInput
        A tile is named as no group is.
    """
    places = placed_tiles(params, groups["group_name"].to_list())
    return places.join(groups, on="group_name", maintain_order="left").with_columns(
        value=pl.format("{} из {}", "below", "schools"),
        told=pl.format("ниже ожидаемого {} из {}", "below", "schools"),
        level=pl.min_horizontal(pl.col("below"), 3).cast(pl.String),
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


def precision(outcome: pl.DataFrame) -> pl.DataFrame:
    """The usual standard error of the outcome by number of participants."""
    cuts = [10, 25, 50, 100, 250, 500, 1000]
    labels = ["до 10", "11–25", "26–50", "51–100", "101–250", "251–500", "501–1000", "больше 1000"]
    return (
        outcome.with_columns(participants=pl.col("n_participants").cut(cuts, labels=labels))
        .group_by("participants")
        .agg(schools=pl.len().cast(pl.Int64), error=pl.col("outcome_se").median(), least=pl.col("n_participants").min())
        .sort("least")
        .with_columns(pl.col("participants").cast(pl.String))
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


def checks(model: dict) -> pl.DataFrame:
    """Checks of the fitted lines by year: a row a check, a column a year, values as text."""
    rows = [
        ("Ошибка наклона, устойчивая к неравному разбросу (HC3)", lambda c: words.precise(c["slope_hc3_se"])),
        ("Неравный разброс отклонений (Брейш — Паган), p", lambda c: words.number(c["breusch_pagan_p"], 3)),
        ("Форма связи (RESET), p", lambda c: words.number(c["reset_p"], 3)),
        ("Изгиб (квадрат индекса), p", lambda c: words.number(c["quadratic_p"], 3)),
        ("Предсказано для школы, которой линия не видела", lambda c: words.percent(c["r2_left_out"])),
        ("Наклон, на который выбросы влияют меньше (Хьюбер)", lambda c: words.precise(c["huber_slope"])),
        ("Удалённые школы: добавка к ожидаемому", lambda c: words.signed(c["remote_coefficient"])),
        ("  её p", lambda c: words.number(c["remote_p"], 3)),
        ("Наклон внутри муниципалитетов", lambda c: words.precise(c["municipal_slope"])),
        ("Доля различий между муниципалитетами", lambda c: words.percent(c["municipal_icc"])
         if c["municipal_icc"] is not None else words.NO_MUNICIPAL[c["municipal_reason"]]),
    ]  # fmt: skip
    return pl.DataFrame([{"check": name, **{str(c["year"]): told(c) for c in model["checks"]}} for name, told in rows])


def similar(report: Report, edition: str, school_id: str) -> pl.DataFrame:
    """The schools of like context beside one school, nearest first."""
    view = schools(report, edition).with_columns(page=pl.coalesce("card", "group_page"))
    return (
        report.read("similar", edition)
        .filter(school_id=school_id)
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
