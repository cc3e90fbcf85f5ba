"""CTC: the probability of all ways to write a target, rows that depend on nothing else, targets of nothing."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import torch

from seqtext.batching.padded import Padded
from seqtext.nn.losses import ctc_loss, ctc_steps


def written(path: tuple[int, ...]) -> tuple[int, ...]:
    """What a symbol or nothing (0) at every step comes to."""
    return tuple(symbol for symbol, _ in groupby(path) if symbol)


def test_a_rows_loss_is_that_of_all_ways_to_write_its_target():
    torch.manual_seed(0)
    logits = torch.randn(4, 5, 3)
    lengths = torch.tensor([5, 4, 3, 5])
    targets, sizes = torch.tensor([[1, 1], [2, 1], [9, 9], [2, 9]]), torch.tensor([2, 2, 0, 1])
    targets[2], targets[3, 1] = 0, 0
    loss = ctc_loss(Padded(logits, lengths), targets, sizes)
    for row in range(4):
        chances = logits[row, : lengths[row]].double().softmax(-1)
        target = tuple(targets[row, : sizes[row]].tolist())
        total = sum(
            np.prod([float(chances[step, symbol]) for step, symbol in enumerate(path)])
            for path in product(range(3), repeat=int(lengths[row]))
            if written(path) == target
        )
        torch.testing.assert_close(float(loss.rows[row]), -np.log(total), atol=1e-5, rtol=0)
    torch.testing.assert_close(loss.sum.item(), loss.rows.sum().item())
    assert loss.count.item() == 2 + 2 + 0 + 1 + 4  # symbols and ends


def test_padding_and_neighbours_change_nothing_and_halves_add_up_in_any_precision():
    torch.manual_seed(0)
    logits, lengths = torch.randn(6, 9, 4), torch.tensor([9, 4, 7, 9, 5, 6])
    targets, sizes = torch.randint(1, 4, (6, 3)), torch.tensor([3, 1, 2, 0, 2, 3])
    whole = ctc_loss(Padded(logits, lengths), targets, sizes)
    other = logits.clone()
    other[1, 4:], other[4, 5:] = 7.0, -7.0
    assert torch.equal(ctc_loss(Padded(other, lengths), targets, sizes).rows, whole.rows)
    parts = [ctc_loss(Padded(logits[s], lengths[s]), targets[s], sizes[s]) for s in (slice(0, 1), slice(1, 6))]
    torch.testing.assert_close(sum(part.sum for part in parts), whole.sum)
    assert sum(part.count for part in parts) == whole.count
    assert ctc_loss(Padded(logits.bfloat16(), lengths), targets, sizes).sum.dtype == torch.float32


def test_a_target_needs_a_step_for_each_symbol_and_one_between_two_of_a_kind():
    targets = np.array([1, 1, 2, 2, 2, 1, 1], dtype=np.int32)
    starts = np.array([0, 3, 3, 6, 7])
    assert ctc_steps(targets, starts).tolist() == [4, 0, 4, 1]  # 1-1 2 | nothing | 2-2 1 | 1
    assert ctc_steps(np.zeros(0, dtype=np.int32), np.array([0, 0])).tolist() == [0]
    assert torch.isinf(
        ctc_loss(Padded(torch.zeros(1, 3, 3), torch.tensor([3])), torch.tensor([[1, 1, 2]]), torch.tensor([3])).sum
    )
