"""A part of some series: where forecasts can begin, and what they say beside what came. Knows no reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.data.series.series import Part
from seqtext.errors import DataError
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.tasks.forecasting.calling import check_finite, device_of, in_units, on_clock
from seqtext.tasks.forecasting.rollout import Context, Rollout, check_horizon
from seqtext.tasks.forecasting.scaled_series import Positions, scaled, scales_for
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.spread import measured_spread
from seqtext.tasks.forecasting.step_model import StepModel

MOST_FOR_SPREAD = 2_000  # forecasts by whose errors tails and correlations are measured
MOST_DRAWN = 200  # the same, where paths are drawn for each


class PartForecasts(NamedTuple):
    """Forecasts beside what came, (R, H) each, in the units of the data; NaN in `true` where a reading is missing."""

    true: NDArray[np.float64]
    values: NDArray[np.float64]
    quantiles: dict[float, NDArray[np.float64]]


def forecast_positions(
    part: Part, config: ForecastConfig, *, most: int, horizon: int | None = None, every: int = 1
) -> Positions:
    """(R,) where the forecasts of a part can begin, in order.

    Args:
        part: whose readings are forecast.
        config: of the forecaster.
        most: of more positions so many are drawn, with a fixed key.
        horizon: readings to forecast; as many as the model does if None.
        every: readings between two positions, from the first one of each span on.

    Raises:
        DataError: if the part is too short for one.
    """
    series, reach, horizon = part.series, config.reach, config.horizon if horizon is None else horizon
    begins = np.maximum(part.spans[:, 0], series.starts[series.series_at(part.spans[:, 0])] + reach)
    spans = np.stack([begins, part.spans[:, 1] - horizon + 1], axis=1)
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        found = f"no window of {reach:,} readings with {horizon:,} to forecast after it fits"
        raise DataError(found, where=series.name, fix="lower --window or --horizon")
    bounds = np.concatenate([[0], np.cumsum((spans[:, 1] - spans[:, 0] - 1) // every + 1)])
    rows = np.arange(int(bounds[-1]))
    if len(rows) > most:
        rows = np.sort(KeyedPermutation(len(rows), 0)(np.arange(most)))
    span = np.searchsorted(bounds, rows, side="right") - 1
    places: Positions = spans[span, 0] + (rows - bounds[span]) * every
    return places


@torch.inference_mode()
def part_forecasts(
    model: SeqToVec | StepModel,
    config: ForecastConfig,
    part: Part,
    first: Positions,
    *,
    context: Context | None,
    horizon: int | None = None,
) -> PartForecasts:
    """Forecasts behind windows of a part, in the units of the data.

    Args:
        model: in evaluation mode.
        config: of the forecaster.
        part: whose readings are forecast.
        first: (R,) positions of the first value of each, as `forecast_positions` gives them.
        context: where the state comes from; as trained if None.
        horizon: readings to forecast; as many as the model does if None.

    Raises:
        OptionsError: a horizon that the model cannot give.
        NumericsError: a forecast that is not finite.
    """
    series, horizon = part.series, config.horizon if horizon is None else horizon
    check_horizon(config, horizon)
    means, scales = scales_for(series, config)
    clocked = on_clock(series, (series.zone,) * len(series), config)
    rows = scaled(clocked, config, means, scales).to(device_of(model))
    made = Rollout(model, config, rows, context=context).forecast(first, horizon)
    number = series.series_at(first)
    scale, mean = scales[number][:, None], means[number][:, None]
    below = np.concatenate([[0], np.cumsum(series.values < 0)])
    values, quantiles = in_units(made, mean, scale, config, below_zero=below[first] > below[series.starts[number]])
    by_level = {level: quantiles[..., place] for place, level in enumerate(made.levels)}
    check_finite(values, quantiles, where=series.name)
    return PartForecasts(series.values[first[:, None] + np.arange(horizon)], values, by_level)


def with_spread(
    config: ForecastConfig, validation: Part, forecasts: Callable[[Part, Positions], PartForecasts]
) -> ForecastConfig:
    """The config with what lies around forecasts of a part that nothing was fitted to; as it is if the part is too short.

    Args:
        config: of the forecaster.
        validation: the part.
        forecasts: made behind positions of it.
    """
    try:
        most = MOST_DRAWN if config.multi_step == "sampled" else MOST_FOR_SPREAD
        first = forecast_positions(validation, config, most=most)
    except DataError:
        return config
    made = forecasts(validation, first)
    if np.isnan(made.true).all():
        return config
    spread = measured_spread(made.true, made.quantiles)
    return replace(config, below=spread.below, above=spread.above, apart=spread.apart)
