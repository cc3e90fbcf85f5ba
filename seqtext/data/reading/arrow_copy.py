"""The Arrow copy of a local file: written once to the cache folder, keyed by what the file holds, then memory-mapped.

Reads in batches, so a corpus may be larger than memory. Values of json lines get one type a column; one that does not
fit it is an error with its row. Knows nothing of splits, nor of which column is what.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.cache import cache_folder, no_space
from seqtext.data.reading.text_files import FORMATS, Rows, format_of, open_rows
from seqtext.data.reading.tsf import write_tsf
from seqtext.data.reading.typed_columns import typed
from seqtext.errors import DataError, one_of, shorten

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1  # of the way files become Arrow; raise it when the same file would be read otherwise
MAX_ROWS, MAX_BYTES = 50_000, 16 << 20  # of a batch
PARQUET, TSF = ".parquet", ".tsf"


def arrow_copy(path: Path, *, format: str | None = None) -> Path:
    """The path of a file's Arrow copy, an IPC stream with the same columns and rows; made if it is not there yet.

    Args:
        path: a csv, tsv, json lines, txt, tsf (each also with `.gz`) or parquet file.
        format: `csv`, `tsv`, `jsonl`, `txt`, `tsf` or `parquet`; by the ending if not given.

    Raises:
        DataError: a file that cannot be read, with the row where there is one.
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    known = {PARQUET: "parquet", TSF: "tsf"}
    format = format or known.get(Path(path.name.lower().removesuffix(".gz")).suffix) or _text_format(path)
    # A packed file's bytes are hashed, not its text; so the packing is part of what it is.
    packed = "-gz" if path.suffix.lower() == ".gz" else ""
    target = cache_folder("arrow") / f"{_content_hash(path)}-{format}{packed}-v{VERSION}.arrow"
    if not _is_whole(target):
        write = {"parquet": _write_parquet, "tsf": write_tsf}.get(format, _write_text)
        _write_then_rename(target, lambda temporary: write(path, format, temporary))
    return target


def _text_format(path: Path) -> str:
    try:
        return format_of(path)
    except DataError:
        expected = f"{one_of([*FORMATS, PARQUET, TSF])}, text also with .gz"
        raise DataError(
            f"unknown ending {path.suffix!r}", where=str(path), expected=expected, fix="rename it"
        ) from None


def _content_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _is_whole(target: Path) -> bool:
    """Whether a copy is there and ends as it should: a crash may leave less than was written."""
    end_of_stream = b"\xff\xff\xff\xff\x00\x00\x00\x00"
    try:
        with target.open("rb") as file:
            file.seek(-len(end_of_stream), os.SEEK_END)
            return file.read() == end_of_stream
    except OSError:
        return False


def _write_then_rename(target: Path, write: Callable[[Path], None]) -> None:
    """Several processes may make the same copy at once: each writes its own, and the last to be renamed stays."""
    try:
        handle, name = tempfile.mkstemp(prefix=f"{target.name}-", suffix=".tmp", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise no_space(error) from None


def _write_parquet(path: Path, _: str, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            schema = _without_dictionaries(file.schema_arrow)
            with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
                for batch in file.iter_batches(batch_size=MAX_ROWS // 5):
                    writer.write_table(pa.Table.from_batches([batch]).cast(schema))
            rows = file.metadata.num_rows
    except pa.ArrowException as error:
        fix = "download or copy it again"
        raise DataError(f"not a whole parquet file ({shorten(str(error))})", where=str(path), fix=fix) from None
    if rows == 0:
        raise DataError("no rows", where=str(path), expected="one row at least", fix="write or download it again")


def _without_dictionaries(schema: pa.Schema) -> pa.Schema:
    """The schema with plain values for dictionaries, which pandas writes for categories; `datasets` has none."""
    import pyarrow as pa

    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema]
    return pa.schema(fields, metadata=schema.metadata)


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
