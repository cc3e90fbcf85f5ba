"""What is known before a text generator is trained: rows, lengths, vectors, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.text.encoding import texts_of
from seqtext.data.text.html import clean_html
from seqtext.data.text.splits import TextSplits
from seqtext.errors import shorten
from seqtext.options import TrainingOptions
from seqtext.reporting.summary import counted, encode_splits, example_text, lengths_of_texts, summarise
from seqtext.reporting.unknown_characters import unknown_characters
from seqtext.tasks.dropout_by_tokens import dropout_told
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.vectors import RowVectors

SHOWN = 12  # values of an attribute


def generator_summary(
    task: TextGenerator, data: TextSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: naming a row whose text, attribute or vector cannot be used; or most of the text is of characters
            that the tokenizer does not have.
        ResourceError: for a device, precision or tracker that is not there.
    """
    encoded, seconds = encode_splits(task, task.encode_with_report, data, options)
    examples, report = encoded["train"]
    reports = {name: part for name, (_, part) in encoded.items()}
    rows = {name: len(part) for name, (part, _) in encoded.items()}
    empty = {name: part.empty for name, part in reports.items()}
    long = int((examples.lengths > task.config.max_length).sum())
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"][0],
        options,
        first=[
            f"rows        {counted(rows)}",
            f"text        {lengths_of_texts(examples.lengths)}",
            f"            {sum(empty.values()):,} empty texts, {long:,} read in windows of {task.config.max_length},"
            f" {report.byte_share:.2%} of tokens spell bytes",
            f"            {data.duplicates:,} test texts are in train too",
            f"vector      {_vector(task, examples.vectors)}",
            f"vocabulary  {len(task.tokenizer):,} pieces",
            f"dropout     {dropout_told(task.config)}",
        ],
        example=example_text(next(texts_of(data.train.select([0]), data.text_column))[0], task.tokenizer),
        notes=[*data.notes, *_folded(task, data), *_of_html(task, data)],
        warnings=[*data.warnings, *unknown_characters(task.tokenizer, data, data.text_column, reports)],
        encoding_seconds=seconds,
    )
    return lines, {
        "rows": rows,
        "tokens": {name: int(part.lengths.sum(dtype=np.int64)) for name, (part, _) in encoded.items()},
        "empty_texts": empty,
        "byte_share": report.byte_share,
        "test_texts_in_train": data.duplicates,
        **figures,
    }


def _folded(task: TextGenerator, data: TextSplits) -> list[str]:
    """A note of training texts whose line ends are lost."""
    if task.config.whitespace == "keep":
        return []
    import pyarrow.compute as pc

    trimmed = map(pc.utf8_trim_whitespace, column_arrays(data.train, data.text_column))
    held = sum(pc.sum(pc.match_substring(texts, "\n")).as_py() for texts in trimmed)
    found = f"{held:,} of {len(data.train):,} training texts hold line ends: each becomes a space; --whitespace keep keeps them"
    return [found] if held else []


def _of_html(task: TextGenerator, data: TextSplits) -> list[str]:
    """A note of training texts that carry HTML, cleaned or not."""
    texts = [text for chunk in texts_of(data.train, data.text_column) for text in chunk]
    changed = [(text, cleaned) for text in texts if (cleaned := clean_html(text)) != text]
    if not changed:
        return []
    found = f"{len(changed):,} of {len(texts):,} training texts carry entities or tags of HTML"
    if task.config.clean == "none":
        return [f"{found}, and are taken as they are; --clean html cleans them"]
    text, cleaned = changed[0]
    pairs = enumerate(zip(text, cleaned, strict=False))
    start = max(next((place for place, (one, other) in pairs if one != other), len(cleaned)) - 20, 0)
    return [f"{found}, and are cleaned: {shorten(text[start:], 50)} becomes {shorten(cleaned[start:], 50)}"]


def _vector(task: TextGenerator, vectors: RowVectors) -> str:
    config = task.config
    if config.attributes:
        parts = []
        for column, names in zip(config.attributes, config.names, strict=True):
            more = f", {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            parts.append(f"{column} ({', '.join(shorten(name, 30)[1:-1] for name in names[:SHOWN])}{more})")
        return f"{config.vector_size} features: {'; '.join(parts)}"
    if config.vector_column is not None:
        return f"{config.vector_size} features of column {config.vector_column!r}{_constant(vectors)}"
    return f"{config.vector_size} features that a classifier makes of the text" if config.has_encoder else "none"


def _constant(vectors: RowVectors) -> str:
    """That features say nothing."""
    assert vectors.dense is not None
    same = int((vectors.dense == vectors.dense[0]).all(0).sum())
    which = "all" if same == vectors.size else f"{same:,}"
    return f", {which} of them the same in all training rows" if same else ""
