"""`NextToken`: what it refuses to be; what it does, the tests of the task of language models hold."""

from __future__ import annotations

import pytest

from seqtext.models.next_token import NextToken
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead


def model(*, bidirectional: bool, num_layers: int = 1, heads: int = 1) -> NextToken:
    one, *more = [VocabularyHead(input_size=6, vector_size=4, vocabulary_size=20) for _ in range(heads)]
    return NextToken(
        embedding=TokenEmbedding(vocabulary_size=20, embedding_size=4),
        backbone=Backbone(input_size=4, hidden_size=6, num_layers=num_layers, bidirectional=bidirectional),
        head=one,
        reverse_head=next(iter(more), None),
    )


def test_two_directions_have_one_layer_and_a_head_each():
    assert model(bidirectional=True, heads=2).reverse_head is not None
    assert model(bidirectional=False, num_layers=3).reverse_head is None
    with pytest.raises(ValueError, match="a second one would see the answers"):
        model(bidirectional=True, num_layers=2, heads=2)
    for bidirectional, heads in ((True, 1), (False, 2)):
        with pytest.raises(ValueError, match="each direction has a head of its own"):
            model(bidirectional=bidirectional, heads=heads)
