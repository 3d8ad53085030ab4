"""What is wrong with an input, said so that its owner can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault of one input file.

    Parameters
    ----------
    file : str
        File name as its owner knows it.
    found, expected, advice : str
        What stands there, what should stand there, what to do (Russian).
    sheet, column : str, optional
        Sheet and column title; for a params file `column` is the key's path.
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
        place = [f"файл {self.file}"]
        if self.sheet:
            place.append(f"лист «{self.sheet}»")
        if self.row is not None:
            place.append(f"строка {self.row}")
        if self.column:
            place.append(
                f"столбец «{self.column}»" if not self.file.endswith((".yml", ".yaml")) else f"ключ «{self.column}»"
            )
        where = ", ".join(place)
        return f"{where[0].upper()}{where[1:]}: найдено {self.found}, ожидалось {self.expected}; {self.advice}."


class BadInput(Exception):
    """The data or the params cannot be accepted.

    Its text is the list of problems, one Russian sentence a line, so that it
    survives the way out of a notebook's kernel.
    """

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class MissingTool(Exception):
    """A program that the work needs is absent or has failed."""


def quoted(value: object, limit: int = 60) -> str:
    """Show a found value inside Russian quotes, cut to `limit` characters."""
    text = str(value)
    return f"«{text[:limit]}…»" if len(text) > limit else f"«{text}»"
