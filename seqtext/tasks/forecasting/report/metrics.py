"""How far forecasts are off: squared, absolute, scaled and percentage errors, and how well their quantiles are calibrated.

Arrays of true and forecast values in the units of the data in, figures out. It knows neither the model nor the clock; a
true value that is NaN was never measured, and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError
from seqtext.tasks.forecasting.report.quantile_figures import Interval, quantile_figures

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

HOURS = 24


class ForecastMetrics(NamedTuple):
    """What `forecast_metrics` found; every value weighs the same but in `mase`, where every series does.

    Attributes:
        mse: mean squared error, in squared units of the data.
        mae: mean absolute error, in units of the data.
        rmse: root of `mse`.
        mase: mean absolute error over the seasonal scale of the series, mean over the series; None without scales.
        season: what season the scales are of, such as "day".
        smape: symmetric mean absolute percentage error, 0 to 200.
        values: how many true values were measured.
        unscaled_series: series with values but without a scale, left out of `mase`.
        pinball: mean pinball loss over values and levels, in units of the data; None without quantiles.
        crps: continuous ranked probability score, as twice the mean pinball loss over the levels 0.05 to 0.95; None without all of them.
        wql: weighted quantile loss, twice the pinball loss over the mean absolute value; None without quantiles, or of zeros alone.
        interval: None without two quantiles that lie evenly around the median.
        by_step: (H,) mean absolute error of each step of the horizon; NaN where a step has no value.
    """

    mse: float
    mae: float
    rmse: float
    mase: float | None
    season: str | None
    smape: float
    values: int
    unscaled_series: int
    pinball: float | None
    crps: float | None
    wql: float | None
    interval: Interval | None
    by_step: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """The same figures as plain numbers, lists and None, for `report/metrics.json`; no NaN occurs."""
        interval = None if self.interval is None else self.interval._asdict()
        by_step = [None if math.isnan(error) else error for error in self.by_step]
        return {**self._asdict(), "interval": interval, "by_step": by_step}


def forecast_metrics(
    true: ArrayLike,
    forecast: ArrayLike,
    *,
    scales: FloatArray | None = None,
    series: IntArray | None = None,
    season_name: str | None = None,
    quantiles: Mapping[float, FloatArray] | None = None,
    levels: Collection[float] | None = None,
) -> ForecastMetrics:
    """Compares N forecasts of H steps with what came.

    sMAPE is the mean of 200 |y - f| / (|y| + |f|), and 0 where both are 0. MASE is |y - f| over the `seasonal_scale` of
    the series, averaged first over each series and then over the series, so that one measured often weighs no more than
    others: below 1 is better than repeating the last season was on the training values. Both are those of the M4
    competition (Makridakis et al. 2020), MASE after Hyndman and Koehler (2006). The pinball loss of level q is
    q (y - f) where y is above f, and (1 - q) (f - y) below: at 0.5 half the absolute error.

    Args:
        true: (N, H) values in units of the data; NaN where none was measured.
        forecast: (N, H) values in the same units, finite wherever there is a true one.
        scales: (N,) each row's `seasonal_scale` of its own series over the training span; rows where it is NaN or 0
            are left out of MASE.
        series: (N,) which series each row is of; None means that each row is a series of its own, as in M4.
        season_name: what season the scales are of, only to be named.
        quantiles: (N, H) values per level in (0, 1).
        levels: those that pinball loss and interval are of; all if None.

    Raises:
        DataError: there is no true value, or one is infinite.
        ValueError: shapes differ, a forecast or quantile is not finite, or a level is outside (0, 1).
    """
    true, forecast, known = _checked(true, forecast)
    error, y, f = np.abs(true - forecast), true[known], forecast[known]
    size = np.abs(y) + np.abs(f)
    mse = float(np.mean(np.square(y - f)))
    mase, unscaled = (None, 0) if scales is None else _mase(error, scales, series)
    of_quantiles = quantile_figures(y, known, quantiles or {}, levels)
    return ForecastMetrics(
        mse=mse,
        mae=float(error[known].mean()),
        rmse=math.sqrt(mse),
        mase=mase,
        season=season_name,
        smape=float(200.0 * np.divide(error[known], size, out=np.zeros_like(size), where=size > 0).mean()),
        values=int(known.sum()),
        unscaled_series=unscaled,
        pinball=of_quantiles.pinball,
        crps=of_quantiles.crps,
        wql=of_quantiles.wql,
        interval=of_quantiles.interval,
        by_step=tuple(_means(error.sum(axis=0, where=known), known.sum(axis=0)).tolist()),
    )


def seasonal_scale(values: ArrayLike, season: int) -> float:
    """Mean |y_t - y_(t - season)| of one series, the denominator of MASE; pairs with a NaN are left out.

    NaN where there is no pair, or where the series repeats itself exactly: an error can't be measured by it.

    Args:
        values: (T,) training values of the series.
        season: readings a season, 1 or more; 1 compares with the value before.

    Raises:
        ValueError: the season is below 1.
    """
    if season < 1:
        raise ValueError(f"a season has at least one reading, got {season}")
    readings = np.asarray(values, dtype=np.float64)
    changes = np.abs(readings[season:] - readings[:-season])
    changes = changes[~np.isnan(changes)]
    scale = float(changes.mean()) if changes.size else 0.0
    return scale if scale > 0 else math.nan


def mae_by_hour(true: ArrayLike, forecast: ArrayLike, hours: ArrayLike) -> FloatArray:
    """(24,) mean absolute error of the values of each hour of the day; NaN for an hour without one.

    Args:
        true: (N, H) values; NaN where none was measured.
        forecast: (N, H) values.
        hours: (N, H) integers in 0 to 23, the hour of each true value.

    Raises:
        DataError: there is no true value, or one is infinite.
        ValueError: shapes differ, a forecast is not finite, or an hour is none.
    """
    true, forecast, known = _checked(true, forecast)
    hour = np.asarray(hours)
    if hour.shape != true.shape or not np.issubdtype(hour.dtype, np.integer):
        raise ValueError(f"hours must be integers of the shape {true.shape}, got {hour.dtype} of {hour.shape}")
    if hour.min() < 0 or hour.max() >= HOURS:
        raise ValueError(f"hours must be in 0 to 23, got {hour.min()} to {hour.max()}")
    hour, error = hour[known], np.abs(true - forecast)[known]
    return _means(np.bincount(hour, error, minlength=HOURS), np.bincount(hour, minlength=HOURS))


def _mase(error: FloatArray, scales: FloatArray, series: IntArray | None) -> tuple[float | None, int]:
    """MASE, None if no series has a scale, and the number of series with values but no scale."""
    rows = len(error)
    scale, of = np.asarray(scales, dtype=np.float64), np.arange(rows) if series is None else np.asarray(series)
    if scale.shape != (rows,) or of.shape != (rows,):
        raise ValueError(f"scales and series must be of {rows} rows, got the shapes {scale.shape} and {of.shape}")
    known = ~np.isnan(error)
    usable = np.isfinite(scale) & (scale > 0)
    number = np.unique(of, return_inverse=True)[1]
    sums = error.sum(axis=1, where=known)
    scaled = np.divide(sums, scale, out=np.zeros(rows), where=usable)
    counts = np.bincount(number, known.sum(axis=1))
    counts_usable = np.bincount(number, known.sum(axis=1) * usable)
    measured = counts_usable > 0
    unscaled = int(((counts > 0) & ~measured).sum())
    if not measured.any():
        return None, unscaled
    return float((np.bincount(number, scaled)[measured] / counts_usable[measured]).mean()), unscaled


def _means(sums: ArrayLike, counts: IntArray) -> FloatArray:
    """Sums over counts, NaN where there is nothing to count."""
    means = np.full(counts.shape, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _checked(true: ArrayLike, forecast: ArrayLike) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Both as (N, H) float64, and where there is a true value to measure by."""
    y, f = np.asarray(true, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if y.shape != f.shape or y.ndim != 2:
        raise ValueError(f"true and forecast values must be two (N, H) arrays, got the shapes {y.shape} and {f.shape}")
    known = ~np.isnan(y)
    if not known.any():
        found = "all values to measure by are missing" if y.size else "there are no values to measure by"
        raise DataError(found, expected="at least one", fix="check the test span")
    if not np.isfinite(y[known]).all():
        raise DataError("found an infinite value to measure by", expected="finite values, or missing ones")
    if not np.isfinite(f[known]).all():
        raise ValueError(f"{int((~np.isfinite(f[known])).sum()):,} forecasts of measured values are not finite")
    return y, f, known
