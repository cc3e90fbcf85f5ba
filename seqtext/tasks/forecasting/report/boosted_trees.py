"""Gradient boosted trees as a baseline of a forecaster, on the same windows. Knows arrays, no models and no clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from seqtext.reporting.baseline import Baseline
from seqtext.tasks.forecasting.report.baselines import FEW_WINDOWS, MAX_ROWS, too_few
from seqtext.tasks.forecasting.report.window_arrays import (
    FloatArray,
    IntArray,
    a_season_before,
    chunks,
    gathered,
    last_readings,
    series_starts,
    training_windows,
)

MAX_CELLS = 20_000_000  # rows x features that the trees are given: 160 MB, and a minute on two busy cores
TREES = 300  # at most
PATIENCE = 10  # trees without a better held-out error


class Further(NamedTuple):
    """More features of windows: how many, and what gives those of positions (R,) and steps (R,)."""

    size: int
    of: Callable[[IntArray, IntArray], tuple[FloatArray, FloatArray]]


def boosted_trees(
    values: FloatArray,
    train_first: IntArray,
    first: IntArray,
    horizon: int,
    window: int,
    *,
    on_change: bool = False,
    season: int | None = None,
    further: Further | None = None,
    seed: int = 0,
    starts: IntArray | None = None,
) -> Baseline[FloatArray]:
    """Gradient boosted trees on the values of a window, for squared error, their number chosen on held-out windows.

    For more than one step a single booster is given the step as a feature, and one step drawn for each training window.
    Once the number is chosen, all training windows are fitted anew, since the latest are worth most: on a 15-minute load
    that took 6 % off the squared error. A missing input stays missing: the trees know what to do. With too few windows
    it repeats the last value.

    Args:
        values, train_first, first, horizon, window, starts: as for `ridge`.
        on_change: forecasts the change against the last reading, from the changes against it and its level.
        season: adds the reading a season before the target, also where it lies before the window.
        further: gives more features of windows and steps: readings (R, A), which are counted as those of the window are, and others (R, C).
        seed: of the samples.

    Raises:
        ValueError: the season is below 1, a window begins before its series, or a training window ends behind the values.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    started = time.perf_counter()
    name = "boosted trees on the change" if on_change else "boosted trees"
    width = window + 3 + (0 if further is None else further.size)
    limit = max(1, min(MAX_ROWS, MAX_CELLS // width))
    fitted, held_out, rows = training_windows(values, train_first, first, horizon, window, seed, starts, limit)
    at = np.concatenate([fitted, held_out])
    step = np.random.default_rng((seed, 1)).integers(horizon, size=len(at))
    present = ~np.isnan(values[at + step])
    at, step, count = at[present], step[present], int(present[: len(fitted)].sum())
    if count < FEW_WINDOWS or count == len(at):
        return too_few(values, first, horizon, starts, name, started)

    def features(at: IntArray, step: IntArray, last: FloatArray) -> FloatArray:
        parts = [gathered(values, at, window)]
        if season is not None:
            parts.append(a_season_before(values, at, step, season, series_starts(at, starts))[:, None])
        others: list[FloatArray] = []
        if further is not None:
            readings, known = further.of(at, step)
            parts.append(readings)
            others = [known]
        if on_change:
            parts = [*(part - last[:, None] for part in parts), last[:, None]]
        if horizon > 1:
            parts.append(step[:, None].astype(np.float64))
        return np.concatenate([*parts, *others], axis=1)

    last = last_readings(values, at, starts)
    inputs, targets = features(at, step, last), values[at + step] - last * on_change
    used = ~np.isnan(inputs[:count]).all(axis=0)  # scikit-learn fails on a feature that has no value at all
    if not used.any():
        return too_few(values, first, horizon, starts, name, started)
    inputs = inputs if used.all() else inputs[:, used]
    booster: Any = HistGradientBoostingRegressor(
        max_iter=TREES, early_stopping=True, n_iter_no_change=PATIENCE, random_state=seed
    )
    booster.fit(inputs[:count], targets[:count], X_val=inputs[count:], y_val=targets[count:])
    trees = max(1, int(np.argmax(booster.validation_score_)))  # the first score is that of no tree
    booster = HistGradientBoostingRegressor(max_iter=trees, early_stopping=False, random_state=seed)
    booster.fit(inputs, targets)
    forecast, last = np.empty(len(first) * horizon), last_readings(values, first, starts)
    for chunk in chunks(len(forecast), width):
        row, step = np.divmod(np.arange(chunk.start, chunk.stop), horizon)
        inputs = features(first[row], step, last[row])[:, used]
        forecast[chunk] = booster.predict(inputs) + last[row] * on_change
    read = f"{window} values" + ("" if season is None else f" and the one {season:,} before")
    read += "" if further is None else ", lags and calendar of the step"
    sample = f"{len(at):,} windows{rows}" + ("" if horizon == 1 else " with one step each")
    description = f"{trees} trees on {read}, {sample}, their number chosen on held-out windows"
    return Baseline(name, description, forecast.reshape(len(first), horizon), time.perf_counter() - started)
