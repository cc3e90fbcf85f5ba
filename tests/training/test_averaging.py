"""The mean of the last epochs' weights stands beside the moving average: the better is kept and told, and a killed run keeps the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from seqtext.errors import OptionsError, ResourceError
from seqtext.nn import memory
from seqtext.training.averaging import Averages
from seqtext.training.fit import fit
from tests.training.line import Line, points
from tests.training.stopping import hashes, killed_at, killed_in_step

EPOCHS = {"device": "cpu", "threads": 1, "batch_tokens": 1, "learning_rate": 0.05, "epochs": 4, "checkpoint_every": 5}


class Noted(Line):
    """Notes the weights that it is validated with."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def validate(self, examples, **options):
        self.seen.append(self.model.weight.item())
        return super().validate(examples, **options)


def train(run: Path, task: Line | None = None, **options):
    return fit(task or Noted(), points(20), run=run, **{**EPOCHS, "average_last": 3, **options})


def test_the_mean_is_of_the_weights_at_the_ends_of_the_last_epochs(tmp_path):
    task = Noted()
    train(tmp_path / "run", task, ema_decay=0.0)
    first, second, mean_of_two, third, mean_of_three, fourth, last_mean = task.seen
    assert mean_of_two == pytest.approx((first + second) / 2)
    assert mean_of_three == pytest.approx((first + second + third) / 3)
    assert last_mean == pytest.approx((second + third + fourth) / 3)
    assert len(set(task.seen)) == 7


@pytest.mark.parametrize("wanted", ["mean of the last 2 epochs", "weights as they are"])
def test_the_better_one_is_kept_and_told(wanted, tmp_path, capsys):
    class Decided(Noted):
        def validate(self, examples, **options):
            super().validate(examples, **options)
            is_mean = len(self.seen) == 3  # after the second epoch's own
            error = 1.0 if is_mean == wanted.startswith("mean") and len(self.seen) > 1 else 2.0
            return {"loss": error, "error": error}

    task = Decided()
    result = train(tmp_path / "run", task, epochs=2, ema_decay=0.0)
    kept = task.seen[2] if wanted.startswith("mean") else task.seen[1]
    assert task.model.weight.item() == kept
    assert result.best_epoch == 2
    assert f"epoch 2 of 2 ({wanted}), the lowest error on the validation rows" in result.selection
    assert result.validation == {"loss": 1.0, "error": 1.0}
    other = {"mean of the last 2 epochs": "weights as they are"}.get(wanted, "mean of the last 2 epochs")
    assert f"error 1.0000 of the {wanted}, error 2.0000 of the {other} (best)" in capsys.readouterr().err
    line = json.loads((tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").split("\n")[-2])
    assert line["weights"] == wanted
    assert line["others"] == {other: {"loss": 2.0, "error": 2.0}}


def test_of_equals_the_moving_average_is_kept(tmp_path):
    class Even(Line):
        def validate(self, examples, **options):
            return {"loss": 1.0, "error": 1.0}

    assert "epoch 1 of 4 (moving average)" in train(tmp_path / "run", Even()).selection


def test_without_it_nothing_is_said_of_weights(tmp_path):
    result = train(tmp_path / "run", average_last=0)
    assert result.selection.startswith(f"epoch {result.best_epoch} of 4, the lowest error")
    assert not any("weights" in line for line in result.history)


@pytest.mark.fault(50)
@pytest.mark.parametrize("kill", [(17, None), (40, None), (None, 2), (None, 3), (None, 7)])
def test_a_killed_run_ends_with_the_same_bits(kill, tmp_path):
    train(tmp_path / "whole")
    step, validation = kill
    with killed_in_step(step) if step else killed_at(Noted, "validate", validation):
        train(tmp_path / "run")
    train(tmp_path / "run", resume=True)
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


def test_a_run_goes_on_with_as_many_copies_only(tmp_path):
    with killed_in_step(17):
        train(tmp_path / "run")
    with pytest.raises(OptionsError, match="--average_last was 3 and is 2"):
        train(tmp_path / "run", resume=True, average_last=2)


def test_each_epoch_is_a_copy_of_the_weights():
    module = torch.nn.Linear(3, 2)
    plain = sum(tensor.numel() for tensor in Averages(module, 0.9).state().values())
    assert sum(tensor.numel() for tensor in Averages(module, 0.9, 5).state().values()) == 6 * plain


def test_copies_that_do_not_fit_are_refused_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_free", lambda: 4 * 2 * (memory.COPIES + 5))
    with pytest.raises(ResourceError, match="to train it"):
        train(tmp_path / "run", average_last=9)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_number_of_epochs_below_zero_is_refused():
    with pytest.raises(OptionsError, match=r"--average_last is -1; expected 0 or more"):
        fit(Line(), points(), average_last=-1)
