"""Counts of schools that sentences and tables of the built pages and slides tell of a territory or of the project.

What a page computes it computes from the edition's tables, which are read anyway; a page may hold besides what somebody
typed: «В Палане 2 школы ниже ожидаемого», «3 школы проекта ниже ожидаемого». Only what is said so is understood: the number,
the word «школ», the conclusion and beside them the project or, in the sentence or the page's heading, a published territory.
In a table it is a whole number where the row of a territory meets the column of a conclusion.
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
_COLUMNS = {
    "ниже ожидаемого": "below",
    "выше ожидаемого": "above",
    "без явного отклонения": "within",
    "без вывода": "unknown",
}
_HEADED = re.compile(rf"^(?:школы?\W+)?({'|'.join(_COLUMNS)})(?:\W+школы?)?$")
_MAYBE_HEADED = re.compile(rf"[>|][^<>|]*(?:{'|'.join(_COLUMNS)})[^<>|]*[<|]", re.IGNORECASE)
_PIPED = re.compile(r"(?:^[ \t]*\|.*\|[ \t]*\n?){3,}", re.MULTILINE)
"""A table as Markdown writes it: a heading, a line of dashes, rows."""
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
    if not (_SAID.search(text.replace("**", "")) or _MAYBE_HEADED.search(text)):
        return []
    page = BeautifulSoup(text, "html.parser")
    found = _tabled(page, names)
    title, sentences = _read(page)
    for sentence in sentences:
        for said in _SAID.finditer(sentence):
            parts = {name.rstrip("12"): value for name, value in said.groupdict().items() if value}
            place = next((key for name, key in names.items() if name in sentence), names.get(title))
            who = (OTHERS if "out" in parts else MEMBERS) if "in" in parts else place
            if who:
                found.append((sentence, who, _DIRECTIONS[parts["c"].lower()], int(parts["n"])))
    return found


def _tabled(page: BeautifulSoup, names: dict[str, str]) -> list[tuple[str, str, str, int]]:
    """What tables tell, of HTML and of Markdown: where a territory's row meets a conclusion's column."""
    tables = [[[cell.get_text(" ") for cell in row(["th", "td"])] for row in table("tr")] for table in page("table")]
    tables += [
        [line.strip().strip("|").split("|") for line in found[0].splitlines()]
        for found in _PIPED.finditer(page.get_text())
    ]
    found = []
    for heading, *rows in (table for table in tables if table):
        columns = {at: said[1] for at, cell in enumerate(heading) if (said := _HEADED.match(_plain(cell).lower()))}
        for row in rows:
            cells = [_plain(cell) for cell in row]
            place = next((names[cell] for cell in cells if cell in names), None)
            for at, said in columns.items():
                if place and at < len(cells) and cells[at].isdecimal():
                    found.append((f"таблица: {said}", place, _COLUMNS[said], int(cells[at])))
    return found


def _plain(cell: str) -> str:
    """A cell's words without marks of direction, emphasis and hard spaces."""
    return " ".join(re.sub(r"[▲▼●*]", " ", cell).split())


def _read(page: BeautifulSoup) -> tuple[str, list[str]]:
    """A page's heading and its sentences, without markup."""
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
