"""A model as one line of its parts and their sizes, in the order in which data passes through them. Knows shapes, no tasks."""

from __future__ import annotations

from torch import nn

from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.next_token import NextToken
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.attention import Attention
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.frame_embedding import FrameEmbedding
from seqtext.nn.pooling import Pooling
from seqtext.nn.vocabulary_head import VocabularyHead
from seqtext.nn.word_vectors import WordVectors


def outline(model: nn.Module) -> str:
    """A model's parts, as `nn.RNN(1, 32, num_layers=2, batch_first=True) -> last output -> Linear(32, 1)`.

    Dropout is left out, and so is what only training uses. Of a model of another shape, what it says itself, or its parts in their order.
    """
    if isinstance(said := getattr(model, "outlined", None), str):
        return said
    if isinstance(model, SeqToVec):
        return _chain(model.embedding, model.backbone, model.pooling, model.head)
    if isinstance(model, SeqToSeq):
        ahead = f", {model.ahead} steps ahead" if model.ahead else ""
        return _chain(model.embedding, model.backbone, f"{_part(model.head)} at every step{ahead}")
    if isinstance(model, VecToSeq):
        tokens = _part(model.embedding)
        if not model.vector_size:
            return _chain(tokens, model.backbone, _head(model.head, model.embedding))
        vector, state = _part(model.to_input), _part(model.to_state)
        inputs = f"{tokens} + vector {vector}" if model.feedback == "tokens" else f"vector {vector}, then zeros"
        return _chain(inputs, f"{_part(model.backbone)} from state {state}", _head(model.head, model.embedding))
    if isinstance(model, NextToken):
        each = ", each direction" if model.backbone.bidirectional else ""
        return _chain(_part(model.embedding), model.backbone, _head(model.head, model.embedding) + each)
    if isinstance(model, EncoderDecoder):
        source = model.embedding if model.source_embedding is None else model.source_embedding
        readout = [part for part in (model.attention, *model.upper, model.readout) if part is not None]
        target = _chain(model.embedding, model.backbone, *readout, _head(model.head, model.embedding))
        return f"source: {_chain(source, model.encoder, *model.bridge[:1])} as state; target: {target}"
    if isinstance(model, SeqToSeq):
        return _chain(model.embedding, model.backbone, model.head)
    return _chain(*model.children())


def _chain(*parts: nn.Module | str) -> str:
    return " -> ".join(part for part in map(_part, parts) if part)


def _part(part: nn.Module | str) -> str:
    """One part; nothing for what changes nothing."""
    if isinstance(part, str):
        return part
    if isinstance(part, nn.Identity):
        return ""
    if isinstance(part, TokenEmbedding):
        return f"Embedding({', '.join(map(str, part.weight.shape))})"
    if isinstance(part, WordVectors):
        spelt = _chain(part.characters, part.spelling, part.pooling, part.projection)
        pieces = "" if part.pieces is None else f" + mean of pieces {_part(part.pieces)}"
        return f"({_part(part.words)} + spelt {spelt}{pieces})"
    if isinstance(part, nn.Linear):
        return f"Linear({part.in_features}, {part.out_features})"
    if isinstance(part, FrameEmbedding):
        linear = f"Linear({part.stack * part.input_size}, {part.projection.out_features})"
        return f"{part.stack} frames every {part.skip} -> {linear}" if part.stack > 1 else linear
    if isinstance(part, Pooling):
        return f"{' + '.join(part.kinds)} output"
    if isinstance(part, Attention):
        return f"{part.kind} attention to the source" + (f" ({part.heads} heads)" if part.heads > 1 else "")
    if isinstance(part, Backbone):
        sizes = [str(part.layers[0].input_size), str(part.hidden_size)]
        sizes += [f"num_layers={part.num_layers}"] if part.num_layers > 1 else []
        sizes += ["bidirectional=True"] if part.bidirectional else []
        return f"nn.{part.cell.upper()}({', '.join(sizes)}, batch_first=True)"
    return type(part).__name__


def _head(head: VocabularyHead, embedding: TokenEmbedding) -> str:
    """From outputs to the vocabulary, perhaps with the embedding's weights."""
    last = embedding.weight if head.weight is None else head.weight
    tied = " (the embedding's weights)" if head.weight is None else ""
    return _chain(*([head.projection] if head.projection else []), f"Linear({last.shape[1]}, {last.shape[0]}){tied}")
