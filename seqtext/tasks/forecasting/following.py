"""`seqtext forecast --follow`: each line of a pipe is a reading, and is answered before the next one is awaited.

Knows lines, meters and files of what is known ahead; what a forecast is, the stream does. Lines that are late, repeated or
missing are told, and nothing ends for them.
"""

from __future__ import annotations

import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seqtext.data.series.series import SeriesSet
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.data.series.zones import in_utc, offset_at, zone_of
from seqtext.errors import DataError, OptionsError, SavedFileError, shorten
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.known_ahead import KnownAhead
from seqtext.tasks.forecasting.lines import Line, LineReader, where_of
from seqtext.tasks.forecasting.meter import MOST_MISSING, Arrival, Meter
from seqtext.tasks.forecasting.scaled_series import scales_for
from seqtext.tasks.forecasting.step_stream import kept_readings
from seqtext.tasks.forecasting.stopping import Stopping
from seqtext.tasks.forecasting.stream import NextReadings
from seqtext.tasks.forecasting.stream_state import read_streams, write_streams
from seqtext.tasks.forecasting.written import digits_for
from seqtext.tasks.targets import Target

SAVE_EVERY = 10.0  # seconds: what a kill may cost
SHOWN = 3  # notes of a kind that are printed; of the others how many they are
_KINDS = {
    "missing": "readings were missing",
    "repeated": "lines were repeated",
    "late": "lines came late",
    "far": "lines lay too far ahead",
    "between": "lines lay between two readings",
    "unknown": "lines were of series that training did not have",
    "future": "lines had no forecast, since what is known ahead did not reach so far",
}


class Following:
    """Readings from a pipe, answered one by one.

    Args:
        forecaster: of one series or of several.
        options: what columns are called, how cells are written.
        future: what is known ahead, where the model was trained with such.
        flag: say of each reading whether it lies outside the band that 99 % of them lie in.
        state: file to take the state up from, if it is there, and to keep it in.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        options: SeriesTableOptions,
        *,
        future: SeriesSet | None = None,
        flag: bool = False,
        state: Path | None = None,
    ) -> None:
        self.forecaster, self.config = forecaster, forecaster.config
        self.reader, self.known = LineReader(self.config, options), KnownAhead(future, self.config)
        self.flag, self.path = flag, state
        self.levels = forecaster.output.levels if forecaster.output.has_quantiles else ()
        if flag and len(self.levels) < 2:
            fix = "train with --quantiles 0.1 0.5 0.9"
            raise OptionsError("--flag needs quantiles, which the model does not forecast", fix=fix)
        self.meters: dict[str, Meter] = {}
        self.counts: Counter[str] = Counter()
        self.waiting = 0  # readings without a forecast, since too few were before them
        self.saved = time.monotonic()

    # ---- before the first line

    def take_up(self) -> bool:
        """Goes on with the state in the file, if there is one.

        Raises:
            SavedFileError: for one that is damaged, or of another model.
        """
        if self.path is None or not self.path.exists():
            return False
        start = ("1970-01-01T00:00:00Z" if self.config.zoned else "1970-01-01") if self.config.frequency else None
        for name, state in read_streams(self.path, self.forecaster).items():
            try:
                scale = (float(state["mean"]), float(state["scale"]))
                stream = self.forecaster.stream(scale=scale, start=start if state["timed"] else None)
                self.meters[name] = Meter.from_state(state, stream, self.config)
            except (KeyError, TypeError, ValueError, DataError) as error:
                fix = "delete it to begin anew"
                raise SavedFileError(f"not a state of this model ({error})", where=str(self.path), fix=fix) from error
        return True

    def warm_up(self, history: SeriesSet) -> None:
        """Reads a history, without answers.

        Raises:
            DataError: of several series, for a model of one.
        """
        if len(self.config.series) == 1 and len(history) > 1:
            raise DataError(f"{len(history):,} series", where=history.name, expected="one, as in training")
        means, scales = scales_for(history, self.config)
        for number, name in enumerate(history.names):
            length = int(history.lengths[number])
            begin = 0 if self.config.context == "stateful" else max(length - 2 * kept_readings(self.config), 0)
            start, last = self._clock(history, number, begin)
            scale = (float(means[number]), float(scales[number]))
            meter = Meter(self.forecaster.stream(scale=scale, start=start), self.config)
            if history.first_times is not None:
                meter.zoned = history.zone is not None
            for place in range(int(history.starts[number]) + begin, int(history.starts[number + 1])):
                inputs = () if history.inputs is None else history.inputs[place]
                meter.stream.take(float(history.values[place]), inputs=inputs)
            meter.last = last
            self.meters[name] = meter

    def _clock(self, history: SeriesSet, number: int, begin: int) -> tuple[Any, np.datetime64 | None]:
        """The time of a reading as a stream takes it, and that of the last one."""
        own = int(history.starts[number])
        if history.dates is not None:
            return None, history.times_at(history.starts[number + 1 : number + 2] - 1)[0]
        if history.first_times is None or history.frequency is None:
            return None, None
        first, last = history.times_at(np.array([own + begin, int(history.starts[number + 1]) - 1]))
        if history.zone is None:
            return first, last
        if self.config.zoned:
            return f"{first}Z", last
        return first + offset_at(last, history.zone), last  # of the clock there, which the model learnt

    # ---- line after line

    def run(self, source: BinaryIO, target: Target) -> None:
        """Until the pipe ends.

        Raises:
            DataError: a line that is no reading, or no text.
            NumericsError: a forecast that is not finite.
            Stopped: by SIGTERM, with the state saved.
        """
        rows = csv.writer(target.file, lineterminator="\n")
        rows.writerow(self._header())
        target.flush(0)
        try:
            with Stopping() as stopping:
                for number, text in stopping.between(_lines(source)):
                    line = self.reader.read(number, text.rstrip("\r\n"))
                    if line is None or (outside := self._take(line := self._zoned(line))) is None:
                        continue
                    if (answer := self._answer(line)) is not None:
                        rows.writerow(self._row(line, outside, answer))
                        target.flush(1)
                    self._save(often=False)
        finally:
            self._save()
        self._sum_up()

    def _header(self) -> list[str]:
        names = ["forecast", *(f"q{level:g}" for level in self.levels)]
        steps = self.config.head_horizon
        columns = [name if steps == 1 else f"{name}_{step + 1}" for step in range(steps) for name in names]
        return [*(["series"] if self.reader.several else []), "reading", *(["flag"] if self.flag else []), *columns]

    def _row(self, line: Line, outside: str, answer: NextReadings) -> list[str]:
        columns = zip(answer.values, *answer.quantiles.values(), strict=True)
        stream = self.meters[line.series].stream
        digits = digits_for(stream.mean, stream.scale)
        numbers = [f"{value:.{digits}g}" for step in columns for value in step]
        of = [line.series] if self.reader.several else []
        return [*of, line.when or str(line.number), *([outside] if self.flag else []), *numbers]

    def _zoned(self, line: Line) -> Line:
        """The line; a time without a zone is what the clocks of --time_zone say, or those of training where they had a zone."""
        zone = self.reader.options.time_zone or (self.config.time_zone if self.config.zoned else None)
        if line.time is None or line.zone is not None or zone in (None, "UTC"):
            return line
        if not self.counts["zoned"]:
            trained = "" if self.reader.options.time_zone else ", as in training"
            self._tell("zoned", line, f"times without a zone are taken for those of {zone}{trained}")
        meter = self.meters.get(line.series)
        last = None if meter is None or meter.last is None else meter.last.item()
        local = line.time.item()
        assert isinstance(local, datetime)
        assert last is None or isinstance(last, datetime)
        moment = in_utc(local, str(zone), after=last)
        start = moment.replace(tzinfo=UTC).astimezone(zone_of(str(zone)))
        return line._replace(time=np.datetime64(moment, "s"), start=start, zone=zone)

    def _take(self, line: Line) -> str | None:
        """Reads a line into its stream; whether the reading is flagged, as a cell, or None for a line that is left out."""
        if (meter := self._meter(line)) is None:
            return None
        if meter.zoned is not None and line.time is not None and meter.zoned != (line.zone is not None):
            found, before = ("a time with a zone", "none") if line.zone else ("a time without a zone", "one")
            raise DataError(found, where=line.where, expected=f"as before, where they had {before}")
        arrival = meter.arrival(line.time)
        if arrival.kind != "next":
            self._tell(arrival.kind, line, _left_out(arrival, line, meter))
            return None
        if arrival.missing:
            readings = f"{arrival.missing:,} reading{' is' if arrival.missing == 1 else 's are'} missing before it"
            self._tell("missing", line, readings, count=arrival.missing)
        outside = meter.outside(line.value, arrival.missing)
        try:
            inputs = self.known.filled(line.inputs, line.series, line.time, meter.pushed)
            meter.take(line.value, inputs, line.time, arrival.missing)
        except DataError as error:
            raise DataError(str(error), where=line.where) from error
        meter.zoned = meter.zoned if line.time is None else line.zone is not None
        return "" if outside is None else str(int(outside))

    def _meter(self, line: Line) -> Meter | None:
        """That of the series of a line; None for one that is not known."""
        config = self.config
        if config.calendar and line.time is None and config.model == "plain":
            fix = "write lines of timestamp,value"
            raise DataError("no timestamp, and the model reads a calendar", where=line.where, fix=fix)
        if line.series not in self.meters:
            if line.series not in config.series:
                found = f"series {shorten(line.series)} was not in training, and is left out; give --history with it"
                self._tell("unknown", line, found)
                return None
            self.meters[line.series] = Meter(self.forecaster.stream(series=line.series, start=line.start), config)
        return self.meters[line.series]

    def _answer(self, line: Line) -> NextReadings | None:
        """The forecast behind the reading of a line."""
        meter, future = self.meters[line.series], None
        meter.answer = None
        if self.config.known_ahead:
            future = self.known.behind(line.series, line.time, meter.pushed - 1)
            if future is None:
                self._tell("future", line, "no forecast: what is known ahead does not reach so far")
                return None
        meter.answer = meter.stream.forecast(future=future)
        self.waiting += meter.answer is None
        return meter.answer

    # ---- what is told and kept

    def _tell(self, kind: str, line: Line, found: str, count: int = 1) -> None:
        self.counts[f"{kind} notes"] += 1
        self.counts[kind] += count
        if self.counts[f"{kind} notes"] <= SHOWN:
            print(f"note: line {line.number}: {found}", file=sys.stderr)

    def _sum_up(self) -> None:
        if self.waiting:
            note = f"no forecast after the first {self.waiting:,} readings: the model looks back further"
            print(f"note: {note}", file=sys.stderr)
        for kind, said in _KINDS.items():
            if self.counts[f"{kind} notes"] > SHOWN:
                print(f"note: in all {self.counts[kind]:,} {said}", file=sys.stderr)

    def _save(self, *, often: bool = True) -> None:
        if self.path is None or (not often and time.monotonic() - self.saved < SAVE_EVERY):
            return
        write_streams(self.path, self.forecaster, {name: meter.state() for name, meter in self.meters.items()})
        self.saved = time.monotonic()


def _left_out(arrival: Arrival, line: Line, meter: Meter) -> str:
    """Why a line is not read."""
    when, last = shorten(line.when), str(meter.last).replace("T", " ")
    return {
        "repeated": f"{when} was there before, and is left out",
        "late": f"{when} is not later than {last}, the newest reading, and is left out",
        "between": f"{when} lies between two readings ({meter.config.step}), and is left out",
        "far": f"{when} lies over {MOST_MISSING:,} readings after {last}, and is left out",
    }[arrival.kind]


def _lines(source: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a pipe with their numbers from 1, as UTF-8, whatever a terminal's encoding is.

    Raises:
        DataError: bytes that are no text.
    """
    for number, line in enumerate(source, start=1):
        try:
            yield number, line.decode()
        except UnicodeDecodeError as error:
            found = f"not UTF-8: byte 0x{line[error.start]:02X} at its place {error.start + 1}"
            fix = "re-encode it, as with: iconv -f windows-1252 -t utf-8"
            raise DataError(found, where=where_of(number), expected="text", fix=fix) from None
