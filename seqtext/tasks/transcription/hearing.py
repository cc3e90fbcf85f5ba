"""Samples to what the model says at every step: whole recordings of any length, in pieces between which the state is carried."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from seqtext.batching.padded import Padded
from seqtext.data.audio.augmentation import hidden_parts, in_noise, other_levels
from seqtext.data.audio.frames import frames_of, log_mel
from seqtext.data.audio.wav import Samples
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.backbone import State
from seqtext.nn.precision import exact_fp32
from seqtext.tasks.transcription.settings import TranscriptionConfig

STEPS_AT_ONCE = 2_000  # of a long recording


def normalised_frames(samples: Padded, config: TranscriptionConfig, *, training: bool = False) -> Padded:
    """What the model reads of whole strings: (B, N) to (B, T, M); in training as they might as well have sounded."""
    with torch.autocast(samples.values.device.type, enabled=False), exact_fp32():
        if training:
            noisy = in_noise(samples, config.noise, config.noise_db) if config.noise else samples.values
            samples = samples.with_values(other_levels(noisy, config.level_db))
        frames = frames_of(samples, config.frames)
        frames = frames.with_values(_scaled(frames.values, config))
        if training and (config.mask_bands or config.mask_frames):
            hidden = hidden_parts(frames, bands=config.mask_bands, steps=config.mask_frames)
            frames = frames.with_values(hidden)
    return frames


def step_frames(samples: Tensor, config: TranscriptionConfig) -> Tensor:
    """What the model reads in the steps of a piece, with what came before: (B, before + N) to (B, T, M)."""
    with exact_fp32():
        return _scaled(log_mel(samples, config.frames), config)


def outputs_of(model: SeqToSeq, samples: Samples, config: TranscriptionConfig) -> Iterator[Tensor]:
    """(t, C) what the model says at the steps of one recording, and of the silence behind it, some thousand at a time."""
    device = model.head.weight.device
    count = -(-len(samples) // config.samples_per_step) * config.samples_per_step + config.tail
    whole = torch.zeros(config.frames.before + count, dtype=torch.float32)
    whole[config.frames.before : config.frames.before + len(samples)] = torch.from_numpy(np.asarray(samples))
    state: State | None = None
    skip = model.ahead  # outputs before that of the first step
    size = STEPS_AT_ONCE * config.samples_per_step
    for start in range(0, count, size):
        piece = whole[start : min(start + size, count) + config.frames.before].to(device)
        frames = step_frames(piece.unsqueeze(0), config)
        outputs, state = model.forward_with_state(Padded(frames, torch.tensor([frames.shape[1]])), state)
        yield outputs.values[0, skip:]
        skip = max(skip - outputs.values.shape[1], 0)
    for _ in range(model.ahead):
        assert state is not None
        output, state = model.blank(state)
        yield output


def log_probabilities(outputs: Tensor) -> np.ndarray:
    """(T, C) natural logarithms, on the CPU."""
    return F.log_softmax(outputs.float(), dim=-1).cpu().numpy()


def _scaled(frames: Tensor, config: TranscriptionConfig) -> Tensor:
    means, deviations = _statistics(config.means, config.deviations, frames.device)
    scaled: Tensor = (frames - means) / deviations
    return scaled


@lru_cache(maxsize=8)
def _statistics(means: tuple[float, ...], deviations: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Both (M,) on a device."""
    return tuple(torch.tensor(values, device=device, dtype=torch.float32) for values in (means, deviations))  # type: ignore[return-value]
