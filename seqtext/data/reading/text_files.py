"""Rows from csv, tsv, json lines and plain text, out of a file or a stream, also gzipped; the standard library only.

Text stays what it was: `NA`, `null` and the empty text are text; only `\\n` ends a line. Memory is that of one block
and the longest row. Rows count from 1; the header is not a row. Knows nothing of types, labels or data sets.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Self, cast

from seqtext.data.reading.csv_rows import Separated
from seqtext.data.reading.json_lines import JsonLines
from seqtext.data.reading.lines import LineError, Lines
from seqtext.data.reading.local_paths import existing_file
from seqtext.errors import DataError, NoRowsError, did_you_mean, one_of

FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".json": "jsonl", ".txt": "txt"}
TEXT_COLUMN = "text"  # of a txt file

_NAMES = tuple(dict.fromkeys(FORMATS.values()))

Cells = Sequence[object]


class Rows:
    """The rows of one text file or stream, once, as they are asked for. A context manager that closes what it opened.

    Attributes:
        columns: names of the columns, in the order of the file.
        lines: what is read from; its `offset` says how far.
        size: bytes there are to read; None if that is not known.
        source: of csv and tsv, what can be asked to read on behind a fault.
    """

    size: int | None = None

    def __init__(
        self,
        columns: tuple[str, ...],
        cells: Iterator[Cells],
        lines: Lines,
        close: Callable[[], None],
        source: Separated | None = None,
    ) -> None:
        self.columns, self.lines, self.source = columns, lines, source
        self._cells, self._close = cells, close

    def __iter__(self) -> Iterator[dict[str, object]]:
        """One dict per row.

        Raises:
            DataError: a row that cannot be read, with the file, row, line and what is wrong.
        """
        return (dict(zip(self.columns, cells, strict=True)) for cells in self._cells)

    def cells(self) -> Iterator[Cells]:
        """The same rows, each a sequence in the order of `columns`; faster.

        Raises:
            DataError: as iterating.
        """
        return self._cells

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


def open_rows(
    source: str | Path | BinaryIO, *, format: str | None = None, name: str | None = None, errors: str = "strict"
) -> Rows:
    """Opens a text file, or reads on from a binary stream such as `sys.stdin.buffer`, which it leaves open.

    Args:
        source: a path (unpacked on the fly if its name ends in `.gz`) or a stream of bytes.
        format: one of `csv`, `tsv`, `jsonl`, `txt`; by the ending of the name if not given. A stream needs it.
        name: what messages call the source; else its path, or "standard input".
        errors: as of `Lines`.

    Raises:
        DataError: no such file, an unknown format, an empty source, or a faulty header or first row.
    """
    if not isinstance(source, str | Path):
        name = name or "standard input"
        if format is None:
            raise DataError("the format is not given", where=name, expected=one_of(_NAMES))
        return _rows(source, _known(format, name), name, errors, close=lambda: None)
    name = name or str(source)
    format = format_of(source) if format is None else _known(format, name)
    path = existing_file(source)
    stream = _open(path, name)
    try:
        rows = _rows(stream, format, name, errors, close=stream.close)
        rows.size = path.stat().st_size if path.is_file() and not isinstance(stream, gzip.GzipFile) else None
        return rows
    except BaseException:
        stream.close()
        raise


def format_of(path: str | Path) -> str:
    """`"csv"`, `"tsv"`, `"jsonl"` or `"txt"`, by the ending of a file's name, `.gz` left aside.

    Raises:
        DataError: an ending that is none of `FORMATS`.
    """
    suffix = Path(str(path).lower().removesuffix(".gz")).suffix
    if suffix not in FORMATS:
        expected = f"{one_of(FORMATS)}, each also with .gz"
        fix = "rename the file, or name its format"
        raise DataError(f"unknown ending {suffix!r}", where=str(path), expected=expected, fix=fix)
    return FORMATS[suffix]


def _known(format: str, name: str) -> str:
    if format not in _NAMES:
        fix = did_you_mean(format, _NAMES)
        raise DataError(f"unknown format {format!r}", where=name, expected=one_of(_NAMES), fix=fix)
    return format


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return cast(BinaryIO, gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")
    except OSError as error:
        raise DataError(f"cannot be opened ({error.strerror})", where=name) from None


def _rows(stream: BinaryIO, format: str, name: str, errors: str, *, close: Callable[[], None]) -> Rows:
    lines = Lines(stream, errors=errors)
    if format == "txt":
        return Rows((TEXT_COLUMN,), _plain(lines, name), lines, close)
    if format == "jsonl":
        objects = JsonLines(lines, name)
        return Rows(objects.columns, objects.cells(), lines, close)
    table = Separated(lines, name, "\t" if format == "tsv" else ",")
    return Rows(table.columns, table.cells(), lines, close, table)


def _plain(lines: Lines, name: str) -> Iterator[Cells]:
    row = 0
    try:
        for line in lines:
            row += 1  # not `enumerate`: after a fault the count is still needed
            yield (line[:-1].removesuffix("\r"),)
    except LineError as error:
        raise DataError(error.found, where=f"{name}, row {row + 1} (line {error.line})", fix=error.fix) from None
    if row == 0:
        raise NoRowsError("no rows", where=name, expected="one text per line", fix="write or download it again")
