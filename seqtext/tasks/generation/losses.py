"""Losses of texts, window by window, with the vector of each or with "any" in its place. Knows a model and batches, no names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import sent
from seqtext.batching.pieces import MapPieces, total_of
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import State
from seqtext.nn.losses import Loss
from seqtext.tasks.generation.rows import GeneratorBatch, GeneratorRows
from seqtext.tasks.generation.settings import GeneratorConfig

TOKENS_AT_ONCE = 16_384  # of a batch without gradients


def window_losses(model: VecToSeq, batch: GeneratorBatch, config: GeneratorConfig) -> Iterator[Loss]:
    """The losses of a batch's windows, each to be backpropagated before the next (truncated backpropagation).

    Args:
        model: in training, some texts have "any" for their vector, in all their windows.
        batch: whole texts.
        config: of the generator.
    """
    state: State | None = None
    gone = without_vector(batch, config.vector_dropout) if model.training else None
    smoothing = config.label_smoothing if model.training else 0.0
    device = model.embedding.weight.device
    for window, places, there in batch.windows(config.max_length):
        if state is not None:
            state = model.select(state, sent(places, device))
        some = None if gone is None else gone[sent(there, device)]
        loss, state = window_loss(model, window, state, gone=some, label_smoothing=smoothing)
        rows = torch.zeros(len(batch.rows), dtype=torch.float32, device=device)
        yield replace(loss, rows=rows.index_copy_(0, sent(there, device), loss.rows))


def window_loss(
    model: VecToSeq,
    batch: GeneratorBatch,
    state: State | None = None,
    *,
    gone: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> tuple[Loss, State]:
    """Cross entropy of a window of texts, and the state behind it, cut off from its past.

    Args:
        model: whose loss it is.
        batch: a window of each text.
        state: behind the window before; None at the start of the texts.
        gone: (B, 1) True where "any" stands for the vector; None for nowhere.
        label_smoothing: share of each target spread over all tokens.
    """
    vectors = batch.vectors
    if vectors is not None and gone is not None:
        vectors = torch.where(gone, model.no_vector, vectors)
    state = model.initial_state(vectors, len(batch.rows)) if state is None else model.resume(vectors, state)
    outputs, after = model(batch.tokens, state)
    real, rows_of_real = batch.tokens.real
    total, losses = model.head.loss(
        outputs.values.flatten(0, 1)[real],
        model.embedding.weight,
        batch.targets.flatten()[real],
        label_smoothing=label_smoothing,
    )
    rows = losses.new_zeros(len(batch.rows)).index_add_(0, rows_of_real, losses)
    count = losses.new_full((), len(losses))
    return Loss(total, count, rows), tuple(part.detach() for part in after)


def without_vector(batch: GeneratorBatch, share: float) -> Tensor | None:
    """(B, 1) texts, drawn anew, that "any" stands for the vector of; None for none."""
    if batch.vectors is None or not share:
        return None
    return torch.rand(len(batch.rows), 1, dtype=torch.float32, device=batch.vectors.device) < share


@torch.inference_mode()
def mean_loss(
    model: VecToSeq, examples: GeneratorRows, config: GeneratorConfig, *, vectors: bool, map_pieces: MapPieces
) -> float:
    """Mean loss per token (natural logarithm) over a split, end tokens among them.

    Args:
        model: which is put into evaluation mode.
        examples: the split.
        config: of the generator.
        vectors: whether each text has its vector; or else "any".
        map_pieces: how the batches are worked on.
    """
    model.eval()
    device = model.embedding.weight.device

    def of(rows: NDArray[np.int64]) -> Tensor:
        batch = examples.batch(rows).to(device)
        if not vectors and batch.vectors is not None:
            batch = batch._replace(vectors=model.no_vector.expand_as(batch.vectors))
        windows = [(float(loss.sum), float(loss.count)) for loss in window_losses(model, batch, config)]
        return torch.tensor(windows, dtype=torch.float64).sum(0)

    plan = BatchPlan(examples.lengths, tokens=max(TOKENS_AT_ONCE, int(examples.lengths.max(initial=1))), seed=0)
    total, count = total_of(map_pieces([rows for [rows] in plan.in_order_of_length()], of), figures=2)
    return total / max(count, 1.0)
