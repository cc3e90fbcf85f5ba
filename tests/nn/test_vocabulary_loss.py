"""The vocabulary loss against torch's two functions, values and all gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from seqtext.nn import vocabulary_loss as module
from seqtext.nn.vocabulary_loss import vocabulary_loss


def parts(n, d, v, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hidden, weight, bias = (torch.randn(*shape, generator=generator) for shape in ((n, d), (v, d), (v,)))
    targets = torch.randint(v, (n,), generator=generator)
    return [t.requires_grad_() for t in (hidden, weight, bias)], targets, torch.rand(n, generator=generator)


def both(tensors, targets, row_weights, autocast=None):
    results = []
    for ours in (True, False):
        for tensor in tensors:
            tensor.grad = None
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast is not None):
            if ours:
                total, rows = vocabulary_loss(*tensors, targets, row_weights)
            else:
                rows = F.cross_entropy(F.linear(*tensors).float(), targets, reduction="none")
                total = (rows * row_weights).sum()
        (total * 0.37).backward()
        results.append([total.detach(), rows.detach(), *(tensor.grad for tensor in tensors)])
    return results


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 60), d=st.integers(1, 9), v=st.integers(2, 40), chunk=st.integers(1, 2000), seed=st.integers(0, 99)
)
def test_equals_linear_and_cross_entropy_in_value_and_gradients(n, d, v, chunk, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_BYTES", chunk)
        ours, theirs = both(*parts(n, d, v, seed))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_in_bf16_it_is_as_close_to_fp32_as_torch_is():
    tensors, targets, row_weights = parts(300, 32, 500)
    exact = both(tensors, targets, row_weights)[1]
    ours, theirs = both(tensors, targets, row_weights, autocast="bf16")
    for a, b, c in zip(ours, theirs, exact, strict=True):
        assert (a.float() - c).norm() <= 1.2 * (b.float() - c).norm() + 1e-4 * c.norm()
        assert a.dtype == c.dtype


def test_tied_weights_get_both_gradients_and_no_gradient_is_made_without_need():
    vectors = torch.randn(7, 4, requires_grad=True)
    ids, targets = torch.tensor([1, 2, 6]), torch.tensor([0, 0, 3])
    bias = torch.zeros(7)
    total, _ = vocabulary_loss(F.embedding(ids, vectors), vectors, bias, targets, torch.ones(3))
    [ours] = torch.autograd.grad(total, vectors)
    expected = F.cross_entropy(F.linear(F.embedding(ids, vectors), vectors), targets, reduction="sum")
    torch.testing.assert_close(ours, torch.autograd.grad(expected, vectors)[0])
    with torch.no_grad():
        assert not vocabulary_loss(F.embedding(ids, vectors), vectors, bias, targets, torch.ones(3))[0].requires_grad


def test_no_rows_have_no_loss():
    tensors, _, _ = parts(0, 3, 5)
    total, rows = vocabulary_loss(*tensors, torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    total.backward()
    assert total == 0
    assert rows.shape == (0,)
    assert torch.equal(tensors[1].grad, torch.zeros(5, 3))
