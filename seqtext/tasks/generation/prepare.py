"""What a new text generator starts from: columns, names, tokenizer and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from seqtext.data.reading.joined_columns import joined, parts_of, separators_in
from seqtext.data.reading.label_codes import check_values
from seqtext.data.rows.columns import check_texts, choose_label, choose_text, require
from seqtext.data.rows.given import as_rows
from seqtext.data.rows.labels import Labels
from seqtext.data.text.encoding import learning_texts
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.suited_pieces import suited_pieces
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError
from seqtext.saving.configs import settings_of
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.choices import chosen
from seqtext.tasks.generation.example_vectors import example_vectors
from seqtext.tasks.generation.records import Records
from seqtext.tasks.generation.rows import encode_rows
from seqtext.tasks.generation.settings import GeneratorConfig, GeneratorSettings
from seqtext.tasks.generation.vectors import dense_column, dense_scales
from seqtext.tasks.other_tokenizer import under_other_tokenizer
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.starting import as_one_side, open_start, tokenizer_of, weights_of, with_tokenizer_of, without_parts

if TYPE_CHECKING:
    from datasets import Dataset


PIECES = 8_000  # of a tokenizer
SHAPE = ("cell", "embedding_size", "hidden_size", "num_layers", "tied")  # settings that decide which weights there are
READS_VECTOR = ("to_input", "to_state", "no_vector")  # parts of a model that know what its vector means
CHOICE = "--attributes NAME, or --vector none"  # what to give where no column is clearly what texts are told apart by


class Prepared(NamedTuple):
    """Config, tokenizer, the classifier that makes the vectors, the records of training texts, and another run's weights; classifier and
    weights or None; what is to be said of these."""

    config: GeneratorConfig
    tokenizer: Tokenizer
    encoder: TopicClassifier | None
    records: Records
    weights: dict[str, Tensor] | None
    said: str = ""


def prepare(
    train: Any,
    text_column: str | Sequence[str] | None,
    attributes: Sequence[str] | None,
    vector_column: str | None,
    vectors_from: str | Path | None,
    init_from: str | Path | None,
    settings: Mapping[str, Any],
    *,
    new_tokenizer: bool = False,
) -> Prepared:
    """Everything but the weights; the arguments are those of `TextGenerator.from_data`.

    Raises:
        DataError: if columns cannot be used.
        OptionsError: for an unknown setting, or ways to make vectors that rule each other out.
    """
    wanted = settings_of(GeneratorSettings, settings)
    if sum((bool(attributes), vector_column is not None, vectors_from is not None)) > 1:
        fix = "give one of --attributes, --vector_column and --vectors_from"
        raise OptionsError("several ways to make the vectors", fix=fix)
    text = joined(text_column) if text_column else None
    train = as_rows(train, text, *(attributes or ()), vector_column, split="train")
    if attributes is None:
        by_vectors = vector_column is not None or vectors_from is not None
        attributes = () if by_vectors else (choose_label(train, text=text, flag=CHOICE),)
    text = text or choose_text(train, label=attributes[0] if attributes else None)
    require({"train": train}, text, *attributes, *([] if vector_column is None else [vector_column]))
    if {*parts_of(text)} & {*attributes} or len(set(attributes)) < len(attributes):
        raise OptionsError(f"attributes {', '.join(attributes)} of texts in {text!r}", expected="different columns")
    check_texts(train, text)
    for column in attributes:
        check_values(train, column)
    labels = [Labels.of(train, column) for column in attributes]
    encoder = None if vectors_from is None else TopicClassifier.from_pretrained(vectors_from)
    means, scales = _dense_scales(train, text, vector_column, encoder)
    source = None if init_from is None else open_start(init_from)
    if source is not None:
        wanted = _shaped_like(wanted if new_tokenizer else with_tokenizer_of(wanted, source), source)
        if source.settings.get("whitespace") == "keep":  # as its weights learnt it
            wanted = replace(wanted, whitespace="keep")
    if source is None or new_tokenizer:
        normaliser = Normaliser(whitespace=wanted.whitespace, lowercase=wanted.lowercase, clean=wanted.clean)
        size = wanted.vocabulary_size or suited_pieces(train, [text], normaliser, of_texts=PIECES)
        wanted = replace(wanted, vocabulary_size=size)
        texts = learning_texts(train, text)
        tokenizer = Tokenizer.train(texts, vocabulary_size=size, normaliser=normaliser, always=separators_in(text))
    else:
        tokenizer = tokenizer_of(source, "target", whitespace=wanted.whitespace, clean=wanted.clean)
    tokens, _ = encode_rows(train, text, tokenizer)  # into the cache, where training finds them
    records, new_words = Records.of(tokens, tokenizer, wanted.no_copy_ngram)
    config = GeneratorConfig(
        **{**asdict(chosen(wanted, len(tokens.values))), "no_copy_ngram": records.guard.length if records.guard else 0},
        text_column=text,
        attributes=tuple(attributes),
        names=tuple(label.names for label in labels),
        shares=tuple(count / max(sum(label.counts), 1) for label in labels for count in label.counts),
        vector_column=vector_column,
        has_encoder=encoder is not None,
        means=means,
        scales=scales,
        new_words=new_words,
    )
    if source is None:
        return Prepared(config, tokenizer, encoder, records, None)
    weights, said = _weights(source, config), ""
    if new_tokenizer:
        weights, said = under_other_tokenizer(weights, tokenizer_of(source, "target"), tokenizer)
    return Prepared(config, tokenizer, encoder, records, weights, said)


def _shaped_like(wanted: GeneratorSettings, source: SavedTask) -> GeneratorSettings:
    """The settings wanted, where they are not the defaults, and the shape of the run to start from: or none of its weights would fit."""
    if source.task not in ("LanguageModel", "TextGenerator"):
        return wanted
    usual = GeneratorSettings()
    shape = {name: source.value(name, type(getattr(usual, name))) for name in SHAPE}
    return replace(
        wanted, **{name: has for name, has in shape.items() if getattr(wanted, name) == getattr(usual, name)}
    )


def _weights(source: SavedTask, config: GeneratorConfig) -> dict[str, Tensor]:
    """Another run's weights, those of what writes; without its head if this gives no tokens, and without those that read its vectors if
    these mean something else."""
    weights = as_one_side(weights_of(source), "target")
    if source.task == "TextGenerator":
        theirs = source.config(GeneratorConfig, task=source.task)
        meaning = ("attributes", "names", "vector_column", "has_encoder", "means", "scales")
        if all(getattr(theirs, name) == getattr(config, name) for name in meaning):
            return weights
    return without_parts(weights, READS_VECTOR if source.writes else (*READS_VECTOR, "head"))


def _dense_scales(
    train: Dataset, text: str, column: str | None, encoder: TopicClassifier | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if column is not None:
        return dense_scales(dense_column(train, column))
    if encoder is not None:
        return dense_scales(example_vectors(encoder, train, text))
    return (), ()
