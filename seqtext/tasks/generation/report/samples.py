"""Texts that a generator writes beside as many real ones: asked for what real texts have, and judged by whoever can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from seqtext.data.text.words import words
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.report.quality import all_texts, quality
from seqtext.tasks.generation.report.realism import ngram_texts, told_apart
from seqtext.tasks.generation.vectors import attribute_places, raw_vectors
from seqtext.tasks.generation.writing import Generated

if TYPE_CHECKING:
    from datasets import Dataset

Accuracy: TypeAlias = Callable[[Sequence[str], Sequence[int] | np.ndarray], float]
SAMPLES = 1000  # texts that are judged, as many of each value
SEED = 0  # of the real texts they are compared with: files are often sorted by topic or by day, and their first rows are like no others


def judged(
    task: TextGenerator,
    rows: Dataset,
    train: Dataset | None,
    accuracies: Mapping[str, tuple[Accuracy, np.ndarray]],
    *,
    most: int = SAMPLES,
) -> dict[str, Any]:
    """Samples at the default settings beside as many real texts: whether a judge sees what was asked for, and their diversity.

    Args:
        task: to measure.
        rows: the real texts are drawn from.
        train: texts that may have been copied from; None leaves copies uncounted.
        accuracies: of attributes, by column: how often a judge gives texts these values, and (R,) the values of the rows.
        most: samples at most.

    Returns:
        Counts, and the figures of the model's texts, of the real ones, and, where there are training texts, of an n-gram model's.
    """
    normalised = task.tokenizer.normaliser  # as its texts are
    chosen = _places(len(rows), most)
    rows = rows.select(chosen)
    real = list(map(normalised, all_texts(rows, task.config.text_column)))
    asked, made = samples_of(task, rows, count=len(real))
    sides = {"model": [one.text for one in made], "real": real}
    training = None
    if train is not None:
        training = list(map(normalised, all_texts(train, task.config.text_column)))
        sides["ngram"] = ngram_texts(training, len(real))
    tokens = min(sum(len(words(text)) for text in side) for side in sides.values())
    figures: dict[str, Any] = {
        "count": len(made),
        "ended": sum(one.ended for one in made) / len(made),
        "empty": sum(not one.text.strip() for one in made),
        **{side: quality(texts, training, tokens) for side, texts in sides.items()},
    }
    for side, texts in sides.items():
        figures[side] |= told_apart(texts if side != "real" else _some(training or [], len(real)), real)
    texts = sides["model"]
    for column, (accuracy, ids) in accuracies.items():
        place = task.config.attributes.index(column)
        figures["model"][f"control_{column}"] = accuracy(texts, [one[place] for one in asked])
        figures["real"][f"control_{column}"] = accuracy(real, ids[chosen])
    return figures


def drawn(rows: Dataset, count: int) -> Dataset:
    """Some rows, or all, in another order: the same each time."""
    return rows.select(_places(len(rows), count))


def _some(texts: Sequence[str], count: int) -> list[str]:
    return [texts[place] for place in _places(len(texts), count)]


def _places(rows: int, count: int) -> np.ndarray:
    return np.random.default_rng(SEED).permutation(rows)[:count]


def samples_of(
    task: TextGenerator, rows: Dataset, *, count: int, **choices: Any
) -> tuple[list[tuple[int, ...]], list[Generated]]:
    """Texts, and which value of each attribute was asked for; as many of each first value, the others as in the rows."""
    config = task.config
    if not config.vector_size:
        return [()] * count, task(None, count=count, **choices)
    if not config.attributes:
        dense = task.encode(rows).vectors[torch.arange(count) % len(rows)]
        assert dense is not None
        return [()] * count, task(list(raw_vectors(dense, config)), **choices)
    places = attribute_places(rows, config).numpy()
    before = np.cumsum([0, *map(len, config.names[:-1])])
    asked = places[np.arange(count) % len(places)] - before
    asked[:, 0] = np.arange(count) % len(config.names[0])
    requests = [
        {
            f"{column}:{names[value]}": 1.0
            for column, names, value in zip(config.attributes, config.names, row, strict=True)
        }
        for row in asked.tolist()
    ]
    return [tuple(row) for row in asked.tolist()], task(requests, **choices)
