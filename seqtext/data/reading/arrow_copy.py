"""The Arrow copy of a local file: written once to the cache folder, keyed by what the file holds and how it is read, then memory-mapped.

Reads in batches, so a corpus may be larger than memory. How text becomes columns, `text_to_arrow.py` knows. Knows nothing of
splits, nor of which column is what.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.cache import cache_folder, no_space
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.packed import ALSO_PACKED, name_inside, packing_of
from seqtext.data.reading.remarks import Remarks
from seqtext.data.reading.text_files import FORMATS, check_dialect, format_of
from seqtext.data.reading.text_to_arrow import FILE, REMARKS, told, write_text
from seqtext.data.reading.tsf import write_tsf
from seqtext.errors import DataError, one_of, shorten

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 2  # of the way files become Arrow; raise it when the same file would be read otherwise
BATCH = 10_000  # rows
PARQUET, TSF = ".parquet", ".tsf"


def arrow_copy(path: Path, *, format: str | None = None, dialect: Dialect = AS_IT_IS) -> Path:
    """The path of a file's Arrow copy, an IPC stream with the same columns and rows; made if it is not there yet.

    Columns that cannot be read are left aside; the metadata of the stream's schema says which and why (`remarks_in`).

    Args:
        path: a csv, tsv, json lines, txt, tsf (each also packed) or parquet file.
        format: `csv`, `tsv`, `jsonl`, `txt`, `tsf` or `parquet`; by the ending if not given.
        dialect: how it is laid out, if it is a table of text.

    Raises:
        DataError: a file that cannot be read, with the row where there is one.
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    format = format or _format(path, dialect)
    check_dialect(dialect, format, str(path))
    # A packed file's bytes are hashed, not its text; so the packing is part of what it is.
    kind = "-".join(filter(None, [format, packing_of(path)[1:], dialect.key, f"v{VERSION}"]))
    target = cache_folder("arrow") / f"{_content_hash(path)}-{kind}.arrow"
    if not _is_whole(target):
        writers = {PARQUET[1:]: _write_parquet, TSF[1:]: write_tsf}
        write = writers.get(format) or partial(write_text, dialect=dialect)
        _write_then_rename(target, lambda temporary: write(path, format, temporary))
    return target


def remarks_in(copy: Path, name: str) -> Remarks:
    """What a copy says of how the file of some name was read; `datasets` leaves it out of what it knows."""
    import pyarrow as pa

    with pa.OSFile(str(copy), "rb") as source, pa.ipc.open_stream(source) as stream:
        found = (stream.schema.metadata or {}).get(REMARKS)
    return Remarks.from_json(found).renamed(FILE, name) if found else Remarks()


def _format(path: Path, dialect: Dialect) -> str:
    if path.suffix.lower() == PARQUET:
        return PARQUET[1:]
    try:
        if Path(name_inside(path).lower()).suffix == TSF:
            return TSF[1:]
        return format_of(path, dialect)
    except DataError:
        if packing_of(path) == ".zip":
            raise
        expected = f"{one_of([*FORMATS, TSF, PARQUET])}, text {ALSO_PACKED}"
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
            schema, kept = _told_apart(_without_dictionaries(file.schema_arrow), str(path))
            with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
                for batch in file.iter_batches(batch_size=BATCH):
                    writer.write_table(pa.Table.from_batches([batch]).select(kept).cast(schema))
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


def _told_apart(schema: pa.Schema, name: str) -> tuple[pa.Schema, list[int]]:
    """The columns whose names are theirs alone, and their places; the schema says which are left aside."""
    counts = Counter(schema.names)
    kept = [place for place, column in enumerate(schema.names) if counts[column] == 1]
    if len(kept) == len(schema.names):
        return schema, kept
    twice = {column: count for column, count in counts.items() if count > 1}
    left_aside = {
        column: str(DataError(f"found the column {shorten(column)} {count} times", where=name, fix="rename one"))
        for column, count in twice.items()
    }
    if not kept:
        raise DataError(next(iter(left_aside.values())))
    remarks = Remarks(Remarks((), left_aside).all_notes(name), left_aside)
    import pyarrow as pa

    return pa.schema([schema.field(place) for place in kept], metadata=told(remarks, name)), kept
