"""Histories as a user gives them, arrays or pandas Series, one or many, as a set of series. Knows a forecaster's config, no model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import SeriesSet
from seqtext.errors import DataError, shorten
from seqtext.tasks.forecasting.settings import ForecastConfig

FloatArray = NDArray[np.float64]


def is_many(history: Any) -> bool:
    """Whether a list of histories was given, and not one history as a list of numbers."""
    return isinstance(history, list | tuple) and bool(len(history)) and np.ndim(history[0]) > 0


def histories(history: Any, *, series: Any, inputs: Any, start: Any, config: ForecastConfig) -> SeriesSet:
    """Histories end to end.

    Args:
        history: (N,) readings, a pandas Series, or a list of such.
        series: name, or a list of names, or None.
        inputs: (N, E) further columns, or a list, or None.
        start: time of the first reading, or a list, or None; a pandas Series may bring it as its index.
        config: of the forecaster.

    Raises:
        DataError: what is no number, another frequency, times or further columns that are missing.
    """
    many = is_many(history)
    given = list(history) if many else [history]
    names, extra, starts = (
        list(item) if many and item is not None else [item] * len(given) for item in (series, inputs, start)
    )
    if not len(names) == len(extra) == len(starts) == len(given):
        raise DataError(f"{len(given)} histories", expected="as many names, inputs and starts as histories")
    values = [_numbers(item, config, f"history {number + 1}") for number, item in enumerate(given)]
    lengths = np.array([len(item) for item in values])
    first = [
        _start(item, begin, config, f"history {n + 1}")
        for n, (item, begin) in enumerate(zip(given, starts, strict=True))
    ]
    if config.calendar and any(time is None for time in first):
        fix = "give a pandas Series with a DatetimeIndex, or start=TIME"
        raise DataError("the history has no timestamps, and the model reads a calendar", fix=fix)
    return SeriesSet(
        names=tuple(_name(item, name, config) for item, name in zip(given, names, strict=True)),
        values=np.concatenate(values),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        first_times=None if any(time is None for time in first) else np.array(first, dtype="datetime64[s]"),
        frequency=config.frequency,
        inputs=_inputs(extra, lengths, config),
        input_names=config.input_names,
        name="the history",
    )


def _numbers(history: Any, config: ForecastConfig, where: str) -> FloatArray:
    """One history as float64, checked."""
    values = _floats(history, where)
    if values.ndim != 1:
        raise DataError(f"found shape {values.shape}", where=where, expected="one dimension, (N,)")
    check_missing(values, config, where)
    return values


def _floats(given: Any, where: str) -> FloatArray:
    """Numbers of any shape, all finite or NaN."""
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"found {shorten(given)}", where=where, expected="numbers") from error
    if np.isinf(values).any():
        reading = int(np.argwhere(np.isinf(values))[0][:1].sum()) + 1
        raise DataError("found inf", where=f"{where}, reading {reading}", expected="a number, or NaN where missing")
    return values


def check_missing(values: FloatArray, config: ForecastConfig, where: str, *, before: int = 0) -> None:
    """Refuses missing readings where the model has no input that marks them.

    Args:
        values: (N,), or (N, C) with further columns.
        config: of the forecaster.
        where: what messages call the readings.
        before: readings that come before these, which messages count too.

    Raises:
        DataError: naming the first one.
    """
    if config.marks_missing:
        return
    missing = np.isnan(values if values.ndim == 1 else values.sum(1))
    if missing.any():
        found = f"{int(missing.sum()):,} missing, the first at reading {before + int(missing.argmax()) + 1:,}"
        fix = "fill them, or train on a series that has missing readings too"
        raise DataError(found, where=where, expected="every reading: the model was trained without gaps", fix=fix)


def _name(history: Any, name: Any, config: ForecastConfig) -> str:
    """The series a history is of: as given, by the pandas Series, or the only one of training."""
    if name is not None:
        return str(name)
    own = getattr(history, "name", None)
    if len(config.series) == 1:
        return config.series[0]
    return str(own) if own is not None else ""


def _start(history: Any, start: Any, config: ForecastConfig, where: str) -> np.datetime64 | None:
    """The time of the first reading, if it is known."""
    if start is not None:
        return moment(start, f"{where}, start")
    index: Any = getattr(history, "index", None)
    if getattr(index, "tz", None) is not None:
        index = index.tz_convert(None)  # to UTC
    times = getattr(index, "values", None)
    if times is None or not len(times) or not np.issubdtype(times.dtype, np.datetime64):
        return None
    check_frequency(times.astype("datetime64[s]"), config, where)
    return np.datetime64(times[0], "s")


def moment(time: Any, where: str) -> np.datetime64:
    """A time as a user gives it: text as ISO 8601, a datetime, or numpy's; with an UTC offset it becomes UTC.

    Raises:
        DataError: what is no time.
    """
    try:
        known = datetime.fromisoformat(time) if isinstance(time, str) else time
        if isinstance(known, datetime) and known.tzinfo is not None:
            known = known.astimezone(UTC).replace(tzinfo=None)
        result = np.datetime64(known, "s")
    except (TypeError, ValueError) as error:
        raise DataError(f"found {shorten(time)}", where=where, expected="a time as ISO 8601") from error
    if np.isnat(result):
        raise DataError(f"found {shorten(time)}", where=where, expected="a time")
    return result


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
    for number, (item, length) in enumerate(zip(columns, lengths.tolist(), strict=True)):
        if item.shape != (length, len(config.input_names)):
            raise DataError(f"inputs of shape {item.shape}", expected=f"({length}, {len(config.input_names)}): {names}")
        check_missing(item, config, f"inputs of history {number + 1}")
    return np.concatenate(columns)
