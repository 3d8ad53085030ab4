"""Counts of schools that sentences of the built pages and slides tell of a territory or of the project.

What a page computes it computes from the edition's tables, which are read anyway; a sentence may hold besides what somebody
typed: «В Палане 2 школы ниже ожидаемого», «3 школы проекта ниже ожидаемого». Only what is said so is understood: the number,
the word «школ», the conclusion and beside them the project or, in the sentence or the page's heading, a published territory.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
from bs4 import BeautifulSoup

SCHEMA = {"page": pl.String, "sentence": pl.String, "who": pl.String, "direction": pl.String, "schools": pl.Int64}
MEMBERS, OTHERS = "members", "others"
"""`who` of the project's schools and of the rest; else the group's id."""
_CONCLUSION = r"(?P<{}>ниже|выше) ожидаемого"
_SCHOOLS = r"(?P<{}>\d+)\s+школ\w*(?:\s+(?P<{}>вне\s+)?(?P<{}>проекта))?"
_SAID = re.compile(
    "|".join(
        [
            rf"{_SCHOOLS.format('n1', 'out1', 'in1')}\W{{1,4}}{_CONCLUSION.format('c1')}",
            rf"{_CONCLUSION.format('c2')}\W{{1,4}}{_SCHOOLS.format('n2', 'out2', 'in2')}",
        ]
    ),
    re.IGNORECASE,
)
_DIRECTIONS = {"ниже": "below", "выше": "above"}
_BLOCKS = ["p", "li", "td", "th", "figcaption", "h1", "h2", "h3", "title"]


def read_pages(folder: Path, groups: pl.DataFrame) -> pl.DataFrame:
    """Every such count on the pages and slides of a folder: built ones or their sources.

    Parameters
    ----------
    groups : DataFrame
        Table `groups`.

    Returns
    -------
    DataFrame
        page, sentence, who, direction, schools.
    """
    names = dict(groups.select("group_name", "group_id").iter_rows())
    rows = [
        (path.relative_to(folder).as_posix(), *said)
        for ending in ("qmd", "html")
        for path in sorted(folder.rglob(f"*.{ending}"))
        for said in counts(path.read_text(encoding="utf-8"), names)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def counts(text: str, names: dict[str, str]) -> list[tuple[str, str, str, int]]:
    """What one page tells: sentence, who, direction, schools; `names` are groups by the name that they are published under."""
    if not _SAID.search(text.replace("**", "")):
        return []
    title, sentences = _read(text)
    found = []
    for sentence in sentences:
        for said in _SAID.finditer(sentence):
            parts = {name.rstrip("12"): value for name, value in said.groupdict().items() if value}
            place = next((key for name, key in names.items() if name in sentence), names.get(title))
            who = (OTHERS if "out" in parts else MEMBERS) if "in" in parts else place
            if who:
                found.append((sentence, who, _DIRECTIONS[parts["c"].lower()], int(parts["n"])))
    return found


def _read(text: str) -> tuple[str, list[str]]:
    """A page's heading and its sentences, without markup."""
    page = BeautifulSoup(text, "html.parser")
    for tag in page(["script", "style"]):
        tag.decompose()
    for tag in page(_BLOCKS):
        tag.append("\n")
    plain = page.get_text().replace("**", "").replace("\u00a0", " ")
    heading = (
        page.h1.get_text().strip()
        if page.h1
        else next(iter(re.findall(r'^(?:# |title: "?)([^"\n]+)', plain, re.MULTILINE)), "")
    )
    return heading.strip(), [part.strip() for part in re.split(r"[.!?;]\s|\n", plain) if part.strip()]
