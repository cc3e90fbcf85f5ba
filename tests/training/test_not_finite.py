"""A number that is not finite stops the run before the update: step, row and module are named, and nothing of it is saved."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import seqtext
from seqtext.batching.batch_plan import BatchPlan
from seqtext.data.rows.splits import take
from seqtext.errors import NumericsError
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.training.fit import fit
from seqtext.training.step import seed_generators
from tests.training.line import Line, Points, points
from tests.training.stopping import after_step, checkpoints, hashes
from tests.training.test_fit import make, stepper


def checked(task: TopicClassifier, examples, rows) -> None:
    """A step over some rows, and what the device found in it."""
    steps = stepper(task)
    steps(examples, [rows], step=0)
    steps.check(examples)


LAYERS = ("in", "middle", "out")
ROWS, TOKENS, SEED = 52, 12, 3  # as `points` and `Line.split` leave them


class Poison(torch.autograd.Function):
    """Values as they are, and a gradient of NaN for some rows."""

    @staticmethod
    def forward(ctx, values: Tensor, bad: Tensor) -> Tensor:
        ctx.save_for_backward(bad)
        return values.clone()

    @staticmethod
    def backward(ctx, gradient: Tensor):
        [bad] = ctx.saved_tensors
        return gradient.masked_fill(bad.unsqueeze(1), float("nan")), None


class Numbered(Points):
    """Points whose third column is the number of the row."""

    def batch(self, rows):
        return torch.cat([super().batch(rows), torch.from_numpy(rows).unsqueeze(1)], dim=1).float()

    def to(self, device):
        return self


class Deep(Line):
    """Three layers, one of which gives NaN for one row, in its output or in its gradient."""

    def __init__(self, layer: str, row: int, kind: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        sizes = [1, 4, 4, 1]
        self.model = nn.ModuleDict({name: nn.Linear(*sizes[n : n + 2]) for n, name in enumerate(LAYERS)})
        self.layer, self.row, self.kind = layer, row, kind
        self.numbers = torch.zeros(0)
        self.model[layer].register_forward_hook(self._spoil)

    def _spoil(self, module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        bad = (self.numbers == self.row) & (self.kind == "output")
        return output.masked_fill(bad.unsqueeze(1), float("nan"))

    def encode(self, rows, *, sampling_seed=None):
        return Numbered(torch.from_numpy(rows).float())

    def loss(self, batch):
        self.numbers = batch[:, 2] if batch.shape[1] == 3 else torch.full((len(batch),), -1.0)
        values = batch[:, :1]
        for name in LAYERS:
            values = self.model[name](torch.dropout(values, 0.1, self.model.training))
            if (name, self.kind) == (self.layer, "gradient"):
                values = Poison.apply(values, self.numbers == self.row)
        rows = (values.squeeze(1) - batch[:, 1]).square()
        return seqtext.nn.losses.Loss(rows.sum(), rows.new_tensor(float(len(rows))), rows.detach())


def step_of(row: int, *, gradient_accumulation: int) -> int:
    """The step of the first epoch that has a row."""
    plan = BatchPlan(
        1 + np.arange(ROWS) % 3, tokens=TOKENS, seed=SEED, micro_batches=gradient_accumulation, max_rows=128
    )
    return next(number for number, step in enumerate(plan.epoch(0)) if any(row in rows for rows in step))


@pytest.mark.fault(42)
@settings(max_examples=10)
@given(
    layer=st.sampled_from(LAYERS),
    row=st.integers(0, ROWS - 1),
    kind=st.sampled_from(["output", "gradient"]),
    gradient_accumulation=st.integers(1, 3),
)
def test_step_row_and_module_are_named_and_nothing_is_saved(tmp_path_factory, layer, row, kind, gradient_accumulation):
    run, task = tmp_path_factory.mktemp("numbers") / "run", Deep(layer, row, kind)
    step = step_of(row, gradient_accumulation=gradient_accumulation)
    weights = []
    options = {
        "batch_tokens": TOKENS,
        "batch_rows": 128,
        "epochs": 4,
        "gradient_accumulation": gradient_accumulation,
        "seed": SEED,
        "checkpoint_every": 1,
        "device": "cpu",
    }
    note = after_step(step, lambda: weights.append(task.model.state_dict()["in.weight"].clone()))
    with note as made, pytest.raises(NumericsError) as error:
        fit(task, points(), run=run, **options)
    assert len(made) == step
    assert error.value.exit_code == 4
    what = "loss" if kind == "output" else "gradient"
    told = (
        rf"step {step + 1}: the {what} of row\(s\) {row + 1} is not finite, first in the {kind} of {layer}; the weights"
    )
    assert re.match(told, str(error.value))
    if step:
        assert torch.equal(task.model.state_dict()["in.weight"], weights[0]), "the weights are as they were"
        assert checkpoints(run)[-1] == f"step-{step:08d}"
    else:
        assert not (run / "checkpoints").exists()
    assert not (run / "model").exists()


def test_rows_have_the_numbers_of_their_source_whatever_was_drawn_from_it(topics, tmp_path):
    drawn = take(topics["train"], 60, seed=1)
    task = TopicClassifier.from_data(drawn, hidden_size=8, embedding_size=8, vocabulary_size=300)
    loss = task.loss
    wanted = drawn[17]["text"]

    def spoilt(batch):
        found = loss(batch)
        bad = torch.where(batch.rows == 17, float("inf"), 1.0)
        return replace(found, sum=found.sum * bad.max(), rows=found.rows * bad)

    task.loss = spoilt
    with pytest.raises(NumericsError) as error:
        seqtext.fit(task, drawn, topics["validation"], run=tmp_path / "run", device="cpu", batch_tokens=300)
    [number] = re.findall(r"row\(s\) (\d+) is not", str(error.value))
    assert topics["train"][int(number) - 1]["text"] == wanted


@pytest.mark.fault(43)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_layer_and_the_step_of_the_row_are_named(topics, cell):
    task = make(topics, cell=cell, num_layers=2, bidirectional=False)
    examples, rows = task.encode(topics["train"]), np.array([3, 8, 5])

    def spoil(module, inputs, output):
        late = torch.zeros_like(output[0])
        late[1, 4:] = float("nan")
        return output[0] + late, output[1]

    task.model.backbone.layers[1].register_forward_hook(spoil)
    with pytest.raises(
        NumericsError, match=r"row\(s\) 9 is not finite, first in the output of backbone\.layers\.1, step 5 of"
    ):
        checked(task, examples, rows)


def test_a_loss_that_is_not_finite_though_every_gradient_is_stops_too(topics):
    task = make(topics)
    examples, loss = task.encode(topics["train"]), task.loss
    task.loss = lambda batch: replace(loss(batch), sum=loss(batch).sum + torch.tensor(float("inf")))
    before = [parameter.detach().clone() for parameter in task.model.parameters()]
    with pytest.raises(NumericsError, match="step 1: the gradient is not finite"):
        checked(task, examples, np.arange(4))
    for parameter, was in zip(task.model.parameters(), before, strict=True):
        assert torch.equal(parameter, was)


@pytest.mark.fault(42)
def test_weights_that_an_update_made_infinite_are_not_saved(tmp_path):
    with pytest.raises(NumericsError, match=r"step 1: model/weight is not finite after the update; nothing was saved"):
        fit(Line(), points(), run=tmp_path / "run", learning_rate=1e39, warmup=0.0, checkpoint_every=1, device="cpu")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_finding_the_place_draws_what_the_step_drew_and_leaves_no_hooks(topics):
    task = make(topics, word_dropout=0.0)
    examples, drawn = task.encode(topics["train"]), []

    def note(module, inputs, output):
        drawn.append(output[0].detach().clone())
        return output[0] * float("nan"), output[1]

    task.model.backbone.layers[0].register_forward_hook(note)
    hooks = [len(module._forward_hooks) for module in task.model.modules()]
    with pytest.raises(NumericsError):
        checked(task, examples, np.arange(6))
    assert len(drawn) == 2
    assert torch.equal(drawn[0], drawn[1])
    assert [len(module._forward_hooks) for module in task.model.modules()] == hooks


@pytest.mark.fault(42, 48)
def test_fp16_overflows_are_counted_across_a_stop(tmp_path, monkeypatch):
    """Without a GPU: the loss scale of a stand-in overflows in every third step, exactly as often in a run that was stopped."""
    from seqtext.training.update import GuardedUpdate
    from tests.training.stopping import killed_in_step

    plain = GuardedUpdate.__call__

    def update(self, loss_sum, count, step):
        norm, _ = plain(self, loss_sum, count, step)
        skipped = float(loss_sum) % 0.003 < 0.001  # of the loss, which is the same in both runs
        in_all, in_a_row, _ = self.overflows
        self.set_overflows(in_all + skipped, (in_a_row + 1) if skipped else 0)
        return norm, torch.tensor(skipped)

    monkeypatch.setattr(GuardedUpdate, "__call__", update)
    options = {"device": "cpu", "batch_tokens": 1, "epochs": 2, "checkpoint_every": 7}
    fit(Line(), points(), run=tmp_path / "whole", **options)
    with killed_in_step(33):
        fit(Line(), points(), run=tmp_path / "run", **options)
    fit(Line(), points(), run=tmp_path / "run", resume=True, **options)
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")
    counted = [
        re.search(
            r'"overflows": (\d+)', (tmp_path / run / "checkpoints" / "step-00000104" / "progress.json").read_text()
        )[1]
        for run in ("whole", "run")
    ]
    assert counted[0] == counted[1] != "0"


def test_draws_of_a_micro_batch_follow_its_place():
    seed_generators(1, 2, 0)
    one = torch.rand(2)
    seed_generators(1, 2, 0)
    assert torch.equal(one, torch.rand(2))
