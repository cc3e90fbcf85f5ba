"""A split of a tagger as ids of words and tags, all of it checked. Knows a task's config and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from seqtext.batching.ragged import Ragged
from seqtext.data.tags.columns import TaggedColumns, check_tagged, tags_of, words_of
from seqtext.tasks.tagging.rows import NO_TAG, EncodedTags

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.tasks.tagging.tagger import Tagger


def encode_rows(task: Tagger, rows: Dataset) -> EncodedTags:
    """As `Tagger.encode`, of a data set."""
    config = task.config
    check_tagged({str(rows.split or "given"): rows}, TaggedColumns(config.token_column, config.tag_column))
    ids = {tag: number for number, tag in enumerate(config.tags)}
    sentences = (words for chunk in words_of(rows, config.token_column) for words in chunk)
    forms, numbers = task.spelling.forms(sentences)
    tags = [
        [ids.setdefault(tag, len(ids)) for tag in of_row] or [NO_TAG]
        for chunk in tags_of(rows, config.tag_column)
        for of_row in chunk
    ]
    of_words, of_tags = Ragged.from_sequences(numbers), Ragged.from_sequences(tags)
    return EncodedTags(forms, of_words, of_tags, known=len(config.tags), max_length=config.max_length)


def unseen_in(task: Tagger, examples: EncodedTags) -> int:
    """How many words have tags that the task does not have."""
    return int((examples.tags.values >= len(task.config.tags)).sum())


def known_words(task: Tagger, examples: EncodedTags, training: frozenset[str]) -> torch.Tensor:
    """(N,) whether each word of a split, as it is written, stands among those of training."""
    seen = np.array([form in training for form in examples.forms.texts], dtype=bool)
    return torch.from_numpy(seen[examples.numbers.values.numpy()])
