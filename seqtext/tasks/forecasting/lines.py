"""A line of a pipe: which of its cells is the series, the time, the reading, and further columns. Knows a config, no stream.

A first line without a number or a time is a header, and names the columns; else they stand as series, time, reading, further columns.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from seqtext.data.series.categories import MARK, base_name
from seqtext.data.series.columns import TIME_NAMES
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import DataError, did_you_mean, one_of, shorten
from seqtext.tasks.forecasting.given import FloatArray, zoned_moment
from seqtext.tasks.forecasting.settings import ForecastConfig

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRUTH = {"true": 1.0, "false": 0.0}


class Line(NamedTuple):
    """What a line says.

    Attributes:
        number: of the line, from 1.
        series: its name; that of training where the model has one.
        when: the time as it was written; "" without.
        time: in UTC where it has a zone; None where the model knows no times, or the line has none.
        start: the same as a stream takes it, with its zone.
        zone: of the time.
        value: the reading; NaN where it is missing.
        inputs: (E,) further columns; NaN where missing.
    """

    number: int
    series: str
    when: str
    time: np.datetime64 | None
    start: Any
    zone: str | None
    value: float
    inputs: FloatArray

    @property
    def where(self) -> str:
        """What messages call it."""
        return where_of(self.number)


class _Places(NamedTuple):
    """Which cell is what."""

    series: int | None
    time: int | None
    value: int
    inputs: dict[str, int]  # by the name of the column


class LineReader:
    """Reads lines one after the other.

    Args:
        config: of the forecaster.
        options: what columns are called, how cells are written.
    """

    def __init__(self, config: ForecastConfig, options: SeriesTableOptions) -> None:
        self.config, self.options = config, options
        self.missing = {"", "nan", *map(str.lower, options.missing)}
        self.several = len(config.series) > 1
        self.columns = tuple(dict.fromkeys(map(base_name, config.input_names)))
        ahead = {config.input_names[place] for place in config.known_ahead}
        own = (base_name(name) for name in config.input_names if name not in ahead)
        self.needed = tuple(dict.fromkeys(own))  # of the columns: those that no file of what is known ahead can have
        self.header: _Places | None = None

    def read(self, number: int, text: str) -> Line | None:
        """What a line says; None for a header.

        Raises:
            DataError: a line that is no reading.
        """
        cells = self._cells(text)
        if number == 1 and self._is_header(cells):
            self.header = self._named(cells)
            return None
        places = self.header or self._in_order(cells, number)
        last = max(places.value, places.series or 0, places.time or 0, *places.inputs.values(), 0)
        if last >= len(cells):
            raise DataError(f"{len(cells)} cells", where=where_of(number), expected=f"{last + 1}, as the header has")
        value = self._number(cells[places.value], number)
        time, zone, when, start = None, None, "", None
        if places.time is not None:
            when = cells[places.time]
            if self.config.timed:
                start = self._start(when, number)
                time, zone = zoned_moment(start, where_of(number))
        inputs = np.full(len(self.config.input_names), np.nan)
        for place, name in enumerate(self.config.input_names):
            if (cell := places.inputs.get(base_name(name))) is not None:
                inputs[place] = self._input(name, cells[cell], number)
        series = self.config.series[0] if places.series is None else cells[places.series]
        return Line(number, series, when, time, start, zone, value, inputs)

    def _cells(self, line: str) -> list[str]:
        """The cells of a line: what separates them, the line says, but a comma may be the decimal mark."""
        comma = self.options.decimal == "." or '"' in line
        mark = next((mark for mark in "\t;" if mark in line), "," if comma else "\t")
        return [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [""])] or [""]

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Whether there are cells, and none of them is a number, a missing one or a time."""
        named = [cell for cell in cells if cell]
        return bool(named) and not any(self._is_reading(cell) or _is_time(cell) for cell in named)

    # ---- which cell is what

    def _named(self, names: Sequence[str]) -> _Places:
        """By a header."""
        options, where = self.options, where_of(1)

        def place(name: str, flag: str = "") -> int:
            if name not in names:
                fix = did_you_mean(name, names) or (f"pass {flag} NAME" if flag else "")
                raise DataError(f"no column {name!r}", where=where, expected=one_of(names), fix=fix)
            return names.index(name)

        inputs = {name: place(name) for name in self.columns if name in names or name in self.needed}
        free = [number for number, name in enumerate(names) if number not in inputs.values()]
        time = next((number for number in free if names[number].lower() in TIME_NAMES), None)
        if options.time_column:
            time = None if options.time_column == ("none",) else place(options.time_column[0], "--time_column")
        value = None
        if options.value_column:
            value = place(options.value_column[0], "--value_column")
        elif self.config.series[0] in names:
            value = names.index(self.config.series[0])
        series = place(options.series_column[0], "--series_column") if self.several and options.series_column else None
        free = [number for number in free if number not in (time, value, series)]
        value = free.pop() if value is None and free else value
        if self.several and series is None and free:
            series = free.pop(0)
        if time is None and not options.time_column and free:
            time = free[0]
        if value is None:
            fix = "pass --value_column NAME"
            raise DataError("no column of readings", where=where, expected=one_of(names), fix=fix)
        return _Places(series, time, value, inputs)

    def _in_order(self, cells: Sequence[str], number: int) -> _Places:
        """By their order."""
        columns = self.columns  # all of them, or those that no file knows ahead: the cell before them is the reading
        if len(cells) <= len(columns) or not self._is_reading(cells[len(cells) - len(columns) - 1]):
            columns = self.needed
        count = len(cells) - len(columns)
        if count < 1 or (self.several and count < 2):
            parts = [*(["series"] if self.several else []), "time", "reading", *self.columns]
            fix = "give them in this order, or a header that names them"
            raise DataError(f"{len(cells)} cells", where=where_of(number), expected=", ".join(parts), fix=fix)
        inputs = {name: count + place for place, name in enumerate(columns)}
        if not self.several:
            return _Places(None, 0 if count > 1 else None, count - 1, inputs)
        return _Places(0, 1 if count > 2 else None, count - 1, inputs)

    # ---- what a cell says

    def _plain(self, cell: str) -> float | None:
        """A number, or None."""
        plain = cell.replace(",", ".") if self.options.decimal == "," else cell
        return float(plain) if NUMBER.fullmatch(plain) else None

    def _is_reading(self, cell: str) -> bool:
        return cell.lower() in self.missing or self._plain(cell) is not None

    def _number(self, cell: str, number: int) -> float:
        if cell.lower() in self.missing:
            return float("nan")
        if (found := self._plain(cell)) is None:
            comma = self.options.decimal == "." and re.fullmatch("[+-]?[0-9]+,[0-9]+", cell)
            fix = "pass --decimal ," if comma else ""
            raise DataError(f"found {shorten(cell)}", where=where_of(number), expected="a number", fix=fix)
        return found

    def _input(self, name: str, cell: str, number: int) -> float:
        """A further column: a number, true or false, or whether it is the word that the column is of."""
        if MARK in name:
            return float(cell == name.partition(MARK)[2])
        return _TRUTH[cell.lower()] if cell.lower() in _TRUTH else self._number(cell, number)

    def _start(self, cell: str, number: int) -> Any:
        """A time as `zoned_moment` takes it."""
        form = self.options.time_format
        if form is None and self.config.months is not None:
            return _of_calendar(cell, number)
        if form is None:
            return cell
        try:
            return datetime.strptime(cell, form)
        except ValueError as error:
            found, where = f"found {shorten(cell)}", where_of(number)
            raise DataError(found, where=where, expected=f"a time as {form}") from error


def _of_calendar(cell: str, number: int) -> np.datetime64:
    """A day, a month, a quarter or a year, as tables have them too.

    Raises:
        DataError: what is none.
    """
    import pyarrow as pa

    from seqtext.data.reading.moments import Cells
    from seqtext.data.reading.timestamps import moments_of

    moment: np.datetime64 = moments_of(
        pa.chunked_array([[cell]]), Cells(where_of(number), lambda _: where_of(number))
    ).times[0]
    return moment


def where_of(number: int) -> str:
    """What messages call a line."""
    return f"standard input, line {number}"


def _is_time(cell: str) -> bool:
    try:
        zoned_moment(cell, "")
    except DataError:
        return False
    return True
