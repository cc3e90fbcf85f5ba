"""The loop: exact sums, exact resume, refusals before the update."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import seqtext
from seqtext.batching.usual import Usual
from seqtext.errors import NumericsError, OptionsError, SavedFileError
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.training.averaging import Averages
from seqtext.training.optimizer import make_optimizer
from seqtext.training.schedule import learning_rate_factor, progress_of
from seqtext.training.step import Stepper, seed_generators

SIZES = {"hidden_size": 12, "embedding_size": 12, "vocabulary_size": 400}
QUICK = {"batch_tokens": 400, "learning_rate": 0.01, "device": "cpu"}


def make(topics, **settings) -> TopicClassifier:
    return TopicClassifier.from_data(topics["train"], **{**SIZES, **settings})


def stepper(task, precision="fp32", max_grad_norm=1e9, check_every=1) -> Stepper:
    optimizer = make_optimizer(task.model, learning_rate=0.01, weight_decay=0.01)
    return Stepper(
        task,
        optimizer,
        precision=precision,
        device=torch.device("cpu"),
        max_grad_norm=max_grad_norm,
        seed=1,
        check_every=check_every,
    )


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_it_learns_and_leaves_the_best_model_in_run_and_task(topics, tmp_path, cell, precision):
    task = make(topics, cell=cell)
    result = seqtext.fit(
        task, topics["train"], topics["validation"], run=tmp_path / "run", epochs=8, precision=precision, **QUICK
    )
    assert result.validation["accuracy"] > 0.9
    loaded = seqtext.load(tmp_path / "run")
    test = list(topics["test"]["text"])
    assert np.array_equal(loaded.encode_texts(test), task.encode_texts(test))
    assert np.mean([p.label == x for p, x in zip(loaded(test), topics["test"]["label"], strict=True)]) > 0.85
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if "validation" in line] == list(range(1, 9))
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 2


@pytest.mark.fault(59)
@pytest.mark.parametrize("settings", [{}, {"subword_sampling": True}, {"optimizer": "muon"}])
def test_resumed_equals_uninterrupted_to_the_bit(topics, tmp_path, settings):
    options = {**QUICK, "epochs": 4, "gradient_accumulation": 2, "precision": "bf16"}
    options["optimizer"] = settings.get("optimizer", "adamw")
    settings = {"word_dropout": 0.2, **{name: value for name, value in settings.items() if name != "optimizer"}}
    whole = make(topics, **settings)
    seqtext.fit(whole, topics["train"], topics["validation"], run=tmp_path / "whole", **options)
    stopped = make(topics, **settings)
    run = tmp_path / "stopped"
    _stop_after_epochs(
        stopped, 2, lambda: seqtext.fit(stopped, topics["train"], topics["validation"], run=run, **options)
    )
    again = make(topics, **settings)
    seqtext.fit(again, topics["train"], topics["validation"], run=run, resume=True, **options)
    for name in ("model/model.safetensors", "metrics.jsonl"):
        assert (tmp_path / "whole" / name).read_bytes() == (run / name).read_bytes()
    states = [sorted(path.glob("checkpoints/*/state.safetensors")) for path in (tmp_path / "whole", run)]
    assert [a.read_bytes() for a in states[0]] == [b.read_bytes() for b in states[1]]


def _stop_after_epochs(task, epochs, train) -> None:
    """Runs `train` until Ctrl-C comes, after the steps of the next epoch."""
    evaluate, seen = task.validate, []

    def evaluated(examples, **how):
        seen.append(1)
        if len(seen) > epochs:
            raise KeyboardInterrupt
        return evaluate(examples, **how)

    task.validate = evaluated
    with pytest.raises(KeyboardInterrupt):
        train()


@pytest.mark.fault(54)
def test_a_torn_checkpoint_is_passed_over_and_named(topics, tmp_path, capsys):
    options = {**QUICK, "epochs": 2}
    run = tmp_path / "run"
    first = make(topics)
    seqtext.fit(first, topics["train"], topics["validation"], run=run, **options)
    newest = sorted((run / "checkpoints").iterdir())[-1] / "state.safetensors"
    newest.write_bytes(newest.read_bytes()[:-5])
    again = make(topics)
    seqtext.fit(again, topics["train"], topics["validation"], run=run, resume=True, **options)
    assert f"checkpoint passed over: {newest}" in capsys.readouterr().err
    for path in (run / "checkpoints").iterdir():
        (path / "state.safetensors").write_bytes(b"")
    with pytest.raises(SavedFileError, match="no checkpoint that verifies"):
        seqtext.fit(make(topics), topics["train"], topics["validation"], run=run, resume=True, **options)


@pytest.mark.fault(48)
def test_accumulated_micro_batches_are_one_batch(topics):
    one = make(topics, word_dropout=0.0, embedding_dropout=0.0, head_dropout=0.0)
    many = copy.deepcopy(one)
    examples = one.encode(topics["train"])
    rows = np.arange(24)
    stepper(one)(examples, [rows], step=0)
    stepper(many)(examples, [rows[:1], rows[1:10], rows[10:]], step=0)
    assert len(list(one.model.parameters())) > 3
    for a, b in zip(one.model.parameters(), many.model.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.fault(42)
def test_a_loss_that_is_not_finite_stops_before_the_update_and_names_the_row(topics):
    task = make(topics)
    examples = task.encode(topics["train"])
    before = copy.deepcopy(task.model.state_dict())
    loss = task.loss

    def poisoned(batch):
        found = loss(batch)
        bad = torch.where(batch.rows == 5, float("nan"), 1.0)
        return replace(found, sum=(found.sum * bad).sum(), rows=found.rows * bad)

    task.loss = poisoned
    with pytest.raises(NumericsError, match=r"step 3: the loss of row\(s\) 6 is not finite") as caught:
        steps = stepper(task, check_every=20)
        steps(examples, [np.array([1, 2]), np.array([4, 5])], step=2)
        steps(examples, [np.array([1, 2]), np.array([6, 7])], step=3)  # a good one, which moves nothing any more
        steps.check(examples)
    assert caught.value.exit_code == 4
    assert all(torch.equal(before[name], value) for name, value in task.model.state_dict().items())


@pytest.mark.fault(42, 48)
def test_fp16_overflows_are_skipped_and_twenty_in_a_row_stop(topics):
    task = make(topics, cell="gru")  # torch has no fp16 LSTM on the CPU
    examples, loss = task.encode(topics["train"]), task.loss
    steps = stepper(task, precision="fp16")
    skipped = [bool(steps(examples, [np.arange(8)], step=step).left_out) for step in range(6)]
    assert not skipped[-1]  # the loss scale has settled
    task.loss = lambda batch: replace(loss(batch), sum=loss(batch).sum * float("inf"))
    assert steps(examples, [np.arange(8)], step=1).left_out
    steps.check(examples)
    with pytest.raises(NumericsError, match="overflowed 20 steps in a row"):
        for step in range(20):
            steps(examples, [np.arange(8)], step=step)
        steps.check(examples)


def test_dropout_depends_on_position_not_on_history():
    seed_generators(1, 2, 3)
    first = torch.rand(4)
    torch.rand(100)
    seed_generators(1, 2, 3)
    assert torch.equal(first, torch.rand(4))
    seed_generators(1, 2, 4)
    assert not torch.equal(first, torch.rand(4))


def test_the_average_is_of_all_weights_and_leaves_the_module_as_it_was():
    module = torch.nn.Linear(2, 2)
    averages = Averages(module, 0.5)
    start = module.weight.detach().clone()
    with torch.no_grad():
        module.weight += 1
    averages.update(1000)
    [weights] = averages.at_end_of(1).values()
    with averages.applied(weights):
        torch.testing.assert_close(module.weight.detach(), start + 0.5)
    torch.testing.assert_close(module.weight.detach(), start + 1)


def test_the_learning_rate_rises_and_falls():
    factors = [learning_rate_factor(p / 100, warmup=0.1) for p in range(101)]
    assert factors[0] == 0
    assert max(factors) == factors[10] == 1
    assert factors[100] == pytest.approx(0, abs=1e-12)
    assert factors[:10] == sorted(factors[:10])
    assert factors[10:] == sorted(factors[10:], reverse=True)


def test_progress_follows_whichever_limit_comes_first():
    common = {"epochs": 4, "step": 10, "minutes": 1.0}
    assert progress_of(epoch_progress=1, max_steps=None, max_minutes=None, **common) == 0.25
    assert progress_of(epoch_progress=1, max_steps=20, max_minutes=None, **common) == 0.5
    assert progress_of(epoch_progress=1, max_steps=20, max_minutes=1.25, **common) == 0.8
    assert progress_of(epoch_progress=9, max_steps=20, max_minutes=1.25, **common) == 1


def test_limits_of_steps_and_patience_hold(topics, tmp_path):
    result = seqtext.fit(make(topics), topics["train"], topics["validation"], run=tmp_path / "a", max_steps=5, **QUICK)
    assert result.steps == 5
    options = {**QUICK, "learning_rate": 1e-12, "epochs": 9, "patience_epochs": 2}
    result = seqtext.fit(
        make(topics), topics["train"], topics["validation"], run=tmp_path / "b", ema_decay=0.0, **options
    )
    evaluations = [line for line in result.history if "validation" in line]
    assert len(evaluations) == 3 + result.best_epoch - 1


def test_patience_that_is_usual_for_a_task_ends_it_too(topics, tmp_path, monkeypatch):
    monkeypatch.setattr(seqtext.TopicClassifier, "usual", Usual(patience=2))
    options = {**QUICK, "learning_rate": 1e-12, "ema_decay": 0.0}
    result = seqtext.fit(make(topics), topics["train"], topics["validation"], run=tmp_path / "run", **options)
    evaluations = [line for line in result.history if "validation" in line]
    assert len(evaluations) == 3 + result.best_epoch - 1


def test_without_validation_rows_a_part_of_train_is_held_out(topics, tmp_path):
    result = seqtext.fit(make(topics), topics["train"], run=tmp_path / "run", epochs=1, **QUICK)
    assert set(result.validation) == {"loss", "accuracy", "macro_f1"}


def test_options_that_cannot_be_meant_are_told_together(topics):
    with pytest.raises(OptionsError, match=r"2 options:\n  --epochs is 0; expected more than 0\n  --warmup is 1.5"):
        seqtext.fit(make(topics), topics["train"], epochs=0, warmup=1.5)
