"""A file of rows as an Arrow stream, in batches, so that it may be larger than memory; each column gets the one type its values have.

A column without one is left aside, with what is wrong with it; the stream's metadata has all that is to be told. Knows nothing of
caches, splits, or which column is what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.remarks import Remarks
from seqtext.data.reading.text_files import Rows, open_rows
from seqtext.data.reading.typed_columns import TypedColumn
from seqtext.errors import one_of

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ROWS, MAX_BYTES = 50_000, 16 << 20  # of a batch
REMARKS = b"seqtext"  # the key in the schema's metadata
FILE = "{file}"  # stands there for the name of the file


def write_text(path: Path, format: str, target: Path, dialect: Dialect = AS_IT_IS) -> None:
    """Writes the rows of a text file.

    Args:
        path: of the file.
        format: one of `open_rows`.
        target: the Arrow stream to write.
        dialect: how it is laid out, if it is a table.

    Raises:
        DataError: a row that cannot be read, or no column of one type.
    """
    known: dict[str, TypedColumn] = {}
    late: dict[str, int] = {}  # keys that the first row has not, with the first row that has them
    schema: pa.Schema | None = None
    # Columns and their types are those of the rows so far. Where later rows change them, or there is something to tell that only
    # they tell, all rows are read to the end, and the stream is written anew.
    while True:
        with open_rows(path, format=format, dialect=dialect, keys=list(known)) as rows:
            columns = [known.setdefault(name, TypedColumn(name, str(path))) for name in rows.columns]
            written = _write_rows(rows, columns, target, schema)
            late |= rows.new_keys
            known |= {name: TypedColumn(name, str(path)) for name in rows.new_keys}
            schema = _schema(rows, columns, late)
        if not schema.names and not rows.new_keys:
            raise columns[0].error()
        if schema.equals(written, check_metadata=True) and not rows.new_keys:
            return


def _write_rows(rows: Rows, columns: Sequence[TypedColumn], target: Path, schema: pa.Schema | None) -> pa.Schema | None:
    """Reads all rows, and writes them as long as they have the schema, or else that of the first batch, which is returned."""
    import pyarrow as pa

    with pa.OSFile(str(target), "wb") as sink, ExitStack() as stack:
        writer = None
        for first_row, batch in _batches(rows):
            arrays = [column.add(values, first_row) for column, values in zip(columns, batch, strict=True)]
            if first_row == 1:
                schema = schema or _schema(rows, columns, {})
                writer = stack.enter_context(pa.ipc.new_stream(sink, schema))
            if list(schema or ()) != _fields(columns):
                writer = None
            if writer is not None:
                writer.write_batch(pa.record_batch([array for array in arrays if array is not None], schema=schema))
    return schema


def _fields(columns: Sequence[TypedColumn]) -> list[pa.Field]:
    """The columns that are not at fault."""
    import pyarrow as pa

    return [pa.field(column.name, column.type) for column in columns if not column.is_at_fault]


def _schema(rows: Rows, columns: Sequence[TypedColumn], late: Mapping[str, int]) -> pa.Schema:
    """Columns, and what is to be told."""
    import pyarrow as pa

    left_aside = {**rows.left_aside} | {column.name: str(column.error()) for column in columns if column.is_at_fault}
    notes = list(rows.notes)
    if late:
        keys = one_of((f"{key!r} (first in row {row:,})" for key, row in late.items()), 5).removeprefix("one of ")
        notes.append(f"{rows.name}: keys that not every row has, empty where missing: {keys}")
    remarks = Remarks(Remarks(tuple(notes), left_aside).all_notes(rows.name), left_aside)
    return pa.schema(_fields(columns), metadata=told(remarks, rows.name))


def told(remarks: Remarks, name: str) -> dict[bytes, str] | None:
    """Remarks on a file as metadata of a schema."""
    return {REMARKS: remarks.renamed(name, FILE).to_json()} if remarks.notes else None


def _batches(rows: Rows) -> Iterator[tuple[int, list[list[object]]]]:
    """Columns of as many rows as the limits of a batch allow, each time with the number of the first of these rows."""
    width, first_row, start = len(rows.columns), 1, 0
    # One flat list: as many small ones as there are rows would have the garbage collector take longer than the parser.
    flat: list[object] = []
    for cells in rows.cells():
        flat.extend(cells)
        if len(flat) == MAX_ROWS * width or rows.lines.offset - start > MAX_BYTES:
            yield first_row, [flat[column::width] for column in range(width)]
            first_row, start = first_row + len(flat) // width, rows.lines.offset
            flat = []
    if flat:
        yield first_row, [flat[column::width] for column in range(width)]
