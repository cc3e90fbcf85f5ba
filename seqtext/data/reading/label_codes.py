"""A label column as numbers: which value each row has, as a code into the list of the column's values.

Whatever is no label stops here, with its rows: -100, 1.5, lists, ids without a name. Knows one column of one split, not
which labels training found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, in_file, place_of
from seqtext.data.reading.label_numbers import named_by_numbers
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

MAX_LABELS = 1 << 16  # beyond this it is the wrong column; its values would fill the memory
MAX_ROWS_TOLD = 5
MISSING = -1  # the code of a row without a label; also what the hub's unlabelled test splits write
OF_A_SPLIT = (  # what to do where no row of one has a label
    "use another split: the test splits of the hub often have no labels; in training --unlabelled drop leaves such a split out"
)
_WHOLE = re.compile(r"-?\d{1,18}(\.0*)?")  # 3, and 3.0, which a column with empty cells makes of it
_LARGEST_WHOLE_FLOAT = 2.0**53  # beyond it a float no longer tells whole numbers apart
_LIST = re.compile(r"\[.*\]|\(.*\)|\{.*\}", re.DOTALL)
ONE_OF_SEVERAL = (
    "where a text has one label, keep one of each row's, such as the first, in a column of its own;"
    " a classifier learns all of them with --target labels"
)


class Coded(NamedTuple):
    """A label column.

    Attributes:
        codes: int64, one per row: an index into `values`, or `MISSING`.
        values: the names of a class column in its order; else the values found, sorted, as text without outer blanks.
        counts: int64, rows of each value.
        trimmed: rows whose label had outer blanks.
    """

    codes: NDArray[np.int64]
    values: tuple[str, ...]
    counts: NDArray[np.int64]
    trimmed: int


def coded(dataset: datasets.Dataset, column: str, *, where: str | None = None) -> Coded:
    """A column of classes, text, whole numbers (1.0 is one), or true and false; None, NaN, -1 and the empty text are `MISSING`.

    A list of one label is that label, and so is an object of a number for each name of which one is 1.

    Where every text is a whole number, as in a csv file, they are numbers: -1 is `MISSING` there too, and 2 comes before 10. Beside 1
    alone -1 is a class: no data set has one class and rows without a label.

    Raises:
        DataError: another type, several labels a row, a negative number, an id without a name, too many values for classes.
    """
    import pyarrow as pa

    where = f"{where or place_of(dataset)}, column {column!r}"
    type_, feature = dataset.data.column(column).type, dataset.features[column]
    alone = _is_list(type_) and all(_lengths(array).max(initial=0) < 2 for array in column_arrays(dataset, column))
    if alone:  # lists of one label
        type_, feature = type_.value_type, feature.feature

    def arrays() -> Iterator[pa.Array]:
        return map(_only, column_arrays(dataset, column)) if alone else column_arrays(dataset, column)

    names = getattr(feature, "names", None)
    trimmed = 0
    if (named := named_by_numbers(dataset, column)) is not None:
        codes, values, trimmed = _value_codes([_only_named(named, where, dataset)], where, dataset)
    elif names is not None:
        codes, values = _class_codes(arrays(), names, where, dataset), tuple(names)
    elif pa.types.is_null(type_):
        codes, values = np.full(len(dataset), MISSING, dtype=np.int64), ()
    elif pa.types.is_integer(type_) or pa.types.is_boolean(type_) or _is_text(type_):
        codes, values, trimmed = _value_codes(arrays(), where, dataset)
    elif (pa.types.is_floating(type_) or pa.types.is_decimal(type_)) and _all_whole(arrays()):
        codes, values, trimmed = _value_codes(map(_as_whole, arrays()), where, dataset)
    else:
        raise _not_a_label(arrays(), type_, where, dataset)
    return Coded(codes, values, np.bincount(codes[codes >= 0], minlength=len(values)), trimmed)


def name_rows(rows: NDArray[np.int64], dataset: datasets.Dataset | None = None) -> str:
    """`"row 17"`, or `"37 rows, the first 17, 18, 19, 20, 21"`: rows counted from 0, named as people count, from 1.

    Of a data set out of several files, the file of the first row is named too.
    """
    file = "" if dataset is None else in_file(dataset, int(rows[0]))
    if len(rows) == 1:
        return f"row {rows[0] + 1}{file}"
    first = ", ".join(str(row + 1) for row in rows[:MAX_ROWS_TOLD])
    return f"{len(rows):,} rows, " + (f"the first {first}" if len(rows) > MAX_ROWS_TOLD else first) + file


def plain_name(label: str) -> str:
    """A label without what readers add to it: outer blanks, and the `.0` of a whole number that was read as a float."""
    label = label.strip()
    return label.partition(".")[0] if _WHOLE.fullmatch(label) else label


def several_labels(where: str) -> DataError:
    """What to raise for a column of several labels a row."""
    return DataError("each row has several labels", where=where, fix=ONE_OF_SEVERAL)


def _is_text(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _is_list(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_))


def _lengths(lists: pa.Array) -> NDArray[np.int64]:
    import pyarrow as pa

    lengths: NDArray[np.int64] = lists.value_lengths().fill_null(0).cast(pa.int64()).to_numpy()
    return lengths


def _only(lists: pa.Array) -> pa.Array:
    """The only item of each list; null for an empty one."""
    import pyarrow as pa

    lengths = _lengths(lists)
    return lists.flatten().take(pa.array(np.cumsum(lengths) - 1, mask=lengths == 0))


def _only_named(named: Sequence[list[str] | None], where: str, dataset: datasets.Dataset) -> pa.Array:
    """The only name of each row; null where there is none."""
    import pyarrow as pa

    row = next((row for row, one in enumerate(named) if one is not None and len(one) > 1), None)
    if row is not None:
        raise several_labels(
            f"{where}, row {row + 1}{in_file(dataset, row)}, found {shorten(', '.join(named[row] or ()))}"
        )
    return pa.array([one[0] if one else None for one in named], pa.string())


def _class_codes(
    arrays: Iterable[pa.Array], names: Sequence[str], where: str, dataset: datasets.Dataset
) -> NDArray[np.int64]:
    codes = np.concatenate([np.zeros(0, np.int64), *(array.fill_null(MISSING).to_numpy() for array in arrays)])
    wrong = np.flatnonzero((codes < MISSING) | (codes >= len(names)))
    if len(wrong):
        same = wrong[codes[wrong] == codes[wrong[0]]]
        raise _no_such_id(codes[wrong[0]], same, f"0 to {len(names) - 1} ({shorten(', '.join(names))})", where, dataset)
    return codes


def _value_codes(
    arrays: Iterable[pa.Array], where: str, dataset: datasets.Dataset
) -> tuple[NDArray[np.int64], tuple[str, ...], int]:
    """Codes in the order of the sorted values, these, and rows with outer blanks. Python sees each value of a batch once, not the rows."""
    number: dict[str | int | bool, int] = {}
    batches = [np.zeros(0, np.int64)]
    trimmed = 0
    for array in arrays:
        encoded = array.dictionary_encode()
        found = encoded.dictionary.to_pylist()
        values = [value.strip() if isinstance(value, str) else value for value in found]
        table = np.array([number.setdefault(value, len(number)) for value in values] + [MISSING], dtype=np.int64)
        places = encoded.indices.fill_null(len(values)).to_numpy()
        batches.append(table[places])
        blanks = [bool(value) and value != before for value, before in zip(values, found, strict=True)]
        trimmed += int(np.array([*blanks, False])[places].sum())
        if len(number) > MAX_LABELS:
            found_values = f"found more than {MAX_LABELS:,} different values"
            fix = "name the right column with --label_column"
            raise DataError(found_values, where=where, expected="classes", fix=fix)
    codes = np.concatenate(batches)
    _refuse_lists(number, codes, where, dataset)
    meant = _meant(number)
    for value, code in number.items():
        if isinstance(meant[value], int) and meant[value] < MISSING:
            raise _no_such_id(value, np.flatnonzero(codes == code), "0 or more", where, dataset)
    # Texts that mean one number have one name, 3.0 that of 3: so several values may share a code.
    signs = {one for one in meant.values() if one is not None} == {-1, 1}
    missing = (None,) if signs else (None, MISSING)
    name = {value: _name(value, meant[value]) for value in number if meant[value] not in missing}
    names = sorted({(meant[value], one) for value, one in name.items()})
    place = {one: place for place, (_, one) in enumerate(names)}
    table = np.full(len(number) + 1, MISSING, dtype=np.int64)
    table[[number[value] for value in name]] = [place[one] for one in name.values()]
    return table[codes], tuple(one for _, one in names), trimmed


def _name(value: str | int | bool, meant: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return plain_name(value) if isinstance(value, str) and isinstance(meant, int) else str(value)


def _meant(values: Collection[str | int | bool]) -> dict[str | int | bool, Any]:
    """What each value stands for: texts are numbers where all are whole ones, and one without a character is None."""
    texts = [value for value in values if isinstance(value, str) and value]
    whole = all(map(_WHOLE.fullmatch, texts))
    meant: dict[str | int | bool, Any] = {value: value for value in values}
    return (
        meant
        | {text: int(text.partition(".")[0]) if whole else text for text in texts}
        | {value: None for value in values if value == "" and isinstance(value, str)}
    )


def _refuse_lists(
    number: dict[str | int | bool, int], codes: NDArray[np.int64], where: str, dataset: datasets.Dataset
) -> None:
    """Refuses texts that are lists of labels, such as "[0, 1, 0]": each combination would be a class of its own."""
    texts = [value for value in number if isinstance(value, str) and value]
    if texts and all(map(_LIST.fullmatch, texts)) and (several := [text for text in texts if "," in text]):
        row = int(np.argmax(np.isin(codes, [number[text] for text in several])))
        first = next(text for text in several if number[text] == codes[row])
        raise several_labels(f"{where}, row {row + 1}{in_file(dataset, row)}, found {shorten(first)}")


def _all_whole(arrays: Iterator[pa.Array]) -> bool:
    """Whether all numbers of a column of floats are whole; missing ones say nothing."""
    for array in arrays:
        values = _floats(array)
        values = values[~np.isnan(values)]
        if (np.floor(values) != values).any() or (np.abs(values) > _LARGEST_WHOLE_FLOAT).any():
            return False
    return True


def _as_whole(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    values = _floats(array)
    missing = np.isnan(values)
    return pa.array(np.where(missing, 0, values).astype(np.int64), mask=missing)


def _floats(array: pa.Array) -> NDArray[np.float64]:
    import pyarrow as pa

    floats: NDArray[np.float64] = array.cast(pa.float64()).to_numpy(zero_copy_only=False)  # nulls are NaN there
    return floats


def _no_such_id(
    value: object, rows: NDArray[np.int64], expected: str, where: str, dataset: datasets.Dataset
) -> DataError:
    fix = "give these rows a label or remove them (no label is ever ignored)"
    return DataError(f"found {value} in {name_rows(rows, dataset)}", where=where, expected=expected, fix=fix)


def _not_a_label(arrays: Iterable[pa.Array], type_: pa.DataType, where: str, dataset: datasets.Dataset) -> DataError:
    found: tuple[int, object] = (0, None)
    for row, value in enumerate((value for array in arrays for value in array.to_pylist()), start=1):
        # Of floats, one such as 1.5 says more than a 1.0 before it; of lists, one of several labels more than one of one.
        telling = value is not None and not _says_little(value)
        if telling or found[1] is None:
            found = row, value
        if telling:
            break
    file = in_file(dataset, found[0] - 1)
    if isinstance(found[1], list):
        return several_labels(f"{where}, row {found[0]}{file}, found {shorten(found[1])}")
    return DataError(
        f"found {shorten(found[1])} in row {found[0]}{file} (the column is {type_})",
        where=where,
        expected="a name, a whole number, or true or false",
        fix="write labels as names or as whole numbers",
    )


def _says_little(value: object) -> bool:
    return (isinstance(value, float) and value.is_integer()) or (isinstance(value, list) and len(value) < 2)


def check_values(rows: datasets.Dataset, column: str) -> None:
    """Sees to it that each row has a value in a column of classes.

    Raises:
        DataError: naming the rows that have none, or a column that holds no classes.
    """
    unknown = np.flatnonzero(coded(rows, column).codes == MISSING)
    if len(unknown):
        found = f"found no value (None, -1 or empty) in {name_rows(unknown, rows)} of {len(rows):,}"
        fix = "fill them in, or remove these rows"
        raise DataError(found, where=f"{place_of(rows)}, column {column!r}", expected="a value in every row", fix=fix)
