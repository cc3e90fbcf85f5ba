"""`Blend`: a linear model beside the recurrent one, their opinions of a text weighed against each other.

The linear one knows words, and learns them from few rows; the recurrent one knows what order and form add. How much each counts is
chosen on validation rows. Knows labels' ids and texts; no tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtext.errors import SavedFileError
from seqtext.models.linear_text import LinearText
from seqtext.saving.folders import read_tensors, tensor_bytes

FILE = "linear.safetensors"
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
MOST_ROWS = 5000  # that weights are chosen by
SMOOTHING = 0.02  # of their labels


@dataclass(frozen=True)
class Blend:
    """Both models' opinions as one: their log-probabilities, weighed (a product of experts, Hinton 2002).

    Args:
        linear: the linear model.
        weights: what the recurrent one and the linear one count.
        description: how the linear one was fitted; empty in a saved model.
        seconds: that it took.
    """

    linear: LinearText
    weights: tuple[float, float]
    description: str = ""
    seconds: float = 0.0

    def __call__(self, recurrent: Tensor, linear: Tensor) -> Tensor:
        """(B, C) log-probabilities out of those of both, in fp32."""
        return blended(recurrent, linear, self.weights)

    def opinions(self, chunks: Iterable[list[str]]) -> Tensor:
        """(R, C) the linear model's log-probabilities of texts that come in lists."""
        none = torch.zeros(0, self.linear.classes, dtype=torch.float32)
        return torch.cat([none, *(self.linear.log_probabilities(chunk) for chunk in chunks)])

    def files(self) -> dict[str, bytes]:
        """What is saved, by the name of the file."""
        weights = torch.tensor(self.weights, dtype=torch.float32)
        return {FILE: tensor_bytes({**self.linear.tensors(), "both": weights})}

    @classmethod
    def of_bytes(cls, data: bytes, *, classes: int, where: str) -> Blend:
        """From what was saved.

        Raises:
            SavedFileError: if it is no blend of a classifier of so many classes.
        """
        tensors = read_tensors(data, where=where)
        both = tensors.get("both")
        if (
            both is None
            or tuple(both.shape) != (2,)
            or not all(0 <= weight <= max(WEIGHTS) for weight in both.tolist())
        ):
            raise SavedFileError(f"both: not two weights from 0 to {max(WEIGHTS):g}", where=where)
        recurrent, linear = both.tolist()
        return cls(LinearText.of_tensors(tensors, classes=classes, where=where), (recurrent, linear))


def blended(recurrent: Tensor, linear: Tensor, weights: tuple[float, float]) -> Tensor:
    """(B, C) log-probabilities of both, weighed."""
    return torch.log_softmax(weights[0] * recurrent.float() + weights[1] * linear, dim=-1)


def best_weights(recurrent: Tensor, linear: Tensor, labels: Tensor) -> tuple[float, float]:
    """What each model should count, so that rows have the likeliest labels: how surely each speaks is mended along the way.

    Args:
        recurrent: (R, C) its log-probabilities of rows that neither model was trained on.
        linear: (R, C) the linear one's.
        labels: (R,) the true ids; rows of others than the C classes, and -1, are left out.
    """
    known = torch.nonzero((labels >= 0) & (labels < recurrent.shape[1])).flatten()[:MOST_ROWS]
    if not len(known):
        return 1.0, 1.0
    recurrent, linear, labels = recurrent[known], linear[known], labels[known].unsqueeze(1)

    def loss(weights: tuple[float, float]) -> float:
        found = blended(recurrent, linear, weights).double()
        # Smoothed a little: where all rows are right, no weights would be sure enough.
        return -float((1 - SMOOTHING) * found.gather(1, labels).mean() + SMOOTHING * found.mean())

    pairs = ((one, other) for one in WEIGHTS for other in WEIGHTS if one or other)
    return min(pairs, key=loss)
