"""`Judge`: says of what topic a text is, so that generated text can be checked by something that did not generate it.

TF-IDF with logistic regression, the strong baseline of `tfidf`, fitted once and kept. It knows no generator and no
names: an id is a position in the caller's list of topics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError
from seqtext.models.linear_fit import MAX_ROWS, fit_linear, label_ids

FloatArray: TypeAlias = NDArray[np.float64]


class Judge:
    """A judge of topics, learnt from real texts; its judgement is what the baseline `tfidf` predicts.

    Args:
        texts: one real text per train row; read once and in order.
        labels: (rows,) integer ids, 0 or greater.
        classes: number of ids, or None for as many as the labels need. An id without train rows is never given.
        seed: of the sample, the held-out rows and the solver.
        max_rows: train rows used at most.

    Attributes:
        classes: C, number of columns of `probabilities`.
        description: what was fitted, and on how many rows.

    Raises:
        DataError: there are no rows, fewer than two classes among them, or no word in any text.
        ValueError: texts and labels differ in number, or a label is no id.
    """

    def __init__(
        self,
        texts: Iterable[str],
        labels: ArrayLike,
        *,
        classes: int | None = None,
        seed: int = 0,
        max_rows: int = MAX_ROWS,
    ) -> None:
        ids = label_ids(labels)
        self.classes = int(ids.max()) + 1 if classes is None else classes
        if ids.min() < 0 or ids.max() >= self.classes:
            found = f"[{ids.min()}, {ids.max()}]"
            raise ValueError(f"a judge's labels must be ids in [0, {self.classes}), got some in {found}")
        self._known = np.unique(ids)  # a class without rows has no probability
        codes = np.searchsorted(self._known, ids)
        model, self.description = fit_linear(
            texts, codes, classes=max(len(self._known), 2), seed=seed, max_rows=max_rows
        )
        if model is None:
            raise DataError(
                f"a judge of topics has nothing to learn from in {len(ids):,} texts",
                expected="texts with words, of at least two topics",
            )
        self._model = model

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """(texts, C) how likely each class is, each row summing to 1. A text without a known word gets what the biases say."""
        judged: FloatArray = np.zeros((len(texts), self.classes))
        judged[:, self._known] = self._model.log_probabilities(texts).double().softmax(dim=1).numpy()
        return judged

    def accuracy(self, texts: Sequence[str], labels: ArrayLike) -> float:
        """The share of texts to which the judge gives their label: its own quality on real text, topic control on samples.

        Args:
            texts: at least one.
            labels: (texts,) the true ids, or those that were asked for.

        Raises:
            DataError: there are no texts.
            ValueError: texts and labels differ in number.
        """
        asked = np.asarray(labels)
        if asked.shape != (len(texts),):
            raise ValueError(
                f"one label per text is needed, got {len(texts):,} texts and labels of shape {asked.shape}"
            )
        if not len(texts):
            raise DataError("there are no texts to judge", expected="at least one")
        return float((self.probabilities(texts).argmax(axis=1) == asked).mean())
