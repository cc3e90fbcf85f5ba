"""`StepModel`: a linear path, and an RNN over segments of the window that says of each step what the path gets wrong.

        s0  s1  s2  [s3] ----+----------+----------+      the state after the window (SegRNN's reading),
        ^   ^   ^   ^        |          |          |
    h0->O-->O-->O-->O        v          v          v      then one step from it for each step ahead,
        ^   ^   ^   ^       step 1     step 2     step 3  with what is known of that step: lags, calendar,
      segments of readings                                columns known ahead, the linear path's own forecast

Steps ahead do not see each other, so what is known of one reaches it alone. Knows scaled readings, no units.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.models.outline import outline
from seqtext.nn.backbone import Backbone
from seqtext.nn.forecast_output import ForecastOutput
from seqtext.tasks.forecasting.linear_path import LinearPath
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import StepInputs, calendar_size, lag_table

CLOSE = 8  # last readings that each step is told


class StepOutput(NamedTuple):
    """What is said of H steps.

    Attributes:
        base: (B, H) the linear path's forecast.
        scale: (B, H) the unit in which the rest is counted: how far the path is usually off.
        raw: (B, H, P) what the head says beyond the base.
    """

    base: Tensor
    scale: Tensor
    raw: Tensor


class StepModel(nn.Module):
    """Linear path with, but for the linear model, an RNN beside it.

    Args:
        config: of the forecaster.
    """

    share: Tensor
    shifts: Tensor
    start: Tensor

    def __init__(self, config: ForecastConfig) -> None:
        super().__init__()
        self.config = config
        self.output: ForecastOutput = config.output
        self.linear = LinearPath(config)
        start = self.output.standard_start()
        self.register_buffer("start", start)  # the head's numbers for an error of mean 0 and deviation 1
        self.register_buffer("share", torch.ones((), dtype=torch.float32))  # what the recurrent part counts
        self.register_buffer(
            "shifts", torch.zeros(len(self.output.levels), dtype=torch.float32)
        )  # of quantiles, conformal
        self.recurrent = config.model == "segments"
        if not self.recurrent:
            return
        size = config.hidden_size
        channels = 1 + len(config.input_names) + (1 if config.marks_missing else 0)
        known = lag_table(config)[0].shape[1] + calendar_size(config) + len(config.known_ahead) + 2
        self.embedding = nn.Linear(config.segment * channels, size)
        self.backbone = Backbone(
            input_size=size,
            hidden_size=size,
            num_layers=config.num_layers,
            cell=config.cell,
            dropout=config.layer_dropout,
        )
        self.level = nn.Linear(2 + min(CLOSE, config.window), size)
        self.steps = nn.Linear(known, size)
        self.state = nn.Linear(size, size)
        self.hidden = nn.Linear(size, size)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(size, self.output.size)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def outlined(self) -> str:
        """Its parts in a line."""
        if not self.recurrent:
            return "linear path"
        read = outline(nn.ModuleList([self.embedding, self.backbone]))
        step = outline(nn.ModuleList([self.steps, self.hidden, self.head]))
        return f"linear path + {read} -> last output -> each step ahead: {step}"

    def forward(self, inputs: StepInputs) -> StepOutput:
        """What is said of each step, as it is learnt."""
        base, scale = self.linear(inputs)
        if not self.recurrent:
            return StepOutput(base, scale, self.start.expand(*base.shape, -1))
        mean, deviation = inputs.level[:, :1], inputs.level[:, 1:]
        window = (inputs.window - mean) / deviation
        state = self.dropout(self.read(window, inputs.extra).values[:, -1])
        level = torch.cat([mean, deviation.log(), window[:, -CLOSE:]], dim=1)
        ahead = torch.linspace(0, 1, self.config.head_horizon, device=base.device, dtype=base.dtype)
        ahead = ahead if inputs.ahead is None else ahead[inputs.ahead]
        known = torch.cat(
            [
                (inputs.lags - mean.unsqueeze(1)) / deviation.unsqueeze(1),
                inputs.steps,
                ((base - mean) / deviation).unsqueeze(-1),
                ahead.unsqueeze(-1).expand(len(base), -1, -1),
            ],
            dim=-1,
        )
        step = torch.relu(self.steps(known) + (self.state(state) + self.level(level)).unsqueeze(1))
        step = self.dropout(step + torch.relu(self.hidden(step)))
        return StepOutput(base, scale, self.head(step) + self.start)

    def read(self, window: Tensor, extra: Tensor) -> Padded:
        """(B, S, H) outputs of the RNN after each segment of windows (B, W) and what else is known of their readings (B, W, E)."""
        channels = torch.cat([window.unsqueeze(-1), extra], dim=-1)
        count = window.shape[1] // self.config.segment
        segments = torch.relu(self.embedding(channels.reshape(len(window), count, -1)))
        outputs: Padded = self.backbone(Padded(segments, torch.full((len(window),), segments.shape[1])))
        return outputs

    def values(self, said: StepOutput) -> Tensor:
        """(B, H) forecasts, the recurrent part by its share."""
        return said.base + said.scale * self.share * self.output.point(said.raw)

    def quantiles(self, said: StepOutput) -> Tensor:
        """(B, H, Q) quantiles around the forecasts, shifted so that they held what they should on validation readings; they rise."""
        point = self.output.point(said.raw)
        around = self.output.quantiles(said.raw) - ((1 - self.share) * point).unsqueeze(-1)
        return (said.base.unsqueeze(-1) + said.scale.unsqueeze(-1) * (around + self.shifts)).cummax(-1).values
