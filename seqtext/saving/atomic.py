"""Puts a file or folder in the place of another in one step, so that a kill leaves the old one or the new one, whole.

What is being written lies beside its place as `.NAME-XXXXXXXX.seqtext`, locked for as long as its writer lives: one that nobody has
locked was left by a kill, and goes when the same thing is written again. Knows nothing of what is inside.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUFFIX = ".seqtext"
_ASIDE = "-old"  # what the older one is called between the two renames that stand for an exchange
_RENAME_EXCHANGE = 2  # of Linux' renameat2(2)
_AT_FDCWD = -100
_LONGEST = 100  # bytes of a name that are kept, so that a temporary one is never too long for the file system
_DAY = 86_400  # seconds; where a file system knows no locks, what is older was left behind


@contextmanager
def beside(target: Path, *, folder: bool) -> Iterator[Path]:
    """A new empty file or folder beside `target`, locked; what is under its name at the end is removed.

    Raises:
        OSError: as the file system does.
    """
    _sweep(target)
    path, descriptor = _claim(target, folder=folder)
    try:
        yield path
    finally:
        with suppress(OSError):  # what cannot be removed now goes with the next one that is written
            remove(path)
        os.close(descriptor)


def move_in(temporary: Path, target: Path) -> None:
    """Puts `temporary` in the place of `target`, on the disk too; what stood there is then under the temporary name.

    Raises:
        OSError: as the file system does; then what stood there is still there, unless the disk refuses even that.
    """
    stood = os.path.lexists(target)
    _swap(temporary, target) if stood else temporary.rename(target)
    try:
        sync(target.parent)
    except OSError:
        with suppress(OSError):
            _swap(temporary, target) if stood else target.rename(temporary)
        raise


def exchange(one: Path, other: Path) -> bool:
    """Swaps two names in one system call; False where system or file system cannot.

    Raises:
        OSError: if it can, and failed.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    if (number := ctypes.get_errno()) in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def left_behind(target: Path) -> list[Path]:
    """What stands in for a `target` that is missing: folders that a kill left where two renames had to do for an exchange."""
    if os.path.lexists(target) or not target.parent.is_dir():
        return []
    return sorted(path for path in target.parent.glob(f".*{SUFFIX}") if _stem_of(path) == _stem(target))


def clear(folder: Path) -> None:
    """Removes everything that kills left in a folder; what somebody is writing stays."""
    for path in folder.glob(f".*{SUFFIX}"):
        if is_temporary(path):
            _remove_left(path)


def is_temporary(path: Path) -> bool:
    """Whether a name is one that something is written under."""
    return bool(_stem_of(path))


def sync(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def retire(folder: Path) -> None:
    """Removes a folder; a kill on the way leaves no half of it under its name."""
    gone = folder.with_name(f".{_stem(folder)}-{os.urandom(4).hex()}{SUFFIX}")
    folder.rename(gone)
    with suppress(OSError):
        remove(gone)


def remove(path: Path) -> None:
    """Removes a file, a link or a folder, if it is there.

    Raises:
        OSError: if it still is.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():  # once more: a disk that refuses once may be full of nothing but our own files
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _swap(temporary: Path, target: Path) -> None:
    if exchange(temporary, target):
        return
    # Between the first two renames nothing is in place; whoever reads then finds the older one by `left_behind`.
    aside = temporary.with_name(f"{temporary.name.removesuffix(SUFFIX)}{_ASIDE}{SUFFIX}")
    target.rename(aside)
    try:
        temporary.rename(target)
    except OSError:
        aside.rename(target)
        raise
    aside.rename(temporary)


def _claim(target: Path, *, folder: bool) -> tuple[Path, int]:
    """The path of something new beside `target`, and the descriptor that holds its lock."""
    prefix = f".{_stem(target)}-"
    while True:
        if folder:
            path = Path(tempfile.mkdtemp(suffix=SUFFIX, prefix=prefix, dir=target.parent))
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except OSError:
                path.rmdir()
                raise
        else:
            descriptor, name = tempfile.mkstemp(suffix=SUFFIX, prefix=prefix, dir=target.parent)
            path = Path(name)
        if _lock(descriptor) is not False and _is_at(path, descriptor):
            return path, descriptor
        os.close(descriptor)  # another writer took it for left behind, in the moment before it was locked


def _sweep(target: Path) -> None:
    """Removes what kills left of `target`, and of names that differ from it in numbers only: earlier checkpoints."""
    for path in target.parent.glob(f".*{SUFFIX}"):
        stem = _stem_of(path)
        own = stem == _stem(target)
        if not own and (_series(stem) != _series(_stem(target)) or _ASIDE + SUFFIX in path.name):
            continue
        _remove_left(path)


def _remove_left(path: Path) -> None:
    """Removes something under a temporary name, unless its writer lives, or the system will not."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            locked = _lock(descriptor)
            if locked or (locked is None and time.time() - os.fstat(descriptor).st_mtime > _DAY):
                remove(path)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Whether this process has the lock now; None where the file system knows none. The system lifts it when the process ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _stem(target: Path) -> str:
    """The part of a temporary name that tells what it is for."""
    raw = os.fsencode(target.name)
    if len(raw) <= _LONGEST:
        return target.name
    return f"{os.fsdecode(raw[: _LONGEST - 9])}-{hashlib.sha256(raw).hexdigest()[:8]}"


def _stem_of(path: Path) -> str:
    """Whose temporary name it is; nothing for any other name."""
    match = re.fullmatch(rf"\.(.+)-[a-z0-9_]{{8}}({_ASIDE})?{re.escape(SUFFIX)}", path.name, flags=re.DOTALL)
    return match[1] if match else ""


def _series(name: str) -> str:
    return re.sub(r"\d+", "0", name)
