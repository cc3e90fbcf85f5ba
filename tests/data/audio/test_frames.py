"""Frames: the same of a whole and of pieces, none sees what follows it, and a tone stands in its band."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seqtext.batching.padded import Padded
from seqtext.data.audio.augmentation import hidden_parts, in_noise, other_levels
from seqtext.data.audio.frame_shape import FrameShape
from seqtext.data.audio.frames import frames_of, log_mel

SHAPES = [
    FrameShape(8000, 80, 200, 40),
    FrameShape(16000, 160, 400, 64),
    FrameShape(8000, 80, 256, 20),
    FrameShape(8000, 37, 90, 8),
]
SHAPE = SHAPES[0]


def sounds(lengths=(4000, 2345, 1), seed=0) -> Padded:
    generator = torch.Generator().manual_seed(seed)
    return Padded(torch.randn(len(lengths), max(lengths), generator=generator), torch.tensor(lengths))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("hops", [1, 2, 7])
def test_pieces_give_the_frames_of_the_whole(shape, hops):
    batch = sounds()
    whole = frames_of(batch, shape)
    assert whole.lengths.tolist() == [-(-length // shape.hop) for length in (4000, 2345, 1)]
    for row, length in enumerate((4000, 2345, 1)):
        size = hops * shape.hop
        padded = F.pad(batch.values[row : row + 1, :length], (shape.before, -length % size))
        pieces = [log_mel(padded[:, at : at + shape.before + size], shape) for at in range(0, length, size)]
        found = torch.cat(pieces, dim=1)[0, : whole.lengths[row]]
        torch.testing.assert_close(found, whole.values[row, : whole.lengths[row]], atol=1e-5, rtol=0)


def test_what_follows_a_frame_changes_no_bit_of_it():
    batch = sounds((4000,))
    changed = batch.values.clone()
    changed[:, 10 * SHAPE.hop :] += 1.0
    before, after = frames_of(batch, SHAPE).values, frames_of(batch.with_values(changed), SHAPE).values
    assert torch.equal(before[:, :10], after[:, :10])
    assert not torch.equal(before[:, 10:], after[:, 10:])


def test_what_stands_in_the_padding_changes_nothing():
    batch = sounds()
    other = batch.with_values(torch.where(batch.mask, batch.values, torch.full_like(batch.values, float("nan"))))
    one, two = frames_of(batch, SHAPE), frames_of(other, SHAPE)
    assert torch.equal(one.values[one.mask], two.values[two.mask])


def test_a_tone_stands_in_its_band_and_silence_is_finite():
    for hertz in (200, 697, 1633, 3000):
        wave = torch.sin(2 * torch.pi * hertz * torch.arange(4000) / 8000).unsqueeze(0)
        loudest = int(frames_of(Padded(wave, torch.tensor([4000])), SHAPE).values[0, 20].argmax())
        edges = 700 * (10 ** (np.linspace(np.log10(1 + 60 / 700), np.log10(1 + 4000 / 700), 42)) - 1)
        assert edges[loudest] <= hertz <= edges[loudest + 2]
    silence = frames_of(Padded(torch.zeros(1, 800), torch.tensor([800])), SHAPE).values
    assert torch.isfinite(silence).all()
    assert (silence == silence[0, 0, 0]).all()


def test_training_hears_other_levels_and_noise_of_the_loudness_asked_for():
    torch.manual_seed(0)
    batch = Padded(torch.sin(torch.arange(8000) / 3).repeat(64, 1), torch.full((64,), 8000))
    louder = other_levels(batch.values, 6.0).abs().amax(1)
    assert 0.5 < louder.min() < 0.6
    assert 1.7 < louder.max() < 2.0
    noise = in_noise(batch, 0.5, 10.0, 20.0) - batch.values
    noisy = noise.abs().amax(1) > 0
    assert 20 < int(noisy.sum()) < 44
    decibels = 10 * torch.log10(batch.values.square().mean(1) / noise.square().mean(1))[noisy]
    assert 9.9 < decibels.min() < decibels.max() < 20.1
    silent = in_noise(Padded(torch.zeros(2, 100), torch.tensor([100, 50])), 1.0, 5.0)
    assert torch.isfinite(silent).all()


def test_parts_are_hidden_no_larger_than_asked_and_within_each_row():
    torch.manual_seed(0)
    frames = Padded(torch.ones(200, 50, 12), torch.tensor([50] * 100 + [20] * 100))
    hidden = hidden_parts(frames, bands=3, steps=6) == 0
    bands, steps = hidden.all(dim=1), hidden.all(dim=2)
    assert 3 < int(bands.sum(1).max()) <= 6
    assert 6 < int(steps.sum(1).max()) <= 12
    assert not steps[100:, 26:].any()
    assert torch.equal(hidden_parts(frames, bands=0, steps=0), frames.values)
