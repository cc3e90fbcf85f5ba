"""Moments as the clocks of a zone show them, for a calendar in local time. Knows tensors of seconds, no series."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from seqtext.data.series.zones import changes_of


def on_clock_of(seconds: Tensor, zone: str | None) -> Tensor:
    """Seconds since 1970 (...), UTC, as what clocks of a zone then show; as they are without one."""
    if zone in (None, "UTC"):
        return seconds
    moments, ahead = _table(str(zone), seconds.device)
    place = torch.searchsorted(moments, seconds.contiguous(), right=True) - 1
    return seconds + ahead[place]


@lru_cache(maxsize=8)
def _table(zone: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """The changes of a zone's clocks, on a device."""
    changes = changes_of(zone)
    return torch.from_numpy(changes.moments).to(device), torch.from_numpy(changes.ahead).to(device)
