"""The baselines beside a forecaster, on its own test windows, given all readings before them and all that the model reads.

Knows series and spans; the methods themselves know arrays alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch

from seqtext.data.series.series import Part
from seqtext.data.series.splits import SeriesSplits
from seqtext.errors import DataError
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.linear_fit import fit_linear_path
from seqtext.tasks.forecasting.linear_path import LinearPath
from seqtext.tasks.forecasting.report.baselines import last_value, ridge, seasonal
from seqtext.tasks.forecasting.report.boosted_trees import Further, boosted_trees
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray, seasonal_scale
from seqtext.tasks.forecasting.report.quantile_figures import CRPS_LEVELS
from seqtext.tasks.forecasting.scaled_series import ScaledSeries, scaled
from seqtext.tasks.forecasting.step_inputs import step_inputs
from seqtext.tasks.forecasting.windows import Windows

MOST_TRAINED = 1_000_000  # windows the fitted baselines may draw theirs from
MOST_HELD_OUT = 2_000  # windows whose errors say how wide quantiles are
ROWS_AT_ONCE = 2_000
FEW = 20  # windows, below which nothing is fitted to another file

Make = Callable[[Part, IntArray], Baseline[FloatArray]]  # fitted on a part, behind positions


def before_test(data: SeriesSplits) -> Part:
    """All readings from the start of training to the start of the test span, validation among them."""
    series = data.series
    starts, ends = (part.spans[:, 0] for part in (data.train, data.test))
    number, at = series.series_at(starts), series.series_at(ends)
    first = np.array([int(starts[number == one].min()) for one in at])
    return Part(series, np.stack([first, ends], axis=1))


class _Shifted(Mapping[float, FloatArray]):
    """Quantiles around a forecast, in the units of the data; each is made when it is asked for.

    Args:
        made: (R, H) scaled.
        off: (Q, H) what lies between it and the quantile of each level.
        levels: (Q,)
        mean: (R, 1) of the series of each row.
        scale: (R, 1) likewise.
    """

    def __init__(
        self, made: FloatArray, off: FloatArray, levels: tuple[float, ...], mean: FloatArray, scale: FloatArray
    ) -> None:
        self.made, self.off, self.levels, self.mean, self.scale = made, off, levels, mean, scale

    def __getitem__(self, level: float) -> FloatArray:
        values: FloatArray = (self.made + self.off[self.levels.index(level)]) * self.scale + self.mean
        return values

    def __iter__(self) -> Iterator[float]:
        return iter(self.levels)

    def __len__(self) -> int:
        return len(self.levels)


def baselines_of(
    task: Forecaster,
    data: SeriesSplits,
    first: IntArray,
    which: Baselines,
    *,
    levels: tuple[float, ...] = (),
    horizon: int | None = None,
    trees: bool = True,
) -> list[Baseline[FloatArray]]:
    """Forecasts of the baselines behind the positions `first`, in the units of the data.

    Quantiles are the forecast and, for each step, the quantiles of what the same method, fitted on the training span, was off in the
    validation span.

    Args:
        task: whose window, horizon, lags, calendar and further columns they share.
        data: the spans.
        first: (R,) positions of the first values to forecast.
        which: `fast` repeats readings; `all` also fits ridge regression and boosted trees.
        levels: of quantiles; none if empty, else also those of the CRPS.
        horizon: steps to forecast, as many as the model does if None.
        trees: whether `all` has boosted trees too, which take seconds.
    """
    if which == "none":
        return []
    steps = task.config.horizon if horizon is None else horizon
    levels = tuple(sorted({*levels, *CRPS_LEVELS})) if len(levels) > 1 else levels
    series = data.series
    means, scales = task.scales_for(series)
    before = before_test(data)
    held = _held_out(task, data.validation, steps) if levels else first[:0]
    number = series.series_at(first)
    scale, mean = scales[number][:, None], means[number][:, None]
    found = []
    for make in _methods(task, data, first, which, steps, trees=trees):
        made = make(before, first)
        quantiles: Mapping[float, FloatArray] | None = None
        if len(held):
            of = series.series_at(held)
            true = (series.values[held[:, None] + np.arange(steps)] - means[of][:, None]) / scales[of][:, None]
            off = _by_step(true - make(data.train, held).predicted, levels)
            quantiles = _Shifted(made.predicted, off, levels, mean, scale)
        found.append(made._replace(predicted=made.predicted * scale + mean, quantiles=quantiles))
    return found


def can_be_fitted(task: Forecaster, data: SeriesSplits, horizon: int) -> bool:
    """Whether enough windows lie in the training span to fit a baseline to."""
    try:
        return min(len(task.encode(data.train)), len(task.positions(data.train, most=FEW, horizon=horizon))) >= FEW
    except DataError:
        return False


def _held_out(task: Forecaster, part: Part, horizon: int) -> IntArray:
    """(R,) positions of a part to see by how much a method is off; none if it is too short."""
    try:
        return task.positions(part, most=MOST_HELD_OUT, horizon=horizon)
    except DataError:
        return np.zeros(0, dtype=np.int64)


def _by_step(errors: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """(Q, H) quantiles of errors (R, H), those of missing readings left out."""
    known = np.where(np.isnan(errors).all(axis=0), 0.0, errors)  # a step that was never measured
    quantiles: FloatArray = np.nanquantile(known, levels, axis=0)
    return quantiles


def _methods(
    task: Forecaster, data: SeriesSplits, first: IntArray, which: Baselines, horizon: int, *, trees: bool
) -> Iterator[Make]:
    """The methods, each as what makes it."""
    config, series, starts = task.config, data.series, data.series.starts
    means, scales = task.scales_for(series)
    of_position = series.series_at(np.arange(len(series.values)))
    values = (series.values - means[of_position]) / scales[of_position]
    yield lambda _, at: last_value(values, at, horizon, starts=starts)
    reach = int((first - starts[series.series_at(first)]).min())
    names = {"day": "same time yesterday", "week": "same time last week", "year": "same time last year"}
    for name, season in seasons(task, data).items():
        if season <= reach:
            title = names.get(name, f"one season ({season}) before")
            yield lambda _, at, season=season, title=title: seasonal(  # type: ignore[misc]
                values, at, horizon, season, name=title, starts=starts
            )
    if which != "all":
        return

    def windows_of(part: Part) -> IntArray:
        positions: IntArray = task.positions(part, most=MOST_TRAINED, horizon=horizon)
        return positions[positions >= starts[series.series_at(positions)] + config.window]

    if reach >= config.window:  # shorter histories have no windows of their own to compare with
        yield lambda part, at: ridge(values, windows_of(part), at, horizon, config.window, starts=starts)
    window, further, of_steps = config.window, None, None
    if config.model == "plain":
        longest = max((s for s in seasons(task, data).values() if s <= window), default=None)
        of_steps = longest if horizon > 1 else None
    elif horizon > config.horizon:  # the lags of the model are of its own steps
        window = config.near
    else:
        rows = scaled(series, config, means, scales)
        yield lambda part, at: _ridge_on_lags(task, rows, part, at, horizon)
        window, further = config.near, _further(task, rows)
    for on_change in (False, True) if trees and reach >= window else ():
        yield lambda part, at, on_change=on_change: boosted_trees(  # type: ignore[misc]
            values,
            windows_of(part),
            at,
            horizon,
            window,
            on_change=on_change,
            season=of_steps,
            further=further,
            starts=starts,
        )


def _ridge_on_lags(
    task: Forecaster, rows: ScaledSeries, part: Part, first: IntArray, horizon: int
) -> Baseline[FloatArray]:
    """Ridge regression on what the model reads, in the scale of training."""
    started = time.perf_counter()
    path = LinearPath(task.config)
    windows = Windows(rows, part.spans, task.config)
    fit_linear_path(path, windows, plain=True)
    pieces = np.split(first, range(ROWS_AT_ONCE, len(first), ROWS_AT_ONCE))
    with torch.inference_mode():
        made = [path(step_inputs(rows, some, task.config)).values.double().numpy() for some in pieces]
    description = f"ridge regression on the last {task.config.recent} values, lags and calendar, strength {float(path.members[0, 3]):g}"
    forecast = np.concatenate(made)[:, :horizon]
    return Baseline("ridge on lags and calendar", description, forecast, time.perf_counter() - started)


def _further(task: Forecaster, rows: ScaledSeries) -> Further:
    """What the model knows of each step, as features of trees."""
    config = task.config
    one = step_inputs(rows, rows.starts[:1] + config.reach, config)

    def of(at: IntArray, step: IntArray) -> tuple[FloatArray, FloatArray]:
        lags, known = [], []
        for some in np.split(np.arange(len(at)), range(ROWS_AT_ONCE, len(at), ROWS_AT_ONCE)):
            inputs = step_inputs(rows, at[some], config)
            row, ahead = torch.arange(len(some)), torch.from_numpy(step[some])
            lags.append(inputs.lags[row, ahead].double().numpy())
            further = inputs.extra[:, -1, 1 if config.marks_missing else 0 :]
            known.append(torch.cat([inputs.steps[row, ahead], further, inputs.level], dim=1).double().numpy())
        return np.concatenate(lags), np.concatenate(known)

    return Further(one.lags.shape[-1] + one.steps.shape[-1] + len(config.input_names) + 2, of)


def seasons(task: Forecaster, data: SeriesSplits) -> dict[str, int]:
    """The season asked for, or day and week by the timestamps, or what the model found: readings of each."""
    if task.config.season:
        return {"season": task.config.season}
    named = data.series.seasons()
    more = [season for season in task.config.seasons if season not in named.values()]
    return named | {f"season of {season}": season for season in more}


def season_scales(task: Forecaster, data: SeriesSplits) -> tuple[str, FloatArray] | None:
    """Name of the first season, and each series' mean absolute seasonal change before the test span; None without a season."""
    found = seasons(task, data)
    if not found:
        return None
    name, season = next(iter(found.items()))
    before = before_test(data)
    scales = [seasonal_scale(before.values_of(number), season) for number in range(len(data.series))]
    return f"{name} ({season} readings)", np.array(scales)
