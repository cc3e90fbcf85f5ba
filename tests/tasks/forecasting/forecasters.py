"""Series of a few readings, and small forecasters of them, for the tests of what they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqtext.data.series.series import Part, SeriesSet, whole
from seqtext.tasks.forecasting.forecaster import Forecast, Forecaster

HOUR = 3600
START = np.datetime64("2024-01-01T00:00:00", "s")
SMALL = {"window": 8, "hidden_size": 6, "num_layers": 2, "difference": "none"}
LEVELS = (0.1, 0.5, 0.9)


def load(length: int = 120, seed: int = 0) -> np.ndarray:
    """Readings with a day of 24 and noise, far from 0 and 1."""
    rng = np.random.default_rng(seed)
    return 50 + 10 * np.sin(np.arange(length) * 2 * np.pi / 24) + rng.normal(size=length)


def series_of(*values: np.ndarray, timed: bool = True, names: str = "abc", **changes) -> SeriesSet:
    starts = np.concatenate([[0], np.cumsum([len(one) for one in values])]).astype(np.int64)
    first = np.full(len(values), START) if timed else None
    frequency = HOUR if timed else None
    made = SeriesSet(tuple(names[: len(values)]), np.concatenate(values), starts, first, frequency)
    return replace(made, **changes)


def holed(values: np.ndarray, *missing: int) -> np.ndarray:
    values = values.copy()
    values[list(missing)] = np.nan
    return values


def made_for(*values: np.ndarray, timed: bool = True, **settings) -> Forecaster:
    return Forecaster.from_data(whole(series_of(*values, timed=timed)), **{**SMALL, **settings})


def stated(forecast: Forecast) -> list[float]:
    """All numbers of a forecast."""
    return np.concatenate([forecast.values, *forecast.quantiles.values()]).tolist()


def windows_of(series: SeriesSet, spans: list[list[int]] | None = None, **settings):
    part = whole(series) if spans is None else Part(series, np.array(spans))
    task = Forecaster.from_data(whole(series), **{**SMALL, "window": 3, **settings})
    return task, task.encode(part)


def batch_of(windows, *rows: int):
    return windows.batch(np.array(rows))
