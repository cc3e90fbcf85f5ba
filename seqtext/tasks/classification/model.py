"""What a topic classifier consists of: the model of a config. Knows settings, no texts."""

from __future__ import annotations

from torch import nn

from seqtext.data.text.tokenizer import UNKNOWN
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.pooling import Pooling
from seqtext.nn.word_prediction import WordPrediction
from seqtext.tasks.classification.settings import TopicConfig
from seqtext.tasks.classification.targets import target_of


class NoModel(nn.Module):
    """Stands where a linear model alone has no recurrent one: nothing is trained by steps."""


def build_model(config: TopicConfig, tokens: int) -> SeqToVec | NoModel:
    """The recurrent model of a config, with new weights.

    Args:
        config: of the classifier.
        tokens: pieces of its tokenizer.
    """
    if config.model == "linear":
        return NoModel()
    backbone = Backbone(
        input_size=config.embedding_size,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        cell=config.cell,
        activation=config.activation,
        bidirectional=config.bidirectional,
        dropout=config.layer_dropout,
        residual=config.residual,
        layer_norm=config.layer_norm,
    )
    embedding = TokenEmbedding(
        vocabulary_size=tokens,
        embedding_size=config.embedding_size,
        word_dropout=config.word_dropout,
        dropout=config.embedding_dropout,
        unknown_id=UNKNOWN,
    )
    words = None
    if config.word_prediction and config.word_dropout:
        words = WordPrediction(
            input_size=backbone.output_size,
            embedding_size=config.embedding_size,
            vocabulary_size=tokens,
            dropout=config.head_dropout,
        )
    return SeqToVec(
        embedding=embedding,
        auxiliary=words,
        backbone=backbone,
        pooling=Pooling(kinds=config.pooling, size=backbone.output_size, bidirectional=config.bidirectional),
        output_size=target_of(config).outputs,
        dropout=config.head_dropout,
    )


def layer_rates(config: TopicConfig) -> dict[str, float]:
    """Shares of the learning rate, by what the names of parameters begin with: the lower a layer, the less (Howard and Ruder 2018)."""
    share, layers = config.layer_rate, config.num_layers
    below = {
        f"backbone.{side}layers.{number}.": share ** (layers - number)
        for number in range(layers)
        for side in ("", "reverse_")
    }
    return {**below, "embedding.": share ** (layers + 1)} if share != 1 else {}
