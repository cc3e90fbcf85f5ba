"""Projection onto the vocabulary and cross entropy in one function, where small models spend most of their time. Knows ids only.

The (N, V) matrix of logits never exists: rows are taken in chunks that stay in the cache, and gradients are made in the forward
pass, chunk by chunk, while the logits are at hand; without gradients they are not made at all. All chunks share their memory, which
the system would otherwise have to find and clear anew for each. Nothing here looks at a value, so no step waits for a GPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# Of fp32 logits. On a CPU less stays in the cache, but products of fewer than 200 rows are slow, and 16 MiB was slower. A GPU is fed by
# launches, of which each chunk costs about ten, so there it has as much as is no burden beside the model.
CHUNK_BYTES = {"cpu": 8 * 2**20, "cuda": 128 * 2**20}
TILE = 64  # rows: products in half precision go by tiles, and take half as long again where rows are left over
PRODUCT_CHUNKS = 4  # chunks whose gradient goes into the weight with one product, so that its sum is rounded seldom


def vocabulary_loss(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    row_weights: Tensor | None = None,
    *,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Cross entropy of `hidden @ weight.T + bias`, in fp32; products run in the precision of autocast.

    Equal to `F.cross_entropy(F.linear(hidden, weight, bias), targets, reduction="none", label_smoothing=...)`.

    Args:
        hidden: (N, D).
        weight: (V, D); may be the embedding's (tied).
        bias: (V,) or None.
        targets: (N,) ids.
        row_weights: (N,) what each row counts; no gradient goes to them. All count 1 if None.
        label_smoothing: share of each target spread evenly over all ids (Szegedy et al. 2016).

    Returns:
        The weighted sum, a scalar with gradients, which can be taken once, and each row's own loss (N,), detached and not weighted.

    Raises:
        RuntimeError: if gradients are taken a second time.
    """
    needs = [tensor is not None and tensor.requires_grad for tensor in (hidden, weight, bias)]
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    with_gradient = torch.is_grad_enabled() and any(needs)
    if row_weights is None:
        row_weights = torch.ones(len(hidden), dtype=torch.float32, device=hidden.device)
    arguments = (hidden, weight, bias, targets, row_weights, label_smoothing, dtype, with_gradient)
    return _VocabularyLoss.apply(*arguments)  # type: ignore[no-any-return, no-untyped-call]


def chunk_rows(ids: int, device: str) -> int:
    """Rows of fp32 logits that are worked on at a time.

    Args:
        ids: columns.
        device: its type.
    """
    rows = CHUNK_BYTES["cpu" if device == "cpu" else "cuda"] // (4 * ids)
    return max(1, rows - rows % TILE if rows > TILE else rows)


class _VocabularyLoss(torch.autograd.Function):
    """The gradient of the logits is softmax less the target's distribution.

    Weights of rows and the even part of smoothed targets are left out of the (rows, V) matrices and put in where they are vectors: so all
    that is done to a matrix beside its products is a softmax, a conversion, and one number per row.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        row_weights: Tensor,
        smoothing: float,
        dtype: torch.dtype,
        with_gradient: bool,
    ) -> tuple[Tensor, Tensor]:
        with torch.autocast(hidden.device.type, enabled=False):
            x, w, counts = hidden.to(dtype), weight.to(dtype), row_weights.float()
            b = None if bias is None else bias.to(dtype)
            losses = torch.empty(len(x), dtype=torch.float32, device=x.device)
            gradients: list[Tensor | None] = [None, None, None]
            if with_gradient:
                gradients = [torch.zeros_like(t, dtype=torch.float32) for t in (hidden, weight)]
                gradients.append(None if bias is None else torch.zeros_like(bias, dtype=torch.float32))
            size = chunk_rows(len(w), x.device.type)
            group = size * PRODUCT_CHUNKS
            slopes = torch.empty(min(group, len(x)) if with_gradient else 0, len(w), dtype=dtype, device=x.device)
            logits = torch.empty(min(size, len(x)), len(w), dtype=dtype, device=x.device)
            wide = logits if dtype == torch.float32 else torch.empty_like(logits, dtype=torch.float32)
            for first in range(0, len(x), group):
                last = min(first + group, len(x))
                for start in range(first, last, size):
                    rows = slice(start, min(start + size, last))
                    some = slice(0, rows.stop - start)
                    if b is None:
                        torch.mm(x[rows], w.t(), out=logits[some])
                    else:
                        torch.addmm(b, x[rows], w.t(), out=logits[some])
                    into = slopes[start - first : rows.stop - first]
                    shares = into if with_gradient and dtype == torch.float32 else wide[some]
                    _chunk(logits[some], shares, targets[rows], losses[rows], smoothing, into)
                if with_gradient:
                    _add_products(gradients, slopes[: last - first], x, w, counts, slice(first, last))
            if smoothing:
                losses += smoothing * _evenly(x, w, b, counts, gradients, smoothing)
        ctx.gradients = gradients
        ctx.dtypes = (hidden.dtype, weight.dtype, None if bias is None else bias.dtype)
        ctx.mark_non_differentiable(losses)
        return (losses * counts).sum(), losses

    @staticmethod
    def backward(ctx: Any, sum_gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.gradients is None:
            raise RuntimeError("the gradient of vocabulary_loss can be taken once: call it again for a second time")
        gradients = [
            None if gradient is None else gradient.mul_(sum_gradient).to(dtype)
            for gradient, dtype in zip(ctx.gradients, ctx.dtypes, strict=True)
        ]
        ctx.gradients = None  # scaled in place
        return *gradients, None, None, None, None, None


def _chunk(logits: Tensor, shares: Tensor, targets: Tensor, losses: Tensor, smoothing: float, slopes: Tensor) -> None:
    """Losses of some rows, without the even part of smoothed targets, and the gradients of their logits likewise.

    Args:
        logits: (n, V), overwritten if they are fp32 and no gradient is wanted.
        shares: (n, V) fp32, room for their softmax: that of the slopes or of the logits where these are fp32.
        targets: (n,) ids.
        losses: (n,) fp32, written.
        smoothing: share of each target spread over all ids.
        slopes: (n, V) written, or (0, V) if no gradient is wanted.
    """
    ids = targets.unsqueeze(1)
    wide = logits if logits.dtype == shares.dtype else shares.copy_(logits)  # of bf16 a maximum takes twice as long
    target, top = wide.gather(1, ids).squeeze(1), wide.amax(1)
    torch.softmax(wide, dim=1, out=shares)
    # By way of the likeliest id, whose share is never so small that it lost digits, as the target's may be.
    nll = top - target - shares.amax(1).log()
    losses.copy_(nll)
    if smoothing:  # (1 - s) nll + s (mean of all nll) is nll + s (target's logit - mean logit): the mean is added later
        losses.add_(target, alpha=smoothing)
    if len(slopes):
        if slopes.dtype != shares.dtype:
            slopes.copy_(shares)
        # 1 - p is -expm1 of the loss: exact where p is so near 1 that half precision would round it there
        # Put by their place in the whole: `scatter_` copies the matrix first, which took as long as its softmax.
        places = torch.arange(0, slopes.numel(), slopes.shape[1], device=targets.device) + targets
        slopes.put_(places, (torch.expm1(-nll) + smoothing).to(slopes.dtype))


def _add_products(
    gradients: list[Tensor | None], slopes: Tensor, x: Tensor, w: Tensor, counts: Tensor, rows: slice
) -> None:
    """Adds some rows' gradients of hidden, weight and bias."""
    to_hidden, to_weight, to_bias = gradients
    assert to_hidden is not None
    assert to_weight is not None
    weighted = x[rows] * counts[rows].unsqueeze(1).to(x.dtype)
    to_hidden[rows] = (slopes @ w) * counts[rows].unsqueeze(1)
    to_weight += slopes.t() @ weighted
    if to_bias is not None:
        to_bias += slopes.t() @ counts[rows].to(x.dtype)  # as a product: a sum over rows of bf16 is slow


def _evenly(
    x: Tensor, w: Tensor, b: Tensor | None, counts: Tensor, gradients: list[Tensor | None], smoothing: float
) -> Tensor:
    """(N,) minus the mean logit of each row, by way of the mean weight; adds its gradient, times the smoothing, to the others."""
    mean = w.float().mean(0)
    means = x.float() @ mean + (0.0 if b is None else b.float().mean())
    to_hidden, to_weight, to_bias = gradients
    if to_hidden is not None and to_weight is not None:
        to_hidden -= smoothing * counts.unsqueeze(1) * mean
        to_weight -= smoothing / len(w) * (counts @ x.float())
        if to_bias is not None:
            to_bias -= smoothing / len(w) * counts.sum()
    return -means
