"""The sidebar: the entries of `_quarto.yml` that a report has pages for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Entry = dict[str, Any]
"""A page (href, text) or a section (section, contents)."""


def kept(contents: list[Entry], pages: Collection[str]) -> list[Entry]:
    """Entries whose page is among `pages` (`flags.qmd`), and sections with what is left of them; empty ones go."""
    left = []
    for entry in contents:
        if "contents" not in entry:
            left += [entry] if entry["href"] in pages else []
        elif within := kept(entry["contents"], pages):
            left.append({**entry, "contents": within})
    return left


def opened(contents: list[Entry], page: str) -> list[Entry]:
    """Entries with `current`: whether an entry is this page or a section that holds it."""
    marked = []
    for entry in contents:
        if "contents" in entry:
            within = opened(entry["contents"], page)
            marked.append({**entry, "contents": within, "current": any(item["current"] for item in within)})
        else:
            marked.append({**entry, "current": entry["href"] == page})
    return marked
