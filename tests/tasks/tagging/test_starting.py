"""A tagger that starts from another run: a language model's pieces and weights, one by one, or all that another tagger has."""

from __future__ import annotations

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.errors import OptionsError
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.tagging.tagger import Tagger
from tests.conftest import topic_rows
from tests.tasks.forecasting.forecasters import made_for
from tests.tasks.language_model import models
from tests.tasks.tagging.taggers import SIZES, made, rows, sentences

TEXTS = ["Ann can see the owl .", "", "Zoë", "\u4e16\u754c \U0001f6a2 " + "x" * 500, "\x01 \ud800 a\u0301"]
ASKED = {name: size for name, size in SIZES.items() if name not in ("hidden_size", "embedding_size")}


def started(source, folder, **settings) -> Tagger:
    source.save_pretrained(folder)
    return Tagger.from_data(rows(), tag_column="upos", init_from=folder, **{**ASKED, **settings})


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        ({"directions": "forward", "num_layers": 2}, {}, "embedding (in part), backbone copied; head, auxiliary new"),
        ({"directions": "both", "cell": "gru"}, {}, "embedding (in part), backbone copied; head, auxiliary new"),
        ({"directions": "both"}, {"bidirectional": True}, "embedding (in part), backbone copied; head, auxiliary new"),
        (
            {"directions": "forward", "cell": "rnn"},
            {"bidirectional": True},
            "embedding (in part), backbone (forward direction) copied; head, auxiliary new",
        ),
    ],
)
def test_a_language_model_weight_by_weight(theirs, ours, said, tmp_path):
    source = models.made(**theirs)
    task = started(source, tmp_path / "source", **ours)
    assert task.copied == said
    assert task.pieces.sha256 == source.tokenizer.sha256
    own, given = task.model.state_dict(), source.model.state_dict()
    assert torch.equal(own["embedding.pieces.weight"], given["embedding.weight"])
    for name, weight in own.items():
        reverse = "reverse_layers" in name and theirs["directions"] == "forward"
        if name.startswith("backbone.") and not reverse:
            assert torch.equal(weight, given[name]), name
        elif name != "embedding.pieces.weight":
            assert not any(weight.shape == other.shape and torch.equal(weight, other) for other in given.values()), name
    for name in ("cell", "embedding_size", "hidden_size", "num_layers"):
        assert getattr(task.config, name) == getattr(source.config, name), name


def test_sizes_that_are_asked_for_win_and_what_does_not_fit_is_new(tmp_path):
    task = started(models.made(directions="forward"), tmp_path / "source", hidden_size=20)
    assert task.config.hidden_size == 20
    assert (
        task.copied
        == "embedding (in part) copied; backbone (theirs does not fit: 48x8 and not 80x8), head, auxiliary new"
    )


def test_words_are_told_by_their_pieces_alone_and_in_a_batch_and_saved(tmp_path):
    task = started(models.made(directions="forward", lowercase=True), tmp_path / "source", look_ahead=1)
    plain = task(TEXTS, probabilities=True)
    for text, found in zip(TEXTS, plain, strict=True):
        [alone] = task([text], probabilities=True)
        assert [pair[:2] for pair in alone] == [pair[:2] for pair in found]
    stream = task.stream()
    assert stream.push(TEXTS[0]) + stream.finish() == [pair[:2] for pair in plain[0]]
    task.save_pretrained(tmp_path / "model")
    again = seqtext.load(tmp_path / "model")
    assert again(TEXTS, probabilities=True) == plain
    assert again.pieces.normaliser == task.pieces.normaliser
    with torch.no_grad():
        again.model.embedding.pieces.weight.add_(torch.randn_like(again.model.embedding.pieces.weight))
    assert again(TEXTS, probabilities=True) != plain
    further = Tagger.from_data(
        rows(), tag_column="ner_tags", init_from=tmp_path / "model", **{**SIZES, "look_ahead": 1}
    )
    assert further.copied == "embedding, backbone, auxiliary copied; head new"
    assert further.pieces.sha256 == task.pieces.sha256
    assert further.config.lowercase


def test_a_tagger_that_started_learns(tmp_path):
    task = started(models.made(directions="forward"), tmp_path / "source")
    given = datasets.Dataset.from_dict(sentences(200), split="train")
    before = task.model.embedding.pieces.weight.clone()
    seqtext.fit(
        task, given, rows(40, seed=3), run=tmp_path / "run", epochs=4, learning_rate=2e-2, batch_rows=8,
        ema_decay=0.9, threads=1, device="cpu",
    )  # fmt: skip
    assert task.validate(task.encode(rows(40, seed=4)))["accuracy"] > 0.9
    assert not torch.equal(task.model.embedding.pieces.weight, before)


def test_any_other_task_of_texts_will_do(tmp_path):
    texts = datasets.Dataset.from_dict(topic_rows(60, 1))
    settings = {"text_column": "text", "embedding_size": 8, "hidden_size": 12, "num_layers": 1, "vocabulary_size": 300}
    source = TopicClassifier.from_data(texts, **settings, cell="lstm", bidirectional=False)
    task = started(source, tmp_path / "source")
    assert task.copied == "embedding (in part), backbone copied; head, auxiliary new"
    assert torch.equal(task.model.embedding.pieces.weight, source.model.embedding.weight)


def test_what_has_no_pieces_is_refused(tmp_path):
    with pytest.raises(OptionsError, match="reads whole words, and other runs pieces of words"):
        started(models.made(tokens="words", directions="forward"), tmp_path / "words")
    with pytest.raises(OptionsError, match="is a Forecaster, which has no tokenizer to take over"):
        started(made_for(np.arange(60.0), window=8), tmp_path / "numbers")
    made().save_pretrained(tmp_path / "tagger")
    texts = datasets.Dataset.from_dict(topic_rows(60, 1))
    with pytest.raises(OptionsError, match="is a Tagger, which has no tokenizer to take over"):
        TopicClassifier.from_data(texts, text_column="text", init_from=tmp_path / "tagger")
