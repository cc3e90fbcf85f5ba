"""The rivals a text classifier must beat: the majority class, and TF-IDF with logistic regression, on the same rows.

Texts and label ids in, predicted ids and seconds out. It knows no models and no names of classes. The second is meant
to be strong: on AG News (47,690 train rows) it reaches 91.7 %, where one softmax over words and bigrams reaches 91.2 %.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqtext.errors import DataError

IntArray: TypeAlias = NDArray[np.int64]

MAX_ROWS = 200_000  # train rows used at most
MAX_CHARACTERS = {"words": 200_000_000, "characters": 50_000_000}  # of all train texts; fitting takes a few GB
FEW_SPACES = 0.05  # English has 16 % white space, German 13 %, Thai about 3 %, Japanese and Chinese hardly any

# A word, or one character of a script written without spaces (Thai to Khmer, kana, Han), or one symbol. With bigrams
# over them, texts of mixed scripts are served too; the symbols alone are worth 0.3 points on AG News. The marks of
# Indic vowels, Hebrew and Arabic are no `\w` for Python, and would split words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff"
TOKEN = rf"(?:[^\W{_UNSPACED}]|[{_MARKS}])+|[{_UNSPACED}]|[^\w\s]"

FEATURES = {"words": "words and bigrams", "characters": "1 to 4 characters"}
ANALYSIS: dict[str, dict[str, Any]] = {
    "words": {"token_pattern": TOKEN, "ngram_range": (1, 2)},
    "characters": {"analyzer": "char", "ngram_range": (1, 4)},
}

STRENGTHS = (1.0, 5.0, 30.0)  # C, the inverse of the regularisation; held-out rows can hardly tell finer steps
FEW_ROWS = 200  # below, none are held out, and C is the largest: the best on 100 to 5,000 rows of AG News
TUNING_ROWS = 20_000
MAX_PASSES = 300


class Baseline(NamedTuple):
    """What a rival predicts for the test rows.

    Attributes:
        name: short, for a legend.
        description: what was fitted, on how many rows, and whatever was cut short.
        predicted: (rows,) int64 ids.
        seconds: reading, fitting and predicting together.
    """

    name: str
    description: str
    predicted: IntArray
    seconds: float


def majority_class(train_labels: ArrayLike, rows: int) -> Baseline:
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
) -> Baseline:
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
    generator = np.random.default_rng(seed)
    all_labels = _label_ids(train_labels)
    texts, labels = _sample(train_texts, all_labels, max_rows, generator)
    kind, longest = _kind_and_length(texts)
    test = [text[:longest] for text in test_texts]
    if not test:
        raise DataError("there are no test rows to predict", expected="at least one")
    texts = [text[:longest] for text in texts]
    predicted, method, notes = _fit_and_predict(texts, labels, test, kind, seed, generator)
    rows = f"{len(texts):,} rows" + (f" sampled from {len(all_labels):,}" if len(texts) < len(all_labels) else "")
    cut = [] if longest is None else [f"texts cut to {longest:,} characters"]
    return Baseline("TF-IDF", ", ".join([method, rows, *cut, *notes]), predicted, time.perf_counter() - started)


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


def _fit_and_predict(
    texts: Sequence[str], labels: IntArray, test: Sequence[str], kind: str, seed: int, generator: np.random.Generator
) -> tuple[IntArray, str, list[str]]:
    """Predicted ids, the method by which they were found, and what else there is to say of it."""
    vectors = _vectors(texts, test, kind) if len(np.unique(labels)) > 1 else None
    if vectors is None:
        return majority_class(labels, len(test)).predicted, "majority class (one class or no words to learn from)", []
    strength, how = _choose_strength(vectors[0], labels, seed, generator)
    predicted, converged = _one_against_rest(vectors[0], labels, vectors[1], strength, seed)
    notes = [f"C = {strength:g}{how}", *([] if converged else [f"not converged after {MAX_PASSES} passes"])]
    return predicted, f"TF-IDF ({FEATURES[kind]}) + logistic regression", notes


def _vectors(train: Sequence[str], test: Sequence[str], kind: str) -> tuple[Any, Any] | None:
    """Sparse TF-IDF vectors of both, weighed by the train texts alone; None if the train texts hold no feature."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    # What occurs in one row only helps no other row and doubles the time; but where rows are few, everything counts.
    for min_df in (2, 1) if len(train) >= FEW_ROWS else (1,):
        vectoriser = TfidfVectorizer(**ANALYSIS[kind], sublinear_tf=True, min_df=min_df)
        try:
            return vectoriser.fit_transform(train), vectoriser.transform(test)
        except ValueError as error:
            if not any(words in str(error) for words in ("empty vocabulary", "no terms remain")):
                raise
    return None


def _choose_strength(train: Any, labels: IntArray, seed: int, generator: np.random.Generator) -> tuple[float, str]:
    """The C most accurate on a fifth of the train rows, or of a sample of them, and how it was come by."""
    rows = generator.permutation(len(labels))[:TUNING_ROWS]
    fitted, held_out = np.split(rows, [len(rows) * 4 // 5])
    if len(rows) < FEW_ROWS or len(np.unique(labels[fitted])) < 2:
        return max(STRENGTHS), ""
    right = []
    for strength in STRENGTHS:
        predicted, _ = _one_against_rest(train[fitted], labels[fitted], train[held_out], strength, seed)
        right.append(int((predicted == labels[held_out]).sum()))
    return STRENGTHS[int(np.argmax(right))], " chosen on held-out train rows"


def _one_against_rest(train: Any, labels: IntArray, test: Any, strength: float, seed: int) -> tuple[IntArray, bool]:
    """Predicted ids, and whether all classes converged.

    On AG News one dual coordinate descent per class takes half the time of one softmax over all classes, and is 0.2
    points better. Only one class's weights are in memory at a time. Of two classes one is fitted: the other's score is
    its negative.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    first, *others = np.unique(labels)
    two = len(others) == 1
    best = np.full(test.shape[0], 0.0 if two else -np.inf)
    predicted = np.full(test.shape[0], first, dtype=np.int64)
    converged = True
    for label in others if two else [first, *others]:
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=0.01, max_iter=MAX_PASSES, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # told in the description instead
            model.fit(train, labels == label)
        converged = converged and int(model.n_iter_.max()) < MAX_PASSES
        scores = model.decision_function(test)
        better = scores > best
        best[better], predicted[better] = scores[better], label
    return predicted, converged
