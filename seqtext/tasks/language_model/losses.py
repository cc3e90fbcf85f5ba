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
from seqtext.nn.token_cache import nothing_remembered, with_cache
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
    outputs, targets = _read(model, batch, reverse)
    total, losses = model.loss(
        outputs.flatten(0, 1), targets.flatten(), reverse=reverse, label_smoothing=label_smoothing
    )
    return Loss(total, losses.new_full((), len(losses)), losses.view(targets.shape).sum(1))


def _read(model: NextToken, batch: StreamBatch, reverse: bool) -> tuple[Tensor, Tensor]:
    """Outputs (B, T, H) of one direction over windows, and what comes after them (B, T)."""
    read, targets = batch.read_by(reverse)
    before, state = read.shape[1] - targets.shape[1], None
    if before:
        with torch.no_grad():
            _, state = model.read(full(read[:, :before]), reverse=reverse)
        torch.clear_autocast_cache()  # else what was cast without gradients would be used where they are wanted
    outputs, _ = model.read(full(read[:, before:]), state, reverse=reverse)
    return outputs.values, targets


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
        return torch.stack([loss.rows.cpu().double().sum(), loss.count.cpu().double()])

    every = 1 if most is None else max(1, -(-examples.count // most))
    total, count = total_of(map_pieces(_pieces(examples.count, every), of), figures=2)
    return total / max(count, 1.0)


@torch.inference_mode()
def cached_loss(model: NextToken, examples: TextStream, *, reverse: bool, cache: int) -> tuple[float, float]:
    """As `stream_loss`, and that of the model with a cache: the pieces are read one after the other, in the order of reading.

    Args:
        model: which is put into evaluation mode.
        examples: the split.
        reverse: whether it reads from the end.
        cache: tokens that are looked back at.

    Returns:
        Mean loss per token, natural logarithm: of the model alone, and with the cache.
    """
    model.eval()
    device = model.embedding.weight.device
    of_model, of_both, before = 0.0, 0.0, None
    pieces = _pieces(examples.count)
    for rows, length in reversed(pieces) if reverse else pieces:
        batch = examples.stretch(rows[::-1].copy() if reverse else rows, length, BEFORE).to(device)
        found, targets = _read(model, batch, reverse)
        outputs, tokens = found.flatten(0, 1), targets.flatten()
        keys = model.compared(outputs, reverse=reverse)
        alone = -model.loss(outputs, tokens, reverse=reverse)[1].cpu().double()
        before = before or nothing_remembered(keys.shape[1], device)
        logs, before = with_cache(keys, tokens, alone, before, most=cache)
        of_model, of_both = of_model - float(alone.sum()), of_both - float(logs.sum())
    return of_model / max(examples.count, 1), of_both / max(examples.count, 1)


def _pieces(count: int, every: int = 1) -> list[tuple[NDArray[np.int64], int]]:
    """Where stretches of a stream begin, some at a time, and how long they are; what is left over last, where all are wanted."""
    whole = np.arange(0, count // STRETCH, every) * STRETCH
    pieces = [(rows, STRETCH) for rows in np.split(whole, range(ROWS, len(whole), ROWS)) if len(rows)]
    if every == 1 and (rest := count % STRETCH):
        pieces.append((np.array([count - rest]), rest))
    return pieces
