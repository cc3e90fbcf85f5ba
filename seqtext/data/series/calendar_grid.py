"""Readings by the calendar as a grid, one each month, quarter or year: what is out of order, twice or missing is told, or mended.

Knows moments and numbers, no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.calendar_steps import CalendarDates, Times, by_month, calendar_dates, dates_from
from seqtext.data.series.even_grid import REPAIR, SPARSEST, Mended, counted, means
from seqtext.data.series.frequencies import step_of
from seqtext.errors import DataError

_FEWEST = 3  # months with a reading: with fewer there is no telling how far they should be apart


class _Months(NamedTuple):
    """Readings of one series, by months: their order, and the months between each of them and the first."""

    order: NDArray[np.int64]
    away: NDArray[np.int64]
    first: np.datetime64
    from_end: bool


def on_calendar(
    series: Sequence[Times],
    tables: Sequence[NDArray[np.float64]],
    rows: Sequence[NDArray[np.int64]],
    *,
    repair: bool,
    where: str,
    column: str,
) -> tuple[CalendarDates, list[NDArray[np.float64]], Mended] | None:
    """One reading a month, or every so many, from the first to the last of each series: in order, averaged, NaN where none is.

    Args:
        series: moments (N,) of each series, in the order of the file.
        tables: (C, N) likewise, their readings.
        rows: (N,) likewise, the rows of the file, from 0.
        repair: whether to mend what is not so, or to tell.
        where: what messages call the readings.
        column: what they call the column of the times.

    Returns:
        When the readings are, what they are (C, M), and what was mended; None where they do not come by the calendar.

    Raises:
        DataError: without `repair`, with the first row that is not in order.
    """
    if (dates := calendar_dates(series)) is not None:
        return dates, list(tables), Mended()
    known: list[_Months] = []
    for times in series:
        one = _months(times)
        if one is None:
            return None
        known.append(one)
    months = _step(known)
    if months is None:
        return None
    mended, filled = Mended(), []
    for one, table in zip(known, tables, strict=True):
        steps = one.away // months
        if steps[-1] > SPARSEST * len(steps) + 1000:  # a year is wrong
            return None
        mended += Mended(
            out_of_order=int((np.diff(one.order) < 0).sum()),
            duplicates=int((np.diff(steps) == 0).sum()),
            missing=int(steps[-1]) + 1 - len(np.unique(steps)),
        )
        filled.append(means(table[:, one.order], steps))
    if mended != Mended() and not repair:
        faults = (_fault(*one, months, where, column) for one in zip(series, known, rows, strict=True))
        raise next(fault for fault in faults if fault is not None)
    first = np.array([one.first for one in known], dtype="datetime64[s]")
    dates = dates_from(first, months)._replace(from_end=np.array([one.from_end for one in known]))
    return dates, filled, mended


def _step(known: list[_Months]) -> int | None:
    """Months from a reading to the next, as most are apart; None where others are apart by no multiple of it, or there is no telling."""
    apart = [np.unique(one.away) for one in known]
    distances = [away[1:] - away[:-1] for away in apart]
    if max(map(len, distances)) < _FEWEST - 1:
        return None
    sizes, counts = np.unique(np.concatenate(distances), return_counts=True)
    months = int(sizes[counts.argmax()])
    return months if 2 * counts.max() >= counts.sum() and not np.any(np.mod(sizes, months)) else None


def _months(times: Times) -> _Months | None:
    """The readings of a series by months; None where they are not all on the same day of a month, or on its last."""
    seconds = times.astype("datetime64[s]")
    order = np.argsort(seconds, kind="stable")
    ascending = seconds[order]
    months, starts, ends = by_month(ascending)
    if len(np.unique(starts)) > 1 and len(np.unique(ends)) > 1:
        return None
    return _Months(order, (months - months[0]).astype(np.int64), ascending[0], len(np.unique(starts)) > 1)


def _fault(
    times: Times, one: _Months, rows: NDArray[np.int64], months: int, where: str, column: str
) -> DataError | None:
    """What is not in order in a series; None where all is."""
    distances, later = np.diff(one.away), one.order[1:]
    backwards = np.flatnonzero(np.diff(times.astype("datetime64[s]")).astype(np.int64) < 0) + 1
    kinds = {
        "out of order": (len(backwards), backwards),
        "at the time of another": (int((distances == 0).sum()), later[distances == 0]),
        "missing": (int(np.maximum(distances // months - 1, 0).sum()), later[distances > months]),
    }
    faults = [(int(at.min()), count, kind) for kind, (count, at) in kinds.items() if count]
    if not faults:
        return None
    told = [
        f"{counted(count, 'reading')} {kind} (first {'before' if kind == 'missing' else 'in'} row {rows[at] + 1},"
        f" {times[at].astype('datetime64[D]')})"
        for at, count, kind in faults
    ]
    place = f"{where}, row {rows[min(at for at, _, _ in faults)] + 1}, column {column!r}"
    return DataError(", ".join(told), where=place, expected=step_of(None, months), fix=f"pass {REPAIR}")
