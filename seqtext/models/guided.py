"""`Guided`: a `VecToSeq` as a decoder wants it, pushed from "any text" towards what its vectors ask for. Knows ids and vectors only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtext.models.decoding import Step
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import State


class Guided:
    """Classifier-free guidance (Ho and Salimans 2022) in the logits, of one vector or of several with weights.

    Logits are any + guidance * sum_k weight_k (conditional_k - any), a composition as that of Liu et al. (2022): each token has to please
    all that is asked for, as much as it weighs. One vector between two others would not do: the model has learnt from none, and
    writes as for the nearer one.

    Its state is (N, K) the weights, then the model's own for each of the K vectors, and with guidance that of the learnt "any".

    Args:
        model: in evaluation mode.
        guidance: 1 is the conditional model itself; other values cost one more step of the model each.
    """

    def __init__(self, model: VecToSeq, *, guidance: float = 1.0) -> None:
        self.model = model
        self.guidance = guidance if model.vector_size else 1.0
        self._parts = 1 + len(model.backbone.zero_state(1, like=model.embedding.weight))  # of one state of the model

    def initial_state(self, vectors: Tensor | None, rows: int, weights: Tensor | None = None) -> State:
        """The state before the first token.

        Args:
            vectors: (N, C), or (N, K, C) of mixtures; "any" if None.
            rows: N.
            weights: (N, K) of mixtures, of sum 1; a weight of 0 leaves its vector out.
        """
        like = self.model.embedding.weight
        if weights is None:
            weights = like.new_ones(rows, 1)
        if not self.model.vector_size:
            return weights, *self.model.initial_state(None, rows)
        nothing = self.model.no_vector.expand(rows, -1)
        given = nothing if vectors is None else vectors
        each = [given] if given.ndim == 2 else list(given.unbind(1))
        states = [self.model.initial_state(one, rows) for one in (each if self.guidance == 1 else [*each, nothing])]
        return weights, *(part for state in states for part in state)

    def step(self, tokens: Tensor, state: State) -> Step:
        """Logits and scores (N, V) of what may come after tokens (N,)."""
        weights, states = state[0], self._states(state)
        after: list[Tensor] = []
        logs: list[Tensor] = []
        for one in states:
            outputs, behind = self.model.step(tokens, one)
            logs.append(torch.log_softmax(self._logits(outputs), dim=-1))
            after += behind
        anything = None if self.guidance == 1 else logs.pop()
        mixed, scores = logs[0], logs[0]
        if len(logs) > 1:  # products with 1 and sums with 0 change no bit: a row is the same among rows of more vectors
            mixed = logs[0] * weights[:, :1]
            for number, other in enumerate(logs[1:], start=1):
                mixed += other * weights[:, number, None]
            alone = (weights == 1).any(1, keepdim=True)
            scores = torch.where(alone, mixed, torch.log_softmax(mixed, dim=-1))
        logits = mixed.clone() if anything is None else anything + self.guidance * (mixed - anything)
        return Step(logits, scores, (weights, *after))

    def select(self, state: State, rows: Tensor) -> State:
        """The state of some rows, in their order."""
        return state[0][rows], *(part for one in self._states(state) for part in self.model.select(one, rows))

    def join(self, states: Sequence[State]) -> State:
        """The states of several blocks of rows as one."""
        # the weights are (N, K), what is added to the inputs (N, D), all else (L, N, H)
        return tuple(torch.cat(part, dim=0 if part[0].ndim == 2 else 1) for part in zip(*states, strict=True))

    def _states(self, state: State) -> list[State]:
        """The model's own states out of one of this."""
        return [state[first : first + self._parts] for first in range(1, len(state), self._parts)]

    def _logits(self, outputs: Tensor) -> Tensor:
        logits: Tensor = self.model.head(outputs, self.model.embedding.weight)
        return logits
