"""What is known before a tagger is trained: words, tags, lengths, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtext.data.tags.columns import words_of
from seqtext.data.tags.splits import TaggedSplits
from seqtext.data.text.tokenizer import UNKNOWN
from seqtext.errors import printable
from seqtext.options import TrainingOptions
from seqtext.reporting.summary import counted, encode_splits, summarise
from seqtext.reporting.table import LONGEST_NAME
from seqtext.tasks.tagging.rows import EncodedTags
from seqtext.tasks.tagging.tagger import Tagger

SHOWN_TAGS = 12
UNKNOWN_WORDS = 0.35  # share of a split's words without a vector of their own that is worth a warning


def tagger_summary(task: Tagger, data: TaggedSplits, options: TrainingOptions) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: naming a row that cannot be used.
        ResourceError: for a device, precision or tracker that is not there.
    """
    encoded, seconds = encode_splits(task, task.encode, data, options)
    examples = encoded["train"]
    rows = {name: len(part.row_lengths) for name, part in encoded.items()}
    words = {name: int(part.lengths.sum()) for name, part in encoded.items()}
    unknown = {name: _unknown(part) for name, part in encoded.items()}
    low, median, high, most = (int(value) for value in np.percentile(examples.row_lengths, [5, 50, 95, 100]))
    cut = int((examples.row_lengths > task.config.max_length).sum())
    first = next(words for chunk in words_of(data.train, data.columns.tokens) for words in chunk if words)
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"],
        options,
        first=[
            f"rows        {counted(rows)} sentences; words in {data.columns.tokens!r}, tags in {data.columns.tags!r}",
            f"words       {counted(words)}; a sentence has {median} (median), {low} to {high} (90 % of them), {most} at most",
            f"            {data.duplicates:,} test sentences are in train too",
            f"tags        {_tags(task, examples)}",
            f"vocabulary  {len(task.words):,} words, {len(task.config.characters):,} characters; {unknown['validation']:.1%} of the"
            " validation words are read by their spelling alone",
            f"tagged      {_reads(task)}",
        ],
        batch=f"{options.batch_rows or 'chosen'} rows, {options.batch_tokens * options.gradient_accumulation:,} words"
        if options.batch_rows
        else "",
        example=[f"example     {' '.join(first)[:100]!r}"],
        notes=[*data.notes, *([f"{cut:,} rows are longer than --max_length, and cut in training"] if cut else [])],
        warnings=[*data.warnings, *_about_words(unknown)],
        encoding_seconds=seconds,
    )
    return lines, {
        "rows": rows,
        "words": words,
        "unknown_words": unknown,
        "test_sentences_in_train": data.duplicates,
        **figures,
    }


def _unknown(part: EncodedTags) -> float:
    """The share of a split's words that have no vector."""
    return float((part.forms.ids[part.numbers.values.numpy()] == UNKNOWN).mean())


def _tags(task: Tagger, examples: EncodedTags) -> str:
    """The commonest tags with their shares of the training words."""
    tags = examples.tags.values.numpy()
    counts = np.bincount(tags[tags >= 0], minlength=len(task.config.tags))
    order = np.argsort(-counts, kind="stable")[:SHOWN_TAGS]
    shown = [f"{printable(task.config.tags[at], LONGEST_NAME)} {counts[at] / max(counts.sum(), 1):.1%}" for at in order]
    more = f" and {len(counts) - len(order):,} more" if len(counts) > len(order) else ""
    return f"{len(counts):,}: {', '.join(shown)}{more}"


def _reads(task: Tagger) -> str:
    """When a word's tag is there."""
    if task.config.bidirectional:
        return "when the whole sentence was read"
    ahead = task.config.look_ahead
    return f"{ahead:,} words after each word" if ahead else "as soon as a word is there"


def _about_words(unknown: Mapping[str, float]) -> list[str]:
    return [
        f"split {name!r}: {share:.1%} of the words are read by their spelling alone: they come once in training, or never"
        for name, share in unknown.items()
        if share > UNKNOWN_WORDS
    ]
