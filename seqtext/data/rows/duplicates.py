"""Texts that stand in both of two splits: a test on them measures memory, not skill.

Compares 64-bit hashes, so the texts are read once and never all in memory: the chance that any two of a million texts
share one is about 1 in 40 million. Knows texts of a column, exactly as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays

if TYPE_CHECKING:
    import datasets


IN_TRAIN_TOO = "test texts are in train too"
_BLANK = 0  # of texts without a character, which say nothing


class Duplicates(NamedTuple):
    """Rows of one split whose text also stands in another.

    Attributes:
        total: how many rows.
        first_rows: the first of them, counted from 1.
    """

    total: int
    first_rows: tuple[int, ...]


def duplicates(train: datasets.Dataset, other: datasets.Dataset, column: str, *, first: int = 5) -> Duplicates:
    """The rows of `other` whose text is also in `train`; a text that stands twice in `other` counts twice, a blank one never.

    Args:
        train: the split that was learned from.
        other: the split that is tested on.
        column: of text, in both.
        first: how many row numbers to tell.
    """
    rows = rows_in_both(train, other, column)
    return Duplicates(len(rows), tuple((rows[:first] + 1).tolist()))


def rows_in_both(train: datasets.Dataset, other: datasets.Dataset, column: str) -> NDArray[np.int64]:
    """As `duplicates`: these rows of `other`, ascending, counted from 0."""
    known, asked = np.sort(_hashes(train, column)), _hashes(other, column)
    if not len(known):
        return np.zeros(0, dtype=np.int64)
    # In ascending order the look-ups walk through memory instead of jumping about; `np.isin` takes five times longer.
    order = np.argsort(asked)
    places = np.minimum(np.searchsorted(known, asked[order]), len(known) - 1)
    return np.sort(order[(known[places] == asked[order]) & (asked[order] != _BLANK)])


def _hashes(dataset: datasets.Dataset, column: str) -> NDArray[np.int64]:
    """(rows,): a number for each text, the same for the same text, in this process only."""
    # Python's hash of a string has 64 bits and is made in C; its secret, new in each process, defeats planted pairs.
    hashes = [np.zeros(0, dtype=np.int64)]
    for array in column_arrays(dataset, column):
        hashes.append(
            np.fromiter(
                (hash(text) if text and not text.isspace() else _BLANK for text in array.to_pylist()),
                dtype=np.int64,
                count=len(array),
            )
        )
    return np.concatenate(hashes)
