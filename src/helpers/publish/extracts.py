"""Extracts of the internal edition for municipalities: each has its own schools and nothing of the others'.

A folder opens by double click and can be sent as it is, or as the zip beside it. Pandoc makes its pages whatever made the
site's: Quarto's do not open from a folder.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from helpers.publish import pandoc, protocol
from helpers.publish.archive import archive
from helpers.publish.downloads import about, workbook
from helpers.publish.kept import Kept
from helpers.publish.page_source import page_source
from helpers.report import Report
from helpers.show import views
from helpers.show.dictionary import described

FOLDER = "extracts"
NOT_SENT = "site-only"
"""Tag of cells that speak of other schools or lead to other pages: they are not in an extract."""
_TABLES = ("schools", "results", "outcome", "wellbeing_index", "expectation", "effect", "flags", "federal")
_BOOK, _PROTOCOL = "schools.xlsx", "protocol.xlsx"
_LINK = re.compile(r'<a\b[^>]*?\bhref="(?P<address>[^"#]*)[^"]*"[^>]*>(?P<text>.*?)</a>', re.DOTALL)


def extracts(
    report: Report, executed: Mapping[str, Path], settings: Mapping[str, Any], files: Mapping[str, bytes], kept: Kept
) -> dict[str, bytes]:
    """Files of all extracts by their path below the site: `extracts/<municipality>/…` and `extracts/<municipality>.zip`.

    Parameters
    ----------
    executed : mapping
        Executed page notebooks by page.
    settings : mapping
        The site's configuration.
    files : mapping
        The site's files: assets and workbooks of the protocol are taken from them.
    kept : Kept
        Where pages rendered before are found again.
    """
    view = views.schools(report, "internal")
    tables = {name: report.read(name) for name in _TABLES}
    told = described({name: frame.columns for name, frame in tables.items()}, report.params)
    made: dict[str, bytes] = {}
    for group_id, slug in views.group_slugs(view).items():
        own = view.filter(group_id=group_id)
        name = own["group_name"][-1]
        rows = {
            table: frame.join(own.select("school_id"), on="school_id", how="semi") for table, frame in tables.items()
        }
        facts = [("Выписка", f"Школы: {name}"), *about(report, "internal")]
        extract = {path: content for path, content in files.items() if path.startswith("assets/")}
        extract[_BOOK] = workbook({table: frame for table, frame in rows.items() if frame.height}, facts, told)
        if found := files.get(protocol.municipality_book(name)):
            extract[_PROTOCOL] = found
        extract |= _pages(f"municipality/{slug}", name, own, executed, settings, extract.keys(), kept)
        made |= {f"{FOLDER}/{slug}/{path}": content for path, content in extract.items()}
        made[f"{FOLDER}/{slug}.zip"] = _zipped(slug, extract, kept)
    return made


def _zipped(slug: str, extract: Mapping[str, bytes], kept: Kept) -> bytes:
    parts = [part for path, content in extract.items() for part in (path, content)]
    return kept.get(slug, *parts) or kept.put(archive({f"{slug}/{p}": c for p, c in extract.items()}), slug, *parts)


def _pages(
    group_page: str, name: str, own: pl.DataFrame, executed: Mapping[str, Path], settings: Mapping[str, Any],
    others: Collection[str], kept: Kept,
) -> dict[str, bytes]:  # fmt: skip
    """The page of the municipality and the cards of its schools, with links to what the extract itself has."""
    cards = {f"school/{slug}": school for slug, school in own.filter("has_card")
             .select(views.school_slug(pl.col("school_id")), "school_name").iter_rows()}  # fmt: skip
    sources = {"index": page_source(executed[group_page], "index", without=NOT_SENT) + _listed(others)}
    sources |= {page: page_source(executed[page], page, without=NOT_SENT) for page in cards}
    own_settings = _settings(settings, name, cards)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rendered = pool.map(lambda page: _rendered(sources[page], page, own_settings, kept), sources)
        pages = {f"{page}.html": text for page, text in zip(sources, rendered, strict=True)}
    known = {*pages, *others}
    pages = {path: _LINK.sub(lambda link, path=path: _within(link, path, known), text) for path, text in pages.items()}
    return {path: text.encode() for path, text in pages.items()}


def _listed(others: Collection[str]) -> str:
    """What lies beside the pages of an extract."""
    lines = ["", "## Файлы {#files}", "", f"- [таблицы: результаты, отклонения, выводы по годам]({_BOOK})"]
    if _PROTOCOL in others:
        lines.append(f"- [замечания к исходным данным, со столбцом для ответа]({_PROTOCOL})")
    return "\n".join([*lines, ""])


def _settings(settings: Mapping[str, Any], name: str, cards: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of an extract's pages: its own name and its own sidebar."""
    schools = [{"href": f"{page}.qmd", "text": school} for page, school in cards.items()]
    contents = [{"href": "index.qmd", "text": name}, *([{"section": "Школы", "contents": schools}] if schools else [])]
    site = {**settings["website"], "title": f"Выписка: {name}", "sidebar": {"contents": contents}}
    return {**settings, "website": site}


def _rendered(source: str, page: str, settings: Mapping[str, Any], kept: Kept) -> str:
    parts = (source, page, json.dumps(settings, ensure_ascii=False, sort_keys=True), pandoc.identity())
    found = kept.get(*parts) or kept.put(
        pandoc.page_html(source, page, dict(settings), searched=False).encode(), *parts
    )
    return found.decode()


def _within(link: re.Match[str], path: str, known: Collection[str]) -> str:
    """A link, if it leads to a place within the extract; else its text."""
    address = link["address"]
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), address)) in known
    return link[0] if not address or inside else link["text"]
