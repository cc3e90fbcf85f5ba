"""What a user gives as readings, from lists to frames of pandas and polars: their numbers, times, zones and names. Knows no config."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timezone, tzinfo
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.moments import Cells, Moments, offset_name
from seqtext.data.reading.timestamps import moments_of
from seqtext.data.rows.given import as_rows
from seqtext.data.series.calendar_steps import calendar_dates, follows
from seqtext.data.series.even_grid import regular
from seqtext.data.series.series import Part, SeriesSet, whole
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets

FloatArray = NDArray[np.float64]
_TIMED = ("DatetimeIndex", "PeriodIndex")
LARGEST = 1e150  # beyond it a square is infinite


def as_part(given: Any) -> Part:
    """Readings to train on, or to be measured on, whole: a part or set of series as it is, one history, or a frame of columns.

    Args:
        given: a `Part`, a `SeriesSet`, (N,) numbers, a pandas or polars Series, a frame as `read_series` takes a table, or a data set.

    Raises:
        DataError: what is no reading, or at no even times.
    """
    if isinstance(given, Part):
        return given
    if isinstance(given, SeriesSet):
        return whole(given)
    columns = getattr(given, "column_names", None)
    if columns is not None or getattr(given, "columns", None) is not None:
        from seqtext.data.series.table import read_table

        rows = given if columns is not None else frame_rows(given)
        return whole(read_frame(rows, lambda options: read_table(rows, options), wide=is_wide(given)))
    values, moments = (
        numbers_in(given, "the readings"),
        index_times(getattr(given, "index", None), "the readings, index"),
    )
    series = SeriesSet((own_name(given) or "series",), values, np.array([0, len(values)]), name="the readings")
    if np.isnan(values).all():
        raise DataError("no reading", where=series.name, expected="one at least")
    if moments is None:
        return whole(series)
    if (dates := calendar_dates([moments.times])) is not None:
        return whole(replace(series, dates=dates, notes=(follows(dates, series.name),)))
    grid = regular(moments.times, values[None], repair=False, where=series.name, column="index")
    first = np.array([grid.first_time], dtype="datetime64[s]")
    return whole(replace(series, first_times=first, frequency=grid.frequency, zone=moments.zone))


def frame_rows(frame: Any) -> datasets.Dataset:
    """A frame of pandas or polars as a data set; an index of times is a column of it."""
    if type(getattr(frame, "index", None)).__name__ in _TIMED:
        frame = frame.copy(deep=False)
        frame.index = getattr(frame.index, "to_timestamp", lambda: frame.index)()
        frame = frame.reset_index(names="time" if frame.index.name is None else frame.index.name)
    rows = as_rows(frame)
    rows.info.dataset_name = "the history"
    return rows


def is_wide(frame: Any) -> bool:
    """Whether a frame holds nothing but numbers at the times of its index: then each column is a series."""
    kinds = {getattr(dtype, "kind", "O") for dtype in getattr(frame, "dtypes", ())}
    return type(getattr(frame, "index", None)).__name__ in _TIMED and kinds <= set("iuf")


def read_frame(
    rows: datasets.Dataset,
    read: Callable[[SeriesTableOptions], SeriesSet],
    *,
    wide: bool = False,
    known: Collection[str] = (),
) -> SeriesSet:
    """A frame as series: each column one, where it is wide; by the column that names them, where times come again.

    Args:
        rows: of the frame.
        read: makes series of them.
        wide: whether each column is a series.
        known: names of series, by which the column of them is known too.

    Raises:
        DataError: as `read_series`, with what to do about it in Python.
    """
    named = _names_series(rows)
    if named is not None and set(map(str, rows.unique(named))) & set(known):
        return read(SeriesTableOptions(series_column=(named,)))
    try:
        return read(SeriesTableOptions(layout="wide" if wide else "auto"))
    except DataError as error:
        if named is not None:
            with suppress(DataError):
                return read(SeriesTableOptions(series_column=(named,)))
        if "pass --value_column" not in str(error):
            raise
        fix = "give one column of it, such as frame['load'], or a frame whose index are the times, of which each column is a series"
        raise DataError(str(error).partition("; pass --value_column")[0], fix=fix) from None


def _names_series(rows: datasets.Dataset) -> str | None:
    """The column that says which series a row is of: by its name, or the only one of text that is no time and comes again."""
    from seqtext.data.reading.time_text import look_like_times
    from seqtext.data.series.lists import SERIES_NAMES

    names = {name.strip().lower(): name for name in rows.column_names}
    if found := [names[name] for name in SERIES_NAMES if name in names]:
        return str(found[0])
    texts: list[str] = [
        name for name, kind in rows.features.items() if getattr(kind, "dtype", "") in ("string", "large_string")
    ]
    texts = [name for name in texts if not look_like_times(rows.data.column(name).chunk(0).slice(0, 100))]
    return texts[0] if len(texts) == 1 and 2 * len(rows.unique(texts[0])) <= len(rows) else None


def numbers_in(history: Any, where: str) -> FloatArray:
    """One history as float64, checked."""
    values = floats_in(history, where)
    if values.ndim != 1:
        raise DataError(f"found shape {values.shape}", where=where, expected="one dimension, (N,)")
    return values


def floats_in(given: Any, where: str) -> FloatArray:
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


def own_name(history: Any) -> str:
    """What a Series of pandas or polars calls itself; "" for what has no name."""
    own = getattr(history, "name", None)
    return "" if own is None else str(own)


def index_times(index: Any, where: str) -> Moments | None:
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
