"""What training needs of a task, as interfaces without code: any class that has these can be trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.nn.losses import Loss
from seqtext.options import Precision, TrainingOptions


class Epoch(Protocol):
    """The steps of one epoch."""

    def __len__(self) -> int: ...

    def step(self, number: int) -> list[NDArray[np.int64]]:
        """The micro-batches of one global step, as row numbers."""
        ...


class Plan(Protocol):
    """Which rows go into which batch, in every epoch."""

    def epoch(self, number: int) -> Epoch:
        """The batches of an epoch, shuffled."""
        ...

    def padding(self, epoch: Any) -> float:
        """The share of padded steps that are not real."""
        ...


class Examples(Protocol):
    """Encoded rows of a split."""

    unit: str  # what a step of a row is called in rates: tokens, readings

    def __len__(self) -> int: ...

    @property
    def nbytes(self) -> int:
        """Bytes that `to` would move."""
        ...

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> Plan:
        """How the rows are put into batches of at most `tokens` padded steps and `max_rows` rows."""
        ...

    def steps_in(self, rows: NDArray[np.int64]) -> int:
        """Real steps of some rows."""
        ...

    def batch(self, rows: NDArray[np.int64]) -> Any:
        """The batch of some rows, on the device of the examples: anything that has a `to(device)`."""
        ...

    def to(self, device: torch.device) -> Any:
        """The same rows on a device."""
        ...


class HasLoss(Protocol):
    """What one step needs."""

    @property
    def model(self) -> nn.Module:
        """The module that is trained."""
        ...

    def losses(self, batch: Any) -> Iterator[Loss]:
        """The loss of a batch; or of its windows one after the other, each backpropagated before the next is made."""
        ...


class Task(HasLoss, Protocol):
    """What `fit` needs."""

    auto_precision: Precision  # what `--precision auto` means for it

    @property
    def selection_metric(self) -> str:
        """The validation figure that decides which epoch is kept."""
        ...

    @property
    def lower_is_better(self) -> bool:
        """Of that figure."""
        ...

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the rows encoded anew."""
        ...

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> Any:
        """A split as examples."""
        ...

    def split(self, rows: Any, *, seed: int) -> tuple[Any, Any]:
        """Training and validation rows, out of training rows alone."""
        ...

    def validate(self, examples: Any, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Figures over a split, `selection_metric` and `loss` among them; `map_pieces` does the work on its pieces."""
        ...

    def save_pretrained(self, folder: Path) -> None:
        """Writes the task."""
        ...

    @classmethod
    def from_pretrained(cls, name: Path) -> HasLoss:
        """Opens what `save_pretrained` wrote."""
        ...


@runtime_checkable
class CutAnew(Protocol):
    """Examples whose rows are not those of the data, such as windows of running text."""

    def source_row(self, row: int) -> int:
        """The row of the data that a row of these begins in, from 0, to name it."""
        ...


@runtime_checkable
class HasRates(Protocol):
    """A task some of whose parts learn more slowly than the rest, such as those that were taken over."""

    @property
    def rates(self) -> Mapping[str, float]:
        """Shares of the learning rate, by what the names of parameters begin with; others have all of it."""
        ...


@runtime_checkable
class Completes(Protocol):
    """A task that has something to learn without steps, once its epochs are done."""

    def complete(self, train: Any, validation: Any) -> str:
        """Learns it from training rows, and says in a line what it did; `validation` rows are for choices."""
        ...


@runtime_checkable
class Refits(Protocol):
    """A task some part of which is fitted again in the end, on training and validation rows together."""

    def refit(self, train: Any, validation: Any) -> str:
        """Fits it, and says in a line what it did; empty if nothing."""
        ...


class Reporter(Protocol):
    """What writes the report of a run."""

    def __call__(self, result: Any, folder: Any) -> object:
        """Writes report/ and the card of a run that has ended, and seals it."""
        ...


@runtime_checkable
class ReportedTask(Task, Protocol):
    """What `fit` needs to take rows as Python code holds them, and to write a report."""

    def rows(self, given: Any) -> Any:
        """Rows of one split, whatever holds them, as `encode` takes them."""
        ...

    def reporter(self, train: Any, validation: Any, test: Any, options: TrainingOptions) -> Reporter:
        """What writes the report, all checked that can be before training."""
        ...
