"""What every summary says before the first step: batches and padding, model, time per epoch, notes, warnings; of texts also their lengths.

Knows any task that `fit` can train; every figure is measured on the encoded rows, none is guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.encoding import AnyTokenizer
from seqtext.models.outline import outline
from seqtext.options import TrainingOptions
from seqtext.reporting.estimate import duration, micro_batches, place_of, plan_of, seconds_per_epoch
from seqtext.training.budget import budget, told
from seqtext.training.loop import sampling_seed
from seqtext.training.protocols import Examples, Task
from seqtext.training.tracking import check_tracker

Encoded = TypeVar("Encoded")

SPLITS = ("train", "validation", "test")
SHOWN_IDS = 20


def encode_splits(
    task: Task, encode: Callable[..., Encoded], data: Any, options: TrainingOptions, *, names: Sequence[str] = SPLITS
) -> tuple[dict[str, Encoded], float]:
    """Splits as `encode` gives them, and the seconds that every epoch spends on encoding.

    Training rows are those of the first epoch, cut into the pieces that it will see.

    Args:
        task: that will be trained.
        encode: its method.
        data: whose attributes are the splits.
        options: of training.
        names: of the splits, `train` first.

    Raises:
        ResourceError: for a tracker that is not there.
    """
    check_tracker(options.track)
    anew = task.encodes_each_epoch
    started = time.perf_counter()
    encoded = {"train": encode(data.train, sampling_seed=sampling_seed(options.seed, 0) if anew else None)}
    seconds = time.perf_counter() - started if anew else 0.0
    return encoded | {name: encode(getattr(data, name)) for name in names[1:]}, seconds


def summarise(
    task: Task,
    examples: Examples,
    held_out: Examples,
    options: TrainingOptions,
    *,
    first: Sequence[str],
    objective: str = "",
    batch: str = "",
    padded: bool = True,
    example: Sequence[str] = (),
    notes: Sequence[str],
    warnings: Sequence[str],
    encoding_seconds: float = 0.0,
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the end of its part of report/metrics.json.

    Args:
        task: that will be trained.
        examples: training rows.
        held_out: validation rows.
        options: of training.
        first: the task's own lines on its data.
        objective: what is learnt, in words, where the parts of the model do not say it.
        batch: what a step reads at most, in words; tokens if empty.
        padded: whether rows differ in length, so that padding is a figure.
        example: lines that show a row.
        notes: what was decided and left out.
        warnings: what the user should look at.
        encoding_seconds: of `encode_splits`.

    Raises:
        ResourceError: for a device or precision that is not there.
    """
    plan, planned = plan_of(task, examples, options), budget(task, options, examples)
    epoch = plan.epoch(0)
    padding = plan.padding(epoch)
    parameters = sum(parameter.numel() for parameter in task.model.parameters())
    of_steps, seconds = [], 0.0
    if parameters:  # else nothing is learnt by steps
        seconds = encoding_seconds + seconds_per_epoch(task, examples, held_out, options)
        of_steps = [
            f"batches     {len(epoch):,} steps per epoch of up to {batch or tokens_of_step(options)}"
            + (f", padding {padding:.2%}" if padded else ""),
            f"time        about {duration(seconds)} per epoch, {duration(seconds * planned.epochs)} for {planned.epochs}"
            f" ({place_of(task, options)})",
        ]
    lines = [
        *first,
        *of_steps[:1],
        *([f"model       {outline(task.model)}: {parameters:,} parameters"] if parameters else []),
        *([f"            {objective}"] if objective else []),
        *of_steps[1:],
        *example,
        *(
            f"note        {note}"
            for note in ([*told(planned, options, seconds * planned.epochs), *notes] if parameters else notes)
        ),
        *(f"warning     {warning}" for warning in warnings),
    ]
    figures = {"parameters": parameters, "notes": list(notes), "warnings": list(warnings)}
    return lines, {"padding": padding, **figures} if padded else figures


def tokens_of_step(options: TrainingOptions) -> str:
    """The most tokens of an optimizer step, in words."""
    return f"{options.batch_tokens * micro_batches(options):,} tokens"


def counted(rows: Mapping[str, int]) -> str:
    """Rows of each split, in words."""
    return ", ".join(f"{count:,} {name}" for name, count in rows.items())


def lengths_of_texts(lengths: NDArray[Any]) -> str:
    """How long training texts are, in words; `lengths` are (N,) tokens."""
    low, median, high, most = (int(value) for value in np.percentile(lengths, [5, 50, 95, 100]))
    total = int(lengths.sum(dtype=np.int64))
    return f"{total:,} training tokens; a text has {median} (median), {low} to {high} (90 % of them), {most} at most"


def example_text(text: str, tokenizer: AnyTokenizer, *, title: str = "example") -> list[str]:
    """A text and its ids, as lines: what the model really reads."""
    [ids] = tokenizer.encode([text[:2000]])
    more = " ..." if len(ids) > SHOWN_IDS else ""
    return [f"{title:<12}{text[:100]!r}", f"  as ids    {' '.join(map(str, ids[:SHOWN_IDS]))}{more}"]
