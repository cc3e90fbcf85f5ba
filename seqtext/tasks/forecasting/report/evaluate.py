"""`seqtext evaluate` of a forecaster: errors, pinball loss and coverage on a later span or a new file, beside repeated readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from tyro.conf import arg

from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import DataError, did_you_mean, one_of, shorten
from seqtext.reporting.evaluation import EvaluateOptions, Measured, chosen_line, load_measured

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray

    from seqtext.data.series.series import Part, SeriesSet
    from seqtext.data.series.splits import SeriesSplits
    from seqtext.tasks.forecasting.forecaster import Forecaster
    from seqtext.tasks.forecasting.parts import PartForecasts

HOUSEHOLD = "household"


@dataclass(frozen=True, kw_only=True)
class Evaluate(SeriesTableOptions, EvaluateOptions):
    """Errors of forecasts in the units of the data: seqtext evaluate RUN --data new.csv --history old.csv

    Each forecast needs the readings before it. They are those of --history, or of the split train beside the one that is measured, or
    the head of the file itself."""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """A file (csv, tsv, txt, jsonl, parquet; packed), a folder, a data set on the hub, or household, the simulated load."""
    history: str | None = None
    """File of the readings before those of --data, in the same layout. Default: the head of the data, as long as the model looks back."""
    test_share: float | None = None
    """Forecast only this last share of each series; what is before it is history. 0.2 is what the recipe tests on."""

    def _faults(self) -> list[str]:
        faults = [*EvaluateOptions._faults(self), *SeriesTableOptions._faults(self)]
        if self.test_share is not None and not 0 < self.test_share < 1:
            faults.append(f"--test_share is {self.test_share}; expected between 0 and 1")
        if self.test_share is not None and self.history is not None:
            faults.append("--history and --test_share both say what is history; give one of them")
        if self.data == (HOUSEHOLD,) and (self.split or self.revision or self.data_config):
            faults.append("--split, --revision and --data_config are of data sets; household has none")
        return faults


class _Spans(NamedTuple):
    """What is forecast: spans of series, each with the readings before it, and what figures call them."""

    data: SeriesSplits
    source: str


def measure(task: Forecaster, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a forecaster.

    Args:
        task: to measure.
        options: of the command.
        given: a table in the place of `--data`, or None.

    Raises:
        DataError: readings that cannot be used, series that training did not have, or too few readings.
    """
    import numpy as np

    from seqtext.tasks.forecasting.remarks import of_part
    from seqtext.tasks.forecasting.report.drawings import hours_of_day
    from seqtext.tasks.forecasting.report.fitting import baselines_of, season_scales, seasons
    from seqtext.tasks.forecasting.report.metrics import ForecastMetrics, forecast_metrics, mae_by_hour
    from seqtext.tasks.forecasting.report.report import test_positions

    data, source = _load(task, options, given)
    series, horizon, notes = data.series, task.config.horizon, list(data.notes)
    first = _drawn(test_positions(task, data), options.max_rows)
    made = task.forecasts(data.test, first)
    number = series.series_at(first)
    season = season_scales(task, data)
    name, scales = (None, None) if season is None else (season[0], season[1][number])

    def metrics(values: NDArray[np.float64], quantiles: Mapping[float, NDArray[np.float64]]) -> ForecastMetrics:
        return forecast_metrics(made.true, values, scales=scales, series=number, season_name=name, quantiles=quantiles)

    model = metrics(made.values, made.quantiles)
    test: dict[str, Any] = {"windows": len(first), "horizon": horizon, **model.to_json()}
    if series.first_times is not None:
        hourly = mae_by_hour(made.true, made.values, hours_of_day(series, first, horizon))
        test["mae_by_hour"] = [None if np.isnan(error) else float(error) for error in hourly]
    if model.mase is None and seasons(task, data):
        notes.append("no MASE: fewer than two seasons lie before the first forecast; give more with --history FILE")
    baselines = {}
    for one in baselines_of(task, data, first, "fast", levels=tuple(made.quantiles)):
        baselines[one.name] = one.figures(metrics(one.predicted, one.quantiles or {}).to_json())
    about = {"source": source, "notes": notes, "warnings": of_part(data.test, task.config, "test")}
    return Measured({"test": test, "baselines": baselines, "data": about}, _predictions(series, first, made))


def _drawn(first: NDArray[np.int64], most: int | None) -> NDArray[np.int64]:
    """At most so many of some positions, drawn with a fixed key, in order."""
    import numpy as np

    from seqtext.batching.keyed_permutation import KeyedPermutation

    if most is None or most >= len(first):
        return first
    return first[np.sort(KeyedPermutation(len(first), 0)(np.arange(most)))]


def _predictions(series: SeriesSet, first: NDArray[np.int64], made: PartForecasts) -> Iterator[Mapping[str, Any]]:
    """One line per window: whose, from when on, what came and what was forecast."""
    numbers = series.series_at(first)
    times = None if series.first_times is None else series.times_at(first)
    for place, (number, at) in enumerate(zip(numbers.tolist(), first.tolist(), strict=True)):
        when = {"reading": at - int(series.starts[number]) + 1} if times is None else {"time": str(times[place])}
        line = {"series": series.names[number], **when, "true": _plain(made.true[place])}
        line |= {"forecast": _plain(made.values[place])}
        yield line | {f"q{level:g}": _plain(values[place]) for level, values in made.quantiles.items()}


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers for JSON, with 8 digits as forecasts are written; None where one is missing."""
    return [None if value != value else float(f"{value:.8g}") for value in values.tolist()]


# ---- which readings are forecast, and which are before them


def _load(task: Forecaster, options: Evaluate, rows: Any) -> _Spans:
    """The spans to forecast, each with the readings before it."""
    from seqtext.data.reading.sources import load_table
    from seqtext.data.reading.table_options import table_of_readings
    from seqtext.data.series.series import split_by_time
    from seqtext.data.series.splits import household_series

    earlier: SeriesSet | None = None
    if options.data == (HOUSEHOLD,):
        source, later = "the simulated household, kW", _as_trained(household_series(), task)
    else:
        found = load_measured(options, rows, *options.value_column, dialect=table_of_readings(options.dialect))
        source, later = found.source, _read(found.rows, task, options)
        if options.history is None and options.test_share is None and found.train is not None:
            earlier = _read(found.train, task, options)
    if options.history is not None:
        dialect = table_of_readings(options.dialect)
        rows = load_table(options.history, flag="--history", expected="a file of readings", dialect=dialect)
        earlier = _read(rows, task, options)
    given = int(later.lengths.max())
    if earlier is not None:
        _, before, test = earlier.join(later)
    elif options.test_share is not None:
        before, test = split_by_time(later, test_share=options.test_share)
        given = int((test.spans[:, 1] - test.spans[:, 0]).max())
    else:
        before, test = _behind_the_head(later, task.config.reach)
    return _Spans(_with_windows(task, before, test, given, options), source)


def _read(rows: Dataset, task: Forecaster, options: Evaluate) -> SeriesSet:
    """The series of a table, once they are like those of training."""
    from seqtext.data.series.table import read_table

    values: tuple[str, ...] = ()
    if options.series_column in ((), ("none",)):
        values = tuple(name for name in task.config.series if name in rows.column_names)
    series = read_table(rows, options, value_columns=values, input_columns=task.config.input_names)
    return _as_trained(series, task)


def _as_trained(series: SeriesSet, task: Forecaster) -> SeriesSet:
    """The series under the names of training.

    Raises:
        DataError: another step of time, no times where the model reads a calendar, or a series that training did not have.
    """
    from seqtext.tasks.forecasting.remarks import of_clocks

    config = task.config
    if None not in (series.frequency, config.frequency) and series.frequency != config.frequency:
        found, expected = (
            f"a reading every {series.frequency} s",
            f"every {config.frequency} s, as the model was trained on",
        )
        raise DataError(
            found, where=series.name, expected=expected, fix="give readings of that step, or train on these"
        )
    if config.calendar and series.first_times is None and config.model == "plain":
        found = "no timestamps, and the model reads a calendar"
        raise DataError(found, where=series.name, fix="name their column with --time_column")
    series = replace(series, notes=(*series.notes, *of_clocks([series.zone], config)))
    unknown = [name for name in series.names if name not in config.series]
    if unknown and len(series) == len(config.series) == 1:
        note = (
            f"{series.name}: series {shorten(unknown[0])} is taken for {shorten(config.series[0])}, the one of training"
        )
        return replace(series, names=config.series, notes=(*series.notes, note))
    if unknown:
        more = f" (nor were {len(unknown) - 1:,} more)" if len(unknown) > 1 else ""
        fix = did_you_mean(unknown[0], config.series) or "leave it out, or train on it"
        found = f"series {shorten(unknown[0])} was not in training{more}"
        raise DataError(found, where=series.name, expected=one_of(config.series), fix=fix)
    return series


def _behind_the_head(series: SeriesSet, reach: int) -> tuple[Part, Part]:
    """The first readings of each series, as many as the model looks back, and those behind them."""
    import numpy as np

    from seqtext.data.series.series import Part

    middle = np.minimum(series.starts[:-1] + reach, series.starts[1:])
    before = np.stack([series.starts[:-1], middle], axis=1)
    return Part(series, before), Part(series, np.stack([middle, series.starts[1:]], axis=1))


def _with_windows(task: Forecaster, before: Part, test: Part, given: int, options: Evaluate) -> SeriesSplits:
    """The spans in which a forecast fits, and a note about those in which none does.

    Args:
        task: which looks back and ahead.
        before: the readings before those to forecast.
        test: the readings to forecast.
        given: readings of the longest series that were given to forecast, the head of them too where that is the history.
        options: whose flags say what could help.

    Raises:
        DataError: if none fits anywhere.
    """
    import numpy as np

    from seqtext.data.series.options import VALIDATION_SHARE
    from seqtext.data.series.series import Part, hold_out_last
    from seqtext.data.series.splits import SeriesSplits

    series, reach, horizon = test.series, task.config.reach, task.config.horizon
    fits = np.maximum(test.spans[:, 0], series.starts[:-1] + reach) + horizon <= test.spans[:, 1]
    if not fits.any() and given < horizon:
        fix = "give more of them" if options.test_share is None else "raise --test_share, or give more of them"
        expected = f"at least {horizon:,}, the horizon of the model"
        raise DataError(f"{given:,} readings to forecast", where=series.name, expected=expected, fix=fix)
    if not fits.any():
        found = f"{series.lengths.max():,} readings in the longest series"
        expected = f"at least {reach + horizon:,}: {reach:,} that the model looks back, and {horizon:,} to forecast"
        fix = "give more readings before them with --history FILE"
        fix += "" if options.test_share is None else ", instead of --test_share"
        raise DataError(found, where=series.name, expected=expected, fix=fix)
    short = int((~fits).sum())
    notes = (f"{short:,} of {len(series):,} series are too short to forecast",) if short else ()
    earlier = Part(series, before.spans[fits])
    # By its errors quantiles of baselines are made, as in training.
    train, held = hold_out_last(earlier, share=VALIDATION_SHARE, least=2 * horizon if horizon > 1 else 1)
    if len(train.spans) < len(earlier.spans):  # a series of one reading before the test
        train = held = earlier
    return SeriesSplits(series, train, held, Part(series, test.spans[fits]), (*series.notes, *notes))


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a forecaster's report or evaluation found, as lines to print."""
    test = figures["test"]
    ahead = f"{test['horizon']:,} step{'' if test['horizon'] == 1 else 's'} ahead, {test['windows']:,} windows"
    yield f"tested on {figures['data']['source']}, {ahead}: {_errors(test)}"
    yield from (f"  {name}: {_errors(one)}" for name, one in figures["baselines"].items())
    if (interval := test["interval"]) is not None:
        holds = f"holds {interval['coverage']:.1%} of the values, {interval['nominal']:.0%} wanted"
        yield f"  the interval {holds}; it is {interval['width']:.4g} wide"
    yield from chosen_line(figures)


def _errors(figures: Mapping[str, Any]) -> str:
    mase = "" if figures["mase"] is None else f", MASE {figures['mase']:.3f}"
    pinball = "" if figures["pinball"] is None else f", pinball {figures['pinball']:.5g}"
    return f"MSE {figures['mse']:.5g}, MAE {figures['mae']:.5g}{mase}{pinball}"
