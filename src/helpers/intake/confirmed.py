"""The names that the analyst has confirmed, from their file."""

from __future__ import annotations

from pathlib import Path

from helpers.intake.identity import Registry
from helpers.intake.names import fold
from helpers.intake.sheets import ROW, read_cells, titled
from helpers.problems import BadInput, Problem, quoted, quoted_cell

FILE = "confirmed_names.csv"
_NAME, _PLACE, _CODE = _COLUMNS = ["Название", "Муниципалитет", "Код школы"]

Confirmed = dict[tuple[str, str], str]


def confirmed_names(folder: Path, registry: Registry) -> tuple[Confirmed, list[Problem]]:
    """Read `confirmed_names.csv` where there is one.

    Returns
    -------
    dict, list of Problem
        (folded name, folded municipality) to school_id; what is wrong with the file.
    """
    path = folder / FILE
    if not path.is_file():
        return {}, []
    try:
        cells = read_cells(path).sheets[0]
        if len(cells.rows) == 1:  # no name is confirmed yet
            return {}, []
        sheet = titled(path, cells)
    except BadInput as error:
        return {}, list(error.problems)
    missing = [title for title in _COLUMNS if title not in sheet.columns]
    if missing:
        return {}, [Problem(FILE, "такого столбца нет", "столбец с таким названием", "исправьте заголовок", column=title)
                    for title in missing]  # fmt: skip
    known = set(registry.rows["school_id"])
    confirmed: Confirmed = {}
    rows: dict[tuple[str, str], int] = {}
    problems = []
    for row, name, place, code in sheet.frame.select(ROW, *_COLUMNS).iter_rows():
        municipality = registry.municipality(place or "")
        key = fold(name or ""), fold(municipality)
        faults = [
            (_NAME, not key[0], quoted_cell(name), "заполненная ячейка", "исправьте ячейку"),
            (_PLACE, place and not municipality, quoted_cell(place), "муниципалитет из registry.csv", "исправьте ячейку"),
            (_CODE, code not in known, quoted_cell(code), "код школы из registry.csv", "исправьте код"),
            (_CODE, code in known and confirmed.get(key, code) != code,
             f"{quoted_cell(code)}, а в строке {rows.get(key)} — {quoted(confirmed.get(key))}", "одна школа на название",
             "оставьте верную строку"),
        ]  # fmt: skip
        problems += [Problem(FILE, found, expected, advice, row=row, column=column)
                     for column, wrong, found, expected, advice in faults if wrong]  # fmt: skip
        if code in known:
            confirmed.setdefault(key, code)
            rows.setdefault(key, row)
    return confirmed, problems
