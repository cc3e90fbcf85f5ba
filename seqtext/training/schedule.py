"""How the learning rate rises and falls, and how far training is. Pure functions of progress, nothing kept."""

from __future__ import annotations

import math


def learning_rate_factor(progress: float, *, warmup: float) -> float:
    """Share of the highest learning rate: a straight rise, then a cosine to zero (Loshchilov and Hutter 2017).

    Args:
        progress: share of training that is done, 0 to 1.
        warmup: share of training in which it rises.
    """
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + math.cos(math.pi * min((progress - warmup) / (1 - warmup), 1.0)))


def progress_of(
    *, epoch_progress: float, epochs: int, step: int, max_steps: int | None, minutes: float, max_minutes: float | None
) -> float:
    """Share of training that is done, by whichever limit comes first: epochs, steps, or minutes.

    Args:
        epoch_progress: epochs done, with the share of the one under way.
        epochs: epochs in all.
        step: optimizer steps done.
        max_steps: their limit, if any.
        minutes: minutes trained.
        max_minutes: their limit, if any; progress then depends on the clock, and a run is not repeatable.
    """
    shares = [epoch_progress / epochs]
    if max_steps is not None:
        shares.append(step / max_steps)
    if max_minutes is not None:
        shares.append(minutes / max_minutes)
    return min(max(shares), 1.0)
