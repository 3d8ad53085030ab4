"""How output reaches the page.

Everything a page shows is put out twice: for JupyterLab (HTML or a Plotly chart) and,
as Markdown with raw HTML blocks, for the site. Quarto and pandoc both take the
Markdown as it is and add nothing of their own: no script from elsewhere.

Links to other pages of the site are written `site:/school/a.html`; they become
relative when the page finds its folder (`helpers.publish.page_source`).
"""

from __future__ import annotations

import json
import logging
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import polars as pl
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from helpers.problems import BrokenPage
from helpers.show import drawings, frames, prose, words
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
_GLANCE = 15
"""Rows of a table that is laid out whole; a longer one can be searched."""


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


def show(
    shown: Any,
    caption: str = "",
    alt: str = "",
    columns: Mapping[str, str] | Sequence[Column] | None = None,
    id: str = "",
) -> Shown:
    """Anything on the page: a Plotly or matplotlib chart, a polars or pandas table, text in Markdown.

    Parameters
    ----------
    shown : Plotly figure, matplotlib figure or axes, polars or pandas frame or series, str
        A table has its numbers in Russian, and a search if it is long.
    caption : str
        Plain text: what a chart finds, what a table holds. Text has none.
    alt : str
        A chart in words, for those who cannot see it.
    columns : mapping or sequence of Column, optional
        Of a table: which columns, in which order, under which titles (`{"school_name": "Школа"}`); all as they are named if
        not given.
    id : str, optional
        ASCII anchor, one of its kind on the page; made from the caption if not given.

    Raises
    ------
    BrokenPage
        The caption or the alternative text is missing, or nobody knows how to show this.

    >>> print(show("Школ: **12**.").markdown)
    Школ: **12**.
    <BLANKLINE>
    """
    if isinstance(shown, Shown | str):
        return text(shown) if isinstance(shown, str) else shown
    frame, drawn, is_plotly = frames.as_polars(shown), drawings.figure_of(shown), hasattr(shown, "to_plotly_json")
    if frame is None and drawn is None and not is_plotly:
        raise BrokenPage(
            f"не знаю, как показать {type(shown).__name__}: emit.show показывает графики Plotly и matplotlib, таблицы polars и pandas, "
            "текст; превратите значение в одно из этого"
        )
    what = "таблицы" if frame is not None else "графика"
    if not caption.strip():
        raise BrokenPage(f'у {what} нет подписи; допишите в emit.show: caption="что видно из {what}"')
    if frame is not None:
        return _own_table(frame, columns, id or f"table-{words.slug(caption)}", caption)
    if not alt.strip():
        raise BrokenPage('у графика нет описания для тех, кто его не видит; допишите в emit.show: alt="график словами"')
    id = id or f"chart-{words.slug(caption)}"
    return _drawing(drawn, id, caption, alt) if drawn is not None else chart(_in_russian(shown), id, caption, alt)


def _own_table(
    frame: pl.DataFrame, columns: Mapping[str, str] | Sequence[Column] | None, id: str, caption: str
) -> Shown:
    if columns is None or isinstance(columns, Mapping):
        titles = columns or {name: name for name in frame.columns}
        missing = [name for name in titles if name not in frame.columns]
        if missing:
            raise BrokenPage(f"в таблице нет столбцов: {', '.join(missing)}; есть: {', '.join(frame.columns)}")
        columns = [Column(name, title, frames.form(frame[name])) for name, title in titles.items()]
    is_long = frame.height > _GLANCE
    return table(frame, columns, id, caption, rows=_GLANCE if is_long else None, search=is_long)


def _drawing(figure: Any, id: str, caption: str, alt: str) -> Shown:
    """A matplotlib figure as a picture within the page."""
    png = b64encode(drawings.png(figure)).decode()
    html = _TEMPLATES.get_template("drawing.html").render(id=id, caption=caption, alt=alt, png=png)
    return Shown(_raw(html), {"image/png": png})


def _in_russian(figure: go.Figure) -> go.Figure:
    """A copy of an analyst's own chart with Russian numbers, and of a height that its picture can be drawn in."""
    copied = type(figure)(figure)
    layout = copied.layout
    return copied.update_layout(separators=layout.separators or ",\u00a0", height=layout.height or 420)


def _bare(shown: Any, anchor: str = "") -> Shown:
    """What a cell ends with, without being asked to show it: captioned by its own title, or by what it is.

    Its anchor tells of its content, so that it is the same on every run.
    """
    if isinstance(shown, str):
        return text(shown)
    drawn = drawings.figure_of(shown)
    if frames.as_polars(shown) is not None:
        found = show(shown, caption="Таблица", id=f"shown-{anchor}")
    elif drawn is not None:
        title = drawings.own_title(drawn)
        found = show(drawn, caption=title or "График", alt=title or "График без описания", id=f"shown-{anchor}")
    elif hasattr(shown, "to_plotly_json"):
        title = shown.layout.title.text
        found = show(shown, caption=title or "График", alt=title or "График без описания", id=f"shown-{anchor}")
    else:
        raise NotImplementedError  # IPython's word for «not mine»: it is shown as any other value
    return found if anchor else _bare(shown, sha256(found.markdown.encode()).hexdigest()[:8])


_BARE_KINDS = (
    ("builtins", "str"), ("plotly.basedatatypes", "BaseFigure"), ("matplotlib.artist", "Artist"),
    ("polars.dataframe.frame", "DataFrame"), ("polars.series.series", "Series"), ("pandas", "DataFrame"), ("pandas", "Series"),
    ("builtins", "list"), ("numpy", "ndarray"),  # of matplotlib's axes or lines
)  # fmt: skip
"""Classes, by where they are defined, whose values are shown where a cell ends with one; none of them is loaded for this."""


def _show_bare_values() -> None:
    """Have a notebook's cells that end with a table, a chart or text show it as `show` does."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        return
    from IPython.display import display

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # that it gathers its fonts is no part of a page
    for module, name in _BARE_KINDS:
        shell.display_formatter.ipython_display_formatter.for_type_by_name(
            module, name, lambda shown: display(_bare(shown))
        )


def text(template: str, /, **values: Any) -> Shown:
    """A paragraph in Markdown. With values, or where it begins with a line of its own, it is a template, which `prose.markdown`
    fills and whose names it escapes; else it stands as it is, and names from the data go through `words.literal` first.

    >>> text("Выделено {n:школа}.", n=21).markdown
    'Выделено 21\\xa0школа.\\n'
    """
    is_template = values or template.startswith("\n")
    return Shown((prose.markdown(template, **values) if is_template else template) + "\n", {})


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


def fold(summary: str, shown: Shown, id: str) -> Shown:
    """What is shown, folded under a line that says what there is; on paper it lies open.

    Parameters
    ----------
    summary : str
        Plain text.
    shown : Shown
        Without headings: the parts of a page may not end within a fold.
    id : str
        ASCII anchor such as `fold-measures`; it stands in the address of who has opened it.
    """
    head = f'<details class="fold" id="{id}"><summary>{Markup.escape(summary)}</summary>'
    return Shown(f"{_raw(head)}\n{shown.markdown}\n{_raw('</details>')}", shown.for_jupyter)


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


_show_bare_values()  # a notebook that imports this module is a page, or the draft of one
