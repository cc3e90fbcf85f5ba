"""The Arrow copy of a local file: written once to the cache folder, keyed by what the file holds and how it is read, then memory-mapped.

Reads in batches, so a corpus may be larger than memory. How text becomes columns, `text_to_arrow.py` knows. Knows nothing of
splits, nor of which column is what.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from seqtext.data.reading.columnar import open_batches
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.kept_copies import kept_copy
from seqtext.data.reading.packed import ALSO_PACKED, name_inside, packing_of
from seqtext.data.reading.remarks import Remarks
from seqtext.data.reading.text_files import FORMATS, check_dialect, format_of
from seqtext.data.reading.text_to_arrow import FILE, REMARKS, write_text
from seqtext.data.reading.tsf import write_tsf
from seqtext.errors import DataError, one_of

VERSION = 6  # of the way files become Arrow; raise it when the same file would be read otherwise
COLUMNAR = {".parquet": "parquet", ".arrow": "arrow"}
TSF = ".tsf"


def arrow_copy(path: Path, *, format: str | None = None, dialect: Dialect = AS_IT_IS) -> Path:
    """The path of a file's Arrow copy, an IPC stream with the same columns and rows; made if it is not there yet.

    Columns that cannot be read are left aside; the metadata of the stream's schema says which and why (`remarks_in`).

    Args:
        path: a csv, tsv, json lines, txt, tsf (each also packed), parquet or Arrow file.
        format: `csv`, `tsv`, `jsonl`, `txt`, `tsf`, `parquet` or `arrow`; by the ending if not given.
        dialect: how it is laid out, if it is a table of text.

    Raises:
        DataError: a file that cannot be read, with the row where there is one.
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    format = format or COLUMNAR.get(path.suffix.lower()) or _text_format(path, dialect)
    check_dialect(dialect, format, str(path))
    # A packed file's bytes are hashed, not its text; so the packing is part of what it is.
    kind = "-".join(filter(None, [format, packing_of(path)[1:], dialect.key, f"v{VERSION}"]))
    writers = {TSF[1:]: write_tsf, **dict.fromkeys(COLUMNAR.values(), _write_columns)}
    write = writers.get(format) or partial(write_text, dialect=dialect)
    return kept_copy(f"{_content_hash(path)}-{kind}", lambda temporary: write(path, format, temporary))


def remarks_in(copy: Path, name: str) -> Remarks:
    """What a copy says of how the file of some name was read; `datasets` leaves it out of what it knows."""
    import pyarrow as pa

    with pa.OSFile(str(copy), "rb") as source, pa.ipc.open_stream(source) as stream:
        found = (stream.schema.metadata or {}).get(REMARKS)
    return Remarks.from_json(found).renamed(FILE, name) if found else Remarks()


def _text_format(path: Path, dialect: Dialect) -> str:
    try:
        if Path(name_inside(path).lower()).suffix == TSF:
            return TSF[1:]
        return format_of(path, dialect)
    except DataError:
        if packing_of(path) == ".zip":
            raise
        expected = f"{one_of([*FORMATS, TSF, *COLUMNAR])}, text {ALSO_PACKED}"
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
