"""Recordings as batches: samples of strings, and the symbols to write. Knows numbers only.

All samples lie one behind the other; a batch is one gather of them, whatever its strings are put together from and however fast they
are played, so that every epoch may have other ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import Padded, sent
from seqtext.batching.ragged import Ragged
from seqtext.tasks.transcription.strings import Strings


class SoundBatch(NamedTuple):
    """Some strings.

    Attributes:
        samples: (B, N).
        targets: (B, S) numbers of the symbols to write; what stands behind a row's length has no meaning.
        target_lengths: (B,) on the CPU, 0 where nothing is said.
        rows: (B,) row numbers, on the CPU.
    """

    samples: Padded
    targets: Tensor
    target_lengths: Tensor
    rows: Tensor

    def to(self, device: torch.device) -> SoundBatch:
        """The same batch on `device`; nothing is done where it already is."""
        return self._replace(samples=self.samples.to(device), targets=sent(self.targets, device))


class SoundRows:
    """The strings of a split, ready for batches.

    Args:
        samples: (N,) of each recording, -1 to 1.
        symbols: numbers of what is said in each recording.
        strings: what the rows are made of.
        samples_per_step: of the model.
    """

    unit = "steps"

    def __init__(self, samples: Ragged, symbols: Ragged, strings: Strings, samples_per_step: int) -> None:
        self.samples, self.symbols, self.strings = samples, symbols, strings
        self._per_step = samples_per_step
        self.lengths: NDArray[np.int64] = -(-strings.lengths // samples_per_step)  # steps
        counts = symbols.lengths.numpy()[strings.parts]
        ends = np.concatenate([[0], np.cumsum(counts)])[strings.starts]
        starts = symbols.starts.numpy()[strings.parts]
        places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        self.targets = Ragged(symbols.values[torch.from_numpy(places)], torch.from_numpy(ends))  # (S,) of each string

    def __len__(self) -> int:
        return len(self.strings)

    @property
    def nbytes(self) -> int:
        """Bytes of the samples."""
        return self.samples.values.numel() * self.samples.values.element_size()

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> BatchPlan:
        """Buckets of strings of like length."""
        return BatchPlan(self.lengths, tokens=tokens, seed=seed, micro_batches=micro_batches, max_rows=max_rows)

    def steps_in(self, rows: NDArray[np.int64]) -> int:
        """Steps of some strings."""
        return int(self.lengths[rows].sum())

    def source_row(self, row: int) -> int:
        """The recording that a string begins with; of silence the last one before it."""
        first = min(int(self.strings.starts[row]), len(self.strings.parts) - 1)
        return int(self.strings.parts[first])

    def to(self, device: torch.device) -> SoundRows:
        """The same strings on `device`; batches are then made there."""
        return SoundRows(self.samples.to(device), self.symbols, self.strings, self._per_step)

    def batch(self, rows: NDArray[np.int64]) -> SoundBatch:
        """The batch of some strings, on the device of the samples."""
        chosen = torch.from_numpy(rows)
        targets = self.targets.pad(chosen)
        return SoundBatch(self._samples(rows), targets.values.long(), targets.lengths, chosen).to(
            self.samples.values.device
        )

    def _samples(self, rows: NDArray[np.int64]) -> Padded:
        """(B, N): each part at its place, silence around."""
        strings, device = self.strings, self.samples.values.device
        counts = np.diff(strings.starts)[rows]
        parts = np.repeat(strings.starts[rows] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        lengths = strings.lengths[rows]
        width = int(lengths.max())
        values = torch.zeros(len(rows) * width, device=device, dtype=torch.float32)
        if len(parts):
            sizes = strings.sizes[parts]
            total = int(sizes.sum())
            target = np.repeat(np.arange(len(rows)), counts) * width + strings.offsets[parts]
            recording = self.samples.starts.numpy()[strings.parts[parts]]
            known = np.stack(
                [np.cumsum(sizes) - sizes, target, recording, self.samples.lengths.numpy()[strings.parts[parts]] - 1]
            )
            begin, target_of, source, last = sent(torch.from_numpy(known), device)
            part = torch.repeat_interleave(
                torch.arange(len(parts), device=device), sent(torch.from_numpy(sizes), device), output_size=total
            )
            inside = torch.arange(total, device=device) - begin[part]
            speed = sent(torch.from_numpy(strings.speeds[parts]), device)[part]
            values[target_of[part] + inside] = self._played(inside * speed.double(), source[part], last[part])
        return Padded(values.view(len(rows), width), torch.from_numpy(lengths))

    def _played(self, places: Tensor, source: Tensor, last: Tensor) -> Tensor:
        """Samples at places (P,) between others: of a cubic through the four around; exact where a place is that of a sample."""
        whole = places.floor()
        t = (places - whole).float()
        first = whole.long()
        y0, y1, y2, y3 = (self.samples.values[source + (first + k).clamp(min=0).minimum(last)] for k in (-1, 0, 1, 2))
        slope1, slope2 = (y2 - y0) / 2, (y3 - y1) / 2
        found: Tensor = y1 + t * (
            slope1 + t * (3 * (y2 - y1) - 2 * slope1 - slope2 + t * (2 * (y1 - y2) + slope1 + slope2))
        )
        return found
