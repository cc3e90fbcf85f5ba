"""Distances between readings in words: `15min`, `1h`, `half_hourly`, `4_seconds`, as people and other tools write them."""

from __future__ import annotations

import re

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600  # seconds
NOT_FIXED = ("month", "quarter", "year", "business day")

_CALENDAR = {1: "month", 3: "quarter", 6: "half year", 12: "year"}
_UNITS = {
    "s": 1, "sec": 1, "second": 1, "secondly": 1, "t": MINUTE, "min": MINUTE, "minute": MINUTE, "minutely": MINUTE,
    "h": HOUR, "hour": HOUR, "hourly": HOUR, "half_hourly": HOUR // 2, "d": DAY, "day": DAY, "daily": DAY, "w": 7 * DAY, "week": 7 * DAY,
    "weekly": 7 * DAY,
}  # fmt: skip
_MONTHS = {
    1: re.compile("m|ms|me|month(?:s|ly)?"),
    3: re.compile("q|qs|qe|quarter(?:s|ly)?"),
    12: re.compile("y|ys|ye|a|as|year(?:s|ly)?|annual(?:ly)?"),
}
_NO_FIXED = re.compile("|".join([*(form.pattern for form in _MONTHS.values()), "b|bm"]))
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
    count, unit = _parts(text)
    size = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if size is not None:
        return count * size
    if _NO_FIXED.fullmatch(unit):
        return None
    raise ValueError(text)


def months_of(text: str) -> int | None:
    """Months of a distance by the calendar, a month, a quarter or a year or so many; None for all else.

    Raises:
        ValueError: for what is no distance.
    """
    count, unit = _parts(text)
    return next((count * months for months, form in _MONTHS.items() if form.fullmatch(unit)), None)


def _parts(text: str) -> tuple[int, str]:
    """How many of which unit."""
    plain = re.sub("-[A-Z]{3}$", "", text.strip())  # W-SUN
    match = re.fullmatch(r"(?P<count>[0-9]*)[ _]?(?P<unit>[A-Za-z_]+)", plain)
    if match is None or match["count"] == "0":
        raise ValueError(text)
    return int(match["count"] or 1), match["unit"].lower()


def flag_of(seconds: int) -> str:
    """A distance as `seconds_of` reads it, in the largest unit that divides it."""
    for unit, size in (("day", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def span_of(seconds: int) -> str:
    """A length of time in the largest unit that divides it."""
    for unit, size in (("days", DAY), ("h", HOUR), ("min", 60)):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size} {unit if unit != 'days' or seconds > DAY else 'day'}"
    return f"{seconds} s"


def step_of(seconds: int | None, months: int | None) -> str:
    """How far readings are apart, in words: so many seconds, or months by the calendar."""
    if months is None:
        return "no timestamps" if seconds is None else f"a reading every {span_of(seconds)}"
    if months in _CALENDAR:
        return f"a reading a {_CALENDAR[months]}"
    return f"a reading every {months // 12} years" if months % 12 == 0 else f"a reading every {months} months"
