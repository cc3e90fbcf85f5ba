"""How long a task is trained, and in batches of how many rows, where nobody says so: the rule, from the number of rows and their lengths.

A model learns from steps: 500 rows need small batches and many epochs, a million rows need neither. Knows no task.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from seqtext.batching.usual import LEAST_STEPS, Usual
from seqtext.options import TrainingOptions
from seqtext.training.processes import world_size
from seqtext.training.protocols import Examples


@runtime_checkable
class HasUsual(Protocol):
    """A task that knows what suits it; others get `Usual()`."""

    usual: Usual


def usual_of(task: object) -> Usual:
    """What suits a task."""
    return task.usual if isinstance(task, HasUsual) else Usual()


class Budget(NamedTuple):
    """What was asked for, or else follows from the data.

    Attributes:
        epochs: times every row is seen.
        batch_rows: most rows of a micro-batch.
        steps: of an epoch.
        chosen: what was not asked for, in words; empty if all was.
        patience: epochs without a better validation after which training ends; None for no such end.
    """

    epochs: int
    batch_rows: int
    steps: int
    chosen: str = ""
    patience: int | None = None


def budget(task: object, options: TrainingOptions, examples: Examples) -> Budget:
    """Epochs and rows of a batch.

    Batches have a 150th of the rows, as a power of two from 16 to the task's usual number, or a multiple of it where `batch_tokens` is one
    of the usual tokens. Epochs are as many as make 1,500 steps, the
    task's usual number at least and 60 at most; but so that all epochs together read no more tokens than is usual, unless two do already.

    Args:
        task: any.
        options: of training; what they say is taken.
        examples: training rows, as the first epoch sees them.
    """
    usual = usual_of(task)
    rows, micro_batches = len(examples), options.gradient_accumulation * world_size()
    batch_rows = options.batch_rows or usual.rows_of_batch(rows, options.batch_tokens)
    plan = examples.plan(
        tokens=options.batch_tokens, seed=options.seed, micro_batches=micro_batches, max_rows=batch_rows
    )
    steps = max(len(plan.epoch(0)), 1)
    epochs = options.epochs or usual.epochs_of(steps, examples.steps_in(np.arange(rows)))
    chosen = [
        *([] if options.batch_rows else [f"--batch_rows {batch_rows}"]),
        *([] if options.epochs else [f"--epochs {epochs}"]),
    ]
    return Budget(epochs, batch_rows, steps, " ".join(chosen), patience_of(task, options))


def patience_of(task: object, options: TrainingOptions) -> int | None:
    """Epochs without a better validation after which training ends: as asked, or as is usual where no number of epochs was asked for."""
    if options.patience_epochs is None and options.epochs is None:
        return usual_of(task).patience
    return options.patience_epochs


def told(found: Budget, options: TrainingOptions, seconds: float) -> list[str]:
    """Notes for the summary: what was chosen, and whether it is too little.

    Args:
        found: of `budget`.
        options: of training.
        seconds: that all epochs take, about.
    """
    notes: list[Any] = [f"{found.chosen}: chosen from the number of rows and their lengths"] if found.chosen else []
    if found.patience is not None:
        notes.append(f"it ends after {found.patience} epochs without a better validation (--patience_epochs)")
    steps = found.steps * found.epochs
    if options.max_steps is not None and options.max_steps < min(steps, LEAST_STEPS):
        notes.append(f"{options.max_steps:,} steps are few, because of --max_steps {options.max_steps}")
    elif options.max_minutes is not None and 60 * options.max_minutes < seconds:
        made = int(steps * 60 * options.max_minutes / seconds)
        few = ", which are few" if made < LEAST_STEPS // 3 else ""
        notes.append(f"about {made:,} of {steps:,} steps{few}, because of --max_minutes {options.max_minutes:g}")
    elif options.epochs is not None and steps < LEAST_STEPS // 3:  # what the rule chose is as many as it thinks right
        notes.append(f"{steps:,} steps in all are few: --epochs {-(-LEAST_STEPS // found.steps)} makes 1,500 of them")
    return notes
