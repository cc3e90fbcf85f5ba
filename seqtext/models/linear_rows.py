"""Rows that a `LinearText` is fitted on: at most so many, as sparse TF-IDF vectors of the n-grams that are worth a weight. Needs scipy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.ngrams import BUCKETS, Counts, count_ngrams
from seqtext.models.linear_text import Weighing

MAX_CHARACTERS = 40_000_000  # of all texts; fitting takes some 30 bytes for each
MAX_WEIGHTS = 32_000_000  # of all classes: 64 MB when saved
FEW_ROWS = 200  # below, none are held out, and C is in the middle
CHUNK = 5000  # texts counted at a time


class WeighedRows(NamedTuple):
    """Rows as TF-IDF vectors.

    Attributes:
        weighing: of their n-grams.
        vectors: (R, F) sparse.
        answers: (R, ...) of the rows used.
        notes: how many there are, and what was cut.
        chance: a generator, for what is held out of them.
    """

    weighing: Weighing
    vectors: Any
    answers: NDArray[Any]
    notes: list[str]
    chance: np.random.Generator


def weighed_rows(
    texts: Iterable[str], answers: NDArray[Any], *, functions: int, seed: int, max_rows: int
) -> WeighedRows:
    """At most `max_rows` rows as vectors that `functions` linear functions can be fitted on."""
    from scipy.sparse import csr_matrix

    generator = np.random.default_rng(seed)
    total = len(answers)
    sampled, answers = _sample(texts, answers, max_rows, generator)
    notes = [f"{len(sampled):,} rows" + (f" sampled from {total:,}" if len(sampled) < total else "")]
    longest = None
    if sum(map(len, sampled)) > MAX_CHARACTERS:
        longest = MAX_CHARACTERS // len(sampled)
        notes.append(f"texts cut to {longest:,} characters")
    counts = _counts([text[:longest] for text in sampled])
    weighing = _weighing(counts, len(sampled), functions)
    parts = weighing.of_counts(counts, len(sampled))
    vectors = csr_matrix(tuple(parts), shape=(len(sampled), len(weighing.buckets)))
    return WeighedRows(weighing, vectors, answers, notes, generator)


def _sample(
    texts: Iterable[str], labels: NDArray[Any], max_rows: int, generator: np.random.Generator
) -> tuple[list[str], NDArray[Any]]:
    """The texts and labels of at most `max_rows` rows, in their order; only the chosen texts are kept in memory."""
    chosen = np.ones(len(labels), dtype=bool)
    if len(labels) > max_rows:
        chosen[generator.permutation(len(labels))[max_rows:]] = False
    kept, number = [], 0
    for text in texts:
        if number < len(labels) and chosen[number]:
            kept.append(text)
        number += 1
    if number != len(labels):
        raise ValueError(
            f"train texts and labels must be of one number, got {number:,} texts and {len(labels):,} labels"
        )
    return kept, labels[chosen]


def _counts(texts: Sequence[str]) -> Counts:
    """The n-grams of all texts, in the narrowest numbers: there are some hundred for each text."""
    parts, rest, first = [], iter(texts), 0
    while chunk := list(islice(rest, CHUNK)):
        found = count_ngrams(chunk)
        parts.append(
            (found.texts.astype(np.int32) + first, found.buckets.astype(np.int32), found.counts.astype(np.int32))
        )
        first += len(chunk)
    return Counts(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _weighing(counts: Counts, rows: int, functions: int) -> Weighing:
    """The n-grams worth a weight, and how rare each is (smoothed, as if one more row had all of them)."""
    frequency = np.bincount(counts.buckets, minlength=BUCKETS)
    # What occurs in one row only helps no other row and takes most of the room; but where rows are few, everything counts.
    least = 2 if rows >= FEW_ROWS and (frequency > 1).any() else 1
    most = max(MAX_WEIGHTS // functions, 1)
    if (frequency >= least).sum() > most:
        least = int(np.partition(frequency, -most)[-most]) + 1  # the commonest that there is room for
    buckets = np.flatnonzero(frequency >= least)
    rarity = np.log((1 + rows) / (1 + frequency[buckets])) + 1
    return Weighing(buckets.astype(np.int32), rarity.astype(np.float32))
