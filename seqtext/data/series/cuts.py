"""Spans of series cut where a date says. Knows series and their clocks, no files."""

from __future__ import annotations

import numpy as np

from seqtext.data.series.begins import Begin
from seqtext.data.series.series import Part
from seqtext.data.series.zones import in_utc
from seqtext.errors import DataError


def cut(part: Part, at: Begin) -> tuple[Part, Part]:
    """The readings of each span before a moment, and those from it on.

    Raises:
        DataError: series without timestamps, or none of whose readings lie on one side; a zone where their times have none.
    """
    series, spans = part.series, part.spans
    if series.first_times is None or series.frequency is None:
        fix = "name the column of the times with --time_column, or give shares (--test_share, --validation_share)"
        raise DataError(f"{at.flag} {at.text} of readings without timestamps", where=series.name, fix=fix)
    if at.zoned and series.zone is None:
        found, fix = f"{at.flag} {at.text} has a zone, the times of the readings have none", "leave the zone out"
        raise DataError(found, where=series.name, fix=fix)
    moment = at.moment if at.zoned or series.zone is None else in_utc(at.moment, series.zone)
    number = series.series_at(spans[:, 0])
    since = (np.datetime64(moment, "s") - series.first_times[number].astype("datetime64[s]")).astype(np.int64)
    middle = np.clip(series.starts[number] - (-since // series.frequency), spans[:, 0], spans[:, 1])
    halves = np.stack([spans[:, 0], middle], axis=1), np.stack([middle, spans[:, 1]], axis=1)
    earlier, later = (Part(series, half[half[:, 0] < half[:, 1]]) for half in halves)
    if not len(earlier) or not len(later):
        side = "before" if not len(earlier) else "from"
        first, last = series.times_at(spans[:, 0]).min(), series.times_at(spans[:, 1] - 1).max()
        expected = f"a time behind {first} and up to {last}{'' if series.zone is None else ' (UTC)'}".replace("T", " ")
        raise DataError(f"no reading lies {side} {at.flag} {at.text}", where=series.name, expected=expected)
    return earlier, later
