"""Labels as an object that has a number for each name, `{"SPORTS": 1.0, "BUSINESS": 0.0}`, as spaCy's textcat writes them: those with a 1.

Knows one column of one split.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.column_arrays import column_arrays, in_file, place_of
from seqtext.data.reading.label_cells import QUOTED, unquoted
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

_SAID = {"true": 1.0, "True": 1.0, "false": 0.0, "False": 0.0, "null": None, "None": None}
_PAIR = rf"({QUOTED})\s*:\s*(-?\d[\d.eE+-]*|{'|'.join(_SAID)})"
_NUMBERED = re.compile(rf"\s*\{{\s*({_PAIR}(\s*,\s*{_PAIR})*)?\s*\}}\s*", re.DOTALL)


def named_by_numbers(dataset: datasets.Dataset, column: str) -> list[list[str] | None] | None:
    """The names that have a 1 in each row, None for a row that says nothing of any; None if this is not how the column is written.

    A name that a row does not have, or has nothing for, has a 0.

    Raises:
        DataError: a number that is neither 0 nor 1.
    """
    import pyarrow as pa

    type_ = dataset.data.column(column).type
    if pa.types.is_struct(type_):
        if not all(map(_is_number, (type_.field(place).type for place in range(type_.num_fields)))):
            return None
        objects = [found for array in column_arrays(dataset, column) for found in array.to_pylist()]
    elif pa.types.is_string(type_) or pa.types.is_large_string(type_):
        known: dict[str | None, dict[str, float | None] | None] = {None: None}
        objects = []
        for array in column_arrays(dataset, column):
            for cell in array.to_pylist():
                if cell not in known:
                    if cell.strip() and not _NUMBERED.fullmatch(cell):
                        return None
                    try:
                        known[cell] = {unquoted(name): _number(said) for name, said in re.findall(_PAIR, cell)}
                    except ValueError:  # it begins like a number, as dates do
                        return None
                objects.append(known[cell])
        if not any(objects):
            return None
    else:
        return None
    return [_names(found, dataset, column, row) for row, found in enumerate(objects)]


def _names(found: dict[str, Any] | None, dataset: datasets.Dataset, column: str, row: int) -> list[str] | None:
    given = {name: number for name, number in (found or {}).items() if number is not None}
    for name, number in given.items():
        if number not in (0, 1):
            raise DataError(
                f"found {shorten(number)} for {shorten(name)}",
                where=f"{place_of(dataset)}, row {row + 1}{in_file(dataset, row)}, column {column!r}",
                expected="0 or 1 for each label",
                fix=f"write 0 or 1; beside a column of labels --teacher_column {column} learns from such numbers too",
            )
    return [name for name, number in given.items() if number] if given else None


def _is_number(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(type_)
        or pa.types.is_floating(type_)
        or pa.types.is_boolean(type_)
        or pa.types.is_null(type_)
    )


def _number(said: str) -> float | None:
    return _SAID[said] if said in _SAID else float(said)
