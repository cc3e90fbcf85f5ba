"""`Usual`: how long a task is trained, and on how many rows at once: by the rows, where there are few, and what is usual where many.

`training/budget.py` says what comes of it.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

LEAST_STEPS = 1500  # of training: with fewer, small data sets were still getting better when they ended
FEWEST_ROWS = 16  # of a batch
ROWS_PER_BATCH = 150  # rows of the data for each row of a batch: ten epochs are then 1,500 steps
MOST_EPOCHS = 60


class Usual(NamedTuple):
    """What suits a task where rows are many.

    Attributes:
        epochs: of some ten thousand rows.
        batch_rows: the most that a batch takes.
        tokens: (or readings) in all epochs together, beyond which there are fewer epochs, though two at least: some 10 minutes on 2 cores.
        learning_rate: the highest.
        patience: epochs without a better validation after which the data are rather learnt by heart; None where that comes and goes.
        optimizer: which; muon learns texts in fewer steps.
        warmup: share of training in which the learning rate rises.
        batch_tokens: most padded steps in a micro-batch.
    """

    epochs: int = 4
    batch_rows: int = 128
    tokens: int = 12_000_000
    learning_rate: float = 3e-3
    patience: int | None = None
    optimizer: Literal["adamw", "muon"] = "adamw"
    warmup: float = 0.05
    batch_tokens: int = 8192

    def rows_of_batch(self, rows: int, tokens: int = 0) -> int:
        """A 150th of the rows, as a power of two from 16 to the usual number, or to a multiple of it where more tokens are asked for.

        Args:
            rows: of the data.
            tokens: of a batch, as asked.
        """
        power: int = 2 ** int(math.log2(max(rows / ROWS_PER_BATCH, 1)))
        return min(max(power, FEWEST_ROWS), self.batch_rows * max(tokens // self.batch_tokens, 1))

    def epochs_of(self, steps: int, tokens: int) -> int:
        """As many as make 1,500 steps, the usual number at least and 60 at most; but no more tokens than usual, unless two epochs do.

        Args:
            steps: of an epoch.
            tokens: likewise.
        """
        wanted = min(max(self.epochs, -(-LEAST_STEPS // steps)), MOST_EPOCHS)
        return min(wanted, max(self.tokens // max(tokens, 1), 2))
