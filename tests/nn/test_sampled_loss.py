"""The loss over a part of the vocabulary: exact where the part is the whole, without bias where it is not, and in training alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from seqtext.nn import vocabulary_loss as module
from seqtext.nn.sampled_loss import sampled_loss
from seqtext.nn.vocabulary_head import VocabularyHead
from seqtext.nn.vocabulary_loss import vocabulary_loss


def parts(n, d, v, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tensors = [torch.randn(*shape, generator=generator) for shape in ((n, d), (v, d), (v,))]
    return [t.requires_grad_() for t in tensors], torch.randint(v, (n,), generator=generator)


def results(tensors, total, rows):
    gradients = torch.autograd.grad(total * 0.37, tensors)
    return [total.detach(), rows.detach(), *gradients]


def as_defined(hidden, weight, bias, targets, *, ids):
    """The same estimate, term by term."""
    first = ids // 2
    drawn = torch.randperm(len(weight) - first)[: ids - first] + first
    standing_for = torch.full((len(weight),), -torch.inf)
    standing_for[:first] = 0
    standing_for[drawn] = torch.tensor((len(weight) - first) / (ids - first)).log()
    counted = standing_for.expand(len(hidden), -1).scatter(1, targets[:, None], 0.0)
    rows = F.cross_entropy(F.linear(hidden, weight, bias) + counted, targets, reduction="none")
    return rows.sum(), rows


@settings(max_examples=30, deadline=None)
@given(n=st.integers(0, 60), d=st.integers(1, 9), v=st.integers(2, 40), chunk=st.integers(1, 2000), data=st.data())
def test_equals_its_definition_in_value_and_gradients_and_the_whole_loss_where_all_is_seen(n, d, v, chunk, data):
    ids, seed = data.draw(st.integers(2, v)), data.draw(st.integers(0, 99))
    tensors, targets = parts(n, d, v, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_BYTES", {"cpu": chunk})
        torch.manual_seed(seed)
        ours = results(tensors, *sampled_loss(*tensors, targets, ids=ids))
        all_seen = results(tensors, *sampled_loss(*tensors, targets, ids=v))
    torch.manual_seed(seed)
    for one, other in zip(ours, results(tensors, *as_defined(*tensors, targets, ids=ids)), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    for one, other in zip(all_seen, results(tensors, *vocabulary_loss(*tensors, targets)), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_the_sum_of_a_softmax_is_estimated_without_bias():
    tensors, targets = parts(20, 4, 50)
    torch.manual_seed(0)
    drawn = torch.stack(
        [sampled_loss(*tensors, targets, ids=20)[1] for _ in range(2000)]
    ).exp()  # the sum beside the target's part
    exact = vocabulary_loss(*tensors, targets)[1].exp()
    error = drawn.std(0) / len(drawn) ** 0.5
    assert ((drawn.mean(0) - exact).abs() <= 4.5 * error + 1e-4 * exact).all()
    assert (drawn.std(0) > 0.01 * exact).any()  # it is an estimate


def test_in_bf16_it_is_near_fp32():
    tensors, targets = parts(300, 32, 500)
    found = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            total, rows = sampled_loss(*tensors, targets, ids=200)
        found.append(results(tensors, total, rows))
    for exact, half in zip(*found, strict=True):
        assert half.dtype == exact.dtype
        assert (half - exact).norm() <= 0.02 * exact.norm()


def test_gradients_are_taken_once():
    tensors, targets = parts(3, 2, 5)
    total, _ = sampled_loss(*tensors, targets, ids=3)
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="gradient of sampled_loss can be taken once: call it again"):
        total.backward()


def test_a_head_samples_in_training_alone_and_not_where_targets_are_smoothed_over_all():
    torch.manual_seed(0)
    head = VocabularyHead(input_size=4, vector_size=4, vocabulary_size=50, sampled=10)
    outputs, vectors, targets = torch.randn(6, 4), torch.randn(50, 4), torch.randint(50, (6,))
    exact = F.cross_entropy(head(outputs, vectors), targets, reduction="none")
    assert not torch.allclose(head.loss(outputs, vectors, targets)[1], exact)
    smoothed = F.cross_entropy(head(outputs, vectors), targets, reduction="none", label_smoothing=0.1)
    torch.testing.assert_close(head.loss(outputs, vectors, targets, label_smoothing=0.1)[1], smoothed)
    head.eval()
    torch.testing.assert_close(head.loss(outputs, vectors, targets)[1], exact)
    whole = VocabularyHead(input_size=4, vector_size=4, vocabulary_size=50, sampled=50)
    torch.testing.assert_close(
        whole.loss(outputs, vectors, targets)[1], F.cross_entropy(whole(outputs, vectors), targets, reduction="none")
    )
