"""A column as moments in whole seconds: ISO 8601, another format that is named, epoch seconds, or what Arrow knows as time.

With UTC offsets all become UTC; without, they are the clock they were written by. Which moments follow each other how, `even_grid` asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of
from seqtext.data.reading.typed_columns import kind_of
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

Times = NDArray[np.datetime64]

EARLIEST_EPOCH, LATEST_EPOCH = (
    10**8,
    10**10,
)  # 1973 and 2286: smaller ones are counters, years or dates, larger ones milliseconds

_HAS_OFFSET = r"[T ][0-9]{2}.*(?:Z|[+\-][0-9]{2}(?::?[0-9]{2})?)$"
_EPOCH = r"^[0-9]{9,13}$"
_KNOWN_FORMATS = tuple(
    date + time
    for date in (
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%m-%d-%Y",
        "%Y/%m/%d",
        "%d.%m.%y",
        "%m/%d/%y",
        "%Y%m%d",
    )
    for time in ("", " %H:%M", " %H:%M:%S", "T%H%M%S", " %I:%M %p", " %I:%M:%S %p")
)
_NOT_AT_ALL = "or pass --time_column none if the readings simply follow each other"


def timestamps(dataset: datasets.Dataset, column: str, *, time_format: str | None = None) -> tuple[Times, list[str]]:
    """The moments of a column, and what was done to them, to be told.

    Args:
        dataset: N rows.
        column: its name; text, whole numbers (seconds since 1970, UTC), or an Arrow timestamp or date.
        time_format: of text that is not ISO 8601, as for Python's `strptime`, such as `%d.%m.%Y %H:%M`. Ten times slower.

    Returns:
        times: (N,) datetime64[s].
        notes: one if offsets became UTC; else none.

    Raises:
        DataError: a cell that is empty or no such moment, with its row; offsets in some rows only; fractions of a second.
    """
    import pyarrow as pa

    stored = dataset.data.column(column)
    cells = pa.chunked_array(list(column_arrays(dataset, column)), type=stored.type)
    where = _Where(dataset, column)
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        return _of_text(cells, where, time_format)
    if pa.types.is_null(cells.type):
        where.check_none_empty(cells)
    if pa.types.is_integer(cells.type):
        where.check_none_empty(cells)
        return _of_epoch(cells, where), []
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        where.check_none_empty(cells)
        zone = getattr(cells.type, "tz", None)
        unit = "ns" if getattr(cells.type, "unit", "") == "ns" else "us"
        times = _whole_seconds(cells.cast(pa.timestamp(unit, zone)), cells, where)
        return times, [_became_utc(f"timestamps of {zone}", where)] if zone not in (None, "UTC") else []
    found = f"each cell is {kind_of(cells.type)}"
    raise DataError(found, where=str(where), expected="timestamps", fix=f"pass --time_column NAME, {_NOT_AT_ALL}")


class _Where:
    """A column of a data set, as messages call it."""

    def __init__(self, dataset: datasets.Dataset, column: str) -> None:
        self._place, self._column = place_of(dataset), column

    def __str__(self) -> str:
        return f"{self._place}, column {self._column!r}"

    def row(self, row: int) -> str:
        """The name of a row, counted from 0 here and from 1 there."""
        return f"{self._place}, row {row + 1}, column {self._column!r}"

    def check_none_empty(self, cells: pa.ChunkedArray) -> None:
        """Raises where a reading has no time."""
        empty = _mask(cells.is_null())
        if empty.any():
            found = f"found an empty cell{_more(empty)}"
            fix = "give each row a time, or remove it"
            raise DataError(found, where=self.row(int(empty.argmax())), expected="a timestamp", fix=fix)


def _of_text(cells: pa.ChunkedArray, where: _Where, time_format: str | None) -> tuple[Times, list[str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(cells)
    where.check_none_empty(pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text))
    if time_format:
        return _of_format(text, where, time_format)
    if pc.all(pc.match_substring_regex(text, _EPOCH)).as_py():
        return _of_epoch(text.cast(pa.int64()), where), []
    # "… UTC" and a blank before the offset are common, though not of the standard.
    iso = pc.replace_substring_regex(text, r"([0-9]) ?(?:UTC|z)$", r"\1Z")
    iso = pc.replace_substring_regex(iso, r"([0-9]) +(Z|[+\-])", r"\1\2")
    # A cell that is no date at all has its own message, whatever the others are.
    has_offset = _mask(pc.match_substring_regex(iso, _HAS_OFFSET))
    lacks_one = ~has_offset & _mask(pc.match_substring_regex(iso, "^[0-9]{4}-[0-9]{2}-[0-9]{2}"))
    if has_offset.any() and lacks_one.any():
        raise _mixed(has_offset, lacks_one, text, where)
    type_ = pa.timestamp("us", "UTC" if has_offset.any() else None)
    try:
        times = iso.cast(type_)
    except pa.ArrowInvalid:
        raise _no_time(text, lambda row: _fits(iso[row], type_), where) from None
    notes = [_became_utc("timestamps with UTC offsets", where)] if has_offset.any() else []
    return _whole_seconds(times, text, where), notes


def _of_format(text: pa.ChunkedArray, where: _Where, time_format: str) -> tuple[Times, list[str]]:
    moments: list[datetime] = []
    rows: list[str] = text.to_pylist()
    try:
        moments.extend(datetime.strptime(cell, time_format) for cell in rows)
    except ValueError as error:
        if "bad directive" in str(error) or "stray %" in str(error):
            raise DataError(f"{time_format!r} is no format of times ({error})", where="--time_format") from None
        row = len(moments)
        fix = "correct the cell, or --time_format" if row else _format_fix(rows) or "correct --time_format"
        expected = f"a time written as {time_format!r}"
        raise DataError(f"found {shorten(rows[row])}", where=where.row(row), expected=expected, fix=fix) from None
    notes = []
    if moments and moments[0].tzinfo is not None:
        moments = [moment.astimezone(UTC).replace(tzinfo=None) for moment in moments]
        notes.append(_became_utc("timestamps with UTC offsets", where))
    return _in_seconds(np.array(moments, dtype="datetime64[us]"), text, where), notes


def _of_epoch(cells: pa.ChunkedArray, where: _Where) -> Times:
    seconds: NDArray[np.int64] = cells.to_numpy().astype(np.int64)
    wrong = (seconds < EARLIEST_EPOCH) | (seconds >= LATEST_EPOCH)
    if wrong.any():
        row = int(wrong.argmax())
        fix = f"write timestamps such as 2020-12-31 23:45, {_NOT_AT_ALL}"
        if LATEST_EPOCH <= seconds[row] < LATEST_EPOCH * 1000:
            fix = "divide by 1000 if these are milliseconds"
        expected = "seconds since 1970, of the years 1973 to 2286"
        raise DataError(f"found {seconds[row]}{_more(wrong)}", where=where.row(row), expected=expected, fix=fix)
    return seconds.astype("datetime64[s]")


def _whole_seconds(times: pa.ChunkedArray, cells: pa.ChunkedArray, where: _Where) -> Times:
    import pyarrow as pa

    unit = times.type.unit
    return _in_seconds(times.cast(pa.int64()).to_numpy().view(f"datetime64[{unit}]"), cells, where)


def _in_seconds(times: Times, cells: pa.ChunkedArray, where: _Where) -> Times:
    seconds: Times = times.astype("datetime64[s]")
    wrong = seconds != times
    if wrong.any():
        row = int(wrong.argmax())
        found, fix = f"found {shorten(str(cells[row].as_py()))}{_more(wrong)}", f"round the times, {_NOT_AT_ALL}"
        raise DataError(found, where=where.row(row), expected="whole seconds", fix=fix)
    return seconds


def _mixed(
    has_offset: NDArray[np.bool_], lacks_one: NDArray[np.bool_], cells: pa.ChunkedArray, where: _Where
) -> DataError:
    rows = sorted([int(has_offset.argmax()), int(lacks_one.argmax())])
    shown = [
        f"row {row + 1} {'has' if has_offset[row] else 'lacks'} one ({shorten(cells[row].as_py())})" for row in rows
    ]
    found = f"{int(has_offset.sum()):,} of {len(has_offset):,} rows have a UTC offset: {', '.join(shown)}"
    fix = "write the times of all rows with an offset, or all without"
    return DataError(found, where=str(where), expected="an offset in all rows or in none", fix=fix)


def _fits(cell: pa.Scalar, type_: pa.DataType) -> bool:
    import pyarrow as pa

    try:
        cell.cast(type_)
    except pa.ArrowInvalid:
        return False
    return True


def _no_time(text: pa.ChunkedArray, fits: Callable[[int], bool], where: _Where) -> DataError:
    """The error of the first cell that is no time. One after the other: this ends the program, and waits at most seconds."""
    row = next(row for row in range(len(text)) if not fits(row))
    cell = text[row].as_py()
    if re.search(r"[T ]24:00(:00)?$", cell):
        fix = "write 24:00 as 00:00 of the next day"
    elif re.search(r"\.[0-9]{7,}", cell):
        fix = "round the times to whole seconds"
    else:
        fix = _format_fix(text.slice(row, 1000).to_pylist()) or f"correct the cell, pass --time_format, {_NOT_AT_ALL}"
    expected = "a time such as 2020-12-31 23:45 that the calendar has"
    return DataError(f"found {shorten(cell)}", where=where.row(row), expected=expected, fix=fix)


def _format_fix(cells: list[str]) -> str:
    """The formats that fit all of some cells; empty if there are none."""

    def fits(time_format: str) -> bool:
        try:
            return all(datetime.strptime(cell, time_format) for cell in cells[:1000])
        except ValueError:
            return False

    fitting = [repr(known) for known in _KNOWN_FORMATS if fits(known)]
    return f"pass --time_format {' or '.join(fitting)}" if fitting else ""


def _became_utc(what: str, column: object) -> str:
    return f"{what} were converted to UTC ({column})"


def _mask(answers: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(answers.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _more(wrong: NDArray[np.bool_]) -> str:
    count = int(wrong.sum()) - 1
    return f" (and {count:,} more {'row' if count == 1 else 'rows'})" if count else ""
