"""`Blend`: a linear model beside the recurrent one, their opinions of a text weighed against each other.

The linear one knows words, and learns them from few rows; the recurrent one knows what order and form add. How much each counts is
chosen on validation rows. Knows what texts have as numbers, and texts; no tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtext.errors import SavedFileError
from seqtext.models.linear_text import LinearText
from seqtext.saving.folders import read_tensors, tensor_bytes
from seqtext.tasks.classification.targets import Target

FILE = "linear.safetensors"
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
MOST_ROWS = 5000  # that weights are chosen by


@dataclass(frozen=True)
class Blend:
    """Both models' opinions as one, weighed: of labels a product of experts (Hinton 2002), of numbers a mean.

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

    def __call__(self, recurrent: Tensor, linear: Tensor, target: Target) -> Tensor:
        """(B, C) opinions out of those of both, in fp32."""
        return blended(recurrent, linear, self.weights, target)

    def opinions(self, chunks: Iterable[list[str]], target: Target) -> Tensor:
        """(R, C) the linear model's of texts that come in lists."""
        scores = [torch.zeros(0, target.functions, dtype=torch.float32), *map(self.linear.scores, chunks)]
        return target.of_linear(torch.cat(scores))

    def files(self) -> dict[str, bytes]:
        """What is saved, by the name of the file."""
        weights = torch.tensor(self.weights, dtype=torch.float32)
        return {FILE: tensor_bytes({**self.linear.tensors(), "both": weights})}

    @classmethod
    def of_bytes(cls, data: bytes, *, functions: int, where: str) -> Blend:
        """From what was saved.

        Raises:
            SavedFileError: if it is no blend with a linear model of so many functions.
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
        return cls(LinearText.of_tensors(tensors, functions=functions, where=where), (recurrent, linear))


def blended(recurrent: Tensor, linear: Tensor, weights: tuple[float, float], target: Target) -> Tensor:
    """(B, C) opinions of both, weighed."""
    return target.opinions(weights[0] * recurrent.float() + weights[1] * linear)


def best_weights(recurrent: Tensor, linear: Tensor, labels: Tensor, target: Target) -> tuple[float, float]:
    """What each model should count, so that opinions are nearest to the truth: how surely each speaks is mended along the way.

    Args:
        recurrent: (R, C) its opinions of rows that neither model was trained on.
        linear: (R, C) the linear one's.
        labels: (R, ...) the truth; rows that no opinion can be compared with are left out.
        target: what the texts have.
    """
    known = torch.nonzero(target.known(labels)).flatten()
    if len(known) > MOST_ROWS:  # spread evenly: rows are often sorted by class
        known = known[torch.linspace(0, len(known) - 1, MOST_ROWS, dtype=torch.float64).long()]
    if not len(known):
        return 1.0, 1.0
    recurrent, linear, labels = recurrent[known], linear[known], labels[known]
    pairs = ((one, other) for one in WEIGHTS for other in WEIGHTS if one or other)
    return min(pairs, key=lambda weights: target.mismatch(blended(recurrent, linear, weights, target), labels))
