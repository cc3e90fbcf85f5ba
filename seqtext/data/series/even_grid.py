"""Readings on a regular grid: one every so many seconds, in order, none twice, none missing; what is not so is refused or mended.

Knows moments and numbers, no files: where the readings stand, and in which rows, is given for its messages.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.clock_changes import clock_changes, shifted_days
from seqtext.data.series.frequencies import DAY, NICE, flag_of, span_of
from seqtext.errors import DataError

SPARSEST = 10  # times of the grid per reading, beyond which a timestamp is taken to be wrong
SPARSEST_AVERAGED = 100  # likewise, where the distance was asked for

REPAIR = "--repair, which sorts, averages duplicates and fills gaps with missing readings"


@dataclass(frozen=True)
class Mended:
    """How much was not regular: readings out of order, at the time of another, off the grid, and lacking; changes of clocks.

    `averaged` are all readings, where each step has the mean of those in it.
    """

    out_of_order: int = 0
    duplicates: int = 0
    off_grid: int = 0
    missing: int = 0
    clock_changes: int = 0
    averaged: int = 0

    def __add__(self, other: Mended) -> Mended:
        return Mended(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def notes(self) -> list[str]:
        """What a repair did, a sentence each."""
        counts = {
            "{} out of order {} sorted": self.out_of_order,
            "{} at the time of another {} averaged with it": self.duplicates,
            "{} {} averaged over the steps of --frequency": self.averaged,
            "{} off the grid {} moved to its nearest time": self.off_grid,
            "{} {} not there, and filled in as missing": self.missing,
        }
        notes = [t.format(counted(n, "reading"), "was" if n == 1 else "were") for t, n in counts.items() if n]
        if self.clock_changes:
            notes.append(f"{counted(self.clock_changes, 'likely change')} of summer time among them")
        return notes


@dataclass(frozen=True)
class Grid:
    """Readings of one frequency.

    Attributes:
        first_time: of the first reading, datetime64[s].
        frequency: seconds between two readings.
        columns: (C, M) the readings; NaN where one is missing.
        mended: what a repair did.
    """

    first_time: np.datetime64
    frequency: int
    columns: NDArray[np.float64]
    mended: Mended = Mended()


def frequency_of(times: NDArray[np.datetime64]) -> int | None:
    """The commonest distance in seconds between (N,) moments that follow each other; None if they are all one."""
    seconds = times.astype("datetime64[s]").astype(np.int64)
    distances = np.diff(seconds)
    if len(distances) and distances[0] > 0 and (distances == distances[0]).all():
        return int(distances[0])
    distances = np.diff(np.unique(seconds))
    if not len(distances):
        return None
    found, counts = np.unique(distances, return_counts=True)
    return int(found[counts.argmax()])


def regular(
    times: NDArray[np.datetime64],
    columns: NDArray[np.float64],
    *,
    repair: bool,
    where: str,
    column: str = "time",
    rows: NDArray[np.int64] | None = None,
    frequency: int | None = None,
) -> Grid:
    """The readings in order at every moment from the first to the last.

    Args:
        times: (N,) datetime64[s], N > 0.
        columns: (C, N) readings of these moments.
        repair: whether to mend what is not regular, or to raise.
        where: what messages call the readings.
        column: what they call the column of the times.
        rows: (N,) their rows as messages count them; from 1 on if not given.
        frequency: seconds between two readings; their commonest distance if not given.

    Raises:
        DataError: without `repair`, readings that are not regular, with counts and the first row. With it too, if most are off any
            grid (months), or almost all of the grid would be missing (a wrong year).
    """
    seconds = times.astype("datetime64[s]").astype(np.int64)
    rows = np.arange(1, len(seconds) + 1) if rows is None else rows
    frequency = frequency or frequency_of(times)
    if frequency is None:
        found = "found one time only" if len(seconds) > 1 else "found one reading only"
        fix = "is this the time column? pass --time_column NAME or --time_column none"
        raise DataError(found, where=f"{where}, column {column!r}", expected="two times at least", fix=fix)
    if (np.diff(seconds) == frequency).all():
        return Grid(times[0].astype("datetime64[s]"), frequency, columns)
    order = np.argsort(seconds, kind="stable")
    ascending = seconds[order]
    grid, off = _on_grid(ascending, frequency)
    _check_fixed(ascending, off, frequency, f"{where}, column {column!r}")
    _check_dense(grid, ascending, rows[order], frequency, f"{where}, column {column!r}")
    if not repair:
        raise _irregular(seconds, order, off, frequency, rows, where, column)
    steps = (grid - grid[0]) // frequency
    mended = Mended(
        out_of_order=int((np.diff(seconds) < 0).sum()),
        duplicates=int((np.diff(steps) == 0).sum()),
        off_grid=int(off.sum()),
        missing=int(steps[-1]) + 1 - len(np.unique(steps)),
        clock_changes=len(clock_changes(ascending, frequency)),
    )
    mean = means(columns[:, order], steps)
    return Grid(np.datetime64(int(grid[0]), "s"), frequency, mean, mended)


def averaged(
    times: NDArray[np.datetime64],
    columns: NDArray[np.float64],
    *,
    frequency: int,
    where: str,
    column: str = "time",
    rows: NDArray[np.int64] | None = None,
) -> Grid:
    """The mean of the readings of each step of so many seconds, at its beginning; NaN where there is none. Even readings stay as they are.

    Steps begin at midnight, or those of whole days at the first reading's.

    Args:
        times: as of `regular`, and so are the next arguments.
        columns: (C, N).
        frequency: seconds of a step.
        where: likewise.
        column: likewise.
        rows: likewise.

    Raises:
        DataError: if almost all steps would be without a reading.
    """
    seconds = times.astype("datetime64[s]").astype(np.int64)
    if (np.diff(seconds) == frequency).all():
        return Grid(times[0].astype("datetime64[s]"), frequency, columns)
    rows = np.arange(1, len(seconds) + 1) if rows is None else rows
    order = np.argsort(seconds, kind="stable")
    ascending = seconds[order]
    zero = int(ascending[0]) // DAY * DAY
    grid = zero + (ascending - zero) // frequency * frequency
    _check_dense(grid, ascending, rows[order], frequency, f"{where}, column {column!r}", SPARSEST_AVERAGED)
    steps = (grid - grid[0]) // frequency
    mended = Mended(missing=int(steps[-1]) + 1 - len(np.unique(steps)), averaged=len(seconds))
    return Grid(np.datetime64(int(grid[0]), "s"), frequency, means(columns[:, order], steps), mended)


def _on_grid(ascending: NDArray[np.int64], frequency: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The nearest time of the grid that holds most of the moments, and which moments are off it."""
    phases, counts = np.unique(ascending % frequency, return_counts=True)
    shifted = ascending - phases[counts.argmax()]
    nearest = (shifted + frequency // 2) // frequency * frequency
    return nearest + phases[counts.argmax()], nearest != shifted


def means(columns: NDArray[np.float64], steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """(C, M) the mean of the readings of each step that are not missing; NaN where there are none."""
    length = int(steps[-1]) + 1
    means = np.full((len(columns), length), np.nan)
    for values, mean in zip(columns, means, strict=True):
        there = ~np.isnan(values)
        count = np.bincount(steps[there], minlength=length)
        total = np.bincount(steps[there], weights=values[there], minlength=length)
        np.divide(total, count, out=mean, where=count > 0)
    return means


def _check_fixed(ascending: NDArray[np.int64], off: NDArray[np.bool_], frequency: int, where: str) -> None:
    """Raises where there is no grid: most readings are off it, or any is and it is one of months or years."""
    if not off.any() or (frequency == DAY and shifted_days(ascending)):
        return
    if 2 * off.sum() > len(off) or frequency >= 28 * DAY:
        distances = np.diff(np.unique(ascending))
        fix = "pass --time_column none to take them as they follow each other, such as one per month"
        if distances.min() < 28 * DAY:
            step = flag_of(_filled_step(ascending))
            fix = f"resample them: pass --frequency {step} for the mean of each {step}"
        found = (
            f"readings come at no fixed distance, but {span_of(distances.min())} to {span_of(distances.max())} apart"
        )
        raise DataError(found, where=where, expected="one every so many seconds", fix=fix)


def _filled_step(ascending: NDArray[np.int64]) -> int:
    """The shortest usual distance at which two of three steps have a reading."""
    for step in NICE:
        filled = np.unique(ascending // step)
        if 3 * len(filled) > 2 * (filled[-1] - filled[0] + 1):
            return step
    return NICE[-1]


def _check_dense(
    grid: NDArray[np.int64],
    ascending: NDArray[np.int64],
    rows: NDArray[np.int64],
    frequency: int,
    where: str,
    sparsest: int = SPARSEST,
) -> None:
    length = int(grid[-1] - grid[0]) // frequency + 1
    if length > sparsest * len(grid) + 1000:
        at = int(np.diff(ascending).argmax())
        before, after = (np.datetime64(int(second), "s") for second in ascending[at : at + 2])
        found = f"found {before} in row {rows[at]}, and {after} in row {rows[at + 1]} as the next"
        expected = f"more than {len(grid):,} readings in {length:,} times, {span_of(frequency)} apart"
        raise DataError(found, where=where, expected=expected, fix="is a timestamp wrong?")


def _irregular(
    seconds: NDArray[np.int64],
    order: NDArray[np.int64],
    off: NDArray[np.bool_],
    frequency: int,
    rows: NDArray[np.int64],
    where: str,
    column: str,
) -> DataError:
    """What is not regular, the first row of each kind, and what to do."""
    distances = np.diff(seconds[order])
    later = order[1:]  # the one behind each distance
    missing = np.maximum(distances // frequency - 1, 0)
    kinds = [
        ("out of order", int((np.diff(seconds) < 0).sum()), np.flatnonzero(np.diff(seconds) < 0) + 1),
        ("at the time of another", int((distances == 0).sum()), later[distances == 0]),
        (f"off the grid of {span_of(frequency)}", int(off.sum()), order[off]),
        ("missing", int(missing.sum()), later[missing > 0]),
    ]
    faults = [(int(at.min()), count, kind) for kind, count, at in kinds if count]
    counts = [
        f"{counted(count, 'reading')} {kind} (first {'before' if kind == 'missing' else 'in'} row {rows[at]}, "
        f"{np.datetime64(int(seconds[at]), 's')})"
        for at, count, kind in faults
    ]
    changes = clock_changes(seconds[order], frequency)
    clocks, fix = "", f"pass {REPAIR}"
    if changes:
        hours = "days of 23 or 25 hours" if frequency == DAY else "an hour missing or doubled"
        clocks = f"; {hours}, likely by {counted(len(changes), 'change')} of summer time, the first on {changes[0]}"
        utc = "dates without a time" if frequency == DAY else "timestamps in UTC or with UTC offsets"
        fix = f"write {utc}, or {fix}"
    if frequency == DAY and _only_weekends(*(seconds[side][distances > frequency] for side in (order[:-1], later))):
        fix = f"pass --time_column none to take working days as they follow each other, or {fix}"
    place = f"{where}, row {rows[min(at for at, _, _ in faults)]}, column {column!r}"
    return DataError(", ".join(counts) + clocks, where=place, expected=f"a reading every {span_of(frequency)}", fix=fix)


def _only_weekends(before: NDArray[np.int64], after: NDArray[np.int64]) -> bool:
    """Whether most gaps between days are weekends: from Friday to Monday."""
    weekdays = [(moments // DAY + 3) % 7 for moments in (before, after)]  # 1970 began on a Thursday; 0 is Monday
    return bool(len(before)) and 2 * int(((weekdays[0] == 4) & (weekdays[1] == 0)).sum()) > len(before)


def counted(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
