"""Rows that belong together, since their texts are the same or nearly so: a split that we draw must not cut between them.

Phrases of one sentence, versions of one message, many translations of one source: with some in training, the others measure memory.
Knows texts; not labels, nor how a split is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.encoding import texts_of
from seqtext.data.text.ngrams import hash_words

if TYPE_CHECKING:
    from datasets import Dataset

SplitBy = Literal["near", "equal", "rows"]

# Words in a row that make two texts nearly the same, and how many texts may have them: what more have is a phrase of the language.
RUNS = ((5, 20), (10, 10))
MOST_OF_A_GROUP = 0.02  # of all rows: where a group would be larger, the texts are of one mould, and more words in a row are asked for
MOST_ROWS = 300_000  # beyond, only texts that are equal to the letter are found: it would take minutes and gigabytes
MOST_CHARACTERS = 1_000  # of a text that are looked at


def groups_of_column(rows: Dataset, column: str, *, near: bool = True) -> NDArray[np.int64]:
    """As `groups_of`, of the texts of a column, or of several that are joined."""
    texts = (text for chunk in texts_of(rows, column) for text in chunk)
    return _equal_to_the_letter(texts) if len(rows) > MOST_ROWS else groups_of(list(texts), near=near)


def groups_by(rows: Dataset, column: str, split_by: SplitBy) -> NDArray[np.int64] | None:
    """As `groups_of_column`, of what is not to be cut apart; None where each row stands by itself."""
    return None if split_by == "rows" else groups_of_column(rows, column, near=split_by == "near")


def groups_of(texts: Sequence[str], *, near: bool = True) -> NDArray[np.int64]:
    """(rows,) the group of each row, from 0 on; rows of one group have equal or nearly equal texts.

    Equal are texts with the same words, whatever their letter case and signs; nearly equal, texts that share five words in a row which
    hardly any other has (ten, where five would join too many).

    Args:
        texts: one per row.
        near: whether nearly equal ones are looked for too.
    """
    if len(texts) > MOST_ROWS:
        return _equal_to_the_letter(texts)
    words, row_of = hash_words([text[:MOST_CHARACTERS] for text in texts])
    rows = len(texts)
    starts = np.searchsorted(row_of, np.arange(rows + 1))
    place = np.arange(len(words)) - starts[row_of]  # of each word in its text
    # A text without a word is like no other, however many there are.
    whole = np.arange(rows, dtype=np.uint64)
    some = np.flatnonzero(np.diff(starts))
    if len(some):
        whole[some] = np.add.reduceat(words * _powers(int(place.max()) + 1)[place], starts[some])
    equal = np.unique(whole, return_inverse=True)[1]
    if not near:
        return equal
    for length, most in RUNS:
        joined = _joined(equal, *_runs(words, row_of, length), most=most)
        if np.bincount(joined).max(initial=0) <= max(MOST_OF_A_GROUP * rows, most):
            return joined
    return equal


def _equal_to_the_letter(texts: Iterable[str]) -> NDArray[np.int64]:
    """The groups of equal texts. By a digest: Python's own hash of a text is another in every process, and so would the split be."""

    def number(text: str) -> int:
        return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")

    return np.unique(np.fromiter(map(number, texts), dtype=np.uint64), return_inverse=True)[1]


def _powers(count: int) -> NDArray[np.uint64]:
    powers = np.full(count, 0x9E3779B97F4A7C15, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _runs(
    words: NDArray[np.uint64], row_of: NDArray[np.int64], length: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Numbers of the runs of so many words, each once for each row that has it, and those rows."""
    first = np.arange(max(len(words) - length + 1, 0))
    first = first[row_of[first] == row_of[first + length - 1]]
    hashes = np.zeros(len(first), dtype=np.uint64)
    for place, power in enumerate(_powers(length)):
        hashes += words[first + place] * power
    rows = row_of[first]
    order = np.lexsort((rows, hashes))
    hashes, rows = hashes[order], rows[order]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
    return hashes[new], rows[new]


def _joined(
    equal: NDArray[np.int64], hashes: NDArray[np.uint64], rows: NDArray[np.int64], *, most: int
) -> NDArray[np.int64]:
    """The groups that are left once rows of one group, or of a run that `most` rows have, are joined."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    runs, counts = np.unique(hashes, return_inverse=True, return_counts=True)[1:]
    shared = (counts[runs] > 1) & (counts[runs] <= most)
    count, of_groups = len(equal), int(equal.max(initial=-1)) + 1
    # Rows are joined by way of what they share: their group of equal texts, or a run.
    left = np.concatenate([np.arange(count), rows[shared]])
    right = count + np.concatenate([equal, of_groups + runs[shared]])
    size = count + of_groups + len(counts)
    links = coo_matrix((np.ones(len(left), dtype=bool), (left, right)), shape=(size, size))
    found = connected_components(links, directed=False)[1][:count]
    return np.unique(found, return_inverse=True)[1]
