"""How often words, word pairs and runs of 1 to 5 characters stand in texts: n-grams, hashed into buckets, for bags of words.

Made of whole arrays, some thousand texts at a time. Knows characters; not what the counts are for, nor pieces of a tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.words import TOKEN, WORD

# A hash of 22 bits, whose highest tells words from characters: two of a million n-grams rarely share a bucket, and a table of all
# buckets is small.
BITS = 22
BUCKETS = 1 << BITS
CHARACTERS = BUCKETS // 2  # the first bucket of runs of characters; those before it are of words
LONGEST = 5  # run of characters
MOST_CHARACTERS = 1 << 18  # of texts that are worked on at a time
MOST_OF_A_TEXT = 200_000  # characters that are read; what comes after changes no shares any more

_TOKEN, _WORD = re.compile(TOKEN), re.compile(WORD)
_NORMALISE = Normaliser(lowercase=True)
_END = "\n"  # between texts; inside of them it has become a space
_ODD = np.uint64(0x9E3779B97F4A7C15)  # the base of the polynomial; odd numbers have an inverse among 64-bit numbers
_INVERSE = np.uint64(pow(int(_ODD), -1, 1 << 64))

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]


class Counts(NamedTuple):
    """N-grams of texts, each once for each text that has it, in the order of texts.

    Attributes:
        texts: (N,) in which text.
        buckets: (N,) which n-gram.
        counts: (N,) how often.
    """

    texts: Ints
    buckets: Ints
    counts: Ints


def count_ngrams(texts: Sequence[str]) -> Counts:
    """The n-grams of texts, whatever their letter case."""
    parts, first = [], 0
    for part in _in_parts(texts):
        parts.append(_counted(part, first=first))
        first += len(part)
    if not parts:
        return Counts(*(np.zeros(0, np.int64) for _ in Counts._fields))
    return Counts(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def hash_words(texts: Sequence[str]) -> tuple[Hashes, Ints]:
    """(N,) a number for each word of texts, whatever its letter case, and (N,) in which text it stands; signs are left out."""
    hashes, text_of, first = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
    for part in _in_parts(texts):
        joined, codes, texts_there = _joined(part)
        spans = np.array([match.span() for match in _WORD.finditer(joined)], dtype=np.int64).reshape(-1, 2)
        hashes.append(_scattered(_SpanHashes(codes)(spans[:, 0], spans[:, 1])))
        text_of.append(texts_there[spans[:, 0]] + first)
        first += len(part)
    return np.concatenate(hashes), np.concatenate(text_of)


def _in_parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in lists of not too many characters."""
    start = 0
    while start < len(texts):
        end, characters = start, 0
        while end < len(texts) and (end == start or characters + len(texts[end]) <= MOST_CHARACTERS):
            characters += len(texts[end])
            end += 1
        yield texts[start:end]
        start = end


def _joined(texts: Sequence[str]) -> tuple[str, NDArray[np.uint32], Ints]:
    """Texts as one, each between spaces and ended; its characters as numbers; and which text each is in."""
    joined = "".join(f" {_NORMALISE(text[:MOST_OF_A_TEXT])} {_END}" for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    return joined, codes, np.cumsum(codes == ord(_END)) - (codes == ord(_END))


def _counted(texts: Sequence[str], *, first: int) -> Counts:
    joined, codes, text_of = _joined(texts)
    hashes = _SpanHashes(codes)
    spans = [*_words(joined, text_of, hashes), *_runs(codes, text_of, hashes)]
    keys = np.sort(np.concatenate(spans))
    new = np.ones(len(keys), dtype=bool)
    new[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, len(keys)))
    keys = keys[starts]
    return Counts((keys >> BITS) + first, keys & (BUCKETS - 1), counts)


class _SpanHashes:
    """A number for any span of some characters, the same for the same span wherever it stands: a polynomial over 64-bit numbers.

    Args:
        codes: (N,) of the characters.
    """

    def __init__(self, codes: NDArray[np.uint32]) -> None:
        powers = np.full(len(codes) + 1, _ODD)
        powers[0] = 1
        inverse = np.full(len(codes) + 1, _INVERSE)
        inverse[0] = 1
        np.multiply.accumulate(powers, out=powers)
        self._inverse: Hashes = np.multiply.accumulate(inverse)
        self._sums: Hashes = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(_scattered(codes.astype(np.uint64)) * powers[:-1], out=self._sums[1:])

    def __call__(self, starts: Ints, ends: Ints) -> Hashes:
        """(N,) of the spans from `starts` up to `ends`."""
        hashes: Hashes = (self._sums[ends] - self._sums[starts]) * self._inverse[starts]
        return hashes


def _scattered(values: Hashes) -> Hashes:
    """Numbers whose bits all depend on all bits of the values (splitmix64, Steele and others 2014)."""
    values = values + _ODD
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scattered: Hashes = values ^ (values >> np.uint64(31))
    return scattered


def _keys(hashes: Hashes, text_of: Ints, *, kind: int, first: int) -> Ints:
    """(N,) text and bucket in one number. N-grams of another kind have other hashes; buckets begin with `first`."""
    scattered = _scattered(hashes ^ np.uint64(kind << 56)) >> np.uint64(64 - BITS + 1)
    keys: Ints = (text_of << BITS) | (scattered.astype(np.int64) + first)
    return keys


def _words(joined: str, text_of: Ints, hashes: _SpanHashes) -> list[Ints]:
    """Keys of words, and of pairs of neighbours in one text."""
    spans = np.array([match.span() for match in _TOKEN.finditer(joined)], dtype=np.int64).reshape(-1, 2)
    single, texts = hashes(spans[:, 0], spans[:, 1]), text_of[spans[:, 0]]
    neighbours = np.flatnonzero(texts[1:] == texts[:-1])
    pairs = _scattered(single[neighbours]) + single[neighbours + 1]
    return [_keys(single, texts, kind=11, first=0), _keys(pairs, texts[neighbours], kind=12, first=0)]


def _runs(codes: NDArray[np.uint32], text_of: Ints, hashes: _SpanHashes) -> list[Ints]:
    """Keys of runs of characters that do not reach over a space; one may begin and end with it, as a word does."""
    spaces = np.concatenate([[0], np.cumsum(codes == ord(" "))])
    ends = np.concatenate([[0], np.cumsum(codes == ord(_END))])
    keys = []
    for length in range(1, LONGEST + 1):
        starts = np.arange(len(codes) - length + 1)
        inner = (starts, starts + 1) if length == 1 else (starts + 1, starts + length - 1)
        fits = (ends[starts + length] == ends[starts]) & (spaces[inner[0]] == spaces[inner[1]])
        if length == 2:  # an empty text
            fits &= spaces[starts + 2] - spaces[starts] < 2
        starts = starts[fits]
        keys.append(_keys(hashes(starts, starts + length), text_of[starts], kind=length, first=CHARACTERS))
    return keys
