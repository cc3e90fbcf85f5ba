"""Cross entropy over a vocabulary of which each training step sees a part: the first ids, and some drawn from the rest. Knows ids only.

The sum in a softmax over the ids that were not drawn is estimated from those that were, each of which stands for several (sampled
softmax; Bengio and Senecal 2003, Jean et al. 2015). The sum's estimate has no bias, so the loss, its logarithm, is a little too low:
good to learn from, not to report. Nothing here looks at a value, so no step waits for a GPU.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqtext.nn.vocabulary_loss import chunk_rows

SAMPLED = 4096  # ids, where nobody says: a ninth of the time of all words of WikiText-2


def sampled_loss(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, *, ids: int) -> tuple[Tensor, Tensor]:
    """An estimate of `vocabulary_loss`; products run in the precision of autocast.

    Half of the ids seen are the first, since tokenizers number frequent tokens first, behind their special ones; the others are drawn for
    all rows together, from torch's generator of the device. A row's own target always counts as itself, seen or not.

    Args:
        hidden: (N, D).
        weight: (V, D); may be the embedding's (tied).
        bias: (V,).
        targets: (N,) ids.
        ids: how many of the vocabulary are seen, from 2 to V; of V ids the loss is exact.

    Returns:
        The sum, a scalar with gradients, which can be taken once, and each row's own loss (N,), detached.

    Raises:
        RuntimeError: if gradients are taken a second time.
    """
    kind, first = hidden.device.type, ids // 2
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    drawn = torch.randperm(len(weight) - first, device=hidden.device)[: ids - first] + first
    seen = torch.cat([torch.arange(first, device=hidden.device), drawn])
    return _SampledLoss.apply(hidden, weight, bias, targets, seen, first, dtype)  # type: ignore[no-any-return, no-untyped-call]


def sampled_by_default(vocabulary_size: int, label_smoothing: float = 0.0) -> int:
    """How many ids are seen where nobody says: few enough that the head is a small part of a step; 0 for all, where that saves little.

    Of smoothed targets all ids count, so the loss is that of all.
    """
    return SAMPLED if vocabulary_size > 2 * SAMPLED and not label_smoothing else 0


class _SampledLoss(torch.autograd.Function):
    """The target of a row is taken out of the ids seen and stands beside them. With o the logarithm of the others' sum and t the target's
    logit the loss is softplus(o - t); the gradient of the others' logits is their softmax times the share of all of them together."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        seen: Tensor,
        first: int,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        with torch.autocast(hidden.device.type, enabled=False):
            device = hidden.device
            stands_for = math.log((len(weight) - first) / (len(seen) - first))  # how many ids each drawn one does
            x, w, b = hidden.to(dtype), weight[seen].to(dtype), bias[seen].to(dtype)
            own = weight[targets].float()  # (N, D)
            own_logits = torch.linalg.vecdot(hidden.float(), own) + bias[targets].float()
            columns = torch.full((len(weight),), -1, dtype=torch.int64, device=device)
            columns[seen] = torch.arange(len(seen), device=device)
            columns = columns[targets]  # (N,) where each target stands among the ids seen; -1: nowhere

            losses = torch.empty(len(x), dtype=torch.float32, device=device)
            to_hidden = torch.empty(hidden.shape, dtype=torch.float32, device=device)
            to_seen = torch.zeros(w.shape, dtype=torch.float32, device=device)
            to_seen_bias = torch.zeros(len(w), dtype=torch.float32, device=device)
            size = min(chunk_rows(len(w), device.type), max(len(x), 1))
            logits, wide = (torch.empty(size, len(w), dtype=kind, device=device) for kind in (dtype, torch.float32))
            for start in range(0, len(x), size):
                rows = slice(start, min(start + size, len(x)))
                some = slice(0, rows.stop - start)
                torch.addmm(b, x[rows], w.t(), out=logits[some])
                others = _others(wide[some].copy_(logits[some]), columns[rows], first, stands_for)
                losses[rows] = F.softplus(others - own_logits[rows])
                share = -torch.expm1(-losses[rows])
                slopes = logits[some].copy_(wide[some])
                torch.mul(slopes @ w - own[rows], share.unsqueeze(1), out=to_hidden[rows])
                to_seen += slopes.t() @ (x[rows] * share.unsqueeze(1).to(dtype))
                to_seen_bias += slopes.t() @ share.to(dtype)

            shares = torch.expm1(-losses)  # minus what all but the target have
            to_weight, to_bias = (torch.zeros_like(each, dtype=torch.float32) for each in (weight, bias))
            to_weight[seen], to_bias[seen] = to_seen, to_seen_bias
            _add(to_weight, targets, hidden.float() * shares.unsqueeze(1))
            _add(to_bias, targets, shares)
        ctx.gradients = to_hidden, to_weight, to_bias
        ctx.dtypes = hidden.dtype, weight.dtype, bias.dtype
        ctx.mark_non_differentiable(losses)
        return losses.sum(), losses

    @staticmethod
    def backward(ctx: Any, sum_gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.gradients is None:
            raise RuntimeError("the gradient of sampled_loss can be taken once: call it again for a second time")
        gradients = [each.mul_(sum_gradient).to(kind) for each, kind in zip(ctx.gradients, ctx.dtypes, strict=True)]
        ctx.gradients = None  # scaled in place
        return *gradients, None, None, None, None


def _others(logits: Tensor, columns: Tensor, first: int, stands_for: float) -> Tensor:
    """(n,) logarithm of the sum over the ids seen without a row's own; `logits` (n, C) become their softmax."""
    logits[:, first:] += stands_for
    places = torch.arange(0, logits.numel(), logits.shape[1], device=logits.device) + columns.clamp_min(0)
    logits.put_(places, torch.where(columns < 0, logits.take(places), -torch.inf))
    top = logits.amax(1)
    torch.softmax(logits, dim=1, out=logits)
    return top - logits.amax(1).log()


def _add(into: Tensor, places: Tensor, values: Tensor) -> None:
    """Adds each value at its place, in an order that is always the same: on a GPU `index_add_` has none, and on a CPU `index_put_`."""
    if into.device.type == "cpu":
        into.index_add_(0, places, values)
    else:
        into.index_put_((places,), values, accumulate=True)
