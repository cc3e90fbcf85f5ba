"""The next token of each row, out of logits and one uniform number: greedy, temperature, top-k, nucleus, min-p. Knows token ids only.

A uniform number is a function of seed, row and step, and one drawn again a function of the number before: nothing is drawn twice.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.keyed_permutation import key_of, scramble

ROUNDS = 12  # of drawing again outside a nucleus, where no value is looked at: of a billion tokens not one is drawn more often
_AGAIN, _GOLDEN = key_of(1), 0x9E3779B97F4A7C15


class Filters(NamedTuple):
    """How the next token is chosen from the logits; applied in this order.

    Args:
        repetition_penalty: divides the logits of tokens that were there (Keskar et al. 2019); 1 is none.
        no_repeat_ngram: runs of that many tokens do not come twice; 0 allows all.
        temperature: divides the logits; 0 is greedy, the most likely token.
        top_k: only that many tokens, the most likely ones; 0 is all. Tokens as likely as the last of them stay too, here and below.
        top_p: only the fewest tokens whose probabilities sum to this (Holtzman et al. 2020); 1 is all.
        min_p: only tokens at least this many times as likely as the most likely one (Nguyen et al. 2024); 0 is all.
    """

    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def faults(self) -> list[str]:
        """What cannot be meant, a line each."""
        found = {
            "repetition_penalty": (0 < self.repetition_penalty < math.inf, "above 0; 1 is none"),
            "no_repeat_ngram": (self.no_repeat_ngram >= 0, "0 or more; 0 allows all"),
            "temperature": (0 <= self.temperature < math.inf, "0 or more; 0 is greedy"),
            "top_k": (self.top_k >= 0, "0 or more; 0 is all"),
            "top_p": (0 < self.top_p <= 1, "above 0, at most 1"),
            "min_p": (0 <= self.min_p < 1, "from 0 to below 1"),
        }
        return [
            f"--{name} is {getattr(self, name)}; expected {wanted}"
            for name, (right, wanted) in found.items()
            if not right
        ]


def uniforms(seed: int, rows: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    """(N, steps) numbers from 0 to below 1: each a function of the seed, the row's place and the step."""
    keys = scramble(rows.astype(np.uint64), key_of(seed))
    numbers: NDArray[np.uint64] = keys[:, None] + np.arange(steps).astype(np.uint64)
    # Of 52 bits, so that a product with a sum of weights stays below that sum even when rounded.
    return (scramble(numbers, 0) >> np.uint64(12)).astype(np.float64) * 2.0**-52


def choose(
    logits: Tensor, draws: Tensor, filters: Filters, *, top: Tensor | None = None, blind: bool = False
) -> Tensor:
    """The next token of each row, (N,), from finite logits (N, V), where -inf is never chosen, and one uniform number (N,) each.

    Args:
        logits: left as they are; some token where they are not numbers.
        draws: float64.
        filters: those of the logits, applied in their order.
        top: (N, 1) the largest logits, where they are known.
        blind: whether no value may be looked at, so that nothing waits for the device: it costs more arithmetic.
    """
    if filters.temperature == 0:
        return logits.argmax(-1)
    # All filters keep what is at least as likely as some token, so nothing need be put in order, which would cost more than the model.
    top = logits.amax(-1, keepdim=True) if top is None else top
    weights = (logits - top).div_(filters.temperature).exp_()  # 1 for the most likely token
    if 0 < filters.top_k < logits.shape[1]:
        weights *= logits >= logits.topk(filters.top_k).values[:, -1:]
    sums = weights.cumsum(-1, dtype=torch.float64)
    target = sums[:, -1] * filters.top_p
    if filters.min_p > 0:
        weights *= weights >= filters.min_p
        sums = weights.cumsum(-1, dtype=torch.float64)
    chosen = _at(draws, sums)
    if filters.top_p < 1:
        return (_into_nucleus_blindly if blind else _into_nucleus)(chosen, weights, draws, target)
    return chosen


def another(draws: Tensor, key: int = _AGAIN) -> Tensor:
    """Uniform numbers made from others, in no relation to them: `scramble` of their bits, on their device."""
    z = (draws.contiguous().view(torch.int64) + _signed(key)) * _signed(_GOLDEN)  # modulo 2**64
    z = (z ^ _shifted(z, 30)) * _signed(0xBF58476D1CE4E5B9)
    z = (z ^ _shifted(z, 27)) * _signed(0x94D049BB133111EB)
    return _shifted(z ^ _shifted(z, 31), 12).double() * 2.0**-52


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _shifted(z: Tensor, bits: int) -> Tensor:
    """Shifted to the right as if there were no sign."""
    shifted: Tensor = (z >> bits) & (2 ** (64 - bits) - 1)
    return shifted


def _at(draws: Tensor, sums: Tensor) -> Tensor:
    """The token in each row whose share of the running sums (N, V) a uniform number (N,) falls in; one of weight 0 has none."""
    place = torch.searchsorted(sums, draws.unsqueeze(1) * sums[:, -1:], right=True).squeeze(1)
    return place.clamp_max_(sums.shape[1] - 1)  # where the sums are not numbers


def _into_nucleus(token: Tensor, weights: Tensor, draws: Tensor, target: Tensor) -> Tensor:
    """By rejection: a token is in the nucleus if those more likely than it do not reach the `target` (N,) without it.

    One that is not is drawn again, from among the more likely ones and with a number made from the first. At 0.95 that is one row in
    20, where sorting 64 rows of 8,000 words would take four times as long as a model of 512 units.
    """
    chosen, row = token.clone(), torch.arange(len(draws), device=draws.device)
    while len(row):
        weights = weights * (weights > weights.gather(1, token.unsqueeze(1)))
        sums = weights.cumsum(-1, dtype=torch.float64)
        outside = (sums[:, -1] >= target).nonzero().squeeze(1)
        row, weights, sums, target = row[outside], weights[outside], sums[outside], target[outside]
        draws = another(draws[outside])
        token = _at(draws, sums)
        chosen[row] = token
    return chosen


def _into_nucleus_blindly(token: Tensor, weights: Tensor, draws: Tensor, target: Tensor) -> Tensor:
    """The same in a number of rounds that is known before, of all rows; the likeliest token where a row would need more."""
    outside = torch.ones_like(token, dtype=torch.bool)
    for left in reversed(range(ROUNDS + 1)):
        weights = weights * (weights > weights.gather(1, token.unsqueeze(1)))
        sums = weights.cumsum(-1, dtype=torch.float64)
        outside &= sums[:, -1] >= target
        draws = another(draws)
        token = torch.where(outside, _at(draws, sums) if left else weights.argmax(-1), token)
    return token
