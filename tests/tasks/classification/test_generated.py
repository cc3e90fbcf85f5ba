"""A generator's texts beside labelled rows: which are taken, what they teach, and a run that keeps them only if validation gains."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import datasets
import numpy as np
import pytest

import seqtext
from seqtext.data.rows.columns import Columns
from seqtext.errors import OptionsError
from seqtext.tasks.classification.generated import WEIGHT, with_generated
from seqtext.tasks.classification.unlabelled import ANSWERS
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, succeeded, topics_recipe

COLUMNS = Columns("text", "label")
ROWS = {"text": ["one", "two", "three", "four", "five"], "label": ["war", "war", "sea", "sea", "tax"]}
SIZES = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 300}


class Stub:
    """Writes `label N`, and now and then nothing."""

    config = SimpleNamespace(attributes=("mood", "topic"), names=(("glad", "sad"), ("war", "sea", "sky")))

    def __call__(self, request, *, count, seed):
        return [SimpleNamespace(text=f"{request} {seed + number}" if number != 1 else " ") for number in range(count)]


def given(rows=ROWS) -> datasets.Dataset:
    return datasets.Dataset.from_dict(rows, split="train")


def test_each_label_that_is_known_gets_as_many_texts_as_it_has_rows_but_for_empty_and_held_out_ones():
    held_out = [given({"text": ["topic:sea 7"], "label": ["sea"]})]
    rows, told = with_generated(given(), COLUMNS, Stub(), name="runs/news", held_out=held_out, seed=7)
    assert rows["text"] == [*ROWS["text"], "topic:war 7"]
    assert rows["label"] == [*ROWS["label"], None]
    assert told == "1 texts of runs/news beside 5 training rows, for 2 of 3 labels"
    assert rows[ANSWERS][:5] == [None] * 5
    rest = (1 - WEIGHT) / 3  # labels by name: sea, tax, war
    np.testing.assert_allclose(rows[ANSWERS][5], [rest, rest, rest + WEIGHT], rtol=1e-6)


def test_answers_that_rows_have_stay():
    answered = given().add_column(ANSWERS, [None, [0.5, 0.25, 0.25], None, None, None])
    rows, _ = with_generated(answered, COLUMNS, Stub(), name="runs/news", held_out=[], seed=0)
    assert rows[ANSWERS][1] == [0.5, 0.25, 0.25]
    assert len(rows) == 7


def test_a_generator_of_other_labels_is_refused():
    other = given({"text": ["a", "b"], "label": ["cats", "dogs"]})
    with pytest.raises(
        OptionsError,
        match="writes about 'glad', 'sad', 'war', 'sea', 'sky'; expected some of the labels: 'cats', 'dogs'; give a ",
    ):
        with_generated(other, COLUMNS, Stub(), name="runs/news", held_out=[], seed=0)


# ---- a run


@pytest.fixture
def runs(tmp_path, monkeypatch) -> None:
    """A generator and a classifier of topics, in the folder where the rows are."""
    monkeypatch.chdir(tmp_path)
    write_csv(Path("train.csv"), topic_rows(60, seed=1))
    write_csv(Path("test.csv"), topic_rows(12, seed=2))
    rows = datasets.Dataset.from_dict(topic_rows(60, seed=1))
    seqtext.TextGenerator.from_data(rows, text_column="text", attributes=["label"], **SIZES).save_pretrained("writer")
    seqtext.TopicClassifier.from_data(rows, **SIZES, model="rnn").save_pretrained("reader")


def recipe(*flags: object) -> Ended:
    sizes = [f"--{name}={value}" for name, value in SIZES.items()]
    common = ("--device", "cpu", "--threads", "1", "--epochs", "1", "--batch_tokens", "600", "--baselines", "none")
    return topics_recipe("--train", "train.csv", "--test", "test.csv", *sizes, *common, *flags)


def test_a_run_is_made_with_and_without_and_keeps_what_validation_says_is_better(runs):
    ended = succeeded(recipe("--augment_from", "writer", "--run", "run"))
    assert "texts of writer beside 54 training rows, for 3 of 3 labels" in ended.out
    assert "by learning from generated texts too: " in ended.out
    kept = "learning from generated texts too is kept" in ended.out
    other = seqtext.load("run/stages/augmented").model.state_dict()
    same = all(bool((other[name] == value).all()) for name, value in seqtext.load("run").model.state_dict().items())
    assert same == kept
    assert "learning from generated texts too" in Path("run/README.md").read_text()


@pytest.mark.parametrize("flags", [(), ("--dry_run",)])
def test_a_generator_that_cannot_be_meant_is_told_before_there_is_a_folder(runs, flags):
    for name, count in (("train", 60), ("test", 12)):
        write_csv(Path(f"{name}.csv"), topic_rows(count, seed=count) | {"label": ["cats", "dogs"] * (count // 2)})
    for name, told in (("reader", "is a TopicClassifier"), ("writer", "writes about 'sea', 'town', 'wood'; expected")):
        ended = recipe("--augment_from", name, "--run", "run", *flags)
        assert (ended.code, Path("run").exists()) == (2, False)
        assert f"--augment_from {name} {told}" in ended.err


def test_rows_of_several_texts_are_refused(runs):
    for name, count in (("train", 60), ("test", 12)):
        rows = topic_rows(count, seed=count)
        write_csv(Path(f"{name}.csv"), {"title": rows["text"], "body": rows["text"], "label": rows["label"]})
    ended = recipe("--augment_from", "writer", "--run", "three", "--text_column", "title", "body")
    told = "--augment_from writer writes one text a row, and the rows have several columns of texts; give one --text_column"
    assert (ended.code, told in ended.err, Path("three").exists()) == (2, True, False)


def test_what_is_no_generator_or_rows_without_one_label_each_are_refused(runs):
    assert (
        "--augment_from reader is a TopicClassifier; expected a text generator"
        in recipe("--augment_from", "reader", "--run", "one").err
    )
    for name, count, seed in (("train", 60, 1), ("test", 12, 2)):
        stars = [str(number % 5) for number in range(count)]
        write_csv(Path(f"{name}.csv"), {"text": topic_rows(count, seed=seed)["text"], "stars": stars})
    ended = recipe("--augment_from", "writer", "--target", "number", "--run", "two")
    assert (
        "--augment_from writer, and the texts have labels in lists, or a number, each; leave --augment_from out"
        in ended.err
    )
