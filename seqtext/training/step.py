"""One optimizer step over its micro-batches: exact sums, gradients checked before they are used. Knows no epochs and no files."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqtext.errors import NumericsError
from seqtext.nn.losses import Loss
from seqtext.nn.precision import autocast, exact_fp32
from seqtext.options import Precision
from seqtext.training.protocols import Examples, HasLoss

FP16_SKIPS = 20  # overflows in a row that fp16's loss scale may take to settle; more is a model that does not train


@dataclass(frozen=True)
class StepResult:
    """Sums over a whole step.

    Attributes:
        loss_sum: total loss without auxiliary tasks, on the device: reading it waits for the device.
        auxiliary_sum: total of the auxiliary tasks.
        count: what to divide by.
        norm: length of the gradient before clipping.
        skipped: True if fp16 overflowed and the weights were left as they were.
        batch_seconds: time spent on making batches: what loaders would hide, and should be small instead.
    """

    loss_sum: Tensor
    auxiliary_sum: Tensor
    count: Tensor
    norm: Tensor
    skipped: bool
    batch_seconds: float


def seed_generators(*position: int) -> None:
    """Seeds torch's generators by a hash of a position such as (seed, step, micro-batch).

    So dropout depends on where training is, not on what ran before: there is no generator state to save, and n processes draw what
    one process would.
    """
    digest = hashlib.sha256(" ".join(map(str, position)).encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:8], "little"))


class Stepper:
    """Makes optimizer steps of a task.

    Args:
        task: the model and its loss.
        optimizer: over the model's parameters.
        precision: of the matrix products, resolved.
        device: where the model is.
        clip_norm: longest gradient that is not scaled down.
        seed: of dropout and the like.
    """

    def __init__(
        self,
        task: HasLoss,
        optimizer: torch.optim.Optimizer,
        *,
        precision: Precision,
        device: torch.device,
        clip_norm: float,
        seed: int,
    ) -> None:
        self.task = task
        self.optimizer = optimizer
        self.precision = precision
        self.device = device
        self.clip_norm = clip_norm
        self.seed = seed
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self._skips_in_a_row = 0

    def __call__(self, examples: Examples, micro_batches: Sequence[NDArray[np.int64]], step: int) -> StepResult:
        """One optimizer step; the gradient is that of the loss summed over all micro-batches, divided once by their count.

        Raises:
            NumericsError: if the loss or a gradient is not finite. The weights are as they were.
        """
        self.optimizer.zero_grad(set_to_none=True)
        losses: list[Loss] = []
        rows_of: list[NDArray[np.int64]] = []  # of each loss
        batch_seconds = 0.0
        for number, rows in enumerate(micro_batches):
            seed_generators(self.seed, step, number)
            started = time.perf_counter()
            windows = self.task.losses(examples.batch(rows).to(self.device))
            batch_seconds += time.perf_counter() - started
            while (loss := self._next(windows)) is not None:
                with exact_fp32():
                    torch.autograd.backward(self.scaler.scale(loss.sum))
                losses.append(replace(loss, sum=loss.sum.detach()))
                rows_of.append(rows)
        count = _total([loss.count for loss in losses])
        auxiliary = _total(
            [torch.zeros_like(loss.sum) if loss.auxiliary is None else loss.auxiliary for loss in losses]
        )
        norm, skipped = self._update(count, lambda: _describe(losses, rows_of, step))
        total = _total([loss.sum for loss in losses]) - auxiliary
        return StepResult(total, auxiliary, count, norm, skipped, batch_seconds)

    def _next(self, windows: Iterator[Loss]) -> Loss | None:
        """The loss of a batch's next window, if there is one."""
        with autocast(self.precision, self.device):
            return next(windows, None)

    def _update(self, count: Tensor, describe: Any) -> tuple[Tensor, bool]:
        parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        self.scaler.unscale_(self.optimizer) if self.scaler.is_enabled() else None
        torch._foreach_div_([p.grad for p in parameters], count.clamp_min(1e-12))
        try:
            norm = nn.utils.clip_grad_norm_(
                parameters, self.clip_norm, error_if_nonfinite=not self.scaler.is_enabled(), foreach=True
            )
        except RuntimeError as error:
            self.optimizer.zero_grad(set_to_none=True)
            raise NumericsError(describe(), fix="lower --learning_rate, or look at the rows named") from error
        if not self.scaler.is_enabled():
            self.optimizer.step()
            return norm, False
        before = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        skipped = self.scaler.get_scale() < before
        self._skips_in_a_row = self._skips_in_a_row + 1 if skipped else 0
        if self._skips_in_a_row >= FP16_SKIPS:
            raise NumericsError(
                f"{describe()}; fp16 overflowed {FP16_SKIPS} steps in a row", fix="use --precision bf16 or fp32"
            )
        return norm, skipped


def _total(scalars: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(scalars)).sum()


def _describe(losses: Sequence[Loss], rows_of: Sequence[NDArray[np.int64]], step: int) -> str:
    """Which rows of which step had a loss that is not finite, or that all had a finite one and only the gradient did not."""
    bad = [
        int(rows[i])
        for loss, rows in zip(losses, rows_of, strict=True)
        for i in (~torch.isfinite(loss.rows)).nonzero().flatten().tolist()
    ]
    what = f"the loss of row(s) {', '.join(str(row + 1) for row in bad[:5])}" if bad else "the gradient"
    return f"step {step + 1}: {what} is not finite; the weights were left as they were"
