"""`WindowPlan`: which windows go into which batch, in every epoch. All windows are equally long, so there is nothing to sort.

Knows how many windows each series has, neither values nor devices. No order is stored: memory does not grow with the series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from seqtext.batching.keyed_permutation import KeyedPermutation, key_of, scramble

Rows = NDArray[np.int64]

BLOCK = 16_384  # positions whose windows are worked out at once: some 100 small operations, shared by many steps


@dataclass(frozen=True)
class WindowEpoch:
    """One epoch's batches, made when they are asked for.

    Attributes:
        bounds: (S + 1,) windows before each series; row r is in the series with `bounds[s] <= r < bounds[s + 1]`.
        key: of this epoch's order.
        rows: windows a micro-batch.
        micro_batches: micro-batches per step.
        equally: draw each series equally often, with replacement, instead of each window once.
    """

    bounds: Rows
    key: int
    rows: int
    micro_batches: int
    equally: bool

    def __len__(self) -> int:
        return -(-int(self.bounds[-1]) // (self.rows * self.micro_batches))

    def step(self, number: int) -> list[Rows]:
        """The micro-batches of one global step, as numbers of windows; the last step of an epoch may have fewer."""
        first = number * self.rows * self.micro_batches
        last = min(first + self.rows * self.micro_batches, int(self.bounds[-1]))
        blocks = [self._block(number) for number in range(first // BLOCK, (last - 1) // BLOCK + 1)]
        windows = np.concatenate(blocks)[first % BLOCK :][: last - first]
        return np.split(windows, range(self.rows, len(windows), self.rows))

    @cached_property
    def _block(self) -> Callable[[int], Rows]:
        """The windows of a block of positions; the last two blocks are kept."""
        size = int(self.bounds[-1])
        order = self._drawn if self.equally else KeyedPermutation(size, self.key)
        return lru_cache(maxsize=2)(lambda number: order(np.arange(number * BLOCK, min((number + 1) * BLOCK, size))))

    def _drawn(self, positions: Rows) -> Rows:
        """A series for each position, all alike, and then a window of it. 64 bits are so many that the remainder is fair."""
        numbers = positions.astype(np.uint64)
        usable = np.flatnonzero(np.diff(self.bounds))
        series = usable[(scramble(numbers, key_of(self.key, 1)) % np.uint64(len(usable))).astype(np.int64)]
        count = np.diff(self.bounds)[series].astype(np.uint64)
        inside = (scramble(numbers, key_of(self.key, 2)) % count).astype(np.int64)
        drawn: Rows = self.bounds[series] + inside
        return drawn


class WindowPlan:
    """Every window once per epoch in random order; or as many windows, drawn with each series equally likely.

    Args:
        bounds: (S + 1,) int64, windows before each series.
        steps: readings of a window.
        tokens: most steps a micro-batch.
        seed: of all orders.
        micro_batches: micro-batches a global step.
        max_rows: most windows a micro-batch.
        equally: draw series equally, with replacement, whatever their length.
    """

    def __init__(
        self,
        bounds: Rows,
        *,
        steps: int,
        tokens: int,
        seed: int,
        micro_batches: int = 1,
        max_rows: int = 1024,
        equally: bool = False,
    ) -> None:
        if tokens < 1 or micro_batches < 1 or max_rows < 1:
            raise ValueError(
                f"tokens, micro_batches and max_rows must be at least 1, got {tokens}, {micro_batches}, {max_rows}"
            )
        self.bounds = bounds
        self.rows = max(1, min(max_rows, tokens // steps))
        self.seed = seed
        self.micro_batches = micro_batches
        self.equally = equally

    def epoch(self, number: int) -> WindowEpoch:
        """The batches of epoch `number`, shuffled."""
        return WindowEpoch(self.bounds, key_of(self.seed, number), self.rows, self.micro_batches, self.equally)

    def padding(self, epoch: WindowEpoch) -> float:
        """0: windows have no padding."""
        return 0.0
