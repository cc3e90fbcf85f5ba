"""Forecasts behind histories, in the units of the data and in the zone of their times. Knows a model and its config, no files."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqtext.data.series.series import SeriesSet
from seqtext.data.series.zones import offset_at
from seqtext.errors import DataError, NumericsError, OptionsError, ResourceError
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.tasks.forecasting.given import FloatArray
from seqtext.tasks.forecasting.histories import Histories
from seqtext.tasks.forecasting.request import ForecastRequest
from seqtext.tasks.forecasting.rollout import Rollout, ScaledForecast, check_horizon
from seqtext.tasks.forecasting.scaled_series import scaled, scales_for
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.spread import Spread, paths
from seqtext.tasks.forecasting.step_model import StepModel


class Forecast(NamedTuple):
    """What the forecaster says of the readings to come, in the units of the data.

    Attributes:
        values: (H,) float64.
        quantiles: (H,) of each level, rising with it; empty unless trained for.
        times: (H,) datetime64[s]; of a history with a zone a pandas DatetimeIndex in that zone; None without timestamps.
        spread: how values lie around the quantiles, and how the errors of steps hang together; None without quantiles.
    """

    values: FloatArray
    quantiles: dict[float, FloatArray]
    times: Any
    spread: Spread | None = None

    def to_frame(self) -> Any:
        """A pandas frame: a row for each step, at its time or by its number from 1; columns `forecast` and `q0.1`, ... of each level.

        Raises:
            ResourceError: without pandas.
        """
        pd = _pandas()
        steps = range(1, len(self.values) + 1)
        index = (
            pd.RangeIndex(1, len(steps) + 1, name="step")
            if self.times is None
            else pd.DatetimeIndex(self.times, name="time")
        )
        columns = {"forecast": self.values} | {f"q{level:g}": values for level, values in self.quantiles.items()}
        return pd.DataFrame(columns, index=index)

    def samples(self, count: int = 100, *, seed: int = 0) -> FloatArray:
        """(count, H) paths that the readings may take; at each step they have the quantiles of the forecast.

        What lies between the quantiles is a line over the normal distribution's; how far tails reach, and how the steps of a path hang
        together, is as in the errors on the validation readings (`seqtext.tasks.forecasting.spread.paths`).

        Args:
            count: of paths.
            seed: of them; the same seed gives the same paths.

        Raises:
            OptionsError: of a model without quantiles, or a count that cannot be.
        """
        if self.spread is None or len(self.quantiles) < 2:
            fix = "train with --quantiles 0.1 0.5 0.9"
            raise OptionsError("a forecast without quantiles has no paths to draw", fix=fix)
        ForecastRequest(samples=count, seed=seed)  # checks the values
        return paths(self.quantiles, self.spread, count, seed=seed)


def least_history(config: ForecastConfig) -> int:
    """Readings that a forecast needs before it."""
    return config.reach if config.context == "window" else max(1, config.difference_lag)


def forecasts(
    model: SeqToVec | StepModel, config: ForecastConfig, given: Histories, request: ForecastRequest
) -> list[Forecast]:
    """The forecast behind each history.

    Args:
        model: in evaluation mode.
        config: of the forecaster.
        given: S histories.
        request: how far, and how paths are drawn.

    Raises:
        DataError: a history that is too short.
        OptionsError: a horizon that the model cannot give.
        NumericsError: a forecast that is not finite.
    """
    series, zones = given.series, given.zones
    steps = config.horizon if request.horizon is None else request.horizon
    check_horizon(config, steps)
    if config.known_ahead and given.ahead < steps:
        names = ", ".join(config.input_names[place] for place in config.known_ahead)
        fix = "give them with future=, or --future FILE"
        raise DataError(f"{names} of {given.ahead:,} readings ahead", expected=f"of {steps:,}, the horizon", fix=fix)
    for number, length in enumerate((series.lengths - given.ahead).tolist()):
        if length < least_history(config):
            found = f"history {number + 1} has {length:,} readings"
            raise DataError(found, expected=f"at least {least_history(config):,}, which the model looks back")
    means, scales = scales_for(series, config)
    rows = scaled(on_clock(series, zones, config), config, means, scales).to(device_of(model))
    made = Rollout(model, config, rows, samples=request.samples, seed=request.seed).forecast(
        series.starts[1:] - given.ahead, steps
    )
    results = []
    for number, (mean, scale) in enumerate(zip(means.tolist(), scales.tolist(), strict=True)):
        one = ScaledForecast(made.values[number], made.quantiles[number], made.levels)
        known = series.one(number)[: int(series.lengths[number]) - given.ahead]
        below_zero = bool((known < 0).any())
        values, quantiles = in_units(one, mean, scale, config, below_zero=below_zero)
        check_finite(values, quantiles, where=f"history {number + 1}")
        by_level = {level: quantiles[:, place] for place, level in enumerate(made.levels)}
        results.append(
            Forecast(
                values,
                by_level,
                in_zone(series.times_behind(number, steps, ahead=given.ahead), zones[number]),
                config.spread(below_zero=below_zero) if by_level else None,
            )
        )
    return results


def in_units(
    made: ScaledForecast,
    mean: float | FloatArray,
    scale: float | FloatArray,
    config: ForecastConfig,
    *,
    below_zero: bool | NDArray[np.bool_],
) -> tuple[FloatArray, FloatArray]:
    """Values (..., H) and quantiles (..., H, Q) in the units of the data, infinite where they are too large.

    Args:
        made: in the scale of the model.
        mean: of the series.
        scale: likewise.
        config: of the forecaster.
        below_zero: whether a reading before the forecast was, (...) of each: what is then not known to stay above it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        values = made.values * scale + mean
        quantiles = made.quantiles * np.asarray(scale)[..., None] + np.asarray(mean)[..., None]
    if config.nonnegative != "no":
        least = np.where(below_zero if config.nonnegative == "auto" else False, -np.inf, 0.0)[..., None]
        values, quantiles = np.maximum(values, least), np.maximum(quantiles, least[..., None])
    return values, quantiles


def device_of(model: nn.Module) -> torch.device:
    """Where its numbers are; a linear path has no parameters, but buffers."""
    return next((tensor.device for tensor in chain(model.parameters(), model.buffers())), torch.device("cpu"))


def check_finite(*numbers: Any, where: str) -> None:
    """Refuses a forecast that is no number.

    Raises:
        NumericsError: for such a one.
    """
    for some in numbers:
        wrong = ~np.isfinite(np.asarray(some, dtype=np.float64))
        if wrong.any():
            found = f"the forecast is {np.asarray(some)[wrong][0]}"
            fix = "the weights or scales of the model are not usable: train it again"
            raise NumericsError(found, where=where, expected="finite numbers", fix=fix)


def in_zone(times: NDArray[np.datetime64] | None, zone: str | None) -> Any:
    """Times, which are UTC where there is a zone, as that zone's."""
    if times is None or zone is None:
        return times
    return _pandas().DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)


def _pandas() -> Any:
    """The package, which comes with `datasets` and is not asked for by itself.

    Raises:
        ResourceError: if it is not there.
    """
    try:
        import pandas as pd  # type: ignore[import-untyped]
    except ImportError as error:
        raise ResourceError("pandas is not installed", fix="pip install pandas") from error
    return pd


def on_clock(series: SeriesSet, zones: tuple[str | None, ...], config: ForecastConfig) -> SeriesSet:
    """The series by the clocks that the model learnt, as they stand at the end of each, where their own are others.

    Those are the clocks of its zone, where the times of training had none; and UTC, where they had one and its own have none.
    """
    if not config.calendar or series.first_times is None:
        return series
    first_times = series.first_times.copy()
    for number, zone in enumerate(zones):
        behind = series.times_behind(number, 1)
        if behind is not None and zone is not None and not config.zoned:
            first_times[number] += offset_at(behind[0], zone)
        elif behind is not None and zone is None and config.zoned and config.time_zone is not None:
            first_times[number] -= offset_at(behind[0], config.time_zone)
    return replace(series, first_times=first_times)
