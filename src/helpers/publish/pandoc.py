"""Render by pandoc: the same pages, navigation and contents where Quarto is absent."""

from __future__ import annotations

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import pypandoc
import yaml
from jinja2 import Environment, PackageLoader

from helpers.problems import MissingTool

_TEMPLATES = Environment(loader=PackageLoader("helpers.publish"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def identity() -> str:
    """Hash of what renders every page: pandoc's version and the templates."""
    templates = sorted((resources.files("helpers.publish") / "templates").iterdir(), key=lambda item: item.name)
    parts = [pypandoc.get_pandoc_version().encode(), *(item.read_bytes() for item in templates)]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def render(source: Path, edition: str, changed: list[str] | None) -> Path:
    """Render the website project in `source`; parameters and result as `quarto.render`."""
    output = source.with_name("pandoc")
    settings = configuration(source, edition)
    pages = (
        changed if changed is not None else [p.relative_to(source).with_suffix("").as_posix() for p in _sources(source)]
    )
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda page: _render_page(source, output, page, settings), pages):
            pass
    return output


def _sources(source: Path) -> list[Path]:
    return sorted(path for path in source.rglob("*.qmd") if "_site" not in path.parts)


def configuration(source: Path, edition: str) -> dict[str, Any]:
    """`_quarto.yml` with the profiles of the edition and the report laid over it."""
    merged: dict[str, Any] = {}
    for name in ("_quarto.yml", f"_quarto-{edition}.yml", "_quarto-report.yml"):
        merged = _merge(merged, yaml.safe_load((source / name).read_text(encoding="utf-8")) or {})
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
    html = settings["format"]["html"]
    template = resources.files("helpers.publish") / "templates" / "parts.html"
    options = ["--to=html5", "--mathml", "--toc", f"--toc-depth={html['toc-depth']}", f"--template={template}"]
    plain_title, title, contents, body = _pandoc(source / f"{page}.qmd", options).split("\n<!-- part -->\n", 3)
    text = _TEMPLATES.get_template("page.html").render(
        plain_title=plain_title,
        title=title,
        site=settings["website"],
        lang=settings["lang"],
        css=html["css"],
        root="../" * page.count("/"),
        links=[{"href": item["href"].replace(".qmd", ".html"), "text": item["text"]}
               for item in settings["website"]["sidebar"]["contents"]],
        current=f"{page}.html",
        body=body,
        contents=contents,
    )  # fmt: skip
    target = output / f"{page}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", newline="\n")


def _pandoc(page: Path, options: list[str]) -> str:
    done = subprocess.run(
        [pypandoc.get_pandoc_path(), "--from=markdown", "--wrap=none", *options, str(page)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise MissingTool(f"pandoc не собрал страницу {page.name}:\n{done.stderr[-3000:]}")
    return done.stdout
