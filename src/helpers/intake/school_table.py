"""A ready table of schools, wide or long, into the canonical tables.

Wide: a row a school, a column for each year's result. Long: a row a school and
year, told apart by the column that `year` names. Nothing of a second data set
needs code here: params name the columns and say what they mean.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl

from helpers.intake.checks import absent_types, nobody_left
from helpers.intake.exclusion import with_exclusion
from helpers.intake.fields import MOST_PEOPLE
from helpers.intake.findings import Findings
from helpers.intake.numbers import NO_DATA, NotANumber, in_percent, parse_number, parse_year
from helpers.intake.set_aside import is_signature
from helpers.intake.sheets import ROW, Sheet, read_cells, titled
from helpers.params import ColumnByYear, Indicator, Params, Result, SchoolTable
from helpers.problems import BadInput, Problem, quoted, shortened
from helpers.report import Report

_SILENT = ("set_aside", "mended", "percents")
"""Counts that are not told where they are 0."""
_SHOWN = 5
"""How many titles or row numbers one sentence lists."""
_ROUNDING = 0.01
"""By how much percentages that were rounded before they are added up may exceed 1."""
_REPEATED = 3
"""How often a word must stand in the place of numbers to be taken for one that means «no data»."""
_HALF = 0.5
"""Children: what rounding may make of none or one."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[.\-/](\d{1,2}[.\-/]\d|[a-zа-я]{3})", re.IGNORECASE)


def examine(report: Report) -> tuple[dict[str, pl.DataFrame], Findings]:
    """Read and check the report's table of schools; the canonical tables by name, and what asks for a look.

    Raises
    ------
    BadInput
        Every problem found, not just the first.
    """
    params, layout = report.params, report.params.data.school_table
    path = report.raw / layout.file
    sheet = _table(path, layout)
    sheet, signatures = _without_signatures(sheet, layout)
    sheet, mended = _with_whole_ids(sheet, layout)
    problems, findings = _nothing_in_column(sheet, layout), Findings()
    measured = _measured(sheet, layout, problems)
    by_year = _by_year(sheet, measured, params, problems)
    problems += _types_misspelt(report, sheet, layout, findings)
    if problems:
        raise BadInput(*problems)

    context = _context(by_year, layout)
    results = _results(by_year, layout, sheet.file, sheet.sheet)
    schools = _schools(by_year, context, results, params)
    problems = [*nobody_left(schools, params), *_constant(sheet, context, schools, params)]
    if problems:
        raise BadInput(*problems)
    taken = sum(frame.height for frame in by_year.values())
    counted = {
        "rows_set_aside": (sheet.set_aside + signatures, "отложено повторов заголовка, номеров столбцов и подписей"),
        "rows_outside_years": (
            sheet.frame.height - taken if layout.year else 0,
            "строки за годы, которых нет в отчёте",
        ),
        **{
            f"left_out_absent_{place}": (
                0,
                f"строк вида {quoted(kind)}, названного в ключе left_out: проверьте, так ли он пишется",
            )
            for place, kind in enumerate(_absent_types(sheet, layout), start=1)
        },
        "ids_mended": (mended, "коды вида 100049.0 прочитаны без .0"),
        "percents": (_percents_among_numbers(sheet, layout), "ячейки со знаком процента среди ячеек без него"),
        "results_incomplete": (_incomplete(by_year, layout), "результаты без значения или без числа участников"),
    }
    acceptance = _acceptance(
        sheet, schools, {name: one for name, one in counted.items() if one[0] or not name.endswith(_SILENT)}
    )
    return {"schools": schools, "context": context, "results": results, "acceptance": acceptance}, findings


def _named(column: ColumnByYear) -> list[str]:
    return [column] if isinstance(column, str) else list(column.values())


def _of_year(column: ColumnByYear, year: int) -> str:
    return column if isinstance(column, str) else column[year]


def _table(path: Path, layout: SchoolTable) -> Sheet:
    """The sheet with the columns that the params name; of a book of several sheets the first, unless one is named."""
    first, *others = read_cells(path, layout.sheet, layout.encoding, layout.delimiter).sheets
    try:
        sheet = titled(path, first, layout.header_row, layout.header_rows, form=True)
        _require_columns(sheet, layout)
    except BadInput as error:
        if not others:
            raise
        more = (
            f"; прочитан первый лист книги, а есть и {', '.join(quoted(one.sheet) for one in others)}: если таблица там, "
            "назовите лист ключом sheet файла параметров"
        )
        raise BadInput(*(replace(problem, advice=problem.advice + more) for problem in error.problems)) from None
    return sheet


def _require_columns(sheet: Sheet, layout: SchoolTable) -> None:
    """Refuse a file that lacks a column which the params name."""
    identity = [layout.school_id, layout.school_name, layout.group_id, layout.group_name]
    optional = [layout.year, layout.school_type, layout.locality, *(result.grade_column for result in layout.results)]
    needed = list(dict.fromkeys(c for c in (*identity, layout.n_pupils, *optional, *_measures(layout)) if c))
    missing = [column for column in needed if column not in sheet.columns]
    if missing == needed:
        raise BadInput(
            Problem(
                file=sheet.file, sheet=sheet.sheet, found=f"столбцы {_listed(sheet.columns)}",
                expected=f"столбцы {_listed(needed)}",
                advice="проверьте, те ли это названия; если над ними есть другие строки или они занимают две, назовите это "
                "ключами header_row и header_rows, а у csv проверьте ключи encoding и delimiter",
            )
        )  # fmt: skip
    problems = []
    for column in missing:
        near = difflib.get_close_matches(column, sheet.columns, n=1)
        found = "такого столбца нет" + (f", есть похожий {quoted(near[0])}" if near else "")
        advice = "исправьте название в таблице или в файле параметров"
        if near:
            advice += " (сравните пробелы, регистр, русские и латинские буквы)"
        problems.append(Problem(sheet.file, found, "столбец с таким названием", advice, sheet.sheet, None, column))
    if problems:
        raise BadInput(*problems)


def _measures(layout: SchoolTable) -> list[str]:
    """Columns that hold numbers."""
    of_indicators = [c for item in layout.indicators.values() for c in (*item.columns, *item.of)]
    of_results = [c for item in layout.results for c in (*_named(item.value), *_named(item.n))]
    return list(dict.fromkeys((layout.n_pupils, *of_indicators, *of_results)))


def _without_signatures(sheet: Sheet, layout: SchoolTable) -> tuple[Sheet, int]:
    """Leave out rows of signatures: no more than one number where the measures stand, and no school."""
    measures, kept = _measures(layout), []
    for row in sheet.frame.iter_rows(named=True):
        signed = is_signature(row[title] for title in sheet.columns)
        kept.append(not signed or sum(_is_read(row[title], layout) for title in measures) > 1)
    return replace(sheet, frame=sheet.frame.filter(pl.Series(kept, dtype=pl.Boolean))), kept.count(False)


def _is_read(text: str | None, layout: SchoolTable) -> bool:
    try:
        return _number(text, layout) is not None
    except NotANumber:
        return False


def _number(text: str | None, layout: SchoolTable) -> float | None:
    """A number; None of the table's own words for «no data» too."""
    own = {" ".join(word.lower().split()) for word in layout.no_data}
    return None if text is not None and " ".join(text.lower().split()) in own else parse_number(text)


def _with_whole_ids(sheet: Sheet, layout: SchoolTable) -> tuple[Sheet, int]:
    """Codes that a program took for numbers: 100049.0 is 100049; and how many there were."""
    codes = [pl.col(title) for title in dict.fromkeys((layout.school_id, layout.group_id))]
    fractional = [code.str.contains(r"^\d+\.0$").fill_null(False) for code in codes]
    mended = sum(sheet.frame.select(one.sum() for one in fractional).row(0))
    return replace(
        sheet, frame=sheet.frame.with_columns(code.str.replace(r"^(\d+)\.0$", "${1}") for code in codes)
    ), mended


def _nothing_in_column(sheet: Sheet, layout: SchoolTable) -> list[Problem]:
    """Named columns in which no row has a value."""
    empty = []
    of_people = any(indicator.unit != "score" for indicator in layout.indicators.values())
    for title in dict.fromkeys((layout.school_name, *_measures(layout))):
        if title == layout.n_pupils and not of_people:  # then the number of pupils is shown and enters nothing
            continue
        texts = [text.lower() for text in sheet.frame[title].drop_nulls()]
        words = NO_DATA | {word.lower() for word in layout.no_data}
        if all(text in words for text in texts):
            empty.append(title)
    return [
        Problem(sheet.file, "во всём столбце нет ни одного значения", "значения хотя бы у одной школы",
                "выгрузите таблицу заново или уберите столбец из файла параметров", sheet.sheet, None, title)
        for title in empty
    ]  # fmt: skip


def _percents_among_numbers(sheet: Sheet, layout: SchoolTable) -> int:
    """Cells with a percent sign in columns where others have none."""
    counts = [
        (sum(map(in_percent, texts)), len(texts))
        for texts in (sheet.frame[title].drop_nulls().to_list() for title in _measures(layout))
    ]
    return sum(signed for signed, all_cells in counts if signed < all_cells)


def _listed(titles: list[str]) -> str:
    return ", ".join(map(quoted, titles[:_SHOWN])) + (" и другие" if len(titles) > _SHOWN else "")


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
            ranges[column] = (0.0, MOST_PEOPLE, True)
    ranges.setdefault(layout.n_pupils, (0.0, MOST_PEOPLE, True))
    of_shares = {
        column for item in layout.indicators.values() if item.unit in tops for column in (*item.columns, *item.of)
    }
    of_shares |= {column for result in layout.results if result.measure in tops for column in _named(result.value)}
    measured = pl.DataFrame(
        {c: _numbers(sheet, c, *limits, problems, layout, c in of_shares) for c, limits in ranges.items()}
    )
    problems += _shares_for_percent(sheet, measured, layout)
    problems += _shares_among_percents(sheet, measured, layout)
    return measured


def _numbers(
    sheet: Sheet,
    column: str,
    low: float | None,
    high: float | None,
    whole: bool,
    problems: list[Problem],
    layout: SchoolTable,
    of_shares: bool,
) -> pl.Series:
    """Parse one column; note what is not a number or lies out of range.

    A percent sign says the unit of its cell in a column `of_shares`; elsewhere it is a fault.
    """
    numbers: list[float | None] = []
    faults: list[Problem] = []
    repeated = Counter(sheet.frame[column])

    def fault(row: int, text: str, expected: str) -> None:
        advice = "исправьте ячейку, а если данных нет, оставьте её пустой"
        if _DATE.match(text):
            expected += ", а не дата"
            advice = "задайте ячейке числовой формат и впишите число заново: Excel мог принять его за дату"
        elif high == 1 and expected.endswith(_range(low, high)):
            advice = (
                "исправьте ячейку, а если весь столбец в процентах, укажите в файле параметров percent вместо share"
            )
        elif expected in ("число", "целое число") and repeated[text] >= _REPEATED:
            advice = "если так обозначено, что данных нет, впишите это слово в ключ no_data файла параметров"
        shown = quoted(text.removesuffix(" 00:00:00"))
        faults.append(Problem(sheet.file, shown, expected, advice, sheet.sheet, row, column))

    for text, row in zip(sheet.frame[column], sheet.frame[ROW], strict=True):
        try:
            number = _number(text, layout)
        except NotANumber:
            fault(row, text, "целое число" if whole else "число")
            number = None
        if number is not None and in_percent(text):
            if not of_shares:
                fault(row, text, "само число, а не процент")
                number = None
            elif high == 1:
                number /= 100
        if number is not None:
            expected = ""
            if (low is not None and number < low) or (high is not None and number > high):
                # of people the end is not told where it is not passed: it is there to stop what nobody counted
                told = None if whole and number < 0 else high
                expected = f"{'целое ' if whole else ''}число {_range(low, told)}"
            elif whole and number != round(number):
                expected = "целое число"
            if expected:
                fault(row, text, expected)
                number = None
        numbers.append(number)
    problems += shortened(faults)
    return pl.Series(column, numbers, dtype=pl.Float64)


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"не меньше {low:g}" if high is None else f"не больше {high:g}"
    return f"от {low:g} до {high:.10g}"


def _comma(number: float) -> str:
    return f"{number:.4g}".replace(".", ",")


def _shares_for_percent(sheet: Sheet, measured: pl.DataFrame, layout: SchoolTable) -> list[Problem]:
    """Refuse a column declared in percent that never exceeds 1: Excel keeps 12,5 % as 0,125."""
    declared = [c for i in layout.indicators.values() if i.unit == "percent" and not i.of for c in i.columns]
    declared += [c for r in layout.results if r.measure == "percent" for c in _named(r.value)]
    return [
        Problem(
            file=sheet.file, sheet=sheet.sheet, column=column, found="во всём столбце ни одного числа больше 1",
            expected="проценты от 0 до 100", advice="если это доли, укажите в файле параметров share вместо percent",
        )
        for column in dict.fromkeys(declared)
        if 0 < (measured[column].max() or 0) <= 1
    ]  # fmt: skip


def _shares_among_percents(sheet: Sheet, measured: pl.DataFrame, layout: SchoolTable) -> list[Problem]:
    """Refuse fractions of a percent that are less than half a child: shares that have got among percents."""
    pairs = [
        (c, layout.n_pupils) for i in layout.indicators.values() if i.unit == "percent" and not i.of for c in i.columns
    ]
    for result in layout.results:
        of_years = [result.value] if isinstance(result.value, str) else [result.value[year] for year in result.value]
        ns = [result.n] * len(of_years) if isinstance(result.n, str) else [result.n[year] for year in result.n]
        pairs += zip(of_years, ns, strict=False) if result.measure == "percent" else []
    problems = []
    for column, n in dict.fromkeys(pairs):
        value = measured[column]
        if (value.max() or 0) <= 1:  # all of them are shares, which is told once
            continue
        odd = ((value > 0) & (value < 1) & (value / 100 * measured[n] < _HALF)).fill_null(False)
        problems += shortened(
            [
                Problem(
                    sheet.file, f"{_comma(value[place])} % от {measured[n][place]:.0f} человек — меньше одного", "процент от 0 до 100",
                    "похоже на долю среди процентов: запишите весь столбец в одной единице", sheet.sheet, sheet.frame[ROW][place],
                    column,
                )
                for place in odd.arg_true()
            ]
        )  # fmt: skip
    return problems


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
    must = [layout.school_id, layout.school_name, layout.group_id, layout.year]
    for title in dict.fromkeys(c for c in (*must, *(r.grade_column for r in layout.results)) if c):
        problems += shortened(
            [
                Problem(
                    sheet.file, "пустая ячейка", "заполненная ячейка",
                    "впишите значение, а если это строка итогов или примечаний, удалите её", sheet.sheet, row, title,
                )
                for row in sheet.frame.filter(pl.col(title).is_null())[ROW]
            ]
        )  # fmt: skip
    frame = pl.concat([identity, measured.rename({c: f"measured:{c}" for c in measured.columns})], how="horizontal")
    problems += _impossible(sheet, frame, params)
    if not layout.year:
        problems += _duplicates(sheet, frame, layout.school_id, None)
        return dict.fromkeys(params.years, frame)
    year = _years(sheet, layout.year, problems)
    frames = {y: frame.filter(year == y) for y in params.years}
    for y, rows in frames.items():
        if rows.is_empty():
            problems.append(
                Problem(
                    sheet.file, f"ни одной строки за {y} год", "строки за каждый год из ключа years",
                    "добавьте данные или уберите год из файла параметров", sheet.sheet, None, layout.year,
                )
            )  # fmt: skip
        problems += _duplicates(sheet, rows, layout.school_id, y)
    return frames


def _years(sheet: Sheet, title: str, problems: list[Problem]) -> pl.Series:
    """The column of years; a school year is the one in which it ends."""
    years: list[int | None] = []
    wrong: list[Problem] = []
    for text, row in zip(sheet.frame[title], sheet.frame[ROW], strict=True):
        try:
            years.append(parse_year(text) if text else None)
        except NotANumber:
            years.append(None)
            wrong.append(Problem(sheet.file, quoted(text), "год или учебный год", "впишите год четырьмя цифрами, например "
                                 "2021 или 2020/2021", sheet.sheet, row, title))  # fmt: skip
    problems += shortened(wrong)
    return pl.Series(title, years, dtype=pl.Int64)


def _impossible(sheet: Sheet, frame: pl.DataFrame, params: Params) -> list[Problem]:
    """Numbers that are each fine but contradict each other: a part above its whole, a result of nobody."""
    layout = params.data.school_table
    problems = []
    for indicator in layout.indicators.values():
        if indicator.unit == "score":
            continue
        share = frame.select(ROW, share=_share(indicator))
        above = share.filter(pl.col("share") > 1 + (0 if indicator.unit == "count" else _ROUNDING) + 1e-9)
        whole = f"столбцов {_listed(indicator.of)}" if len(indicator.of) > 1 else f"столбца {_listed(indicator.of)}"
        problems += shortened(
            [
                Problem(
                    sheet.file, f"{_comma(100 * value)} %" + (f" от {whole}" if indicator.of else ""),
                    "не больше 100 %", "исправьте строку: часть не может быть больше целого",
                    sheet.sheet, row, " + ".join(indicator.columns),
                )
                for row, value in above.iter_rows()
            ]
        )  # fmt: skip
    pairs = dict.fromkeys((_of_year(r.value, y), _of_year(r.n, y)) for r in layout.results for y in params.years)
    for value, n in pairs:
        nobody = frame.filter((_measure(n) == 0) & (_measure(value) != 0)).select(ROW, _measure(value))
        problems += shortened(
            [
                Problem(
                    sheet.file, f"результат {_comma(number)} при нуле участников",
                    f"пустая ячейка или число участников больше 0 в столбце {quoted(n)}",
                    "исправьте один из двух столбцов", sheet.sheet, row, value,
                )
                for row, number in nobody.iter_rows()
            ]
        )  # fmt: skip
    return problems


def _duplicates(sheet: Sheet, rows: pl.DataFrame, title: str, year: int | None) -> list[Problem]:
    repeated = (
        rows.filter(pl.col("school_id").is_not_null())
        .group_by("school_id", maintain_order=True)
        .agg(pl.col(ROW))
        .filter(pl.col(ROW).list.len() > 1)
    )
    return shortened(
        [
            Problem(
                sheet.file,
                f"код {quoted(school)} в строках {', '.join(map(str, where[:_SHOWN]))}"
                + (f" и ещё в {len(where) - _SHOWN}" if len(where) > _SHOWN else ""),
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


def _results(by_year: dict[int, pl.DataFrame], layout: SchoolTable, file: str, sheet: str) -> pl.DataFrame:
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
                    pl.lit(None, pl.String).alias("set_aside"),
                    pl.lit(file).alias("source_file"),
                    pl.lit(sheet).alias("source_sheet"),
                    pl.col(ROW).alias("source_row"),
                )
            )
    return pl.concat(frames)


def _low(share: pl.Expr, result: Result) -> pl.Expr:
    return share if result.higher_is == "worse" else 1 - share


def _schools(
    by_year: dict[int, pl.DataFrame], context: pl.DataFrame, results: pl.DataFrame, params: Params
) -> pl.DataFrame:
    """Who every school is, and whether the link is estimated on it; if not, the first reason."""
    layout = params.data.school_table
    identity = pl.concat(
        rows.select(
            pl.lit(year).alias("year"), "school_id", "school_name", "group_id",
            pl.coalesce("group_name", "group_id").alias("group_name"), "school_type", "locality",
        )
        for year, rows in by_year.items()
    )  # fmt: skip
    whole = identity.join(context, on=["year", "school_id"], how="left", maintain_order="left")
    judged = with_exclusion(whole, results, params).drop("n_pupils", *layout.indicators)
    return judged.with_columns(pl.col("school_type").replace(layout.school_types))


def _absent_types(sheet: Sheet, layout: SchoolTable) -> list[str]:
    """Types to be left out that no row has."""
    there = set(sheet.frame[layout.school_type].drop_nulls()) if layout.left_out else set()
    return [kind for kind in layout.left_out if kind not in there]


def _types_misspelt(report: Report, sheet: Sheet, layout: SchoolTable, findings: Findings) -> list[Problem]:
    """Types to be left out that no row has: a slip of the pen if one is like them, else none this time, which is told."""
    there = sorted(set(sheet.frame[layout.school_type].drop_nulls())) if layout.left_out else []
    return absent_types(layout.left_out, there, report.params_file.name, "data.school_table.left_out", findings)


def _constant(sheet: Sheet, context: pl.DataFrame, schools: pl.DataFrame, params: Params) -> list[Problem]:
    """Indicators that tell the base year's schools apart in nothing: no index can be made of them."""
    fitted = schools.filter((pl.col("year") == params.base_year) & pl.col("in_model")).select("year", "school_id")
    base = context.join(fitted, on=["year", "school_id"], how="semi")
    return [
        Problem(
            file=sheet.file, sheet=sheet.sheet, column=" + ".join(indicator.columns),
            found=f"у всех школ за {params.base_year} год одно и то же значение", expected="различия между школами",
            advice=f"проверьте столбец или уберите показатель {name} из файла параметров",
        )
        for name, indicator in params.data.school_table.indicators.items()
        if base.height > 1 and base[name].n_unique() == 1
    ]  # fmt: skip


def _incomplete(by_year: dict[int, pl.DataFrame], layout: SchoolTable) -> int:
    """How many results have a value but no number of participants, or participants but no value."""
    count = 0
    for year, rows in by_year.items():
        for result in layout.results:
            value, n = _measure(_of_year(result.value, year)), _measure(_of_year(result.n, year))
            count += rows.filter((value.is_null() & (n > 0)) | (value.is_not_null() & n.is_null())).height
    return count


def _acceptance(sheet: Sheet, schools: pl.DataFrame, counted: dict[str, tuple[int, str]]) -> pl.DataFrame:
    """What was read and what was set aside, counted."""
    rows = [
        ("rows_read", sheet.frame.height, sheet.note),
        *((check, count, note) for check, (count, note) in counted.items()),
        ("schools_in_model", int(schools["in_model"].sum()), "школо-лет в расчёте связи"),
    ]
    reasons = schools.filter(~pl.col("in_model")).group_by("why_excluded").len().sort("why_excluded")
    rows += [(f"excluded_{reason}", count, "школо-лет вне расчёта связи") for reason, count in reasons.iter_rows()]
    return pl.DataFrame(
        [
            {"check": check, "file": sheet.file, "count": count, "note": note, "status": "PASS"}
            for check, count, note in rows
        ]
    ).with_row_index("number", 1)
