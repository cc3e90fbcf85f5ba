"""Telephone keys: the tones of Q.23, in the noise asked for, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.builtin.touch_tones import KEYS, RATE, TONES, touch_tones
from seqtext.errors import OptionsError


def test_keys_have_the_tones_of_the_recommendation():
    assert TONES["1"] == (697, 1209)
    assert TONES["6"] == (770, 1477)
    assert TONES["0"] == (941, 1336)
    assert TONES["#"] == (941, 1477)


def test_a_string_sounds_as_its_keys_and_says_when_each_ends():
    for one in touch_tones(30, seed=3, decibels=(60.0, 60.0)):
        assert len(one.keys) == len(one.ends) <= 10
        assert np.abs(one.samples).max() <= 1
        for key, end in zip(one.keys, one.ends, strict=True):
            tone = one.samples[end - 340 : end - 20]
            spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 8000))
            for pitch, (low, high) in zip(TONES[key], ((600, 1050), (1100, 1700)), strict=True):
                assert abs(low + int(spectrum[low:high].argmax()) - pitch) < 0.02 * pitch + 3
            assert np.abs(one.samples[end + 10 : end + 200]).max() < 0.1 * np.abs(tone).max()


def test_noise_is_as_loud_as_asked():
    quiet, loud = (touch_tones(20, seed=1, decibels=(level, level)) for level in (60.0, 5.0))
    for clean, noisy in zip(quiet, loud, strict=True):
        if clean.keys:
            noise = noisy.samples - clean.samples
            first = clean.samples[clean.ends[0] - 300 : clean.ends[0] - 50]
            assert 2 < 10 * np.log10(np.square(first).mean() / np.square(noise).mean()) < 8


def test_the_seed_decides_and_a_longer_list_begins_alike():
    first, again, other = touch_tones(5, seed=1), touch_tones(8, seed=1), touch_tones(5, seed=2)
    assert [one.keys for one in first] == [one.keys for one in again[:5]]
    np.testing.assert_array_equal(first[4].samples, again[4].samples)
    assert [one.keys for one in first] != [one.keys for one in other]
    many = touch_tones(400, seed=0)
    assert {key for one in many for key in one.keys} == {*KEYS}
    assert 1 <= sum(not one.keys for one in many) <= 30  # silence is a row too
    assert 0.5 < np.mean([len(one.samples) for one in many]) / RATE < 3


def test_what_cannot_be_made_is_refused():
    for count, most in ((0, 10), (10**9, 10), (5, 0)):
        with pytest.raises(OptionsError, match="expected 1 to 100,000, of 1 or more"):
            touch_tones(count, most=most)
