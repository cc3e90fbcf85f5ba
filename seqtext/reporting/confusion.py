"""`confusion_matrix`: who was taken for whom, as a picture. Counts and names in, a file out; knows no models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath
from seqtext.reporting.lettering import Lettering, drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IntArray = NDArray[np.int64]

MOST_WITH_COUNTS = 20  # classes of a confusion matrix whose cells hold counts and shares
MOST_WITH_SHARES = 50  # classes of one whose cells hold shares; above, colours alone
NUMBERED = "# and a number: position of a class whose name no font on this machine can draw"


def confusion_matrix(matrix: IntArray, names: Sequence[str], path: StrPath) -> None:
    """Draws who was taken for whom: counts and shares up to 20 classes, shares up to 50, colours alone above.

    Args:
        matrix: (C, C) counts; the row is the true class, the column the predicted one.
        names: (C,) class names, in any script.
        path: of the picture to write.

    Raises:
        ValueError: the matrix is not (C, C) for the C names.
    """
    counts = np.asarray(matrix)
    if counts.shape != (len(names), len(names)):
        raise ValueError(f"a confusion matrix must be square with one side per name ({len(names)}), got {counts.shape}")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = _side(len(names))
    figure = canvas.new_figure(side + 2.6, side + 1.5)
    axes = figure.add_subplot()
    axes.set_title(f"{counts.sum():,} rows, {counts.trace() / max(counts.sum(), 1):.1%} right", fontsize=10)
    _draw_shares(figure, axes, shares)
    if len(names) <= MOST_WITH_SHARES:
        _name_cells(figure, axes, drawable(names))
        _write_cells(axes, counts, shares, side / len(names))
    canvas.save(figure, path)


def _side(classes: int) -> float:
    """Inches of the matrix: as small as its figures allow."""
    if classes <= MOST_WITH_COUNTS:
        return min(0.85 * classes, max(5.5, 0.46 * classes))
    return max(9.2, 0.27 * classes) if classes <= MOST_WITH_SHARES else 7.0


def _draw_shares(figure: Figure, axes: Axes, shares: FloatArray) -> None:
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import PercentFormatter

    # A square root, since mistakes are what one looks for, and 5 % would be nearly white on a straight scale.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="nearest")
    ticks = [0, 0.01, 0.05, 0.2, 0.5, 1]
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=30, ticks=ticks, format=PercentFormatter(1, 0))
    bar.set_label("share of the true class's rows", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.ax.minorticks_off()
    axes.set_xlabel("predicted class", fontsize=9)
    axes.set_ylabel("true class", fontsize=9)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)


def _name_cells(figure: Figure, axes: Axes, lettering: Lettering) -> None:
    """Class names along both axes, and white lines between the cells."""
    number = len(lettering.names)
    size = 9 if number <= 10 else 8
    axes.set_yticks(range(number), lettering.names, fontsize=size, fontfamily=lettering.families)
    axes.set_xticks(range(number), lettering.names, fontsize=size, fontfamily=lettering.families)
    if number > MOST_WITH_COUNTS:
        axes.tick_params(axis="x", rotation=90)
    elif max(map(len, lettering.names)) > 10:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(np.arange(number - 1) + 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color="white", linewidth=1)
    if lettering.numbered:
        canvas.footnote(figure, NUMBERED)


def _write_cells(axes: Axes, counts: IntArray, shares: FloatArray, cell: float) -> None:
    """The figures in the cells, as large as a cell of that many inches allows; zeros are left out."""
    number, with_counts = len(counts), len(counts) <= MOST_WITH_COUNTS
    size = min(10.0, cell * 72 / (4.5 if with_counts else 2.8))
    for row, column in np.argwhere(counts):
        share = shares[row, column]
        percent = f"{share:.0%}" if share >= 0.01 else "<1%" if with_counts else ""
        text = f"{counts[row, column]:,}\n{percent}" if with_counts else percent.rstrip("%")
        colour = "white" if share > 0.35 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour, linespacing=1.15)
    for row in np.flatnonzero(counts.sum(axis=1) == 0):
        axes.text((number - 1) / 2, float(row), "no rows", ha="center", va="center", fontsize=size, color=canvas.GREY)
