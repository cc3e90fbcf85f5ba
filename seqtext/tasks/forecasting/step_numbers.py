"""`StepNumbers`: the weights of a `StepModel` as arrays, for one window at a time: in numpy it takes a tenth of the time that torch takes.

Equal to the model within rounding. Knows scaled readings, no stream; a GRU is worked out here, other cells by the model's own backbone.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.tasks.forecasting.step_inputs import LEAST_DEVIATION
from seqtext.tasks.forecasting.step_model import CLOSE, StepModel

Floats = NDArray[np.float32]


class Said(NamedTuple):
    """What is said of H steps, scaled.

    Attributes:
        values: (H,) forecasts.
        quantiles: (H, Q) as the validation readings shifted them; Q is 0 where there are none.
        scale: (H,) how far the linear path is usually off.
    """

    values: Floats
    quantiles: Floats
    scale: Floats


class _Kind(NamedTuple):
    """Weights of the linear path (H, ...): of changes as they are, or in deviations of the window."""

    scaled: bool
    shared: Floats
    lags: Floats
    bias: Floats
    inputs: Floats
    steps: Floats


class StepNumbers:
    """The weights as they are now.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: StepModel) -> None:
        self.config, self.output = model.config, model.output
        self.share, self.shifts = np.float32(float(model.share)), _array(model.shifts)
        self.start = _array(model.start)
        path = model.linear
        inputs = len(self.config.input_names)
        self.deviation = _array(path.deviation)
        # Of changes as they are, and in deviations of the window, as far as a map has such.
        sizes = [1, inputs, path.sizes[2] - 1 - inputs]
        self.kinds = [
            _Kind(
                kind == 1,
                *map(_array, (path.shared[kind], path.lags[kind], *torch.split(path.rest[kind], sizes, dim=1))),
            )
            for kind in (0, 1)
            if any(bool(part[kind].any()) for part in (path.shared, path.lags, path.rest))
        ]
        # Without a share it says how wide quantiles are, and an untouched head says the same of all steps.
        spoken = model.recurrent and bool(model.head.weight.any() or model.head.bias.any())
        self.recurrent = spoken and (self.output.has_quantiles or float(model.share) > 0)
        self.flat = self._around(self.start[None])
        if self.recurrent:
            self._take_recurrent(model)

    def _take_recurrent(self, model: StepModel) -> None:
        embedding, level, steps = model.embedding, model.level, model.steps
        self.embedding = _weight(embedding), _array(embedding.bias)
        self.backbone = model.backbone
        self.layers = [_gated(layer) for layer in model.backbone.layers] if model.backbone.cell == "gru" else []
        self.state, self.level = _weight(model.state), _weight(level)
        self.steps, self.bias = _weight(steps), _array(steps.bias + level.bias + model.state.bias)
        self.hidden = _weight(model.hidden), _array(model.hidden.bias)
        self.head = _weight(model.head), _array(model.head.bias + model.start)
        self.ahead = np.linspace(0, 1, self.config.head_horizon, dtype=np.float32)

    def said(self, window: Floats, extra: Floats, lags: Floats, steps: Floats) -> Said:
        """What the model says behind a window.

        Args:
            window: (W,) readings.
            extra: (W, E) as `StepInputs` has it.
            lags: (H, A) likewise.
            steps: (H, C) likewise.
        """
        mean = window.sum(dtype=np.float32) / np.float32(len(window))
        centred = window - mean
        own = np.sqrt(np.dot(centred, centred) / np.float32(len(window)))
        deviation = np.maximum(own, np.float32(LEAST_DEVIATION))
        base = self._base(window, extra, lags, steps, mean, deviation)
        scale = self.deviation[0] + deviation * self.deviation[1]
        if not self.recurrent:
            point, around = self.flat
            return Said(base + scale * (self.share * point), _rising(base, scale, around), scale)
        raw = self._raw(centred, extra, lags, steps, base, mean, deviation)
        point, around = self._around(raw)
        return Said(base + scale * (self.share * point), _rising(base, scale, around), scale)

    def _base(
        self, window: Floats, extra: Floats, lags: Floats, steps: Floats, mean: np.float32, deviation: np.float32
    ) -> Floats:
        """(H,) of the linear path."""
        config = self.config
        count = config.window // config.segment
        shared = np.empty(config.recent + count + 1, dtype=np.float32)
        shared[: config.recent] = window[-config.recent :]
        segments = window.reshape(count, config.segment)
        np.dot(segments, np.full(config.segment, 1 / config.segment, dtype=np.float32), out=shared[config.recent : -1])
        shared[-1] = mean
        base = np.zeros(config.head_horizon, dtype=np.float32)
        for kind in self.kinds:
            part = np.dot(kind.shared, shared)
            part += np.einsum("ha,ha->h", lags, kind.lags)
            part += kind.bias[:, 0]
            if kind.inputs.shape[1]:
                part += np.dot(kind.inputs, extra[-1, 1 if config.marks_missing else 0 :])
            if kind.steps.shape[1]:
                part += np.einsum("hc,hc->h", steps, kind.steps)
            base += deviation * part if kind.scaled else part
        return base

    def _raw(
        self,
        centred: Floats,
        extra: Floats,
        lags: Floats,
        steps: Floats,
        base: Floats,
        mean: np.float32,
        deviation: np.float32,
    ) -> Floats:
        """(H, P) what the head says."""
        window = centred / deviation
        weight, bias = self.embedding
        read = window if not extra.shape[1] else np.concatenate([window[:, None], extra], axis=1)
        segments = np.dot(read.reshape(-1, len(weight)), weight) + bias
        np.maximum(segments, 0, out=segments)
        told = np.empty(len(self.level), dtype=np.float32)
        told[0], told[1], told[2:] = mean, np.log(deviation), window[-CLOSE:]
        before = np.dot(self._read(segments), self.state) + np.dot(told, self.level) + self.bias
        known = np.empty((len(base), len(self.steps)), dtype=np.float32)
        own = known[:, : lags.shape[1]]
        np.subtract(lags, mean, out=own)
        own /= deviation
        known[:, lags.shape[1] : -2] = steps
        known[:, -2] = (base - mean) / deviation
        known[:, -1] = self.ahead
        step = np.dot(known, self.steps)
        step += before
        np.maximum(step, 0, out=step)
        more = np.dot(step, self.hidden[0])
        more += self.hidden[1]
        np.maximum(more, 0, out=more)
        step += more
        raw: Floats = np.dot(step, self.head[0])
        raw += self.head[1]
        return raw

    def _read(self, segments: Floats) -> Floats:
        """(H,) the last output of the RNN after segments (S, H)."""
        if not self.layers:
            rows = Padded(torch.from_numpy(segments).unsqueeze(0), torch.tensor([len(segments)]))
            with torch.inference_mode():
                last: Floats = self.backbone(rows).values[0, -1].numpy()
            return last
        outputs = segments
        for number, layer in enumerate(self.layers):
            outputs = _gru(outputs, *layer, all_=number + 1 < len(self.layers))
        final: Floats = outputs[-1]
        return final

    def _around(self, raw: Floats) -> tuple[Floats, Floats]:
        """(H,) forecasts and (H, Q) quantiles around the linear path, in its deviations; Q is 0 where there are none."""
        output, levels = self.output, len(self.output.levels)
        if output.loss != "quantile":
            numbers = torch.from_numpy(raw)
            point: Floats = output.point(numbers).numpy()
            if not output.has_quantiles:
                return point, raw[:, :0]
            around = output.quantiles(numbers).numpy()
        else:
            middle = min(range(levels), key=lambda place: abs(output.levels[place] - 0.5))
            point, around = raw[:, middle], np.logaddexp(np.float32(0), raw)
            around[:, middle] = 0
            np.add.accumulate(around[:, middle:], axis=1, out=around[:, middle:])
            around[:, :middle] = -np.add.accumulate(around[:, :middle][:, ::-1], axis=1)[:, ::-1]
            around += point[:, None]
        around = around - ((1 - self.share) * point)[:, None]
        around += self.shifts
        return point, around


def _rising(base: Floats, scale: Floats, around: Floats) -> Floats:
    """(H, Q) quantiles, each not below the one before."""
    quantiles: Floats = base[:, None] + scale[:, None] * around
    if quantiles.shape[1]:
        np.maximum.accumulate(quantiles, axis=1, out=quantiles)
    return quantiles


def _gru(inputs: Floats, weight: Floats, bias: Floats, carried: Floats, *, all_: bool) -> Floats:
    """(T, H) outputs over steps (T, D), or (1, H) of the last one alone.

    Args:
        inputs: of the layer.
        weight: (D, 3 H) for reset gate, what a step adds, and what it takes, as `_gated` has it.
        bias: (3 H,).
        carried: (H + 1, 3 H) of the state before and of 1.
        all_: whether all outputs are wanted.
    """
    size = carried.shape[1] // 3
    given = np.dot(inputs, weight)
    given += bias
    before = np.zeros(size + 1, dtype=np.float32)
    before[size] = 1.0
    made = np.empty(3 * size, dtype=np.float32)
    state, gates, reset, update, new = (
        before[:size],
        made[: 2 * size],
        made[:size],
        made[size : 2 * size],
        made[2 * size :],
    )
    outputs = np.empty((len(inputs) if all_ else 1, size), dtype=np.float32)
    dot, add, multiply, subtract, tanh, sigmoid = np.dot, np.add, np.multiply, np.subtract, np.tanh, expit
    for place, (of_gates, of_new) in enumerate(zip(given[:, : 2 * size], given[:, 2 * size :], strict=True)):
        dot(before, carried, made)
        add(gates, of_gates, gates)
        sigmoid(gates, gates)
        multiply(new, reset, new)
        add(new, of_new, new)
        tanh(new, new)
        subtract(new, state, new)
        multiply(new, update, new)
        add(state, new, state)
        if all_:
            outputs[place] = state
    if not all_:
        outputs[0] = state
    return outputs


def _gated(layer: nn.Module) -> tuple[Floats, Floats, Floats]:
    """Weights of a torch GRU; its update gate says what stays, the one here what is new, so that it has the other sign."""
    parts = [_array(getattr(layer, name)) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
    size = len(parts[2]) // 3
    for part in parts:
        part[size : 2 * size] *= -1
    weight, carried, bias, of_state = parts
    bias[: 2 * size] += of_state[: 2 * size]
    of_state[: 2 * size] = 0
    return np.ascontiguousarray(weight.T), bias, np.concatenate([carried.T, of_state[None]])


def _weight(layer: nn.Linear) -> Floats:
    return np.ascontiguousarray(_array(layer.weight).T)


def _array(tensor: Tensor) -> Floats:
    """A copy of its own."""
    copied: Floats = tensor.detach().float().cpu().numpy().copy()
    return copied


_made: WeakKeyDictionary[Any, tuple[bytes, StepNumbers]] = WeakKeyDictionary()


def numbers_of(model: StepModel) -> StepNumbers:
    """The weights of a model: the same arrays for all streams of it, until it is trained on."""
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    if model not in _made or _made[model][0] != digest.digest():
        _made[model] = digest.digest(), StepNumbers(model)
    return _made[model][1]
