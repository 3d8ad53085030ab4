"""Cells of a raw table into numbers, shares and days; what cannot be read is a finding with its place."""

from __future__ import annotations

import re
from datetime import date, datetime

import polars as pl

from helpers.intake.findings import Findings
from helpers.intake.layouts import NUMBERS
from helpers.intake.numbers import NO_DATA, NotANumber, hidden_by_source, parse_number
from helpers.intake.raw_table import SHEET, Table
from helpers.intake.sheets import ROW
from helpers.problems import Problem, quoted

SUM_TOLERANCE = 0.6
"""By how many percentage points shares that make a whole may miss 100: four of them rounded to whole percents."""
_PLAIN = re.compile(r"-?\d{1,15}(\.\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[.\-/](\d{1,2}[.\-/]\d|[a-zа-я]{3})", re.IGNORECASE)
_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y")
_AFTER_DAY = re.compile(r"\s*(г\.?|года)$|[\sT]([01]?\d|2[0-3])(:[0-5]\d){1,2}(\.\d+)?$")
_AS_FRACTIONS = ("доли от 0 до 1", "проценты от 0 до 100", "строка прочитана как доли; проверьте, так ли это")
_MOST_POINTS = 10
"""More points than a task of ВПР is worth."""
_HIGHEST = {"mean_mark": 5, "mean_score": 100}
"""The highest values of numbers that have one; every share's is 100."""
_DONE = "share_done"
"""How the names of shares begin that do not add up to 100 with the others of their row: of points won."""


class NotADay(ValueError):
    """The text is not a day."""


def parse_day(text: str | None) -> date | None:
    """Read a day: 2020-09-01 (with or without a time), 01.09.2020, 01.09.20.

    Raises
    ------
    NotADay
        Anything else but a word for «no data».
    """
    if text is None or text.strip().lower() in NO_DATA:
        return None
    plain = _AFTER_DAY.sub("", text.strip())
    for form in _DAYS:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    raise NotADay(text)


def is_number(field: str) -> bool:
    """Whether a field holds numbers, by its name."""
    return field.startswith(("n_", "share_", "mean_")) or field in NUMBERS


MOST_PEOPLE = 100_000
"""No school has more pupils: the largest of the world has some sixty thousand."""


def is_day(field: str) -> bool:
    """Whether a field holds days, by its name."""
    return field.endswith("_date")


def whole_shares(frame: pl.DataFrame) -> list[str]:
    """The shares of a table that add up to the whole: marks, scores, comparisons with the journal."""
    return [field for field in frame.columns if field.startswith("share_") and not field.startswith(_DONE)]


def parsed(table: Table, frame: pl.DataFrame, findings: Findings) -> pl.DataFrame:
    """Turn the text of a table into numbers, shares 0–1 and days by the names of the fields.

    Parameters
    ----------
    table : Table
        Where the text comes from: file and titles, for findings.
    frame : DataFrame
        Rows of `table.frame`, schools only.
    """
    columns = {}
    unread: set[int] = set()
    for field in frame.columns:
        if is_number(field):
            columns[field], faulty = _numbers(table, frame, field, findings)
            unread |= faulty if field in whole_shares(frame) else set()
        elif is_day(field):
            columns[field] = _days(table, frame, field, findings)
    whole = _shares(table, frame.with_columns(**columns), findings, unread)
    _of_how_many(table, frame, whole, findings)
    return whole


def _of_how_many(table: Table, text: pl.DataFrame, frame: pl.DataFrame, findings: Findings) -> None:
    """Results without a number of participants, unless the source has hidden it."""
    values = [field for field in frame.columns if field.startswith(("share_", "mean_"))]
    if "n_participants" not in text.columns or not values:
        return
    empty = [(cell or "").strip().lower() in NO_DATA for cell in text["n_participants"]]
    if not any(empty):
        return
    wrong = (
        pl.Series(empty, dtype=pl.Boolean) & frame.select(pl.any_horizontal(pl.col(values).is_not_null())).to_series()
    )
    told = [_place(table, text, place, "n_participants", "результат без числа участников", "число участников",
                   "уточните его: без него результат не войдёт в расчёт") for place in wrong.arg_true()]  # fmt: skip
    for problem in told:
        findings.advise("nobody", problem)


def _numbers(table: Table, frame: pl.DataFrame, field: str, findings: Findings) -> tuple[pl.Series, set[int]]:
    text = frame[field].to_list()
    whole, shares = field.startswith("n_"), field.startswith("share_")
    high = 100 if shares else MOST_PEOPLE if whole else _HIGHEST.get(field)
    faults: dict[str, list[Problem]] = {"numbers": [], "excel_dates": []}
    mended = [float(cell) if cell and _PLAIN.fullmatch(cell) else None for cell in text]
    faulty: set[int] = set()
    for place, cell in enumerate(text):
        if cell is None:
            continue
        if mended[place] is None:
            try:
                mended[place] = parse_number(cell)
            except NotANumber:
                faulty.add(place)
                day = bool(_DATE.match(cell))
                faults["excel_dates" if day else "numbers"].append(
                    _not_a_number(table, frame, place, field, whole, day)
                )
                continue
            findings.count("text_numbers", mended[place] is not None)
            if hidden_by_source(cell):
                findings.count("hidden_by_source")
        number = mended[place]
        if number is not None and not shares and cell.endswith("%"):
            mended[place] = None
            faulty.add(place)
            faults["numbers"].append(_place(table, frame, place, field, quoted(cell), "само число, а не процент",
                                            "впишите число; если так записан весь столбец, выгрузите файл заново"))  # fmt: skip
        elif number is not None and (number < 0 or (high and number > high) or (whole and number != round(number))):
            mended[place] = None
            faulty.add(place)
            expected = f"{'целое ' if whole else ''}число " + (
                f"от 0 до {high}" if high and (not whole or number > high) else "не меньше 0"
            )
            faults["numbers"].append(_place(table, frame, place, field, quoted(cell), expected,
                                            "исправьте ячейку, а если данных нет, оставьте её пустой"))  # fmt: skip
    for check, problems in faults.items():
        for problem in problems:
            findings.fail(check, problem)
    return pl.Series(field, mended, pl.Float64), faulty


def _not_a_number(table: Table, frame: pl.DataFrame, place: int, field: str, whole: bool, day: bool) -> Problem:
    cell = frame[field][place].removesuffix(" 00:00:00")
    expected = "целое число" if whole else "число"
    if day:
        return _place(table, frame, place, field, quoted(cell), f"{expected}, а не дата",
                      "задайте ячейке числовой формат и впишите число заново: Excel мог принять его за дату")  # fmt: skip
    return _place(
        table, frame, place, field, quoted(cell), expected, "исправьте ячейку, а если данных нет, оставьте её пустой"
    )


def _days(table: Table, frame: pl.DataFrame, field: str, findings: Findings) -> pl.Series:
    days: list[date | None] = []
    for place, cell in enumerate(frame[field]):
        try:
            days.append(parse_day(cell))
        except NotADay:
            days.append(None)
            findings.fail("numbers", _place(table, frame, place, field, quoted(cell), "день вида 01.09.2020",
                                            "исправьте ячейку"))  # fmt: skip
    return pl.Series(field, days, pl.Date)


def _place(
    table: Table, frame: pl.DataFrame, place: int, field: str, found: str, expected: str, advice: str
) -> Problem:
    return Problem(
        table.file, found, expected, advice, frame[SHEET][place], frame[ROW][place], table.columns.get(field, field)
    )


def _shares(table: Table, frame: pl.DataFrame, findings: Findings, unread: set[int]) -> pl.DataFrame:
    """Percentages into shares 0–1; rows that hold shares already are taken as such, and told.

    Of rows with an unread share (their places are `unread`) no share is used.
    """
    of_whole = whole_shares(frame)
    others = [field for field in frame.columns if field.startswith(_DONE)]
    if of_whole:
        tolerance = max(SUM_TOLERANCE, 0.06 * len(of_whole))
        filled = frame.select(total=pl.sum_horizontal(of_whole), empty=pl.all_horizontal(pl.col(of_whole).is_null()))
        faulty = pl.Series([place in unread for place in range(frame.height)], dtype=pl.Boolean)
        fraction = ~faulty & ((filled["total"] - 1).abs() <= tolerance / 100)
        wrong = ~filled["empty"] & ~faulty & ~fraction & ((filled["total"] - 100).abs() > tolerance)
        last = table.columns[of_whole[0]] if len(of_whole) == 1 else (
            f"{table.columns[of_whole[0]]} … {table.columns[of_whole[-1]]}")  # fmt: skip
        told = [
            Problem(table.file, *_AS_FRACTIONS, frame[SHEET][place], frame[ROW][place], last)
            for place in fraction.arg_true()
        ]  # fmt: skip
        for problem in told:
            findings.advise("fractions", problem)
        problems = [
            Problem(
                table.file, f"сумма {filled['total'][place]:.1f} %".replace(".", ","), "сумма долей 100 %",
                "исправьте доли в этой строке по исходному отчёту", frame[SHEET][place], frame[ROW][place], last,
            )
            for place in wrong.arg_true()
        ]  # fmt: skip
        for problem in problems:
            findings.fail("share_sums", problem)
        findings.count("share_sums", frame.height - filled["empty"].sum())
        total = pl.when(wrong | faulty).then(None).otherwise(pl.Series(filled["total"]))
        shares = pl.when(~pl.Series(filled["empty"])).then(pl.col(of_whole).fill_null(0.0) / total)
        frame = frame.with_columns(shares)
    return _won(table, frame, others, findings)


def _won(table: Table, frame: pl.DataFrame, shares: list[str], findings: Findings) -> pl.DataFrame:
    """Percentages of points won into shares 0–1, row by row: where none is above 1 and one is a fraction, all are shares.

    A single share among percentages is told where it would be less than one point of all participants.
    """
    if not shares:
        return frame
    cells = [pl.col(name) for name in shares]
    part = pl.any_horizontal((cell > 0) & (cell < 1) for cell in cells)
    small = frame.select(part=part.fill_null(False), low=pl.max_horizontal(shares) <= 1)
    whole_file = bool(small["low"].fill_null(True).all() and small["part"].any())
    fraction = small["low"].fill_null(False) & (small["part"] | whole_file)
    title = (
        table.columns[shares[0]] if len(shares) == 1 else f"{table.columns[shares[0]]} … {table.columns[shares[-1]]}"
    )
    for place in fraction.arg_true():
        findings.advise("fractions", Problem(table.file, *_AS_FRACTIONS, frame[SHEET][place], frame[ROW][place], title))
    if "n_participants" in frame.columns:
        few = frame.select(
            (cell > 0) & (cell < 1) & (cell / 100 * pl.col("n_participants") * _MOST_POINTS < 1) & ~fraction
            for cell in cells
        )
        marked = [(one.name, place) for one in few for place, is_few in enumerate(one.to_list()) if is_few]
        for name, place in marked:
            found = f"{frame[name][place]:g} % от {frame['n_participants'][place]:.0f} участников".replace(".", ",")
            findings.fail("fractions", _place(table, frame, place, name, f"{found} — меньше одного балла",
                                              "процент, как в остальных ячейках", "похоже на долю среди процентов; "
                                              "исправьте ячейку"))  # fmt: skip
    return frame.with_columns(pl.when(fraction).then(cell).otherwise(cell / 100) for cell in cells)
