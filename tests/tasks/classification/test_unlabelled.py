"""Rows without a label that teach: which they are, what is refused, and a run of the recipe with them."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import numpy as np
import pytest

import seqtext
from seqtext.errors import DataError
from seqtext.reporting import stages
from seqtext.tasks.classification import unlabelled as module
from seqtext.tasks.classification.splits import labelled_splits
from seqtext.tasks.classification.unlabelled import ANSWERS, with_answers
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.training.run_folder import RunFolder
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, succeeded, topics_recipe
from tests.models.test_spread_labels import texts_of

TRAINED = [
    *("--batch_tokens", "600", "--device", "cpu", "--threads", "1", "--epochs", "1"),
    *("--baselines", "none"),
]
TINY = [
    "--hidden_size",
    "8",
    "--embedding_size",
    "8",
    "--vocabulary_size",
    "300",
    "--pretraining_epochs",
    "1",
    *TRAINED,
]
TRAIN = ("--train", "train.csv", "--test", "test.csv", "--unlabelled", "use")
COMPARED = [
    *("--train", "test.csv", "--test", "train.csv", "--unlabelled", "drop", "--model", "rnn"),
    *("--init_from", "first", "--compare_scratch"),
]


def few_labels(count: int = 120) -> dict[str, list[str]]:
    """Rows of which every fourth has a label."""
    rows = topic_rows(count, seed=1)
    return {"text": rows["text"], "label": [label if n % 4 == 0 else "" for n, label in enumerate(rows["label"])]}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("train.csv"), few_labels())
    write_csv(Path("test.csv"), topic_rows(12, seed=2))


def recipe(*flags: object) -> Ended:
    return topics_recipe(*TINY, *flags)


def splits(**more: dict) -> datasets.DatasetDict:
    parts = {"train": few_labels(), "test": topic_rows(12, seed=2), **more}
    return datasets.DatasetDict({name: datasets.Dataset.from_dict(rows) for name, rows in parts.items()})


# ---- which rows they are


def test_rows_without_a_label_are_set_aside_and_the_others_learnt_from():
    data = labelled_splits(splits(), unlabelled="use")
    assert data.unlabelled["text"] == [text for n, text in enumerate(few_labels()["text"]) if n % 4]
    assert len(data.train) + len(data.validation) == 30
    assert "90 texts without a label teach too" in data.notes


def test_rows_that_a_draw_leaves_aside_and_splits_of_the_hub_are_among_them():
    more = {"unsupervised": {"text": ["the harbour at dawn"], "label": [""]}}
    found = splits(**more)
    found["train"] = datasets.Dataset.from_dict(topic_rows(90, seed=1))
    data = labelled_splits(found, unlabelled="use", per_class=4)
    assert len(data.train) + len(data.validation) == 12
    assert len(data.unlabelled) == 90 - 12 + 1
    assert not {*data.unlabelled["text"]} & {*data.validation["text"]}
    assert "unsupervised" in found  # the caller's own splits stay as they were
    assert labelled_splits(found, per_class=4).unlabelled is None


def test_texts_of_another_source_are_used_whatever_becomes_of_rows_without_a_label():
    pile = datasets.Dataset.from_dict({"line": ["one text", "", "another"]})
    data = labelled_splits(splits(), unlabelled="drop", further=[pile])
    assert data.unlabelled["text"] == ["one text", "another"]
    with pytest.raises(DataError, match="found no label"):
        labelled_splits(splits(), further=[pile])


# ---- what is tested on is never looked at


def test_texts_that_are_tested_on_are_refused_with_their_number_and_the_fix_works():
    tested = topic_rows(12, seed=2)["text"]
    Path("pile.txt").write_text("\n".join(["the tide", tested[3], "the moor", tested[5], tested[3]]), encoding="utf-8")
    ended = recipe(*TRAIN, "--unlabelled_data", "pile.txt", "--dry_run")
    assert ended.code == 2
    assert (
        "pile.txt, split 'train', column 'text': found 3 texts without a label that are tested on too: 3 rows, 2, 4, 5"
        in ended.err
    )
    assert "take these rows out" in ended.err
    Path("pile.txt").write_text("the tide\nthe moor", encoding="utf-8")
    assert (
        "92 texts without a label teach too"
        in succeeded(recipe(*TRAIN, "--unlabelled_data", "pile.txt", "--dry_run")).out
    )


def test_a_row_of_the_training_file_is_named_by_its_number_there():
    rows = few_labels()
    rows["text"][7] = topic_rows(12, seed=2)["text"][0]
    found = splits()
    found["train"] = datasets.Dataset.from_dict(rows)
    with pytest.raises(DataError, match=r"1 texts without a label that are tested on too: row 8; "):
        labelled_splits(found, unlabelled="use")


def test_a_draw_and_a_test_of_our_own_leave_out_what_is_tested_on():
    found = splits()
    rows = topic_rows(90, seed=1)
    rows["text"][5] = rows["text"][40] = topic_rows(12, seed=2)["text"][0]
    found["train"] = datasets.Dataset.from_dict(rows)
    data = labelled_splits(found, unlabelled="use", per_class=3)
    assert not {*data.unlabelled["text"]} & {*found["test"]["text"]}
    del found["test"]
    rows = few_labels()
    rows["text"] = [rows["text"][n - n % 4] for n in range(120)]  # each text thrice more without its label
    found["train"] = datasets.Dataset.from_dict(rows)
    data = labelled_splits(found, unlabelled="use")
    assert len(data.test)
    assert not {*data.unlabelled["text"]} & {*data.test["text"]}
    assert any("are left out, since they are tested on" in note for note in data.notes)


# ---- answers


def test_answers_stand_behind_the_labelled_rows_in_the_order_of_the_classes(monkeypatch):
    monkeypatch.setattr(module, "MOST_ANSWERED", 50)
    texts, labels = texts_of(800, seed=1)
    known = datasets.Dataset.from_dict(
        {"text": texts[:10], "label": ["sea" if label == 0 else "wood" for label in labels[:10]]}
    )
    pile = datasets.Dataset.from_dict({"text": texts[10:]})
    rows, how = with_answers(known, pile, columns(), seed=0)
    assert len(rows) == 10 + 50
    assert rows["label"][10:] == [None] * 50
    assert rows[ANSWERS][:10] == [None] * 10
    true = dict(zip(texts, labels, strict=True))
    right = [int(np.argmax(row[ANSWERS])) == true[row["text"]] for row in rows.select(range(10, 60))]
    assert np.mean(right) > 0.9
    assert "its answers teach" in how


def columns():
    from seqtext.data.rows.columns import Columns

    return Columns("text", "label")


# ---- a run


def test_a_run_makes_a_language_model_starts_from_it_and_finds_it_again():
    ended = succeeded(recipe(*TRAIN, "--run", "run"))
    assert "first       a language model of 117 texts, in run/stages/language_model" in ended.out
    assert "goes on" not in ended.err
    assert "note        it ends after 20 epochs without a better validation (--patience_epochs)" in ended.out
    assert "started from run/stages/language_model: tokenizer taken over; embedding, backbone copied" in ended.out
    assert isinstance(seqtext.load("run/stages/language_model"), LanguageModel)
    weights = seqtext.load("run/stages/language_model").model.state_dict()
    made = json.loads(Path("run", "report", "metrics.json").read_text())
    assert made["data"]["notes"][-2] == "90 texts without a label teach too"
    before = Path("run/stages/language_model/manifest.json").read_bytes()
    longer = succeeded(topics_recipe("--resume", "--run", "run", "--epochs", "2"))
    assert "first       a language model" not in longer.out
    assert Path("run/stages/language_model/manifest.json").read_bytes() == before
    assert all(
        (weights[name] == value).all()
        for name, value in seqtext.load("run/stages/language_model").model.state_dict().items()
    )
    again = recipe(*TRAIN, "--run", "run")
    assert again.code == 2
    assert "the folder already holds a run" in again.err


def test_a_run_stopped_while_its_language_model_is_trained_goes_on(monkeypatch):
    fit = stages.fit
    monkeypatch.setattr(stages, "fit", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert recipe(*TRAIN, "--run", "run").code != 0
    monkeypatch.setattr(stages, "fit", fit)
    assert "started from run/stages/language_model" in succeeded(topics_recipe("--resume", "--run", "run")).out
    anew = succeeded(recipe(*TRAIN, "--run", "run", "--overwrite"))
    assert "first       a language model of 117 texts" in anew.out


def test_a_linear_model_and_a_teacher_of_ones_own_need_no_language_model_or_no_spreading():
    ended = succeeded(recipe(*TRAIN, "--model", "linear", "--run", "linear"))
    assert not Path("linear/stages").exists()
    assert "texts without a label teach too" in ended.out
    assert "each hidden once" not in succeeded(recipe(*TRAIN, "--no_self_training", "--dry_run", "--run", "none")).out


def test_a_start_is_compared_with_one_from_scratch_and_the_better_kept():
    sizes = ("--hidden_size", "12", "--embedding_size", "10", "--cell", "gru")
    succeeded(recipe(*TRAIN, "--no_self_training", "--model", "rnn", "--run", "first", *sizes))
    ended = succeeded(topics_recipe(*TRAINED, *COMPARED, "--patience_epochs", "3", "--run", "second"))
    assert "first       the same from scratch, to compare with, in second/stages/from_scratch" in ended.out
    assert "by a start from scratch: " in ended.out
    assert "note        it ends after 3 epochs without a better validation (--patience_epochs)" in ended.out
    kept = "a start from scratch is kept" in ended.out
    scratch = seqtext.load("second/stages/from_scratch")
    assert [scratch.config.hidden_size, scratch.config.embedding_size, scratch.config.cell] == [12, 10, "gru"]
    other = scratch.model.state_dict()
    same = all(
        name in other and other[name].shape == value.shape and bool((other[name] == value).all())
        for name, value in seqtext.load("second").model.state_dict().items()
    )
    assert same == kept


def test_a_run_goes_on_with_its_own_model_where_another_was_kept(monkeypatch):
    succeeded(recipe(*TRAIN, "--no_self_training", "--model", "rnn", "--run", "first"))
    monkeypatch.setattr(stages, "_is_better", lambda *_, **__: True)
    ended = succeeded(topics_recipe(*TRAINED, *COMPARED, "--run", "second"))
    assert "a start from scratch is kept" in ended.out
    own, other = seqtext.load("second/stages/own"), seqtext.load("second/stages/from_scratch")
    assert seqtext.load("second").tokenizer.sha256 == other.tokenizer.sha256 != own.tokenizer.sha256
    monkeypatch.setattr(stages, "_is_better", lambda *_, **__: False)
    ended = succeeded(topics_recipe("--resume", "--run", "second", "--epochs", "2"))
    assert "the first is kept" in ended.out
    assert seqtext.load("second").tokenizer.sha256 == own.tokenizer.sha256
    assert not Path("second/stages/own").exists()
    assert RunFolder("second/stages/from_scratch").has_ended(2), "the other is trained for as long"
