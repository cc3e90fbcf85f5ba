"""What a classifier says of a text: one label, several, or a number. Of each its loss, its answers, its figures and its linear model.

A model's *opinion* is what both models speak in and what is weighed: log-probabilities, log-odds, or a standardised number. Knows
tensors and a config; no texts, no columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.batching.padded import sent
from seqtext.errors import one_of, shorten
from seqtext.models.linear_text import log_shares
from seqtext.nn.losses import Loss, Taught, classification_loss, labels_loss, number_loss
from seqtext.nn.precision import check_answers
from seqtext.tasks.classification.measures import (
    best_threshold,
    f1_scores,
    micro_average_precision,
    number_figures,
    one_label_figures,
)
from seqtext.tasks.classification.predictions import LabelsPrediction, NumberPrediction, Prediction
from seqtext.tasks.classification.settings import Kind, Select, TopicConfig

if TYPE_CHECKING:
    from seqtext.models.linear_fit import LinearFit

SMOOTHING = 0.02  # of the labels that models are weighed by: where all rows are right, no weights would be sure enough
FAR_OFF = 5  # deviations from the mean: of numbers beyond, a squared error would learn little else
IN_WORDS: dict[Kind, str] = {"label": "one label", "labels": "any number of labels", "number": "a number"}


class Target(Protocol):
    """What a text has, as a model learns and says it."""

    outputs: int  # of the recurrent model's head
    functions: int  # of the linear model
    figures_known: tuple[Select, ...]  # that validation finds; the first one chooses the epoch where nobody says

    def traits(self) -> str:
        """What that is, in a few words."""

    def opinions(self, scores: Tensor) -> Tensor:
        """(R, outputs) out of a head's outputs, or of weighed opinions."""

    def of_linear(self, scores: Tensor) -> Tensor:
        """(R, outputs) out of a linear model's (R, functions) scores."""

    def answers(self, opinions: Tensor) -> NDArray[np.float32]:
        """(R, outputs): probabilities; or numbers in the units of the data."""

    def loss(self, logits: Tensor, labels: Tensor, taught: Taught | None) -> Loss:
        """What training lowers."""

    def mismatch(self, opinions: Tensor, labels: Tensor) -> float:
        """How far opinions are from the truth: what two models are weighed by."""

    def known(self, labels: Tensor) -> Tensor:
        """(R,) bool: rows whose truth can be compared with an opinion."""

    def figures(self, opinions: Tensor, labels: Tensor) -> dict[str, float]:
        """Validation figures, `loss` among them."""

    def fit_linear(self, texts: Iterable[str], labels: NDArray[np.generic], *, seed: int) -> LinearFit:
        """The linear model of training rows."""

    def predictions(
        self, answers: NDArray[np.float32], top_k: int | None
    ) -> Iterator[Prediction | LabelsPrediction | NumberPrediction]:
        """What users get."""


class OneLabel:
    """One label a text: softmax, cross entropy, accuracy. Opinions are log-probabilities."""

    figures_known: tuple[Select, ...] = ("accuracy", "macro_f1", "loss")

    def __init__(self, config: TopicConfig) -> None:
        self._config = config
        self.outputs = len(config.labels)
        self.functions = 1 if self.outputs == 2 else self.outputs

    def traits(self) -> str:  # noqa: D102
        return f"{self.outputs:,} labels: {_shown(self._config.labels)}"

    def opinions(self, scores: Tensor) -> Tensor:  # noqa: D102
        return torch.log_softmax(scores, dim=-1)

    def of_linear(self, scores: Tensor) -> Tensor:  # noqa: D102
        return log_shares(scores)

    def answers(self, opinions: Tensor) -> NDArray[np.float32]:  # noqa: D102
        return _checked(opinions.exp())

    def loss(self, logits: Tensor, labels: Tensor, taught: Taught | None) -> Loss:  # noqa: D102
        config = self._config
        weights = None if config.class_weights is None else torch.tensor(config.class_weights, dtype=torch.float32)
        return classification_loss(
            logits,
            labels,
            class_weights=None if weights is None else sent(weights, labels.device),
            label_smoothing=config.label_smoothing,
            taught=taught,
            temperature=config.teacher_temperature,
        )

    def mismatch(self, opinions: Tensor, labels: Tensor) -> float:  # noqa: D102
        found = opinions.double()
        return -float((1 - SMOOTHING) * found.gather(1, labels.unsqueeze(1)).mean() + SMOOTHING * found.mean())

    def known(self, labels: Tensor) -> Tensor:  # noqa: D102
        return (labels >= 0) & (labels < self.outputs)

    def figures(self, opinions: Tensor, labels: Tensor) -> dict[str, float]:
        """Mean loss, accuracy and macro F1. Labels the model does not know are mistakes, and have no loss.

        Rows with a teacher's answer alone count for nothing here.
        """
        answers = self.answers(opinions)[labels.numpy() >= 0]
        return one_label_figures(answers, labels[labels >= 0].numpy())

    def fit_linear(self, texts: Iterable[str], labels: NDArray[np.generic], *, seed: int) -> LinearFit:  # noqa: D102
        from seqtext.models.linear_fit import fit_linear

        return fit_linear(texts, labels, classes=self.outputs, seed=seed)

    def predictions(self, answers: NDArray[np.float32], top_k: int | None) -> Iterator[Prediction]:  # noqa: D102
        for top in _ranked(answers, self._config.labels, top_k):
            yield Prediction(top[0][0], top[0][1], top)


class SeveralLabels:
    """Any number of labels a text: a sigmoid and a threshold for each, F1 and average precision. Opinions are log-odds."""

    figures_known: tuple[Select, ...] = ("average_precision", "micro_f1", "macro_f1", "loss")

    def __init__(self, config: TopicConfig) -> None:
        self._config = config
        self.outputs = self.functions = len(config.labels)

    def traits(self) -> str:  # noqa: D102
        return f"any of {self.outputs:,} labels: {_shown(self._config.labels)}"

    def opinions(self, scores: Tensor) -> Tensor:  # noqa: D102
        return scores

    def of_linear(self, scores: Tensor) -> Tensor:  # noqa: D102
        return scores

    def answers(self, opinions: Tensor) -> NDArray[np.float32]:  # noqa: D102
        return _checked(opinions.sigmoid())

    def loss(self, logits: Tensor, labels: Tensor, taught: Taught | None) -> Loss:  # noqa: D102
        return labels_loss(logits, labels, label_smoothing=self._config.label_smoothing)

    def mismatch(self, opinions: Tensor, labels: Tensor) -> float:  # noqa: D102
        targets = labels[:, : self.outputs].double() * (1 - SMOOTHING) + SMOOTHING / 2
        return float(F.binary_cross_entropy_with_logits(opinions.double(), targets))

    def known(self, labels: Tensor) -> Tensor:  # noqa: D102
        return torch.ones(len(labels), dtype=torch.bool)

    def figures(self, opinions: Tensor, labels: Tensor) -> dict[str, float]:
        """Mean loss, F1 and average precision over all pairs of a text and a label. Labels that the model does not know are missed.

        Before thresholds are chosen, F1 is that of the best one for all labels.
        """
        answers, true = self.answers(opinions), labels.numpy()
        loss = labels_loss(opinions, labels[:, : self.outputs])
        thresholds = self._config.thresholds or (best_threshold(answers.ravel(), true[:, : self.outputs].ravel()),)
        found = np.zeros_like(true)
        found[:, : self.outputs] = answers >= np.array(thresholds, dtype=np.float32)
        micro, of_each = f1_scores(found, true)
        present = true.any(axis=0)
        return {
            "loss": float(loss.sum / loss.count),
            "average_precision": micro_average_precision(answers, true),
            "micro_f1": micro,
            "macro_f1": float(of_each[present].mean()) if present.any() else 0.0,
        }

    def fit_linear(self, texts: Iterable[str], labels: NDArray[np.generic], *, seed: int) -> LinearFit:  # noqa: D102
        from seqtext.models.linear_fit import fit_label_sets

        return fit_label_sets(texts, labels, seed=seed)

    def has(self, answers: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(R, C) which labels each text is given."""
        thresholds = self._config.thresholds or (0.5,)
        given: NDArray[np.bool_] = answers >= np.array(thresholds, dtype=np.float32)
        return given

    def predictions(self, answers: NDArray[np.float32], top_k: int | None) -> Iterator[LabelsPrediction]:  # noqa: D102
        names = self._config.labels
        for given, row, top in zip(self.has(answers), answers.tolist(), _ranked(answers, names, top_k), strict=True):
            places = sorted(np.flatnonzero(given).tolist(), key=lambda place: -row[place])
            yield LabelsPrediction(tuple(names[place] for place in places), tuple(row[place] for place in places), top)


class ANumber:
    """A number a text: squared or Huber error, R2. Opinions are standardised by mean and deviation of the training rows."""

    figures_known: tuple[Select, ...] = ("r2", "mae", "rmse", "spearman", "loss")

    def __init__(self, config: TopicConfig) -> None:
        self._config = config
        self.outputs = self.functions = 1

    def traits(self) -> str:  # noqa: D102
        return f"a number, {self._config.mean:.4g} on average with a deviation of {self._config.deviation:.4g}"

    def opinions(self, scores: Tensor) -> Tensor:  # noqa: D102
        return scores

    def of_linear(self, scores: Tensor) -> Tensor:  # noqa: D102
        return scores

    def answers(self, opinions: Tensor) -> NDArray[np.float32]:  # noqa: D102
        return _checked(self._in_units(opinions).float())

    def _in_units(self, opinions: Tensor) -> Tensor:
        return opinions.double() * self._config.deviation + self._config.mean

    def loss(self, logits: Tensor, labels: Tensor, taught: Taught | None) -> Loss:  # noqa: D102
        return number_loss(logits, labels, kind=self._config.number_loss)

    def mismatch(self, opinions: Tensor, labels: Tensor) -> float:  # noqa: D102
        return float(number_loss(opinions, labels, kind=self._config.number_loss).sum) / len(labels)

    def known(self, labels: Tensor) -> Tensor:  # noqa: D102
        return torch.ones(len(labels), dtype=torch.bool)

    def figures(self, opinions: Tensor, labels: Tensor) -> dict[str, float]:
        """Mean loss of the standardised numbers; R2, mean and root of squared errors, and Spearman's correlation, in the data's units."""
        true = self._in_units(labels.unsqueeze(1)).numpy()[:, 0]
        found = number_figures(self.answers(opinions)[:, 0].astype(np.float64), true)
        return {"loss": self.mismatch(opinions, labels), **found}

    def fit_linear(self, texts: Iterable[str], labels: NDArray[np.generic], *, seed: int) -> LinearFit:  # noqa: D102
        from seqtext.models.linear_fit import fit_numbers

        return fit_numbers(texts, labels, seed=seed)

    def predictions(self, answers: NDArray[np.float32], top_k: int | None) -> Iterator[NumberPrediction]:  # noqa: D102
        return map(NumberPrediction, answers[:, 0].tolist())


KINDS: dict[Kind, type[OneLabel] | type[SeveralLabels] | type[ANumber]] = {
    "label": OneLabel,
    "labels": SeveralLabels,
    "number": ANumber,
}


def target_of(config: TopicConfig) -> OneLabel | SeveralLabels | ANumber:
    """What the texts of a classifier have."""
    return KINDS[config.target](config)


def _shown(names: Sequence[str]) -> str:
    return one_of(map(shorten, names), 5).removeprefix("one of ")


def _ranked(
    answers: NDArray[np.float32], names: Sequence[str], top_k: int | None
) -> Iterator[tuple[tuple[str, float], ...]]:
    """The likeliest labels of each row with their probabilities; all of them where `top_k` is None."""
    number = len(names) if top_k is None else min(top_k, len(names))
    values, ids = torch.from_numpy(answers).topk(number, dim=-1)
    for row_values, row_ids in zip(values.tolist(), ids.tolist(), strict=True):
        yield tuple((names[i], value) for i, value in zip(row_ids, row_values, strict=True))


def _checked(answers: Tensor) -> NDArray[np.float32]:
    check_answers(answers)
    return answers.numpy()
