"""What is known before a translator is trained: pairs, lengths, parameters, time. All of it is printed, and all of `--dry_run`.

Knows translators; every figure is measured on the encoded pairs, none is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.splits import PairSplits
from seqtext.data.text.encoding import EncodingReport
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.models.outline import outline
from seqtext.options import TrainingOptions
from seqtext.reporting.estimate import duration, place_of, seconds_per_epoch
from seqtext.reporting.unknown_characters import REFUSE, told_of_unknown
from seqtext.tasks.translation.rows import Lengths, PairRows
from seqtext.tasks.translation.translator import Translator
from seqtext.training.loop import sampling_seed
from seqtext.training.processes import world_size
from seqtext.training.tracking import check_tracker


def translation_summary(
    task: Translator, data: PairSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: naming a row whose source or target cannot be used; or most of the text is of characters
            that the tokenizer does not have.
        ResourceError: for a device, precision or tracker that is not there.
    """
    check_tracker(options.track)
    seed = sampling_seed(options.seed, 0) if task.encodes_each_epoch else None
    encoded: dict[str, tuple[PairRows, EncodingReport, EncodingReport]] = {
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
    cut = {name: [side.cut for side in reports] for name, (_, *reports) in encoded.items()}
    shares = [side.byte_share for side in encoded["train"][1:]]
    warnings = [*data.warnings, *_unknown(task, data, encoded)]
    source, target = data.languages
    lines = [
        f"languages   {source} to {target}",
        "rows        " + ", ".join(f"{len(rows):,} {name}" for name, (rows, *_) in encoded.items()),
        f"source      {_lengths(examples.source_lengths)}",
        f"target      {_lengths(examples.target_lengths)}",
        f"            {sum(map(sum, cut.values())):,} texts cut at {task.config.max_length} tokens ({_cut(cut)});"
        f" {shares[0]:.2%} and {shares[1]:.2%} of tokens spell bytes",
        f"            {sum(data.blank.values()):,} pairs with a blank side left out, {data.same:.1%} copies,"
        f" {data.uneven:,} of very uneven length, {data.duplicates:,} test sources in train too",
        f"vocabulary  {_vocabulary(task)}",
        f"batches     {len(epoch):,} steps an epoch of up to {options.batch_tokens * micro_batches:,} tokens a side,"
        f" padding {padding:.2%}",
        f"model       {outline(task.model)}: {parameters:,} parameters",
        f"time        about {duration(seconds)} an epoch, {duration(seconds * options.epochs)} for {options.epochs}"
        f" ({place_of(task, options)})",
        *_example(task, data),
        *(f"note        {note}" for note in data.notes),
        *(f"warning     {warning}" for warning in warnings),
    ]
    figures = {
        "rows": {name: len(rows) for name, (rows, *_) in encoded.items()},
        "tokens": {name: _tokens(rows) for name, (rows, *_) in encoded.items()},
        "cut": {name: dict(zip((SOURCE, TARGET), counts, strict=True)) for name, counts in cut.items()},
        "byte_share": dict(zip((SOURCE, TARGET), shares, strict=True)),
        "blank_pairs": data.blank,
        "same_share": data.same,
        "uneven_pairs": data.uneven,
        "test_sources_in_train": data.duplicates,
        "padding": padding,
        "parameters": parameters,
        "notes": list(data.notes),
        "warnings": warnings,
    }
    return lines, figures


def _lengths(lengths: Lengths) -> str:
    low, median, high, most = (int(value) for value in np.percentile(lengths, [5, 50, 95, 100]))
    total = int(lengths.sum(dtype=np.int64))
    return f"{total:,} training tokens; a text has {median} (median), {low} to {high} (90 % of them), {most} at most"


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
    return [
        told
        for name, (_, *reports) in encoded.items()
        for side, tokenizer, report in zip(
            (SOURCE, TARGET), (task.source_tokenizer, task.tokenizer), reports, strict=True
        )
        for told in told_of_unknown(
            tokenizer,
            getattr(data, name)[side][:2000],
            report.byte_share,
            where=f"{side} of split {name!r}",
            refuse=REFUSE if name == "train" else 1.0,  # a split with its sides swapped is told of as such
        )
    ]


def _vocabulary(task: Translator) -> str:
    if task.config.shared_tokenizer:
        return f"{len(task.tokenizer):,} pieces, shared"
    return f"{len(task.source_tokenizer):,} pieces of the source, {len(task.tokenizer):,} of the target"


def _example(task: Translator, data: PairSplits) -> list[str]:
    pair = data.train[0]
    sides = ((str(pair[SOURCE]), task.source_tokenizer), (str(pair[TARGET]), task.tokenizer))
    titles = ("example   ", "          ")
    return [line for title, side in zip(titles, sides, strict=True) for line in _as_ids(title, *side)]


def _as_ids(title: str, text: str, tokenizer: Tokenizer) -> list[str]:
    [ids] = tokenizer.encode([text[:2000]])
    return [
        f"{title}  {text[:100]!r}",
        f"  as ids    {' '.join(map(str, ids[:20]))}{' ...' if len(ids) > 20 else ''}",
    ]
