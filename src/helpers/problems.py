"""What is wrong with an input, said so that its owner can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

_COLUMN_IS_CALLED = {
    ".yml": "ключ",
    ".yaml": "ключ",
    "файл параметров": "ключ",
    ".ipynb": "параметр",
    ".py": "параметр",
}
"""What `column` names, by how the file's name ends; elsewhere a column of a table."""

_SHOWN_OF_A_KIND = 5
"""How many faults of one kind in one column are told one by one; the rest are counted."""


@dataclass(frozen=True)
class Problem:
    """One fault of one input file.

    Parameters
    ----------
    file : str
        File name as its owner knows it, or what else is at fault (`данные за 2024 год`).
    found, expected, advice : str
        What stands there, what should stand there, what to do (Russian).
    sheet, column : str, optional
        Sheet and column title; for a params file `column` is the key's path,
        for a notebook its parameter.
    row : int, optional
        Row number as a spreadsheet counts it, from 1, header included.
    """

    file: str
    found: str
    expected: str
    advice: str
    sheet: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = [f"файл {self.file}" if "." in self.file else self.file]
        if self.sheet:
            place.append(f"лист «{self.sheet}»")
        if self.row is not None:
            place.append(f"строка {self.row}")
        if self.column:
            words = [word for ending, word in _COLUMN_IS_CALLED.items() if self.file.endswith(ending)]
            place.append(f"{words[0] if words else 'столбец'} «{self.column}»")
        where = ", ".join(place)
        return f"{where[0].upper()}{where[1:]} — найдено: {self.found}; ожидалось: {self.expected}; {self.advice}."


class BadInput(Exception):
    """The data or the params cannot be accepted.

    Its text is the list of problems, one Russian sentence a line, so that it
    survives the way out of a notebook's kernel.
    """

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class NotebookFailed(Exception):
    """A cell of a notebook raised an error that is not the data's fault."""


class BrokenPage(Exception):
    """An executed notebook would publish less than it seems to."""


class BuildFailed(Exception):
    """Some parts of a build have failed: what each had to say, and the exit code of the first."""

    def __init__(self, code: int, messages: Iterable[str]) -> None:
        super().__init__("\n\n".join(messages))
        self.code = code


class MissingTool(Exception):
    """A program that the work needs is absent or has failed."""


def quoted(value: object, limit: int = 60) -> str:
    """Show a found value on one line inside Russian quotes, cut to `limit` characters."""
    text = "".join(char if char.isprintable() else " " for char in str(value)[: 10 * limit])
    text = " ".join(text.split())
    return f"«{text[:limit]}…»" if len(text) > limit else f"«{text}»"


def quoted_cell(text: str | None) -> str:
    """Show what stands in a cell as a found value; an empty cell in words."""
    return quoted(text) if text else "пустая ячейка"


def shortened(faults: list[Problem]) -> list[Problem]:
    """Tell the first few faults, count the rest."""
    first, rest = faults[:_SHOWN_OF_A_KIND], faults[_SHOWN_OF_A_KIND:]
    if len(rest) < 2:
        return faults
    return [*first, replace(rest[0], found=f"{rest[0].found} (ниже ещё ошибок: {len(rest) - 1})")]
