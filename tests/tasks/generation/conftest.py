"""Rows with all that a generator's vector can be made of, a classifier, and a generator of each kind."""

from __future__ import annotations

import datasets
import numpy as np
import pytest

from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.generator import TextGenerator
from tests.tasks.generation.generators import of


@pytest.fixture(scope="module")
def rows(topics) -> datasets.Dataset:
    """Texts with a label, a style and a dense vector."""
    train = topics["train"]
    styles = [["plain", "ornate", "plain", "terse"][number % 4] for number in range(len(train))]
    dense = np.random.default_rng(0).normal(size=(len(train), 5)) * [1, 10, 100, 1, 0] + 3
    return train.add_column("style", styles).add_column("dense", dense.tolist())


@pytest.fixture(scope="module")
def classifier(topics, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("classifier") / "model"
    TopicClassifier.from_data(topics["train"], hidden_size=4, embedding_size=8, vocabulary_size=400).save_pretrained(
        folder
    )
    return str(folder)


@pytest.fixture(scope="module")
def generator(rows) -> TextGenerator:
    return of(rows)


@pytest.fixture(scope="module")
def dense(rows) -> TextGenerator:
    return of(rows, vector_column="dense")


@pytest.fixture(scope="module")
def alike(rows, classifier) -> TextGenerator:
    return of(rows, vectors_from=classifier)


@pytest.fixture(scope="module")
def free(rows) -> TextGenerator:
    """A language model."""
    return of(rows, attributes=())
