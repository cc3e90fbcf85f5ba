"""A column as moments in whole seconds: ISO 8601, another format that is named or clear, numbers, or what Arrow knows as time.

With UTC offsets all become UTC; without, they are the clock they were written by. Which moments follow each other how, `even_grid` asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of, row_of
from seqtext.data.reading.moments import (
    NOT_AT_ALL,
    Cells,
    Moments,
    became_utc,
    in_seconds,
    mask,
    offset_name,
)
from seqtext.data.reading.time_numbers import are_dates, times_of_numbers
from seqtext.data.reading.time_parts import joined
from seqtext.data.reading.time_periods import periods
from seqtext.data.reading.time_text import recognised, tidied
from seqtext.data.reading.typed_columns import kind_of
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

_HAS_OFFSET = r"[T ][0-9]{2}.*(?:Z|[+\-][0-9]{2}(?::?[0-9]{2})?)$"
_OFFSET = r"(?P<offset>Z|[+\-][0-9]{2}(?::?[0-9]{2})?)$"
_ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$"
_NUMBER = r"^[0-9]+(?:[.,][0-9]*)?$"


def timestamps(
    dataset: datasets.Dataset, columns: Sequence[str], *, time_format: str | None = None, cut: bool = False
) -> Moments:
    """The moments of a column, or of several that hold a part of the time each, such as a date and a clock's time.

    Args:
        dataset: N rows.
        columns: their names; of one it is text, numbers (seconds since 1970, UTC, or days as spreadsheets count them), or an Arrow
            timestamp or date.
        time_format: of text that is not ISO 8601, as for Python's `strptime`, such as `%d.%m.%Y %H:%M`. Ten times slower.
        cut: whether fractions of a second are cut off.

    Raises:
        DataError: a cell that is empty or no such moment, with its row; offsets in some rows only; fractions of a second.
    """
    import pyarrow as pa

    label = f"column{'s' * (len(columns) > 1)} {' '.join(map(repr, columns))}"
    where = Cells(f"{place_of(dataset)}, {label}", lambda row: f"{row_of(dataset, row)}, {label}", cut)
    parts = [
        pa.chunked_array(list(column_arrays(dataset, column)), type=dataset.data.column(column).type)
        for column in columns
    ]
    cells = parts[0] if len(parts) == 1 else joined(columns, parts, where)
    return moments_of(cells, where, time_format)


def moments_of(cells: pa.ChunkedArray, where: Cells, time_format: str | None = None) -> Moments:
    """The moments of some cells.

    Args:
        cells: (N,) as of a column of `timestamps`.
        where: what messages call them.
        time_format: as of `timestamps`.

    Raises:
        DataError: as `timestamps`.
    """
    import pyarrow as pa

    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        return _of_text(cells, where, time_format)
    where.check_none_empty(cells)
    if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type):
        numbers = cells.cast(pa.float64(), safe=False).to_numpy()
        if pa.types.is_integer(cells.type) and (time_format or are_dates(numbers)):
            return _of_text(cells.cast(pa.string()), where, time_format)
        return Moments(*times_of_numbers(cells, numbers, where))
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        zone = getattr(cells.type, "tz", None)
        unit = "ns" if getattr(cells.type, "unit", "") == "ns" else "us"
        stamps = cells.cast(pa.timestamp(unit, zone)).cast(pa.int64()).to_numpy().view(f"datetime64[{unit}]")
        notes = [became_utc(f"timestamps of {zone}", where)] if zone not in (None, "UTC") else []
        return Moments(in_seconds(stamps, cells, where), notes, zone)
    if pa.types.is_null(cells.type):
        return Moments(np.zeros(0, dtype="datetime64[s]"), [])
    found = f"each cell is {kind_of(cells.type)}"
    raise DataError(found, where=where.name, expected="timestamps", fix=f"pass --time_column NAME, {NOT_AT_ALL}")


def _of_text(cells: pa.ChunkedArray, where: Cells, time_format: str | None) -> Moments:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(cells)
    where.check_none_empty(pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text))
    if time_format:
        return _of_format(text, where, time_format)
    if pc.all(pc.match_substring_regex(text, _NUMBER)).as_py():
        numbers = pc.replace_substring(text, ",", ".").cast(pa.float64()).to_numpy()
        if not are_dates(numbers):
            return Moments(*times_of_numbers(text, numbers, where))
    if (found := periods(text)) is not None:
        return Moments(found[0], [f"times were read as {found[1]} each, and its first day ({where.name})"])
    iso, notes = tidied(text, where)
    iso = pc.replace_substring_regex(iso, r"([0-9])z$", r"\1Z")
    iso = pc.replace_substring_regex(iso, r"([0-9]) +(Z|[+\-])", r"\1\2")  # a blank before the offset is common
    # A cell that is no date at all has its own message, whatever the others are.
    has_offset = mask(pc.match_substring_regex(iso, _HAS_OFFSET))
    lacks_one = ~has_offset & mask(pc.match_substring_regex(iso, _ISO_DATE))
    if has_offset.any() and lacks_one.any():
        raise _mixed(has_offset, lacks_one, text, where)
    zone = _zone(iso) if has_offset.any() else None
    type_ = pa.timestamp("us", "UTC" if zone else None)
    try:
        times = iso.cast(type_)
    except pa.ArrowInvalid:
        if 2 * int(mask(pc.match_substring_regex(iso, _ISO_DATE)).sum()) >= len(iso) and not _unpadded(iso):
            raise _no_time(text, lambda row: _fits(iso[row], type_), where) from None
        times_found, form = recognised(iso, where)
        return Moments(times_found, [*notes, f"times were read as {form} ({where.name})"])
    notes += [became_utc("timestamps with UTC offsets", where)] if zone else []
    return Moments(in_seconds(times.cast(pa.int64()).to_numpy().view("datetime64[us]"), text, where), notes, zone)


def _unpadded(iso: pa.ChunkedArray) -> bool:
    """Whether days or months are written without their zeros, which ISO 8601 does not allow."""
    import pyarrow.compute as pc

    return bool(
        pc.any(pc.match_substring_regex(iso, r"^[0-9]{4}-(?:[0-9]-[0-9]{1,2}|[0-9]{2}-[0-9])(?:[T ]|$)")).as_py()
    )


def _zone(iso: pa.ChunkedArray) -> str:
    """The offset that all times have, or UTC where they have several."""
    import pyarrow.compute as pc

    offsets = pc.unique(pc.struct_field(pc.extract_regex(iso, _OFFSET), [0])).drop_null().to_pylist()
    if len(offsets) != 1 or offsets[0] == "Z":
        return "UTC"
    digits = re.sub("[^0-9]", "", offsets[0]).ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return offset_name(-seconds if offsets[0].startswith("-") else seconds)


def _of_format(text: pa.ChunkedArray, where: Cells, time_format: str) -> Moments:
    import pyarrow.compute as pc

    kept = text
    if "%f" not in time_format:
        text = pc.replace_substring_regex(text, r"(:[0-9]{2})[.,]0+([^0-9]|$)", r"\1\2")
    moments: list[datetime] = []
    rows: list[str] = text.to_pylist()
    try:
        moments.extend(datetime.strptime(cell, time_format) for cell in rows)
    except ValueError as error:
        if "bad directive" in str(error) or "stray %" in str(error):
            raise DataError(f"{time_format!r} is no format of times ({error})", where="--time_format") from None
        row = len(moments)
        fix = "correct the cell, or --time_format" if row else _other_format(text, where) or "correct --time_format"
        expected = f"a time written as {time_format!r}"
        raise DataError(f"found {shorten(rows[row])}", where=where.row(row), expected=expected, fix=fix) from None
    notes, zone = [], None
    if moments and moments[0].tzinfo is not None:
        offsets = {moment.utcoffset() for moment in moments}
        first = moments[0].utcoffset() or timedelta()
        zone = offset_name(int(first.total_seconds())) if len(offsets) == 1 else "UTC"
        moments = [moment.astimezone(UTC).replace(tzinfo=None) for moment in moments]
        notes.append(became_utc("timestamps with UTC offsets", where))
    return Moments(in_seconds(np.array(moments, dtype="datetime64[us]"), kept, where), notes, zone)


def _other_format(text: pa.ChunkedArray, where: Cells) -> str:
    """What to pass where another format fits all cells; empty if none does, or several do."""
    try:
        return f"pass --time_format {recognised(text, where)[1]!r}"
    except DataError:
        return ""


def _mixed(
    has_offset: NDArray[np.bool_], lacks_one: NDArray[np.bool_], cells: pa.ChunkedArray, where: Cells
) -> DataError:
    rows = sorted([int(has_offset.argmax()), int(lacks_one.argmax())])
    shown = [
        f"row {row + 1} {'has' if has_offset[row] else 'lacks'} one ({shorten(cells[row].as_py())})" for row in rows
    ]
    found = f"{int(has_offset.sum()):,} of {len(has_offset):,} rows have a UTC offset: {', '.join(shown)}"
    fix = "write the times of all rows with an offset, or all without"
    return DataError(found, where=where.name, expected="an offset in all rows or in none", fix=fix)


def _fits(cell: pa.Scalar, type_: pa.DataType) -> bool:
    import pyarrow as pa

    try:
        cell.cast(type_)
    except pa.ArrowInvalid:
        return False
    return True


def _no_time(text: pa.ChunkedArray, fits: Callable[[int], bool], where: Cells) -> DataError:
    """The error of the first cell that is no time. One after the other: this ends the program, and waits at most seconds."""
    row = next(row for row in range(len(text)) if not fits(row))
    cell = text[row].as_py()
    fix = f"correct the cell, pass --time_format, {NOT_AT_ALL}"
    if re.search(r"[T ]24:00(:00)?$", cell):
        fix = "write 24:00 as 00:00 of the next day"
    elif re.search(r"\.[0-9]{7,}", cell):
        fix = "round the times to whole seconds"
    expected = "a time such as 2020-12-31 23:45 that the calendar has"
    return DataError(f"found {shorten(cell)}", where=where.row(row), expected=expected, fix=fix)
