"""`Guided`: a `VecToSeq` as a decoder wants it, pushed from "any text" towards what its vector asks for. Knows ids and vectors only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtext.models.decoding import Step
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import State


class Guided:
    """Classifier-free guidance (Ho and Salimans 2022) in the logits: any + guidance (conditional - any).

    Its state is that of the conditional model, and with guidance that of the same model with the learnt "any" behind it.

    Args:
        model: in evaluation mode.
        guidance: 1 is the conditional model itself; other values cost a second step of the model each.
    """

    def __init__(self, model: VecToSeq, *, guidance: float = 1.0) -> None:
        self.model = model
        self.guidance = guidance

    def start(self, vectors: Tensor | None, rows: int) -> State:
        """The state before the first token: of vectors (N, C), or of "any" if None."""
        if not self.model.vector_size:
            return self.model.start(None, rows)
        nothing = self.model.no_vector.expand(rows, -1)
        state = self.model.start(nothing if vectors is None else vectors, rows)
        return state if self.guidance == 1 else (*state, *self.model.start(nothing, rows))

    def step(self, tokens: Tensor, state: State) -> Step:
        """Logits and scores (N, V) of what may come after tokens (N,)."""
        half = len(state) if self._alone(state) else len(state) // 2
        outputs, after = self.model.step(tokens, state[:half])
        logits = self._logits(outputs)
        scores = torch.log_softmax(logits, dim=-1)
        if half == len(state):
            return Step(logits, scores, after)
        outputs, beside = self.model.step(tokens, state[half:])
        anything = torch.log_softmax(self._logits(outputs), dim=-1)
        return Step(anything + self.guidance * (scores - anything), scores, (*after, *beside))

    def select(self, state: State, rows: Tensor) -> State:
        """The state of some rows, in their order."""
        if self._alone(state):
            return self.model.select(state, rows)
        half = len(state) // 2
        return (*self.model.select(state[:half], rows), *self.model.select(state[half:], rows))

    def join(self, states: Sequence[State]) -> State:
        """The states of several blocks of rows as one."""
        parts = zip(*states, strict=True)
        every = len(states[0]) if self._alone(states[0]) else len(states[0]) // 2
        # what is added to the inputs is (N, D), all else (L, N, H)
        return tuple(torch.cat(part, dim=0 if number % every == 0 else 1) for number, part in enumerate(parts))

    def _alone(self, state: State) -> bool:
        return self.guidance == 1 or not self.model.vector_size

    def _logits(self, outputs: Tensor) -> Tensor:
        logits: Tensor = self.model.head(outputs, self.model.embedding.weight)
        return logits
