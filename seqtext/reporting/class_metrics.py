"""How right a list of predictions is: accuracy, macro F1, each class by itself, and who was taken for whom.

Arrays of class ids in, figures out. It knows neither the model that predicted nor the texts; an id is a position in
`names`.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError

IntArray: TypeAlias = NDArray[np.int64]


class ClassFigures(NamedTuple):
    """One class: the share right of the rows given its name (precision), and the share found of its own (recall)."""

    name: str
    precision: float
    recall: float
    f1: float
    rows: int  # rows that truly are of this class


class ClassificationMetrics(NamedTuple):
    """What `classification_metrics` found over `rows` rows and C classes.

    Attributes:
        accuracy: share of the rows whose predicted id is the true one.
        macro_f1: mean F1 over the classes that have at least one true row; every such class weighs the same.
        rows: number of rows measured.
        unseen_rows: rows whose true class is outside `known`: no training could have got them right.
        per_class: one `ClassFigures` per name, in the order of `names`, classes without rows included.
        confusion: (C, C) counts; the row is the true class, the column the predicted one.
    """

    accuracy: float
    macro_f1: float
    rows: int
    unseen_rows: int
    per_class: tuple[ClassFigures, ...]
    confusion: IntArray

    def to_json(self) -> dict[str, Any]:
        """The same figures as plain numbers, strings and lists, for `report/metrics.json`; no NaN occurs."""
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "rows": self.rows,
            "unseen_rows": self.unseen_rows,
            "per_class": [figures._asdict() for figures in self.per_class],
            "confusion": self.confusion.tolist(),
        }


def classification_metrics(
    predicted: ArrayLike, true: ArrayLike, names: Sequence[str], *, known: Collection[int] | None = None
) -> ClassificationMetrics:
    """Compares predicted with true class ids.

    The macro F1 is the mean over the classes with at least one true row, so it is always defined. A class without one
    has no recall to speak of; where it was predicted all the same, the recall of the rows' own classes has paid for it.

    Args:
        predicted: (rows,) integer ids.
        true: (rows,) integer ids. They may be of classes that training never saw: such rows stay in all figures, as the
            mistakes they are.
        names: one name per id, of all classes, whether the rows, or the model, have them or not.
        known: the ids that training saw, to count the rows of all others; None means all.

    Raises:
        DataError: there are no rows.
        ValueError: the two lengths differ, or an id has no name.
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    predicted, true = _checked(predicted, true, len(names))
    classes = len(names)
    figures = precision_recall_fscore_support(true, predicted, labels=np.arange(classes), zero_division=0.0)
    precision, recall, f1, support = (column.tolist() for column in figures)
    return ClassificationMetrics(
        accuracy=float(accuracy_score(true, predicted)),
        macro_f1=statistics.fmean(value for value, rows in zip(f1, support, strict=True) if rows),
        rows=len(true),
        unseen_rows=0 if known is None else int(np.isin(true, list(known), invert=True).sum()),
        per_class=tuple(map(ClassFigures, names, precision, recall, f1, support)),
        # Counted here, since scikit-learn's warns of a single class.
        confusion=np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes),
    )


def _checked(predicted: ArrayLike, true: ArrayLike, classes: int) -> tuple[IntArray, IntArray]:
    """Both as int64 arrays of one length, every id in [0, classes)."""
    pair = {"predicted": np.asarray(predicted), "true": np.asarray(true)}
    shapes = {which: ids.shape for which, ids in pair.items()}
    if len(set(shapes.values())) > 1 or pair["true"].ndim != 1:
        raise ValueError(f"predicted and true ids must be two lists of one length, got the shapes {shapes}")
    if not pair["true"].size:
        raise DataError("there are no rows to measure on", expected="at least one", fix="check the split")
    for which, ids in pair.items():
        # Floats and booleans would index by accident; a negative id would count from the end.
        if not np.issubdtype(ids.dtype, np.integer) or ids.min() < 0 or ids.max() >= classes:
            found = f"{ids.dtype} in [{ids.min()}, {ids.max()}]"
            raise ValueError(f"{which} ids must be integers in [0, {classes}), one per name; got {found}")
    return pair["predicted"].astype(np.int64), pair["true"].astype(np.int64)
