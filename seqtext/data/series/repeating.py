"""After how many readings series repeat themselves, where no timestamps say so: the peaks of their autocorrelation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_SERIES, MOST_READINGS = 50, 10_000  # that are looked at: enough to see a season
LEAST = 0.3  # correlation over a season
NEAR = 0.9  # of the best: a shorter season that explains almost as much is the one
WEEK = 7  # of days: looked for behind the first season


def repeats(values: list[NDArray[np.float64]]) -> tuple[int, ...]:
    """The first season of some series, and a week of seven of it where that shows; empty where nothing repeats.

    Args:
        values: (T,) of each series, NaN where missing.
    """
    every = max(1, len(values) // MOST_SERIES)
    kinds = [found for one in values[::every] if (found := _correlations(one[-MOST_READINGS:])) is not None]
    if not kinds:
        return ()
    length = min(len(one) for one in kinds)
    mean = np.mean([one[:length] for one in kinds], axis=0)
    peaks = [at for at in range(2, length - 1) if mean[at] > max(mean[at - 1], mean[at + 1], LEAST)]
    if not peaks:
        return ()
    best = max(mean[at] for at in peaks)
    season = next(at for at in peaks if mean[at] >= NEAR * best)
    week = WEEK * season
    shows = week + season < length and mean[week] > max(mean[week - season], mean[week + season])
    return (season, week) if shows else (season,)


def _correlations(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Autocorrelation from lag 0 to a third of the length, of readings less their line; None for too few, or all alike."""
    there = ~np.isnan(values)
    if there.sum() < 24:
        return None
    places = np.arange(len(values))
    line = np.polyfit(places[there], values[there], 1)
    rest = np.where(there, values - np.polyval(line, places), 0.0)
    deviation = float(np.sqrt(np.mean(rest**2)))
    if not deviation > 1e-12 * float(np.abs(values[there]).max() or 1.0):
        return None
    rest = np.clip(rest / deviation, -5, 5)  # one outlier is no season
    power = np.abs(np.fft.rfft(rest, 2 * len(rest))) ** 2
    sums = np.fft.irfft(power)[: len(rest) // 3]
    counts = np.arange(len(rest), len(rest) - len(sums), -1)
    made: NDArray[np.float64] = (sums / counts) / (sums[0] / counts[0])
    return made
