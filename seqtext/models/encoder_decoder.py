"""`EncoderDecoder`: a whole sequence is read, then another one is written. Translation is this shape.

                                      he  sees  a
                    attention --+---->^----^----^
     E1<->E2<->E3 ====^  ^  ^   |     upper layers, residual
     ^    ^    ^      |  |  |   |     ^    ^    ^
     er  sieht  .     first layer ----O--->O--->O
                                     <s>  he  sees

With the target known, nothing is done step by step: the first layer of the decoder runs over all of it, its outputs look for what they
need among the encoder's outputs in one product, and each layer above takes both at once. Without attention the
decoder knows of the source only the state it starts from. Knows ids, no texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.nn.attention import Attention, Memory
from seqtext.nn.backbone import Backbone, State
from seqtext.nn.dropout import LockedDropout
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead

MEMORY_PARTS = 4  # of a state with attention: where each row's memory is from, and the memory's own three


class EncoderDecoder(nn.Module):
    """Embedding and encoder of the source; embedding, backbone, attention, upper layers and head of the target.

    The decoder starts from the encoder's final state, all layers and directions of it, through a linear map; or from that state as it
    is, where the encoder has one direction and as many layers and units as the decoder. Every upper layer takes the context, with a
    residual past it (Wu et al. 2016).

    A state is a flat tuple. With attention it begins with (N,) which source each row reads and the memory of it, rows first; then come
    the states of `backbone` and of each of `upper`, (L, N, H) each.

    Args:
        embedding: of the target's tokens.
        source_embedding: of the source's; the target's if None.
        encoder: over the source, of one direction or both.
        backbone: of the decoder, in front of the attention, or all of it; one direction.
        head: outputs (..., `output_size`) to what the vocabulary loss takes.
        attention: over the encoder's outputs, with the outputs of `backbone` as queries; None for none.
        upper: layers, each over the output of the one below and the context; they need attention.
        input_dropout: share of features of both embeddings zeroed in training, the same at all steps of a row.
        layer_dropout: likewise of what comes out of the encoder, and of what goes into each of `upper`.
        output_dropout: likewise of the output.

    Attributes:
        output_size: features of an output, which the head takes.

    Raises:
        ValueError: for parts that do not fit each other.
    """

    def __init__(
        self,
        *,
        embedding: TokenEmbedding,
        source_embedding: TokenEmbedding | None = None,
        encoder: Backbone,
        backbone: Backbone,
        head: VocabularyHead,
        attention: Attention | None = None,
        upper: Sequence[Backbone] = (),
        input_dropout: float = 0.0,
        layer_dropout: float = 0.0,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        decoder = [backbone, *upper]
        if any(part.bidirectional for part in decoder):
            raise ValueError("a sequence is written in one direction: backbone and upper must have one")
        if upper and attention is None:
            raise ValueError("upper stands behind the attention, and there is none: put its layers into the backbone")
        if len({(part.hidden_size, part.cell) for part in decoder}) > 1:
            raise ValueError("backbone and upper must have the same cell and as many units")
        if (encoder.cell == "lstm") != (backbone.cell == "lstm"):
            raise ValueError(f"a state of {encoder.cell} cells cannot start {backbone.cell} cells")
        self.embedding = embedding
        self.source_embedding = source_embedding
        self.encoder = encoder
        self.backbone = backbone
        self.attention = attention
        self.upper = nn.ModuleList(upper)
        self.head = head
        self._depths = [part.num_layers for part in decoder]
        size, layers = backbone.hidden_size, sum(self._depths)
        states = (encoder.num_layers * (2 if encoder.bidirectional else 1), encoder.hidden_size)
        self.bridge = nn.ModuleList()  # a map for each part of the state; none where it fits as it is
        if encoder.bidirectional or states != (layers, size):
            parts = 2 if encoder.cell == "lstm" else 1
            self.bridge.extend(nn.Linear(states[0] * states[1], layers * size) for _ in range(parts))
        self.output_size = size
        self.readout = None
        if attention is not None:
            # output, context and the token before, into the size of the vectors (Sennrich et al. 2017)
            self.output_size = embedding.weight.shape[1]
            self.readout = nn.Linear(size + attention.memory_size + self.output_size, self.output_size)
        self.input_dropout = LockedDropout(input_dropout)
        self.layer_dropout = LockedDropout(layer_dropout)
        self.output_dropout = LockedDropout(output_dropout)

    # ---- reading

    def initial_state(self, source: Padded) -> State:
        """Reads the sources (B, S), and returns the state before the first step of the targets."""
        embedding = self.embedding if self.source_embedding is None else self.source_embedding
        read = source.with_values(self.input_dropout(embedding(source).values))
        encoded, final = self.encoder.forward_with_state(read)
        parts = (torch.split(part, self._depths) for part in self._bridged(final))
        states = chain.from_iterable(zip(*parts, strict=True))
        if self.attention is None:
            return tuple(states)
        memory = self.attention.read(encoded.with_values(self.layer_dropout(encoded.values)))
        return torch.arange(len(source.lengths), device=source.values.device), *memory, *states

    def _bridged(self, final: State) -> State:
        """The decoder's first state, (L, B, H) of each part, from the encoder's last."""
        if not self.bridge:
            return final
        rows, size = final[0].shape[1], self.backbone.hidden_size
        mapped = (
            torch.tanh(layer(part.transpose(0, 1).flatten(1))) for layer, part in zip(self.bridge, final, strict=True)
        )
        return tuple(part.view(rows, -1, size).transpose(0, 1).contiguous() for part in mapped)

    # ---- writing

    def forward(self, tokens: Padded, state: State) -> Padded:
        """All steps at once, with the target known: outputs (B, T, `output_size`) before the head.

        Args:
            tokens: (B, T) what is read at each step: the begin token, then the target.
            state: of `initial_state`.
        """
        memory, (first, *above) = self._parts(state)
        inputs = self.input_dropout(self.embedding(tokens).values)
        values = self.backbone(tokens.with_values(inputs), first).values
        if self.attention is None or memory is None:
            return tokens.with_values(self.output_dropout(values))
        context = self.attention(values, memory)
        for layer, before in zip(self.upper, above, strict=True):
            both = torch.cat([self.layer_dropout(values), context], dim=-1)
            values = values + layer(tokens.with_values(both), before).values
        return tokens.with_values(self.output_dropout(self._read_out(values, context, inputs)))

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of every row, equal to `forward`: outputs (N, `output_size`) before the head, and the state behind it.

        Args:
            tokens: (N,) what is read.
            state: of the step before, or of `initial_state`.
        """
        memory, (first, *above) = self._parts(state)
        inputs = nn.functional.embedding(tokens, self.embedding.weight)
        values, after = self.backbone.step(inputs, first)
        if self.attention is None or memory is None:
            return values, after
        context = self.attention(values.unsqueeze(1), memory).squeeze(1)
        for layer, before in zip(self.upper, above, strict=True):
            assert isinstance(layer, Backbone)
            output, behind = layer.step(torch.cat([values, context], dim=-1), before)
            values, after = values + output, (*after, *behind)
        return self._read_out(values, context, inputs), (*state[:MEMORY_PARTS], *after)

    def weights(self, tokens: Padded, state: State) -> Tensor:
        """(B, T, S) how much of each source step each step of a known target takes: to look at.

        Raises:
            ValueError: without attention.
        """
        memory, (first, *_) = self._parts(state)
        if self.attention is None or memory is None:
            raise ValueError("the model has no attention")
        values = self.backbone(tokens.with_values(self.input_dropout(self.embedding(tokens).values)), first).values
        return self.attention.weights(values, memory)

    def logits(self, outputs: Tensor) -> Tensor:
        """(..., `output_size`) to (..., V)."""
        logits: Tensor = self.head(outputs, self.embedding.weight)
        return logits

    # ---- states

    def select(self, state: State, rows: Tensor) -> State:
        """The state of some rows, in their order; a row may come more than once."""
        if self.attention is None:
            return tuple(part[:, rows] for part in state)
        read = tuple(part[rows] for part in state[:MEMORY_PARTS])
        return *read, *(part[:, rows] for part in state[MEMORY_PARTS:])

    def reorder(self, state: State, rows: Tensor) -> State:
        """As `select`, where every row goes on reading the source that its place had before: the memory, by far the largest part, stays."""
        kept = 0 if self.attention is None else MEMORY_PARTS
        return *state[:kept], *(part[:, rows] for part in state[kept:])

    def _parts(self, state: State) -> tuple[Memory | None, list[State]]:
        """The memory, and the states of the backbone and of each upper layer."""
        if self.attention is None:
            return None, [state]
        _, keys, values, mask, *states = state
        parts = 2 if self.backbone.cell == "lstm" else 1
        return Memory(keys, values, mask), [tuple(states[at : at + parts]) for at in range(0, len(states), parts)]

    def _read_out(self, values: Tensor, context: Tensor, inputs: Tensor) -> Tensor:
        assert self.readout is not None
        return torch.tanh(self.readout(torch.cat([values, context, inputs], dim=-1)))
