"""A small recurrent classifier that learns to tell two kinds of texts apart, reading their words in order. It knows no generator.

The other judge, TF-IDF, sees which runs of words there are; this one also what a text comes to after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqtext.batching.ragged import Ragged
from seqtext.data.text.words import words
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.pooling import Pooling
from seqtext.training.optimizer import make_optimizer

UNITS, DROPOUT, HIDDEN = (
    64,
    0.3,
    0.1,
)  # features of a word and of a step; shares of features zeroed and of words hidden in training
EPOCHS, ROWS, RATE = 5, 16, 5e-3
LONGEST = 60  # words of a text that are read
UNKNOWN, FIRST = 1, 2  # ids: of words that fewer than two texts have, and of the first of the others
Texts = Sequence[Sequence[str]]
Rows = NDArray[np.int64]


def right_by_reading(texts: Sequence[str], kinds: Sequence[int], *, seed: int = 0) -> float:
    """The share of texts whose kind it finds: two halves, each judged by a classifier that has learnt from the other.

    Args:
        texts: of both kinds.
        kinds: 0 or 1 of each; at least two of either.
        seed: of the halves, the weights and the order.
    """
    lists, truth = [words(text)[:LONGEST] for text in texts], np.array(kinds)
    draw, half = np.random.default_rng(seed), np.empty(len(texts), dtype=np.int64)
    for kind in (0, 1):  # each half has as many of both
        rows = draw.permutation(np.flatnonzero(truth == kind))
        half[rows] = np.arange(len(rows)) % 2
    found = np.zeros(len(texts))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for part in (0, 1):
            others = np.flatnonzero(half == part)
            found[others] = _judged(lists, truth, np.flatnonzero(half != part), others, draw)
    return float(((found > 0) == truth).mean())


def _judged(lists: Texts, truth: Rows, learnt: Rows, others: Rows, draw: np.random.Generator) -> NDArray[np.float64]:
    """Logits of the kind 1 for some rows, after learning from others."""
    counts = Counter(word for row in learnt.tolist() for word in dict.fromkeys(lists[row]))
    ids = {word: place for place, word in enumerate((w for w, count in counts.items() if count > 1), start=FIRST)}
    rows = Ragged.from_sequences([[ids.get(word, UNKNOWN) for word in text] or [UNKNOWN] for text in lists])
    model = SeqToVec(
        embedding=TokenEmbedding(
            vocabulary_size=FIRST + len(ids), embedding_size=UNITS, word_dropout=HIDDEN, dropout=DROPOUT
        ),
        backbone=Backbone(input_size=UNITS, hidden_size=UNITS, cell="lstm"),
        pooling=Pooling(kinds=("last", "mean", "max"), size=UNITS),
        output_size=1,
        dropout=DROPOUT,
    )
    optimizer = make_optimizer(model, name="adamw", learning_rate=RATE, weight_decay=0.01)
    batches = list(_batches(learnt, draw))
    for step, chosen in enumerate(batches):
        batch = torch.from_numpy(chosen)
        hidden, _ = model.embedding.hide(rows.pad(batch))  # type: ignore[operator]
        logits = model(hidden).squeeze(1)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(truth[chosen]).float())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = group["highest_rate"] * (1 - step / len(batches))
        optimizer.step()
    model.eval()
    with torch.no_grad():
        parts = [
            model(rows.pad(torch.from_numpy(part))).squeeze(1)
            for part in np.array_split(others, 1 + len(others) // 256)
        ]
    logits_of_others: NDArray[np.float64] = torch.cat(parts).double().numpy()
    return logits_of_others


def _batches(rows: Rows, draw: np.random.Generator) -> Iterator[Rows]:
    """All rows once per epoch, in another order each time."""
    for _ in range(EPOCHS):
        yield from np.array_split(draw.permutation(rows), max(len(rows) // ROWS, 1))
