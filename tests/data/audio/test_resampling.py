"""Resampling keeps what both rates have room for and nothing else, and pieces give bit for bit what the whole gives."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from seqtext.data.audio.resampling import Resampler, resampled

RATES = [(44100, 8000), (16000, 8000), (8000, 16000), (11025, 8000), (22051, 8000)]


def tone(hertz: float, rate: int, seconds: float = 0.3) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize(("rate", "to"), RATES)
def test_a_tone_stays_that_tone_and_one_too_high_is_gone(rate, to):
    found = resampled(tone(1000, rate), rate, to)
    assert len(found) == -(-int(rate * 0.3) * to // rate)
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(found)) / to)
    np.testing.assert_allclose(found[300:-300], expected[300:-300], atol=1e-4)
    if to < rate:
        assert np.abs(resampled(tone(to * 0.55, rate), rate, to)[300:-300]).max() < 1e-3


@pytest.mark.parametrize(("rate", "to"), RATES)
@pytest.mark.parametrize("size", [1, 7, 160, 10_000])
def test_pieces_give_the_bits_of_the_whole(rate, to, size):
    sound = np.random.default_rng(0).standard_normal(2000).astype(np.float32)
    resampler = Resampler(rate, to)
    parts = [resampler.push(sound[start : start + size]) for start in range(0, len(sound), size)]
    assert len(resampler.kept) < 2000 * max(1, rate / to) ** 0.5  # what is remembered does not grow
    np.testing.assert_array_equal(np.concatenate([*parts, resampler.finish()]), resampled(sound, rate, to))


def test_the_same_rate_changes_nothing():
    sound = tone(440, 8000)
    assert resampled(sound, 8000, 8000) is sound


def test_memory_is_that_of_a_piece_however_much_higher_the_rate():
    sound = np.zeros(192_000, dtype=np.float32)
    resampled(sound[:10], 192_000, 4_000)  # the filter is made once
    tracemalloc.start()
    assert len(resampled(sound, 192_000, 4_000)) == 4_000
    assert tracemalloc.get_traced_memory()[1] < 80e6
    tracemalloc.stop()
