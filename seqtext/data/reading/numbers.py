"""A column as numbers: text is parsed strictly, a cell without a reading is NaN, anything else is an error with its row.

No number is guessed at: "1,234" may be a thousand or little more than one, so the message asks. Knows cells, not what they measure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of, row_of
from seqtext.data.reading.typed_columns import kind_of
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

Decimal = Literal[".", ","]

_SIGN, _EXPONENT = "[+\\-]?", "(?:[eE][+\\-]?[0-9]+)?"
# Every spelling that is taken. Arrow's parser takes these too, and besides them only `nan(...)` and infinity.
_NUMBER = rf"^{_SIGN}(?:[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}$|^{_SIGN}[nN][aA][nN]$"
# What was likely meant to be a number: also with the other decimal mark, separated thousands, or a unit.
_MEANT = (
    rf"^{_SIGN}(?:(?:[0-9]{{1,3}}(?:[., '_][0-9]{{3}})+|[0-9]+)(?:[.,][0-9]*)?|[.,][0-9]+){_EXPONENT}"
    r" ?[^\s0-9.,:/\-]{0,4}$"
)
_SAMPLE = 1000  # rows by which a column is taken to hold numbers
_TRUTHS = {"true": "1", "false": "0"}


def numbers(
    dataset: datasets.Dataset, column: str, *, decimal: Decimal = ".", missing: Sequence[str] = ()
) -> NDArray[np.float64]:
    """(N,) the numbers of a column; NaN where a cell is None, empty, `nan` in any case, or one of `missing`; true is 1 and false is 0.

    Args:
        dataset: N rows.
        column: its name; text, numbers already, or true and false. Blanks around a number are left aside.
        decimal: the decimal mark of text.
        missing: further cells that stand for a reading that is missing, such as `NA`.

    Raises:
        DataError: a cell that is no finite number, with the first such row and how many there are; a column of another type.
    """
    where = f"{place_of(dataset)}, column {column!r}"
    cells = column_arrays(dataset, column)
    return numbers_of(cells, where, lambda row: f"{row_of(dataset, row)}, column {column!r}", decimal, missing)


def numbers_of(
    arrays: Iterable[pa.Array], where: str, place: Callable[[int], str], decimal: Decimal, missing: Sequence[str]
) -> NDArray[np.float64]:
    """(N,) as `numbers`, of cells that need not be a column of their own.

    Args:
        arrays: the cells.
        where: what messages call all of them.
        place: and what they call one, by its number from 0.
        decimal: as of `numbers`.
        missing: likewise.

    Raises:
        DataError: as `numbers`.
    """
    parts, first, faults, before, thousands = [], None, 0, 0, False
    marks = [
        float(text.replace(decimal, ".")) for text in missing if re.match(_NUMBER, text.strip().replace(decimal, "."))
    ]
    for cells in arrays:
        values, wrong = _parsed(cells, decimal, missing, where)
        if wrong is not None:
            if first is None:
                row = int(wrong.argmax())
                first = before + row, cells[row].as_py()
            faults += int(wrong.sum())
            thousands = thousands or _separates_thousands(cells, wrong, decimal)
        before += len(cells)
        values[np.isin(values, marks)] = np.nan
        parts.append(values)
    if first is not None:
        row, cell = first
        more = "" if faults == 1 else f" (and {faults - 1:,} more {'row' if faults == 2 else 'rows'})"
        found = f"found {shorten(cell)}{more}"
        fix = "remove the thousands separators" if thousands else _fix(cell, decimal)
        raise DataError(found, where=place(row), expected=_expected(decimal), fix=fix)
    return np.concatenate(parts) if parts else np.zeros(0)


def holds_numbers(dataset: datasets.Dataset, column: str, *, missing: Sequence[str] = ()) -> bool:
    """Whether a column is of numbers, or of text most of whose first cells are meant as numbers, well written or not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = dataset.data.column(column).type
    if not _is_text(type_):
        return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))
    cells = _trimmed(next(column_arrays(dataset, column)).slice(0, _SAMPLE))
    cells = cells.filter(pc.invert(_is_missing(cells, missing))).drop_null()
    return bool(len(cells)) and 2 * int(pc.sum(pc.match_substring_regex(cells, _MEANT)).as_py()) > len(cells)


def _parsed(
    cells: pa.Array, decimal: Decimal, missing: Sequence[str], where: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """The numbers, and which cells are none; None if all are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _is_text(cells.type):
        values = _as_float(cells, where)
        wrong = np.isinf(values)
        return values, wrong if wrong.any() else None
    cells = _trimmed(cells)
    cells = pc.if_else(_is_missing(cells, missing), pa.scalar(None, cells.type), cells)
    pointed = cells
    if decimal == ",":
        # A point separates thousands here, which is refused: it is made what no number holds.
        pointed = pc.replace_substring(pc.replace_substring(cells, ".", "_"), ",", ".")
    try:
        values = _as_float(pointed, where)
        # Of all that parses, only `nan(...)` is more than is asked for: looked at only where there are NaNs that were written.
        strict = int(np.isnan(values).sum()) == cells.null_count
    except pa.ArrowInvalid:
        strict = False
    if not strict and (truths := _truths(cells)) is not None:
        return _as_float(truths, where), None
    if not strict:
        good = pc.match_substring_regex(pointed, _NUMBER).fill_null(True)
        values = _as_float(pc.if_else(good, pointed, pa.scalar(None, cells.type)), where)
        wrong = ~good.to_numpy(zero_copy_only=False) | np.isinf(values)
    else:
        wrong = np.isinf(values)
    return values, wrong if wrong.any() else None


def _separates_thousands(cells: pa.Array, wrong: NDArray[np.bool_], decimal: Decimal) -> bool:
    """Whether a cell tells that the other mark is no decimal mark: it stands twice, between threes of digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _is_text(cells.type):
        return False
    other = re.escape("," if decimal == "." else ".")
    told = pc.match_substring_regex(
        _trimmed(cells.filter(pa.array(wrong))), rf"^{_SIGN}[0-9]{{1,3}}(?:{other}[0-9]{{3}}){{2,}}"
    )
    return bool(pc.any(told).as_py())


def _truths(cells: pa.Array) -> pa.Array | None:
    """Cells of 1 and 0 where all that are there are true or false; else None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(cells)
    there = lower.drop_null()
    if not len(there) or not pc.all(pc.is_in(there, value_set=pa.array(list(_TRUTHS), lower.type))).as_py():
        return None
    for word, digit in _TRUTHS.items():
        lower = pc.replace_substring(lower, word, digit)
    return lower


def _as_float(cells: pa.Array, where: str) -> NDArray[np.float64]:
    """(N,) a copy of its own; NaN for null."""
    import pyarrow as pa

    type_ = cells.type
    if pa.types.is_boolean(type_):
        cells, type_ = cells.cast(pa.int8()), pa.int8()
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null, _is_text)
    if not any(is_kind(type_) for is_kind in kinds):
        raise DataError(f"each cell is {kind_of(type_)}", where=where, expected="numbers", fix="name another column")
    # Not safe only as whole numbers beyond 2^53 are rounded; text is parsed as strictly as ever.
    return np.array(cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _is_text(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _trimmed(cells: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.utf8_trim_whitespace(cells)


def _is_missing(cells: pa.Array, missing: Sequence[str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(cells, value_set=pa.array(["", *(text.strip() for text in missing)], cells.type))


def _expected(decimal: Decimal) -> str:
    return "a finite number" if decimal == "." else "a finite number with a decimal comma"


def _fix(cell: object, decimal: Decimal) -> str:
    """What to do about a cell that is no number, by what it looks like."""
    if not isinstance(cell, str):
        return "leave the cell empty if its reading is missing"
    text = cell.strip()
    other = "," if decimal == "." else "."
    switch = "pass --decimal ," if decimal == "." else "leave --decimal , out"
    a, b = re.escape(decimal), re.escape(other)
    if re.fullmatch(rf"{_SIGN}[0-9]{{1,3}}{b}[0-9]{{3}}", text):
        mark = "comma" if decimal == "." else "point"
        return f"{switch} if the {mark} is the decimal mark; remove it if it separates thousands"
    if re.fullmatch(rf"{_SIGN}[0-9]*{b}[0-9]*{_EXPONENT}", text) and re.search("[0-9]", text):
        return switch
    if re.fullmatch(rf"{_SIGN}[0-9]{{1,3}}(?:[{a}\s'’][0-9]{{3}})+{b}[0-9]+", text):
        return f"remove the thousands separators, and {switch}"
    if re.fullmatch(rf"{_SIGN}[0-9]+(?:[{a}{b}\s'’_][0-9]{{3}})+(?:{a}[0-9]*)?", text):
        return "remove the thousands separators"
    if re.fullmatch(r"[−–][0-9.,]+", text):
        return "write the minus sign as '-'"
    if re.fullmatch(rf"{_SIGN}(?:inf|infinity)|{_SIGN}[0-9]+{a}?[0-9]*{_EXPONENT}", text, re.IGNORECASE):
        return f"leave the cell empty, or pass --missing {shorten(text)}, if the reading is missing"
    unit = re.fullmatch(rf"{_SIGN}[0-9.,]+{_EXPONENT}\s*([^\s0-9.,_:/\-][^0-9_]{{0,11}})", text)
    unit = unit or re.fullmatch(r"([^\s0-9.,+\-]{1,4})\s*[+\-]?[0-9.,]+", text)
    if unit:
        return f"remove the unit {shorten(unit[1])}"
    if len(text) <= 12 and not re.search("[0-9]", text):
        return f"pass --missing {shorten(text)} if it marks a missing reading"
    return "correct the cell, leave it empty if its reading is missing, or name another column"
