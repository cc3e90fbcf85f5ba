"""`CopyGuard`: which runs of tokens stand in the training texts, in about a byte and a half each. Knows ids, not what they stand for.

A Bloom filter (Bloom 1970), as MemFree decoding uses one (Ippolito et al. 2023): a run that was learnt from is always recognised, and one
run in 270 that was not is taken for one, which costs a text a word that it could have had.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.keyed_permutation import scramble

BITS = 12  # of the filter for each run
PROBES = 6  # bits that stand for a run
CHUNK = 2**20  # runs hashed at a time
_STEP = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no run's hash forgets a token

Hashes = NDArray[np.uint64]


class CopyGuard:
    """The runs of `length` tokens that stand in some texts.

    Args:
        bits: (N,) uint8, eight bits of the filter each.
        length: tokens of a run.

    Raises:
        ValueError: for an empty filter, or a length below 1.
    """

    def __init__(self, bits: Tensor, length: int) -> None:
        if not len(bits) or length < 1:
            raise ValueError(f"a filter of {len(bits)} bytes for runs of {length} tokens; both must be at least 1")
        self.bits = bits
        self.length = length
        self._bytes = bits.numpy()

    @classmethod
    def of(cls, values: Tensor, starts: Tensor, length: int) -> CopyGuard:
        """The guard of texts that lie end to end.

        Args:
            values: (n,) ids of all texts, on the CPU.
            starts: (R + 1,) where each begins, and where the last ends.
            length: tokens of a run.
        """
        ids, edges = values.numpy(), starts.numpy()
        runs = int(np.maximum(np.diff(edges) - length + 1, 0).sum())
        guard = cls(torch.zeros(runs * BITS // 8 + 8, dtype=torch.uint8), length)
        for first in range(0, len(ids), CHUNK):
            places = np.arange(first, min(first + CHUNK, len(ids)))
            ends = edges[np.searchsorted(edges, places, side="right")]  # of the text that each is in
            places = places[places + length <= ends]
            hashes = _hashes([ids[places + offset] for offset in range(length)])
            for place, mask in guard._probes(hashes):
                np.bitwise_or.at(guard._bytes, place, mask)
        return guard

    def holds(self, runs: Tensor) -> Tensor:
        """(N,) True for each of (N, length) runs that stands in the texts."""
        columns = runs.cpu().numpy()
        found = np.ones(len(columns), dtype=bool)
        for place, mask in self._probes(_hashes([columns[:, offset] for offset in range(self.length)])):
            found &= (self._bytes[place] & mask) != 0
        return torch.from_numpy(found).to(runs.device)

    def _probes(self, hashes: Hashes) -> list[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Byte and bit of each probe of each run."""
        size = np.uint64(8 * len(self._bytes))
        bits = [scramble(hashes, probe) % size for probe in range(PROBES)]
        shifts = [(bit & np.uint64(7)).astype(np.uint8) for bit in bits]
        return [
            ((bit >> np.uint64(3)).astype(np.int64), np.uint8(1) << shift)
            for bit, shift in zip(bits, shifts, strict=True)
        ]


def _hashes(columns: list[NDArray[np.int64]]) -> Hashes:
    """One number for each run, out of its tokens in their order."""
    hashes: Hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        hashes = (hashes + column.astype(np.uint64) + np.uint64(1)) * _STEP  # modulo 2**64
    return hashes
