"""`SeqToVec`: a sequence goes in, one vector comes out. Topic classification and the electricity regressor are this shape.

        y0  y1  y2  [y3] -> head      all outputs but the last are ignored (or pooled),
        ^   ^   ^   ^                 so the model reads the whole before it decides
    h0->O-->O-->O-->O
        ^   ^   ^   ^
        x0  x1  x2  x3

Knows shapes only: what goes in is whatever its embedding takes, what comes out whatever its head is for.
"""

from __future__ import annotations

from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.nn.backbone import Backbone
from seqtext.nn.pooling import Pooling


class SeqToVec(nn.Module):
    """Embedding, backbone, pooling, head.

    Args:
        embedding: padded inputs to padded (B, T, D).
        backbone: over (B, T, D).
        pooling: (B, T, H) to (B, P).
        output_size: features of the result, C.
        dropout: share of the pooled vector's values zeroed in training.
        auxiliary: a second head, over the outputs of every step, that only training uses.
    """

    def __init__(
        self,
        *,
        embedding: nn.Module,
        backbone: Backbone,
        pooling: Pooling,
        output_size: int,
        dropout: float = 0.0,
        auxiliary: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.backbone = backbone
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(pooling.output_size, output_size)
        self.auxiliary = auxiliary

    def read(self, inputs: Padded) -> Padded:
        """The outputs of every step: (B, T, H)."""
        outputs: Padded = self.backbone(self.embedding(inputs))
        return outputs

    def decide(self, outputs: Padded) -> Tensor:
        """The result, from the outputs of every step: (B, T, H) to (B, C)."""
        result: Tensor = self.head(self.dropout(self.pooling(outputs)))
        return result

    def encode(self, inputs: Padded) -> Tensor:
        """The vector of each row before the head: (B, P)."""
        vector: Tensor = self.pooling(self.read(inputs))
        return vector

    def forward(self, inputs: Padded) -> Tensor:
        """(B, C) from padded inputs."""
        return self.decide(self.read(inputs))
