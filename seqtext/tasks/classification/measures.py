"""How good answers are, as single figures: of one label, of several, of a number. Arrays in, figures out; knows no names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
OWN_THRESHOLD = 20  # validation rows that a label needs for a threshold of its own


def one_label_figures(answers: FloatArray, labels: NDArray[np.int64]) -> dict[str, float]:
    """Mean loss, accuracy and macro F1 of (R, C) probabilities; ids from C on are mistakes, and have no loss."""
    known = labels < answers.shape[1]
    true = answers[known, labels[known]]
    loss = -np.log(np.maximum(true, 1e-12), dtype=np.float64).mean() if len(true) else float("nan")
    guessed = answers.argmax(axis=1)
    return {
        "loss": float(loss),
        "accuracy": float((guessed == labels).mean()),
        "macro_f1": macro_f1(guessed, labels),
    }


def macro_f1(predicted: NDArray[np.int64], true: NDArray[np.int64]) -> float:
    """The mean F1 of the classes that have a row, as the report has it."""
    classes = int(max(predicted.max(initial=0), true.max(initial=0))) + 1
    right = np.bincount(true[predicted == true], minlength=classes)
    there, guessed = np.bincount(true, minlength=classes), np.bincount(predicted, minlength=classes)
    present = there > 0
    return float((2 * right[present] / (there + guessed)[present]).mean())


def f1_scores(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> tuple[float, NDArray[np.float64]]:
    """The F1 of all pairs of a row and a label (micro), and that of each label: (R, C) each in; 0 where nothing is found nor true."""
    both, either = (found & true).sum(axis=0), found.sum(axis=0) + true.sum(axis=0)
    return float(2 * both.sum() / max(either.sum(), 1)), 2 * both / np.maximum(either, 1)


def micro_average_precision(answers: FloatArray, true: NDArray[np.bool_]) -> float:
    """Average precision over all pairs of a row and a label; labels that have no answer, behind the others, are found last."""
    if (unknown := true.shape[1] - answers.shape[1]) > 0:
        answers = np.concatenate([answers, np.full((len(answers), unknown), -1.0)], axis=1)
    return average_precision(answers.ravel(), true.ravel())


def average_precision(answers: FloatArray, true: NDArray[np.bool_]) -> float:
    """The mean, over what is true, of the precision at which it is found: (N,) each in; 0 where nothing is true."""
    if not true.any():
        return 0.0
    order = np.argsort(-answers, kind="stable")
    hits = np.cumsum(true[order])
    ends = np.append(np.flatnonzero(np.diff(answers[order])), len(order) - 1)  # where all that are as likely are in
    found = hits[ends]
    return float((np.diff(found, prepend=0) * found / (ends + 1)).sum() / hits[-1])


def chosen_thresholds(answers: FloatArray, true: NDArray[np.bool_]) -> tuple[tuple[float, ...], int]:
    """The threshold of each label with the best F1 on some rows, and how many labels have one of their own.

    Of labels with fewer than 20 rows, chance would choose it: all of these have the one that is best for all labels together.
    """
    common = best_threshold(answers.ravel(), true.ravel())
    own = true.sum(axis=0) >= OWN_THRESHOLD
    found = (
        best_threshold(answers[:, label], true[:, label]) if own[label] else common for label in range(true.shape[1])
    )
    return tuple(found), int(own.sum())


def best_threshold(answers: FloatArray, true: NDArray[np.bool_]) -> float:
    """(N,) probabilities to the one from which on to say yes for the best F1; 0.5 where nothing is true."""
    if not true.any():
        return 0.5
    order = np.argsort(-answers, kind="stable")
    ordered, hits = answers[order].astype(np.float64), np.cumsum(true[order])
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # where all that are as likely are in
    f1 = 2 * hits[ends] / (ends + 1 + true.sum())
    end = int(ends[f1.argmax()])
    below = ordered[end + 1] if end + 1 < len(ordered) else 0.0
    return float((ordered[end] + below) / 2)


def number_figures(predicted: FloatArray, true: FloatArray) -> dict[str, float]:
    """R2, mean absolute error, root of the mean squared error, and Spearman's rank correlation; (R,) each in, no NaN out.

    R2 is 0, and so is the correlation, where there is nothing to explain: all numbers are the same.
    """
    error = predicted - true
    squared, spread = float((error**2).mean()), float(((true - true.mean()) ** 2).mean())
    alike = bool((true == true[:1]).all())  # whose mean is rounded, so that the spread may not be quite 0
    return {
        "r2": 0.0 if alike or spread == 0 else 1 - squared / spread,
        "mae": float(np.abs(error).mean()),
        "rmse": squared**0.5,
        "spearman": _correlation(_ranks(predicted), _ranks(true)),
    }


def _ranks(values: FloatArray) -> NDArray[np.float64]:
    """The mean place of each value, in ascending order."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return ranks


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 0 else 0.0
