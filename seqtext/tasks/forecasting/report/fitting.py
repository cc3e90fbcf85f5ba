"""The baselines beside a forecaster, on its own test windows, given all readings before them.

Knows series and spans; the methods themselves lie in `evaluation.forecast_baselines`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import Part
from seqtext.data.series.splits import SeriesSplits
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.baselines import Rival, boosted_trees, last_value, ridge, seasonal
from seqtext.tasks.forecasting.report.metrics import seasonal_scale

MOST_TRAINED = 1_000_000  # windows the fitted baselines may draw theirs from

Baselines = Literal["none", "fast", "all"]


def before_test(data: SeriesSplits) -> Part:
    """All readings from the start of training to the start of the test span, validation and its gaps among them."""
    series = data.series
    starts, ends = (part.spans[:, 0] for part in (data.train, data.test))
    number, at = series.series_at(starts), series.series_at(ends)
    first = np.array([int(starts[number == one].min()) for one in at])
    return Part(series, np.stack([first, ends], axis=1))


def rivals(task: Forecaster, data: SeriesSplits, first: NDArray[np.int64], which: Baselines) -> list[Rival]:
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
            found.append(
                seasonal(
                    values, first, horizon, season, name=names.get(name, f"one season ({season}) before"), starts=starts
                )
            )
    if which == "all":
        train = task.positions(before_test(data), most=MOST_TRAINED)
        window = config.window
        found.append(ridge(values, train, first, horizon, window, starts=starts))
        longest = max((s for s in seasons(task, data).values() if s <= window), default=None)
        of_steps = longest if horizon > 1 else None
        for on_change in (False, True):
            found.append(
                boosted_trees(
                    values, train, first, horizon, window, on_change=on_change, season=of_steps, starts=starts
                )
            )
    number = series.series_at(first)
    scale, mean = scales[number][:, None], means[number][:, None]
    return [rival._replace(forecast=rival.forecast * scale + mean) for rival in found]


def seasons(task: Forecaster, data: SeriesSplits) -> dict[str, int]:
    """The season asked for, or day and week by the timestamps: readings of each."""
    return {"season": task.config.season} if task.config.season else data.series.seasons()


def season_scales(task: Forecaster, data: SeriesSplits) -> tuple[str, NDArray[np.float64]] | None:
    """Name of the first season, and each series' mean absolute seasonal change before the test span; None without a season."""
    found = seasons(task, data)
    if not found:
        return None
    name, season = next(iter(found.items()))
    before = before_test(data)
    scales = [seasonal_scale(before.values_of(number), season) for number in range(len(data.series))]
    return f"{name} ({season} readings)", np.array(scales)
