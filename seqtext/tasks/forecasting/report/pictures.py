"""Pictures of forecasts: two weeks of them, one far ahead with its uncertainty, errors by the hour, a state over time.

Arrays in, a picture file out; any value may be missing (NaN), and so may timestamps. It knows no models: who forecast,
and how, is said by the names it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting.canvas import (
    BLUE,
    GREY,
    PURPLE,
    VERMILION,
    StrPath,
    calm,
    legend_above,
    new_figure,
    save,
)
from seqtext.reporting.lettering import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

FloatArray: TypeAlias = NDArray[np.float64]
Times: TypeAlias = NDArray[np.datetime64]

WEEK = 7.0  # days since 1970 are the positions on an axis of time
MOST_STEPS = 1_000  # of a hidden state: a column each, and no more columns than the picture has pixels
LEAST_HISTORY = 96  # steps of history before a forecast, or as many as are forecast
BANDS = ("#D6E8F4", "#A9CFE7", "#7CB6DA")  # BLUE mixed with white, since bands that shine through match no legend
# Unit, how many of it, its days: distances of ticks from the least to the greatest.
TICKS = (
    *(
        ("m", 1, 1 / 1440),
        ("m", 5, 1 / 1440),
        ("m", 15, 1 / 1440),
        ("h", 1, 1 / 24),
        ("h", 3, 1 / 24),
        ("h", 6, 1 / 24),
    ),
    *(("D", 1, 1.0), ("D", 2, 1.0), ("D", 7, 1.0), ("M", 1, 30.4), ("M", 3, 30.4), ("Y", 1, 365.2), ("Y", 5, 365.2)),
)
MOST_TICKS = 9
RIVALS = ((VERMILION, "--"), (PURPLE, "-"), ("black", ":"), (GREY, "-."))


def two_weeks(
    times: Times | None,
    actual: FloatArray,
    forecast: FloatArray,
    path: StrPath,
    *,
    unit: str = "",
    rival: FloatArray | None = None,
    rival_name: str = "",
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
        rival: (N,) another forecast, or None.
        rival_name: for the legend.
        quantiles: (N,) each, the lower and the upper end of a band around the forecast, or None.

    Raises:
        ValueError: no readings, arrays of different lengths, or times that do not ascend.
    """
    count = np.size(actual)
    x, truth, ours = _along(times, count), _series("actual", actual, count), _series("forecast", forecast, count)
    theirs = None if rival is None else _series("rival", rival, count)
    band = None if quantiles is None else [_series("quantile", quantile, count) for quantile in quantiles]
    limits = _two_halves(x, dated=times is not None)
    seen = x < limits[-1][1]
    figure = new_figure(10, 2.7 * len(limits) + 0.4)
    panels = [figure.add_subplot(len(limits), 1, number + 1) for number in range(len(limits))]
    for axes, (first, last) in zip(panels, limits, strict=True):
        axes.sharey(panels[0])
        here = seen & (x >= first) & (x < last)
        axes.plot(x[here], truth[here], color="black", linewidth=1.1, alpha=0.75, label="actual")
        label = "forecast" + _mean_error(ours[seen], truth[seen], unit)
        axes.plot(x[here], ours[here], color=BLUE, linewidth=1.3, label=label, zorder=3)
        if theirs is not None:
            label = _name(rival_name or "rival") + _mean_error(theirs[seen], truth[seen], unit)
            axes.plot(x[here], theirs[here], color=VERMILION, linewidth=0.8, alpha=0.7, label=label, zorder=1.5)
        if band:
            _fill(axes, x[here], band[0][here], band[1][here], BANDS[0], "expected range")
        _finish(axes, first, last, dated=times is not None)
        _label(axes.yaxis, "value", unit)
    _legend(panels[0])
    save(figure, path)


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
    past, ours = _series("history", history, known), _series("forecast", forecast, ahead)
    truth = None if actual is None else _series("actual", actual, ahead)
    if (history_times is None) != (forecast_times is None):
        raise ValueError("history and forecast must both have times, or neither")
    if not ahead:
        raise ValueError("there must be at least one step of forecast")
    dated = history_times is not None and forecast_times is not None
    both = np.concatenate([history_times, forecast_times]) if history_times is not None and dated else None
    x = _along(both, known + ahead) - (0 if dated else known - 1)
    drawn = min(known, max(LEAST_HISTORY, ahead))
    before, after = x[known - drawn : known], x[known:]
    figure = new_figure(9, 4)
    axes = figure.add_subplot()
    joined = x[max(known - 1, 0) :]  # so that no gap stands where nothing is missing
    axes.plot(before, past[known - drawn :], color="black", linewidth=1.2, label="known")
    axes.plot(joined, np.concatenate([past[-1:], ours]), color=BLUE, linewidth=1.8, label="forecast", zorder=3)
    if truth is not None:
        whole = np.concatenate([past[-1:], truth])
        axes.plot(joined, whole, color="black", linewidth=1.1, linestyle=(0, (3, 1)), label="actual")
    for (inside, low, high), colour in zip(_pairs(quantiles, ahead), BANDS, strict=False):
        _fill(axes, after, low, high, colour, f"{inside:.3g} % band")
    if drawn:
        axes.axvline(float(x[known - 1]), color=GREY, linewidth=0.8, linestyle=(0, (1, 2)))
    _finish(axes, float(x[known - drawn]), float(x[-1]), dated=dated, xlabel="steps ahead")
    _label(axes.yaxis, "value", unit)
    _legend(axes)
    save(figure, path)


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
    lines = [_series(name, values, len(x)) for name, values in errors.items()]
    names = drawable(list(errors), longest=40)
    figure = new_figure(8, 4)
    axes = figure.add_subplot()
    for number, (name, line) in enumerate(zip(names.names, lines, strict=True)):
        colour, style = RIVALS[(number - 1) % len(RIVALS)] if number else (BLUE, "-")
        width, order = (1.2, 2.0) if number else (2.6, 3.0)
        axes.plot(x, line, color=colour, linestyle=style, linewidth=width, label=name, zorder=order)
        if len(x) <= 31:
            axes.plot(x, line, "o", color=colour, markersize=1.7 * width, zorder=order)
    calm(axes)
    if np.array_equal(x, np.arange(24)):
        axes.set_xticks(range(0, 24, 3))
    axes.set_ylim(bottom=0)
    _label(axes.xaxis, xlabel)
    _label(axes.yaxis, ylabel)
    _legend(axes)
    save(figure, path)


def hidden_state(times: Times | None, inputs: FloatArray, states: FloatArray, path: StrPath, *, unit: str = "") -> None:
    """Draws a recurrent layer unrolled through time: a column a step, a row a unit, and the input below.

    Args:
        times: (T,) ascending, or None to number the steps; of more than 1,000 steps the first ones are drawn.
        inputs: (T,) what the layer read.
        states: (T, H) what it held after reading it.
        path: of the picture to write.
        unit: of the inputs.

    Raises:
        ValueError: no steps or units, arrays of different lengths, or times that do not ascend.
    """
    from matplotlib.ticker import MaxNLocator

    held = np.asarray(states, dtype=np.float64)
    if held.ndim != 2 or not held.size:
        raise ValueError(f"states must be of shape (T, H), got {held.shape}")
    x, read = _along(times, len(held))[:MOST_STEPS], _series("inputs", inputs, len(held))[:MOST_STEPS]
    held = np.where(np.isfinite(held), held, np.nan)[:MOST_STEPS]
    most, outside = _reach(held)
    units = held.shape[1]
    figure = new_figure(10, 2.6 + min(4.5, max(1.5, 0.07 * units)))
    grid = figure.add_gridspec(2, 2, height_ratios=[min(4.0, max(1.5, 0.05 * units)), 1], width_ratios=[60, 1])
    upper, lower = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    edges = _edges(x)
    image = upper.pcolorfast(edges, np.arange(units + 1) - 0.5, held.T, cmap="RdBu_r", vmin=-most, vmax=most)
    bar = figure.colorbar(image, cax=figure.add_subplot(grid[0, 1]), extend=outside)
    bar.set_label("state", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    lower.plot(x, read, color="black", linewidth=1)
    for axes in (upper, lower):
        _finish(axes, edges[0], edges[-1], dated=times is not None)
    upper.grid(visible=False)
    upper.set_title(f"The neurons of one layer unrolled through time: {len(x):,} steps, {units:,} units", fontsize=10)
    upper.set_ylabel("unit", fontsize=9)
    upper.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    upper.tick_params(labelbottom=False)
    upper.set_xlabel("")
    _label(lower.yaxis, "input", unit)
    save(figure, path)


def _series(name: str, values: FloatArray, count: int) -> FloatArray:
    """Values as an array of that length, NaN where they are not finite."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise ValueError(f"{name} must be of shape ({count},), got {numbers.shape}")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _along(times: Times | None, count: int) -> FloatArray:
    """(count,) positions on the axis: days since 1970, or the number of the step."""
    if not count:
        raise ValueError("there must be at least one step to draw")
    if times is None:
        return np.arange(count, dtype=np.float64)
    if times.shape != (count,):
        raise ValueError(f"times must be of shape ({count},), got {times.shape}")
    if np.isnat(times).any() or not (np.diff(times) > np.timedelta64(0)).all():
        raise ValueError("times must be there and ascend")
    return _days(times)


def _days(times: Times) -> FloatArray:
    return times.astype("datetime64[s]").astype(np.float64) / 86_400


def _two_halves(x: FloatArray, *, dated: bool) -> list[tuple[float, float]]:
    """First and last position of each panel: a week each, or half of all, or one panel if there is too little for two."""
    step = float(np.median(np.diff(x))) if len(x) > 1 else 1.0
    start, end = float(x[0]), float(x[-1]) + step
    middle = start + WEEK if dated and step < 1 else float(x[len(x) // 2])
    if middle >= end or len(x) < 4:
        return [(start, end)]
    return [(start, middle), (middle, middle + WEEK if dated and step < 1 else end)]


def _pairs(quantiles: Mapping[float, FloatArray], count: int) -> list[tuple[float, FloatArray, FloatArray]]:
    """Percent inside, lower and upper end of each band, the widest first."""
    shares = {round(share, 6): _series(f"quantile {share:g}", values, count) for share, values in quantiles.items()}
    single = [share for share in shares if not 0 < share < 1 or round(1 - share, 6) not in shares]
    if single:
        raise ValueError(f"quantiles must be pairs such as 0.1 and 0.9, got {single[0]:g} alone")
    return [(100 - 200 * q, shares[q], shares[round(1 - q, 6)]) for q in sorted(shares) if q < 0.5]


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
    return f" (mean absolute error {np.nanmean(error):.3g}{' ' + _name(unit) if unit else ''})"


def _name(text: str) -> str:
    """The text as matplotlib is to take it: literally."""
    return drawable([text], longest=60).names[0]


def _label(axis: Axis, name: str, unit: str = "") -> None:
    lettering = drawable([f"{name} ({unit})" if unit else name], longest=60)
    axis.set_label_text(lettering.names[0], fontsize=9, fontfamily=lettering.families)


def _legend(axes: Axes) -> None:
    """Above the axes, in fonts that have the characters of its names and units."""
    legend_above(axes, columns=6)
    texts = legend.get_texts() if (legend := axes.get_legend()) else []
    families = drawable([text.get_text() for text in texts]).families
    for text in texts:
        text.set_fontfamily(families)


def _fill(axes: Axes, x: FloatArray, low: FloatArray, high: FloatArray, colour: str, label: str) -> None:
    """A band, and a line without points that stands for it in the legend."""
    axes.fill_between(x, low, high, color=colour, linewidth=0, zorder=1)
    axes.plot([np.nan], [np.nan], color=colour, linewidth=7, solid_capstyle="butt", label=label)


def _finish(axes: Axes, first: float, last: float, *, dated: bool, xlabel: str = "step") -> None:
    """Grid, limits, and ticks at whole days, hours or steps."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    calm(axes)
    if last > first:
        axes.set_xlim(first, last)
    if dated:
        at, names = _time_ticks(first, last)
        axes.set_xticks(at, names)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 2.5, 5, 10], integer=True))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_xlabel(xlabel, fontsize=9)


def _time_ticks(first: float, last: float) -> tuple[FloatArray, list[str]]:
    """Positions and names of at most nine ticks: weekdays over a week, since loads follow them; hours, months, years else."""
    unit, every, length = next(
        (tick for tick in TICKS if last - first <= (MOST_TICKS - 1) * tick[1] * tick[2]), TICKS[-1]
    )
    ends = np.array([first, last + length]) * 86_400
    start, stop = ends.astype("datetime64[s]").astype(f"datetime64[{unit}]").astype(np.int64).tolist()
    numbers = np.arange(start, stop + 1)
    numbers = numbers[(numbers + (3 if unit == "D" else 0)) % every == 0]  # 1970 began on a Thursday, weeks on a Monday
    times = numbers.astype(f"datetime64[{unit}]").astype("datetime64[s]")
    days = _days(times)
    inside = (days >= first) & (days <= last)
    dates: list[datetime] = times[inside].tolist()
    return days[inside], [_tick_name(at, unit, first=not number) for number, at in enumerate(dates)]


def _tick_name(at: datetime, unit: str, *, first: bool) -> str:
    """Of the first tick also what the others leave out."""
    if unit == "Y":
        return f"{at:%Y}"
    if unit == "M":
        return f"{at:%b}\n{at:%Y}" if first or at.month == 1 else f"{at:%b}"
    if unit == "D":
        return f"{at:%a %d %b}\n{at:%Y}" if first else f"{at:%a %d %b}"
    return f"{at:%H:%M}\n{at:%a %d %b}" if first or (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}"
