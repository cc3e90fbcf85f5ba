"""`Resampler`: samples of any rate as those of another, in pieces of any size. Knows numbers only.

Written here because its state must be a few numbers that can be saved with a stream, which that of a library's resampler cannot be. An
output depends on some milliseconds of input on both sides of it, and on nothing else: pieces give bit for bit what the whole gives.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seqtext.data.audio.wav import Samples

ZEROS = 24  # crossings of the filter on each side
_KAISER = 9.0  # of its window: what folds back lies 80 dB below
_PASSED = 0.92  # of the band that the lower rate has room for
_AT_ONCE = 1 << 22  # samples that outputs are made of at once, each as often as it is read


class Resampler:
    """From one rate to another.

    Args:
        rate: samples per second that are pushed.
        to: that come out.
    """

    def __init__(self, rate: int, to: int) -> None:
        common = math.gcd(rate, to)
        self.rate, self.to = rate, to
        self._up, self._down = to // common, rate // common
        self._filters = _filters(self._up, self._down)
        self._half: int = self._filters.shape[1] // 2
        # Input from `first` on is kept; before the sound there is silence.
        self.kept: Samples = np.zeros(self._half, dtype=np.float32)
        self.first: int = -self._half
        self.given = 0

    @property
    def received(self) -> int:
        """Samples pushed so far."""
        return self.first + len(self.kept)

    def push(self, samples: Samples) -> Samples:
        """The outputs that these samples complete."""
        if self.rate == self.to:
            return samples
        self.kept = np.concatenate([self.kept, samples])
        # Output n reads inputs up to its own place and half a filter more.
        return self._give((max(self.received - self._half, 0) * self._up + self._down - 1) // self._down)

    def finish(self) -> Samples:
        """What is left: as if silence followed."""
        if self.rate == self.to:
            return np.zeros(0, dtype=np.float32)
        total = -(-self.received * self._up // self._down)
        self.kept = np.concatenate([self.kept, np.zeros(self._half, dtype=np.float32)])
        return self._give(total)

    def _give(self, end: int) -> Samples:
        """Outputs up to `end`; input that no later one reads is forgotten."""
        parts = []
        block = max(_AT_ONCE // (2 * self._half), 1)
        for start in range(self.given, end, block):
            number = np.arange(start, min(start + block, end), dtype=np.int64) * self._down
            first = number // self._up - self._half + 1 - self.first
            windows = self.kept[first[:, None] + np.arange(2 * self._half)]
            parts.append(np.einsum("nk,nk->n", windows, self._filters[number % self._up]).astype(np.float32))
        self.given = max(end, self.given)
        needed = self.given * self._down // self._up - self._half + 1
        if needed > self.first:
            self.kept = self.kept[needed - self.first :]
            self.first = needed
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def resampled(samples: Samples, rate: int, to: int) -> Samples:
    """A whole sound at another rate: ceil(N * to / rate) samples."""
    if rate == to:
        return samples
    resampler = Resampler(rate, to)
    return np.concatenate([resampler.push(samples), resampler.finish()])


@lru_cache(maxsize=8)
def _filters(up: int, down: int) -> NDArray[np.float32]:
    """(up, taps) what inputs are weighed by, for outputs at each place between two inputs: a sinc under a Kaiser window."""
    band = _PASSED * min(1.0, up / down)  # of the input's
    half = math.ceil(ZEROS / band)
    distance = np.arange(1 - half, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    window = np.i0(_KAISER * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, 1))) / np.i0(_KAISER)
    filters = band * np.sinc(band * distance) * window
    filters /= filters.sum(axis=1, keepdims=True)
    return np.asarray(filters, dtype=np.float32)
