"""Processes of their own for a test, forked from a server that has imported torch and the library: a start of Python takes seconds.

Knows nothing of what they do. The server computes nothing, so it has one thread, and what it forks begins as a new process would.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest

from tests.conftest import ROOT

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.training.together", "seqtext.tasks.classification.classifier"])
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


class Forked:
    """A process that calls a function of a module, handled like `subprocess.Popen`.

    Args:
        act: of a module; what it raises, and `SystemExit`, end the process as they end a program.
        arguments: of it.
        environment: set before.
        told: a file for its stderr.
    """

    def __init__(self, act: Callable[..., object], *arguments: object, environment: dict[str, str], told: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in ENVIRONMENT.items():
                patch.setenv(name, value)
            ensure_running()
        self._told = told
        self._process = _SERVER.Process(target=_begin, args=(act, arguments, environment, told))
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Nothing, and what it wrote to stderr, when it has ended."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked process", timeout)
        return "", self._told.read_text(encoding="utf-8")


def _begin(act: Callable[..., object], arguments: tuple[object, ...], environment: dict[str, str], told: Path) -> None:
    os.environ |= environment
    descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = [act.__module__]
    act(*arguments)
