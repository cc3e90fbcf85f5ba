"""Attention against its formula written row by row, and what must not matter to it: padding, neighbours, other queries."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.nn import attention as module
from seqtext.nn.attention import Attention

Q, C, A = 6, 8, 12
every_kind = pytest.mark.parametrize("kind", ["dot", "scaled_dot", "additive"])
every_heads = pytest.mark.parametrize("heads", [1, 2])


def made(kind="dot", heads=1) -> Attention:
    torch.manual_seed(0)
    attention = Attention(query_size=Q, memory_size=C, attention_size=A, kind=kind, heads=heads)
    for parameter in attention.parameters():  # a bias that is not zero, so that a forgotten one shows
        nn.init.normal_(parameter, std=0.5)
    return attention


def drawn(lengths: list[int], steps: int = 3, seed: int = 1) -> tuple[Tensor, Padded]:
    """Queries (B, T, Q), and encoder outputs that are not zero in the padding."""
    generator = torch.Generator().manual_seed(seed)
    queries = torch.randn(len(lengths), steps, Q, generator=generator)
    return queries, Padded(torch.randn(len(lengths), max(lengths), C, generator=generator), torch.tensor(lengths))


def by_hand(attention: Attention, query: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
    """(C,) and mean weights (S,) of one query over the real outputs (S, C) of its row, head by head."""
    found, weights = [], []
    values = encoded if attention.to_value is None else attention.to_value(encoded)
    q, k = attention.to_query(query), attention.to_key(encoded)
    for head, (part, keys, taken) in enumerate(
        zip(q.chunk(attention.heads), k.chunk(attention.heads, 1), values.chunk(attention.heads, 1), strict=True)
    ):
        if attention.kind == "additive":
            scores = torch.tanh(part + keys) @ attention.direction[head]
        else:
            scores = keys @ part / (len(part) ** 0.5 if attention.kind == "scaled_dot" else 1)
        share = scores.softmax(0)
        found.append(share @ taken)
        weights.append(share)
    return torch.cat(found), torch.stack(weights).mean(0)


@every_kind
@every_heads
def test_it_is_the_formula_over_the_real_steps_alone(kind, heads):
    attention, lengths = made(kind, heads), [5, 1, 3]
    queries, encoded = drawn(lengths)
    memory = attention.read(encoded)
    found, weights = attention(queries, memory), attention.weights(queries, memory)
    assert found.shape == (3, 3, C)
    assert weights.shape == (3, 3, 5)
    for row, length in enumerate(lengths):
        assert not weights[row, :, length:].any()
        for step in range(3):
            context, share = by_hand(attention, queries[row, step], encoded.values[row, :length])
            torch.testing.assert_close(found[row, step], context, atol=1e-6, rtol=1e-5)
            torch.testing.assert_close(weights[row, step, :length], share, atol=1e-6, rtol=1e-5)


@pytest.mark.fault(45)
@every_kind
@every_heads
@pytest.mark.parametrize("filling", [0.0, 7.0, float("inf"), float("nan")])
def test_what_stands_in_the_padding_changes_nothing_bit_for_bit(kind, heads, filling):
    attention = made(kind, heads)
    queries, encoded = drawn([5, 1, 3])
    other = encoded.with_values(encoded.values.masked_fill(~encoded.mask.unsqueeze(-1), filling))
    one, two = attention.read(encoded), attention.read(other)
    assert torch.equal(attention(queries, one), attention(queries, two))
    assert torch.equal(attention.weights(queries, one), attention.weights(queries, two))


@every_kind
@settings(max_examples=15)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5), steps=st.integers(1, 4))
def test_a_row_alone_equals_the_row_in_any_batch(kind, lengths, steps):
    attention = made(kind, 2)
    queries, encoded = drawn(lengths, steps)
    found = attention(queries, attention.read(encoded))
    for row, length in enumerate(lengths):
        alone = attention.read(Padded(encoded.values[row : row + 1, :length], torch.tensor([length])))
        torch.testing.assert_close(attention(queries[row : row + 1], alone)[0], found[row], atol=1e-5, rtol=1e-5)


@every_kind
@every_heads
def test_a_step_equals_all_of_them_at_once(kind, heads):
    attention = made(kind, heads)
    queries, encoded = drawn([5, 2], steps=4)
    memory = attention.read(encoded)
    whole = attention(queries, memory)
    for step in range(4):
        one = attention(queries[:, step : step + 1], memory)
        torch.testing.assert_close(one[:, 0], whole[:, step], atol=1e-6, rtol=1e-5)


@pytest.mark.fault(45)
@every_kind
def test_no_gradient_comes_out_of_the_padding(kind):
    attention = made(kind)
    queries, encoded = drawn([5, 1, 3])
    values = encoded.values.requires_grad_()
    attention(queries, attention.read(encoded.with_values(values))).square().sum().backward()
    assert not values.grad[~encoded.mask].any()
    assert values.grad[encoded.mask].any(-1).all()


@pytest.mark.parametrize("chunk", [1, 60, 2**20])
@pytest.mark.parametrize("heads", [1, 2])
def test_the_additive_kind_has_the_gradients_of_its_formula_however_many_rows_are_taken_at_once(
    chunk, heads, monkeypatch
):
    monkeypatch.setattr(module, "CHUNK", chunk)
    generator = torch.Generator().manual_seed(1)
    shapes = ((5, heads, 3, 4), (5, heads, 6, 4), (heads, 4))
    parts = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    query, key, direction = parts
    expected = (torch.tanh(query.unsqueeze(3) + key.unsqueeze(2)) * direction[:, None, None]).sum(-1)
    torch.testing.assert_close(module._Additive.apply(*parts), expected)
    assert torch.autograd.gradcheck(
        module._Additive.apply, tuple(part[:1] if part.ndim == 4 else part for part in parts)
    )
    slope = torch.randn(expected.shape, generator=generator, dtype=torch.float64)
    for found, wanted in zip(
        torch.autograd.grad(module._Additive.apply(*parts), parts, slope),
        torch.autograd.grad(expected, parts, slope),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted)


@every_kind
def test_in_half_precision_weights_are_still_fp32_and_sum_to_one(kind):
    attention = made(kind, 2)
    queries, encoded = drawn([5, 1, 3])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        memory = attention.read(encoded)
        weights, found = attention.weights(queries, memory), attention(queries, memory)
        found.float().sum().backward()
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 3))
    exact = attention(queries, attention.read(encoded))
    torch.testing.assert_close(found.float(), exact, atol=0.1, rtol=0.1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="kind must be one of dot, scaled_dot, additive, got 'general'"):
        made("general")
    with pytest.raises(ValueError, match="5 heads do not divide the sizes 12 and 8"):
        made("dot", 5)
