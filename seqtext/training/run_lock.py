"""A lock that keeps two runs out of one folder, and that a dead owner does not keep. Knows processes, nothing of runs.

The file names the owner's process, its host, and when it started, so that another process with the same number is told apart. The
owner of a lock from another host cannot be looked for, so it counts as alive.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from seqtext.errors import OptionsError
from seqtext.saving.folders import write_text

NAME = ".lock"


class Owner(NamedTuple):
    """A process.

    Attributes:
        pid: its number.
        host: its machine.
        started: the machine's boot and the process' start in it; "" where the system does not tell.
    """

    pid: int
    host: str
    started: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        return cls(os.getpid(), socket.gethostname(), _started(os.getpid()))

    def alive(self) -> bool:
        """Whether it still runs."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except PermissionError:  # somebody else's, but there
            pass
        except (ProcessLookupError, OverflowError):
            return False
        return not self.started or self.started == _started(self.pid)


class RunLock:
    """The lock of one folder. A process that holds it may take it again.

    Args:
        folder: that it keeps others out of.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME

    def check(self) -> None:
        """Refuses a folder that another living process holds.

        Raises:
            OptionsError: naming it.
        """
        owner = self._owner()
        if owner is None or owner == Owner.here() or not owner.alive():
            return
        elsewhere = owner.host != socket.gethostname()
        raise OptionsError(
            f"process {owner.pid} on {owner.host} is using this folder",
            where=f"--run {self.folder}",
            fix=f"if it is gone, delete {self.path}" if elsewhere else "wait for it, stop it, or choose another --run",
        )

    def take(self) -> None:
        """Holds the folder, which must exist, until `release` or the end of the process.

        Raises:
            OptionsError: as `check`.
            ResourceError: if it may not be written.
        """
        with self._alone():
            self.check()
            write_text(self.path, json.dumps(Owner.here()._asdict()) + "\n")
        atexit.register(self.release)

    def release(self) -> None:
        """Lets the folder go, if this process holds it."""
        if self._owner() == Owner.here():
            with suppress(OSError):
                self.path.unlink()
        atexit.unregister(self.release)

    def _owner(self) -> Owner | None:
        try:
            return Owner(**json.loads(self.path.read_bytes()))
        except (OSError, ValueError, TypeError):  # none, or none of ours: it is written whole or not at all
            return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Where no other process looks at the lock, so that two do not reclaim it from the same dead owner."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system that cannot; then only that race is left
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _started(pid: int) -> str:
    """When a process started; "" where that is not told, or for one that is dead and only waits to be collected."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{boot}/{fields[19]}"
