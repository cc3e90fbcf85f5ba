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
from seqtext.reporting.tfidf import MAX_ROWS, TfidfTraining

FloatArray: TypeAlias = NDArray[np.float64]


class Judge:
    """A judge of topics, learnt from real texts; its judgement is what the baseline `tfidf` predicts.

    It holds one weight per class and feature: on AG News 4 x 230,000.

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
        self._training = TfidfTraining(texts, labels, seed=seed, max_rows=max_rows)
        self._known = self._training.classes
        self.classes = int(self._known[-1]) + 1 if classes is None else classes
        if self._known[0] < 0 or self._known[-1] >= self.classes:
            found = f"[{self._known[0]}, {self._known[-1]}]"
            raise ValueError(f"a judge's labels must be ids in [0, {self.classes}), got some in {found}")
        vectors = self._training.vectorise()
        if vectors is None:
            raise DataError(
                f"a judge of topics has nothing to learn from in {len(self._training.labels):,} texts",
                expected="texts with words, of at least two topics",
            )
        models, strength = self._training.class_models(vectors)
        fitted = [model for _, model in models]
        self._weights: FloatArray = np.concatenate([model.coef_ for model in fitted])  # (C, F); of two classes (1, F)
        self._biases: FloatArray = np.concatenate([model.intercept_ for model in fitted])
        method = f"TF-IDF ({self._training.features}) + logistic regression"
        self.description = ", ".join([method, *self._training.notes, strength])

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """(texts, C) how likely each class is, each row summing to 1.

        Each class is told from the rest by itself; their probabilities are divided by their sum. A text without a known
        word gets what the biases say.
        """
        judged: FloatArray = np.zeros((len(texts), self.classes))
        if not len(texts):
            return judged
        scores = np.asarray(self._training.vectors(texts) @ self._weights.T) + self._biases
        if len(self._known) == 2:
            scores = np.concatenate([-scores, scores], axis=1)
        logs = -np.logaddexp(0.0, -scores)  # of the sigmoid; in logs, since all of them can be too small for a float
        likely = np.exp(logs - logs.max(axis=1, keepdims=True))
        judged[:, self._known] = likely / likely.sum(axis=1, keepdims=True)
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
