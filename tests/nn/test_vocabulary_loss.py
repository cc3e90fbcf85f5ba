"""The vocabulary loss against torch's two functions, values and all gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

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
        patch.setattr(module, "CHUNK_BYTES", {"cpu": chunk})
        ours, theirs = both(*parts(n, d, v, seed))
    assert len(ours) == 5
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_in_bf16_it_is_as_close_to_fp32_as_torch_is():
    tensors, targets, row_weights = parts(300, 32, 500)
    exact = both(tensors, targets, row_weights)[1]
    ours, theirs = both(tensors, targets, row_weights, autocast="bf16")
    assert len(exact) == 5
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


@pytest.mark.fault(20)
def test_no_rows_have_no_loss():
    tensors, _, _ = parts(0, 3, 5)
    total, rows = vocabulary_loss(*tensors, torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    total.backward()
    assert total == 0
    assert rows.shape == (0,)
    assert torch.equal(tensors[1].grad, torch.zeros(5, 3))


# ---- smoothing, no bias, no weights, tied

NEAR = {"atol": 1e-5, "rtol": 1e-5}


def gradients(total, leaves):
    return torch.autograd.grad(total * 0.37, leaves)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("chunk", [1, 400, 10**6])
def test_smoothed_targets_equal_those_of_torch(label_smoothing, with_bias, weighted, chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", {"cpu": chunk})
    (hidden, weight, bias), targets, row_weights = parts(50, 6, 23)
    leaves = [hidden, weight, *([bias] if with_bias else [])]
    total, rows = vocabulary_loss(
        hidden,
        weight,
        bias if with_bias else None,
        targets,
        row_weights if weighted else None,
        label_smoothing=label_smoothing,
    )
    logits = F.linear(hidden, weight, bias if with_bias else None)
    expected = F.cross_entropy(logits, targets, reduction="none", label_smoothing=label_smoothing)
    torch.testing.assert_close(rows, expected.detach(), **NEAR)
    summed = (expected * row_weights).sum() if weighted else expected.sum()
    torch.testing.assert_close(total, summed, **NEAR)
    assert not rows.requires_grad
    for ours, theirs in zip(gradients(total, leaves), gradients(summed, leaves), strict=True):
        torch.testing.assert_close(ours, theirs, **NEAR)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_tied_weights_get_the_gradient_of_both_uses(label_smoothing):
    vectors = torch.randn(19, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    ids, targets = torch.arange(12), torch.arange(12).flip(0)

    def hidden():
        return torch.tanh(F.embedding(ids, vectors))

    ours, _ = vocabulary_loss(hidden(), vectors, None, targets, label_smoothing=label_smoothing)
    theirs = F.cross_entropy(F.linear(hidden(), vectors), targets, reduction="sum", label_smoothing=label_smoothing)
    torch.testing.assert_close(*(gradients(total, [vectors])[0] for total in (ours, theirs)), **NEAR)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_smoothed_in_bf16_it_is_as_close_to_fp32_as_torch_is(label_smoothing):
    leaves, targets, _ = parts(300, 32, 500)

    def results(ours: bool, autocast: bool):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            if ours:
                total, rows = vocabulary_loss(*leaves, targets, label_smoothing=label_smoothing)
            else:
                logits = F.linear(*leaves).float()
                rows = F.cross_entropy(logits, targets, reduction="none", label_smoothing=label_smoothing)
                total = rows.sum()
        return [total.detach(), rows.detach(), *gradients(total, leaves)]

    exact = results(ours=False, autocast=False)
    assert len(exact) == 5
    for a, b, c in zip(results(True, True), results(False, True), exact, strict=True):
        assert a.dtype == c.dtype
        assert (a.float() - c).norm() <= 1.2 * (b.float() - c).norm() + 1e-4 * c.norm()


# ---- probabilities at the ends


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_a_target_that_is_next_to_impossible_or_certain_is_exact(label_smoothing):
    logits = torch.tensor([[0.0, 60.0, 80.0], [0.0, 104.0, 3.0], [0.0, 500.0, 0.0], [20.0, 0.0, 1.0], [9.0, 0.0, 0.0]])
    weight = torch.eye(3)
    targets = torch.zeros(5, dtype=torch.int64)  # of probability e^-80, e^-104, e^-500, 1 - 7e-9, 1 - 2e-4
    ours, theirs = logits.clone().requires_grad_(), logits.double().requires_grad_()
    total, rows = vocabulary_loss(ours, weight, None, targets, label_smoothing=label_smoothing)
    expected = F.cross_entropy(theirs, targets, reduction="none", label_smoothing=label_smoothing)
    torch.testing.assert_close(rows.double(), expected.detach(), atol=2e-7, rtol=1e-6)
    [slopes], [wanted] = torch.autograd.grad(total, [ours]), torch.autograd.grad(expected.sum(), [theirs])
    torch.testing.assert_close(slopes.double(), wanted, atol=2e-7, rtol=1e-5)


def test_in_bf16_the_gradient_of_a_likely_target_is_not_rounded_away():
    hidden, weight = torch.tensor([[1.0]], requires_grad=True), torch.tensor([[7.0], [0.0]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total, _ = vocabulary_loss(hidden, weight, None, torch.tensor([0]))
    total.backward()
    assert hidden.grad.item() == pytest.approx(7 * (torch.tensor(7.0).sigmoid().item() - 1), rel=0.02)


# ---- once, and in little memory


def test_a_second_gradient_is_refused_in_words():
    leaves, targets, _ = parts(4, 3, 5)
    total, _ = vocabulary_loss(*leaves, targets)
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="gradient of vocabulary_loss can be taken once: call it again"):
        total.backward()


class Largest(TorchDispatchMode):
    """Remembers the most numbers that any result of an operation held."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        for one in result if isinstance(result, tuple | list) else [result]:
            if isinstance(one, torch.Tensor):
                self.numbers = max(self.numbers, one.numel())
        return result


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_the_matrix_of_logits_never_exists(label_smoothing, monkeypatch):
    v, rows = 200, 5
    monkeypatch.setattr(module, "CHUNK_BYTES", {"cpu": 4 * v * rows})
    for n in (1000, 4000):
        leaves, targets, row_weights = parts(n, 4, v)
        with Largest() as largest:
            vocabulary_loss(*leaves, targets, row_weights, label_smoothing=label_smoothing)[0].backward()
        assert largest.numbers <= max(rows * module.PRODUCT_CHUNKS * v, 4 * n) < n * v / 20
