"""Runs that end between two operations, as if the power went: what a kill leaves is what the folder holds then, nothing more.

A kill is an exception that no code of ours catches, raised when the n-th call of an operation begins; folders are compared by hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seqtext.training.step import Stepper

SAME = ("metrics.jsonl", "model/*")  # of two runs that are the same, beside the newest checkpoint's state


class Killed(BaseException):
    """The end of the process."""


@contextmanager
def killed_at(target: object, name: str, call: int) -> Iterator[None]:
    """Raises when `target.name` is called for the n-th time, from 1; the block must get so far."""
    plain, calls = getattr(target, name), []

    def counted(*arguments, **options):
        calls.append(1)
        if len(calls) == call:
            raise Killed
        return plain(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(target, name, counted)
        yield


@contextmanager
def killed_in_step(number: int) -> Iterator[None]:
    """Raises when the n-th step of the block, from 1, begins."""
    with killed_at(Stepper, "__call__", number):
        yield


@contextmanager
def after_step(number: int, act: Callable[[], object]) -> Iterator[list[int]]:
    """Does something when the n-th step of the block has been made; gives the steps made so far."""
    plain, made = Stepper.__call__, []

    def counted(self, *arguments, **options):
        result = plain(self, *arguments, **options)
        made.append(arguments[2])
        if len(made) == number:
            act()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stepper, "__call__", counted)
        yield made


def hashes(run: Path) -> dict[str, str]:
    """SHA-256 of everything that must be the same in two runs that are."""
    found = sorted(path for pattern in SAME for path in run.glob(pattern))
    found += [run / "checkpoints" / checkpoints(run)[-1] / "state.safetensors"]
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def checkpoints(run: Path) -> list[str]:
    """Their names, the newest last."""
    return sorted(path.name for path in (run / "checkpoints").iterdir() if not path.name.startswith("."))
