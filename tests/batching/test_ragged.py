"""Ragged against plain lists."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtext.batching.ragged import Ragged, write_ragged

sequences = st.lists(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=9), min_size=1, max_size=9)


@given(sequences, st.randoms())
def test_a_padded_batch_is_its_rows(rows, random):
    ragged = Ragged.from_sequences(rows)
    chosen = [random.randrange(len(rows)) for _ in range(4)]
    batch = ragged.pad(torch.tensor(chosen))
    assert batch.values.shape == (4, max(len(rows[row]) for row in chosen))
    for padded, length, row in zip(batch.values.tolist(), batch.lengths.tolist(), chosen, strict=True):
        assert padded == rows[row] + [0] * (len(padded) - length)
    assert torch.equal(batch.mask.sum(1), batch.lengths)


@given(sequences)
def test_what_was_written_in_chunks_is_read_back_mapped(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("ragged")
    halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    chunks = (
        (
            np.array([v for row in half for v in row], dtype=np.int32),
            np.array([len(row) for row in half], dtype=np.int32),
        )
        for half in halves
    )
    write_ragged(folder, chunks)
    ragged = Ragged.open(folder)
    assert [ragged[row].tolist() for row in range(len(ragged))] == rows
    assert ragged.lengths.tolist() == [len(row) for row in rows]


def test_frames_of_several_numbers(tmp_path):
    frames = np.arange(12, dtype=np.float32).reshape(6, 2)
    write_ragged(tmp_path, [(frames, np.array([2, 4]))], columns=2)
    batch = Ragged.open(tmp_path).pad(torch.tensor([1, 0]))
    assert batch.values.shape == (2, 4, 2)
    assert batch.values[0].tolist() == frames[2:].tolist()
    assert batch.values[1].tolist() == [*frames[:2].tolist(), [0, 0], [0, 0]]


def test_starts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="starts must run from 0 to 5, got 0 to 4"):
        Ragged(torch.zeros(5), torch.tensor([0, 2, 4]))
