"""`StreamPlan`: windows of one long stream as batches; it is cut at other places every epoch. Knows positions, no values.

The stream is a circle that each epoch begins to cut at a random point, so that no token always stands at the start of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtext.batching.keyed_permutation import key_of
from seqtext.batching.window_plan import WindowEpoch, WindowPlan

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class StreamEpoch:
    """One epoch's batches.

    Attributes:
        windows: in which order they come, by number.
        first: position where the first one begins.
        window: steps of each.
        length: of the stream.
    """

    windows: WindowEpoch
    first: int
    window: int
    length: int

    def __len__(self) -> int:
        return len(self.windows)

    def step(self, number: int) -> list[Positions]:
        """The micro-batches of one global step, as the positions where their windows begin."""
        return [(self.first + self.window * rows) % self.length for rows in self.windows.step(number)]


class StreamPlan:
    """Every position in one window per epoch, in random order; the last window goes on into the first.

    Args:
        length: of the stream, at least 1.
        window: steps of a window.
        tokens: most steps a micro-batch.
        seed: of all orders.
        micro_batches: micro-batches a global step.
        max_rows: most windows a micro-batch.
    """

    def __init__(
        self, length: int, *, window: int, tokens: int, seed: int, micro_batches: int = 1, max_rows: int = 1024
    ) -> None:
        self.length, self.window, self.seed = length, window, seed
        self._windows = WindowPlan(
            np.array([0, -(-length // window)]),
            steps=window,
            tokens=tokens,
            seed=seed,
            micro_batches=micro_batches,
            max_rows=max_rows,
        )

    def epoch(self, number: int) -> StreamEpoch:
        """The batches of epoch `number`, shuffled."""
        first = key_of(self.seed, number, 1) % self.length
        return StreamEpoch(self._windows.epoch(number), first, self.window, self.length)

    def padding(self, epoch: StreamEpoch) -> float:
        """0: windows have no padding."""
        return 0.0
