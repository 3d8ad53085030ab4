"""Tables of many schools as pages show them: written by the steps, here with titles and words."""

from __future__ import annotations

import polars as pl

from helpers import model
from helpers.measure.intervals import Z95
from helpers.report import Edition, Report
from helpers.show import words

_WAY = {"better": "благополучнее", "worse": "тяжелее"}


def indicators(report: Report, edition: str) -> pl.DataFrame:
    """The last year's indicators: quartiles over schools, correlation of the z-score with the index."""
    described = report.params.described.indicators
    titles = [
        {"indicator": name, "title": item.title, "direction": _WAY[item.higher_is]} for name, item in described.items()
    ]
    of_year = report.read("indicator_summary", edition).filter(year=report.params.years[-1])
    return pl.DataFrame(titles).join(of_year, on="indicator", maintain_order="left")


def procedures(report: Report, edition: str) -> pl.DataFrame:
    """Every procedure, grade and year that enters the outcome: schools, participants, mean, spread between schools."""
    levels = {"all": "все", **report.params.described.school_types}
    return (
        report.read("procedure_summary", edition)
        .join(_titles(report), on=["procedure", "subject"], how="left")
        .with_columns(pl.col("grade").replace(levels))
        .sort("year", "procedure", "subject", "grade")
    )


def trends(report: Report, edition: str) -> pl.DataFrame:
    """Each assessment of the outcome by year: table `procedure_trends` with title, compared, reason, state (in words)."""
    return comparable(report.read("procedure_trends", edition).rename({"share_low": "low"}), report, edition).sort(
        "title", "year"
    )


def comparable(rows: pl.DataFrame, report: Report, edition: str) -> pl.DataFrame:
    """Rows of assessments (year, procedure, subject) with `title`, and `compared` and `reason` of the calendar."""
    calendar = report.read("calendar", edition).select("year", "procedure", "compared", "reason")
    return (
        rows.join(_titles(report), on=["procedure", "subject"])
        .join(calendar, on=["year", "procedure"], how="left")
        .with_columns(pl.col("compared").fill_null(True))
        .with_columns(state=pl.when("compared").then(pl.lit("сравнивается")).otherwise(pl.lit("не сравнивается")))
    )


def _titles(report: Report) -> pl.DataFrame:
    """Titles of the assessments by procedure and subject."""
    rows = [
        {"procedure": item.procedure, "subject": item.subject, "title": item.title}
        for item in report.params.described.results
    ]
    return pl.DataFrame(rows).unique(["procedure", "subject"], keep="first")


def lines(this: Edition) -> pl.DataFrame:
    """The fitted lines by year: table `lines`; where no school is shown, what the rounded fits tell."""
    return this.read("lines") if this.names_schools else model.line_numbers(this.read_numbers("model")["years"])


def last_line(this: Edition) -> dict:
    """The last year's row of `lines`."""
    return lines(this).filter(year=this.params.years[-1]).row(0, named=True)


def procedure_lines(report: Report, edition: str) -> pl.DataFrame:
    """The slope of each procedure by year, with its title."""
    rows = report.read("procedure_lines", edition).join(_titles(report), on=["procedure", "subject"])
    return rows.sort("title", "year")


def choices(this: Edition) -> pl.DataFrame:
    """What each choice changes: mean slope and mean numbers of schools named over the specifications that make it."""
    table = this.read("choices") if this.names_schools else model.choices(this.read("specifications"))
    order = {choice: place for place, choice in enumerate(words.CHOICE)}
    number = pl.col("variant").cast(pl.Float64, strict=False).map_elements(words.number, return_dtype=pl.String)
    whole = (pl.col("choice") == "sample") & (pl.col("variant") == "all")
    named = pl.when(whole).then(pl.lit("все школы")).otherwise(pl.col("variant").replace(words.VARIANT))
    return table.sort(pl.col("choice").replace_strict(order, return_dtype=pl.Int64), "variant").with_columns(
        variant=pl.coalesce(number, named), choice=pl.col("choice").replace_strict(words.CHOICE, return_dtype=pl.String)
    )


def histogram(report: Report, edition: str, measure: str) -> pl.DataFrame:
    """How many schools have which value of a measure (`index`, `outcome`), year by year."""
    return report.read("histograms", edition).filter(measure=measure).sort("year", "bin")


def precision(report: Report, edition: str) -> pl.DataFrame:
    """The usual error of the outcome by number of participants, the number as text."""
    up_to = pl.col("up_to")
    return (
        report.read("precision", edition)
        .sort("more_than")
        .with_columns(
            participants=pl.when(up_to.is_null()).then(pl.format("больше {}", "more_than"))
            .when(pl.col("more_than") == 0).then(pl.format("до {}", up_to))
            .otherwise(pl.format("{}–{}", pl.col("more_than") + 1, up_to))
        )
    )  # fmt: skip


def spreads(this: Edition) -> list[dict]:
    """The spread of pupils within schools by assessment: title, origin, deviation and half its 95 % interval, or None.

    The error of a standard deviation is that of its square, over twice the deviation (delta method).
    """
    titles = {(item.procedure, item.subject): item.title for item in this.params.described.results}
    told = []
    for row in this.read_numbers("measures")["spreads"]:
        deviation, error = (row["variance"] or 0) ** 0.5, row["standard_error"]
        told.append({
            "title": titles[row["procedure"], row["subject"]], "origin": words.ORIGIN[row["origin"]],
            "deviation": None if row["variance"] is None else deviation,
            "half": Z95 * error / (2 * deviation) if error is not None and deviation else None,
        })  # fmt: skip
    return told


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
