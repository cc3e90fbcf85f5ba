"""Projection onto the vocabulary and cross entropy in one function, where small models spend most of their time. Knows ids only.

The (N, V) matrix of logits never exists: rows are taken in chunks that stay in the cache, and gradients are made in the forward
pass, chunk by chunk, while the logits are at hand; without gradients they are not made at all.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES = 2 * 2**20  # of fp32 logits: about what a second level cache holds
PRODUCT_CHUNKS = 8  # chunks whose gradient goes into the weight with one product, so that its sum is rounded seldom


def vocabulary_loss(
    hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, row_weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Cross entropy of `hidden @ weight.T + bias`, in fp32; products run in the precision of autocast.

    Args:
        hidden: (N, D).
        weight: (V, D); may be the embedding's (tied).
        bias: (V,).
        targets: (N,) ids.
        row_weights: (N,) what each row counts; no gradient goes to them.

    Returns:
        The weighted sum, a scalar with gradients, and each row's own loss (N,), detached and not weighted.
    """
    with_gradient = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (hidden, weight, bias))
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    return _VocabularyLoss.apply(hidden, weight, bias, targets, row_weights, dtype, with_gradient)  # type: ignore[no-any-return, no-untyped-call]


class _VocabularyLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        row_weights: Tensor,
        dtype: torch.dtype,
        with_gradient: bool,
    ) -> tuple[Tensor, Tensor]:
        with torch.autocast(hidden.device.type, enabled=False):
            x, w, b = hidden.to(dtype), weight.to(dtype), bias.to(dtype)
            size = max(1, CHUNK_BYTES // (4 * len(w)))
            ones = torch.ones(len(x), dtype=dtype, device=x.device)
            losses = torch.empty(len(x), dtype=torch.float32, device=x.device)
            gradients = (
                [torch.zeros_like(t, dtype=torch.float32) for t in (hidden, weight, bias)] if with_gradient else []
            )
            for first in range(0, len(x), size * PRODUCT_CHUNKS):
                group = slice(first, min(first + size * PRODUCT_CHUNKS, len(x)))
                slopes = torch.empty(group.stop - first if with_gradient else 0, len(w), dtype=dtype, device=x.device)
                for start in range(first, group.stop, size):
                    rows = slice(start, min(start + size, group.stop))
                    logits = torch.addmm(b, x[rows], w.t())
                    logs = torch.log_softmax(
                        logits, dim=1, dtype=torch.float32
                    )  # one pass for maximum, sum and logarithm
                    ids = targets[rows].unsqueeze(1)
                    losses[rows] = -logs.gather(1, ids).squeeze(1)
                    if with_gradient:
                        slope = logs.exp_()  # softmax, less 1 at the target, is the gradient of the logits
                        slope.scatter_add_(1, ids, torch.full_like(ids, -1.0, dtype=torch.float32))
                        torch.mul(slope, row_weights[rows].unsqueeze(1), out=slopes[start - first : rows.stop - first])
                if with_gradient:
                    gradients[0][group] = slopes @ w
                    gradients[1] += slopes.t() @ x[group]
                    gradients[2] += slopes.t() @ ones[group]  # as a product: a sum over rows of bf16 is slow
        ctx.gradients = gradients
        ctx.dtypes = (hidden.dtype, weight.dtype, bias.dtype)
        ctx.mark_non_differentiable(losses)
        return (losses * row_weights).sum(), losses

    @staticmethod
    def backward(ctx: Any, sum_gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        gradients = [g.mul_(sum_gradient).to(dtype) for g, dtype in zip(ctx.gradients, ctx.dtypes, strict=True)]
        ctx.gradients = None  # scaled in place: they can be used once
        return *gradients, None, None, None, None
