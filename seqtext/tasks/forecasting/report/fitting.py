"""The baselines beside a forecaster, on its own test windows, given all readings before them.

Knows series and spans; the methods themselves know arrays alone.
"""

from __future__ import annotations

import numpy as np

from seqtext.data.series.series import Part
from seqtext.data.series.splits import SeriesSplits
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.baselines import last_value, ridge, seasonal
from seqtext.tasks.forecasting.report.boosted_trees import boosted_trees
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray, seasonal_scale

MOST_TRAINED = 1_000_000  # windows the fitted baselines may draw theirs from


def before_test(data: SeriesSplits) -> Part:
    """All readings from the start of training to the start of the test span, validation and its gaps among them."""
    series = data.series
    starts, ends = (part.spans[:, 0] for part in (data.train, data.test))
    number, at = series.series_at(starts), series.series_at(ends)
    first = np.array([int(starts[number == one].min()) for one in at])
    return Part(series, np.stack([first, ends], axis=1))


def baselines_of(task: Forecaster, data: SeriesSplits, first: IntArray, which: Baselines) -> list[Baseline[FloatArray]]:
    """Forecasts of the baselines behind the positions `first`, in the units of the data.

    Args:
        task: whose window and horizon they share.
        data: the spans.
        first: (R,) positions of the first values to forecast.
        which: `fast` repeats readings; `all` also fits ridge regression and boosted trees.
    """
    if which == "none":
        return []
    config, series = task.config, data.series
    means, scales = task.scales_for(series)
    of_position = series.series_at(np.arange(len(series.values)))
    values = (series.values - means[of_position]) / scales[of_position]
    horizon, starts = config.horizon, series.starts
    found = [last_value(values, first, horizon, starts=starts)]
    reach = int((first - starts[series.series_at(first)]).min())
    names = {"day": "same time yesterday", "week": "same time last week"}
    for name, season in seasons(task, data).items():
        if season <= reach:
            title = names.get(name, f"one season ({season}) before")
            found.append(seasonal(values, first, horizon, season, name=title, starts=starts))
    if which == "all":
        train = task.positions(before_test(data), most=MOST_TRAINED)
        window = config.window
        found.append(ridge(values, train, first, horizon, window, starts=starts))
        longest = max((s for s in seasons(task, data).values() if s <= window), default=None)
        of_steps = longest if horizon > 1 else None
        found += [
            boosted_trees(values, train, first, horizon, window, on_change=on_change, season=of_steps, starts=starts)
            for on_change in (False, True)
        ]
    number = series.series_at(first)
    scale, mean = scales[number][:, None], means[number][:, None]
    return [one._replace(predicted=one.predicted * scale + mean) for one in found]


def seasons(task: Forecaster, data: SeriesSplits) -> dict[str, int]:
    """The season asked for, or day and week by the timestamps: readings of each."""
    return {"season": task.config.season} if task.config.season else data.series.seasons()


def season_scales(task: Forecaster, data: SeriesSplits) -> tuple[str, FloatArray] | None:
    """Name of the first season, and each series' mean absolute seasonal change before the test span; None without a season."""
    found = seasons(task, data)
    if not found:
        return None
    name, season = next(iter(found.items()))
    before = before_test(data)
    scales = [seasonal_scale(before.values_of(number), season) for number in range(len(data.series))]
    return f"{name} ({season} readings)", np.array(scales)
