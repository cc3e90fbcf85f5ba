"""Nobody's files go by accident, what is refused leaves everything as it was, and a stopped run goes on."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from seqtext.errors import DataError, OptionsError, ResourceError, SavedFileError
from seqtext.options import TrainingOptions
from seqtext.saving.configs import read_options
from seqtext.saving.folders import read_folder
from seqtext.training import tracking
from seqtext.training.fit import fit
from seqtext.training.run_folder import RunFolder
from tests.training.line import Line, points
from tests.training.stopping import hashes

QUICK = {"device": "cpu", "batch_tokens": 8, "learning_rate": 0.05, "epochs": 3}


def train(run: Path, task: Line | None = None, **options):
    return fit(task or Line(), points(), run=run, **{**QUICK, **options})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop_in_epoch(number: int) -> Line:
    """A task that Ctrl-C stops after the steps of an epoch."""
    task, seen = Line(), []
    evaluate = task.validate

    def evaluated(examples, **how):
        seen.append(1)
        if len(seen) == number:
            raise KeyboardInterrupt
        return evaluate(examples, **how)

    task.validate = evaluated
    return task


# ---- whose folder it is


def test_a_folder_that_is_taken_is_refused(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "options.yaml").write_text("epochs: 1\n")
    with pytest.raises(OptionsError, match=r"taken: the folder already holds a run; choose another --run, or --resume"):
        RunFolder(tmp_path / "taken").prepare(overwrite=False, resume=False)
    RunFolder(tmp_path / "taken").prepare(overwrite=True, resume=False)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == [".lock"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionsError, match="it is a file"):
        RunFolder(tmp_path / "file").prepare(overwrite=True, resume=False)
    for name in ("none", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(OptionsError, match="there is no run to resume; leave --resume out to start one"):
            RunFolder(tmp_path / name).prepare(overwrite=False, resume=True)


@pytest.mark.parametrize(
    "files",
    [
        {"chapter.tex": "years of work"},
        {"README.md": "my book", "report/ch.md": "one", "thesis.tex": "x"},
        {"options.yaml": "colour: blue\n", "model/a.stl": "x"},
        {"options.yaml": "[1, 2]"},
        {"options.yaml": "a: [", "metrics.jsonl": ""},
        {"seed-0/options.yaml": "epochs: 1\n", "seeds.json": "{}"},
    ],
)
def test_files_of_somebody_else_are_never_overwritten_whatever_they_are_called(tmp_path, files):
    for name, text in files.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(text)
    for overwrite in (False, True):
        with pytest.raises(OptionsError, match=r"the folder holds other files \(.*\); choose a new folder"):
            RunFolder(tmp_path / "mine").prepare(overwrite=overwrite, resume=False)
    with pytest.raises(OptionsError, match="there is no run to resume"):
        RunFolder(tmp_path / "mine").prepare(overwrite=False, resume=True)
    assert contents(tmp_path / "mine") == {name: text.encode() for name, text in files.items()}


# ---- refused before anything is written


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"track": "wandb"}, ResourceError),
        ({"precision": "fp16"}, ResourceError),
        ({"device": "cuda:99"}, ResourceError),
        ({"resume": True}, OptionsError),
    ],
)
def test_what_is_refused_leaves_an_old_run_as_it_was_and_a_new_one_unmade(tmp_path, monkeypatch, options, fault):
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    train(tmp_path / "old")
    before = contents(tmp_path / "old")
    with pytest.raises(fault):
        train(tmp_path / "old", overwrite=True, **options)
    assert contents(tmp_path / "old") == before
    with pytest.raises(fault):
        train(tmp_path / "new", **options)
    train(tmp_path / "new")


def test_rows_that_cannot_be_used_are_found_before_an_old_run_goes(tmp_path):
    train(tmp_path / "old")
    before, task = contents(tmp_path / "old"), Line()

    def refuse(rows, *, sampling_seed=None):
        raise DataError("a row is damaged")

    task.encode = refuse
    with pytest.raises(DataError):
        train(tmp_path / "old", task, overwrite=True)
    assert contents(tmp_path / "old") == before


# ---- gone on with


def test_a_run_stopped_in_its_first_epoch_starts_again_on_resume(tmp_path):
    train(tmp_path / "whole", seed=3)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", stop_in_epoch(1), seed=3)
    with (tmp_path / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 1, "los')
    train(tmp_path / "run", resume=True, seed=3)
    assert read_folder(tmp_path / "run" / "model") == read_folder(tmp_path / "whole" / "model")
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == (tmp_path / "whole" / "metrics.jsonl").read_bytes()


def test_what_was_asked_at_first_stays_written_when_a_run_is_resumed(tmp_path):
    train(tmp_path / "run", epochs=2)
    for epochs, kept in ((1, 2), (2, 2), (3, 3)):  # more epochs are another wish
        train(tmp_path / "run", epochs=epochs, resume=True)
        written = read_options(TrainingOptions, tmp_path / "run" / "options.yaml")
        assert (written.epochs, written.resume) == (kept, False)


def test_lines_of_both_logs_are_there_once_after_a_stop(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", stop_in_epoch(3), batch_tokens=1, epochs=4)  # 52 steps an epoch, two or three lines
    train(tmp_path / "run", batch_tokens=1, epochs=4, resume=True)
    for name in ("metrics.jsonl", "timing.jsonl"):
        lines = [json.loads(line) for line in (tmp_path / "run" / name).read_text().splitlines()]
        steps = [line["step"] for line in lines if "validation" not in line]
        assert steps == list(range(20, 209, 20))


@pytest.mark.parametrize("damage", ["missing", "cut", "not JSON"])
def test_a_damaged_log_is_named(tmp_path, damage):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", stop_in_epoch(2))
    log = tmp_path / "run" / "metrics.jsonl"
    data = log.read_bytes()
    if damage == "missing":
        log.unlink()
    else:
        log.write_bytes(data[:50] if damage == "cut" else b"x" + data[1:])
    told = {"missing": "metrics.jsonl: 0 bytes; expected at least", "cut": "bytes; expected at least"}
    with pytest.raises(SavedFileError, match=told.get(damage, "metrics.jsonl: the content is not what was written")):
        train(tmp_path / "run", resume=True)


def test_figures_of_a_run_are_the_same_when_it_is_resumed_after_its_end(tmp_path):
    first = train(tmp_path / "run")
    again = train(tmp_path / "run", resume=True)
    assert first.padding > 0
    assert 0 < first.batch_share < 1
    assert again == first


def test_time_that_is_not_spent_in_steps_is_not_in_the_share_of_batches(tmp_path, monkeypatch):
    task, clock = Line(), [0.0]
    evaluate = task.validate

    def slow(examples, **how):
        clock[0] += 1000
        return evaluate(examples, **how)

    task.validate = slow
    monkeypatch.setattr("seqtext.training.loop.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("seqtext.training.step.time.perf_counter", lambda: clock[0])
    loss = task.loss

    def timed(batch):
        clock[0] += 1
        return loss(batch)

    task.loss = timed
    monkeypatch.setattr("seqtext.training.run_log.LogWindow.steps_per_second", lambda window: 1.0)
    plain = task.encode

    def encode(rows, *, sampling_seed=None):
        examples = plain(rows)
        batch = examples.batch

        def made(rows):
            clock[0] += 1
            return batch(rows)

        examples.batch = made
        return examples

    task.encode = encode
    assert train(tmp_path / "run", task).batch_share == pytest.approx(0.5, abs=1e-6)


def test_a_task_that_no_list_names_is_trained_and_has_its_best_weights_in_the_end(tmp_path):
    task = Line()
    result = train(tmp_path / "run", task, epochs=20)
    assert result.validation["error"] < 0.2
    assert (
        result.selection
        == "epoch 20 of 20, the lowest error on the validation rows (then the lowest loss), never on test"
    )
    saved = Line.from_pretrained(tmp_path / "run" / "model").model.state_dict()
    assert all(torch.equal(saved[name], value) for name, value in task.model.state_dict().items())
    assert np.isclose(float(saved["weight"]), 2, atol=0.5)


@pytest.mark.fault(61)
def test_a_batch_that_the_memory_is_not_enough_for_is_told_with_its_size(tmp_path):
    task = Line()
    task.losses = lambda batch: torch.empty(10**15)
    told = r"out of memory \(4000000000000000 bytes were asked for\) in a batch of \d+ rows with \d+ points together; lower --batch"
    with pytest.raises(ResourceError, match=told) as error:
        train(tmp_path / "run", task)
    assert error.value.exit_code == 5


@pytest.mark.fault(52, 53)
@pytest.mark.parametrize("kind", [RunFolder, Path])
def test_a_run_to_be_overwritten_stays_where_the_disk_has_no_space_for_another(tmp_path, monkeypatch, kind):
    train(tmp_path / "run")
    before = hashes(tmp_path / "run")
    monkeypatch.setattr("seqtext.saving.disk._free", lambda path: 10)
    with pytest.raises(ResourceError, match="not enough space on the disk"):
        fit(Line(), points(), run=kind(tmp_path / "run"), overwrite=True, device="cpu")
    assert hashes(tmp_path / "run") == before


# ---- what happens to a folder while it is trained in


def losing(task: Line, epoch: int, lose) -> Line:
    """A task in whose epoch something happens to the run's folder."""
    seen, evaluate = [], task.validate

    def evaluated(examples, **how):
        seen.append(1)
        if len(seen) == epoch:
            lose()
        return evaluate(examples, **how)

    task.validate = evaluated
    return task


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("what", ["removed", "renamed", "replaced"])
def test_a_folder_that_goes_while_it_is_trained_in_is_told_and_not_made_anew(tmp_path, what, epoch):
    run = tmp_path / "run"

    def lose() -> None:
        run.rename(tmp_path / "elsewhere")
        if what == "removed":
            shutil.rmtree(tmp_path / "elsewhere")
        if what == "replaced":
            run.mkdir()

    with pytest.raises(ResourceError, match="run: the folder of the run was removed, renamed or replaced while it was"):
        train(run, losing(Line(), epoch, lose))
    assert not list(run.rglob("*"))
    if what != "removed" and epoch == 2:
        assert train(tmp_path / "elsewhere", resume=True).steps > 0  # as the message says


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_log_that_loses_lines_while_it_is_written_is_told(tmp_path, damage):
    task = losing(Line(), 2, lambda: damage(tmp_path / "run" / "metrics.jsonl"))
    with pytest.raises(
        ResourceError, match=r"metrics\.jsonl: 0 of the \d+ bytes written to it are there: it was removed"
    ):
        train(tmp_path / "run", task)


@pytest.mark.fault(53)
@pytest.mark.parametrize("place", ["/proc/x", "/proc/x/y", "/dev/null/x"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_takes_time(place):
    with pytest.raises((ResourceError, OptionsError), match=re.escape(place)):
        RunFolder(place).check(overwrite=False, resume=False)


def test_checking_a_folder_leaves_nothing(tmp_path):
    RunFolder(tmp_path / "a" / "b").check(overwrite=False, resume=False)
    assert not list(tmp_path.iterdir())


def test_a_name_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(OptionsError, match="no folder can have this name") as error:
        RunFolder(tmp_path / ("x" * 300)).check(overwrite=False, resume=False)
    assert len(str(error.value)) < 200


def test_a_model_that_does_not_fit_is_refused_before_it_is_moved(tmp_path, monkeypatch):
    monkeypatch.setattr("seqtext.nn.memory._free", lambda: 30)
    with pytest.raises(ResourceError, match=r"the model has \d+ parameters, and to train it .* are needed at least"):
        train(tmp_path / "run")
    assert not (tmp_path / "run").exists()
