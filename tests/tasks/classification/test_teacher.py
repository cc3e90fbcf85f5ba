"""A teacher's answers: as good as labels where they are sure, enough where there is no label, and never measured on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import seqtext
from seqtext.errors import DataError
from seqtext.nn.losses import Taught, classification_loss
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.encode import answers
from tests.conftest import TOPICS, topic_rows
from tests.in_process import Ended, figures_of, topics_recipe

NAMES = sorted(TOPICS)
SMALL = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 300, "model": "rnn", "subword_sampling": False}
FIT = {"epochs": 2, "device": "cpu", "threads": 1, "batch_rows": 16}
TINY = [
    *("--hidden_size", "16", "--embedding_size", "16", "--vocabulary_size", "300", "--epochs", "1"),
    *("--device", "cpu", "--threads", "1", "--learning_rate", "0.01"),
]


def one_hot(labels: list[str]) -> list[list[float]]:
    return [[float(label == name) for name in NAMES] for label in labels]


def taught_rows(rows: int, *, seed: int = 1, labelled: int | None = None) -> dict[str, list]:
    found: dict[str, list] = topic_rows(rows, seed=seed)
    sure = np.clip(np.array(one_hot(found["label"])), 0.1, 0.8).tolist()
    if labelled is not None:
        found["label"] = [*found["label"][:labelled], *[None] * (rows - labelled)]
    return {**found, "p": sure}


# ---- the loss


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 2.0])])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_answers_that_are_sure_are_labels(weights, smoothing):
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    kinds = {"class_weights": weights, "label_smoothing": smoothing}
    hard = classification_loss(logits, labels, **kinds)
    for share in (0.5, 1.0):
        taught = Taught(torch.nn.functional.one_hot(labels, 3).float(), torch.full((6,), share))
        soft = classification_loss(logits, labels if share < 1 else torch.zeros_like(labels), **kinds, taught=taught)
        torch.testing.assert_close(soft.sum, hard.sum, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(soft.count, hard.count, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(soft.rows, hard.rows, rtol=1e-6, atol=1e-6)


def test_a_loss_is_least_where_the_model_says_what_the_teacher_says_at_any_temperature():
    answer = torch.tensor([[0.7, 0.2, 0.1]])
    for temperature in (0.5, 1.0, 4.0):
        soft = torch.softmax(answer.log() / temperature, dim=-1)
        logits = answer.log().requires_grad_()
        taught = Taught(soft, torch.ones(1))
        loss = classification_loss(logits, torch.zeros(1, dtype=torch.long), taught=taught, temperature=temperature)
        loss.sum.backward()
        assert logits.grad is not None
        assert float(logits.grad.abs().max()) < 1e-6


# ---- training


@pytest.fixture(scope="module")
def of_labels(tmp_path_factory) -> dict[str, torch.Tensor]:
    task = TopicClassifier.from_data(topic_rows(60), **SMALL)
    seqtext.fit(task, topic_rows(60), run=tmp_path_factory.mktemp("labels") / "run", **FIT)
    return task.model.state_dict()


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_sure_answers_train_as_labels_do(of_labels, tmp_path, share):
    rows = {**topic_rows(60), "p": one_hot(topic_rows(60)["label"])}
    task = TopicClassifier.from_data(rows, teacher_column="p", teacher_weight=share, **SMALL)
    seqtext.fit(task, rows, run=tmp_path / "run", **FIT)
    for name, values in task.model.state_dict().items():
        torch.testing.assert_close(values, of_labels[name], rtol=1e-4, atol=1e-6)


def test_rows_without_a_label_teach_and_are_neither_measured_nor_held_out(tmp_path):
    rows = taught_rows(120, labelled=40)
    task = TopicClassifier.from_data(rows, teacher_column="p", **SMALL)
    train, validation = task.split(rows, seed=0)
    assert (len(train), len(validation)) == (116, 4)
    assert None not in validation["label"]
    examples = task.encode(rows)
    assert (examples.labels[40:] == -1).all()
    assert examples.taught is not None
    assert examples.taught.shares.tolist() == [0.5] * 40 + [1.0] * 80
    drawn = task.rows({name: part[40:60] for name, part in rows.items()})
    assert answers(drawn, task.config).labels.tolist() == [-1] * 20, "some of many rows, without a label among them"
    measured = task.validate(examples)
    assert measured == pytest.approx(task.validate(task.encode({name: part[:40] for name, part in rows.items()})))


@pytest.mark.parametrize("model", ["both", "linear"])
def test_the_linear_model_learns_from_the_teachers_likeliest_class(tmp_path, model):
    rows = taught_rows(240, labelled=6)
    task = TopicClassifier.from_data(rows, teacher_column="p", **{**SMALL, "model": model})
    seqtext.fit(task, rows, topic_rows(30, seed=7), run=tmp_path / "run", **{**FIT, "epochs": 1})
    assert task.blend is not None
    unseen = topic_rows(60, seed=9)
    found = task.blend.linear.log_probabilities(unseen["text"]).argmax(dim=1)
    right = [NAMES[guess] == true for guess, true in zip(found.tolist(), unseen["label"], strict=True)]
    assert np.mean(right) > 0.9


def test_a_row_with_neither_is_named(tmp_path):
    rows = taught_rows(30, labelled=20)
    rows["p"][24] = None
    task = TopicClassifier.from_data(rows, teacher_column="p", **SMALL)
    with pytest.raises(DataError, match="no label .* in row 25 of 30"):
        seqtext.fit(task, rows, run=tmp_path / "run", **FIT)
    assert not (tmp_path / "run").exists()


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(DataError, match="no column 'q'"):
        TopicClassifier.from_data(taught_rows(30), teacher_column="q", **SMALL)


def test_rows_are_used_without_the_teachers_column():
    task = TopicClassifier.from_data(taught_rows(30), teacher_column="p", **SMALL)
    assert task.encode(topic_rows(6)).taught is None
    assert task.evaluate(topic_rows(6))


# ---- the recipe


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(rows: dict[str, list], name: str = "rows.jsonl") -> str:
    lines = [json.dumps(dict(zip(rows, values, strict=True))) for values in zip(*rows.values(), strict=True)]
    Path(name).write_text("\n".join(lines) + "\n")
    return name


def trained(*flags: object) -> Ended:
    return topics_recipe(*TINY, *flags)


@pytest.mark.usefixtures("elsewhere")
def test_the_recipe_takes_a_teacher_and_says_what_it_answers():
    data = written(taught_rows(120, labelled=90))
    ended = trained("--data", data, "--teacher_column", "p", "--teacher_temperature", "2", "--run", "run")
    assert ended.code == 0, ended.err
    out = " ".join(ended.out.split())
    assert "column 'p' answers" in out
    assert "30 of them without a label; lists are in the order of the classes: " + ", ".join(map(repr, NAMES)) in out
    figures = figures_of("run")
    assert figures["data"]["rows"] == {"train": 103, "validation": 8, "test": 9}
    assert seqtext.load("run").config.teacher_temperature == 2


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("bad", [[0.5, 0.5, 0.5], [0.5, 0.5], [None, 0.5, 0.5]])
def test_the_recipe_names_a_row_that_is_no_answer(bad):
    rows = taught_rows(60)
    rows["p"][7] = bad
    ended = trained("--data", written(rows), "--teacher_column", "p", "--run", "run")
    assert ended.code == 2
    assert "row 8, column 'p'" in ended.err
    rows["p"][7] = None  # the fix: leave the cell empty
    assert trained("--data", written(rows), "--teacher_column", "p", "--dry_run").code == 0


@pytest.mark.usefixtures("elsewhere")
def test_temperature_and_weight_out_of_range_are_refused():
    data = written(taught_rows(60))
    for flag, value in (("--teacher_temperature", "0"), ("--teacher_weight", "1.5")):
        ended = trained("--data", data, "--teacher_column", "p", flag, value)
        assert ended.code == 2
        assert f"{flag} is {float(value)}" in ended.err
