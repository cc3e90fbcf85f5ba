"""Pictures of classes: each class beside a baseline. `curves` shows a run over time.

Figures and names in, a picture file out. It knows no models and no run folders; how a name is made drawable and a file
written is the business of `lettering` and `canvas`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath
from seqtext.reporting.confusion import NUMBERED
from seqtext.reporting.lettering import drawable
from seqtext.tasks.classification.report.metrics import ClassificationMetrics, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COMPARED = 40  # classes beside a baseline: the hardest ones


def per_class_f1(
    model: ClassificationMetrics,
    path: StrPath,
    *,
    baseline: ClassificationMetrics | None = None,
    baseline_name: str = "TF-IDF",
) -> None:
    """Draws the F1 of each class as a dot, the baseline's as a hollow diamond, best class first; of many, the 40 hardest.

    Args:
        model: its figures; classes without rows are left out.
        path: of the picture to write.
        baseline: figures over the same rows and names, or None.
        baseline_name: for the legend.

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
    _name_rows(figure, axes, model, order)
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


def _name_rows(figure: Figure, axes: Axes, model: ClassificationMetrics, order: IntArray) -> None:
    """Class names with their numbers of rows down the left, percent below."""
    lettering = drawable([c.name for c in model.per_class], longest=28)
    labels = [f"{lettering.names[i]}  ({model.per_class[i].rows:,})" for i in order]
    canvas.calm(axes)
    axes.set_yticks(range(len(order)), labels, fontsize=8, fontfamily=lettering.families)
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.set_ylabel("class (rows)", fontsize=9)
    canvas.in_percent(axes.xaxis)
    axes.margins(x=0.04)
    if lettering.numbered:
        canvas.footnote(figure, NUMBERED)
