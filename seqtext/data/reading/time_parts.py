"""Times whose parts stand in columns of their own, joined: a date and a clock's time or an hour, or year, month, day and so on.

Knows cells; which columns they are, the caller does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.moments import Cells
from seqtext.data.reading.typed_columns import kind_of
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

UNITS = {
    "year": "year", "yr": "year", "month": "month", "mo": "month", "day": "day", "hour": "hour", "hr": "hour",
    "minute": "minute", "min": "minute", "second": "second", "sec": "second",
}  # fmt: skip
_WIDTHS = {"year": 4, "month": 2, "day": 2, "hour": 2, "minute": 2, "second": 2}
_MARKS = {"year": "", "month": "-", "day": "-", "hour": " ", "minute": ":", "second": ":"}


def are_units(names: Sequence[str]) -> bool:
    """Whether columns are called year and month, and a day where there is more, and nothing but units of time."""
    units = [UNITS.get(name.strip().lower(), "") for name in names]
    known = set(units)
    wanted = {"year", "month", "day"} if len(known) > 2 else {"year", "month"}
    return wanted <= known and "" not in known and len(known) == len(units)


def joined(names: Sequence[str], parts: Sequence[pa.ChunkedArray], where: Cells) -> pa.ChunkedArray:
    """(N,) texts of whole times; null where a part is.

    Args:
        names: of the columns.
        parts: (N,) cells of each.
        where: what messages call all of them.

    Raises:
        DataError: a part that is neither text, number, date nor time; an hour beyond the day.
    """
    import pyarrow.compute as pc

    if are_units(names):
        units = [UNITS[name.strip().lower()] for name in names]
        pairs = sorted(zip(units, parts, strict=True), key=lambda pair: list(_WIDTHS).index(pair[0]))
        if len(pairs) == 2 and not (_is_number(pairs[1][1]) or _are_digits(pairs[1][1])):
            return pc.binary_join_element_wise(_text(pairs[1][1], 0, where), _digits(pairs[0][1], 4, where), " ")
        pieces: list[Any] = []
        for unit, part in pairs:
            pieces += [_MARKS[unit], _digits(part, _WIDTHS[unit], where)]
        return pc.binary_join_element_wise(*pieces, ":00" if pairs[-1][0] == "hour" else "", "")
    first, *others = [_text(part, place, where) for place, part in enumerate(parts)]
    return pc.binary_join_element_wise(first, *others, " ")


def _text(part: pa.ChunkedArray, place: int, where: Cells) -> pa.ChunkedArray:
    """A part as text: of the first one the date alone, where its clock says midnight only; of the others a clock's time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _is_number(part) and place:
        return _clock_of_numbers(part, where)
    if pa.types.is_time(part.type):
        part = pc.replace_substring_regex(part.cast(pa.string()), r"\.0+$", "")
    elif pa.types.is_timestamp(part.type) or pa.types.is_date(part.type):
        part = pc.strftime(part.cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
    elif _is_number(part):
        part = part.cast(pa.int64()).cast(pa.string())
    elif not (pa.types.is_string(part.type) or pa.types.is_large_string(part.type)):
        raise DataError(f"each cell is {kind_of(part.type)}", where=where.name, expected="parts of times")
    text = pc.utf8_trim_whitespace(part.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
    if place == 0:
        return pc.replace_substring_regex(text, r"[ T]00:00(?::00(?:\.0+)?)?$", "")
    if pc.all(pc.match_substring_regex(text, "^[0-9]{1,4}$")).as_py():
        return _clock_of_numbers(text.cast(pa.int64()), where)
    return text


def _clock_of_numbers(part: pa.ChunkedArray, where: Cells) -> pa.ChunkedArray:
    """HH:MM of hours, 0 to 23, or of hours and minutes as one number, 0 to 2359."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = part.cast(pa.int64())
    most = pc.max(numbers).as_py() or 0
    if most > 24:
        four = pc.utf8_lpad(numbers.cast(pa.string()), 4, "0")
        return pc.replace_substring_regex(four, "^([0-9]{2})([0-9]{2})$", r"\1:\2")
    if most == 24:
        row = int(pc.index(numbers, 24).as_py())
        fix = "if hour 1 begins at midnight, subtract 1 from all; if 24 ends the day, write 0 of the next"
        raise DataError("found hour 24", where=where.row(row), expected="0 to 23", fix=fix)
    return pc.binary_join_element_wise(pc.utf8_lpad(numbers.cast(pa.string()), 2, "0"), "00", ":")


def _digits(part: pa.ChunkedArray, width: int, where: Cells) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        numbers = pc.utf8_trim_whitespace(part) if not _is_number(part) else part
        return pc.utf8_lpad(numbers.cast(pa.float64()).cast(pa.int64()).cast(pa.string()), width, "0")
    except pa.ArrowException as error:
        raise DataError(f"not whole numbers ({shorten(str(error))})", where=where.name) from None


def _are_digits(part: pa.ChunkedArray) -> bool:
    """Whether the cells of text are whole numbers; those that are missing are as good as any."""
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(pc.utf8_trim_whitespace(part), "^[0-9]+$")).as_py() is not False)


def _is_number(part: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(part.type) or pa.types.is_floating(part.type))
