"""Made-up texts and lengths for the benchmarks: of the length of short news, words as unevenly frequent as real ones. Always there.

News of the AG corpus have 38 words on average and, with 8,000 pieces, 61 tokens; the logarithms of both are close to normal. Only
lengths and frequencies matter to what is timed, so the words mean nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TOPICS = ("world", "sport", "business", "science")
_WORDS = (3.605, 0.265)  # mean and deviation of the logarithm of the words of a text
_TOKENS = (4.063, 0.310)  # likewise of its tokens, with 8,000 pieces
_CONSONANTS = [*"bcdfghjklmnprstvw", "st", "tr", "pl", "ch", "sh"]
_VOWELS = [*"aeiou", "ai", "ou"]


def token_lengths(rows: int, *, seed: int = 0) -> NDArray[np.int32]:
    """(rows,) tokens per text."""
    return _lengths(rows, *_TOKENS, np.random.default_rng(seed))


def texts(rows: int, *, seed: int = 0, at_once: int = 20_000) -> Iterator[tuple[str, int]]:
    """Texts with the number of their topic, which a twentieth of the words tells; streamed, so any number fits."""
    words = _vocabulary()
    # Zipf: the frequency of a word is about one over its rank. Drawn by bisecting the sums, a hundred thousand at once.
    sums = np.cumsum(1 / (np.arange(len(words)) + 2.7))
    for first in range(0, rows, at_once):
        rng = np.random.default_rng((seed, first))
        lengths = _lengths(min(at_once, rows - first), *_WORDS, rng)
        topics = rng.integers(len(TOPICS), size=len(lengths))
        drawn = np.searchsorted(sums, rng.random(int(lengths.sum())) * sums[-1])
        telling = rng.random(len(drawn)) < 0.05
        drawn[telling] = 100 + 4 * (drawn[telling] % 500) + np.repeat(topics, lengths)[telling]
        spelt, ends = words[drawn], np.cumsum(lengths)
        for topic, (begin, end) in zip(topics.tolist(), itertools.pairwise([0, *ends.tolist()]), strict=True):
            yield " ".join(spelt[begin:end]), topic


def _lengths(rows: int, mean: float, deviation: float, rng: np.random.Generator) -> NDArray[np.int32]:
    return np.clip(np.rint(np.exp(rng.normal(mean, deviation, rows))), 4, 256).astype(np.int32)


def _vocabulary() -> NDArray[np.object_]:
    """(80,000,) different words of one to four syllables, the short ones first, as frequent words are."""
    rng = np.random.default_rng(0)
    syllables = ["".join(pair) for pair in itertools.product(_CONSONANTS, _VOWELS)]
    found: dict[str, None] = {}
    for parts, so_many in enumerate((50, 4_000, 12_000, 80_000), start=1):
        while len(found) < so_many:
            found.update(dict.fromkeys(map("".join, rng.choice(syllables, size=(so_many - len(found), parts)))))
    return np.array(list(found), dtype=object)
