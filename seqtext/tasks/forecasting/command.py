"""`seqtext forecast`: the readings to come, behind a file of past ones, or after each line of a pipe.

Files are read as the recipe reads them; what a line of a pipe is, `following` knows.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from seqtext.data.reading.table_options import TableOptions, table_of_readings
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import OptionsError, raise_together
from seqtext.tasks.forecasting.request import ForecastRequest
from seqtext.tasks.forecasting.written import digits_for
from seqtext.tasks.streams import check_threads, keywords, standard_input
from seqtext.tasks.targets import open_target

if TYPE_CHECKING:
    from seqtext.data.series.series import SeriesSet
    from seqtext.tasks.forecasting.calling import Forecast as Made
    from seqtext.tasks.forecasting.forecaster import Forecaster


@dataclass(frozen=True, kw_only=True)
class Forecast(SeriesTableOptions, ForecastRequest, TableOptions):
    """The next readings of each series of a file, or of a pipe as it comes."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    history: str | None = None
    """Past readings (before the first line of --follow): a file (csv, tsv, txt, jsonl, tsf, packed; parquet), a folder, a hub data set."""
    future: str | None = None
    """File with what is known ahead: times, and the columns that the model was trained with as --future_columns."""
    split: str | None = None
    """Split of a data set that has several. Default: train."""
    follow: bool = False
    """Read a pipe, one line per reading (value; timestamp,value; series,timestamp,value; then further columns), and forecast after each."""
    save_state: str | None = None
    """With --follow: file that keeps where the pipe was, every 10 seconds and at its end. If it is there, it is taken up from it."""
    flag: bool = False
    """With --follow: say of each reading whether it lies outside the band that 99 % of them lie in, by the forecast before it."""
    output: str | None = None
    """csv file to write. Default: the terminal."""
    plot: str | None = None
    """Picture to draw: the end of the history and the forecast, png, svg or pdf."""
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
        from seqtext.tasks.forecasting.remarks import printed_as_notes
        from seqtext.tasks.saved import load_for

        set_threads(1 if self.follow and self.threads is None else self.threads)
        forecaster = load_for("forecast", self.run_folder)
        with printed_as_notes():
            if self.follow:
                self._follow(forecaster)
            else:
                self._forecast(forecaster)

    def _follow(self, forecaster: Forecaster) -> None:
        from seqtext.tasks.forecasting.following import Following
        from seqtext.tasks.forecasting.histories import of_series
        from seqtext.tasks.forecasting.remarks import tell

        future = self._read_future(forecaster)
        path = None if self.save_state is None else Path(self.save_state).expanduser()
        following = Following(forecaster, self, future=future, flag=self.flag, state=path)
        if following.take_up():
            if self.history is not None:
                print(f"note: {self.save_state} is taken up, and --history is left unread", file=sys.stderr)
        elif self.history is not None:
            given = of_series(self._read(forecaster), forecaster.config)
            tell(given.remarks)
            following.warm_up(given.series)
        with open_target(None) as target:
            following.run(standard_input(), target)

    def _forecast(self, forecaster: Forecaster) -> None:
        from seqtext.tasks.forecasting.ahead import with_ahead
        from seqtext.tasks.forecasting.histories import of_series
        from seqtext.tasks.forecasting.scaled_series import scales_for

        history = self._read(forecaster)
        request = ForecastRequest(**keywords(self, ForecastRequest))
        steps = forecaster.config.horizon if request.horizon is None else request.horizon
        future = self._read_future(forecaster)
        given = with_ahead(of_series(history, forecaster.config), future, steps, forecaster.config)
        made = forecaster.behind(given, request)
        for note in (*history.notes, *(() if future is None else future.notes)):
            print(f"note: {note}", file=sys.stderr)
        scales = zip(*scales_for(given.series, forecaster.config), strict=True)
        self._write(history, made, [digits_for(float(mean), float(scale)) for mean, scale in scales])
        if self.plot:
            _plot(history, made[0], self.plot, self.unit)

    def _check(self) -> None:
        check_threads(self.threads)
        if self.follow and (self.plot or self.output or self.horizon):
            raise OptionsError("--follow reads a pipe and answers on the terminal, as far ahead as the model was trained for",
                               fix="leave --horizon, --output and --plot out")  # fmt: skip
        if not self.follow and (self.save_state or self.flag):
            raise OptionsError("--save_state and --flag are of a pipe", fix="add --follow, or leave them out")
        if not self.follow and self.history is None:
            raise OptionsError("no history", fix="give a file with --history, or a pipe with --follow")
        raise_together(self.table_faults())
        if self.plot:
            from seqtext.reporting.canvas import check_name

            check_name(self.plot, flag="--plot")

    def _read(self, forecaster: Forecaster) -> SeriesSet:
        """The history, of the columns of training that are there, or what can only be meant."""
        from seqtext.data.reading.sources import load_table
        from seqtext.tasks.forecasting.histories import read_as_trained

        config = forecaster.config
        rows = load_table(
            str(self.history),
            flag="--history",
            expected="a file of readings",
            split=self.split,
            dialect=table_of_readings(self.dialect),
        )
        values: tuple[str, ...] = ()
        if self.series_column in ((), ("none",)):
            values = tuple(name for name in config.series if name in rows.column_names)
        return read_as_trained(rows, self, config, value_columns=values, input_columns=config.input_names)

    def _read_future(self, forecaster: Forecaster) -> SeriesSet | None:
        """What is known ahead, of the same columns as in training."""
        from seqtext.data.reading.sources import load_table
        from seqtext.tasks.forecasting.ahead import read_ahead

        if self.future is None:
            return None
        dialect = table_of_readings(self.dialect)
        rows = load_table(self.future, flag="--future", expected="a file of columns known ahead", dialect=dialect)
        return read_ahead(rows, self, forecaster.config)

    def _write(self, history: SeriesSet, made: Sequence[Made], digits: Sequence[int]) -> None:
        """One row per reading: series, where there are several; time, or number of the step; forecast; quantiles."""
        with open_target(self.output, self.history, self.future) as target:
            csv.writer(target.file, lineterminator="\n").writerows(_rows(history, made, digits))


def _rows(history: SeriesSet, made: Sequence[Made], digits: Sequence[int]) -> Iterator[list[Any]]:
    several = ["series"] if len(history) > 1 else []
    yield [
        *several,
        "step" if made[0].times is None else "time",
        "forecast",
        *(f"q{level:g}" for level in made[0].quantiles),
    ]
    for name, forecast, most in zip(history.names, made, digits, strict=True):
        for step in range(len(forecast.values)):
            when = step + 1 if forecast.times is None else str(forecast.times[step]).replace("T", " ")
            numbers = [forecast.values[step], *(values[step] for values in forecast.quantiles.values())]
            yield [*([name] if several else []), when, *(f"{number:.{most}g}" for number in numbers)]


def _plot(history: SeriesSet, made: Made, path: str, unit: str) -> None:
    """The first series."""
    from seqtext.tasks.forecasting.report.fan_chart import fan_chart

    values = history.one(0)
    times = history.times_behind(0, len(values), ahead=len(values))
    pairs = {level: quantile for level, quantile in made.quantiles.items() if round(1 - level, 6) in made.quantiles}
    fan_chart(times, values, history.times_behind(0, len(made.values)), made.values, path, quantiles=pairs, unit=unit)
