"""What is known before a language model is trained: rows, tokens, directions, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from seqtext.data.text.encoding import texts_of
from seqtext.data.text.splits import TextSplits
from seqtext.options import TrainingOptions
from seqtext.reporting.summary import counted, encode_splits, example_text, lengths_of_texts, summarise
from seqtext.reporting.unknown_characters import unknown_characters
from seqtext.tasks.dropout_by_tokens import dropout_told
from seqtext.tasks.language_model.language_model import LanguageModel

UNKNOWN_WORDS = 0.1  # share of them in a split that is worth a warning


def language_summary(
    task: LanguageModel, data: TextSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: naming a row whose text cannot be used; or most of the text is of characters that the tokenizer does not have.
        ResourceError: for a device, precision or tracker that is not there.
    """
    encoded, seconds = encode_splits(task, task.encode_with_report, data, options)
    examples, report = encoded["train"]
    reports = {name: part for name, (_, part) in encoded.items()}
    rows = {name: len(part.tokens) for name, (part, _) in encoded.items()}
    empty = {name: part.empty for name, part in reports.items()}
    words = task.config.tokens == "words"
    if words:
        shares = {name: part.byte_share for name, part in reports.items()}
        warnings = [
            f"split {name!r}: {share:.1%} of the words are unknown; raise --vocabulary_size, or leave --tokens words out"
            for name, share in shares.items()
            if share > UNKNOWN_WORDS
        ]
    else:
        warnings = unknown_characters(task.tokenizer, data, data.text_column, reports)
    unknown = f"{report.byte_share:.2%} of tokens {'are unknown words' if words else 'spell bytes'}"
    sampled = task.model.head.sampled
    seen = f", of which a step of training sees {sampled:,} (--sampled_softmax)" if sampled else ""
    texts = (text for chunk in texts_of(data.train, data.text_column) for text in chunk)
    first = next((text for text in islice(texts, 100) if text.strip()), "")
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"][0],
        options,
        first=[
            f"rows        {counted(rows)}",
            f"text        {lengths_of_texts(examples.lengths)}",
            f"            {sum(empty.values()):,} empty texts, {unknown}",
            f"            {data.duplicates:,} test texts are in train too",
            f"windows     {len(examples):,} of {examples.window} tokens an epoch, behind {examples.warm_up} that are only read",
            f"vocabulary  {len(task.tokenizer):,} {'words' if words else 'pieces'}{seen}",
            f"directions  {task.config.directions}",
            f"dropout     {dropout_told(task.config)}",
        ],
        padded=False,
        example=example_text(first, task.tokenizer),
        notes=data.notes,
        warnings=[*data.warnings, *warnings],
        encoding_seconds=seconds,
    )
    return lines, {
        "rows": rows,
        "tokens": {name: part.count for name, (part, _) in encoded.items()},
        "empty_texts": empty,
        "unknown_share" if words else "byte_share": report.byte_share,
        "test_texts_in_train": data.duplicates,
        **figures,
    }
