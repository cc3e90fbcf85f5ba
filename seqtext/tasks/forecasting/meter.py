"""One series of a pipe: its stream, when its last reading was, and what was forecast. Says whether a line is the next, late, or repeated.

Knows streams and times, no files and no messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.spread import TAILS, Levels
from seqtext.tasks.forecasting.stream import ForecastStream, NextReadings

MOST_MISSING = 100_000  # readings between two lines; what lies farther ahead is a wrong time
NEAR = 0.1  # of the distance of readings, which a time may be off


class Arrival(NamedTuple):
    """How a line stands to the one before: the next one after so many that are missing, or none to be read."""

    kind: Literal["next", "repeated", "late", "far", "between"]
    missing: int = 0


class Meter:
    """A series as it comes.

    Args:
        stream: of it.
        config: of the forecaster.
        last: time of the newest reading, in UTC where it has a zone; None where there is none yet, or no times.
        zoned: whether times have a zone; None where there were none yet.
        answer: the forecast behind the newest reading.
        pushed: readings taken from the pipe.
    """

    def __init__(
        self,
        stream: ForecastStream,
        config: ForecastConfig,
        *,
        last: np.datetime64 | None = None,
        zoned: bool | None = None,
        answer: NextReadings | None = None,
        pushed: int = 0,
    ) -> None:
        self.stream, self.config = stream, config
        self.last, self.zoned, self.answer, self.pushed = last, zoned, answer, pushed

    def arrival(self, time: np.datetime64 | None) -> Arrival:
        """How a reading of that time stands to the newest one."""
        if time is None or self.last is None or not self.config.timed:
            return Arrival("next")
        if self.config.months is not None:
            distance = int((time.astype("datetime64[M]") - self.last.astype("datetime64[M]")).astype(np.int64))
        else:
            distance = int((time - self.last).astype("timedelta64[s]").astype(np.int64))
        step = self.config.months or self.config.frequency or 1
        steps = round(distance / step)
        if abs(distance - steps * step) > NEAR * step:
            return Arrival("late" if distance < 0 else "between")
        if steps < 1:
            return Arrival("late" if steps < 0 else "repeated")
        return Arrival("far") if steps - 1 > MOST_MISSING else Arrival("next", steps - 1)

    def take(self, value: float, inputs: Any, time: np.datetime64 | None, missing: int = 0) -> None:
        """The next reading, and those before it that are missing."""
        nothing = np.full(len(self.config.input_names), np.nan)
        for _ in range(missing):
            self.stream.take(np.nan, inputs=nothing)
        self.stream.take(value, inputs=inputs)
        self.pushed += 1
        if time is not None and self.last is not None and self.config.frequency is not None:
            time = self.last + np.timedelta64((missing + 1) * self.config.frequency, "s")  # on the grid of those before
        self.last = time

    def outside(self, value: float, missing: int = 0) -> bool | None:
        """Whether a reading lies outside the band that 99 % of them lie in, by the newest forecast; None where there is no telling.

        Args:
            value: the next reading.
            missing: readings that are missing before it.
        """
        answer = self.answer
        if answer is None or len(answer.quantiles) < 2 or missing >= len(answer.values) or np.isnan(value):
            return None
        spread = self.config.spread(below_zero=self.stream.below_zero)
        levels = Levels({level: np.array(values) for level, values in answer.quantiles.items()}, spread)
        return not float(levels[TAILS[0]][missing]) <= value <= float(levels[TAILS[1]][missing])

    def state(self) -> dict[str, Any]:
        """All that it knows, to be written."""
        answer = self.answer
        quantiles = {} if answer is None else {repr(level): values for level, values in answer.quantiles.items()}
        return {
            "last": None if self.last is None else int(self.last.astype("datetime64[s]").astype(np.int64)),
            "zoned": self.zoned,
            "timed": self.stream.timed,
            "mean": self.stream.mean,
            "scale": self.stream.scale,
            "pushed": self.pushed,
            "answer": None if answer is None else {"values": answer.values, "quantiles": quantiles},
            "stream": self.stream.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], stream: ForecastStream, config: ForecastConfig) -> Meter:
        """As it was.

        Raises:
            ValueError: for what is no such state.
            KeyError: likewise.
            TypeError: likewise.
        """
        stream.restore(state["stream"])
        last, said = state["last"], state["answer"]
        answer = None
        if said is not None:
            quantiles = {float(level): _steps(values, config) for level, values in said["quantiles"].items()}
            answer = NextReadings(_steps(said["values"], config), quantiles)
        return cls(
            stream,
            config,
            last=None if last is None else np.datetime64(int(last), "s"),
            zoned=None if state["zoned"] is None else bool(state["zoned"]),
            answer=answer,
            pushed=int(state["pushed"]),
        )


def _steps(values: Any, config: ForecastConfig) -> list[float]:
    if not isinstance(values, list) or len(values) != config.head_horizon:
        raise ValueError("a forecast of another horizon")
    return [float(value) for value in values]
