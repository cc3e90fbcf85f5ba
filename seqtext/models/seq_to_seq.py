"""`SeqToSeq`: a sequence goes in while it arrives, and every step has its output as soon as its input is there.

        y0  y1  y2  y3 -> head        all outputs are used: nothing waits for the end
        ^   ^   ^   ^
    h0->O-->O-->O-->O                 with a look-ahead of a steps, y(t) is read off at step t + a
        ^   ^   ^   ^
        x0  x1  x2  x3

Recognition of speech and tags of words are this shape. Knows shapes only: what goes in is whatever its embedding takes.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from seqtext.batching.padded import Padded
from seqtext.nn.backbone import Backbone, State
from seqtext.nn.dropout import LockedDropout
from seqtext.nn.frame_embedding import FrameEmbedding


class SeqToSeq(nn.Module):
    """Embedding, backbone, and a head at every step.

    Args:
        embedding: padded inputs to padded (B, T, D): of ids or words step by step; or a `FrameEmbedding`, which may stack and skip.
        backbone: over (B, T, D). One direction streams; both read the whole sequence first.
        output_size: features of an output, C.
        ahead: steps that are read beyond a step before its output is given. Beyond the end they are zeros.
        input_dropout: share of input features zeroed in training, the same at all steps of a row.
        output_dropout: of output features before the head likewise.
        auxiliary: a second head that only training uses.

    Raises:
        ValueError: for a look-ahead of both directions, which see all that follows anyway; or one below 0.
    """

    def __init__(
        self,
        *,
        embedding: nn.Module,
        backbone: Backbone,
        output_size: int,
        ahead: int = 0,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        auxiliary: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if ahead < 0 or (ahead and backbone.bidirectional):
            raise ValueError(f"a look-ahead is 0 or more, and 0 with both directions, got {ahead}")
        self.embedding = embedding
        self.backbone = backbone
        self.head = nn.Linear(backbone.output_size, output_size)
        self.auxiliary = auxiliary
        self.ahead = ahead
        self.input_dropout = LockedDropout(input_dropout)
        self.output_dropout = LockedDropout(output_dropout)
        # parts of the state that are the embedding's
        self._kept = embedding.state_parts if isinstance(embedding, FrameEmbedding) else 0

    def forward(self, inputs: Padded, state: State | None = None) -> Padded:
        """Outputs of all steps (B, T, C), T as the embedding makes it.

        Args:
            inputs: what the embedding takes.
            state: behind what was read before, as `forward_with_state` gives it; zeros if None. Without a look-ahead.
        """
        hidden = self.hidden(inputs, state)
        return hidden.with_values(self.head(hidden.values))

    def hidden(self, inputs: Any, state: State | None = None) -> Padded:
        """What the head sees of all steps: (B, T, H). As `forward`, whose inputs are whatever the embedding takes."""
        embedded, _, recurrent = self._embed(inputs, state)
        if self.ahead:
            if state is not None:
                raise ValueError("with a look-ahead a sequence is read at once by forward, or step by step")
            lengths = embedded.lengths + self.ahead
            # What stands behind a row's end are zeros, whatever its batch was padded with.
            values = embedded.values.masked_fill(~embedded.mask.unsqueeze(-1), 0.0)
            outputs = self.backbone(Padded(F.pad(values, (0, 0, 0, self.ahead)), lengths))
            outputs = embedded.with_values(outputs.values[:, self.ahead :])
        else:
            outputs = self.backbone(embedded, recurrent)
        return embedded.with_values(self.output_dropout(outputs.values))

    def forward_with_state(self, inputs: Padded, state: State | None = None) -> tuple[Padded, State]:
        """Outputs (B, T, C) as `forward`, and the state behind each row's last step, with which the next piece goes on.

        A row's frames must fill its last step where the embedding skips some. With a look-ahead output t belongs to input t - ahead, as
        those of `step` do.
        """
        embedded, kept, recurrent = self._embed(inputs, state)
        outputs, after = self.backbone.forward_with_state(embedded, recurrent)
        return outputs.with_values(self.head(self.output_dropout(outputs.values))), (*kept, *after)

    def step(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One step of every row: repeated, equal to `forward` (one direction).

        With a look-ahead the output is that of the step `ahead` steps before: the first ones mean nothing, and behind the last input
        follow steps of `blank`.

        Args:
            inputs: (B, D) embedded; of a `FrameEmbedding` its new frames (B, skip, F).
            state: what the step before returned; zeros if None.

        Returns:
            (B, C) and the state behind this step.

        Raises:
            ValueError: with both directions.
        """
        kept, recurrent = self._parted(state)
        if isinstance(self.embedding, FrameEmbedding):
            inputs, kept = self.embedding.step(inputs, kept)
        return self.step_embedded(inputs, recurrent, kept)

    def blank(self, state: State) -> tuple[Tensor, State]:
        """One step of a look-ahead beyond the end: the output of an input that is there already, and the state behind it."""
        kept, recurrent = self._parted(state)
        assert recurrent is not None
        size = self.backbone.get_parameter("layers.0.weight_ih_l0").shape[1]
        return self.step_embedded(recurrent[0].new_zeros(recurrent[0].shape[1], size), recurrent, kept)

    def step_embedded(self, inputs: Tensor, recurrent: State | None, kept: State | None) -> tuple[Tensor, State]:
        """As `step`, of what the embedding gave (B, D); `kept` is its part of the state, behind this step."""
        outputs, after = self.backbone.step(inputs, recurrent)
        return self.head(outputs), (*(kept or ()), *after)

    def zero_state(self, rows: int, *, like: Tensor) -> State:
        """The state at the start; every part has the rows as its second axis."""
        kept = self.embedding.zero_state(rows, like=like) if isinstance(self.embedding, FrameEmbedding) else ()
        return (*kept, *self.backbone.zero_state(rows, like=like))

    def _embed(self, inputs: Padded, state: State | None) -> tuple[Padded, State, State | None]:
        """The embedded steps, the embedding's part of the state behind them, and the backbone's before them."""
        kept, recurrent = self._parted(state)
        after: State = ()
        if isinstance(self.embedding, FrameEmbedding):
            embedded, after = self.embedding.forward_with_state(inputs, kept)
        else:
            embedded = self.embedding(inputs)
        return embedded.with_values(self.input_dropout(embedded.values)), after, recurrent

    def _parted(self, state: State | None) -> tuple[State | None, State | None]:
        """The embedding's part of a state and the backbone's."""
        return (None, None) if state is None else (state[: self._kept], state[self._kept :])
