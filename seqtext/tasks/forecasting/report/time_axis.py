"""An axis of time, or of numbered steps: values and times as they can be drawn, ticks at whole days, hours or steps."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting.canvas import FloatArray, calm, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Times: TypeAlias = NDArray[np.datetime64]

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


def values_of(name: str, values: FloatArray, count: int) -> FloatArray:
    """Values as an array of that length, NaN where they are not finite."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise ValueError(f"{name} must be of shape ({count},), got {numbers.shape}")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def positions(times: Times | None, count: int) -> FloatArray:
    """(count,) positions on the axis: days since 1970, or the number of the step."""
    if not count:
        raise ValueError("there must be at least one step to draw")
    if times is None:
        return np.arange(count, dtype=np.float64)
    if times.shape != (count,):
        raise ValueError(f"times must be of shape ({count},), got {times.shape}")
    if np.isnat(times).any() or not (np.diff(times) > np.timedelta64(0)).all():
        raise ValueError("times must be there and ascend")
    return days_of(times)


def days_of(times: Times) -> FloatArray:
    """Days since 1970."""
    return times.astype("datetime64[s]").astype(np.float64) / 86_400


def finish(axes: Axes, first: float, last: float, *, dated: bool, xlabel: str = "step") -> None:
    """Grid, limits, and ticks at whole days, hours or steps."""
    calm(axes)
    if last > first:
        axes.set_xlim(first, last)
    if dated:
        at, names = _time_ticks(first, last)
        axes.set_xticks(at, names)
    else:
        whole_numbers(axes.xaxis, 10)
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
    days = days_of(times)
    inside = (days >= first) & (days <= last)
    dates: list[datetime] = times[inside].tolist()
    return days[inside], [_tickliteral(at, unit, first=not number) for number, at in enumerate(dates)]


def _tickliteral(at: datetime, unit: str, *, first: bool) -> str:
    """Of the first tick also what the others leave out."""
    if unit == "Y":
        return f"{at:%Y}"
    if unit == "M":
        return f"{at:%b}\n{at:%Y}" if first or at.month == 1 else f"{at:%b}"
    if unit == "D":
        return f"{at:%a %d %b}\n{at:%Y}" if first else f"{at:%a %d %b}"
    return f"{at:%H:%M}\n{at:%a %d %b}" if first or (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}"
