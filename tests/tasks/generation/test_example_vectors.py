"""Vectors of examples are read from the texts once, and again only where the texts or the classifier are others."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.reading.cache import cache_folder
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.example_vectors import example_vectors

SIZES = {"hidden_size": 4, "embedding_size": 8, "vocabulary_size": 400}


@pytest.fixture
def read(monkeypatch, tmp_path):
    """How many texts were read by a classifier."""
    monkeypatch.setenv("SEQTEXT_CACHE", str(tmp_path))
    counts = []
    own = TopicClassifier.encode_texts
    monkeypatch.setattr(
        TopicClassifier, "encode_texts", lambda self, texts: counts.append(len(texts)) or own(self, texts)
    )
    return counts


def test_texts_are_read_once(topics, read):
    rows = topics["train"].select(range(30))
    one, other = (TopicClassifier.from_data(topics["train"], seed=seed, **SIZES) for seed in (0, 1))
    first, second = example_vectors(one, rows, "text"), example_vectors(one, rows, "text")
    assert read == [30]
    assert first.shape == (30, one.model.pooling.output_size)
    assert np.array_equal(first, second)
    assert np.array_equal(first, one.encode_texts(rows["text"][:]))
    assert not np.array_equal(first, example_vectors(other, rows, "text"))
    assert np.array_equal(example_vectors(one, rows.select(range(4, 9)), "text"), first[4:9])
    assert read == [30, 30, 30, 5]


def test_a_damaged_copy_is_made_again(topics, read):
    rows = topics["train"].select(range(10))
    classifier = TopicClassifier.from_data(topics["train"], **SIZES)
    first = example_vectors(classifier, rows, "text")
    [file] = cache_folder("vectors").glob("*/vectors.bin")
    data = bytearray(file.read_bytes())
    data[5] ^= 1
    file.write_bytes(data)
    assert np.array_equal(example_vectors(classifier, rows, "text"), first)
    assert read == [10, 10]
