"""The plan: every row once, within the budget, little padding, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.batching.batch_plan import BatchPlan

row_lengths = st.lists(st.integers(1, 60), min_size=1, max_size=200).map(
    lambda values: np.array(values, dtype=np.int32)
)


@pytest.mark.fault(26)
@given(row_lengths, st.integers(1, 5), st.integers(0, 3), st.integers(1, 40))
def test_every_row_once_and_the_budget_holds(lengths, micro_batches, epoch, max_rows):
    plan = BatchPlan(lengths, tokens=100, seed=1, micro_batches=micro_batches, max_rows=max_rows)
    steps = list(plan.epoch(epoch))
    batches = [rows for step in steps for rows in step]
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert all(1 <= len(step) <= micro_batches for step in steps)
    for rows in batches:
        assert len(rows) <= max_rows
        assert len(rows) == 1 or len(rows) * lengths[rows].max() <= 100


@given(row_lengths)
def test_for_evaluation_every_row_once_longest_first(lengths):
    batches = [rows for [rows] in BatchPlan(lengths, tokens=100, seed=0).in_order_of_length()]
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert lengths[batches[0]].max() == lengths.max()


def test_an_order_is_a_function_of_seed_and_epoch():
    lengths = np.random.default_rng(0).integers(1, 50, 1000)

    def order(seed: int, epoch: int) -> list[list[int]]:
        return [rows.tolist() for step in BatchPlan(lengths, tokens=500, seed=seed).epoch(epoch) for rows in step]

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)


@pytest.mark.fault(26)
def test_padding_is_counted_right_and_small_on_lengths_as_texts_have_them():
    lengths = np.random.default_rng(0).lognormal(4, 0.4, 20_000).astype(np.int32) + 1
    plan = BatchPlan(lengths, tokens=8192, seed=0)
    epoch = plan.epoch(0)
    padded = sum(len(rows) * int(lengths[rows].max()) for step in epoch for rows in step)
    assert plan.padding(epoch) == pytest.approx(1 - lengths.sum() / padded)
    assert plan.padding(epoch) < 0.03


@given(row_lengths, st.integers(0, 3))
def test_with_windows_the_budget_holds_and_padding_is_that_of_the_windows(lengths, number):
    windows = -(-lengths // 10)
    plan = BatchPlan(lengths, tokens=100, seed=1, windows=windows)
    epoch = plan.epoch(number)
    assert sorted(epoch.order) == list(range(len(lengths)))
    padded = 0
    for [rows] in epoch:
        longest = max(-(-lengths[rows] // windows[rows]))
        assert len(rows) == 1 or windows[rows].sum() * longest <= 100
        padded += int(windows[rows].sum() * longest)
    assert plan.padding(epoch) == pytest.approx(1 - lengths.sum() / padded)


def test_micro_batches_of_one_step_cost_the_same():
    lengths = np.random.default_rng(0).integers(1, 100, 20_000)
    epoch = BatchPlan(lengths, tokens=8192, seed=0, micro_batches=4).epoch(0)
    costs = [[len(rows) * int(lengths[rows].max()) for rows in step] for step in epoch]
    # the first cut of an epoch is random and its last batch is what is left: one step each
    uneven = [step for step in costs if max(step) > 1.1 * min(step)]
    assert len(costs) > 20
    assert len(uneven) <= 2


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="row 1 has 0"):
        BatchPlan(np.array([3, 0]), tokens=10, seed=0)
    with pytest.raises(ValueError, match="must be at least 1, got 0, 1, 1024"):
        BatchPlan(np.array([3]), tokens=0, seed=0)
