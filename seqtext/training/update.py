"""`GuardedUpdate`: moves the weights only where loss and gradient are finite, decided on the device, so that no step waits for it.

What the device found is read a few steps later, by `fault` and `overflows`. Until then nothing moves: the weights are those before the
step that went wrong. An overflow of fp16 leaves out its own step alone. Knows gradients, no rows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.options import Precision


class GuardedUpdate:
    """The last part of an optimizer step: division by the count, the norm, clipping, the update.

    Args:
        optimizer: over the model's parameters; one that takes `found_inf`, as torch's fused AdamW, looks at it on the device itself.
        precision: of the matrix products, resolved.
        device: where the model is.
        max_grad_norm: longest gradient that is not scaled down.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, precision: Precision, device: torch.device, max_grad_norm: float
    ) -> None:
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self._fault = torch.full((), -1, dtype=torch.int64, device=device)  # the first step that was not finite
        self._overflows = torch.zeros(3, dtype=torch.int64, device=device)  # in all, in a row, most in a row

    def __call__(self, loss_sum: Tensor, count: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Moves the weights by the gradients that the parameters hold.

        Args:
            loss_sum: of the whole step, a scalar on the device.
            count: what the gradients are divided by, likewise.
            step: its number, from 0.

        Returns:
            The gradient's length before clipping, and whether the weights were left as they were; both on the device.
        """
        parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.scaler.is_enabled():
            self.scaler.unscale_(self.optimizer)
        torch._foreach_div_(gradients, count.clamp_min(1e-12))
        norm = nn.utils.get_total_norm(gradients, foreach=True)
        bad = ~torch.isfinite(norm)
        if self.scaler.is_enabled():
            self.scaler.update()
            in_all, in_a_row, most = self._overflows.unbind()
            in_a_row = (in_a_row + 1) * bad
            self._overflows = torch.stack([in_all + bad, in_a_row, torch.maximum(most, in_a_row)])
            left_out = bad
        else:
            bad |= ~torch.isfinite(loss_sum)
            self._fault = torch.where(bad & (self._fault < 0), step, self._fault)
            left_out = self._fault >= 0
        nn.utils.clip_grads_with_norm_(parameters, self.max_grad_norm, norm, foreach=True)
        if getattr(self.optimizer, "_step_supports_amp_scaling", False):
            self.optimizer.found_inf = left_out.float()  # type: ignore[attr-defined]
        else:  # one of the user's own: it moves nothing by gradients of zero, but for its momentum
            for gradient in gradients:
                gradient.masked_fill_(left_out, 0.0)
        self.optimizer.step()
        return norm, left_out

    def fault(self) -> int | None:
        """The first step whose loss or gradient was not finite, from 0. Waits for the device."""
        step = int(self._fault)
        return None if step < 0 else step

    @property
    def overflows(self) -> tuple[int, int, int]:
        """Steps that fp16 left out: in all, in a row until now, and most in a row. Waits for the device."""
        in_all, in_a_row, most = self._overflows.tolist()
        return in_all, in_a_row, most

    def set_overflows(self, in_all: int, in_a_row: int) -> None:
        """As a checkpoint has them."""
        self._overflows = torch.tensor([in_all, in_a_row, in_a_row], device=self._overflows.device)
