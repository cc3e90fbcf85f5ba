"""Numbers of forecasts as text: as many digits as what varies needs, so that none are lost of a counter's. Knows no files."""

from __future__ import annotations

import math

DIGITS, MOST_DIGITS = 8, 17  # of what varies; of a float64


def digits_for(mean: float, scale: float) -> int:
    """Digits of a number of a series of this mean and deviation, of which the leading ones may be the same in all."""
    steady = math.log10(abs(mean) / scale) if abs(mean) > scale else 0.0
    return min(DIGITS + int(steady), MOST_DIGITS)
