"""A forecast far ahead behind the history that is known, with a band for each pair of quantiles.

Arrays in, a picture file out; any value may be missing (NaN), and so may timestamps. It knows no models.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath
from seqtext.tasks.forecasting.report.time_axis import Times, finish, positions, values_of

LEAST_HISTORY = 96  # steps of history before a forecast, or as many as are forecast
# Blue mixed with white, since bands that shine through match no legend.
BANDS = ("#D6E8F4", "#A9CFE7", "#7CB6DA")


def fan_chart(
    history_times: Times | None,
    history: FloatArray,
    forecast_times: Times | None,
    forecast: FloatArray,
    path: StrPath,
    *,
    quantiles: Mapping[float, FloatArray],
    actual: FloatArray | None = None,
    unit: str = "",
) -> None:
    """Draws the end of the history and a forecast of H steps behind it, with a band for each pair of quantiles.

    Args:
        history_times: (N,) ascending, or None; then steps are counted from the last one known.
        history: (N,) what is known; of long ones the end is drawn, as long as the forecast or 96 steps.
        forecast_times: (H,) ascending and later, or None.
        forecast: (H,) the line in the middle.
        path: of the picture to write.
        quantiles: share and (H,) values, in pairs such as 0.1 and 0.9, of which the three widest are drawn; 0.5 is not.
        actual: (H,) what came, or None.
        unit: of the values.

    Raises:
        ValueError: nothing forecast, arrays of different lengths, times that do not ascend or are there for one part
            only, or a quantile without its counterpart.
    """
    known, ahead = np.size(history), np.size(forecast)
    past, ours = values_of("history", history, known), values_of("forecast", forecast, ahead)
    truth = None if actual is None else values_of("actual", actual, ahead)
    if (history_times is None) != (forecast_times is None):
        raise ValueError("history and forecast must both have times, or neither")
    if not ahead:
        raise ValueError("there must be at least one step of forecast")
    dated = history_times is not None and forecast_times is not None
    both = np.concatenate([history_times, forecast_times]) if history_times is not None and dated else None
    x = positions(both, known + ahead) - (0 if dated else known - 1)
    drawn = min(known, max(LEAST_HISTORY, ahead))
    before, after = x[known - drawn : known], x[known:]
    figure = canvas.new_figure(9, 4)
    axes = figure.add_subplot()
    joined = x[max(known - 1, 0) :]  # so that no gap stands where nothing is missing
    axes.plot(before, past[known - drawn :], color="black", linewidth=1.2, label="known")
    axes.plot(joined, np.concatenate([past[-1:], ours]), color=canvas.BLUE, linewidth=1.8, label="forecast", zorder=3)
    if truth is not None:
        whole = np.concatenate([past[-1:], truth])
        axes.plot(joined, whole, color="black", linewidth=1.1, linestyle=(0, (3, 1)), label="actual")
    for (inside, low, high), colour in zip(_pairs(quantiles, ahead), BANDS, strict=False):
        canvas.fill_band(axes, after, low, high, colour, f"{inside:.3g} % band")
    if drawn:
        axes.axvline(float(x[known - 1]), color=canvas.GREY, linewidth=0.8, linestyle=(0, (1, 2)))
    finish(axes, float(x[known - drawn]), float(x[-1]), dated=dated, xlabel="steps ahead")
    canvas.label_axis(axes.yaxis, "value", unit)
    canvas.legend_above(axes, columns=6)
    canvas.save(figure, path)


def _pairs(quantiles: Mapping[float, FloatArray], count: int) -> list[tuple[float, FloatArray, FloatArray]]:
    """Percent inside, lower and upper end of each band, the widest first."""
    shares = {round(share, 6): values_of(f"quantile {share:g}", values, count) for share, values in quantiles.items()}
    single = [share for share in shares if not 0 < share < 1 or round(1 - share, 6) not in shares]
    if single:
        raise ValueError(f"quantiles must be pairs such as 0.1 and 0.9, got {single[0]:g} alone")
    return [(100 - 200 * q, shares[q], shares[round(1 - q, 6)]) for q in sorted(shares) if q < 0.5]
