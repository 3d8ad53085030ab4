"""How output reaches the page.

Everything a page shows is put out twice: for JupyterLab (HTML or a Plotly chart) and,
as Markdown with raw HTML blocks, for the site. Quarto and pandoc both take the
Markdown as it is and add nothing of their own: no script from elsewhere.

Links to other pages of the site are written `site:/school/a.html`; they become
relative when the page finds its folder (`helpers.publish.page_source`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from helpers.show.numbers import numbers

if TYPE_CHECKING:
    import plotly.graph_objects as go

_TEMPLATES = Environment(
    loader=PackageLoader("helpers.show"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
)


PICTURE = "<!-- picture of {id} -->"
"""Where a chart's pictures are linked once they are made (`helpers.publish.figures`)."""
_MOST_NUMBERS = 200
"""Points of a chart that are told under it; of more than that the tables to download tell."""


@dataclass(frozen=True)
class Shown:
    """Something to show; the last expression of a cell or an argument of `display`."""

    markdown: str
    for_jupyter: dict[str, Any]

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {**self.for_jupyter, "text/markdown": self.markdown}


@dataclass(frozen=True)
class Column:
    """One column of a table on a page.

    `name` is the frame's column, `title` what the reader sees, `form` turns a value
    into text (`helpers.show.words`), `link` names the column that holds the address,
    `choose` puts a filter by value above the table; where no row has a value there is no such column.
    """

    name: str
    title: str
    form: Callable[[Any], str] = str
    link: str = ""
    choose: bool = False


def text(markdown: str) -> Shown:
    """A paragraph in Markdown; names from the data go through `words.literal` first."""
    return Shown(markdown + "\n", {})


def chart(figure: go.Figure, id: str, caption: str, alt: str) -> Shown:
    """A Plotly chart with a caption that says the finding, a text for those who cannot see it, and its numbers.

    Parameters
    ----------
    figure : plotly Figure
    id : str
        ASCII anchor such as `chart-residuals`, one of its kind on the page.
    caption, alt : str
        Plain text.
    """
    specification = json.loads(figure.to_json(engine="json"))
    html = _TEMPLATES.get_template("chart.html").render(
        id=id,
        caption=caption,
        alt=alt,
        height=figure.layout.height or 420,
        numbers=numbers(figure),
        most=_MOST_NUMBERS,
        picture=Markup(PICTURE.format(id=id)),
        json=_script_json(specification),
    )
    return Shown(_raw(html), {"application/vnd.plotly.v1+json": specification})


def table(
    frame: pl.DataFrame, columns: Sequence[Column], id: str, caption: str, rows: int | None = None, search: bool = False
) -> Shown:
    """A table; with `search` it can be searched, filtered and sorted.

    Parameters
    ----------
    frame : DataFrame
        One row of it is one row of the table, in this order.
    columns : sequence of Column
    id : str
        ASCII anchor such as `table-flags`.
    caption : str
        Plain text.
    rows : int, optional
        How many rows to lay out at once; all can be found by search.
    """
    columns = [column for column in columns if not (column.choose and _is_blank(frame[column.name]))]
    cells = [_cells(frame, column) for column in columns]
    all_rows = list(zip(*cells, strict=True))
    rows = rows or len(all_rows)
    data = [[[c["text"], c["key"], c["href"]] for c in row] for row in all_rows] if search else []
    html = _TEMPLATES.get_template("table.html").render(
        id=id,
        caption=caption,
        columns=columns,
        numeric=[frame.schema[column.name].is_numeric() for column in columns],
        rows=all_rows[:rows],
        total=len(all_rows),
        limit=rows,
        search=search,
        json=_script_json(data),
    )
    return Shown(_raw(html), {"text/html": html})


def figures(items: Sequence[tuple[str, str]], id: str = "") -> Shown:
    """Key numbers in a row: pairs of a number as text and what it says; `id` is an anchor."""
    html = _TEMPLATES.get_template("figures.html").render(items=items, id=id)
    return Shown(_raw(html), {"text/html": html})


def grid(row_titles: Sequence[str], column_titles: Sequence[str], cells: Sequence[Sequence[tuple[str, str]]], id: str,
         caption: str) -> Shown:  # fmt: skip
    """A small table of named cells, such as the typology: each cell is a pair (number, words)."""
    html = _TEMPLATES.get_template("grid.html").render(
        rows=list(zip(row_titles, cells, strict=True)), column_titles=column_titles, id=id, caption=caption
    )
    return Shown(_raw(html), {"text/html": html})


def tiles(frame: pl.DataFrame, levels: Mapping[str, str], id: str, caption: str) -> Shown:
    """A map of tiles, one for each place: a short name and a value, by colour and pattern as well.

    Parameters
    ----------
    frame : DataFrame
        row, column (from 1), short, group_name, value (a word or number to see), told (the same for those who hear),
        level (a key of `levels`), group_page; in the order in which they are read.
    levels : mapping of str to str
        What each level means, least first: `0` … `3` by amount, `hidden` for the unknown.
    """
    html = _TEMPLATES.get_template("tiles.html").render(
        tiles=frame.to_dicts(), levels=levels, id=id, caption=caption, columns=frame["column"].max()
    )
    return Shown(_raw(html), {"text/html": html})


def _cells(frame: pl.DataFrame, column: Column) -> list[dict[str, Any]]:
    """Text, sort key and address of each cell of a column."""
    addresses = frame[column.link] if column.link else [None] * frame.height
    return [
        {"text": "—" if value is None else column.form(value), "key": _key(value), "href": address}
        for value, address in zip(frame[column.name], addresses, strict=True)
    ]


def _is_blank(values: pl.Series) -> bool:
    return set(values.drop_nulls()) <= {""}


def _key(value: Any) -> Any:
    """What the column is sorted by: numbers as numbers (rounded to what could matter), days in order, the rest as its text."""
    if isinstance(value, float):
        return None if value != value else float(f"{value:.6g}")
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int) else None


def _script_json(value: Any) -> Markup:
    """JSON that is safe inside a script element and the same on every run."""
    dense = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return Markup(dense.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _raw(html: str) -> str:
    """An HTML block that Quarto and pandoc leave alone; longer fences than any inside."""
    longest = max((len(run) for run in _backticks(html)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"\n{fence}{{=html}}\n{html}\n{fence}\n"


def _backticks(html: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in html).split() if run]
