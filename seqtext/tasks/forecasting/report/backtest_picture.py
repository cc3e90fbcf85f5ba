"""The picture of `seqtext evaluate`: the error by step ahead, and that of the worst series, or of each forecast of one series.

Knows figures and forecasts, no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.reporting import canvas
from seqtext.reporting.baseline import Baseline
from seqtext.reporting.canvas import FloatArray, StrPath
from seqtext.reporting.lettering import drawable
from seqtext.tasks.forecasting.report.measuring import Measuring
from seqtext.tasks.forecasting.report.pictures import error_lines
from seqtext.tasks.forecasting.report.time_axis import finish, positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORST = 10  # series that are drawn
ERROR = "mean absolute error"


def backtest_picture(
    measuring: Measuring, figures: Mapping[str, Any], simple: Sequence[Baseline[FloatArray]], path: StrPath
) -> None:
    """Draws it.

    Args:
        measuring: what was forecast, and what came.
        figures: with `test` and `baselines`.
        simple: the baselines, of which the best is drawn too.
        path: of the picture to write.
    """
    made, several = measuring.made, figures["test"]["by_series"] is not None
    best = min(simple, key=lambda one: float(figures["baselines"][one.name]["mae"]), default=None)
    steps = made.true.shape[1]
    rows = 2 if steps > 1 else 1
    figure = canvas.new_figure(8, 3.4 * rows)
    below = figure.add_subplot(rows, 1, rows)
    if steps > 1:
        above = figure.add_subplot(rows, 1, 1)
        shown = {"this model": figures["test"]} | ({} if best is None else {best.name: figures["baselines"][best.name]})
        by_step = {name: np.array(one["by_step"], dtype=np.float64) for name, one in shown.items()}
        error_lines(above, np.arange(1, steps + 1), by_step)
        canvas.label_axis(above.xaxis, "steps ahead")
        canvas.label_axis(above.yaxis, ERROR)
    if several:
        _worst_series(below, figures["test"]["by_series"]["each"])
    else:
        lines = {"this model": made.values} | ({} if best is None else {best.name: best.predicted})
        _each_forecast(below, measuring, {name: _means(made.true, values) for name, values in lines.items()})
    canvas.save(figure, path)


def _worst_series(axes: Axes, each: Mapping[str, Mapping[str, float | None]]) -> None:
    """Bars of the series with the greatest errors, the worst on top."""
    measure = "mase" if any(one.get("mase") is not None for one in each.values()) else "mae"
    errors = {name: float(one[measure] or np.nan) for name, one in each.items() if one.get(measure) is not None}
    worst = sorted(errors, key=lambda name: -errors[name])[:WORST]
    lettering = drawable(worst, longest=24)
    axes.barh(np.arange(len(worst)), [errors[name] for name in worst], color=canvas.BLUE, height=0.7)
    axes.set_yticks(np.arange(len(worst)), lettering.names, fontfamily=lettering.families)
    axes.invert_yaxis()
    canvas.calm(axes)
    median = float(np.median(list(errors.values())))
    axes.axvline(median, color=canvas.VERMILION, linestyle="--", linewidth=1.2, label="median of all series")
    canvas.legend_above(axes, columns=2)
    canvas.label_axis(axes.xaxis, f"{'MASE' if measure == 'mase' else ERROR} of the worst of {len(errors):,} series")


def _each_forecast(axes: Axes, measuring: Measuring, errors: Mapping[str, FloatArray]) -> None:
    """The error of each forecast, by when it begins."""
    series, first = measuring.data.series, measuring.first
    times = None if not series.timed else series.times_at(first)
    x = positions(times, len(first))
    error_lines(axes, x, errors)
    finish(axes, float(x[0]), float(x[-1]), dated=times is not None, xlabel="number of the forecast")
    canvas.label_axis(axes.yaxis, f"{ERROR} of each forecast")


def _means(true: FloatArray, values: FloatArray) -> FloatArray:
    """(R,) mean absolute errors of forecasts, NaN where nothing was measured."""
    known = ~np.isnan(true)
    sums = np.abs(np.where(known, true - values, 0.0)).sum(axis=1)
    means: FloatArray = np.divide(sums, known.sum(axis=1), out=np.full(len(true), np.nan), where=known.any(axis=1))
    return means
