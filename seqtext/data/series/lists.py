"""Tables whose rows are whole series: a list of readings, and the time of the first or a list of times (GluonTS, Monash, Chronos).

Which column is what, names and types decide; how long a step is, the rows, a flag or the times say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of
from seqtext.data.reading.moments import Cells, Times
from seqtext.data.reading.numbers import Decimal, numbers_of
from seqtext.data.reading.timestamps import moments_of, timestamps
from seqtext.data.series.columns import NONE, TIME_NAMES, Roles, listed
from seqtext.data.series.frequencies import months_of, seconds_of
from seqtext.data.series.repeats import series_names
from seqtext.data.series.table_options import Layout
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

READINGS = "target"
_STARTS = ("start", "start_timestamp", "start_time", "start_date", *TIME_NAMES)
SERIES_NAMES = ("item_id", "unique_id", "series_id", "series_name", "ts_id", "id", "name")
_FREQUENCIES = ("freq", "frequency")


class ListedSeries(NamedTuple):
    """S series end to end.

    Attributes:
        names: (S,) of them.
        lengths: (S,) of them.
        columns: (C, N) readings and inputs.
        times: (N,) of the readings where the rows list them; else None.
        first_times: (S,) of the first readings where the rows have them; else None.
        frequency: seconds between readings where the rows say it.
        months: likewise, where they are by the calendar.
        zone: of the times.
        notes: what was left aside.
    """

    names: tuple[str, ...]
    lengths: NDArray[np.int64]
    columns: NDArray[np.float64]
    times: Times | None
    first_times: Times | None
    frequency: int | None
    months: int | None
    zone: str | None
    notes: tuple[str, ...]


def value_list(dataset: datasets.Dataset, named: Roles, layout: Layout) -> str | None:
    """The column of the lists of readings; None where rows are no whole series.

    Raises:
        DataError: several lists, and none named.
    """
    lists = [name for name in dataset.column_names if _is_list_of_numbers(dataset, name)]
    if layout != "auto" or not lists or (named.values and named.values[0] not in lists):
        return None
    if named.values:
        return named.values[0]
    free = [name for name in lists if name not in {*named.inputs, *named.time} and not name.startswith("feat_")]
    if READINGS in free or len(free) == 1:
        return READINGS if READINGS in free else free[0]
    found, fix = f"{len(free)} columns hold lists of numbers: {listed(free)}", "pass --value_column NAME"
    raise DataError(found, where=place_of(dataset), expected="one to forecast", fix=fix)


def read_lists(
    dataset: datasets.Dataset,
    values: str,
    named: Roles,
    *,
    decimal: Decimal,
    missing: Sequence[str],
    time_format: str | None,
) -> ListedSeries:
    """The series of a table with one in each row.

    Args:
        dataset: S rows.
        values: the column of the lists to forecast.
        named: further columns, as far as the caller named them.
        decimal: as of `read_series`, and so are the next arguments.
        missing: likewise.
        time_format: likewise.

    Raises:
        DataError: lists of unequal length in a row, cells that are no numbers or times, a name that is there twice.
    """
    place, inputs = place_of(dataset), named.inputs
    lengths, flat = _flat(dataset, values)
    columns = np.empty((1 + len(inputs), int(lengths.sum())))
    for row, name in enumerate([values, *inputs]):
        if name != values:
            flat = _like(dataset, name, values, lengths)
        where = _in_lists(place, name, lengths)
        columns[row] = numbers_of(flat.chunks, where.name, where.row, decimal, missing)
    times = first_times = zone = frequency = months = None
    notes: list[str] = []
    time = _time(dataset, named)
    if time is not None and _is_list(dataset, time):
        moments = moments_of(_like(dataset, time, values, lengths), _in_lists(place, time, lengths), time_format)
        times, zone = moments.times, moments.zone
        notes += moments.notes
    elif time is not None:
        moments = timestamps(dataset, [time], time_format=time_format)
        first_times, zone = moments.times, moments.zone
        notes += moments.notes
        frequency, months = _frequency(dataset, notes)
    series = [name for name in named.series if name != NONE] or _series(dataset)
    used = {values, *inputs, *series, time}
    if aside := [name for name in dataset.column_names if name not in used and name.lower() not in _FREQUENCIES]:
        notes.append(f"{place}: {listed(aside)} left aside; a row is a series, its readings in {values!r}")
    return ListedSeries(
        _names(dataset, series), lengths, columns, times, first_times, frequency, months, zone, tuple(notes)
    )


def _is_list(dataset: datasets.Dataset, name: str) -> bool:
    import pyarrow as pa

    type_ = dataset.data.column(name).type
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(kind(type_) for kind in kinds)


def _is_list_of_numbers(dataset: datasets.Dataset, name: str) -> bool:
    import pyarrow as pa

    if not _is_list(dataset, name):
        return False
    inner = dataset.data.column(name).type.value_type
    return bool(pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_decimal(inner))


def _flat(dataset: datasets.Dataset, name: str) -> tuple[NDArray[np.int64], pa.ChunkedArray]:
    """(S,) lengths of the lists, and (N,) what is in them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = dataset.data.column(name).type
    cells = pa.chunked_array(list(column_arrays(dataset, name)), type=type_)
    lengths = pc.fill_null(pc.list_value_length(cells), 0).to_numpy().astype(np.int64)
    return lengths, pc.list_flatten(cells)


def _like(dataset: datasets.Dataset, name: str, values: str, lengths: NDArray[np.int64]) -> pa.ChunkedArray:
    """(N,) what is in the lists of another column, which has as much in each row."""
    place = place_of(dataset)
    if not _is_list(dataset, name):
        found, expected = "no lists", f"as many readings in each row as {values!r} has"
        raise DataError(found, where=f"{place}, column {name!r}", expected=expected, fix="name another column")
    own, flat = _flat(dataset, name)
    if (wrong := own != lengths).any():
        row = int(wrong.argmax())
        where = f"{place}, row {row + 1}, column {name!r}"
        raise DataError(f"found {own[row]:,} items", where=where, expected=f"{lengths[row]:,}, as in {values!r}")
    return flat


def _in_lists(place: str, name: str, lengths: NDArray[np.int64]) -> Cells:
    """Cells that messages name by their row and their place in its list."""
    ends = np.cumsum(lengths)

    def row(number: int) -> str:
        at = int(np.searchsorted(ends, number, side="right"))
        return f"{place}, row {at + 1}, column {name!r}, reading {number - int(ends[at] - lengths[at]) + 1}"

    return Cells(f"{place}, column {name!r}", row)


def _time(dataset: datasets.Dataset, named: Roles) -> str | None:
    if named.time == (NONE,):
        return None
    if named.time:
        return named.time[0]
    names = {name.strip().lower(): name for name in reversed(dataset.column_names) if name not in named.values}
    return next((names[name] for name in (*_STARTS, "timestamps", "times") if name in names), None)


def _series(dataset: datasets.Dataset) -> list[str]:
    names = {name.strip().lower(): name for name in reversed(dataset.column_names)}
    return [names[name] for name in SERIES_NAMES if name in names][:1]


def _names(dataset: datasets.Dataset, columns: Sequence[str]) -> tuple[str, ...]:
    if not columns:
        return tuple(f"series {row + 1}" for row in range(len(dataset)))
    names, codes = series_names(dataset, columns)
    check_named_once(names, codes, place_of(dataset))
    return names


def check_named_once(names: Sequence[str], codes: NDArray[np.int64], place: str) -> None:
    """Sees to it that no two rows are of one series.

    Raises:
        DataError: naming the first two.
    """
    if len(names) == len(codes):
        return
    again = int(np.setdiff1d(np.arange(len(codes)), np.unique(codes, return_index=True)[1])[0])
    first = int((codes == codes[again]).argmax())
    found = f"series {names[codes[again]]!r} is in row {first + 1} and in row {again + 1}"
    raise DataError(found, where=place, expected="one row for each series", fix="rename one")


def _frequency(dataset: datasets.Dataset, notes: list[str]) -> tuple[int | None, int | None]:
    """What a column says of the distance of readings, the same in all rows: seconds, or months."""
    names = {name.strip().lower(): name for name in dataset.column_names}
    column = next((names[name] for name in _FREQUENCIES if name in names), None)
    if column is None:
        return None, None
    said = dataset.unique(column)
    where = f"{place_of(dataset)}, column {column!r}"
    if len(said) > 1:
        fix = "give each frequency a file, and a model, of its own"
        raise DataError(f"found {listed(list(map(str, said)))}", where=where, expected="one frequency", fix=fix)
    try:
        seconds, months = seconds_of(str(said[0])), months_of(str(said[0]))
    except ValueError:
        found = f"found {said[0]!r}"
        raise DataError(found, where=where, expected="a distance such as 15min, hourly or 1D") from None
    if seconds is None and months is None:
        notes.append(f"{where}: {said[0]} is no fixed distance; the readings follow each other without times")
    return seconds, months
