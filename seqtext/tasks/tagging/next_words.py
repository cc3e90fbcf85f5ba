"""What training of a tagger asks besides: the word that each direction reads next. Knows ids and outputs, no words and no tags."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import Padded, sent
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.losses import Loss
from seqtext.nn.word_prediction import NextWords
from seqtext.nn.word_vectors import WordVectors
from seqtext.tasks.tagging.settings import TaggerConfig

Ints = NDArray[np.int64]


def predicts_words(config: TaggerConfig) -> bool:
    """Whether words are predicted: not from several layers of both directions, whose outputs have seen what they would predict."""
    return config.word_prediction > 0 and not (config.bidirectional and config.num_layers > 1)


def with_next_words(loss: Loss, model: SeqToSeq, hidden: Padded, ids: Padded, config: TaggerConfig) -> Loss:
    """A loss of tags and that of the next words, weighted.

    Args:
        loss: of the tags of a batch.
        model: whose auxiliary head predicts.
        hidden: (B, T, H) what the head of the tags sees.
        ids: (B, T) of the words.
        config: of the tagger.
    """
    assert isinstance(model.auxiliary, NextWords)
    assert isinstance(model.embedding, WordVectors)
    size, device = config.hidden_size, ids.values.device
    parts = []
    for half, places in enumerate(_places(ids, config)):
        seen, read, row = (sent(torch.from_numpy(one), device) for one in places)
        outputs = hidden.values[..., half * size : (half + 1) * size].flatten(0, 1).index_select(0, seen)
        parts.append((outputs, ids.values.flatten().index_select(0, read), row))
    outputs, words, rows = map(torch.cat, zip(*parts, strict=True))
    total, losses = model.auxiliary(outputs, words, model.embedding.words.weight)
    added: Tensor = config.word_prediction * total
    of_rows = loss.rows.index_add(0, rows, config.word_prediction * losses)
    return Loss(loss.sum + added, loss.count, of_rows, auxiliary=added.detach())


def _places(ids: Padded, config: TaggerConfig) -> list[tuple[Ints, Ints, Ints]]:
    """Of each direction: places (N,) in B * T of outputs and of the words they do not see yet, and their rows.

    Made on the CPU, where lengths are: their number is known there without waiting for the device.
    """
    width, ahead = ids.values.shape[1], config.look_ahead + 1
    real = np.arange(width) < ids.lengths.numpy()[:, None]
    row, step = np.nonzero(real[:, ahead:])
    early, late = row * width + step, row * width + step + ahead
    return [(early, late, row), (late, early, row)][: 1 + config.bidirectional]
