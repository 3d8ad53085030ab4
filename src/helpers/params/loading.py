"""Params files read from YAML, one laid over the other, and checked."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from helpers.params.base import ClosedModel
from helpers.params.faults import problem_of, shown
from helpers.params.whole import Params
from helpers.problems import BadInput, Problem, quoted


def load(path: Path, method: Path) -> Params:
    """Read a report's params over the method's rules.

    Parameters
    ----------
    path, method : Path
        The report's file and `params/method.yml`.

    Raises
    ------
    BadInput
        One problem for each wrong, missing or unknown key.

    Notes
    -----
    Where the report changes rules of a section and names no source, the method's source
    would vouch for values that are not its own: the source then says that there is none.
    """
    rules, own = _read_yaml(method), _read_yaml(path)
    for name, section in own.items():
        if isinstance(section, dict) and "source" in rules.get(name, {}):
            section.setdefault("source", f"{path.name}: {', '.join(section)} изменены, источник не назван")

    def blamed(loc: list[Any]) -> str:
        return (method if _stands_in(rules, loc) and not _stands_in(own, loc) else path).name

    return _validated(Params, _over(rules, own), blamed)


def load_yaml(path: Path, model: type[ClosedModel], pattern: str) -> ClosedModel:
    """Read a YAML file as a model; `pattern` is a file to write it after.

    Raises
    ------
    BadInput
        One problem for each wrong, missing or unknown key.
    """
    return _validated(model, _read_yaml(path, pattern), lambda _: path.name)


def _validated(model: type[ClosedModel], content: dict[str, Any], blamed: Callable[[list[Any]], str]) -> ClosedModel:
    """Check content against a model; `blamed` names the file where the value at a path stands."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = []
        for fault in error.errors():
            loc = [part for part in fault["loc"] if part != "[key]"]
            if fault["type"] == "invalid_key":
                loc[-1] = str(fault["input"]).lower()
            problems.append(problem_of(blamed(loc), loc, fault))
        raise BadInput(*problems) from None


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters of control and halves of characters: no page, no workbook can hold them."""


_LARGEST = 10**15
"""No number of the params is larger."""


class _RepeatedKey(yaml.MarkedYAMLError):
    """A key stands twice in one mapping, where YAML would quietly take the last."""


class _Unreadable(yaml.MarkedYAMLError):
    """A value is none of what its form or its tag promises."""


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
            raise _Unreadable(problem=quoted(getattr(node, "value", "")), problem_mark=node.start_mark) from None
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise _Unreadable(problem=f"число из {len(node.value)} знаков", problem_mark=node.start_mark)
        if isinstance(value, str) and _UNSEEN.search(value):
            raise _Unreadable(problem=f"управляющий знак в тексте {quoted(value)}", problem_mark=node.start_mark)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise _RepeatedKey(problem=f"второй ключ {quoted(name)}", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    """What a YAML text says; each of a build's pages opens the same few files, and parsing one costs more than the rest."""
    return yaml.load(text, _Loader)


def _read_yaml(path: Path, pattern: str = "params/california-2000.yml") -> dict[str, Any]:
    def fault(found: str, expected: str, advice: str, row: int | None = None) -> BadInput:
        return BadInput(Problem(file=path.name, row=row, found=found, expected=expected, advice=advice))

    try:
        content = copy.deepcopy(_parsed(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError:
        raise fault(
            "текст в другой кодировке", "файл YAML в кодировке UTF-8", "сохраните файл в кодировке UTF-8"
        ) from None
    except _RepeatedKey as error:
        row = error.problem_mark.line + 1
        raise fault(error.problem, "каждый ключ один раз", "оставьте один из двух ключей", row) from None
    except _Unreadable as error:
        row, expected = error.problem_mark.line + 1, "число, день или текст"
        raise fault(error.problem, expected, "исправьте значение или возьмите его в кавычки", row) from None
    except RecursionError:
        raise fault(
            "скобки или отступы глубже всякой меры", "ключи в два-три уровня", "исправьте скобки и отступы"
        ) from None
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # the latter of tags that promise another form
        mark = getattr(error, "problem_mark", None)
        raise fault(
            "текст, который не читается как YAML",
            "строки вида «ключ: значение» с отступами из пробелов",
            "проверьте отступы, двоеточия, скобки и кавычки" + (" здесь и строкой выше" if mark else ""),
            mark.line + 1 if mark else None,
        ) from None
    if not isinstance(content, dict):
        raise fault(
            "пустой файл" if content is None else shown(content),
            "набор ключей со значениями",
            f"возьмите за образец {pattern}",
        )
    return content


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Lay `top` over `base`, section by section."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _stands_in(content: Any, loc: list[Any]) -> bool:
    """Whether a file's content has a value at the path `loc`."""
    for part in loc:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
