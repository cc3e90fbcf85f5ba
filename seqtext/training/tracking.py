"""Figures to a tracker, through accelerate, if one was asked for. Knows names and numbers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from seqtext.errors import ResourceError


class Tracker:
    """Logs to tensorboard or wandb, or nowhere.

    Args:
        name: which tracker; None for none.
        folder: the run folder; its name is the run's.

    Raises:
        ResourceError: if the tracker is not installed.
    """

    def __init__(self, name: Literal["tensorboard", "wandb"] | None, folder: Path) -> None:
        self._accelerator: Any = None
        if name is None:
            return
        if importlib.util.find_spec(name) is None:
            raise ResourceError(f"--track {name}: it is not installed", fix=f"pip install 'seqtext[{name}]'")
        from accelerate import Accelerator  # takes a second to import, and only trackers need it here

        self._accelerator = Accelerator(log_with=name, project_dir=str(folder), cpu=True)
        self._accelerator.init_trackers(folder.name)

    def log(self, figures: Mapping[str, float], step: int) -> None:
        """Logs figures at an optimizer step."""
        if self._accelerator is not None:
            self._accelerator.log(dict(figures), step=step)

    def close(self) -> None:
        """Flushes what was logged."""
        if self._accelerator is not None:
            self._accelerator.end_training()
