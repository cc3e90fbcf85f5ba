"""Series out of the columns of a table: side by side, one below the other, or one in each row. Which columns those are is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.moments import Moments
from seqtext.data.reading.numbers import Decimal, numbers
from seqtext.data.series.calendar_grid import on_calendar
from seqtext.data.series.calendar_steps import CalendarDates, calendar_dates, dates_from, follows
from seqtext.data.series.columns import Roles
from seqtext.data.series.even_grid import Grid, Mended, averaged, frequency_of, regular
from seqtext.data.series.lists import ListedSeries, check_named_once
from seqtext.data.series.repeats import series_names
from seqtext.data.series.series import SeriesSet
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets

LARGEST = 1e150  # beyond it a square is infinite


@dataclass(frozen=True)
class How:
    """How cells are written, and what is done to them."""

    decimal: Decimal
    missing: tuple[str, ...]
    time_format: str | None
    frequency: int | None
    repair: bool


def _read(dataset: datasets.Dataset, names: Sequence[str], how: How) -> NDArray[np.float64]:
    """(C, N) the numbers of some columns."""
    table = np.empty((len(names), len(dataset)))
    place = place_of(dataset)
    for name, row in zip(names, table, strict=True):
        row[:] = numbers(dataset, name, decimal=how.decimal, missing=how.missing)
        _check_size(row, lambda at, name=name: f"{place}, row {at + 1}, column {name!r}")  # type: ignore[misc]
    return table


def _grid(
    times: NDArray[np.datetime64],
    columns: NDArray[np.float64],
    how: How,
    *,
    where: str,
    column: str,
    rows: NDArray[np.int64] | None = None,
    frequency: int | None = None,
) -> Grid:
    """Readings on an even grid, averaged where a distance was asked for, else as they are, or mended."""
    if how.frequency is not None:
        return averaged(times, columns, frequency=how.frequency, where=where, column=column, rows=rows)
    return regular(times, columns, repair=how.repair, where=where, column=column, rows=rows, frequency=frequency)


def side_by_side(dataset: datasets.Dataset, roles: Roles, moments: Moments | None, how: How) -> SeriesSet:
    """A series in each value column; the rows are moments."""
    place, first_times, frequency, notes = place_of(dataset), None, None, list(roles.notes)
    dates: CalendarDates | None = None
    table = _read(dataset, [*roles.values, *roles.inputs], how)
    if moments is not None and how.frequency is None:
        every, time = np.arange(len(moments.times)), " ".join(roles.time)
        found = on_calendar([moments.times], [table], [every], repair=how.repair, where=place, column=time)
        if found is not None:
            once, [table], mended = found
            dates = once.repeated(len(roles.values))
            notes += [*moments.notes, *(f"{place}: {note}" for note in mended.notes()), follows(dates, place)]
            moments = None
    if moments is not None:
        grid = _grid(moments.times, table, how, where=place, column=" ".join(roles.time))
        table, frequency = grid.columns, grid.frequency
        first_times = np.full(len(roles.values), grid.first_time, dtype="datetime64[s]")
        notes += [*moments.notes, *(f"{place}: {note}" for note in grid.mended.notes())]
    count, length = len(roles.values), table.shape[1]
    return SeriesSet(
        names=roles.values,
        values=table[:count].reshape(-1),
        starts=np.arange(count + 1, dtype=np.int64) * length,
        first_times=first_times,
        frequency=frequency,
        dates=dates,
        inputs=np.tile(table[count:].T, (count, 1)) if roles.inputs else None,
        input_names=roles.inputs,
        zone=None if moments is None else moments.zone,
        name=place,
        notes=tuple(notes),
    )


def one_below_another(dataset: datasets.Dataset, roles: Roles, moments: Moments | None, how: How) -> SeriesSet:
    """The rows of each series gathered by the columns that name it; the series come in the order of their first rows."""
    place = place_of(dataset)
    names, codes = series_names(dataset, roles.series)
    order = np.argsort(codes, kind="stable")
    lengths = np.bincount(codes, minlength=len(names))
    table = _read(dataset, [*roles.values, *roles.inputs], how)[:, order]
    return _gathered(
        names, lengths, table, moments, how, place=place, time=" ".join(roles.time), rows=order, roles=roles
    )


def _gathered(
    names: tuple[str, ...],
    lengths: NDArray[np.int64],
    table: NDArray[np.float64],
    moments: Moments | None,
    how: How,
    *,
    place: str,
    time: str,
    rows: NDArray[np.int64],
    roles: Roles,
) -> SeriesSet:
    """Series end to end, each on its grid.

    Args:
        names: (S,) of them.
        lengths: (S,) likewise.
        table: (C, N) readings and inputs.
        moments: (N,) in the order of the file, or None.
        how: to read.
        place: what messages call the data.
        time: and the column of the times.
        rows: (N,) rows of the file, from 0, in the order of the series.
        roles: whose inputs and notes are kept.
    """
    ends = np.cumsum(lengths)
    first_times, frequency, notes = None, how.frequency, list(roles.notes)
    groups = np.split(rows, ends[:-1])
    dates: CalendarDates | None = None
    if moments is not None and how.frequency is None:
        times, parts = [moments.times[group] for group in groups], np.split(table, ends[:-1], axis=1)
        found = on_calendar(times, parts, groups, repair=how.repair, where=place, column=time)
        if found is not None:
            dates, parts, mended = found
            table, ends = np.concatenate(parts, axis=1), np.cumsum([part.shape[1] for part in parts])
            notes += [*moments.notes, *(f"{place}: {note}" for note in mended.notes()), follows(dates, place)]
            moments = None
    if moments is not None:
        if frequency is None:
            frequency = _shared_frequency([moments.times[group] for group in groups], names, place)
        grids: list[Grid] = []
        for name, group, start in zip(names, groups, [0, *ends[:-1].tolist()], strict=True):
            columns, where = table[:, start : start + len(group)], f"{place}, series {name!r}"
            grids.append(
                _grid(moments.times[group], columns, how, where=where, column=time, rows=group + 1, frequency=frequency)
            )
        frequency = grids[0].frequency
        table = np.concatenate([grid.columns for grid in grids], axis=1)
        ends = np.cumsum([grid.columns.shape[1] for grid in grids])
        first_times = np.array([grid.first_time for grid in grids], dtype="datetime64[s]")
        mended = sum((grid.mended for grid in grids), Mended())
        notes += [*moments.notes, *(f"{place}: {note}" for note in mended.notes())]
    return SeriesSet(
        names=names,
        values=np.ascontiguousarray(table[0]),
        starts=np.concatenate([[0], ends]).astype(np.int64),
        first_times=first_times,
        frequency=None if moments is None else frequency,
        dates=dates,
        inputs=np.ascontiguousarray(table[1:].T) if roles.inputs else None,
        input_names=roles.inputs,
        zone=None if moments is None else moments.zone,
        name=place,
        notes=tuple(notes),
    )


def of_rows(dataset: datasets.Dataset, how: How) -> SeriesSet:
    """A series in each row: its name, then its readings up to the last that is there."""
    place, columns = place_of(dataset), dataset.column_names
    names, codes = series_names(dataset, columns[:1])
    check_named_once(names, codes, place)
    table = np.ascontiguousarray(_read(dataset, columns[1:], how).T)  # (series, readings)
    there = ~np.isnan(table)
    lengths = np.where(there.any(axis=1), table.shape[1] - there[:, ::-1].argmax(axis=1), 0)
    inside = np.arange(table.shape[1]) < lengths[:, None]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return SeriesSet(names=names, values=table[inside], starts=starts, name=place)


def of_time_columns(
    dataset: datasets.Dataset, times: tuple[str, ...], moments: Moments, named: Roles, how: How
) -> SeriesSet:
    """A series in each row, whose readings stand in columns that are called by their times.

    Args:
        dataset: its other columns, or those of `named.series`, name the series.
        times: the columns.
        moments: of these.
        named: what the caller named.
        how: to read.
    """
    place = place_of(dataset)
    others = [name for name in dataset.column_names if name not in times]
    columns = named.series if named.has_series else others
    names, codes = series_names(dataset, columns) if columns else (("series",), np.zeros(len(dataset), dtype=np.int64))
    check_named_once(names, codes, place)
    table = np.ascontiguousarray(_read(dataset, times, how).T)  # (series, readings)
    notes = [f"{place}: the columns {times[0]!r} to {times[-1]!r} are times, and each row is a series", *moments.notes]
    dates = calendar_dates([moments.times] * len(names)) if how.frequency is None else None
    if dates is not None:
        starts = np.arange(len(names) + 1, dtype=np.int64) * len(times)
        told = (*notes, follows(dates, place))
        return SeriesSet(names, table.reshape(-1), starts, dates=dates, name=place, notes=told)
    grid = _grid(moments.times, table, how, where=place, column="header")
    starts = np.arange(len(names) + 1, dtype=np.int64) * grid.columns.shape[1]
    return SeriesSet(
        names,
        grid.columns.reshape(-1),
        starts,
        first_times=np.full(len(names), grid.first_time, dtype="datetime64[s]"),
        frequency=grid.frequency,
        zone=moments.zone,
        name=place,
        notes=(*notes, *(f"{place}: {note}" for note in grid.mended.notes())),
    )


def of_lists(listed: ListedSeries, named: Roles, how: How, place: str) -> SeriesSet:
    """A series in each row, as a list."""
    for values in listed.columns:
        _check_size(values, lambda at: f"{place}, reading {at + 1} of all lists")
    roles = Roles((), (), (), named.inputs, listed.notes)
    if listed.times is not None:
        moments = Moments(listed.times, [], listed.zone)
        rows = np.arange(len(listed.times))
        return _gathered(
            listed.names, listed.lengths, listed.columns, moments, how, place=place, time="time", rows=rows, roles=roles
        )
    frequency, notes = how.frequency or listed.frequency, list(listed.notes)
    dates = None
    if listed.first_times is not None and listed.months is not None and frequency is None:
        dates = dates_from(listed.first_times, listed.months)
        notes.append(follows(dates, place))
    elif listed.first_times is not None and frequency is None:
        fix = "pass --frequency, such as 1h, to have times"
        notes.append(
            f"{place}: the rows do not say how far readings are apart; they follow each other without times; {fix}"
        )
    series = _gathered(
        listed.names,
        listed.lengths,
        listed.columns,
        None,
        how,
        place=place,
        time="",
        rows=np.zeros(0, dtype=np.int64),
        roles=roles,
    )
    if listed.first_times is None or frequency is None:
        return replace(series, dates=dates, notes=tuple(notes))
    return replace(series, first_times=listed.first_times, frequency=frequency, zone=listed.zone)


def _check_size(values: NDArray[np.float64], where: Callable[[int], str]) -> None:
    """Raises where a number is too large to be squared."""
    if len(values) and not np.nanmax(np.abs(values), initial=0.0) <= LARGEST:
        at = int(np.nanargmax(np.abs(values)))
        fix = "correct the cell, or leave it empty if its reading is missing"
        found, expected = f"found {shorten(float(values[at]))}", f"a number of at most {LARGEST:g}"
        raise DataError(found, where=where(at), expected=expected, fix=fix)


def _shared_frequency(times: Sequence[NDArray[np.datetime64]], names: Sequence[str], place: str) -> int | None:
    """Seconds between readings, shared by all series that have two moments at least; None if none has."""
    known = {name: each for name, moments in zip(names, times, strict=True) if (each := frequency_of(moments))}
    first = next(iter(known), None)
    odd = next((name for name, each in known.items() if each != known[first]), None) if first is not None else None
    if first is not None and odd is not None:
        found = f"series {first!r} has a reading every {known[first]} s, series {odd!r} every {known[odd]} s"
        fix = "give each frequency a file, and a model, of its own, or average all over one with --frequency"
        raise DataError(found, where=place, expected="one frequency", fix=fix)
    return None if first is None else known[first]
