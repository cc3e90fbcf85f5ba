"""One column of a data set as Arrow arrays, in the order of the rows, some thousand at a time; or several that are joined as texts.

`datasets` gathers the rows of a shuffled or selected data set one by one; here a batch is gathered at once, ten times
faster. Knows nothing of what the column means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.joined_columns import BETWEEN, parts_of
from seqtext.data.reading.remarks import remarks_of

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

MAX_ROWS = 10_000


def column_arrays(dataset: datasets.Dataset, column: str) -> Iterator[pa.Array]:
    """The values of a column in the order of the rows, in arrays of `MAX_ROWS` (the last may be shorter)."""
    if len(parts := parts_of(column)) > 1:
        return _joined([column_arrays(dataset, part) for part in parts])
    stored = dataset.data.column(column)
    # The rows of a data set after select, shuffle, filter or split: `datasets` has no public name for them.
    rows = dataset._indices
    return _in_place(stored) if rows is None else _gathered(stored.chunks, rows.column(0).to_numpy())


def place_of(dataset: datasets.Dataset) -> str:
    """What messages call a data set: where it came from and its split, as far as it knows."""
    known = [dataset.info.dataset_name, f"split {str(dataset.split)!r}" if dataset.split else None]
    return ", ".join(filter(None, known)) or "the data"


def row_number(dataset: datasets.Dataset, place: int) -> int:
    """The row, from 1, at a place (from 0): as it was loaded, whatever was drawn or filtered since, but a slice counts anew."""
    rows = dataset._indices
    return 1 + (place if rows is None else int(rows.column(0)[place].as_py()))


def row_of(dataset: datasets.Dataset, place: int) -> str:
    """What messages call the row at a place (from 0): as it is shown, and the file it is out of with its row there."""
    return f"{place_of(dataset)}, row {place + 1}{in_file(dataset, place)}"


def row_as_loaded(dataset: datasets.Dataset, place: int) -> str:
    """The same, by the number it had when it was loaded."""
    return f"{place_of(dataset)}, row {row_number(dataset, place)}{in_file(dataset, place)}"


def in_file(dataset: datasets.Dataset, place: int) -> str:
    """`" (FILE, row 17)"` of the row at a place (from 0), where the file is not what messages call the data set; else nothing."""
    files, row = remarks_of(dataset).files, row_number(dataset, place)
    if sum(rows for _, rows in files) != len(dataset.data):  # of a slice
        return ""
    for file, rows in files:
        if row <= rows:
            return f" ({file}, row {row})"
        row -= rows
    return ""


def _joined(columns: Sequence[Iterator[pa.Array]]) -> Iterator[pa.Array]:
    """The texts of each row one behind the other, the separator between them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    between = pa.scalar(BETWEEN, pa.large_string())
    for arrays in zip(*columns, strict=True):
        yield pc.binary_join_element_wise(*(array.cast(between.type) for array in arrays), between)


def _in_place(stored: pa.ChunkedArray) -> Iterator[pa.Array]:
    import pyarrow as pa

    for start in range(0, len(stored), MAX_ROWS):
        chunks = stored.slice(start, MAX_ROWS).chunks
        yield chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)


def _gathered(chunks: list[pa.Array], rows: NDArray[np.uint64]) -> Iterator[pa.Array]:
    starts = np.cumsum([0, *map(len, chunks)])
    for start in range(0, len(rows), MAX_ROWS):
        yield _gather(chunks, starts, rows[start : start + MAX_ROWS].astype(np.int64))


def _gather(chunks: list[pa.Array], starts: NDArray[np.int64], rows: NDArray[np.int64]) -> pa.Array:
    """The wanted rows: taken chunk by chunk in the order they lie in, then put into the order wanted."""
    import pyarrow as pa

    order = np.argsort(rows, kind="stable")
    ascending = rows[order]
    of_chunk = np.searchsorted(starts, ascending, side="right") - 1
    ends = [*np.flatnonzero(np.diff(of_chunk)) + 1, len(rows)]
    begins = [0, *ends[:-1]]
    taken = [
        chunks[of_chunk[begin]].take(pa.array(ascending[begin:end] - starts[of_chunk[begin]]))
        for begin, end in zip(begins, ends, strict=True)
    ]
    together = pa.concat_arrays(taken)
    if np.array_equal(ascending, rows):
        return together
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return together.take(pa.array(back))
