"""What a text generator consists of: the model of a config, the vectors of rows. Knows settings, no texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from seqtext.data.text.tokenizer import UNKNOWN
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.example_vectors import example_vectors
from seqtext.tasks.generation.settings import GeneratorConfig
from seqtext.tasks.generation.vectors import RowVectors, attribute_places, dense_column, scale_dense

if TYPE_CHECKING:
    from datasets import Dataset

ENCODER = "encoder-"  # what the names of the files begin with of the classifier that makes the vectors


def build_model(config: GeneratorConfig, tokens: int) -> VecToSeq:
    """The model of a config, with new weights.

    Args:
        config: of the generator.
        tokens: pieces of its tokenizer.
    """
    model = VecToSeq(
        embedding=TokenEmbedding(
            vocabulary_size=tokens,
            embedding_size=config.embedding_size,
            type_dropout=config.embedding_dropout or 0.0,
            unknown_id=UNKNOWN,
        ),
        backbone=Backbone(
            input_size=config.embedding_size,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            cell=config.cell,
            dropout=config.layer_dropout,
        ),
        head=VocabularyHead(
            input_size=config.hidden_size,
            vector_size=config.embedding_size,
            vocabulary_size=tokens,
            tied=config.tied,
        ),
        vector_size=config.vector_size,
        feedback=config.feedback,
        input_dropout=config.input_dropout or 0.0,
        output_dropout=config.output_dropout or 0.0,
    )
    if config.shares:  # "any" begins as the mixture that the training rows are
        with torch.no_grad():
            model.no_vector.copy_(torch.tensor(config.shares, dtype=torch.float32))
    return model


def row_vectors(rows: Dataset, config: GeneratorConfig, encoder: TopicClassifier | None) -> RowVectors:
    """The vectors of all rows of a split.

    Args:
        rows: of the split.
        config: of the generator.
        encoder: the classifier that makes them of the texts, if one does.

    Raises:
        DataError: naming the row whose attribute or vector cannot be used.
    """
    if config.attributes:
        return RowVectors(attribute_places(rows, config), None, config.vector_size)
    if config.vector_column is not None:
        dense = dense_column(rows, config.vector_column, size=config.vector_size)
        return RowVectors(None, scale_dense(dense, config), config.vector_size)
    if encoder is not None:
        dense = example_vectors(encoder, rows, config.text_column)
        return RowVectors(None, scale_dense(dense, config), config.vector_size)
    return RowVectors(None, None, 0)
