"""`VecToSeq`: one vector goes in, a sequence comes out. Text generation is this shape.

    feedback "zeros", the vector alone:              feedback "tokens":

         y0  y1  y2  y3                                   the cat sat  .
         ^   ^   ^   ^                                     ^   ^   ^   ^
     h0->O-->O-->O-->O                                 h0->O-->O-->O-->O
         ^   ^   ^   ^                                     ^   ^   ^   ^
         v   0   0   0                                    <s> the cat sat    each with the vector added

With zeros the vector is the single input, and each step is drawn independently of what was drawn before. With tokens each step
reads the token before. Both set the initial state of every layer from the vector. Knows ids and vectors, no topics.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.nn.backbone import Backbone, State
from seqtext.nn.dropout import LockedDropout
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead

Feedback = Literal["tokens", "zeros"]


class VecToSeq(nn.Module):
    """Condition, embedding, backbone, head.

    Args:
        embedding: of the tokens; with `feedback="zeros"` only its size and, if tied, its weights are used.
        backbone: one direction.
        head: outputs (..., H) to what the vocabulary loss takes.
        vector_size: features of the vector, C; 0 for none, which makes it a language model.
        feedback: what is read at each step.
        input_dropout: share of input features zeroed in training, the same at all steps of a row.
        output_dropout: of output features likewise.

    Raises:
        ValueError: for a backbone of both directions, or zeros without a vector.
    """

    def __init__(
        self,
        *,
        embedding: TokenEmbedding,
        backbone: Backbone,
        head: VocabularyHead,
        vector_size: int,
        feedback: Feedback = "tokens",
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if backbone.bidirectional:
            raise ValueError("a sequence is written in one direction: the backbone must have one")
        if feedback == "zeros" and not vector_size:
            raise ValueError('feedback="zeros" has the vector as its only input, so vector_size must be at least 1')
        self.embedding = embedding
        self.backbone = backbone
        self.head = head
        self.vector_size = vector_size
        self.feedback = feedback
        self.input_dropout = LockedDropout(input_dropout)
        self.output_dropout = LockedDropout(output_dropout)
        if vector_size:
            size = embedding.weight.shape[1]
            states = len(backbone.zero_state(1, like=embedding.weight))
            self.to_input = nn.Linear(vector_size, size)
            self.to_state = nn.Linear(vector_size, states * backbone.num_layers * backbone.hidden_size)
            for projection in (self.to_input, self.to_state):  # it begins as the model without a vector
                nn.init.zeros_(projection.weight)
                nn.init.zeros_(projection.bias)
            self.no_vector = nn.Parameter(torch.zeros(vector_size))  # stands for "any", and is learnt

    def initial_state(self, vectors: Tensor | None, rows: int) -> State:
        """The state before the first step, from vectors (N, C), or for `rows` rows without any.

        Returns:
            What is added to the next input (N, D), then the backbone's state.
        """
        like = self.embedding.weight
        if vectors is None:
            return like.new_zeros(rows, like.shape[1]), *self.backbone.zero_state(rows, like=like)
        parts = len(self.backbone.zero_state(1, like=like))
        flat = torch.tanh(self.to_state(vectors)).view(len(vectors), parts, self.backbone.num_layers, -1)
        return self.to_input(vectors), *(flat[:, part].transpose(0, 1).contiguous() for part in range(parts))

    def resume(self, vectors: Tensor | None, state: State) -> State:
        """An initial state, or that behind a window, cut off from its past, with the vectors (N, C) added anew: so that these learn too."""
        added = state[0] if vectors is None or self.feedback == "zeros" else self.to_input(vectors)
        return added, *state[1:]

    def forward(self, tokens: Padded, state: State) -> tuple[Padded, State]:
        """All steps at once, with the tokens known: outputs (B, T, H) before the head, and the state behind each row's end.

        Args:
            tokens: (B, T) what is read at each step: the begin token, then the text.
            state: of `initial_state`, or behind the text so far.
        """
        added, *before = state
        if self.feedback == "tokens":
            values = self.embedding(tokens).values + added.unsqueeze(1)
        else:
            values = added.new_zeros(*tokens.values.shape, added.shape[1])
            values[:, 0] = added
        inputs = tokens.with_values(self.input_dropout(values))
        outputs, after = self.backbone.forward_with_state(inputs, tuple(before))
        return outputs.with_values(self.output_dropout(outputs.values)), (self._added(added), *after)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of every row, equal to `forward`: outputs (N, H) before the head, and the state behind it.

        Args:
            tokens: (N,) what is read.
            state: of the step before, or of `initial_state`.
        """
        added, *before = state
        inputs = nn.functional.embedding(tokens, self.embedding.weight) + added if self.feedback == "tokens" else added
        outputs, after = self.backbone.step(inputs, tuple(before))
        return outputs, (self._added(added), *after)

    def select(self, state: State, rows: Tensor) -> State:
        """The state of some rows, in their order."""
        added, *parts = state
        return added[rows], *(part[:, rows] for part in parts)

    def _added(self, added: Tensor) -> Tensor:
        """What is added to the input after: the vector again, or nothing with zeros."""
        return added if self.feedback == "tokens" else torch.zeros_like(added)
