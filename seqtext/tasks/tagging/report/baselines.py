"""What a tagger has to beat: the commonest tag of each word, and a linear model of words, their endings and their neighbours.

Words as numbers of different ones, and ids of tags. Neighbours on both sides are seen, as they usually are; beside a model that streams
another one sees those alone that the model sees.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting.baseline import Baseline, Baselines

IntArray = NDArray[np.int64]

BUCKETS = 2**20  # of hashed features: few of a million words' endings fall together
PASSES = 8
MOST_UPDATES = 60_000_000  # words x tags: some half a minute on one core
_NONE, _NEAR = -1, 2  # no word there; words looked at on either side


class TaggedWords(NamedTuple):
    """The words of a split, one behind the other.

    Attributes:
        forms: different words.
        numbers: (N,) which of them each is.
        rows: (N,) the row that each stands in.
        tags: (N,) ids.
    """

    forms: Sequence[str]
    numbers: IntArray
    rows: IntArray
    tags: IntArray


def baselines(
    train: TaggedWords, test: TaggedWords, which: Baselines, *, after: int | None = None
) -> list[Baseline[IntArray]]:
    """The tags that simple methods say; `train.forms` and `test.forms` are the same list.

    Args:
        train: to learn from.
        test: to predict.
        which: `fast` counts the tags of words, `all` also fits the linear model.
        after: words behind a word that a model which streams sees; None for one that sees all.
    """
    made = [] if which == "none" else [_commonest(train, test)]
    if which == "all":
        made.append(_linear(train, test, "linear model", _NEAR))
        if after is not None and after < _NEAR:
            made.append(_linear(train, test, "linear model that streams", after))
    return made


def _commonest(train: TaggedWords, test: TaggedWords) -> Baseline[IntArray]:
    started = time.perf_counter()
    most = int(np.bincount(train.tags).argmax())
    pairs, counts = np.unique(np.stack([train.numbers, train.tags]), axis=1, return_counts=True)
    best = np.full(len(train.forms), most, dtype=np.int64)
    order = np.lexsort(
        (-pairs[1], counts)
    )  # the commonest of each word is written last; of equally common the first tag
    best[pairs[0][order]] = pairs[1][order]
    description = (
        f"the commonest tag of each word in {len(train.tags):,} training words; of an unknown one the commonest of all"
    )
    return Baseline("commonest tag", description, best[test.numbers], time.perf_counter() - started)


def _linear(train: TaggedWords, test: TaggedWords, name: str, after: int) -> Baseline[IntArray]:
    from sklearn.linear_model import SGDClassifier

    started = time.perf_counter()
    tags = len(np.unique(train.tags))
    kept = np.arange(len(train.tags))
    if (most := MOST_UPDATES // max(tags, 2)) < len(kept):
        last = int(train.rows[most])  # whole rows, so that neighbours stay
        kept = np.flatnonzero(train.rows <= last)
    features = _of_forms(train.forms)
    model = SGDClassifier(
        loss="log_loss", alpha=1e-6, max_iter=PASSES, tol=None, random_state=0, average=True, learning_rate="optimal"
    )
    if len(np.unique(train.tags[kept])) < 2:
        return _commonest(train, test)._replace(name=name)
    model.fit(_matrix(features, train.numbers[kept], train.rows[kept], after), train.tags[kept])
    predicted = model.predict(_matrix(features, test.numbers, test.rows, after)).astype(np.int64)
    near = f"{_NEAR} neighbours on either side" if after == _NEAR else f"{_NEAR} neighbours before, {after} behind"
    description = f"logistic regression on words, beginnings, endings and {near}, {len(kept):,} training words"
    return Baseline(name, description, predicted, time.perf_counter() - started)


def _of_forms(forms: Sequence[str]) -> IntArray:
    """(F, K): hashes of what each different word is like."""
    return np.array([_of_form(form) for form in forms], dtype=np.int64).reshape(len(forms), -1)


def _of_form(form: str) -> list[int]:
    low = form.lower()
    shape = "".join("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in form[:12])
    parts = [
        form,
        low,
        low[-2:],
        low[-3:],
        low[-4:],
        low[-1:],
        low[:1],
        low[:2],
        low[:3],
        shape,
        "d" * any(map(str.isdigit, form)),
    ]
    return [_hash(f"{place} {part}") for place, part in enumerate(parts)]


def _hash(text: str) -> int:
    import zlib

    return zlib.crc32(text.encode("utf-8", "replace"))


def _matrix(features: IntArray, numbers: IntArray, rows: IntArray, after: int) -> object:
    """(N, BUCKETS) of ones: what each word is like, and the words and endings around it in its row."""
    from scipy.sparse import csr_matrix

    columns = [features[numbers]]
    for shift in [*range(-_NEAR, 0), *range(1, after + 1)]:
        there = np.arange(len(numbers)) + shift
        inside = (there >= 0) & (there < len(numbers))
        there = there.clip(0, len(numbers) - 1)
        inside &= rows[there] == rows
        near = features[numbers[there]][:, 1 : 4 if abs(shift) == 1 else 2]  # its letters in lower case, and endings
        columns.append(np.where(inside[:, None], near * 31 + shift * 7919, _NONE * shift * 104729))
    hashed = np.concatenate(columns, axis=1) % BUCKETS
    pointers = np.arange(0, hashed.size + 1, hashed.shape[1])
    ones = np.ones(hashed.size, dtype=np.float32)
    return csr_matrix((ones, hashed.ravel(), pointers), shape=(len(numbers), BUCKETS))
