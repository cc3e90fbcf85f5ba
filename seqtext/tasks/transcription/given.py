"""Recordings as Python code holds them, as rows with the bytes of each. Knows shapes of objects, no sounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtext.data.audio.recordings import (
    AUDIO_NAMES,
    SPEAKER_NAMES,
    TEXT_NAMES,
    Recording,
    is_standard,
    read_columns,
    recording_rows,
    sound_columns,
)
from seqtext.data.audio.sounds import given_sound
from seqtext.data.audio.wav import write_wav
from seqtext.data.rows.given import as_rows, frame_columns, is_frame, same_lengths
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    from datasets import Dataset


def recordings_of(given: Any) -> Dataset:
    """The rows of one split, whatever holds them: a data set, a data frame, a dict of columns or a list of dicts.

    Sounds are paths, bytes of files, or dicts with `array` and `sampling_rate`.

    Raises:
        DataError: for what holds none.
    """
    import datasets

    if isinstance(given, datasets.Dataset | datasets.DatasetDict | datasets.IterableDataset):
        rows = as_rows(given)
        if is_standard(rows):
            return rows
        return recording_rows(read_columns(rows, sound_columns(rows, {}), Path()), name=rows.info.dataset_name or "")
    return recording_rows(_recordings(_dicts(given)))


def _dicts(given: Any) -> Iterator[Mapping[str, Any]]:
    if is_frame(given):
        given = frame_columns(given)
    if isinstance(given, Mapping):
        given = same_lengths(given)
        given = [dict(zip(given, row, strict=True)) for row in zip(*given.values(), strict=True)]
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        expected = "a Dataset, a data frame, a dict of columns, or a list of dicts"
        raise DataError(f"found {type(given).__name__}", where="the rows", expected=expected)
    for number, row in enumerate(given, start=1):
        if not isinstance(row, Mapping):
            raise DataError(f"found {shorten(row)}", where=f"row {number}", expected="a dict with audio and text")
        yield row


def _recordings(rows: Iterable[Mapping[str, Any]]) -> Iterator[Recording]:
    for number, row in enumerate(rows, start=1):
        audio, text, speaker = (
            next((row[name] for name in names if name in row), None)
            for names in (AUDIO_NAMES, TEXT_NAMES, SPEAKER_NAMES)
        )
        if not isinstance(text, str):
            found = f"found {shorten(text)} ({type(text).__name__})"
            raise DataError(found, where=f"row {number}, column 'text'", expected="text")
        sound = given_sound(audio, where=f"row {number}", rate=row.get("rate") or row.get("sampling_rate"))
        path = str(audio) if isinstance(audio, str | Path) else ""
        yield Recording(
            write_wav(sound.samples, sound.rate, exact=True), path, text, "" if speaker is None else str(speaker)
        )
