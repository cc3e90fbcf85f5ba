"""Translators of a few words with large random weights, for the tests of what they do."""

from __future__ import annotations

import random

import datasets
import numpy as np
import torch

from seqtext.data.text.tokenizer import END
from seqtext.tasks.translation.translator import Translator
from seqtext.tasks.translation.writing import Translation

SIZES = {"hidden_size": 16, "encoder_size": 8, "embedding_size": 8, "vocabulary_size": 330}
LEXICON = {
    "green": "grün", "old": "alt", "small": "klein", "house": "Haus", "tree": "Baum", "dog": "Hund",
    "runs": "läuft", "sleeps": "schläft", "here": "hier", "today": "heute", "and": "und", "man": "Mann",
}  # fmt: skip
SHAPES = [
    {"cell": "gru", "attention": "dot"},
    {"cell": "lstm", "attention": "scaled_dot", "heads": 2},
    {"cell": "rnn", "attention": "additive", "num_layers": 1},
    {"cell": "lstm", "attention": None, "bidirectional": False, "encoder_size": 16},
]


def pairs(count: int, seed: int = 0) -> datasets.Dataset:
    """Sentences of a small language, and what they are in another."""
    rng = random.Random(seed)
    rows = [rng.choices(list(LEXICON), k=rng.randint(1, 12)) for _ in range(count)]
    both = {"source": [" ".join(row) for row in rows], "target": [" ".join(LEXICON[w] for w in row) for row in rows]}
    return datasets.Dataset.from_dict(both)


def scrambled(task: Translator) -> Translator:
    """With weights so large that the translations differ."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.8)
        task.model.head.bias[END] += 4
    task.model.eval()
    return task


def of(rows: datasets.Dataset, **settings) -> Translator:
    return scrambled(Translator.from_data(rows, **{**SIZES, **settings}))


def same(one: Translation, other: Translation) -> bool:
    weights = [np.zeros(0) if each.attention is None else each.attention for each in (one, other)]
    return np.array_equal(*weights) and one._replace(attention=None) == other._replace(attention=None)
