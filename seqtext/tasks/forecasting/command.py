"""`seqtext forecast`: the readings to come, behind a file of past ones, or after each line of a pipe.

Files are read as the recipe reads them; a pipe is read a line at a time, and each line is answered before the next is awaited.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from tyro.conf import Positional, arg

from seqtext.data.reading.lines import LineError, Lines
from seqtext.errors import DataError, OptionsError, one_of, shorten
from seqtext.tasks.forecasting.settings import ForecastRequest
from seqtext.tasks.streams import Target, check_threads, keywords, open_target, standard_input

if TYPE_CHECKING:
    from seqtext.data.series.series import SeriesSet
    from seqtext.tasks.forecasting.forecaster import Forecast as Made
    from seqtext.tasks.forecasting.forecaster import Forecaster
    from seqtext.tasks.forecasting.stream import ForecastStream

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Forecast(ForecastRequest):
    """The next readings of each series of a file, or of a pipe as it comes."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    history: str | None = None
    """File of past readings: csv, tsv, jsonl or parquet, text formats also gzipped."""
    follow: bool = False
    """Read a pipe instead, one line per reading (value, or timestamp,value), and forecast after each."""
    output: str | None = None
    """csv file to write. Default: the terminal."""
    plot: str | None = None
    """Picture to draw: the end of the history and the forecast, png, svg or pdf."""
    time_column: str | None = None
    """Column of the timestamps; none if there are none. Default: recognised where there is no doubt."""
    value_column: tuple[str, ...] = ()
    """Column to forecast, or several, a series each. Default: those of training that are there, or the only one."""
    series_column: str | None = None
    """Column that names the series of each row."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are not ISO 8601."""
    repair: bool = False
    """Sort readings, average duplicates, fill gaps with missing readings, and say how many."""
    unit: str = ""
    """Unit of the readings, for the picture."""
    threads: int | None = None
    """CPU threads. Default: one with --follow, else as many as there are cores."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Forecasts."""
        self._check()
        from seqtext.nn.precision import set_threads
        from seqtext.tasks.saved import load_for

        set_threads(1 if self.follow and self.threads is None else self.threads)
        forecaster = load_for("forecast", self.run_folder)
        if self.follow:
            with open_target(None) as target:
                _Following(forecaster, self.decimal, self.missing).run(standard_input(), target)
            return
        history = self._read(forecaster)
        made = forecaster(
            [history.one(number) for number in range(len(history))],
            series=self._names(forecaster, history),
            start=None if history.first_times is None else list(history.first_times),
            inputs=None if history.inputs is None else _split(history),
            **keywords(self, ForecastRequest),
        )
        for note in history.notes:
            print(f"note: {note}", file=sys.stderr)
        self._write(history, made)
        if self.plot:
            _plot(history, made[0], self.plot, self.unit)

    def _check(self) -> None:
        check_threads(self.threads)
        if self.follow and (self.history or self.plot or self.output or self.horizon):
            raise OptionsError("--follow reads a pipe and answers on the terminal, as far ahead as the model was trained for",
                               fix="leave --history, --horizon, --output and --plot out")  # fmt: skip
        if not self.follow and self.history is None:
            raise OptionsError("no history", fix="give a file with --history, or a pipe with --follow")
        if self.plot:
            from seqtext.reporting.canvas import check_name

            check_name(self.plot, flag="--plot")

    def _read(self, forecaster: Forecaster) -> SeriesSet:
        """The history, of the frequency of training."""
        from seqtext.data.reading.sources import load_table
        from seqtext.data.series.table import read_series

        config = forecaster.config
        rows = load_table(str(self.history), flag="--history", expected="a file of readings")
        values = self.value_column
        if not values and self.series_column is None:
            values = tuple(name for name in config.series if name in rows.column_names)
        history = read_series(
            rows,
            time_column=self.time_column,
            value_columns=values,
            series_column=self.series_column,
            input_columns=config.input_names,
            decimal=self.decimal,
            missing=self.missing,
            time_format=self.time_format,
            repair=self.repair,
        )
        if None not in (history.frequency, config.frequency) and history.frequency != config.frequency:
            found, expected = (
                f"a reading every {history.frequency} s",
                f"every {config.frequency} s, as the model was trained on",
            )
            raise DataError(found, where=str(self.history), expected=expected)
        return history

    def _names(self, forecaster: Forecaster, history: SeriesSet) -> list[str]:
        """Whose scales to use: a model of one series knows only that one; otherwise names decide."""
        known = forecaster.config.series
        if len(known) == len(history) == 1:
            return list(known)
        if new := [name for name in history.names if name not in known]:
            print(f"note: not in training, scaled by their own history: {shorten(', '.join(new))}", file=sys.stderr)
        return list(history.names)

    def _write(self, history: SeriesSet, made: Sequence[Made]) -> None:
        """One row per reading: series, where there are several; time, or number of the step; forecast; quantiles."""
        with open_target(self.output) as target:
            csv.writer(target.file, lineterminator="\n").writerows(_rows(history, made))


def _rows(history: SeriesSet, made: Sequence[Made]) -> Iterator[list[Any]]:
    several = ["series"] if len(history) > 1 else []
    yield [
        *several,
        "step" if made[0].times is None else "time",
        "forecast",
        *(f"q{level:g}" for level in made[0].quantiles),
    ]
    for name, forecast in zip(history.names, made, strict=True):
        for step in range(len(forecast.values)):
            when = step + 1 if forecast.times is None else str(forecast.times[step]).replace("T", " ")
            numbers = [forecast.values[step], *(values[step] for values in forecast.quantiles.values())]
            yield [*([name] if several else []), when, *(f"{number:.8g}" for number in numbers)]


def _split(history: SeriesSet) -> list[Any]:
    assert history.inputs is not None
    return [history.inputs[a:b] for a, b in zip(history.starts[:-1], history.starts[1:], strict=True)]


def _plot(history: SeriesSet, made: Made, path: str, unit: str) -> None:
    """The first series."""
    import numpy as np

    from seqtext.tasks.forecasting.report.fan_chart import fan_chart

    values = history.one(0)
    places = np.arange(len(values))
    times = None if history.first_times is None else history.times_at(places)
    pairs = {level: quantile for level, quantile in made.quantiles.items() if round(1 - level, 6) in made.quantiles}
    fan_chart(times, values, made.times, made.values, path, quantiles=pairs, unit=unit)


class _Following:
    """Readings from a pipe, answered one by one."""

    def __init__(self, forecaster: Forecaster, decimal: str, missing: Sequence[str]) -> None:
        self.forecaster, self.decimal, self.missing = forecaster, decimal, {"", "nan", *map(str.lower, missing)}
        self.stream: ForecastStream | None = None
        self.last: Any = None  # time of the reading before

    def run(self, source: BinaryIO, target: Target) -> None:
        """Until the pipe ends. A first line without a number is taken for a header."""
        try:
            self._answer(source, target)
        except LineError as error:
            raise DataError(error.found, where=f"standard input, line {error.line}", fix=error.fix) from error

    def _answer(self, source: BinaryIO, target: Target) -> None:
        levels = self.forecaster.output.levels if self.forecaster.output.has_quantiles else ()
        steps = self.forecaster.config.head_horizon
        names = ["forecast", *(f"q{level:g}" for level in levels)]
        header = [name if steps == 1 else f"{name}_{step + 1}" for step in range(steps) for name in names]
        print(",".join(["reading", *header]), file=target.file)
        target.flush(0)
        waiting = 0
        for number, line in enumerate(Lines(source), start=1):
            cells = line.rstrip("\r\n").split("\t" if "\t" in line else ";" if self.decimal == "," else ",")
            value = self._value(cells[-1].strip())
            if value is None:
                if number == 1:
                    continue
                raise DataError(
                    f"found {shorten(cells[-1])}", where=f"standard input, line {number}", expected="a number"
                )
            answer = self._push(cells, value, number)
            if answer is None:
                waiting += 1
                continue
            columns = zip(answer.values, *answer.quantiles.values(), strict=True)
            numbers = [f"{value:.8g}" for step in columns for value in step]
            print(",".join([cells[0] if len(cells) > 1 else str(number), *numbers]), file=target.file)
            target.flush(1)
        if waiting:
            print(
                f"note: no forecast after the first {waiting:,} readings: the model looks back further", file=sys.stderr
            )

    def _value(self, cell: str) -> float | None:
        if cell.lower() in self.missing:
            return float("nan")
        plain = cell.replace(",", ".") if self.decimal == "," else cell
        return float(plain) if _NUMBER.fullmatch(plain) else None

    def _push(self, cells: list[str], value: float, number: int) -> Any:
        from seqtext.tasks.forecasting.histories import moment

        config = self.forecaster.config
        where, when = f"standard input, line {number}", None
        if len(cells) > 1 and config.frequency is not None:
            when = moment(cells[0].strip(), where)
            if self.last is not None and (when - self.last).astype(int) != config.frequency:
                expected = f"{config.frequency} s, the frequency of training"
                fix = "write nan for a reading that is missing"
                raise DataError(
                    f"{(when - self.last).astype(int)} s after the line before", where=where, expected=expected, fix=fix
                )
            self.last = when
        if config.calendar and when is None:
            fix = "write lines of timestamp,value"
            raise DataError("no timestamp, and the model reads a calendar", where=where, fix=fix)
        if self.stream is None:
            names = config.series
            if len(names) > 1:
                raise OptionsError(
                    f"the model knows {len(names)} series ({one_of(names)})", fix="follow with a model of one series"
                )
            self.stream = self.forecaster.stream(start=when)
        try:
            return self.stream.push(value)
        except DataError as error:
            raise DataError(str(error), where=where) from error
