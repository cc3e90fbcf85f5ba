"""Tables with a row for each word, and columns that tell which sentence it is of: rows become sentences. Knows columns, no tags.

A sentence begins where the cell of such a column is another than in the row before; an empty cell says that it goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of
from seqtext.data.reading.remarks import remarks_of, with_remarks
from seqtext.data.rows.columns import is_text
from seqtext.data.tags.columns import TOKEN_NAMES
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

_SENTENCE = re.compile(r"(sent|sentence|text|doc|document)[ _.-]*(#|ids?|no|nr|num|number|idx|index)", re.IGNORECASE)


def with_sentences(splits: datasets.DatasetDict) -> datasets.DatasetDict:
    """The same splits, the rows of those that have one for each word put together where a column tells the sentences.

    Raises:
        DataError: a word that is empty.
    """
    return type(splits)({name: _with_sentences(rows) for name, rows in splits.items()})


def _with_sentences(rows: datasets.Dataset) -> datasets.Dataset:
    by_name = {name.strip().lower(): name for name in rows.column_names}
    tokens = next((by_name[name] for name in TOKEN_NAMES if name in by_name), None)
    told_by = [name for name in rows.column_names if _SENTENCE.fullmatch(name.strip()) and name != tokens]
    if tokens is None or not told_by or not is_text(rows.features[tokens]):
        return rows
    words: list[str | None] = []
    for array in column_arrays(rows, tokens):
        some = array.to_pylist()
        if any(len((word or "").split()) > 1 for word in some):
            return rows
        words += some
    if len(words) < 2:
        return rows
    if empty := next((number for number, word in enumerate(words, start=1) if not (word or "").strip()), None):
        where = f"{place_of(rows)}, row {empty}, column {tokens!r}"
        raise DataError("the word is empty", where=where, fix="write the word, or remove the row")
    begins = np.zeros(len(words), dtype=np.bool_)
    for name in told_by:
        begins |= _begins([cell for array in column_arrays(rows, name) for cell in array.to_pylist()])
    begins[0] = True
    return _gathered(rows, [name for name in rows.column_names if name not in told_by], np.flatnonzero(begins))


def _begins(cells: list[object]) -> NDArray[np.bool_]:
    """(N,) where a cell is another than the last one that was filled."""
    found = np.zeros(len(cells), dtype=np.bool_)
    before: object = None
    for place, cell in enumerate(cells):
        if cell is not None and str(cell).strip():
            found[place] = cell != before
            before = cell
    return found


def _gathered(rows: datasets.Dataset, columns: list[str], starts: NDArray[np.int64]) -> datasets.Dataset:
    """Lists of what stands in the rows from each start to the next."""
    import datasets
    import pyarrow as pa
    from datasets.table import InMemoryTable

    offsets = pa.array([*starts.tolist(), len(rows)], pa.int64())
    features = datasets.Features({name: datasets.Sequence(rows.features[name]) for name in columns})
    schema = features.arrow_schema
    arrays = []
    for name in columns:
        cells = pa.concat_arrays(list(column_arrays(rows, name)))
        arrays.append(pa.LargeListArray.from_arrays(offsets, cells).cast(schema.field(name).type))
    info = rows.info.copy()
    info.features = features
    table = InMemoryTable(pa.table(dict(zip(columns, arrays, strict=True))))
    known = remarks_of(rows)
    note = f"{place_of(rows)}: {len(rows):,} rows are words, of {len(starts):,} sentences"
    made = datasets.Dataset(table, info=info, split=rows.split)
    return with_remarks(made, type(known)((*known.notes, note), known.left_aside))
