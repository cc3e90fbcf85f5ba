"""Times variants in turns, A B A B, so that whatever else the machine does hits them alike; ratios are medians over the rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray


class Times:
    """Seconds of some variants, round by round.

    Args:
        seconds: (rounds,) of each.
    """

    def __init__(self, seconds: Mapping[str, NDArray[np.float64]]) -> None:
        self.seconds = seconds

    def median(self, variant: str) -> float:
        """Seconds a call."""
        return float(np.median(self.seconds[variant]))

    def ratio(self, variant: str, to: str) -> float:
        """Time of one over that of another, each round compared within itself."""
        return float(np.median(self.seconds[variant] / self.seconds[to]))


def take_turns(
    variants: Mapping[str, Callable[[], object]], *, rounds: int, calls: int = 1, device: torch.device | str = "cpu"
) -> Times:
    """Times each variant once per round, after a first round that does not count.

    Args:
        variants: what to call.
        rounds: that count.
        calls: of a variant in a row, timed together: more where one is too short to time.
        device: on a GPU its own clock is read, before and after, and waited for.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    clock = _gpu_seconds if torch.device(device).type == "cuda" else _cpu_seconds
    for number in range(rounds + 1):
        for name, variant in variants.items():
            taken = clock(variant, calls)
            if number:
                seconds[name].append(taken / calls)
    return Times({name: np.array(values) for name, values in seconds.items()})


def _cpu_seconds(variant: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        variant()
    return time.perf_counter() - started


def _gpu_seconds(variant: Callable[[], object], calls: int) -> float:
    before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    before.record()  # type: ignore[no-untyped-call]
    for _ in range(calls):
        variant()
    after.record()  # type: ignore[no-untyped-call]
    torch.cuda.synchronize()
    return float(before.elapsed_time(after)) / 1e3  # type: ignore[no-untyped-call]
