"""What a classifier's recurrent model says of encoded texts, in batches of like length, put back in their order. Knows no files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.precision import check_answers
from seqtext.tasks.classification.rows import EncodedTexts, TextBatch, mean_of_windows

TOKENS_AT_ONCE = 16_384  # of a batch without gradients: little memory, and the matrix products are full


class Prediction(NamedTuple):
    """What the classifier says of one text: the likeliest label, its probability, and the likeliest labels with theirs."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]


@torch.inference_mode()
def log_probabilities(
    model: nn.Module, examples: EncodedTexts, classes: int, map_pieces: MapPieces = one_by_one
) -> Tensor:
    """(R, C) of all rows, in fp32 on the CPU. Where there is no recurrent model, all classes are as likely."""
    if not isinstance(model, SeqToVec):
        return torch.full((len(examples), classes), -float(np.log(classes)), dtype=torch.float32)
    model.eval()
    device = next(model.parameters()).device

    def of(rows: NDArray[np.int64]) -> Tensor:
        batch = examples.batch(rows).to(device)
        logits = mean_of_windows(model(batch.tokens), batch)
        return torch.log_softmax(logits.float(), dim=-1).cpu().double().flatten()

    pieces = examples.in_order_of_length(tokens=TOKENS_AT_ONCE)
    result = torch.empty(len(examples), classes, dtype=torch.float32)
    for rows, found in zip(pieces, map_pieces(pieces, of), strict=True):
        result[torch.from_numpy(rows)] = found.float().view(len(rows), -1)
    return result


@torch.inference_mode()
def of_each(model: SeqToVec, examples: EncodedTexts, function: Callable[[TextBatch], Tensor]) -> Tensor:
    """`function` of batches of like length, its results in the order of the texts, on the CPU."""
    model.eval()
    moved = examples.to(next(model.parameters()).device)
    parts = [(rows, function(moved.batch(rows)).cpu()) for rows in moved.in_order_of_length(tokens=TOKENS_AT_ONCE)]
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return torch.cat([part for _, part in parts])[torch.from_numpy(order)]


def macro_f1(predicted: NDArray[np.int64], true: NDArray[np.int64]) -> float:
    """The mean F1 of the classes that have a row, as the report has it."""
    classes = int(max(predicted.max(initial=0), true.max(initial=0))) + 1
    right = np.bincount(true[predicted == true], minlength=classes)
    there, guessed = np.bincount(true, minlength=classes), np.bincount(predicted, minlength=classes)
    present = there > 0
    return float((2 * right[present] / (there + guessed)[present]).mean())


def predictions(probabilities: Tensor, names: Sequence[str], top_k: int | None) -> Iterator[Prediction]:
    """The likeliest labels of each text, out of (B, C); all of them where `top_k` is None."""
    check_answers(probabilities)
    values, ids = probabilities.topk(len(names) if top_k is None else min(top_k, len(names)), dim=-1)
    for row_values, row_ids in zip(values.tolist(), ids.tolist(), strict=True):
        top = tuple((names[i], value) for i, value in zip(row_ids, row_values, strict=True))
        yield Prediction(top[0][0], top[0][1], top)
