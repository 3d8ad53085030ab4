"""The numbers under a chart, for those who would rather read than look."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.show import words

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Numbers:
    """A table of text: titles of columns, which of them hold numbers, rows."""

    titles: list[str]
    numeric: list[bool]
    rows: list[list[str]]


def numbers(figure: go.Figure) -> Numbers | None:
    """What a chart's traces show, rounded as they are plotted; None of a chart without points.

    What stands beside a point is a school's name, or how many schools it is, unless the layout's `meta` calls it otherwise;
    an empty one leaves it out.

    Traces that answer no pointer (`hoverinfo: skip`) are guides to the eye (the expected line, limits, bars for
    comparison): a caption or a formula says them, and they are left out.
    """
    traces = [trace for trace in figure.data if trace.hoverinfo != "skip" and _is_of_points(trace)]
    if not traces:
        return None
    layout = figure.layout
    x_title, y_title = layout.xaxis.title.text or "Значение", layout.yaxis.title.text or "Название"
    columns = (
        _side_by_side(traces, x_title)
        if _share_places(traces)
        else _one_below_another(traces, x_title, y_title, layout.meta)
    )
    filled = [(title, values) for title, values in columns if any(value is not None for value in values)]
    filled.sort(key=lambda column: not _has_text(column[1]))  # whose number it is comes first
    rows = [[_told(value) for value in row] for row in zip(*(values for _, values in filled), strict=True)]
    return (
        Numbers([title for title, _ in filled], [not _has_text(values) for _, values in filled], rows) if rows else None
    )


def _is_of_points(trace: Any) -> bool:
    """Whether a trace has places and a value at each: a pie has no places, a histogram counts its own values."""
    x, y = getattr(trace, "x", None), getattr(trace, "y", None)
    return x is not None and y is not None and len(x) == len(y)


def _has_text(values: Sequence[Any]) -> bool:
    return any(isinstance(value, str) for value in values)


def _share_places(traces: Sequence[Any]) -> bool:
    """Whether all traces stand over the same places and bear nothing but a value: then each is a column."""
    first = list(traces[0].x)
    plain = all(trace.text is None and not _errors(trace) for trace in traces)
    return (
        plain and len({trace.name for trace in traces}) == len(traces) > 1 and all(list(t.x) == first for t in traces)
    )


def _side_by_side(traces: Sequence[Any], x_title: str) -> list[tuple[str, list[Any]]]:
    return [(x_title, list(traces[0].x)), *((_plain(trace.name), list(trace.y)) for trace in traces)]


def _one_below_another(
    traces: Sequence[Any], x_title: str, y_title: str, beside: str | None
) -> list[tuple[str, list[Any]]]:
    rows: list[tuple[Any, ...]] = []
    for trace in traces:
        nothing = [None] * len(trace.x)
        texts = nothing if trace.text is None or isinstance(trace.text, str) or beside == "" else trace.text
        series = [trace.name] * len(trace.x) if len(traces) > 1 else nothing
        rows += zip(texts, series, trace.x, trace.y, _errors(trace) or nothing, strict=True)
    texts, *others = (list(values) for values in zip(*rows, strict=True))
    titles = [beside or ("Школа" if _has_text(texts) else "Школ"), "Ряд", x_title, y_title, "±"]
    return list(zip(titles, [texts, *others], strict=True))


def _errors(trace: Any) -> list[float] | None:
    """Half lengths of a trace's bars of error."""
    for bars in (getattr(trace, "error_x", None), getattr(trace, "error_y", None)):
        if bars is not None and bars.array is not None:
            return list(bars.array)
    return None


def _told(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, str):
        return _plain(value)
    return words.day(value) if hasattr(value, "isoformat") else words.plotted(float(value))


def _plain(text: str | None) -> str:
    """Text as a reader sees it on the chart, where names are escaped and long ones broken."""
    return html.unescape((text or "").replace("<br>", " "))
