"""`LinearText`: a text's words and characters as a bag, weighed (TF-IDF), and linear functions of it: for each class, label or number.

What order says is lost on it; what single words say it learns from few rows, and without steps: `linear_fit` fits it. Knows no names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.data.text.ngrams import BUCKETS, CHARACTERS, Counts, count_ngrams
from seqtext.errors import SavedFileError

TEXTS_AT_ONCE = 2000
FEATURES = "words and characters"

FloatArray = NDArray[np.float32]


class Vectors(NamedTuple):
    """N sparse vectors, one behind the other, as compressed rows.

    Attributes:
        values: (V,) fp32, what is not zero.
        features: (V,) which feature each is.
        starts: (N + 1,) where each vector begins.
    """

    values: FloatArray
    features: NDArray[np.int32]
    starts: NDArray[np.int64]


class Weighing:
    """TF-IDF of n-grams: how many of a text's there are, in logs, times how rare they are, each kind scaled to length 1.

    Args:
        buckets: (F,) ascending, the n-grams that are features.
        rarity: (F,) the weight of each.
    """

    def __init__(self, buckets: NDArray[np.int32], rarity: FloatArray) -> None:
        self.buckets, self.rarity = buckets, rarity
        self._feature = np.full(BUCKETS, -1, dtype=np.int32)
        self._feature[buckets] = np.arange(len(buckets), dtype=np.int32)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """(N, F) sparse."""
        return self.of_counts(count_ngrams(texts), len(texts))

    def of_counts(self, counts: Counts, texts: int) -> Vectors:
        """(texts, F) sparse, of n-grams that are counted already."""
        features = self._feature[counts.buckets]
        known = features >= 0
        features, rows = features[known], counts.texts[known]
        values = (1 + np.log(counts.counts[known].astype(np.float32))) * self.rarity[features]
        blocks = 2 * rows + (counts.buckets[known] >= CHARACTERS)  # words and characters of a text are scaled apart
        lengths = np.sqrt(np.bincount(blocks, weights=values * values, minlength=2 * texts))
        values /= lengths[blocks].astype(np.float32)
        return Vectors(values, features, np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=texts))]))


class LinearText:
    """A fitted linear model of texts.

    What its functions are of, whoever fitted it knows. Of classes each is told from the rest by itself, and their probabilities are
    divided by their sum; of two classes one function is enough.

    Args:
        weighing: of n-grams.
        weights: (F, C); fp32, on the CPU.
        biases: (C,).
    """

    def __init__(self, weighing: Weighing, weights: Tensor, biases: Tensor) -> None:
        self._weighing, self._weights, self._biases = weighing, weights, biases

    def log_probabilities(self, texts: Sequence[str]) -> Tensor:
        """(N, classes) fp32, of a model of classes."""
        return log_shares(self.scores(texts))

    def scores(self, texts: Sequence[str]) -> Tensor:
        """(N, C) fp32, on the CPU. A text without a known word gets the biases."""
        parts = [torch.zeros(0, len(self._biases), dtype=torch.float32)]
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            values, features, starts = map(
                torch.from_numpy, self._weighing.vectors(texts[start : start + TEXTS_AT_ONCE])
            )
            weighed = F.embedding_bag(features, self._weights, starts.int()[:-1], mode="sum", per_sample_weights=values)
            parts.append(self._biases + weighed)
        return torch.cat(parts)

    def tensors(self) -> dict[str, Tensor]:
        """What is saved. Weights are halves: their third digit changes no label."""
        return {
            "buckets": torch.from_numpy(self._weighing.buckets),
            "rarity": torch.from_numpy(self._weighing.rarity),
            "weights": self._weights.half(),
            "biases": self._biases,
        }

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor], *, functions: int, where: str) -> LinearText:
        """From what was saved.

        Raises:
            SavedFileError: for tensors that are not those of a model of so many functions.
        """
        features = len(tensors.get("buckets", ()))
        expected = {
            "buckets": (torch.int32, (features,)),
            "rarity": (torch.float32, (features,)),
            "weights": (torch.float16, (features, functions)),
            "biases": (torch.float32, (functions,)),
        }
        for name, (dtype, shape) in expected.items():
            tensor = tensors.get(name)
            if tensor is None or (tensor.dtype, tuple(tensor.shape)) != (dtype, shape):
                found = "no such tensor" if tensor is None else f"{tensor.dtype} of shape {tuple(tensor.shape)}"
                raise SavedFileError(f"{name}: {found}", where=where, expected=f"{dtype} of shape {shape}")
            if dtype.is_floating_point and not tensor.isfinite().all():
                raise SavedFileError(f"{name}: values that are not finite", where=where)
        buckets = tensors["buckets"].numpy()
        if features and not (buckets[0] >= 0 and buckets[-1] < BUCKETS and (np.diff(buckets) > 0).all()):
            raise SavedFileError("buckets: not ascending", where=where, expected=f"0 to {BUCKETS - 1}")
        weighing = Weighing(buckets, tensors["rarity"].numpy())
        return cls(weighing, tensors["weights"].float(), tensors["biases"])


def log_shares(scores: Tensor) -> Tensor:
    """(N, C) log-probabilities of classes that were each told from the rest; of (N, 1) scores, of two classes.

    In logs, since all of the sigmoids can be too small for a float.
    """
    scores = torch.cat([-scores, scores], dim=1) if scores.shape[1] == 1 else scores
    return torch.log_softmax(F.logsigmoid(scores), dim=1)
