"""Distances between readings in words: `15min`, `1h`, `half_hourly`, `4_seconds`, as people and other tools write them."""

from __future__ import annotations

import re

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600  # seconds
NOT_FIXED = ("month", "quarter", "year", "business day")

_UNITS = {
    "s": 1, "sec": 1, "second": 1, "secondly": 1, "t": MINUTE, "min": MINUTE, "minute": MINUTE, "minutely": MINUTE,
    "h": HOUR, "hour": HOUR, "hourly": HOUR, "half_hourly": HOUR // 2, "d": DAY, "day": DAY, "daily": DAY, "w": 7 * DAY, "week": 7 * DAY,
    "weekly": 7 * DAY,
}  # fmt: skip
_NO_FIXED = re.compile(r"(?i)(?:m|ms|me|q|qs|qe|y|ys|ye|a|as|b|bm|month(?:s|ly)?|quarter(?:s|ly)?|year(?:s|ly)?)")
NICE = (
    1,
    5,
    10,
    15,
    30,
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    DAY,
    7 * DAY,
)


def seconds_of(text: str) -> int | None:
    """Seconds of a distance; None for one that is not always the same, as of months.

    Raises:
        ValueError: for what is no distance.
    """
    plain = re.sub("-[A-Z]{3}$", "", text.strip())  # W-SUN
    match = re.fullmatch(r"(?P<count>[0-9]*)[ _]?(?P<unit>[A-Za-z_]+)", plain)
    if match is None or match["count"] == "0":
        raise ValueError(text)
    unit = match["unit"].lower()
    size = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if size is not None:
        return int(match["count"] or 1) * size
    if _NO_FIXED.fullmatch(unit):
        return None
    raise ValueError(text)


def flag_of(seconds: int) -> str:
    """A distance as `seconds_of` reads it, in the largest unit that divides it."""
    for unit, size in (("day", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
