"""What clocks of a zone say: how far they are ahead of UTC at a moment, by the zone's name or a fixed offset such as +05:30.

Knows moments, no series.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

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


def in_utc(local: datetime, zone: str) -> datetime:
    """What a zone's clocks say, as UTC, both without a zone; of an hour that is there twice the first is meant."""
    return local.replace(tzinfo=zone_of(zone)).astimezone(UTC).replace(tzinfo=None)
