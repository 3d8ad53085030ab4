"""Search over a finished site: Pagefind's index of its pages, in pieces that a browser fetches as they are asked for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from markupsafe import escape
from pagefind_bin import get_executable

from helpers import files
from helpers.problems import MissingTool

FOLDER = "pagefind"
_NUMBERED = re.compile(r"([^\W\d_]+) *№ *(\d+)")
"""What a school is and its number, in its name."""
_UNSEEN = "nav, script, style, noscript, select, .table-tools, .chart-numbers, #TOC"
"""What is not a page's own text, or says again what stands beside it."""
_UNUSED = ("component-ui", "modular-ui", "highlight")
"""Pagefind's other faces, which the pages do not show."""


def facts(page: str, title: str) -> str:
    """An element that no reader sees and that tells the search by which number a school is called; empty of other pages.

    A number alone stands on every page, and its beginning in more: «СШ № 1» is found by `сш1` and `школа1`, as the box
    writes what a reader asks for (assets/search.js).
    """
    numbered = _NUMBERED.search(title) if page.startswith("school/") else None
    if not numbered:
        return ""
    word, number = numbered[1].lower(), numbered[2]
    names = " ".join(dict.fromkeys([f"{word}{number}", f"школа{number}"]))
    return f'<span hidden data-pagefind-weight="10">{escape(names)}</span>'


def index(site: Path) -> None:
    """Put the index of all pages of a site into its `pagefind/`; the same pages give the same bytes.

    There are no filters: Pagefind writes their values in an order that is another one at each run.

    Raises
    ------
    MissingTool
        Pagefind fails; its own words follow.
    """
    made = site / FOLDER
    files.remove_folder(made)
    command = [get_executable(), "--site", site, "--glob", "{*.html,municipality/*.html,school/*.html}",
               "--root-selector", "main", "--exclude-selectors", _UNSEEN, "--keep-index-url", "--quiet"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode != 0:
        raise MissingTool(f"Pagefind не составил указатель для поиска:\n{(done.stderr + done.stdout)[-3000:]}")
    for name in _UNUSED:
        for file in made.glob(f"pagefind-{name}.*"):
            files.remove(file)
