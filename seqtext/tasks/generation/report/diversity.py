"""How generated texts differ from each other and from the training texts: distinct n-grams, self-BLEU, copied n-grams.

Lists of word tokens in, figures out; `words` makes such lists. It knows neither models nor topics, and says nothing of
one figure alone: all of them mean something beside the same figure for real text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import DataError

IntArray: TypeAlias = NDArray[np.int64]
HashArray: TypeAlias = NDArray[np.uint64]
Tokens: TypeAlias = Sequence[str]

ORDERS = (1, 2, 3, 4)  # of BLEU-4
SMALL = 0.1  # stands for no match at all: "method 1" of Chen and Cherry (2014), as in the self-BLEU of Zhu et al.
CHUNK = 1_000_000  # tokens of training text whose n-grams are in memory at a time: about 100 MB

_STEP = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no n-gram's hash forgets a token


def distinct(token_lists: Iterable[Tokens], n: int) -> float:
    """The share of different n-grams among all n-grams of the texts (Li et al. 2016); 0 if there are none.

    It falls as texts are added, so only sets of one size compare: `distinct_at`, `distinct_ratio`.

    Raises:
        ValueError: `n` is below 1.
    """
    token_lists = list(token_lists)
    grams = _ngrams(token_lists, _vocabulary(token_lists), n)
    return len(np.unique(grams)) / len(grams) if len(grams) else 0.0


def distinct_at(token_lists: Iterable[Tokens], n: int, tokens: int) -> float:
    """`distinct` of the first `tokens` tokens of the texts; the text in which they end is cut.

    Raises:
        ValueError: the texts have fewer tokens, or `n` is below 1.
    """
    token_lists = list(token_lists)
    there = sum(map(len, token_lists))
    if there < tokens:
        raise ValueError(f"distinct n-grams over {tokens:,} tokens need as many, got {there:,}")
    return distinct(_first(token_lists, tokens), n)


def distinct_ratio(token_lists: Iterable[Tokens], real_lists: Iterable[Tokens], n: int) -> float:
    """`distinct` of the texts over that of real texts, both over as many tokens as the smaller set has.

    Raises:
        DataError: one of the sets has no n-gram over so many tokens.
        ValueError: `n` is below 1.
    """
    both = [list(token_lists), list(real_lists)]
    tokens = min(sum(map(len, lists)) for lists in both)
    ours, real = (distinct_at(lists, n, tokens) for lists in both)
    if not ours or not real:
        raise DataError(f"no text has {n} tokens in a row", expected="longer texts to count distinct n-grams in")
    return ours / real


def self_bleu(token_lists: Sequence[Tokens], *, sample: int = 500, seed: int = 0) -> float:
    """The mean BLEU-4 of each text against all others (Zhu et al. 2018), in [0, 1]: high where texts are alike.

    It rises with the number of texts, so compare sets only at one `sample` that both can fill. Per text, not over the
    set; an n-gram length without a match counts as a tenth of one, a text without a single known word, or an empty
    one, as 0; the brevity penalty takes the nearest length. Time grows with the tokens alone: 0.1 s for 500 news.

    Args:
        token_lists: at least two texts.
        sample: texts drawn at most, with `seed`.
        seed: of the draw.

    Raises:
        DataError: fewer than two texts are left to compare.
    """
    kept = np.sort(np.random.default_rng(seed).permutation(len(token_lists))[:sample])
    texts = [token_lists[row] for row in kept]
    if len(texts) < 2:
        raise DataError(f"self-BLEU compares texts with each other, got {len(texts)}", expected="at least two")
    matches = np.array([_matches(texts, n) for n in ORDERS])  # (orders, texts)
    lengths = np.array([len(text) for text in texts])
    possible = np.maximum(lengths - np.array(ORDERS)[:, None] + 1, 1)
    precision = np.exp(np.log(np.where(matches > 0, matches, SMALL) / possible).mean(axis=0))
    penalty = np.minimum(1.0, np.exp(1.0 - _nearest_other(lengths) / np.maximum(lengths, 1)))
    return float(np.where(matches[0] > 0, precision * penalty, 0.0).mean())


def copied_share(token_lists: Iterable[Tokens], training: Iterable[Tokens], n: int = 8) -> float:
    """The share of the texts' n-grams that stand in a training text too; 0 if no text is long enough.

    Every occurrence counts. Memory grows with the texts, not with the training texts, which are read once, in chunks.
    N-grams are compared by 64-bit hashes: in 100 MB of training text, one false match among 10,000 texts is less likely
    than one in 100,000.

    Args:
        token_lists: of generated texts.
        training: of the texts learnt from, an iterator will do.
        n: tokens in a row.

    Raises:
        ValueError: `n` is below 1.
    """
    token_lists = list(token_lists)
    ids = _vocabulary(token_lists)
    grams, occurrences = np.unique(_ngrams(token_lists, ids, n), return_counts=True)
    if not len(grams):
        return 0.0
    found = np.zeros(len(grams), dtype=bool)
    for chunk in _chunks(training):
        theirs = _ngrams(chunk, ids, n)
        at = np.minimum(np.searchsorted(grams, theirs), len(grams) - 1)
        found[at[grams[at] == theirs]] = True
    return float(occurrences[found].sum() / occurrences.sum())


def _vocabulary(token_lists: Iterable[Tokens]) -> dict[str, int]:
    """An id from 1 on for every different token; 0 is for all that come from elsewhere."""
    return {token: number for number, token in enumerate(dict.fromkeys(chain.from_iterable(token_lists)), start=1)}


def _ngrams(token_lists: Sequence[Tokens], ids: dict[str, int], n: int) -> HashArray:
    """A hash of every n-gram within each text, in order."""
    if n < 1:
        raise ValueError(f"n-grams have at least one token, got n = {n}")
    lengths: IntArray = np.array([len(tokens) for tokens in token_lists], dtype=np.int64)
    every = (ids.get(token, 0) for token in chain.from_iterable(token_lists))
    tokens = _mixed(np.fromiter(every, dtype=np.uint64, count=int(lengths.sum())))
    starts = np.flatnonzero(np.arange(len(tokens)) + n <= np.repeat(np.cumsum(lengths), lengths))
    hashes: HashArray = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(n):
        hashes = hashes * _STEP + tokens[starts + offset]  # modulo 2**64
    return hashes


def _mixed(ids: HashArray) -> HashArray:
    """Each id spread over all 64 bits, different ones differently: the finaliser of SplitMix64 (Steele et al. 2014)."""
    bits = ids * _STEP
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _chunks(token_lists: Iterable[Tokens]) -> Iterator[list[Tokens]]:
    """The texts in lists of about `CHUNK` tokens."""
    chunk: list[Tokens] = []
    held = 0
    for tokens in token_lists:
        chunk.append(tokens)
        held += len(tokens)
        if held >= CHUNK:
            yield chunk
            chunk, held = [], 0
    yield chunk


def _first(token_lists: Iterable[Tokens], tokens: int) -> list[Tokens]:
    """The texts as far as their first `tokens` tokens go."""
    kept = []
    for text in token_lists:
        kept.append(text[:tokens])
        tokens -= len(kept[-1])
    return kept


def _matches(texts: Sequence[Tokens], n: int) -> list[int]:
    """For each text how many of its n-grams stand in another, each no oftener than in the one that has most of it.

    The two highest counts of an n-gram are enough: who holds the highest is compared with the second.
    """
    counts = [Counter(zip(*(text[offset:] for offset in range(n)), strict=False)) for text in texts]
    highest: dict[tuple[str, ...], tuple[int, int, int]] = {}  # (count, text that has it, second count)
    for number, grams in enumerate(counts):
        for gram, count in grams.items():
            first, holder, second = highest.get(gram, (0, -1, 0))
            highest[gram] = (count, number, first) if count > first else (first, holder, max(second, count))
    return [
        sum(
            min(count, second if holder == number else first)
            for gram, count in grams.items()
            for first, holder, second in [highest[gram]]
        )
        for number, grams in enumerate(counts)
    ]


def _nearest_other(lengths: IntArray) -> IntArray:
    """For each text the length of another that is nearest to its own, the shorter of two equally near ones."""
    ordered = np.sort(lengths)
    nearest = []
    for length in lengths:
        others = np.delete(ordered, np.searchsorted(ordered, length))
        nearest.append(others[np.abs(others - length).argmin()])
    return np.array(nearest, dtype=np.int64)
