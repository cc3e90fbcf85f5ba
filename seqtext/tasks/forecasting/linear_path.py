"""`LinearPath`: a forecast that is linear in the last readings, the same time of seasons before, the calendar and columns known ahead.

Fitted in closed form (`fit_linear_path`), so it needs no steps of training; the recurrent part learns what it gets wrong.
Knows scaled readings, no units.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import StepInputs, calendar_size, lag_table


class Based(NamedTuple):
    """What the linear path says of H steps: values (B, H), and how far it is usually off (B, H)."""

    values: Tensor
    scale: Tensor


class LinearPath(nn.Module):
    """A linear map per step of changes against an anchor, which is the last reading, the mean of the window, or that of a season before.

    Its numbers are buffers: training does not change them.

    Args:
        config: of the forecaster.
    """

    anchor: Tensor
    divides: Tensor
    weight: Tensor
    bias: Tensor
    deviation: Tensor
    strength: Tensor

    def __init__(self, config: ForecastConfig) -> None:
        super().__init__()
        self.config = config
        table, _, firsts = lag_table(config)
        self.firsts = list(firsts)
        extra = len(config.input_names)
        shared = config.recent + config.window // config.segment + 2 + extra
        self.features = shared + table.shape[1] + calendar_size(config) + len(config.known_ahead)
        horizon = config.head_horizon
        last = torch.zeros(2 + len(firsts), dtype=torch.float32)
        last[0] = 1.0
        self.register_buffer("anchor", last)  # shares of last reading, mean, and the reading of each season before
        self.register_buffer("divides", torch.ones((), dtype=torch.float32))  # by the deviation of the window
        self.register_buffer("weight", torch.zeros(horizon, self.features, dtype=torch.float32))
        self.register_buffer("bias", torch.zeros(horizon, dtype=torch.float32))
        self.register_buffer("deviation", torch.ones(horizon, dtype=torch.float32))
        self.register_buffer("strength", torch.ones((), dtype=torch.float32))  # of ridge, with which it was fitted

    def design(self, inputs: StepInputs, anchor: Tensor, divides: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, H, F), what forecasts are counted from (B, H), and the unit they are counted in (B, 1).

        Args:
            inputs: of B windows.
            anchor: (2 + seasons,) shares, one of them 1.
            divides: 1 where changes are in deviations of the window, else 0.
        """
        config = self.config
        window, lags = inputs.window, inputs.lags
        mean, deviation = inputs.level[:, :1], inputs.level[:, 1:]
        unit = deviation * divides + (1 - divides)
        candidates = [window[:, -1:].expand(-1, lags.shape[1]), mean.expand(-1, lags.shape[1])]
        candidates += [lags[..., first] for first in self.firsts]
        start = (torch.stack(candidates, dim=-1) * anchor).sum(-1)  # (B, H)
        segments = window.view(len(window), -1, config.segment).mean(-1)
        shared = torch.cat([window[:, -config.recent :], segments, mean], dim=1)  # (B, S)
        further = inputs.extra[:, -1, 1 if config.marks_missing else 0 :]  # the last of each further column
        both = torch.cat([shared.unsqueeze(1).expand(-1, lags.shape[1], -1), lags], dim=-1)
        changes = (both - start.unsqueeze(-1)) / unit.unsqueeze(-1)
        rest = [start.unsqueeze(-1), further.unsqueeze(1).expand(-1, lags.shape[1], -1), inputs.steps]
        return torch.cat([changes, *rest], dim=-1), start, unit

    def forward(self, inputs: StepInputs) -> Based:
        """Values, and how far they are usually off."""
        features, start, unit = self.design(inputs, self.anchor, self.divides)
        change = torch.einsum("bhf,hf->bh", features, self.weight) + self.bias
        return Based(start + unit * change, unit * self.deviation)
