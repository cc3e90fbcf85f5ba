"""What a new topic classifier starts from: columns, labels, tokenizer and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from seqtext.data.reading.joined_columns import joined, separators_in
from seqtext.data.rows.columns import choose, require
from seqtext.data.rows.given import as_rows
from seqtext.data.rows.labels import Labels
from seqtext.data.text.encoding import texts_of
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.saving.configs import settings_of
from seqtext.tasks.classification.settings import UNEVEN, TopicConfig, TopicSettings
from seqtext.tasks.other_tokenizer import under_other_tokenizer
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import (
    as_one_side,
    open_start,
    tokenizer_of,
    weights_of,
    with_fixed,
    with_tokenizer_of,
    without_parts,
)

OF_TEXTS, OF_WORDS = 16_000, 400  # pieces of a tokenizer
OF_LANGUAGE = 8_000  # of one that a language model is trained with first: its time grows with them

# What the weights of another classifier fix; the other settings may differ from it.
_FIXED = (
    "cell",
    "activation",
    "embedding_size",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "residual",
    "layer_norm",
)
# What another task's weights are made for, by what a translator calls it: taken over where nothing else is asked for.
_SIZES = {
    "cell": "cell",
    "embedding_size": "embedding_size",
    "hidden_size": "encoder_size",
    "num_layers": "encoder_layers",
}


class Prepared(NamedTuple):
    """A classifier's config and tokenizer, another run's weights or None, and what is to be said of these."""

    config: TopicConfig
    tokenizer: Tokenizer
    weights: dict[str, Tensor] | None
    said: str = ""


def prepare(
    train: Any,
    text_column: str | Sequence[str] | None,
    label_column: str | None,
    init_from: str | Path | None,
    settings: Mapping[str, Any],
    *,
    new_tokenizer: bool = False,
) -> Prepared:
    """Everything but new weights; the arguments are those of `TopicClassifier.from_data`.

    Raises:
        DataError: if columns or labels cannot be used.
        OptionsError: for an unknown setting, or one that the run to start from contradicts.
        SavedFileError: if that run is damaged.
    """
    source = None if init_from is None else open_start(init_from)
    wanted = settings_of(TopicSettings, settings)
    train = as_rows(
        train, joined(text_column) if text_column else None, label_column, wanted.teacher_column, split="train"
    )
    require({"train": train}, *filter(None, [wanted.teacher_column]))
    columns = choose(train, text=text_column, label=label_column)
    labels = Labels.of(train, columns.label)
    if wanted.teacher_column is None:
        labels.encode(train, columns.label)  # before the tokenizer is trained: each row must have one
    if source is not None:
        wanted = _fitted(wanted, source, new_tokenizer=new_tokenizer)
    if source is None or new_tokenizer:
        texts = (text for chunk in texts_of(train, columns.text) for text in chunk)
        normaliser = Normaliser(lowercase=wanted.lowercase)
        wanted = replace(wanted, vocabulary_size=wanted.vocabulary_size or _vocabulary_size(train, columns.text))
        tokenizer = Tokenizer.train(
            texts,
            vocabulary_size=wanted.vocabulary_size or 0,
            normaliser=normaliser,
            always=separators_in(columns.text),
        )
    else:
        tokenizer = tokenizer_of(source, "source")
    wanted = replace(wanted, select=wanted.select or ("macro_f1" if unevenness(labels.counts) > UNEVEN else "accuracy"))
    config = TopicConfig(
        **asdict(wanted),
        labels=labels.names,
        text_column=columns.text,
        label_column=columns.label,
        class_weights=_balance(labels.counts) if wanted.balance_classes else None,
    )
    if source is None:
        return Prepared(config, tokenizer, None)
    weights, said = _weights(source, config), ""
    if new_tokenizer:
        weights, said = under_other_tokenizer(weights, tokenizer_of(source, "source"), tokenizer)
    return Prepared(config, tokenizer, weights, said)


def language_settings(wanted: TopicSettings, texts: Any, column: str) -> dict[str, Any]:
    """Settings of a language model of some texts, whose weights such a classifier can take over: of several layers in two directions
    the first.

    Args:
        wanted: of the classifier.
        texts: rows.
        column: that they are in.
    """
    size = wanted.vocabulary_size or min(_vocabulary_size(texts, column), OF_LANGUAGE)
    same = ("lowercase", "cell", "embedding_size", "hidden_size")
    ways = (
        {"directions": "both"} if wanted.bidirectional else {"directions": "forward", "num_layers": wanted.num_layers}
    )
    return {"vocabulary_size": size, **{name: getattr(wanted, name) for name in same}, **ways}


def _vocabulary_size(train: Any, column: str) -> int:
    """Pieces that suit some texts: of single words, such as names, form says more than what they are."""
    some = next(texts_of(train, column))
    return OF_WORDS if sum(len(text.split()) for text in some) < 1.5 * len(some) else OF_TEXTS


def _fitted(wanted: TopicSettings, source: SavedTask, *, new_tokenizer: bool) -> TopicSettings:
    """The settings wanted, with those that the run to start from decides, and sizes that its weights fit."""
    wanted = wanted if new_tokenizer else with_tokenizer_of(wanted, source)
    if source.task == "TopicClassifier":
        theirs = source.config(TopicConfig, task=source.task)
        return with_fixed(wanted, {name: getattr(theirs, name) for name in _FIXED})
    has, default = source.settings, TopicSettings()
    sizes = {name: has[theirs if theirs in has else name] for name, theirs in _SIZES.items() if {theirs, name} & {*has}}
    taken = {name: size for name, size in sizes.items() if getattr(wanted, name) == getattr(default, name)}
    return settings_of(TopicSettings, asdict(wanted) | taken)


def _weights(source: SavedTask, config: TopicConfig) -> dict[str, Tensor]:
    """Another run's weights, those of what reads; its head goes along where it gives the same labels, pooled alike."""
    weights = as_one_side(weights_of(source), "source")
    if source.task == "TopicClassifier":
        theirs = source.config(TopicConfig, task=source.task)
        if (theirs.labels, theirs.pooling) == (config.labels, config.pooling):
            return weights
    return without_parts(weights, ["head"])


def unevenness(counts: Sequence[int]) -> float:
    """How many times the rows of the rarest class the commonest has, of those with rows."""
    present = [count for count in counts if count]
    return max(present) / min(present) if present else 1.0


def _balance(counts: Sequence[int]) -> tuple[float, ...]:
    """Weights in inverse proportion to the classes' rows, 1 on average over rows; 0 for a class without rows."""
    present = sum(count > 0 for count in counts)
    return tuple(sum(counts) / (present * count) if count else 0.0 for count in counts)
