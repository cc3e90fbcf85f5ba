"""Arrow copies of data in the cache, each in one file whose name says what it was made of and the SHA-256 of what it holds.

A damaged copy is made again: mapped into memory as it is, it would give other rows, or end the process. Knows no formats.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seqtext.data.reading.cache import cache_folder, no_space

_KIND = "arrow"


def kept_copy(key: str, write: Callable[[Path], None]) -> Path:
    """The path of the copy that a key stands for; written if there is none, or none that is as it was written.

    Args:
        key: of what the copy is made of; letters, digits and hyphens.
        write: writes the copy to a path. Its own faults are none of `OSError`, which here means that the cache cannot be written.

    Raises:
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    folder = cache_folder(_KIND)
    for copy in sorted(folder.glob(f"{key}.*.{_KIND}")):
        with suppress(OSError):  # of somebody else, who keeps it to himself
            if copy.is_file() and copy.name == _name(key, copy):
                return copy
            copy.unlink()
    # Several processes may make the same copy at once: each writes its own, and the last to be renamed stays.
    try:
        handle, name = tempfile.mkstemp(prefix=f"{key}-", suffix=".tmp", dir=folder)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            return temporary.replace(folder / _name(key, temporary))
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise no_space(error) from None


def _name(key: str, copy: Path) -> str:
    """What a copy is called that holds these bytes: hashing them costs little beside reading the data anew."""
    with copy.open("rb") as file:
        return f"{key}.{hashlib.file_digest(file, 'sha256').hexdigest()}.{_KIND}"
