"""Space on the disk: asked for before anything is written; where it does not suffice, the error says what was needed. Knows no formats."""

from __future__ import annotations

import shutil
from pathlib import Path

from seqtext.errors import ResourceError


def check_space(folder: Path, needed: int) -> None:
    """Refuses a place that has less space than will be needed; what it has is only known before anybody else takes it.

    Args:
        folder: that will be written, which need not exist.
        needed: bytes.

    Raises:
        ResourceError: with what is needed and what is free.
    """
    free = _free(folder)
    if free is not None and free < needed:
        raise ResourceError(
            "not enough space on the disk",
            where=str(folder),
            expected=f"{megabytes(needed)}; {megabytes(free)} are free there",
            fix="free some, or choose another place",
        )


def write_file(path: Path, data: bytes) -> None:
    """Writes bytes as a file of an atomic folder.

    Raises:
        OSError: with how many bytes were to be written, for `atomic_folder` to tell.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UnwrittenError(error, path, len(data)) from error


def needed_by(temporary: Path, error: OSError) -> int:
    """Bytes that a folder was to take, as far as is known: those that are there, and those of the file that failed."""
    try:
        there = sum(path.stat().st_size for path in temporary.iterdir() if str(path) != error.filename)
    except OSError:
        there = 0
    return there + getattr(error, "needed", 0)


def no_space(error: OSError, path: Path, needed: int = 0) -> ResourceError:
    """What to raise where something cannot be written. What is free is asked for now, when what was half written is gone."""
    free = _free(path)
    parts = [
        f"{megabytes(needed)} were needed" if needed else "",
        f"{megabytes(free)} are free there" if free is not None else "",
    ]
    advice = " and ".join(filter(None, parts))
    return ResourceError(
        f"cannot be written ({error.strerror or error})",
        where=str(path),
        fix="; ".join(filter(None, [advice, "what stood before is intact"])),
    )


def megabytes(size: int) -> str:
    """A number of bytes as people read it."""
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


class UnwrittenError(OSError):
    """An error of the file system, and how many bytes were to be written."""

    def __init__(self, error: OSError, path: Path, needed: int) -> None:
        super().__init__(error.errno, error.strerror, str(path))
        self.needed = needed


def _free(path: Path) -> int | None:
    """Bytes this user may still write there; None if that cannot be known."""
    try:
        place = next(parent for parent in [path, *path.absolute().parents] if parent.exists())
        return shutil.disk_usage(place).free
    except (OSError, StopIteration):
        return None
