"""Tables as series of numbers over time, in whichever of four layouts they come.

One series in a column; many, one below the other, with a column that names them (long); many side by side (wide); or one in each row
(m4, after the competition). `columns` decides which column is what; what is in them `numbers`, `timestamps` and `even_grid` know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of
from seqtext.data.reading.numbers import Decimal, numbers
from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.timestamps import timestamps
from seqtext.data.series.columns import Layout, Roles, choose_roles, is_m4
from seqtext.data.series.even_grid import Grid, Mended, frequency_of, regular
from seqtext.data.series.series import SeriesSet
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True)
class _How:
    """How cells are written."""

    decimal: Decimal
    missing: tuple[str, ...]
    time_format: str | None
    repair: bool


def read_series(
    dataset: datasets.Dataset,
    *,
    time_column: str | None = None,
    value_columns: Sequence[str] = (),
    series_column: str | None = None,
    input_columns: Sequence[str] = (),
    layout: Layout = "auto",
    decimal: Decimal = ".",
    missing: Sequence[str] = (),
    time_format: str | None = None,
    repair: bool = False,
) -> SeriesSet:
    """The series of a table.

    Args:
        dataset: rows of at least a column of numbers.
        time_column: its name; `none` if readings follow each other without timestamps; recognised by its name if not given.
        value_columns: what is forecast. One, or in the wide layout several, each a series of its own; if not given, the only
            column of numbers besides time and inputs, or in the wide layout all of them.
        series_column: names the series of each row (long).
        input_columns: further numbers of the same moments.
        layout: `auto` is m4 under a header V1, V2, ...; long with a series column; wide with several value columns. In m4 a row
            holds the name of a series, then its readings, and is blank after its end.
        decimal: the decimal mark of text.
        missing: cells that stand for a missing reading, besides the empty one and `nan`.
        time_format: of timestamps that are not ISO 8601, as for `strptime`.
        repair: sorts, averages duplicates and fills gaps with missing readings, and notes how many; without it these are errors.

    Raises:
        OptionsError: columns at odds with the layout or with each other.
        DataError: columns that are not there or not clear, cells that are no numbers or times, readings that are not regular,
            series of several frequencies, or a series without any reading.
    """
    how = _How(decimal, tuple(missing), time_format, repair)
    named = Roles(time_column, tuple(value_columns), series_column, tuple(input_columns))
    if is_m4(dataset, named, layout):
        return _checked(_of_rows(dataset, how), dataset)
    roles = choose_roles(dataset, named, layout, missing=missing)
    if roles.series is None:
        return _checked(_side_by_side(dataset, roles, how), dataset)
    return _checked(_one_below_another(dataset, roles, how), dataset)


def _read(dataset: datasets.Dataset, names: Sequence[str], how: _How) -> NDArray[np.float64]:
    """(C, N) the numbers of some columns."""
    table = np.empty((len(names), len(dataset)))
    for name, row in zip(names, table, strict=True):
        row[:] = numbers(dataset, name, decimal=how.decimal, missing=how.missing)
    return table


def _side_by_side(dataset: datasets.Dataset, roles: Roles, how: _How) -> SeriesSet:
    """A series in each value column; the rows are moments."""
    place, first_times, frequency, notes = place_of(dataset), None, None, list(roles.notes)
    table = _read(dataset, [*roles.values, *roles.inputs], how)
    if roles.time is not None:
        times, notes = timestamps(dataset, roles.time, time_format=how.time_format)
        grid = regular(times, table, repair=how.repair, where=place, column=roles.time)
        table, frequency = grid.columns, grid.frequency
        first_times = np.full(len(roles.values), grid.first_time, dtype="datetime64[s]")
        notes += [f"{place}: {note}" for note in grid.mended.notes()]
    count, length = len(roles.values), table.shape[1]
    return SeriesSet(
        names=roles.values,
        values=table[:count].reshape(-1),
        starts=np.arange(count + 1, dtype=np.int64) * length,
        first_times=first_times,
        frequency=frequency,
        inputs=np.tile(table[count:].T, (count, 1)) if roles.inputs else None,
        input_names=roles.inputs,
        name=place,
        notes=tuple(notes),
    )


def _one_below_another(dataset: datasets.Dataset, roles: Roles, how: _How) -> SeriesSet:
    """The rows of each series gathered by a column that names it; the series come in the order of their first rows."""
    assert roles.series is not None
    place = place_of(dataset)
    names, codes = _series_names(dataset, roles.series)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    table = _read(dataset, [*roles.values, *roles.inputs], how)[:, order]
    first_times, frequency, notes = None, None, list(roles.notes)
    if roles.time is not None:
        times, notes = timestamps(dataset, roles.time, time_format=how.time_format)
        groups = np.split(order, ends[:-1])
        frequency = _shared_frequency([times[rows] for rows in groups], names, place)
        grids: list[Grid] = []
        for name, rows, start in zip(names, groups, [0, *ends[:-1].tolist()], strict=True):
            columns, where = table[:, start : start + len(rows)], f"{place}, series {name!r}"
            grids.append(
                regular(
                    times[rows],
                    columns,
                    repair=how.repair,
                    where=where,
                    column=roles.time,
                    rows=rows + 1,
                    frequency=frequency,
                )
            )
        table = np.concatenate([grid.columns for grid in grids], axis=1)
        ends = np.cumsum([grid.columns.shape[1] for grid in grids])
        first_times = np.array([grid.first_time for grid in grids], dtype="datetime64[s]")
        notes += [f"{place}: {note}" for note in sum((grid.mended for grid in grids), Mended()).notes()]
    return SeriesSet(
        names=names,
        values=np.ascontiguousarray(table[0]),
        starts=np.concatenate([[0], ends]).astype(np.int64),
        first_times=first_times,
        frequency=frequency,
        inputs=np.ascontiguousarray(table[1:].T) if roles.inputs else None,
        input_names=roles.inputs,
        name=place,
        notes=tuple(notes),
    )


def _of_rows(dataset: datasets.Dataset, how: _How) -> SeriesSet:
    """A series in each row: its name, then its readings up to the last that is there."""
    place, columns = place_of(dataset), dataset.column_names
    names, codes = _series_names(dataset, columns[0])
    if len(names) < len(codes):
        again = int(np.setdiff1d(np.arange(len(codes)), np.unique(codes, return_index=True)[1])[0])
        first = int((codes == codes[again]).argmax())
        found = f"series {names[codes[again]]!r} is in row {first + 1} and in row {again + 1}"
        raise DataError(found, where=place, expected="one row for each series", fix="rename one")
    table = np.ascontiguousarray(_read(dataset, columns[1:], how).T)  # (series, readings)
    there = ~np.isnan(table)
    lengths = np.where(there.any(axis=1), table.shape[1] - there[:, ::-1].argmax(axis=1), 0)
    inside = np.arange(table.shape[1]) < lengths[:, None]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return SeriesSet(names=names, values=table[inside], starts=starts, name=place)


def _series_names(dataset: datasets.Dataset, column: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The S names in the order of their first rows, and (N,) the number of each row's name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pa.chunked_array(list(column_arrays(dataset, column)), type=dataset.data.column(column).type)
    try:
        text = pc.utf8_trim_whitespace(cells.cast(pa.large_string())).combine_chunks()
    except pa.ArrowException:
        fix = "pass another --series_column"
        raise DataError(
            f"found {cells.type}", where=f"{place_of(dataset)}, column {column!r}", expected="names", fix=fix
        ) from None
    unnamed = pc.fill_null(pc.equal(text, ""), True).to_numpy(zero_copy_only=False)
    if unnamed.any():
        where = f"{place_of(dataset)}, row {int(unnamed.argmax()) + 1}, column {column!r}"
        raise DataError(
            "found an empty cell", where=where, expected="the name of a series", fix="name it, or remove the row"
        )
    encoded = text.dictionary_encode()
    return tuple(encoded.dictionary.to_pylist()), encoded.indices.to_numpy().astype(np.int64)


def _shared_frequency(times: Sequence[NDArray[np.datetime64]], names: Sequence[str], place: str) -> int | None:
    """Seconds between readings, shared by all series that have two moments at least; None if none has."""
    known = {name: each for name, moments in zip(names, times, strict=True) if (each := frequency_of(moments))}
    first = next(iter(known), None)
    odd = next((name for name, each in known.items() if each != known[first]), None) if first is not None else None
    if first is not None and odd is not None:
        found = f"series {first!r} has a reading every {known[first]} s, series {odd!r} every {known[odd]} s"
        raise DataError(
            found, where=place, expected="one frequency", fix="give each frequency a file, and a model, of its own"
        )
    return None if first is None else known[first]


def _checked(series: SeriesSet, dataset: datasets.Dataset) -> SeriesSet:
    """The series, once each has a reading, with what is to be told of how the table was read."""
    before = np.concatenate([[0], np.cumsum(~np.isnan(series.values))])[series.starts]
    empty = np.flatnonzero(np.diff(before) == 0)
    if len(empty):
        more = f" (nor do {len(empty) - 1:,} more series)" if len(empty) > 1 else ""
        found = f"series {series.names[empty[0]]!r} has no reading, all are missing{more}"
        raise DataError(found, where=series.name, expected="one reading at least", fix="leave it out")
    return replace(series, notes=(*notes_of(dataset), *series.notes))
