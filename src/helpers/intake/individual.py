"""«Индивидуальные результаты» of ВПР, a row a participant: added up to a row a school while they are read.

No participant's row is kept. A task not begun (`X`) brings 0 points, as in the primary score of ФИС ОКО; an empty cell is no
data. A file may have a million rows: csv is streamed, a workbook is held by columns while it is added up.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import polars as pl

from helpers.intake.findings import Findings
from helpers.intake.header import LOOKED_AT, Header, find_header
from helpers.intake.layouts import Layout
from helpers.intake.marks import MARKS
from helpers.intake.names import wording
from helpers.intake.pupils import as_utf8, encoding_of, personal_columns
from helpers.intake.raw_table import LABEL, SHEET, Table, disorder
from helpers.intake.sheets import ROW, Cells, no_workbook
from helpers.intake.task_labels import label_and_maximum
from helpers.intake.works import highest_score
from helpers.problems import BadInput, Problem

_TITLE = wording("индивидуальные результаты")
_PEEK = 1 << 18
"""How many bytes of a file's parts are searched for the report's title."""
_PERSONAL_ROWS = 1_000
"""In how many first rows personal data are looked for."""
_NOT_BEGUN = ["X", "Х", "x", "х"]
"""Latin and Cyrillic."""
_NO_DATA = ["-", "–", "—", "N", "n"]
_DELIMITERS = ";\t|,"
_KEYS = ("login", "municipality", "name")
_HEADS_A_SCHOOL = re.compile(r"\|\s*кол-во участников\W*(\d+)", re.IGNORECASE)


def is_individual(path: Path) -> bool:
    """Whether a file is this report, by the title above its table; damaged files are not."""
    try:
        if path.suffix.lower() in {".csv", ".txt", ".tsv"}:
            with path.open(encoding=encoding_of(path), errors="replace") as file:
                return bool(_TITLE.search(file.read(_PEEK // 64)))
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as book:
            parts = [name for name in book.namelist() if name.startswith(("xl/sharedStrings", "xl/worksheets/sheet"))]
            return any(_TITLE.search(_head(book, part)) for part in parts)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return False


def _head(book: zipfile.ZipFile, part: str) -> str:
    with book.open(part) as file:
        return file.read(_PEEK).decode("utf-8", "replace")


def read(path: Path, layout: Layout, findings: Findings, shown: str) -> list[Table] | None:
    """Add up a file to a table for each of its sheets: a row a school, in place of its participants' rows.

    Returns
    -------
    list of Table, or None
        Fields `login`, `municipality`, `name`; `n_participants` (who wrote), `n_unlike` (whose points do not make the primary
        score), `n_heading` (how many the school's own line tells); `n_mark_<m>`, `n_lowered`, `n_confirmed`, `n_raised`,
        `n_score_<s>`, and of each task `n_points_<label>` and `n_known_<label>`, how many have points or X. Empty, and failing
        findings, where the file is refused. None where no sheet has such a table: it is another report.
    """
    tables, found = [], False
    try:
        with _sheets(path) as sheets:
            for sheet in sheets:
                header = find_header(sheet.head, [layout])
                if header is None or header.missing:
                    continue
                found = True
                tables += _added_up(sheet, header, findings, shown)
    except BadInput as error:
        for problem in error.problems:
            findings.fail("unreadable", replace(problem, file=shown))
        return []
    names = {next(iter(table.preamble)) for table in tables}
    return [replace(one, others=frozenset(names - one.preamble.keys())) for one in tables] if found else None


# --- the file


@dataclass(frozen=True)
class _Sheet:
    """A sheet by columns: `head` its first filled rows, `below` all rows under a row as text, by columns' places, with ROW."""

    head: Cells
    below: Callable[[int], pl.LazyFrame]


@contextmanager
def _sheets(path: Path) -> Iterator[Iterator[_Sheet]]:
    if path.suffix.lower() in {".csv", ".txt", ".tsv"}:
        with as_utf8(path) as file:
            yield iter([_of_csv(file, path)])
    else:
        yield _of_workbook(path)


def _of_csv(file: Path, path: Path) -> _Sheet:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        first = list(islice(lines, LOOKED_AT))
    delimiter = max(_DELIMITERS, key=lambda one: max((line.count(one) for line in first), default=0))
    reader = csv.reader(first, delimiter=delimiter)
    rows = [(reader.line_num, row) for row in reader]
    width = max((len(row) for _, row in rows), default=0)

    def below(last: int) -> pl.LazyFrame:
        return pl.scan_csv(
            file, separator=delimiter, has_header=False, skip_lines=last, row_index_name=ROW, row_index_offset=last + 1,
            schema={str(place): pl.String for place in range(width)}, glob=False,
        )  # fmt: skip

    return _Sheet(_cells(path.name, "", rows), below)


def _of_workbook(path: Path) -> Iterator[_Sheet]:
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        for name in book.sheet_names:
            sheet = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0)
            if sheet.visible != "visible" or not sheet.height:
                continue
            frame = pl.DataFrame(sheet.to_arrow())
            frame = frame.rename(dict(zip(frame.columns, map(str, range(frame.width)), strict=True)))
            yield _in_memory(path.name, name, frame)
    except fastexcel.FastExcelError:
        raise no_workbook(path) from None


def _in_memory(file: str, sheet: str, frame: pl.DataFrame) -> _Sheet:
    numbered = frame.with_row_index(ROW, 1)
    head = list(enumerate(frame.head(LOOKED_AT).rows(), start=1))
    return _Sheet(_cells(file, sheet, head), lambda last: numbered.slice(last).lazy())


def _cells(file: str, sheet: str, rows: Iterable[tuple[int, Sequence[str | None]]]) -> Cells:
    stripped = ((number, [(cell or "").strip() for cell in row]) for number, row in rows)
    return Cells(file, sheet, [(number, row) for number, row in stripped if any(row)], "")


# --- adding up


def _added_up(sheet: _Sheet, header: Header, findings: Findings, shown: str) -> list[Table]:
    """One sheet's table; none, and failing findings, where something in it is not acceptable."""
    name, (last, _) = sheet.head.sheet, sheet.head.rows[header.start]
    rows = sheet.below(last)
    problems = [("layout", problem) for problem in disorder(sheet.head, header, shown)]
    first = rows.head(_PERSONAL_ROWS).drop(ROW).collect()
    problems += [("personal_data", problem) for problem in personal_columns(shown, header.titles, first)]
    columns = dict(header.named)
    maxima = {field: label_and_maximum(title) for field, title in columns.items() if field.startswith("task_")}
    preamble = [line for _, row in sheet.head.rows[: header.start] for line in " ".join(filter(None, row)).splitlines()]
    total, stated = sum(told[1] for told in maxima.values() if told), highest_score(preamble)
    if stated not in (None, total):
        problems.append(("maxima", Problem(
            shown, f"максимальные баллы в названиях столбцов в сумме {total}",
            f"{stated}, как в строке «Максимальный первичный балл» над таблицей",
            "проверьте, все ли задания есть и верны ли баллы в скобках", name)))  # fmt: skip
    if not problems:
        fields = rows.select(ROW, *(pl.col(str(place)).alias(field) for field, place in header.places.items()))
        tasks = {field: told[1] for field, told in maxima.items() if told}
        sums = _sums(fields, tasks)
        if sums["n_odd"].sum():  # spaces, decimal commas, other signs of «no data»: read with more care
            fields = fields.with_columns(_plain(field) for field in fields.collect_schema().names() if field != ROW)
            sums = _sums(fields, tasks)
        if sums["n_odd"].sum():
            problems += [("numbers", problem) for problem in _faults(fields, tasks, shown, name, columns)]
    for check, problem in problems:
        findings.fail(check, problem)
    if problems:
        return []
    findings.count("participants", int(sums["n_participants"].sum()))
    headings = _headings(sums)
    schools = sums.filter(pl.col("n_participants") > 0)
    findings.count("rows_all", schools.height)
    named = [pl.col(key) if key in schools.columns else pl.lit(None, pl.String).alias(key) for key in _KEYS]
    text = schools.with_columns(*named).with_columns(
        pl.coalesce(pl.col(*_KEYS[::2]), pl.lit("")).alias(LABEL), pl.lit(name).alias(SHEET), pl.col(ROW).cast(pl.Int64)
    )
    text = text.with_columns(
        n_heading=pl.coalesce(pl.col("name", "login")).replace_strict(headings, default=None, return_dtype=pl.Int64)
    )
    numbers = [field for field in text.columns if field.startswith("n_") and field != "n_odd"]
    titles = {field: columns.get(field, columns["code"]) for field in (*_KEYS, *numbers)}
    titles |= {f"n_points_{told[0]}": columns[field] for field, told in maxima.items() if told}
    frame = text.select(*_KEYS, LABEL, SHEET, ROW, *(pl.col(field).cast(pl.String) for field in numbers))
    return [Table(shown, header.layout, frame, {name: preamble}, titles)]


def _headings(sums: pl.DataFrame) -> dict[str, int]:
    """How many participants the line above each school's rows tells, by what it calls the school."""
    key = next(key for key in _KEYS if key in sums.columns)
    told = {}
    for text in sums.filter(n_participants=0)[key].drop_nulls():
        if match := _HEADS_A_SCHOOL.search(text):
            told[text[: match.start()].strip()] = int(match[1])
    return told


def _plain(field: str) -> pl.Expr:
    """A cell without spaces and without what spreadsheets add to a number; null where it says that there is no data."""
    text = pl.col(field).str.strip_chars(" \u00a0\t\r\n").str.replace(r"^(\d+)[.,]0+$", "$1")
    return pl.when(~text.is_in(["", *_NO_DATA])).then(text).alias(field)


def _whole(field: str) -> pl.Expr:
    return pl.col(field).cast(pl.Int16, strict=False)


def _judged(there: Sequence[str], tasks: dict[str, int]) -> dict[str, tuple[int, int, pl.Expr]]:
    """Fields that must hold whole numbers: the lowest, the highest, and whether a cell may hold something else."""
    no_x = pl.lit(False)
    judged = {field: (0, maximum, pl.col(field).is_in(_NOT_BEGUN)) for field, maximum in tasks.items()}
    if "primary" in there:
        judged["primary"] = (0, sum(tasks.values()), no_x)
    if "mark" in there:
        judged["mark"] = (2, 5, no_x)
    return judged


def _is_odd(field: str, lowest: int, highest: int, allowed: pl.Expr) -> pl.Expr:
    """Whether a filled cell holds neither a possible number nor what else is allowed."""
    return pl.col(field).is_not_null() & ~_whole(field).is_between(lowest, highest).fill_null(False) & ~allowed


def _sums(rows: pl.LazyFrame, tasks: dict[str, int]) -> pl.DataFrame:
    """Totals for each way a school is written, in the order of its first row; `n_odd` cells cannot be read."""
    there = rows.collect_schema().names()
    keys = [key for key in _KEYS if key in there]
    judged = _judged(there, tasks)
    wrote = pl.any_horizontal(pl.col(field).is_not_null() for field in judged) & pl.col("code").is_not_null()
    points = {field: pl.when(pl.col(field).is_in(_NOT_BEGUN)).then(0).otherwise(_whole(field)) for field in tasks}
    numbers = rows.with_columns(
        *(expression.alias(f"points {field}") for field, expression in points.items()),
        wrote=wrote,
        odd=pl.sum_horizontal(_is_odd(field, *bounds).cast(pl.Int16) for field, bounds in judged.items()),
        mark=_whole("mark") if "mark" in there else pl.lit(None, pl.Int16),
        in_journal=_whole("in_journal") if "in_journal" in there else pl.lit(None, pl.Int16),
    ).with_columns(total=pl.sum_horizontal((pl.col(f"points {field}") for field in tasks), ignore_nulls=False))
    primary = _whole("primary") if "primary" in there else pl.col("total")
    numbers = numbers.with_columns(primary=primary)
    both = pl.col("mark").is_not_null() & pl.col("in_journal").is_between(2, 5)
    # A value in rows without a participant's code counts as odd: no one's result may be lost unseen.
    lost = pl.any_horizontal(pl.col(field).is_not_null() for field in judged) & pl.col("code").is_null()
    return (
        numbers.group_by(keys)
        .agg(
            pl.col(ROW).min(),
            n_participants=pl.col("wrote").sum(),
            n_odd=pl.col("odd").sum() + lost.sum(),
            n_unlike=(pl.col("primary") != pl.col("total")).sum(),
            **{f"n_mark_{mark}": (pl.col("mark") == mark).sum() for mark in MARKS},
            n_lowered=(both & (pl.col("mark") < pl.col("in_journal"))).sum(),
            n_confirmed=(both & (pl.col("mark") == pl.col("in_journal"))).sum(),
            n_raised=(both & (pl.col("mark") > pl.col("in_journal"))).sum(),
            **{f"n_score_{score}": (pl.col("primary") == score).sum() for score in range(sum(tasks.values()) + 1)},
            **{
                f"n_points_{field.removeprefix('task_')}": pl.col(f"points {field}").sum().cast(pl.Int64)
                for field in tasks
            },
            **{f"n_known_{field.removeprefix('task_')}": pl.col(f"points {field}").count() for field in tasks},
        )
        .sort(ROW)
        .collect(engine="streaming")
    )


def _faults(
    rows: pl.LazyFrame, tasks: dict[str, int], shown: str, sheet: str, columns: dict[str, str]
) -> Iterator[Problem]:
    """One problem for every column with cells that cannot be read: the first row and how many there are. Cells are not told."""
    judged = _judged(rows.collect_schema().names(), tasks)
    lost = pl.any_horizontal(pl.col(field).is_not_null() for field in judged) & pl.col("code").is_null()
    kinds = {"code": lost} | {field: _is_odd(field, *bounds) for field, bounds in judged.items()}
    found = rows.select(
        *(kind.sum().alias(f"count {field}") for field, kind in kinds.items()),
        *(pl.col(ROW).filter(kind).min().alias(f"row {field}") for field, kind in kinds.items()),
    ).collect(engine="streaming").row(0, named=True)  # fmt: skip
    for field in kinds:
        if count := found[f"count {field}"]:
            lowest, highest, _ = judged.get(field, (0, 0, None))
            expected = f"целое число от {lowest} до {highest}" + (" или X" if field in tasks else "")
            yield Problem(
                shown, ("строка с результатом без кода участника" if field == "code" else "недопустимое значение") +
                (f" (всего таких: {count})" if count > 1 else ""), "код участника" if field == "code" else expected,
                "исправьте ячейку, а если данных нет, оставьте её пустой", sheet, found[f"row {field}"], columns[field],
            )  # fmt: skip
