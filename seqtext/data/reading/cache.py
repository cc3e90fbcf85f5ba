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
    root = os.environ.get("SEQTEXT_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "seqtext"
    folder = Path(root).expanduser() / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise no_space(error) from None
    return folder


def no_space(error: OSError) -> ResourceError:
    """What to raise where something cannot be written to the cache."""
    fix = "free some space, or set SEQTEXT_CACHE to another folder"
    return ResourceError(f"cannot write a copy of the data ({error})", where="cache", fix=fix)
