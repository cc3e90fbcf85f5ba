"""A split of recordings as strings of samples with their symbols, checked. Knows rows and a config, no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seqtext.batching.ragged import Ragged
from seqtext.data.audio.encoding import Heard, heard
from seqtext.data.audio.recordings import AUDIO, SPEAKER, TEXT
from seqtext.data.audio.splits import column_texts
from seqtext.data.reading.column_arrays import row_as_loaded
from seqtext.data.reading.fingerprint import fingerprint
from seqtext.errors import DataError, shorten
from seqtext.nn.losses import ctc_steps
from seqtext.tasks.transcription.alphabet import Alphabet, normalised, symbols_of
from seqtext.tasks.transcription.rows import SoundRows
from seqtext.tasks.transcription.settings import TranscriptionConfig
from seqtext.tasks.transcription.strings import one_by_one, put_together

if TYPE_CHECKING:
    from datasets import Dataset

MOST_KEPT = 3  # splits whose samples stay in memory
_TIMES = 4  # that a recording which is measured stands in strings


def encode(
    config: TranscriptionConfig,
    alphabet: Alphabet,
    rows: Dataset,
    known: dict[str, Heard],
    *,
    sampling_seed: int | None = None,
) -> SoundRows:
    """A split as batches need it.

    Args:
        config: of the transcriber.
        alphabet: likewise; symbols that it lacks are left out.
        rows: of recordings.
        known: samples of splits that were read before, by content; these are added.
        sampling_seed: of training: draws other strings, played faster and slower.

    Raises:
        DataError: naming the row of a recording that cannot be read, or is too short for what is said in it.
    """
    samples = heard_once(rows, config.rate, known).samples
    symbols = Ragged.from_sequences([alphabet.encode(text).tolist() for text in known_texts(rows, config, alphabet)])
    lengths = samples.lengths.numpy()
    draw = np.random.default_rng(0 if sampling_seed is None else sampling_seed)
    speed = 0.0 if sampling_seed is None else config.speed
    _check_lengths(rows, lengths, symbols, config)
    if config.joined > 1:
        speakers = np.unique(column_texts(rows, SPEAKER), return_inverse=True)[1]
        strings = put_together(
            lengths, speakers, rate=config.rate, most=config.joined, tail=config.tail, draw=draw, speed=speed,
            times=_TIMES if sampling_seed is None else 1,
        )  # fmt: skip
    else:
        drawn = None if sampling_seed is None else draw
        strings = one_by_one(lengths, tail=config.tail, draw=drawn, speed=speed, shift=config.samples_per_step)
    return SoundRows(samples, symbols, strings, config.samples_per_step)


def single(config: TranscriptionConfig, alphabet: Alphabet, rows: Dataset, known: dict[str, Heard]) -> SoundRows:
    """Each recording by itself, as it is."""
    samples = heard_once(rows, config.rate, known).samples
    symbols = Ragged.from_sequences([alphabet.encode(text).tolist() for text in known_texts(rows, config, alphabet)])
    return SoundRows(samples, symbols, one_by_one(samples.lengths.numpy(), tail=config.tail), config.samples_per_step)


def heard_once(rows: Dataset, rate: int, known: dict[str, Heard]) -> Heard:
    """The samples of a split, read if they are not known."""
    key = f"{fingerprint(rows, [AUDIO])} {rate}"
    if key not in known:
        while len(known) >= MOST_KEPT:
            known.pop(next(iter(known)))
        known[key] = heard(rows, rate)
    return known[key]


def known_texts(rows: Dataset, config: TranscriptionConfig, alphabet: Alphabet) -> list[str]:
    """The texts as they are learnt, without symbols that the alphabet lacks."""
    there = {*alphabet.symbols}
    texts = (normalised(text, lowercase=config.lowercase) for text in column_texts(rows, TEXT))
    return [
        config.separator.join(symbol for symbol in symbols_of(text, config.separator) if symbol in there)
        for text in texts
    ]


def _check_lengths(rows: Dataset, lengths: np.ndarray, symbols: Ragged, config: TranscriptionConfig) -> None:
    """Refuses a recording that has fewer steps than what is said in it needs, played as fast as training may.

    Raises:
        DataError: naming the first.
    """
    needed = ctc_steps(symbols.values.numpy(), symbols.starts.numpy())
    there = (lengths / (1 + config.speed)).astype(np.int64) // config.samples_per_step
    there += 0 if config.joined > 1 else config.tail // config.samples_per_step
    if len(short := np.flatnonzero(there < needed)):
        first = int(short[0])
        found = (
            f"{lengths[first] / config.rate:.2f} s are {there[first]:,} steps, too few for the {needed[first]:,} that"
            f" {shorten(column_texts(rows.select([first]), TEXT)[0])} needs"
        )
        if len(short) > 1:
            found += f" (it is so in {len(short):,} recordings)"
        fix = "mend the text, remove the row, or give --skip 1 or a smaller --hop_ms"
        raise DataError(found, where=row_as_loaded(rows, first), expected="a recording of all its text", fix=fix)
