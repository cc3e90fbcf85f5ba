"""Histories as a user gives them, arrays, pandas or polars, one or many, as a set of series. Knows a forecaster's config, no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.calendar_steps import CalendarDates, calendar_dates, dates_from
from seqtext.data.series.frequencies import flag_of, step_of
from seqtext.data.series.series import SeriesSet
from seqtext.data.series.table import read_table
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import DataError, shorten
from seqtext.tasks.forecasting.given import (
    FloatArray,
    floats_in,
    frame_rows,
    index_times,
    is_wide,
    numbers_in,
    own_name,
    read_frame,
    zoned_moment,
)
from seqtext.tasks.forecasting.remarks import of_another_name
from seqtext.tasks.forecasting.settings import ForecastConfig


class Histories(NamedTuple):
    """Histories end to end.

    Attributes:
        series: of them.
        zones: (S,) that the times of each were given in; None where they had none.
        remarks: what the user should know of them.
        many: whether several were asked for.
        ahead: readings behind each history of which further columns are known, and nothing else.
    """

    series: SeriesSet
    zones: tuple[str | None, ...]
    remarks: tuple[str, ...] = ()
    many: bool = False
    ahead: int = 0


def histories(history: Any, *, series: Any, inputs: Any, start: Any, config: ForecastConfig) -> Histories:
    """Histories end to end.

    Args:
        history: (N,) readings, a pandas or polars Series, a frame of columns, or a list of arrays and Series.
        series: name, or a list of names, or None.
        inputs: (N, E) further columns, or a list, or None.
        start: time of the first reading, or a list, or None; a pandas Series may bring it as its index.
        config: of the forecaster.

    Raises:
        DataError: what is no number, another frequency, times or further columns that are missing.
    """
    if getattr(history, "columns", None) is not None:
        if any(item is not None for item in (series, inputs, start)):
            fix = "give one column of it, such as frame['load'], or let the frame have them"
            raise DataError("found a frame, and names, inputs or a start beside it", where="the history", fix=fix)
        return of_frame(history, config)
    many = isinstance(history, list | tuple) and bool(len(history)) and np.ndim(history[0]) > 0
    given = list(history) if many else [history]
    names, extra, starts = (
        list(item) if many and item is not None else [item] * len(given) for item in (series, inputs, start)
    )
    if not len(names) == len(extra) == len(starts) == len(given):
        raise DataError(f"{len(given)} histories", expected="as many names, inputs and starts as histories")
    values = [numbers_in(item, f"history {number + 1}") for number, item in enumerate(given)]
    for number, item in enumerate(values):
        if len(item) and np.isnan(item).all():
            raise DataError(f"history {number + 1} has no reading, all are missing", expected="one reading at least")
    lengths = np.array([len(item) for item in values])
    first = [
        _start(item, begin, config, f"history {n + 1}")
        for n, (item, begin) in enumerate(zip(given, starts, strict=True))
    ]
    dates = _dates(given, [time for time, _ in first], config)
    untimed = dates is not None or any(time is None for time, _ in first)
    check_calendar(not untimed, config)
    own = [own_name(item) for item in given]
    unsaid = [name for name, said in zip(own, names, strict=True) if said is None]
    remarks = dict.fromkeys(remark for name in unsaid for remark in of_another_name(name, config))
    remarks |= dict.fromkeys(without_calendar(not untimed, config))
    made = SeriesSet(
        names=tuple(_name(name, said, config) for name, said in zip(own, names, strict=True)),
        values=np.concatenate(values),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        first_times=None if untimed else np.array([time for time, _ in first], dtype="datetime64[s]"),
        frequency=config.frequency,
        dates=dates,
        inputs=_inputs(extra, lengths, config),
        input_names=config.input_names,
        name="the history",
    )
    return Histories(made, tuple(zone for _, zone in first), tuple(remarks), many)


def without_calendar(timed: bool, config: ForecastConfig) -> list[str]:
    """What is to be told of readings without times, where the model has a calendar and can do without it."""
    if timed or not config.calendar or config.model == "plain":
        return []
    return [
        "the history has no timestamps, so the calendar is left out, and the forecast is worse for it; give start=TIME"
    ]


def read_as_trained(
    rows: Any,
    options: SeriesTableOptions,
    config: ForecastConfig,
    *,
    value_columns: Sequence[str] = (),
    input_columns: Sequence[str] = (),
) -> SeriesSet:
    """The series of a table; times without a zone are what the clocks of training say, where those had one.

    Raises:
        DataError: as `read_series`.
    """
    read = partial(read_table, rows, value_columns=value_columns, input_columns=input_columns, trained=True)
    zone = config.time_zone if config.zoned and options.time_zone is None else None
    try:
        series = read(options)
    except DataError:  # clocks may have been changed between the readings
        if zone in (None, "UTC"):
            raise
    else:
        if series.first_times is None or series.zone is not None or zone in (None, "UTC"):
            return series
    zoned = read(replace(options, time_zone=zone))
    note = f"{zoned.name}: times without a zone are taken for those of {zone}, as in training"
    return replace(zoned, notes=(*zoned.notes, note))


def check_step(series: SeriesSet, config: ForecastConfig) -> None:
    """Refuses readings that are not as far apart as those of training, where both say how far; a month is not so many seconds.

    Raises:
        DataError: for such.
    """
    if not config.timed or not series.timed or (series.frequency, series.months) == (config.frequency, config.months):
        return
    finer = None not in (series.frequency, config.frequency) and (config.frequency or 0) % (series.frequency or 1) == 0
    average = f"; in a file --frequency {flag_of(config.frequency or 0)} averages finer ones" if finer else ""
    expected, fix = f"{config.step}, as the model was trained on", "give readings of that step, or train on these"
    raise DataError(series.step, where=series.name, expected=expected, fix=f"{fix}{average}")


def check_calendar(timed: bool, config: ForecastConfig) -> None:
    """Refuses readings without times where the model reads a calendar.

    Raises:
        DataError: for such.
    """
    if config.calendar and not timed and config.model == "plain":
        fix = "give a pandas Series with a DatetimeIndex, or start=TIME"
        raise DataError("the history has no timestamps, and the model reads a calendar", fix=fix)


def of_series(series: SeriesSet, config: ForecastConfig) -> Histories:
    """The series of a table as histories, under the name of training where model and table have one each.

    Raises:
        DataError: another frequency than that of training, or no times where the model reads a calendar.
    """
    check_step(series, config)
    check_calendar(series.first_times is not None, config)
    remarks = []
    if len(config.series) == len(series) == 1:
        remarks = of_another_name(series.names[0], config)
        series = replace(series, names=config.series)
    elif new := [name for name in series.names if name not in config.series]:
        remarks = [f"not in training, scaled by their own history: {shorten(', '.join(new))}"]
    remarks = [*remarks, *without_calendar(series.first_times is not None, config)]
    return Histories(series, (series.zone,) * len(series), tuple(remarks), many=True)


def of_frame(frame: Any, config: ForecastConfig) -> Histories:
    """A frame of pandas or polars, read as a table is: the columns of training, or what can only be meant.

    Raises:
        DataError: as `read_series`, and as `of_series`.
    """
    data = frame_rows(frame)
    values = [name for name in config.series if name in data.column_names]

    def series_of(options: SeriesTableOptions) -> SeriesSet:
        known = () if options.series_column else values
        return read_as_trained(data, options, config, value_columns=known, input_columns=config.input_names)

    many = len(config.series) > 1
    wide = many and not config.input_names and is_wide(frame)
    read = of_series(read_frame(data, series_of, wide=wide, known=config.series if many else ()), config)
    return read._replace(many=len(read.series) > 1)


def _name(own: str, said: Any, config: ForecastConfig) -> str:
    """The series a history is of: as said, the only one of training, or as it calls itself."""
    if said is not None:
        return str(said)
    return config.series[0] if len(config.series) == 1 else own


def _start(history: Any, start: Any, config: ForecastConfig, where: str) -> tuple[np.datetime64 | None, str | None]:
    """The time of the first reading, in UTC where it has a zone, and that zone; as far as they are known."""
    if start is not None:
        return zoned_moment(start, f"{where}, start")
    moments = index_times(getattr(history, "index", None), f"{where}, index")
    if moments is None or not len(moments.times):
        return None, None
    check_frequency(moments.times, config, where)
    return moments.times[0], moments.zone


def _dates(given: Sequence[Any], first: Sequence[np.datetime64 | None], config: ForecastConfig) -> CalendarDates | None:
    """When the readings of histories are that follow each other by the calendar, a month apart, say, as those of training where these did.

    Raises:
        DataError: times of another step.
    """
    begins = [time for time in first if time is not None]
    if config.frequency is not None or len(begins) < len(given):
        return None
    moments = [index_times(getattr(item, "index", None), "the history, index") for item in given]
    known = [one.times for one in moments if one is not None and len(one.times) > 1]
    if not known:
        return None if config.months is None else dates_from(np.array(begins, dtype="datetime64[s]"), config.months)
    dates = calendar_dates(known)
    if config.months is not None and (dates is None or dates.months != config.months):
        found = "readings at other distances" if dates is None else step_of(None, dates.months)
        raise DataError(found, where="the history, index", expected=f"{config.step}, as the model was trained on")
    return dates if len(known) == len(given) else None


def check_frequency(times: NDArray[np.datetime64], config: ForecastConfig, where: str) -> None:
    """Refuses times that are not those of a series like the ones of training.

    Raises:
        DataError: naming the first reading that is not at its time.
    """
    if config.frequency is None or len(times) < 2:
        return
    between = np.diff(times).astype("timedelta64[s]").astype(np.int64)
    wrong = np.flatnonzero(between != config.frequency)
    if len(wrong):
        row = int(wrong[0])
        found = f"reading {row + 2} comes {between[row]:,} s after the one before"
        raise DataError(found, where=where, expected=f"{config.frequency:,} s, the frequency of training")


def _inputs(extra: Sequence[Any], lengths: NDArray[np.int64], config: ForecastConfig) -> FloatArray | None:
    """(N, E) of all histories, checked."""
    if not config.input_names:
        return None
    names = ", ".join(config.input_names)
    if any(item is None for item in extra):
        raise DataError("no inputs given", expected=f"the columns {names} beside each history")
    columns = [floats_in(item, f"inputs of history {number + 1}") for number, item in enumerate(extra)]
    columns = [item[:, None] if item.ndim == 1 else item for item in columns]
    for item, length in zip(columns, lengths.tolist(), strict=True):
        if item.shape != (length, len(config.input_names)):
            raise DataError(f"inputs of shape {item.shape}", expected=f"({length}, {len(config.input_names)}): {names}")
    return np.concatenate(columns)
