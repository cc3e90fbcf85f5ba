"""What was written beside what was said: which symbols are right, another one, too many or missing. Knows lists, no sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Edits(NamedTuple):
    """How a list differs from what it should be.

    Attributes:
        pairs: places of both, side by side: None where one has nothing for the other.
        substitutions: symbols that are another one.
        insertions: that should not be there.
        deletions: that are missing.
        length: of what it should be.
    """

    pairs: list[tuple[int | None, int | None]]
    substitutions: int
    insertions: int
    deletions: int
    length: int

    @property
    def total(self) -> int:
        """All of them: the edit distance."""
        return self.substitutions + self.insertions + self.deletions


def compare(said: Sequence[object], written: Sequence[object]) -> Edits:
    """The fewest edits from one list to another; of several ways one that is read off from the end."""
    rows, width = len(said), len(written)
    costs = np.zeros((rows + 1, width + 1), dtype=np.int64)
    costs[:, 0], costs[0] = np.arange(rows + 1), np.arange(width + 1)
    numbers = {symbol: number for number, symbol in enumerate({*said, *written})}
    heard = np.array([numbers[symbol] for symbol in written], dtype=np.int64)
    places = np.arange(width + 1)
    for row, symbol in enumerate(said, start=1):
        above = np.minimum(costs[row - 1, 1:] + 1, costs[row - 1, :-1] + (heard != numbers[symbol]))
        # An insertion adds one to what stands before: the least of all before, each with its distance.
        costs[row] = np.minimum.accumulate(np.concatenate([[row], above]) - places) + places
    pairs: list[tuple[int | None, int | None]] = []
    row, place = rows, width
    while row or place:
        same = row and place and said[row - 1] == written[place - 1]
        if row and place and costs[row, place] == costs[row - 1, place - 1] + (not same):
            row, place = row - 1, place - 1
            pairs.append((row, place))
        elif row and costs[row, place] == costs[row - 1, place] + 1:
            row -= 1
            pairs.append((row, None))
        else:
            place -= 1
            pairs.append((None, place))
    pairs.reverse()
    missing, more = sum(b is None for _, b in pairs), sum(a is None for a, _ in pairs)
    other = sum(a is not None and b is not None and said[a] != written[b] for a, b in pairs)
    return Edits(pairs, other, more, missing, rows)
