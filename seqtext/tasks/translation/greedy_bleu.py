"""BLEU of the greedy translations of encoded pairs: what an epoch may be chosen by. Knows ids and a tokenizer to read them with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.pieces import MapPieces, total_of
from seqtext.data.text.tokenizer import BEGIN, END, Tokenizer
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.transduction import Source, transduce
from seqtext.tasks.translation.bleu import bleu_for, bleu_from, counts_of
from seqtext.tasks.translation.rows import PairRows
from seqtext.tasks.translation.settings import Search, TranslatorConfig
from seqtext.tasks.translation.writing import BANNED


def greedy_bleu(
    model: EncoderDecoder,
    config: TranslatorConfig,
    tokenizer: Tokenizer,
    examples: PairRows,
    pieces: Sequence[NDArray[np.int64]],
    map_pieces: MapPieces,
) -> float:
    """BLEU from 0 to 100, placeholders counted as words.

    Args:
        model: in evaluation mode.
        config: of the translator.
        tokenizer: of the targets.
        examples: the pairs.
        pieces: rows that are translated together.
        map_pieces: does the work on the pieces.
    """
    search = Search(beam=1).for_model(config)

    def texts(ids: Sequence[list[int]]) -> list[str]:
        return [" ".join(tokenizer.decode(row).split()) for row in ids]

    def references(rows: NDArray[np.int64]) -> list[str]:
        batch = examples.batch(rows)
        lengths = batch.tokens.lengths.tolist()
        return texts([row[: length - 1] for row, length in zip(batch.targets.tolist(), lengths, strict=True)])

    bleu = bleu_for(references(pieces[0][:100]))

    def of(rows: NDArray[np.int64]) -> Tensor:
        batch = examples.batch(rows)
        lengths = batch.source.lengths.tolist()
        sources = [
            Source(row[:length], search.limit(length))
            for row, length in zip(batch.source.values.tolist(), lengths, strict=True)
        ]
        found = transduce(
            [model],
            sources,
            begin=BEGIN,
            end_id=END,
            banned=BANNED,
            beam=1,
            no_repeat_ngram=search.no_repeat_ngram or 0,
        )
        return torch.from_numpy(counts_of(bleu, texts([one.candidates[0].ids for one in found]), references(rows)))

    return bleu_from(bleu, np.array(total_of(map_pieces(pieces, of), figures=10)))
