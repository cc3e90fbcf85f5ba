"""What a new topic classifier starts from: columns, labels, tokenizer and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtext.data.reading.joined_columns import joined, separators_in
from seqtext.data.rows.columns import require
from seqtext.data.rows.given import as_rows
from seqtext.data.rows.label_sets import LabelSets
from seqtext.data.rows.labels import Labels
from seqtext.data.text.encoding import learning_texts
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.suited_pieces import suited_pieces
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError, one_of
from seqtext.saving.configs import settings_of
from seqtext.tasks.classification.choices import LEAST_LENGTH, OF_LANGUAGE, OF_TEXTS, reading
from seqtext.tasks.classification.columns import (
    Asked,
    LabelColumn,
    NumberColumn,
    SetsColumn,
    TargetColumn,
    choose_columns,
    target_column,
)
from seqtext.tasks.classification.encode import answers
from seqtext.tasks.classification.settings import UNEVEN, TopicConfig, TopicSettings
from seqtext.tasks.classification.targets import FAR_OFF, IN_WORDS, KINDS, target_of
from seqtext.tasks.other_tokenizer import under_other_tokenizer
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.starting import (
    as_one_side,
    open_start,
    tokenizer_of,
    weights_of,
    with_fixed,
    with_sizes_of,
    with_tokenizer_of,
    without_parts,
)

# What the weights of another classifier fix; the other settings may differ from it.
FIXED_BY_WEIGHTS = (
    "cell",
    "activation",
    "embedding_size",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "residual",
    "layer_norm",
)


class Prepared(NamedTuple):
    """A classifier's config and tokenizer, another run's weights or None, what is to be said of these, and of what was chosen."""

    config: TopicConfig
    tokenizer: Tokenizer
    weights: dict[str, Tensor] | None
    said: str = ""
    chosen: tuple[str, ...] = ()


def prepare(
    train: Any,
    text_column: str | Sequence[str] | None,
    label_column: str | Sequence[str] | None,
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
    text, label = (joined(one) if one else None for one in (text_column, label_column))
    train = as_rows(train, text, label, wanted.teacher_column, split="train")
    require({"train": train}, *filter(None, [wanted.teacher_column]))
    asked = Asked(wanted.target, decimal=wanted.decimal, missing=wanted.missing)
    columns = choose_columns(train, asked, text=text, label=label)
    learnt = _learnt(target_column(train, columns.label, asked), train, wanted)
    if source is not None:
        wanted = _fitted(wanted, source, new_tokenizer=new_tokenizer)
    if source is None or new_tokenizer:
        normaliser = Normaliser(lowercase=wanted.lowercase)
        size = wanted.vocabulary_size or suited_pieces(train, [columns.text], normaliser, of_texts=OF_TEXTS)
        wanted = replace(wanted, vocabulary_size=size)
        tokenizer = Tokenizer.train(
            learning_texts(train, columns.text),
            vocabulary_size=size,
            normaliser=normaliser,
            always=separators_in(columns.text),
        )
    else:
        tokenizer = tokenizer_of(source, "source")
    read = {"max_length": LEAST_LENGTH, "long_texts": "head"}  # as long as nobody knows the texts
    config = TopicConfig(**{**asdict(wanted), **learnt, **read}, text_column=columns.text, label_column=columns.label)
    found = reading(
        wanted, train, columns.text, tokenizer, lambda rows, texts: _mismatch(train.select(rows), texts, config)
    )
    config = replace(config, max_length=found.max_length, long_texts=found.long_texts)
    chosen = tuple(filter(None, [found.chosen]))
    if source is None:
        return Prepared(config, tokenizer, None, chosen=chosen)
    weights, said = _weights(source, config), ""
    if new_tokenizer:
        weights, said = under_other_tokenizer(weights, tokenizer_of(source, "source"), tokenizer)
    return Prepared(config, tokenizer, weights, said, chosen)


def language_settings(wanted: TopicSettings, texts: Any, column: str) -> dict[str, Any]:
    """Settings of a language model of some texts, whose weights such a classifier can take over: of several layers in two directions
    the first.

    Args:
        wanted: of the classifier.
        texts: rows.
        column: that they are in.
    """
    normaliser = Normaliser(lowercase=wanted.lowercase)
    size = wanted.vocabulary_size or suited_pieces(texts, [column], normaliser, of_texts=OF_LANGUAGE)
    same = ("lowercase", "cell", "embedding_size", "hidden_size")
    ways = (
        {"directions": "both"} if wanted.bidirectional else {"directions": "forward", "num_layers": wanted.num_layers}
    )
    return {"vocabulary_size": size, **{name: getattr(wanted, name) for name in same}, **ways}


def _learnt(column: TargetColumn, train: Any, wanted: TopicSettings) -> dict[str, Any]:
    """What training rows say of their labels or numbers, as fields of the config. Each row must have an answer, or a teacher's.

    Raises:
        DataError: a row without one, or whose answer cannot be used.
        OptionsError: settings that do not go with what texts have.
    """
    replace(wanted, target=column.kind)  # checks what goes with it
    found: dict[str, Any] = {"target": column.kind, "labels": (), "number_loss": wanted.number_loss or "squared"}
    if isinstance(column, LabelColumn):
        labels = Labels.of(train, column.column)
        if wanted.teacher_column is None:
            labels.encode(train, column.column)
        uneven = unevenness(labels.counts) > UNEVEN
        found |= {"labels": labels.names, "select": "macro_f1" if uneven else "accuracy"}
        found["class_weights"] = _balance(labels.counts) if wanted.balance_classes else None
    elif isinstance(column, SetsColumn):
        sets = LabelSets.of(train, column.column, column.form)
        sets.encode(train, column.column)
        found |= {"labels": sets.names, "label_form": column.form, "select": "average_precision"}
    elif isinstance(column, NumberColumn):
        mean, deviation = column.numbers.scale(train, column.column)
        values = column.numbers.encode(train, column.column).values
        off = bool((np.abs(values - mean) > FAR_OFF * deviation).any())
        found |= {"mean": mean, "deviation": deviation, "select": "r2"}
        found["number_loss"] = wanted.number_loss or ("huber" if off else "squared")
    found["select"] = wanted.select or found["select"]
    known = KINDS[column.kind].figures_known
    if found["select"] not in known:
        told = f"--select is {found['select']}, and a text has {IN_WORDS[column.kind]}"
        raise OptionsError(told, expected=one_of(known))
    return found


def _fitted(wanted: TopicSettings, source: SavedTask, *, new_tokenizer: bool) -> TopicSettings:
    """The settings wanted, with those that the run to start from decides, and sizes that its weights fit."""
    wanted = wanted if new_tokenizer else with_tokenizer_of(wanted, source)
    if source.task == "TopicClassifier":
        theirs = source.config(TopicConfig, task=source.task)
        return with_fixed(wanted, {name: getattr(theirs, name) for name in FIXED_BY_WEIGHTS})
    return with_sizes_of(wanted, source)


def _weights(source: SavedTask, config: TopicConfig) -> dict[str, Tensor]:
    """Another run's weights, those of what reads; its head goes along where it gives the same labels, pooled alike."""
    weights = as_one_side(weights_of(source), "source")
    if source.task == "TopicClassifier":
        theirs = source.config(TopicConfig, task=source.task)
        if (theirs.target, theirs.labels, theirs.pooling) == (config.target, config.labels, config.pooling):
            return weights
    return without_parts(weights, ["head"])


def _mismatch(train: Any, texts: Sequence[str], config: TopicConfig) -> float:
    """How far off a linear model of two thirds of some texts is on the others; 0 where it learns nothing."""
    target, truth = target_of(config), answers(train, config).best
    held_out = np.random.default_rng(0).permutation(len(texts)) < len(texts) // 3  # rows may lie in any order
    fitted, tried = ([texts[place] for place in np.flatnonzero(part).tolist()] for part in (~held_out, held_out))
    model = target.fit_linear(fitted, truth[~held_out], seed=0).model
    return (
        0.0
        if model is None
        else target.mismatch(target.of_linear(model.scores(tried)), torch.from_numpy(truth[held_out]))
    )


def unevenness(counts: Sequence[int]) -> float:
    """How many times the rows of the rarest class the commonest has, of those with rows."""
    present = [count for count in counts if count]
    return max(present) / min(present) if present else 1.0


def _balance(counts: Sequence[int]) -> tuple[float, ...]:
    """Weights in inverse proportion to the classes' rows, 1 on average over rows; 0 for a class without rows."""
    present = sum(count > 0 for count in counts)
    return tuple(sum(counts) / (present * count) if count else 0.0 for count in counts)
