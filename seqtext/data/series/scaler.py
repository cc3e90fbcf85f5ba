"""Mean and standard deviation of series over their training span, in float64: what every forecast is turned back with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import Part
from seqtext.errors import DataError

MOST_WEIGHT = 10.0  # of a series, the average being 1
_CONSTANT = 1e-14  # a deviation below this share of the mean is rounding of float64, not variation


def scale_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and scale of readings, those that are missing left out.

    A constant series is scaled by its size instead of a deviation of zero, so that nothing becomes infinite.

    Raises:
        ValueError: if there is no reading.
    """
    there = values[~np.isnan(values)]
    if not len(there):
        raise ValueError("no readings")
    mean = float(there.mean())
    deviation = float(np.sqrt(np.mean(np.square(there - mean))))
    return mean, deviation if deviation > _CONSTANT * abs(mean) else abs(mean) or 1.0


def fit_scales(train: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and scales of all series, from their readings in the spans of `train` alone.

    Raises:
        DataError: naming a series without a reading there.
    """
    means, scales = [], []
    for number, name in enumerate(train.series.names):
        values = train.values_of(number)
        if np.isnan(values).all():
            found = f"series {name!r} has no reading in the training span"
            raise DataError(found, where=train.series.name, fix="leave the series out")
        mean, scale = scale_of(values)
        means.append(mean)
        scales.append(scale)
    return tuple(means), tuple(scales)


def season_weights(train: Part, scales: tuple[float, ...], season: int) -> tuple[float, ...]:
    """How many of each series' mean changes over a season its standard deviation is, 1 on average, so that losses count as MASE does.

    A series that repeats itself exactly, or has no season in the training span, counts as the average does; none over ten times that.
    """
    changes = np.empty(len(scales))
    for number in range(len(scales)):
        values = train.values_of(number)
        change = np.abs(values[season:] - values[:-season])
        change = change[~np.isnan(change)]
        changes[number] = change.mean() if len(change) else 0.0
    weights = np.divide(scales, changes, out=np.full(len(scales), np.nan), where=changes > 0)
    weights = np.nan_to_num(weights / np.nanmean(weights) if (changes > 0).any() else weights, nan=1.0)
    return tuple(np.minimum(weights, MOST_WEIGHT).tolist())


def fit_input_scales(train: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and scales of the further columns, over all series together.

    Raises:
        DataError: naming a column without a reading in the training span.
    """
    inputs = train.series.inputs
    if inputs is None:
        return (), ()
    rows = np.concatenate([np.arange(a, b) for a, b in train.spans.tolist()])
    pairs = []
    for name, column in zip(train.series.input_names, inputs.T, strict=True):
        if np.isnan(column[rows]).all():
            raise DataError("no reading in the training span", where=f"{train.series.name}, column {name!r}")
        pairs.append(scale_of(column[rows]))
    return tuple(mean for mean, _ in pairs), tuple(scale for _, scale in pairs)
