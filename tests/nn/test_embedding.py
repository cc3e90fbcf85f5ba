"""The embedding's dropouts: of single values, and of whole ids wherever they stand."""

from __future__ import annotations

import pytest
import torch

from seqtext.batching.padded import Padded
from seqtext.nn.embedding import TokenEmbedding

TOKENS = Padded(torch.arange(50).repeat(6, 4), torch.full((6,), 200))


def test_an_id_that_is_dropped_is_gone_wherever_it_stands():
    torch.manual_seed(0)
    embedding = TokenEmbedding(vocabulary_size=50, embedding_size=7, type_dropout=0.3)
    with torch.no_grad():
        embedding.weight.fill_(1.0)
    out = embedding(TOKENS).values
    by_id = out[0, :50]
    assert torch.equal(out, by_id.repeat(6, 4, 1))
    assert by_id.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert torch.equal(by_id, by_id[:, :1].expand_as(by_id))
    assert 5 <= int((by_id[:, 0] == 0).sum()) <= 25
    assert torch.equal(embedding.eval()(TOKENS).values, torch.ones(6, 200, 7))


def test_the_dropout_of_values_knows_no_ids():
    torch.manual_seed(0)
    embedding = TokenEmbedding(vocabulary_size=50, embedding_size=7, dropout=0.3)
    with torch.no_grad():
        embedding.weight.fill_(1.0)
    gone = embedding(TOKENS).values == 0
    assert 0.25 < gone.float().mean() < 0.35
    assert not torch.equal(gone[0], gone[1])
