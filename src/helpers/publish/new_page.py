"""A page of an analyst's own: a working example to begin with (`report new-page`)."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import nbformat

from helpers import files
from helpers.problems import BadInput, Problem, quoted
from helpers.publish.pages import PAGES, all_notebooks

_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


def start_page(name: str, title: str) -> Path:
    """Write the example under a new name and title; no page is overwritten.

    Raises
    ------
    BadInput
        The name is none for an address of the site, or there is such a page.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            Problem(
                f"страница {quoted(name)}",
                "такое имя не годится",
                "строчные латинские буквы, цифры и дефисы: my-page",
                "дайте другое имя: оно станет именем тетради и адресом страницы",
            )
        )
    if taken := [path for path in all_notebooks() if path.stem == name]:
        raise BadInput(
            Problem(
                f"страница {quoted(name)}", f"тетрадь уже есть: {taken[0]}", "имя, которого ещё нет", "дайте другое имя"
            )
        )
    example = (resources.files("helpers.publish") / "templates" / "page.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(example, as_version=4)
    first = notebook.cells[0]
    first.source = first.source.replace("title: Моя страница", f"title: {_quoted(title)}")
    path = PAGES / f"{name}.ipynb"
    files.write(path, f"{nbformat.writes(notebook)}\n")
    return path


def menu_line(name: str, title: str) -> str:
    """The line of `_quarto.yml` that gives the page a place of its own in the menu."""
    return f"- {{href: {name}.qmd, text: {_quoted(title)}}}"


def _quoted(title: str) -> str:
    """A title as YAML takes it, whatever signs it has."""
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'
