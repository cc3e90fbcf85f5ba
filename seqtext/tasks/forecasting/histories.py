"""Histories as a user gives them, arrays, pandas or polars, one or many, as a set of series. Knows a forecaster's config, no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.moments import Cells, Moments, offset_name
from seqtext.data.reading.timestamps import moments_of
from seqtext.data.series.series import SeriesSet
from seqtext.errors import DataError, shorten
from seqtext.tasks.forecasting.remarks import of_another_name
from seqtext.tasks.forecasting.settings import ForecastConfig

FloatArray = NDArray[np.float64]
LARGEST = 1e150  # beyond it a square is infinite


class Histories(NamedTuple):
    """Histories end to end.

    Attributes:
        series: of them.
        zones: (S,) that the times of each were given in; None where they had none.
        remarks: what the user should know of them.
        many: whether several were asked for.
    """

    series: SeriesSet
    zones: tuple[str | None, ...]
    remarks: tuple[str, ...] = ()
    many: bool = False


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
    values = [_numbers(item, f"history {number + 1}") for number, item in enumerate(given)]
    lengths = np.array([len(item) for item in values])
    first = [
        _start(item, begin, config, f"history {n + 1}")
        for n, (item, begin) in enumerate(zip(given, starts, strict=True))
    ]
    untimed = any(time is None for time, _ in first)
    check_calendar(not untimed, config)
    own = [_own_name(item) for item in given]
    unsaid = [name for name, said in zip(own, names, strict=True) if said is None]
    remarks = dict.fromkeys(remark for name in unsaid for remark in of_another_name(name, config))
    made = SeriesSet(
        names=tuple(_name(name, said, config) for name, said in zip(own, names, strict=True)),
        values=np.concatenate(values),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        first_times=None if untimed else np.array([time for time, _ in first], dtype="datetime64[s]"),
        frequency=config.frequency,
        inputs=_inputs(extra, lengths, config),
        input_names=config.input_names,
        name="the history",
    )
    return Histories(made, tuple(zone for _, zone in first), tuple(remarks), many)


def check_calendar(timed: bool, config: ForecastConfig) -> None:
    """Refuses readings without times where the model reads a calendar.

    Raises:
        DataError: for such.
    """
    if config.calendar and not timed:
        fix = "give a pandas Series with a DatetimeIndex, or start=TIME"
        raise DataError("the history has no timestamps, and the model reads a calendar", fix=fix)


def of_series(series: SeriesSet, config: ForecastConfig) -> Histories:
    """The series of a table as histories, under the name of training where model and table have one each.

    Raises:
        DataError: another frequency than that of training, or no times where the model reads a calendar.
    """
    if None not in (series.frequency, config.frequency) and series.frequency != config.frequency:
        found = f"a reading every {series.frequency} s"
        expected = f"every {config.frequency} s, as the model was trained on"
        raise DataError(found, where=series.name, expected=expected)
    check_calendar(series.first_times is not None, config)
    remarks = []
    if len(config.series) == len(series) == 1:
        remarks = of_another_name(series.names[0], config)
        series = replace(series, names=config.series)
    elif new := [name for name in series.names if name not in config.series]:
        remarks = [f"not in training, scaled by their own history: {shorten(', '.join(new))}"]
    return Histories(series, (series.zone,) * len(series), tuple(remarks), many=True)


def of_frame(frame: Any, config: ForecastConfig) -> Histories:
    """A frame of pandas or polars, read as a table is: the columns of training, or what can only be meant.

    Raises:
        DataError: as `read_series`, and as `of_series`.
    """
    import datasets
    import pyarrow as pa

    from seqtext.data.series.table import read_series

    if (to_arrow := getattr(frame, "to_arrow", None)) is not None:
        table = to_arrow()
    else:
        if type(frame.index).__name__ in ("DatetimeIndex", "PeriodIndex"):
            frame = frame.copy(deep=False)
            frame.index = getattr(frame.index, "to_timestamp", lambda: frame.index)()
            frame = frame.reset_index(names="time" if frame.index.name is None else frame.index.name)
        table = pa.Table.from_pandas(frame.rename(columns=str), preserve_index=False)
    data = datasets.Dataset(table.replace_schema_metadata(None), info=datasets.DatasetInfo(dataset_name="the history"))
    values = [name for name in config.series if name in data.column_names]
    read = of_series(read_series(data, value_columns=values, input_columns=config.input_names), config)
    return read._replace(many=len(read.series) > 1)


def _numbers(history: Any, where: str) -> FloatArray:
    """One history as float64, checked."""
    values = _floats(history, where)
    if values.ndim != 1:
        raise DataError(f"found shape {values.shape}", where=where, expected="one dimension, (N,)")
    return values


def _floats(given: Any, where: str) -> FloatArray:
    """Numbers of any shape, all finite or NaN."""
    try:
        if (there := getattr(given, "notna", None)) is not None:  # pandas has several marks of what is missing
            given = given.astype(object).where(there(), np.nan)
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"found {shorten(given)}", where=where, expected="numbers") from error
    wrong = np.abs(values) > LARGEST
    if wrong.any():
        reading = int(np.argwhere(wrong)[0][:1].sum()) + 1
        found = f"found {values[wrong][0]:g}"
        expected = "a number, or NaN where missing" if np.isinf(values[wrong][0]) else f"at most {LARGEST:g}"
        raise DataError(found, where=f"{where}, reading {reading}", expected=expected)
    return values


def _own_name(history: Any) -> str:
    """What a Series of pandas or polars calls itself; "" for what has no name."""
    own = getattr(history, "name", None)
    return "" if own is None else str(own)


def _name(own: str, said: Any, config: ForecastConfig) -> str:
    """The series a history is of: as said, the only one of training, or as it calls itself."""
    if said is not None:
        return str(said)
    return config.series[0] if len(config.series) == 1 else own


def _start(history: Any, start: Any, config: ForecastConfig, where: str) -> tuple[np.datetime64 | None, str | None]:
    """The time of the first reading, in UTC where it has a zone, and that zone; as far as they are known."""
    if start is not None:
        return zoned_moment(start, f"{where}, start")
    moments = _index_times(getattr(history, "index", None), f"{where}, index")
    if moments is None or not len(moments.times):
        return None, None
    check_frequency(moments.times, config, where)
    return moments.times[0], moments.zone


def _index_times(index: Any, where: str) -> Moments | None:
    """The times of a pandas index; None for one that counts, or of what is no pandas Series.

    Raises:
        DataError: an index that is neither times nor numbers.
    """
    if index is None or callable(index):
        return None
    if (to_timestamp := getattr(index, "to_timestamp", None)) is not None:
        index = to_timestamp()
    zone = getattr(index, "tz", None)
    if zone is not None:
        index = index.tz_convert(None)  # to UTC
    values = np.asarray(index)
    if np.issubdtype(values.dtype, np.datetime64):
        times = values.astype("datetime64[s]")
        if np.isnat(times).any():
            found = f"reading {int(np.isnat(times).argmax()) + 1} has no time"
            raise DataError(found, where=where, expected="the time of each reading")
        return Moments(times, [], None if zone is None else zone_name(zone))
    if np.issubdtype(values.dtype, np.number) or not len(values):
        return None
    return _text_times(values, where)


def _text_times(values: NDArray[Any], where: str) -> Moments:
    import pyarrow as pa

    place = Cells(where, lambda row: f"{where}, reading {row + 1}")
    try:
        cells = pa.chunked_array([pa.array(values.tolist())])
        return moments_of(cells, place)
    except (pa.ArrowException, DataError) as error:
        fix = "give an index of times, pandas.to_datetime(index), or none: series.to_numpy()"
        told = (
            str(error).split("; expected")[0]
            if isinstance(error, DataError)
            else f"{where}: found {shorten(values[0])}"
        )
        raise DataError(told, expected="times", fix=fix) from None


def zone_name(zone: tzinfo) -> str:
    """A zone by its name, or by its offset where it has no other."""
    offset = zone.utcoffset(None) if isinstance(zone, timezone) else None
    return str(zone) if offset is None else offset_name(int(offset.total_seconds()))


def zoned_moment(time: Any, where: str) -> tuple[np.datetime64, str | None]:
    """A time as a user gives it, text as ISO 8601, a datetime, or numpy's, in UTC where it has a zone; and that zone.

    Raises:
        DataError: what is no time.
    """
    zone = None
    try:
        known = datetime.fromisoformat(time) if isinstance(time, str) else time
        if isinstance(known, datetime) and known.tzinfo is not None:
            zone = zone_name(known.tzinfo)
            known = known.astimezone(UTC).replace(tzinfo=None)
        result = np.datetime64(known, "s")
    except (TypeError, ValueError) as error:
        raise DataError(f"found {shorten(time)}", where=where, expected="a time as ISO 8601") from error
    if np.isnat(result):
        raise DataError(f"found {shorten(time)}", where=where, expected="a time")
    return result, zone


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
    columns = [_floats(item, f"inputs of history {number + 1}") for number, item in enumerate(extra)]
    columns = [item[:, None] if item.ndim == 1 else item for item in columns]
    for item, length in zip(columns, lengths.tolist(), strict=True):
        if item.shape != (length, len(config.input_names)):
            raise DataError(f"inputs of shape {item.shape}", expected=f"({length}, {len(config.input_names)}): {names}")
    return np.concatenate(columns)
