"""Labels spread to texts without one: found where words come together, left where labels say no more by it."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.models import spread_labels as module
from seqtext.models.spread_labels import spread_labels
from tests.conftest import topic_rows

_LETTERS = np.random.default_rng(0).choice([*"abcdefghijklmnopqrstuvwxyz"], (200, 6))
WORDS = ["".join(letters) for letters in _LETTERS]  # the first 100 of one class, the others of the other


def texts_of(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts of 5 of the 100 words of their class each: two of a class rarely share a word, all of them together do."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, count)
    return [" ".join(draw.choice(WORDS[100 * label : 100 * label + 100], 5)) for label in labels], labels


def test_words_that_no_labelled_text_has_are_learnt_from_the_others():
    texts, labels = texts_of(800, seed=1)
    first = [int(np.flatnonzero(labels == label)[place]) for label in (0, 1) for place in range(5)]
    others = [place for place in range(800) if place not in first]
    found = spread_labels([texts[i] for i in first], labels[first], [texts[i] for i in others], classes=2)
    assert found.probabilities is not None
    assert found.probabilities.shape == (790, 2)
    assert found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (found.probabilities.argmax(axis=1) == labels[others]).mean() > 0.97
    assert "of 10 labels, each hidden once" in found.description
    assert "its answers teach" in found.description


def test_the_same_seed_gives_the_same_answers_and_every_text_its_own():
    texts, labels = texts_of(800, seed=1)
    again = [spread_labels(texts[:10], labels[:10], texts[10:], classes=2).probabilities for _ in range(2)]
    assert again[0] is not None
    assert again[1] is not None
    np.testing.assert_array_equal(*again)


@pytest.mark.parametrize("others", [0, 50])
def test_nothing_is_spread_where_words_say_nothing_of_the_labels(others):
    draw = np.random.default_rng(3)
    texts, _ = texts_of(60 + others, seed=3)
    labels = draw.integers(0, 2, 60)
    found = spread_labels(texts[:60], labels, texts[60:], classes=2)
    if found.probabilities is None:
        assert "none are spread" in found.description
    else:  # by chance: then it says on how little it rests
        assert "of 60 labels" in found.description


def test_nothing_is_spread_where_a_linear_model_finds_as_many_hidden_labels():
    rows = topic_rows(90, seed=1)
    labels = np.unique(rows["label"], return_inverse=True)[1]
    found = spread_labels(rows["text"], labels, topic_rows(40, seed=2)["text"], classes=3)
    assert found.probabilities is None
    assert "finds 100.0% and a linear model of the others 100.0%: none are spread" in found.description


def test_of_many_labels_none_are_spread(monkeypatch):
    monkeypatch.setattr(module, "MOST_KNOWN", 10)
    texts, labels = texts_of(30, seed=4)
    assert spread_labels(texts[:20], labels[:20], texts[20:], classes=2).probabilities is None


@pytest.mark.parametrize("texts", [["", ""], ["?!", "..."], ["one", "two"]])
def test_texts_without_common_words_are_no_fault(texts):
    assert spread_labels(texts, np.array([0, 1]), ["", "three"], classes=2).probabilities is None
