"""A dump with a row for every pupil's exam into a row for every school, subject, form, category and period.

The file may have twenty million rows: it is read as a stream and no more than its totals stay in memory.
A file with personal data is refused before anything is taken from it.
"""

from __future__ import annotations

import codecs
import csv
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import polars as pl

from helpers.problems import BadInput, Problem

Exam = Literal["oge", "ege"]

KEYS = ["rcoi_code", "subject_code", "form", "category", "period"]
"""What tells one row of the result from another."""
HIGH_SCORE = 81
"""From which score a result of ЕГЭ counts as high."""

_OPTIONAL = {"category", "primary_score"}
_DELIMITER = ";"
_LOOKED_AT = 5_000
"""In how many first rows personal data are looked for."""
_CHUNK = 1 << 20
_HOT_TABLE = "POLARS_HOT_TABLE_SIZE"
_ROW, _FILLED = "__row__", "__filled__"
_UNIT = 1_000
"""Scores are added up as whole thousandths: sums of fractions would differ with the order in which threads add them."""


@dataclass(frozen=True)
class _Numbers:
    """Which numbers a column may hold, in code and in words."""

    lowest: int
    highest: int
    whole: bool
    words: str


_MEASURED = {
    "oge": {
        "mark": _Numbers(2, 5, True, "отметка 2, 3, 4 или 5"),
        "primary_score": _Numbers(0, 100, False, "первичный балл от 0 до 100 или пустая ячейка"),
    },
    "ege": {
        "score": _Numbers(0, 100, False, "тестовый балл от 0 до 100"),
        "passed": _Numbers(0, 1, True, "1 (порог преодолён) или 0"),
    },
}
_NEEDED_KEYS = {
    "rcoi_code": "код школы",
    "subject_code": "код предмета",
    "form": "форма экзамена",
    "period": "этап экзамена",
}
NEEDED = {
    exam: [*_NEEDED_KEYS, *(field for field in measured if field not in _OPTIONAL)]
    for exam, measured in _MEASURED.items()
}
"""Fields without which a dump cannot be added up."""
_MARKS = [2, 3, 4, 5]

# --- personal data

_DOCUMENT = r"\b(док|докум|документа?|удостоверени\w+|свидетельств\w+|аттестата?|полиса?|document)\b"
_ITS_NUMBER = r"\b(серия|номер|ном|реквизиты|данные|number|series)\b"
_ALWAYS_PERSONAL = re.compile(
    rf"""\bф\ ?и\ ?о\b | фамили | \bфам\b | отчеств | \bотч\b | снилс | рожд | ^д\ ?р$ | прописк | жительств | проживан
    | \b(fio|fam|snils|birth\w*|patronymic|(sur|first|second|middle|last|full)\ ?name)\b
    | {_ITS_NUMBER}.*{_DOCUMENT} | {_DOCUMENT}.*{_ITS_NUMBER} | удостоверени\w+\ личности | кем\ выдан""",
    re.VERBOSE,
)
_PERSONAL_UNLESS_OF_A_THING = re.compile(
    r"""\b(имя|серия|паспорт\w*|пасп|адрес\w?|телефон\w{0,2}|тел|моб|мобильный|факс|e\ ?mail|mail|passport|phone|address
    | (эл|электр|электронн\w+)\ (почт\w*|адрес\w?))\b""",
    re.VERBOSE,
)
_THING = re.compile(
    r"""\b(школ\w* | оо | оу | организаци\w* | учреждени\w* | юридическ\w+ | ппэ | мсу | мо | ате | роио | рцои
    | файл\w* | пап(ка|ки|ке) | пол[яею] | столбц\w+ | лист\w? | таблиц\w+ | предмет\w? | сервер\w? | сайт\w?
    | ким | бланк\w* | вариант\w? | социальн\w+)\b""",
    re.VERBOSE,
)
_PERSON = re.compile(
    r"\b(учени|учащ|обуча|участни|выпускни|экзаменуем|родител|представител|директор|руководител|учител|педагог|эксперт)"
)
_LOOK_ALIKES = str.maketrans("aceopxykmhtb", "асеорхукмнтв")
"""Latin letters that are typed for Russian ones, in small letters."""

_PATRONYMIC = r"[а-яё]+(?:ович|евич|[кмт]ич|ьич|овна|евна|ична)"
_NAME = r"[а-яё]+(?:-[а-яё]+)?"
_ENDS_AS_PATRONYMIC = re.compile(
    rf"{_NAME} {_NAME} (?:{_PATRONYMIC}|{_NAME} (?:оглы|кызы|гызы|улы|уулу))", re.IGNORECASE
)
_BIRTH_DATE = re.compile(
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?P<year>\d{4})|(?P<year_first>\d{4})-\d\d-\d\d)(?:[ T]\d{1,2}:\d\d(:\d\d)?)?"
)
_SNILS = re.compile(r"(?<!\d)\d{3}-\d{3}-\d{3}[ -]\d\d(?!\d)")
_PASSPORT = re.compile(r"(?<!\d)\d\d ?\d\d \d{6}(?!\d)")


def is_personal(title: str) -> bool:
    """Whether a column of this title must not come into the project.

    Names, documents, birth and contacts of a person are personal; a name, an address
    or a telephone is not when the title says that it is a school's or a file's.
    """
    plain = _plain(title)
    if _ALWAYS_PERSONAL.search(plain):
        return True
    of_a_thing = _THING.search(plain) and not _PERSON.search(plain)
    return bool(_PERSONAL_UNLESS_OF_A_THING.search(plain)) and not of_a_thing


def _plain(title: str) -> str:
    """Small letters and single spaces; a word with any Russian letter is wholly Russian."""
    words = re.sub(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])", " ", title.replace("№", " номер "))
    words = re.sub(r"[\W\d_]+", " ", words.lower()).split()
    return " ".join(word.translate(_LOOK_ALIKES) if re.search("[а-яё]", word) else word for word in words)


def personal_data(path: Path) -> list[Problem]:
    """What in a dump looks like personal data, by the titles and by the first rows.

    Parameters
    ----------
    path : Path
        csv with `;`, in cp1251 or UTF-8.

    Returns
    -------
    list of Problem
        One for a column. It never repeats what stands in a cell, and not the title
        either where a pupil's data stand in place of a title.
    """
    rows = _first_rows(path)
    titles = _titles(rows)
    problems = []
    for place, title in enumerate(titles):
        cells = [" ".join(row[place].split()) for row in rows[1:] if place < len(row)]
        in_title = _looks_like([title])
        looks = (is_personal(title) and "персональные данные, судя по названию") or in_title or _looks_like(cells)
        if looks:
            problems.append(
                Problem(
                    file=path.name, column=f"№ {place + 1}" if in_title or not title else title, found=looks,
                    expected="файл без персональных данных",
                    advice="выгрузите его без этого столбца; файл не читается",
                )
            )  # fmt: skip
    return problems


def personal_columns(shown: str, titles: Sequence[str], rows: pl.DataFrame) -> list[Problem]:
    """The same of a table whose columns stand in the order of their titles."""
    problems = []
    for title, column in zip(titles, rows.iter_columns(), strict=False):
        found = (is_personal(title) and "персональные данные, судя по названию") or _looks_like(
            column.drop_nulls().unique(maintain_order=True).to_list()
        )
        if found:
            problems.append(Problem(shown, found, "файл без персональных данных",
                                    "выгрузите его без этого столбца; файл не читается", column=title))  # fmt: skip
    return problems


def _looks_like(cells: list[str]) -> str:
    """What of a person a column seems to hold, in words; empty if nothing."""
    filled = [cell for cell in cells if cell]
    if any(_SNILS.search(cell) for cell in filled):
        return "похоже на СНИЛС"
    if any(_PASSPORT.search(cell) for cell in filled):
        return "похоже на серию и номер паспорта"
    if any(_is_full_name(cell) for cell in filled):
        return "похоже на фамилию, имя и отчество"
    # A single date of those years may be anything; a column of them is not of exams.
    if filled and 2 * sum(map(_is_birth_date, filled)) > len(filled):
        return "похоже на даты рождения"
    return ""


def _is_full_name(cell: str) -> bool:
    return bool(_ENDS_AS_PATRONYMIC.fullmatch(cell)) and all(word[0].isupper() for word in cell.split()[:3])


def _is_birth_date(cell: str) -> bool:
    date = _BIRTH_DATE.fullmatch(cell)
    return date is not None and 1990 <= int(date["year"] or date["year_first"]) <= 2016


# --- the file


def _first_rows(path: Path) -> list[list[str]]:
    """The header and some rows; what cannot be read here is told when the whole file is."""
    if not path.is_file():
        raise _fault(path, "такого файла нет", "выгрузка с результатами участников", "положите файл на место")
    rows: list[list[str]] = []
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file, suppress(csv.Error):
        rows.extend(islice(csv.reader(file, delimiter=_DELIMITER), 1 + _LOOKED_AT))
    if not rows or not rows[0]:
        raise _empty(path)
    return rows


def _titles(rows: list[list[str]]) -> list[str]:
    return [" ".join(title.split()) for title in rows[0]]


def encoding_of(path: Path) -> str:
    """Go by the first part of the file that is not plain ASCII: Russian text in cp1251 is hardly ever sound UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return "cp1251"
            if not chunk.isascii():
                break
    return "utf-8-sig"


@contextmanager
def as_utf8(path: Path) -> Iterator[Path]:
    """The file itself, or a copy for as long as it is needed: polars streams UTF-8 only."""
    encoding = encoding_of(path)
    if encoding == "utf-8-sig":
        yield path
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "utf-8.csv"
        try:
            with path.open(encoding=encoding, newline="") as old, copy.open("w", encoding="utf-8", newline="") as new:
                shutil.copyfileobj(old, new, _CHUNK)
        except UnicodeDecodeError:
            raise _undecodable(path, encoding) from None
        yield copy


def _fault(path: Path, found: str, expected: str, advice: str, row: int | None = None) -> BadInput:
    return BadInput(Problem(file=path.name, row=row, found=found, expected=expected, advice=advice))


def _empty(path: Path) -> BadInput:
    return _fault(path, "таблица без строк с данными", "заголовок и строки под ним", "выгрузите файл заново")


def _undecodable(path: Path, encoding: str) -> BadInput:
    name = encoding.removesuffix("-sig")
    return _fault(path, f"байты, которых нет в кодировке {name}", f"текст в кодировке {name}", "выгрузите файл заново")


def _broken(path: Path) -> BadInput:
    """Why polars could not read the file: look for the first row that is not as the header is."""
    encoding, number = encoding_of(path), 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            rows = csv.reader(file, delimiter=_DELIMITER, strict=True)
            width = 0
            for number, row in enumerate(rows, start=1):
                width = width or len(row)
                if len(row) > width:
                    return _fault(
                        path, f"число ячеек {len(row)}", f"число ячеек {width}, как в заголовке",
                        "проверьте лишние разделители и кавычки в этой строке", row=number,
                    )  # fmt: skip
    except UnicodeDecodeError:
        return _undecodable(path, encoding)
    except csv.Error:
        return _fault(
            path, "незакрытая или лишняя кавычка", "кавычки только вокруг ячейки, а внутри неё — удвоенные",
            "исправьте кавычки в этой строке или выгрузите файл заново", row=number + 1,
        )  # fmt: skip
    return _fault(path, "таблица, которая не читается", "csv с разделителем «;»", "выгрузите файл заново")


# --- the results


def school_results(path: Path, columns: Mapping[str, str], exam: Exam) -> pl.DataFrame:
    """Add up a dump to a row for every school, subject, form, category and period.

    Parameters
    ----------
    path : Path
        csv with `;`, in cp1251 or UTF-8, one row for every pupil and subject.
    columns : mapping of str to str
        Field to title: `rcoi_code`, `subject_code`, `form`, `period`, maybe `category`;
        for ОГЭ `mark` and maybe `primary_score`, for ЕГЭ `score` and `passed`.
    exam : {"oge", "ege"}

    Returns
    -------
    pl.DataFrame
        Sorted by `KEYS` (texts; `category` is null where it is not known), then
        `n_participants`; for ОГЭ `share_2` … `share_5` (0–1), `mean_mark`, `mean_primary`
        (of the pupils who have a primary score, null if none has); for ЕГЭ `mean_score`,
        `sd_score` (of a sample, null for one pupil), `n_below_min`, `n_high`.

    Raises
    ------
    BadInput
        Personal data, a column missing, a cell that is empty or not a possible number.
        No message repeats a cell.
    """
    if personal := personal_data(path):
        raise BadInput(*personal)
    places = _places(path, columns, exam)
    with as_utf8(path) as file, _groups_kept_together():
        cells = _cells(file, places)
        try:
            sums = _sums(cells, exam, places, _plain_number)
            if not _is_sound(sums):  # fractions, spaces, or true faults: with more care
                sums = _sums(cells, exam, places, _number)
            if not _is_sound(sums):
                raise BadInput(*_faults(path, cells, exam, {field: columns[field] for field in places}))
        except pl.exceptions.ComputeError:
            raise _broken(path) from None
    if sums.is_empty():
        raise _empty(path)
    return sums.select(*KEYS, *(_of_marks() if exam == "oge" else _of_scores()))


def _places(path: Path, columns: Mapping[str, str], exam: Exam) -> dict[str, int]:
    """Which column each field is in, counted from 0."""
    titles = _titles(_first_rows(path))
    wanted = [field for field in (*KEYS, *_MEASURED[exam]) if field not in _OPTIONAL or field in columns]
    found = {field: " ".join(columns[field].split()) for field in wanted}
    problems = []
    for title in found.values():
        if title not in titles:
            problems.append(
                Problem(
                    file=path.name, column=title, found="такого столбца нет", expected="столбец с таким названием",
                    advice=f"исправьте название в файле или впишите новое в layouts/{exam}_pupils.csv",
                )
            )  # fmt: skip
        elif titles.count(title) > 1:
            problems.append(
                Problem(
                    file=path.name, column=title, found="одно название у нескольких столбцов",
                    expected="у каждого столбца своё название", advice="переименуйте лишние столбцы",
                )
            )  # fmt: skip
    if problems:
        raise BadInput(*problems)
    return {field: titles.index(title) for field, title in found.items()}


def _cells(file: Path, places: Mapping[str, int]) -> pl.LazyFrame:
    """The needed columns as text, under the fields' names; columns are told by place, since titles may be untidy.

    polars does not notice superfluous cells of a row when it reads only some columns: such a row is refused
    for the bad numbers that its shifted cells give.
    """
    table = pl.scan_csv(
        file, separator=_DELIMITER, infer_schema=False, glob=False,
        with_column_names=lambda titles: [str(place) for place in range(len(titles))],
    )  # fmt: skip
    return table.select(pl.col(str(place)).alias(field) for field, place in places.items())


def _text(field: str) -> pl.Expr:
    """A cell without the spaces around it; null if nothing else stands there."""
    text = pl.col(field).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _plain_number(field: str) -> pl.Expr:
    """The cell's whole number in thousandths; null where it is none or is written with anything but digits."""
    return pl.col(field).cast(pl.Int32, strict=False).cast(pl.Int64) * _UNIT


def _number(field: str) -> pl.Expr:
    """The cell's number in thousandths; null if it is none."""
    number = pl.col(field).str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    return (number * _UNIT).round().cast(pl.Int64, strict=False)


def _is_bad(number: pl.Expr, numbers: _Numbers) -> pl.Expr:
    possible = number.is_between(numbers.lowest * _UNIT, numbers.highest * _UNIT)
    if numbers.whole:
        possible &= number % _UNIT == 0
    return ~possible.fill_null(False)


def _not_blank() -> pl.Expr:
    """Whether anything stands in a row's needed columns."""
    return ~pl.all_horizontal(pl.exclude(_ROW).is_null())


def _sums(cells: pl.LazyFrame, exam: Exam, fields: Collection[str], number: Callable[[str], pl.Expr]) -> pl.DataFrame:
    """Totals of every group of equal keys, sorted by them, and how many of its rows have a bad number.

    Here bad cells are only counted, which costs next to nothing; `_faults` looks for their places.
    """
    keys = [key for key in KEYS if key in fields]
    measured = {field: numbers for field, numbers in _MEASURED[exam].items() if field in fields}
    bad = pl.any_horizontal(
        _is_bad(pl.col(field), numbers) & (pl.col(_FILLED) if field in _OPTIONAL else pl.lit(True))
        for field, numbers in measured.items()
    )
    sums = (
        cells.filter(_not_blank())
        .select(
            # As a category a key takes four bytes: nearly half the memory, where there are millions of groups.
            pl.col(keys).cast(pl.Categorical),
            *(number(field).alias(field) for field in measured),
            *(_text(field).is_not_null().alias(_FILLED) for field in measured if field in _OPTIONAL),
        )
        .group_by(keys)
        .agg(pl.len().cast(pl.Int64).alias("n_participants"), bad.sum().alias("n_bad"), *_totals(exam, measured))
        # Spaces around a key are cut off here, where rows are few, and what they held apart is added up.
        .with_columns(_text(key) for key in keys)
        .collect(engine="streaming")
    )
    sums = sums.sort(keys)
    as_above = pl.all_horizontal(pl.col(key).eq_missing(pl.col(key).shift()) for key in keys)
    if sums.select(as_above.any()).item():
        sums = sums.group_by(keys, maintain_order=True).sum()
    return sums.with_columns(pl.lit(None, pl.String).alias(key) for key in KEYS if key not in keys)


def _totals(exam: Exam, fields: Collection[str]) -> list[pl.Expr]:
    if exam == "oge":
        primary = pl.col("primary_score") if "primary_score" in fields else pl.lit(None, pl.Int64)
        marks = [(pl.col("mark") == mark * _UNIT).sum().alias(f"n_{mark}") for mark in _MARKS]
        return [*marks, primary.sum().alias("primary"), primary.count().alias("n_primary")]
    score = pl.col("score")
    return [
        score.sum().alias("scores"),
        (score * score).sum().alias("squares"),
        (pl.col("passed") == 0).sum().cast(pl.Int64).alias("n_below_min"),
        (score >= HIGH_SCORE * _UNIT).sum().cast(pl.Int64).alias("n_high"),
    ]


def _of_marks() -> list[pl.Expr]:
    n, n_primary = pl.col("n_participants"), pl.col("n_primary")
    return [
        n,
        *((pl.col(f"n_{mark}") / n).alias(f"share_{mark}") for mark in _MARKS),
        (pl.sum_horizontal(mark * pl.col(f"n_{mark}").cast(pl.Int64) for mark in _MARKS) / n).alias("mean_mark"),
        pl.when(n_primary > 0).then(pl.col("primary") / (n_primary.cast(pl.Int64) * _UNIT)).alias("mean_primary"),
    ]


def _of_scores() -> list[pl.Expr]:
    n, scores = pl.col("n_participants"), pl.col("scores")
    # In whole numbers of 128 bits nothing is lost in the subtraction, not even where all scores are equal.
    wide = n.cast(pl.Int128), scores.cast(pl.Int128), pl.col("squares").cast(pl.Int128)
    variance = (wide[0] * wide[2] - wide[1] * wide[1]).cast(pl.Float64) / (n * (n - 1))
    return [
        n,
        (scores / (n * _UNIT)).alias("mean_score"),
        pl.when(n > 1).then(variance.sqrt() / _UNIT).alias("sd_score"),
        pl.col("n_below_min"),
        pl.col("n_high"),
    ]


@contextmanager
def _groups_kept_together() -> Iterator[None]:
    """Let polars keep millions of groups at once.

    Beyond a few thousand it lays the rows of further groups aside until the end, and with
    a dump in no order that is nearly all rows: 1.2 GB instead of 0.7.
    """
    before = os.environ.get(_HOT_TABLE)
    os.environ[_HOT_TABLE] = before or "2000000"
    pl.Config.reload_env_vars()
    try:
        yield
    finally:
        if before is None:
            del os.environ[_HOT_TABLE]
        pl.Config.reload_env_vars()


# --- bad cells


def _is_sound(sums: pl.DataFrame) -> bool:
    return sums["n_bad"].sum() == 0 and not any(sums[key].has_nulls() for key in _NEEDED_KEYS)


def _faults(path: Path, cells: pl.LazyFrame, exam: Exam, titles: Mapping[str, str]) -> list[Problem]:
    """One problem for every kind of bad cell in a column: its first row, and how many there are further down."""
    kinds = [(key, "пустая ячейка", words, _text(key).is_null()) for key, words in _NEEDED_KEYS.items()]
    for field, numbers in _MEASURED[exam].items():
        if field in titles:
            number, empty = _number(field), _text(field).is_null()
            kinds += [
                (field, "пустая ячейка", numbers.words, empty & (field not in _OPTIONAL)),
                (field, "не число", numbers.words, number.is_null() & ~empty),
                (field, "недопустимое число", numbers.words, number.is_not_null() & _is_bad(number, numbers)),
            ]
    counted = (
        cells.with_row_index(_ROW, offset=2)
        .filter(_not_blank())
        .select(
            *(fault.sum().alias(f"count {place}") for place, (*_, fault) in enumerate(kinds)),
            *(pl.col(_ROW).filter(fault).min().alias(f"row {place}") for place, (*_, fault) in enumerate(kinds)),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    problems = []
    for place, (field, found, expected, _) in enumerate(kinds):
        count, row = counted[f"count {place}"], counted[f"row {place}"]
        if count:
            further = f" (ниже ещё ошибок: {count - 1})" if count > 1 else ""
            advice = "исправьте ячейку или выгрузите файл заново"
            problems.append(Problem(path.name, found + further, expected, advice, row=row, column=titles[field]))
    return problems
