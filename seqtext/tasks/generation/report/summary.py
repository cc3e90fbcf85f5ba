"""What is known before a text generator is trained: rows, lengths, vectors, parameters, time. All of it is printed, and all of `--dry_run`.

Knows text generators; every figure is measured on the encoded rows, none is guessed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqtext.data.text.encoding import EncodingReport
from seqtext.errors import shorten
from seqtext.models.outline import outline
from seqtext.options import TrainingOptions
from seqtext.reporting.estimate import duration, place_of, seconds_per_epoch
from seqtext.reporting.unknown_characters import told_of_unknown
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.rows import GeneratorRows
from seqtext.tasks.generation.splits import TextSplits
from seqtext.training.loop import sampling_seed
from seqtext.training.processes import world_size
from seqtext.training.tracking import check_tracker

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
    check_tracker(options.track)
    seed = sampling_seed(options.seed, 0) if task.encodes_each_epoch else None
    encoded: dict[str, tuple[GeneratorRows, EncodingReport]] = {
        "train": task.encode_with_report(data.train, sampling_seed=seed),
        "validation": task.encode_with_report(data.validation),
        "test": task.encode_with_report(data.test),
    }
    examples, held_out = encoded["train"][0], encoded["validation"][0]
    micro_batches = options.gradient_accumulation * world_size()  # a step
    plan = examples.plan(
        tokens=options.batch_tokens,
        seed=options.seed,
        micro_batches=micro_batches,
        max_rows=options.batch_rows,
    )
    epoch = plan.epoch(0)
    padding, seconds = plan.padding(epoch), seconds_per_epoch(task, examples, held_out, options)
    parameters = sum(parameter.numel() for parameter in task.model.parameters())
    low, median, high, most = (int(value) for value in np.percentile(examples.lengths, [5, 50, 95, 100]))
    tokens = {name: int(rows.lengths.sum(dtype=np.int64)) for name, (rows, _) in encoded.items()}
    reports = [report for _, report in encoded.values()]
    long = int((examples.lengths > task.config.max_length).sum())
    unknown = [
        told
        for name, (_, part) in encoded.items()
        for told in told_of_unknown(
            task.tokenizer, getattr(data, name)[data.text_column][:2000], part.byte_share, where=f"split {name!r}"
        )
    ]
    warnings = [*data.warnings, *unknown]
    lines = [
        "rows        " + ", ".join(f"{len(rows):,} {name}" for name, (rows, _) in encoded.items()),
        f"text        {tokens['train']:,} training tokens; a text has {median} (median), {low} to {high} (90 % of them), {most} at most",
        f"            {sum(report.empty for report in reports):,} empty texts, {long:,} read in windows of {task.config.max_length},"
        f" {reports[0].byte_share:.2%} of tokens spell bytes",
        f"            {data.duplicates:,} test texts are in train too",
        f"vector      {_vector(task)}",
        f"vocabulary  {len(task.tokenizer):,} pieces",
        f"batches     {len(epoch):,} steps an epoch of up to {options.batch_tokens * micro_batches:,} tokens, padding {padding:.2%}",
        f"model       {outline(task.model)}: {parameters:,} parameters",
        f"time        about {duration(seconds)} an epoch, {duration(seconds * options.epochs)} for {options.epochs}"
        f" ({place_of(task, options)})",
        *_example(task, data),
        *(f"note        {note}" for note in data.notes),
        *(f"warning     {warning}" for warning in warnings),
    ]
    figures = {
        "rows": {name: len(rows) for name, (rows, _) in encoded.items()},
        "tokens": tokens,
        "empty_texts": {name: report.empty for name, (_, report) in encoded.items()},
        "byte_share": reports[0].byte_share,
        "padding": padding,
        "test_texts_in_train": data.duplicates,
        "parameters": parameters,
        "notes": list(data.notes),
        "warnings": warnings,
    }
    return lines, figures


def _vector(task: TextGenerator) -> str:
    config = task.config
    if config.attributes:
        parts = []
        for column, names in zip(config.attributes, config.names, strict=True):
            more = f", {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            parts.append(f"{column} ({', '.join(shorten(name, 30)[1:-1] for name in names[:SHOWN])}{more})")
        return f"{config.vector_size} features: {'; '.join(parts)}"
    if config.vector_column is not None:
        return f"{config.vector_size} features of column {config.vector_column!r}"
    return f"{config.vector_size} features that a classifier makes of the text" if config.has_encoder else "none"


def _example(task: TextGenerator, data: TextSplits) -> list[str]:
    text = str(data.train[0][data.text_column])
    [ids] = task.tokenizer.encode([text[:2000]])
    return [
        f"example     {text[:100]!r}",
        f"  as ids    {' '.join(map(str, ids[:20]))}{' ...' if len(ids) > 20 else ''}",
    ]
