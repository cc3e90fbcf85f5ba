"""Which readings `seqtext evaluate` has a forecaster forecast, and which lie before them. Knows files and series, no figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqtext.data.reading.sources import load_table
from seqtext.data.reading.table_options import table_of_readings
from seqtext.data.series.held_out import hold_out_last
from seqtext.data.series.options import VALIDATION_SHARE
from seqtext.data.series.series import Part, SeriesSet, split_by_time
from seqtext.data.series.splits import SeriesSplits, household_series
from seqtext.errors import DataError, did_you_mean, one_of, shorten
from seqtext.reporting.evaluation import load_measured
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.histories import check_step, read_as_trained
from seqtext.tasks.forecasting.remarks import of_clocks

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.tasks.forecasting.report.evaluate import Evaluate

HOUSEHOLD = "household"


class MeasuredSpans(NamedTuple):
    """What is forecast: spans of series, each with the readings before it, and what figures call them."""

    data: SeriesSplits
    source: str


def load_spans(task: Forecaster, options: Evaluate, rows: Any, *, horizon: int) -> MeasuredSpans:
    """The spans to forecast, each with the readings before it.

    Args:
        task: which forecasts them.
        options: of the command.
        rows: a table in the place of `--data`, or None.
        horizon: readings to forecast each time.

    Raises:
        DataError: readings that cannot be used, series that training did not have, or too few readings.
    """
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
    return MeasuredSpans(_with_windows(task, before, test, given, options, horizon), source)


def _read(rows: Dataset, task: Forecaster, options: Evaluate) -> SeriesSet:
    """The series of a table, once they are like those of training."""
    values: tuple[str, ...] = ()
    if options.series_column in ((), ("none",)):
        values = tuple(name for name in task.config.series if name in rows.column_names)
    series = read_as_trained(rows, options, task.config, value_columns=values, input_columns=task.config.input_names)
    return _as_trained(series, task)


def _as_trained(series: SeriesSet, task: Forecaster) -> SeriesSet:
    """The series under the names of training.

    Raises:
        DataError: another step of time, no times where the model reads a calendar, or a series that training did not have.
    """
    config = task.config
    check_step(series, config)
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
    middle = np.minimum(series.starts[:-1] + reach, series.starts[1:])
    before = np.stack([series.starts[:-1], middle], axis=1)
    return Part(series, before), Part(series, np.stack([middle, series.starts[1:]], axis=1))


def _with_windows(
    task: Forecaster, before: Part, test: Part, given: int, options: Evaluate, horizon: int
) -> SeriesSplits:
    """The spans in which a forecast fits, and a note about those in which none does.

    Args:
        task: which looks back and ahead.
        before: the readings before those to forecast.
        test: the readings to forecast.
        given: readings of the longest series that were given to forecast, the head of them too where that is the history.
        options: whose flags say what could help.
        horizon: readings to forecast each time.

    Raises:
        DataError: if none fits anywhere.
    """
    series, reach = test.series, task.config.reach
    fits = np.maximum(test.spans[:, 0], series.starts[:-1] + reach) + horizon <= test.spans[:, 1]
    if not fits.any() and given < horizon:
        fix = "give more of them" if options.test_share is None else "raise --test_share, or give more of them"
        expected = f"at least {horizon:,}, the horizon{'' if options.horizon else ' of the model'}"
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
