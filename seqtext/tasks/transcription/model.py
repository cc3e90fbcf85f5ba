"""What a transcriber consists of: the model of a config. Knows settings, no sounds."""

from __future__ import annotations

from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.frame_embedding import FrameEmbedding
from seqtext.tasks.transcription.settings import TranscriptionConfig


def build_model(config: TranscriptionConfig) -> SeqToSeq:
    """The model of a config, with new weights."""
    return SeqToSeq(
        embedding=FrameEmbedding(
            input_size=config.bands,
            output_size=config.embedding_size,
            stack=config.stack,
            skip=config.skip,
            forget=config.forget,
        ),
        backbone=Backbone(
            input_size=config.embedding_size,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            cell=config.cell,
            dropout=config.layer_dropout,
        ),
        output_size=1 + len(config.alphabet),  # nothing is the first
        ahead=config.ahead,
        input_dropout=config.input_dropout,
        output_dropout=config.output_dropout,
    )
