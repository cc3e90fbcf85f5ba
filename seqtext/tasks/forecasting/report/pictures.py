"""Pictures of forecasts: two weeks of them, errors by the hour or by the step, a hidden state over time.

Arrays in, a picture file out; any value may be missing (NaN), and so may timestamps. It knows no models: who forecast,
and how, is said by the names it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath
from seqtext.reporting.lettering import drawable
from seqtext.tasks.forecasting.report.fan_chart import BANDS
from seqtext.tasks.forecasting.report.time_axis import Times, finish, positions, values_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WEEK = 7.0  # days since 1970 are the positions on an axis of time
MOST_STEPS = 1_000  # of a hidden state: a column each, and no more columns than the picture has pixels
BASELINES = (
    (canvas.VERMILION, "--"),
    (canvas.PURPLE, "-"),
    ("black", ":"),
    (canvas.GREY, "-."),
)  # colour and line of each


def two_weeks(
    times: Times | None,
    actual: FloatArray,
    forecast: FloatArray,
    path: StrPath,
    *,
    unit: str = "",
    baseline: FloatArray | None = None,
    baseline_name: str = "",
    quantiles: tuple[FloatArray, FloatArray] | None = None,
) -> None:
    """Draws what came and what was forecast one step before, a week above the other on one scale, with the mean errors.

    Readings behind the second week are left out. Without timestamps, or with a day or more between two readings, all are
    drawn, one half above the other.

    Args:
        times: (N,) ascending, or None to number the steps.
        actual: (N,) what came.
        forecast: (N,) what was forecast for that time.
        path: of the picture to write.
        unit: of the values.
        baseline: (N,) another forecast, or None.
        baseline_name: for the legend.
        quantiles: (N,) each, the lower and the upper end of a band around the forecast, or None.

    Raises:
        ValueError: no readings, arrays of different lengths, or times that do not ascend.
    """
    count = np.size(actual)
    x, truth, ours = positions(times, count), values_of("actual", actual, count), values_of("forecast", forecast, count)
    theirs = None if baseline is None else values_of("baseline", baseline, count)
    band = None if quantiles is None else [values_of("quantile", quantile, count) for quantile in quantiles]
    limits = _two_halves(x, dated=times is not None)
    seen = x < limits[-1][1]
    figure = canvas.new_figure(10, 2.7 * len(limits) + 0.4)
    panels = [figure.add_subplot(len(limits), 1, number + 1) for number in range(len(limits))]
    for axes, (first, last) in zip(panels, limits, strict=True):
        axes.sharey(panels[0])
        here = seen & (x >= first) & (x < last)
        axes.plot(x[here], truth[here], color="black", linewidth=1.1, alpha=0.75, label="actual")
        label = "forecast" + _mean_error(ours[seen], truth[seen], unit)
        axes.plot(x[here], ours[here], color=canvas.BLUE, linewidth=1.3, label=label, zorder=3)
        if theirs is not None:
            label = canvas.literal(baseline_name or "baseline") + _mean_error(theirs[seen], truth[seen], unit)
            axes.plot(x[here], theirs[here], color=canvas.VERMILION, linewidth=0.8, alpha=0.7, label=label, zorder=1.5)
        if band:
            canvas.fill_band(axes, x[here], band[0][here], band[1][here], BANDS[0], "expected range")
        finish(axes, first, last, dated=times is not None)
        canvas.label_axis(axes.yaxis, "value", unit)
    canvas.legend_above(panels[0], columns=6)
    canvas.save(figure, path)


def error_by(
    labels: Sequence[float] | NDArray[np.int64],
    errors: Mapping[str, FloatArray],
    path: StrPath,
    *,
    xlabel: str,
    ylabel: str,
) -> None:
    """Draws an error for each hour of the day, or each step ahead, a line a method; the first one is this model's.

    Args:
        labels: (N,) ascending numbers for the axis, such as 0 to 23.
        errors: name and (N,) errors of each method, in the order of the legend.
        path: of the picture to write.
        xlabel: what is numbered, with its unit.
        ylabel: which error, with its unit.

    Raises:
        ValueError: no methods, or errors that are not one for each label.
    """
    if not errors:
        raise ValueError("at least one method's errors must be given")
    x = np.asarray(labels, dtype=np.float64)
    figure = canvas.new_figure(8, 4)
    axes = figure.add_subplot()
    error_lines(axes, x, errors)
    if np.array_equal(x, np.arange(24)):
        axes.set_xticks(range(0, 24, 3))
    canvas.label_axis(axes.xaxis, xlabel)
    canvas.label_axis(axes.yaxis, ylabel)
    canvas.save(figure, path)


def error_lines(axes: Axes, x: FloatArray, errors: Mapping[str, FloatArray]) -> None:
    """A line of errors (N,) for each method, at the positions `x` (N,); the first one is this model's."""
    lines = [values_of(name, values, len(x)) for name, values in errors.items()]
    names = drawable(list(errors), longest=40)
    for number, (name, line) in enumerate(zip(names.names, lines, strict=True)):
        colour, style = BASELINES[(number - 1) % len(BASELINES)] if number else (canvas.BLUE, "-")
        width, order = (1.2, 2.0) if number else (2.6, 3.0)
        axes.plot(x, line, color=colour, linestyle=style, linewidth=width, label=name, zorder=order)
        if len(x) <= 31:
            axes.plot(x, line, "o", color=colour, markersize=1.7 * width, zorder=order)
    canvas.calm(axes)
    axes.set_ylim(bottom=0)
    canvas.legend_above(axes, columns=6)


def hidden_state(times: Times | None, inputs: FloatArray, states: FloatArray, path: StrPath, *, unit: str = "") -> None:
    """Draws a recurrent layer unrolled through time: a column per step, a row per neuron, and the input below.

    Args:
        times: (T,) ascending, or None to number the steps; of more than 1,000 steps the first ones are drawn.
        inputs: (T,) what the layer read.
        states: (T, H) what it held after reading it.
        path: of the picture to write.
        unit: of the inputs.

    Raises:
        ValueError: no steps or neurons, arrays of different lengths, or times that do not ascend.
    """
    held = np.asarray(states, dtype=np.float64)
    if held.ndim != 2 or not held.size:
        raise ValueError(f"states must be of shape (T, H), got {held.shape}")
    x, read = positions(times, len(held))[:MOST_STEPS], values_of("inputs", inputs, len(held))[:MOST_STEPS]
    held = np.where(np.isfinite(held), held, np.nan)[:MOST_STEPS]
    most, outside = _reach(held)
    neurons = held.shape[1]
    figure = canvas.new_figure(10, 2.6 + min(4.5, max(1.5, 0.07 * neurons)))
    grid = figure.add_gridspec(2, 2, height_ratios=[min(4.0, max(1.5, 0.05 * neurons)), 1], width_ratios=[60, 1])
    upper, lower = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    edges = _edges(x)
    image = upper.pcolorfast(edges, np.arange(neurons + 1) - 0.5, held.T, cmap="RdBu_r", vmin=-most, vmax=most)
    bar = figure.colorbar(image, cax=figure.add_subplot(grid[0, 1]), extend=outside)
    bar.set_label("state", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    lower.plot(x, read, color="black", linewidth=1)
    for axes in (upper, lower):
        finish(axes, edges[0], edges[-1], dated=times is not None)
    upper.grid(visible=False)
    upper.set_title(f"One layer unrolled through time: {len(x):,} steps, {neurons:,} neurons", fontsize=10)
    upper.set_ylabel("neuron", fontsize=9)
    canvas.whole_numbers(upper.yaxis, 8)
    upper.tick_params(labelbottom=False)
    upper.set_xlabel("")
    canvas.label_axis(lower.yaxis, "input", unit)
    canvas.save(figure, path)


def _two_halves(x: FloatArray, *, dated: bool) -> list[tuple[float, float]]:
    """First and last position of each panel: a week each, or half of all, or one panel if there is too little for two."""
    step = float(np.median(np.diff(x))) if len(x) > 1 else 1.0
    start, end = float(x[0]), float(x[-1]) + step
    middle = start + WEEK if dated and step < 1 else float(x[len(x) // 2])
    if middle >= end or len(x) < 4:
        return [(start, end)]
    return [(start, middle), (middle, middle + WEEK if dated and step < 1 else end)]


def _reach(states: FloatArray) -> tuple[float, str]:
    """Where the colours end on both sides of zero, and whether values lie beyond, for `extend`."""
    size = np.abs(states[np.isfinite(states)])
    if (
        not size.size or not size.any() or 0.5 < size.max() <= 1
    ):  # tanh keeps them there: the same colours in each picture
        return 1.0, "neither"
    return float(np.percentile(size, 99.5)) or float(size.max()), "both"  # a few large values would wash the others out


def _edges(x: FloatArray) -> FloatArray:
    """(T + 1,) where each step's column begins and ends."""
    between = (x[1:] + x[:-1]) / 2
    half = (x[1] - x[0]) / 2 if len(x) > 1 else 0.5
    return np.concatenate([[x[0] - half], between, [x[-1] + half]])


def _mean_error(forecast: FloatArray, truth: FloatArray, unit: str) -> str:
    error = np.abs(forecast - truth)
    if not np.isfinite(error).any():
        return ""
    return f" (mean absolute error {np.nanmean(error):.3g}{' ' + canvas.literal(unit) if unit else ''})"
