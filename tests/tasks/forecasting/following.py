"""`seqtext forecast --follow` in the test's own process, and lines for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.in_process import Ended, seqtext_command
from tests.tasks.forecasting.recipe import START, times

HOUR = np.timedelta64(1, "h")
PLAIN = {"model": "plain", "window": 24, "hidden_size": 8}


def follow(model: Path, text: str, *flags: object) -> Ended:
    return seqtext_command("forecast", model, "--follow", *flags, stdin=text.encode())


def stamped(values: list, first: int = 0) -> list[str]:
    """Lines of values, the first one so many hours after the start."""
    return [f"{time},{value}" for time, value in zip(times(len(values), START + first * HOUR), values, strict=True)]


def answers(ended: Ended) -> list[list[str]]:
    """The cells of each answer."""
    assert ended.code == 0, ended.err
    return [line.split(",") for line in ended.out.splitlines()[1:]]
