"""What `recent_widths` says, of one series as it comes: how far its last forecasts lay from what came is kept, not worked out again.

Knows scaled forecasts and readings, no model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqtext.tasks.forecasting.recent_widths import LARGEST, LEAST, NARROWEST, looked_at, origins, rank, usual_scores
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_numbers import Floats, Said


class _Expected(NamedTuple):
    """Of the steps that are looked at, forecasts and distances of the outermost quantiles: (S,) each."""

    values: Floats
    above: Floats
    below: Floats


class RecentScores:
    """The scores of the forecasts that are looked back at, by the position of their first step.

    Args:
        config: of the forecaster.
    """

    def __init__(self, config: ForecastConfig) -> None:
        self.reach, self.back = config.reach, origins(config)
        self.looks_back = bool(len(self.back))
        if not self.looks_back:
            return
        levels = config.output.levels
        self.above, self.below = levels[-1] > 0.5, levels[0] < 0.5  # whether a quantile lies on that side
        self.ahead = looked_at(config)
        self.usual = usual_scores(config, len(self.ahead))
        self.rank = rank(config, len(self.back) * len(self.ahead) + len(self.usual))
        self.scores = np.full((int(np.ptp(self.back)) + 1, len(self.ahead)), np.nan, dtype=np.float32)
        self.of = np.full(len(self.scores), -1, dtype=np.int64)  # which position each row is of
        self.waiting: list[tuple[int, _Expected] | None] = [None] * (config.head_horizon + 1)

    def expect(self, first: int, said: Said) -> None:
        """Keeps what was forecast, until it has come."""
        self.waiting[first % len(self.waiting)] = first, self.expected_of(said)

    def lacking(self, first: int) -> list[int]:
        """Positions whose score the forecast at a position looks at, and that have none yet."""
        places = first - self.back
        lack = (self.of[places % len(self.of)] != places) & (places >= self.reach)
        return places[lack].tolist() if lack.any() else []

    def expected(self, place: int) -> _Expected | None:
        """What was forecast at a position, where that was kept."""
        kept = self.waiting[place % len(self.waiting)]
        return kept[1] if kept is not None and kept[0] == place else None

    def score(self, place: int, expected: _Expected, came: Floats) -> None:
        """Keeps how far what came from a position on lay from its forecast, in distances of the outermost quantile on that side."""
        off = came[self.ahead] - expected.values
        row = place % len(self.of)
        above, below = off / expected.above, -off / expected.below
        self.scores[row] = above if not self.below else below if not self.above else np.maximum(above, below)
        self.of[row] = place

    def width(self, first: int) -> np.float32:
        """What the distance of quantiles from the forecast is to be multiplied by."""
        places = first - self.back
        scores = self.scores[places % len(self.of)]
        there = places >= self.reach
        if not there.all():
            if not there.any():
                return np.float32(1)
            scores = scores[there]
        ordered = np.sort(np.concatenate([scores.ravel(), self.usual]))
        count = len(ordered) - (int(np.isnan(ordered).sum()) if np.isnan(ordered[-1]) else 0)
        place = self.rank * (count - 1)
        below = int(place)
        found = ordered[below] + np.float32(place - below) * (ordered[min(below + 1, count - 1)] - ordered[below])
        return np.float32(min(max(float(found), LEAST), LARGEST))

    def expected_of(self, said: Said) -> _Expected:
        """What there is to keep of a forecast."""
        values, quantiles, least = (of[self.ahead] for of in said)
        least = NARROWEST * least
        return _Expected(
            values, np.maximum(quantiles[:, -1] - values, least), np.maximum(values - quantiles[:, 0], least)
        )
