"""Makes a process die, or an operation fail, at the n-th thing it does to files under a folder. Knows nothing of what they are for.

Python tells an audit hook of every file it opens, renames, makes or removes; writing, syncing and exchanging are not told, so these
are wrapped. A hook cannot be taken away: this is for a forked child.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from seqtext.saving import atomic
from tests.survival.forked import Notes

Fault = Literal["KILL", "ENOSPC", "EDQUOT", "EIO"]
FAULTS: tuple[Fault, ...] = ("KILL", "ENOSPC", "EDQUOT", "EIO")
COUNT, IN_SAVE = 0, 1  # places in the notes: operations so far, and whether the last one was part of a save
_PATHS = {"open": 1, "os.rename": 2, "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.chmod": 1, "os.truncate": 1}
_LISTS = {"os.listdir": 1, "os.scandir": 1}
_FREES = ("os.remove", "os.rmdir", "os.truncate", "os.listdir", "os.scandir", "read", "os.rename", "exchange", "sync")


class Plan(NamedTuple):
    """What happens when.

    Attributes:
        root: the folder whose files count.
        at: the operation, from 1; 0 for none, which only counts.
        fault: what happens to it. A full disk stays full: whatever takes space fails from then on.
        log: a file that gets a line an operation, to look at.
    """

    root: Path
    at: int = 0
    fault: Fault = "KILL"
    log: Path | None = None


def install(plan: Plan, notes: Notes) -> Callable[[Plan], None]:
    """Begins to count, and to stop, in this process; the result begins anew with another plan for the same root."""
    root, busy, full = os.path.realpath(plan.root), [False], [False]
    log = None if plan.log is None else os.open(plan.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def happens(kind: str, path: str, half: Callable[[], object] | None = None) -> None:
        """One operation under the root: before it is done, or with half of it done."""
        notes[COUNT] = count = notes[COUNT] + 1
        notes[IN_SAVE] = int("model" in path.removeprefix(root)[:9] or "/checkpoints" in path.removeprefix(root)[:13])
        if log is not None:
            os.write(log, f"{count} {kind} {path.removeprefix(root)}\n".encode())
        now = count == plan.at
        if not now and not (full[0] and kind not in _FREES):
            return
        if now and half is not None:
            half()
        if plan.fault == "KILL":
            os.kill(os.getpid(), signal.SIGKILL)
        full[0] = plan.fault in ("ENOSPC", "EDQUOT")
        number = getattr(errno, plan.fault)
        raise OSError(number, os.strerror(number), path)

    def guarded(kind: str, path: Any, half: Callable[[], object] | None = None) -> None:
        if busy[0]:
            return
        busy[0] = True  # what is done here must not count itself
        try:
            found = _resolve(path)
            if found is not None and (found == root or found.startswith(root + "/")):
                happens(kind, found, half)
        finally:
            busy[0] = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _PATHS:
            reads = event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            place = arguments[_PATHS[event] - 1]
            folder = arguments[-1] if event in ("os.remove", "os.rmdir", "os.mkdir") else -1
            guarded("read" if reads else event, (place, folder))
        elif event in _LISTS:
            guarded(event, (arguments[0], -1))

    sys.addaudithook(hook)
    _wrap_writing(guarded)
    fsync, exchange = os.fsync, atomic.exchange

    def synced(descriptor: int) -> None:
        guarded("sync", (descriptor, -1))
        fsync(descriptor)

    def exchanged(one: Path, other: Path) -> bool:
        guarded("exchange", (other, -1))
        return exchange(one, other)

    def anew(other: Plan) -> None:
        nonlocal plan
        plan, full[0], notes[COUNT] = other, False, 0

    os.fsync, atomic.exchange = synced, exchanged
    return anew


def _wrap_writing(guarded: Callable[..., None]) -> None:
    """Files that are opened to be written count each `write`, and do half of one that is stopped."""
    plain = io.open

    def opened(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        made = plain(file, mode, *arguments, **keywords)
        return _Writing(made, file, guarded) if set(mode) & set("wax+") else made

    io.open = builtins.open = opened


class _Writing:
    """A file whose writes are told of."""

    def __init__(self, file: Any, path: Any, guarded: Callable[..., None]) -> None:
        self._file, self._path, self._guarded = file, path, guarded

    def write(self, data: Any) -> int:
        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        self._guarded("write", (self._path, -1), half)
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def __iter__(self) -> Any:
        return iter(self._file)


def _resolve(place: tuple[Any, int]) -> str | None:
    """The path that an operation is on; None for what has none."""
    path, folder = place
    try:
        if isinstance(path, int):
            return os.readlink(f"/proc/self/fd/{path}")
        path = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0 and not path.startswith("/"):
            return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
        return os.path.abspath(path)
    except (OSError, TypeError, ValueError):
        return None
