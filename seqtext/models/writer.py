"""`Writer`: encoder-decoders that write one text together, which is never empty, and tokens that are each to be written once. Knows token
ids only.

Several models write with the mean of their probabilities. What a row owes is part of its state: so searching and drawing keep to it alike,
and a row's result does not depend on what other rows owe.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.models.decoding import Step
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.nn.backbone import State

# Of an end before anything is written, or all that is owed, as a log-probability: no text that has it is likely, and one can still end. An
# empty text is often the likeliest of all, since each token of others costs (Stahlberg and Byrne 2019), and nobody is served by it.
COST = 30.0


class Writer:
    """Models as search and sampling want them: `Searchable`.

    Args:
        models: at least one, in evaluation mode, with the same ids on both sides.
        once: ids that a row writes only where it owes them, each once.
        begin: token that is fed before a text, and never within it.
        end_id: token that ends a text.
    """

    def __init__(self, models: Sequence[EncoderDecoder], *, once: Sequence[int] = (), begin: int, end_id: int) -> None:
        self.models, self._begin, self._end = models, begin, end_id
        self._once = torch.tensor(once, dtype=torch.int64, device=models[0].embedding.weight.device)
        self._bounds: list[int] = []  # of each model's part of a state

    def initial_state(self, source: Padded, owed: Tensor) -> State:
        """The state before the first step.

        Args:
            source: (N, S) what is read.
            owed: (N, K) whether a row has to write each of `once`.
        """
        states = [model.initial_state(source) for model in self.models]
        self._bounds = [1]
        for state in states:
            self._bounds.append(self._bounds[-1] + len(state))
        return owed, *chain.from_iterable(states)

    def step(self, tokens: Tensor, state: State) -> Step:
        """One step of every row."""
        parts, after = [], []
        for model, own in zip(self.models, self._states(state), strict=True):
            outputs, behind = model.step(tokens, own)
            parts.append(torch.log_softmax(model.logits(outputs), dim=-1))
            after.append(behind)
        scores = parts[0] if len(parts) == 1 else torch.stack(parts).logsumexp(0) - math.log(len(parts))
        if not len(self._once):
            scores[:, self._end] -= COST * (tokens == self._begin)
            return Step(scores, scores, (state[0], *chain.from_iterable(after)), normalised=True)
        owed = state[0] & (tokens.unsqueeze(1) != self._once)
        allowed = scores.clone()
        allowed[:, self._once] = scores[:, self._once].masked_fill(~owed, -torch.inf)
        allowed[:, self._end] -= COST * (owed.any(1) | (tokens == self._begin))
        return Step(allowed, scores, (owed, *chain.from_iterable(after)), normalised=True)

    def select(self, state: State, rows: Tensor) -> State:
        """The state of some rows."""
        own = zip(self.models, self._states(state), strict=True)
        return state[0][rows], *chain.from_iterable(model.select(part, rows) for model, part in own)

    def reorder(self, state: State, rows: Tensor) -> State:
        """As `select`, of rows that read the same."""
        own = zip(self.models, self._states(state), strict=True)
        return state[0][rows], *chain.from_iterable(model.reorder(part, rows) for model, part in own)

    def weights(self, tokens: Padded, state: State) -> Tensor | None:
        """(B, T, S) what each step of a known target takes from the source, the mean of all models; None if one has no attention."""
        if any(model.attention is None for model in self.models):
            return None
        own = zip(self.models, self._states(state), strict=True)
        return torch.stack([model.weights(tokens, part) for model, part in own]).mean(0)

    def _states(self, state: State) -> list[State]:
        """Each model's own."""
        return [tuple(state[at:end]) for at, end in zip(self._bounds, self._bounds[1:], strict=False)]
