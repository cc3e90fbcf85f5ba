"""The baselines a forecaster must beat on the same windows: the last value, the last season, ridge regression.

Arrays in, forecasts in the units of the values out. Knows no models, no clock and no scale; boosted trees have a file
of their own.
"""

from __future__ import annotations

import time

import numpy as np

from seqtext.reporting.baseline import Baseline
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

MAX_ROWS = 100_000  # training windows of a fit
FEW_WINDOWS = 20  # below, nothing is fitted
STRENGTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)  # of ridge, per row, in units of the mean variance of an input


def last_value(
    values: FloatArray, first: IntArray, horizon: int, *, starts: IntArray | None = None
) -> Baseline[FloatArray]:
    """The last reading before each window's targets that is not missing, for all its steps.

    Args:
        values: (N,) all series end to end; NaN where a reading is missing.
        first: (R,) position of the first value to forecast; the reading before it is of the same series.
        horizon: steps to forecast, H.
        starts: (S + 1,) series s is `values[starts[s]:starts[s + 1]]`; None means there is one. Where a series has no
            reading yet, the forecast is 0.
    """
    started = time.perf_counter()
    forecast = np.repeat(last_readings(values, first, starts)[:, None], horizon, axis=1)
    return Baseline("last value", "repeats the last reading before the window", forecast, time.perf_counter() - started)


def seasonal(
    values: FloatArray, first: IntArray, horizon: int, season: int, *, name: str, starts: IntArray | None = None
) -> Baseline[FloatArray]:
    """The value one season before each target; behind the first season of targets, the last known season goes on.

    Where that reading is missing, or lies before the series, the last reading stands in.

    Args:
        values: (N,) all series end to end; NaN where a reading is missing.
        first: (R,) position of the first value to forecast.
        horizon: steps to forecast, H; may be longer than the season.
        season: readings a season.
        name: of the baseline, such as "same time yesterday".
        starts: (S + 1,) of the series, as for `last_value`.

    Raises:
        ValueError: the season is below 1.
    """
    started = time.perf_counter()
    before = a_season_before(values, first[:, None], np.arange(horizon), season, series_starts(first, starts)[:, None])
    absent = np.isnan(before)
    forecast = np.where(absent, last_readings(values, first, starts)[:, None], before)
    stand_ins = f", the last reading for {absent.mean():.1%} of them" if absent.any() else ""
    description = f"repeats the readings of {season:,} steps before{stand_ins}"
    return Baseline(name, description, forecast, time.perf_counter() - started)


def ridge(
    values: FloatArray,
    train_first: IntArray,
    first: IntArray,
    horizon: int,
    window: int,
    *,
    seed: int = 0,
    starts: IntArray | None = None,
) -> Baseline[FloatArray]:
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
    fitted, held_out, rows = training_windows(values, train_first, first, horizon, window, seed, starts, MAX_ROWS)
    whole = np.cumsum(np.concatenate([[0], np.isnan(values)]))
    fitted, held_out = (part[whole[part + horizon] == whole[part]] for part in (fitted, held_out))
    if len(fitted) < FEW_WINDOWS or not len(held_out):
        return too_few(values, first, horizon, starts, "ridge regression", started)
    targets = values[np.concatenate([fitted, held_out])]
    mean, deviation = float(targets.mean()), float(targets.std()) or 1.0  # so that sums of squares keep their digits
    near = (values - mean) / deviation
    own, others = (_moments(near, part, horizon, window) for part in (fitted, held_out))
    losses = [_squared_error(_solve(own, window, strength), others, window) for strength in STRENGTHS]
    strength = STRENGTHS[int(np.argmin(losses))]
    weights = _solve(own + others, window, strength)
    forecast = np.empty((len(first), horizon))
    for part in chunks(len(first), window):
        forecast[part] = weights[0] + _filled(gathered(near, first[part], window)) @ weights[1:]
    fit = f"{len(fitted) + len(held_out):,} windows{rows}" + (" without missing targets" if whole[-1] else "")
    description = f"ridge regression on {window} values, {fit}, strength {strength:g} chosen on held-out windows"
    return Baseline("ridge regression", description, forecast * deviation + mean, time.perf_counter() - started)


def too_few(
    values: FloatArray, first: IntArray, horizon: int, starts: IntArray | None, name: str, started: float
) -> Baseline[FloatArray]:
    """The last value in the place of what could not be fitted."""
    forecast = last_value(values, first, horizon, starts=starts).predicted
    description = "repeats the last reading: too few windows with targets to fit on"
    return Baseline(name, description, forecast, time.perf_counter() - started)


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
    for part in chunks(len(first), len(sums)):
        whole = gathered(values, first[part] + horizon, window + horizon)
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
