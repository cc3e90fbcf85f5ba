"""A lock that keeps two runs out of one folder. Knows files and processes, nothing of runs.

It is `flock` on a file in the folder, which the system lifts when its owner ends, however that happens and on whichever machine.
What the file holds only says who the owner is.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from seqtext.errors import OptionsError

NAME = ".lock"
_held: dict[Path, int] = {}  # descriptors of the files that this process has locked


class RunLock:
    """The lock of one folder. A process that holds it may take it again.

    Args:
        folder: that it keeps others out of.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = Path(os.path.realpath(folder)) / NAME

    def check(self) -> None:
        """Refuses a folder that another living process holds.

        Raises:
            OptionsError: naming it.
        """
        with suppress(OSError):  # no file, or none that may be read: nothing is known of an owner
            descriptor = _open(self.path, os.O_RDONLY)
            try:
                self._lock(descriptor, fcntl.LOCK_SH)
            finally:
                os.close(descriptor)

    def take(self) -> None:
        """Holds the folder, which must exist, until `release` or the end of the process. Says so where the file system has no locks.

        Raises:
            OptionsError: as `check`.
            OSError: if it may not be written.
        """
        while self.path not in _held:
            descriptor = _open(self.path, os.O_RDWR | os.O_CREAT)
            try:
                if not self._lock(descriptor, fcntl.LOCK_EX):
                    print(
                        f"note: files in {self.folder} cannot be locked: see to it that no second run uses this folder",
                        file=sys.stderr,
                    )
                if os.fstat(descriptor).st_nlink:  # else its owner removed it just before letting go
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
                    _held[self.path] = descriptor
            finally:
                if self.path not in _held:
                    os.close(descriptor)
        atexit.register(self.release)

    def is_there(self) -> bool:
        """Whether the file that this process has locked is still where it was; True if it holds none."""
        if self.path not in _held:
            return True
        try:
            return os.path.samestat(os.lstat(self.path), os.fstat(_held[self.path]))
        except OSError:
            return False

    def release(self) -> None:
        """Lets the folder go, if this process holds it."""
        atexit.unregister(self.release)
        if self.path in _held:
            with suppress(OSError):
                self.path.unlink()
            os.close(_held.pop(self.path))

    def _lock(self, descriptor: int, how: int) -> bool:
        """Locks an open file; False where the file system cannot. Tried for a moment, since a `check` elsewhere holds a lock for one."""
        for _ in range(5):
            try:
                if self.path not in _held:
                    fcntl.flock(descriptor, how | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:  # such as ENOLCK or EOPNOTSUPP
                return False
        owner = re.match(r"process \d+ on [\w.-]+\n", os.pread(descriptor, 300, 0).decode(errors="replace"))
        raise OptionsError(
            f"{owner[0].strip() if owner else 'another process'} is using this folder",
            where=f"--run {self.folder}",
            fix="wait for it, stop it, or choose another --run",
        )


def _open(path: Path, how: int) -> int:
    # Whatever lies there under that name: a link is not followed, a pipe not waited for. A program that is started does not get it.
    return os.open(path, how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)


def _forget() -> None:
    """In a forked child: its copies must not keep a lock that is its parent's."""
    while _held:
        os.close(_held.popitem()[1])


os.register_at_fork(after_in_child=_forget)
