"""Forecasts behind any positions of scaled series: from a window or with a carried state, at once or step after step.

The loop over time is here and only here, and it uses `step`; its results equal `forward`. Knows scaled numbers, no units.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.errors import OptionsError
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.backbone import State
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_forecasts import step_forecasts
from seqtext.tasks.forecasting.step_model import StepModel
from seqtext.tasks.forecasting.windows import anchor_positions, clocks_of, features, read, window_inputs

Context = Literal["window", "stateful"]
STEPS_AT_ONCE = 65_536  # of windows, or of one carried series: little memory, and few calls


class ScaledForecast(NamedTuple):
    """Forecasts in the scale of the model.

    Attributes:
        values: (R, H) float64.
        quantiles: (R, H, Q) float64; Q is 0 where there are none.
        levels: (Q,) of the quantiles.
    """

    values: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    levels: tuple[float, ...]


def check_horizon(config: ForecastConfig, steps: int) -> None:
    """Refuses a horizon that a forecaster cannot give.

    Raises:
        OptionsError: for one longer than its head's, where forecasts cannot be read on.
    """
    if steps <= config.head_horizon:
        return
    if config.model != "plain":
        unknown = [name for place, name in enumerate(config.input_names) if place not in config.known_ahead]
        if not unknown:
            return
        fix = "train with that --horizon"
        raise OptionsError(
            f"horizon is {steps}, beyond {config.head_horizon}, and {', '.join(unknown)} not known ahead", fix=fix
        )
    if config.head_horizon > 1:
        fix = "train with a longer --horizon, or with --multi_step mean, which goes on for ever"
        raise OptionsError(f"horizon is {steps}", expected=f"at most {config.head_horizon}, as trained", fix=fix)
    if config.center_windows or config.difference_input:
        fix = "train with a longer --horizon, or without --center_windows and --difference_input"
        raise OptionsError(
            f"horizon is {steps}, and windows that are centred or read changes cannot be rolled out", fix=fix
        )
    if config.input_names:
        names = ", ".join(config.input_names)
        fix = "train with --horizon and --multi_step direct"
        raise OptionsError(f"horizon is {steps}, and {names} are not known ahead", fix=fix)


class Rollout:
    """A model at work on some series.

    Args:
        model: in evaluation mode.
        config: of the forecaster.
        series: all readings, scaled, on the device of the model.
        context: where the state of a forecast comes from; as the model was trained if None.
        samples: paths drawn with `multi_step="sampled"`.
        seed: of these.
    """

    def __init__(
        self,
        model: SeqToVec | StepModel,
        config: ForecastConfig,
        series: ScaledSeries,
        *,
        context: Context | None = None,
        samples: int = 100,
        seed: int = 0,
    ) -> None:
        self.steps = model if isinstance(model, StepModel) else None  # which has no state to carry
        self.config, self.series = config, series
        if isinstance(model, SeqToVec):
            self.model = model
        self.output = config.output
        self.context = context or config.context
        self.samples = samples
        self.seed = seed

    def forecast(self, first: Positions, horizon: int) -> ScaledForecast:
        """What comes at some positions and behind them: (R,) to (R, H). Nothing at or behind a position is read.

        Args:
            first: position of the first value to forecast; it may be the end of its series.
            horizon: values to forecast each time.
        """
        if self.steps is not None:
            values, quantiles = step_forecasts(self.steps, self.series, first, horizon)
            return ScaledForecast(values, quantiles, self.output.levels if quantiles.shape[-1] else ())
        at_once = horizon <= self.config.head_horizon
        sampled = self.config.multi_step == "sampled" and not at_once
        carried = self._carried(first, with_state=not at_once) if self.context == "stateful" else None
        rows = max(1, STEPS_AT_ONCE // (self.config.window * (self.samples if sampled else 1)))
        parts = []
        for start in range(0, len(first), rows):
            some = slice(start, start + rows)
            output, state = (
                self._windowed(first[some]) if carried is None else (carried[0][some], _rows(carried[1], some))
            )
            if at_once:
                parts.append(self._at_once(output, first[some], horizon))
            else:
                parts.append(self._one_by_one(output, state, first[some], horizon, sampled))
        values, quantiles = (np.concatenate([part[place] for part in parts]) for place in range(2))
        return ScaledForecast(values, quantiles, self.output.levels if quantiles.shape[-1] else ())

    def raw(self, first: Positions) -> Tensor:
        """(R, H, P): what the head says behind some positions, to take losses of."""
        if self.context == "stateful":
            return self._head(self._carried(first, with_state=False)[0])
        return torch.cat([self._head(self._windowed(part)[0]) for part in self.parts(first)])

    def parts(self, first: Positions) -> list[Positions]:
        """Positions as they are worked on together: all of them where the state is carried from one to the next."""
        if self.context == "stateful":
            return [first]
        rows = max(1, STEPS_AT_ONCE // self.config.window)
        return np.split(first, range(rows, len(first), rows))

    def outputs(self, start: int, end: int) -> Tensor:
        """(T, H): the top layer's outputs from zeros at `start` to before `end`, for a picture of the hidden state."""
        return torch.cat([part.values[0] for part, _ in self._run(start, [end])])

    # ---- the state behind a position

    def _windowed(self, first: Positions) -> tuple[Tensor, State]:
        """(R, H) outputs and the state, each from zeros over its window."""
        outputs, state = self.model.backbone.forward_with_state(window_inputs(self.series, first, self.config))
        return outputs.values[:, -1], state

    def _carried(self, first: Positions, *, with_state: bool) -> tuple[Tensor, State]:
        """(R, H) outputs and, if asked for, the state, carried from the start of each series; one pass over each."""
        number = np.searchsorted(self.series.starts, first - 1, side="right") - 1
        outputs = torch.empty(
            len(first), self.model.backbone.output_size, dtype=torch.float32, device=self.series.values.device
        )
        zero = self.model.backbone.zero_state(len(first), like=outputs)
        for series in np.unique(number).tolist():
            rows = np.flatnonzero(number == series)
            rows = rows[np.argsort(first[rows], kind="stable")]
            start, ends = int(self.series.starts[series]), first[rows]
            if with_state:
                places, which = np.unique(ends, return_inverse=True)
                for place, (part, state) in enumerate(self._run(start, places.tolist())):
                    here = torch.from_numpy(rows[which == place])
                    outputs[here] = part.values[:, -1]
                    for whole, piece in zip(zero, state, strict=True):
                        whole[:, here] = piece
            else:
                outputs[torch.from_numpy(rows)] = self.outputs(start, int(ends[-1]))[torch.from_numpy(ends - start - 1)]
        return outputs, zero

    def _run(self, start: int, ends: list[int]) -> list[tuple[Padded, State]]:
        """Outputs and state up to each end, from zeros at `start`, in pieces that fit the memory."""
        device = self.series.values.device
        state: State | None = None
        results = []
        clocks = clocks_of(self.series, np.array([start + 1]), self.config)
        for end in ends:
            pieces = []
            while start < end:
                stop = min(end, start + STEPS_AT_ONCE)
                values = read(self.series, torch.arange(start, stop, device=device), clocks, self.config)
                outputs, state = self.model.backbone.forward_with_state(
                    Padded(values.unsqueeze(0), torch.tensor([stop - start])), state
                )
                pieces.append(outputs.values)
                start = stop
            assert state is not None
            joined = torch.cat(pieces, dim=1)
            results.append((Padded(joined, torch.tensor([joined.shape[1]])), state))
        return results

    # ---- from the state to values

    def _head(self, output: Tensor) -> Tensor:
        """(R, H) to (R, steps, P)."""
        raw: Tensor = self.model.head(output)
        return raw.view(len(output), self.config.head_horizon, self.output.size)

    def _at_once(
        self, output: Tensor, first: Positions, horizon: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        raw = self._head(output)[:, :horizon]
        anchor: Tensor | float = 0.0
        if self.config.difference_lag:
            steps = torch.arange(horizon, device=raw.device)
            places = torch.from_numpy(first).to(raw.device).unsqueeze(1) + steps
            anchor = self.series.known[anchor_positions(places, self.config.difference_lag)]
        values = self.output.point(raw, anchor)
        quantiles = self.output.quantiles(raw, anchor) if self.output.has_quantiles else raw[..., :0]
        return values.double().cpu().numpy(), quantiles.double().cpu().numpy()

    def _one_by_one(
        self, output: Tensor, state: State, first: Positions, horizon: int, sampled: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Each value is read as if it had been measured. Sampled: many paths, of which means and quantiles are given."""
        config, paths, lag = self.config, self.samples if sampled else 1, self.config.difference_lag
        generator = torch.Generator().manual_seed(self.seed)
        device = output.device
        ends = torch.from_numpy(first).to(device)
        before = self.series.known[ends.unsqueeze(1) + torch.arange(-lag, 0, device=device)]  # (R, lag)
        line = torch.cat([before, before.new_empty(len(first), horizon)], dim=1).repeat_interleave(paths, 0)
        output = output.repeat_interleave(paths, 0)
        state = tuple(part.repeat_interleave(paths, 1) for part in state)
        clocks = clocks_of(self.series, first, config)
        for step in range(horizon):
            raw = self._head(output)[:, 0]
            anchor = line[:, step] if lag else 0.0
            value = self.output.sample(raw, anchor, generator) if sampled else self.output.point(raw, anchor)
            line[:, lag + step] = value
            if step + 1 == horizon:
                break
            seconds = None
            if clocks is not None and config.frequency is not None:
                seconds = (clocks + (ends + step + 1) * config.frequency).repeat_interleave(paths, 0)
            output, state = self.model.backbone.step(features(value.unsqueeze(-1), seconds, config), state)
        made = line[:, lag:].double().view(len(first), paths, horizon)
        quantiles = made.new_empty(len(first), horizon, 0)
        if sampled:
            levels = torch.tensor(self.output.levels, dtype=torch.float64, device=device)
            quantiles = torch.quantile(made, levels, dim=1).permute(1, 2, 0)
        return made.mean(1).cpu().numpy(), quantiles.cpu().numpy()


def _rows(state: State, some: slice) -> State:
    return tuple(part[:, some] for part in state)
