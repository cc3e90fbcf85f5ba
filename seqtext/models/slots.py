"""`Writer`: the rows of a block, which draw their tokens side by side, a step in place after the other. Knows token ids only.

Where a block keeps its size a step reads and writes the same memory every time and looks at no value: so it can be a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import key_of
from seqtext.errors import NumericsError
from seqtext.models.choosing import Filters, another, choose
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.decoding import LOOK_EVERY, Decodable, block_size, filled, restrain
from seqtext.models.graphs import copy_into, repeated
from seqtext.models.known_words import KnownWords
from seqtext.nn.backbone import State

_REDRAWN = key_of(2)  # of numbers made from numbers


class Rules(NamedTuple):
    """What is the same in all blocks of a request; `banned` is (K,)."""

    model: Decodable
    banned: Tensor
    end_id: int
    filters: Filters
    guard: CopyGuard | None
    words: KnownWords | None
    fixed: bool


@dataclass
class Slots:
    """What a block's rows have come to, in memory that each step changes in place.

    The rows of the state are called slots: at first those of the N rows of the block and of the filling, later maybe fewer.

    Attributes:
        state: behind the last step.
        row: (S,) of each slot, in its block.
        is_open: (S,) whether its text goes on; never that of a filling.
        history: (S, P + steps) tokens, and the end token where there is none yet.
        token: (S,) the last one.
        node: (S,) of the tree of known words.
        draws: (S, steps) uniform numbers.
        totals: (S,) float64, the log-probability so far.
        width: () tokens of the history.
        at_fault: () whether logits were no numbers.
    """

    state: State
    row: Tensor
    is_open: Tensor
    history: Tensor
    token: Tensor
    node: Tensor
    draws: Tensor
    totals: Tensor
    width: Tensor
    at_fault: Tensor

    @classmethod
    def of(cls, state: State, begin: Tensor, draws: Tensor, end_id: int, node: int) -> Slots:
        """Before the first step of rows with beginnings (N, P) and numbers (N, steps), from the state of the full block, all at a node."""
        device, start = begin.device, begin.shape[1]
        row = filled(torch.arange(len(begin), device=device))
        history = torch.cat([begin, torch.full(draws.shape, end_id, device=device)], 1)[row]
        return cls(
            state=state,
            row=row,
            is_open=torch.arange(len(row), device=device) < len(begin),
            history=history,
            token=history[:, start - 1].clone(),
            node=torch.full((len(row),), node, device=device),
            draws=draws[row],
            totals=torch.zeros(len(row), dtype=torch.float64, device=device),
            width=torch.tensor(start, device=device),
            at_fault=torch.zeros((), dtype=torch.bool, device=device),
        )

    def keep(self, model: Decodable, slots: Tensor) -> None:
        """Only some slots, and filling that is not open."""
        some = filled(slots)
        self.state = model.select(self.state, some)
        for name in ("row", "history", "token", "node", "draws", "totals"):
            setattr(self, name, getattr(self, name)[some])
        self.is_open = torch.arange(len(some), device=some.device) < len(slots)


class Writer:
    """Writes the texts of blocks, one after the other.

    Args:
        rules: of all blocks.
        slots: of the first.
        start: tokens of a beginning, P.
    """

    def __init__(self, rules: Rules, slots: Slots, start: int) -> None:
        self.rules, self.slots, self.start = rules, slots, start
        self._logits = self._scores = torch.empty(0)
        device = slots.token.device
        # The guard is looked up on the CPU, in the midst of a step: then the part before it is a graph.
        self._propose = repeated(self._choose, device)
        self._advance: Callable[[], None] = self._guarded if rules.guard else repeated(self._step, device)

    def write(self, count: int, steps: int, watch: Callable[[list[int]], None] | None = None) -> tuple[Tensor, Tensor]:
        """Texts and log-probabilities of a block of `count` rows: (N, steps) with the end token wherever a text is over, and (N,) float64.

        `watch` is told the tokens of the first slot so far.

        Raises:
            NumericsError: if the model's logits or scores are not numbers.
        """
        slots, device = self.slots, self.slots.token.device
        ids = torch.full((count, steps), self.rules.end_id, device=device)
        totals = torch.zeros(count, dtype=torch.float64, device=device)
        real = count  # slots that are not filling
        for number in range(1, steps + 1):
            self._advance()
            if self.rules.fixed and number % LOOK_EVERY and number < steps:
                continue
            self._check()
            if watch is not None:
                watch(slots.history[0, self.start : int(slots.width)].tolist())
            there = slots.is_open.nonzero().squeeze(1)
            smaller = not self.rules.fixed and block_size(len(there), device) < len(slots.row)
            if smaller or not len(there) or number == steps:
                row = slots.row[:real]
                ids[row], totals[row] = slots.history[:real, self.start :], slots.totals[:real]
            if not len(there):
                break
            if smaller:
                slots.keep(self.rules.model, there)
                real = len(there)
        if totals.isnan().any():
            raise NumericsError("a log-probability is not a number", fix="look at the weights of the model")
        return ids, totals

    def _check(self) -> None:
        if self.slots.at_fault:
            raise NumericsError("the logits of the next token are not finite", fix="look at the weights of the model")

    # ---- a step

    def _step(self) -> None:
        self._choose()
        self._write()

    def _guarded(self) -> None:
        self._propose()
        self._check()
        self._leave_copies()
        self._write()

    def _choose(self) -> None:
        """A token of each slot."""
        slots, (model, banned, end_id, filters, _, words, fixed) = self.slots, self.rules
        self._logits, self._scores, after, _ = model.step(slots.token, slots.state)
        copy_into(slots.state, after)
        restrain(
            self._logits,
            slots.history if fixed else slots.history[:, : int(slots.width)],
            width=slots.width,
            banned=banned,
            end_id=end_id,
            repetition_penalty=filters.repetition_penalty,
            no_repeat_ngram=filters.no_repeat_ngram,
            free=self._goes_on if words else None,  # or a word might find no end
        )
        if words is not None:
            self._logits.masked_fill_(words.forbidden(slots.node, slots.history.shape[1] - 1 - slots.width), -torch.inf)
        top = self._logits.amax(-1, keepdim=True)
        slots.at_fault |= ~top.isfinite().all()
        slots.token.copy_(choose(self._logits, self._numbers(), filters, top=top, blind=fixed))

    def _write(self) -> None:
        """Adds the tokens to the texts that are open."""
        slots = self.slots
        kept = torch.where(slots.is_open, slots.token, self.rules.end_id)
        slots.history.index_copy_(1, slots.width.view(1), kept.unsqueeze(1))
        if self.rules.words is not None:
            slots.node.copy_(self.rules.words.after(slots.node, kept))
        slots.totals += self._scores.gather(1, slots.token.unsqueeze(1)).squeeze(1).where(slots.is_open, 0.0)
        slots.is_open &= slots.token != self.rules.end_id
        slots.width += 1

    def _goes_on(self, pieces: Tensor) -> Tensor:
        """Whether pieces (S, K) go on with the words under way."""
        assert self.rules.words is not None
        return self.rules.words.goes_on(self.slots.node.unsqueeze(1), pieces)

    def _numbers(self) -> Tensor:
        """(S,) of this step."""
        return self.slots.draws.index_select(1, (self.slots.width - self.start).view(1)).squeeze(1)

    def _leave_copies(self) -> None:
        """Chooses again where a token makes a run that the guard holds, unless a word goes on with it. Waits for the device."""
        slots, guard, words, width = self.slots, self.rules.guard, self.rules.words, int(self.slots.width)
        assert guard is not None
        if width + 1 < guard.length:
            return
        token, draws, before = slots.token, self._numbers(), slots.history[:, width + 1 - guard.length : width]
        row = torch.arange(len(token), device=token.device)
        if words is not None:
            row = row[~words.goes_on(slots.node, token)]
        while len(
            row := row[(token[row] != self.rules.end_id) & guard.holds(torch.cat([before[row], token[row, None]], 1))]
        ):
            self._logits[row, token[row]] = -torch.inf
            draws[row] = another(draws[row], _REDRAWN)
            token[row] = choose(self._logits[row], draws[row], self.rules.filters)
