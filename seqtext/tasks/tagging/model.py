"""What a tagger consists of: the model of a config. Knows settings, no texts."""

from __future__ import annotations

from seqtext.data.text.tokenizer import UNKNOWN
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.word_prediction import NextWords
from seqtext.nn.word_vectors import WordVectors
from seqtext.tasks.tagging.next_words import predicts_words
from seqtext.tasks.tagging.settings import TaggerConfig

SPECIAL = 2  # ids of characters that are none: padding, and whatever has no vector


def build_model(config: TaggerConfig, words: int, pieces: int = 0) -> SeqToSeq:
    """The model of a config, with new weights.

    Args:
        config: of the tagger.
        words: ids of its words.
        pieces: ids of the pieces that it reads besides, or 0.
    """
    vectors = WordVectors(
        embedding=TokenEmbedding(
            vocabulary_size=words,
            embedding_size=config.embedding_size,
            word_dropout=config.word_dropout,
            unknown_id=UNKNOWN,
        ),
        characters=TokenEmbedding(
            vocabulary_size=len(config.characters) + SPECIAL, embedding_size=config.character_size
        ),
        spelling=Backbone(
            input_size=config.character_size, hidden_size=config.spelling_size, cell=config.cell, bidirectional=True
        ),
        pieces=TokenEmbedding(vocabulary_size=pieces, embedding_size=config.embedding_size) if pieces else None,
        dropout=config.embedding_dropout,
    )
    next_words = NextWords(input_size=config.hidden_size, embedding_size=config.embedding_size, vocabulary_size=words)
    return SeqToSeq(
        embedding=vectors,
        backbone=Backbone(
            input_size=config.embedding_size,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            cell=config.cell,
            bidirectional=config.bidirectional,
            dropout=config.layer_dropout,
        ),
        output_size=len(config.tags),
        ahead=config.look_ahead,
        input_dropout=config.input_dropout,
        output_dropout=config.output_dropout,
        auxiliary=next_words if predicts_words(config) else None,
    )
