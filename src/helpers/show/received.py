"""What was received, as pages show it: findings, the calendar, what was read and set aside, tables to take."""

from __future__ import annotations

import polars as pl

from helpers import tables
from helpers.report import Report
from helpers.show import words
from helpers.show.views import marked


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
    listed = [(name, tables.TITLES[name], rows) for name, rows in counts.items() if rows]
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
