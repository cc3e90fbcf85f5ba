"""The electricity recipe in its smallest form, and readings for it, for the tests of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np

from tests import in_process
from tests.in_process import Ended

TINY = [
    *("--model", "plain"),
    *("--window", "24", "--hidden_size", "8", "--batch_rows", "32", "--learning_rate", "0.02", "--epochs", "1"),
    *("--ema_decay", "0.9", "--device", "cpu", "--threads", "1", "--baselines", "none"),
]
START = np.datetime64("2024-01-01T00:00")
HOUR = np.timedelta64(1, "h")


def recipe(*flags: object) -> Ended:
    """`python recipes/electricity.py ...`."""
    return in_process.recipe("electricity", *TINY, *flags)


def done(*flags: object) -> Ended:
    return in_process.succeeded(recipe(*flags))


def evaluate(run: Path, *flags: object) -> Ended:
    return in_process.seqtext_command("evaluate", run, *flags, "--device", "cpu", "--threads", "1")


def measured(run: Path, *flags: object) -> dict:
    """Figures of `seqtext evaluate`."""
    return json.loads(in_process.succeeded(evaluate(run, *flags, "--json")).out)


def load(length: int = 600, seed: int = 0) -> list[float]:
    """kW an hour: a day that repeats, and noise."""
    rng = np.random.default_rng(seed)
    values = 5 + 2 * np.sin(np.arange(length) * 2 * np.pi / 24) + 0.1 * rng.normal(size=length)
    return values.round(4).tolist()


def times(length: int, start: np.datetime64 = START) -> list[str]:
    return [str(start + number * HOUR).replace("T", " ") for number in range(length)]


def table(header: str, *columns: list) -> str:
    lines = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([header, *lines]) + "\n"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
