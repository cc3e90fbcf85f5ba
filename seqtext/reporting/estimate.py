"""How long an epoch will take, from a few steps of it. Knows any task that `fit` can train."""

from __future__ import annotations

import copy
import time
from typing import Any

import torch

from seqtext.nn.precision import autocast, choose_device, choose_precision, set_threads
from seqtext.options import TrainingOptions
from seqtext.training.budget import budget
from seqtext.training.optimizer import make_optimizer, product_dtype
from seqtext.training.processes import world_size
from seqtext.training.protocols import Examples, Task
from seqtext.training.step import Stepper

WARM_STEPS, TIMED_STEPS = 2, 5


def seconds_per_epoch(task: Task, examples: Examples, held_out: Examples, options: TrainingOptions) -> float:
    """Seconds of an epoch: its steps, from five after two warm ones, spread over it, and its validation.

    A run of fewer steps than these is timed by as many as it has. On a copy: nothing is trained. Of several processes one makes the whole
    of a step, which they will then share.
    """
    trial = copy.copy(task)
    trial.model = copy.deepcopy(task.model)  # type: ignore[misc]
    device = choose_device(options.device)
    set_threads(options.threads)
    trial.model.to(device).train()
    precision = choose_precision(options.precision, device, auto=task.auto_precision)
    stepper = Stepper(
        trial,
        make_optimizer(
            trial.model, name=options.optimizer, learning_rate=0.0, weight_decay=0.0, dtype=product_dtype(precision)
        ),
        precision=precision,
        device=device,
        max_grad_norm=options.max_grad_norm,
        seed=options.seed,
    )
    epoch = plan_of(task, examples, options).epoch(0)
    allowed = options.max_steps or WARM_STEPS + TIMED_STEPS
    timed = min(TIMED_STEPS, allowed)
    warm = min(WARM_STEPS, allowed - timed)
    started = 0.0
    for number in range(warm + timed):
        if number == warm:
            started = time.perf_counter()
        stepper(examples, epoch.step(number * len(epoch) // (warm + timed)), number)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    seconds = (time.perf_counter() - started) / timed * len(epoch) / world_size()
    started = time.perf_counter()
    with autocast(stepper.precision, device):
        trial.validate(held_out)
    return seconds + (time.perf_counter() - started) * (2 if options.average_last else 1)


def plan_of(task: Task, examples: Examples, options: TrainingOptions) -> Any:
    """The batches that training will make: a plan of the kind that the examples have."""
    return examples.plan(
        tokens=options.batch_tokens,
        seed=options.seed,
        micro_batches=micro_batches(options),
        max_rows=budget(task, options, examples).batch_rows,
    )


def micro_batches(options: TrainingOptions) -> int:
    """Micro-batches of one optimizer step, all processes together."""
    return options.gradient_accumulation * world_size()


def place_of(task: Task, options: TrainingOptions) -> str:
    """Device, precision, threads and processes that training will use, to print."""
    device = choose_device(options.device)
    precision = choose_precision(options.precision, device, auto=task.auto_precision)
    together = f", {world_size()} processes" if world_size() > 1 else ""
    threads = torch.get_num_threads()
    return f"{device}, {precision}, {threads} thread{'' if threads == 1 else 's'}{together}"


def duration(seconds: float) -> str:
    """A time to print."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
