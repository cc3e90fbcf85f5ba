"""What training needs of a task, as interfaces without code: any class that has these can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqtext.nn.losses import Loss


class Examples(Protocol):
    """Encoded rows of a split."""

    lengths: NDArray[np.int32]

    def __len__(self) -> int: ...

    def batch(self, rows: NDArray[np.int64]) -> Any:
        """The batch of some rows, on the device of the examples."""
        ...

    def to(self, device: torch.device) -> Any:
        """The same rows on a device."""
        ...


class HasLoss(Protocol):
    """What one step needs."""

    @property
    def model(self) -> nn.Module:
        """The module that is trained."""
        ...

    def loss(self, batch: Any) -> Loss:
        """Total, count and per-row losses of a batch."""
        ...


class Task(HasLoss, Protocol):
    """What `fit` needs."""

    selection_metric: str

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the rows encoded anew."""
        ...

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> Any:
        """A split as examples."""
        ...

    def split(self, rows: Any, *, seed: int) -> tuple[Any, Any]:
        """Training and validation rows, out of training rows alone."""
        ...

    def evaluate(self, examples: Any) -> dict[str, float]:
        """Figures over a split; `selection_metric` and `loss` among them."""
        ...

    def save_pretrained(self, folder: Path) -> None:
        """Writes the task."""
        ...
