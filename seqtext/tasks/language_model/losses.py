"""Losses of windows of a stream, by direction, and of a whole stream. Knows a model and batches, no texts."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.batching.pieces import MapPieces, total_of
from seqtext.models.next_token import NextToken
from seqtext.nn.losses import Loss
from seqtext.tasks.language_model.rows import StreamBatch, TextStream

STRETCH, BEFORE = 1024, 256  # tokens measured at a time, behind so many that are only read
ROWS = 32  # stretches side by side


def full(values: Tensor) -> Padded:
    """Rows without padding."""
    return Padded(values, torch.full((len(values),), values.shape[1]))


def window_loss(model: NextToken, batch: StreamBatch, *, reverse: bool = False, label_smoothing: float = 0.0) -> Loss:
    """Cross entropy of what one direction predicts. Its state at the start of a window has no gradient.

    Args:
        model: whose loss it is.
        batch: windows.
        reverse: the direction that reads from the end.
        label_smoothing: share of each target spread over all tokens.
    """
    read, targets = batch.read_by(reverse)
    before, state = read.shape[1] - targets.shape[1], None
    if before:
        with torch.no_grad():
            _, state = model.read(full(read[:, :before]), reverse=reverse)
        torch.clear_autocast_cache()  # else what was cast without gradients would be used where they are wanted
    outputs, _ = model.read(full(read[:, before:]), state, reverse=reverse)
    total, losses = model.loss(
        outputs.values.flatten(0, 1), targets.flatten(), reverse=reverse, label_smoothing=label_smoothing
    )
    return Loss(total, losses.new_full((), len(losses)), losses.view(targets.shape).sum(1))


@torch.inference_mode()
def stream_loss(
    model: NextToken, examples: TextStream, *, reverse: bool, map_pieces: MapPieces, most: int | None = None
) -> float:
    """Mean loss per token (natural logarithm) over a split, ends of texts among them, by one direction.

    The state is carried over a thousand tokens and more, from text to text.

    Args:
        model: which is put into evaluation mode.
        examples: the split.
        reverse: whether it reads from the end.
        map_pieces: how the pieces are worked on.
        most: tokens that are enough, evenly from all over the split; all of them if None.
    """
    model.eval()
    device = model.embedding.weight.device

    def of(piece: tuple[NDArray[np.int64], int]) -> Tensor:
        batch = examples.stretch(*piece, BEFORE).to(device)
        loss = window_loss(model, batch, reverse=reverse)
        return torch.stack([loss.rows.double().sum(), loss.count.double()]).cpu()

    every = 1 if most is None else max(1, -(-examples.count // most))
    whole = np.arange(0, examples.count // STRETCH, every) * STRETCH
    pieces = [(rows, STRETCH) for rows in np.split(whole, range(ROWS, len(whole), ROWS)) if len(rows)]
    if every == 1 and (rest := examples.count % STRETCH):
        pieces.append((np.array([examples.count - rest]), rest))
    total, count = total_of(map_pieces(pieces, of), figures=2)
    return total / max(count, 1.0)
