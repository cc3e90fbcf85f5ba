"""Texts of any number of labels, from the rows to the command: what is learnt, chosen, said, measured, saved, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from torch.nn import functional as F

import seqtext
from seqtext.errors import DataError, OptionsError
from seqtext.nn.losses import labels_loss
from tests.conftest import TOPICS, write_csv
from tests.in_process import figures_of, seqtext_command, succeeded, topics_recipe

TINY = [
    *("--hidden_size", 8, "--embedding_size", 8, "--vocabulary_size", 400, "--batch_tokens", 600),
    *("--device", "cpu", "--threads", 1, "--epochs", 1),
]
SMALL = {"embedding_size": 8, "hidden_size": 8, "vocabulary_size": 320}
QUICK = {"epochs": 1, "batch_rows": 8, "threads": 1, "device": "cpu", "precision": "fp32"}


def labelled(count: int, seed: int = 0) -> dict[str, list]:
    """Texts that have words of their labels, and of some none."""
    draw, names = np.random.default_rng(seed), list(TOPICS)
    texts, labels = [], []
    for number in range(count):
        own = [name for name in names if draw.random() < 0.4]
        words = [word for name in own for word in draw.choice(TOPICS[name].split()[1:], 4)]
        texts.append(" ".join([*words, "and", "so", "on", str(number)]))
        labels.append(own)
    return {"text": texts, "labels": labels}


def data(count: int, seed: int = 0, split: str = "train") -> datasets.Dataset:
    return datasets.Dataset.from_dict(labelled(count, seed), split=split)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "run"
    task = seqtext.TopicClassifier.from_data(data(120), **SMALL)
    result = seqtext.fit(task, data(120), data(80, 1), run=run, test=data(60, 2, "test"), report=True, **QUICK)
    return task, result, run


def test_the_labels_of_a_text_are_those_above_their_thresholds(fitted):
    task, result, _ = fitted
    assert result.validation["micro_f1"] > 0.95
    assert task.selection_metric == "average_precision"
    assert len(task.config.thresholds) == 3
    texts = labelled(40, 3)
    right = [set(one.labels) == set(own) for one, own in zip(task(texts["text"]), texts["labels"], strict=True)]
    assert np.mean(right) > 0.9
    [none, some] = task(["nothing at all", texts["text"][0]], top_k=2)
    assert len(none.top) == 2
    assert all(probability >= min(task.config.thresholds) for probability in some.probabilities)
    assert list(some.probabilities) == sorted(some.probabilities, reverse=True)


def test_saved_it_says_the_same_alone_and_among_others(fitted):
    task, _, run = fitted
    texts = [*labelled(10, 4)["text"], ""]
    again = seqtext.load(run)
    assert task(texts, top_k=None) == again(texts, top_k=None)
    assert again.config.thresholds == task.config.thresholds
    for text, found in zip(texts, task(texts, top_k=None), strict=True):
        [alone] = task([text], top_k=None)
        assert dict(alone.top) == pytest.approx(dict(found.top), abs=1e-5)


def test_evaluated_it_has_the_figures_of_the_report(fitted):
    task, _, run = fitted
    test = figures_of(run)["test"]
    assert task.evaluate(data(60, 2))["test"] == test
    assert test["target"] == "labels"
    assert {one["name"] for one in test["per_label"]} == set(TOPICS)
    baselines = figures_of(run)["baselines"]
    assert baselines["majority"]["micro_f1"] < test["micro_f1"]
    assert baselines["TF-IDF"]["description"].startswith("TF-IDF (words and characters) + logistic regression for each")
    assert (run / "report" / "per_label_f1.png").read_bytes().startswith(b"\x89PNG")
    lines = [json.loads(line) for line in (run / "report" / "predictions.jsonl").read_text().splitlines()]
    assert [line["true"] for line in lines] == labelled(60, 2)["labels"]
    assert "| label | precision |" in (run / "README.md").read_text()


def test_the_commands_say_labels_in_every_form(fitted, tmp_path, monkeypatch):
    _, _, run = fitted
    monkeypatch.chdir(tmp_path)
    rows = labelled(5, 5)
    write_csv(Path("new.csv"), {"text": rows["text"]})
    succeeded(seqtext_command("predict", run, "--input", "new.csv", "--output", "out.csv", "--threads", 1))
    succeeded(seqtext_command("predict", run, "--input", "new.csv", "--output", "out.jsonl", "--top_k", 2))
    in_cells = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    lines = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert ["|".join(line["predicted"]) for line in lines] == [row["predicted"] for row in in_cells]
    assert all(len(line["predicted"]) == len(line["probability"]) for line in lines)
    assert all(len(line["likeliest"]) == 2 for line in lines)
    assert "likeliest" not in in_cells[0]
    plain = succeeded(seqtext_command("predict", run, rows["text"][0])).out
    assert plain.split("\t")[0] == in_cells[0]["predicted"]
    assert "any of 3 labels: 'sea', 'town', 'wood'" in repr(seqtext.load(run))
    assert "micro F1" in succeeded(seqtext_command("info", run)).out


def test_labels_unseen_in_training_count_as_missed(fitted):
    task, _, _ = fitted
    rows = labelled(20, 6)
    rows["labels"][3] = ["moon"]
    figures = task.evaluate(rows)
    assert figures["test"]["unseen_rows"] == 1
    assert "the label 'moon' in row 4 never occurs in training" in figures["data"]["warnings"][0]
    [moon] = [one for one in figures["test"]["per_label"] if one["name"] == "moon"]
    assert (moon["recall"], moon["f1"], moon["rows"]) == (0.0, 0.0, 1)


def test_each_model_alone_trains_and_the_recurrent_one_has_thresholds_too(tmp_path):
    for model in ("rnn", "linear"):
        task = seqtext.TopicClassifier.from_data(data(60), model=model, **SMALL)
        seqtext.fit(task, data(60), data(30, 1), run=tmp_path / model, **QUICK)
        assert len(seqtext.load(tmp_path / model).config.thresholds) == 3
        assert seqtext.load(tmp_path / model)(["the ship"]) == task(["the ship"])


def test_the_loss_is_binary_cross_entropy_of_each_label_summed():
    logits, members = torch.randn(5, 3), torch.rand(5, 3) < 0.5
    loss = labels_loss(logits, members)
    expected = F.binary_cross_entropy(logits.sigmoid(), members.float(), reduction="sum")
    assert torch.allclose(loss.sum, expected, atol=1e-4)
    assert float(loss.count) == 5
    assert torch.allclose(loss.rows.sum(), expected, atol=1e-4)


def test_columns_of_yes_and_no_and_lists_are_the_same_task():
    rows = labelled(60)
    columns = {name: [int(name in own) for own in rows["labels"]] for name in TOPICS}
    one = seqtext.TopicClassifier.from_data(rows, **SMALL)
    other = seqtext.TopicClassifier.from_data({"text": rows["text"], **columns}, label_column=list(TOPICS), **SMALL)
    assert one.labels == other.labels
    encoded = other.encode({"text": rows["text"], **columns}).labels
    assert torch.equal(one.encode(rows).labels, encoded)


REFUSED = {
    "accuracy": ({"select": "accuracy"}, "--select is accuracy, and a text has any number of labels; expected one of average_pr"),
    "weighed classes": ({"balance_classes": True}, "--balance_classes is of texts that have one label each"),
    "a teacher": ({"teacher_column": "text"}, "--teacher_column is of texts that have one label each"),
    "an error of numbers": ({"select": "r2"}, "--select is r2"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_settings_of_one_label_are_refused(case):
    settings, message = REFUSED[case]
    with pytest.raises(OptionsError, match=message):
        seqtext.TopicClassifier.from_data(data(30), **SMALL, **settings)


def test_several_columns_are_several_labels_and_nothing_else():
    with pytest.raises(OptionsError, match="--label_column names 2 columns, and --target is label; name one column"):
        seqtext.TopicClassifier.from_data(data(9), label_column=["labels", "text"], target="label", **SMALL)
    with pytest.raises(DataError, match="column 'text' is taken for both text and label"):
        seqtext.TopicClassifier.from_data(data(9), text_column="text", label_column=["labels", "text"], **SMALL)


@pytest.mark.fault(16, 18, 72)
def test_the_recipe_tells_repeats_and_empty_lists_and_refuses_what_needs_one_label(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = labelled(60)
    rows["labels"][7] = ["sea", "sea"]
    rows["genres"] = ["|".join(own) if own else "[]" for own in rows.pop("labels")]
    write_csv(Path("films.csv"), rows)
    ended = topics_recipe(*TINY, "--train", "films.csv", "--label_column", "genres", "--dry_run")
    assert "a label stands more than once in the list of row 8; it is counted once" in succeeded(ended).out
    assert "(none)" in ended.out
    refused = topics_recipe(*TINY, "--train", "films.csv", "--label_column", "genres", "--per_class", 5)
    assert (refused.code, "draw some rows with --max_rows" in refused.err) == (2, True)
    checked = seqtext_command("check", "films.csv", "--text_column", "text", "--label_column", "genres")
    assert "a label stands more than once" in succeeded(checked).out
    rows["genres"][4] = ""
    write_csv(Path("films.csv"), rows)
    ended = topics_recipe(*TINY, "--train", "films.csv", "--label_column", "genres", "--dry_run")
    assert ended.code == 2
    assert "found no list (None or empty) in row 5 of 60" in ended.err
    both = [["--unlabelled", "drop"], []]
    for flags in both:  # each of the two ways that it tells
        succeeded(topics_recipe(*TINY, "--train", "films.csv", "--label_column", "genres", "--dry_run", *flags))
        rows["genres"][4] = "[]"
        write_csv(Path("films.csv"), rows)


@pytest.mark.fault(18)
def test_few_rows_train_or_are_told(tmp_path):
    with pytest.raises(DataError, match="all rows have the labels 'a'"):
        seqtext.TopicClassifier.from_data({"text": ["x"], "labels": [["a"]]}, target="labels", **SMALL)
    rows = {"text": ["one of them", "another one", "no more"], "labels": [["a", "b"], ["a"], []]}
    task = seqtext.TopicClassifier.from_data(rows, **SMALL)
    seqtext.fit(task, rows, rows, run=tmp_path / "run", **QUICK)
    assert len(task(["one"])) == 1
