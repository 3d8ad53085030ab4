"""How many workbooks a second are read into tables: 500 files of a large region, one by one and in parallel.

Each file is one ВПР work of a region of 1,000 schools in 40 municipalities, as ФИС ОКО gives it.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import xlsxwriter

from helpers.intake.findings import Findings
from helpers.intake.layouts import layout
from helpers.intake.raw_table import read_table

FILES, SCHOOLS, MUNICIPALITIES = 500, 1_000, 40
LAYOUTS = [layout(name, 2019) for name in ("vpr_marks", "vpr_journal", "vpr_scores")]


def workbook(path: Path) -> None:
    """Write one work's shares of marks, school by school."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Отчёт")
        sheet.write_column(0, 0, ["ВПР 2019. 5 класс", "Статистика по отметкам", "Предмет: Математика"])
        sheet.write_row(4, 0, ["Группы участников", "Кол-во ОО", "Кол-во участников"])
        sheet.merge_range(4, 3, 4, 6, "Распределение групп баллов в %")
        sheet.write_row(5, 3, ["2", "3", "4", "5"])
        row = 6
        for municipality in range(MUNICIPALITIES):
            sheet.write_row(row, 0, [f"Муниципалитет {municipality}", SCHOOLS // MUNICIPALITIES, 1_000, 10, 40, 35, 15])
            for school in range(SCHOOLS // MUNICIPALITIES):
                row += 1
                login = f"sch41{municipality:02}{school:02}"
                sheet.write_row(row, 0, [login, 1, 40, 12.5, 37.5, 35, 15])
            row += 1


def rate(paths: list[Path], threads: int) -> float:
    """Files a second."""
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(lambda path: read_table(path, LAYOUTS, Findings(), path.name), paths))
    assert all(table.frame.height == SCHOOLS + MUNICIPALITIES for table in tables)
    return len(paths) / (time.perf_counter() - started)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "0.xlsx"
        workbook(first)
        paths = [Path(shutil.copy2(first, Path(folder) / f"{place}.xlsx")) for place in range(1, FILES + 1)]
        for threads in (1, 2, 4):
            print(f"{FILES} files of {SCHOOLS} schools, threads {threads}: {rate(paths, threads):6.1f} files a second")
