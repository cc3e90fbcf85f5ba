"""`Padded`: a batch of right-padded sequences and their lengths. Knows nothing of where the values came from.

`values` may live on any device; `lengths` stay on the CPU, because a copy back from a GPU would cost a synchronisation per call. What
follows from lengths is therefore worked out there, by numpy, and sent ahead: nothing here ever waits for the device.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Padded(NamedTuple):
    """Right-padded sequences.

    Attributes:
        values: (B, T) ids or (B, T, D) features; what stands behind a row's length has no
            meaning for results; for gradients it must be finite.
        lengths: (B,) int64 on the CPU, each from 1 to T.
    """

    values: Tensor
    lengths: Tensor

    @property
    def mask(self) -> Tensor:
        """(B, T) bool on the device of `values`, True where a step is real."""
        steps = torch.arange(self.values.shape[1], device=self.values.device)
        return steps < sent(self.lengths, self.values.device).unsqueeze(1)

    @property
    def real(self) -> tuple[Tensor, Tensor]:
        """The N real steps, row after row, on the device of `values`: (N,) positions in the flattened (B * T), and (N,) rows."""
        lengths, width = self.lengths.numpy(), self.values.shape[1]
        rows = np.repeat(np.arange(len(lengths)), lengths)
        first = np.cumsum(lengths) - lengths  # of each row, among the real steps
        positions = np.arange(len(rows)) - first[rows] + width * rows
        both = sent(torch.from_numpy(np.stack([positions, rows])), self.values.device)
        return both[0], both[1]

    @property
    def is_full(self) -> bool:
        """True if no row has padding. Costs no synchronisation, since lengths are on the CPU."""
        return bool((self.lengths.numpy() == self.values.shape[1]).all())

    def to(self, device: torch.device | str) -> Padded:
        """The same batch with `values` on `device`; `lengths` stay where they are."""
        return Padded(sent(self.values, torch.device(device)), self.lengths)

    def with_values(self, values: Tensor) -> Padded:
        """Other values of the same lengths, as after a layer."""
        return Padded(values, self.lengths)


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on `device`, copied without waiting: from the CPU to a GPU by way of pinned memory, which alone can be read meanwhile."""
    if tensor.device.type == "cpu" and device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def check_padded(batch: Padded) -> None:
    """Checks a batch at the boundary of a module; torch itself would go on silently.

    Raises:
        ValueError: if lengths are not int64 on the CPU, do not match the rows, or lie outside 1..T.
    """
    values, lengths = batch
    if lengths.device.type != "cpu" or lengths.dtype != torch.int64:
        raise ValueError(f"lengths must be int64 on the CPU, got {lengths.dtype} on {lengths.device}")
    if lengths.ndim != 1 or lengths.shape[0] != values.shape[0]:
        raise ValueError(f"lengths must be one per row: got shape {tuple(lengths.shape)} for {values.shape[0]} rows")
    known = lengths.numpy()
    if known.size and (known.min() < 1 or known.max() > values.shape[1]):
        raise ValueError(
            f"lengths must lie in 1..{values.shape[1]} (the padded width), got {known.min()}..{known.max()}"
        )
