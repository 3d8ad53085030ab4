"""A built page as its reader meets it: title, words, links, tables, charts. Both engines' pages are read alike."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag  # comes with nbconvert

_HIDDEN = ["script", "style", "noscript", "nav"]


@dataclass(frozen=True)
class Page:
    """One page of a built site, `name` such as `school/a.html`."""

    site: Path
    name: str

    @cached_property
    def html(self) -> BeautifulSoup:
        return BeautifulSoup((self.site / self.name).read_text(encoding="utf-8"), "html.parser")

    @property
    def main(self) -> Tag:
        return self.html.find("main")

    @property
    def titles(self) -> list[str]:
        return [_words(title) for title in self.html.find_all("h1")]

    @property
    def words(self) -> str:
        """All that stands in the main part, scripts and navigation aside."""
        copy = BeautifulSoup(str(self.main), "html.parser")
        for hidden in copy.find_all(_HIDDEN):
            hidden.decompose()
        return _words(copy)

    @property
    def links(self) -> list[tuple[str, str]]:
        return [(_words(a), self._target(a)) for a in self.main.find_all("a", href=True)]

    @property
    def contents(self) -> list[tuple[str, str]]:
        """Links to the page's own headings."""
        return [(_words(a), self._target(a)) for a in self.html.select(".page-nav a, #TOC a")]

    @property
    def anchors(self) -> set[str]:
        return {tag["id"] for tag in self.main.find_all(id=True)}

    @property
    def data(self) -> list[Any]:
        """What the charts and the searchable tables are drawn from."""
        scripts = self.main.find_all("script", class_=["chart-data", "table-data"])
        return [json.loads(script.string) for script in scripts]

    @property
    def tables(self) -> dict[str, list[list[str]]]:
        """Rows of each table by its id, the row of titles first."""
        return {
            box["id"]: [[_words(cell) for cell in row.find_all(["th", "td"])] for row in box.find_all("tr")]
            for box in self.main.find_all("div", class_="data-table")
        }

    @property
    def charts(self) -> dict[str, dict]:
        """The Plotly figure of each chart by its id."""
        return {
            figure["id"]: json.loads(figure.find("script", class_="chart-data").string)
            for figure in self.main.find_all("figure", class_="chart")
        }

    def _target(self, link: Tag) -> str:
        """An address from the site's root: `school/a.html#years`."""
        path, mark, anchor = link["href"].partition("#")
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), path)) if path else self.name
        return whole + mark + anchor


def pages(site: Path) -> dict[str, Page]:
    """All pages of a site by name."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return {name: Page(site, name) for name in names if not name.startswith("slides/")}  # slides are not pages


def _words(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())
