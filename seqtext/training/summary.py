"""What is known before training starts: rows, lengths, padding, parameters, time. All of it is printed, and all of `--dry_run`.

Knows text classifiers; every figure is measured on the encoded rows, none is guessed.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from seqtext.batching.batch_plan import BatchPlan
from seqtext.data.encoding import EncodingReport
from seqtext.data.labelled_splits import LabelledSplits
from seqtext.errors import DataError
from seqtext.nn.precision import choose_device, choose_precision, set_threads
from seqtext.options import TrainingOptions
from seqtext.tasks.text_batches import EncodedTexts
from seqtext.tasks.topic_classifier import TopicClassifier
from seqtext.training.step import Stepper, make_optimizer

WARM_STEPS, TIMED_STEPS = 2, 5
BYTES_WARN, BYTES_ERROR = 0.05, 0.5  # share of ids that only spell unknown characters
SHOWN_CLASSES = 12


def classification_summary(
    task: TopicClassifier, data: LabelledSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: if most of the text is characters the tokenizer does not have.
    """
    encoded: dict[str, tuple[EncodedTexts, EncodingReport]] = {
        name: task.encode_with_report(getattr(data, name)) for name in ("train", "validation", "test")
    }
    examples, report = encoded["train"]
    plan = BatchPlan(
        examples.lengths,
        tokens=options.batch_tokens,
        seed=options.seed,
        micro_batches=options.accumulate,
        max_rows=options.batch_rows,
    )
    epoch = plan.epoch(0)
    padding, seconds = plan.padding(epoch), seconds_per_epoch(task, examples, options)
    parameters = sum(parameter.numel() for parameter in task.model.parameters())
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
        f"batches     {len(epoch):,} steps an epoch of up to {options.batch_tokens * options.accumulate:,} tokens, padding {padding:.2%}",
        f"model       {_shape(task)}: {parameters:,} parameters",
        f"time        about {_duration(seconds)} an epoch, {_duration(seconds * options.epochs)} for {options.epochs}"
        f" ({_place(options)})",
        *_example(task, data),
        *(f"note        {note}" for note in data.notes),
        *(f"warning     {warning}" for warning in [*data.warnings, *_unknown_characters(task, data, encoded)]),
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


def seconds_per_epoch(task: TopicClassifier, examples: EncodedTexts, options: TrainingOptions) -> float:
    """Time of an epoch, from five steps after two warm ones, spread over the lengths. On a copy: nothing is trained."""
    trial = copy.copy(task)
    trial.model = copy.deepcopy(task.model)
    device = choose_device(options.device)
    set_threads(options.threads)
    trial.model.to(device).train()
    stepper = Stepper(
        trial,
        make_optimizer(trial.model, learning_rate=0.0, weight_decay=0.0),
        precision=choose_precision(options.precision, device),
        device=device,
        clip_norm=options.clip_norm,
        seed=options.seed,
    )
    epoch = BatchPlan(
        examples.lengths,
        tokens=options.batch_tokens,
        seed=options.seed,
        micro_batches=options.accumulate,
        max_rows=options.batch_rows,
    ).epoch(0)
    started = 0.0
    for number in range(WARM_STEPS + TIMED_STEPS):
        if number == WARM_STEPS:
            started = time.perf_counter()
        stepper(examples, epoch.step(number * len(epoch) // (WARM_STEPS + TIMED_STEPS)), number)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - started) / TIMED_STEPS * len(epoch)


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
    empty, cut = sum(r.empty for r in reports), sum(r.cut for r in reports)
    return (
        f"{empty:,} empty texts, {cut:,} cut to the longest length, {reports[0].byte_share:.2%} of tokens spell bytes"
    )


def _shape(task: TopicClassifier) -> str:
    c = task.config
    both = "both directions, " if c.bidirectional else ""
    layers = f"{c.num_layers} layer(s) of {c.hidden_size}, {both}embedding {c.embedding_size}"
    return f"{c.cell.upper()}, {layers}, pooled {' + '.join(c.pooling)}"


def _place(options: TrainingOptions) -> str:
    device = choose_device(options.device)
    return f"{device}, {choose_precision(options.precision, device)}, {torch.get_num_threads()} threads"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"


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


def _unknown_characters(
    task: TopicClassifier, data: LabelledSplits, encoded: Mapping[str, tuple[EncodedTexts, EncodingReport]]
) -> Iterable[str]:
    for name, (_, report) in encoded.items():
        if report.byte_share <= BYTES_WARN:
            continue
        texts = getattr(data, name)[data.columns.text][:2000]
        characters = " ".join(task.tokenizer.commonest_unknown(texts))
        found = f"{report.byte_share:.0%} of the tokens spell characters the vocabulary lacks: {characters}"
        if report.byte_share > BYTES_ERROR:
            raise DataError(
                found,
                where=f"split {name!r}",
                fix="train a tokenizer on this language (no --init_from), or raise --vocabulary_size",
            )
        yield f"split {name!r}: {found}"
