"""The answers of municipalities and schools, as they come back in the workbook of questions, into proposed corrections."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import ClassVar, TypeVar

import yaml

from helpers import files
from helpers.intake.corrections import FILE, Correction
from helpers.intake.fields import NotADay, is_day, is_number, parse_day
from helpers.intake.numbers import NotANumber, parse_number
from helpers.intake.sheets import Cells, read_cells
from helpers.problems import BadInput, Problem, quoted, quoted_cell
from helpers.report import PROPOSED

T = TypeVar("T")
QUESTIONS, KEYS, COVER = "Вопросы", "Служебный", "Что нужно сделать"
"""Sheets of the workbook: the questions, the places they are about (hidden), what is asked of whom."""
NUMBER, ANSWER, REMARK = "№", "Ответ", "Пояснение"
"""Columns of the questions by which an answer is read."""
WHO = "Кто заполнил (должность)"
RIGHT, NO_DATA, DROP, RESENT = "верно", "данных нет", "удалить строку", "пришлём файл"
"""Answers that are no value."""
KEY_COLUMNS = ["number", "file", "year", "sheet", "row", "school_id", "cells", "found", "whose"]
"""Columns of the hidden sheet; `cells` is a JSON list of titles, fields and texts."""


@dataclass(frozen=True)
class Question:
    """One row of the workbook: the place that it asks about, as it was when the workbook was written, and the answer."""

    place: Mapping[str, str]
    row: int
    answer: str
    remark: str

    @property
    def cells(self) -> list[list[str]]:
        """Title, field and text of the cells at fault; none where the fault is of a whole row or file."""
        return [cell for cell in json.loads(self.place["cells"]) if cell[1]]

    @property
    def guard(self) -> str:
        """The first filled of the cells that say which row is meant."""
        return next(filter(None, (text for _, _, text in json.loads(self.place["cells"]))), "")


@dataclass
class Answers:
    """What a returned workbook says: proposed corrections, answers that mend nothing here, rows that cannot be taken."""

    proposed: list[Correction] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)
    empty: int = 0


class _Unclear(ValueError):
    """The answer cannot be taken: what was expected, and what to do."""


def read_answers(path: Path, there: Sequence[Correction] = ()) -> Answers:
    """Read a returned workbook.

    Parameters
    ----------
    path : Path
    there : sequence of Correction
        Those of the report already: what they mend is not proposed again.

    Raises
    ------
    BadInput
        The file is not a workbook of questions.
    """
    questions, who = _questions(path)
    answers = Answers()
    said: list[tuple[Question, list[Correction]]] = []
    for one in questions:
        if not one.answer:
            answers.empty += not one.remark
            if one.remark:
                answers.unread.append(_problem(path, one, f"ответа нет, есть пояснение {quoted(one.remark)}",
                                               "ответ", "решите сами по пояснению"))  # fmt: skip
            continue
        try:
            said.append((one, _corrections(one, f"книга {path.name}, строка {one.row}", who)))
        except _Unclear as unclear:
            answers.unread.append(_problem(path, one, quoted(one.answer), *unclear.args))
    claims = [(one.row, claim) for one, corrections in said for claim in _claims(one, corrections)]
    taken: dict[tuple, Correction] = {}
    for one, corrections in said:
        own = _claims(one, corrections)
        others = sorted({row for row, claim in claims if row != one.row and any(claim.denies(mine) for mine in own)})
        numbers = [
            str(number)
            for number, record in enumerate(there, start=1)
            if any(_mends(record, one, mine) for mine in own)
        ]
        if others:
            found = f"{quoted(one.answer)}, а в строке {', '.join(map(str, others))} о том же месте другое"
            answers.unread.append(_problem(path, one, found, "одно значение", "спросите, какое верно"))
        elif numbers and corrections:
            answers.unread.append(_problem(path, one, quoted(one.answer), "место без исправления",
                                           f"его исправляет запись {numbers[0]} в {FILE}: решите, какая верна"))  # fmt: skip
        elif corrections:
            taken |= {(record.file, record.sheet, record.row, record.column): record for record in corrections}
        else:
            answers.kept.append(f"№ {one.place['number']} ({_place(one)}): {_with_remark(one)}")
    answers.proposed += taken.values()
    return answers


def propose(place: Mapping[str, str], answer: str, remark: str, source: str, author: str) -> list[Correction]:
    """Corrections that an answer to one finding proposes.

    Parameters
    ----------
    place : mapping
        The place that the finding is about, by `KEY_COLUMNS`.
    answer, remark : str
        As they would stand in the workbook of questions.
    source, author : str
        Where and by whom the answer was given.

    Raises
    ------
    BadInput
        The answer cannot be taken.
    """
    try:
        return _corrections(Question(place, 0, answer, remark), source, author)
    except _Unclear as unclear:
        raise BadInput(Problem(place["file"], quoted(answer), *unclear.args)) from None


def proposed_text(proposed: Iterable[Correction], name: str) -> str:
    """Corrections as they stand in `corrections.yml`, with a word on where they come from."""
    records = [one.model_dump(exclude_defaults=True) for one in proposed]
    text = yaml.safe_dump({"corrections": records}, allow_unicode=True, sort_keys=False)
    return f"# Предложено по ответам книги {name}: проверьте записи и перенесите их в {FILE}.\n{text}"


def write_proposed(folder: Path, text: str) -> Path:
    """Write proposed corrections beside `corrections.yml`, under a name that is free."""
    names = (PROPOSED.replace("*", "" if number == 1 else f"-{number}") for number in count(1))
    path = next(folder / name for name in names if not (folder / name).exists())
    files.write(path, text)
    return path


def _questions(path: Path) -> tuple[list[Question], str]:
    """Rows of the questions with the places they are about, and who has answered."""
    keys = {row["number"]: row for _, row in _rows(_sheet(path, KEYS), KEY_COLUMNS, path)}
    questions, faults = [], []
    for number, row in _rows(_sheet(path, QUESTIONS), [NUMBER, ANSWER, REMARK], path):
        key = row[NUMBER].removesuffix(".0")
        if key in keys:
            questions.append(Question(keys[key], number, row[ANSWER], row[REMARK]))
        elif row[ANSWER] or row[REMARK]:
            faults.append(Problem(path.name, quoted_cell(row[NUMBER]), "номер вопроса", "восстановите номер: по нему "
                                  "находится место, к которому относится ответ", QUESTIONS, number, NUMBER))  # fmt: skip
    again = [one for place, one in enumerate(questions) if one.place in [q.place for q in questions[:place]]]
    faults += [Problem(path.name, f"номер {one.place['number']} второй раз", "каждый номер один раз",
                       "оставьте одну из строк", QUESTIONS, one.row, NUMBER) for one in again]  # fmt: skip
    if faults:
        raise BadInput(*faults)
    cover = {row[0]: row[1] for _, row in _sheet(path, COVER).rows if len(row) > 1}
    return questions, cover.get(WHO, "")


def _sheet(path: Path, name: str) -> Cells:
    try:
        return read_cells(path, name).sheets[0]
    except BadInput as error:
        if path.is_file() and "такого листа нет" in str(error):
            raise _foreign(path, f"листа {quoted(name)} нет") from None
        raise


def _rows(cells: Cells, wanted: Sequence[str], path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows under the titles, the wanted columns only; the titles may have been moved."""
    start = next((place for place, (_, row) in enumerate(cells.rows) if set(wanted) <= set(row)), None)
    if start is None:
        raise _foreign(path, f"на листе {quoted(cells.sheet)} нет столбцов {', '.join(map(quoted, wanted))}")
    places = {title: cells.rows[start][1].index(title) for title in wanted}
    return [(number, {title: row[place] for title, place in places.items()}) for number, row in cells.rows[start + 1 :]]


def _foreign(path: Path, found: str) -> BadInput:
    return BadInput(Problem(path.name, found, "книга с вопросами, которую пишет report check --protocol",
                            "попросите ответить в той книге, которая была отправлена"))  # fmt: skip


def _corrections(one: Question, source: str, who: str) -> list[Correction]:
    """What an answer proposes; nothing where it says that all is right or that a file will come."""
    answer = one.answer.strip().rstrip(".").casefold()
    if answer in (RIGHT, RESENT):
        return []
    if not one.place["row"]:
        raise _Unclear(f"«{RIGHT}» или «{RESENT}»", "вопрос не об одной строке: решите сами по ответу")
    record = {
        "file": one.place["file"], "year": int(one.place["year"]), "sheet": one.place["sheet"],
        "row": int(one.place["row"]), "author": who or one.place["whose"], "source": source,
        "reason": one.remark or f"ответ на замечание: {one.place['found']}",
    }  # fmt: skip
    if answer == DROP:
        if not one.guard:
            raise _Unclear("строка с заполненной ячейкой", f"запишите удаление в {FILE} сами")
        return [Correction(**record, action="drop", expect=one.guard)]
    if not one.cells:
        raise _Unclear(f"«{RIGHT}», «{DROP}» или «{RESENT}»", "вопрос не об одной ячейке: решите сами по ответу")
    if answer == NO_DATA:
        return [Correction(**record, action="blank", column=title, expect=text) for title, _, text in one.cells]
    values = [value.strip() for value in re.split(r"[;\n]", one.answer)]
    if len(values) != len(one.cells):
        raise _Unclear(f"значений {len(one.cells)}, через точку с запятой", "спросите, какие верны")
    changed = [
        Correction(**record, action="override", column=title, expect=text, value=value)
        for (title, name, text), value in zip(one.cells, (_value(*pair) for pair in zip(one.cells, values, strict=True)),
                                              strict=True)
        if not _equal(text, value)
    ]  # fmt: skip
    if not changed:
        raise _Unclear("значение, которого в файле нет", f"в файле уже это; если ошибки нет, ответ — «{RIGHT}»")
    return changed


def _read(parse: Callable[[str], T | None], answer: str, expected: str, advice: str) -> T:
    """An answer as a number or a day; an empty one is none."""
    try:
        read = parse(answer)
    except (NotANumber, NotADay):
        read = None
    if read is None:
        raise _Unclear(expected, advice)
    return read


def _value(cell: tuple[str, str, str], answer: str) -> str | int | float:
    """An answer as the cell's field wants it: one number, one day, a text without doubt."""
    _, name, _ = cell
    if is_number(name):
        number = _read(parse_number, answer, "одно число", "спросите, какое число верно")
        return int(number) if number == int(number) else number
    if is_day(name):
        return f"{_read(parse_day, answer, 'день вида 01.09.2020', 'спросите, какой день верен'):%d.%m.%Y}"
    if not answer or "?" in answer:
        raise _Unclear("одно значение", "спросите, что верно")
    return answer


def _equal(text: str, value: str | int | float) -> bool:
    try:
        return parse_number(text) == float(value)
    except (NotANumber, ValueError):
        return text == str(value)


@dataclass(frozen=True)
class _Claim:
    """What an answer says of a cell or, without a column, of a row."""

    DROP: ClassVar[str] = "drop"
    row: tuple[str, str, str]
    column: str
    what: str

    def denies(self, other: _Claim) -> bool:
        """Whether both cannot be true: two values of one cell, or a row that is right and one too many."""
        same = self.row == other.row and (self.column == other.column or _Claim.DROP in (self.what, other.what))
        return same and self.what != other.what


def _claims(one: Question, corrections: Sequence[Correction]) -> list[_Claim]:
    row = (one.place["file"], one.place["sheet"], one.place["row"])
    if corrections:
        return [_Claim(row, record.column, f"{record.action} {record.value or ''}".strip()) for record in corrections]
    right = row[2] and one.answer.strip().rstrip(".").casefold() == RIGHT
    return [_Claim(row, title, RIGHT) for title, _, _ in one.cells or [("", "", "")]] if right else []


def _mends(record: Correction, one: Question, claim: _Claim) -> bool:
    """Whether a correction of the report already speaks of what is claimed."""
    here = record.school == one.place["school_id"] if record.school else str(record.row) == claim.row[2]
    file, sheet, _ = claim.row
    same = record.file == file and record.sheet in ("", sheet) and here
    return same and (record.column == claim.column or record.action == "drop" or claim.what == _Claim.DROP)


def _place(one: Question) -> str:
    row = f", строка {one.place['row']}" if one.place["row"] else ""
    return f"{one.place['file']}{row}"


def _with_remark(one: Question) -> str:
    return f"{one.answer} — {one.remark}" if one.remark else one.answer


def _problem(path: Path, one: Question, found: str, expected: str, advice: str) -> Problem:
    whole = f"{found}; речь о {_place(one)}, {one.place['whose']}"
    return Problem(path.name, whole, expected, advice, QUESTIONS, one.row, ANSWER)
