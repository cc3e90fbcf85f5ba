"""The baselines a text classifier must beat: the majority class, and TF-IDF with logistic regression, on the same rows.

Texts and label ids in, predicted ids and seconds out. It knows no names of classes. The second is meant to be strong: it reads words,
word pairs and characters, which beats words alone on nearly every set.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError
from seqtext.models.linear_fit import MAX_ROWS, fit_linear, label_ids
from seqtext.reporting.baseline import Baseline

IntArray = NDArray[np.int64]


def majority_class(train_labels: ArrayLike, rows: int) -> Baseline[IntArray]:
    """The commonest train label for each of `rows` test rows; of equally common ones the smallest id.

    Raises:
        DataError: there are no train rows.
    """
    started = time.perf_counter()
    labels = label_ids(train_labels)
    ids, counts = np.unique(labels, return_counts=True)
    predicted = np.full(rows, ids[counts.argmax()], dtype=np.int64)
    description = f"always the commonest class, {counts.max() / len(labels):.1%} of {len(labels):,} train rows"
    return Baseline("majority", description, predicted, time.perf_counter() - started)


def tfidf(
    train_texts: Iterable[str],
    train_labels: ArrayLike,
    test_texts: Iterable[str],
    *,
    seed: int = 0,
    max_rows: int = MAX_ROWS,
) -> Baseline[IntArray]:
    """TF-IDF with logistic regression, as `fit_linear` makes it. With one class only, or no word at all, it predicts the majority.

    Args:
        train_texts: one text per train row; read once and in order, so that a column on disk will do.
        train_labels: (train rows,) integer ids; a class missing here is never predicted.
        test_texts: one text per test row.
        seed: of the sample, the held-out rows and the solver.
        max_rows: train rows used at most.

    Raises:
        DataError: there are no train rows, or no test rows.
        ValueError: texts and labels differ in number.
    """
    started = time.perf_counter()
    labels = label_ids(train_labels)
    present, codes = np.unique(labels, return_inverse=True)
    model, description = fit_linear(train_texts, codes, classes=max(len(present), 2), seed=seed, max_rows=max_rows)
    test = list(test_texts)
    if not test:
        raise DataError("there are no test rows to predict", expected="at least one")
    if model is None:
        predicted = majority_class(labels, len(test)).predicted
        description = f"majority class ({description})"
    else:
        predicted = present[model.log_probabilities(test).numpy().argmax(axis=1)]
    return Baseline("TF-IDF", description, predicted, time.perf_counter() - started)
