"""What commands read rows from, one by one: a file or a pipe of text, or whatever else a data set may be: parquet, folder, hub.

Knows rows and columns, not what a command does with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.hub import is_hub_name
from seqtext.data.reading.lines import Errors
from seqtext.data.reading.remarks import remarks_of
from seqtext.data.reading.text_files import Rows, open_rows

if TYPE_CHECKING:
    import datasets


class Taken:
    """How many rows were taken out of a data set, in the place of the lines of a text.

    Attributes:
        offset: rows so far.
        used_up: never: no row has to be waited for.
    """

    def __init__(self) -> None:
        self.offset, self.used_up = 0, False


class DatasetColumns:
    """The columns of a data set as a source of rows.

    Args:
        dataset: any.
        taken: to be told how far its rows are read.
    """

    new_keys: Mapping[str, int] = {}

    def __init__(self, dataset: datasets.Dataset, taken: Taken) -> None:
        remarks = remarks_of(dataset)
        self.columns, self.notes, self.left_aside = tuple(dataset.column_names), remarks.notes, remarks.left_aside
        self._dataset, self._taken = dataset, taken

    def cells(self) -> Iterator[Sequence[object]]:
        """The cells of each row, in the order of `columns`."""
        arrays = [column_arrays(self._dataset, column) for column in self.columns]
        for batch in zip(*arrays, strict=True):
            for cells in zip(*(array.to_pylist() for array in batch), strict=True):
                self._taken.offset += 1
                yield cells


def open_input(
    source: str | BinaryIO,
    *,
    format: str | None = None,
    split: str | None = None,
    dialect: Dialect = AS_IT_IS,
    errors: Errors = "strict",
) -> Rows:
    """The rows of a text file or stream, read as they are asked for; or of parquet, of a folder, or of a data set on the hub.

    Args:
        source: a file, folder or name on the hub, or a stream of bytes.
        format: of text, as in `open_rows`.
        split: of a data set that has several; `test` if not given.
        dialect: how a table is laid out.
        errors: as in `open_rows`.

    Raises:
        DataError: as `open_rows` and `load_table`.
    """
    if not isinstance(source, str) or format is not None or not _is_data_set(source):
        return open_rows(source, format=format, dialect=dialect, errors=errors)
    from seqtext.data.reading.sources import load_table

    rows = load_table(source, flag="--input", expected="a file of rows", split=split, dialect=dialect, usual="test")
    taken = Taken()
    return Rows(source, DatasetColumns(rows, taken), taken)


def _is_data_set(name: str) -> bool:
    path = Path(name).expanduser()
    return path.is_dir() or path.suffix.lower() == ".parquet" or (not path.exists() and is_hub_name(name))
