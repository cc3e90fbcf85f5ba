"""`Tagger`: a word's tag is the same alone, in a batch, saved, and whatever follows it; words that nobody knows have one too."""

from __future__ import annotations

import datasets
import numpy as np
import pandas
import pytest
import torch

import seqtext
from seqtext.batching.padded import Padded
from seqtext.errors import DataError, NumericsError, OptionsError
from seqtext.saving.folders import read_folder
from seqtext.tasks.tagging import tagger as module
from seqtext.tasks.tagging.tagger import Tagger
from tests.tasks.tagging.taggers import PLAIN, SIZES, made, rows, sentences

TEXTS = ["Ann can see the owl .", "", "Zoë", "see " * 70, "\u4e16\u754c \U0001f6a2 " + "x" * 500, "\x01 \ud800 a\u0301"]
KINDS = [
    {},
    {"num_layers": 2, "cell": "gru"},
    {"look_ahead": 2},
    {"bidirectional": True},
    {"cell": "rnn", "look_ahead": 1},
]


@pytest.mark.parametrize("settings", KINDS)
def test_alone_equals_in_a_batch_and_saved_equals_opened(settings, tmp_path):
    task = made(**settings)
    together = task(TEXTS, probabilities=True)
    for text, found in zip(TEXTS, together, strict=True):
        [alone] = task([text], probabilities=True)
        assert [pair[:2] for pair in alone] == [pair[:2] for pair in found]
        np.testing.assert_allclose([sure for *_, sure in alone], [sure for *_, sure in found], atol=1e-5)
        assert [word for word, *_ in found] == text.split()
    assert task(TEXTS) == [[pair[:2] for pair in found] for found in together]
    task.save_pretrained(tmp_path / "model")
    again = Tagger.from_pretrained(tmp_path / "model")
    assert again(TEXTS, probabilities=True) == together
    assert again.config == task.config
    again.save_pretrained(tmp_path / "again")
    assert read_folder(tmp_path / "again") == read_folder(tmp_path / "model")
    assert isinstance(seqtext.load(tmp_path / "model"), Tagger)


@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "cell": "gru"}, {"look_ahead": 2}])
def test_the_future_changes_nothing_that_is_tagged(settings):
    task = made(**settings)
    words = ["Ann", "can", "see", "the", "owl", ".", "Bob", "may", "see", "the", "deer", "."]
    ahead = task.config.look_ahead
    plain = task.words_of([words])
    logits = task.model(plain).values
    for place in range(len(words) - ahead - 1):
        # other words behind, spelt as before, so that only what they are differs
        ids = plain.ids.values.clone()
        ids[0, place + ahead + 1 :] = (ids[0, place + ahead + 1 :] + 3) % len(task.words)
        other = task.model(plain._replace(ids=Padded(ids, plain.ids.lengths))).values
        assert torch.equal(other[0, : place + 1], logits[0, : place + 1])
        assert not torch.equal(other[0, place + 1 :], logits[0, place + 1 :])
        shorter = task([words[: place + ahead + 1]])[0]
        assert shorter[: place + 1] == task([words])[0][: place + 1]


def test_padding_and_neighbours_change_nothing_bit_for_bit():
    task = made(bidirectional=True)
    words = task.words_of([["Ann", "may"], ["Bob", "can", "see", "the", "owl"]])
    logits = task.model(words).values
    ids, form_of = words.ids.values.clone(), words.form_of.clone()
    ids[0, 2:], form_of[0, 2:] = 5, 3
    other = task.model(words._replace(ids=Padded(ids, words.ids.lengths), form_of=form_of)).values
    assert torch.equal(other[0, :2], logits[0, :2])
    assert torch.equal(other[1], logits[1])


def test_words_are_taken_from_lists_texts_rows_and_tables():
    task = made()
    expected = [[("Ann", "x"), ("sails", "x")], [("owl", "x")]]

    def words(found):
        return [[(word, "x") for word, _ in row] for row in found]

    lists = [["Ann", "sails"], ["owl"]]
    for given in (
        lists,
        ["Ann  sails", "owl\n"],
        [{"tokens": row} for row in lists],
        {"tokens": lists},
        pandas.DataFrame({"tokens": lists}),
        datasets.Dataset.from_dict({"tokens": lists}),
    ):
        assert words(task(given)) == expected
    assert words(task("owl")) == [[("owl", "x")]]
    assert task([]) == []
    assert [word for word, _ in task([["New York", "1 000"]])[0]] == ["New York", "1 000"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([1], "text 1: found int; expected a text, or a list of words"),
        (["a", ["b", 2]], "text 2, word 2: found int"),
        (b"a", "texts: found bytes"),
        ([None], "text 1: found NoneType"),
        ([{"words": ["a"]}], "text 1: found a row of words; expected the column 'tokens'"),
        ({"words": [["a"]]}, "without the column 'tokens'"),
    ],
)
def test_what_holds_no_words_is_refused(given, told):
    with pytest.raises(DataError, match=told):
        made()(given)


def test_words_differ_by_their_letter_case_and_by_how_they_are_spelt():
    task = made()
    numbers = task.words_of([["the", "The", "THE", "thes", "zzz"]]).ids.values[0].tolist()
    assert len(set(numbers[:3])) == 1
    assert numbers[3] == numbers[4] == 1
    vectors = task.model.embedding(task.words_of([["the", "The", "thes", "zzz", "zzz"]])).values[0]
    assert len({tuple(vector.tolist()) for vector in vectors}) == 4


def test_of_a_word_of_any_length_both_ends_are_read():
    task = made()
    long = "a" * 4_000_000
    one, other, third = task.model.embedding(task.words_of([[long, long + "a", long + "b"]])).values[0]
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_chunks_of_texts_change_nothing(monkeypatch):
    task = made()
    texts = [" ".join(words) for words in sentences(40)["tokens"]] + [""]
    whole = task(texts)
    monkeypatch.setattr(module, "CHUNK", 7)
    assert task(texts) == whole


def test_tags_that_training_has_not_are_mistakes_without_a_loss():
    task = made()
    plain = {"tokens": [["Ann", "may"]], "upos": [["PROPN", "AUX"]]}
    other = {"tokens": [["Ann", "may", "see"]], "upos": [["PROPN", "AUX", "MOOD"]]}
    [one, two] = [task.validate(task.encode(datasets.Dataset.from_dict(rows))) for rows in (plain, other)]
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
    assert two["accuracy"] == pytest.approx(one["accuracy"] * 2 / 3)
    figures = task.evaluate(other)
    assert figures["test"]["unknown_tags"] == 1
    assert figures["test"]["accuracy"] == pytest.approx(two["accuracy"])
    assert "MOOD" in figures["data"]["warnings"][0]


def test_a_row_without_a_word_can_be_encoded_and_counts_for_nothing():
    task = made()
    given = {"tokens": [["Ann", "may"], []], "upos": [["PROPN", "AUX"], []]}
    examples = task.encode(datasets.Dataset.from_dict(given))
    [loss] = task.losses(examples.batch(np.arange(2)))
    assert float(loss.count) == 2
    assert loss.rows[1] == 0
    assert task.evaluate(given)["test"]["words"] == 2


def test_long_rows_are_cut_for_gradients_and_read_whole():
    given = {"tokens": [["Ann"] * 25, ["see"] * 3], "upos": [["PROPN"] * 25, ["VERB"] * 3]}
    task = made(max_length=10)
    examples = task.encode(datasets.Dataset.from_dict(given))
    assert examples.lengths.tolist() == [10, 10, 5, 3]
    assert [examples.source_row(row) for row in range(4)] == [0, 0, 0, 1]
    assert task.evaluate(given)["test"]["rows"] == 2


def test_dropout_of_words_leaves_their_spelling():
    task = made(word_dropout=0.9, embedding_dropout=0.0)
    task.model.train()
    words = task.words_of([["the"] * 200])
    vectors = task.model.embedding(words).values[0]
    assert len({tuple(vector.tolist()) for vector in vectors}) == 2  # with its own vector, and without


def test_it_goes_on_from_another_tagger_with_other_tags(tmp_path):
    source = made()
    source.save_pretrained(tmp_path / "source")
    same = Tagger.from_data(rows(), tag_column="upos", init_from=tmp_path / "source", **SIZES)
    assert same(TEXTS) == source(TEXTS)
    other = Tagger.from_data(rows(), tag_column="ner_tags", init_from=tmp_path / "source", **SIZES)
    assert other.copied == "embedding, backbone, auxiliary copied; head new"
    assert other.words.words == source.words.words
    assert other.config.select == "span_f1"
    with pytest.raises(OptionsError, match="--hidden_size is 20, but the run to start from has 12"):
        Tagger.from_data(rows(), tag_column="upos", init_from=tmp_path / "source", **{**SIZES, "hidden_size": 20})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"look_ahead": 1, "bidirectional": True}, "--look_ahead is of a model that streams"),
        ({"look_ahead": -1}, "--look_ahead is -1; expected 0 to 64"),
        ({"word_dropout": 1.0}, "--word_dropout is 1.0"),
        ({"select": "span_f1"}, "--select is span_f1, and the tags mark no spans"),
        ({"spelling": 3}, "unknown setting 'spelling'"),
    ],
)
def test_settings_that_cannot_be_meant(settings, told):
    with pytest.raises(OptionsError, match=told):
        made(**settings)


def test_answers_that_are_no_numbers_are_refused():
    task = made()
    with torch.no_grad():
        task.model.head.weight.fill_(float("nan"))
    with pytest.raises(NumericsError):
        task(["Ann"])


def test_it_learns_and_reports_spans_from_python(tmp_path):
    train, test = rows(300), rows(60, seed=3)
    task = Tagger.from_data(train, tag_column="ner_tags", **{**SIZES, **PLAIN, "hidden_size": 24})
    seqtext.fit(
        task, train, test, test=test, run=tmp_path / "run", report=True, epochs=5, learning_rate=2e-2, batch_rows=8,
        ema_decay=0.9, threads=1, device="cpu",
    )  # fmt: skip
    figures = task.evaluate(test)["test"]
    assert figures["span_f1"] > 0.95
    assert [one["kind"] for one in figures["spans"]] == ["", "PER"]
    assert (tmp_path / "run" / "report" / "confusion_matrix.png").is_file()
