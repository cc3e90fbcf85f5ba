"""The Arrow copy of a local file: written once to the cache folder, keyed by what the file holds, then memory-mapped.

Reads in batches, so a corpus may be larger than memory. Values of json lines get one type a column; one that does not
fit it is an error with its row. Knows nothing of splits, nor of which column is what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.columnar import open_batches
from seqtext.data.reading.kept_copies import kept_copy
from seqtext.data.reading.text_files import FORMATS, Rows, format_of, open_rows
from seqtext.data.reading.typed_columns import typed
from seqtext.errors import DataError, one_of

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 2  # of the way files become Arrow; raise it when the same file would be read otherwise
MAX_ROWS, MAX_BYTES = 50_000, 16 << 20  # of a batch
COLUMNAR = {".parquet": "parquet", ".arrow": "arrow"}


def arrow_copy(path: Path, *, format: str | None = None) -> Path:
    """The path of a file's Arrow copy, an IPC stream with the same columns and rows; made if it is not there yet.

    Args:
        path: a csv, tsv, json lines, txt (each also with `.gz`), parquet or Arrow file.
        format: `csv`, `tsv`, `jsonl`, `txt`, `parquet` or `arrow`; by the ending if not given.

    Raises:
        DataError: a file that cannot be read, with the row where there is one.
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    format = format or COLUMNAR.get(path.suffix.lower()) or _text_format(path)
    # A packed file's bytes are hashed, not its text; so the packing is part of what it is.
    packed = "-gz" if path.suffix.lower() == ".gz" else ""
    key = f"{_content_hash(path)}-{format}{packed}-v{VERSION}"
    write = _write_columns if format in COLUMNAR.values() else _write_text
    return kept_copy(key, lambda temporary: write(path, format, temporary))


def _text_format(path: Path) -> str:
    try:
        return format_of(path)
    except DataError:
        expected = f"{one_of([*FORMATS, *COLUMNAR])}, text also with .gz"
        fix = "convert it; if it is one of these whatever its name, rename it"
        raise DataError(f"unknown ending {path.suffix!r}", where=str(path), expected=expected, fix=fix) from None


def _content_hash(path: Path) -> str:
    try:
        if not path.is_file():  # a pipe can be read once; here it would have to be read twice
            fix = "write what it gives to a file, and give the file: cat PIPE > FILE"
            raise DataError("not a regular file", where=str(path), expected="a file that can be read again", fix=fix)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _write_columns(path: Path, format: str, target: Path) -> None:
    import pyarrow as pa

    with (
        open_batches(path, format) as (schema, batches),
        pa.OSFile(str(target), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        for batch in batches:
            writer.write_table(batch)


def _write_text(path: Path, format: str, target: Path) -> None:
    import pyarrow as pa

    types: list[pa.DataType] = []
    # Types are those of the rows so far. Where later rows widen one (None to text, 1 to 1.5), the copy is begun anew.
    while True:
        with open_rows(path, format=format) as rows:
            types, before = _write_rows(rows, str(path), types or [pa.null()] * len(rows.columns), target), types
        if types == before:
            return


def _write_rows(rows: Rows, name: str, types: list[pa.DataType], target: Path) -> list[pa.DataType]:
    """Writes all rows if they have these types, or as far as they have; the types the rows need are returned."""
    import pyarrow as pa

    schema = pa.schema(list(zip(rows.columns, types, strict=True)))
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for first_row, batch in _batches(rows):
            columns = zip(rows.columns, types, batch, strict=True)
            arrays = [typed(v, t, name=name, column=c, first_row=first_row) for c, t, v in columns]
            if [array.type for array in arrays] != types:
                return [array.type for array in arrays]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return types


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
