"""`FrameShape`: how samples become frames, in samples. Imports nothing heavy, for settings and `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

LEAST_RATE, MOST_RATE = 1_000, 768_000  # samples per second that a recorder may have


def is_rate(value: object) -> bool:
    """Whether a value is a whole number of samples per second that a recorder may have."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return LEAST_RATE <= float(value) <= MOST_RATE and float(value).is_integer()


@dataclass(frozen=True)
class FrameShape:
    """How samples become frames.

    Attributes:
        rate: samples per second.
        hop: samples from one frame to the next.
        window: samples that a frame sees.
        bands: of pitch, M.
    """

    rate: int
    hop: int
    window: int
    bands: int

    @property
    def size(self) -> int:
        """Samples of the Fourier transform: a power of two."""
        return 1 << (self.window - 1).bit_length()

    @property
    def before(self) -> int:
        """Samples before a frame's new ones that it sees too."""
        return self.size - self.hop
