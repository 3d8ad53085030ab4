"""Render by Quarto: the first choice wherever it is found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from helpers import files
from helpers.problems import MissingTool

_ONE_BY_ONE = 3
"""Up to how many changed pages are rendered singly; more than that, the whole site is as quick."""


_MENDED = (
    # the name of a section is a link without an address, which no keyboard reaches; its arrow says the same again
    (re.compile(r'<a( class="sidebar-item-text sidebar-link text-start[^"]*" [^>]*?) role="navigation"([^>]*>.*?)</a>', re.DOTALL),
     r'<button type="button"\1\2</button>'),
    (re.compile(r'<a( class="sidebar-item-toggle [^>]*?) role="navigation"([^>]*?) aria-label="[^"]*">(.*?)</a>', re.DOTALL),
     r'<span\1\2 aria-hidden="true">\3</span>'),
    (re.compile(r'<a( class="flex-grow-1") role="navigation"([^>]*?) aria-label="[^"]*"([^>]*>\s*)</a>'),
     r'<span\1\2 aria-hidden="true"\3</span>'),
    (re.compile(r'<nav id="quarto-sidebar"(?! aria)'), '<nav id="quarto-sidebar" aria-label="Страницы"'),
    (re.compile(r'<nav class="quarto-secondary-nav"(?! aria)'), '<nav class="quarto-secondary-nav" aria-label="Меню"'),
    (re.compile(r'aria-label="breadcrumb"'), 'aria-label="Путь"'),
)  # fmt: skip
"""What Quarto's frame has that a keyboard or a screen reader stumbles over, and what takes its place."""
_SHORTCODE = re.compile(r"\\{\\{\\<(.*?)\\>\\}\\}")


def find() -> str | None:
    """Path of the quarto command: `QUARTO_PATH`, the PATH, the pip package beside this Python; None if absent."""
    named = os.environ.get("QUARTO_PATH")
    if named:
        return shutil.which(named)
    return shutil.which("quarto") or shutil.which("quarto", path=str(Path(sys.executable).parent))


def identity() -> str:
    """Quarto's version: another one may render every page otherwise."""
    return run("--version").stdout.strip()


def render(source: Path, edition: str, changed: list[str] | None) -> Path:
    """Render the website project in `source`.

    Parameters
    ----------
    changed : list of str or None
        Pages to render anew (paths without ending); None for all of them.

    Returns
    -------
    Path
        Folder of the rendered site.

    Raises
    ------
    MissingTool
        Quarto is absent or fails; its own words follow.
    """
    for page in source.rglob("*.qmd"):
        _make_title_literal(page)
    whole = changed is None or len(changed) > _ONE_BY_ONE
    for target in ["."] if whole else [f"{page}.qmd" for page in changed]:
        run("render", target, "--to", "html", "--profile", f"{edition},report", cwd=source)
    for page in (source / "_site").rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        if (mended := _mended(html)) != html:
            files.write(page, mended)
    return source / "_site"


def literal_title(title: str) -> str:
    """A title whose `{{< … >}}` stays text: in a title, unlike in prose, Quarto takes even an escaped one for a shortcode."""
    return _SHORTCODE.sub(lambda found: "{{{<" + re.sub(r"\\(.)", r"\1", found[1]) + ">}}}", title)


def _make_title_literal(page: Path) -> None:
    start, title, rest = page.read_text(encoding="utf-8").split("\n", 2)
    literal = literal_title(json.loads(title.removeprefix("title: ")))
    if (mended := f"title: {json.dumps(literal, ensure_ascii=False)}") != title:
        files.write(page, f"{start}\n{mended}\n{rest}")


def _mended(html: str) -> str:
    for found, instead in _MENDED:
        html = found.sub(instead, html)
    return html


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call the quarto command; it must end well."""
    program = find()
    if program is None:
        raise MissingTool(
            "Quarto не найден: установите его, укажите путь в переменной QUARTO_PATH или соберите сайт ключом --engine pandoc"
        )
    done = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode != 0:
        raise MissingTool(f"Quarto не собрал сайт:\n{done.stderr[-3000:]}")
    return done
