"""The optimizers: AdamW for all weights, or Muon for the matrices that mix features and AdamW for the rest. Knows modules, no tasks.

Muon (Jordan et al. 2024) takes the momentum of a matrix and makes all its singular values about 1 before it is added, so that no
direction waits for the few that dominate. Small recurrent models of text reach the same loss after about half as many steps.

It goes by blocks of some hundred rows: they learn better than whole gates of 512 (after the first of two epochs of 10,000 news a generator
has a validation perplexity of 161, and of 165 by whole gates), at a sixth of the cost, which is the same whatever the size of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import unwrap
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from seqtext.options import OptimizerName, Precision

MATRIX_RATE = 2.0  # times the learning rate of the rest; 4 is better for generators of few hundred steps, and worse for those of thousands
MOMENTUM = 0.95
LONG = 8  # times as long as wide, beyond which a matrix is AdamW's: an update of size 1 in its few directions throws it about
MOST_ROWS, LEAST_ROWS = 128, 64  # of a block; rows that cannot be parted so are one
# Each is the odd polynomial that brings the singular values nearest to 1 that the one before leaves of 0.005 to 1: they end between 0.92
# and 1.08 (Amsel et al. 2025). Three of 0.02 to 1 are as good for models of hundreds of units, and 8 % of perplexity worse for some of 48.
_POLYNOMIALS = (
    (8.2987, -24.4305, 18.0903),
    (3.9152, -2.9211, 0.5592),
    (3.1746, -2.3804, 0.4978),
    (2.1895, -1.5672, 0.4079),
)


def make_optimizer(
    model: nn.Module,
    *,
    name: OptimizerName = "adamw",
    learning_rate: float,
    weight_decay: float,
    dtype: torch.dtype = torch.float32,
    rates: Mapping[str, float] = MappingProxyType({}),
) -> torch.optim.Optimizer:
    """An optimizer over all weights of a model that learn; decay is on matrices only, since biases and norms have no size to keep small.

    Args:
        model: on its device.
        name: `muon` moves the weights of recurrent and linear layers by Muon, all others, embeddings among them, by AdamW.
        learning_rate: highest; each group keeps its own as `highest_rate`.
        weight_decay: of both, times the learning rate.
        dtype: of Muon's products.
        rates: shares of the learning rate, by what the names of parameters begin with; 1 for all others.
    """
    share = {id(p): _share(name, rates) for name, p in model.named_parameters()}
    parameters = [p for p in model.parameters() if p.requires_grad]
    rows = _matrix_rows(model) if name == "muon" else {}
    rest = [p for p in parameters if id(p) not in rows]
    groups: list[dict[str, Any]] = []
    for one in sorted({1.0, *(share[id(p)] for p in rest)}, reverse=True):
        own = [p for p in rest if share[id(p)] == one]
        groups += [
            {"params": [p for p in own if p.ndim >= 2], "weight_decay": weight_decay},
            {"params": [p for p in own if p.ndim < 2], "weight_decay": 0.0},
        ]
        for group in groups[-2:]:
            group["lr"] = group["highest_rate"] = one * learning_rate
    fused = all(p.device.type in ("cpu", "cuda", "mps") for p in parameters)
    adamw = AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), fused=fused)
    if name == "adamw":
        return adamw
    matrices = [p for p in parameters if id(p) in rows]
    of_matrices = [(rows[id(p)], share[id(p)] * MATRIX_RATE * learning_rate) for p in matrices]
    return Muon(adamw, matrices, of_matrices, weight_decay, dtype)


def _share(name: str, rates: Mapping[str, float]) -> float:
    """The share of the learning rate that a parameter has: that of the longest beginning of its name."""
    known = [beginning for beginning in rates if name.startswith(beginning)]
    return rates[max(known, key=len)] if known else 1.0


class AdamW(torch.optim.AdamW):
    """torch's, without its wrappers for compiling, which would import the compiler: a second and a half of every start, for nothing."""

    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = unwrap(torch.optim.Optimizer.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))


class Muon(torch.optim.Optimizer):
    """Muon over some matrices, and an AdamW over the rest, as one optimizer.

    Args:
        rest: the AdamW; its groups and state are this one's too.
        matrices: (R, C) each; may be none.
        settings: of each, how many rows are a block, which is a matrix of its own (a recurrent layer's gates lie on top of each other),
            and its learning rate.
        weight_decay: likewise.
        dtype: of the products.
    """

    def __init__(
        self,
        rest: torch.optim.AdamW,
        matrices: list[nn.Parameter],
        settings: list[tuple[int, float]],
        weight_decay: float,
        dtype: torch.dtype,
    ) -> None:
        groups = [
            {
                "params": [p],
                "rows": count,
                "lr": rate,
                "highest_rate": rate,
                "weight_decay": weight_decay,
            }
            for p, (count, rate) in zip(matrices, settings, strict=True)
        ]
        super().__init__([*groups, *rest.param_groups], {})
        rest.param_groups = self.param_groups[len(groups) :]  # the same objects: a rate that is set here is set there
        self.state = rest.state
        self._matrices = self.param_groups[: len(groups)]
        self._rest, self._dtype = rest, dtype

    add_param_group, zero_grad = AdamW.add_param_group, AdamW.zero_grad
    _step_supports_amp_scaling = True  # what is not finite is looked at on the device: `found_inf`
    found_inf: Tensor | None = None

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Moves all weights that have a gradient; none where `found_inf`, a scalar on the device, is 1."""
        self._rest.found_inf = self.found_inf  # type: ignore[attr-defined]
        self._rest.step()
        kept = 1.0 if self.found_inf is None else 1 - self.found_inf
        moved = [group for group in self._matrices if group["params"][0].grad is not None]
        updates: dict[tuple[int, ...], list[Tensor]] = {}
        for group in moved:
            [p] = group["params"]
            momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
            gradient = p.grad if self.found_inf is None else p.grad.masked_fill(self.found_inf > 0, 0.0)
            momentum.lerp_(gradient, (1 - MOMENTUM) * kept)
            ahead = gradient.lerp(momentum, MOMENTUM).view(-1, group["rows"], p.shape[1])  # Nesterov's
            updates.setdefault(tuple(ahead.shape[1:]), []).append(ahead)
        done = {shape: orthogonal(torch.cat(parts), self._dtype) for shape, parts in updates.items()}
        at = dict.fromkeys(done, 0)
        for group in moved:
            [p] = group["params"]
            shape = (group["rows"], p.shape[1])
            count = p.shape[0] // group["rows"]
            update = done[shape][at[shape] : at[shape] + count].reshape(p.shape)
            at[shape] += count
            p.mul_(1 - group["lr"] * group["weight_decay"] * kept)
            p.sub_(update * (group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5 * kept))


def make_moments(optimizer: torch.optim.Optimizer) -> None:
    """Gives a new optimizer its moments, zeros, so that there is a place to restore them to."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if optimizer.state[parameter]:
                continue
            zeros = torch.zeros_like(parameter, memory_format=torch.preserve_format)
            if "rows" in group:
                optimizer.state[parameter] = {"momentum": zeros}
                continue
            # the fused AdamW counts steps on the device of the parameter
            step = torch.zeros((), dtype=torch.float32, device=parameter.device if group["fused"] else "cpu")
            optimizer.state[parameter] = {"step": step, "exp_avg": zeros, "exp_avg_sq": zeros.clone()}


def product_dtype(precision: Precision) -> torch.dtype:
    """In what Muon's products are made: half precision is enough for a direction, where the hardware has bf16."""
    return torch.bfloat16 if precision == "bf16" else torch.float32


def orthogonal(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Matrices (N, R, C) with their singular values moved to about 1, nearly; 0 stays 0."""
    x = matrices.to(dtype)
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / x.flatten(1).norm(dim=1).clamp_min(1e-7).view(-1, 1, 1)
    for a, b, c in _POLYNOMIALS:
        square = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    result: Tensor = x if wide else x.transpose(1, 2)
    return result.to(matrices.dtype)


def _matrix_rows(model: nn.Module) -> dict[int, int]:
    """The matrices of recurrent and linear layers, by id, and how many rows of each are a block."""
    rows: dict[int, int] = {}
    for module in model.modules():
        if isinstance(module, nn.RNNBase):
            rows |= {id(p): module.hidden_size for p in module.parameters() if p.ndim == 2}
        elif isinstance(module, nn.Linear):
            rows[id(module.weight)] = module.out_features
    return {
        id(p): _block(rows[id(p)])
        for p in model.parameters()
        if p.requires_grad and id(p) in rows and max(rows[id(p)], p.shape[1]) <= LONG * min(rows[id(p)], p.shape[1])
    }


def _block(rows: int) -> int:
    """Rows of the largest equal parts that are small enough."""
    parts = range(-(-rows // MOST_ROWS), rows // LEAST_ROWS + 1)
    return next((rows // count for count in parts if rows % count == 0), rows)
