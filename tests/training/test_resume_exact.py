"""A run that was killed anywhere goes on to the same bits, and what would make it another run is refused with both values."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import seqtext
from seqtext.batching.usual import Usual
from seqtext.builtin.household import household
from seqtext.data.series.series import Part, SeriesSet
from seqtext.errors import OptionsError, SavedFileError
from seqtext.options import TrainingOptions
from seqtext.saving.folders import read_folder
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.translation.translator import Translator
from seqtext.training import checkpoint, run_state
from seqtext.training.environment import content_hash, differences, environment_of
from seqtext.training.fit import fit
from tests.training.line import Line, points
from tests.training.stopping import checkpoints, hashes, killed_at, killed_in_step

# 52 steps an epoch, so that lines of the log fall into epochs and are cut in two by checkpoints.
LINE = {"device": "cpu", "batch_tokens": 1, "learning_rate": 0.05, "epochs": 3, "checkpoint_every": 7}


def train(run: Path, task: Line | None = None, rows: np.ndarray | None = None, **options):
    return fit(task or Line(), points() if rows is None else rows, run=run, **{**LINE, **options})


def planned_epochs(run: Path) -> int:
    newest = sorted((run / "checkpoints").iterdir())[-1]
    return json.loads((newest / "progress.json").read_text())["epochs"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("exact") / "whole"
    train(run)
    return run


# ---- wherever it was killed, however often


@pytest.mark.fault(50)
@settings(max_examples=5)
@given(kills=st.lists(st.integers(1, 60), min_size=1, max_size=3), resumed_every=st.sampled_from([3, 7, 1000]))
def test_a_run_killed_in_any_step_however_often_ends_with_the_same_bits(whole, tmp_path_factory, kills, resumed_every):
    run = tmp_path_factory.mktemp("killed") / "run"
    for number, step in enumerate(kills):
        with killed_in_step(step):
            train(run, resume=number > 0, checkpoint_every=resumed_every)
    train(run, resume=True)
    assert hashes(run) == hashes(whole)


@pytest.mark.fault(50, 59)
@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize(
    ("target", "name"),
    [(Line, "validate"), (Line, "save_pretrained"), (run_state, "save_checkpoint"), (checkpoint, "save_tensors")],
)
def test_a_run_killed_at_an_epochs_end_ends_with_the_same_bits(whole, tmp_path, target, name, call):
    with killed_at(target, name, call):
        train(tmp_path / "run", checkpoint_every=52 if call == 2 else 7)
    train(tmp_path / "run", resume=True)
    assert hashes(tmp_path / "run") == hashes(whole)


def test_a_resumed_run_begins_behind_its_checkpoint_and_makes_every_step_once(tmp_path):
    with killed_in_step(60):
        train(tmp_path / "run")
    assert checkpoints(tmp_path / "run")[-1] == "step-00000056"
    task, rows = Line(), []
    loss = task.loss

    def noted(batch):
        rows.extend(batch[:, 0].tolist())
        return loss(batch)

    task.loss = noted
    with killed_at(task, "validate", 1):
        train(tmp_path / "run", task, resume=True)
    assert len(rows) == len(set(rows)) == 52 - 4, "4 of the second epoch's 52 steps were made before"


def test_weights_that_never_had_a_gradient_do_not_keep_a_run_from_going_on(tmp_path):
    class WithOne(Line):
        def __init__(self) -> None:
            super().__init__()
            self.model.register_parameter("unused", torch.nn.Parameter(torch.ones(3)))

    whole = train(tmp_path / "whole", WithOne())
    with killed_in_step(60):
        train(tmp_path / "run", WithOne())
    assert train(tmp_path / "run", WithOne(), resume=True).steps == whole.steps
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


def test_what_comes_before_the_first_step_takes_none_of_the_minutes(tmp_path, monkeypatch):
    task, now = Line(), time.monotonic
    away = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now() + away[0])
    encode = task.encode

    def slowly(rows, **options):
        away[0] += 300
        return encode(rows, **options)

    task.encode = slowly
    assert train(tmp_path / "run", task, max_minutes=5).steps > 100


@pytest.mark.fault(59)
def test_a_run_killed_before_its_first_checkpoint_starts_again(whole, tmp_path):
    with killed_in_step(5):
        train(tmp_path / "run")
    train(tmp_path / "run", resume=True)
    assert hashes(tmp_path / "run") == hashes(whole)


def test_the_number_of_epochs_that_was_planned_leaves_the_patience_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(Line, "usual", Usual(epochs=9, patience=2), raising=False)
    options = {"epochs": None, "batch_tokens": 10, "learning_rate": 1e-12, "ema_decay": 0.0}
    whole = train(tmp_path / "whole", **options)
    planned = planned_epochs(tmp_path / "whole")
    assert len([line for line in whole.history if "validation" in line]) < planned
    with killed_in_step(whole.steps - 1):
        train(tmp_path / "run", **options)
    assert train(tmp_path / "run", resume=True, **{**options, "epochs": planned}).steps == whole.steps


def test_checkpoints_come_by_steps_by_minutes_and_at_every_epochs_end(tmp_path, monkeypatch):
    written, plain = [], run_state.save_checkpoint
    monkeypatch.setattr(run_state, "save_checkpoint", lambda *args: (written.append(args[3].step), plain(*args)))
    train(tmp_path / "steps", epochs=2, checkpoint_every=20)
    assert written == [20, 40, 52, 60, 80, 100, 104]
    written.clear()
    clock = [0.0]
    monkeypatch.setattr(
        "seqtext.training.run_state.time.monotonic", lambda: clock.__setitem__(0, clock[0] + 1) or clock[0]
    )
    train(tmp_path / "minutes", epochs=1, checkpoint_every="0.5m")
    assert 2 < len(written) < 20
    assert written[-1] == 52


def test_the_patience_of_a_resumed_run_is_the_same(tmp_path):
    still = {"learning_rate": 1e-12, "ema_decay": 0.0, "epochs": 9, "patience_epochs": 2}
    train(tmp_path / "whole", **still)
    with killed_in_step(130):
        train(tmp_path / "run", **still)
    train(tmp_path / "run", resume=True, **still)
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


# ---- with dropout, accumulation, windows and sampling, in fp32 and bf16


TINY = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 300}


def classifier(topics):
    task = TopicClassifier.from_data(topics["train"], word_dropout=0.2, subword_sampling=True, **TINY)
    return task, topics["train"], topics["validation"]


def generator(topics):
    settings = {"subword_sampling": True, "max_length": 6, **TINY}
    task = TextGenerator.from_data(topics["train"], text_column="text", attributes=("label",), **settings)
    return task, topics["train"], topics["validation"]


def language_model(topics):
    settings = {"subword_sampling": True, "max_length": 6, "warm_up": 4, "word_dropout": 0.1, **TINY}
    task = LanguageModel.from_data(topics["train"], text_column="text", **settings)
    return task, topics["train"], topics["validation"]


def translator(topics):
    rows, validation = (
        topics[name].map(lambda row: {"target": " ".join(reversed(row["text"].split()))})
        for name in ("train", "validation")
    )
    settings = {"encoder_size": 8, "subword_sampling": True, **TINY}
    return Translator.from_data(rows, source_column="text", **settings), rows, validation


def forecaster(_):
    load = household(days=12)
    series = SeriesSet(("load",), load.values, np.array([0, len(load.values)]))
    parts = [Part(series, np.array([span])) for span in ([0, 900], [900, 1152])]
    return Forecaster.from_data(parts[0], hidden_size=8, window=24, layer_dropout=0.2), *parts


@pytest.mark.fault(50)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("make", "optimizer"),
    [(classifier, "adamw"), (generator, "muon"), (language_model, "muon"), (translator, "muon"), (forecaster, "adamw")],
)
def test_every_task_goes_on_to_the_same_bits(topics, tmp_path, make, optimizer, precision):
    options = {
        "device": "cpu", "batch_tokens": 2000, "batch_rows": 16 if make is forecaster else 5, "gradient_accumulation": 3,
        "epochs": 2, "learning_rate": 0.01, "precision": precision, "checkpoint_every": 2, "optimizer": optimizer,
    }  # fmt: skip
    few = {name: topics[name].select(range(rows)) for name, rows in (("train", 100), ("validation", 12))}
    topics = {name: rows.map(lambda row: {"text": " ".join(row["text"].split()[:5])}) for name, rows in few.items()}
    for run in ("whole", "run"):
        task, train_rows, validation = make(topics)
        if run == "run":
            with killed_in_step(4):
                seqtext.fit(task, train_rows, validation, run=tmp_path / run, **options)
            task, train_rows, validation = make(topics)
        seqtext.fit(task, train_rows, validation, run=tmp_path / run, resume=run == "run", **options)
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


# ---- what would make it another run


def half(tmp_path: Path, **options) -> Path:
    with killed_in_step(20):
        train(tmp_path / "run", **options)
    return tmp_path / "run"


@pytest.mark.fault(58)
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 1}, "--seed was 0 and is 1"),
        ({"epochs": 2}, "--epochs was 3 and is 2"),
        ({"learning_rate": 0.1}, "--learning_rate was 0.05 and is 0.1"),
        ({"gradient_accumulation": 2}, "micro-batches per step was 1 and is 2"),
        ({"precision": "bf16"}, "precision was 'fp32' and is 'bf16'"),
        ({"max_steps": 100}, "--max_steps was nothing and is 100"),
    ],
)
def test_other_options_are_refused_with_both_values(tmp_path, changed, told):
    run = half(tmp_path)
    before = hashes(run)
    with pytest.raises(OptionsError, match=rf"1 thing\(s\) are not as they were: {told}.*--allow_inexact"):
        train(run, resume=True, **changed)
    assert hashes(run) == before


@pytest.mark.fault(13, 58)
def test_another_cell_of_the_data_is_refused_with_both_hashes(tmp_path):
    run, rows = half(tmp_path), points()
    rows[30, 1] += 1e-9
    with pytest.raises(OptionsError, match=r"training rows was '52, SHA-256 \w+' and is '52, SHA-256 \w+'"):
        train(run, rows=rows, resume=True)
    with pytest.raises(OptionsError, match=r"training rows was '52, .* and is '51, "):
        train(run, rows=points()[:59], resume=True)


@pytest.mark.fault(49, 58)
def test_another_torch_threads_and_kernels_are_refused(tmp_path, monkeypatch):
    run = half(tmp_path)
    monkeypatch.setattr(torch, "__version__", "9.9")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "OTHER")
    monkeypatch.setattr("seqtext.training.loop.set_threads", lambda threads: 77)
    with pytest.raises(OptionsError, match="3 thing") as error:
        train(run, resume=True)
    for told in ("torch was '", "is '9.9'", "CPU was '", "is 'OTHER", "threads was ", "is 77"):
        assert told in str(error.value)


@pytest.mark.fault(54, 55)
def test_a_damaged_checkpoint_is_not_kept_in_place_of_a_good_one(tmp_path):
    run = half(tmp_path, checkpoint_every=5)
    *_, good, torn = checkpoints(run)
    (run / "checkpoints" / torn / "state.safetensors").write_bytes(b"")
    with killed_in_step(4):
        train(run, resume=True, checkpoint_every=3)
    assert (good, torn) == ("step-00000010", "step-00000015")
    assert checkpoints(run) == [good, "step-00000012"]
    read_folder(run / "checkpoints" / good)


def test_another_source_tokenizer_is_refused():
    class Sided(Line):
        tokenizer = SimpleNamespace(sha256="a" * 64)
        source_tokenizer = SimpleNamespace(sha256="b" * 64)

    records = []
    for sha256 in ("b" * 64, "c" * 64):
        Sided.source_tokenizer = SimpleNamespace(sha256=sha256)
        how = {"device": torch.device("cpu"), "precision": "fp32", "threads": 1, "processes": 1}
        records.append(environment_of(Sided(), points(), points(), TrainingOptions(), **how))
    assert differences(*records) == [f"source tokenizer was 'SHA-256 {'b' * 16}' and is 'SHA-256 {'c' * 16}'"]


@pytest.mark.fault(27, 58)
def test_another_tokenizer_and_model_are_refused(topics, tmp_path):
    options = {"device": "cpu", "batch_tokens": 600, "epochs": 1, "checkpoint_every": 1}
    with killed_in_step(3):
        seqtext.fit(classifier(topics)[0], topics["train"], topics["validation"], run=tmp_path / "run", **options)
    other = TopicClassifier.from_data(topics["train"], **{**TINY, "vocabulary_size": 299, "hidden_size": 9})
    with pytest.raises(OptionsError) as error:
        seqtext.fit(other, topics["train"], topics["validation"], run=tmp_path / "run", resume=True, **options)
    assert "tokenizer was 'SHA-256" in str(error.value)
    assert "model's hidden_size was 8 and is 9" in str(error.value)


@pytest.mark.fault(58)
def test_inexact_is_allowed_if_asked_for_and_the_result_says_so(tmp_path, capsys):
    run = half(tmp_path)
    result = train(run, resume=True, allow_inexact=True, learning_rate=0.01)
    assert "warning: --learning_rate was 0.05 and is 0.01" in capsys.readouterr().err
    assert result.selection.endswith("; resumed inexactly: --learning_rate was 0.05 and is 0.01")
    again = train(run, resume=True)
    assert again.selection == result.selection, "it stays so"


def test_what_was_changed_once_stays_as_it_was_changed(tmp_path):
    run = half(tmp_path)
    with killed_in_step(70):
        train(run, resume=True, allow_inexact=True, learning_rate=0.01)
    options = (run / "options.yaml").read_text()
    assert "learning_rate: 0.01" in options
    assert "allow_inexact: false" in options
    with pytest.raises(OptionsError, match="--learning_rate was 0.01 and is 0.05"):
        train(run, resume=True)
    train(run, resume=True, learning_rate=0.01)


@pytest.mark.fault(59)
def test_a_run_that_has_ended_needs_nothing_to_be_as_it_was(whole):
    assert train(whole, resume=True, epochs=2, seed=5).steps == 156


# ---- longer than it was planned


@pytest.mark.parametrize("kill", [None, 60])
def test_a_run_trains_on_to_more_epochs_and_says_that_it_is_another(tmp_path, capsys, kill):
    run = tmp_path / "run"
    if kill is None:
        train(run)
    else:
        with killed_in_step(kill):
            train(run)
    result = train(run, resume=True, epochs=5)
    assert result.steps == 5 * 52
    assert "note: on to epoch 5, where 3 were planned: another run than one planned for 5" in capsys.readouterr().err
    assert "planned for 3 epochs and trained on to 5" in result.selection
    assert [line["epoch"] for line in result.history if "validation" in line] == [1, 2, 3, 4, 5]
    assert [line["step"] for line in result.history] == sorted(line["step"] for line in result.history)
    rates = [line["learning_rate"] for line in result.history if "learning_rate" in line]
    assert rates[-1] < 0.05 * 0.02, "the learning rate falls to the new end"
    again = train(run, resume=True, epochs=5)
    assert (again.steps, again.selection) == (result.steps, result.selection)
    read_folder(run)


def test_a_longer_run_that_is_killed_goes_on_to_the_same_bits(tmp_path):
    for name in ("one", "two"):
        train(tmp_path / name)
    train(tmp_path / "one", resume=True, epochs=5)
    with killed_in_step(70):
        train(tmp_path / "two", resume=True, epochs=5)
    assert "epochs: 5" in (tmp_path / "two" / "options.yaml").read_text()
    train(tmp_path / "two", resume=True, epochs=5)
    assert hashes(tmp_path / "two") == hashes(tmp_path / "one")


@pytest.mark.parametrize("other", [{"learning_rate": 0.01}, {"batch_tokens": 2}, {"seed": 3}, {"max_steps": 900}])
def test_a_longer_run_must_be_as_it_was_in_all_else(tmp_path, other):
    train(tmp_path / "run")
    [name] = other
    with pytest.raises(OptionsError, match=rf"1 thing\(s\) are not as they were: --{name} was "):
        train(tmp_path / "run", resume=True, epochs=5, **other)


def test_a_run_that_its_steps_have_ended_does_not_go_on_by_epochs(tmp_path, capsys):
    train(tmp_path / "run", max_steps=60)
    assert train(tmp_path / "run", resume=True, max_steps=60, epochs=9).steps == 60
    assert re.search(
        r"has ended already.* step 60; a limit ended it before epoch \d+ \(--max_steps,", capsys.readouterr().err
    )


def test_as_many_epochs_as_the_data_asked_for_are_the_same_run(tmp_path):
    with killed_in_step(60):
        train(tmp_path / "run", epochs=None, batch_tokens=10)
    epochs = planned_epochs(tmp_path / "run")
    with pytest.raises(OptionsError, match="--epochs was nothing and is 1"):
        train(tmp_path / "run", resume=True, epochs=1, batch_tokens=10)
    with killed_in_step(5):
        train(tmp_path / "run", resume=True, epochs=epochs, batch_tokens=10)


def test_a_log_that_is_shorter_than_the_checkpoint_counts_on_is_refused(tmp_path):
    run = half(tmp_path, checkpoint_every=19, batch_tokens=1)
    progress = json.loads((run / "checkpoints" / "step-00000019" / "progress.json").read_text())
    assert progress["metrics_bytes"] == 0
    assert len(progress["window"]) == 19
    with killed_in_step(30):
        train(run, resume=True)
    (run / "metrics.jsonl").write_text("")
    with pytest.raises(SavedFileError, match=r"metrics.jsonl: 0 bytes; expected at least the \d+ of the checkpoint"):
        train(run, resume=True)


# ---- what rows hold


def test_rows_are_told_apart_by_what_they_hold():
    series = SeriesSet(("a",), np.arange(4.0), np.array([0, 4]))
    kinds = [
        np.arange(4.0), np.arange(4), torch.arange(4), [1, 2], (1, 2), {"a": 1}, "a", b"a", None, series,
        Part(series, np.array([[0, 3]])), Part(series, np.array([[0, 4]])), np.array([["a"]], dtype=object),
    ]  # fmt: skip
    found = [content_hash(kind) for kind in kinds]
    assert len(set(found)) == len(kinds)
    assert found == [content_hash(kind) for kind in kinds]


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_no_two_lists_share_a_hash(one, other):
    assert (content_hash(one) == content_hash(other)) == (one == other)


def test_what_was_not_recorded_differs_from_what_is():
    assert differences({"a": 1, "processes": 1}, {"a": 1, "b": "x", "processes": 2}) == ["b was nothing and is 'x'"]
