"""Fitting a `LinearText`: TF-IDF with logistic regression, each class or label against the rest, or ridge; its strength by held-out rows.

Texts and ids, or what each row has, in, a model and what was done out; with scikit-learn, which is not needed to use the model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional as F

from seqtext.errors import DataError
from seqtext.models.linear_rows import FEW_ROWS, WeighedRows, weighed_rows
from seqtext.models.linear_text import FEATURES, LinearText, log_shares

MAX_ROWS = 200_000  # rows used at most
MAX_WORK = 30_000_000  # rows times classes: some 4 minutes of short texts on one core
TUNING_CLASSES = 50  # that the strength is chosen for: with all of a thousand that took longer than the fit itself
ALPHAS = (0.3, 1.0, 3.0)  # of a ridge regression
STRENGTHS = (1.0, 5.0, 30.0)  # C, the inverse of the regularisation; held-out rows can hardly tell finer steps
TUNING_ROWS = 20_000
MAX_PASSES = 300

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
    """The linear model of rows of one class each. On 43,000 news of 4 classes that takes about a minute on one core.

    Args:
        texts: one per row; read once and in order, so that a column on disk will do.
        labels: (rows,) ids below `classes`; a class without rows is never the likeliest.
        classes: C, two at least.
        seed: of the sample, the held-out rows and the solver.
        max_rows: rows used at most; of more a sample is taken, and with over 150 classes of fewer, since time grows with rows x classes.

    Raises:
        DataError: there are no rows.
        ValueError: texts and labels differ in number.
    """
    functions = 1 if classes == 2 else classes
    most = min(max_rows, MAX_WORK // functions)
    rows = weighed_rows(texts, label_ids(labels), functions=functions, seed=seed, max_rows=most)
    ids = rows.answers
    present = np.unique(ids)
    if len(present) < 2 or not len(rows.weighing.buckets):
        return LinearFit(None, "nothing to learn: one class, or no words")
    strength, how = _choose_strength(rows.vectors, ids, seed, rows.chance)
    asked = [(label, ids == label) for label in (present[1:] if classes == 2 else present).tolist()]
    models = _yes_or_no(rows.vectors, asked, strength, seed)
    fitted = ((0 if classes == 2 else label, model) for label, model in models)
    return _fitted(rows, fitted, np.full(functions, -30.0), f"C = {strength:g}{how}")


def fit_label_sets(
    texts: Iterable[str], members: NDArray[Any], *, seed: int = 0, max_rows: int = MAX_ROWS
) -> LinearFit:
    """The linear model of rows of several labels each: a logistic regression for each label, which gives its log-odds.

    Args:
        texts: as of `fit_linear`.
        members: (rows, C) bool, which labels a row has. A label that all rows have, or none, is always found, or never.
        seed: as of `fit_linear`.
        max_rows: likewise.
    """
    functions = members.shape[1]
    most = min(max_rows, MAX_WORK // functions)
    rows = weighed_rows(texts, members, functions=functions, seed=seed, max_rows=most)
    share = rows.answers.mean(axis=0)
    asked = [(label, rows.answers[:, label]) for label in np.flatnonzero((share > 0) & (share < 1)).tolist()]
    if not asked or not len(rows.weighing.buckets):
        return LinearFit(None, "nothing to learn: all rows have the same labels, or no words")

    tuned = [asked[place] for place in _some(len(asked), rows.chance)]

    def loss(fitted: IntArray, held_out: IntArray, strength: float) -> float:
        total = 0.0
        parts = [(label, truth[fitted]) for label, truth in tuned if 0 < truth[fitted].sum() < len(fitted)]
        for label, model in _yes_or_no(rows.vectors[fitted], parts, strength, seed):
            scores = model.decision_function(rows.vectors[held_out])
            total += float(np.logaddexp(0, np.where(rows.answers[held_out, label], -scores, scores)).sum())
        return total

    strength, how = _best_strength(len(rows.answers), STRENGTHS, loss, rows.chance)
    always = np.where(share > 0, 10.0, -10.0)  # of labels that there is nothing to learn of
    fitted = _yes_or_no(rows.vectors, asked, strength, seed)
    return _fitted(rows, fitted, always, f"C = {strength:g}{how}", method="logistic regression for each label")


def fit_numbers(texts: Iterable[str], values: NDArray[Any], *, seed: int = 0, max_rows: int = MAX_ROWS) -> LinearFit:
    """The linear model of a number for each row: ridge regression.

    Args:
        texts: as of `fit_linear`.
        values: (rows,) standardised.
        seed: as of `fit_linear`.
        max_rows: likewise.
    """
    from sklearn.linear_model import Ridge

    rows = weighed_rows(texts, values, functions=1, seed=seed, max_rows=max_rows)
    truth = rows.answers.astype(np.float64)
    if truth.min() == truth.max() or not len(rows.weighing.buckets):
        return LinearFit(None, "nothing to learn: all numbers are the same, or no words")

    def ridge(chosen: IntArray | slice, alpha: float) -> Any:
        return Ridge(alpha=alpha, solver="sparse_cg", tol=1e-4).fit(rows.vectors[chosen], truth[chosen])

    def loss(fitted: IntArray, held_out: IntArray, alpha: float) -> float:
        return float(((ridge(fitted, alpha).predict(rows.vectors[held_out]) - truth[held_out]) ** 2).sum())

    alpha, how = _best_strength(len(truth), ALPHAS, loss, rows.chance)
    model = ridge(slice(None), alpha)
    weights = model.coef_.astype(np.float32).reshape(-1, 1)
    return _described(rows, weights, np.array([model.intercept_]), f"alpha = {alpha:g}{how}", "ridge regression")


def label_ids(labels: ArrayLike) -> IntArray:
    """(rows,) int64 ids, at least one."""
    ids = np.asarray(labels, dtype=np.int64)
    if not ids.size:
        raise DataError("there are no train rows to fit a baseline on", expected="at least one")
    return ids


def _fitted(
    rows: WeighedRows,
    models: Iterable[tuple[int, Any]],
    biases: NDArray[Any],
    how: str,
    *,
    method: str = "logistic regression",
) -> LinearFit:
    """Functions of a model, each of its column, the others constant."""
    biases = biases.astype(np.float32)
    weights = np.zeros((len(rows.weighing.buckets), len(biases)), dtype=np.float32)
    converged = True
    for column, model in models:
        weights[:, column], biases[column] = model.coef_[0], model.intercept_[0]
        converged = converged and int(model.n_iter_.max()) < MAX_PASSES
    passes = "" if converged else f", not converged after {MAX_PASSES} passes"
    return _described(rows, weights, biases, how + passes, method)


def _described(
    rows: WeighedRows, weights: NDArray[np.float32], biases: NDArray[Any], how: str, method: str
) -> LinearFit:
    description = ", ".join([f"TF-IDF ({FEATURES}) + {method}", *rows.notes, how])
    as_saved = torch.from_numpy(weights).half().float()
    return LinearFit(LinearText(rows.weighing, as_saved, torch.from_numpy(biases.astype(np.float32))), description)


def _choose_strength(vectors: Any, labels: IntArray, seed: int, chance: np.random.Generator) -> tuple[float, str]:
    """The C that makes the labels of held-out rows likeliest; and how it was come by."""
    present = np.unique(labels)
    if len(present) > TUNING_CLASSES:
        kept = np.isin(labels, present[_some(len(present), chance)])
        vectors, labels = vectors[kept], labels[kept]

    def loss(fitted: IntArray, held_out: IntArray, strength: float) -> float:
        known = np.unique(labels[fitted])
        held_out = held_out[np.isin(labels[held_out], known)]
        if len(known) < 2 or not len(held_out):
            return 0.0
        asked = [(label, labels[fitted] == label) for label in (known[1:] if len(known) == 2 else known).tolist()]
        models = _yes_or_no(vectors[fitted], asked, strength, seed)
        scores = np.stack([model.decision_function(vectors[held_out]) for _, model in models], axis=1)
        places = torch.from_numpy(np.searchsorted(known, labels[held_out]))
        return float(F.nll_loss(log_shares(torch.from_numpy(scores)), places))

    return _best_strength(len(labels), STRENGTHS, loss, chance)


def _some(classes: int, chance: np.random.Generator) -> IntArray:
    """The places of all classes, or of as many as the strength is chosen for."""
    return np.arange(classes) if classes <= TUNING_CLASSES else np.sort(chance.permutation(classes)[:TUNING_CLASSES])


def _best_strength(
    rows: int,
    strengths: Sequence[float],
    loss: Callable[[IntArray, IntArray, float], float],
    chance: np.random.Generator,
) -> tuple[float, str]:
    """The strength with the lowest loss of a fifth of some rows; the middle one where rows are few or tell nothing."""
    order = chance.permutation(rows)[:TUNING_ROWS]
    fitted, held_out = np.split(order, [len(order) * 4 // 5])
    if len(order) < FEW_ROWS:
        return strengths[len(strengths) // 2], ""
    losses = [loss(fitted, held_out, strength) for strength in strengths]
    if len({*losses}) == 1:
        return strengths[len(strengths) // 2], ""
    return strengths[int(np.argmin(losses))], " chosen on held-out train rows"


def _yes_or_no(
    vectors: Any, asked: Iterable[tuple[int, NDArray[np.bool_]]], strength: float, seed: int
) -> Iterator[tuple[int, Any]]:
    """Each of some classes with the model that tells its rows from the others, fitted when it is asked for.

    On AG News one dual coordinate descent per class takes half the time of one softmax over all classes, and is 0.2 points better. Only
    one class's weights need be in memory at a time.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    for label, truth in asked:
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=0.01, max_iter=MAX_PASSES, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # said in the description instead
            model.fit(vectors, truth)
        yield label, model
