"""Readings by the calendar: one a month, a quarter, a year or so many, which are no fixed number of seconds. Knows moments alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.frequencies import DAY, step_of

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
    def seasons(self) -> dict[str, int]:
        """Readings a year; empty where that is no number of them, or one."""
        return {"year": 12 // self.months} if self.months < 12 and 12 % self.months == 0 else {}

    def of(self, number: int | NDArray[np.int64], readings: NDArray[np.int64]) -> Times:
        """(...) moments of some readings, from 0, of a series or of one each (...); readings to come too."""
        first = self.first[number].astype("datetime64[s]")
        month = first.astype("datetime64[M]")
        months = month + readings * self.months
        ends = (months + 1).astype("datetime64[s]")
        since = first - month.astype("datetime64[s]")
        last = ends - np.timedelta64(DAY, "s") + since % np.timedelta64(DAY, "s")  # a short month has no 31st
        found: Times = np.where(
            self.from_end[number],
            ends - ((month + 1).astype("datetime64[s]") - first),
            np.minimum(months.astype("datetime64[s]") + since, last),
        )
        return found

    def repeated(self, count: int) -> CalendarDates:
        """The dates of one series, as those of so many."""
        return self._replace(first=np.repeat(self.first, count), from_end=np.repeat(self.from_end, count))

    def later(self, readings: NDArray[np.int64]) -> CalendarDates:
        """The same without the first (S,) readings of each series."""
        return self._replace(first=self.of(np.arange(len(self.first)), readings))

    def between(self, readings: NDArray[np.int64], first: Times) -> NDArray[np.int64]:
        """(S,) how many lie between so many (S,) of each series and moments (S,) behind them; below zero for what is no step of it."""
        number = np.arange(len(self.first))
        away = (first.astype("datetime64[M]") - self.of(number, readings).astype("datetime64[M]")).astype(np.int64)
        between: NDArray[np.int64] = away // self.months
        return np.where(self.of(number, readings + between) == first, between, -1)

    def first_from(self, number: int, length: int, moment: np.datetime64) -> int:
        """The first of so many readings of a series that is not before a moment."""
        return int(np.searchsorted(self.of(number, np.arange(length)), moment))


def calendar_dates(series: Sequence[Times]) -> CalendarDates | None:
    """When the readings of some series are, where the moments of each follow each other by one step of the calendar; None for all else."""
    found = [_step(times) for times in series]
    if not found or None in found or len({one[0] for one in found if one is not None}) > 1:
        return None
    known = [one for one in found if one is not None]
    first = np.array([times[0] for times in series], dtype="datetime64[s]")
    return CalendarDates(first, known[0][0], np.array([from_end for _, from_end in known]))


def dates_from(first: Times, months: int) -> CalendarDates:
    """When the readings of some series are, by their first (S,) ones: where those end a month, so do the others."""
    tomorrow = first.astype("datetime64[D]") + 1
    return CalendarDates(first, months, tomorrow.astype("datetime64[M]").astype("datetime64[D]") == tomorrow)


def _step(times: Times) -> tuple[int, bool] | None:
    """Months between (N,) moments that follow each other without a gap, and whether they are counted from the ends of months.

    They fall on the same day of the month, or each on its last; so may a few that are evenly spaced in seconds too, as July to September.
    """
    seconds = times.astype("datetime64[s]")
    distances = np.diff(seconds).astype(np.int64)
    if not len(distances) or distances.min() < _FEWEST_DAYS * DAY:
        return None
    months, starts, ends = by_month(seconds)
    steps = np.unique(np.diff(months).astype(np.int64))
    if len(steps) > 1 or (len(np.unique(starts)) > 1 and len(np.unique(ends)) > 1):
        return None
    return int(steps[0]), len(np.unique(starts)) > 1


def by_month(times: Times) -> tuple[Times, NDArray[np.int64], NDArray[np.int64]]:
    """The month of each moment (N,), and the seconds from its beginning and to its end."""
    months = times.astype("datetime64[M]")
    starts = (times - months.astype("datetime64[s]")).astype(np.int64)
    return months, starts, ((months + 1).astype("datetime64[s]") - times).astype(np.int64)


def follows(dates: CalendarDates, where: str) -> str:
    """The note about such readings."""
    step = step_of(None, dates.months)
    return (
        f"{where}: {step}, which is no fixed distance; they follow each other, and forecasts are dated by the calendar"
    )
