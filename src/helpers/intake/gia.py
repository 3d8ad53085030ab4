"""ОГЭ and ЕГЭ from РИС ГИА: a row a school, subject, form, category and period.

What counts is the first attempt of the main period of this year's graduates in the exam's own form: ГВЭ,
former graduates (ВПЛ), colleges (СПО), reserve days and September are set aside and counted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from helpers.intake.findings import Findings
from helpers.intake.layouts import Layout, field_missing, layout
from helpers.intake.marks import with_mean
from helpers.intake.names import fold
from helpers.intake.pupils import NEEDED, personal_data, school_results
from helpers.intake.raw_table import LABEL, SHEET, Table
from helpers.intake.records import SOURCE, Intake, not_more, records
from helpers.intake.sheets import ROW, read_titles
from helpers.intake.subjects import subject_of, subject_of_code
from helpers.intake.wide import by_subject
from helpers.intake.words import OF_SUBJECTS
from helpers.problems import BadInput, Problem, quoted, quoted_cell

_FORM = {"oge": "огэ", "ege": "егэ"}
_MEAN_ROUNDING = 0.03
"""By how much a mean mark may differ from the one of shares in whole percents."""
_MEASURED = {"oge": "mark", "ege": "score"}
_GRADE = {"oge": "9", "ege": "11"}
KEY = ["year", "school_id", "procedure", "subject", "grade"]


def read(exam: str, table: Table, year: int, intake: Intake) -> dict[str, pl.DataFrame]:
    """Make rows of table `results` from one file of an exam (`oge` or `ege`)."""
    made = [_read(exam, one, year, intake) for one in by_subject(table, intake.findings)]
    return {"results": pl.concat(made, how="diagonal_relaxed")} if made else {}


def _read(exam: str, table: Table, year: int, intake: Intake) -> pl.DataFrame:
    table = replace(table, frame=_first_attempts(exam, table, intake.findings))
    rows = records(table, year, date(year, 5, 15), intake)
    rows = _with_subject(exam, table, rows, intake).with_columns(
        procedure=pl.lit(exam.upper()), grade=pl.lit(_GRADE[exam]), period=pl.lit("весна")
    )
    if exam == "oge":
        rows = with_mean(rows)
        _mean_as_shares(table, rows, intake)
    else:
        for part in [name for name in ("n_below_min", "n_high") if name in rows.columns]:
            not_more(
                table,
                rows.filter(pl.col("n_participants") > 0),
                part,
                "n_participants",
                "а участников",
                "участников",
                intake,
            )
        share = pl.col("n_below_min") / pl.col("n_participants")
        rows = rows.with_columns(
            mean=pl.col("mean_score"),
            sd=pl.col("sd_score") if "sd_score" in rows.columns else pl.lit(None, pl.Float64),
            share_low=pl.when(share <= 1).then(share),
        )
    kept = ["n_participants", "mean", "sd", "share_low", "period", *SOURCE]
    marks = [f"share_{mark}" for mark in (2, 3, 4, 5) if f"share_{mark}" in rows.columns]
    return rows.select(*KEY, *kept, *marks)


def pupil_columns(exam: str, path: Path, year: int, own: Path | None = None) -> dict[str, str]:
    """Titles by field of a dump with a row for every pupil's exam; empty if the file is none."""
    pupils = layout(f"{exam}_pupils", year, own)
    for field in NEEDED[exam]:
        if field not in pupils.titles:
            raise BadInput(field_missing(pupils.name, field))
    by_folded = {fold(title): title for title in read_titles(path)[0]}
    columns = {
        field: by_folded[fold(alternative)]
        for field, alternatives in pupils.titles.items()
        for alternative in alternatives
        if fold(alternative) in by_folded
    }
    return columns if pupils.needed <= columns.keys() else {}


def read_pupils(
    exam: str, path: Path, columns: dict[str, str], findings: Findings, shown: str, form: Layout
) -> Table | None:
    """Aggregate a pupil-level dump by streaming; the table it would be, had РИС ГИА aggregated it.

    Returns
    -------
    Table or None
        None, and failing findings, if the dump is refused.
    """
    check, problems = "personal_data", personal_data(path)
    delimiter = read_titles(path)[1]
    if not problems and delimiter != ";":
        check, problems = (
            "pupils",
            [Problem(shown, f"разделитель {quoted(delimiter)}", "csv с разделителем «;»", "выгрузите файл заново")],
        )
    if not problems:
        try:
            found = school_results(path, columns, exam)
        except BadInput as error:
            check, problems = "pupils", error.problems
    for problem in problems:
        findings.fail(check, replace(problem, file=shown))
    if problems:
        return None
    findings.count("rows_all", found.height)
    shares = [column for column in found.columns if column.startswith("share_")]
    text = found.with_columns(pl.col(shares) * 100).with_columns(pl.all().cast(pl.String))
    text = text.with_columns(
        pl.lit(None, pl.Int64).alias(ROW),
        pl.lit("").alias(SHEET),
        pl.col("rcoi_code").alias(LABEL),
        pl.lit(None, pl.String).alias("name"),
        pl.lit(None, pl.String).alias("subject"),
    )
    measured = columns[_MEASURED[exam]]  # what is added up has no title but that of its column
    titles = {field: columns.get(field, measured) for field in found.columns}
    return Table(shown, form, text, {}, titles)


def _first_attempts(exam: str, table: Table, findings: Findings) -> pl.DataFrame:
    """Rows of the exam's own form, main period, this year's graduates; rows that say nothing of it stay (totals)."""

    def is_first(row: dict[str, str | None]) -> bool:
        form, category, period = (fold(row.get(name) or "") for name in ("form", "category", "period"))
        return (
            form in ("", _FORM[exam])
            and category.partition(" ")[0] in ("", "втг", "выпускник", "выпускники", "обучающиеся")
            and (not period or period.startswith("основной"))
            and not any(word in period for word in ("резерв", "дополн"))
        )

    first = pl.Series([is_first(row) for row in table.frame.iter_rows(named=True)], dtype=pl.Boolean)
    findings.count("other_attempts", int((~first).sum()))
    return table.frame.filter(first)


def _with_subject(exam: str, table: Table, rows: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    """Name each row's subject; rows of an unknown one are findings, one for each name."""
    named = rows.with_columns(pl.col("subject").fill_null(""), subject_code=_text(rows, "subject_code"))
    pairs = named.select("subject", "subject_code").unique(maintain_order=True)
    by_name = [subject_of(name, code, exam, intake.layouts) for name, code in pairs.iter_rows()]
    by_code = [subject_of_code(code, exam, intake.layouts) for code in pairs["subject_code"]]
    for name, code, one, other in zip(*pairs.get_columns(), by_name, by_code, strict=True):
        if one and other in (None, one):
            continue
        first = named.filter(subject=name, subject_code=code).row(0, named=True)
        expected, advice = ("название и код одного предмета", "исправьте название или код") if one else (
            f"{OF_SUBJECTS}; у математики ЕГЭ — код 2 (профиль) или 22 (база)",
            "исправьте название или добавьте его в layouts/subjects.csv")  # fmt: skip
        intake.findings.fail(
            "subject",
            Problem(table.file, quoted_cell(name) + (f", код {code}" if code else ", кода нет"), expected, advice,
                    first["source_sheet"], first["source_row"], table.title("subject") or table.title("subject_code")),
        )  # fmt: skip
    known = pairs.with_columns(id=pl.Series(by_name, dtype=pl.String))
    joined = named.join(known, on=["subject", "subject_code"])
    return joined.with_columns(subject="id").drop("id").drop_nulls("subject")


def _text(rows: pl.DataFrame, field: str) -> pl.Expr:
    return pl.col(field).fill_null("") if field in rows.columns else pl.lit("")


def _mean_as_shares(table: Table, rows: pl.DataFrame, intake: Intake) -> None:
    """The mean mark that the file states must be the one that its shares give."""
    if "mean_mark" not in rows.columns:
        return
    apart = rows.filter((pl.col("mean") - pl.col("mean_mark")).abs() > _MEAN_ROUNDING)
    for row in apart.iter_rows(named=True):
        intake.findings.advise(
            "mean_and_shares",
            Problem(table.file, f"{row['mean_mark']:.2f}, а по долям отметок {row['mean']:.2f}".replace(".", ","),
                    "одно и то же среднее", "в расчёт взято среднее по долям; проверьте строку", row["source_sheet"],
                    row["source_row"], table.title("mean_mark")),
            row["school_id"], intake.registry.municipality_of(row["school_id"]),
        )  # fmt: skip
