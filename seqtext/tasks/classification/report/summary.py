"""What is known before training starts: rows, lengths, padding, parameters, time. All of it is printed, and all of `--dry_run`.

Knows text classifiers; every figure is measured on the encoded rows, none is guessed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtext.data.text.encoding import EncodingReport
from seqtext.models.outline import outline
from seqtext.options import TrainingOptions
from seqtext.reporting.estimate import duration, place_of, seconds_per_epoch
from seqtext.reporting.unknown_characters import told_of_unknown
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.tasks.classification.splits import LabelledSplits
from seqtext.training.loop import sampling_seed
from seqtext.training.processes import world_size
from seqtext.training.tracking import check_tracker

SHOWN_CLASSES = 12


def classification_summary(
    task: TopicClassifier, data: LabelledSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Training rows are those of the first epoch, cut into the pieces that it will see.

    Raises:
        DataError: if most of the text is characters the tokenizer does not have.
        ResourceError: for a device, precision or tracker that is not there.
    """
    check_tracker(options.track)
    seed = sampling_seed(options.seed, 0) if task.encodes_each_epoch else None
    started = time.perf_counter()
    encoded: dict[str, tuple[EncodedTexts, EncodingReport]] = {
        "train": task.encode_with_report(data.train, sampling_seed=seed)
    }
    encoding_seconds = time.perf_counter() - started if task.encodes_each_epoch else 0.0
    encoded |= {name: task.encode_with_report(getattr(data, name)) for name in ("validation", "test")}
    examples, report = encoded["train"]
    micro_batches = options.gradient_accumulation * world_size()  # a step
    plan = examples.plan(
        tokens=options.batch_tokens,
        seed=options.seed,
        micro_batches=micro_batches,
        max_rows=options.batch_rows,
    )
    epoch = plan.epoch(0)
    padding = plan.padding(epoch)
    seconds = encoding_seconds + seconds_per_epoch(task, examples, encoded["validation"][0], options)
    parameters = sum(parameter.numel() for parameter in task.model.parameters())
    unknown = [
        told
        for name, (_, part) in encoded.items()
        for told in told_of_unknown(
            task.tokenizer, getattr(data, name)[data.columns.text][:2000], part.byte_share, where=f"split {name!r}"
        )
    ]
    lines = [
        *_table_of_rows(task, encoded),
        f"text        {_lengths(examples.tokens.lengths.numpy())}",
        f"            {_counts(encoded)}",
        f"            {data.duplicates:,} test texts are in train too",
        f"vocabulary  {len(task.tokenizer):,} pieces"
        + (
            ""
            if len(task.tokenizer) >= task.config.vocabulary_size
            else f" (asked for {task.config.vocabulary_size:,}; the corpus has no more)"
        ),
        f"batches     {len(epoch):,} steps an epoch of up to {options.batch_tokens * micro_batches:,} tokens, padding {padding:.2%}",
        f"model       {outline(task.model)}: {parameters:,} parameters",
        f"time        about {duration(seconds)} an epoch, {duration(seconds * options.epochs)} for {options.epochs}"
        f" ({place_of(task, options)})",
        *_example(task, data),
        *(f"note        {note}" for note in data.notes),
        *(f"warning     {warning}" for warning in [*data.warnings, *unknown]),
    ]
    figures = {
        "rows": {name: len(part) for name, (part, _) in encoded.items()},
        "tokens": {name: part.tokens for name, (_, part) in encoded.items()},
        "empty_texts": {name: part.empty for name, (_, part) in encoded.items()},
        "cut_texts": {name: part.cut for name, (_, part) in encoded.items()},
        "byte_share": report.byte_share,
        "padding": padding,
        "test_texts_in_train": data.duplicates,
        "parameters": parameters,
        "notes": list(data.notes),
        "warnings": list(data.warnings),
    }
    return lines, figures


def _table_of_rows(task: TopicClassifier, encoded: Mapping[str, tuple[EncodedTexts, EncodingReport]]) -> list[str]:
    names = task.config.labels
    counts = {
        split: np.bincount(np.minimum(part.labels.numpy(), len(names)), minlength=len(names) + 1)
        for split, (part, _) in encoded.items()
    }
    width = max(9, *(len(name) for name in names[:SHOWN_CLASSES]))
    lines = [f"rows        {'class':<{width}}" + "".join(f"{split:>12}" for split in counts)]
    shown = list(enumerate(names[:SHOWN_CLASSES]))
    lines += [
        f"            {name:<{width}}" + "".join(f"{part[i]:>12,}" for part in counts.values()) for i, name in shown
    ]
    if len(names) > SHOWN_CLASSES:
        rest = [int(part[SHOWN_CLASSES:-1].sum()) for part in counts.values()]
        lines.append(
            f"            {f'{len(names) - SHOWN_CLASSES} more':<{width}}" + "".join(f"{n:>12,}" for n in rest)
        )
    if any(part[-1] for part in counts.values()):
        lines.append(f"            {'(unseen)':<{width}}" + "".join(f"{part[-1]:>12,}" for part in counts.values()))
    return [*lines, f"            {'all':<{width}}" + "".join(f"{int(part.sum()):>12,}" for part in counts.values())]


def _lengths(lengths: np.ndarray) -> str:
    low, median, high, most = (int(value) for value in np.percentile(lengths, [5, 50, 95, 100]))
    total = int(lengths.sum(dtype=np.int64))
    return f"{total:,} training tokens; a text has {median} (median), {low} to {high} (90 % of them), {most} at most"


def _counts(encoded: Mapping[str, tuple[EncodedTexts, EncodingReport]]) -> str:
    reports = [report for _, report in encoded.values()]
    empty, cut, whole = (sum(getattr(r, name) for r in reports) for name in ("empty", "cut", "in_windows"))
    in_windows = f", {whole:,} read in several windows" if whole else ""
    return (
        f"{empty:,} empty texts, {cut:,} cut to the longest length{in_windows},"
        f" {reports[0].byte_share:.2%} of tokens spell bytes"
    )


def _example(task: TopicClassifier, data: LabelledSplits) -> list[str]:
    """One row as text, as ids, and decoded back: what the model really reads."""
    text = str(data.train[0][data.columns.text])
    [ids] = task.tokenizer.encode([text[:2000]])
    shown = ids[:20]
    return [
        f"example     {text[:100]!r}",
        f"  as ids    {' '.join(map(str, shown))}{' ...' if len(ids) > len(shown) else ''}",
        f"  decoded   {task.tokenizer.decode(ids)[:100]!r}",
    ]
