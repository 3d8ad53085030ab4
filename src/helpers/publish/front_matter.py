"""What a page notebook says of itself in its first cell, a raw one, as Quarto's documents do.

---
title: Тренды
editions: [internal, open, protected]
needs: [outcome]
section: Мониторинг
---
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from helpers import tables
from helpers.problems import BadInput, Problem, quoted

SIGHTS = {
    "internal": "внутренняя", "open": "открытая, если данные открыты", "protected": "открытая, если данные закрыты",
}  # fmt: skip
"""Who may see a page: names of `Report.sight`."""
_FENCE = "---"
_EXAMPLE = "ячейка вида Raw: ---, title: Название, editions: [internal, open, protected], ---"


class FrontMatter(BaseModel):
    """What a page is called, who sees it, without which data there is no such page, where it stands.

    Attributes
    ----------
    title : str
        Empty where the notebook makes it from the data (`# …`, the first thing it shows).
    editions : list of str
        Of `SIGHTS`.
    needs : list
        Tables, or parts of them (`{support_counts: {topic: risk}}`): where none that the edition sees has a row, the page is
        left out. None are asked for if it is empty.
    section : str
        Section of the menu for a page that `_quarto.yml` does not name; the end of the menu if empty.
    """

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    editions: list[str] = Field(min_length=1)
    needs: list[str | dict[str, dict[str, Any]]] = []
    section: str = ""

    @property
    def parts(self) -> list[tuple[str, dict[str, Any]]]:
        """The tables of `needs`, each with the values its rows must have."""
        return [next(iter(need.items())) if isinstance(need, Mapping) else (need, {}) for need in self.needs]


def front_matter(path: Path) -> FrontMatter:
    """What a page notebook says of itself.

    Raises
    ------
    BadInput
        The file is no notebook, or its first cell does not say it.
    """
    stat = path.stat()
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, *_: int) -> FrontMatter:  # a notebook that is written anew has another time or size
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = "".join(cells[0]["source"]) if cells[0]["cell_type"] == "raw" else ""
    except (ValueError, KeyError, IndexError, TypeError):
        raise _refused(path, "файл не читается", "тетрадь Jupyter", "откройте и сохраните её в JupyterLab") from None
    return of_text(path, source)


def of_text(path: Path, source: str) -> FrontMatter:
    """The front matter that stands in a cell; errors as `front_matter`."""
    lines = source.strip().splitlines()
    if len(lines) < 2 or lines[0].strip() != _FENCE or lines[-1].strip() != _FENCE:
        raise _refused(path, "первая ячейка не говорит, что это за страница", _EXAMPLE, "допишите её перед остальными")
    try:
        found = FrontMatter.model_validate(yaml.safe_load("\n".join(lines[1:-1])) or {})
    except yaml.YAMLError:
        raise _refused(
            path, "строки между --- не читаются", _EXAMPLE, "проверьте двоеточия, отступы, кавычки"
        ) from None
    except ValidationError as error:
        raise BadInput(*(_problem(path, fault) for fault in error.errors())) from None
    strange = [name for name in found.editions if name not in SIGHTS]
    unknown = [name for name, _ in found.parts if name not in tables.NAMES]
    if strange or unknown:
        raise BadInput(
            *(_fault(path, "editions", quoted(name), f"одна из: {', '.join(SIGHTS)}") for name in strange),
            *(_fault(path, "needs", quoted(name), "имя таблицы отчёта, как в словаре столбцов") for name in unknown),
        )
    return found


def _problem(path: Path, fault: Mapping[str, Any]) -> Problem:
    key, known = str(fault["loc"][0]) if fault["loc"] else "", ", ".join(FrontMatter.model_fields)
    if fault["type"] == "extra_forbidden":
        return _fault(path, key, "неизвестный ключ", f"один из: {known}")
    if fault["type"] == "missing":
        return _fault(path, key, "ключа нет", f"какие редакции показывают страницу: {', '.join(SIGHTS)}")
    return _fault(
        path,
        key,
        quoted(fault["input"]),
        {"title": "текст", "section": "текст"}.get(key, "список в квадратных скобках"),
    )


def _fault(path: Path, key: str, found: str, expected: str) -> Problem:
    return Problem(path.name, column=key, found=found, expected=expected, advice="исправьте первую ячейку тетради")


def _refused(path: Path, found: str, expected: str, advice: str) -> BadInput:
    return BadInput(Problem(path.name, found=found, expected=expected, advice=advice))
