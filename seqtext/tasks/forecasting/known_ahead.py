"""What a file knows ahead of the lines of a pipe: by their times, or without times row by row. Knows series, no stream."""

from __future__ import annotations

import numpy as np

from seqtext.data.series.series import SeriesSet
from seqtext.tasks.forecasting.given import FloatArray
from seqtext.tasks.forecasting.settings import ForecastConfig


class KnownAhead:
    """The rows of a file.

    Args:
        future: series whose inputs are the columns known ahead; None for nothing.
        config: of the forecaster.
    """

    def __init__(self, future: SeriesSet | None, config: ForecastConfig) -> None:
        self.future, self.config = future, config

    def behind(self, series: str, time: np.datetime64 | None, place: int) -> FloatArray | None:
        """(H, A) of the readings behind one; None where they are not all known.

        Args:
            series: of the reading.
            time: of it, in UTC where it has a zone.
            place: its number in the pipe, from 0.
        """
        rows = self._from(series, time, place)[1 : 1 + self.config.horizon]
        return None if len(rows) < self.config.horizon or np.isnan(rows).any() else rows

    def filled(self, inputs: FloatArray, series: str, time: np.datetime64 | None, place: int) -> FloatArray:
        """(E,) further columns of a reading, those that are missing as the file has them."""
        places = list(self.config.known_ahead)
        rows = self._from(series, time, place)
        if not len(rows) or not np.isnan(inputs[places]).any():
            return inputs
        inputs = inputs.copy()
        inputs[places] = np.where(np.isnan(inputs[places]), rows[0], inputs[places])
        return inputs

    def _from(self, series: str, time: np.datetime64 | None, place: int) -> FloatArray:
        """(N, A) the rows from a reading on."""
        future, config = self.future, self.config
        if future is None or future.inputs is None:
            return np.zeros((0, len(config.known_ahead)))
        number = future.names.index(series) if series in future.names else 0
        begin, end = int(future.starts[number]), int(future.starts[number + 1])
        if time is not None and future.first_times is not None and config.frequency is not None:
            after = (time - future.first_times[number]).astype("timedelta64[s]").astype(np.int64)
            place = round(int(after) / config.frequency)
        return future.inputs[begin + place : end] if place >= 0 else future.inputs[:0]
