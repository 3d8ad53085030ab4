"""Which plotly.js draws a page's charts: the basic bundle, a quarter of the whole one's weight, wherever it can."""

from __future__ import annotations

import json
import re
from importlib import resources

WHOLE, BASIC = "plotly.min.js", "plotly-basic.min.js"
WHOLE_FILE = resources.files("plotly") / "package_data" / WHOLE
_BASIC_TYPES = {"scatter", "bar", "pie"}
"""Kinds of traces that the basic bundle draws."""
_CHART_DATA = re.compile(r'<script type="application/json" class="chart-data">(.*?)</script>', re.DOTALL)


def script_for(body: str) -> str | None:
    """Name of the bundle that draws the charts in a page's Markdown or HTML; None where there is no chart."""
    charts = [json.loads(found) for found in _CHART_DATA.findall(body)]
    kinds = {trace.get("type", "scatter") for chart in charts for trace in chart["data"]}
    if not charts:
        return None
    return BASIC if kinds <= _BASIC_TYPES else WHOLE


def bundle(name: str) -> bytes:
    """A bundle's bytes: the whole one as the plotly package brings it, the basic one of the same version as it was released."""
    if name == WHOLE:
        return WHOLE_FILE.read_bytes()
    return (resources.files("helpers.publish") / "vendor" / BASIC).read_bytes()
