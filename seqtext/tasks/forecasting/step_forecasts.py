"""Forecasts of a `StepModel` behind any positions of scaled series; beyond its horizon it reads its own forecasts as if they had come.

Intervals are as wide as its last forecasts say. Knows scaled numbers, no units.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.tasks.forecasting.recent_widths import recent_widths
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import looked_back, step_inputs
from seqtext.tasks.forecasting.step_model import StepModel

MOST_GROWTH = 0.5  # of a width with the steps ahead, as a power of them: a random walk's
CELLS_AT_ONCE = 4_000_000  # of windows and of features of steps


def step_forecasts(
    model: StepModel, series: ScaledSeries, first: Positions, horizon: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(R, H) values and (R, H, Q) quantiles; Q is 0 where there are none.

    Args:
        model: in evaluation mode.
        series: on its device.
        first: (R,) position of the first value to forecast.
        horizon: values to forecast each time.
    """
    config = model.config
    widths = recent_widths(model, series, first)[:, None, None] if model.output.has_quantiles else None
    if horizon <= config.head_horizon:
        values, quantiles = _blocks(model, series, first, widths)
        return _plain(values[:, :horizon]), _plain(quantiles[:, :horizon])
    made: list[tuple[Tensor, Tensor]] = []
    series, first = _own_lines(series, first, config, horizon)
    for start in range(0, horizon, config.head_horizon):
        block = _blocks(model, series, first + start, widths)
        made.append(block)
        steps = torch.arange(min(config.head_horizon, horizon - start), device=series.values.device)
        places = torch.from_numpy(first).to(steps.device).unsqueeze(1) + start + steps
        for line in (series.values, series.known):
            line[places] = block[0][:, : len(steps)]
    values, quantiles = (torch.cat([block[place] for block in made], dim=1)[:, :horizon] for place in (0, 1))
    if quantiles.shape[-1]:
        quantiles = _widened(values, quantiles, config.head_horizon, model.output.levels)
    return _plain(values), _plain(quantiles)


def _widened(values: Tensor, quantiles: Tensor, trained: int, levels: tuple[float, ...]) -> Tensor:
    """(R, H, Q) quantiles that lie, behind the trained steps, no nearer to the forecast (R, H) than at the last of these.

    They grow on as they did over the trained steps, as a random walk's at most; of one trained step nothing says how.
    """
    away = quantiles - values.unsqueeze(-1)
    width = (away[..., -1] - away[..., 0]).clamp_min(1e-12)
    growth = torch.zeros_like(width[:, 0])
    if trained > 1:
        growth = ((width[:, trained - 1] / width[:, 0]).log() / math.log(trained)).clamp(0, MOST_GROWTH)
    steps = torch.arange(trained + 1, values.shape[1] + 1, device=values.device) / trained
    grown = away[:, trained - 1 : trained] * (steps ** growth.unsqueeze(1)).unsqueeze(-1)
    behind = away[:, trained:]
    level = torch.tensor(levels, device=values.device)
    behind = torch.where(level < 0.5, torch.minimum(behind, grown), behind)
    behind = torch.where(level > 0.5, torch.maximum(behind, grown), behind)
    return torch.cat([quantiles[:, :trained], values[:, trained:, None] + behind], dim=1)


def _blocks(model: StepModel, series: ScaledSeries, first: Positions, widths: Tensor | None) -> tuple[Tensor, Tensor]:
    """What the model says at once, of all rows; quantiles so many times as far from the forecast (R, 1, 1)."""
    config = model.config
    rows = max(1, CELLS_AT_ONCE // (config.window + config.head_horizon * model.linear.features))
    values, quantiles = [], []
    for some in np.split(first, range(rows, len(first), rows)):
        said = model(step_inputs(series, some, config))
        values.append(model.values(said))
        quantiles.append(model.quantiles(said) if model.output.has_quantiles else said.raw[..., :0])
    found, around = torch.cat(values), torch.cat(quantiles)
    if widths is not None:
        around = found.unsqueeze(-1) + widths * (around - found.unsqueeze(-1))
    return found, around


def _own_lines(
    series: ScaledSeries, first: Positions, config: ForecastConfig, horizon: int
) -> tuple[ScaledSeries, Positions]:
    """A series of its own for each position: what is looked back at before it, and room for what comes."""
    back = looked_back(config)
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    begins = np.maximum(series.starts[number], first - back)
    room = horizon + config.head_horizon
    lengths = first - begins + room
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    device = series.values.device

    def line(of: Tensor) -> Tensor:
        parts = []
        for begin, end in zip(begins.tolist(), first.tolist(), strict=True):
            parts += [of[begin:end], _ahead(of, end, room)]
        return torch.cat(parts).to(device)

    clocks = None
    if series.clocks is not None and config.frequency is not None:
        clocks = series.clocks[number] + (begins - starts[:-1]) * config.frequency
    inputs = None if series.inputs is None else line(series.inputs)
    lines = replace(
        series, values=line(series.values), known=line(series.known), inputs=inputs, starts=starts, clocks=clocks
    )
    return lines, starts[:-1] + first - begins


def _ahead(of: Tensor, end: int, room: int) -> Tensor:
    """Nothing of readings; of columns what is known of them."""
    nothing = of.new_full((room, *of.shape[1:]), 0.0 if of.ndim == 1 else torch.nan)
    if of.ndim > 1:
        known = of[end : end + room]
        nothing[: len(known)] = known
    return nothing


def _plain(values: Tensor) -> NDArray[np.float64]:
    made: NDArray[np.float64] = values.double().cpu().numpy()
    return made
