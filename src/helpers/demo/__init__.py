"""An invented region with Kamchatka's shape: the raw files as the centre's analyst has them on the disk.

Schools, villages and numbers are invented; the planted truth is written beside, where the pipeline never looks.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from helpers.demo import context, forms, region, results, support, tasks, titles
from helpers.demo.books import Book
from helpers.demo.ledger import write_corrections, write_ledger
from helpers.demo.mess import plant, plant_in_tasks
from helpers.demo.planting import Planter
from helpers.demo.workbooks import write
from helpers.problems import BadInput, Problem

__all__ = ["write_region"]

_STREAMS = (
    "region", "vpr", "oge", "ege", "passport", "staff", "roadmaps", "questionnaire", "diagnostics", "knowledge", "dirt",
    "tasks", "disabilities", "tasks_dirt",
)  # fmt: skip
"""Each part draws from a stream of its own, so that dirt changes no number; new ones come last, so as to change no other."""


def write_region(seed: int, out: Path, clean: bool = False) -> None:
    """Write the raw files of an invented region.

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
    streams = dict(zip(_STREAMS, np.random.default_rng(seed).spawn(len(_STREAMS)), strict=True))
    invented = region.build_region(streams["region"])
    books = _books(invented, streams)
    if not clean:
        planted = frozenset(invented.schools[index].school_id for index in invented.planted)
        planter = Planter(books, streams["dirt"], planted)
        books = plant(planter, invented)
        lacking = frozenset(school.school_id for school, _, _ in tasks.lacking(invented))
        plant_in_tasks(replace(planter, rng=streams["tasks_dirt"], planted=planted | lacking))
        write_corrections(books, out)
    for book in books:
        write(book, out)
    truth = out / "_truth"
    truth.mkdir()
    (truth / "README.md").write_text(_README, encoding="utf-8")
    _write_effects(invented, truth / "effects.csv")
    _write_skills(invented, truth / "skills.csv")
    write_ledger(books, truth / "dirt.csv")


def _books(invented: region.Region, streams: Mapping[str, np.random.Generator]) -> list[Book]:
    year = support.YEAR
    tests = results.vpr_results(invented, streams["vpr"])
    passports = context.passport_records(invented, streams["passport"])
    return [
        forms.registry_book(invented),
        *forms.biased_books(support.biased_records(invented), results.BIASED_YEARS),
        forms.support_book(
            "programme/programme.xlsx",
            "Участники",
            titles.PROGRAMME,
            support.programme_records(invented),
            ["programme"],
        ),
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
        *forms.vpr_books(tests),
        *forms.oge_books(results.oge_results(invented, streams["oge"])),
        *forms.ege_books(results.ege_results(invented, streams["ege"])),
        *forms.passport_books(context.with_disabilities(passports, invented, streams["disabilities"])),
        *forms.staff_books(context.staff_records(invented, streams["staff"])),
        *forms.task_books(tasks.task_results(invented, tests, streams["tasks"])),
    ]


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
        for t, year in zip(count(), region.YEARS)
        for school in invented.at(region.school_year_start(year))
    ]
    _write_table(("year", "school_id", "ctx", "persistent", "transient", "biased"), rows, path)


def _write_skills(invented: region.Region, path: Path) -> None:
    rows = sorted((school.school_id, subject, skill) for school, subject, skill in tasks.lacking(invented))
    _write_table(("school_id", "subject", "skill"), rows, path)


def _write_table(header: Sequence[str], rows: Sequence[tuple], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file, lineterminator="\n")
        written.writerow(header)
        written.writerows(rows)


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
