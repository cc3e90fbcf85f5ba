"""Numbers over time: many series end to end in one array, and the spans of them to train, to choose and to test on.

A window of a series is a start index; nothing here is cut out or copied. Knows no files (`table` reads them), no
scale and no model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.calendar_steps import CalendarDates
from seqtext.data.series.frequencies import step_of
from seqtext.errors import DataError

WEEK = 7 * 24 * 3600  # seconds
DAY = 24 * 3600
YEAR = 31_556_952  # the mean Gregorian year


@dataclass(frozen=True)
class SeriesSet:
    """S series of one frequency, end to end.

    Attributes:
        names: (S,) names of the series.
        values: (N,) what is forecast, in the units of the data; NaN where a reading is missing.
        starts: (S + 1,) int64: series s is `values[starts[s]:starts[s + 1]]`.
        first_times: (S,) datetime64[s], UTC or a local clock without changes; None without timestamps.
        frequency: seconds between two readings; None without timestamps.
        dates: of readings a month, a quarter or a year apart, which have neither of the two; None for all else.
        inputs: (N, E) further columns, known up to the moment of the forecast; NaN where missing. E may be 0.
        input_names: (E,) their names.
        known_ahead: those of them that are known of the readings to forecast too.
        zone: that the times were written in, a name or an offset; None where they had none.
        name: what messages call the data.
        notes: what was mended or left out while reading, for the user.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    starts: NDArray[np.int64]
    first_times: NDArray[np.datetime64] | None = None
    frequency: int | None = None
    dates: CalendarDates | None = None
    inputs: NDArray[np.float64] | None = None
    input_names: tuple[str, ...] = ()
    known_ahead: tuple[str, ...] = ()
    zone: str | None = None
    name: str = "the series"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.starts) != len(self.names) + 1 or int(self.starts[-1]) != len(self.values):
            raise ValueError(f"{len(self.names)} names and {len(self.values)} values do not fit starts {self.starts}")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(S,) readings of each series."""
        return np.diff(self.starts)

    def one(self, number: int) -> NDArray[np.float64]:
        """The values of one series, as a view."""
        return self.values[self.starts[number] : self.starts[number + 1]]

    def series_at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which series each of some positions in `values` is in."""
        number: NDArray[np.int64] = np.searchsorted(self.starts, positions, side="right") - 1
        return number

    def times_at(self, positions: NDArray[np.int64]) -> NDArray[np.datetime64]:
        """The timestamps of positions in `values`.

        Raises:
            ValueError: without timestamps.
        """
        number = self.series_at(positions)
        times = self._times(number, positions - self.starts[number])
        if times is None:
            raise ValueError("these series have no timestamps")
        return times

    def times_behind(self, number: int, steps: int, *, ahead: int = 0) -> NDArray[np.datetime64] | None:
        """(steps,) timestamps of the readings that would follow on a series, less the last `ahead`; None without timestamps."""
        return self._times(number, self.lengths[number] - ahead + np.arange(steps))

    def _times(self, number: int | NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.datetime64] | None:
        """(...) timestamps of some readings, from 0, of a series or of one each (...)."""
        if self.dates is not None:
            return self.dates.of(number, places)
        if self.first_times is None or self.frequency is None:
            return None
        first, away = (
            self.first_times[number].astype("datetime64[s]"),
            (places * self.frequency).astype("timedelta64[s]"),
        )
        times: NDArray[np.datetime64] = first + away
        return times

    @property
    def step(self) -> str:
        """How far readings are apart, in words."""
        return step_of(self.frequency, self.months)

    @property
    def months(self) -> int | None:
        """From each reading to the next, by the calendar; None where there are none."""
        return None if self.dates is None else self.dates.months

    @property
    def timed(self) -> bool:
        """Whether it is known when the readings are."""
        return self.dates is not None or self.first_times is not None

    def seasons(self) -> dict[str, int]:
        """Readings a day and a week, as far as the frequency divides them, or a year by the calendar; empty without timestamps."""
        if self.frequency is None:
            return {} if self.dates is None else self.dates.seasons
        spans = {"day": DAY, "week": WEEK}
        return {
            name: seconds // self.frequency
            for name, seconds in spans.items()
            if seconds % self.frequency == 0 and seconds > self.frequency
        }

    def less(self, earlier: SeriesSet) -> SeriesSet:
        """These series without the readings of `earlier` that they begin with, if all of them do; else as they are.

        Data sets for forecasting often give as test readings the training readings again, with those to forecast behind them.
        """
        if set(self.names) != set(earlier.names):
            return self
        places = [earlier.names.index(name) for name in self.names]
        cut = earlier.lengths[places]
        if (self.lengths <= cut).any():
            return self
        timed = self.first_times is not None and earlier.first_times is not None
        if timed and (self.first_times != earlier.first_times[places]).any():  # type: ignore[index]
            return self
        for number, place in enumerate(places):
            if not np.array_equal(self.one(number)[: cut[number]], earlier.one(place), equal_nan=True):
                return self
        kept = np.concatenate([np.arange(a + c, b) for a, b, c in zip(self.starts, self.starts[1:], cut, strict=False)])
        starts = np.concatenate([[0], np.cumsum(self.lengths - cut)]).astype(np.int64)
        first_times = self.first_times
        if first_times is not None and self.frequency is not None:
            first_times = first_times + (cut * self.frequency).astype("timedelta64[s]")
        note = f"{self.name}: the training readings stand before those of test, and were left out there"
        inputs = None if self.inputs is None else self.inputs[kept]
        return replace(
            self,
            values=self.values[kept],
            starts=starts,
            first_times=first_times,
            dates=None if self.dates is None else self.dates.later(cut),
            inputs=inputs,
            notes=(*self.notes, note),
        )

    def join(self, later: SeriesSet) -> tuple[SeriesSet, Part, Part]:
        """These series with their later readings behind them: all of it, the part that was here, and the part that came.

        Raises:
            DataError: if the later readings are of other series or another frequency, or do not follow on these.
        """
        if set(self.names) != set(later.names):
            odd = sorted(set(self.names) ^ set(later.names))
            found = f"found {len(odd)} series that the other file does not have, such as {odd[0]!r}"
            raise DataError(found, where=later.name, expected="the same series in both files")
        if (self.step, self.input_names) != (later.step, later.input_names):
            found, expected = (f"{one.step} with inputs {list(one.input_names)}" for one in (later, self))
            raise DataError(found, where=later.name, expected=expected)
        if None in (self.zone, later.zone) and self.zone != later.zone and self.first_times is not None:
            with_zone, without = (later, self) if self.zone is None else (self, later)
            found = f"the times of {with_zone.name} have a zone ({with_zone.zone}), those of {without.name} have none"
            raise DataError(found, where=later.name, expected="a zone in both or in none")
        order = [later.names.index(name) for name in self.names]
        skipped = self._check_follows(later, order)
        starts = np.concatenate([[0], np.cumsum(self.lengths + skipped + later.lengths[order])]).astype(np.int64)
        values = np.full(int(starts[-1]), np.nan)
        inputs = None if self.inputs is None else np.full((len(values), len(self.input_names)), np.nan)
        middle = starts[:-1] + self.lengths
        for here, there in enumerate(order):
            old = slice(int(self.starts[here]), int(self.starts[here + 1]))
            new = slice(int(later.starts[there]), int(later.starts[there + 1]))
            to = slice(int(middle[here] + skipped[here]), int(starts[here + 1]))
            values[starts[here] : middle[here]], values[to] = self.values[old], later.values[new]
            if inputs is not None and self.inputs is not None and later.inputs is not None:
                inputs[starts[here] : middle[here]], inputs[to] = self.inputs[old], later.inputs[new]
        notes = [*self.notes, *later.notes]
        if skipped.any():
            notes.append(f"{int(skipped.sum()):,} readings are missing between {self.name} and {later.name}")
        whole = replace(self, values=values, starts=starts, inputs=inputs, notes=tuple(notes))
        train = np.stack([starts[:-1], middle], axis=1)
        test = np.stack([middle + skipped, starts[1:]], axis=1)
        return whole, Part(whole, train), Part(whole, test)

    def _check_follows(self, later: SeriesSet, order: list[int]) -> NDArray[np.int64]:
        """(S,) readings missing between the two; it must not be negative."""
        ends = self._times(np.arange(len(self)), self.lengths)
        firsts = later.first_times if later.dates is None else later.dates.first
        if ends is None or firsts is None:
            return np.zeros(len(self), dtype=np.int64)
        begins = firsts[order].astype("datetime64[s]")
        if self.dates is not None:
            skipped = self.dates.between(self.lengths, begins)
        else:
            seconds, frequency = (begins - ends).astype(np.int64), self.frequency or 1
            skipped = np.where(seconds % frequency == 0, seconds // frequency, -1)
        if (skipped < 0).any():
            number = int((skipped < 0).argmax())
            found = f"its first reading of {self.names[number]!r} is at {begins[number]}"
            expected = f"{ends[number]} or later by whole steps ({self.step})"
            fix = "test readings must lie after those of training"
            raise DataError(found, where=later.name, expected=expected, fix=fix)
        return skipped


@dataclass(frozen=True)
class Part:
    """Some spans of a set of series, whose readings are to be forecast. What came before a span may be read, never what comes behind.

    Attributes:
        series: all readings.
        spans: (K, 2) int64: first position in `series.values`, and one behind the last; each lies in one series.
    """

    series: SeriesSet
    spans: NDArray[np.int64]

    def __len__(self) -> int:
        """Readings in the spans."""
        return int((self.spans[:, 1] - self.spans[:, 0]).sum())

    def values_of(self, number: int) -> NDArray[np.float64]:
        """All readings of one series inside the spans, in order."""
        at = self.series.series_at(self.spans[:, 0])
        parts = [self.series.values[a:b] for a, b in self.spans[at == number].tolist()]
        return np.concatenate(parts) if parts else np.zeros(0)


def whole(series: SeriesSet) -> Part:
    """All readings."""
    return Part(series, np.stack([series.starts[:-1], series.starts[1:]], axis=1))


def split_by_time(series: SeriesSet, *, test_share: float) -> tuple[Part, Part]:
    """The earlier readings of each series, and its last ones.

    Raises:
        DataError: if a series is too short for both to have one.
    """
    length = series.lengths
    last = np.maximum(1, np.round(length * test_share)).astype(np.int64)
    if (last >= length).any():
        short = int((last >= length).argmax())
        raise DataError(f"series {series.names[short]!r} has {length[short]} readings", where=series.name)
    middle = series.starts[1:] - last
    return (
        Part(series, np.stack([series.starts[:-1], middle], axis=1)),
        Part(series, np.stack([middle, series.starts[1:]], axis=1)),
    )
