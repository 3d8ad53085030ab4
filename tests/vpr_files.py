"""Small files of ВПР and the registry of their two schools."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

REGISTRY = """\
Код школы;Действует с;Действует по;ИНН;КПП;ОГРН;Логин ФИС ОКО;Код РЦОИ;Полное наименование;Краткое наименование;Другие названия;ОКТМО;Муниципалитет;Населённый пункт;Местность;Труднодоступная;Вид школы;Малокомплектная;Филиал школы;Преемник
s01;01.09.2000;;4100000001;;;sch410001;0101;Средняя школа № 3;СОШ № 3;;30601;Озёрный район;Озёрное;село;нет;СОШ;нет;;
s02;01.09.2000;;4100000002;;;sch410002;0102;Средняя школа № 33;СОШ № 33;;30601;Озёрный район;Лесной;пгт;нет;СОШ;нет;;
"""  # noqa: E501


def written(path: Path, *sheets: list[list], title: str = "Sheet") -> Path:
    """A workbook of sheets given row by row."""
    with xlsxwriter.Workbook(path) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet(f"{title}{number + 1}")
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return path
