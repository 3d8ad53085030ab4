"""What a reader may search for on a site that Quarto has not made: the text of its pages, section by section."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

_UNSEEN = {"script", "style", "noscript", "nav", "select"}
"""Elements whose text a reader does not see, or not as a text."""


def search_index(pages: Mapping[str, str]) -> str:
    """A script that gives `searchIndex`: a list of [address, page's title, section's title, text].

    Parameters
    ----------
    pages : mapping of str to str
        HTML by address within the site.

    Notes
    -----
    A script and not JSON: a browser that has opened the site from a folder reads scripts, but no other file.
    """
    entries = [entry for address, html in pages.items() for entry in _sections(address, html)]
    return f"searchIndex = {json.dumps(entries, ensure_ascii=False, separators=(',', ':'))};\n"


def _sections(address: str, html: str) -> list[list[str]]:
    reader = _Reader()
    reader.feed(html)
    title, *rest = ((anchor, " ".join("".join(text).split()), " ".join("".join(body).split()))
                    for anchor, text, body in reader.sections)  # fmt: skip
    named = [[f"{address}#{anchor}", title[1], heading, body] for anchor, heading, body in rest]
    return [[address, title[1], "", title[2]], *named]


class _Reader(HTMLParser):
    """Gathers (anchor, heading, text) of the sections of `main`; the first is the page's own."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[tuple[str, list[str], list[str]]] = [("", [], [])]
        self._within_main = False
        self._unseen = 0
        self._heading = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, Any]]) -> None:
        own = dict(attributes)
        if tag == "main":
            self._within_main = True
        elif tag in _UNSEEN:
            self._unseen += 1
        elif tag == "h1":
            self._heading = True
        elif tag == "h2" and own.get("id"):
            self.sections.append((own["id"], [], []))
            self._heading = True
        self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._within_main = False
        elif tag in _UNSEEN:
            self._unseen -= 1
        elif tag in ("h1", "h2"):
            self._heading = False
        self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if self._within_main and not self._unseen:
            _, heading, body = self.sections[-1]
            (heading if self._heading else body).append(data)
