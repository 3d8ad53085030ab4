"""Plotly charts. Colours are Okabe and Ito's, told apart by shape as well."""

from __future__ import annotations

import html

import numpy as np
import plotly.graph_objects as go
import polars as pl

from helpers.measure.intervals import Z95
from helpers.model import expected_at
from helpers.model.funnel import INNER, OUTER, limits
from helpers.show import words

COLOUR = {"below": "#D55E00", "within": "#8A8A8A", "above": "#0072B2", "dependent": "#009E73", "unknown": "#8A8A8A"}
SYMBOL = {"below": "triangle-down", "within": "circle", "above": "triangle-up", "dependent": "diamond-open",
          "unknown": "x-thin-open"}  # fmt: skip
_LINE = "#222222"
_PAIRWISE = 1.39
"""Half the length, in standard errors, of bars made for reading two schools against each other."""
_SD = "ст. откл. ученика"

_LAYOUT = go.Layout(
    template="none",
    font={"family": "system-ui, sans-serif", "size": 14, "color": "#333333"},
    margin={"l": 60, "r": 10, "t": 10, "b": 60},
    paper_bgcolor="white",
    plot_bgcolor="white",
    separators=",\u00a0",
    legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    hoverlabel={"align": "left"},
    height=460,
)


def _figure(x_title: str, y_title: str, **layout: object) -> go.Figure:
    # a number formatted by its axis has a true minus, one formatted in a hovertemplate has a hyphen
    axis = {"zeroline": False, "gridcolor": "rgba(128,128,128,0.25)", "linecolor": "rgba(128,128,128,0.6)",
            "hoverformat": ",.2~f"}  # fmt: skip
    figure = go.Figure(layout=_LAYOUT)
    small = {"size": 13}  # a long title must fit a phone
    figure.update_xaxes(title={"text": x_title, "font": small}, **axis)
    figure.update_yaxes(title={"text": y_title, "font": small}, **axis)
    return figure.update_layout(**layout)


def _literal(names: pl.Series) -> list[str]:
    """Names as Plotly shows them sign for sign: it takes `<b>` and `&lt;` in a text for markup."""
    return [html.escape(name, quote=False) for name in names]


def _rounded(values: pl.Series, digits: int = 3) -> np.ndarray:
    return np.round(values.to_numpy().astype("float32"), digits)


def _points(rows: pl.DataFrame, x: str, y: str, direction: str, size: int = 7) -> go.Scatter:
    return go.Scatter(
        x=_rounded(rows[x]),
        y=_rounded(rows[y]),
        text=_literal(rows["school_name"]),
        name=words.MARKED[direction],
        mode="markers",
        marker={"color": COLOUR[direction], "symbol": SYMBOL[direction], "size": size, "opacity": 0.65},
        hovertemplate="%{text}<br>%{xaxis.title.text}: %{x}<br>%{yaxis.title.text}: %{y}<extra></extra>",
    )


def _by_direction(figure: go.Figure, rows: pl.DataFrame, x: str, y: str) -> go.Figure:
    for mark in words.MARKED:
        of_mark = rows.filter(pl.col("marked") == mark)
        if of_mark.height:
            figure.add_trace(_points(of_mark, x, y, mark))
    return figure


def _curve(x: np.ndarray, y: np.ndarray, name: str, dash: str = "solid", legend: bool = True) -> go.Scatter:
    line = {"color": _LINE, "dash": dash, "width": 2}
    return go.Scatter(
        x=np.round(x, 2), y=np.round(y, 4), name=name, mode="lines", line=line, hoverinfo="skip", showlegend=legend
    )


def _add_expectation(figure: go.Figure, fit: dict, low: float, high: float) -> None:
    """The expected line and the band that holds 95 % of schools of equal context."""
    x = np.linspace(low, high, 40)
    line = expected_at(fit, x)
    half = Z95 * fit["tau2"] ** 0.5
    figure.add_trace(_curve(x, line, "ожидаемый результат"))
    figure.add_trace(_curve(x, line - half, "95 % школ с таким контекстом", "dot"))
    figure.add_trace(_curve(x, line + half, "", "dot", legend=False))


def expectation(rows: pl.DataFrame, fit: dict, check: dict) -> go.Figure:
    """Outcome against index, the expected line with its band, schools marked by their flag.

    Parameters
    ----------
    rows : DataFrame
        Of one year: index, outcome, marked, school_name.
    fit, check : dict
        That year's entries of `years` and `checks` in `model.json`.
    """
    figure = _figure("индекс благополучия, баллов", f"результат, {_SD}")
    _by_direction(figure, rows, "index", "outcome")
    _add_expectation(figure, fit, rows["index"].min(), rows["index"].max())
    if check["curve"]:
        x, y = np.array(check["curve"]).T
        figure.add_trace(_curve(x, y, "сглаженная связь", "dash"))
    return figure


def funnel(rows: pl.DataFrame, line: dict) -> go.Figure:
    """Residual against the number of participants, with limits of what chance and ordinary differences explain.

    `rows` as from `views.placed`, `line` the year's row of table `lines`: the squared error of a school falls as
    unit_variance / participants (Spiegelhalter, 2005).
    """
    figure = _figure("участников", f"отклонение, {_SD}")
    _by_direction(figure, rows, "n_participants", "residual")
    n = np.geomspace(rows["n_participants"].min(), rows["n_participants"].max(), 60)
    of_levels = limits(np.sqrt(line["unit_variance"] / n), line["tau"] ** 2)
    for (level, share), dash in zip(((INNER, "95 %"), (OUTER, "99,8 %")), ("dash", "dot"), strict=True):
        upper = of_levels.filter(level=level)["upper"].to_numpy()
        figure.add_trace(_curve(n, upper, f"граница {share}", dash))
        figure.add_trace(_curve(n, -upper, "", dash, legend=False))
    figure.update_xaxes(type="log", tickvals=[step * 10**power for power in range(6) for step in (1, 2, 5)])
    return figure


def intervals(rows: pl.DataFrame, delta: float) -> go.Figure:
    """Effects of named schools, sorted; `rows` as from `views.schools`.

    Thin bars are 95 % intervals; of two thick ones (±1.39 standard errors) that do not overlap, the schools differ
    at 95 % (Goldstein, Healy, 1995).
    """
    rows = rows.sort("effect", "school_id")
    figure = _figure(
        f"отклонение, {_SD}",
        "",
        height=120 + 34 * rows.height,
    )
    for direction in ("below", "within", "above"):
        part = rows.filter(pl.col("direction") == direction)
        if part.is_empty():
            continue
        figure.add_trace(
            go.Scatter(
                x=_rounded(part["effect"]),
                y=_literal(part["label"]),
                error_x={
                    "type": "data",
                    "array": np.round(Z95 * part["effect_se"].to_numpy(), 3),
                    "thickness": 1.5,
                    "width": 0,
                },
                name=words.DIRECTION[direction],
                mode="markers",
                marker={"color": COLOUR[direction], "symbol": SYMBOL[direction], "size": 10},
                hovertemplate="%{y}: %{x}<extra></extra>",
            )
        )
    names, ends, labels = _literal(rows["label"]), [], []
    for label, effect, error in zip(names, rows["effect"], rows["effect_se"], strict=True):
        ends += [round(effect - _PAIRWISE * error, 3), round(effect + _PAIRWISE * error, 3), None]
        labels += [label, label, None]
    bars = {"color": "rgba(120,120,120,0.35)", "width": 7}
    figure.add_trace(
        go.Scatter(x=ends, y=labels, name="для сравнения двух школ", mode="lines", line=bars, hoverinfo="skip")
    )
    figure.update_yaxes(categoryorder="array", categoryarray=names, automargin=True)
    for x in (-delta, delta):
        figure.add_vline(x=x, line_dash="dot", line_color="rgba(128,128,128,0.8)")
    return figure.add_vline(x=0, line_color="rgba(128,128,128,0.8)")


def distribution(rows: pl.DataFrame, x_title: str) -> go.Figure:
    """Histograms (`summaries.histogram`): the last year's filled, lines for those before."""
    figure = _figure(x_title, "школ")
    palette = ["#222222", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00"]
    years = sorted(rows["year"].unique(), reverse=True)
    for place, year in enumerate(years):
        own = rows.filter(year=year)
        middles, schools = ((own["lower"] + own["upper"]) / 2).round(3).to_list(), own["schools"].to_list()
        hint = f"%{{x}}: школ %{{y}}<extra>{year}</extra>"
        if place == 0:
            bars = {"width": round(own["upper"][0] - own["lower"][0], 3), "marker": {"color": "#BFD7E6"}}
            figure.add_trace(go.Bar(x=middles, y=schools, name=str(year), hovertemplate=hint, **bars))
        else:
            line = {"shape": "hvh", "width": 2, "color": palette[(place - 1) % len(palette)]}
            figure.add_trace(
                go.Scatter(x=middles, y=schools, name=str(year), mode="lines", line=line, hovertemplate=hint)
            )
    return figure.update_yaxes(rangemode="tozero").update_layout(showlegend=len(years) > 1)


def bins(rows: pl.DataFrame, x_title: str) -> go.Figure:
    """A published distribution (`published.distribution`): bars as high as their schools per width of the narrowest."""
    figure = _figure(x_title, "школ на столбец обычной ширины", height=380, meta="Группа школ")
    width = (rows["right"] - rows["left"]).to_numpy()
    figure.add_trace(
        go.Bar(
            x=np.round(((rows["left"] + rows["right"]) / 2).to_numpy(), 3), width=np.round(width, 3),
            y=np.round(rows["schools"].to_numpy() * width.min() / width, 2),
            marker={"color": "#BFD7E6", "line": {"color": "#0072B2", "width": 1}},
            text=[f"{place}: школ {schools}" for place, schools in rows.select("range", "schools").iter_rows()],
            textposition="none", hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_yaxes(rangemode="tozero").update_layout(showlegend=False)


def link_bins(rows: pl.DataFrame, fit: dict) -> go.Figure:
    """The link in bins of schools (`published.link`): mean outcome by index, the larger the more schools; the line."""
    figure = _figure("индекс благополучия, баллов", f"результат, {_SD}", meta="Группа школ")
    figure.add_trace(
        go.Scatter(
            x=((rows["left"] + rows["right"]) / 2).to_list(), y=rows["outcome"].to_list(), name="средний результат",
            mode="markers",
            marker={"color": COLOUR["above"], "size": np.round(6 * np.sqrt(rows["schools"].to_numpy()), 1), "opacity": 0.7},
            text=[f"{place}: школ {schools}" for place, schools in rows.select("range", "schools").iter_rows()],
            hovertemplate="индекс %{text}<br>результат %{y}<extra></extra>",
        )
    )  # fmt: skip
    ends = rows["left"].min(), rows["right"].max()
    x = np.linspace(*ends, 40) if fit.get("bend") else np.array(ends)
    return figure.add_trace(_curve(x, expected_at(fit, x), "ожидаемый результат"))


def trends(rows: pl.DataFrame) -> go.Figure:
    """Share of low results by year, a line an assessment; a line breaks where a year is not compared, and such a year's
    point is hollow. `rows` as from `summaries.trends`.
    """
    figure = _figure("год", "низких результатов, %", height=420)
    years = [str(year) for year in range(rows["year"].min(), rows["year"].max() + 1)]
    palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#222222"]
    procedures, subjects = (rows[name].unique(maintain_order=True).to_list() for name in ("procedure", "subject"))
    for title in rows["title"].unique(maintain_order=True):
        own = rows.filter(title=title)
        symbol = ("circle", "square", "diamond")[subjects.index(own["subject"][0]) % 3]
        look = {"color": palette[procedures.index(own["procedure"][0]) % len(palette)]}
        for compared in (True, False):
            known = dict(own.filter(compared=compared).select(pl.col("year").cast(pl.String), "low").iter_rows())
            if not any(value is not None for value in known.values()):
                continue
            values = [None if known.get(year) is None else round(100 * known[year], 1) for year in years]
            figure.add_trace(
                go.Scatter(
                    x=years, y=values, name=title if compared else f"{title}: не сравнивается",
                    mode="lines+markers" if compared else "markers",
                    line={**look, "dash": "solid" if symbol == "circle" else "dash"},
                    marker={**look, "size": 9, "symbol": symbol if compared else f"{symbol}-open"}, showlegend=compared,
                    hovertemplate="%{x}: %{y}<extra>" + html.escape(title, quote=False) + "</extra>",
                )
            )  # fmt: skip
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=years)
    return figure.update_yaxes(rangemode="tozero")


def slopes(years: pl.DataFrame) -> go.Figure:
    """The slope of the expectation by year with its 95 % interval; `years` as from `summaries.lines`."""
    figure = _figure("год", f"на 10 баллов индекса, {_SD}", height=340)
    half = ((years["upper"] - years["lower"]) / 2).to_numpy()
    figure.add_trace(
        go.Scatter(
            x=_years(years), y=_rounded(years["ten"]), mode="markers", showlegend=False,
            error_y={"type": "data", "array": np.round(half, 3)},
            marker={"color": "#0072B2", "size": 10, "symbol": "diamond"}, hovertemplate="%{x}: %{y}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=_years(years))
    return figure.update_yaxes(rangemode="tozero")


def teacher_stages(rows: pl.DataFrame) -> go.Figure:
    """Teachers by stage from diagnostics to courses, from above; `rows` as from `help_views.stages`."""
    rows = rows.drop_nulls("n")
    figure = _figure("педагогов", "", height=110 + 44 * rows.height, meta="")
    titles = rows["title"].to_list()
    branch = [stage == "high" for stage in rows["stage"]]
    figure.add_trace(
        go.Bar(
            x=rows["n"].to_list(), y=titles, orientation="h",
            text=[words.whole(n) for n in rows["n"]], textposition="auto", insidetextanchor="end",
            marker={"color": ["#FFFFFF" if other else "#BFD7E6" for other in branch], "line": {"color": "#0072B2", "width": 1}},
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=titles[::-1], automargin=True)
    return figure.update_xaxes(rangemode="tozero")


def planned(rows: pl.DataFrame) -> go.Figure:
    """Indicators that are shares: the plan, what came, its 95 % interval; `rows` as from `help_views.monitoring`."""
    rows = rows.drop_nulls("actual")
    figure = _figure("%", "", height=140 + 44 * rows.height)
    ends, names = [], []
    for title, lower, upper in rows.drop_nulls(["lower", "upper"]).select("title", "lower", "upper").iter_rows():
        ends += [round(100 * lower, 1), round(100 * upper, 1), None]
        names += [title, title, None]
    bars = {"color": "rgba(120,120,120,0.6)", "width": 3}
    figure.add_trace(
        go.Scatter(x=ends, y=names, name="95-процентный интервал", mode="lines", line=bars, hoverinfo="skip")
    )
    due = rows.drop_nulls("planned")
    figure.add_trace(_percents(due, "planned", "план", {"color": _LINE, "symbol": "line-ns-open", "size": 18}))
    for signal, direction in (("green", "above"), ("yellow", "within"), ("red", "below"), ("none", "dependent")):
        part = rows.filter(signal=signal)
        look = {"color": COLOUR[direction], "symbol": SYMBOL[direction], "size": 11}
        if part.height:
            figure.add_trace(_percents(part, "actual", f"факт: {words.SIGNAL[signal]}", look))
    return figure.update_yaxes(categoryorder="array", categoryarray=rows["title"].to_list()[::-1], automargin=True)


def _percents(rows: pl.DataFrame, column: str, name: str, look: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=np.round(100 * rows[column].to_numpy(), 1).tolist(), y=_literal(rows["title"]), name=name, mode="markers",
        marker=look, hovertemplate="%{y}<br>" + name + ": %{x}<extra></extra>",
    )  # fmt: skip


def school_years(rows: pl.DataFrame) -> go.Figure:
    """One school: expected and actual result by year, the actual with its 95 % sampling interval."""
    figure = _figure("год", f"результат, {_SD}", height=340)
    expected, actual = rows.drop_nulls("expected"), rows.drop_nulls("outcome")
    figure.add_trace(
        go.Scatter(
            x=_years(expected), y=_rounded(expected["expected"]), name="ожидаемый", mode="lines+markers",
            line={"color": _LINE}, marker={"symbol": "line-ew-open", "size": 16},
            hovertemplate="%{x}: ожидаемый %{y}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=_years(actual), y=_rounded(actual["outcome"]), name="фактический", mode="markers",
            error_y={"type": "data", "array": np.round(Z95 * actual["outcome_se"].to_numpy(), 3)},
            marker={"color": "#0072B2", "size": 10, "symbol": "diamond"},
            hovertemplate="%{x}: фактический %{y}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_xaxes(type="category", categoryorder="array", categoryarray=_years(rows))


def _years(rows: pl.DataFrame) -> list[str]:
    return [str(year) for year in rows["year"]]


def school_place(school: dict, years: pl.DataFrame, fit: dict, index: pl.DataFrame) -> go.Figure:
    """One school and the expected line: where its context puts it, where it is.

    Parameters
    ----------
    school : dict
        A row of `views.schools`.
    years : DataFrame
        From `views.years`; the fit's year is shown.
    fit : dict
        That year's entry of `model.json`.
    index : DataFrame
        Table `wellbeing_index`: how far the line goes.
    """
    figure = _figure("индекс благополучия, баллов", f"результат, {_SD}", height=340)
    _add_expectation(figure, fit, index["index"].min(), index["index"].max())
    row = years.filter(year=fit["year"]).select("index", "outcome", school_name=pl.lit(school["school_name"]))
    point = _points(row, "index", "outcome", school["direction"] or "dependent", size=14)
    return figure.add_trace(point.update(name="школа"))
