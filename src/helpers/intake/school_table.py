"""A ready table of schools, wide or long, into the canonical tables.

Wide: a row a school, a column for each year's result. Long: a row a school and
year, told apart by the column that `year` names. Nothing of a second data set
needs code here: params name the columns and say what they mean.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

import polars as pl

from helpers.intake.numbers import NotANumber, parse_number
from helpers.intake.sheets import ROW, Sheet, read_sheet
from helpers.params import ColumnByYear, Indicator, Params, Result, SchoolTable
from helpers.problems import BadInput, Problem, quoted
from helpers.report import Report

_SHOWN_OF_A_KIND = 5
"""How many faults of one kind in one column are told one by one; the rest are counted."""


@dataclass(frozen=True)
class Accepted:
    """The canonical tables of a report (see `helpers.tables.CONTRACT`)."""

    schools: pl.DataFrame
    context: pl.DataFrame
    results: pl.DataFrame
    acceptance: pl.DataFrame


def accept(report: Report) -> Accepted:
    """Read and check the report's raw files.

    Raises
    ------
    BadInput
        Every problem found, not just the first.
    """
    params, layout = report.params, report.params.data.school_table
    sheet = read_sheet(report.raw / layout.file, layout.sheet, layout.encoding, layout.delimiter)
    _require_columns(sheet, layout)
    problems: list[Problem] = []
    measured = _measured(sheet, layout, problems)
    by_year = _by_year(sheet, measured, params, problems)
    if problems:
        raise BadInput(*problems)

    context = _context(by_year, layout)
    results = _results(by_year, layout, sheet.file)
    schools = _schools(by_year, context, results, params)
    taken = sum(frame.height for frame in by_year.values())
    outside = sheet.frame.height - taken if layout.year else 0
    return Accepted(schools, context, results, _acceptance(sheet, schools, outside))


def _named(column: ColumnByYear) -> list[str]:
    return [column] if isinstance(column, str) else list(column.values())


def _of_year(column: ColumnByYear, year: int) -> str:
    return column if isinstance(column, str) else column[year]


def _require_columns(sheet: Sheet, layout: SchoolTable) -> None:
    """Refuse a file that lacks a column which the params name."""
    single = [layout.school_id, layout.school_name, layout.group_id, layout.group_name, layout.n_pupils]
    optional = [layout.year, layout.school_type, layout.locality]
    grades = [result.grade_column for result in layout.results]
    of_indicators = [c for item in layout.indicators.values() for c in (*item.columns, *item.of)]
    of_results = [c for item in layout.results for c in (*_named(item.value), *_named(item.n))]
    needed = dict.fromkeys(c for c in (*single, *optional, *grades, *of_indicators, *of_results) if c)
    problems = []
    for column in needed:
        if column in sheet.columns:
            continue
        near = difflib.get_close_matches(column, sheet.columns, n=1)
        hint = f"похожий столбец — {quoted(near[0])}; " if near else ""
        problems.append(
            Problem(
                file=sheet.file, sheet=sheet.sheet, column=column, found="столбца нет", expected="столбец с таким названием",
                advice=f"{hint}исправьте название в файле параметров",
            )
        )  # fmt: skip
    if problems:
        raise BadInput(*problems)


def _measured(sheet: Sheet, layout: SchoolTable, problems: list[Problem]) -> pl.DataFrame:
    """Parse every numeric column once, each within its range."""
    ranges: dict[str, tuple[float | None, float | None, bool]] = {}
    tops = {"percent": 100.0, "share": 1.0}
    for indicator in layout.indicators.values():
        low = None if indicator.unit == "score" else 0.0
        for column in (*indicator.columns, *indicator.of):
            ranges[column] = (low, tops.get(indicator.unit), False)
    for result in layout.results:
        low = result.minimum if result.measure == "mean" else 0.0
        for column in _named(result.value):
            ranges[column] = (low, tops.get(result.measure, result.maximum), False)
        for column in _named(result.n):
            ranges[column] = (0.0, None, True)
    ranges.setdefault(layout.n_pupils, (0.0, None, True))
    return pl.DataFrame({c: _numbers(sheet, c, *limits, problems) for c, limits in ranges.items()})


def _numbers(
    sheet: Sheet, column: str, low: float | None, high: float | None, whole: bool, problems: list[Problem]
) -> pl.Series:
    """Parse one column; note what is not a number or lies out of range."""
    numbers: list[float | None] = []
    faults: list[Problem] = []

    def fault(row: int, text: str, expected: str) -> None:
        advice = "исправьте ячейку; если данных нет, оставьте её пустой"
        faults.append(Problem(sheet.file, quoted(text), expected, advice, sheet.sheet, row, column))

    for text, row in zip(sheet.frame[column], sheet.frame[ROW], strict=True):
        try:
            number = parse_number(text)
        except NotANumber:
            fault(row, text, "число")
            number = None
        if number is not None:
            if (low is not None and number < low) or (high is not None and number > high):
                fault(row, text, f"число {_range(low, high)}")
            elif whole and number != round(number):
                fault(row, text, "целое число")
        numbers.append(number)
    problems += _shortened(faults)
    return pl.Series(column, numbers, dtype=pl.Float64)


def _range(low: float | None, high: float | None) -> str:
    words = ([] if low is None else [f"от {low:g}"]) + ([] if high is None else [f"до {high:g}"])
    return " ".join(words)


def _shortened(faults: list[Problem]) -> list[Problem]:
    """Tell the first few faults, count the rest."""
    if len(faults) <= _SHOWN_OF_A_KIND:
        return faults
    first, rest = faults[:_SHOWN_OF_A_KIND], faults[_SHOWN_OF_A_KIND:]
    found = f"{rest[0].found} и ещё таких же ошибок: {len(rest) - 1}"
    return [*first, replace(rest[0], found=found)]


def _by_year(sheet: Sheet, measured: pl.DataFrame, params: Params, problems: list[Problem]) -> dict[int, pl.DataFrame]:
    """One frame per year, a row a school: identity as text, measures as numbers."""
    layout = params.data.school_table
    optional = {
        "school_type": pl.col(layout.school_type) if layout.school_type else pl.lit(None, pl.String),
        "locality": pl.col(layout.locality) if layout.locality else pl.lit(None, pl.String),
    }
    grades = {f"grade_{i}": pl.col(r.grade_column) for i, r in enumerate(layout.results) if r.grade_column}
    identity = sheet.frame.select(
        ROW,
        school_id=pl.col(layout.school_id),
        school_name=pl.col(layout.school_name),
        group_id=pl.col(layout.group_id),
        group_name=pl.col(layout.group_name),
        **optional,
        **grades,
    )
    for column, title in [
        ("school_id", layout.school_id),
        ("group_id", layout.group_id),
        ("school_name", layout.school_name),
    ]:
        blank = identity.filter(pl.col(column).is_null())[ROW]
        problems += _shortened(
            [
                Problem(sheet.file, "пустая ячейка", "значение", "впишите код или название", sheet.sheet, row, title)
                for row in blank
            ]
        )
    frame = pl.concat([identity, measured.rename({c: f"measured:{c}" for c in measured.columns})], how="horizontal")
    if layout.year:
        year = _numbers(sheet, layout.year, 1900, 2200, True, problems)
        frames = {y: frame.filter(year == y) for y in params.years}
    else:
        frames = dict.fromkeys(params.years, frame)
    for y, rows in frames.items():
        if rows.is_empty():
            problems.append(
                Problem(
                    sheet.file, f"ни одной строки за {y} год", "строки за каждый год из ключа years",
                    "добавьте данные или уберите год из параметров", sheet.sheet, None, layout.year,
                )
            )  # fmt: skip
    for y, rows in frames.items() if layout.year else [(None, frame)]:
        problems += _duplicates(sheet, rows, layout.school_id, y)
    return frames


def _duplicates(sheet: Sheet, rows: pl.DataFrame, title: str, year: int | None) -> list[Problem]:
    repeated = (
        rows.filter(pl.col("school_id").is_not_null())
        .group_by("school_id", maintain_order=True)
        .agg(pl.col(ROW))
        .filter(pl.col(ROW).list.len() > 1)
    )
    return _shortened(
        [
            Problem(
                sheet.file, f"код {quoted(school)} в строках {', '.join(map(str, where))}",
                "одна строка на школу" + (f" за {year} год" if year else ""),
                "оставьте одну строку или исправьте код", sheet.sheet, where[1], title,
            )
            for school, where in repeated.iter_rows()
        ]
    )  # fmt: skip


def _measure(column: str) -> pl.Expr:
    return pl.col(f"measured:{column}")


def _share(indicator: Indicator) -> pl.Expr:
    """The indicator as a share 0–1, or a score as it stands; null where the whole is 0 or a part is missing."""
    total = pl.sum_horizontal([_measure(c) for c in indicator.columns], ignore_nulls=False)
    if indicator.of:
        whole = pl.sum_horizontal([_measure(c) for c in indicator.of], ignore_nulls=False)
        return pl.when(whole > 0).then(total / whole)
    return total / 100 if indicator.unit == "percent" else total


def _context(by_year: dict[int, pl.DataFrame], layout: SchoolTable) -> pl.DataFrame:
    return pl.concat(
        rows.select(
            pl.lit(year).alias("year"),
            "school_id",
            _measure(layout.n_pupils).alias("n_pupils"),
            **{name: _share(indicator) for name, indicator in layout.indicators.items()},
        )
        for year, rows in by_year.items()
    )


def _results(by_year: dict[int, pl.DataFrame], layout: SchoolTable, file: str) -> pl.DataFrame:
    """A row for each result that has a value and at least one participant."""
    frames = []
    for year, rows in by_year.items():
        for place, result in enumerate(layout.results):
            value, n = _measure(_of_year(result.value, year)), _measure(_of_year(result.n, year))
            mean = value / 100 if result.measure == "percent" else value
            smoothed = (mean * n + 0.5) / (n + 1)
            is_share = result.measure != "mean"
            frames.append(
                rows.filter(value.is_not_null() & (n > 0)).select(
                    pl.lit(year).alias("year"),
                    "school_id",
                    pl.lit(result.procedure).alias("procedure"),
                    pl.lit(result.subject).alias("subject"),
                    (pl.col(f"grade_{place}") if result.grade_column else pl.lit("all")).alias("grade"),
                    n.alias("n_participants"),
                    mean.alias("mean"),
                    ((smoothed * (1 - smoothed)).sqrt() if is_share else pl.lit(None, pl.Float64)).alias("sd"),
                    (_low(mean, result) if is_share else pl.lit(None, pl.Float64)).alias("share_low"),
                    pl.lit(file).alias("source_file"),
                    pl.col(ROW).alias("source_row"),
                )
            )
    return pl.concat(frames)


def _low(share: pl.Expr, result: Result) -> pl.Expr:
    return share if result.higher_is == "worse" else 1 - share


def _schools(
    by_year: dict[int, pl.DataFrame], context: pl.DataFrame, results: pl.DataFrame, params: Params
) -> pl.DataFrame:
    """Who every school is, and whether the link is estimated on it; if not, the first reason.

    Reasons: `type` (left out by params), `no_context`, `no_result`, `small_n`
    (fewer participants than `small_n.model_fit`).
    """
    layout = params.data.school_table
    indicators = list(layout.indicators)
    participants = results.group_by("year", "school_id").agg(pl.col("n_participants").max())
    identity = pl.concat(
        rows.select(
            pl.lit(year).alias("year"), "school_id", "school_name", "group_id",
            pl.coalesce("group_name", "group_id").alias("group_name"), "school_type", "locality",
        )
        for year, rows in by_year.items()
    )  # fmt: skip
    needs_n = any(item.unit != "score" for item in layout.indicators.values())
    no_context = pl.any_horizontal(pl.col(name).is_null() for name in [*indicators, *(["n_pupils"] if needs_n else [])])
    if needs_n:
        no_context |= pl.col("n_pupils") == 0
    reason = (
        pl.when(pl.col("school_type").is_in(layout.left_out)).then(pl.lit("type"))
        .when(no_context).then(pl.lit("no_context"))
        .when(pl.col("n_participants").is_null()).then(pl.lit("no_result"))
        .when(pl.col("n_participants") < params.small_n.model_fit).then(pl.lit("small_n"))
    )  # fmt: skip
    return (
        identity.join(context, on=["year", "school_id"], how="left")
        .join(participants, on=["year", "school_id"], how="left")
        .with_columns(why_excluded=reason)
        .with_columns(
            in_model=pl.col("why_excluded").is_null(),
            school_type=pl.col("school_type").replace(layout.school_types),
        )
        .drop("n_pupils", "n_participants", *indicators)
    )


def _acceptance(sheet: Sheet, schools: pl.DataFrame, outside: int) -> pl.DataFrame:
    """What was read and what was set aside, counted."""
    rows = [
        ("rows_read", sheet.frame.height, sheet.note),
        ("rows_outside_years", outside, "строки за годы, которых нет в отчёте"),
        ("schools_in_model", int(schools["in_model"].sum()), "школо-лет в расчёте связи"),
    ]
    reasons = schools.filter(~pl.col("in_model")).group_by("why_excluded").len().sort("why_excluded")
    rows += [(f"excluded_{reason}", count, "школо-лет вне расчёта связи") for reason, count in reasons.iter_rows()]
    return pl.DataFrame(
        [{"check": check, "file": sheet.file, "count": count, "note": note} for check, count, note in rows]
    )
