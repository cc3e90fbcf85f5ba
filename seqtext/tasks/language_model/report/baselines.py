"""What a language model has to beat: how often each token comes, and which two come before it. Knows ids, no texts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.tokenizer import END
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.reporting.trigram import Trigram
from seqtext.tasks.language_model.rows import TextStream

MOST_COUNTED = 5_000_000  # training tokens of a trigram model, which takes about 100 bytes for each


def baselines(train: TextStream, test: TextStream, vocabulary_size: int, which: Baselines) -> list[Baseline[float]]:
    """Mean loss per test token (natural logarithm) of simple models of the training tokens.

    Args:
        train: training texts.
        test: texts to predict.
        vocabulary_size: ids there are.
        which: `fast` counts tokens, `all` also runs of three.
    """
    made = [] if which == "none" else [_unigram(train, test, vocabulary_size)]
    return [*made, _trigram(train, test, vocabulary_size)] if which == "all" else made


def _unigram(train: TextStream, test: TextStream, size: int) -> Baseline[float]:
    started = time.perf_counter()
    counts, asked = (np.bincount(rows.tokens.values.cpu().numpy(), minlength=size) for rows in (train, test))
    logs = np.log((counts + 0.5) / (counts.sum() + 0.5 * size))
    loss = -float((asked * logs).sum() / max(asked.sum(), 1))
    description = f"how often each token comes, of {train.count:,} training tokens"
    return Baseline("unigram model", description, loss, time.perf_counter() - started)


def _trigram(train: TextStream, test: TextStream, size: int) -> Baseline[float]:
    started = time.perf_counter()
    texts = max(int(np.searchsorted(np.cumsum(train.lengths), MOST_COUNTED, side="right")), 1)
    model = Trigram(_ids(train, texts), size, end=END)
    loss = -float(np.concatenate(model.log_probabilities(_ids(test))).mean())
    description = f"interpolated trigram model (modified Kneser-Ney) of {model.tokens:,} training tokens"
    return Baseline("trigram model", description, loss, time.perf_counter() - started)


def _ids(rows: TextStream, most: int | None = None) -> Iterator[NDArray[np.int32]]:
    """The ids of each text, at most so many of them, without its end."""
    starts, values = rows.tokens.starts.numpy()[: None if most is None else most + 1], rows.tokens.values.cpu().numpy()
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        yield values[first : last - 1]
