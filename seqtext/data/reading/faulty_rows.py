"""The rows of a text file that cannot be read: all of them, not just the first. csv, tsv and JSON lines.

The strict readers stop at the first; here reading goes on behind it. Knows rows and lines, not what is in the cells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seqtext.data.reading.csv_rows import Separated
from seqtext.data.reading.json_lines import JsonLines
from seqtext.data.reading.lines import LineError, Lines
from seqtext.data.reading.text_files import open_rows
from seqtext.errors import DataError, NoRowsError


class ReadRow(NamedTuple):
    """A row of a text file.

    Attributes:
        number: from 1.
        cells: what stands in it, in the order of the columns; None if it cannot be read.
        error: why not; None if it can.
    """

    number: int
    cells: tuple[object, ...] | None
    error: DataError | None = None


def read_rows(path: str | Path, format: str) -> Iterator[ReadRow]:
    """The rows of a file, those among them that cannot be read too.

    Args:
        path: of the file.
        format: `csv`, `tsv` or `jsonl`, as of `open_rows`.

    Raises:
        DataError: what ends a file, or its header: bytes that are no UTF-8, damaged compression, no rows.
    """
    return _lines_of_json(path) if format == "jsonl" else _separated(path, format)


def _separated(path: str | Path, format: str) -> Iterator[ReadRow]:
    with open_rows(path, format=format) as rows:
        source = rows.source
        assert isinstance(source, Separated)
        cells = rows.cells()
        while True:
            try:
                for one in cells:
                    yield ReadRow(source.row, tuple(one))
                return
            except NoRowsError:  # none behind the last fault
                return
            except DataError as error:
                if isinstance(error.__context__, LineError):  # nothing comes behind it
                    raise
                yield ReadRow(source.row, None, error)
                cells = source.cells()


def _lines_of_json(path: str | Path) -> Iterator[ReadRow]:
    """Each line by itself, against the keys of the first row."""
    with open_rows(path, format="jsonl") as first:
        columns = first.columns
    with open_rows(path, format="txt") as rows:
        keys = json.dumps(dict.fromkeys(columns))
        for number, (text,) in enumerate(rows.cells(), start=1):
            try:
                # A row of the keys before it: so a reader of its own judges it as it stands in the file.
                [*_, cells] = JsonLines(_two_lines(keys, str(text)), str(path)).cells()
                yield ReadRow(number, cells)
            except DataError as error:
                yield ReadRow(number, None, error)


def _two_lines(keys: str, text: str) -> Lines:
    from io import BytesIO

    return Lines(BytesIO(f"{keys}\n{text}\n".encode()))
