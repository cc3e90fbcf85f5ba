"""From loaded recordings to those that are learnt from, chosen by and tested on; one speaker held out where that is asked for.

Never chooses on test: where a split is missing it is made from training recordings, and said so. Does not look into the sounds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.audio.recordings import AUDIO, SPEAKER, TEXT
from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.rows.splits import parts_of, used_splits
from seqtext.errors import DataError, did_you_mean, one_of

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

FEW = 100  # different texts that held-out recordings have their share of each of


@dataclass(frozen=True)
class SoundSplits:
    """What a model of sounds is trained, chosen and tested on.

    Attributes:
        train: recordings to learn from.
        validation: those that decide which epoch is kept.
        test: those nobody listens to before the end.
        duplicates: test recordings that are in train too.
        notes: what was decided, one line each.
        warnings: what the user should look at, one line each.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    duplicates: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def sound_splits(
    splits: DatasetDict, *, hold_out_speaker: str | None = None, max_rows: int | None = None, seed: int = 0
) -> SoundSplits:
    """Chooses the splits, and holds recordings out where one is missing.

    Args:
        splits: as `load_recordings` gives them.
        hold_out_speaker: whose recordings of all splits are the test; the others are learnt from.
        max_rows: of training.
        seed: of what is drawn.

    Raises:
        DataError: a speaker that is not there, or too few recordings.
    """
    notes: list[str] = []
    splits = used_splits(splits, notes, rows="recordings")
    if hold_out_speaker is not None:
        splits = _without(splits, hold_out_speaker, notes)
    train, validation, test = parts_of(splits, notes, labels=_labels, max_rows=max_rows, seed=seed, rows="recordings")
    known = _hashes(train)
    copies = sum(one in known for one in _hashes(test, each=True))
    warnings = [f"{copies:,} test recordings are in train too: the test figures flatter"] if copies else []
    return SoundSplits(train, validation, test, copies, tuple(notes), tuple(warnings))


def column_texts(rows: Dataset, column: str) -> list[str]:
    """A column of texts as a list."""
    return [text for array in column_arrays(rows, column) for text in array.to_pylist()]


def _labels(rows: Dataset) -> NDArray[np.int64] | None:
    """What recordings are drawn evenly by: who says what, where that is few."""
    texts, speakers = column_texts(rows, TEXT), column_texts(rows, SPEAKER)
    kinds, ids = np.unique([f"{text}\t{who}" for text, who in zip(texts, speakers, strict=True)], return_inverse=True)
    return ids.astype(np.int64) if len(kinds) <= FEW else None


def _without(splits: DatasetDict, speaker: str, notes: list[str]) -> DatasetDict:
    """All recordings of a speaker as the test, and the others of all splits as training."""
    import datasets

    whole = datasets.concatenate_datasets(list(splits.values()))
    speakers = np.asarray(column_texts(whole, SPEAKER))
    if speaker not in speakers:
        known = [name for name in np.unique(speakers).tolist() if name]
        found = f"no speaker {speaker!r}" if known else "the recordings do not say who speaks"
        fix = did_you_mean(speaker, known) if known else "pass --speaker_column NAME"
        raise DataError(found, where="--hold_out_speaker", expected=one_of(known) if known else "", fix=fix)
    theirs = speakers == speaker
    notes.append(f"test: all {int(theirs.sum()):,} recordings of {speaker}, who is in no other split")
    name = splits["train"].info.dataset_name
    parts = {"train": whole.select(np.flatnonzero(~theirs)), "test": whole.select(np.flatnonzero(theirs))}
    for rows in parts.values():
        rows.info.dataset_name = name
    return type(splits)(parts)


def _hashes(rows: Dataset, *, each: bool = False) -> list[bytes] | set[bytes]:
    """What tells recordings apart: of every one, or of all that differ."""
    found = [
        hashlib.blake2b(sound["bytes"], digest_size=16).digest()
        for array in column_arrays(rows, AUDIO)
        for sound in array.to_pylist()
    ]
    return found if each else {*found}
