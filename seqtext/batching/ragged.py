"""`Ragged`: a list of sequences without a Python object per sequence. Knows numbers and files, nothing of text.

All values stand one behind the other in one tensor, which may be a memory-mapped file larger than memory; `starts` says where each
sequence begins. A batch is one vectorised gather, on the device that holds the values, so no loader processes are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.padded import Padded, sent

_DTYPES = {"int32": torch.int32, "float32": torch.float32}


class Ragged:
    """Sequences of different lengths in one flat tensor.

    Args:
        values: (N,) or (N, D), the sequences one behind the other, on any device.
        starts: (R + 1,) int64 on the CPU; sequence r is `values[starts[r]:starts[r + 1]]`.
    """

    def __init__(self, values: Tensor, starts: Tensor) -> None:
        if starts.device.type != "cpu" or starts.dtype != torch.int64 or starts.ndim != 1 or len(starts) < 1:
            raise ValueError(
                "starts must be a flat int64 tensor on the CPU with one entry more than there are sequences"
            )
        if int(starts[0]) != 0 or int(starts[-1]) != values.shape[0]:
            raise ValueError(f"starts must run from 0 to {values.shape[0]}, got {int(starts[0])} to {int(starts[-1])}")
        self.values = values
        self.starts = starts

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Tensor:
        """(R,) int64 on the CPU."""
        return self.starts.diff()

    def __getitem__(self, row: int) -> Tensor:
        """One sequence, a view."""
        return self.values[int(self.starts[row]) : int(self.starts[row + 1])]

    def to(self, device: torch.device | str) -> Ragged:
        """The same sequences with their values on `device`: batches are then made there."""
        return Ragged(self.values.to(device), self.starts)

    def pad(self, rows: Tensor) -> Padded:
        """The batch of `rows`.

        Args:
            rows: (B,) int64 row numbers on the CPU.

        Returns:
            `values` (B, T[, D]) on the device of the sequences, T the longest of them; 0 in the padding.
        """
        starts = self.starts[rows]
        return self.pad_spans(starts, self.starts[rows + 1] - starts)

    def pad_spans(self, starts: Tensor, lengths: Tensor) -> Padded:
        """The batch of any spans of the flat values, such as windows: (B,) first positions and (B,) lengths, on the CPU."""
        device = self.values.device
        steps = torch.arange(int(lengths.numpy().max()), device=device)
        real = steps < sent(lengths, device).unsqueeze(1)  # (B, T)
        # Padding reads position 0, which always exists, and is blanked afterwards: no branch, no copy of the corpus.
        positions = (sent(starts, device).unsqueeze(1) + steps).masked_fill_(~real, 0)
        values = self.values[positions]
        blank = ~real if values.ndim == 2 else ~real.unsqueeze(-1)
        return Padded(values.masked_fill_(blank, 0), lengths)

    @classmethod
    def from_sequences(cls, sequences: Sequence[Sequence[int]]) -> Ragged:
        """From a handful of id lists held in Python, as at prediction time."""
        starts = np.zeros(len(sequences) + 1, dtype=np.int64)
        np.cumsum([len(sequence) for sequence in sequences], out=starts[1:])
        flat = np.fromiter(
            (value for sequence in sequences for value in sequence), dtype=np.int32, count=int(starts[-1])
        )
        return cls(torch.from_numpy(flat), torch.from_numpy(starts))

    @classmethod
    def open(cls, folder: Path) -> Ragged:
        """Maps what `write_ragged` wrote; pages are read when used and belong to the file, not to the process.

        Raises:
            ValueError: if the files do not fit each other.
        """
        [path] = folder.glob("values.*.bin")
        kind, width = path.stem.removeprefix("values.").split("x")
        values = _mapped(path, _DTYPES[kind])
        return cls(values if width == "1" else values.view(-1, int(width)), _mapped(folder / "starts.bin", torch.int64))


def _mapped(path: Path, dtype: torch.dtype) -> Tensor:
    """The numbers of a file, mapped; an empty file cannot be."""
    count = path.stat().st_size // dtype.itemsize
    if count == 0:
        return torch.empty(0, dtype=dtype)
    return torch.from_file(str(path), shared=False, size=count, dtype=dtype)


def write_ragged(folder: Path, chunks: Iterable[tuple[np.ndarray, np.ndarray]], *, columns: int = 1) -> None:
    """Streams chunks of sequences into `values.<dtype>x<columns>.bin` and `starts.bin`, for `Ragged.open`.

    Args:
        folder: an existing folder.
        chunks: pairs of flat values, (n,) or (n, columns), int32 or float32, and lengths (rows,); never all in memory at once.
        columns: numbers per step.
    """
    lengths: list[np.ndarray] = []
    part = folder / "values.part"
    kind = "int32"
    with part.open("wb") as file:
        for values, chunk_lengths in chunks:
            kind = str(values.dtype)
            values.tofile(file)
            lengths.append(chunk_lengths.astype(np.int32))
    starts = np.zeros(sum(map(len, lengths)) + 1, dtype=np.int64)
    np.cumsum(np.concatenate(lengths) if lengths else np.zeros(0, dtype=np.int64), out=starts[1:])
    starts.tofile(folder / "starts.bin")
    part.rename(folder / f"values.{kind}x{columns}.bin")
