"""A cache beside a language model: what came when the model was last in a like state, comes again. Nothing of it is learnt in training.

The output after which a token stood is its key; a new output is compared with the keys of the last tokens, and the tokens share a
probability as softmax(sharpness * cosine) gives it to them: the continuous cache of Grave, Joulin and Usunier (2017), who do not divide by
lengths, and set the sharpness and the cache's share of the whole once and for all. Here the text itself decides of both: many pairs are
asked side by side, each weighted by the probability that it gave to the text so far (Bayes), the model without a cache among them with
half of the weight at first. So no token is looked at before it is predicted, nothing is tuned on other texts, and over a whole text the
cache costs at most log 2, one bit. Knows vectors and ids.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

# exp of each is the product of exp of the one before and exp of the first
SHARPNESS = tuple(4.0 * power for power in range(1, 7))
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
AT_ONCE = 256  # outputs that are compared at a time
ROOM = 4_000_000  # similarities of them, at most: of many tokens fewer outputs are compared. Four more tables of that size stand beside it


class Remembered(NamedTuple):
    """What is carried from one part of a text to the next.

    Attributes:
        keys: (M, D) of the last tokens, fp32, of length 1.
        tokens: (M,) which tokens these were.
        evidence: (K,) logarithm of each pair's weight, fp64, on the CPU; the model without a cache first.
    """

    keys: Tensor
    tokens: Tensor
    evidence: Tensor


def nothing_remembered(size: int, device: torch.device) -> Remembered:
    """Before the first token.

    Args:
        size: features of an output, D.
        device: of the outputs.
    """
    pairs = len(SHARPNESS) * len(SHARES)
    evidence = torch.tensor([0.5, *[0.5 / pairs] * pairs], dtype=torch.float64).log()
    tokens = torch.empty(0, dtype=torch.int64, device=device)
    return Remembered(torch.empty(0, size, dtype=torch.float32, device=device), tokens, evidence)


def with_cache(
    outputs: Tensor, tokens: Tensor, log_probabilities: Tensor, before: Remembered, *, most: int
) -> tuple[Tensor, Remembered]:
    """Log-probabilities of a model and its cache together.

    Args:
        outputs: (N, D) one after the other, as they are compared with the vectors of tokens.
        tokens: (N,) that came after them.
        log_probabilities: (N,) that the model gave to these.
        before: what is remembered of the text so far.
        most: tokens that are looked back at, 0 or more.

    Returns:
        (N,) log-probabilities, fp64, on the CPU, and what is remembered now.
    """
    known = len(before.tokens)
    keys = torch.cat([before.keys, F.normalize(outputs.float(), dim=1)])
    came = torch.cat([before.tokens, tokens])
    found, evidence = [], before.evidence
    alone = log_probabilities.cpu().double()
    at_once = max(1, min(AT_ONCE, ROOM // (most + 1)))
    for start in range(known, len(keys), at_once):
        rows = slice(start, min(start + at_once, len(keys)))
        first = max(start - most, 0)
        by_cache = _by_cache(keys[first : rows.stop], came[first : rows.stop], start - first, most)
        each = _of_pairs(alone[rows.start - known : rows.stop - known], by_cache.cpu().double())
        so_far = evidence + each.cumsum(0) - each  # (n, K) behind all tokens before
        found.append((so_far + each).logsumexp(1) - so_far.logsumexp(1))
        evidence = (so_far[-1] + each[-1]).log_softmax(0)
    kept = slice(max(len(keys) - most, 0), None)
    return torch.cat([alone[:0], *found]), Remembered(keys[kept].clone(), came[kept].clone(), evidence)


def _by_cache(keys: Tensor, came: Tensor, start: int, most: int) -> Tensor:
    """(n, S) probability that the cache gives to each token from `start` on, by sharpness; NaN where it is empty."""
    places = torch.arange(len(keys), device=keys.device)
    own = places[start:].unsqueeze(1)
    seen = (places < own) & (places >= own - most)
    once = (SHARPNESS[0] * (keys[start:] @ keys.T)).exp_().mul_(seen)  # cosines: nothing grows beyond exp(24)
    same = (came[start:].unsqueeze(1) == came).to(once.dtype)
    power, found = torch.ones_like(once), []
    for _ in SHARPNESS:
        power *= once
        found.append((power * same).sum(1) / power.sum(1))
    return torch.stack(found, dim=1)


def _of_pairs(by_model: Tensor, by_cache: Tensor) -> Tensor:
    """(n, K) log-probabilities of the model alone and of each pair; an empty cache leaves all to the model."""
    shares = torch.tensor(SHARES, dtype=torch.float64)
    alone = by_model.unsqueeze(1)
    cached = by_cache.log().unsqueeze(2) + shares.log()  # (n, S, shares)
    mixed = torch.logaddexp(alone.unsqueeze(2) + torch.log1p(-shares), cached).flatten(1)
    return torch.cat([alone, torch.where(mixed.isnan(), alone, mixed)], dim=1)
