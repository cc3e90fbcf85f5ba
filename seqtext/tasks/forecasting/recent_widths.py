"""How much wider or narrower intervals must be now, so that those of the model's own last forecasts would have held what came.

Nothing at or behind a forecast's first step is read: every earlier forecast that is looked at has come to its end. Knows scaled readings.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import step_inputs
from seqtext.tasks.forecasting.step_model import StepModel

SCORES, FEWEST, MOST = 32, 8, 32  # of single steps, and forecasts at least and most, that are looked back at
STEPS = 24  # of each, at most
WINDOWS = 4  # they lie in the last two of the longest season, or so many windows
PRIOR = 2  # forecasts whose intervals held what they should, that are added to what was seen
LEAST, LARGEST = 0.25, 4.0
NARROWEST = 1e-3  # of an interval, in deviations of the linear path
CELLS_AT_ONCE = 4_000_000


def origins(config: ForecastConfig) -> NDArray[np.int64]:
    """(K,) how far before a forecast those that are looked at begin; none where a model has no quantiles."""
    levels, horizon = config.output.levels, config.head_horizon
    if not config.output.has_quantiles or levels[0] == levels[-1]:
        return np.zeros(0, dtype=np.int64)
    count = min(max(SCORES // horizon, FEWEST), MOST)
    span = 2 * max(config.seasons) if config.seasons else WINDOWS * config.window
    spacing = max(span // count, horizon, 1)
    while config.seasons and math.gcd(spacing, config.seasons[0]) > horizon:  # not always the same hour
        spacing += 1
    return horizon + spacing * np.arange(count, dtype=np.int64)


def recent_widths(model: StepModel, series: ScaledSeries, first: Positions) -> Tensor:
    """(R,) what the distance of quantiles from the forecast is to be multiplied by.

    Args:
        model: in evaluation mode, with quantiles.
        series: on its device.
        first: (R,) position of the first value to forecast.
    """
    back = origins(model.config)
    rows = max(1, CELLS_AT_ONCE // max(len(back) * STEPS, 1))
    pieces = np.split(first, range(rows, len(first), rows))
    return torch.cat([_widths(model, series, some, back) for some in pieces])


def _widths(model: StepModel, series: ScaledSeries, first: Positions, back: NDArray[np.int64]) -> Tensor:
    """Of some positions, in order: forecasts that several of them look back at are made once."""
    config, device = model.config, series.values.device
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    places = first[:, None] - back
    there = places - series.starts[number][:, None] >= config.reach
    if not there.any():
        return torch.ones(len(first), device=device)
    unique, at = np.unique(places[there], return_inverse=True)
    row = np.zeros(there.shape, dtype=np.int64)
    row[there] = at
    seen = torch.from_numpy(there).to(device)
    scores = _scores(model, series, unique)[torch.from_numpy(row).to(device)]  # (R, K, S)
    scores = torch.where(seen.unsqueeze(-1), scores, torch.nan).flatten(1)
    usual = torch.from_numpy(usual_scores(config, scores.shape[1] // len(back))).to(scores)
    scores = torch.cat([scores, usual.expand(len(first), -1)], dim=1)
    found = scores.nanquantile(rank(config, scores.shape[1]), dim=1).clamp(LEAST, LARGEST)
    return torch.where(seen.any(1), found, torch.ones_like(found))


def rank(config: ForecastConfig, count: int) -> float:
    """The quantile of so many scores by which intervals hold what they should, as split-conformal rounds."""
    return max(min((_nominal(config.output.levels) * (count + 1) - 1) / (count - 1), 1.0), 0.0)


def usual_scores(config: ForecastConfig, steps: int) -> NDArray[np.float32]:
    """(N,) scores of normal errors whose intervals hold what they should, of so many forecasts of some steps as are added."""
    count, level = PRIOR * steps, _nominal(config.output.levels)
    places = 0.5 + (torch.arange(count, dtype=torch.float32) + 0.5) / (2 * count)
    scores: NDArray[np.float32] = (
        torch.special.ndtri(places) / torch.special.ndtri(torch.tensor(0.5 + level / 2))
    ).numpy()
    return scores


def looked_at(config: ForecastConfig) -> NDArray[np.int64]:
    """(S,) steps ahead, from 0, of each forecast that is looked at."""
    every = -(-config.head_horizon // STEPS)
    return np.arange(every // 2, config.head_horizon, every)


def _scores(model: StepModel, series: ScaledSeries, places: Positions) -> Tensor:
    """(U, S) how far some steps lay from their forecasts, in distances of the outermost quantile on that side; NaN where missing."""
    config = model.config
    ahead = looked_at(config)
    rows = max(1, CELLS_AT_ONCE // (config.window + len(ahead) * model.linear.features))
    found = []
    for some in np.split(places, range(rows, len(places), rows)):
        said = model(step_inputs(series, some, config, ahead))
        values, quantiles = model.values(said), model.quantiles(said)
        off = series.values[torch.from_numpy(some[:, None] + ahead).to(values.device)] - values
        least = NARROWEST * said.scale
        above = off / (quantiles[..., -1] - values).maximum(least)
        below = -off / (values - quantiles[..., 0]).maximum(least)
        levels = config.output.levels
        found.append(above if levels[0] >= 0.5 else below if levels[-1] <= 0.5 else above.maximum(below))
    return torch.cat(found)


def _nominal(levels: tuple[float, ...]) -> float:
    """What the outermost quantiles should hold."""
    return (levels[-1] if levels[-1] > 0.5 else 1.0) - (levels[0] if levels[0] < 0.5 else 0.0)
