"""Paper and frame of every picture: an empty figure, colours, labels in any script, a footnote, and a file that is whole or not there.

Touches nothing of matplotlib that is shared, neither pyplot nor settings, so that pictures drawn side by side do not
meet. Knows nothing of what is drawn.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import OptionsError
from seqtext.reporting.lettering import drawable
from seqtext.saving.disk import no_space

if TYPE_CHECKING:  # importing matplotlib takes most of a second
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

StrPath: TypeAlias = str | os.PathLike[str]
FloatArray: TypeAlias = NDArray[np.float64]

# Of Okabe and Ito, who chose them so that the colour-blind can tell them apart.
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#666666"
DPI = 150


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, which arranges its axes so that no label is cut off."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def calm(axes: Axes) -> None:
    """A frame open above and on the right, small figures, a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.grid(visible=True, color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)


def legend_above(axes: Axes, columns: int) -> None:
    """A legend of the lines with a name and at least one point, above the axes, where no curve can run through it."""
    named = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    handles = [line for line in named if np.size(line.get_xdata())]
    if handles:
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderpad": 0.2, "borderaxespad": 0.3}
        tight: dict[str, Any] = {"handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.2}
        legend = axes.legend(handles=handles, ncols=columns, frameon=False, fontsize=8, **place, **tight)
        families = drawable([text.get_text() for text in legend.get_texts()]).families
        for text in legend.get_texts():
            text.set_fontfamily(families)


def literal(text: str) -> str:
    """A name for a legend as matplotlib is to take it: no formula, on one line, not too long."""
    return drawable([text], longest=60).names[0]


def label_axis(axis: Axis, name: str, unit: str = "") -> None:
    """What an axis shows, and its unit, in fonts that have their characters."""
    lettering = drawable([f"{name} ({unit})" if unit else name], longest=60)
    axis.set_label_text(lettering.names[0], fontsize=9, fontfamily=lettering.families)


def fill_band(axes: Axes, x: FloatArray, low: FloatArray, high: FloatArray, colour: str, label: str) -> None:
    """A band, and a line without points that stands for it in the legend."""
    axes.fill_between(x, low, high, color=colour, linewidth=0, zorder=1)
    axes.plot([np.nan], [np.nan], color=colour, linewidth=7, solid_capstyle="butt", label=label)


def whole_numbers(axis: Axis, most: int) -> None:
    """About that many ticks at whole numbers, with thousands separators."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=True))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def in_percent(axis: Axis) -> None:
    """Ticks of shares as percent without the sign, which belongs in the label, and without needless zeros."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 6):g}"))


def footnote(figure: Figure, text: str) -> None:
    """A small line at the lower left."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=7, color=GREY)


def check_name(path: StrPath, *, flag: str) -> None:
    """Refuses a name that `save` would not know a format for.

    Raises:
        OptionsError: naming the flag.
    """
    if Path(path).suffix.lower() not in (".png", ".svg", ".pdf"):
        raise OptionsError(f"{flag} {path}", expected="a name that ends in .png, .svg or .pdf")


def save(figure: Figure, path: StrPath) -> None:
    """Writes the figure as `path`, in the format of its ending, by way of a temporary file beside it.

    Raises:
        ResourceError: if it cannot be written there.
    """
    path = Path(path)
    unfinished = path.with_name(f".{os.getpid()}.{path.name}")  # keeps the ending, which chooses the format
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(unfinished, bbox_inches="tight", pad_inches=0.08)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise no_space(error, path) from error
