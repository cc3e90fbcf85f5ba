"""What a new language model starts from: column, tokenizer and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from torch import Tensor

from seqtext.data.reading.joined_columns import joined, separators_in
from seqtext.data.rows.columns import check_texts, choose_text, require
from seqtext.data.rows.given import as_rows
from seqtext.data.text.encoding import learning_texts, texts_of
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.suited_pieces import suited_pieces
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.errors import OptionsError
from seqtext.nn.sampled_loss import sampled_by_default
from seqtext.saving.configs import settings_of
from seqtext.tasks.language_model.choices import chosen
from seqtext.tasks.language_model.settings import LanguageConfig, LanguageSettings
from seqtext.tasks.other_tokenizer import under_other_tokenizer
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.starting import (
    as_one_side,
    open_start,
    tokenizer_of,
    turned_round,
    weights_of,
    with_fixed,
    with_tokenizer_of,
    without_parts,
)

if TYPE_CHECKING:
    from datasets import Dataset

AnyKind: TypeAlias = Tokenizer | WordTokenizer

PIECES, WORDS = 16_000, 50_000  # of a vocabulary
OF_CLASSIFIER, OF_GENERATOR = 256, 512  # units of a layer, as those have by default


class Prepared(NamedTuple):
    """Config and tokenizer, another run's weights or None, and what is to be said of these."""

    config: LanguageConfig
    tokenizer: AnyKind
    weights: dict[str, Tensor] | None
    said: str = ""


def prepare(
    train: Any,
    text_column: str | Sequence[str] | None,
    init_from: str | Path | None,
    settings: Mapping[str, Any],
    *,
    new_tokenizer: bool = False,
) -> Prepared:
    """Everything but new weights; the arguments are those of `LanguageModel.from_data`.

    Raises:
        DataError: if the texts cannot be used.
        OptionsError: for an unknown setting, or one that the run to start from contradicts.
        SavedFileError: if that run is damaged.
    """
    wanted = settings_of(LanguageSettings, settings)
    source = None if init_from is None else open_start(init_from)
    train = as_rows(train, joined(text_column or ()) or None, split="train")
    column = joined(text_column or ()) or choose_text(train)
    require({"train": train}, column)
    check_texts(train, column)
    if source is not None:
        if wanted.tokens == "words":
            fix = "leave --tokens words out, or --init_from"
            raise OptionsError(f"--tokens is words, and --init_from {init_from} reads pieces", fix=fix)
        wanted = _fitted(wanted, source)
    if source is None or new_tokenizer:
        tokenizer, size = _trained(train, column, wanted)
        wanted = replace(wanted, vocabulary_size=size)
    else:
        wanted, tokenizer = with_tokenizer_of(wanted, source), tokenizer_of(source, "target")
    wanted = chosen(wanted, train, column, tokenizer)
    directions = wanted.directions or ("forward" if wanted.tokens == "words" or wanted.num_layers > 1 else "both")
    units = wanted.hidden_size or (OF_CLASSIFIER if directions == "both" else OF_GENERATOR)
    sampled = wanted.sampled_softmax
    if sampled is None:
        sampled = sampled_by_default(len(tokenizer), wanted.label_smoothing)
    decided = {"directions": directions, "hidden_size": units, "sampled_softmax": sampled}
    config = LanguageConfig(**{**asdict(wanted), **decided}, text_column=column)
    if source is None:
        return Prepared(config, tokenizer, None)
    weights, said = _weights(source, config), ""
    if isinstance(tokenizer, Tokenizer) and new_tokenizer:
        weights, said = under_other_tokenizer(weights, tokenizer_of(source, "target"), tokenizer)
    return Prepared(config, tokenizer, weights, said)


def _trained(train: Dataset, column: str, wanted: LanguageSettings) -> tuple[AnyKind, int]:
    """A new tokenizer, and the size it was asked for."""
    normaliser = Normaliser(lowercase=wanted.lowercase)
    if wanted.tokens == "words":
        size = wanted.vocabulary_size or WORDS
        texts = (text for chunk in texts_of(train, column) for text in chunk)
        return WordTokenizer.train(texts, vocabulary_size=size, normaliser=normaliser), size
    size = wanted.vocabulary_size or suited_pieces(train, [column], normaliser, of_texts=PIECES)
    always = separators_in(column)
    return Tokenizer.train(
        learning_texts(train, column), vocabulary_size=size, normaliser=normaliser, always=always
    ), size


def _fitted(wanted: LanguageSettings, source: SavedTask) -> LanguageSettings:
    """The settings wanted; of another language model, with its sizes and directions where nothing else was asked for."""
    if source.task != "LanguageModel":
        return wanted
    theirs = source.config(LanguageConfig, task=source.task)
    given = {name: getattr(wanted, name) for name in ("directions", "hidden_size") if getattr(wanted, name) is not None}
    fixed = {name: getattr(theirs, name) for name in ("cell", "embedding_size", "num_layers", "tied")}
    return replace(
        with_fixed(wanted, fixed), **{"directions": theirs.directions, "hidden_size": theirs.hidden_size, **given}
    )


def _weights(source: SavedTask, config: LanguageConfig) -> dict[str, Tensor]:
    """Another run's weights, those of what writes; without its head if this gives no tokens. Of one direction alone that which it has."""
    weights = as_one_side(weights_of(source), "target")
    weights = weights if source.writes else without_parts(weights, ["head"])
    return turned_round(weights) if config.directions == "backward" else weights
