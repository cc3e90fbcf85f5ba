"""Readings by the calendar: one a month, a quarter or a year, which are no fixed number of seconds. Knows moments alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.frequencies import DAY

_NAMES = {1: "month", 3: "quarter", 6: "half year", 12: "year"}
_FEWEST_DAYS = 28


def calendar_step(times: NDArray[np.datetime64]) -> str | None:
    """month, quarter, half year or year, where (N,) moments follow each other so without a gap; None for all else.

    They fall on the same day of the month, or each on its last. What is evenly spaced in seconds needs no calendar.
    """
    seconds = times.astype("datetime64[s]")
    distances = np.diff(seconds).astype(np.int64)
    if len(distances) < 2 or (distances == distances[0]).all() or distances.min() < _FEWEST_DAYS * DAY:
        return None
    months = seconds.astype("datetime64[M]")
    steps = np.unique(np.diff(months).astype(np.int64))
    starts = (seconds - months.astype("datetime64[s]")).astype(np.int64)
    ends = ((months + 1).astype("datetime64[s]") - seconds).astype(np.int64)
    if len(steps) > 1 or (len(np.unique(starts)) > 1 and len(np.unique(ends)) > 1):
        return None
    return _NAMES.get(int(steps[0]))


def follows(step: str, where: str) -> str:
    """The note about such readings."""
    return f"{where}: a reading a {step}, which is no fixed distance; the readings follow each other without times"
