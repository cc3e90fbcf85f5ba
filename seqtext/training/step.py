"""One optimizer step over its micro-batches: exact sums, gradients checked before they are used. Knows no epochs and no files.

Several processes share the micro-batches of a step and add up once: the step is that of one process which makes them all.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.errors import NumericsError
from seqtext.nn.losses import Loss
from seqtext.nn.precision import autocast, exact_fp32
from seqtext.options import Precision
from seqtext.training.memory import BatchMemory, counters_of
from seqtext.training.not_finite import first_not_finite
from seqtext.training.processes import ALONE, Processes
from seqtext.training.protocols import Examples, HasLoss
from seqtext.training.update import GuardedUpdate

FP16_SKIPS = 20  # overflows in a row that fp16's loss scale may take to settle; more is a model that does not train
NAMED = 5  # rows of a batch that a message names


@dataclass(frozen=True)
class StepResult:
    """Sums over a whole step.

    Attributes:
        loss_sum: total loss without auxiliary tasks, on the device: reading it waits for the device.
        auxiliary_sum: total of the auxiliary tasks.
        count: what to divide by.
        norm: length of the gradient before clipping.
        left_out: whether the weights were left as they were, a truth value on the device: fp16 overflowed, or a number was not finite.
        batch_seconds: time spent on making batches: what loaders would hide, and should be small instead.
        stop: whether any process was asked to stop before the step.
        seconds: trained before the step, by the clock of the first process.
    """

    loss_sum: Tensor
    auxiliary_sum: Tensor
    count: Tensor
    norm: Tensor
    left_out: Tensor
    batch_seconds: float
    stop: bool
    seconds: float


def seed_generators(*position: int) -> None:
    """Seeds torch's generators by a hash of a position such as (seed, step, micro-batch).

    So dropout depends on where training is, not on what ran before: there is no generator state to save, and n processes draw what
    one process would.
    """
    digest = hashlib.sha256(" ".join(map(str, position)).encode()).digest()
    seed = int.from_bytes(digest[:8], "little")
    torch.default_generator.manual_seed(seed)
    # torch.manual_seed would put by a seed for every kind of device that is never used: 2 ms per step, and memory without end.
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)


class MicroBatch(NamedTuple):
    """One micro-batch of a step.

    Attributes:
        number: its place in the global step, which its dropout follows.
        rows: its rows.
        losses: of its windows, detached.
    """

    number: int
    rows: NDArray[np.int64]
    losses: list[Loss]


class Stepper:
    """Makes optimizer steps of a task.

    Args:
        task: the model and its loss.
        optimizer: over the model's parameters.
        precision: of the matrix products, resolved.
        device: where the model is.
        max_grad_norm: longest gradient that is not scaled down.
        seed: of dropout and the like.
        processes: that share the micro-batches.
        check_every: after how many steps what the device found is read; a GPU has to be waited for each time.

    Attributes:
        row_number: what a message calls a row, from 1.
        update: moves the weights, and knows what was not finite.
        memory: what a batch may take.
    """

    def __init__(
        self,
        task: HasLoss,
        optimizer: torch.optim.Optimizer,
        *,
        precision: Precision,
        device: torch.device,
        max_grad_norm: float,
        seed: int,
        processes: Processes = ALONE,
        check_every: int = 1,
    ) -> None:
        self.task = task
        self.optimizer = optimizer
        self.precision = precision
        self.device = device
        self.seed = seed
        self.processes = processes
        self.check_every = check_every
        self.update = GuardedUpdate(optimizer, precision=precision, device=device, max_grad_norm=max_grad_norm)
        self.memory = BatchMemory(counters_of(device))
        self.row_number: Callable[[int], int] = lambda row: row + 1
        self._since: list[
            tuple[int, list[MicroBatch]]
        ] = []  # the last check: steps, with what this process made of them

    def __call__(
        self,
        examples: Examples,
        micro_batches: Sequence[NDArray[np.int64]],
        step: int,
        *,
        stop: bool = False,
        seconds: float = 0.0,
    ) -> StepResult:
        """One optimizer step; the gradient is that of the loss summed over all micro-batches, divided once by their count.

        Where a number is not finite the weights stay as they are, and the next check, every so many steps, says so.

        Args:
            examples: encoded rows.
            micro_batches: of the global step, row numbers each.
            step: number of the step, from 0.
            stop: whether this process was asked to stop.
            seconds: trained so far, by its clock.

        Raises:
            NumericsError: as `check`.
            ResourceError: if another process is gone, or the memory is not enough for a batch.
        """
        self.optimizer.zero_grad(set_to_none=True)
        made: list[MicroBatch] = []
        batch_seconds = 0.0
        for number in range(self.processes.rank, len(micro_batches), self.processes.size):
            rows = micro_batches[number]
            seed_generators(self.seed, step, number)
            with self.memory.enough_for(examples, rows):
                started = time.perf_counter()
                windows = self.task.losses(examples.batch(rows).to(self.device))
                batch_seconds += time.perf_counter() - started
                made.append(MicroBatch(number, rows, self._backward(windows, self.update.scaler.scale)))
            self.memory.made(examples.steps_in(rows))
        losses = [loss for one in made for loss in one.losses]
        auxiliary = self._total([loss.auxiliary for loss in losses if loss.auxiliary is not None])
        total = self._total([loss.sum for loss in losses]) - auxiliary
        sums = torch.stack([total, auxiliary, self._total([loss.count for loss in losses])])
        if self.processes.size > 1:
            sums, stop, seconds = self._add_up(sums, stop, seconds)
        norm, left_out = self.update(sums[0], sums[2], step)
        self._since.append((step, made))
        if (step + 1) % self.check_every == 0:
            self.check(examples)
        return StepResult(sums[0], sums[1], sums[2], norm, left_out, batch_seconds, stop, seconds)

    def _backward(self, windows: Iterator[Loss], scale: Callable[[Tensor], Tensor]) -> list[Loss]:
        """The losses of a batch's windows, the gradient of each made before the next is."""
        losses = []
        while (loss := self._next(windows)) is not None:
            with exact_fp32():
                torch.autograd.backward(scale(loss.sum))
            losses.append(replace(loss, sum=loss.sum.detach()))
        return losses

    def _next(self, windows: Iterator[Loss]) -> Loss | None:
        """The loss of a batch's next window, if there is one."""
        with autocast(self.precision, self.device):
            return next(windows, None)

    def _total(self, scalars: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(scalars)).sum() if scalars else torch.zeros((), dtype=torch.float32, device=self.device)

    def _add_up(self, sums: Tensor, stop: bool, seconds: float) -> tuple[Tensor, bool, float]:
        """Gradients and sums over all processes, in one flat tensor on the device, which nobody waits for.

        What the host knows goes from host to host: whether to stop, the clock, and which parameters have a gradient. A process without a
        micro-batch, as at the end of an epoch, has none; a parameter that no process has one of keeps none.
        """
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        there = [float(p.grad is not None) for p in parameters]
        known = torch.tensor([*there, float(stop), seconds if self.processes.first else 0.0], dtype=torch.float64)
        self.processes.add_up(known)
        *there, stops, seconds = known.tolist()
        moved = [p for p, count in zip(parameters, there, strict=True) if count]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in moved]
        flat = torch.cat([*(g.reshape(-1).float() for g in gradients), sums])
        self.processes.add_up(flat)
        *parts, sums = torch.split(flat, [*(p.numel() for p in moved), len(sums)])
        for parameter, part in zip(moved, parts, strict=True):
            parameter.grad = part.view_as(parameter).to(parameter.dtype)
        return sums, stops > 0, seconds

    def check(self, examples: Examples) -> None:
        """Reads what the device found in the steps since the last check. Waits for it, so it is called every few steps.

        Raises:
            NumericsError: if a loss or gradient was not finite; the weights are those before that step.
        """
        fault, steps = self.update.fault(), dict(self._since)
        self._since.clear()
        if fault is not None:
            described = self._describe(examples, steps.get(fault, []), fault)
            self._refuse(described, fix="lower --learning_rate, or look at the rows named")
        if self.update.scaler.is_enabled() and self.update.overflows[2] >= FP16_SKIPS:
            self._refuse(f"fp16 overflowed {FP16_SKIPS} steps in a row", fix="use --precision bf16 or fp32")

    def _refuse(self, message: str, *, fix: str) -> None:
        """Ends the run; of several processes each with the words of the first that has some."""
        self.optimizer.zero_grad(set_to_none=True)
        message = next(
            filter(None, self.processes.gather(message)), "the gradient is not finite, though that of each process is"
        )
        error = NumericsError(message, fix=fix)
        error.shared = True
        raise error

    def _describe(self, examples: Examples, made: Sequence[MicroBatch], step: int) -> str:
        """Which rows of which step had a loss or a gradient that is not finite, and the module it began in; "" if none has.

        Its micro-batches are made once more: the weights are those they had, and so are the draws.
        """
        for one in made:
            bad = {i for loss in one.losses for i in (~torch.isfinite(loss.rows)).nonzero().flatten().tolist()}
            self.optimizer.zero_grad(set_to_none=True)
            again = partial(self._again, examples, one, step)
            place = first_not_finite(self.task.model, again, rows=len(one.rows))
            if not bad and place is None:
                continue
            what, rows = ("loss", sorted(bad)) if bad else ("gradient", place.rows if place else [])
            numbers = [self.row_number(int(one.rows[row])) for row in rows[:NAMED]]
            of = f"row(s) {', '.join(map(str, numbers))}{' and others' if len(rows) > NAMED else ''}"
            if not rows:
                numbers = [self.row_number(int(row)) for row in one.rows]
                of = f"some of {len(numbers)} rows from {min(numbers)} to {max(numbers)}"
            more = "" if place is None else f", {place}"
            return f"step {step + 1}: the {what} of {of} is not finite{more}; the weights were left as they were"
        if self.processes.size > 1:
            return ""
        return f"step {step + 1}: the gradient is not finite; the weights were left as they were"

    def _again(self, examples: Examples, one: MicroBatch, step: int) -> None:
        """Losses and gradients of a micro-batch, with the draws it had."""
        seed_generators(self.seed, step, one.number)
        self._backward(self.task.losses(examples.batch(one.rows).to(self.device)), lambda loss: loss)
