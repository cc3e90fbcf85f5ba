"""Series in the scale that a forecaster works in, end to end in one tensor, with what stands in for readings that are missing.

Knows scales and configs, neither windows nor weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.data.series.scaler import scale_of
from seqtext.data.series.series import SeriesSet
from seqtext.errors import DataError
from seqtext.tasks.forecasting.settings import ForecastConfig

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class ScaledSeries:
    """Series as the model sees them, end to end on one device.

    Attributes:
        values: (N,) float32, scaled; NaN where missing.
        known: (N,) the same with each missing reading replaced by the last before it, of the same phase of a season where there are such.
        inputs: (N, E) float32 further columns, scaled; NaN where missing.
        starts: (S + 1,) int64 on the CPU.
        clocks: (S,) int64, the time in seconds that position 0 would have on the clock of each series; None without timestamps.
    """

    values: Tensor
    known: Tensor
    inputs: Tensor | None
    starts: Positions
    clocks: Positions | None

    def to(self, device: torch.device) -> ScaledSeries:
        """The same on `device`."""
        inputs = None if self.inputs is None else self.inputs.to(device)
        return replace(self, values=self.values.to(device), known=self.known.to(device), inputs=inputs)


def scales_for(series: SeriesSet, config: ForecastConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(S,) means and scales: those of training by name; of a series that was not there, of its own readings.

    Raises:
        DataError: a series without a reading.
    """
    known = {name: place for place, name in enumerate(config.series)}
    pairs = []
    for number, name in enumerate(series.names):
        if name in known:
            pairs.append((config.means[known[name]], config.scales[known[name]]))
        elif np.isnan(series.one(number)).all():
            raise DataError(f"series {name!r} has no reading", where=series.name)
        else:
            pairs.append(scale_of(series.one(number)))
    means, scales = np.array(pairs, dtype=np.float64).T
    return means, scales


def scaled(
    series: SeriesSet, config: ForecastConfig, means: NDArray[np.float64], scales: NDArray[np.float64]
) -> ScaledSeries:
    """Series in the scale of the model.

    Args:
        series: readings in the units of the data.
        config: of the forecaster.
        means: (S,) float64, of each of these series.
        scales: (S,) float64 likewise.
    """
    values = torch.empty(len(series.values), dtype=torch.float32)
    for number, (start, end) in enumerate(zip(series.starts[:-1].tolist(), series.starts[1:].tolist(), strict=True)):
        values[start:end] = torch.from_numpy((series.values[start:end] - means[number]) / scales[number])
    inputs = None
    if config.input_names:
        assert series.inputs is not None
        columns = (series.inputs - np.asarray(config.input_means)) / np.asarray(config.input_scales)
        inputs = torch.from_numpy(columns.astype(np.float32))
    clocks = None
    if series.first_times is not None and series.frequency is not None:
        first = series.first_times.astype("datetime64[s]").astype(np.int64)
        clocks = first - series.starts[:-1] * series.frequency
    return of_tensors(values, inputs, series.starts, clocks, config)


def of_tensors(
    values: Tensor, inputs: Tensor | None, starts: Positions, clocks: Positions | None, config: ForecastConfig
) -> ScaledSeries:
    """Series of scaled readings, with what stands in for those that are missing.

    Args:
        values: (N,) NaN where missing.
        inputs: (N, E) likewise.
        starts: (S + 1,) of the series.
        clocks: (S,) as `ScaledSeries` has them.
        config: of the forecaster.
    """
    known = values
    if torch.isnan(values).any():
        filled = values
        for season in reversed(config.seasons if config.fill != "last" else ()):
            filled = seasons_before(filled, starts, season)
        known = _carried_forward(filled, starts)
    if inputs is not None and not config.marks_missing and torch.isnan(inputs).any():
        inputs = torch.stack([_carried_forward(column, starts) for column in inputs.T.contiguous()], dim=1)
    return ScaledSeries(values, known, inputs, starts, clocks)


def _carried_forward(values: Tensor, starts: Positions) -> Tensor:
    """Each missing reading replaced by the last one before it in its series; 0, the mean, before the first."""
    there = ~torch.isnan(values)
    at = torch.where(there, torch.arange(len(values)), torch.tensor(0))
    begins = torch.zeros(len(values), dtype=torch.int64)
    begins[torch.from_numpy(starts[:-1])] = torch.from_numpy(starts[:-1])
    last = torch.maximum(at, begins).cummax(0).values  # a series' own start stops what came before it
    return values[last].nan_to_num(0.0)


def seasons_before(values: Tensor, starts: Positions, season: int) -> Tensor:
    """Each missing reading replaced by the last of the same phase before it in its series, as far as there is one."""
    filled = values.clone()
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        own = values[start:end]
        if not torch.isnan(own).any():
            continue
        rows = torch.cat([own, own.new_full((-len(own) % season,), torch.nan)]).view(-1, season)
        number = torch.arange(len(rows)).unsqueeze(1).expand_as(rows)
        last = torch.where(torch.isnan(rows), torch.tensor(0), number).cummax(0).values
        filled[start:end] = rows.gather(0, last).flatten()[: len(own)]
    return filled
