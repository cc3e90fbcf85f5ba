"""Texts with a number, from the rows to the command: learnt in deviations, said in the units of the data; what is no number is refused."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import seqtext
from seqtext.errors import DataError, OptionsError
from seqtext.nn.losses import number_loss
from tests.conftest import write_csv
from tests.in_process import figures_of, seqtext_command, succeeded, topics_recipe

TINY = [
    *("--hidden_size", 8, "--embedding_size", 8, "--vocabulary_size", 400, "--batch_tokens", 600),
    *("--device", "cpu", "--threads", 1, "--epochs", 1, "--target", "number"),
]
SMALL = {"embedding_size": 8, "hidden_size": 8, "vocabulary_size": 320, "target": "number"}
QUICK = {"epochs": 1, "batch_rows": 8, "threads": 1, "device": "cpu", "precision": "fp32"}
WORTH = {"shed": 0, "flat": 3, "house": 6, "villa": 9}


def priced(count: int, seed: int = 0) -> dict[str, list]:
    draw = np.random.default_rng(seed)
    kinds = draw.choice(list(WORTH), count).tolist()
    texts = [f"a {kind} near the {draw.choice(['sea', 'town', 'wood'])}, number {i}" for i, kind in enumerate(kinds)]
    return {"text": texts, "price": [100_000 + 10_000 * WORTH[kind] for kind in kinds]}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "run"
    task = seqtext.TopicClassifier.from_data(priced(150), **SMALL)
    result = seqtext.fit(task, priced(150), priced(60, 1), run=run, test=priced(40, 2), report=True, **QUICK)
    return task, result, run


def test_numbers_are_said_in_the_units_of_the_data(fitted):
    task, result, run = fitted
    assert result.validation["r2"] > 0.9
    assert (task.config.label_column, task.selection_metric) == ("price", "r2")
    assert task.config.mean == pytest.approx(np.mean(priced(150)["price"]))
    [villa, shed] = task(["a villa near the sea", "a shed near the sea"])
    assert villa.number - shed.number > 60_000
    texts = [*priced(8, 3)["text"], ""]
    again = seqtext.load(run)
    assert again(texts) == task(texts)
    assert [task([text])[0].number for text in texts] == pytest.approx([one.number for one in task(texts)], rel=1e-5)


def test_evaluated_it_has_the_figures_of_the_report(fitted):
    task, _, run = fitted
    figures = figures_of(run)
    assert task.evaluate(priced(40, 2))["test"] == figures["test"]
    assert figures["baselines"]["the mean"]["r2"] <= 0 < figures["test"]["r2"]
    assert "ridge regression" in figures["baselines"]["TF-IDF"]["description"]
    assert (run / "report" / "predicted_and_true.png").read_bytes().startswith(b"\x89PNG")
    lines = [json.loads(line) for line in (run / "report" / "predictions.jsonl").read_text().splitlines()]
    assert [line["true"] for line in lines] == priced(40, 2)["price"]
    assert "## Largest errors" in (run / "README.md").read_text()


def test_the_commands_say_the_number(fitted, tmp_path, monkeypatch):
    _, _, run = fitted
    monkeypatch.chdir(tmp_path)
    write_csv(Path("new.csv"), priced(4, 4))
    succeeded(seqtext_command("predict", run, "--input", "new.csv", "--output", "out.csv", "--threads", 1))
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert list(rows[0]) == ["text", "price", "predicted"]
    plain = succeeded(seqtext_command("predict", run, rows[0]["text"])).out
    assert plain.split("\t")[0] == rows[0]["predicted"].removesuffix(".0")
    ended = seqtext_command("predict", run, "a villa", "--top_k", 2)
    assert (ended.code, "a text has a number" in ended.err) == (2, True)
    assert "R2" in succeeded(seqtext_command("evaluate", run, "--data", "new.csv")).out
    assert "Spearman" in succeeded(seqtext_command("info", run)).out
    assert "a number, 1.484e+05 on average" in repr(seqtext.load(run))


def test_the_loss_is_the_squared_error_and_hubers_is_straight_beyond_one():
    outputs, values = torch.tensor([[0.5], [4.0]]), torch.tensor([0.0, 1.0])
    assert number_loss(outputs, values).rows.tolist() == [0.25, 9.0]
    assert number_loss(outputs, values, kind="huber").rows.tolist() == [0.25, 5.0]
    assert number_loss(outputs, values).rows.shape == (2,)


def test_an_outlier_is_answered_with_hubers_error():
    rows = priced(150)
    assert seqtext.TopicClassifier.from_data(rows, **SMALL).config.number_loss == "squared"
    rows["price"][0] = 10**9
    assert seqtext.TopicClassifier.from_data(rows, **SMALL).config.number_loss == "huber"
    assert seqtext.TopicClassifier.from_data(rows, number_loss="squared", **SMALL).config.number_loss == "squared"


def test_each_model_alone_trains(tmp_path):
    for model in ("rnn", "linear"):
        task = seqtext.TopicClassifier.from_data(priced(60), model=model, **SMALL)
        seqtext.fit(task, priced(60), priced(30, 1), run=tmp_path / model, **QUICK)
        assert seqtext.load(tmp_path / model)(["a villa"]) == task(["a villa"])


def test_another_kind_starts_from_its_weights_but_for_the_head(fitted):
    task, _, run = fitted
    rows = {"text": priced(30)["text"], "labels": [["a"], ["a", "b"], []] * 10}
    sizes = {name: SMALL[name] for name in ("embedding_size", "hidden_size")}
    other = seqtext.TopicClassifier.from_data(rows, init_from=run, **sizes)
    assert (other.config.target, other.target.outputs) == ("labels", 2)
    assert torch.equal(other.model.embedding.weight, task.model.embedding.weight)
    assert other.model.head.out_features == 2


FAULTS = {
    "text": ("five", "row 3, column 'price': found 'five'; expected a finite number"),
    "a currency": ("$5", "row 3, column 'price': found '$5'; expected a finite number; remove the unit"),
    "nothing": ("", "found no number (None, NaN or empty) in row 3 of 60; expected a number in every row; --unlabelled drop"),
    "nan": ("nan", "found no number (None, NaN or empty) in row 3 of 60"),
    "a comma": ("5,5", "row 3, column 'price': found '5,5'; expected a finite number; pass --decimal ,"),
    "without an answer": ("n/a", "row 3, column 'price': found 'n/a'; expected a finite number; pass --missing 'n/a' if"),
    "beyond all floats": ("1e999", "row 3, column 'price': found '1e999'"),
}  # fmt: skip


@pytest.mark.fault(36, 38)
@pytest.mark.parametrize("case", FAULTS)
def test_what_is_no_number_is_told_with_its_row(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cell, message = FAULTS[case]
    rows = priced(60)
    rows["price"] = [str(price) for price in rows["price"]]
    rows["price"][2] = cell
    write_csv(Path("priced.csv"), rows)
    ended = topics_recipe(*TINY, "--train", "priced.csv", "--label_column", "price", "--dry_run")
    assert ended.code == 2
    assert message in ended.err
    advice = {"nothing": ["--unlabelled", "drop"], "without an answer": ["--missing", "n/a", "--unlabelled", "drop"]}
    if case in advice:
        ended = topics_recipe(*TINY, "--train", "priced.csv", "--label_column", "price", "--dry_run", *advice[case])
        assert "1 of 60 rows of split 'train' have no label and are left out" in succeeded(ended).out
        checked = seqtext_command("check", "priced.csv", "--task", "topics", "--target", "number")
        assert (checked.code, "row 3" in checked.out) == (2, True)
    if case == "a comma":
        rows["price"] = [str(price).replace(".", ",") for price in rows["price"]]
        write_csv(Path("priced.csv"), rows)
        out = succeeded(topics_recipe(*TINY, "--train", "priced.csv", "--dry_run", "--decimal", ",")).out
        assert re.search(r"lowest +5\.5 ", out)


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    ("values", "found"), [([3.0, 3.0], "found 3 in all 2 rows"), ([None, None], "found no number")]
)
def test_constant_numbers_are_nothing_to_learn(values, found):
    with pytest.raises(DataError, match=found):
        seqtext.TopicClassifier.from_data({"text": ["a", "b"], "stars": values}, label_column="stars", **SMALL)


def test_figures_of_labels_and_a_column_that_is_not_there_are_refused():
    with pytest.raises(OptionsError, match="--select is accuracy, and a text has a number; expected one of r2"):
        seqtext.TopicClassifier.from_data(priced(30), select="accuracy", **SMALL)
    with pytest.raises(DataError, match="no column of numbers among 'text'; pass --label_column NAME"):
        seqtext.TopicClassifier.from_data({"text": ["a", "b"]}, **SMALL)
    with pytest.raises(DataError, match="2 columns could be the numbers to predict: one of 'a', 'b'"):
        seqtext.TopicClassifier.from_data({"text": ["a", "b"], "a": [1, 2], "b": [1, 2]}, **SMALL)
