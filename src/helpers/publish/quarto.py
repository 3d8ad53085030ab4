"""Render by Quarto: the first choice wherever it is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from helpers.problems import MissingTool

_ONE_BY_ONE = 3
"""Up to how many changed pages are rendered singly; more than that, the whole site is as quick."""


def find() -> str | None:
    """Path of the quarto command: `QUARTO_PATH`, the PATH, the pip package beside this Python; None if absent."""
    named = os.environ.get("QUARTO_PATH")
    if named:
        return shutil.which(named)
    return shutil.which("quarto") or shutil.which("quarto", path=str(Path(sys.executable).parent))


def identity() -> str:
    """Quarto's version: another one may render every page otherwise."""
    return _run("--version").stdout.strip()


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
    whole = changed is None or len(changed) > _ONE_BY_ONE
    for target in ["."] if whole else [f"{page}.qmd" for page in changed]:
        _run("render", target, "--to", "html", "--profile", f"{edition},report", cwd=source)
    return source / "_site"


def _run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
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
