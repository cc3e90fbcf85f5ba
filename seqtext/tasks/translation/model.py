"""What a translator consists of: the model of a config, and the tokenizers of a saved run. Knows settings, no texts."""

from __future__ import annotations

from seqtext.data.text.tokenizer import UNKNOWN, Tokenizer
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.nn.attention import Attention
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import read_tokenizer
from seqtext.tasks.translation.settings import TranslatorConfig


def read_tokenizers(saved: SavedTask, *, shared: bool, lowercase: bool) -> tuple[Tokenizer, Tokenizer]:
    """Those of source and target out of a saved run.

    Raises:
        SavedFileError: if one is missing, or is no tokenizer of ours.
    """
    target = read_tokenizer(saved, lowercase=lowercase)
    return (target if shared else read_tokenizer(saved, lowercase=lowercase, name="source_tokenizer.model")), target


def build_model(config: TranslatorConfig, source_tokens: int, target_tokens: int) -> EncoderDecoder:
    """The model of a config, with new weights.

    Args:
        config: of the translator.
        source_tokens: pieces of the tokenizer that is read with.
        target_tokens: of the one that is written with.
    """

    def embedding(tokens: int) -> TokenEmbedding:
        return TokenEmbedding(
            vocabulary_size=tokens,
            embedding_size=config.embedding_size,
            word_dropout=config.word_dropout,
            dropout=config.embedding_dropout,
            unknown_id=UNKNOWN,
        )

    def layers(inputs: int, *, size: int, number: int, both: bool = False) -> Backbone:
        return Backbone(
            input_size=inputs,
            hidden_size=size,
            num_layers=number,
            cell=config.cell,
            bidirectional=both,
            dropout=config.layer_dropout,
        )

    encoder = layers(
        config.embedding_size, size=config.encoder_size, number=config.encoder_layers, both=config.bidirectional
    )
    size, attention, upper = config.hidden_size, None, []
    if config.attention is not None:
        attention = Attention(
            query_size=size,
            memory_size=encoder.output_size,
            attention_size=config.encoder_size,
            kind=config.attention,
            heads=config.heads,
        )
        wide = size + encoder.output_size
        upper = [layers(wide, size=size, number=1) for _ in range(config.num_layers - 1)]
    model_size = config.embedding_size if attention is not None else size
    return EncoderDecoder(
        embedding=embedding(target_tokens),
        source_embedding=None if config.tied == "three_way" else embedding(source_tokens),
        encoder=encoder,
        backbone=layers(config.embedding_size, size=size, number=config.num_layers if attention is None else 1),
        head=VocabularyHead(
            input_size=model_size,
            vector_size=config.embedding_size,
            vocabulary_size=target_tokens,
            tied=config.tied != "none",
        ),
        attention=attention,
        upper=upper,
        input_dropout=config.input_dropout,
        layer_dropout=config.layer_dropout,
        output_dropout=config.output_dropout,
    )
