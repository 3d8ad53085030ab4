"""Pictures that matplotlib draws."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 160


def figure_of(shown: Any) -> Figure | None:
    """The matplotlib figure that this is, or that these axes or lines (one or several) stand in; None of all else."""
    if "matplotlib.figure" not in sys.modules:  # who has not loaded it has no figure of it
        return None
    from matplotlib.figure import Figure

    several = list(getattr(shown, "flat", shown)) if isinstance(shown, list) or hasattr(shown, "flat") else []
    first = several[0] if several else shown
    figure = first if isinstance(first, Figure) else getattr(first, "figure", None)
    return figure if isinstance(figure, Figure) else None


def png(figure: Figure) -> bytes:
    """The drawing, its axes' numbers with a decimal comma; the figure is closed, so that pyplot shows it no second time."""
    from matplotlib.ticker import ScalarFormatter

    class Russian(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return super().__call__(x, pos).replace(".", ",")

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(Russian())
    drawn = io.BytesIO()
    # without the program's version in it the same drawing has the same bytes
    figure.savefig(drawn, format="png", dpi=_DOTS_PER_INCH, bbox_inches="tight", metadata={"Software": None})
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return drawn.getvalue()


def own_title(figure: Figure) -> str:
    """What a figure says of itself: its title, else the titles of its axes; nothing if it has none."""
    above = figure._suptitle.get_text() if figure._suptitle else ""
    return above or "; ".join(title for axes in figure.axes if (title := axes.get_title()))
