"""The baselines of a translator: copying the source, and word by word from a table learnt on the training pairs.

The table is IBM model 1 (Brown et al. 1993): which word of the target explains which of the source, found by expectation
and maximisation over all pairs of words of all pairs of texts, in numpy, without a loop over them. It knows neither order
nor context, so what a model is better by is what it knows of both.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.words import words
from seqtext.reporting.baseline import Baseline

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
Split: TypeAlias = Callable[[str], Sequence[str]]

ITERATIONS = 5
MOST_CELLS = 20_000_000  # pairs of words learnt from at most, about 1 GB: over 100,000 sentences of 13 words
_TIGHT = re.compile(r"(?<=[(\[„¿¡]) | (?=[.,;:!?)\]”])|(?<=\d[.,:]) (?=\d)")
_BYTES = re.compile(r"(?:<0x[0-9A-F]{2}>)+")


def copied_source(sources: Sequence[str]) -> Baseline[list[str]]:
    """The source as its own translation: names and numbers are right."""
    return Baseline("copy", "the source, copied", list(sources), 0.0)


def word_by_word(
    train_sources: Sequence[str],
    train_targets: Sequence[str],
    sources: Sequence[str],
    *,
    split_source: Split = words,
    split_target: Split = words,
    join: Callable[[Sequence[str]], str] | None = None,
    unit: str = "word",
) -> Baseline[list[str]]:
    """Learns a table and writes for each word its likeliest translation, in the order of the source.

    Args:
        train_sources: of the training pairs.
        train_targets: likewise.
        sources: to translate.
        split_source: a text of the source language to words, or to pieces where it has no spaces.
        split_target: likewise of the target language.
        join: words of the target language to a text; `join_words` if not given.
        unit: what is split into, for the name.
    """
    start = time.perf_counter()
    table = WordTable(map(split_source, train_sources), map(split_target, train_targets))
    joined = join or join_words
    texts = [joined(table.translate(split_source(text))) for text in sources]
    description = f"{unit} by {unit} (IBM model 1 on {table.pairs:,} pairs)"
    return Baseline(f"{unit} by {unit}", description, texts, time.perf_counter() - start)


class WordTable:
    """The likeliest target word of each source word, by IBM model 1.

    Args:
        sources: words of each training pair's source.
        targets: likewise of its target.
        iterations: of expectation and maximisation.

    Attributes:
        pairs: that were learnt from; the first ones, where all are too many.
    """

    def __init__(
        self, sources: Iterable[Sequence[str]], targets: Iterable[Sequence[str]], iterations: int = ITERATIONS
    ) -> None:
        pairs = [(list(s), list(t)) for s, t in zip(sources, targets, strict=True)]
        cells = np.cumsum([(len(s) + 1) * len(t) for s, t in pairs])
        pairs = pairs[: max(int(np.searchsorted(cells, MOST_CELLS, side="right")), 1)]
        self.pairs = len(pairs)
        # Word 0 of the source is none at all: it explains what nothing in the source does.
        source_ids, source_lengths, source_words = _numbered([["", *s] for s, _ in pairs])
        target_ids, target_lengths, target_words = _numbered([t for _, t in pairs])
        self._translations: dict[str, str] = {}
        if not len(target_ids):
            return
        owners, others = _cells(source_ids, source_lengths, target_lengths)
        keys, cell = np.unique(others * len(target_words) + target_ids[owners], return_inverse=True)
        of_source, of_target = keys // len(target_words), keys % len(target_words)
        share = _learnt(cell, owners, of_source, iterations)
        # Brackets and quotes always come together, and explain each other as well as themselves.
        itself = np.array([source_words[s] == target_words[t] for s, t in zip(of_source, of_target, strict=True)])
        share *= 1 + 1e-3 * itself
        # The likeliest of each source word is the last once sorted by source and probability.
        order = np.lexsort((share, of_source))
        last = np.append(of_source[order][1:] != of_source[order][:-1], True)
        best = order[last]
        self._translations = {
            source_words[s]: target_words[t] for s, t in zip(of_source[best], of_target[best], strict=True) if s
        }

    def translate(self, tokens: Sequence[str]) -> list[str]:
        """The likeliest translation of each word; one that was never met stays as it is."""
        return [self._translations.get(token, token) for token in tokens]


def join_words(tokens: Sequence[str]) -> str:
    """Words with spaces between them, but for those that punctuation goes without."""
    return _TIGHT.sub("", re.sub(r" (?=[.,:] \d)", "", " ".join(tokens)))


def join_pieces(pieces: Sequence[str]) -> str:
    """Pieces of sentencepiece to the text they are of, bytes spelt out."""
    text = "".join(pieces).replace("▁", " ").strip()
    return _BYTES.sub(lambda run: bytes.fromhex(run[0][3:-1].replace("><0x", "")).decode(errors="replace"), text)


def _numbered(texts: Sequence[Sequence[str]]) -> tuple[IntArray, IntArray, list[str]]:
    """Ids of all words one after the other, how many each text has, and the words by id."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    ids: dict[str, int] = {}
    flat = (ids.setdefault(word, len(ids)) for word in chain.from_iterable(texts))
    return np.fromiter(flat, dtype=np.int64, count=int(lengths.sum())), lengths, list(ids)


def _cells(source_ids: IntArray, source_lengths: IntArray, target_lengths: IntArray) -> tuple[IntArray, IntArray]:
    """For each word of a target with each of its source: the place of the one among all targets, the id of the other."""
    width = np.repeat(source_lengths, target_lengths)  # of each target word's row of cells
    owners = np.repeat(np.arange(len(width)), width)
    first = np.repeat(np.cumsum(source_lengths) - source_lengths, target_lengths)
    inside = np.arange(len(owners)) - np.repeat(np.cumsum(width) - width, width)
    return owners, source_ids[first[owners] + inside]


def _learnt(cell: IntArray, owners: IntArray, of_source: IntArray, iterations: int) -> FloatArray:
    """(K,) probability of the target word given the source word, for each of the K pairs that occur.

    Args:
        cell: which of the K a pair of words is.
        owners: the target word it is of.
        of_source: (K,) the source word.
        iterations: of expectation and maximisation, from all alike on.
    """
    share: FloatArray = np.ones(len(of_source))
    for _ in range(iterations):
        weight = share[cell]
        weight /= np.bincount(owners, weights=weight)[owners]  # how much of the target word each source word explains
        counts = np.bincount(cell, weights=weight, minlength=len(of_source))
        share = counts / np.bincount(of_source, weights=counts)[of_source]
    return share
