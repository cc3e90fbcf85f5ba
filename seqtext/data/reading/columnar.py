"""Parquet and Arrow files as batches of plain columns, each checked: text that is text, offsets that stay inside, no more than fits.

Of what a writer noted about the columns only the names of classes are taken over. Knows one file; not splits, nor which column is what.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from seqtext.data.reading.not_data import check_is_data
from seqtext.data.reading.remarks import Remarks
from seqtext.data.reading.text_to_arrow import told
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_ROWS, MAX_BYTES = 10_000, 64 << 20  # of a batch
UNFOLDED = 1 << 28  # bytes that a batch may come to before it is looked at
_LARGE = 1 << 30  # bytes; what packs less than this cannot do much harm
_DENSEST = 200  # times that data unfolds to; text packs ten times at most


@contextmanager
def open_batches(path: Path, format: str) -> Iterator[tuple[pa.Schema, Iterator[pa.Table]]]:
    """The schema of a file, and its rows in batches of that schema.

    Args:
        path: of the file.
        format: `parquet` or `arrow`, the latter as a stream or a file.

    Raises:
        DataError: a file that is damaged, has a column twice or no rows, or unfolds to far more than it is.
    """
    import pyarrow as pa

    check_is_data(path)
    parts = _told(path, format, _parquet(path) if format == "parquet" else _arrow(path))
    try:
        found = next(parts)
        assert isinstance(found, pa.Schema)
        kept, schema = _plain(found, path)
        yield schema, _gathered(_cast(parts, kept, schema, path))
    finally:
        parts.close()


def _told(path: Path, format: str, parts: Iterator[Any]) -> Generator[Any, None, None]:
    """The same parts; what the reader raises, which has no class in common, becomes a line that names the file."""
    import pyarrow as pa

    try:
        yield from parts
    except MemoryError as error:
        found = f"reading it takes more memory than there is ({shorten(str(error))})"
        fix = "if it is whole, write it in smaller row groups"
        raise DataError(found, where=str(path), fix=fix) from None
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        found = f"not a whole {format} file ({shorten(' '.join(str(error).split()))})"
        raise DataError(found, where=str(path), fix="download or copy it again") from None


def _parquet(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
        yield file.schema_arrow
        for batch in file.iter_batches(batch_size=_rows_at_once(file, path)):
            batch.validate(full=True)
            yield from _pieces(batch)


def _rows_at_once(file: pq.ParquetFile, path: Path) -> int:
    """How many rows a batch may have: a cell that stands in the file once may be that of every row."""
    rows, metadata = float(MAX_ROWS), file.metadata
    with path.open("rb") as data:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            if group.total_byte_size > max(_LARGE, _DENSEST * path.stat().st_size):
                found = f"it packs {group.total_byte_size:,} bytes into {path.stat().st_size:,}"
                fix = "if it is to be read, write it without compression"
                raise DataError(found, where=str(path), expected=f"at most {_DENSEST} times as many", fix=fix)
            # Told by whoever reads a row; to ask what is damaged for its sizes would end the process.
            next(file.iter_batches(batch_size=1, row_groups=[number]), None)
            for column in map(group.column, range(group.num_columns)):
                kept_once = _dictionary_size(data, column) if column.has_dictionary_page else 0
                wide = column.total_uncompressed_size / max(group.num_rows, 1)
                rows = min(rows, UNFOLDED / max(kept_once, wide, 1))
    return max(1, int(rows))


def _dictionary_size(file: BinaryIO, column: pq.ColumnChunkMetaData) -> int:
    """Bytes of the cells that a column keeps once, as the second field of their page's head says; if it does not, of all of it."""
    file.seek(column.dictionary_page_offset)
    head = re.match(rb"\x15[\x80-\xff]*[\x00-\x7f]\x15([\x80-\xff]{0,9}[\x00-\x7f])", file.read(32), re.DOTALL)
    if head is None:
        return int(column.total_uncompressed_size)
    value: int = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(head[1]))
    return value >> 1  # the lowest bit is the sign


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in pieces of as many rows as may be unfolded at once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    longest = 1
    for array in batch.columns:
        if pa.types.is_dictionary(array.type) and _is_bytes(array.type.value_type):
            longest += pc.max(pc.binary_length(array.dictionary)).as_py() or 0
    rows = max(1, UNFOLDED // longest)
    return (batch.slice(start, rows) for start in range(0, len(batch), rows))


def _arrow(path: Path) -> Iterator[Any]:
    import pyarrow as pa

    with pa.OSFile(str(path), "rb") as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        if is_file:
            with pa.ipc.open_file(source) as reader:
                yield reader.schema
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
                yield from _whole(batches)
        else:
            with pa.ipc.open_stream(source) as reader:
                yield reader.schema
                yield from _whole(reader)


def _whole(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        batch.validate(full=True)
        for start in range(0, len(batch), MAX_ROWS):
            yield from _pieces(batch.slice(start, MAX_ROWS))


def _is_bytes(type_: pa.DataType) -> bool:
    import pyarrow as pa

    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(is_kind(type_) for is_kind in kinds)


def _cast(batches: Iterator[pa.RecordBatch], kept: list[int], schema: pa.Schema, path: Path) -> Iterator[pa.Table]:
    """The kept columns of each batch, as the schema has them."""
    import pyarrow as pa

    rows, written = 0, 0
    most = 4 * _LARGE + _DENSEST * path.stat().st_size
    for batch in batches:
        try:
            table = pa.Table.from_batches([batch]).select(kept).cast(schema)
        except (pa.ArrowException, ValueError) as error:
            found = f"rows {rows + 1} to {rows + len(batch)} are not {', '.join(map(str, schema.types))} ({shorten(str(error))})"
            raise DataError(found, where=str(path), fix="write its columns as texts or numbers") from None
        rows, written = rows + len(table), written + table.nbytes
        if written > most:
            fix = "write the rows or columns that are needed to a file of their own"
            found = f"unfolds to more than {written:,} bytes"
            raise DataError(found, where=str(path), expected=f"at most {_DENSEST} times its size", fix=fix)
        yield table
    if not rows:
        raise DataError("no rows", where=str(path), expected="one row at least", fix="write or download it again")


def _gathered(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in larger tables: many small ones take those who read them long."""
    import pyarrow as pa

    waiting, rows, size = list[pa.Table](), 0, 0
    for table in tables:
        if waiting and (rows + len(table) > MAX_ROWS or size + table.nbytes > MAX_BYTES):
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, rows, size = [], 0, 0
        waiting.append(table)
        rows, size = rows + len(table), size + table.nbytes
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _plain(schema: pa.Schema, path: Path) -> tuple[list[int], pa.Schema]:
    """The columns that can be had, and the schema they get: values for dictionaries, as `datasets` has them, and classes with their names.

    What is left aside, and why, stands in its metadata.
    """
    import pyarrow as pa

    if not schema.names:
        raise DataError("no columns", where=str(path), expected="one at least", fix="write or download it again")
    times, classes = Counter(schema.names), class_names(schema)
    left_aside: dict[str, str] = {}
    kept, fields = list[int](), list[pa.Field]()
    for place, field in enumerate(schema):
        type_ = _of_ids(field.type) if field.name in classes else _plain_type(field.type)
        if "\0" in field.name:
            found, fix = f"found the column {shorten(field.name)}", "rename it"
            left_aside[field.name] = str(
                DataError(found, where=str(path), expected="a name that can be written", fix=fix)
            )
        elif times[field.name] > 1:
            found = f"found the column {shorten(field.name)} {times[field.name]} times"
            left_aside[field.name] = str(DataError(found, where=str(path), fix="rename one"))
        elif type_ is None:
            found, fix = f"found the type {field.type}", "write it as text or numbers"
            left_aside[field.name] = str(DataError(found, where=f"{path}, column {field.name!r}", fix=fix))
        else:
            kept.append(place)
            fields.append(pa.field(field.name, type_))
    if not fields:
        raise DataError(next(iter(left_aside.values())))
    noted: dict[str, Any] = {}
    for column, names in classes.items():
        one = {"names": names, "_type": "ClassLabel"}
        if times[column] == 1:
            noted[column] = {"feature": one, "_type": "Sequence"} if _is_list(schema.field(column).type) else one
    metadata = {b"huggingface": json.dumps({"info": {"features": noted}})} if noted else {}
    remarks = told(Remarks(Remarks((), left_aside).all_notes(str(path)), left_aside), str(path)) or {}
    return kept, pa.schema(fields, metadata=metadata | remarks or None)


def _plain_type(type_: pa.DataType) -> pa.DataType | None:
    """The type that `datasets` has for a column; None if it has none."""
    import pyarrow as pa
    from datasets import Features

    views = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
    while isinstance(type_, pa.BaseExtensionType) or pa.types.is_dictionary(type_):
        type_ = type_.value_type if pa.types.is_dictionary(type_) else type_.storage_type
    type_ = views.get(type_, type_)
    try:
        known = Features.from_arrow_schema(pa.schema([pa.field("column", type_)])).arrow_schema.field("column").type
    except (ValueError, TypeError, LookupError, AttributeError, pa.ArrowException):
        return None
    return type_ if known == type_ else None


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """The names of the classes, by the columns of whole numbers, or of lists of such, that stand for them, as `datasets` noted them
    in a file."""
    import pyarrow as pa

    try:
        noted = dict(json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    found: dict[str, list[str]] = {}
    for field in schema:
        kind, inner = noted.get(field.name), field.type
        if _is_list(inner):
            inner = inner.value_type
            kind = kind.get("feature") if isinstance(kind, dict) else next(iter(kind or ()), None)
        if isinstance(kind, dict) and kind.get("_type") == "ClassLabel" and pa.types.is_integer(inner):
            names = kind.get("names")
            found |= {field.name: names} if _are_names(names) else {}
    return found


def _of_ids(type_: pa.DataType) -> pa.DataType:
    """The type of a column of classes: whole numbers, or lists of them."""
    import pyarrow as pa

    return pa.list_(pa.int64()) if _is_list(type_) else pa.int64()


def _is_list(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def _are_names(names: object) -> bool:
    return isinstance(names, list) and len({*map(str, names)}) == len(names) and all(type(n) is str for n in names)
