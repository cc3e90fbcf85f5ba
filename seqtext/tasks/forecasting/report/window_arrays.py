"""Windows of readings as arrays: which to fit on and which to choose by, what stands in them, and what the last reading was.

One array holds all series end to end, a window is the position of its first value to forecast: what lies at or behind
it is never read. Knows no method and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

CHUNK_CELLS = 2_000_000  # gathered at once: 16 MB
HELD_OUT = 0.1  # the share of each series' last training windows that choices are made on


def series_starts(first: IntArray, starts: IntArray | None) -> IntArray:
    """(n,) where the series begins that the reading before each position is in."""
    if starts is None:
        return np.zeros(len(first), dtype=np.int64)
    return starts[np.searchsorted(starts, first - 1, side="right") - 1]


def last_readings(values: FloatArray, first: IntArray, starts: IntArray | None) -> FloatArray:
    """(n,) the last value of the same series before each position that is not missing, 0 if there is none."""
    known = np.concatenate([[-1], np.flatnonzero(~np.isnan(values))])
    at = known[np.searchsorted(known, first) - 1]
    return np.where(at >= series_starts(first, starts), values[at], 0.0)


def a_season_before(values: FloatArray, first: IntArray, step: IntArray, season: int, start: IntArray) -> FloatArray:
    """The value at the phase of each target in the last season before its window's targets; NaN before `start`."""
    if season < 1:
        raise ValueError(f"a season has at least one reading, got {season}")
    at = first + step % season - season
    return np.where(at >= start, values[np.maximum(at, 0)], np.nan)


def gathered(values: FloatArray, first: IntArray, window: int) -> FloatArray:
    """(n, window) the values before each position."""
    return np.lib.stride_tricks.sliding_window_view(values, window)[first - window]


def chunks(rows: int, width: int) -> Iterator[slice]:
    """Slices that cover `rows` rows, of `CHUNK_CELLS` numbers at most."""
    size = max(1, CHUNK_CELLS // width)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def training_windows(
    values: FloatArray,
    train_first: IntArray,
    first: IntArray,
    horizon: int,
    window: int,
    seed: int,
    starts: IntArray | None,
    limit: int,
) -> tuple[IntArray, IntArray, str]:
    """Windows to fit on, the last of each series to choose by, and a note if they are a sample of at most `limit`."""
    for at, ahead in ((train_first, horizon), (first, 0)):
        if len(at) and ((at - window < series_starts(at, starts)).any() or at.max() + ahead > len(values)):
            raise ValueError(f"windows of {window} values and {ahead} targets reach out of the series")
    at = np.sort(train_first)
    begins = series_starts(at, starts)
    _, begin, count = np.unique(begins, return_index=True, return_counts=True)
    rank, windows = np.arange(len(at)) - np.repeat(begin, count), np.repeat(count, count)
    held_out = rank >= np.maximum(1, np.floor((1 - HELD_OUT) * windows))
    if not held_out.any():  # every series has one window
        held_out = np.arange(len(at)) >= int((1 - HELD_OUT) * len(at))
    if len(at) <= limit:
        return at[~held_out], at[held_out], ""
    # One drawn from each of as many equal stretches: a fixed stride would meet the same hours of the day each time.
    bounds = np.arange(limit + 1) * len(at) // limit
    chosen = np.random.default_rng((seed, 0)).integers(bounds[:-1], bounds[1:])
    at, held_out, note = at[chosen], held_out[chosen], f" evenly drawn from {len(at):,}"
    return at[~held_out], at[held_out], note
