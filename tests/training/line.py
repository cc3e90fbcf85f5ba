"""The least that `fit` can train: a straight line through points, on no base class and in no list of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.nn.losses import Loss
from seqtext.saving.folders import atomic_folder, parse_tensors, read_folder, save_tensors


class Points:
    """Rows of (x, y)."""

    unit = "points"

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        return self.rows.numel() * self.rows.element_size()

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> BatchPlan:
        lengths = 1 + np.arange(len(self)) % 3  # rows of unlike length, so that there is padding
        return BatchPlan(lengths, tokens=tokens, seed=seed, micro_batches=micro_batches, max_rows=max_rows)

    def steps_in(self, rows: Any) -> int:
        return len(rows)

    def batch(self, rows: Any) -> Tensor:
        return self.rows[torch.from_numpy(rows)]

    def to(self, device: torch.device) -> Points:
        return Points(self.rows.to(device))


class Line:
    """Least squares by gradient descent; rows are numpy arrays (R, 2)."""

    selection_metric = "error"
    lower_is_better = True
    auto_precision = "fp32"
    encodes_each_epoch = False

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Linear(1, 1)

    def encode(self, rows: np.ndarray, *, sampling_seed: int | None = None) -> Points:
        return Points(torch.from_numpy(rows).float())

    def split(self, rows: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
        return rows[8:], rows[:8]

    def losses(self, batch: Tensor) -> Iterator[Loss]:
        yield self.loss(batch)

    def loss(self, batch: Tensor) -> Loss:
        rows = (self.model(batch[:, :1]).squeeze(1) - batch[:, 1]).square()
        return Loss(rows.sum(), rows.new_tensor(float(len(rows))), rows.detach())

    def validate(self, examples: Points, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        def of(rows: Tensor) -> Tensor:
            with torch.no_grad():
                return self.loss(rows).rows.double()

        error = float(torch.cat(map_pieces(examples.rows.split(3), of)).mean())
        return {"loss": error, "error": error**0.5}

    def save_pretrained(self, folder: Path) -> None:
        with atomic_folder(folder) as place:
            save_tensors(place / "line.safetensors", self.model.state_dict())

    @classmethod
    def from_pretrained(cls, name: Path) -> Line:
        task = cls()
        data = read_folder(Path(name))["line.safetensors"]
        task.model.load_state_dict(parse_tensors(data, task.model.state_dict(), where=str(name)))
        return task


def points(rows: int = 60) -> np.ndarray:
    x = np.linspace(-1, 1, rows)
    return np.stack([x, 2 * x + 1], axis=1)
