"""The baselines a text classifier must beat: the majority class, and TF-IDF with logistic regression, on the same rows.

Texts and label ids in, predicted ids and seconds out. It knows no models and no names of classes. The second is meant
to be strong: on AG News (47,690 train rows) it reaches 91.7 %, where one softmax over words and bigrams reaches 91.2 %.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError
from seqtext.reporting.baseline import Baseline
from seqtext.reporting.words import TOKEN

IntArray: TypeAlias = NDArray[np.int64]

MAX_ROWS = 200_000  # train rows used at most
MAX_CHARACTERS = {"words": 200_000_000, "characters": 50_000_000}  # of all train texts; fitting takes a few GB
FEW_SPACES = 0.05  # English has 16 % white space, German 13 %, Thai about 3 %, Japanese and Chinese hardly any


FEATURES = {"words": "words and bigrams", "characters": "1 to 4 characters"}
ANALYSIS: dict[str, dict[str, Any]] = {
    "words": {"token_pattern": TOKEN, "ngram_range": (1, 2)},
    "characters": {"analyzer": "char", "ngram_range": (1, 4)},
}

STRENGTHS = (1.0, 5.0, 30.0)  # C, the inverse of the regularisation; held-out rows can hardly tell finer steps
FEW_ROWS = 200  # below, none are held out, and C is the largest: the best on 100 to 5,000 rows of AG News
TUNING_ROWS = 20_000
MAX_PASSES = 300


def majority_class(train_labels: ArrayLike, rows: int) -> Baseline[IntArray]:
    """The commonest train label for each of `rows` test rows; of equally common ones the smallest id.

    Raises:
        DataError: there are no train rows.
    """
    started = time.perf_counter()
    labels = _label_ids(train_labels)
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
    """TF-IDF with logistic regression, each class against the rest, C chosen on held-out train rows.

    Features are words, symbols and bigrams of them, or n-grams of 1 to 4 characters where the train texts have hardly
    any spaces. Above `max_rows` train rows a sample is taken. Time grows with rows x classes: on AG News 5 s, and 3 s
    more for each class. With one class only, or no text at all, it predicts the majority and says so.

    Args:
        train_texts: one text per train row; read once and in order, so that a column on disk will do.
        train_labels: (train rows,) integer ids; a class missing here is never predicted.
        test_texts: one text per test row, read once and in order.
        seed: of the sample, the held-out rows and the solver.
        max_rows: train rows used at most.

    Raises:
        DataError: there are no train rows, or no test rows.
        ValueError: texts and labels differ in number.
    """
    started = time.perf_counter()
    training = TfidfTraining(train_texts, train_labels, seed=seed, max_rows=max_rows)
    test = training.cut(test_texts)
    if not test:
        raise DataError("there are no test rows to predict", expected="at least one")
    predicted, method, notes = _fit_and_predict(training, test)
    description = ", ".join([method, *training.notes, *notes])
    return Baseline("TF-IDF", description, predicted, time.perf_counter() - started)


class TfidfTraining:
    """Train rows for TF-IDF with logistic regression, sampled and cut; fitted step by step, since each step is slow.

    First `vectorise`, which says whether there is anything to learn, then `class_models`; `vectors` of other texts.

    Args:
        texts: one text per row; read once and in order.
        labels: (rows,) integer ids.
        seed: of the sample, the held-out rows and the solver.
        max_rows: rows used at most.

    Attributes:
        labels: (rows,) ids of the rows used.
        classes: (C,) the distinct ones among them, ascending.
        features: what the features are, in words.
        notes: how many rows were used, and whether texts were cut, in words.

    Raises:
        DataError: there are no rows.
        ValueError: texts and labels differ in number.
    """

    def __init__(self, texts: Iterable[str], labels: ArrayLike, *, seed: int = 0, max_rows: int = MAX_ROWS) -> None:
        all_labels = _label_ids(labels)
        self._seed, self._generator = seed, np.random.default_rng(seed)
        sampled, self.labels = _sample(texts, all_labels, max_rows, self._generator)
        self.classes: IntArray = np.unique(self.labels)
        self._kind, self._longest = _kind_and_length(sampled)
        self._texts = self.cut(sampled)
        self._vectoriser: Any = None
        self.features = FEATURES[self._kind]
        some = f" sampled from {len(all_labels):,}" if len(sampled) < len(all_labels) else ""
        self.notes = [f"{len(sampled):,} rows{some}"]
        if self._longest is not None:
            self.notes.append(f"texts cut to {self._longest:,} characters")

    def cut(self, texts: Iterable[str]) -> list[str]:
        """The texts, as long as those learnt from may be at most."""
        return [text[: self._longest] for text in texts]

    def vectorise(self) -> Any | None:
        """(rows, features) sparse TF-IDF vectors, or None: a single class, or no feature in any text.

        It is called once: the texts are let go.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts, self._texts = self._texts, []
        if len(self.classes) < 2:
            return None
        # What occurs in one row only helps no other row and doubles the time; but where rows are few, everything counts.
        for min_df in (2, 1) if len(texts) >= FEW_ROWS else (1,):
            self._vectoriser = TfidfVectorizer(**ANALYSIS[self._kind], sublinear_tf=True, min_df=min_df)
            try:
                return self._vectoriser.fit_transform(texts)
            except ValueError as error:
                if not any(words in str(error) for words in ("empty vocabulary", "no terms remain")):
                    raise
        return None

    def vectors(self, texts: Iterable[str]) -> Any:
        """(texts, features) sparse vectors of other texts, weighed by the train texts alone; `vectorise` comes first."""
        return self._vectoriser.transform(self.cut(texts))

    def class_models(self, vectors: Any) -> tuple[Iterator[tuple[int, Any]], str]:
        """The fitted class models of `_one_against_rest`, and in words the C that was chosen for them."""
        strength, how = _choose_strength(vectors, self.labels, self._seed, self._generator)
        return _one_against_rest(vectors, self.labels, strength, self._seed), f"C = {strength:g}{how}"


def _label_ids(labels: ArrayLike) -> IntArray:
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


def _kind_and_length(texts: Sequence[str]) -> tuple[str, int | None]:
    """Whether features are "words" or "characters", and to what length texts are cut, None for not at all."""
    characters = sum(map(len, texts))
    spaces = characters - sum(sum(map(len, text.split())) for text in texts)
    kind = "words" if spaces >= FEW_SPACES * characters else "characters"
    return kind, MAX_CHARACTERS[kind] // len(texts) if characters > MAX_CHARACTERS[kind] else None


def _fit_and_predict(training: TfidfTraining, test: Sequence[str]) -> tuple[IntArray, str, list[str]]:
    """Predicted ids, the method by which they were found, and what else there is to say of it."""
    vectors = training.vectorise()
    if vectors is None:
        method = "majority class (one class or no words to learn from)"
        return majority_class(training.labels, len(test)).predicted, method, []
    models, strength = training.class_models(vectors)
    predicted, converged = _best(models, training.classes, training.vectors(test))
    notes = [strength, *([] if converged else [f"not converged after {MAX_PASSES} passes"])]
    return predicted, f"TF-IDF ({training.features}) + logistic regression", notes


def _choose_strength(train: Any, labels: IntArray, seed: int, generator: np.random.Generator) -> tuple[float, str]:
    """The C most accurate on a fifth of the train rows, or of a sample of them, and how it was come by."""
    rows = generator.permutation(len(labels))[:TUNING_ROWS]
    fitted, held_out = np.split(rows, [len(rows) * 4 // 5])
    if len(rows) < FEW_ROWS or len(np.unique(labels[fitted])) < 2:
        return max(STRENGTHS), ""
    right = []
    for strength in STRENGTHS:
        models = _one_against_rest(train[fitted], labels[fitted], strength, seed)
        predicted, _ = _best(models, np.unique(labels[fitted]), train[held_out])
        right.append(int((predicted == labels[held_out]).sum()))
    return STRENGTHS[int(np.argmax(right))], " chosen on held-out train rows"


def _one_against_rest(train: Any, labels: IntArray, strength: float, seed: int) -> Iterator[tuple[int, Any]]:
    """Each class with the model that tells it from the rest, fitted when it is asked for; of two classes, the second.

    On AG News one dual coordinate descent per class takes half the time of one softmax over all classes, and is 0.2
    points better. Only one class's weights need be in memory at a time. Of two classes one is fitted: the other's score
    is its negative.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classes = np.unique(labels)
    for label in classes[1:] if len(classes) == 2 else classes:
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=0.01, max_iter=MAX_PASSES, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # said in the description instead
            model.fit(train, labels == label)
        yield int(label), model


def _best(models: Iterable[tuple[int, Any]], classes: IntArray, test: Any) -> tuple[IntArray, bool]:
    """For each row the class of the highest score, the smallest id of equally high ones; and whether all converged."""
    best = np.full(test.shape[0], 0.0 if len(classes) == 2 else -np.inf)
    predicted = np.full(test.shape[0], classes[0], dtype=np.int64)
    converged = True
    for label, model in models:
        converged = converged and int(model.n_iter_.max()) < MAX_PASSES
        scores = model.decision_function(test)
        better = scores > best
        best[better], predicted[better] = scores[better], label
    return predicted, converged
