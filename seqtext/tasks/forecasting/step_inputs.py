"""What the models of segments and the linear one read before a forecast: the window, and for each step lags by season and the calendar.

Causal: every position lies before the first step that is forecast, but for columns that are known ahead, each of which reaches its own
step alone. Knows scaled readings, no weights.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import sent
from seqtext.data.series.series import DAY, WEEK, YEAR
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.settings import ForecastConfig

NEAR = (-2, -1, 1, 2)  # readings around the one a season before
LEAST_DEVIATION = 0.1  # of a window, in standard deviations of the series: a flat window divides by it
HARMONICS = 4  # of the day
MOST_NEAR_SEASONS = 2  # seasons back around whose reading its neighbours are read, of the shortest season


class StepInputs(NamedTuple):
    """What is known before B forecasts of H steps, in the scale of the model.

    Attributes:
        ahead: (H,) which steps, where they are some of the horizon's; None for all.
        window: (B, W) readings.
        extra: (B, W, E) whether each is there, where that is marked, and further columns; E may be 0.
        level: (B, 2) mean and standard deviation of the window.
        lags: (B, H, A) readings of whole seasons before each step, and those around them.
        steps: (B, H, C) calendar of each step, and the columns that are known of it.
    """

    ahead: Tensor | None
    window: Tensor
    extra: Tensor
    level: Tensor
    lags: Tensor
    steps: Tensor

    def to(self, device: torch.device) -> StepInputs:
        """The same on `device`."""
        return StepInputs(
            None if self.ahead is None else sent(self.ahead, device), *(sent(part, device) for part in self[1:])
        )


@lru_cache(maxsize=8)
def lag_table(config: ForecastConfig) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, ...]]:
    """(H, A) how far from the first step the lags of each step lie, (A,) the season of each, and the place of each season's first."""
    steps = np.arange(config.head_horizon)
    offsets: list[NDArray[np.int64]] = []
    of: list[int] = []
    firsts = []
    for place, (season, count) in enumerate(zip(config.seasons, config.season_lags, strict=True)):
        base = steps - season * (steps // season + 1)
        firsts.append(len(of))
        for back in range(count):
            offsets.append(base - season * back)
            of.append(season)
            if back == 0 or (place == 0 and back < MOST_NEAR_SEASONS):
                for near in NEAR:
                    at = base - season * back + near
                    offsets.append(np.where(at >= 0, at - season * (at // season + 1), at))
                    of.append(season)
    table = np.stack(offsets, axis=1) if offsets else np.zeros((len(steps), 0), dtype=np.int64)
    return table, np.array(of, dtype=np.int64), tuple(firsts)


def looked_back(config: ForecastConfig) -> int:
    """Readings before a forecast that are read, where there are so many."""
    return max(config.window, -int(lag_table(config)[0].min(initial=0)))


def step_inputs(
    series: ScaledSeries, first: Positions, config: ForecastConfig, ahead: Positions | None = None
) -> StepInputs:
    """What is known before some positions, on the device of the series.

    Where a series has not begun a lag ago, the earliest reading of the same phase stands in.

    Args:
        series: all readings.
        first: (B,) positions of the first step.
        config: of the forecaster.
        ahead: (H,) which steps of the horizon, from 0; all if None.
    """
    device = series.values.device
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    ends = sent(torch.from_numpy(first), device)
    begins = sent(torch.from_numpy(series.starts[number]), device)
    table, of, _ = lag_table(config)
    table = table if ahead is None else table[ahead]
    places = ends.unsqueeze(1) + torch.arange(-config.window, 0, device=device)
    at = ends[:, None, None] + sent(torch.from_numpy(table), device)
    if len(first) and int((first - series.starts[number]).min()) < looked_back(config):
        longest = max(config.seasons, default=1)
        places = _inside(places, begins.unsqueeze(1), torch.tensor(longest, device=device))
        at = _inside(at, begins[:, None, None], sent(torch.from_numpy(np.maximum(of, 1)), device))
    window = series.known[places]
    level = torch.stack([window.mean(1), window.std(1, correction=0)], dim=1)
    extra = []
    if config.marks_missing:
        extra.append((~torch.isnan(series.values[places])).to(window.dtype).unsqueeze(-1))
    if series.inputs is not None:
        extra.append(series.inputs[places].nan_to_num(0.0))
    wanted = None if ahead is None else sent(torch.from_numpy(ahead), device)
    targets = ends.unsqueeze(1) + (torch.arange(config.head_horizon, device=device) if wanted is None else wanted)
    steps = []
    if config.calendar:
        if series.clocks is None or config.frequency is None:  # no day more than another
            steps.append(window.new_zeros(*targets.shape, calendar_size(config)))
        else:
            clocks = sent(torch.from_numpy(series.clocks[number]), device)
            steps.append(calendar(clocks.unsqueeze(1) + targets * config.frequency, config).to(window.dtype))
    if config.known_ahead:
        assert series.inputs is not None
        columns = list(config.known_ahead)
        last = sent(torch.from_numpy(series.starts[number + 1]), device).unsqueeze(1) - 1  # behind it nothing is known
        there = (targets <= last).unsqueeze(-1)
        steps.append(series.inputs[targets.minimum(last)][..., columns].nan_to_num(0.0) * there)
    return StepInputs(
        wanted,
        window,
        torch.cat(extra, dim=-1) if extra else window.new_empty(*window.shape, 0),
        torch.stack([level[:, 0], level[:, 1].clamp_min(LEAST_DEVIATION)], dim=1),
        series.known[at],
        torch.cat(steps, dim=-1) if steps else window.new_empty(*targets.shape, 0),
    )


def _inside(places: Tensor, begins: Tensor, season: Tensor) -> Tensor:
    """Positions before the begin of their series moved on by whole seasons until they are in it."""
    short = (begins - places).clamp_min(0)
    return places + torch.div(short + season - 1, season, rounding_mode="floor") * season


def calendar(seconds: Tensor, config: ForecastConfig) -> Tensor:
    """Times (...) as (..., C): the hour of working days and of weekends, the day of the week, and the day of the year."""
    assert config.frequency is not None
    parts: list[Tensor] = []
    weekday = torch.remainder(torch.div(seconds, DAY, rounding_mode="floor") + 3, 7)  # 1970 began on a Thursday
    if harmonics := _harmonics(config):
        angle = torch.remainder(seconds, DAY).float() * (2 * torch.pi / DAY)
        weekend = (weekday >= 5).float()
        first = sine, cosine = angle.sin(), angle.cos()
        for harmonic in range(harmonics):
            if harmonic:  # by the sum of angles, which costs less than another sine
                sine, cosine = sine * first[1] + cosine * first[0], cosine * first[1] - sine * first[0]
            parts += [sine, sine * weekend, cosine, cosine * weekend]
    if config.frequency < WEEK:
        parts += [(weekday == day).float() for day in range(7)]
    if config.yearly:
        angle = (torch.remainder(seconds, YEAR).double() * (2 * torch.pi / YEAR)).float()
        parts += [wave for harmonic in (1, 2) for wave in ((harmonic * angle).sin(), (harmonic * angle).cos())]
    return torch.stack(parts, dim=-1) if parts else seconds.float().unsqueeze(-1)[..., :0]


def calendar_size(config: ForecastConfig) -> int:
    """Features of the calendar, C."""
    if not config.calendar or config.frequency is None:
        return 0
    return 4 * _harmonics(config) + (7 if config.frequency < WEEK else 0) + (4 if config.yearly else 0)


def _harmonics(config: ForecastConfig) -> int:
    """Waves that the hours of a day are told by."""
    return min(HARMONICS, DAY // config.frequency // 2) if config.frequency and config.frequency < DAY else 0
