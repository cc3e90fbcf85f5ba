"""The generator: made from data, from another run or beside a classifier; saved and loaded."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import seqtext
from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.saving.folders import read_folder
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.settings import GeneratorConfig
from tests.tasks.generation.generators import SIZES, of, vector_of

# ---- made from data


def test_the_label_column_makes_the_vector_where_there_is_no_doubt(generator, rows):
    config = generator.config
    assert (config.text_column, config.attributes, config.names) == ("text", ("label",), (("sea", "town", "wood"),))
    assert config.shares == (1 / 3, 1 / 3, 1 / 3)
    batch = generator.encode(rows).batch(np.array([0, 1, 5]))
    assert batch.vectors.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_several_attributes_make_one_vector(rows):
    task = of(rows, attributes=["label", "style"])
    assert task.config.names == (("sea", "town", "wood"), ("ornate", "plain", "terse"))
    assert task.config.shares == (1 / 3, 1 / 3, 1 / 3, 1 / 4, 1 / 2, 1 / 4)
    batch = task.encode(rows).batch(np.array([0, 4]))
    assert batch.vectors.tolist() == [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0]]
    assert vector_of(task, {"sea": 1, "terse": 2}) == [1, 0, 0, 0, 0, 1]
    assert vector_of(task, "wood") == [0, 0, 1, 0.25, 0.5, 0.25], "an attribute not named has its shares of training"
    expected = torch.tensor(task.config.shares[:3]).tolist()
    assert vector_of(task, {"terse": 1, "plain": 3}) == [*expected, 0, 0.75, 0.25]


def test_a_name_of_two_attributes_is_told_apart_by_its_column(rows):
    both = rows.add_column("answer", ["yes", "no"] * 150).add_column("wanted", ["no", "no", "yes"] * 100)
    task = of(both, attributes=["answer", "wanted"])
    assert vector_of(task, {"answer:yes": 1, "wanted:no": 1}) == [0, 1, 1, 0]
    with pytest.raises(OptionsError, match="'yes' is a value of several attributes; expected one of answer:yes, want"):
        task("yes")


def test_dense_vectors_are_scaled_by_their_own_and_given_back_as_they_were(dense, rows):
    values = np.array(rows["dense"][:])
    np.testing.assert_allclose(dense.config.means, values.mean(0), rtol=1e-5)
    np.testing.assert_allclose(dense.config.scales, [*values.std(0)[:4], 1], rtol=1e-5)
    read = dense.encode(rows).batch(np.arange(300)).vectors.numpy()
    np.testing.assert_allclose(read.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(read.std(0), [1, 1, 1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(vector_of(dense, values[7]), values[7], rtol=1e-5)
    [one] = dense(values[7], seed=4)
    assert dense(one.vector, seed=4)[0].text == one.text, "so it can be asked for again"


def test_a_classifier_makes_the_vectors_of_training_and_of_examples(alike, rows, classifier):
    text = rows["text"][3]
    [expected] = TopicClassifier.from_pretrained(classifier).encode_texts([text])
    [made] = alike(like=text, max_length=3)
    np.testing.assert_allclose(made.vector, expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(alike.vector_like(text), expected)
    read = alike.encode(rows).batch(np.arange(300)).vectors
    torch.testing.assert_close(read.mean(0), torch.zeros(read.shape[1]), atol=1e-5, rtol=0)
    assert alike(like=text, seed=3)[0].text == alike(expected, seed=3)[0].text


def test_without_a_vector_it_is_a_language_model(free, rows):
    assert free.config.vector_size == 0
    assert free.encode(rows).batch(np.arange(3)).vectors is None
    one, other = free(count=2)
    assert one.vector is None
    assert one.text != other.text
    assert set(free.validate(free.encode(rows))) == {"loss", "perplexity"}


def test_the_same_rows_and_seed_give_the_same_generator(rows):
    one, two = (TextGenerator.from_data(rows, seed=3, **SIZES) for _ in range(2))
    other = TextGenerator.from_data(rows, seed=4, **SIZES)
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True))
    assert not torch.equal(one.model.embedding.weight, other.model.embedding.weight)


def plainly(copied: str) -> str:
    """What was copied, without what is added to the names of parts."""
    return re.sub(r" \([^)]*\)", "", copied)


def test_starting_from_another_run_copies_what_fits(generator, rows, classifier, tmp_path):
    generator.save_pretrained(tmp_path / "first")
    same = TextGenerator.from_data(rows, init_from=tmp_path / "first", **SIZES)
    assert same.copied.endswith("copied; nothing new")
    assert same.tokenizer.sha256 == generator.tokenizer.sha256
    assert same("sea", seed=1)[0].text == generator("sea", seed=1)[0].text
    shaped = TextGenerator.from_data(
        rows, init_from=tmp_path / "first"
    )  # of its shape, where nothing else is asked for
    assert shaped.copied.endswith("copied; nothing new")
    other = TextGenerator.from_data(rows, attributes=["style"], init_from=tmp_path / "first", cell="gru", **SIZES)
    assert torch.equal(other.model.embedding.weight, generator.model.embedding.weight)
    assert {"backbone", "to_input", "to_state", "no_vector"} <= set(
        plainly(other.copied).partition("; ")[2][:-4].split(", ")
    )
    styles = TextGenerator.from_data(rows, attributes=["style"], init_from=tmp_path / "first", **SIZES)
    assert len(styles.config.shares) == len(generator.config.shares)  # as many names, but others
    assert [set(part.rpartition(" ")[0].split(", ")) for part in styles.copied.split("; ")] == [
        {"embedding", "backbone", "head"}, {"no_vector", "to_input", "to_state"}
    ]  # fmt: skip
    wide = TextGenerator.from_data(rows, init_from=tmp_path / "first", **{**SIZES, "hidden_size": 13})
    copied, new = (set(part.rpartition(" ")[0].split(", ")) for part in plainly(wide.copied).split("; "))
    assert {"embedding", "to_input", "no_vector"} <= copied
    assert {"backbone", "to_state"} <= new
    assert "head (bias alone)" in wide.copied
    assert torch.equal(wide.model.embedding.weight, generator.model.embedding.weight)
    with pytest.raises(OptionsError, match="--vocabulary_size is 300, but the run to start from has 400; leave"):
        TextGenerator.from_data(rows, init_from=tmp_path / "first", vocabulary_size=300)
    read = TextGenerator.from_data(rows, init_from=classifier, **SIZES)
    assert torch.equal(read.model.embedding.weight, TopicClassifier.from_pretrained(classifier).model.embedding.weight)


# ---- saved


@pytest.mark.parametrize("kind", ["generator", "dense", "alike", "free"])
def test_saved_and_loaded_is_the_same_to_the_bit(kind, request, tmp_path):
    task = request.getfixturevalue(kind)
    task.save_pretrained(tmp_path / "model")
    for loaded in (seqtext.load(tmp_path / "model"), TextGenerator.from_pretrained(tmp_path / "model")):
        assert loaded.config == task.config
        one, other = (some(None, count=3, guidance=2.0, seed=1) for some in (loaded, task))
        assert one == other
        if kind == "alike":
            assert np.array_equal(loaded.vector_like("the ship"), task.vector_like("the ship"))
            assert loaded(like="the ship", seed=1)[0].text == task(like="the ship", seed=1)[0].text
    task.save_pretrained(tmp_path / "again")
    names = set(read_folder(tmp_path / "model"))
    assert names == {"config.json", "known_words.safetensors", "model.safetensors", "tokenizer.model"} | (
        {"encoder-config.json", "encoder-model.safetensors", "encoder-tokenizer.model"} if kind == "alike" else set()
    )
    for name in [*names, "manifest.json"]:
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_another_task_is_refused(classifier):
    with pytest.raises(SavedFileError, match="a TopicClassifier; expected a TextGenerator"):
        TextGenerator.from_pretrained(classifier)


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attributes": ("a",)}, "1 attributes with 0 values, 0 shares"),
        ({"attributes": ("a",), "names": (("x", "y"),), "shares": (0.5, float("nan"))}, "not finite"),
        ({"means": (0.0,), "scales": (0.0,)}, "a scale that is not above 0"),
        ({"feedback": "zeros"}, "--feedback zeros reads nothing but the vector, and there is none; give --vector"),
        ({"max_length": 0, "label_smoothing": 1.0}, "2 options:\n.*--max_length is 0.*\n.*--label_smoothing is 1.0"),
        ({"hidden_size": 10**9}, "--hidden_size is 1000000000; expected 1 to 16384"),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(OptionsError, match=message):
        GeneratorConfig(**changes)


def test_a_text_column_that_is_not_there_is_told_before_a_label_is_looked_for():
    rows = [{"name": name, "kind": kind} for name, kind in (("a", "x"), ("b", "y"))]
    with pytest.raises(DataError, match="no column 'nam' among .*did you mean 'name'"):
        TextGenerator.from_data(rows, text_column="nam")
