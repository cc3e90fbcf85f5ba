"""`StepStream`: a `StepModel` that follows a series. What readings say is kept from one to the next, so that a forecast costs little.

Equal to the forecasts of a whole series within rounding, and to the bit to itself after `restore`. Knows scaled readings, no units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.tasks.forecasting.recent_scores import RecentScores
from seqtext.tasks.forecasting.recent_widths import origins
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_inputs import calendar, calendar_size, lag_table, looked_back
from seqtext.tasks.forecasting.step_numbers import Floats, Said, StepNumbers

MORE = 256  # readings that there is room for beside those that are kept, and whose calendar is worked out together


def kept_readings(config: ForecastConfig) -> int:
    """Readings that a forecast looks back at, before the last forecasts that it looks at, and a season more, to fill gaps from."""
    return looked_back(config) + max(config.seasons, default=0) + int(origins(config).max(initial=0))


class StepStream:
    """Takes scaled readings one after the other.

    Args:
        numbers: of the model.
        clock: seconds of the first reading; None where nobody knows.
    """

    def __init__(self, numbers: StepNumbers, clock: int | None) -> None:
        config = numbers.config
        self.numbers, self.config, self.clock = numbers, config, clock
        self.pushed, self.begin = 0, 0  # readings, and which of them stands first in memory
        self.silent = True  # as long as all of them are missing
        self.kept, self.far = kept_readings(config), looked_back(config)
        # Seasons by which what is missing is filled, the longest first; of each and of all, what stands in is a line.
        self.filling = tuple(reversed(config.seasons)) if config.fill != "last" else ()
        self.stands_in, columns = 1 + len(self.filling), len(config.input_names)
        self.lines = np.zeros((1 + self.stands_in + columns, 2 * self.kept + MORE), dtype=np.float32)
        self.columns = self.lines[1 + self.stands_in :]
        self.table, self.seasons, _ = lag_table(config)
        self.recent = RecentScores(config)
        self.days, self.first_day = np.zeros((0, calendar_size(config)), dtype=np.float32), 0

    def take(self, value: float, inputs: Sequence[float]) -> None:
        """One more reading, NaN where missing, and its further columns."""
        at = self.pushed - self.begin
        if at == self.lines.shape[1]:
            self.lines[:, : self.kept] = self.lines[:, at - self.kept :].copy()
            self.begin, at = self.pushed - self.kept, self.kept
        self.lines[: 1 + self.stands_in, at] = value
        if value != value:
            self._fill(at)
        else:
            self.silent = False
        if len(self.columns):
            self._take_columns(at, inputs)
        self.pushed += 1

    def _fill(self, at: int) -> None:
        """What stands in for a reading that is missing: that of the same phase of the longest season, of a shorter one, or the last."""
        for line, season in enumerate(self.filling, start=1):
            self.lines[line, at] = self.lines[line - 1, at]
            if np.isnan(self.lines[line, at]) and at >= season:
                self.lines[line, at] = self.lines[line, at - season]
        found = self.lines[self.stands_in - 1, at]
        last = self.lines[self.stands_in, at - 1] if at else np.float32(0)
        self.lines[self.stands_in, at] = last if np.isnan(found) else found

    def _take_columns(self, at: int, inputs: Sequence[float]) -> None:
        """What is missing is 0, the mean, where the model is told so; else it is what it was."""
        given = np.asarray(inputs, dtype=np.float32)
        instead = self.columns[:, at - 1] if at and not self.config.marks_missing else np.float32(0)
        self.columns[:, at] = np.where(np.isnan(given), instead, given)

    def forecast(self, ahead: Floats | None) -> Said:
        """What is said behind the newest reading, quantiles as wide as the last forecasts say.

        Args:
            ahead: (H, A) what is known of the readings to come, scaled; None for a model that reads no such columns.
        """
        made = self._said(self.pushed, ahead)
        if not self.recent.looks_back:
            return made
        if ahead is None:  # of columns known ahead what came counts, not what was said of them
            self.recent.expect(self.pushed, made)
        for place in self.recent.lacking(self.pushed):
            expected = self.recent.expected(place) or self.recent.expected_of(self._said(place, None))
            self.recent.score(place, expected, self.lines[0, place - self.begin :])
        values = made.values[:, None]
        return made._replace(quantiles=values + self.recent.width(self.pushed) * (made.quantiles - values))

    def _said(self, first: int, ahead: Floats | None) -> Said:
        """What is said at a position; of what lies behind it columns known ahead alone are read."""
        config, at = self.config, first - self.begin
        places: Any = slice(at - config.window, at)
        lags = self.table + at
        if at < self.far:
            longest = np.array(max(config.seasons, default=1))
            places = _inside(np.arange(at - config.window, at), longest)
            lags = _inside(lags, np.maximum(self.seasons, 1))
        known = self.lines[self.stands_in]
        extra = self.columns[:, places].T
        if config.marks_missing:
            there = ~np.isnan(self.lines[0, places])
            extra = np.concatenate([there.astype(np.float32)[:, None], extra], axis=1)
        return self.numbers.said(known[places], extra, known[lags], self._steps(first, ahead))

    def _steps(self, first: int, ahead: Floats | None) -> Floats:
        """(H, C) the calendar of each step, and the columns that are known of it."""
        config, at = self.config, first - self.begin
        parts = [self._days(first)] if config.calendar else []
        if config.known_ahead:
            columns = (
                self.columns[list(config.known_ahead), at : at + config.head_horizon].T if ahead is None else ahead
            )
            parts.append(columns)
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts, axis=1) if parts else np.zeros((config.head_horizon, 0), dtype=np.float32)

    def _days(self, first: int) -> Floats:
        """(H, C) the calendar from a position on; worked out for whole pieces, so that it is the same whenever it is."""
        horizon = self.config.head_horizon
        if self.clock is None or self.config.frequency is None:
            return np.zeros((horizon, self.days.shape[1]), dtype=np.float32)
        if not self.first_day <= first <= self.first_day + len(self.days) - horizon:
            pieces = range(first // MORE, (first + horizon - 1) // MORE + 1)
            self.first_day = pieces[0] * MORE
            self.days = np.concatenate([self._piece(piece) for piece in pieces])
        return self.days[first - self.first_day : first - self.first_day + horizon]

    def _piece(self, piece: int) -> Floats:
        assert self.clock is not None
        assert self.config.frequency is not None
        positions = torch.arange(piece * MORE, (piece + 1) * MORE)
        days: Floats = calendar(self.clock + positions * self.config.frequency, self.config).float().numpy()
        return days

    # ---- to be taken up again

    def state(self) -> Tensor:
        """(N, L) the readings that are kept, in order, and what stands in for them: all that a forecast is made of."""
        end = self.pushed - self.begin
        return torch.from_numpy(self.lines[:, max(end - self.kept, 0) : end].T.copy())

    def shape(self, pushed: int) -> tuple[int, int]:
        """Of the state after so many readings."""
        return min(pushed, self.kept), len(self.lines)

    def restore(self, pushed: int, kept: Tensor, clock: int | None) -> None:
        """Goes on where `state` was taken."""
        self.pushed, self.begin, self.clock = pushed, pushed - len(kept), clock
        self.lines[:, : len(kept)] = kept.T.numpy()
        # Behind a gap longer than what is kept, the last reading still stands in; where none ever was, 0 does.
        self.silent = bool(kept[:, 0].isnan().all()) and not bool(kept[:, self.stands_in].any())


def _inside(places: NDArray[np.int64], season: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions before the first reading moved on by whole seasons until they are in it, as in `step_inputs`."""
    short = np.maximum(-places, 0)
    return places + (short + season - 1) // season * season
