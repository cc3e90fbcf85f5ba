"""Texts drawn token by token. Knows token ids only, not what they stand for; what is drawn from logits is in `choosing`.

A row's text is a function of its state, the seed and its place in the request, never of the other rows: there is one random number
for each (seed, row, step), and rows are decoded in blocks whose size does not show in the result (see `decoding`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.errors import raise_together
from seqtext.models.choosing import Filters, uniforms
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.decoding import Decodable, check_request, in_blocks, keeps_its_size, without_autocast
from seqtext.models.graphs import copy_into
from seqtext.models.known_words import KnownWords
from seqtext.models.slots import Rules, Slots, Writer
from seqtext.nn.backbone import State

MOST_LENGTH = 100_000  # of a text: one random number is held for each step of each row of a block


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
    words: KnownWords | None = None,
    watch: Callable[[list[int]], None] | None = None,
) -> Decoded:
    """Draws one text for each of N rows.

    On a CPU rows that have ended leave their block whenever it can be smaller by that. Elsewhere a block keeps its size, so that a step
    can be launched as one graph, also for the blocks that come after.

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
        words: which alone are written; a word that is under way is then ended, though it makes a run that is not to be.
        watch: of a single row, is told its tokens so far, whenever some were drawn.

    Raises:
        OptionsError: lists all options that are out of range.
        NumericsError: if the model's logits or scores are not numbers.
    """
    filters = Filters(repetition_penalty, no_repeat_ngram, temperature, top_k, top_p, min_p)
    raise_together(filters.faults() + length_faults(max_length))
    begin = check_request(begin, end_id, banned)
    if len(rows) != len(begin):
        raise ValueError(f"{len(begin)} beginnings, but places of {len(rows)} rows")
    device, decoded = begin.device, Decoded([], [], [])
    never, words = torch.tensor(banned, dtype=torch.int64, device=device), words and words.to(device)
    rules = Rules(model, never, end_id, filters, guard, words, keeps_its_size(device))
    writer: Writer | None = None
    with torch.inference_mode(), without_autocast(device):
        for block in in_blocks(len(begin), device):
            draws = torch.from_numpy(uniforms(seed, rows[block.rows], max_length)).to(device)
            slots = Slots.of(
                model.select(state, block.padded), begin[block.rows], draws, end_id, words.start if words else 0
            )
            if writer is None or not rules.fixed:
                writer = Writer(rules, slots, begin.shape[1])
            else:  # into the memory that its graph reads
                copy_into(vars(writer.slots), vars(slots))
            count, steps = draws.shape
            part = _as_lists(*writer.write(count, steps, watch), end_id)
            decoded.ids.extend(part.ids)
            decoded.log_probability.extend(part.log_probability)
            decoded.ended.extend(part.ended)
    return decoded


def length_faults(max_length: int) -> list[str]:
    """What is wrong with a length limit, if anything."""
    if 1 <= max_length <= MOST_LENGTH:
        return []
    return [f"--max_length is {max_length}; expected from 1 to {MOST_LENGTH:,}"]


def _as_lists(ids: Tensor, totals: Tensor, end_id: int) -> Decoded:
    """(N, steps) tokens, the end token wherever a text is over, and (N,) log-probabilities."""
    rows: list[list[int]] = ids.tolist()
    ended = [end_id in row for row in rows]
    texts = [row[: row.index(end_id)] if end else row for row, end in zip(rows, ended, strict=True)]
    return Decoded(texts, totals.tolist(), ended)
