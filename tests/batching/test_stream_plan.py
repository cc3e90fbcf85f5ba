"""Windows of one stream: each position once an epoch, cut elsewhere every epoch, all of it a function of seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.batching.stream_plan import StreamPlan


def positions(plan: StreamPlan, epoch: int) -> np.ndarray:
    made = plan.epoch(epoch)
    return np.concatenate([rows for number in range(len(made)) for rows in made.step(number)])


@given(
    length=st.integers(1, 300), window=st.integers(1, 40), seed=st.integers(0, 5), micro_batches=st.integers(1, 3),
)  # fmt: skip
def test_every_position_is_in_a_window_and_only_the_last_window_goes_on_into_the_first(
    length, window, seed, micro_batches
):
    window = min(window, length)
    plan = StreamPlan(length, window=window, tokens=3 * window, seed=seed, micro_batches=micro_batches)
    starts = positions(plan, 0)
    covered = np.bincount(((starts[:, None] + np.arange(window)) % length).ravel(), minlength=length)
    assert len(starts) == -(-length // window)
    assert covered.min() == 1
    assert covered.sum() - length < window
    assert plan.padding(plan.epoch(0)) == 0.0


def test_windows_begin_elsewhere_in_every_epoch_and_the_same_in_the_same_one():
    plan, again = (StreamPlan(10_000, window=10, tokens=40, seed=3) for _ in range(2))
    offsets = {int(positions(plan, epoch)[0]) % 10 for epoch in range(20)}
    assert len(offsets) > 5
    assert np.array_equal(positions(plan, 7), positions(again, 7))
    assert not np.array_equal(positions(plan, 7), positions(StreamPlan(10_000, window=10, tokens=40, seed=4), 7))


def test_no_more_tokens_and_rows_than_allowed():
    rows = StreamPlan(1000, window=10, tokens=45, seed=0).epoch(0).step(0)
    assert [len(part) for part in rows] == [4]
    assert [len(part) for part in StreamPlan(1000, window=10, tokens=4500, seed=0, max_rows=7).epoch(0).step(0)] == [7]
    with pytest.raises(ValueError, match="at least 1"):
        StreamPlan(1000, window=10, tokens=0, seed=0)
