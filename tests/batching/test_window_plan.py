"""The order of windows: every one once, another order each epoch, computed and never stored."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.batching.keyed_permutation import KeyedPermutation, key_of, scramble
from seqtext.batching.window_plan import WindowEpoch, WindowPlan


def bounds(*counts: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def batches(epoch: WindowEpoch) -> list[np.ndarray]:
    return [rows for number in range(len(epoch)) for rows in epoch.step(number)]


# ---- the permutation


@given(st.integers(1, 3000), st.integers(0, 2**64 - 1))
def test_every_position_holds_another_number(size, key):
    assert sorted(KeyedPermutation(size, key)(np.arange(size)).tolist()) == list(range(size))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 16, 17, 64, 65, 4**6, 4**6 + 1])
def test_sizes_around_powers_of_two_too(size):
    assert sorted(KeyedPermutation(size, 7)(np.arange(size)).tolist()) == list(range(size))


def test_any_part_is_that_part_of_the_whole():
    permutation = KeyedPermutation(1000, 5)
    whole = permutation(np.arange(1000))
    positions = np.array([999, 0, 500, 500, 3])
    assert permutation(positions).tolist() == whole[positions].tolist()
    assert positions.tolist() == [999, 0, 500, 500, 3], "what is given is left as it was"
    assert permutation(np.zeros(0, dtype=np.int64)).tolist() == []


def test_both_orders_of_two_come_up_alike():
    first = [int(KeyedPermutation(2, key)(np.arange(1))[0]) for key in range(1000)]
    assert 430 < sum(first) < 570  # four and a half standard deviations


def test_it_looks_random():
    size = 20_000
    order = KeyedPermutation(size, 3)(np.arange(size))
    other = KeyedPermutation(size, 4)(np.arange(size))
    bound = 5 / size**0.5  # five standard deviations of a correlation of independent numbers
    assert abs(np.corrcoef(np.arange(size), order)[0, 1]) < bound
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < bound
    assert abs(np.corrcoef(order, other)[0, 1]) < bound
    assert (order == np.arange(size)).sum() < 10  # one fixed point is expected
    tenths = np.bincount(order[: size // 10] * 10 // size, minlength=10)
    assert abs(tenths - 200).max() < 75  # the first tenth comes from everywhere


def test_where_each_number_stands_is_even_over_keys():
    places = np.array([KeyedPermutation(10, key)(np.array([0]))[0] for key in range(5000)])
    counts = np.bincount(places, minlength=10)
    assert ((counts - 500.0) ** 2 / 500).sum() < 35  # chi-square of 9 degrees of freedom, beyond one in 10,000


def test_a_size_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        KeyedPermutation(0, 0)


def test_keys_differ_by_every_number_and_their_order():
    keys = {key_of(*position) for position in [(0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1), (-1, 0), (2**64, 3)]}
    assert len(keys) == 8
    assert key_of(3, 4) == key_of(3, 4)


def test_scrambled_bits_are_even():
    numbers = scramble(np.arange(4096, dtype=np.uint64), 1)
    ones = [int(((numbers >> np.uint64(bit)) & np.uint64(1)).sum()) for bit in range(64)]
    assert max(abs(one - 2048) for one in ones) < 5 * 32


# ---- the plan


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any),
    st.integers(1, 3),
    st.integers(1, 20),
    st.integers(0, 3),
)
def test_every_window_once_an_epoch_within_the_budget(counts, micro_batches, max_rows, epoch):
    plan = WindowPlan(bounds(*counts), steps=10, tokens=120, seed=1, micro_batches=micro_batches, max_rows=max_rows)
    steps = [plan.epoch(epoch).step(number) for number in range(len(plan.epoch(epoch)))]
    rows = [rows for step in steps for rows in step]
    assert sorted(np.concatenate(rows).tolist()) == list(range(sum(counts)))
    assert plan.rows == min(12, max_rows)
    assert all(len(step) == micro_batches for step in steps[:-1])
    assert all(len(part) == plan.rows for part in rows[:-1])
    assert all(1 <= len(part) <= plan.rows for part in rows)
    assert plan.padding(plan.epoch(epoch)) == 0


def test_the_order_is_a_function_of_seed_and_epoch():
    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate(batches(WindowPlan(bounds(500), steps=1, tokens=64, seed=seed).epoch(epoch))).tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(*position)) for position in [(0, 0), (0, 1), (1, 0), (1, 1)]}) == 4
    assert order(0, 0) != list(range(500))


def test_micro_batches_of_a_step_are_one_batch_in_parts():
    def order(rows: int, micro_batches: int) -> list[int]:
        plan = WindowPlan(bounds(90), steps=1, tokens=rows, seed=0, micro_batches=micro_batches)
        return np.concatenate(plan.epoch(0).step(1)).tolist()

    assert order(12, 1) == order(4, 3)


def test_a_window_longer_than_the_budget_is_a_batch_of_its_own():
    assert [len(rows) for rows in batches(WindowPlan(bounds(3), steps=100, tokens=10, seed=0).epoch(0))] == [1, 1, 1]


def test_equally_draws_series_alike_and_windows_of_each_alike_with_replacement():
    counts = (10, 0, 990, 9000)
    epoch = WindowPlan(bounds(*counts), steps=1, tokens=100, seed=0, max_rows=100, equally=True).epoch(0)
    rows = np.concatenate(batches(epoch))
    assert len(rows) == 10_000
    series = np.searchsorted(bounds(*counts), rows, side="right") - 1
    drawn = np.bincount(series, minlength=4)
    assert drawn[1] == 0
    assert abs(drawn[[0, 2, 3]] - 10_000 / 3).max() < 5 * 47  # five standard deviations
    short = np.bincount(rows[rows < 10], minlength=10)
    assert abs(short - drawn[0] / 10).max() < 5 * 18
    assert len(np.unique(rows[series == 3])) > 2500, "a long series is drawn from all over"
    again = np.concatenate(batches(WindowPlan(bounds(*counts), steps=1, tokens=100, seed=0, equally=True).epoch(1)))
    assert again.tolist() != rows.tolist()


@pytest.mark.parametrize("equally", [False, True])
def test_nothing_is_as_large_as_the_number_of_windows(equally):
    count = 10**12
    plan = WindowPlan(bounds(count // 2, count // 2), steps=96, tokens=96 * 128, seed=0, max_rows=128, equally=equally)
    tracemalloc.start()
    epoch = plan.epoch(3)
    drawn = np.concatenate([rows for number in (0, 1, len(epoch) - 1) for rows in epoch.step(number)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(epoch) == count // 128
    assert peak < 10**6
    assert len(drawn) == len(np.unique(drawn)) == 3 * 128
    assert 0 <= drawn.min() < drawn.max() < count
    assert 0.3 < (drawn < count // 2).mean() < 0.7


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="must be at least 1, got 0, 1, 1024"):
        WindowPlan(bounds(3), steps=1, tokens=0, seed=0)
