"""Where things that can be made again are kept between runs: `$SEQTEXT_CACHE`, or `~/.cache/seqtext`."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(room: str) -> Path:
    """The folder of one kind of cached things, made if it is not there."""
    root = os.environ.get("SEQTEXT_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "seqtext"
    folder = Path(root).expanduser() / room
    folder.mkdir(parents=True, exist_ok=True)
    return folder
