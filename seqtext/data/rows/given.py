"""Rows as Python code holds them, as a data set: a data frame, a dict of columns, a list of dicts, a split among others.

Knows shapes of objects, never a library by its name: whatever has columns will do. Not what the columns mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.remarks import Remarks, with_remarks
from seqtext.data.rows.columns import LABEL_NAMES, TEXT_NAMES
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

_EXPECTED = "a Dataset, a data frame, a dict of columns, or a list of dicts"
_OFTEN_MEANT = {name for groups in (TEXT_NAMES, LABEL_NAMES) for group in groups for name in group}
_NUMBERS = (int, float)


def is_frame(given: object) -> bool:
    """Whether an object is a table with columns that have names, as those of pandas, polars and Arrow; a dict is none."""
    return hasattr(given, "columns") and hasattr(given, "__getitem__") and not isinstance(given, Mapping)


def frame_columns(given: Any) -> dict[str, Any]:
    """The columns of a data frame by their names; of a name that stands there twice none."""
    names = list(getattr(given, "column_names", given.columns))  # Arrow calls the arrays `columns`
    counts = Counter(names)
    return {str(name): given[name] for name in names if counts[name] == 1}


def plain_values(values: Any) -> Iterable[Any]:
    """The values of Arrow's arrays as Python has them; anything else as it is."""
    listed: Iterable[Any] = values.to_pylist() if hasattr(values, "to_pylist") else values
    return listed


def as_rows(given: Any, *columns: str | None, split: str | None = None) -> datasets.Dataset:
    """The rows of one split, as a data set.

    Columns that are not named, and that no type fits, are left aside, and refused where they are asked for.

    Args:
        given: a data set of datasets, a data frame, a dict of columns, or a list of dicts.
        columns: those that are needed, as far as they are known; None is nobody's.
        split: the one to take of a `DatasetDict`; without, one is refused.

    Raises:
        DataError: all splits at once, a streaming data set, what is no rows, or a needed column of several types, with the row at fault.
    """
    import datasets

    if isinstance(given, datasets.DatasetDict) and split in given:
        given = given[split]
    if isinstance(given, datasets.Dataset):
        return given
    if isinstance(given, datasets.IterableDataset | datasets.IterableDatasetDict):
        fix = (
            "load it without streaming=True, or hf download NAME --repo-type dataset --local-dir FOLDER and load FOLDER"
        )
        raise DataError("found a streaming data set", where="the rows", expected="one on disk", fix=fix)
    if isinstance(given, datasets.DatasetDict):
        fix = f"pass one split, as data[{next(iter(given), 'train')!r}]"
        raise DataError("found a DatasetDict", where="the rows", expected="a Dataset", fix=fix)
    table = _columns(given)
    if not table or not len(next(iter(table.values()))):
        raise DataError("no rows", where="the rows", expected="one row at least")
    needed = {part for column in columns if column is not None for part in parts_of(column)}
    arrays = {name: _array(values, name, must=name in needed) for name, values in table.items()}
    rows = _as_dataset({name: array for name, array in arrays.items() if array is not None})
    left_aside = {name: str(_misfit(table[name], name)) for name, array in arrays.items() if array is None}
    return with_remarks(rows, Remarks((), left_aside))


def _columns(given: Any) -> dict[str, Sequence[Any]]:
    """The columns of what was given, all of the same length."""
    if is_frame(given):
        return frame_columns(given)
    if isinstance(given, Mapping):
        return same_lengths(given)
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | set | frozenset):
        given = list(given)
    if isinstance(given, list) and all(isinstance(row, Mapping) for row in given):
        names = dict.fromkeys(str(name) for row in given for name in row)
        return {name: [row.get(name) for row in given] for name in names}
    fix = "for texts alone pass {'text': texts}" if isinstance(given, list) and isinstance(given[0], str) else ""
    raise DataError(f"found {type(given).__name__}", where="the rows", expected=_EXPECTED, fix=fix)


def same_lengths(given: Mapping[Any, Any]) -> dict[str, Sequence[Any]]:
    """The columns of a dict.

    Raises:
        DataError: for columns that are none, or not of the same length.
    """
    table = {str(name): values for name, values in given.items()}
    for name, values in table.items():
        if isinstance(values, str | bytes) or not (hasattr(values, "__len__") and hasattr(values, "__iter__")):
            found = f"found {shorten(values)} ({type(values).__name__}) as column {name!r}"
            raise DataError(found, where="the rows", expected=_EXPECTED)
    lengths = {name: len(values) for name, values in table.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} {length:,}" for name, length in lengths.items())
        raise DataError(f"columns of different lengths: {told}", where="the rows", expected="as many rows in each")
    return table


def _array(values: Any, name: str, *, must: bool) -> pa.Array | None:
    """A column as Arrow has it; None for one of several types that nobody asked for.

    Raises:
        DataError: for one that is needed, or whose name says that it is; the type that most values have is right.
    """
    import datasets
    import pyarrow as pa

    try:
        array = _plain(_converted(values))
        if pa.types.is_binary(array.type) and any(isinstance(value, str) for value in values):
            raise TypeError("Arrow takes texts among bytes for bytes")
        datasets.Features.from_arrow_schema(pa.schema([(name, array.type)]))  # it has fewer types than Arrow
        return array
    except (pa.ArrowException, OverflowError, TypeError, ValueError, NotImplementedError):
        pass
    if must or name.strip().lower() in _OFTEN_MEANT:
        raise _misfit(values, name)
    return None


def _converted(values: Any) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, pa.Array):
        return values
    if hasattr(values, "to_arrow"):  # polars
        values = values.to_arrow()
    elif hasattr(values, "__arrow_array__") or hasattr(values, "dtype"):  # NaN among texts is nothing
        return pa.array(values, from_pandas=True)
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(list(values), from_pandas=True)


def _plain(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """With plain values for dictionaries, which frames write for categories, and for views."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return array.cast(pa.large_string()) if pa.types.is_string_view(array.type) else array


def _misfit(values: Iterable[object], name: str) -> DataError:
    """The first value that is not of the type that most values have."""
    values = list(values)
    kinds = [_kind(value) for value in values]
    common = Counter(kind for kind in kinds if kind is not None).most_common(1)
    usual = common[0][0] if common else None
    row = next((row for row, kind in enumerate(kinds) if kind not in (None, usual)), None)
    if row is None:
        return DataError(
            "found values that no column of numbers, texts or lists can hold", where=f"the rows, column {name!r}"
        )
    found = f"found {shorten(values[row])} ({type(values[row]).__name__})"
    expected = f"{usual}, as in {common[0][1]:,} of {len(values):,} rows"
    fix = "write the whole column in one type"
    return DataError(found, where=f"the rows, row {row + 1}, column {name!r}", expected=expected, fix=fix)


def _kind(value: object) -> str | None:
    """The type of a value by its name; None for a missing one, as frames write it."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, str):
        return "text"
    return "a number" if isinstance(value, _NUMBERS) and not isinstance(value, bool) else type(value).__name__


def _as_dataset(arrays: Mapping[str, pa.Array]) -> datasets.Dataset:
    import datasets
    import pyarrow as pa
    from datasets.table import InMemoryTable

    return datasets.Dataset(InMemoryTable(pa.table(dict(arrays))))
