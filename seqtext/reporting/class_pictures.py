"""Pictures of classes: who was taken for whom, and each class beside a baseline. `curves` shows a run over time.

Figures and names in, a picture file out. It knows no models and no run folders; how a name is made drawable and a file
written is the business of `lettering` and `canvas`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath
from seqtext.reporting.class_metrics import ClassificationMetrics, IntArray
from seqtext.reporting.lettering import Lettering, drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_WITH_COUNTS = 20  # classes of a confusion matrix whose cells hold counts and shares
MOST_WITH_SHARES = 50  # classes of one whose cells hold shares; above, colours alone
MOST_COMPARED = 40  # classes beside a baseline: the hardest ones
NUMBERED = "# and a number: position of a class whose name no font on this machine can draw"


def confusion_matrix(matrix: IntArray, names: Sequence[str], path: StrPath, *, unit: str = "rows") -> None:
    """Draws who was taken for whom: counts and shares up to 20 classes, shares up to 50, colours alone above.

    Args:
        matrix: (C, C) counts; the row is the true class, the column the predicted one.
        names: (C,) class names, in any script.
        path: of the picture to write.
        unit: what is counted.

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
    axes.set_title(f"{counts.sum():,} {unit}, {counts.trace() / max(counts.sum(), 1):.1%} right", fontsize=10)
    _draw_shares(figure, axes, shares, unit)
    if len(names) <= MOST_WITH_SHARES:
        _name_cells(figure, axes, drawable(names))
        _write_cells(axes, counts, shares, side / len(names), unit)
    canvas.save(figure, path)


def _side(classes: int) -> float:
    """Inches of the matrix: as small as its figures allow."""
    if classes <= MOST_WITH_COUNTS:
        return min(0.85 * classes, max(5.5, 0.46 * classes))
    return max(9.2, 0.27 * classes) if classes <= MOST_WITH_SHARES else 7.0


def _draw_shares(figure: Figure, axes: Axes, shares: FloatArray, unit: str) -> None:
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import PercentFormatter

    # A square root, since mistakes are what one looks for, and 5 % would be nearly white on a straight scale.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="nearest")
    ticks = [0, 0.01, 0.05, 0.2, 0.5, 1]
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=30, ticks=ticks, format=PercentFormatter(1, 0))
    bar.set_label(f"share of the true class's {unit}", fontsize=8)
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


def _write_cells(axes: Axes, counts: IntArray, shares: FloatArray, cell: float, unit: str) -> None:
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
        axes.text(
            (number - 1) / 2, float(row), f"no {unit}", ha="center", va="center", fontsize=size, color=canvas.GREY
        )


def per_class_f1(
    model: ClassificationMetrics,
    path: StrPath,
    *,
    baseline: ClassificationMetrics | None = None,
    baseline_name: str = "TF-IDF",
    unit: str = "rows",
) -> None:
    """Draws the F1 of each class as a dot, the baseline's as a hollow diamond, best class first; of many, the 40 hardest.

    Args:
        model: its figures; classes without rows are left out.
        path: of the picture to write.
        baseline: figures over the same rows and names, or None.
        baseline_name: for the legend.
        unit: what is counted.

    Raises:
        ValueError: the baseline's classes are not the model's.
    """
    if baseline and [c.name for c in baseline.per_class] != [c.name for c in model.per_class]:
        raise ValueError("the two sets of figures must be of the same classes in the same order")
    measured = np.flatnonzero([c.rows for c in model.per_class])
    f1 = np.array([c.f1 for c in model.per_class])
    order = measured[np.argsort(f1[measured], kind="stable")][:MOST_COMPARED]  # the hardest at the bottom, at 0
    figure = canvas.new_figure(8, 1.3 + 0.24 * len(order))
    axes = figure.add_subplot()
    if baseline:
        _draw_baseline(axes, f1[order], np.array([c.f1 for c in baseline.per_class])[order], baseline_name)
    axes.plot(f1[order], np.arange(len(order)), "o", color=canvas.BLUE, markersize=6, label="this model")
    _name_rows(figure, axes, model, order, unit)
    left_out = f"; the {len(order)} hardest of {len(measured)} classes" if len(order) < len(measured) else ""
    axes.set_xlabel(f"F1 (%){left_out}", fontsize=9)
    canvas.legend_above(axes, columns=2)
    canvas.save(figure, path)


def _draw_baseline(axes: Axes, f1: FloatArray, other: FloatArray, name: str) -> None:
    """Hollow diamonds, and a line to the model's dot in the colour of whichever is ahead."""
    colours = [canvas.BLUE if ours >= theirs else canvas.VERMILION for ours, theirs in zip(f1, other, strict=True)]
    axes.hlines(np.arange(len(f1)), np.minimum(f1, other), np.maximum(f1, other), colors=colours, linewidth=2)
    diamonds: dict[str, Any] = {"color": canvas.VERMILION, "markersize": 6, "markerfacecolor": "white"}
    axes.plot(other, np.arange(len(f1)), "D", label=canvas.literal(name), **diamonds)


def _name_rows(figure: Figure, axes: Axes, model: ClassificationMetrics, order: IntArray, unit: str) -> None:
    """Class names with their numbers of rows down the left, percent below."""
    lettering = drawable([c.name for c in model.per_class], longest=28)
    labels = [f"{lettering.names[i]}  ({model.per_class[i].rows:,})" for i in order]
    canvas.calm(axes)
    axes.set_yticks(range(len(order)), labels, fontsize=8, fontfamily=lettering.families)
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.set_ylabel(f"class ({unit})", fontsize=9)
    canvas.in_percent(axes.xaxis)
    axes.margins(x=0.04)
    if lettering.numbered:
        canvas.footnote(figure, NUMBERED)
