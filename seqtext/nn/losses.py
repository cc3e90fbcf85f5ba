"""Losses as sums with counts, in fp32 whatever the precision of the model. Knows logits and targets, nothing of classes' names.

A sum and a count, never a mean: micro-batches and processes add up to the exact loss of the whole step, whatever their sizes.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.batching.padded import Padded

MOST_NATS = math.log(sys.float_info.max) - 1e-9  # beyond, there is no float for it


@dataclass(frozen=True)
class Loss:
    """A loss over a micro-batch.

    Attributes:
        sum: total, a scalar in fp32, with gradient.
        count: what to divide by, summed over all micro-batches of a step: valid steps or rows, or their weights. A scalar.
        rows: (B,) each row's own loss, detached, to name and rank rows by.
        auxiliary: the part of `sum` that an auxiliary task adds, detached, so that the rest can be shown beside a validation loss.
    """

    sum: Tensor
    count: Tensor
    rows: Tensor
    auxiliary: Tensor | None = None


def perplexity(loss: float) -> float:
    """Perplexity of a mean loss in nats: among how many tokens, all as likely, a model would be as unsure. Finite, for reports."""
    return math.exp(min(loss, MOST_NATS))


class Taught(NamedTuple):
    """What a teacher says of some rows.

    Attributes:
        probabilities: (R, C), at the teacher's temperature; zeros where it says nothing.
        shares: (R,) how much of a row's loss is its answer's; the rest is the label's.
    """

    probabilities: Tensor
    shares: Tensor


def classification_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    label_smoothing: float = 0.0,
    taught: Taught | None = None,
    temperature: float = 1.0,
) -> Loss:
    """Cross entropy of one label per row, and of a teacher's answers, if there are any (Hinton et al. 2015).

    Args:
        logits: (B, C).
        targets: (B,) int64 in 0..C-1; -1 where the answer alone counts.
        class_weights: (C,) how much a row of each class counts; the count is then the sum of the rows' weights.
        label_smoothing: share of the target spread evenly over all classes (Szegedy et al. 2016).
        taught: the answers, which are as good as labels where they are sure of one class.
        temperature: of the answers, and of the logits beside them; its square keeps their gradients as large as without.
    """
    logits = logits.float()
    targets = targets if taught is None else targets.clamp_min(0)  # a row without a label has any
    rows = F.cross_entropy(logits, targets, reduction="none", label_smoothing=label_smoothing)  # (B,)
    weights = None if class_weights is None else class_weights[targets]
    if taught is not None:
        answers, shares = taught
        soft = F.cross_entropy(logits / temperature, answers, reduction="none", label_smoothing=label_smoothing)
        rows = (1 - shares) * rows + shares * temperature**2 * soft
        if class_weights is not None and weights is not None:
            weights = (1 - shares) * weights + shares * (answers @ class_weights)
    if weights is None:
        return Loss(rows.sum(), rows.new_full((), len(rows)), rows.detach())
    return Loss((rows * weights).sum(), weights.sum(), rows.detach())


def step_loss(outputs: Padded, targets: Tensor, *, label_smoothing: float = 0.0) -> Loss:
    """Cross entropy of a label at every valid step.

    Args:
        outputs: logits (B, T, C).
        targets: (B, T) int64 in 0..C-1; -1 at a step that has none. What stands in the padding has no meaning.
        label_smoothing: share of the target spread evenly over all classes.
    """
    positions, row_of = outputs.real
    logits = outputs.values.flatten(0, 1).index_select(0, positions).float()  # (N, C)
    labels = targets.flatten().index_select(0, positions)
    losses = F.cross_entropy(logits, labels, reduction="none", ignore_index=-1, label_smoothing=label_smoothing)
    rows = losses.new_zeros(targets.shape[0]).index_add(0, row_of, losses.detach())
    return Loss(losses.sum(), (labels >= 0).sum().float(), rows)


def ctc_loss(logits: Padded, targets: Tensor, target_lengths: Tensor) -> Loss:
    """Connectionist temporal classification (Graves et al. 2006): of all ways to write a target, a symbol or nothing at every step.

    A row's own loss is divided by nothing; the count is that of symbols and ends, so that rows without a symbol count too.

    Args:
        logits: values (B, T, C), where class 0 is nothing.
        targets: (B, S) int64 in 1..C-1; what stands behind a row's length has no meaning.
        target_lengths: (B,) int64 on the CPU, 0 where nothing is to be written.

    A row whose steps are fewer than `ctc_steps` of its target has an infinite loss: no way leads through.
    """
    logs = F.log_softmax(logits.values.float(), dim=-1).transpose(0, 1)  # (T, B, C)
    rows = F.ctc_loss(logs, targets, logits.lengths, target_lengths, reduction="none")
    count = rows.new_full((), int(target_lengths.numpy().sum()) + len(rows))
    return Loss(rows.sum(), count, rows.detach())


def ctc_steps(targets: NDArray[np.integer], starts: NDArray[np.integer]) -> NDArray[np.int64]:
    """(R,) steps that targets need at least: one a symbol, and one more between two that are the same.

    Args:
        targets: all rows one behind the other.
        starts: (R + 1,) where each begins.
    """
    again = np.zeros(len(targets) + 1, dtype=np.int64)
    again[1:-1] = targets[1:] == targets[:-1] if len(targets) else 0
    again[starts[:-1]] = 0  # the first symbol of a row repeats none
    before = np.concatenate([[0], np.cumsum(again[:-1])])
    steps: NDArray[np.int64] = np.diff(starts) + before[starts[1:]] - before[starts[:-1]]
    return steps


def labels_loss(logits: Tensor, members: Tensor, *, label_smoothing: float = 0.0) -> Loss:
    """Binary cross entropy of several labels a row, summed over the labels: that of all their answers together.

    Args:
        logits: (B, C).
        members: (B, C) bool, which labels a row has.
        label_smoothing: share of each answer that is undecided.
    """
    targets = members.float() * (1 - label_smoothing) + label_smoothing / 2
    rows = F.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none").sum(dim=1)
    return Loss(rows.sum(), rows.new_full((), len(rows)), rows.detach())


def number_loss(outputs: Tensor, values: Tensor, *, kind: Literal["squared", "huber"] = "squared") -> Loss:
    """Error of one number a row; Huber's is squared up to 1 and straight beyond, so that rows far off pull less (Huber 1964).

    Args:
        outputs: (B, 1).
        values: (B,) standardised.
        kind: which error; both have the same scale near 0.
    """
    outputs = outputs.float().squeeze(1)  # (B,), or the difference would be (B, B)
    if kind == "squared":
        rows = F.mse_loss(outputs, values.float(), reduction="none")
    else:
        rows = 2 * F.huber_loss(outputs, values.float(), reduction="none")
    return Loss(rows.sum(), rows.new_full((), len(rows)), rows.detach())
