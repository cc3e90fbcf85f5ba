"""`NextToken`: after every token of a text, what comes next. A language model, of one direction or of two side by side.

         The    cat    sat   </s>                 <-- each direction predicts the token that it reads next,
          ^      ^      ^      ^                      and has seen none of what it predicts
     h0-->O----->O----->O----->O
          ^      ^      ^      ^
         <s>    The    cat    sat

Two directions are those of one bidirectional layer: what they learn is the layer of a model that reads whole texts. Knows ids only.
"""

from __future__ import annotations

from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.nn.backbone import Backbone, State
from seqtext.nn.dropout import LockedDropout
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead


class NextToken(nn.Module):
    """Embedding, backbone, and a head for each direction.

    Args:
        embedding: of the tokens.
        backbone: of one direction, or of both with a single layer.
        head: outputs (..., H) to what the vocabulary loss takes.
        reverse_head: the same of the reverse direction; None where there is one direction.
        input_dropout: share of input features zeroed in training, the same at all steps of a row.
        output_dropout: of output features likewise.

    Raises:
        ValueError: for several layers of both directions, which would see what they predict; or a head too few.
    """

    def __init__(
        self,
        *,
        embedding: TokenEmbedding,
        backbone: Backbone,
        head: VocabularyHead,
        reverse_head: VocabularyHead | None = None,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if backbone.bidirectional and backbone.num_layers > 1:
            raise ValueError(
                "two directions predict side by side in a single layer: a second one would see the answers"
            )
        if backbone.bidirectional != (reverse_head is not None):
            raise ValueError("each direction has a head of its own")
        self.embedding = embedding
        self.backbone = backbone
        self.head = head
        self.reverse_head = reverse_head
        self.input_dropout = LockedDropout(input_dropout)
        self.output_dropout = LockedDropout(output_dropout)

    def read(self, tokens: Padded, state: State | None = None, *, reverse: bool = False) -> tuple[Padded, State]:
        """Outputs (B, T, H) of one direction, before its head, and the state behind each row's end.

        Args:
            tokens: (B, T) in the order in which they are read: for the reverse direction from the end of the text.
            state: behind what was read before, (L, B, H); zeros if None.
            reverse: the direction that reads from the end; a model of one direction has no other.
        """
        hidden, _ = self.embedding.hide(tokens)
        inputs = tokens.with_values(self.input_dropout(self.embedding(hidden).values))
        outputs, after = self.backbone.one_way(inputs, state, reverse=reverse)
        return outputs.with_values(self.output_dropout(outputs.values)), after

    def compared(self, outputs: Tensor, *, reverse: bool = False) -> Tensor:
        """What is compared with each token's vector, of outputs (N, H): (N, D), or (N, H) where weights are not tied."""
        return self._head(reverse).projected(outputs)

    def loss(
        self, outputs: Tensor, targets: Tensor, *, reverse: bool = False, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Cross entropy of the tokens (N,) that come after outputs (N, H): the sum, and each one's own."""
        return self._head(reverse).loss(outputs, self.embedding.weight, targets, label_smoothing=label_smoothing)

    def _head(self, reverse: bool) -> VocabularyHead:
        return self.reverse_head if reverse and self.reverse_head is not None else self.head
