"""The sounds of a split as samples of one rate, one behind the other. Knows rows of recordings, no symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from seqtext.batching.ragged import Ragged
from seqtext.data.audio.recordings import AUDIO
from seqtext.data.audio.resampling import resampled
from seqtext.data.audio.sounds import read_sound
from seqtext.data.audio.wav import Sound
from seqtext.data.reading.column_arrays import column_arrays, row_number

if TYPE_CHECKING:
    from datasets import Dataset


class Heard(NamedTuple):
    """The sounds of a split.

    Attributes:
        samples: (N,) of each recording.
        rates: how many recordings had which rate.
        silent: recordings without a sample that is not 0.
    """

    samples: Ragged
    rates: dict[int, int]
    silent: int


def sounds_of(rows: Dataset) -> Iterator[Sound]:
    """Each recording at its own rate.

    Raises:
        DataError: with the row and the file of one that cannot be read.
    """
    place = 0
    for array in column_arrays(rows, AUDIO):
        for given in array:  # one by one: a chunk of recordings is never in memory twice
            sound = given.as_py()
            where = f"row {row_number(rows, place)}" + (f", recording {sound['path']}" if sound["path"] else "")
            yield read_sound(sound["bytes"], where=where)
            place += 1


def commonest_rate(rows: Dataset) -> int:
    """The rate that most recordings have; the higher of two that are as common."""
    counts = Counter(sound.rate for sound in sounds_of(rows))
    return max(counts, key=lambda rate: (counts[rate], rate))


def heard(rows: Dataset, rate: int) -> Heard:
    """All recordings of a split at one rate.

    Raises:
        DataError: as `sounds_of`.
    """
    parts: list[np.ndarray] = []
    rates: Counter[int] = Counter()
    silent = 0
    for sound in sounds_of(rows):
        rates[sound.rate] += 1
        silent += not sound.samples.any()
        parts.append(resampled(sound.samples, sound.rate, rate))
    starts = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    samples = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return Heard(Ragged(torch.from_numpy(samples), torch.from_numpy(starts)), dict(rates), silent)
