"""What a forecasting head's numbers mean: a value, quantiles, or a distribution; their losses, quantiles and samples.

Knows tensors in the scale the model works in, neither units nor series. All of it in fp32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

ForecastLoss = Literal["squared", "huber", "quantile", "gaussian", "student_t"]

_SCALE_FLOOR = 1e-4  # of a distribution's width: a perfect fit would otherwise divide by zero
_LEAST_FREEDOM = 2.0  # of Student's t: above it the variance is finite


@dataclass(frozen=True)
class ForecastOutput:
    """P numbers of the head for each forecast value.

    squared, huber: the value. quantile: the middle level, and the steps up and down from it, which are positive, so that quantiles
    never cross. gaussian: mean and width. student_t: location, width and degrees of freedom.

    Args:
        loss: what is minimised.
        levels: quantiles to give, rising, each between 0 and 1; for `quantile` also those to learn, the middle one being the forecast.
        huber_delta: from where on an error counts linearly (Huber 1964), in units of the scaled data.

    Raises:
        ValueError: for an unknown loss, or levels that cannot be.
    """

    loss: ForecastLoss
    levels: tuple[float, ...] = ()
    huber_delta: float = 1.0

    def __post_init__(self) -> None:
        if self.loss not in get_args(ForecastLoss):
            raise ValueError(f"loss must be one of {', '.join(get_args(ForecastLoss))}, got {self.loss!r}")
        if list(self.levels) != sorted(set(self.levels)) or not all(0 < level < 1 for level in self.levels):
            raise ValueError(f"levels must rise from above 0 to below 1, got {self.levels}")
        if self.loss == "quantile" and not self.levels:
            raise ValueError("the quantile loss needs levels")

    @property
    def size(self) -> int:
        """Numbers a forecast value, P."""
        return {"quantile": len(self.levels), "gaussian": 2, "student_t": 3}.get(self.loss, 1)

    @property
    def has_quantiles(self) -> bool:
        """Whether it says how sure it is."""
        return self.loss in ("quantile", "gaussian", "student_t") and bool(self.levels)

    @property
    def has_samples(self) -> bool:
        """Whether values can be drawn from it."""
        return self.loss in ("gaussian", "student_t")

    def standard_start(self) -> Tensor:
        """(P,) the numbers that say about what a normal distribution of mean 0 and deviation 1 does."""
        start = torch.zeros(self.size, dtype=torch.float32)
        if self.loss == "quantile":
            normal = torch.special.ndtri(torch.tensor(self.levels, dtype=torch.float32))
            start += _before_softplus(torch.diff(normal, prepend=normal[:1]) + _SCALE_FLOOR)
            below = _before_softplus(torch.diff(normal) + _SCALE_FLOOR)
            start[: self._middle] = below[: self._middle]
            start[self._middle] = 0.0
        elif self.has_samples:
            start[1:] = _before_softplus(torch.ones(1))
            start[2:] = 8.0  # some ten degrees of freedom
        return start

    def losses(self, raw: Tensor, target: Tensor, anchor: Tensor | float = 0.0) -> Tensor:
        """The loss of each value: (..., P) and (...) to (...).

        Args:
            raw: of the head.
            target: true values, finite.
            anchor: what the location is counted from.
        """
        raw, target = raw.float(), target.float() - anchor
        if self.loss == "squared":
            return (raw[..., 0] - target).square()
        if self.loss == "huber":
            return F.huber_loss(raw[..., 0], target, reduction="none", delta=self.huber_delta)
        if self.loss == "quantile":
            error = target.unsqueeze(-1) - self._quantiles(raw)
            level = torch.tensor(self.levels, dtype=torch.float32, device=raw.device)
            return torch.maximum(level * error, (level - 1) * error).mean(-1)
        location, width, freedom = self._parts(raw)
        z = (target - location) / width
        if freedom is None:
            return 0.5 * z.square() + width.log() + 0.5 * math.log(2 * math.pi)
        half = 0.5 * (freedom + 1)
        normaliser = torch.lgamma(0.5 * freedom) - torch.lgamma(half) + 0.5 * torch.log(math.pi * freedom)
        return half * torch.log1p(z.square() / freedom) + width.log() + normaliser

    def point(self, raw: Tensor, anchor: Tensor | float = 0.0) -> Tensor:
        """The forecast value: the mean, location or middle quantile: (..., P) to (...)."""
        location: Tensor = raw[..., self._middle if self.loss == "quantile" else 0].float()
        return location + anchor

    def quantiles(self, raw: Tensor, anchor: Tensor | float = 0.0) -> Tensor:
        """The quantiles at the levels, which rise: (..., P) to (..., Q)."""
        anchored = anchor.unsqueeze(-1) if isinstance(anchor, Tensor) else anchor
        if self.loss == "quantile":
            return self._quantiles(raw.float()) + anchored
        location, width, freedom = self._parts(raw.float())
        return location.unsqueeze(-1) + width.unsqueeze(-1) * self._standard_quantiles(freedom, location) + anchored

    def sample(self, raw: Tensor, anchor: Tensor | float = 0.0, generator: torch.Generator | None = None) -> Tensor:
        """A value drawn from each distribution: (..., P) to (...).

        Raises:
            ValueError: if the loss gives no distribution.
        """
        if not self.has_samples:
            raise ValueError(f"{self.loss} gives no distribution to draw from: use gaussian or student_t")
        location, width, freedom = self._parts(raw.float())
        noise = torch.randn(location.shape, generator=generator, dtype=torch.float32).to(location.device)
        if freedom is not None:  # Student's t: a normal over the root of a chi-square over its degrees of freedom
            half = 0.5 * freedom.cpu()
            noise = noise / (torch._standard_gamma(half, generator=generator) / half).sqrt().to(location.device)
        return location + width * noise + anchor

    @property
    def _middle(self) -> int:
        return min(range(len(self.levels)), key=lambda number: abs(self.levels[number] - 0.5))

    def _quantiles(self, raw: Tensor) -> Tensor:
        """(..., Q): up and down from the middle one in positive steps."""
        middle = self._middle
        up = F.softplus(raw[..., middle + 1 :]).cumsum(-1)
        down = F.softplus(raw[..., :middle]).flip(-1).cumsum(-1).flip(-1)
        base = raw[..., middle : middle + 1]
        return torch.cat([base - down, base, base + up], dim=-1)

    def _parts(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Location, width, and degrees of freedom where there are any."""
        width = F.softplus(raw[..., 1]) + _SCALE_FLOOR
        return raw[..., 0], width, F.softplus(raw[..., 2]) + _LEAST_FREEDOM if self.loss == "student_t" else None

    def _standard_quantiles(self, freedom: Tensor | None, like: Tensor) -> Tensor:
        """Quantiles of the distribution with location 0 and width 1: (Q,), or (..., Q) where each has its own freedom."""
        if freedom is None:
            normal: Tensor = torch.special.ndtri(torch.tensor(self.levels, dtype=torch.float32, device=like.device))
            return normal
        from scipy.stats import t  # torch has no quantile function of Student's t

        values = t.ppf(list(self.levels), freedom.detach().cpu().double().unsqueeze(-1).numpy())
        return torch.from_numpy(values).to(like)


def _before_softplus(values: Tensor) -> Tensor:
    """What softplus makes these positive numbers of."""
    return torch.log(torch.expm1(values))
