"""`BatchPlan`: which rows go into which batch, and in what order. Knows lengths only, neither values nor devices.

An epoch is a list of steps, a step a list of micro-batches, a micro-batch an array of row numbers: all of it a function of
(seed, epoch, lengths, budget), so that a resumed run continues with a cursor and n processes share the steps of one.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Epoch:
    """One epoch's batches.

    Attributes:
        order: (R,) all row numbers; a micro-batch is a slice of it.
        bounds: (M + 1,) where each micro-batch begins in `order`.
        steps: (G,) the first micro-batch of each global step, in the order of training.
        micro_batches: micro-batches per step; the last group of an epoch may have fewer.
    """

    order: Rows
    bounds: Rows
    steps: Rows
    micro_batches: int

    def __len__(self) -> int:
        return len(self.steps)

    def step(self, number: int) -> list[Rows]:
        """The micro-batches of one global step."""
        first = int(self.steps[number])
        last = min(first + self.micro_batches, len(self.bounds) - 1)
        return [self.order[self.bounds[m] : self.bounds[m + 1]] for m in range(first, last)]

    def __iter__(self) -> Iterator[list[Rows]]:
        return (self.step(number) for number in range(len(self)))


class BatchPlan:
    """Buckets by length under a token budget; every row once per epoch.

    Rows are sorted by length with ties in random order, cut into micro-batches of at most `tokens` padded steps, and whole steps are
    shuffled. Sorting over the whole epoch keeps padding below 1 % on real corpora; what it costs is that a batch holds rows of like
    length, which has not been seen to hurt. The micro-batches of one step are neighbours in length, so they cost the same.

    Args:
        lengths: (R,) steps per row, at least 1.
        tokens: most padded steps (rows times longest row) per micro-batch; a single longer row gets a batch of its own.
        seed: of all orders.
        micro_batches: micro-batches a global step: accumulation times processes.
        max_rows: most rows a micro-batch, whatever their length.
        windows: (R,) windows of like length that each row is cut into, which then stand in the batch side by side; one if None.
        ties: (R,) what rows of one length are sorted by, such as another length that padding depends on; nothing if None.
    """

    def __init__(
        self,
        lengths: NDArray[np.integer],
        *,
        tokens: int,
        seed: int,
        micro_batches: int = 1,
        max_rows: int = 1024,
        windows: NDArray[np.integer] | None = None,
        ties: NDArray[np.integer] | None = None,
    ) -> None:
        if tokens < 1 or micro_batches < 1 or max_rows < 1:
            raise ValueError(
                f"tokens, micro_batches and max_rows must be at least 1, got {tokens}, {micro_batches}, {max_rows}"
            )
        if len(lengths) and int(lengths.min()) < 1:
            raise ValueError(
                f"every row must have at least one step, row {int(lengths.argmin())} has {int(lengths.min())}"
            )
        self.lengths = lengths
        self.windows: NDArray[np.integer] = np.ones_like(lengths) if windows is None else windows
        self._longest = -(-lengths // self.windows)  # window of each row
        # What a row costs. Several windows count as the widest there is, since they may stand beside it: so the budget always holds.
        widest = self._longest.max(initial=1)
        self._costs: Rows = np.where(self.windows == 1, lengths, self.windows * widest).astype(np.int64)
        self._ties = ties
        self.tokens = tokens
        self.seed = seed
        self.micro_batches = micro_batches
        self.max_rows = max_rows

    def epoch(self, number: int) -> Epoch:
        """The batches of epoch `number`, shuffled."""
        random = np.random.default_rng((self.seed, number))
        order = random.permutation(len(self.lengths))
        order = order[self._sorted(order)]
        # A random first cut moves all the later ones, so that rows of one length do not always meet the same neighbours.
        bounds = self._cut(order, first=int(random.integers(self.max_rows)))
        starts = np.arange(0, len(bounds) - 1, self.micro_batches)
        return Epoch(order, bounds, random.permutation(starts), self.micro_batches)

    def in_order_of_length(self) -> Epoch:
        """All rows once, the longest first (so that memory runs out at once or never), one micro-batch per step: for evaluation."""
        order = self._sorted(np.arange(len(self.lengths)))
        bounds = self._cut(order, first=0)
        return Epoch(order, bounds, np.arange(len(bounds) - 1)[::-1].copy(), 1)

    def padding(self, epoch: Epoch) -> float:
        """The share of padded steps that are not real, over one epoch."""
        if not len(epoch.order):
            return 0.0
        starts = epoch.bounds[:-1]
        rows = np.add.reduceat(self.windows[epoch.order], starts, dtype=np.int64)
        padded = rows * np.maximum.reduceat(self._longest[epoch.order], starts)
        return 1.0 - float(self.lengths.sum(dtype=np.int64)) / float(padded.sum())

    def _sorted(self, order: Rows) -> Rows:
        """Places in `order`, by what the rows there cost, and then by their ties; else they stay in their order."""
        costs = self._costs[order]
        if self._ties is None:
            return np.argsort(costs, kind="stable")
        return np.lexsort((self._ties[order], costs))

    def _cut(self, order: Rows, *, first: int) -> Rows:
        """Greedy bounds over rows sorted by what they cost; a loop over batches, not over rows."""
        costs = self._costs[order]
        bounds = [0]
        while (start := bounds[-1]) < len(order):
            most = min(first or self.max_rows, len(order) - start)
            # rows * dearest grows with every row added, so the last that fits is found by bisection
            fits = bisect.bisect_right(
                range(1, most + 1), self.tokens, key=lambda rows: rows * int(costs[start + rows - 1])
            )
            bounds.append(start + max(fits, 1))
            first = 0
        return np.asarray(bounds, dtype=np.int64)
