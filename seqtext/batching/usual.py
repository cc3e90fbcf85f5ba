"""`Usual`: how long a task is trained, and on how many rows at once, where there are many. The rule is in `training/budget.py`."""

from __future__ import annotations

from typing import NamedTuple


class Usual(NamedTuple):
    """What suits a task where rows are many.

    Attributes:
        epochs: of some ten thousand rows.
        batch_rows: the most that a batch takes.
        learning_rate: the highest.
        tokens: (or readings) in all epochs together, beyond which there are fewer epochs, though two at least: some 10 minutes on 2 cores.
    """

    epochs: int = 4
    batch_rows: int = 128
    tokens: int = 12_000_000
    learning_rate: float = 3e-3
