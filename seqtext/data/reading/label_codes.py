"""A label column as numbers: which value each row has, as a code into the list of the column's values.

Whatever is no label stops here, with its rows: -100, 1.5, lists, ids without a name. Knows one column of one split, not
which labels training found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

MAX_LABELS = 1 << 16  # beyond this it is the wrong column; its values would fill the memory
MAX_ROWS_TOLD = 5
MISSING = -1  # the code of a row without a label; also what the hub's unlabelled test splits write
_WHOLE = re.compile(r"-?\d{1,18}")


class Coded(NamedTuple):
    """A label column.

    Attributes:
        codes: int64, one a row: an index into `values`, or `MISSING`.
        values: the names of a class column in its order; else the values found, sorted, as text.
        counts: int64, rows of each value.
    """

    codes: NDArray[np.int64]
    values: tuple[str, ...]
    counts: NDArray[np.int64]


def coded(dataset: datasets.Dataset, column: str, *, where: str | None = None) -> Coded:
    """A column of classes, text, whole numbers, or true and false; None, -1 and the empty text are `MISSING`.

    Where every text is a whole number, as in a csv file, they are numbers: -1 is `MISSING` there too, and 2 comes before 10.

    Raises:
        DataError: another type, a negative number, an id without a name, too many values for classes.
    """
    import pyarrow as pa

    where = f"{where or place_of(dataset)}, column {column!r}"
    type_ = dataset.data.column(column).type
    names = getattr(dataset.features[column], "names", None)
    if names is not None:
        codes, values = _class_codes(column_arrays(dataset, column), names, where), tuple(names)
    elif pa.types.is_null(type_):
        codes, values = np.full(len(dataset), MISSING, dtype=np.int64), ()
    elif pa.types.is_integer(type_) or pa.types.is_boolean(type_) or _is_text(type_):
        codes, values = _value_codes(column_arrays(dataset, column), where)
    else:
        raise _not_a_label(column_arrays(dataset, column), str(type_), where)
    return Coded(codes, values, np.bincount(codes[codes >= 0], minlength=len(values)))


def name_rows(rows: NDArray[np.int64]) -> str:
    """`"row 17"`, or `"37 rows, the first 17, 18, 19, 20, 21"`: rows counted from 0, named as people count, from 1."""
    if len(rows) == 1:
        return f"row {rows[0] + 1}"
    first = ", ".join(str(row + 1) for row in rows[:MAX_ROWS_TOLD])
    return f"{len(rows):,} rows, " + (f"the first {first}" if len(rows) > MAX_ROWS_TOLD else first)


def _is_text(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _class_codes(arrays: Iterator[pa.Array], names: Sequence[str], where: str) -> NDArray[np.int64]:
    codes = np.concatenate([np.zeros(0, np.int64), *(array.fill_null(MISSING).to_numpy() for array in arrays)])
    wrong = np.flatnonzero((codes < MISSING) | (codes >= len(names)))
    if len(wrong):
        same = wrong[codes[wrong] == codes[wrong[0]]]
        raise _no_such_id(codes[wrong[0]], same, f"0 to {len(names) - 1} ({shorten(', '.join(names))})", where)
    return codes


def _value_codes(arrays: Iterator[pa.Array], where: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Codes in the order of the sorted values; Python sees each value of a batch once, never the rows."""
    number: dict[str | int | bool, int] = {}
    batches = [np.zeros(0, np.int64)]
    for array in arrays:
        encoded = array.dictionary_encode()
        values = encoded.dictionary.to_pylist()
        table = np.array([number.setdefault(value, len(number)) for value in values] + [MISSING], dtype=np.int64)
        batches.append(table[encoded.indices.fill_null(len(values)).to_numpy()])
        if len(number) > MAX_LABELS:
            break
    codes = np.concatenate(batches)
    _refuse_too_many(len(number), len(codes), where)
    meant = _meant(number)
    for value, code in number.items():
        if isinstance(meant[value], int) and meant[value] < MISSING:
            raise _no_such_id(value, np.flatnonzero(codes == code), "0 or more", where)
    present = sorted(
        (value for value in number if meant[value] != MISSING), key=lambda value: (meant[value], str(value))
    )
    table = np.full(len(number) + 1, MISSING, dtype=np.int64)
    table[[number[value] for value in present]] = np.arange(len(present))
    return table[codes], tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in present)


def _meant(values: Collection[str | int | bool]) -> dict[str | int | bool, Any]:
    """What each value stands for: texts are numbers where all are whole ones, and one without a character is `MISSING`."""
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    whole = all(map(_WHOLE.fullmatch, texts))
    empty = {value: MISSING for value in values if isinstance(value, str) and not value.strip()}
    return {value: value for value in values} | {text: int(text) if whole else text for text in texts} | empty


def _refuse_too_many(values: int, rows: int, where: str) -> None:
    if values > MAX_LABELS or values > max(100, rows / 2):
        count = f"more than {MAX_LABELS:,}" if values > MAX_LABELS else f"{values:,}"
        found = f"found {count} different values in {rows:,} rows"
        raise DataError(found, where=where, expected="classes", fix="name the right column with --label_column")


def _no_such_id(value: object, rows: NDArray[np.int64], expected: str, where: str) -> DataError:
    fix = "give these rows a label or remove them (no label is ever ignored)"
    return DataError(f"found {value} in {name_rows(rows)}", where=where, expected=expected, fix=fix)


def _not_a_label(arrays: Iterator[pa.Array], type_: str, where: str) -> DataError:
    found: tuple[int, object] = (0, None)
    for row, value in enumerate((value for array in arrays for value in array.to_pylist()), start=1):
        # Of floats, one such as 1.5 says more than a 1.0 before it.
        telling = value is not None and not (isinstance(value, float) and value.is_integer())
        if telling or found[1] is None:
            found = row, value
        if telling:
            break
    return DataError(
        f"found {shorten(found[1])} in row {found[0]} (the column is {type_})",
        where=where,
        expected="a name, a whole number, or true or false",
        fix="write labels as names or as whole numbers",
    )


def check_values(rows: datasets.Dataset, column: str) -> None:
    """Sees to it that each row has a value in a column of classes.

    Raises:
        DataError: naming the rows that have none, or a column that holds no classes.
    """
    unknown = np.flatnonzero(coded(rows, column).codes == MISSING)
    if len(unknown):
        found = f"found no value (None, -1 or empty) in {name_rows(unknown)} of {len(rows):,}"
        fix = "fill them in, or remove these rows"
        raise DataError(found, where=f"{place_of(rows)}, column {column!r}", expected="a value in every row", fix=fix)
