"""Fitting a `LinearText`: TF-IDF with logistic regression, each class against the rest, its strength chosen on held-out rows.

Texts and label ids in, a model and what was done out; with scikit-learn, which is not needed to use the model.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional as F

from seqtext.data.text.ngrams import BUCKETS, Counts, count_ngrams
from seqtext.errors import DataError
from seqtext.models.linear_text import FEATURES, LinearText, Weighing, log_shares

MAX_ROWS = 200_000  # rows used at most
MAX_CHARACTERS = 40_000_000  # of all texts; fitting takes some 30 bytes for each
MAX_WEIGHTS = 32_000_000  # of all classes: 64 MB when saved
STRENGTHS = (1.0, 5.0, 30.0)  # C, the inverse of the regularisation; held-out rows can hardly tell finer steps
FEW_ROWS = 200  # below, none are held out, and C is in the middle
TUNING_ROWS = 20_000
MAX_PASSES = 300
CHUNK = 5000  # texts counted at a time

IntArray = NDArray[np.int64]


class LinearFit(NamedTuple):
    """A fitted model, and how it was come by.

    Attributes:
        model: None where there was nothing to learn: one class, or no word at all.
        description: method, rows, strength, in words.
    """

    model: LinearText | None
    description: str


def fit_linear(
    texts: Iterable[str], labels: ArrayLike, *, classes: int, seed: int = 0, max_rows: int = MAX_ROWS
) -> LinearFit:
    """The linear model of some rows. Time grows with rows x classes: on 43,000 news of 4 classes about a minute on one core.

    Args:
        texts: one per row; read once and in order, so that a column on disk will do.
        labels: (rows,) ids below `classes`; a class without rows is never the likeliest.
        classes: C, two at least.
        seed: of the sample, the held-out rows and the solver.
        max_rows: rows used at most; of more a sample is taken.

    Raises:
        DataError: there are no rows.
        ValueError: texts and labels differ in number.
    """
    from scipy.sparse import csr_matrix

    ids = label_ids(labels)
    generator = np.random.default_rng(seed)
    sampled, ids = _sample(texts, ids, max_rows, generator)
    notes = [
        f"{len(sampled):,} rows" + (f" sampled from {np.size(labels):,}" if len(sampled) < np.size(labels) else "")
    ]
    longest = None
    if sum(map(len, sampled)) > MAX_CHARACTERS:
        longest = MAX_CHARACTERS // len(sampled)
        notes.append(f"texts cut to {longest:,} characters")
    counts = _counts([text[:longest] for text in sampled])
    present = np.unique(ids)
    weighing = _weighing(counts, len(sampled), 1 if classes == 2 else classes)
    if len(present) < 2 or not len(weighing.buckets):
        return LinearFit(None, "nothing to learn: one class, or no words")
    parts = weighing.of_counts(counts, len(sampled))
    del counts
    vectors = csr_matrix(tuple(parts), shape=(len(sampled), len(weighing.buckets)))
    strength, how = _choose_strength(vectors, ids, seed, generator)
    functions = 1 if classes == 2 else classes
    weights = np.zeros((len(weighing.buckets), functions), dtype=np.float32)
    biases = np.full(functions, -30.0, dtype=np.float32)  # of a class without rows
    converged = True
    for label, model in _one_against_rest(vectors, ids, present[1:] if classes == 2 else present, strength, seed):
        column = 0 if classes == 2 else label
        weights[:, column], biases[column] = model.coef_[0], model.intercept_[0]
        converged = converged and int(model.n_iter_.max()) < MAX_PASSES
    notes += [f"C = {strength:g}{how}", *([] if converged else [f"not converged after {MAX_PASSES} passes"])]
    as_saved = torch.from_numpy(weights).half().float()
    description = ", ".join([f"TF-IDF ({FEATURES}) + logistic regression", *notes])
    return LinearFit(LinearText(weighing, as_saved, torch.from_numpy(biases)), description)


def label_ids(labels: ArrayLike) -> IntArray:
    """(rows,) int64 ids, at least one."""
    ids = np.asarray(labels, dtype=np.int64)
    if not ids.size:
        raise DataError("there are no train rows to fit a baseline on", expected="at least one")
    return ids


def _sample(
    texts: Iterable[str], labels: IntArray, max_rows: int, generator: np.random.Generator
) -> tuple[list[str], IntArray]:
    """The texts and labels of at most `max_rows` rows, in their order; only the chosen texts are kept in memory."""
    chosen = np.ones(len(labels), dtype=bool)
    if len(labels) > max_rows:
        chosen[generator.permutation(len(labels))[max_rows:]] = False
    kept, number = [], 0
    for text in texts:
        if number < len(labels) and chosen[number]:
            kept.append(text)
        number += 1
    if number != len(labels):
        raise ValueError(
            f"train texts and labels must be of one number, got {number:,} texts and {len(labels):,} labels"
        )
    return kept, labels[chosen]


def _counts(texts: Sequence[str]) -> Counts:
    """The n-grams of all texts, in the narrowest numbers: there are some hundred for each text."""
    parts, rest, first = [], iter(texts), 0
    while chunk := list(islice(rest, CHUNK)):
        found = count_ngrams(chunk)
        parts.append(
            (found.texts.astype(np.int32) + first, found.buckets.astype(np.int32), found.counts.astype(np.int32))
        )
        first += len(chunk)
    return Counts(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _weighing(counts: Counts, rows: int, functions: int) -> Weighing:
    """The n-grams worth a weight, and how rare each is (smoothed, as if one more row had all of them)."""
    frequency = np.bincount(counts.buckets, minlength=BUCKETS)
    # What occurs in one row only helps no other row and takes most of the room; but where rows are few, everything counts.
    least = 2 if rows >= FEW_ROWS and (frequency > 1).any() else 1
    most = max(MAX_WEIGHTS // functions, 1)
    if (frequency >= least).sum() > most:
        least = int(np.partition(frequency, -most)[-most]) + 1  # the commonest that there is room for
    buckets = np.flatnonzero(frequency >= least)
    rarity = np.log((1 + rows) / (1 + frequency[buckets])) + 1
    return Weighing(buckets.astype(np.int32), rarity.astype(np.float32))


def _choose_strength(vectors: Any, labels: IntArray, seed: int, generator: np.random.Generator) -> tuple[float, str]:
    """The C that makes the labels of a fifth of the rows, or of a sample of them, likeliest; and how it was come by."""
    rows = generator.permutation(len(labels))[:TUNING_ROWS]
    fitted, held_out = np.split(rows, [len(rows) * 4 // 5])
    known = np.unique(labels[fitted])
    held_out = held_out[np.isin(labels[held_out], known)]
    if len(rows) < FEW_ROWS or len(known) < 2 or not len(held_out):
        return STRENGTHS[1], ""
    asked = known[1:] if len(known) == 2 else known
    places = torch.from_numpy(np.searchsorted(known, labels[held_out]))
    losses = []
    for strength in STRENGTHS:
        models = _one_against_rest(vectors[fitted], labels[fitted], asked, strength, seed)
        scores = np.stack([model.decision_function(vectors[held_out]) for _, model in models], axis=1)
        losses.append(float(F.nll_loss(log_shares(torch.from_numpy(scores)), places)))
    return STRENGTHS[int(np.argmin(losses))], " chosen on held-out train rows"


def _one_against_rest(
    vectors: Any, labels: IntArray, classes: IntArray, strength: float, seed: int
) -> Iterator[tuple[int, Any]]:
    """Each of some classes with the model that tells it from the rest, fitted when it is asked for.

    On AG News one dual coordinate descent per class takes half the time of one softmax over all classes, and is 0.2 points better. Only
    one class's weights need be in memory at a time.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    for label in classes.tolist():
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=0.01, max_iter=MAX_PASSES, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # said in the description instead
            model.fit(vectors, labels == label)
        yield label, model
