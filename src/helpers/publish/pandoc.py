"""Render by pandoc: the same pages, navigation and contents where Quarto is absent."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import pypandoc
import yaml
from jinja2 import Environment, PackageLoader

from helpers import files
from helpers.problems import MissingTool
from helpers.publish.navigation import opened

_TEMPLATES = Environment(loader=PackageLoader("helpers.publish"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def identity() -> str:
    """Hash of what renders every page: pandoc's version and the templates."""
    templates = sorted((resources.files("helpers.publish") / "templates").iterdir(), key=lambda item: item.name)
    parts = [pypandoc.get_pandoc_version().encode(), *(item.read_bytes() for item in templates)]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def render(source: Path, edition: str, changed: list[str] | None) -> Path:
    """Render the website project in `source`; parameters and result as `quarto.render`."""
    output = source.with_name("pandoc")
    settings = configuration({path.name: path.read_bytes() for path in source.glob("_quarto*.yml")}, edition)
    pages = changed if changed is not None else _pages(source)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda page: _render_page(source, output, page, settings), pages):
            pass
    return output


def _pages(source: Path) -> list[str]:
    sources = (path.relative_to(source) for path in source.rglob("*.qmd"))
    return sorted(path.with_suffix("").as_posix() for path in sources if "_site" not in path.parts)


def configuration(files: Mapping[str, bytes], edition: str) -> dict[str, Any]:
    """`_quarto.yml` with the profiles of the edition and the report laid over it."""
    merged: dict[str, Any] = {}
    for name in ("_quarto.yml", f"_quarto-{edition}.yml", "_quarto-report.yml"):
        merged = _merge(merged, yaml.safe_load(files[name]) or {})
    return merged


def _merge(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Lay one profile over another as Quarto does: tables key by key, lists joined."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _merge(below, value)
        elif isinstance(below, list) and isinstance(value, list):
            merged[key] = below + [item for item in value if item not in below]
        else:
            merged[key] = value
    return merged


def _render_page(source: Path, output: Path, page: str, settings: dict[str, Any]) -> None:
    text = page_html((source / f"{page}.qmd").read_text(encoding="utf-8"), page, settings)
    files.write(output / f"{page}.html", text)


def page_html(markdown: str, page: str, settings: dict[str, Any], searched: bool = True) -> str:
    """A whole page of the site from its Markdown; `page` is its path without ending, `searched` whether it has a search box."""
    html = settings["format"]["html"]
    plain_title, title, contents, body = parts(markdown, page, "--toc", f"--toc-depth={html['toc-depth']}")
    return _TEMPLATES.get_template("page.html").render(
        plain_title=plain_title,
        title=title,
        site=settings["website"],
        lang=settings["lang"],
        css=html["css"],
        searched=searched,
        root="../" * page.count("/"),
        entries=opened(settings["website"]["sidebar"]["contents"], f"{page}.qmd"),
        body=body,
        contents=contents,
    )  # fmt: skip


def parts(markdown: str, page: str, *options: str) -> list[str]:
    """A page's title as plain text and as HTML, its contents and its body."""
    template = resources.files("helpers.publish") / "templates" / "parts.html"
    html = convert(markdown, page, "--from=markdown", "--to=html5", "--mathml", f"--template={template}", *options)
    return html.decode().split("\n<!-- part -->\n", 3)


def convert(text: str, name: str, *options: str) -> bytes:
    """What pandoc makes of a text; `name` says in a message which it was."""
    command = [pypandoc.get_pandoc_path(), "--wrap=none", "--eol=lf", *options, "--output=-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise MissingTool(f"pandoc не собрал страницу {name}:\n{done.stderr.decode(errors='replace')[-3000:]}")
    return done.stdout
