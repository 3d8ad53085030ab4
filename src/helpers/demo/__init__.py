"""An invented region with Kamchatka's shape: the raw files as the centre's analyst has them on the disk, year after year.

Schools, villages and numbers are invented; the planted truth is written beside, where the pipeline never looks.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from helpers import files
from helpers.demo import context, forms, region, results, schools, support, tasks, titles
from helpers.demo.books import Book, Row
from helpers.demo.ledger import write_corrections, write_ledger
from helpers.demo.mess import plant, plant_in_tasks, plant_in_year
from helpers.demo.planting import Planter
from helpers.demo.todays_vpr import todays_books
from helpers.demo.workbooks import write
from helpers.problems import BadInput, Problem

__all__ = ["FIRST_REPORT", "LAST_YEAR", "write_region", "write_year"]

FIRST_REPORT, LAST_YEAR = region.YEARS[-1], 2023
"""The year of the first report, whose files hold all years up to it, and the last year that has files."""

_STREAMS = (
    "region", "vpr", "oge", "ege", "passport", "staff", "roadmaps", "questionnaire", "diagnostics", "knowledge", "dirt",
    "tasks", "disabilities", "tasks_dirt",
)  # fmt: skip
"""Each part draws from a stream of its own, so that dirt changes no number; new ones come last, so as to change no other."""

_PROGRAMME = "programme/programme.xlsx"

Streams = Mapping[str, np.random.Generator]


@dataclass(frozen=True)
class _Lasting:
    """What sets the schools apart for good, beside their effects: of their families, pupils and teachers."""

    families: Mapping[str, np.ndarray]
    disabilities: np.ndarray
    staff: np.ndarray


@dataclass(frozen=True)
class _Made:
    """The region up to a year, its passports, the books of all its years, and those that the year has brought or changed."""

    region: region.Region
    lasting: _Lasting
    passports: Mapping[schools.School, context.Record]
    books: list[Book]
    new: list[Book]


def write_region(seed: int, out: Path, clean: bool = False) -> None:
    """Write the raw files of an invented region, those of the first report.

    Parameters
    ----------
    seed : int
        The same seed gives the same bytes.
    out : Path
        A folder that does not exist yet or is empty.
    clean : bool
        Write the same numbers without the mess that real files have.

    Raises
    ------
    BadInput
        `out` is not an empty folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(
            Problem(
                file=f"папка {out.name}",
                found="не пустая папка",
                expected="новая или пустая папка",
                advice="укажите другую папку: учебный регион не пишется поверх чужих файлов",
            )
        )
    beside = out.with_name(f"{out.name}.{os.getpid()}{files.NEW}")
    try:
        _write(_first_years(seed, clean), files.make_folder(beside), clean)
        files.remove_folder(out)  # empty: Windows renames nothing onto it
        files.rename(beside, out)
    finally:
        files.remove_folder(beside)


def write_year(seed: int, year: int, out: Path, clean: bool = False) -> None:
    """Write the files of a year after the first report, over the folder that `report new` has made for it.

    Parameters
    ----------
    seed, clean
        As for the first report; the schools and what lasts of them are those of the seed's region.
    year : int
        From the year after the first report to `LAST_YEAR`.
    out : Path
        The new report's folder, or any other. The registry, the list of members and the corrections of the year before
        are replaced where nobody has changed them.

    Raises
    ------
    BadInput
        The year has no files; a file that the year brings is there with other contents. Nothing is written then.
    """
    if not FIRST_REPORT < year <= LAST_YEAR:
        raise BadInput(Problem(f"учебный регион, {year} год", "файлов такого года нет",
                               f"год от {FIRST_REPORT + 1} до {LAST_YEAR}; файлы до {FIRST_REPORT} года пишутся без ключа --year",
                               "укажите другой год"))  # fmt: skip
    made = _first_years(seed, clean)
    with tempfile.TemporaryDirectory() as folder:
        before, now = Path(folder) / "before", Path(folder) / "now"
        while made.region.years[-1] < year:
            shutil.rmtree(before, ignore_errors=True)
            _write(replace(made, new=[book for book in made.new if not book.path[0].isdigit()]), before, clean)
            made = _year_later(made, seed, clean)
        _write(made, now, clean)
        _lay_over(out, now, before)


def _lay_over(out: Path, now: Path, before: Path) -> None:
    """Copy the files of `now` to `out`, unless one is there that neither this year nor the one before has written."""
    names = sorted(path.relative_to(now) for path in now.rglob("*") if path.is_file())

    def ours(name: Path) -> bool:
        there = (out / name).read_bytes()
        return any((made / name).is_file() and (made / name).read_bytes() == there for made in (now, before))

    foreign = [name for name in names if (out / name).exists() and not ((out / name).is_file() and ours(name))]
    if foreign:
        raise BadInput(*(Problem(name.as_posix(), "файл уже есть и изменён", "файл, каким его оставили report new и report demo",
                                 "чужое не переписывается: сделайте файлы года в пустой папке и перенесите нужное сами")
                         for name in foreign))  # fmt: skip
    files.write_all(out, {name.as_posix(): (now / name).read_bytes() for name in names})


def _streams(seed: int | Sequence[int]) -> Streams:
    return dict(zip(_STREAMS, np.random.default_rng(seed).spawn(len(_STREAMS)), strict=True))


def _first_years(seed: int, clean: bool) -> _Made:
    streams = _streams(seed)
    invented = region.build_region(streams["region"])
    lasting = _Lasting(
        context.lasting_families(invented, streams["passport"]),
        context.lasting_disabilities(invented, streams["disabilities"]),
        context.lasting_staff(invented, streams["staff"]),
    )
    tests = results.vpr_results(invented, streams["vpr"])
    passports = context.passport_records(invented, lasting.families, streams["passport"])
    books = [
        forms.registry_book(invented),
        *forms.biased_books(support.biased_records(invented), results.BIASED_YEARS),
        _programme_book(invented, FIRST_REPORT),
        *_project_books(invented, streams),
        *forms.vpr_books(tests),
        *forms.oge_books(results.oge_results(invented, streams["oge"])),
        *forms.ege_books(results.ege_results(invented, streams["ege"])),
        *forms.passport_books(context.with_disabilities(passports, lasting.disabilities, streams["disabilities"])),
        *forms.staff_books(context.staff_records(invented, lasting.staff, streams["staff"])),
        *forms.task_books(tasks.task_results(invented, tests, streams["tasks"])),
    ]
    if not clean:
        planted = frozenset(invented.schools[index].school_id for index in invented.planted)
        planter = Planter(books, streams["dirt"], planted)
        books = plant(planter, invented)
        plant_in_tasks(replace(planter, rng=streams["tasks_dirt"], planted=planted | _lacking(invented)))
    return _Made(invented, lasting, passports[FIRST_REPORT], books, books)


def _year_later(made: _Made, seed: int, clean: bool) -> _Made:
    """One year more: its files, and the lists that go on from the year before."""
    year = made.region.years[-1] + 1
    streams = _streams([seed, year])
    invented = region.next_year(made.region, streams["region"])
    passports = context.passport_records(invented, made.lasting.families, streams["passport"], [year], made.passports)
    papers = results.vpr_papers(invented, year, streams["vpr"])
    new = [
        forms.registry_book(invented),
        _members_go_on(next(book for book in made.books if book.path == _PROGRAMME), invented, year),
        *_project_books(invented, streams),
        *todays_books(papers, tasks.lacking_skills(invented), streams["tasks"]),
        *forms.oge_books(results.oge_results(invented, streams["oge"], [year])),
        *forms.ege_books(results.ege_results(invented, streams["ege"], [year])),
        *forms.passport_books(context.with_disabilities(passports, made.lasting.disabilities, streams["disabilities"])),
        *forms.staff_books(context.staff_records(invented, made.lasting.staff, streams["staff"], [year])),
    ]
    by_path = {book.path: book for book in made.books} | {book.path: book for book in new}
    books = list(by_path.values())
    if not clean:
        planted = frozenset(invented.schools[index].school_id for index in invented.planted)
        plant_in_year(Planter(books, streams["dirt"], planted | _lacking(invented)), invented, year)
    return _Made(invented, made.lasting, passports[year], books, new)


def _lacking(invented: region.Region) -> frozenset[str]:
    return frozenset(school.school_id for school, _, _ in tasks.lacking(invented))


def _programme_book(invented: region.Region, from_year: int) -> Book:
    records = support.programme_records(invented, from_year)
    return forms.support_book(_PROGRAMME, "Участники", titles.PROGRAMME, records, ["programme"])


def _members_go_on(book: Book, invented: region.Region, year: int) -> Book:
    """The list of members a year later: who has left is told so, who comes in stands below."""
    book = deepcopy(book)
    left = {
        (invented.schools[spell.index].school_id, spell.programme)
        for spell in invented.spells
        if spell.to_year == year - 1
    }
    for row in book.sheet.rows:
        if row.key in left:
            row.cells[book.sheet.column("to_year")] = year - 1
    book.sheet.rows += [Row(row.cells, row.key) for row in _programme_book(invented, year).sheet.rows]
    return book


def _project_books(invented: region.Region, streams: Streams) -> list[Book]:
    """What the regional project has gathered in the region's last year."""
    year = invented.years[-1]
    return [
        forms.support_book(
            f"roadmaps/roadmaps_{year}.xlsx",
            "Дорожные карты",
            titles.ROADMAPS,
            support.roadmap_records(invented, streams["roadmaps"]),
            [],
        ),
        forms.support_book(
            f"{year}/questionnaire/questionnaire_{year}.xlsx",
            "Анкеты",
            titles.QUESTIONNAIRE,
            support.questionnaire_records(invented, streams["questionnaire"]),
            ["role", "item"],
        ),
        forms.support_book(
            f"{year}/diagnostics/diagnostics_{year}.xlsx",
            "Диагностика",
            titles.DIAGNOSTICS,
            support.diagnostics_records(invented, streams["diagnostics"]),
            ["subject", "competence"],
        ),
        forms.support_book(
            f"{year}/knowledge/knowledge_{year}.xlsx",
            "Мониторинг",
            titles.KNOWLEDGE,
            support.knowledge_records(invented, streams["knowledge"]),
            ["subject", "grade"],
        ),
    ]


def _write(made: _Made, out: Path, clean: bool) -> None:
    """Write the new books, and what is told of all."""
    if not clean:
        write_corrections(made.books, out)
    for book in made.new:
        write(book, out)
    truth = out / "_truth"
    files.write(truth / "README.md", _README)
    _write_effects(made.region, truth / "effects.csv")
    _write_skills(made.region, truth / "skills.csv")
    write_ledger(made.books, truth / "dirt.csv")


def _write_effects(invented: region.Region, path: Path) -> None:
    rows = [
        (
            year,
            school.school_id,
            round(float(invented.context[school.index, t]), 4),
            round(float(invented.persistent[school.index]), 4),
            round(float(invented.transient[school.index, t]), 4),
            int(school.index in invented.biased and year in results.BIASED_YEARS),
        )
        for t, year in enumerate(invented.years)
        for school in invented.at(region.school_year_start(year))
    ]
    _write_table(("year", "school_id", "ctx", "persistent", "transient", "biased"), rows, path)


def _write_skills(invented: region.Region, path: Path) -> None:
    rows = sorted((school.school_id, subject, skill) for school, subject, skill in tasks.lacking(invented))
    _write_table(("school_id", "subject", "skill"), rows, path)


def _write_table(header: Sequence[str], rows: Sequence[tuple], path: Path) -> None:
    text = io.StringIO(newline="")
    written = csv.writer(text, lineterminator="\n")
    written.writerow(header)
    written.writerows(rows)
    files.write(path, text.getvalue())


_README = """# Заложенная правда учебного региона

Регион вымышлен целиком: школы, сёла, коды, числа. Настоящие здесь только названия муниципалитетов и их городов.
Ничто в этой папке не описывает существующую школу.

Конвейер эту папку не читает: она нужна, чтобы проверить, находит ли он то, что в данные заложено.

* `effects.csv` — по школам и годам: социальный контекст (`ctx`, среднее 0, разброс 1 у дневных школ),
  устойчивый и переменный эффект школы (`persistent`, `transient`, в стандартных отклонениях ученика),
  признак завышенных ВПР (`biased`).
* `skills.csv` — умения, которых школе недостаёт: код школы, предмет, умение (имена — как в `params/skills.yml`). Задания
  этих умений ученики школы выполняют хуже, чем можно ждать по их первичному баллу, во всех классах и во все годы; сам
  балл от этого не меняется: остальные задания они выполняют лучше. Других различий между школами в умениях не заложено.
* `dirt.csv` — каждая заложенная неисправность: вид, файл, лист, строка и столбец, как их показывает Excel, школа;
  `recoverable` — исправит ли её читающий код (`yes`) или нет (`no`); что было в ячейке и что в ней стоит.
  Без столбца — неисправность всей строки, без строки — листа, без листа — файла. `rounding_sum` отмечает строки,
  где сумма долей отличается от 100 из-за обычного округления. Неисправности с `no`, у которых есть запись
  в `corrections.yml`, исправляет аналитик; остальные с `no` остаются как есть, но должны быть замечены.

Уровень школы: 0,30 · `ctx` + `persistent` + `transient`. Заложены четыре школы с устойчиво низкими результатами
(`persistent` не выше −0,45), четыре резильентные (не ниже +0,45, контекст неблагоприятный) и две школы с завышенными
ВПР 2018 и 2019 годов. В трёх школах регионального проекта дети с ОВЗ — больше пятой части учеников, в коррекционных —
все, в остальных школах — немногие.
"""
