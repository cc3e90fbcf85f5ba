"""Figures to a tracker, through accelerate, if one was asked for. Knows names and numbers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from seqtext.errors import ResourceError

TrackerName = Literal["tensorboard", "wandb"]


def check_tracker(name: TrackerName | None) -> None:
    """Refuses a tracker that is not there, before anything is written.

    Raises:
        ResourceError: if it is not installed.
    """
    if name is not None and importlib.util.find_spec(name) is None:
        raise ResourceError(f"--track {name}: it is not installed", fix=f"pip install 'seqtext[{name}]'")


class Tracker:
    """Logs to tensorboard or wandb, or nowhere.

    Args:
        name: which tracker, as `check_tracker` found it; None for none.
        folder: the run folder; its name is the run's.
    """

    def __init__(self, name: TrackerName | None, folder: Path) -> None:
        self._accelerator: Any = None
        if name is None:
            return
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
