"""Words that training predicts beside tags: never seen by what predicts them, the same alone as in a batch, and of no matter afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seqtext.batching.padded import Padded
from tests.tasks.tagging.taggers import made, rows

QUIET = dict.fromkeys(("word_dropout", "embedding_dropout", "input_dropout", "layer_dropout", "output_dropout"), 0.0)
KINDS = [{}, {"num_layers": 2, "cell": "gru"}, {"look_ahead": 2}, {"bidirectional": True}]


def heard(task, batch):
    """What the auxiliary head is given in a training step: outputs, words; and the loss."""
    given = []
    task.model.train()
    hook = task.model.auxiliary.register_forward_pre_hook(lambda _, arguments: given.append(arguments))
    [loss] = task.losses(batch)
    hook.remove()
    return *given[0][:2], loss


def batch_of(task, numbers=(0, 1, 2, 3)):
    return task.encode(rows(20)).batch(np.array(numbers))


@pytest.mark.parametrize("settings", KINDS)
def test_no_output_has_seen_the_word_that_it_predicts(settings):
    task = made(**settings, **QUIET)
    batch = batch_of(task)
    outputs, words, _ = heard(task, batch)
    ahead, width = task.config.look_ahead + 1, batch.words.ids.values.shape[1]
    lengths = batch.words.ids.lengths.tolist()
    assert len(words) == sum(max(size - ahead, 0) for size in lengths) * (1 + task.config.bidirectional)
    numbers = [row * width + step for row, size in enumerate(lengths) for step in range(max(size - ahead, 0))]
    ids = batch.words.ids.values.flatten()
    changes = 0
    for at in range(0, len(words), 3):
        direction, place = divmod(at, len(numbers))
        target = numbers[place] + (0 if direction else ahead)
        assert words[at] == ids[target]
        other = ids.clone()
        other[target] = (other[target] + 1) % len(task.words)
        changed = batch.words._replace(ids=Padded(other.view_as(batch.words.ids.values), batch.words.ids.lengths))
        found, told, _ = heard(task, batch._replace(words=changed))
        assert told[at] == other[target]
        assert torch.equal(found[at], outputs[at])
        changes += not torch.equal(found, outputs)
    assert changes > 3, "what is seen changes what is heard, or nothing was tried"


@pytest.mark.parametrize("settings", KINDS)
def test_the_loss_is_that_of_tags_and_of_words_and_each_row_has_its_own(settings):
    task = made(**settings, **QUIET, word_prediction=0.5)
    batch = batch_of(task)
    outputs, words, loss = heard(task, batch)
    head = task.model.auxiliary
    logits = F.linear(torch.tanh(head.projection(outputs)), head.shorter(task.model.embedding.words.weight), head.bias)
    expected = 0.5 * F.cross_entropy(logits, words.long(), reduction="sum")
    torch.testing.assert_close(loss.auxiliary, expected.detach())
    task.model.auxiliary = None
    [tags] = task.losses(batch)
    torch.testing.assert_close(loss.sum, tags.sum + expected)
    assert loss.count == tags.count
    torch.testing.assert_close(loss.rows.sum(), loss.sum.detach())
    task.model.auxiliary = head
    for number in range(len(batch.rows)):
        [alone] = task.losses(batch_of(task, [number]))
        torch.testing.assert_close(alone.rows[0], loss.rows[number], atol=1e-4, rtol=1e-5)


def test_where_it_cannot_be_or_is_not_wanted_there_is_none():
    assert made(word_prediction=0.0).model.auxiliary is None
    assert made(bidirectional=True, num_layers=2).model.auxiliary is None
    for settings in ({"word_prediction": 0.0}, {"bidirectional": True, "num_layers": 2}):
        task = made(**settings)
        task.model.train()
        [loss] = task.losses(batch_of(task))
        assert loss.auxiliary is None


def test_rows_of_a_single_word_have_no_next_one():
    task = made(**QUIET)
    batch = task.encode({"tokens": [["Ann"], ["Bob"]], "upos": [["PROPN"], ["PROPN"]]}).batch(np.array([0, 1]))
    outputs, words, loss = heard(task, batch)
    assert len(outputs) == len(words) == 0
    assert torch.isfinite(loss.sum)
    loss.sum.backward()


def test_validation_and_tags_know_nothing_of_it():
    task = made()
    examples = task.encode(rows(20))
    figures, tags = task.validate(examples), task(["Ann can see the owl ."])
    with torch.no_grad():
        for parameter in task.model.auxiliary.parameters():
            parameter.add_(1.0)
    assert task.validate(examples) == figures
    assert task(["Ann can see the owl ."]) == tags
