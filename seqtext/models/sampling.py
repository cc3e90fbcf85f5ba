"""Texts drawn token by token: greedy, temperature, top-k, nucleus, min-p. Knows token ids only, not what they stand for.

A row's text is a function of its state, the seed and its place in the request, never of the other rows: there is one random number
for each (seed, row, step), and rows are decoded in blocks whose size does not show in the result (see `decoding`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.keyed_permutation import key_of, scramble
from seqtext.errors import NumericsError, raise_together
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.decoding import Decodable, block_size, check_request, filled, in_blocks, restrain, without_autocast
from seqtext.nn.backbone import State

MOST_LENGTH = 100_000  # of a text: one random number is held for each step of each row of a block
_ANOTHER, _REDRAWN = key_of(1), key_of(2)  # of numbers made from numbers


class Decoded(NamedTuple):
    """Texts, one for each row.

    Args:
        ids: tokens of each, without those at the beginning and without the end token; empty if it ended at once.
        log_probability: sum of the conditional model's own scores of each text's tokens, the end token included.
        ended: False where the length limit was reached first.
    """

    ids: list[list[int]]
    log_probability: list[float]
    ended: list[bool]


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


def sample(
    model: Decodable,
    state: State,
    *,
    begin: Tensor,
    rows: NDArray[np.int64],
    seed: int,
    end_id: int,
    banned: Sequence[int],
    max_length: int,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    repetition_penalty: float = 1.0,
    no_repeat_ngram: int = 0,
    guard: CopyGuard | None = None,
) -> Decoded:
    """Draws one text for each of N rows.

    Rows that have ended leave their block whenever it can be smaller by that.

    Args:
        model: says what may come next.
        state: before the first step; rows beyond the N are left out. See `in_blocks` on how to make it.
        begin: (N,) first tokens, or (N, P) beginnings, all but whose last token have been fed to the state already.
        rows: (N,) place of each row in the request.
        seed: of the draws.
        end_id: token that ends a text.
        banned: tokens that are never produced, such as padding, unknown, begin.
        max_length: tokens of a text at most, the end token included.
        temperature: this and what follows: see `Filters`.
        guard: runs of tokens that are never written; their last token is drawn again, and a text may always end.

    Raises:
        OptionsError: lists all options that are out of range.
        NumericsError: if the model's logits or scores are not numbers.
    """
    filters = Filters(repetition_penalty, no_repeat_ngram, temperature, top_k, top_p, min_p)
    raise_together(filters.faults() + length_faults(max_length))
    begin = check_request(begin, end_id, banned)
    if len(rows) != len(begin):
        raise ValueError(f"{len(begin)} beginnings, but places of {len(rows)} rows")
    decoded = Decoded([], [], [])
    never = torch.tensor(banned, dtype=torch.int64, device=begin.device)
    with torch.inference_mode(), without_autocast(begin.device):
        for block in in_blocks(len(begin), begin.device):
            draws = torch.from_numpy(uniforms(seed, rows[block.rows], max_length)).to(begin.device)
            part = _sample_block(
                model, model.select(state, block.padded), begin[block.rows], draws, filters, guard, never, end_id
            )
            decoded.ids.extend(part.ids)
            decoded.log_probability.extend(part.log_probability)
            decoded.ended.extend(part.ended)
    return decoded


def length_faults(max_length: int) -> list[str]:
    """What is wrong with a length limit, if anything."""
    if 1 <= max_length <= MOST_LENGTH:
        return []
    return [f"--max_length is {max_length}; expected from 1 to {MOST_LENGTH:,}"]


def uniforms(seed: int, rows: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    """(N, steps) numbers from 0 to below 1: each a function of the seed, the row's place and the step."""
    keys = scramble(rows.astype(np.uint64), key_of(seed))
    numbers: NDArray[np.uint64] = keys[:, None] + np.arange(steps).astype(np.uint64)
    return _uniform(scramble(numbers, 0))


def choose(logits: Tensor, draws: Tensor, filters: Filters) -> Tensor:
    """The next token of each row, (N,), from logits (N, V), where -inf is never chosen, and one uniform number (N,) each."""
    top = logits.amax(-1, keepdim=True)
    if not top.isfinite().all():
        raise NumericsError("the logits of the next token are not finite", fix="look at the weights of the model")
    if filters.temperature == 0:
        return logits.argmax(-1)
    # All filters keep what is at least as likely as some token, so nothing need be put in order, which would cost more than the model.
    weights = (logits - top).div_(filters.temperature).exp_()  # 1 for the most likely token
    if 0 < filters.top_k < logits.shape[1]:
        weights *= logits >= logits.topk(filters.top_k).values[:, -1:]
    if filters.top_p < 1:
        return _choose_from_nucleus(weights, draws, filters)
    if filters.min_p > 0:
        weights *= weights >= filters.min_p
    return _at(draws, weights.cumsum(-1, dtype=torch.float64))


def _at(draws: Tensor, sums: Tensor) -> Tensor:
    """The token in each row whose share of the running sums (N, V) a uniform number (N,) falls in; one of weight 0 has none."""
    return torch.searchsorted(sums, draws.unsqueeze(1) * sums[:, -1:], right=True).squeeze(1)


def _choose_from_nucleus(weights: Tensor, draws: Tensor, filters: Filters) -> Tensor:
    """By rejection: a token is in the nucleus if those more likely than it do not reach `top_p` without it.

    One that is not is drawn again, from among the more likely ones and with a number made from the first. At 0.95 that is one row in
    20, where sorting 64 rows of 8,000 words would take four times as long as a model of 512 units.
    """
    sums = weights.cumsum(-1, dtype=torch.float64)
    target = sums[:, -1] * filters.top_p
    if filters.min_p > 0:
        weights = weights * (weights >= filters.min_p)
        sums = weights.cumsum(-1, dtype=torch.float64)
    chosen = _at(draws, sums)
    row, token = torch.arange(len(draws), device=draws.device), chosen
    while len(row):
        weights = weights * (weights > weights.gather(1, token.unsqueeze(1)))
        sums = weights.cumsum(-1, dtype=torch.float64)
        outside = (sums[:, -1] >= target).nonzero().squeeze(1)
        row, weights, sums, target = row[outside], weights[outside], sums[outside], target[outside]
        draws = _another(draws[outside])
        token = _at(draws, sums)
        chosen[row] = token
    return chosen


def _leave_copies(
    token: Tensor, logits: Tensor, before: Tensor, draws: Tensor, filters: Filters, guard: CopyGuard, end_id: int
) -> None:
    """Draws again, in place, each row's `token` (N,) that with the tokens `before` it (N, length - 1) is a run the guard holds."""
    row = torch.arange(len(token), device=token.device)
    while len(row := row[(token[row] != end_id) & guard.holds(torch.cat([before[row], token[row, None]], 1))]):
        logits[row, token[row]] = -torch.inf
        draws[row] = _another(draws[row], _REDRAWN)
        token[row] = choose(logits[row], draws[row], filters)


def _another(draws: Tensor, key: int = _ANOTHER) -> Tensor:
    """Uniform numbers made from others, in no relation to them."""
    bits = scramble(draws.cpu().numpy().view(np.uint64), key)
    return torch.from_numpy(_uniform(bits)).to(draws.device)


def _uniform(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers from 0 to below 1; of 52 bits, so that a product with a sum of weights stays below that sum even when rounded."""
    return (bits >> np.uint64(12)).astype(np.float64) * 2.0**-52


def _sample_block(
    model: Decodable,
    state: State,
    begin: Tensor,
    draws: Tensor,
    filters: Filters,
    guard: CopyGuard | None,
    banned: Tensor,
    end_id: int,
) -> Decoded:
    """The texts of a block's N rows, from a state with as many rows as the full block.

    The rows of the state are called slots: at first those of the N rows and of the filling, later fewer.
    """
    (count, steps), device = draws.shape, begin.device
    ids = torch.full((count, steps), end_id, device=device)
    totals = torch.zeros(count, dtype=torch.float64, device=device)
    row = filled(torch.arange(count, device=device))  # of each slot
    is_open = torch.arange(len(row), device=device) < count
    history = torch.cat([begin, ids], 1)[row]  # (slots, P + steps)
    for number in range(steps):
        width = begin.shape[1] + number
        logits, scores, state = model.step(history[:, width - 1], state)
        logits = restrain(
            logits,
            history[:, :width],
            banned=banned,
            end_id=end_id,
            repetition_penalty=filters.repetition_penalty,
            no_repeat_ngram=filters.no_repeat_ngram,
        )
        token = choose(logits, draws[row, number], filters)
        if guard is not None and width + 1 >= guard.length:
            _leave_copies(
                token, logits, history[:, width + 1 - guard.length : width], draws[row, number], filters, guard, end_id
            )
        history[:, width] = token
        slots = is_open.nonzero().squeeze(1)
        ids[row[slots], number] = token[slots]
        totals[row[slots]] += scores[slots, token[slots]]
        is_open &= token != end_id
        slots = is_open.nonzero().squeeze(1)
        if not len(slots):
            break
        if block_size(len(slots), device) < len(row):
            keep = filled(slots)
            state, history, row = model.select(state, keep), history[keep], row[keep]
            is_open = torch.arange(len(row), device=device) < len(slots)
    if totals.isnan().any():
        raise NumericsError("a log-probability is not a number", fix="look at the weights of the model")
    return _as_lists(ids, totals, end_id)


def _as_lists(ids: Tensor, totals: Tensor, end_id: int) -> Decoded:
    """(N, steps) tokens, the end token wherever a text is over, and (N,) log-probabilities."""
    rows: list[list[int]] = ids.tolist()
    ended = [end_id in row for row in rows]
    texts = [row[: row.index(end_id)] if end else row for row, end in zip(rows, ended, strict=True)]
    return Decoded(texts, totals.tolist(), ended)
