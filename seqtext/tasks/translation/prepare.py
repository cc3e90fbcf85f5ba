"""What a new translator starts from: columns, tokenizers and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from seqtext.data.rows.columns import check_one_split, check_texts, require
from seqtext.data.text.encoding import texts_of
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError
from seqtext.saving.configs import settings_of
from seqtext.saving.folders import read_tensors
from seqtext.tasks.saved import SavedTask, open_saved, tokenizer_settings, with_fixed
from seqtext.tasks.translation.model import read_tokenizers
from seqtext.tasks.translation.settings import TranslatorConfig, TranslatorSettings

if TYPE_CHECKING:
    from datasets import Dataset


class Prepared(NamedTuple):
    """Config, the tokenizers of source and target, which may be one, and another run's weights or None."""

    config: TranslatorConfig
    source_tokenizer: Tokenizer
    tokenizer: Tokenizer
    weights: dict[str, Tensor] | None


def prepare(
    train: Dataset,
    source_column: str,
    target_column: str,
    init_from: str | Path | None,
    settings: Mapping[str, Any],
) -> Prepared:
    """Everything but the weights; the arguments are those of `Translator.from_data`.

    Raises:
        DataError: if columns cannot be used.
        OptionsError: for an unknown setting, or a run to start from whose tokenizers do not fit.
    """
    wanted = settings_of(TranslatorSettings, settings)
    check_one_split(train)
    columns = (source_column, target_column)
    require({"train": train}, *columns)
    if source_column == target_column:
        raise OptionsError(f"source and target are both column {source_column!r}", expected="different columns")
    for column in columns:
        check_texts(train, column)
    source = None if init_from is None else open_saved(init_from)
    if source is None:
        sides = _trained(train, columns, wanted)
    else:
        wanted = with_fixed(wanted, tokenizer_settings(source))
        sides = _taken(source, wanted)
    config = TranslatorConfig(**asdict(wanted), source_column=source_column, target_column=target_column)
    weights = None if source is None else read_tensors(source.file("model.safetensors"), where=str(source.folder))
    return Prepared(config, *sides, weights)


def _trained(train: Dataset, columns: tuple[str, str], wanted: TranslatorSettings) -> tuple[Tokenizer, Tokenizer]:
    """New ones; a shared one sees both sides in turns, since it looks at so many characters and no more."""

    def trained(texts: Iterator[str]) -> Tokenizer:
        normaliser = Normaliser(lowercase=wanted.lowercase)
        return Tokenizer.train(texts, vocabulary_size=wanted.vocabulary_size, normaliser=normaliser)

    sides = [chain.from_iterable(texts_of(train, column)) for column in columns]
    if not wanted.shared_tokenizer:
        source, target = map(trained, sides)
        return source, target
    shared = trained(text for pair in zip_longest(*sides, fillvalue="") for text in pair)
    return shared, shared


def _taken(source: SavedTask, wanted: TranslatorSettings) -> tuple[Tokenizer, Tokenizer]:
    """Those of the run to start from, which must have as many as are wanted."""
    shared = source.value("shared_tokenizer", bool) if source.task == "Translator" else True
    if shared != wanted.shared_tokenizer:
        found = f"{source.folder} has {'one tokenizer for both sides' if shared else 'a tokenizer for each side'}"
        raise OptionsError(
            found, fix="pass --shared_tokenizer" if shared else "pass --no_shared_tokenizer --tied two_way"
        )
    return read_tokenizers(source, shared=shared, lowercase=wanted.lowercase)
