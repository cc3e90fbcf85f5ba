"""Pooling never sees padding; losses add up exactly over micro-batches."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from seqtext.batching.padded import Padded
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.losses import classification_loss, perplexity, step_loss
from seqtext.nn.pooling import Pooling
from seqtext.nn.word_prediction import WordPrediction

LENGTHS = torch.tensor([2, 4])
VALUES = torch.tensor([[[1.0, -5.0], [3.0, -7.0], [99.0, 99.0], [99.0, 99.0]], [[1.0, 2.0]] * 3 + [[5.0, 6.0]]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("last", [[3.0, -7.0], [5.0, 6.0]]), ("mean", [[2.0, -6.0], [2.0, 3.0]]), ("max", [[3.0, -5.0], [5.0, 6.0]])],
)
def test_pooling_by_hand(kind, expected):
    pooled = Pooling(kinds=[kind], size=2)(Padded(VALUES, LENGTHS))
    assert torch.equal(pooled, torch.tensor(expected))


def test_last_of_the_reverse_direction_is_at_the_first_step():
    pooled = Pooling(kinds=["last"], size=2, bidirectional=True)(Padded(VALUES, LENGTHS))
    assert torch.equal(pooled, torch.tensor([[3.0, -5.0], [5.0, 2.0]]))


@pytest.mark.fault(45)
def test_kinds_stand_side_by_side_and_padding_is_never_seen():
    pooling = Pooling(kinds=["last", "mean", "max"], size=2)
    poisoned = VALUES.clone()
    poisoned[0, 2:] = float("nan")
    assert pooling.output_size == 6
    assert torch.equal(pooling(Padded(VALUES, LENGTHS)), pooling(Padded(poisoned, LENGTHS)))


@pytest.mark.fault(46)
def test_lengths_beyond_the_width_are_refused():
    with pytest.raises(ValueError, match=r"lengths must lie in 1\.\.4"):
        Pooling(kinds=["mean"], size=2)(Padded(VALUES, torch.tensor([2, 5])))


@pytest.mark.parametrize("kinds", [[], ["last", "last"], ["first"]])
def test_unknown_or_repeated_pooling_is_refused(kinds):
    with pytest.raises(ValueError, match="pooling must name last, mean, max at most once each"):
        Pooling(kinds=kinds, size=2)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_classification_loss_is_torchs_summed(smoothing):
    logits, targets = torch.randn(7, 3, requires_grad=True), torch.randint(3, (7,))
    loss = classification_loss(logits, targets, label_smoothing=smoothing)
    expected = F.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    torch.testing.assert_close(loss.sum, expected.sum())
    torch.testing.assert_close(loss.rows, expected.detach())
    assert loss.count == 7
    assert not loss.rows.requires_grad


def test_class_weights_weigh_rows_and_their_count():
    logits, targets, weights = torch.randn(7, 3), torch.randint(3, (7,)), torch.tensor([1.0, 2.0, 0.5])
    loss = classification_loss(logits, targets, class_weights=weights)
    torch.testing.assert_close(loss.sum / loss.count, F.cross_entropy(logits, targets, weight=weights))


def test_losses_of_parts_add_up_to_the_whole_in_any_precision():
    logits, targets = torch.randn(9, 3, dtype=torch.bfloat16), torch.randint(3, (9,))
    whole = classification_loss(logits, targets)
    parts = [classification_loss(logits[s], targets[s]) for s in (slice(0, 1), slice(1, 6), slice(6, 9))]
    assert whole.sum.dtype == torch.float32
    torch.testing.assert_close(torch.stack([part.sum for part in parts]).sum(), whole.sum)


def test_perplexity_is_that_of_the_loss_and_always_a_number_that_json_holds():
    assert perplexity(0.0) == 1.0
    assert perplexity(2.5) == pytest.approx(math.exp(2.5))
    assert 1e307 < perplexity(1e9) < math.inf


def test_word_dropout_hides_whole_tokens_never_padding_and_in_training_only():
    embedding = TokenEmbedding(vocabulary_size=9, embedding_size=4, word_dropout=0.5)
    tokens = Padded(torch.full((4, 50), 7), torch.tensor([50, 50, 50, 10]))
    left, positions = embedding.train().hide(tokens)
    hidden = torch.zeros(200, dtype=torch.bool).index_fill(0, positions, True).view(4, 50)
    assert 0.3 < hidden[tokens.mask].float().mean() < 0.7
    assert not hidden[~tokens.mask].any()
    assert torch.equal(left.values == 1, hidden)
    assert torch.equal(embedding.eval().hide(tokens)[0].values, tokens.values)


def test_hidden_words_are_guessed_with_the_embeddings_own_vectors():
    words = WordPrediction(input_size=6, embedding_size=4, vocabulary_size=9)
    outputs, ids, vectors = torch.randn(5, 6), torch.randint(9, (5,)), torch.randn(9, 4, requires_grad=True)
    total, losses = words(outputs, ids, vectors, torch.ones(5))
    expected = F.cross_entropy(words.projection(outputs) @ vectors.T + words.bias, ids, reduction="none")
    torch.testing.assert_close(losses, expected.detach())
    total.backward()
    assert vectors.grad.abs().sum() > 0


def test_a_loss_of_every_step_sees_neither_padding_nor_steps_without_a_label():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 3, generator=generator)
    targets = torch.tensor([[0, 2, 1, 1], [1, -1, 0, 2]])
    loss = step_loss(Padded(logits, LENGTHS), targets, label_smoothing=0.1)
    each = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten().clamp_min(0), reduction="none", label_smoothing=0.1
    ).view(2, 4)
    valid = torch.tensor([[1.0, 1, 0, 0], [1, 0, 1, 1]])
    torch.testing.assert_close(loss.rows, (each * valid).sum(dim=1))
    torch.testing.assert_close(loss.sum, loss.rows.sum())
    assert float(loss.count) == 5
    other = logits.clone()
    other[0, 2:] = 1e3
    assert torch.equal(step_loss(Padded(other, LENGTHS), targets).sum, step_loss(Padded(logits, LENGTHS), targets).sum)
    assert float(step_loss(Padded(logits, LENGTHS), torch.full((2, 4), -1)).count) == 0
