"""`LinearPath`: a forecast that is linear in the last readings, the same time of seasons before, the calendar and columns known ahead.

Fitted in closed form (`linear_fit`), so it needs no steps of training; the recurrent part learns what it gets wrong.
Knows scaled readings, no units.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import StepInputs, calendar_size, lag_table

MEMBERS = 12  # maps, at most, whose mean the path is


class Based(NamedTuple):
    """What the linear path says of H steps: values (B, H), and how far it is usually off (B, H)."""

    values: Tensor
    scale: Tensor


class Features(NamedTuple):
    """What the path is linear in.

    Attributes:
        shared: (B, S) the last readings, means of segments, the mean of the window: the same for all steps.
        lags: (B, H, A) readings of seasons before each step.
        rest: (B, H, R) 1, the last of each further column, the calendar, columns known ahead.
    """

    shared: Tensor
    lags: Tensor
    rest: Tensor


class LinearPath(nn.Module):
    """The weighted mean of some linear maps per step, as one. Its numbers are buffers: training does not change them.

    Each has weights that count as they are, and weights that count in deviations of the window.

    Args:
        config: of the forecaster.
    """

    shared: Tensor
    lags: Tensor
    rest: Tensor
    deviation: Tensor
    members: Tensor

    def __init__(self, config: ForecastConfig) -> None:
        super().__init__()
        self.config = config
        table, _, firsts = lag_table(config)
        shared = config.recent + config.window // config.segment + 1
        self.sizes = (
            shared,
            table.shape[1],
            1 + len(config.input_names) + calendar_size(config) + len(config.known_ahead),
        )
        # Where what a map may count changes against stands among the shared readings and lags: last, mean, a season before.
        self.anchors = (config.recent - 1, shared - 1, *(shared + first for first in firsts))
        self.calendar = slice(1 + len(config.input_names), 1 + len(config.input_names) + calendar_size(config))
        for name, size in zip(("shared", "lags", "rest"), self.sizes, strict=True):
            self.register_buffer(name, torch.zeros(2, config.head_horizon, size, dtype=torch.float32))
        self.register_buffer("deviation", torch.tensor([0.0, 1.0]).unsqueeze(1).repeat(1, config.head_horizon))
        self.register_buffer("members", torch.zeros(MEMBERS, 5, dtype=torch.float32))  # as `linear_fit` chose them

    @property
    def features(self) -> int:
        """Numbers that a map weighs per step."""
        return sum(self.sizes)

    def gather(self, inputs: StepInputs) -> Features:
        """What the path is linear in."""
        config, window = self.config, inputs.window
        segments = window.view(len(window), -1, config.segment).mean(-1)
        shared = torch.cat([window[:, -config.recent :], segments, inputs.level[:, :1]], dim=1)
        further = (
            inputs.extra[:, -1, 1 if config.marks_missing else 0 :].unsqueeze(1).expand(-1, inputs.lags.shape[1], -1)
        )
        ones = (
            torch.ones_like(inputs.steps[..., :1])
            if inputs.steps.shape[-1]
            else further.new_ones(*further.shape[:2], 1)
        )
        return Features(shared, inputs.lags, torch.cat([ones, further, inputs.steps], dim=-1))

    def forward(self, inputs: StepInputs) -> Based:
        """Values, and how far they are usually off."""
        features, deviation = self.gather(inputs), inputs.level[:, 1:]
        shared, lags, rest, off = (
            of if inputs.ahead is None else of[:, inputs.ahead]
            for of in (self.shared, self.lags, self.rest, self.deviation)
        )
        parts = [
            features.shared @ shared[kind].T
            + torch.einsum("bha,ha->bh", features.lags, lags[kind])
            + torch.einsum("bhr,hr->bh", features.rest, rest[kind])
            for kind in (0, 1)
        ]
        return Based(parts[0] + deviation * parts[1], off[0] + deviation * off[1])
