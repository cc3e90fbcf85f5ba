"""Every run of the texts is known to the guard, hardly any other is; and a text that is drawn under it has none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtext.batching.ragged import Ragged
from seqtext.models.copy_guard import CopyGuard

TEXTS = st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=6)


def runs_of(texts: list[list[int]], length: int) -> list[list[int]]:
    return [text[start : start + length] for text in texts for start in range(len(text) - length + 1)]


@given(TEXTS, st.integers(1, 5))
def test_every_run_of_a_text_is_known_and_none_across_texts_is_put_in(texts, length):
    flat = Ragged.from_sequences(texts)
    guard = CopyGuard.of(flat.values, flat.starts, length)
    runs = runs_of(texts, length)
    if runs:
        assert guard.holds(torch.tensor(runs)).all()
    assert int(np.unpackbits(guard.bits.numpy()).sum()) <= 6 * len(runs)


def test_hardly_any_other_run_is_taken_for_one(monkeypatch):
    monkeypatch.setattr("seqtext.models.copy_guard.CHUNK", 1000)
    generator = np.random.default_rng(0)
    texts = generator.integers(0, 5000, (300, 40))
    flat = Ragged.from_sequences(texts.tolist())
    guard = CopyGuard.of(flat.values, flat.starts, 8)
    assert guard.holds(torch.from_numpy(texts[:, 32:])).all()
    assert guard.holds(torch.from_numpy(generator.integers(0, 5000, (20_000, 8)))).float().mean() < 0.01
    swapped = texts[:, [1, 0, *range(2, 8)]]
    assert guard.holds(torch.from_numpy(swapped)).float().mean() < 0.05  # the order counts


@pytest.mark.parametrize("bits", [torch.zeros(0, dtype=torch.uint8), None])
def test_an_empty_filter_or_run_is_refused(bits):
    with pytest.raises(ValueError, match="both must be at least 1"):
        CopyGuard(torch.zeros(4, dtype=torch.uint8) if bits is None else bits, 8 if bits is not None else 0)
