"""What a classifier's recurrent model says of encoded texts, in batches of like length, put back in their order. Knows no files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.tasks.classification.rows import EncodedTexts, TextBatch, mean_of_windows
from seqtext.tasks.classification.targets import Target

TOKENS_AT_ONCE = 16_384  # of a batch without gradients: little memory, and the matrix products are full


@torch.inference_mode()
def opinions(model: nn.Module, examples: EncodedTexts, target: Target, map_pieces: MapPieces = one_by_one) -> Tensor:
    """(R, C) of all rows, in fp32 on the CPU. Where there is no recurrent model, it prefers no answer."""
    if not isinstance(model, SeqToVec):
        return target.opinions(torch.zeros(len(examples), target.outputs))
    model.eval()
    device = next(model.parameters()).device

    def of(rows: NDArray[np.int64]) -> Tensor:
        batch = examples.batch(rows).to(device)
        logits = mean_of_windows(model(batch.tokens), batch)
        return target.opinions(logits.float()).cpu().double().flatten()

    pieces = examples.in_order_of_length(tokens=TOKENS_AT_ONCE)
    result = torch.empty(len(examples), target.outputs, dtype=torch.float32)
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
