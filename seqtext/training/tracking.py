"""Figures and a run's options to tensorboard or wandb, if one was asked for. Knows names and numbers."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from typing import Any, Literal

from seqtext.errors import ResourceError
from seqtext.saving.untrusted import parse_yaml
from seqtext.training.run_folder import RunFolder

TrackerName = Literal["tensorboard", "wandb"]


def check_tracker(name: TrackerName | None) -> None:
    """Refuses a tracker that is not there, before anything is written.

    Raises:
        ResourceError: if it is not installed.
    """
    if name is not None and importlib.util.find_spec(name) is None:
        raise ResourceError(f"--track {name}: it is not installed", fix=f"pip install 'seqtext[{name}]'")


class Tracker:
    """Logs to tensorboard or wandb, or nowhere. Both are imported here, since each takes seconds.

    Args:
        name: which tracker, as `check_tracker` found it; None for none.
        folder: of the run, whose name is the run's; its options are logged too.

    Raises:
        ResourceError: if wandb may not be used, such as without a login.
    """

    def __init__(self, name: TrackerName | None, folder: RunFolder) -> None:
        self._board: Any = None
        self._wandb: Any = None
        if name == "tensorboard":
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder.path / "tensorboard"))
            options = folder.options.read_text(encoding="utf-8")
            self._board.add_text("options", "".join(f"    {line}\n" for line in options.splitlines()))
        elif name == "wandb":
            import wandb

            try:
                self._wandb = wandb.init(
                    project=os.environ.get("WANDB_PROJECT") or "seqtext",
                    name=folder.path.name,
                    dir=str(folder.path),
                    config=parse_yaml(folder.options.read_text(encoding="utf-8"), where=str(folder.options)),
                )
            except wandb.Error as error:
                reason = str(error).rstrip(".")
                fix = "log in with `wandb login`, or set WANDB_MODE=offline"
                raise ResourceError(f"--track wandb: {reason}", fix=fix) from error

    def log(self, figures: Mapping[str, float], step: int) -> None:
        """Logs figures at an optimizer step."""
        if self._board is not None:
            for name, figure in figures.items():
                self._board.add_scalar(name, figure, step)
        if self._wandb is not None:
            self._wandb.log(dict(figures), step=step)

    def close(self) -> None:
        """Flushes what was logged."""
        if self._board is not None:
            self._board.close()
        if self._wandb is not None:
            self._wandb.finish()
