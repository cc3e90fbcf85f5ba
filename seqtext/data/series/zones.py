"""What clocks of a zone say: how far they are ahead of UTC at a moment, and which moment a clock's time is.

A zone is a name or a fixed offset such as +05:30. Knows moments, no series.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.moments import Moments, offset_name
from seqtext.data.series.frequencies import DAY
from seqtext.errors import DataError

_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2})")


def zone_of(name: str) -> tzinfo:
    """A zone by its name or offset.

    Raises:
        KeyError: no such zone.
    """
    match = _OFFSET.fullmatch(name)
    if match is None:
        try:
            return ZoneInfo(name)
        except (ValueError, OSError) as error:  # a path, or a folder of zones
            raise KeyError(name) from error
    away = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(-away if match["sign"] == "-" else away)


def offset_at(time: np.datetime64, zone: str) -> np.timedelta64:
    """How far the clocks of a zone are ahead of UTC at a moment."""
    moment = datetime.fromtimestamp(int(time.astype("datetime64[s]").astype(np.int64)), UTC).astimezone(zone_of(zone))
    return np.timedelta64(int((moment.utcoffset() or timedelta()).total_seconds()), "s")


def on_clock_of(time: np.datetime64, zone: str | None) -> str:
    """A moment, UTC where there is a zone, as its clocks show it; with the offset where they are not UTC's."""
    if zone in (None, "UTC"):
        return str(time.astype("datetime64[s]")).replace("T", " ")
    ahead = offset_at(time, str(zone))
    return f"{str(time.astype('datetime64[s]') + ahead).replace('T', ' ')}{offset_name(int(ahead.astype(np.int64)))}"


def in_utc(local: datetime, zone: str, after: datetime | None = None) -> datetime:
    """What a zone's clocks say, as UTC, both without a zone; of an hour that is there twice the first behind `after` (UTC) is meant."""
    ways = [local.replace(tzinfo=zone_of(zone), fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)]
    return ways[1] if after is not None and ways[0] <= after < ways[1] else ways[0]


class Changes(NamedTuple):
    """When the clocks of a zone change.

    Attributes:
        moments: (K,) seconds since 1970, UTC, rising, from which on they are another time ahead of UTC; the first lies before all times.
        ahead: (K,) seconds that they are then.
    """

    moments: NDArray[np.int64]
    ahead: NDArray[np.int64]

    def ahead_at(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds the clocks are ahead of UTC at some moments of UTC."""
        place = np.searchsorted(self.moments, seconds, side="right") - 1
        answers: NDArray[np.int64] = self.ahead[np.maximum(place, 0)]
        return answers


@lru_cache(maxsize=8)
def changes_of(zone: str) -> Changes:
    """All changes of a zone's clocks from 1960 to 2080."""
    known = zone_of(zone)

    def ahead(moment: int) -> int:
        return int((datetime.fromtimestamp(moment, UTC).astimezone(known).utcoffset() or timedelta()).total_seconds())

    first, last = (int(np.datetime64(year, "s").astype(np.int64)) for year in ("1960", "2080"))
    days = range(first, last, DAY)
    found = [ahead(day) for day in days]
    moments, offsets = [-(2**62)], [found[0]]
    for place in np.flatnonzero(np.diff(found)).tolist():
        before, after = days[place], days[place + 1]
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if ahead(middle) == found[place] else (before, middle)
        moments.append(after)
        offsets.append(found[place + 1])
    return Changes(np.array(moments, dtype=np.int64), np.array(offsets, dtype=np.int64))


def in_time_zone(moments: Moments, zone: str, where: str) -> Moments:
    """Moments of a zone: those without one are what its clocks say, and become UTC; others are shown as its clocks say.

    Args:
        moments: in the order of the rows.
        zone: its name or offset.
        where: what messages call them.

    Raises:
        DataError: an hour that the clocks skip.
    """
    if moments.zone is not None:
        return moments._replace(zone=zone)
    clock = moments.times.astype("datetime64[s]").astype(np.int64)
    changes = changes_of(zone)
    ways = [clock - changes.ahead_at(clock + away) for away in (-DAY, DAY)]
    holds = [changes.ahead_at(way) == clock - way for way in ways]
    skipped = ~holds[0] & ~holds[1]
    if skipped.any():
        row = int(skipped.argmax())
        found = f"{moments.times[row]} is an hour that clocks in {zone} skip".replace("T", " ")
        fix = "leave --time_zone out if the clocks of the data are not changed, or write times with offsets"
        raise DataError(found, where=f"{where}, row {row + 1}", expected="a time that there is", fix=fix)
    twice = holds[0] & holds[1] & (ways[0] != ways[1])
    utc = np.where(holds[0], ways[0], ways[1])
    utc[twice] = np.minimum(*ways)[twice]
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], twice, [False]]).astype(np.int8)))
    for begin, end in bounds.reshape(-1, 2).tolist():  # an hour that is there twice: its rows come back
        middle = (begin + end) // 2
        if np.array_equal(clock[begin:middle], clock[middle:end]):
            utc[middle:end] = np.maximum(*ways)[middle:end]
    return Moments(
        utc.astype("datetime64[s]"), [*moments.notes, f"times are those of clocks in {zone} ({where})"], zone
    )
