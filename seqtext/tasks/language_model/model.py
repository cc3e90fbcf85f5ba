"""What a language model consists of: the model of a config. Knows settings, no texts."""

from __future__ import annotations

from seqtext.data.text.tokenizer import UNKNOWN
from seqtext.models.next_token import NextToken
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead
from seqtext.tasks.language_model.settings import LanguageConfig


def build_model(config: LanguageConfig, tokens: int) -> NextToken:
    """The model of a config, with new weights.

    Args:
        config: of the language model.
        tokens: ids of its tokenizer.
    """

    def head() -> VocabularyHead:
        sizes = {"input_size": config.hidden_size, "vector_size": config.embedding_size, "vocabulary_size": tokens}
        return VocabularyHead(**sizes, tied=config.tied, sampled=config.sampled_softmax)

    both = config.directions == "both"
    return NextToken(
        embedding=TokenEmbedding(
            vocabulary_size=tokens,
            embedding_size=config.embedding_size,
            word_dropout=config.word_dropout,
            type_dropout=config.embedding_dropout,
            unknown_id=UNKNOWN,
        ),
        backbone=Backbone(
            input_size=config.embedding_size,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            cell=config.cell,
            bidirectional=both,
            dropout=config.layer_dropout,
            weight_dropout=config.weight_dropout,
        ),
        head=head(),
        reverse_head=head() if both else None,
        input_dropout=config.input_dropout,
        output_dropout=config.output_dropout,
    )
