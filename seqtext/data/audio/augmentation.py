"""Sounds as they might as well have been, for training: louder or softer, in noise, and frames with parts hidden. Knows tensors only.

All is drawn by torch's generator of the device, which training sets before every batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqtext.batching.padded import Padded, sent

QUIETEST = 1e-4  # what stands for the level of a row of silence


def other_levels(samples: Tensor, decibels: float) -> Tensor:
    """(B, N) each row louder or softer by up to so many decibels."""
    return samples * _uniform(samples, -decibels, decibels).div(20).mul(torch.log(samples.new_tensor(10.0))).exp()


def in_noise(samples: Padded, share: float, least: float, most: float = 50.0) -> Tensor:
    """(B, N) a share of the rows in noise, of even power over all pitches or more of the low ones.

    Args:
        samples: (B, N).
        share: of rows.
        least: decibels that a row's power is above the noise at least.
        most: at most.
    """
    values = samples.values
    lengths = sent(samples.lengths, values.device).unsqueeze(1)
    power = (values.square().sum(1, keepdim=True) / lengths).clamp_min(QUIETEST**2)
    size = 1 << (values.shape[1] - 1).bit_length()
    spectrum = torch.fft.rfft(torch.randn(len(values), size, device=values.device, dtype=values.dtype))
    pitch = torch.arange(spectrum.shape[1], device=values.device, dtype=values.dtype).add(size / 200)
    noise = torch.fft.irfft(spectrum * pitch.pow(-_uniform(values, 0.0, 1.0)), n=size)[:, : values.shape[1]]
    noise = noise / noise.square().mean(1, keepdim=True).sqrt()
    above = _uniform(values, least, most)
    wanted = (torch.rand(len(values), 1, device=values.device, dtype=values.dtype) < share).to(values.dtype)
    noisy: Tensor = values + wanted * (power * 10 ** (-above / 10)).sqrt() * noise
    return noisy


def hidden_parts(frames: Padded, *, bands: int, steps: int, masks: int = 2) -> Tensor:
    """(B, T, M) with some bands and some stretches of time set to 0, which is the mean (SpecAugment, Park et al. 2019).

    Args:
        frames: (B, T, M), normalised.
        bands: most bands of a mask.
        steps: most frames of a mask.
        masks: of each kind.
    """
    values = frames.values
    rows, width, size = values.shape
    lengths = sent(frames.lengths, values.device).view(-1, 1, 1).to(values.dtype)
    hidden = values.new_zeros(rows, width, size, dtype=torch.bool)
    for _ in range(masks):
        hidden |= _stretch(values, size, bands, torch.full_like(lengths, size)).view(rows, 1, size)
        hidden |= _stretch(values, width, steps, lengths).view(rows, width, 1)
    return values.masked_fill(hidden, 0.0)


def _stretch(like: Tensor, size: int, most: int, room: Tensor) -> Tensor:
    """(B, size) True on a stretch of 0 to `most` places, within the `room` (B, 1, 1) of each row."""
    rows = len(like)
    length = torch.rand(rows, 1, device=like.device, dtype=like.dtype) * (most + 1)
    first = torch.rand(rows, 1, device=like.device, dtype=like.dtype) * (room.view(rows, 1) - length).clamp_min(0)
    places = torch.arange(size, device=like.device)
    return (places >= first.floor()) & (places < first.floor() + length.floor())


def _uniform(like: Tensor, low: float, high: float) -> Tensor:
    """(B, 1)"""
    return torch.rand(len(like), 1, device=like.device, dtype=like.dtype) * (high - low) + low
