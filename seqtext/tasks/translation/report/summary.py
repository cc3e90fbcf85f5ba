"""What is known before a translator is trained: pairs, lengths, vocabulary, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.splits import PairSplits
from seqtext.data.text.encoding import EncodingReport
from seqtext.options import TrainingOptions
from seqtext.reporting.summary import counted, encode_splits, example_text, lengths_of_texts, summarise, tokens_of_step
from seqtext.reporting.unknown_characters import unknown_characters
from seqtext.tasks.translation.rows import PairRows
from seqtext.tasks.translation.translator import Translator


def translation_summary(
    task: Translator, data: PairSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: naming a row whose source or target cannot be used; or most of the text is of characters
            that the tokenizer does not have.
        ResourceError: for a device, precision or tracker that is not there.
    """
    encoded, seconds = encode_splits(task, task.encode_with_report, data, options)
    examples, *train = encoded["train"]
    rows = {name: len(part) for name, (part, *_) in encoded.items()}
    cut = {name: [side.cut for side in reports] for name, (_, *reports) in encoded.items()}
    shares = [side.byte_share for side in train]
    source, target = data.languages
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"][0],
        options,
        first=[
            f"languages   {source} to {target}",
            f"rows        {counted(rows)}",
            f"source      {lengths_of_texts(examples.source_lengths)}",
            f"target      {lengths_of_texts(examples.target_lengths)}",
            f"            {sum(map(sum, cut.values())):,} texts cut at {task.config.max_length} tokens ({_cut(cut)});"
            f" {shares[0]:.2%} and {shares[1]:.2%} of tokens spell bytes",
            f"            {sum(data.blank.values()):,} pairs with a blank side left out, {data.same:.1%} copies,"
            f" {data.uneven:,} of very uneven length, {data.duplicates:,} test sources in train too",
            f"vocabulary  {_vocabulary(task)}",
        ],
        batch=f"{tokens_of_step(options)} per side",
        example=[
            *example_text(str(data.train[0][SOURCE]), task.source_tokenizer),
            *example_text(str(data.train[0][TARGET]), task.tokenizer, title=""),
        ],
        notes=data.notes,
        warnings=[*data.warnings, *_unknown(task, data, encoded)],
        encoding_seconds=seconds,
    )
    return lines, {
        "rows": rows,
        "tokens": {name: _tokens(part) for name, (part, *_) in encoded.items()},
        "cut": {name: dict(zip((SOURCE, TARGET), counts, strict=True)) for name, counts in cut.items()},
        "byte_share": dict(zip((SOURCE, TARGET), shares, strict=True)),
        "blank_pairs": data.blank,
        "same_share": data.same,
        "uneven_pairs": data.uneven,
        "test_sources_in_train": data.duplicates,
        **figures,
    }


def _tokens(rows: PairRows) -> dict[str, int]:
    """Of both sides, end tokens among them."""
    sides = zip((SOURCE, TARGET), (rows.source_lengths, rows.target_lengths), strict=True)
    return {name: int(lengths.sum(dtype=np.int64)) for name, lengths in sides}


def _cut(cut: dict[str, list[int]]) -> str:
    return ", ".join(f"{name} {source:,} + {target:,}" for name, (source, target) in cut.items())


def _unknown(
    task: Translator, data: PairSplits, encoded: Mapping[str, tuple[PairRows, EncodingReport, EncodingReport]]
) -> list[str]:
    """Warnings of characters that a side's tokenizer lacks."""
    sides = ((SOURCE, task.source_tokenizer), (TARGET, task.tokenizer))
    return [
        warning
        for place, (side, tokenizer) in enumerate(sides)
        for warning in unknown_characters(
            tokenizer,
            data,
            side,
            {name: (source, target)[place] for name, (_, source, target) in encoded.items()},
            where=f"{side} of split",
            refused=("train",),  # another split with its sides swapped is warned of as such
        )
    ]


def _vocabulary(task: Translator) -> str:
    if task.config.shared_tokenizer:
        return f"{len(task.tokenizer):,} pieces, shared"
    return f"{len(task.source_tokenizer):,} pieces of the source, {len(task.tokenizer):,} of the target"
