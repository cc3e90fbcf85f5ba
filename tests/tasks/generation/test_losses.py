"""The losses of a generator: in windows, in micro-batches, with the vector and without."""

from __future__ import annotations

import json
from dataclasses import replace

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.tasks.generation import losses as module
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.losses import window_loss, without_vector
from seqtext.tasks.generation.vectors import asked, components
from tests.tasks.generation.generators import SIZES, of


def texts(*given: str) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": list(given), "label": ["sea", "town", "wood"] * (len(given) // 3)})


LONG = texts("", "the ship sails over waves " * 3, "deer", "a tram passes", "", "gulls follow the ship")


def summed(losses) -> tuple[float, float, list[float]]:
    losses = list(losses)
    total = sum(float(loss.sum.detach()) for loss in losses)
    return total, sum(float(loss.count) for loss in losses), sum(loss.rows for loss in losses).tolist()


@pytest.mark.fault(34)
@pytest.mark.parametrize("settings", [{}, {"feedback": "zeros"}, {"cell": "rnn"}, {"attributes": ()}])
@pytest.mark.parametrize("length", [1, 4, 7])
def test_windows_have_the_loss_of_the_whole(rows, settings, length):
    task = of(rows, **settings)
    batch = task.encode(LONG).batch(np.arange(6))
    one = list(task.losses(batch))
    assert len(one) == 1
    task.config = replace(task.config, max_length=length)
    windows = list(task.losses(batch))
    assert len(windows) == -(-int(batch.tokens.lengths.max()) // length)
    (total, count, by_row), expected = summed(windows), summed(one)
    assert total == pytest.approx(expected[0], rel=1e-5)
    assert count == expected[1] == task.encode(LONG).steps_in(np.arange(6))
    assert by_row == pytest.approx(expected[2], rel=1e-5)
    assert sum(by_row) == pytest.approx(total, rel=1e-5)


def test_the_gradient_of_a_window_stops_at_its_start(rows):
    task = of(rows, max_length=3)
    batch = task.encode(LONG).batch(np.arange(6))
    for loss in task.losses(batch):
        loss.sum.backward()  # would fail if the graph of the window before were needed
    assert all(torch.isfinite(p.grad).all() for p in task.model.parameters() if p.grad is not None)


@pytest.mark.fault(48)
def test_micro_batches_add_up(generator, rows):
    examples = generator.encode(rows)
    whole = summed(generator.losses(examples.batch(np.arange(30))))
    parts = [summed(generator.losses(examples.batch(np.arange(*cut)))) for cut in ((0, 1), (1, 9), (9, 30))]
    assert sum(part[0] for part in parts) == pytest.approx(whole[0], rel=1e-5)
    assert sum(part[1] for part in parts) == whole[1]
    assert [row for part in parts for row in part[2]] == pytest.approx(whole[2], rel=1e-4)


@pytest.mark.fault(20, 21)
def test_an_empty_text_is_its_end_alone(generator):
    examples = generator.encode(texts("", "", ""))
    batch = examples.batch(np.arange(3))
    assert examples.lengths.tolist() == [1, 1, 1]
    assert batch.tokens.lengths.tolist() == [1, 1, 1]
    generator.model.head.bias.data[END] += (far := 30.0)
    try:
        [_, score, *_] = generator("sea")[0]
        assert generator("sea")[0].text == ""
    finally:
        generator.model.head.bias.data[END] -= far
    assert score == pytest.approx(0, abs=1e-3)
    state = generator.model.initial_state(batch.vectors, 3)
    outputs, _ = generator.model.step(torch.full((3,), BEGIN), state)
    expected = -generator.model.head(outputs, generator.model.embedding.weight).log_softmax(-1)[:, END]
    [loss] = generator.losses(batch)
    assert loss.rows.tolist() == pytest.approx(expected.tolist(), rel=1e-5)


def test_what_is_read_is_one_step_behind_what_is_written(generator):
    batch = generator.encode(texts("the ship sails", "", "deer")).batch(np.arange(3))
    for row, text in enumerate(("the ship sails", "", "deer")):
        ids = [] if not text else generator.tokenizer.encode([text])[0]
        length = int(batch.tokens.lengths[row])
        assert batch.tokens.values[row, :length].tolist() == [BEGIN, *ids]
        assert batch.targets[row, :length].tolist() == [*ids, END]


def test_evaluation_is_the_mean_loss_of_a_token_with_the_vector_and_without(generator, rows, monkeypatch):
    examples = generator.encode(rows)
    total, count, _ = summed(generator.losses(examples.batch(np.arange(300))))
    figures = generator.validate(examples)
    assert figures["loss"] == pytest.approx(total / count, rel=1e-5)
    assert figures["perplexity"] == pytest.approx(np.exp(total / count), rel=1e-4)
    assert figures["perplexity_without_vector"] != pytest.approx(figures["perplexity"], rel=1e-3)
    generator.model.no_vector.data, kept = torch.tensor([1.0, 0, 0]), generator.model.no_vector.data
    try:
        sea = rows.filter(lambda row: row["label"] == "sea")
        same = generator.validate(generator.encode(sea))
    finally:
        generator.model.no_vector.data = kept
    assert same["perplexity_without_vector"] == pytest.approx(same["perplexity"], rel=1e-6)
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", 64)
    assert generator.validate(examples)["loss"] == pytest.approx(figures["loss"], rel=1e-5)


def test_any_stands_for_the_vector_of_some_rows_in_training_alone(rows):
    task = of(rows, vector_dropout=0.5)
    batch = task.encode(rows).batch(np.arange(300))
    [own], [again] = task.losses(batch), task.losses(batch)
    assert torch.equal(own.rows, again.rows)
    [any_of] = task.losses(batch._replace(vectors=task.model.no_vector.expand_as(batch.vectors)))
    torch.manual_seed(0)
    gone = without_vector(batch, 0.5)
    assert 100 < int(gone.sum()) < 200
    assert without_vector(batch, 0.0) is None
    mixed, _ = window_loss(task.model, batch, gone=gone)
    expected = torch.where(gone.flatten(), any_of.rows, own.rows)
    assert torch.allclose(mixed.rows, expected, rtol=1e-5)
    for part in task.model.modules():  # in training nothing else is dropped
        part.train(part is task.model)
    torch.manual_seed(0)
    [trained] = task.losses(batch)
    assert torch.allclose(trained.rows, expected, rtol=1e-5)


def test_the_vector_learns_from_every_window(rows):
    task = of(rows, max_length=3, vector_dropout=0.0)
    batch = task.encode(LONG).batch(np.arange(6))
    windows = 0
    for number, loss in enumerate(task.losses(batch)):
        windows += 1
        task.model.zero_grad()
        loss.sum.backward()
        assert task.model.to_input.weight.grad.abs().sum() > 0, f"window {number}"
        state = task.model.to_state.weight.grad  # the state before a later window is of the past, and cut off
        assert (number == 0) == (state is not None and bool(state.abs().sum() > 0))
    assert windows > 1


def test_a_mixture_is_made_of_vectors_that_training_had(generator, rows):
    def parts(request):
        pure, weights = components(asked(request, generator.config), generator.config)
        return [(one.tolist(), pytest.approx(weight)) for one, weight in zip(pure, weights.tolist(), strict=True)]

    assert parts({"sea": 0.7, "wood": 0.3}) == [([1, 0, 0], 0.7), ([0, 0, 1], 0.3)]
    assert parts("town") == [([0, 1, 0], 1.0)]
    assert parts(np.array([0.5, 0.5, 0.0])) == [([1, 0, 0], 0.5), ([0, 1, 0], 0.5)]
    shares = generator.config.shares
    usual = dict(zip(generator.config.names[0], shares, strict=True))
    assert [weight for _, weight in parts(usual)] == list(shares), (
        "what was asked for, though it is what training had on average"
    )
    assert parts(np.array([2.0, -1.0, 0.0])) == [([2, -1, 0], 1.0)]  # no mixture: taken as it is
    two = of(rows, attributes=["label", "style"])
    mixed = {"label:sea": 0.5, "label:town": 0.5, "style:terse": 1.0}
    pure, weights = components(asked(mixed, two.config), two.config)
    assert weights.tolist() == [0.5, 0.5]
    assert pure[:, 3:].tolist() == [[0, 0, 1]] * 2
    pure, _ = components(
        asked("terse", two.config), two.config
    )  # what is not asked for stays as training had it on average
    assert pure[:, :3].tolist() == [pytest.approx(two.config.shares[:3])]


def test_a_text_is_the_same_among_mixtures_and_alone(generator):
    requests = ["sea", {"sea": 0.6, "town": 0.4}, None, {"sea": 1, "town": 1, "wood": 1}]
    together = generator(requests, seed=3, count=2)
    for place, request_ in enumerate(requests):
        before = [requests[0]] * place  # the place counts, the neighbours do not
        alone = generator([*before, request_], seed=3, count=2)[2 * place :]
        assert [(one.text, one.log_probability) for one in alone] == [
            (one.text, one.log_probability) for one in together[2 * place : 2 * place + 2]
        ]


def test_any_begins_as_the_mixture_of_the_training_rows(rows):
    task = TextGenerator.from_data(rows, **SIZES)
    assert task.model.no_vector.tolist() == pytest.approx(task.config.shares)


def test_label_smoothing_is_of_training_alone(rows):
    task = of(rows, label_smoothing=0.3)
    batch = task.encode(rows).batch(np.arange(8))
    plain = summed(of(rows).losses(batch))[0]
    assert summed(task.losses(batch))[0] == pytest.approx(plain, rel=1e-6)
    task.model.train()
    for part in task.model.modules():
        if "Dropout" in type(part).__name__:
            part.eval()
    task.config = replace(task.config, vector_dropout=0.0)
    assert summed(task.losses(batch))[0] != pytest.approx(plain, rel=1e-3)


def test_subword_sampling_cuts_words_anew(rows):
    task = of(rows, subword_sampling=True)
    assert task.encodes_each_epoch
    one, two, again = (task.encode(rows, sampling_seed=seed).lengths.tolist() for seed in (1, 2, 1))
    assert one == again != two


def test_resumed_equals_uninterrupted_to_the_bit_in_windows_too(rows, topics, tmp_path):
    def new() -> TextGenerator:
        return TextGenerator.from_data(rows, max_length=6, num_layers=2, subword_sampling=True, **SIZES)

    def trained(task: TextGenerator, run: str, **options: object) -> None:
        options = {
            "epochs": 3,
            "batch_tokens": 900,
            "gradient_accumulation": 2,
            "device": "cpu",
            "precision": "bf16",
            **options,
        }
        seqtext.fit(task, rows, topics["validation"], run=tmp_path / run, learning_rate=0.01, **options)

    def stopping(examples, **how):
        if (tmp_path / "stopped" / "model").is_dir():
            raise KeyboardInterrupt
        return evaluate(examples, **how)

    trained(new(), "whole")
    stopped = new()
    evaluate, stopped.validate = stopped.validate, stopping
    with pytest.raises(KeyboardInterrupt):
        trained(stopped, "stopped")
    trained(new(), "stopped", resume=True)
    for name in ("model/model.safetensors", "metrics.jsonl"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()
    losses = [json.loads(line) for line in (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()]
    validations = [line["validation"]["loss"] for line in losses if "validation" in line]
    assert validations[0] > validations[-1]
