"""Windows of series as batches: start indices over one tensor, gathered on the device when they are needed.

Nothing is materialised: memory is that of the series, however many windows overlap in it. Knows scaled readings, no units
and no files.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.batching.padded import Padded, sent
from seqtext.batching.window_plan import WindowPlan
from seqtext.data.series.series import DAY, WEEK, YEAR, Part
from seqtext.errors import DataError
from seqtext.tasks.forecasting.local_clock import on_clock_of
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries, scaled, scales_for
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import StepInputs, step_inputs

LEARNT_AHEAD = (
    24  # steps of a longer horizon that a batch of training has, drawn anew for each: more cost more than they teach
)
WARM_UP = 4  # a quarter of a piece only warms the state up, with --context stateful


class ForecastBatch(NamedTuple):
    """Some windows with what follows them.

    Attributes:
        inputs: what the model reads: (B, W, D) without padding, or the inputs of a model of segments.
        targets: (B, K, H) scaled values to forecast after each of the last K steps; NaN where missing.
        anchors: (B, K, H) what each forecast is counted from, or None.
        weights: (B,) how much each window's errors count, or None where all count 1.
        rows: (B,) numbers of the windows, on the CPU.
    """

    inputs: Padded | StepInputs
    targets: Tensor
    anchors: Tensor | None
    weights: Tensor | None
    rows: Tensor

    def to(self, device: torch.device) -> ForecastBatch:
        """The same batch on `device`; nothing is done where it already is."""
        anchors, weights = (None if part is None else sent(part, device) for part in (self.anchors, self.weights))
        return ForecastBatch(self.inputs.to(device), sent(self.targets, device), anchors, weights, self.rows)


def read(series: ScaledSeries, positions: Tensor, clocks: Tensor | None, config: ForecastConfig) -> Tensor:
    """What the model reads at some positions: (..., ) to (..., D). The calendar is that of the reading after, which is forecast.

    Args:
        series: on the device of `positions`.
        positions: int64.
        clocks: of the series of each position, of a shape that broadcasts to theirs.
        config: of the forecaster.
    """
    # A model that was trained without gaps has no mark for them: it reads the last reading there was.
    columns = (series.values if config.marks_missing else series.known)[positions].unsqueeze(-1)
    if series.inputs is not None:
        columns = torch.cat([columns, series.inputs[positions]], dim=-1)
    seconds = None
    if config.calendar:
        assert clocks is not None
        assert config.frequency is not None
        seconds = clocks + (positions + 1) * config.frequency
    made = features(columns, seconds, config)
    if config.difference_input:
        change = series.known[positions] - series.known[positions - config.difference_lag]
        made = torch.cat([made, change.unsqueeze(-1)], dim=-1)
    return made


def features(columns: Tensor, seconds: Tensor | None, config: ForecastConfig) -> Tensor:
    """Values and further columns (..., 1 + E), with NaN where missing, and the time of the reading to forecast (...), as (..., D)."""
    parts = [columns.nan_to_num(0.0)]
    if config.marks_missing:
        parts.append((~torch.isnan(columns)).to(columns.dtype))
    if config.calendar:
        assert seconds is not None
        seconds = on_clock_of(seconds, config.time_zone)
        turns = torch.stack([torch.remainder(seconds, span) / span for span in (DAY, WEEK, YEAR)], dim=-1)
        angles = (turns * (2 * torch.pi)).to(columns.dtype)
        parts += [angles.sin(), angles.cos()]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def anchor_positions(targets: Tensor, lag: int) -> Tensor:
    """Where the values lie that forecasts at `targets` (..., H) are counted from: whole lags back, before the first target."""
    steps = torch.arange(targets.shape[-1], device=targets.device)
    return targets - lag * (torch.div(steps, lag, rounding_mode="floor") + 1)


class Windows:
    """The windows whose targets lie in some spans.

    Args:
        series: all readings, scaled.
        spans: (K, 2) positions that may be forecast, in the order of the series.
        config: of the forecaster.
        steps: after how many of a window's last steps there is a forecast; more than one for pieces of a carried state.
        ahead: steps of the horizon, at most, that a batch has: so many as it takes to learn from, drawn for each; all if None.
    """

    unit = "readings"

    def __init__(
        self,
        series: ScaledSeries,
        spans: Positions,
        config: ForecastConfig,
        *,
        steps: int = 1,
        ahead: int | None = None,
    ) -> None:
        self.series = series
        self.spans = spans
        self.config = config
        self.steps = steps
        self.ahead = None if config.model == "plain" or (ahead or 0) >= config.head_horizon else ahead
        self.stride = max(1, steps // 2)
        number = np.searchsorted(series.starts, spans[:, 0], side="right") - 1
        before = max(config.reach, config.difference_lag + steps - 1)
        self._first = np.maximum(series.starts[number] + before, spans[:, 0] + steps - 1)
        last = spans[:, 1] - config.head_horizon
        counts = np.maximum(0, (last - self._first) // self.stride + 1)
        self._bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        series_bounds = np.searchsorted(number, np.arange(len(series.starts)))
        self._series_bounds = self._bounds[series_bounds]
        self.device = series.values.device

    def __len__(self) -> int:
        return int(self._bounds[-1])

    @property
    def nbytes(self) -> int:
        """Bytes of the series."""
        return self.series.values.numel() * 4 * 2

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> WindowPlan:
        """Every window once, or every series equally often."""
        return WindowPlan(
            self._series_bounds,
            steps=self.config.window,
            tokens=tokens,
            seed=seed,
            micro_batches=micro_batches,
            max_rows=max_rows,
            equally=self.config.sample_by == "series",
        )

    def steps_in(self, rows: Positions) -> int:
        """Steps that the model makes over some windows: a reading, or a segment and each step ahead."""
        config = self.config
        ahead = 0 if config.model == "plain" else self.ahead or config.head_horizon
        return len(rows) * (config.window // config.segment + ahead)

    def to(self, device: torch.device) -> Windows:
        """The same windows of series on `device`."""
        return Windows(self.series.to(device), self.spans, self.config, steps=self.steps, ahead=self.ahead)

    def first(self, rows: Positions) -> Positions:
        """The position behind each window: its first target, or that of its last step."""
        span = np.searchsorted(self._bounds, rows, side="right") - 1
        positions: Positions = self._first[span] + (rows - self._bounds[span]) * self.stride
        return positions

    def batch(self, rows: Positions) -> ForecastBatch:
        """Some windows, on the device of the series."""
        first = self.first(rows)
        targets, anchors = self.targets(sent(torch.from_numpy(first), self.device))
        if self.config.model == "plain":
            inputs: Padded | StepInputs = window_inputs(self.series, first, self.config)
        else:
            ahead = self._drawn(rows)
            inputs = step_inputs(self.series, first, self.config, ahead)
            targets = targets if inputs.ahead is None else targets[..., inputs.ahead]
        return ForecastBatch(inputs, targets, anchors, self.weights(first), torch.from_numpy(rows))

    def _drawn(self, rows: Positions) -> Positions | None:
        """Which steps of the horizon a batch has: a function of its rows."""
        if self.ahead is None:
            return None
        return np.sort(KeyedPermutation(self.config.head_horizon, int(rows[0]))(np.arange(self.ahead)))

    def weights(self, first: Positions) -> Tensor | None:
        """(B,) how much errors at positions count; None where all count 1."""
        if not self.config.weights:
            return None
        number = np.searchsorted(self.series.starts, first - 1, side="right") - 1
        return sent(torch.tensor(self.config.weights, dtype=torch.float32)[torch.from_numpy(number)], self.device)

    def targets(self, first: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, K, H) true values behind positions (B,), and what they are counted from."""
        shift = torch.arange(1 - self.steps, 1, device=first.device).unsqueeze(1)
        places = first[:, None, None] + shift + torch.arange(self.config.head_horizon, device=first.device)
        lag = self.config.difference_lag
        anchors = self.series.known[anchor_positions(places, lag)] if lag else None
        return self.series.values[places], anchors


def window_inputs(series: ScaledSeries, first: Positions, config: ForecastConfig) -> Padded:
    """(B, W, D): the windows before some positions (B,)."""
    device = series.values.device
    ends = sent(torch.from_numpy(first), device)
    positions = ends.unsqueeze(1) + torch.arange(-config.window, 0, device=device)
    clocks = clocks_of(series, first, config)
    values = read(series, positions, None if clocks is None else clocks.unsqueeze(1), config)
    return Padded(centred(values, config), torch.full((len(first),), config.window))


def centred(values: Tensor, config: ForecastConfig) -> Tensor:
    """(B, W, D) of whole windows, the readings less their mean over the window where the config asks for it."""
    if not config.center_windows:
        return values
    readings = values[..., :1]
    there = (
        values[..., 1 + len(config.input_names)].unsqueeze(-1) if config.marks_missing else torch.ones_like(readings)
    )
    mean = (readings * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp_min(1.0)
    return torch.cat([(readings - mean) * there, values[..., 1:]], dim=-1)


def clocks_of(series: ScaledSeries, first: Positions, config: ForecastConfig) -> Tensor | None:
    """(B,) the clocks of the series that some positions stand in or right behind; None where no calendar is read."""
    if not config.calendar:
        return None
    assert series.clocks is not None
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    return sent(torch.from_numpy(series.clocks[number]), series.values.device)


def windows_of(rows: Part, config: ForecastConfig) -> Windows:
    """The windows of a part, by the scales of training where it knows the series.

    Raises:
        DataError: if none fits.
    """
    series = rows.series
    rescaled = scaled(series, config, *scales_for(series, config))
    steps = config.window - config.window // WARM_UP if config.context == "stateful" else 1
    windows = Windows(rescaled, rows.spans, config, steps=steps, ahead=LEARNT_AHEAD)
    if not len(windows):  # spans shorter than a piece, such as those of validation, still have windows
        windows = Windows(rescaled, rows.spans, config, ahead=LEARNT_AHEAD)
    if not len(windows):
        before, longest = max(config.window, config.reach), int((rows.spans[:, 1] - rows.spans[:, 0]).max())
        found = f"no window of {before:,} readings with {config.head_horizon:,} after it fits"
        fix = "lower --window or --horizon, or give more readings"
        raise DataError(found, where=f"{series.name} (a span of {longest:,} readings)", fix=fix)
    return windows
