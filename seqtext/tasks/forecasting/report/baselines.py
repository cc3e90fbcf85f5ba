"""The rivals a forecaster must beat on the same windows: the last value, the last season, ridge regression, boosted trees.

One array holds all series end to end, a window is the position of its first value to forecast: what lies at or behind
it is never read. It knows no models, no clock and no scale; forecasts are in the units of the values.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

MAX_ROWS = 100_000  # training windows of a fit
MAX_CELLS = 20_000_000  # rows x features that the trees are given: 160 MB, and a minute on two busy cores
CHUNK_CELLS = 2_000_000  # gathered at once: 16 MB
FEW_WINDOWS = 20  # below, nothing is fitted
HELD_OUT = 0.1  # the share of each series' last training windows that choices are made on

STRENGTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)  # of ridge, per row, in units of the mean variance of an input
TREES = 300  # at most
PATIENCE = 10  # trees without a better held-out error


class Rival(NamedTuple):
    """What a rival forecasts for the test windows.

    Attributes:
        name: short, for a legend.
        description: what was fitted, on how many windows, and whatever was cut short.
        forecast: (R, H) finite values in the units of the data.
        seconds: gathering, fitting and forecasting together.
    """

    name: str
    description: str
    forecast: FloatArray
    seconds: float


def last_value(values: FloatArray, first: IntArray, horizon: int, *, starts: IntArray | None = None) -> Rival:
    """The last reading before each window's targets that is not missing, for all its steps.

    Args:
        values: (N,) all series end to end; NaN where a reading is missing.
        first: (R,) position of the first value to forecast; the reading before it is of the same series.
        horizon: steps to forecast, H.
        starts: (S + 1,) series s is `values[starts[s]:starts[s + 1]]`; None means there is one. Where a series has no
            reading yet, the forecast is 0.
    """
    started = time.perf_counter()
    forecast = np.repeat(_last_readings(values, first, starts)[:, None], horizon, axis=1)
    return Rival("last value", "repeats the last reading before the window", forecast, time.perf_counter() - started)


def seasonal(
    values: FloatArray, first: IntArray, horizon: int, season: int, *, name: str, starts: IntArray | None = None
) -> Rival:
    """The value one season before each target; behind the first season of targets, the last known season goes on.

    Where that reading is missing, or lies before the series, the last reading stands in.

    Args:
        values: (N,) all series end to end; NaN where a reading is missing.
        first: (R,) position of the first value to forecast.
        horizon: steps to forecast, H; may be longer than the season.
        season: readings a season.
        name: of the rival, such as "same time yesterday".
        starts: (S + 1,) of the series, as for `last_value`.

    Raises:
        ValueError: the season is below 1.
    """
    started = time.perf_counter()
    before = _a_season_before(
        values, first[:, None], np.arange(horizon), season, _series_starts(first, starts)[:, None]
    )
    absent = np.isnan(before)
    forecast = np.where(absent, _last_readings(values, first, starts)[:, None], before)
    stand_ins = f", the last reading for {absent.mean():.1%} of them" if absent.any() else ""
    description = f"repeats the readings of {season:,} steps before{stand_ins}"
    return Rival(name, description, forecast, time.perf_counter() - started)


def ridge(
    values: FloatArray,
    train_first: IntArray,
    first: IntArray,
    horizon: int,
    window: int,
    *,
    seed: int = 0,
    starts: IntArray | None = None,
) -> Rival:
    """Ridge regression from the values of a window to all H targets at once, its strength chosen on held-out windows.

    Missing inputs are the mean of their window, with nothing to mark them. Inputs are centred, not scaled, since all
    are readings of one kind; the strength is in units of their variance, so the unit of the values does not matter. Time and
    memory grow with (window + H)^2, not with the number of windows. With too few windows it repeats the last value.

    Args:
        values: (N,) all series end to end; NaN where a reading is missing. Where scales differ, scale them first.
        train_first: (T,) positions of the first targets of training windows; all their H targets belong to training.
        first: (R,) positions of the first values to forecast.
        horizon: steps to forecast, H.
        window: readings before a first target that are inputs, all of them of the same series.
        seed: of the sample, where there are over `MAX_ROWS` training windows.
        starts: (S + 1,) of the series, as for `last_value`.

    Raises:
        ValueError: a window begins before its series, or a training window ends behind the values.
    """
    started = time.perf_counter()
    fitted, held_out, rows = _training_windows(values, train_first, first, horizon, window, seed, starts, MAX_ROWS)
    whole = np.cumsum(np.concatenate([[0], np.isnan(values)]))
    fitted, held_out = (part[whole[part + horizon] == whole[part]] for part in (fitted, held_out))
    if len(fitted) < FEW_WINDOWS or not len(held_out):
        return _too_few(values, first, horizon, starts, "ridge regression", started)
    targets = values[np.concatenate([fitted, held_out])]
    mean, deviation = float(targets.mean()), float(targets.std()) or 1.0  # so that sums of squares keep their digits
    near = (values - mean) / deviation
    own, others = (_moments(near, part, horizon, window) for part in (fitted, held_out))
    losses = [_squared_error(_solve(own, window, strength), others, window) for strength in STRENGTHS]
    strength = STRENGTHS[int(np.argmin(losses))]
    weights = _solve(own + others, window, strength)
    forecast = np.empty((len(first), horizon))
    for part in _chunks(len(first), window):
        forecast[part] = weights[0] + _filled(_gather(near, first[part], window)) @ weights[1:]
    fit = f"{len(fitted) + len(held_out):,} windows{rows}" + (" without missing targets" if whole[-1] else "")
    description = f"ridge regression on {window} values, {fit}, strength {strength:g} chosen on held-out windows"
    return Rival("ridge regression", description, forecast * deviation + mean, time.perf_counter() - started)


def boosted_trees(
    values: FloatArray,
    train_first: IntArray,
    first: IntArray,
    horizon: int,
    window: int,
    *,
    on_change: bool = False,
    season: int | None = None,
    seed: int = 0,
    starts: IntArray | None = None,
) -> Rival:
    """Gradient boosted trees on the values of a window, for squared error, their number chosen on held-out windows.

    For more than one step a single booster is given the step as a feature, and one step drawn for each training window.
    Once the number is chosen, all training windows are fitted anew, since the latest are worth most: on a 15-minute load
    that took 6 % off the squared error. A missing input stays missing: the trees know what to do. With too few windows
    it repeats the last value.

    Args:
        values: (N,) all series end to end; NaN where a reading is missing. Where scales differ, scale them first.
        train_first: (T,) positions of the first targets of training windows; all their H targets belong to training.
        first: (R,) positions of the first values to forecast.
        horizon: steps to forecast, H.
        window: readings before a first target that are inputs, all of them of the same series.
        on_change: forecasts the change against the last reading, from the changes against it and its level.
        season: adds the reading a season before the target, also where it lies before the window.
        seed: of the samples.
        starts: (S + 1,) of the series, as for `last_value`.

    Raises:
        ValueError: the season is below 1, a window begins before its series, or a training window ends behind the values.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    started = time.perf_counter()
    name = "boosted trees on the change" if on_change else "boosted trees"
    width = window + 3
    limit = max(1, min(MAX_ROWS, MAX_CELLS // width))
    fitted, held_out, rows = _training_windows(values, train_first, first, horizon, window, seed, starts, limit)
    at = np.concatenate([fitted, held_out])
    step = np.random.default_rng((seed, 1)).integers(horizon, size=len(at))
    present = ~np.isnan(values[at + step])
    at, step, count = at[present], step[present], int(present[: len(fitted)].sum())
    if count < FEW_WINDOWS or count == len(at):
        return _too_few(values, first, horizon, starts, name, started)

    def features(at: IntArray, step: IntArray, last: FloatArray) -> FloatArray:
        parts = [_gather(values, at, window)]
        if season is not None:
            parts.append(_a_season_before(values, at, step, season, _series_starts(at, starts))[:, None])
        if on_change:
            parts = [*(part - last[:, None] for part in parts), last[:, None]]
        if horizon > 1:
            parts.append(step[:, None].astype(np.float64))
        return np.concatenate(parts, axis=1)

    last = _last_readings(values, at, starts)
    inputs, targets = features(at, step, last), values[at + step] - last * on_change
    used = ~np.isnan(inputs[:count]).all(axis=0)  # scikit-learn fails on a feature that has no value at all
    if not used.any():
        return _too_few(values, first, horizon, starts, name, started)
    inputs = inputs if used.all() else inputs[:, used]
    booster: Any = HistGradientBoostingRegressor(
        max_iter=TREES, early_stopping=True, n_iter_no_change=PATIENCE, random_state=seed
    )
    booster.fit(inputs[:count], targets[:count], X_val=inputs[count:], y_val=targets[count:])
    trees = max(1, int(np.argmax(booster.validation_score_)))  # the first score is that of no tree
    booster = HistGradientBoostingRegressor(max_iter=trees, early_stopping=False, random_state=seed)
    booster.fit(inputs, targets)
    forecast, last = np.empty(len(first) * horizon), _last_readings(values, first, starts)
    for chunk in _chunks(len(forecast), width):
        row, step = np.divmod(np.arange(chunk.start, chunk.stop), horizon)
        inputs = features(first[row], step, last[row])[:, used]
        forecast[chunk] = booster.predict(inputs) + last[row] * on_change
    read = f"{window} values" + ("" if season is None else f" and the one {season:,} before")
    sample = f"{len(at):,} windows{rows}" + ("" if horizon == 1 else " with one step each")
    description = f"{trees} trees on {read}, {sample}, their number chosen on held-out windows"
    return Rival(name, description, forecast.reshape(len(first), horizon), time.perf_counter() - started)


def _too_few(
    values: FloatArray, first: IntArray, horizon: int, starts: IntArray | None, name: str, started: float
) -> Rival:
    """The last value in the place of what could not be fitted."""
    forecast = last_value(values, first, horizon, starts=starts).forecast
    description = "repeats the last reading: too few windows with targets to fit on"
    return Rival(name, description, forecast, time.perf_counter() - started)


def _series_starts(first: IntArray, starts: IntArray | None) -> IntArray:
    """(n,) where the series begins that the reading before each position is in."""
    if starts is None:
        return np.zeros(len(first), dtype=np.int64)
    return starts[np.searchsorted(starts, first - 1, side="right") - 1]


def _last_readings(values: FloatArray, first: IntArray, starts: IntArray | None) -> FloatArray:
    """(n,) the last value of the same series before each position that is not missing, 0 if there is none."""
    known = np.concatenate([[-1], np.flatnonzero(~np.isnan(values))])
    at = known[np.searchsorted(known, first) - 1]
    return np.where(at >= _series_starts(first, starts), values[at], 0.0)


def _a_season_before(values: FloatArray, first: IntArray, step: IntArray, season: int, start: IntArray) -> FloatArray:
    """The value at the phase of each target in the last season before its window's targets; NaN before `start`."""
    if season < 1:
        raise ValueError(f"a season has at least one reading, got {season}")
    at = first + step % season - season
    return np.where(at >= start, values[np.maximum(at, 0)], np.nan)


def _gather(values: FloatArray, first: IntArray, window: int) -> FloatArray:
    """(n, window) the values before each position."""
    return np.lib.stride_tricks.sliding_window_view(values, window)[first - window]


def _chunks(rows: int, width: int) -> Iterator[slice]:
    """Slices that cover `rows` rows, of `CHUNK_CELLS` numbers at most."""
    size = max(1, CHUNK_CELLS // width)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def _training_windows(
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
        if len(at) and ((at - window < _series_starts(at, starts)).any() or at.max() + ahead > len(values)):
            raise ValueError(f"windows of {window} values and {ahead} targets reach out of the series")
    at = np.sort(train_first)
    begins = _series_starts(at, starts)
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


def _filled(inputs: FloatArray) -> FloatArray:
    """Missing values of each row as the mean of the others, 0 where there are none."""
    missing = np.isnan(inputs)
    if not missing.any():
        return inputs
    means = inputs.sum(axis=1, where=~missing) / np.maximum(1, (~missing).sum(axis=1))
    return np.where(missing, means[:, None], inputs)


def _moments(values: FloatArray, first: IntArray, horizon: int, window: int) -> FloatArray:
    """Sums of products of all pairs among 1, the inputs and the targets; all that ridge needs to know of the rows."""
    sums = np.zeros((1 + window + horizon, 1 + window + horizon))
    for part in _chunks(len(first), len(sums)):
        whole = _gather(values, first[part] + horizon, window + horizon)
        rows = np.concatenate([np.ones((len(whole), 1)), _filled(whole[:, :window]), whole[:, window:]], axis=1)
        sums += rows.T @ rows
    return sums


def _solve(moments: FloatArray, window: int, strength: float) -> FloatArray:
    """(1 + window, H) intercepts, which are free, and weights, which are shrunk."""
    rows, mean = moments[0, 0], moments[0, 1:] / moments[0, 0]
    centred = moments[1:, 1:] - rows * np.outer(mean, mean)
    products = centred[:window, :window]
    penalty = strength * np.trace(products) / window
    weights = np.linalg.solve(products + max(penalty, 1e-12 * rows) * np.eye(window), centred[:window, window:])
    return np.concatenate([mean[None, window:] - mean[None, :window] @ weights, weights])


def _squared_error(weights: FloatArray, moments: FloatArray, window: int) -> float:
    """Sum of squared errors over the rows that the moments are of."""
    residual = np.concatenate([-weights, np.eye(weights.shape[1])])
    return float(np.sum(residual * (moments @ residual)))
