"""Readings by the calendar: one a month, a quarter or a year, which are no fixed number of seconds. Knows moments alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.frequencies import DAY

_NAMES = {1: "month", 3: "quarter", 6: "half year", 12: "year"}
_FEWEST_DAYS = 28

Times = NDArray[np.datetime64]


class CalendarDates(NamedTuple):
    """When the readings of S series are, by the calendar.

    Attributes:
        first: (S,) datetime64[s] of the first readings.
        months: from each reading to the next.
        from_end: (S,) whether readings are as far from the end of a month as the first one, not as far from its beginning.
    """

    first: Times
    months: int
    from_end: NDArray[np.bool_]

    @property
    def step(self) -> str:
        """month, quarter, half year or year."""
        return _NAMES[self.months]

    def of(self, number: int, readings: NDArray[np.int64]) -> Times:
        """(N,) moments of some readings of a series, from 0; readings to come too."""
        first = self.first[number].astype("datetime64[s]")
        month = first.astype("datetime64[M]")
        months = month + readings * self.months
        ends = (months + 1).astype("datetime64[s]")
        found: Times = ends - ((month + 1).astype("datetime64[s]") - first)
        if not self.from_end[number]:
            since = first - month.astype("datetime64[s]")
            last = ends - np.timedelta64(DAY, "s") + since % np.timedelta64(DAY, "s")  # a short month has no 31st
            found = np.minimum(months.astype("datetime64[s]") + since, last)
        return found

    def later(self, readings: NDArray[np.int64]) -> CalendarDates:
        """The same without the first (S,) readings of each series."""
        firsts = [self.of(number, readings[number : number + 1])[0] for number in range(len(self.first))]
        return self._replace(first=np.array(firsts, dtype="datetime64[s]"))


def calendar_dates(series: Sequence[Times]) -> CalendarDates | None:
    """When the readings of some series are, where the moments of each follow each other by one step of the calendar; None for all else."""
    found = [_step(times) for times in series]
    if not found or None in found or len({one[0] for one in found if one is not None}) > 1:
        return None
    known = [one for one in found if one is not None]
    first = np.array([times[0] for times in series], dtype="datetime64[s]")
    return CalendarDates(first, known[0][0], np.array([from_end for _, from_end in known]))


def _step(times: Times) -> tuple[int, bool] | None:
    """Months between (N,) moments that follow each other without a gap, and whether they are counted from the ends of months.

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
    if len(steps) > 1 or (len(np.unique(starts)) > 1 and len(np.unique(ends)) > 1) or int(steps[0]) not in _NAMES:
        return None
    return int(steps[0]), len(np.unique(starts)) > 1


def follows(step: str, where: str) -> str:
    """The note about such readings."""
    return f"{where}: a reading a {step}, which is no fixed distance; they follow each other, and forecasts are dated by the calendar"
