"""Rows from csv, tsv, json lines and plain text, out of a file or a stream, also packed; the standard library only (but for zst).

Text stays what it was: `NA`, `null` and the empty text are text; only `\\n` ends a line. Memory is that of one block
and the longest row. Rows count from 1; the header is not a row. Knows nothing of types, labels or data sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from seqtext.data.reading.csv_rows import Separated
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.fasttext import LabelledLines, is_labelled
from seqtext.data.reading.json_document import LONGEST
from seqtext.data.reading.json_lines import JsonLines
from seqtext.data.reading.lines import Errors, LineError, Lines
from seqtext.data.reading.local_paths import existing_file
from seqtext.data.reading.not_data import check_is_data
from seqtext.data.reading.packed import ALSO_PACKED, name_inside, open_unpacked, packing_of
from seqtext.data.reading.remarks import Remarks
from seqtext.data.reading.tab_quotes import quotes_enclose
from seqtext.errors import DataError, NoRowsError, did_you_mean, one_of

FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".json": "jsonl", ".ndjson": "jsonl", ".txt": "txt"}
TEXT_COLUMN = "text"  # of a txt file

_NAMES = tuple(dict.fromkeys(FORMATS.values()))
_USUAL = {"csv": ",", "tsv": "\t"}
Cells = Sequence[object]


class Source(Protocol):
    """What rows come from."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names."""

    @property
    def notes(self) -> Sequence[str]:
        """What is to be told of how the rows were read; complete once all are."""

    @property
    def left_aside(self) -> Mapping[str, str]:
        """Columns that are not among `columns`, with the error for whoever asks for one."""

    @property
    def new_keys(self) -> Mapping[str, int]:
        """Keys of rows of JSON that are no columns, with the first row that has them; complete once all rows are read."""

    def cells(self) -> Iterator[Cells]:
        """The cells of each row, in the order of `columns`."""


class Progress(Protocol):
    """How far rows are read."""

    @property
    def offset(self) -> int:
        """Bytes so far, or rows where there are no bytes."""

    @property
    def used_up(self) -> bool:
        """Whether the next row may have to be waited for."""

    @property
    def replaced(self) -> int:
        """Characters that stand for bytes that are no text."""


class Rows:
    """The rows of one text file or stream, once, as they are asked for. A context manager that closes what it opened.

    Args:
        name: what messages call it.
        source: columns and cells, and what is to be told of them.
        lines: what is read from, which says how far.
        close: what to call at the end.

    Attributes:
        columns: names of the columns, in the order of the file.
        size: bytes there are to read; None if that is not known.
    """

    size: int | None = None

    def __init__(self, name: str, source: Source, lines: Progress, close: Callable[[], None] = lambda: None):
        self.name, self.lines, self.columns = name, lines, source.columns
        self.source, self._cells, self._close = source, source.cells(), close

    @property
    def notes(self) -> Sequence[str]:
        """What is to be told of how the rows were read; complete once all are."""
        return self.source.notes

    @property
    def left_aside(self) -> Mapping[str, str]:
        """Columns that are not among `columns`, with the error for whoever asks for one."""
        return self.source.left_aside

    @property
    def new_keys(self) -> Mapping[str, int]:
        """Keys of rows of JSON that are no columns, with the first row that has them; complete once all rows are read."""
        return self.source.new_keys

    def told(self) -> tuple[str, ...]:
        """All that is to be told to whoever reads the rows one by one, once they are read."""
        notes = list(Remarks(tuple(self.notes), self.left_aside).all_notes(self.name))
        if self.new_keys:
            keys = one_of((f"{key!r} (first in row {row:,})" for key, row in self.new_keys.items()), 5)
            notes.append(f"{self.name}: left aside: keys that the first row has not: {keys.removeprefix('one of ')}")
        return tuple(notes)

    def __iter__(self) -> Iterator[dict[str, object]]:
        """One dict per row.

        Raises:
            DataError: a row that cannot be read, with the file, row, line and what is wrong.
        """
        return (dict(zip(self.columns, cells, strict=True)) for cells in self._cells)

    def cells(self) -> Iterator[Cells]:
        """The same rows, each a sequence in the order of `columns`; faster. Raises as iterating."""
        return self._cells

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


class PlainLines:
    """Lines as rows of one column.

    Args:
        lines: what to read.
        name: what messages call it.
        skip: lines to leave out before the first.
    """

    columns = (TEXT_COLUMN,)
    left_aside: Mapping[str, str] = {}
    new_keys: Mapping[str, int] = {}

    def __init__(self, lines: Lines, name: str, skip: int = 0) -> None:
        self._lines, self._name, self._skip = lines, name, skip
        self.notes: list[str] = []

    def cells(self) -> Iterator[Cells]:
        """The text of each line.

        Raises:
            DataError: bytes that are no text, or no row at all.
        """
        row = -self._skip
        try:
            for line in self._lines:
                row += 1  # not `enumerate`: after a fault the count is still needed
                if row > 0:
                    yield (line[:-1].removesuffix("\r"),)
        except LineError as error:
            where = f"{self._name}, row {row + 1} (line {error.line})"
            raise DataError(error.found, where=where, fix=error.fix) from None
        if row <= 0:
            fix = "write or download it again"
            raise NoRowsError("no rows", where=self._name, expected="one text per line", fix=fix)


def open_rows(
    source: str | Path | BinaryIO,
    *,
    format: str | None = None,
    name: str | None = None,
    dialect: Dialect = AS_IT_IS,
    keys: Sequence[str] = (),
    errors: Errors = "strict",
) -> Rows:
    """Opens a text file, or reads on from a binary stream such as `sys.stdin.buffer`, which it leaves open.

    Args:
        source: a path (unpacked on the fly if its name says so) or a stream of bytes.
        format: one of `csv`, `tsv`, `jsonl`, `txt`; by the ending of the name if not given. A stream needs it.
        name: what messages call the source; else its path, or "standard input".
        dialect: how it is laid out, if it is a table.
        keys: the columns of JSON lines, where they are not the keys of the first row.
        errors: whether bytes that are no text stop, or become U+FFFD.

    Raises:
        DataError: no such file, an unknown format, an empty source, or a faulty header or first row.
    """
    if not isinstance(source, str | Path):
        name = name or "standard input"
        if format is None:
            raise DataError("the format is not given", where=name, expected=one_of(_NAMES))
        format = _known(format, name, dialect)
        return _rows(Lines(source, errors=errors, longest=_longest(format)), format, name, dialect, keys, lambda: None)
    name = name or str(source)
    path = existing_file(source)
    format = format_of(path, dialect) if format is None else _known(format, name, dialect)
    check_dialect(dialect, format, name)
    check_is_data(path, may_be_page=format == "txt")

    def opened(*, quoted: bool | None = None) -> Rows:
        stream = open_unpacked(path, name)
        try:
            labelled = format == "txt" and not dialect.skip_lines and is_labelled(stream)
            lines = Lines(stream, errors=errors, longest=_longest(format))
            if labelled:
                rows = Rows(name, LabelledLines(lines, name), lines, stream.close)
            else:
                rows = _rows(lines, format, name, dialect, keys, stream.close, quoted=quoted)
            rows.size = path.stat().st_size if path.is_file() and not packing_of(path) else None
            return rows
        except BaseException:
            stream.close()
            raise

    rows = opened()
    table = rows.source
    if isinstance(table, Separated) and not table.quoted and path.is_file():
        with open_unpacked(path, name) as stream:
            try:
                quoted = quotes_enclose(
                    islice(Lines(stream), dialect.skip_lines, None), table.width, lambda: _can_be_read(opened)
                )
            except LineError:  # will be told when the row is reached
                quoted = False
        if quoted:
            rows.__exit__()
            return opened(quoted=True)
    return rows


def format_of(path: str | Path, dialect: Dialect = AS_IT_IS) -> str:
    """`"csv"`, `"tsv"`, `"jsonl"` or `"txt"`, by the ending of a file's name, or of the one in an archive; a txt may be a table, `csv`.

    Raises:
        DataError: an ending that is none of `FORMATS`.
    """
    suffix = Path(name_inside(Path(path)).lower()).suffix
    if suffix not in FORMATS:
        expected = f"{one_of(FORMATS)}, {ALSO_PACKED}"
        fix = "rename the file, or name its format"
        raise DataError(f"unknown ending {suffix!r}", where=str(path), expected=expected, fix=fix)
    return _known(FORMATS[suffix], str(path), dialect)


def check_dialect(dialect: Dialect, format: str, name: str) -> None:
    """Refuses what is said of a table where there is none.

    Raises:
        DataError: if a format has no delimiter and no header.
    """
    if dialect.is_said and format not in _USUAL:
        found = "found --delimiter, --columns or --no_header"
        raise DataError(found, where=name, expected="a table of text (csv, tsv, txt)", fix="leave them out")


def _known(format: str, name: str, dialect: Dialect) -> str:
    if format not in _NAMES:
        fix = did_you_mean(format, _NAMES)
        raise DataError(f"unknown format {format!r}", where=name, expected=one_of(_NAMES), fix=fix)
    return "csv" if format == "txt" and (dialect.txt_is_table or dialect.is_said) else format


def _longest(format: str) -> int:
    return LONGEST if format == "jsonl" else 0  # one document may be one line


def _rows(
    lines: Lines,
    format: str,
    name: str,
    dialect: Dialect,
    keys: Sequence[str],
    close: Callable[[], None],
    *,
    quoted: bool | None = None,
) -> Rows:
    source: Source
    if format == "txt":
        source = PlainLines(lines, name, dialect.skip_lines)
    elif format == "jsonl":
        source = JsonLines(lines, name, keys)
    else:
        source = Separated(lines, name, _USUAL[format], dialect=dialect, quoted=quoted)
    return Rows(name, source, lines, close)


def _can_be_read(opened: Callable[..., Rows]) -> bool:
    """Whether all rows can be read with quotes around cells."""
    try:
        with opened(quoted=True) as rows:
            return all(True for _ in rows.cells())
    except DataError:
        return False
