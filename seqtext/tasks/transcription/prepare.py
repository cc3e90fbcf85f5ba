"""What a new transcriber starts from: rate, symbols and the statistics of frames, out of training recordings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from seqtext.batching.ragged import Ragged
from seqtext.data.audio.encoding import commonest_rate, heard
from seqtext.data.audio.frames import frames_of
from seqtext.data.audio.recordings import TEXT
from seqtext.data.audio.splits import column_texts
from seqtext.errors import DataError
from seqtext.saving.configs import settings_of
from seqtext.tasks.transcription.alphabet import choose_symbols, normalised
from seqtext.tasks.transcription.settings import TranscriptionConfig, TranscriptionSettings

if TYPE_CHECKING:
    from datasets import Dataset

MOST_HEARD = (
    16_000  # samples per second that a model hears where nothing else is asked for: speech has little above 8,000 hertz
)
JOINED = 7  # recordings of a string, where each is a single word
LOOKED_AT = 2_000  # recordings whose frames are counted
_LEAST_DEVIATION = 0.1  # of a band in which nothing changes


def prepare(train: Dataset, settings: Mapping[str, Any]) -> TranscriptionConfig:
    """The config of a new transcriber.

    Args:
        train: rows of recordings.
        settings: fields of `TranscriptionSettings`.

    Raises:
        DataError: a recording that cannot be read, or no text in any of them.
        OptionsError: for an unknown setting.
    """
    wanted = settings_of(TranscriptionSettings, settings)
    texts = [normalised(text, lowercase=wanted.lowercase) for text in column_texts(train, TEXT)]
    if not any(texts):
        found = f"nothing is said in any of {len(texts):,} recordings"
        raise DataError(found, where="the texts", expected="some text", fix="pass --text_column NAME")
    alphabet, separator = choose_symbols(texts, wanted.symbols)
    rate = wanted.rate or min(commonest_rate(train), MOST_HEARD)
    joined = wanted.joined or (
        JOINED if all(len(text.split()) == 1 for text in texts) and _single(texts, separator) else 1
    )
    known = {**asdict(wanted), "rate": rate, "joined": joined, "alphabet": alphabet, "separator": separator}
    flat = (0.0,) * wanted.bands, (1.0,) * wanted.bands
    config = TranscriptionConfig(**known, means=flat[0], deviations=flat[1])
    means, deviations = _statistics(heard(train.select(range(min(len(train), LOOKED_AT))), rate).samples, config)
    return TranscriptionConfig(**known, means=means, deviations=deviations)


def _single(texts: list[str], separator: str) -> bool:
    """Whether each text is one symbol."""
    return all(len(text.split(separator) if separator else text) == 1 for text in texts)


def _statistics(samples: Ragged, config: TranscriptionConfig) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each band over the frames of some recordings."""
    sums = torch.zeros(2, config.bands, dtype=torch.float64)
    count = 0
    for row in range(len(samples)):
        frames = frames_of(samples.pad(torch.tensor([row])), config.frames).values[0].double()
        sums += torch.stack([frames.sum(0), frames.square().sum(0)])
        count += len(frames)
    mean, square = sums / max(count, 1)
    deviation = (square - mean.square()).clamp_min(0).sqrt().clamp_min(_LEAST_DEVIATION)
    return tuple(round(value, 4) for value in mean.tolist()), tuple(round(value, 4) for value in deviation.tolist())
