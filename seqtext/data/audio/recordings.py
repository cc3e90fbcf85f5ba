"""Recordings with what is said in each, wherever they lie: as rows of `audio` (the bytes of a file), `text` and perhaps `speaker`.

Knows folders, tables and columns; a file's bytes are not looked into here.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqtext.data.audio.folders import ToldFile, refuse_untold, told_files
from seqtext.data.audio.options import BUILT_IN, SoundDataOptions
from seqtext.data.audio.sounds import ENDINGS, given_sound
from seqtext.data.audio.wav import write_wav
from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.hub import is_hub_name
from seqtext.data.reading.local_paths import at_home, missing
from seqtext.data.reading.sources import Source, load, load_files
from seqtext.data.rows.columns import check_texts, require
from seqtext.errors import DataError, one_of

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

AUDIO, TEXT, SPEAKER = "audio", "text", "speaker"
AUDIO_NAMES = ("audio", "file", "path", "file_name", "filename", "wav", "sound", "recording")
TEXT_NAMES = ("text", "transcript", "transcription", "sentence", "label")
SPEAKER_NAMES = ("speaker", "speaker_id", "client_id")
COLUMN_FLAGS = ("audio_column", "text_column", "speaker_column")
TABLES = ("metadata.csv", "metadata.jsonl", "metadata.tsv")  # that describe the files of a folder
_EXPECTED = "a folder of recordings, or a table of files and texts"
_AT_ONCE = 1 << 28  # bytes of a chunk of recordings


class Recording(NamedTuple):
    """The bytes of a file, what messages call it, what is said in it, and by whom where that is known."""

    data: bytes
    path: str
    text: str
    speaker: str = ""


class SoundColumns(NamedTuple):
    """Names of the columns; no speaker is None."""

    audio: str
    text: str
    speaker: str | None


def load_recordings(options: SoundDataOptions) -> Source:
    """The recordings that were asked for, by split.

    Raises:
        DataError: nothing of that name, no recordings, a column or file that is not there.
    """
    if options.is_built_in:
        from seqtext.data.audio.tones import touch_tone_splits

        return Source(BUILT_IN, touch_tone_splits())
    if options.train is not None:
        return _tables(options, {"train": options.train, "validation": options.validation, "test": options.test})
    path = at_home(options.data)
    if path.is_dir():
        if table := next((path / name for name in TABLES if (path / name).is_file()), None):
            return replace(_tables(options, {"train": str(table)}), name=options.data)
        if found := told_files(path):
            return Source(options.data, _dataset_dict(found, options.data))
    if path.is_file():
        if path.suffix.lower() in ENDINGS:
            raise DataError("found a single recording", where=options.data, expected=_EXPECTED)
        return _tables(options, {"train": options.data})
    if not (os.path.lexists(path) or glob.has_magic(options.data) or is_hub_name(options.data)):
        expected = f"{_EXPECTED}, a hub name owner/name, or built in: {BUILT_IN}"
        raise missing(path, where=options.data, expected=expected, also=[BUILT_IN])
    try:
        source = load(options.data, revision=options.revision, config=options.data_config, dialect=options.dialect)
    except DataError:
        refuse_untold(path, options.data)
        raise
    return Source(source.name, _standard(source.splits, options, lambda split: path), source.revision)


def holds_recordings(path: Path) -> bool:
    """Whether a folder is one of recordings, and not of tables that name them."""
    return path.is_dir() and (any((path / name).is_file() for name in TABLES) or bool(told_files(path)))


def recording_rows(recordings: Iterable[Recording], *, name: str = "", split: str | None = None) -> datasets.Dataset:
    """Recordings as rows of a data set.

    Args:
        recordings: one at least.
        name: what messages call the data set.
        split: its name, or None.

    Raises:
        DataError: if there are none.
    """
    import datasets
    import pyarrow as pa
    from datasets.table import InMemoryTable

    kinds = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    tables: list[pa.Table] = []
    for chunk in _chunked(recordings):
        sounds = [{"bytes": one.data, "path": one.path} for one in chunk]
        columns = {AUDIO: pa.array(sounds, kinds), TEXT: pa.array([one.text for one in chunk], pa.string())}
        columns[SPEAKER] = pa.array([one.speaker for one in chunk], pa.string())
        tables.append(pa.table(columns))
    if not tables:
        raise DataError("no recordings", where=name or "the rows", expected="one at least")
    rows = datasets.Dataset(
        InMemoryTable(pa.concat_tables(tables)), split=None if split is None else datasets.NamedSplit(split)
    )
    rows.info.dataset_name = name or None
    return rows


def is_standard(rows: datasets.Dataset) -> bool:
    """Whether rows are as `recording_rows` makes them."""
    features = rows.features
    sounds = features.get(AUDIO)
    return {*features} == {AUDIO, TEXT, SPEAKER} and isinstance(sounds, dict) and {*sounds} == {"bytes", "path"}


def standard_rows(rows: datasets.Dataset, named: Mapping[str, str | None], folder: Path) -> datasets.Dataset:
    """Rows of any data set as `recording_rows` makes them.

    Args:
        rows: of a split.
        named: columns, as of `sound_columns`.
        folder: that files are named from.

    Raises:
        DataError: columns or files that are not there.
    """
    if is_standard(rows):
        return rows
    read = read_columns(rows, sound_columns(rows, named), folder)
    return recording_rows(
        read, name=rows.info.dataset_name or "", split=None if rows.split is None else str(rows.split)
    )


def sound_columns(rows: datasets.Dataset, options: Mapping[str, str | None]) -> SoundColumns:
    """What is in which column: as named, or recognised by its name.

    Args:
        rows: of a split.
        options: `audio_column`, `text_column` and `speaker_column`, None where they are not named.

    Raises:
        DataError: columns that are not there, or not clear.
    """
    chosen = []
    for flag, names, what in (
        ("audio_column", AUDIO_NAMES, "recordings"), ("text_column", TEXT_NAMES, "texts"), ("speaker_column", SPEAKER_NAMES, "")
    ):  # fmt: skip
        wanted = options.get(flag)
        known = {name.strip().lower(): name for name in reversed(rows.column_names)}
        found = wanted or next((known[name] for name in names if name in known), None)
        if wanted:
            require({"": rows}, wanted)
        if what and found is None:
            there = one_of(map(repr, rows.column_names))
            raise DataError(
                f"no column is clearly the {what}, {there}", where=place_of(rows), fix=f"pass --{flag} NAME"
            )
        chosen.append(found)
    audio, text, speaker = chosen
    return SoundColumns(str(audio), str(text), speaker)


def read_columns(rows: datasets.Dataset, columns: SoundColumns, folder: Path) -> Iterator[Recording]:
    """The recordings of some rows, whose files are named as seen from a folder.

    Raises:
        DataError: with the row of a file that is not there, or a text that is none.
    """
    import datasets

    features = rows.features
    names = getattr(features[columns.text], "names", None)
    if names is None:
        check_texts(rows, columns.text)
    kinds = {columns.audio: type(features[columns.audio]).__name__}
    if kinds[columns.audio] == "Audio":  # its own way of decoding needs a library more
        rows = rows.cast_column(columns.audio, datasets.Audio(decode=False))
    for number, row in enumerate(rows, start=1):
        given, text = row[columns.audio], row[columns.text]
        row_is = f"{place_of(rows)}, row {number}, column "
        data, path = _bytes_of(given, folder, f"{row_is}{columns.audio!r}")
        if names and (text is None or not 0 <= text < len(names)):
            fix = "give the row a text, or remove it"
            raise DataError(f"found {text}", where=f"{row_is}{columns.text!r}", expected=one_of(names), fix=fix)
        speaker = "" if columns.speaker is None or row[columns.speaker] is None else str(row[columns.speaker])
        yield Recording(data, path, names[text] if names else text, speaker)


def _bytes_of(given: Any, folder: Path, where: str) -> tuple[bytes, str]:
    """The bytes of a cell's recording, and what messages call it."""
    if isinstance(given, dict):
        if given.get("bytes") is not None:
            return given["bytes"], given.get("path") or where
        if given.get("array") is not None:
            return write_wav(*given_sound(given, where=where), exact=True), where
        given = given.get("path")
    if isinstance(given, bytes):
        return given, where
    if not isinstance(given, str) or not given:
        raise DataError(f"found {given!r:.60}", where=where, expected="the name of a file")
    path = folder / given
    try:
        return path.read_bytes(), given
    except OSError as error:
        found = f"{given}: {error.strerror or 'cannot be read'} ({path.absolute()})"
        raise DataError(
            found, where=where, expected="a file", fix="names are as seen from the table's folder"
        ) from None


def _tables(options: SoundDataOptions, files: Mapping[str, str | None]) -> Source:
    source = load_files(
        train=files["train"], validation=files.get("validation"), test=files.get("test"), dialect=options.dialect
    )
    return replace(source, splits=_standard(source.splits, options, lambda split: at_home(str(files[split])).parent))


def _standard(
    splits: datasets.DatasetDict, options: SoundDataOptions, folder: Callable[[str], Path]
) -> datasets.DatasetDict:
    """Splits with the standard columns; files are named as seen from a folder."""
    named = {flag: getattr(options, flag) for flag in COLUMN_FLAGS}
    return type(splits)({name: standard_rows(rows, named, folder(name)) for name, rows in splits.items()})


def _dataset_dict(found: Mapping[str, list[ToldFile]], name: str) -> datasets.DatasetDict:
    import datasets

    splits = datasets.DatasetDict()
    for split, files in found.items():
        made = (Recording(path.read_bytes(), str(path), text, speaker) for path, text, speaker in files)
        splits[split] = recording_rows(made, name=name, split=split)
    return splits


def _chunked(recordings: Iterable[Recording]) -> Iterator[list[Recording]]:
    chunk: list[Recording] = []
    size = 0
    for one in recordings:
        chunk.append(one)
        size += len(one.data)
        if size > _AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
