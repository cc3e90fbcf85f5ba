"""Work in a forked child of a process that has everything imported, stopped by a signal or ended by itself. Knows no recipes.

A start of Python with torch takes seconds, a fork milliseconds. The parent computes nothing, so it has one thread, and a child begins
as a new process would; exit functions do not run in a child, so a lock it holds is left as a kill leaves it.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HANGS = 120.0  # seconds after which a child counts as hanging


class Notes:
    """Numbers that a child writes and its parent reads when it is dead: memory that both have."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4096)

    def __getitem__(self, place: int) -> int:
        return struct.unpack_from("<q", self._memory, 8 * place)[0]

    def __setitem__(self, place: int, value: int) -> None:
        struct.pack_into("<q", self._memory, 8 * place, value)


class Ended(NamedTuple):
    """How a child ended.

    Attributes:
        code: its exit status; minus the signal that ended it.
        told: what it wrote to stdout and stderr.
        seconds: it ran.
        seconds_after: the signal that was sent; 0 if it had ended before.
    """

    code: int
    told: str
    seconds: float
    seconds_after: float


def in_child(
    work: Callable[[], object],
    *,
    output: Path,
    stop_with: int | None = None,
    after: float = 0.0,
    again_after: float | None = None,
    limit: float = HANGS,
) -> Ended:
    """Runs `work` in a child.

    Args:
        work: its `SystemExit` is the exit status; any other exception is 1, with its traceback told.
        output: a file for what it prints.
        stop_with: a signal to send it.
        after: seconds before that.
        again_after: seconds before it is sent once more.
        limit: seconds after which it is killed, and the status is that of SIGALRM, which nobody else sends.
    """
    threads = {Path(f"/proc/self/task/{task}/comm").read_text().strip() for task in os.listdir("/proc/self/task")[1:]}
    assert threads <= {"jemalloc_bg_thd"}, (
        f"a fork of a process with threads may hang: {threads}"
    )  # Arrow's can be forked
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(work, output)
    status = _wait(pid, until=started + (after if stop_with is not None else limit))
    sent = time.monotonic()
    if status is None and stop_with is not None:
        os.kill(pid, stop_with)
        if again_after is not None:
            status = _wait(pid, until=sent + again_after)
            if status is None:
                os.kill(pid, stop_with)
        status = _wait(pid, until=sent + limit) if status is None else status
        after_signal = time.monotonic() - sent
    else:
        after_signal = 0.0
    hangs = status is None
    if status is None:
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    code = -signal.SIGALRM if hangs else os.waitstatus_to_exitcode(status)
    told = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
    return Ended(code, told, time.monotonic() - started, after_signal)


def _wait(pid: int, *, until: float) -> int | None:
    """The status of a child, if it ends in time."""
    pause = 0.0005
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        left = until - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(2 * pause, 0.01)


def _become(work: Callable[[], object], output: Path) -> None:
    """The child's life; never returns."""
    code = 1
    try:
        os.setsid()
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for number in (1, 2):
            os.dup2(descriptor, number)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - until the child ends
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        work()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
