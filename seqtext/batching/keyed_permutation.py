"""A random order that is computed, not stored: the place of any position, from a key. Knows nothing of what is ordered.

An epoch over the windows of a long series would need as many numbers as the series has readings; this needs none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

ROUNDS = 6  # of the Feistel network; four make the order look random (Luby and Rackoff 1988), two more cost little
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def scramble(numbers: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Uniform 64-bit numbers, a function of each number and the key (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = (numbers + np.uint64(key % 2**64)) * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def key_of(*position: int) -> int:
    """One key out of several numbers, such as (seed, epoch)."""
    key = np.array([_GOLDEN])  # not 0, which is scrambled to 0
    for number in position:
        key = scramble(key, number)
    return int(key[0])


class KeyedPermutation:
    """A permutation of 0 .. size - 1: a Feistel network over the next power of four, walked until it lands inside.

    Args:
        size: how many positions there are.
        key: of the order.
    """

    def __init__(self, size: int, key: int) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        self.size = size
        self._half = np.uint64(max(1, ((size - 1).bit_length() + 1) // 2))  # bits of each half
        self._mask = np.uint64((1 << int(self._half)) - 1)
        self._keys = [key_of(key, number) for number in range(ROUNDS)]

    def __call__(self, positions: Integers) -> Integers:
        """What stands at some positions, each in 0 .. size - 1; no two positions hold the same."""
        result = self._network(positions.astype(np.uint64))
        # The network's domain is less than four times the size, so a few walks bring all of them inside.
        while (outside := np.flatnonzero(result >= np.uint64(self.size))).size:
            result[outside] = self._network(result[outside])
        return result.astype(np.int64)

    def _network(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = numbers >> self._half, numbers & self._mask
        for key in self._keys:
            left, right = right, left ^ (scramble(right, key) & self._mask)
        return (left << self._half) | right
