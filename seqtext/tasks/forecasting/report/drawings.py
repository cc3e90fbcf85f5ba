"""Which windows the pictures of a forecaster's report show. How they are drawn, `pictures` and `fan_chart` know."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from seqtext.data.series.frequencies import HOUR
from seqtext.data.series.series import SeriesSet
from seqtext.data.series.splits import SeriesSplits
from seqtext.data.series.zones import changes_of
from seqtext.reporting.baseline import Baseline
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.parts import PartForecasts
from seqtext.tasks.forecasting.remarks import ForecastWarning
from seqtext.tasks.forecasting.report.fan_chart import fan_chart
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray, mae_by_hour
from seqtext.tasks.forecasting.report.pictures import error_by, hidden_state, two_weeks
from seqtext.tasks.forecasting.rollout import Rollout
from seqtext.tasks.forecasting.scaled_series import scaled

DAYS = 14
FEW = 200  # readings drawn as two weeks or as a week where there are no timestamps


def draw(
    task: Forecaster,
    data: SeriesSplits,
    first: IntArray,
    made: PartForecasts,
    baselines: Sequence[Baseline[FloatArray]],
    folder: Path,
    *,
    unit: str,
) -> list[str]:
    """Draws all that the data allow into `folder`; returns the names of the files.

    Args:
        task: with the chosen weights, on the CPU.
        data: the spans.
        first: (R,) where the measured forecasts begin.
        made: those forecasts.
        baselines: which forecast the same values.
        folder: report/ of the run.
        unit: of the readings.
    """
    drawn = []
    best = min(baselines, key=lambda one: float(np.nanmean(np.abs(one.predicted - made.true))), default=None)
    if _two_weeks(task, data, folder / "two_weeks.png", unit):
        drawn.append("two_weeks.png")
    if _fan(task, data, folder / "fan_chart.png", unit):
        drawn.append("fan_chart.png")
    errors = {"this model": made.values} | ({} if best is None else {best.name: best.predicted})
    label = f"mean absolute error{f' ({unit})' if unit else ''}"
    if data.series.first_times is not None:
        hours = hours_of_day(data.series, first, task.config.horizon)
        by_hour = {name: mae_by_hour(made.true, values, hours) for name, values in errors.items()}
        error_by(range(24), by_hour, folder / "error_by_hour.png", xlabel="hour of the day", ylabel=label)
        drawn.append("error_by_hour.png")
    if task.config.horizon > 1:
        by_step = {name: np.nanmean(np.abs(values - made.true), axis=0) for name, values in errors.items()}
        steps = range(1, task.config.horizon + 1)
        error_by(steps, by_step, folder / "error_by_step.png", xlabel="steps ahead", ylabel=label)
        drawn.append("error_by_step.png")
    # Else there is no state but that of single windows.
    if task.config.model == "plain" and not (task.config.center_windows or task.config.difference_input):
        _hidden(task, data, folder / "hidden_state.png", unit)
        drawn.append("hidden_state.png")
    return drawn


def hours_of_day(series: SeriesSet, first: IntArray, horizon: int) -> IntArray:
    """(R, H) the hour, 0 to 23, of each reading forecast behind the positions `first`, by the clocks of the series' zone."""
    seconds = series.times_at(first[:, None] + np.arange(horizon)).astype(np.int64)
    if series.zone is not None:
        seconds = seconds + changes_of(series.zone).ahead_at(seconds)
    hours: IntArray = seconds // HOUR % 24
    return hours


def _day(data: SeriesSplits) -> int:
    return data.series.seasons().get("day", FEW // DAYS)


def _two_weeks(task: Forecaster, data: SeriesSplits, path: Path, unit: str) -> bool:
    """Forecasts one behind the other, each as long as the horizon, over the first two weeks of the test span."""
    horizon = task.config.horizon
    start, end = _first_test(task, data)
    first = np.arange(start, min(end, start + DAYS * _day(data)) - horizon + 1, horizon)
    if len(first) * horizon < 4:
        return False
    made = task.forecasts(data.test, first)
    places = np.arange(first[0], first[-1] + horizon)
    times = None if not data.series.timed else data.series.times_at(places)
    levels = made.quantiles
    band = (levels[min(levels)].ravel(), levels[max(levels)].ravel()) if levels else None
    two_weeks(times, made.true.ravel(), made.values.ravel(), path, unit=unit, quantiles=band)
    return True


def _fan(task: Forecaster, data: SeriesSplits, path: Path, unit: str) -> bool:
    """One forecast over the horizon, or rolled out over a day where the model forecasts one value."""
    config, series = task.config, data.series
    start, end = _first_test(task, data)
    horizon = config.horizon if config.horizon > 1 else _day(data)
    if config.horizon == 1 and (config.input_names or config.center_windows or config.difference_input):
        return False  # not all that is read is known ahead
    middle = min(start + (end - start) // 2, end - horizon)  # of the test span
    ahead = None if series.inputs is None else series.inputs[middle : middle + horizon, list(config.known_ahead)]
    if ahead is not None and np.isnan(ahead).any():
        return False
    if middle < start or horizon < 2:
        return False
    number = int(series.series_at(np.array([middle]))[0])
    begin = max(int(series.starts[number]), middle - max(horizon, config.window, task.least_history))
    if np.isnan(series.values[begin:middle]).all():
        return False  # after an outage there is nothing to go on from
    times = None if not series.timed else series.times_at(np.arange(begin, middle + horizon))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ForecastWarning)  # of a day that one step is read on for
        made = task(
            series.values[begin:middle],
            horizon=horizon,
            series=series.names[number],
            start=None if times is None else f"{times[0]}{'' if series.zone is None else 'Z'}",
            inputs=None if series.inputs is None else series.inputs[begin:middle],
            future=ahead if config.known_ahead else None,
        )
    fan_chart(
        None if times is None else times[: middle - begin],
        series.values[begin:middle],
        None if times is None else times[middle - begin :],
        made.values,
        path,
        quantiles={level: values for level, values in made.quantiles.items() if round(1 - level, 6) in made.quantiles},
        actual=series.values[middle : middle + horizon],
        unit=unit,
    )
    return True


def _hidden(task: Forecaster, data: SeriesSplits, path: Path, unit: str) -> None:
    """The top layer over a week of the test span, from zeros."""
    series = data.series
    start, end = (int(place) for place in data.test.spans[0])
    count = min(end - start, 7 * _day(data))
    means, scales = task.scales_for(series)
    with torch.inference_mode():
        states = Rollout(task.model, task.config, scaled(series, task.config, means, scales)).outputs(
            start, start + count
        )
    places = np.arange(start, start + count)
    times = None if not series.timed else series.times_at(places)
    hidden_state(times, series.values[places], states.double().numpy(), path, unit=unit)


def _first_test(task: Forecaster, data: SeriesSplits) -> tuple[int, int]:
    """The first test span, as far as there is enough before it."""
    start, end = (int(place) for place in data.test.spans[0])
    reach = task.config.reach
    first = int(data.series.starts[data.series.series_at(np.array([start]))[0]])
    return max(start, first + reach), end
