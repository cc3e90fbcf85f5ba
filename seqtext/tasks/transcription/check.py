"""What `seqtext check` looks at in rows that a transcriber is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.audio.encoding import sounds_of
from seqtext.data.audio.recordings import SoundColumns, read_columns, recording_rows, sound_columns
from seqtext.data.audio.sounds import ENDINGS
from seqtext.data.reading.column_arrays import place_of
from seqtext.data.rows.faults import Fault, refused
from seqtext.data.rows.named_columns import NamedColumns
from seqtext.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column.

    Raises:
        DataError: for columns that are not there, or not clear; or where there are no recordings.
    """
    found = _chosen(rows, named)
    feature = rows.features[found.audio]
    is_sound = type(feature).__name__ == "Audio" or (isinstance(feature, dict) and "bytes" in feature)
    if not is_sound and not str(rows.select([0])[found.audio][0]).lower().endswith(ENDINGS):
        raise DataError(f"column {found.audio!r} holds no recordings", where=place_of(rows), expected="files of sound")
    return {"recordings": found.audio, "texts": found.text}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows whose recording is not there or cannot be read, or whose text is none."""
    chosen = _chosen(rows, named)
    yield from refused(rows, lambda some: [None for _ in sounds_of(_read(some, chosen))])


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.data.audio.splits import sound_splits

    read = type(splits)({name: _read(rows, _chosen(rows, named)) for name, rows in splits.items()})
    data = sound_splits(read)
    yield from (*data.notes, *data.warnings)


def _chosen(rows: Dataset, named: NamedColumns) -> SoundColumns:
    return sound_columns(rows, {"text_column": named.text_column[0] if named.text_column else None})


def _read(rows: Dataset, chosen: SoundColumns) -> Dataset:
    """The recordings, whose files are named as seen from the folder of the table."""
    name = rows.info.dataset_name or ""
    place = Path(name).expanduser()
    folder = place if place.is_dir() else place.parent
    return recording_rows(
        read_columns(rows, chosen, folder), name=name, split=None if rows.split is None else str(rows.split)
    )
