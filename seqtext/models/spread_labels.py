"""Labels of a few texts spread to many: naive Bayes over TF-IDF by expectation maximisation (Nigam, McCallum, Thrun and Mitchell 2000).

What words go with a class is learnt from labelled texts and, in turns, from what it makes one think of the others. It costs seconds.
Whether it helps is measured on labelled texts that are hidden: where labels do not mean topics, it may not. Knows no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.ngrams import CHARACTERS, count_ngrams
from seqtext.models.linear_fit import fit_linear

CHUNK = 5000  # texts counted at a time
LEAST, MOST = 2, 0.3  # texts that have a word which counts: so many at least, such a share of all at most
SMOOTHING = 0.1  # of a word's weight in each class
PASSES = 8
FOLDS = 5
SHARPNESS = (1.0, 3.0)  # times the log-odds of a text, whose words do not stand alone as the method has it
SHARES = (1.0, 0.1)  # what a text without a label counts beside one with
CLEARLY = 0.5  # times the root of the labels: so many more must be found, or it may be chance
MOST_KNOWN = 5_000  # labels, beyond which there are enough of them
MOST_FOR_CHOICE = 10_000  # texts without a label that the choice is made with


class Spread(NamedTuple):
    """What was found.

    Attributes:
        probabilities: (R, C) of the texts without a label, fp32; None where the labels alone say more.
        description: how, and how well it finds hidden labels, in words.
    """

    probabilities: NDArray[np.float32] | None
    description: str


def spread_labels(
    texts: Sequence[str], labels: NDArray[np.int64], others: Sequence[str], *, classes: int, seed: int = 0
) -> Spread:
    """The classes of texts without a label, by those with one, where that finds more hidden labels than a linear model of labels alone.

    Args:
        texts: with a label.
        labels: (their number,) ids below `classes`.
        others: without.
        classes: C.
        seed: of the folds.
    """
    known = len(texts)
    if known > MOST_KNOWN:
        return Spread(None, f"{known:,} labels are enough, and none are spread")
    folds, truth = _folds(labels, seed), np.eye(classes, dtype=np.float32)[labels]
    some = np.sort(np.random.default_rng(seed).permutation(len(others))[:MOST_FOR_CHOICE])
    vectors = _vectors(texts, [others[place] for place in some.tolist()])
    right: dict[tuple[float, float], int] = dict.fromkeys(product(SHARPNESS, SHARES), 0)
    of_linear = 0
    for fold in range(FOLDS):
        hidden, shown = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        rest = vectors[np.concatenate([hidden, np.arange(known, vectors.shape[0])])]
        for choice in right:
            found = _spread(vectors[shown], truth[shown], rest, *choice)[: len(hidden)]
            right[choice] += int((found.argmax(axis=1) == labels[hidden]).sum())
        linear = fit_linear([texts[place] for place in shown.tolist()], labels[shown], classes=classes).model
        if linear is not None:
            opinions = linear.log_probabilities([texts[place] for place in hidden.tolist()]).numpy()
            of_linear += int((opinions.argmax(axis=1) == labels[hidden]).sum())
    choice = max(right, key=lambda one: right[one])
    told = (
        f"of {known:,} labels, each hidden once, naive Bayes spread over {len(others):,} texts without one finds"
        f" {right[choice] / known:.1%} and a linear model of the others {of_linear / known:.1%}"
    )
    if right[choice] - of_linear <= CLEARLY * known**0.5:
        return Spread(None, f"{told}: none are spread")
    if len(some) < len(others):
        vectors = _vectors(texts, others)
    return Spread(_spread(vectors[:known], truth, vectors[known:], *choice), f"{told}: its answers teach")


def _folds(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """(rows,) the fold of each row, each class spread over all of them."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % FOLDS
    return folds


def _spread(known: Any, truth: NDArray[np.float32], rest: Any, sharpness: float, share: float) -> NDArray[np.float32]:
    """(rest, C): what words say of the rest, learnt from what is known, and in turns from the rest itself."""
    own = known.T @ truth
    shares = truth.mean(axis=0) + 1e-3
    found = np.zeros((rest.shape[0], truth.shape[1]), dtype=np.float32)
    for _ in range(PASSES):
        mass = own + share * (rest.T @ found) + SMOOTHING
        scores = sharpness * (rest @ np.log(mass / mass.sum(axis=0))) + np.log(shares)
        scores -= scores.max(axis=1, keepdims=True)
        found = np.exp(scores)
        found /= found.sum(axis=1, keepdims=True)
        # Each class is held to the share that it has of the labels: else one may swallow the others, pass by pass.
        found *= shares / np.maximum(found.mean(axis=0), 1e-6)
        found = (found / found.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def _vectors(texts: Sequence[str], others: Iterable[str]) -> Any:
    """(rows, F) TF-IDF of words and pairs, each text's scaled to length 1, as a sparse matrix; labelled texts come first."""
    from scipy.sparse import csr_matrix

    rows, buckets, counts, first = [], [], [], 0
    source = iter((*texts, *others))
    while chunk := list(islice(source, CHUNK)):
        found = count_ngrams(chunk)
        words = found.buckets < CHARACTERS
        rows.append(found.texts[words].astype(np.int32) + first)
        buckets.append(found.buckets[words].astype(np.int32))
        counts.append(found.counts[words].astype(np.float32))
        first += len(chunk)
    row, bucket, count = (np.concatenate(part) for part in (rows, buckets, counts))
    frequency = np.bincount(bucket, minlength=CHARACTERS)
    kept = np.flatnonzero((frequency >= LEAST) & (frequency <= max(MOST * first, LEAST)))
    feature = np.full(CHARACTERS, -1, dtype=np.int32)
    feature[kept] = np.arange(len(kept), dtype=np.int32)
    feature, inside = feature[bucket], feature[bucket] >= 0
    row, feature = row[inside], feature[inside]
    values = (1 + np.log(count[inside])) * (np.log((1 + first) / (1 + frequency[kept])) + 1)[feature]
    values /= np.sqrt(np.bincount(row, weights=values * values, minlength=first))[row]
    return csr_matrix((values.astype(np.float32), (row, feature)), shape=(first, len(kept)))
