"""A part of some series: whether the model can read it, where forecasts can begin, and what they say beside what came. Knows no reports."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.data.series.series import Part
from seqtext.errors import DataError
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.tasks.forecasting.histories import check_missing
from seqtext.tasks.forecasting.rollout import Context, Rollout
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.windows import Positions, scaled, scales_for


class PartForecasts(NamedTuple):
    """Forecasts beside what came, (R, H) each, in the units of the data; NaN in `true` where a reading is missing."""

    true: NDArray[np.float64]
    values: NDArray[np.float64]
    quantiles: dict[float, NDArray[np.float64]]


def check_part(part: Part, config: ForecastConfig) -> None:
    """Refuses missing readings, in a part or in what is read before it, that the model has no mark for.

    Raises:
        DataError: naming the first one.
    """
    series = part.series
    reach = len(series.values) if config.context == "stateful" else config.reach
    columns = series.values if series.inputs is None else np.column_stack([series.values, series.inputs])
    for number, (first, end) in zip(series.series_at(part.spans[:, 0]), part.spans.tolist(), strict=True):
        start = int(series.starts[number])
        begin = max(first - reach, start)
        where = f"{series.name}, series {series.names[number]!r}"
        check_missing(columns[begin:end], config, where, before=begin - start)


def forecast_positions(part: Part, config: ForecastConfig, *, most: int) -> Positions:
    """(R,) where the forecasts of a part can begin, in order.

    Args:
        part: whose readings are forecast.
        config: of the forecaster.
        most: of more positions so many are drawn, with a fixed key.

    Raises:
        DataError: if the part is too short for one.
    """
    series, reach = part.series, config.reach
    begins = np.maximum(part.spans[:, 0], series.starts[series.series_at(part.spans[:, 0])] + reach)
    spans = np.stack([begins, part.spans[:, 1] - config.horizon + 1], axis=1)
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        found = f"no window of {reach:,} readings with {config.horizon:,} to forecast after it fits"
        raise DataError(found, where=series.name, fix="lower --window or --horizon")
    bounds = np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])])
    rows = np.arange(int(bounds[-1]))
    if len(rows) > most:
        rows = np.sort(KeyedPermutation(len(rows), 0)(np.arange(most)))
    span = np.searchsorted(bounds, rows, side="right") - 1
    places: Positions = spans[span, 0] + rows - bounds[span]
    return places


@torch.inference_mode()
def part_forecasts(
    model: SeqToVec, config: ForecastConfig, part: Part, first: Positions, *, context: Context | None
) -> PartForecasts:
    """Forecasts behind windows of a part, in the units of the data.

    Args:
        model: in evaluation mode.
        config: of the forecaster.
        part: whose readings are forecast.
        first: (R,) positions of the first value of each, as `forecast_positions` gives them.
        context: where the state comes from; as trained if None.
    """
    series = part.series
    means, scales = scales_for(series, config)
    rows = scaled(series, config, means, scales).to(next(model.parameters()).device)
    made = Rollout(model, config, rows, context=context).forecast(first, config.horizon)
    number = series.series_at(first)
    scale, mean = scales[number][:, None], means[number][:, None]
    return PartForecasts(
        true=series.values[first[:, None] + np.arange(config.horizon)],
        values=made.values * scale + mean,
        quantiles={level: made.quantiles[..., place] * scale + mean for place, level in enumerate(made.levels)},
    )
