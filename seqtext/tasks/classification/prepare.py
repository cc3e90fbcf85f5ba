"""What a new topic classifier starts from: columns, labels, tokenizer and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from seqtext.data.rows.columns import check_one_split, choose
from seqtext.data.rows.labels import Labels
from seqtext.data.text.encoding import texts_of
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.saving.configs import settings_of
from seqtext.tasks.classification.settings import TopicConfig, TopicSettings
from seqtext.tasks.saved import with_fixed

if TYPE_CHECKING:
    from datasets import Dataset

# What the weights and the tokenizer of another run fix; the other settings may differ from it.
_FIXED = (
    *("cell", "activation", "embedding_size", "hidden_size", "num_layers", "bidirectional", "residual", "layer_norm"),
    *("vocabulary_size", "lowercase"),
)


class Prepared(NamedTuple):
    """A classifier's config and tokenizer."""

    config: TopicConfig
    tokenizer: Tokenizer


def prepare(
    train: Dataset,
    text_column: str | None,
    label_column: str | None,
    source: Prepared | None,
    settings: Mapping[str, Any],
) -> Prepared:
    """Config and tokenizer for a data set.

    Args:
        train: training rows.
        text_column: recognised if None and there is no doubt.
        label_column: likewise.
        source: what another run has, to take its tokenizer and sizes from.
        settings: fields of `TopicSettings`; the others have their defaults.

    Raises:
        DataError: if columns or labels cannot be used.
        OptionsError: for an unknown setting, or one that the run to start from contradicts.
    """
    wanted = settings_of(TopicSettings, settings)
    check_one_split(train)
    columns = choose(train, text=text_column, label=label_column)
    labels = Labels.of(train, columns.label)
    if source is None:
        texts = (text for chunk in texts_of(train, columns.text) for text in chunk)
        normaliser = Normaliser(lowercase=wanted.lowercase)
        tokenizer = Tokenizer.train(texts, vocabulary_size=wanted.vocabulary_size, normaliser=normaliser)
    else:
        tokenizer = source.tokenizer
        wanted = with_fixed(wanted, {name: getattr(source.config, name) for name in _FIXED})
    config = TopicConfig(
        **asdict(wanted),
        labels=labels.names,
        text_column=columns.text,
        label_column=columns.label,
        class_weights=_balance(labels.counts) if wanted.balance_classes else None,
    )
    return Prepared(config, tokenizer)


def _balance(counts: Sequence[int]) -> tuple[float, ...]:
    """Weights in inverse proportion to the classes' rows, 1 on average over rows; 0 for a class without rows."""
    present = sum(count > 0 for count in counts)
    return tuple(sum(counts) / (present * count) if count else 0.0 for count in counts)
