"""How good quantiles are: pinball loss, weighted quantile loss, CRPS, and how many values an interval between two of them holds.

Arrays in, figures out. Each level is looked at once and let go, so that a mapping may make them as they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

CRPS_LEVELS = tuple(round(0.05 * place, 2) for place in range(1, 20))


class Interval(NamedTuple):
    """The outermost central interval between two forecast quantiles, such as from 10 % to 90 %."""

    nominal: float  # share of the true values that should lie in it
    coverage: float  # share that does, bounds included
    width: float  # mean distance of its bounds, in units of the data


class QuantileFigures(NamedTuple):
    """As `ForecastMetrics` has them."""

    pinball: float | None = None
    crps: float | None = None
    wql: float | None = None
    interval: Interval | None = None


def quantile_figures(
    y: FloatArray, known: BoolArray, quantiles: Mapping[float, FloatArray], levels: Collection[float] | None = None
) -> QuantileFigures:
    """The figures of quantiles.

    Args:
        y: (K,) true values, those at `known`.
        known: (N, H) where there are such.
        quantiles: (N, H) of each level; the score takes those of 0.05, 0.1, ... 0.95, if all are there.
        levels: that the other figures are of; all if None.

    Raises:
        ValueError: a level outside (0, 1), another shape, or a quantile that is not finite.
    """
    own = sorted(quantiles if levels is None else levels)
    if not own:
        return QuantileFigures()
    scored = CRPS_LEVELS if set(CRPS_LEVELS) <= set(quantiles) else ()
    low = next((level for level in own if level < 0.5 and _opposite(level, own) is not None), None)
    ends: dict[float, FloatArray] = {}
    losses: dict[float, float] = {}
    for level in sorted({*own, *scored}):
        f = _at(level, quantiles, known)
        losses[level] = float(np.maximum(level * (y - f), (level - 1) * (y - f)).mean())
        if low is not None and level in (low, _opposite(low, own)):
            ends[level] = f
    interval = None
    if low is not None:
        below, above = (ends[level] for level in sorted(ends))
        inside = (below <= y) & (y <= above)
        interval = Interval(max(ends) - low, float(inside.mean()), float((above - below).mean()))
    pinball = float(np.mean([losses[level] for level in own]))
    size = float(np.abs(y).mean())
    crps = 2 * float(np.mean([losses[level] for level in scored])) if scored else None
    return QuantileFigures(pinball, crps, 2 * pinball / size if size > 0 else None, interval)


def _opposite(level: float, levels: Collection[float]) -> float | None:
    """The level as far above the middle as one is below it."""
    return next((other for other in levels if math.isclose(level + other, 1.0)), None)


def _at(level: float, quantiles: Mapping[float, FloatArray], known: BoolArray) -> FloatArray:
    """(K,) of a level, checked."""
    if not 0 < level < 1:
        raise ValueError(f"levels of quantiles lie between 0 and 1, got {level}")
    array = np.asarray(quantiles[level], dtype=np.float64)
    if array.shape != known.shape:
        raise ValueError(f"the {level} quantile must be of the shape {known.shape}, got {array.shape}")
    values: FloatArray = array[known]
    if not np.isfinite(values).all():
        raise ValueError(f"the {level} quantile is not finite everywhere")
    return values
