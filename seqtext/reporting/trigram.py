"""`Trigram`: the baseline of a recurrent language model, counts of three tokens in a row, smoothed by Kneser and Ney.

Lists of token ids in, natural log probabilities out. It knows neither tokenizers nor texts, and has nothing to train:
all of it is counting, in numpy, without a loop over tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

FEW = (0.5, 1.0, 1.5)  # discounts where there are too few n-grams to estimate them
MOST_IDS = 2_000_000  # three of them make a key of 63 bits


class Trigram:
    """An interpolated trigram model with modified Kneser-Ney smoothing (Chen and Goodman 1999).

    The probability of a token given the two before it is what is left of its count after a discount, and what was
    discounted goes to the bigram; this to the unigram, and this to all tokens alike. Bigrams and unigrams count in how
    many contexts they occur, not how often. A text begins after a begin token of the model's own and ends with `end`,
    which is predicted; the first token has one token before it only. Memory while counting is about 100 bytes per token.

    Args:
        ids_lists: one list of ids per text, without begin and end; read once.
        vocabulary_size: V; ids are 0 to V - 1.
        end: id of the end token, one of them.

    Attributes:
        tokens: how many were counted, one end per text included.

    Raises:
        DataError: there are no texts.
        ValueError: an id is outside the vocabulary, or the vocabulary is too large for the keys.
    """

    def __init__(self, ids_lists: Iterable[ArrayLike], vocabulary_size: int, *, end: int) -> None:
        if not 0 <= end < vocabulary_size < MOST_IDS:
            raise ValueError(
                f"the end token must be in the vocabulary, of less than {MOST_IDS:,} ids; got {end} in {vocabulary_size:,}"
            )
        self.vocabulary_size = vocabulary_size
        self._end, self._base = end, vocabulary_size + 1  # the begin token is one id more, which is never predicted
        tokens, lengths = self._flat(ids_lists)
        if not len(lengths):
            raise DataError("there are no texts to count trigrams in", expected="at least one")
        self.tokens = len(tokens)
        pairs, triples = self._keys(tokens, lengths)
        triples, times = np.unique(triples[triples >= 0], return_counts=True)
        # The first token of a text stands in one context only, after the begin token: there, how often is all one has.
        first, first_times = np.unique(pairs[_starts(lengths)], return_counts=True)
        later, contexts = np.unique(triples % self._base**2, return_counts=True)
        pairs, counts = np.concatenate([later, first]), np.concatenate([contexts, first_times])
        order = np.argsort(pairs)
        pairs, counts = pairs[order], counts[order]
        singles, before = np.unique(pairs % self._base, return_counts=True)
        self._orders = (
            _Smoothed.of(singles, before, self._base),
            _Smoothed.of(pairs, counts, self._base),
            _Smoothed.of(triples, times, self._base),
        )

    def log_probabilities(self, ids_lists: Iterable[ArrayLike]) -> list[FloatArray]:
        """One array of (ids + 1,) natural log probabilities per text, that of the end token last; all are finite.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        tokens, lengths = self._flat(ids_lists)
        pairs, triples = self._keys(tokens, lengths)
        logs = np.log(self._interpolated(tokens, pairs, triples))
        return np.split(logs, np.cumsum(lengths)[:-1]) if len(lengths) else []

    def next_probabilities(self, ids: Sequence[int]) -> FloatArray:
        """(V,) probabilities of the token after the ids that begin a text; they sum to 1.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        begun, _ = self._flat([ids])
        two = [self._base - 1, *begun[:-1].tolist()][-2:]
        tokens = np.arange(self.vocabulary_size)
        pairs = two[-1] * self._base + tokens
        triples = two[0] * self._base**2 + pairs if len(two) == 2 else np.full_like(tokens, -1)
        return self._interpolated(tokens, pairs, triples)

    def _flat(self, ids_lists: Iterable[ArrayLike]) -> tuple[IntArray, IntArray]:
        """All tokens, an end behind each text, and (texts,) how many each has with it."""
        texts = [np.asarray(ids, dtype=np.int64).reshape(-1) for ids in ids_lists]
        lengths: IntArray = np.array([len(text) + 1 for text in texts], dtype=np.int64)
        tokens: IntArray = np.full(int(lengths.sum()), self._end, dtype=np.int64)
        inside = np.ones(len(tokens), dtype=bool)
        inside[np.cumsum(lengths) - 1] = False
        if texts:
            tokens[inside] = np.concatenate(texts)
        if len(tokens) and (tokens.min() < 0 or tokens.max() >= self.vocabulary_size):
            found = f"[{tokens.min()}, {tokens.max()}]"
            raise ValueError(f"token ids must be in [0, {self.vocabulary_size}), got some in {found}")
        return tokens, lengths

    def _keys(self, tokens: IntArray, lengths: IntArray) -> tuple[IntArray, IntArray]:
        """For each token one number for it and the token before, and one for it and the two before; -1 without two."""
        starts = _starts(lengths)
        before = np.roll(tokens, 1)
        before[starts] = self._base - 1
        earlier = np.roll(before, 1)
        pairs = before * self._base + tokens
        triples = earlier * self._base**2 + pairs
        triples[starts] = -1
        return pairs, triples

    def _interpolated(self, tokens: IntArray, pairs: IntArray, triples: IntArray) -> FloatArray:
        """Probability of each token, from the uniform one upwards."""
        likely = np.full(len(tokens), 1.0 / self.vocabulary_size)
        for smoothed, keys in zip(self._orders, (tokens, pairs, triples), strict=True):
            likely = smoothed.over(likely, keys, self._base)
        return likely


class _Smoothed(NamedTuple):
    """The n-grams of one length, K of them in M contexts.

    Attributes:
        keys: (K,) ascending; the context is the key without its last digit in base V + 1.
        shares: (K,) what the discount leaves of each, as a share of its context.
        contexts: (M,) ascending.
        left: (M,) share of each context that goes to the shorter n-grams.
    """

    keys: IntArray
    shares: FloatArray
    contexts: IntArray
    left: FloatArray

    @classmethod
    def of(cls, keys: IntArray, counts: IntArray, base: int) -> _Smoothed:
        """From ascending keys, at least 0, and their counts, at least 1."""
        taken = np.array([0.0, *_discounts(counts)])[np.minimum(counts, 3)]
        contexts, starts = np.unique(keys // base, return_index=True)
        if not len(keys):  # reduceat takes no empty list
            return cls(keys, taken, contexts, taken)
        total = np.add.reduceat(counts, starts).astype(np.float64)
        sizes = np.diff(np.append(starts, len(keys)))
        shares = (counts - taken) / np.repeat(total, sizes)
        return cls(keys, shares, contexts, np.add.reduceat(taken, starts) / total)

    def over(self, lower: FloatArray, keys: IntArray, base: int) -> FloatArray:
        """Probabilities of `keys`, given those of the shorter n-grams; these alone where the context is unknown."""
        left = _found(self.contexts, self.left, keys // base, 1.0)
        return _found(self.keys, self.shares, keys, 0.0) + left * lower


def _discounts(counts: IntArray) -> tuple[float, float, float]:
    """What is taken off counts of 1, 2, and 3 or more, estimated from how many n-grams have counts of 1 to 4."""
    n1, n2, n3, n4 = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    if not all((n1, n2, n3, n4)):
        return FEW
    y = n1 / (n1 + 2 * n2)
    estimated = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    # Counts that do not fall off as those of language do can put a discount out of range, and a probability with it.
    return estimated if all(0 < taken < most for most, taken in enumerate(estimated, start=1)) else FEW


def _found(known: IntArray, values: FloatArray, asked: IntArray, otherwise: float) -> FloatArray:
    """The value of each key that is asked for; `known` is ascending."""
    if not len(known):
        return np.full(len(asked), otherwise)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, values[at], otherwise)


def _starts(lengths: IntArray) -> IntArray:
    """Where each text begins."""
    return np.cumsum(lengths) - lengths
