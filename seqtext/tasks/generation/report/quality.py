"""How good generated texts are, beside the same figures of real ones: control, diversity, copying, perplexity and its bounds.

Knows a text generator and real texts; the measures themselves know neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.data.text.encoding import texts_of
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.data.text.words import words
from seqtext.nn.losses import perplexity
from seqtext.reporting.trigram import Trigram
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.report.diversity import copied_share, distinct_at, self_bleu
from seqtext.tasks.generation.report.judge import Judge
from seqtext.tasks.generation.report.realism import invented, known_words, repeating
from seqtext.tasks.generation.rows import GeneratorRows
from seqtext.tasks.generation.vectors import attribute_places

if TYPE_CHECKING:
    from datasets import Dataset

NGRAMS = (1, 2, 3)
MIXED = 200  # texts of a mixture
COPIED = 8  # words of a run that counts as copied


def perplexities(task: TextGenerator, rows: Dataset, train: Dataset | None = None) -> dict[str, Any]:
    """Per token, end tokens among them, with the vector and without it; bits per byte; and what the vector can give.

    Args:
        task: to measure.
        rows: of the texts.
        train: training texts, for the perplexity of a trigram model of them beside it.
    """
    test = task.encode(rows)
    texts = all_texts(rows, task.config.text_column)
    tokens = int(test.lengths.sum(dtype=np.int64))
    size = max(sum(len(task.tokenizer.normaliser(text).encode()) for text in texts), 1)
    loss = task.token_loss(test)
    figures: dict[str, Any] = {
        "tokens": tokens,
        "perplexity": perplexity(loss),
        "bits_per_byte": loss * tokens / size / float(np.log(2)),
    }
    if train is not None:
        trigram = Trigram(_ids(task.encode(train)), len(task.tokenizer), end=END)
        baseline = -float(np.concatenate(trigram.log_probabilities(_ids(test))).mean())
        figures |= {"trigram_perplexity": perplexity(baseline), "below_trigram": 1 - perplexity(loss - baseline)}
    if task.config.vector_size:
        without = task.token_loss(test, vectors=False)
        figures |= {
            "perplexity_without_vector": perplexity(without),
            "bits_per_byte_without_vector": without * tokens / size / float(np.log(2)),
            "vector_gives": 1 - perplexity(loss - without),
        }
    if task.config.attributes:
        figures["vector_can_give"] = 1 - float(np.exp(-_entropy(task, rows) / (tokens / len(test))))
    return figures


def quality(texts: Sequence[str], training: Sequence[str] | None, tokens: int) -> dict[str, float]:
    """Diversity of some texts over their first `tokens` words, and how much of them is repeated, copied or invented.

    Args:
        texts: to measure.
        training: texts that may have been copied from; None leaves copies and invented words uncounted.
        tokens: words that diversity is measured over, the same for all that are compared.
    """
    lists = [words(text) for text in texts]
    figures = {f"distinct_{n}": distinct_at(lists, n, tokens) for n in NGRAMS}
    if len(lists) > 1:
        figures["self_bleu"] = self_bleu(lists)
    figures["repeating"] = repeating(texts)
    if training is None:
        return figures
    copied, new = copied_share(lists, map(words, training), COPIED), invented(texts, known_words(training))
    return figures | {"copied": copied, "invented": new}


def judge_of(task: TextGenerator, train: Dataset, place: int = 0) -> Judge:
    """A judge of one attribute, learnt from training texts."""
    texts = (text for chunk in texts_of(train, task.config.text_column) for text in chunk)
    return Judge(texts, values_of(task, train, place), classes=len(task.config.names[place]))


def values_of(task: TextGenerator, rows: Dataset, place: int = 0) -> np.ndarray:
    """(R,) which value of an attribute each row has."""
    values: np.ndarray = attribute_places(rows, task.config)[:, place].numpy()
    return values - sum(map(len, task.config.names[:place]))


def mixture(task: TextGenerator, judge: Judge, names: tuple[str, str] | None = None) -> dict[str, Any]:
    """What a judge makes of texts of two values of the first attribute, and of 0.7 of one with 0.3 of the other.

    Args:
        task: with attributes.
        judge: of the first of them.
        names: the two values; the first two if None.

    Returns:
        The judge's mean probabilities of both values, for what was asked.
    """
    one, other = names or task.config.names[0][:2]
    places = [task.config.names[0].index(name) for name in (one, other)]
    column = task.config.attributes[0]
    asked = {one: {one: 1.0}, f"{one}=0.7,{other}=0.3": {one: 0.7, other: 0.3}, other: {other: 1.0}}
    probabilities = []
    for weights in asked.values():
        request = {f"{column}:{name}": weight for name, weight in weights.items()}
        texts = [made.text for made in task(request, count=MIXED)]
        probabilities.append([round(float(p), 4) for p in judge.probabilities(texts)[:, places].mean(0)])
    return {"count": MIXED, "names": [one, other], "asked": list(asked), "probabilities": probabilities}


def all_texts(rows: Any, column: str) -> list[str]:
    """The texts of a column."""
    return [text for chunk in texts_of(rows, column) for text in chunk]


def _ids(rows: GeneratorRows) -> Iterator[np.ndarray]:
    """Each text's ids; an empty text has none."""
    starts = rows.tokens.starts.numpy()
    values = rows.tokens.values.numpy()
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        ids = values[first:last]
        yield ids[ids != BEGIN]


def _entropy(task: TextGenerator, rows: Dataset) -> float:
    """Entropy of the attributes of a test text, in nats: all a vector can say."""
    places = attribute_places(rows, task.config).numpy()
    _, counts = np.unique(places, axis=0, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())
