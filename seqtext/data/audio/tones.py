"""The built-in telephone keys as recordings: splits for training, and strings in any noise. Knows no models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqtext.builtin.touch_tones import RATE, Dialled, touch_tones
from seqtext.data.audio.options import BUILT_IN
from seqtext.data.audio.recordings import Recording, recording_rows
from seqtext.data.audio.wav import write_wav

if TYPE_CHECKING:
    import datasets

_NOISE = (0.0, 30.0)  # decibels that keys are above the noise, in training


def touch_tone_splits() -> datasets.DatasetDict:
    """Strings of telephone keys: those of training and validation in noise of 0 to 30 decibels, those of the test of 20."""
    import datasets

    made = {
        "train": touch_tones(1500, seed=0, decibels=_NOISE),
        "validation": touch_tones(200, seed=1, decibels=_NOISE),
        "test": test_tones(),
    }
    return datasets.DatasetDict({split: touch_tone_rows(some, split) for split, some in made.items()})


def test_tones() -> list[Dialled]:
    """The strings of the test split, whose keys end at known moments."""
    return touch_tones(500, seed=2, decibels=(20.0, 20.0))


def touch_tone_rows(made: Sequence[Dialled], split: str) -> datasets.Dataset:
    """Strings of keys as rows of recordings."""
    recordings = (
        Recording(write_wav(one.samples, RATE), f"{split} {number}", one.keys) for number, one in enumerate(made, 1)
    )
    return recording_rows(recordings, name=BUILT_IN, split=split)
