"""Figures of each series, and their mean, median and worst, where there are several. Arrays in, plain numbers out; knows no model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray


def by_series(
    true: FloatArray,
    forecast: FloatArray,
    series: IntArray,
    names: Sequence[str],
    *,
    scales: FloatArray | None = None,
    quantiles: Mapping[float, FloatArray] | None = None,
    levels: Collection[float] = (),
) -> dict[str, Any] | None:
    """For each figure the mean over the series, the median, the worst and whose that is; under `each` those of each series.

    Args:
        true: (N, H) values; NaN where none was measured.
        forecast: (N, H) values.
        series: (N,) which series each row is of.
        names: of all series.
        scales: (N,) as `forecast_metrics` takes them.
        quantiles: (N, H) per level.
        levels: those that the pinball loss is of.

    Returns:
        None for one series.
    """
    present, number = np.unique(series, return_inverse=True)
    if len(present) < 2:
        return None
    known = ~np.isnan(true)
    counts = np.bincount(number, known.sum(axis=1))

    def means(rows: FloatArray) -> FloatArray:
        sums = np.bincount(number, rows)
        found: FloatArray = np.divide(sums, counts, out=np.full(len(present), np.nan), where=counts > 0)
        return found

    error = np.where(known, np.abs(true - forecast), 0.0)
    figures = {"mse": means(np.square(error).sum(axis=1)), "mae": means(error.sum(axis=1))}
    if scales is not None:
        own = np.full(len(present), np.nan)
        own[number] = scales
        figures["mase"] = np.divide(figures["mae"], own, out=np.full(len(present), np.nan), where=own > 0)
    if quantiles and levels:
        losses = np.zeros(len(true))
        for level in levels:
            off = np.where(known, true - quantiles[level], 0.0)
            losses += np.maximum(level * off, (level - 1) * off).sum(axis=1) / len(levels)
        figures["pinball"] = means(losses)
    told: dict[str, Any] = {"series": int((counts > 0).sum())}
    for name, values in figures.items():
        if not np.isnan(values).all():
            worst = int(np.nanargmax(values))
            told[name] = {
                "mean": float(np.nanmean(values)),
                "median": float(np.nanmedian(values)),
                "worst": float(values[worst]),
                "worst_series": names[int(present[worst])],
            }
    each = {
        names[one]: {
            name: None if np.isnan(values[place]) else float(values[place]) for name, values in figures.items()
        }
        for place, one in enumerate(present.tolist())
    }
    return told | {"each": each}
