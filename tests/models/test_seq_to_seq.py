"""`SeqToSeq`: steps equal the whole, pieces equal the whole, nothing sees what follows, with and without a front end and a look-ahead."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from seqtext.batching.padded import Padded
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.frame_embedding import FrameEmbedding

D, C = 4, 3
LENGTHS = torch.tensor([12, 5, 1, 9])


class Same(nn.Module):
    def forward(self, inputs: Padded) -> Padded:
        return inputs


def model(*, cell="gru", stack=0, skip=1, ahead=0, bidirectional=False, forget=0.0) -> SeqToSeq:
    torch.manual_seed(0)
    frames = {"input_size": D, "output_size": 5, "stack": stack, "skip": skip, "forget": forget}
    embedding = FrameEmbedding(**frames) if stack else Same()
    return SeqToSeq(
        embedding=embedding,
        backbone=Backbone(
            input_size=5 if stack else D, hidden_size=6, num_layers=2, cell=cell, bidirectional=bidirectional
        ),
        output_size=C,
        ahead=ahead,
    ).eval()


def batch(lengths=LENGTHS, seed=1) -> Padded:
    generator = torch.Generator().manual_seed(seed)
    return Padded(torch.randn(len(lengths), int(lengths.max()), D, generator=generator), lengths)


def stepped(net: SeqToSeq, row: torch.Tensor) -> torch.Tensor:
    """(T, C) of one row (T, D), a step at a time, as a stream runs."""
    skip = net.embedding.skip if isinstance(net.embedding, FrameEmbedding) else 0
    pieces = list(row.unsqueeze(0).unbind(1))
    if skip:
        filled = torch.cat([row, row.new_zeros(-len(row) % skip, D)])
        pieces = list(filled.unsqueeze(0).split(skip, dim=1))
    state, outputs = None, []
    for piece in pieces:
        output, state = net.step(piece, state)
        outputs.append(output)
    for _ in range(net.ahead):
        output, state = net.blank(state)
        outputs.append(output)
    return torch.cat(outputs[net.ahead :])


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("stack", "skip"), [(0, 1), (1, 1), (3, 1), (3, 3), (5, 2)])
@pytest.mark.parametrize(("ahead", "forget"), [(0, 0.0), (2, 0.0), (0, 0.2), (1, 0.01)])
def test_steps_equal_the_whole_and_a_row_alone_the_row_in_a_batch(cell, stack, skip, ahead, forget):
    net, rows = model(cell=cell, stack=stack, skip=skip, ahead=ahead, forget=forget), batch()
    with torch.inference_mode():
        whole = net(rows)
        for number, length in enumerate(LENGTHS.tolist()):
            steps = -(-length // skip)
            assert int(whole.lengths[number]) == steps
            row = rows.values[number, :length]
            torch.testing.assert_close(stepped(net, row), whole.values[number, :steps], atol=1e-5, rtol=0)
            alone = net(Padded(row.unsqueeze(0), LENGTHS[number : number + 1]))
            torch.testing.assert_close(alone.values[0], whole.values[number, :steps], atol=1e-5, rtol=0)


@pytest.mark.parametrize("forget", [0.0, 0.2])
@pytest.mark.parametrize(("stack", "skip", "ahead"), [(0, 1, 0), (5, 2, 0), (5, 2, 1), (0, 1, 2)])
def test_what_stands_in_the_padding_changes_no_bit(stack, skip, ahead, forget):
    net, rows = model(stack=stack, skip=skip, ahead=ahead, forget=forget), batch()
    other = rows.with_values(torch.where(rows.mask.unsqueeze(-1), rows.values, torch.full_like(rows.values, 9.0)))
    first, second = net(rows), net(other)
    assert torch.equal(first.values[first.mask], second.values[second.mask])


@pytest.mark.parametrize("forget", [0.0, 0.2])
@pytest.mark.parametrize(("stack", "skip", "ahead"), [(0, 1, 0), (5, 2, 0), (5, 2, 1), (3, 3, 1)])
def test_what_follows_changes_no_bit_of_what_was_written(stack, skip, ahead, forget):
    net, rows = model(stack=stack, skip=skip, ahead=ahead, forget=forget), batch(torch.tensor([12, 12]))
    changed = rows.values.clone()
    changed[:, 6:] += 1.0  # frames 0 to 5 make steps 0 to 6 / skip - 1
    there = 6 // skip - ahead
    assert there > 0
    before, after = net(rows).values, net(rows.with_values(changed)).values
    assert torch.equal(before[:, :there], after[:, :there])
    assert not torch.equal(before[:, there:], after[:, there:])


@pytest.mark.parametrize("forget", [0.0, 0.2])
@pytest.mark.parametrize(("stack", "skip"), [(0, 1), (5, 2), (2, 2)])
def test_pieces_with_the_state_between_them_equal_the_whole(stack, skip, forget):
    net, rows = model(stack=stack, skip=skip, cell="lstm", forget=forget), batch(torch.tensor([12, 12, 12]))
    whole = net(rows).values
    state, parts = None, []
    for piece in rows.values.split([2, 6, 4], dim=1):
        outputs, state = net.forward_with_state(Padded(piece, torch.full((3,), piece.shape[1])), state)
        parts.append(outputs.values)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("stack", "skip", "forget"), [(0, 1, 0.0), (4, 2, 0.0), (4, 2, 0.2), (2, 2, 0.2)])
def test_the_state_behind_rows_of_different_lengths_is_each_rows_own(stack, skip, forget):
    net = model(stack=stack, skip=skip, forget=forget)
    rows = batch(torch.tensor([12, 6, 2]))
    further = torch.randn(3, 4, D)
    _, state = net.forward_with_state(rows)
    after = net(Padded(further, torch.full((3,), 4)), state).values
    joined = [torch.cat([row[:length], more]) for row, length, more in zip(*rows, further, strict=True)]
    whole = net(Padded(pad_sequence(joined, batch_first=True), rows.lengths + 4)).values
    for number, length in enumerate(rows.lengths.tolist()):
        first = length // skip
        torch.testing.assert_close(after[number], whole[number, first : first + 4 // skip], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("forget", "shapes"), [(0.0, [(2, 4, D), (2, 4, 6)]), (0.1, [(1, 4, D), (2, 4, D), (2, 4, 6)])]
)
def test_the_initial_state_counts_and_has_the_shape_of_zeros_given(forget, shapes):
    net, rows = model(stack=4, skip=2, forget=forget), batch()
    zeros = net.zero_state(len(LENGTHS), like=rows.values)
    assert [tuple(part.shape) for part in zeros] == shapes
    torch.testing.assert_close(net(rows, zeros).values, net(rows).values)
    assert not torch.allclose(net(rows, tuple(part + 1 for part in zeros)).values, net(rows).values)


def test_both_directions_read_the_whole_and_do_not_step():
    net, rows = model(bidirectional=True), batch()
    assert net(rows).values.shape == (4, 12, C)
    with pytest.raises(ValueError, match="bidirectional"):
        net.step(rows.values[:, 0])
    with pytest.raises(ValueError, match="a look-ahead is 0 or more, and 0 with both directions"):
        model(bidirectional=True, ahead=1)
    with pytest.raises(ValueError, match="at least skip"):
        model(stack=2, skip=3)
    with pytest.raises(ValueError, match="a share is from 0 to below 1"):
        model(stack=2, skip=1, forget=1.0)
