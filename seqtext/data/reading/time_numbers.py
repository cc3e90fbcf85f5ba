"""Numbers as moments: seconds since 1970, days since 1899-12-30 as spreadsheets count them, digits of dates and clocks, or years.

Which of them is meant, their size says. Only 2020123123, a date and its hour, may be seconds too (of 2034): where calendar and clock have
all of some numbers, they are that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.moments import NOT_AT_ALL, Cells, Times, check_whole, more
from seqtext.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# 1973 and 2286: smaller ones are counters or dates, larger ones milliseconds
EARLIEST_EPOCH, LATEST_EPOCH = 10**8, 10**10
EARLIEST_SERIAL, LATEST_SERIAL = 20_000, 80_000  # 1954 and 2119
EARLIEST_DATE, LATEST_DATE = 1900_01_01, 2100_12_31
EARLIEST_YEAR, LATEST_YEAR = 1500, 2100
MONTHS = 12  # of a year, whose parts 1949.083 counts
_ROUNDED = 0.07  # of a month: 1949.08 is February
_SERIAL_ZERO = np.datetime64("1899-12-30T00:00:00", "s")
_DAY, _MINUTE = 86_400, 60
_SNAP = 0.1  # of a minute: with four digits a serial is as exact as that


def are_dates(numbers: NDArray[np.float64]) -> bool:
    """Whether all of some whole numbers look like 20201231."""
    return bool(len(numbers)) and bool(((numbers >= EARLIEST_DATE) & (numbers <= LATEST_DATE)).all())


def are_years(numbers: NDArray[np.float64]) -> bool:
    """Whether all of some numbers look like years, 1990, or years and their months as in 1990.083."""
    if not len(numbers) or not ((numbers >= EARLIEST_YEAR) & (numbers < LATEST_YEAR)).all():
        return False
    months = numbers * MONTHS
    return bool((np.abs(months - np.round(months)) <= _ROUNDED).all())


def _of_digits(numbers: NDArray[np.float64]) -> tuple[Times, str] | None:
    """Moments of 2020123123, 202012312345 or 20201231234500, and what these are called; None for any other number."""
    if not len(numbers) or not (numbers == np.floor(numbers)).all():
        return None
    for digits, name in ((2, "hours"), (4, "hours and minutes"), (6, "hours, minutes and seconds")):
        dates, clocks = np.divmod(numbers, 10**digits)
        if not are_dates(dates):
            continue
        parts = [np.floor_divide(clocks, 10**place) % 100 for place in range(digits - 2, -1, -2)]
        months, days = np.floor_divide(dates, 100) % 100, dates % 100
        if (months < 1).any() or (months > MONTHS).any() or (days < 1).any() or (parts[0] > 23).any():
            return None
        if any((part > 59).any() for part in parts[1:]):
            return None
        first = ((np.floor_divide(dates, 10_000) - 1970) * MONTHS + months - 1).astype(np.int64).astype("datetime64[M]")
        day = first.astype("datetime64[D]") + (days - 1).astype(np.int64)
        if (day.astype("datetime64[M]") != first).any():
            return None
        seconds = sum(part * size for part, size in zip(parts, (3600, 60, 1), strict=False))
        return day.astype("datetime64[s]") + np.asarray(seconds).astype("timedelta64[s]"), name
    return None


def times_of_numbers(cells: pa.ChunkedArray, numbers: NDArray[np.float64], where: Cells) -> tuple[Times, list[str]]:
    """The moments that numbers stand for, and a note where something was taken for granted.

    Args:
        cells: as they were written, for messages.
        numbers: (N,) of them.
        where: what messages call them.

    Raises:
        DataError: what is neither seconds since 1970, days since 1899-12-30 nor years, or has a fraction of a second.
    """
    if are_years(numbers):
        whole = bool((numbers == np.floor(numbers)).all())
        months = np.round((numbers - 1970) * MONTHS).astype(np.int64).astype("datetime64[M]")
        kind = (
            "years, and the first day of each" if whole else "years and parts of them, and the first day of the month"
        )
        return months.astype("datetime64[s]"), [f"numbers were taken for {kind} ({where.name})"]
    if (found_digits := _of_digits(numbers)) is not None:
        times, name = found_digits
        return times, [
            f"numbers were taken for dates with {name}: the first is {times[0]} ({where.name})".replace("T", " ")
        ]
    if len(numbers) and ((numbers >= EARLIEST_SERIAL) & (numbers < LATEST_SERIAL)).all():
        return _of_serials(cells, numbers, where)
    notes = []
    if len(numbers) and ((numbers >= EARLIEST_EPOCH * 1000) & (numbers < LATEST_EPOCH * 1000)).all():
        numbers = numbers / 1000
        notes = [f"numbers were taken for milliseconds since 1970 ({where.name})"]
    wrong = ~((numbers >= EARLIEST_EPOCH) & (numbers < LATEST_EPOCH))
    if wrong.any():
        row = int(wrong.argmax())
        fix = f"write timestamps such as 2020-12-31 23:45, {NOT_AT_ALL}"
        if LATEST_EPOCH <= numbers[row] < LATEST_EPOCH * 1000:
            fix = "divide by 1000 if these are milliseconds"
        found = f"found {cells[row].as_py()}{more(wrong)}"
        expected = "seconds since 1970, of the years 1973 to 2286, or years"
        raise DataError(found, where=where.row(row), expected=expected, fix=fix)
    check_whole(numbers != np.floor(numbers), cells, where)
    return np.floor(numbers).astype(np.int64).astype("datetime64[s]"), notes


def _of_serials(cells: pa.ChunkedArray, days: NDArray[np.float64], where: Cells) -> tuple[Times, list[str]]:
    minutes = days * (_DAY // _MINUTE)
    whole_minutes = np.abs(minutes - np.round(minutes)).max() < _SNAP
    seconds = (np.round(minutes) * _MINUTE if whole_minutes else np.round(days * _DAY)).astype(np.int64)
    distances = np.diff(np.unique(seconds))
    if len(distances) > 1 and 2 * int(np.unique(distances, return_counts=True)[1].max()) < len(distances):
        found = (
            f"found {cells[0].as_py()}, which may be days since 1899-12-30, as spreadsheets write times, but unevenly"
        )
        fix = f"format the cells as times in the spreadsheet and save it again, {NOT_AT_ALL}"
        raise DataError(found, where=where.row(0), expected="a time such as 2020-12-31 23:45", fix=fix)
    times: Times = _SERIAL_ZERO + seconds.astype("timedelta64[s]")
    note = f"numbers were taken for days since 1899-12-30, as spreadsheets write times: the first is {times[0]}"
    return times, [f"{note} ({where.name})".replace("T", " ")]
