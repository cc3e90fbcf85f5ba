"""Samples to frames: the logarithm of the power in bands of pitch, as an ear hears it (log-mel). The same code for a whole and for pieces.

Frame t is made of the samples that end where it ends: it never needs one behind. Knows tensors, no files.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.data.audio.frame_shape import FrameShape

_FLOOR = 1e-6  # of power: silence has a logarithm too
LOWEST = 60.0  # hertz


def log_mel(samples: Tensor, shape: FrameShape) -> Tensor:
    """Frames of samples with what came before them.

    Args:
        samples: (B, before + N), N a multiple of the hop.
        shape: of the frames.

    Returns:
        (B, N / hop, M).
    """
    window, bands = _analysis(shape, samples.device)
    found = torch.stft(
        samples, shape.size, hop_length=shape.hop, window=window, center=False, return_complex=True
    )  # (B, size / 2 + 1, T)
    power = found.real.square() + found.imag.square()
    return (bands @ power).clamp_min(_FLOOR).log().transpose(1, 2)


def frames_of(samples: Padded, shape: FrameShape) -> Padded:
    """Frames of whole sounds, silence before them and behind: values (B, N) to (B, ceil(N / hop), M)."""
    values = samples.values.masked_fill(~samples.mask, 0.0)
    values = torch.nn.functional.pad(values, (shape.before, -values.shape[1] % shape.hop))
    return Padded(log_mel(values, shape), -(-samples.lengths // shape.hop))


@lru_cache(maxsize=8)
def _analysis(shape: FrameShape, device: torch.device) -> tuple[Tensor, Tensor]:
    """(size,) the window, at the end of what is transformed, and (M, size / 2 + 1) what powers of a pitch count in each band."""
    window = torch.zeros(shape.size, dtype=torch.float32)
    window[-shape.window :] = torch.hann_window(shape.window, dtype=torch.float32)
    window /= window.sum() / 2  # the power of a tone is then that of its height, whatever the window
    edges = _of_mel(np.linspace(_mel(LOWEST), _mel(shape.rate / 2), shape.bands + 2))
    pitches = np.arange(shape.size // 2 + 1) * shape.rate / shape.size
    width = shape.rate / shape.size  # a band that is narrower would hold no pitch at all
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (pitches - np.minimum(low, middle - width)) / np.maximum(middle - low, width)
    falling = (np.maximum(high, middle + width) - pitches) / np.maximum(high - middle, width)
    bands = np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
    return window.to(device), torch.from_numpy(bands).to(device)


def _mel(hertz: float) -> float:
    return 2595.0 * float(np.log10(1 + hertz / 700))


def _of_mel(mel: np.ndarray) -> np.ndarray:
    return np.asarray(700.0 * (10 ** (mel / 2595.0) - 1))
