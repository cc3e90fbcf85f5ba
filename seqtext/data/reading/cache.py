"""Where things that can be made again are kept between runs: `$SEQTEXT_CACHE`, or `~/.cache/seqtext`."""

from __future__ import annotations

import os
from pathlib import Path

from seqtext.errors import ResourceError


def cache_folder(kind: str) -> Path:
    """The folder of one kind of cached things, made if it is not there.

    Raises:
        ResourceError: if it cannot be made.
    """
    try:
        folder = _root() / kind
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # without a home folder, `~` is nowhere
        raise no_space(error) from None
    return folder


def no_space(error: OSError | RuntimeError) -> ResourceError:
    """What to raise where something cannot be written to the cache."""
    fix = "free some space, or set SEQTEXT_CACHE to another folder"
    return ResourceError(f"cannot write a copy of the data ({error})", where=f"the cache, {_shown()}", fix=fix)


def _root() -> Path:
    root = os.environ.get("SEQTEXT_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "seqtext"
    return Path(root).expanduser()


def _shown() -> str:
    try:
        return str(_root().absolute())
    except (OSError, RuntimeError):
        return "~/.cache/seqtext"
