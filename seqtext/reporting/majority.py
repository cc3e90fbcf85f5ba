"""The baseline that looks at no text: the majority class. Label ids in, predicted ids and seconds out. Knows no names of classes."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.models.linear_fit import label_ids
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
