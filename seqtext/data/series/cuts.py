"""Spans of series cut where a date says. Knows series and their clocks, no files."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.begins import Begin
from seqtext.data.series.series import Part, SeriesSet
from seqtext.data.series.zones import in_utc, on_clock_of
from seqtext.errors import DataError


def cut(part: Part, at: Begin) -> tuple[Part, Part]:
    """The readings of each span before a moment, and those from it on.

    Raises:
        DataError: series without timestamps, or none of whose readings lie on one side; a zone where their times have none.
    """
    series, spans = part.series, part.spans
    if not series.timed:
        fix = "name the column of the times with --time_column, or give shares (--test_share, --validation_share)"
        raise DataError(f"{at.flag} {at.text} of readings without timestamps", where=series.name, fix=fix)
    if at.zoned and series.zone is None:
        found, fix = f"{at.flag} {at.text} has a zone, the times of the readings have none", "leave the zone out"
        raise DataError(found, where=series.name, fix=fix)
    moment = at.moment if at.zoned or series.zone is None else in_utc(at.moment, series.zone)
    number = series.series_at(spans[:, 0])
    middle = np.clip(series.starts[number] + _first_from(series, number, moment), spans[:, 0], spans[:, 1])
    halves = np.stack([spans[:, 0], middle], axis=1), np.stack([middle, spans[:, 1]], axis=1)
    earlier, later = (Part(series, half[half[:, 0] < half[:, 1]]) for half in halves)
    if not len(earlier) or not len(later):
        side = "before" if not len(earlier) else "from"
        ends = series.times_at(spans[:, 0]).min(), series.times_at(spans[:, 1] - 1).max()
        first, last = (on_clock_of(end, series.zone) for end in ends)
        expected = f"a time behind {first} and up to {last}{' (UTC)' if series.zone == 'UTC' else ''}"
        raise DataError(f"no reading lies {side} {at.flag} {at.text}", where=series.name, expected=expected)
    return earlier, later


def _first_from(series: SeriesSet, number: NDArray[np.int64], moment: datetime) -> NDArray[np.int64]:
    """(N,) the first reading, from 0, of some series (N,) that is not before a moment; it may lie outside of them."""
    at = np.datetime64(moment, "s")
    if series.dates is not None:
        return np.array([series.dates.first_from(one, int(series.lengths[one]), at) for one in number.tolist()])
    assert series.first_times is not None
    assert series.frequency is not None
    since = (at - series.first_times[number].astype("datetime64[s]")).astype(np.int64)
    first: NDArray[np.int64] = -(-since // series.frequency)
    return first
