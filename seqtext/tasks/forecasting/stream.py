"""`ForecastStream`: readings come one after the other, and after each there is a forecast. One step each where the state is carried.

Its state lives here, with the stream that owns it, never on the model: streams do not see each other.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.data.series.zones import offset_at
from seqtext.errors import DataError, OptionsError, one_of
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.backbone import State
from seqtext.tasks.forecasting.ahead import check_ahead
from seqtext.tasks.forecasting.calling import check_finite, in_units
from seqtext.tasks.forecasting.given import LARGEST, floats_in, zoned_moment
from seqtext.tasks.forecasting.remarks import of_clocks, of_one_reading, tell
from seqtext.tasks.forecasting.rollout import ScaledForecast
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_model import StepModel
from seqtext.tasks.forecasting.step_numbers import numbers_of
from seqtext.tasks.forecasting.step_stream import StepStream
from seqtext.tasks.forecasting.windows import centred, features


class NextReadings(NamedTuple):
    """The forecast behind the newest reading, in the units of the data: values (H,), and quantiles of each level where there are any."""

    values: list[float]
    quantiles: dict[float, list[float]]


def scale_of_training(config: ForecastConfig, series: str | None) -> tuple[float, float]:
    """Mean and standard deviation of a series of training, by its name; a model of one series needs none.

    Raises:
        OptionsError: for a series that was not in training.
    """
    name = config.series[0] if series is None and len(config.series) == 1 else series
    if name not in config.series:
        expected = f"{one_of(config.series)}, or scale=(mean, deviation)"
        raise OptionsError(f"series {name!r} was not in training", expected=expected)
    place = config.series.index(name)
    return config.means[place], config.scales[place]


class ForecastStream:
    """Takes a reading at a time. Equal to calling the forecaster on all readings so far, within rounding.

    Args:
        model: in evaluation mode.
        config: of the forecaster.
        scale: mean and standard deviation of the series.
        start: time of the first reading, where the model reads a calendar.
    """

    def __init__(
        self, model: SeqToVec | StepModel, config: ForecastConfig, *, scale: tuple[float, float], start: Any = None
    ) -> None:
        if config.calendar and start is None and config.model == "plain":
            raise DataError("no start, and the model reads a calendar", fix="give start=TIME of the first reading")
        self.model, self.config = model, config
        self.output = config.output
        self.mean, self.scale = scale
        self._seconds = self._first_second(start) if config.calendar and start is not None else None
        self._steps = StepStream(numbers_of(model), self._seconds) if isinstance(model, StepModel) else None
        self._far_told = False
        self.below_zero = False  # whether a reading was
        self._pushed = 0
        # What was last read; the mean before anything was.
        self._read = torch.zeros(1, 1 + len(config.input_names), dtype=torch.float32)
        self._state: State | None = None
        self._output: Tensor | None = None  # after the newest reading, with a carried state
        self._window: deque[Tensor] = deque(maxlen=config.window)  # what the model read, with context "window"
        self._known: deque[float] = deque(maxlen=max(1, config.difference_lag))  # what changes are counted from

    def push(self, value: float, *, inputs: Any = (), future: Any = None) -> NextReadings | None:
        """The forecast after one more reading; None while there are too few of them.

        Args:
            value: the reading; NaN if it is missing.
            inputs: (E,) further columns, where the model was trained with some.
            future: (H, A) what is known of the readings to forecast, where the model was trained with such.

        Raises:
            DataError: what is no number, or too little of what is known ahead.
            NumericsError: a forecast that is not finite.
        """
        self.take(value, inputs=inputs)
        return self.forecast(future=future)

    def take(self, value: float, *, inputs: Any = ()) -> None:
        """One more reading, without a forecast: those before the first that is to be answered. As `push`."""
        row = self._row(value, inputs)
        self._pushed += 1
        self.below_zero |= float(value) < 0
        if self._steps is not None:
            self._steps.take(row[0], row[1:])
        else:
            self._read_on(torch.tensor([row], dtype=torch.float32))

    @torch.inference_mode()
    def _read_on(self, columns: Tensor) -> None:
        """One more reading of a plain model: (1, 1 + E) scaled."""
        seconds = None
        if self.config.calendar and self.config.frequency is not None and self._seconds is not None:
            seconds = torch.tensor([self._seconds + self._pushed * self.config.frequency])
        last = self._known[-1] if self._known else 0.0
        a_lag_before = self._known[0] if self._known else 0.0
        self._known.append(last if math.isnan(float(columns[0, 0])) else float(columns[0, 0]))
        if not self.config.marks_missing:
            columns = torch.where(torch.isnan(columns), self._read, columns)
            self._read = columns
        x = features(columns, seconds, self.config)  # (1, D)
        if self.config.difference_input:
            x = torch.cat([x, torch.tensor([[self._known[-1] - a_lag_before]], dtype=torch.float32)], dim=-1)
        if self.config.context == "stateful":
            self._output, self._state = self.model.backbone.step(x, self._state)
        else:
            self._window.append(x)

    def forecast(self, *, future: Any = None) -> NextReadings | None:
        """The forecast behind the newest reading, as `push`."""
        if self._steps is not None:
            if self._pushed < self.config.reach or self._steps.silent:
                return None
            said = self._steps.forecast(self._ahead(future))
            levels = self.output.levels if said.quantiles.shape[1] else ()
            return self._stated(ScaledForecast(said.values.astype(float), said.quantiles.astype(float), levels))
        return self._of_plain()

    @torch.inference_mode()
    def _of_plain(self) -> NextReadings | None:
        """The forecast of a plain model."""
        if self.config.context == "window":
            if self._pushed < self.config.reach:
                return None
            rows = Padded(
                centred(torch.stack(tuple(self._window), dim=1), self.config), torch.tensor([self.config.window])
            )
            return self._forecast(self.model.backbone(rows).values[:, -1])
        if self._output is None or self._pushed < self.config.difference_lag:
            return None
        return self._forecast(self._output)

    def _ahead(self, future: Any) -> NDArray[np.float32] | None:
        """(H, A) what is known of the readings to forecast, scaled; None where the model reads no such columns."""
        config, places = self.config, list(self.config.known_ahead)
        if not places:
            return None
        where = f"what is known ahead of reading {self._pushed}"
        block = np.zeros((0, len(places))) if future is None else floats_in(future, where)
        check_ahead(block, [config.input_names[place] for place in places], config.horizon, where)
        means, scales = (np.asarray(of)[places] for of in (config.input_means, config.input_scales))
        scaled: NDArray[np.float32] = ((block[: config.horizon] - means) / scales).astype(np.float32)
        return scaled

    def _first_second(self, start: Any) -> int:
        """Of the clock that the model learnt."""
        time, zone = zoned_moment(start, "start")
        tell(of_clocks([zone], self.config))
        if zone is not None and not self.config.zoned:
            time = time + offset_at(time, zone)
        elif zone is None and self.config.zoned and self.config.time_zone is not None:
            time = time - offset_at(time, self.config.time_zone)
        return int(time.astype(np.int64))

    def _row(self, value: Any, inputs: Any) -> list[float]:
        """A reading and its 1 + E columns, scaled."""
        config, where = self.config, f"reading {self._pushed + 1}"
        try:
            number = float(value)
            extra = np.asarray(inputs, dtype=np.float64).ravel().tolist() if config.input_names or len(inputs) else []
        except (TypeError, ValueError) as error:
            raise DataError(f"found {value!r}", where=where, expected="a number") from error
        for found in (number, *extra):
            if abs(found) > LARGEST:
                raise DataError(f"found {found}", where=where, expected="a number, or NaN where missing")
        if len(extra) != len(config.input_names):
            raise DataError(f"{len(extra)} further inputs", where=where, expected=str(len(config.input_names)))
        if not self._far_told and (remarks := of_one_reading(number, self.mean, self.scale, where)):
            self._far_told = True
            tell(remarks)
        columns = zip(extra, config.input_means, config.input_scales, strict=True)
        return [(number - self.mean) / self.scale, *((found - mean) / scale for found, mean, scale in columns)]

    def _forecast(self, output: Tensor) -> NextReadings:
        """From the output (1, H) after the newest reading."""
        raw = self.model.head(output).view(self.config.head_horizon, self.output.size)
        anchor: Tensor | float = 0.0
        if lag := self.config.difference_lag:
            known = list(self._known)
            anchor = torch.tensor([known[step % lag] for step in range(self.config.head_horizon)], dtype=torch.float32)
        levels = self.output.levels if self.output.has_quantiles else ()
        quantiles = self.output.quantiles(raw, anchor) if levels else raw[:, :0]
        made = self.output.point(raw, anchor).double().numpy(), quantiles.double().numpy()
        return self._stated(ScaledForecast(*made, levels))

    def _stated(self, made: ScaledForecast) -> NextReadings:
        """In the units of the data."""
        values, quantiles = in_units(made, self.mean, self.scale, self.config, below_zero=self.below_zero)
        check_finite(values, quantiles, where=f"reading {self._pushed}")
        return NextReadings(values.tolist(), dict(zip(made.levels, quantiles.T.tolist(), strict=True)))

    # ---- to be taken up again

    @property
    def timed(self) -> bool:
        """Whether it knows the time of its readings."""
        return self._seconds is not None

    def state(self) -> dict[str, Tensor]:
        """All that it knows, as tensors of its own; what it was made with is not among them."""
        numbers = torch.tensor([self._pushed, self._seconds or 0, self._far_told, self.below_zero], dtype=torch.int64)
        found = {"numbers": numbers, "read": self._read, "known": torch.tensor(list(self._known), dtype=torch.float64)}
        if self._steps is not None:
            return found | {"kept": self._steps.state()}
        if self._window:
            found["window"] = torch.cat(tuple(self._window))
        if self._state is not None and self._output is not None:
            found |= {f"state_{place}": part for place, part in enumerate(self._state)} | {"output": self._output}
        return found

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Goes on where `state` was taken, of a stream of the same model and start.

        Raises:
            ValueError: for what is no such state.
        """
        pushed, seconds, told, below = state["numbers"].tolist() if len(state.get("numbers", ())) == 4 else (0, 0, 0, 0)
        found = {name: tuple(tensor.shape) for name, tensor in state.items()}
        if pushed < 0 or found != self._shapes(pushed):
            raise ValueError(f"found {found}, expected {self._shapes(max(pushed, 0))}")
        self._pushed, self._far_told, self.below_zero = pushed, bool(told), bool(below)
        self._seconds = seconds if self._seconds is not None else None
        self._read = state["read"]
        self._known.extend(state["known"].tolist())
        if self._steps is not None:
            self._steps.restore(pushed, state["kept"], self._seconds)
        self._window.extend(row.unsqueeze(0) for row in state.get("window", ()))
        if "output" in state:
            self._output = state["output"]
            self._state = tuple(part for name, part in sorted(state.items()) if name.startswith("state_"))

    def _shapes(self, pushed: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the state after so many readings."""
        size, carried = self._read.shape[1], self.config.context == "stateful"
        known = min(pushed, self._known.maxlen or 0)
        if self._steps is not None:
            return {"numbers": (4,), "read": (1, size), "known": (0,), "kept": self._steps.shape(pushed)}
        shapes: dict[str, tuple[int, ...]] = {"numbers": (4,), "read": (1, size), "known": (known,)}
        if not pushed:
            return shapes
        if not carried:
            return shapes | {"window": (min(pushed, self.config.window), self.config.input_size)}
        zero = self.model.backbone.zero_state(1, like=self._read)
        shapes |= {f"state_{place}": tuple(part.shape) for place, part in enumerate(zero)}
        return shapes | {"output": (1, self.model.backbone.output_size)}
