"""The page above the sites of reports, which lie side by side: a list of them, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader

from helpers import files
from helpers.publish import manifest

PAGE = "index.html"
_MARK = '<meta name="generator" content="school-context-report">'
_TEMPLATES = Environment(loader=PackageLoader("helpers.publish"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def page(manifests: Mapping[str, str]) -> str:
    """HTML of the list.

    Parameters
    ----------
    manifests : mapping of str to str
        Text of each site's `manifest.json` by the site's folder; what is no manifest of ours is passed over.
    """
    read = ((folder, manifest.read(text)) for folder, text in manifests.items())
    sites = [{"folder": folder, **content} for folder, content in read if content]
    sites.sort(key=lambda site: (site["years"][-1], site["folder"]), reverse=True)
    return _TEMPLATES.get_template("shelf.html").render(sites=sites)


def is_ours(html: str) -> bool:
    """Whether a page was made here: another's first page is never written over."""
    return _MARK in html


def renew(folder: Path) -> None:
    """Write the list of the sites that stand in `folder`, unless its first page is another's."""
    target = folder / PAGE
    if target.is_file() and not is_ours(target.read_text(encoding="utf-8", errors="replace")):
        return
    found = {path.parent.name: path.read_text(encoding="utf-8", errors="replace")
             for path in sorted(folder.glob(f"*/{manifest.FILE}"))
             if path.parent.suffix not in (files.NEW, files.OLD)}  # fmt: skip
    text = page(found)
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return
    files.write(target, text)
