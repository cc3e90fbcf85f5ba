"""Losses of windows: what each direction may see, what state it begins with, and that nothing else decides."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.batching.pieces import one_by_one
from seqtext.batching.ragged import Ragged
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.tasks.language_model import losses
from seqtext.tasks.language_model.losses import cached_loss, stream_loss, window_loss
from seqtext.tasks.language_model.rows import TextStream
from tests.tasks.language_model.models import PLAIN, made, rows

WINDOW, WARM = 6, 4


@pytest.fixture(scope="module")
def both():
    return made(max_length=WINDOW, warm_up=WARM, **PLAIN)


def each_loss(task, batch, *, reverse: bool) -> torch.Tensor:
    """(B, T) of each token that is predicted, in the order of the text."""
    kept: list[torch.Tensor] = []
    loss = task.model.loss

    def noted(*arguments, **options):
        found = loss(*arguments, **options)
        kept.append(found[1])
        return found

    task.model.loss = noted
    try:
        window_loss(task.model, batch, reverse=reverse)
    finally:
        del task.model.loss
    [found] = kept
    found = found.view(len(batch.rows), -1)
    return found.flip(1) if reverse else found


@pytest.mark.parametrize("reverse", [False, True])
def test_no_loss_changes_when_what_its_direction_must_not_see_changes(both, reverse):
    examples = both.encode(rows())
    batch = examples.batch(np.array([40, 70, 3]))
    before = each_loss(both, batch, reverse=reverse)
    assert before.shape == (3, WINDOW)
    middle = WARM + 1
    for place in range(WINDOW):  # the target at `place`, and all that its direction reads only later
        unseen = slice(0, middle + place) if reverse else slice(middle + place + 1, None)
        values = batch.values.clone()
        values[:, unseen] = torch.randint(4, 300, values[:, unseen].shape)
        after = each_loss(both, batch._replace(values=values), reverse=reverse)
        assert torch.equal(after[:, place], before[:, place])
        seen = slice(middle + place + 1, middle + place + 3) if reverse else slice(middle + place - 2, middle + place)
        values = batch.values.clone()
        values[:, seen] = (values[:, seen] + 7) % 300 + 4
        assert not torch.isclose(
            each_loss(both, batch._replace(values=values), reverse=reverse)[:, place], before[:, place]
        ).any()


def test_the_gradient_of_one_direction_does_not_touch_the_other(both):
    batch = both.encode(rows()).batch(np.array([10, 30]))
    for reverse in (False, True):
        both.model.zero_grad()
        window_loss(both.model, batch, reverse=reverse).sum.backward()
        other = "backbone.layers" if reverse else "backbone.reverse_layers"
        moved = {name for name, parameter in both.model.named_parameters() if parameter.grad is not None}
        assert not [name for name in moved if name.startswith((other, "head." if reverse else "reverse_head."))]
        assert any(name.startswith("backbone") for name in moved)
    both.model.zero_grad()


@pytest.mark.parametrize(
    "settings", [{"directions": "forward", "num_layers": 2, "cell": "gru"}, {"directions": "backward"}, {}]
)
def test_alone_equals_in_a_batch_and_the_order_does_not_matter(settings):
    task = made(max_length=WINDOW, warm_up=WARM, **settings)
    examples = task.encode(rows())
    positions = np.array([5, 100, 61, 7])
    together = [loss.rows for loss in task.losses(examples.batch(positions))]
    turned = [loss.rows.flip(0) for loss in task.losses(examples.batch(positions[::-1].copy()))]
    assert len(together) == len(turned) == len(task.config.ways)
    for number, position in enumerate(positions.tolist()):
        for whole, alone in zip(together, task.losses(examples.batch(np.array([position]))), strict=True):
            torch.testing.assert_close(whole[number : number + 1], alone.rows)
    for one, other in zip(together, turned, strict=True):
        torch.testing.assert_close(one, other)


def test_windows_one_after_the_other_behind_their_whole_past_are_the_loss_of_the_stream():
    task = made(directions="forward", max_length=10, warm_up=1000, **PLAIN)
    examples = task.encode(rows(8))
    loss = 0.0
    for start in range(0, examples.count, 10):
        batch = examples.stretch(np.array([start]), min(10, examples.count - start), 1000)
        loss += float(window_loss(task.model, batch).sum.detach())
    whole = stream_loss(task.model, examples, reverse=False, map_pieces=one_by_one)
    assert loss / examples.count == pytest.approx(whole, rel=1e-4)


def test_a_warm_up_is_worth_its_tokens_and_has_no_gradient():
    task = made(directions="forward", max_length=4, warm_up=8, **PLAIN)
    examples = task.encode(rows(8))
    [loss] = task.losses(examples.batch(np.array([20])))
    stretch = examples.stretch(np.array([20]), 4, 0)  # without
    cold = window_loss(task.model, stretch)
    assert not torch.isclose(loss.sum, cold.sum)
    embedded = []
    handle = task.model.embedding.register_forward_hook(
        lambda _, __, padded: embedded.append(padded.values.requires_grad)
    )
    list(task.losses(examples.batch(np.array([20]))))
    handle.remove()
    assert embedded == [False, True]


def test_half_precision_trains_the_weights_that_a_warm_up_has_read():
    task = made(max_length=4, warm_up=8, **PLAIN)
    batch = task.encode(rows(8)).batch(np.array([20, 3]))
    gradients = []
    for enabled in (False, True):
        task.model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            for loss in task.losses(batch):
                loss.sum.backward()
        gradients.append({name: parameter.grad.clone() for name, parameter in task.model.named_parameters()})
    for name, exact in gradients[0].items():
        assert (gradients[1][name] - exact).norm() < 0.1 * exact.norm() + 1e-3, name


def test_the_end_of_a_text_is_predicted_and_the_beginning_read():
    task = made(max_length=50, warm_up=3)
    examples = task.encode(rows(8))
    batch = examples.batch(np.array([0]))
    for reverse in (False, True):
        read, targets = batch.read_by(reverse)
        assert END in targets
        assert END not in read
        assert BEGIN in read
        assert BEGIN not in targets
    forward, backward = (batch.read_by(reverse)[1] for reverse in (False, True))
    assert torch.equal(forward, backward.flip(1)), "both predict the same tokens"


def test_a_split_is_measured_whole_whatever_it_is_cut_into(monkeypatch, both):
    examples = both.encode(rows())
    for reverse in (False, True):
        whole = stream_loss(both.model, examples, reverse=reverse, map_pieces=one_by_one)
        monkeypatch.setattr(losses, "STRETCH", 100)
        monkeypatch.setattr(losses, "ROWS", 2)
        assert stream_loss(both.model, examples, reverse=reverse, map_pieces=one_by_one) == pytest.approx(
            whole, rel=1e-5
        )
        some = stream_loss(both.model, examples, reverse=reverse, map_pieces=one_by_one, most=300)
        assert some == pytest.approx(whole, rel=0.2)
        assert some != whole
        monkeypatch.undo()


@pytest.mark.parametrize("reverse", [False, True])
def test_a_cache_looks_back_in_the_order_of_reading_whatever_the_split_is_cut_into(monkeypatch, both, reverse):
    examples = both.encode(rows())
    monkeypatch.setattr(losses, "STRETCH", examples.count)  # a single piece
    alone, whole = cached_loss(both.model, examples, reverse=reverse, cache=150)
    monkeypatch.setattr(losses, "STRETCH", 100)
    monkeypatch.setattr(losses, "ROWS", 2)
    assert cached_loss(both.model, examples, reverse=reverse, cache=150)[1] == pytest.approx(whole, rel=1e-4)
    expected = stream_loss(both.model, examples, reverse=reverse, map_pieces=one_by_one)
    assert alone == pytest.approx(expected, rel=1e-4)
    assert whole < alone - 0.5, "a model that knows nothing learns from what it has read"
    ids = [*range(4, 300), END] * 6
    again = TextStream(Ragged.from_sequences([ids]), window=WINDOW, warm_up=WARM)
    unhelped = stream_loss(both.model, again, reverse=reverse, map_pieces=one_by_one)
    assert cached_loss(both.model, again, reverse=reverse, cache=1000)[1] < unhelped - 1


@pytest.mark.parametrize("dropout", ["word_dropout", "weight_dropout"])
def test_what_is_hidden_is_hidden_in_training_alone(dropout):
    task = made(directions="forward", max_length=20, warm_up=0, **{dropout: 0.5}, **PLAIN)
    batch = task.encode(rows()).batch(np.array([0, 50]))
    [still] = task.losses(batch)
    task.model.train()
    [hidden] = task.losses(batch)
    assert not torch.isclose(still.sum, hidden.sum)
