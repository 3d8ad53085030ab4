"""Pictures of the charts, as png and svg, by Plotly's own exporter; it needs a Chrome or Chromium."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import textwrap
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import nbformat
from bs4 import BeautifulSoup

from helpers.publish.chart_scripts import WHOLE_FILE
from helpers.publish.kept import Kept
from helpers.show import emit

FOLDER = "figures"
FORMATS = ("png", "svg")
WIDTH = 1000
"""Pixels; a png has twice as many."""
NO_BROWSER = (
    "Chrome не найден: рисунков png и svg не будет, в документе и на слайдах вместо графиков — их числа и описания. "
    "Установите Chrome или Chromium или укажите путь к нему в переменной BROWSER_PATH."
)
_LETTERS = 40  # of a name in one line beside an axis; a name has two lines
_PLACE = re.compile(re.escape(emit.PICTURE).replace(re.escape("{id}"), r"([\w-]+)"))
_ID = re.compile(r'<defs id="defs-([0-9a-f]{6})"')


@dataclass(frozen=True)
class Chart:
    """A chart of a page: where it stands, what its caption and its text say, Plotly's specification as JSON."""

    page: str
    id: str
    caption: str
    alt: str
    specification: str

    @property
    def name(self) -> str:
        """Path of the picture below the site, without ending."""
        return f"{FOLDER}/{self.page}-{self.id}"


def charts(notebook: nbformat.NotebookNode, page: str) -> list[Chart]:
    """The charts that an executed notebook shows."""
    shown = (
        output.get("data", {}).get("text/markdown", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    blocks = (block for text in shown if 'class="chart-data"' in text
              for block in BeautifulSoup(text, "html.parser").select("figure.chart"))  # fmt: skip
    return [
        Chart(page, block["id"], block.figcaption.get_text(), block.select_one(".chart-area")["aria-label"],
              block.select_one(".chart-data").string)
        for block in blocks
    ]  # fmt: skip


def linked(body: str, page: str, pictures: Collection[str]) -> str:
    """A page's Markdown with its charts' pictures linked under them, as far as there are any."""

    def links(found: re.Match[str]) -> str:
        name = f"{FOLDER}/{page}-{found[1]}"
        made = [kind for kind in FORMATS if f"{name}.{kind}" in pictures]
        addresses = " · ".join(f'<a href="site:/{name}.{kind}" download>{kind}</a>' for kind in made)
        return f'<p class="chart-files">Рисунок: {addresses}</p>' if made else ""

    return _PLACE.sub(links, body)


def browser() -> str | None:
    """Path of the Chrome that draws: `BROWSER_PATH` if it is set, else the one found on this machine."""
    from choreographer.browsers.chromium import Chromium  # late: only who draws pays for it

    named = os.environ.get("BROWSER_PATH")
    if named is not None:
        return named if os.access(named, os.X_OK) else None
    return Chromium.find_browser(skip_local=False)


def figures(drawn: Iterable[Chart], kept: Kept) -> dict[str, bytes]:
    """Pictures of the charts by their path below the site; none where there is no Chrome."""
    program = browser()
    if program is None:
        return {}
    versions = " ".join(metadata.version(name) for name in ("plotly", "kaleido"))
    wanted = {(chart, kind): (chart.id, chart.caption, chart.alt, chart.specification, kind, versions)
              for chart in drawn for kind in FORMATS}  # fmt: skip
    found = {key: kept.get(*parts) for key, parts in wanted.items()}
    missing = [key for key, picture in found.items() if picture is None]
    for (chart, kind), picture in zip(missing, _drawn(missing, program) if missing else [], strict=True):
        finished = _accessible(picture.decode(), chart).encode() if kind == "svg" else picture
        found[chart, kind] = kept.put(finished, *wanted[chart, kind])
    return {f"{chart.name}.{kind}": picture for (chart, kind), picture in found.items()}


def _drawn(wanted: Sequence[tuple[Chart, str]], program: str) -> list[bytes]:
    """The pictures, all in one browser."""
    import kaleido

    async def draw() -> list[bytes]:
        async with kaleido.Kaleido(path=program, plotlyjs=str(WHOLE_FILE), mathjax=False) as exporter:
            return [await exporter.calc_fig(*_still(json.loads(chart.specification), kind)) for chart, kind in wanted]

    # in a thread of its own: whoever calls may already be within a loop, as JupyterLab's kernels are
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(draw())).result()


def _still(specification: dict[str, Any], kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chart that no pointer will touch: long names in lines, fixed names of traces; how large it is drawn."""
    layout = specification["layout"]
    for place, trace in enumerate(specification["data"]):
        trace["uid"] = f"-{place}"
    for axis in (layout.get("xaxis", {}), layout.get("yaxis", {})):
        axis["automargin"] = True
        if names := axis.get("categoryarray") if axis is layout.get("yaxis") else None:
            axis["tickvals"], axis["ticktext"] = names, [_in_lines(name) for name in names]
            layout["height"] += 12 * sum("<br>" in text for text in axis["ticktext"])
    size = {"width": WIDTH, "height": layout.get("height", 460), "scale": 2 if kind == "png" else 1, "format": kind}
    return specification, size


def _in_lines(name: str) -> str:
    lines = textwrap.wrap(html.unescape(name), _LETTERS, max_lines=2, placeholder="…", break_on_hyphens=False) or [""]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def _accessible(svg: str, chart: Chart) -> str:
    """An svg that says what it is to those who cannot see it, and has the same ids on every run."""
    if named := _ID.search(svg):  # Plotly numbers its clips and gradients at random
        svg = re.sub(rf"(?<=[a-z-]){named[1]}(?=[a-z\")])", f"-{chart.id}-", svg)
    head, _, rest = svg.partition(">")
    title, told = html.escape(chart.caption), html.escape(chart.alt)
    return f'{head} role="img" lang="ru"><title>{title}</title><desc>{told}</desc>{rest}'
