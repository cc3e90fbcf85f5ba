"""`BaseTask`: what a user finds on every task whatever it does: where it runs, what it is, how good it is, saved and opened again.

Knows parts by their names in `known.py`, no task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn

from seqtext.nn.precision import choose_device
from seqtext.tasks.saved import SavedTask, open_saved
from seqtext.tasks.saving import write_task

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from seqtext.options import TrainingOptions
    from seqtext.training.protocols import Reporter


class BaseTask(ABC):
    """A config and a model with all that needs no more than these two."""

    config: DataclassInstance
    model: nn.Module

    @property
    def device(self) -> torch.device:
        """Where the weights are; the CPU where there are none."""
        return next((parameter.device for parameter in self.model.parameters()), torch.device("cpu"))

    def to(self, device: str | torch.device) -> Self:
        """Moves the weights; returns the task itself.

        Args:
            device: auto, cpu, cuda, cuda:1 or mps.

        Raises:
            OptionsError: for a name that no device has.
            ResourceError: for a device that is not there.
        """
        self.model.to(choose_device(str(device)))
        return self

    def __repr__(self) -> str:
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        return (
            f"{type(self).__name__}({', '.join([*self.traits(), f'{parameters:,} parameters', f'on {self.device}'])})"
        )

    @abstractmethod
    def traits(self) -> list[str]:
        """What it is, in a few words each."""

    @abstractmethod
    def rows(self, given: Any) -> Any:
        """Rows of one split, whatever holds them, as the task encodes them.

        Raises:
            DataError: for what holds none.
        """

    def evaluate(self, rows: Any, **choices: Any) -> dict[str, Any]:
        """How good it is on rows that it has not seen: the figures of `seqtext evaluate --json`, made by the same code.

        Args:
            rows: a data set, a data frame, a dict of columns or a list of dicts (of a forecaster a table of readings); of all splits of a
                data set `test`, unless `split` says otherwise.
            choices: flags of `seqtext evaluate` by their names; unlike those this leaves the task as it is.

        Raises:
            DataError: rows, columns or labels that cannot be used.
            OptionsError: for a choice that there is not, or that cannot be meant.
        """
        from seqtext.tasks.evaluating import evaluate  # reads data sets: not needed to use a model

        return evaluate(self, rows, choices)

    def reporter(self, train: Any, validation: Any, test: Any, options: TrainingOptions) -> Reporter:
        """What writes the report of a run of `seqtext.fit(..., report=True)`: the one that the task's recipe writes.

        Args:
            train: training rows.
            validation: rows that the epoch is chosen by.
            test: rows that are measured on when training is done.
            options: of training.

        Raises:
            DataError: rows that cannot be used.
        """
        from seqtext.tasks.known import BY_NAME

        reporter: Reporter = (
            BY_NAME[type(self).__name__].part("report.report").reporter(self, train, validation, test, options)
        )
        return reporter

    # ---- saved

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes all that the task is as one verified folder.

        Raises:
            OptionsError: if something else stands there.
            ResourceError: if the disk is full or may not be written.
        """
        write_task(folder, self.files())

    @classmethod
    def from_pretrained(cls, name: str | Path, *, revision: str | None = None) -> Self:
        """Opens a run folder, a model folder, or a model on the hub by its name.

        Args:
            name: of the folder, or `owner/name`.
            revision: branch, tag or commit of a model on the hub.

        Raises:
            SavedFileError: if it is damaged, or of another task.
            OptionsError: for a revision of what is on this machine.
        """
        return cls.from_saved(open_saved(name, revision=revision))

    @classmethod
    @abstractmethod
    def from_saved(cls, saved: SavedTask) -> Self:
        """From the verified files of a model folder."""
