"""What all summaries share: how splits are encoded and how long that takes, and how texts are described."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from seqtext.options import TrainingOptions
from seqtext.reporting.summary import counted, encode_splits, lengths_of_texts
from seqtext.training.loop import sampling_seed

DATA = SimpleNamespace(train="a", validation="b", test="c")


@pytest.mark.parametrize(("anew", "seconds"), [(True, 7.0), (False, 0.0)])
def test_encoding_counts_as_time_of_an_epoch_where_every_epoch_encodes_anew(anew, seconds, monkeypatch):
    clock, calls = [0.0], []

    def encode(rows: str, *, sampling_seed: int | None = None) -> str:
        calls.append((rows, sampling_seed))
        clock[0] += 7
        return rows.upper()

    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    encoded, took = encode_splits(SimpleNamespace(encodes_each_epoch=anew), encode, DATA, TrainingOptions(seed=3))
    assert encoded == {"train": "A", "validation": "B", "test": "C"}
    assert took == seconds
    assert calls == [("a", sampling_seed(3, 0) if anew else None), ("b", None), ("c", None)]


def test_only_the_splits_that_are_asked_for_are_encoded():
    task = SimpleNamespace(encodes_each_epoch=False)
    encoded, _ = encode_splits(
        task, lambda rows, sampling_seed=None: rows, DATA, TrainingOptions(), names=("train", "validation")
    )
    assert encoded == {"train": "a", "validation": "b"}


def test_texts_are_described_by_their_lengths_and_splits_by_their_rows():
    told = lengths_of_texts(np.arange(1, 1001))
    assert told == "500,500 training tokens; a text has 500 (median), 50 to 950 (90 % of them), 1000 at most"
    assert counted({"train": 1200, "test": 3}) == "1,200 train, 3 test"
