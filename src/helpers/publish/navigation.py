"""The sidebar: the entries of `_quarto.yml` that a report has pages for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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


def placed(contents: list[Entry], others: Mapping[str, tuple[str, str]]) -> list[Entry]:
    """Entries, and after them those that nobody has placed: `others` by page (`mine.qmd`), title and section.

    A page goes to the end of its section, which is made if there is none; without a section to the end of the menu.
    """
    made = [{**entry, "contents": [*entry["contents"]]} if "contents" in entry else entry for entry in contents]
    for page, (title, section) in others.items():
        entry = {"href": page, "text": title}
        within = next((entry["contents"] for entry in made if section and entry.get("section") == section), made)
        within.append({"section": section, "contents": [entry]} if section and within is made else entry)
    return made


def pages(contents: Iterable[Entry]) -> Iterator[Entry]:
    """The entries that are pages, from the first to the last."""
    for entry in contents:
        if "contents" in entry:
            yield from pages(entry["contents"])
        else:
            yield entry


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
