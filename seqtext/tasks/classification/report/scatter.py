"""A picture of predicted beside true numbers: each row a dot, right where it lies on the line. Arrays in, a file out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting import canvas
from seqtext.reporting.canvas import StrPath

MOST_DOTS = 5_000
FEW_VALUES = 20  # different true numbers, such as stars: their dots are spread sideways, or they would hide each other
FAR = 1_000  # from which on figures are whole, with thousands apart
SPREAD = 0.3  # of the distance of two neighbours, to either side


def scatter(true: NDArray[np.float64], predicted: NDArray[np.float64], path: StrPath) -> None:
    """Draws them, 5,000 at most; both axes show the middle 99.8 % of the numbers, and where dots are left out it says how many.

    Args:
        true: (R,).
        predicted: (R,).
        path: of the picture to write.
    """
    from matplotlib.ticker import StrMethodFormatter

    chosen = np.unique(np.linspace(0, len(true) - 1, min(len(true), MOST_DOTS)).astype(np.int64))
    true, predicted = true[chosen], predicted[chosen]
    values = np.unique(true)
    across = true
    if 1 < len(values) <= FEW_VALUES:
        step = float(np.diff(values).min())
        across = true + np.random.default_rng(0).uniform(-SPREAD, SPREAD, len(true)) * step
    low, high = np.quantile(np.concatenate([across, predicted]), [0.001, 0.999])
    margin = 0.04 * (high - low) or 1.0
    low, high = low - margin, high + margin
    figure = canvas.new_figure(6, 5.6)
    axes = figure.add_subplot()
    size = float(np.clip(60 / np.sqrt(len(true)), 1.5, 5))
    axes.plot([low, high], [low, high], color=canvas.GREY, linewidth=1, label="right")
    style: dict[str, Any] = {"color": canvas.BLUE, "markersize": size, "alpha": 0.45, "markeredgewidth": 0}
    axes.plot(across, predicted, "o", label="a test row", **style)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    canvas.calm(axes)
    if max(abs(low), abs(high)) >= FAR:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    canvas.label_axis(axes.xaxis, "true")
    canvas.label_axis(axes.yaxis, "predicted")
    canvas.legend_above(axes, columns=2)
    outside = int(((np.minimum(across, predicted) < low) | (np.maximum(across, predicted) > high)).sum())
    if outside:
        canvas.footnote(figure, f"{outside:,} of {len(true):,} dots lie outside")
    canvas.save(figure, path)
