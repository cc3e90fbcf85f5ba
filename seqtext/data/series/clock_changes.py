"""Where clocks were changed for summer time, by what it does to readings: an hour that is missing or there twice, a day of 23 or 25.

Knows moments, no zones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.frequencies import DAY, HOUR

# Clocks change on Sundays, in the north and in the south. A missing hour at another time is a gap like any other.
_HOUR_MISSING, _HOUR_TWICE = (3, 9, 10), (3, 4, 10, 11)  # months


def clock_changes(ascending: NDArray[np.int64], frequency: int) -> list[np.datetime64]:
    """The moments after which exactly one hour is missing, or there twice, on a Sunday of a month in which clocks change."""
    if HOUR % frequency:
        return shifted_days(ascending) if frequency == DAY else []
    distinct, counts = np.unique(ascending, return_counts=True)
    missing = distinct[np.flatnonzero(np.diff(distinct) == frequency + HOUR)] + frequency
    # A run of doubled readings that fills one hour: it starts where the moment before is single, and lasts as long as that.
    twice = distinct[counts == 2]
    starts = twice[~np.isin(twice - frequency, twice)]
    ends = twice[~np.isin(twice + frequency, twice)]
    doubled = starts[ends - starts == HOUR - frequency]
    found = [(missing, _HOUR_MISSING), (doubled, _HOUR_TWICE)]
    return sorted(moment for moments, months in found for moment in _on_sundays(moments, months))


def shifted_days(ascending: NDArray[np.int64]) -> list[np.datetime64]:
    """Where days, written in UTC, are 23 or 25 hours long."""
    distances = np.diff(ascending)
    odd = ascending[:-1][np.isin(distances, (DAY - HOUR, DAY + HOUR))]
    return [np.datetime64(int(moment), "s") for moment in odd]


def _on_sundays(moments: NDArray[np.int64], months: tuple[int, ...]) -> list[np.datetime64]:
    times = moments.astype("datetime64[s]")
    month = times.astype("datetime64[M]").astype(np.int64) % 12 + 1
    weekday = (times.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970 began on a Thursday; 6 is Sunday
    return list(times[np.isin(month, months) & (weekday == 6)])
